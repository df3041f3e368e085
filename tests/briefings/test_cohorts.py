"""Cohorts: counted by hand, by a naive second way, and with laws that hold whatever happened."""

import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from briefings import cohorts
from briefings.cohorts import AFTER, PRODUCING, STARTED, WHAT, Cohort
from briefings.figures import Scope, Window
from core import clock
from projects.choices import EventKind, Stage
from projects.models import Project, StageChange
from tests import factories
from tests.api import caller

JANUARY = datetime.date(2025, 1, 10)
TODAY = datetime.date(2026, 3, 2)
YEAR = Window(datetime.date(2025, 1, 1), datetime.date(2025, 12, 1))


def signed(on: datetime.date = JANUARY, amount: int = 10_000, **fields: Any) -> Project:
    project = factories.project(Stage.SIGNING, **fields)
    factories.verified_event(project, signed_on=on, amount=Decimal(amount))
    return project


def move(project: Project, to: str, on: datetime.date, source: str = Stage.SIGNING) -> StageChange:
    noon = datetime.datetime.combine(on, datetime.time(12), tzinfo=datetime.UTC)
    return factories.stage_change(project, to, on=on, source=source, recorded_at=noon)


def city(as_of: datetime.date = TODAY, **asked: Any) -> dict[datetime.date, Cohort]:
    window = Window(YEAR.first_month, YEAR.last_month, asked.get("known_on"))
    return cohorts.by_month(cohorts.members(window, asked.get("scope", Scope())), as_of)


def counts(cohort: Cohort, what: str) -> list[tuple[int, int] | None]:
    parts = [cohort.parts[what, after] for after in AFTER]
    return [None if part is None else (part.count, part.of_count) for part in parts]


# --- By hand --------------------------------------------------------------------------------------


def test_the_month_end_decides_and_what_is_not_yet_is_no_nought(db):
    in_time, late, never = signed(), signed(), signed(amount=20_000)
    move(in_time, Stage.COMMENCEMENT, datetime.date(2025, 4, 30))
    move(late, Stage.COMMENCEMENT, datetime.date(2025, 5, 1))
    move(late, Stage.PRODUCTION, datetime.date(2025, 12, 1), source=Stage.COMMENCEMENT)

    january = city(as_of=datetime.date(2025, 7, 31))[YEAR.first_month]

    assert (january.count, january.amount) == (3, Decimal(40_000))
    assert counts(january, STARTED) == [(1, 3), (2, 3), None]
    assert january.parts[STARTED, 6].percent == Decimal("66.7")
    assert january.parts[STARTED, 6].percent_of_amount == Decimal("50.0")
    assert counts(city()[YEAR.first_month], PRODUCING) == [(0, 3), (0, 3), (1, 3)]
    assert never.pk


def test_what_was_moved_back_has_not_begun_and_what_was_voided_stays(db):
    project = signed()
    move(project, Stage.COMMENCEMENT, datetime.date(2025, 2, 10))
    move(project, Stage.SIGNING, datetime.date(2025, 3, 1), source=Stage.COMMENCEMENT)
    factories.verified_event(
        project, kind=EventKind.VOIDED, amount=Decimal(-10_000), signed_on=datetime.date(2025, 6, 1)
    )

    january = city()[YEAR.first_month]

    assert (counts(january, STARTED)[0], january.amount) == ((0, 1), Decimal(10_000))


def test_add_ons_are_left_out_corrections_are_not_and_a_late_entry_is_of_its_signing_month(db):
    project = signed()
    for kind, amount in ((EventKind.ADD_ON, 5_000), (EventKind.CORRECTION, -1_000)):
        factories.verified_event(
            project, kind=kind, amount=Decimal(amount), signed_on=datetime.date(2025, 3, 3)
        )
    factories.period(YEAR.first_month, closed_on=datetime.date(2025, 2, 5))
    late = factories.project(Stage.SIGNING)
    factories.verified_event(late, signed_on=JANUARY, verified_on=datetime.date(2025, 4, 1))

    january = city()[YEAR.first_month]

    assert (january.count, january.amount) == (2, Decimal(21_500))


