"""Many rows at once leave what one by one would, whatever stands in them."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.functional import lazystr
from django.utils.safestring import SafeString

from core import audit
from core.inserting import insert, maker
from core.models import AuditEntry
from ledgers.models import LedgerRow
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
@pytest.mark.parametrize("kind", [SafeString, lazystr])
def test_a_text_of_another_type_is_a_text_as_well(kind):
    made = insert([SigningCeremony(name=kind(name), held_on=DAY) for name in ODD])

    rows = SigningCeremony.objects.in_bulk([one.pk for one in made])
    assert [rows[one.pk].name for one in made] == ODD


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
def test_a_column_may_hold_a_text_here_and_nothing_there():
    codes = [None, "a\tb", "", "\\N"]
    made = insert([Enterprise(name=f"{n}", name_key="", uscc=code) for n, code in enumerate(codes)])

    rows = Enterprise.objects.in_bulk([one.pk for one in made])
    assert [rows[one.pk].uscc for one in made] == codes


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite takes rows in blocks.")
@pytest.mark.django_db
def test_five_hundred_rows_take_no_more_statements_than_one():
    def asked(count):
        with CaptureQueriesContext(connection) as queries:
            insert([SigningCeremony(name=f"{count} {n}", held_on=DAY) for n in range(count)])
        return len(queries)

    assert asked(1) == asked(500)
    assert SigningCeremony.objects.count() == 501


def test_a_maker_makes_what_the_model_would():
    make = maker(LedgerRow)
    said = {"ledger_id": 3, "sheet": "台账", "row": 7, "verdict": "new", "cells": {"name": 1}}

    def columns(row):
        return {field.attname: getattr(row, field.attname) for field in LedgerRow._meta.concrete_fields}

    assert columns(make(**said)) == columns(LedgerRow(**said))
    assert make(**said)._state.adding


def test_rows_of_a_maker_share_nothing_that_can_be_changed():
    make = maker(LedgerRow)
    one, other = make(), make()

    one.undo["made"] = True
    one.evidence.append("a")

    assert (other.undo, other.evidence, make().undo) == ({}, [], {})
    assert one._state is not other._state


def test_a_maker_knows_columns_only():
    with pytest.raises(TypeError, match="ledger"):
        maker(LedgerRow)(ledger=None)


@pytest.mark.django_db
def test_nothing_is_nothing_and_keys_run_on():
    assert list(insert([])) == []
    made = insert([SigningCeremony(name=f"{n}", held_on=DAY) for n in range(3)])

    assert factories.ceremony().pk > max(one.pk for one in made)
