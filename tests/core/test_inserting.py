"""Many rows at once leave what one by one would, whatever stands in them."""

import datetime

import pytest

from core import audit
from core.inserting import insert
from core.models import AuditEntry
from projects.models import Enterprise, SigningCeremony
from tests import factories

DAY = datetime.date(2026, 3, 2)
ODD = ["a\tb", "a\nb\r", "\\N", "\\", "\\.", "'; --", "𠀀é", "", '"quoted"', "=1+1", "\x0b"]


@pytest.mark.django_db
def test_whatever_text_is_written_comes_back():
    made = insert([SigningCeremony(name=name, held_on=DAY, place=name[:60]) for name in ODD])

    rows = SigningCeremony.objects.in_bulk([one.pk for one in made])
    assert [(rows[one.pk].name, rows[one.pk].place, rows[one.pk].held_on) for one in made] == [
        (name, name, DAY) for name in ODD
    ]


@pytest.mark.django_db
def test_many_rows_are_the_same_as_one_and_stand_in_the_trail_in_somebodys_name(clerk):
    given = {"name": "宏宇特钢有限公司", "name_key": "宏宇特钢", "uscc": None, "origin": "广东"}
    one = Enterprise.objects.create(**given)

    with audit.acting(clerk):
        (other,) = insert([Enterprise(**given, created_at=one.created_at)])

    def values(row):
        return Enterprise.objects.filter(pk=row.pk).values(*(set(vars(one)) - {"_state", "id"})).get()

    entries = {entry.row_id: entry for entry in AuditEntry.objects.filter(table="projects_enterprise")}
    first, second = entries[str(one.pk)], entries[str(other.pk)]
    assert values(other) == values(one)
    assert (second.actor_id, second.action, second.before) == (clerk.pk, "insert", None)
    assert {**second.after, "id": 0} == {**first.after, "id": 0}


@pytest.mark.django_db
def test_nothing_is_nothing_and_keys_run_on():
    assert list(insert([])) == []
    made = insert([SigningCeremony(name=f"{n}", held_on=DAY) for n in range(3)])

    assert factories.ceremony().pk > max(one.pk for one in made)
