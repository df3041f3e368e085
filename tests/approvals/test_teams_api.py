"""Service teams, hand-over and what has changed over the API. Every answer is held against the schema."""

import datetime

import pytest
import time_machine

from approvals.choices import ItemEventKind
from approvals.models import Service
from projects.choices import Stage
from tests import factories
from tests.api import caller

TEAMS, CHANGES = "/api/v1/service-teams/", "/api/v1/changes/"
NOTE = "环评待批；业主联系人李总。"


@pytest.fixture(autouse=True)
def _on_friday_20_march():
    with time_machine.travel(datetime.datetime(2026, 3, 20, 4, tzinfo=datetime.UTC)):
        yield


@pytest.fixture
def mill(steel, liubei):
    return factories.project(Stage.SIGNING, name="高强钢生产线", task_force=steel, reporting_unit=liubei)


@pytest.fixture
def first(mill, service_member):
    team = factories.service_team(service_member, name="第1服务专班", name_en="")
    factories.service(mill, team)
    return team


@pytest.fixture
def second():
    return factories.service_team(factories.user("service"), name="第2服务专班", name_en="")


def test_teams_tell_what_lies_on_them(mill, first, second, clerk):
    factories.item(mill)

    rows = caller(clerk).get(TEAMS).json()["results"]

    assert [(row["name"], row["load"]["projects"], row["load"]["waiting"]) for row in rows] == [
        ("第1服务专班", 1, 1),
        ("第2服务专班", 0, 0),
    ]


def test_projects_of_a_team_are_for_its_members_and_the_bureau(mill, first, second, clerk, service_member):
    assert caller(clerk).get(f"{TEAMS}{second.pk}/projects/").json() == []
    [row] = caller(service_member).get(f"{TEAMS}{first.pk}/projects/").json()
    assert (row["project"]["code"], row["until"], row["left_open"]) == (mill.code, None, None)
    assert caller(service_member).get(f"{TEAMS}{second.pk}/projects/").status_code == 404


def test_taking_over_needs_a_note_and_happens_once(mill, first, second, clerk):
    body = {"project": mill.pk, "leader": "梁晓东", "on": "2026-03-19"}
    url = f"{TEAMS}{second.pk}/take-over/"

    assert caller(clerk).post(url, body, format="json").status_code == 409
    sent = {"data": {**body, "note": NOTE}, "headers": {"Idempotency-Key": "once"}, "format": "json"}
    told = caller(clerk).post(url, **sent).json()
    assert caller(clerk).post(url, **sent).json() == told

    assert [(row["until"], row["note"]) for row in told] == [(None, ""), ("2026-03-19", NOTE)]
    assert Service.objects.filter(project=mill).count() == 2


def test_taking_over_what_one_does_not_see_is_refused(mill, second, service_member):
    body = {"project": mill.pk, "leader": "梁晓东", "on": "2026-03-19", "note": NOTE}

    answer = caller(service_member).post(f"{TEAMS}{second.pk}/take-over/", body, format="json")
    assert answer.status_code == 400


def test_changes_since_a_day(mill, first, service_member, department_officer):
    item = factories.item(mill)
    factories.item_event(item, ItemEventKind.SUBMITTED, on=datetime.date(2026, 3, 12))

    told = caller(service_member).get(CHANGES).json()
    assert [(row["kind"], row["late"]) for row in told] == [("item", 6), ("team", 0)]
    assert caller(service_member).get(CHANGES, {"since": "2026-03-21"}).json() == []
    assert caller(department_officer).get(CHANGES).json() == []
    assert caller(service_member).get(CHANGES, {"since": "yesterday"}).status_code == 400
    assert caller(service_member).get(CHANGES, {"from": "2026-03-21"}).status_code == 400
