"""Annual targets: entered, revised, told as of a day, and held against the figures."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from briefings import figures, targets
from briefings.figures import CITY, Scope, Window
from briefings.models import Target
from briefings.targets import CannotSet, Targets
from core import clock
from tests import factories
from tests.api import caller

pytestmark = pytest.mark.django_db

JANUARY, JULY = datetime.date(2026, 1, 8), datetime.date(2026, 7, 20)
TO_MARCH = Window(datetime.date(2026, 1, 1), datetime.date(2026, 3, 1))
CONTRACTED = ("city", "contracted")


@pytest.fixture(autouse=True)
def _in_july(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: JULY)


@pytest.fixture
def city(steel, liubei):
    """The mechanism of the year, with contracts of 30,000 万元 in March."""
    factories.mechanism(2026, task_forces=(steel,))
    project = factories.project(task_force=steel, reporting_unit=liubei)
    factories.verified_event(project, amount=Decimal(30_000), signed_on=datetime.date(2026, 3, 5))
    return project


def set_to(by: Any, values: dict[Any, Any], *, today: datetime.date = JANUARY, **more: Any) -> list[Target]:
    return targets.set_year(2026, values, by=by, today=today, **more)


# --- Entering and revising ------------------------------------------------------------------------


def test_revision_is_a_new_version_and_past_days_keep_theirs(city, clerk, leader):
    set_to(clerk, {CONTRACTED: Decimal(100_000), ("city", "visits"): Decimal(40)})
    set_to(leader, {CONTRACTED: Decimal(120_000)}, today=JULY, reason="上半年超时序")

    def standing(known_on: datetime.date | None) -> dict[Any, Any]:
        return {cell: (row.value, row.version) for cell, row in Targets(2026, known_on).rows.items()}

    before = {CONTRACTED: (100_000, 1), ("city", "visits"): (40, 1)}
    assert standing(datetime.date(2026, 1, 7)) == {}
    assert standing(datetime.date(2026, 7, 19)) == before
    assert standing(None) == standing(JULY) == before | {CONTRACTED: (120_000, 2)}
    last = targets.history(2026)[0]
    assert (last.value, last.before, last.reason, last.by) == (120_000, 100_000, "上半年超时序", leader)


def test_only_what_changes_becomes_a_version(city, clerk):
    set_to(clerk, {CONTRACTED: Decimal(100_000), ("unit:450205", "visits"): Decimal(4)})
    written = set_to(
        clerk,
        {CONTRACTED: Decimal("100000.00"), ("unit:450205", "visits"): None, ("city", "visits"): None},
        reason="不再考核",
    )

    assert [(row.scope_key, row.value, row.version) for row in written] == [("unit:450205", None, 2)]


@pytest.mark.parametrize(
    ("values", "reason", "sentence"),
    [
        ({CONTRACTED: Decimal(100_000)}, "", "没有改动"),
        ({CONTRACTED: Decimal(110_000)}, " ", "请说明原因"),
        ({CONTRACTED: Decimal(0)}, "r", "不能作为目标"),
        ({("city", "visits"): Decimal("4.5")}, "r", "不能作为目标"),
        ({("force:steel", "visits"): Decimal(4)}, "r", "不设目标"),
        ({("city", "start_rate"): Decimal(60)}, "r", "不设目标"),
        ({("unit:999999", "visits"): Decimal(4)}, "r", "不设目标"),
    ],
)
def test_what_is_no_target_is_refused(city, clerk, values, reason, sentence):
    set_to(clerk, {CONTRACTED: Decimal(100_000)})

    with pytest.raises(CannotSet, match=sentence):
        set_to(clerk, values, reason=reason)
    assert Target.objects.count() == 1


def test_second_of_two_who_revise_at_once_is_told(city, clerk, leader):
    seen = targets.newest(2026)
    set_to(clerk, {CONTRACTED: Decimal(100_000)}, seen=seen)

    with pytest.raises(CannotSet, match=clerk.name):
        set_to(leader, {CONTRACTED: Decimal(90_000)}, seen=seen, reason="r")
    assert Targets(2026).value(CITY, "contracted") == 100_000


def test_version_never_changes(city, clerk):
    (row,) = set_to(clerk, {CONTRACTED: Decimal(100_000)})

    for change in (lambda: Target.objects.update(value=1), lambda: Target.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    row.refresh_from_db()
    assert row.value == 100_000


# --- How far a figure is --------------------------------------------------------------------------


def test_progress_is_the_share_of_the_target_and_of_the_year(city, clerk, steel, liubei):
    set_to(
        clerk,
        {
            CONTRACTED: Decimal(100_000),
            ("force:steel", "contracted"): Decimal(200_000),
            ("unit:450205", "projects_signed"): Decimal(8),
        },
    )

    def way(scope: Scope, window: Window = TO_MARCH) -> Any:
        found = figures.compute(["contracted", "projects_signed"], window, scope)
        return {
            code: (one.done_percent, one.time_percent, one.ahead_points, one.is_behind)
            for code, one in targets.progress(found.values(), window, scope).items()
        }

    assert way(CITY) == {"contracted": (30, 25, 5, False)}
    assert way(Scope(task_force=steel)) == {"contracted": (15, 25, -10, True)}
    assert way(Scope(unit=liubei)) == {"projects_signed": (Decimal("12.5"), 25, Decimal("-12.5"), True)}
    assert way(Scope(task_force=steel, unit=liubei)) == {}
    assert way(CITY, Window.of_month(datetime.date(2026, 3, 1))) == {}
    assert way(CITY, Window(datetime.date(2025, 1, 1), datetime.date(2026, 3, 1))) == {}


def test_progress_as_known_on_a_day_goes_by_the_target_of_that_day(city, clerk):
    set_to(clerk, {CONTRACTED: Decimal(100_000)})
    set_to(clerk, {CONTRACTED: Decimal(50_000)}, today=JULY, reason="下调")

    for known_on, done in ((None, 60), (datetime.date(2026, 7, 19), 30)):
        window = Window(TO_MARCH.first_month, TO_MARCH.last_month, known_on)
        found = figures.compute(["contracted"], window)
        assert targets.progress(found.values(), window)["contracted"].done_percent == done


# --- Pages ------------------------------------------------------------------------------------------

FORM = reverse("briefings:revise_targets", args=[2026])


def sent(**values: Any) -> dict[str, Any]:
    return {"seen": targets.newest(2026), "reason": "", **values}


def test_bureau_enters_a_year_in_one_form_and_reads_how_far_it_is(client, clerk, city):
    client.force_login(clerk)
    response = client.post(FORM, sent(**{"city/contracted": "10.5", "force:steel/projects_signed": "4"}))

    assert response.url == reverse("briefings:targets") + "?year=2026"
    assert {cell: row.value for cell, row in Targets(2026).rows.items()} == {
        CONTRACTED: Decimal("105000.00"),
        ("force:steel", "projects_signed"): 4,
    }
    told = client.get(response.url).context
    assert (told["city"].cells[0].shown, told["city"].cells[0].done) == ("10.5", "28.6 %")
    assert told["forces"][0].cells[2].progress.ahead_points == Decimal("-33.3")  # 1 of 4, by July
    assert [len(act["versions"]) for act in told["acts"]] == [2]
    assert client.get(FORM).context["form"]["city/contracted"].value() == "10.5"


def test_form_keeps_what_was_typed_when_it_is_refused(client, clerk, leader, city):
    client.force_login(clerk)
    stale = sent(**{"city/contracted": "9"})
    set_to(leader, {CONTRACTED: Decimal(100_000)})
    response = client.post(FORM, stale)

    assert leader.name in response.content.decode()
    assert response.context["form"]["city/contracted"].value() == "9"
    again = client.post(FORM, stale | {"seen": response.context["form"].data["seen"], "reason": "核减"})
    assert again.status_code == 302
    assert Targets(2026).value(CITY, "contracted") == 90_000


@pytest.mark.parametrize("typed", ["abc", "-3", "1.2345678"])
def test_form_says_what_is_no_number(client, clerk, city, typed):
    client.force_login(clerk)
    response = client.post(FORM, sent(**{"city/contracted": typed}))

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"city/contracted"}
    assert not Target.objects.exists()


@pytest.mark.parametrize("role", [Role.UNIT, Role.FORCE_LEAD, Role.CITY_LEADER, Role.STATISTICS])
def test_others_read_the_targets_and_set_none(client, city, role):
    client.force_login(factories.user(role))

    assert client.get(reverse("briefings:targets")).status_code == 200
    assert client.get(FORM).status_code == 403


def test_year_without_targets_says_what_to_do(client, clerk, city):
    client.force_login(clerk)

    assert FORM in client.get(reverse("briefings:targets")).content.decode()
    assert client.get(reverse("briefings:targets"), {"year": "1999"}).status_code == 404
    assert client.get(reverse("briefings:targets"), {"year": "2027"}).context["window"] == ""


def test_cards_say_how_far_the_year_is(client, leader, clerk, city):
    set_to(clerk, {CONTRACTED: Decimal(100_000)})
    client.force_login(leader)

    (card, *_rest) = client.get(reverse("briefings:board")).context["cards"]
    assert (card.code, card.progress.done_percent) == ("contracted", 30)


def test_page_costs_the_same_with_one_target_and_with_many(client, leader, clerk, city):
    client.force_login(leader)
    for code in targets.TARGETED:
        set_to(clerk, {("city", code): Decimal(50)})
        if code == "contracted":
            first = _queries(client)
    assert _queries(client) == first


def _queries(client: Any) -> int:
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("briefings:targets"))
    return len(asked)


# --- The legend, the shell and the API --------------------------------------------------------------


def test_legend_shows_every_indicator_with_its_value(client, leader, city):
    client.force_login(leader)
    told = client.get(reverse("briefings:indicators")).context["subjects"]
    rows = {row["code"]: row for subject in told for row in subject["rows"]}

    assert list(rows) == list(figures.CODES)
    assert (rows["contracted"]["value"], rows["contracted"]["unit"]) == ("3.00", "亿元")
    assert {str(row["kind"]) for row in rows.values()} == {"时期数", "时点数", "比例"}


def test_api_tells_the_legend_and_the_targets(leader, clerk, city):
    set_to(clerk, {CONTRACTED: Decimal(100_000)})
    set_to(clerk, {CONTRACTED: Decimal(60_000)}, today=JULY, reason="下调")
    api = caller(leader)

    legend = {row["code"]: row for row in api.get("/api/v1/indicators/").data}
    assert legend["start_rate"] | {"formula": "", "formula_en": "", "rules": []} == {
        "code": "start_rate",
        "subject": "rates",
        "name": "新签约项目开工率",
        "name_en": "Start rate of newly signed projects",
        "formula": "",
        "formula_en": "",
        "unit": "%",
        "kind": "share",
        "numerator": "signed_started",
        "denominator": "projects_signed",
        "rules": [],
        "scopes": ["task_force", "unit"],
        "has_target": False,
        "value": 0,
        "base": None,
    }
    (row,) = api.get("/api/v1/targets/?year=2026&as_known_on=2026-07-19").data
    assert (row["scope"], row["indicator"], row["value"], row["version"]) == (
        "city",
        "contracted",
        "100000.00",
        1,
    )
    figure = api.get("/api/v1/figures/?from=2026-01&to=2026-03").data["contracted"]
    assert figure["target"] == {"value": 60_000, "done_percent": 50, "time_percent": 25, "ahead_points": 25}
    by_force = api.get("/api/v1/figures/?from=2026-01&to=2026-03&by=task_force").data
    assert by_force["钢铁专班"]["contracted"]["target"] is None


def test_page_of_a_figure_says_how_far_it_is(client, leader, clerk, city):
    set_to(clerk, {CONTRACTED: Decimal(100_000)})
    client.force_login(leader)
    page = reverse("briefings:counted", args=["contracted"])

    assert client.get(page, {"from": "2026-01", "to": "2026-03"}).context["progress"].ahead_points == 5
    assert client.get(page, {"from": "2026-02", "to": "2026-03"}).context["progress"] is None
