import pytest
from django.test import Client

from taskforces import mechanisms, reference
from taskforces.mechanisms import CannotCopy
from taskforces.models import Mechanism, TaskForce
from tests import factories


def seats(mechanism):
    return list(mechanism.seats.order_by("order").values_list("task_force__code", "order"))


def test_next_years_mechanism_begins_as_this_years(db, steel, auto):
    this = factories.mechanism(2026, task_forces=(auto, steel), name="1071", site_meetings_a_year=3)
    this.labels.filter(batch="signing").update(name="签约一批")

    fresh = mechanisms.begin_next_year(this)

    assert (fresh.year, fresh.name, fresh.site_meetings_a_year) == (2027, "1071", 3)
    assert seats(fresh) == seats(this) == [("auto", 1), ("steel", 2)]
    assert mechanisms.labels(fresh) == mechanisms.labels(this)
    assert mechanisms.labels(fresh)["signing"] == "签约一批"
    with pytest.raises(CannotCopy):
        mechanisms.begin_next_year(this)


def test_changing_the_new_year_leaves_the_old_one(db, steel, auto):
    this = factories.mechanism(2026, task_forces=(steel,), name="1071")
    fresh = mechanisms.begin_next_year(this)
    fresh.seats.all().delete()
    fresh.labels.update(name="别名")

    assert seats(this) == [("steel", 1)]
    assert "别名" not in mechanisms.labels(this).values()


def test_a_year_without_its_own_mechanism_goes_on_with_the_last(db):
    last = factories.mechanism(2025)

    assert [mechanisms.of_year(year) for year in (2024, 2025, 2027)] == [None, last, last]
    assert mechanisms.labels(None) == {}


def test_2025_has_nine_task_forces_and_2026_ten_as_an_example(db):
    reference.load()
    reference.load()

    told = {one.year: (one.name, one.seats.count(), one.is_example) for one in Mechanism.objects.all()}
    assert told == {2024: ("“七个一批”", 9, False), 2025: ("9712", 9, False), 2026: ("1071", 10, True)}
    assert TaskForce.objects.count() == 10


def test_loading_leaves_a_mechanism_that_an_office_has_entered(db):
    factories.mechanism(2026, name="本市机制")
    reference.load()

    assert Mechanism.objects.get(year=2026).name == "本市机制"
    assert Mechanism.objects.get(year=2026).seats.count() == 0


def test_the_security_administrator_makes_next_years_mechanism(security_admin, steel):
    this = factories.mechanism(2026, task_forces=(steel,), name="1071")
    client = Client()
    client.force_login(security_admin)
    chosen = {"action": "begin_next_year", "_selected_action": [this.pk]}

    answer = client.post("/admin/taskforces/mechanism/", chosen)
    fresh = Mechanism.objects.get(year=2027)
    assert answer.url == f"/admin/taskforces/mechanism/{fresh.pk}/change/"
    assert client.get(answer.url).status_code == 200
    assert client.post("/admin/taskforces/mechanism/", chosen, follow=True).status_code == 200
    assert Mechanism.objects.count() == 2