def test_a_shared_project_counts_once_for_each_unit_with_its_part_of_the_amount(db, liubei, luzhai):
    project = signed(reporting_unit=liubei)
    factories.share(project, liubei, Decimal("33.33"))
    factories.share(project, luzhai, Decimal("66.67"))
    signed(reporting_unit=luzhai)

    by_unit = cohorts.units(cohorts.by_unit(cohorts.members(YEAR), TODAY))

    assert [(one.count, one.amount) for one in by_unit.values()] == [
        (1, Decimal(3_333)),
        (2, Decimal(16_667)),
    ]
    assert city(scope=Scope(unit=luzhai))[YEAR.first_month].amount == Decimal(16_667)


def test_as_known_on_a_past_day(db):
    project = signed()
    move(project, Stage.COMMENCEMENT, datetime.date(2025, 2, 10))
    reported_late = signed()
    factories.stage_change(
        reported_late,
        Stage.COMMENCEMENT,
        on=datetime.date(2025, 3, 1),
        source=Stage.SIGNING,
        recorded_at=datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC),
    )

    then = city(known_on=datetime.date(2025, 5, 1), as_of=datetime.date(2025, 5, 1))

    assert counts(then[YEAR.first_month], STARTED) == [(1, 2), None, None]
    assert counts(city()[YEAR.first_month], STARTED)[0] == (2, 2)


# --- Whatever happened -------------------------------------------------------------------------------

