"""On-site meetings over the API: the pages' rights, the pages' numbers."""

import datetime
from fractions import Fraction

import pytest

from briefings import meetings
from briefings.models import MeetingState, OnSiteMeeting
from core import clock
from tests import factories
from tests.api import caller

pytestmark = pytest.mark.django_db

JULY = datetime.date(2026, 7, 6)


@pytest.fixture(autouse=True)
def _in_july(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: JULY)


@pytest.fixture
def meeting(clerk, liubei, luzhai):
    for unit, month in ((liubei, 1), (liubei, 2), (luzhai, 3)):
        project = factories.project(reporting_unit=unit)
        factories.verified_event(project, signed_on=datetime.date(2026, month, 10))
    return meetings.plan(year=2026, half=1, planned_on=JULY, by=clerk, today=JULY)


def test_the_ranking_is_told_exactly(meeting, leader, liubei):
    told = caller(leader).get(f"/api/v1/meetings/{meeting.pk}/ranking/").json()

    first = told["standings"][0]
    assert (first["unit"]["code"], first["rank"], told["tried"]) == (liubei.code, 1, 891)
    points = {part["component"]: part["points"] for part in first["parts"]}
    assert Fraction(points["rank"]) == Fraction(500, 6)
    assert points["issues"] is None
    assert told["is_frozen"] is False


def test_a_unit_is_told_its_own_standing(meeting, stranger, luzhai):
    told = caller(stranger).get(f"/api/v1/meetings/{meeting.pk}/ranking/").json()

    assert [one["unit"]["code"] for one in told["standings"]] == [luzhai.code]


def test_a_ranking_that_has_not_begun_is_refused_with_its_day(clerk, leader):
    early = meetings.plan(year=2026, half=2, planned_on=datetime.date(2027, 1, 20), by=clerk, today=JULY)

    assert caller(leader).get(f"/api/v1/meetings/{early.pk}/ranking/").status_code == 409


def test_meetings_are_filtered_and_told_with_their_decisions(clerk, liubei, leader, luzhai, stranger):
    held = OnSiteMeeting.objects.create(
        year=2025, half=2, planned_on=JULY, held_on=JULY, state=MeetingState.HELD, host=liubei
    )
    meetings.decide(held, text="报送计划", owner=luzhai, due_on=datetime.date(2026, 8, 30))
    meetings.write_minutes(held, text="纪要", by=clerk)
    api = caller(stranger)
    assert api.get(f"/api/v1/meetings/{held.pk}/").json()["decided"] == []

    meetings.approve_minutes(held, by=leader, today=JULY)

    rows = api.get("/api/v1/meetings/?year=2025&host=450205").json()["results"]
    assert [(row["state"], row["decisions"], row["decisions_open"]) for row in rows] == [("approved", 1, 1)]
    [decision] = api.get(f"/api/v1/meetings/{held.pk}/").json()["decided"]
    assert (decision["owner"]["code"], decision["state"]) == (luzhai.code, "open")
    assert api.get("/api/v1/meetings/?host=450223").json()["results"] == []
