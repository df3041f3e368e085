"""The dashboard: the year so far beside last year, the year's targets and the time that has passed."""

import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from briefings import figures, targets
from briefings.figures import Window
from briefings.views.dashboard import COLUMNS, HEADLINES
from core import clock
from tests import factories
from tests.briefings import march

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 20)
YEAR = Window.year_to(march.MARCH)


@pytest.fixture
def city(monkeypatch, steel, auto, liubei, luzhai):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return march.build(steel, auto, liubei, luzhai)


def get(client: Client, user: User, **query: str) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(reverse("briefings:dashboard"), query)


def aim(value: int, leader: User) -> None:
    targets.set_year(2026, {("city", "contracted"): Decimal(value)}, by=leader, today=TODAY)


def test_headlines_are_the_figures_and_lead_to_their_passports(client, city, leader):
    answer = get(client, leader)

    found = figures.compute(HEADLINES, YEAR)
    goals = {goal.card.code: goal for goal in answer.context["goals"]}
    assert list(goals) == list(HEADLINES)
    assert goals["projects_signed"].card.value == str(found["projects_signed"].value)
    assert goals["contracted"].card.yoy == found["contracted"].yoy_percent
    for code, goal in goals.items():
        address = urlsplit(goal.card.url)
        assert address.path == reverse("briefings:counted", args=[code])
        assert parse_qs(address.query) == {"from": ["2026-01"], "to": ["2026-03"]}


def test_a_goal_says_its_share_of_the_target_and_how_far_behind_time_it_is(client, city, leader):
    value = Decimal(figures.compute(["contracted"], YEAR)["contracted"].value)
    aim(int(value * 10), leader)

    answer = get(client, leader)

    [goal] = [goal for goal in answer.context["goals"] if goal.progress]
    assert goal.card.code == "contracted"
    assert (goal.done, goal.progress.ahead_points) == ("10.0", Decimal("-15.0"))
    assert "15.0 points behind time" in answer.text
    assert "25.0 % of the year has passed" in answer.text


def test_the_way_to_the_target_is_straight_and_the_months_add_up(client, city, leader):
    aim(120_000, leader)

    [(_name, chart), _conversion] = get(client, leader).context["charts"]

    last, this, way = (series["values"] for series in chart["series"])
    assert way == ["1.00", "2.00", "3.00"]
    year = figures.compute(["contracted"], YEAR)["contracted"]
    assert [Decimal(this[-1]), Decimal(last[-1])] == [
        round(Decimal(part) / 10_000, 2) for part in (year.value, year.base)
    ]


def test_units_add_up_to_the_city_and_the_largest_stands_first(client, city, leader):
    [_forces, (_title, units)] = get(client, leader).context["tables"]

    amounts = [row["amount"] for row in units]
    assert amounts == sorted(amounts, reverse=True)
    assert sum(amounts) == figures.compute(["contracted"], YEAR)["contracted"].value
    assert all(len(row["cells"]) == len(COLUMNS) for row in units)


def test_asked_as_known_on_a_day_it_knows_nothing_of_later(client, city, leader):
    answer = get(client, leader, as_known_on="2026-02-28")

    [goal] = [goal for goal in answer.context["goals"] if goal.card.code == "projects_signed"]
    known = Window.year_to(march.MARCH, datetime.date(2026, 2, 28))
    assert goal.card.value == str(figures.compute(["projects_signed"], known)["projects_signed"].value)
    assert "as_known_on=2026-02-28" in goal.card.url
    assert "as known on 2026-02-28" in answer.text


def test_the_wall_shows_the_same_without_menus_and_asks_again_by_itself(client, city, leader):
    answer = get(client, leader, wall="1")

    assert [goal.card.code for goal in answer.context["goals"]] == list(HEADLINES)
    assert answer["Refresh"] == "300"
    assert "<nav" not in answer.text


def test_no_such_month_is_said_at_its_field(client, city, leader):
    answer = get(client, leader, month="2026-13")

    assert answer.status_code == 422
    assert "There is no such month" in answer.text


def test_a_larger_city_asks_no_more(client, city, leader, luzhai, steel):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            get(client, leader)
        return len(queries)

    asked()
    before = asked()
    for _turn in range(3):
        factories.verified_event(
            factories.project(task_force=steel, reporting_unit=luzhai), signed_on=march.march(5)
        )
    factories.task_force()
    assert asked() == before


def test_a_department_has_no_dashboard(client, city):
    assert get(client, factories.user(Role.DEPARTMENT)).status_code == 403