STAGES = list(Stage)
days = st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 2, 28))
histories = st.lists(
    st.tuples(
        st.dates(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)),
        st.integers(1, 40_000),
        st.integers(0, 1),
        st.lists(st.tuples(days, st.sampled_from(STAGES)), max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=histories, as_of=days)
def test_shares_stay_within_the_whole_grow_with_time_and_a_naive_count_agrees(
    db, liubei, luzhai, told, as_of
):
    from django.db import transaction

    with transaction.atomic():
        made = _play(told, (liubei, luzhai))
        found = cohorts.members(YEAR)
        by_month, by_unit = cohorts.by_month(found, as_of), cohorts.by_unit(found, as_of)
        for cohort in (*by_month.values(), *by_unit.values(), cohorts.together(found, as_of)):
            _stays_within_and_grows(cohort)
        assert sum(cohort.cents for cohort in by_unit.values()) == sum(one.cents for one in found)
        assert sum(cohort.count for cohort in by_month.values()) == len(told)
        _agrees_with_the_naive(by_month, made, as_of)
        transaction.set_rollback(True)


def _play(told: list[Any], units: tuple[Any, Any]) -> list[tuple[datetime.date, int, list[Any]]]:
    made = []
    for on, amount, unit, moves in told:
        project = signed(on, amount, reporting_unit=units[unit])
        here, kept = Stage.SIGNING, []
        for day, to in sorted(moves, key=lambda one: one[0]):
            if to != here:
                move(project, to, day, source=here)
                here = to
                kept.append((day, to))
        made.append((on, amount, kept))
    return made


def _stays_within_and_grows(cohort: Cohort) -> None:
    for what in WHAT:
        parts = [cohort.parts[what, after] for after in AFTER]
        for part in parts:
            assert part is None or (
                0 <= part.count <= part.of_count <= cohort.count and part.cents <= part.of_cents
            )
            assert part is None or (part.percent <= 100 and part.percent_of_amount <= 100)
        # Of the same projects there are never fewer later on.
        same = [part for part in parts if part and part.of_count == cohort.count]
        assert [part.count for part in same] == sorted(part.count for part in same)
        assert [part.cents for part in same] == sorted(part.cents for part in same)


def _agrees_with_the_naive(
    by_month: dict[datetime.date, Cohort],
    made: list[tuple[datetime.date, int, list[tuple[datetime.date, Stage]]]],
    as_of: datetime.date,
) -> None:
    """Day by day instead of move by move: works last on the deadline and were not taken back since."""
    for month, cohort in by_month.items():
        for what, first in ((STARTED, Stage.COMMENCEMENT), (PRODUCING, Stage.PRODUCTION)):
            for after in AFTER:
                year, index = divmod(month.year * 12 + month.month - 1 + after + 1, 12)
                due = datetime.date(year, index + 1, 1) - datetime.timedelta(1)
                part = cohort.parts[what, after]
                if due > as_of:
                    assert part is None
                    continue
                mine = [one for one in made if clock.month_start(one[0]) == month]
                reached = [one for one in mine if _lasts_since(one[2], first, due)]
                assert (part.count, part.of_count) == (len(reached), len(mine))
                assert part.cents == Fraction(sum(amount for _on, amount, _moves in reached) * 100)


def _lasts_since(moves: list[tuple[datetime.date, Stage]], first: Stage, due: datetime.date) -> bool:
    """The last run of moves at or beyond a batch, if it is the present one, began by the day."""
    began = None
    for day, to in reversed(moves):
        if to.rank < first.rank:
            break
        began = day
    return began is not None and began <= due


# --- Pages and API -----------------------------------------------------------------------------------


@pytest.fixture
def english_client(monkeypatch, leader) -> Client:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    client = Client()
    client.force_login(leader)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def test_the_page_shows_shares_leads_to_the_projects_and_says_not_yet(english_client):
    begun, idle = signed(name="线控底盘"), signed(name="人形机器人")
    move(begun, Stage.COMMENCEMENT, datetime.date(2025, 2, 3))
    signed(datetime.date(2025, 12, 5))
    url = reverse("briefings:cohorts")

    page = english_client.get(url).content.decode()

    assert "50.0%" in page
    assert "not yet" in page
    assert "100.0%" not in page
    by_force = english_client.get(f"{url}?by=task_force&measure=amount").content.decode()
    assert "100.0%" in by_force
    listed = english_client.get(
        reverse("briefings:cohort_projects") + "?from=2025-01&to=2025-01&what=started&after=3"
    ).content.decode()
    assert "1 of 2 projects" in listed
    assert listed.index(begun.name) < listed.index(idle.name)


def test_a_task_force_lead_opens_only_what_is_its_own(monkeypatch, steel, auto, force_lead):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    signed(name="钢项目", task_force=steel)
    signed(name="车项目", task_force=auto)
    client = Client()
    client.force_login(force_lead)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    page = client.get(reverse("briefings:cohort_projects") + "?from=2025-01&to=2025-01").content.decode()

    assert "钢项目" in page
    assert "车项目" not in page
    assert "1 further project that you may not open" in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?from=2025-05&to=2025-01", 422),
        ("?from=1999-01&to=2025-01", 422),
        ("?from=x", 422),
        ("?unit=nowhere", 422),
    ],
)
def test_what_cannot_be_asked_is_told(english_client, query, status):
    assert english_client.get(reverse("briefings:cohorts") + query).status_code == status
    assert english_client.get(reverse("briefings:cohort_projects") + query).status_code == 404


def test_cohorts_ask_as_much_for_many_as_for_one(english_client, count_queries):
    def ask() -> None:
        for by in ("month", "task_force", "unit"):
            english_client.get(f"{reverse('briefings:cohorts')}?by={by}")

    signed()
    ask()
    few = count_queries(ask)
    for month in range(2, 8):
        move(
            signed(datetime.date(2025, month, 3)),
            Stage.COMMENCEMENT,
            datetime.date(2025, month, 20),
        )

    assert count_queries(ask) == few


def test_the_api_leaves_out_what_is_not_yet(monkeypatch, leader):
    monkeypatch.setattr(clock, "today", lambda: datetime.date(2025, 5, 4))
    begun = signed()
    move(begun, Stage.COMMENCEMENT, datetime.date(2025, 2, 3))

    month, together = caller(leader).get("/api/v1/cohorts/?from=2025-01&to=2025-12").json()

    assert (month["group"], month["count"], month["amount"]) == ("2025-01", 1, "10000.00")
    assert [(part["what"], part["after_months"], part["percent"]) for part in month["parts"]] == [
        ("started", 3, "100.0"),
        ("producing", 3, "0.0"),
    ]
    assert together == {**month, "group": ""}
