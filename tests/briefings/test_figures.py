"""Every counting rule in a small city, whole results compared."""

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from approvals.choices import IssueState
from briefings import figures, periods
from briefings.figures import CITY, CODES, Figure, Rate, Scope, UnknownIndicator, Window
from outreach.models import VisitLevel
from projects import contracts
from projects.choices import EventKind, Stage
from projects.models import ContractEvent, Project
from taskforces.models import ReportingUnit, TaskForce
from tests import factories

pytestmark = pytest.mark.django_db

HALF = Window(datetime.date(2025, 1, 1), datetime.date(2025, 6, 1))


def day(month: int, number: int = 10, year: int = 2025) -> datetime.date:
    return datetime.date(year, month, number)


def signed(project: Project, amount: object, on: datetime.date, **fields: Any) -> ContractEvent:
    return factories.verified_event(project, amount=Decimal(str(amount)), signed_on=on, **fields)


def values(found: dict[str, Figure], *codes: str) -> dict[str, Any]:
    return {code: found[code].value for code in codes}


AMOUNTS = ("projects_signed", "contracted", "contracted_industrial_100m", "industrial_100m_projects")


def figures_of(window: Window = HALF, scope: Scope = CITY) -> dict[str, Any]:
    return values(figures.compute(AMOUNTS, window, scope), *AMOUNTS)


@pytest.fixture
def project(steel: TaskForce, liubei: ReportingUnit) -> Project:
    return factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)


# --- What counts ----------------------------------------------------------------------------------


def test_nothing_signed_is_zero_and_has_no_year_on_year():
    assert figures.compute(["contracted", "projects_signed", "start_rate"], HALF) == {
        "contracted": Figure("contracted", Decimal(0), Decimal(0), None, "万元"),
        "projects_signed": Figure("projects_signed", 0, 0, None, "个"),
        "start_rate": Figure("start_rate", None, None, None, "%"),
    }


def test_verified_signing_counts_and_is_compared_with_last_year(project):
    signed(project, 12500, day(3))
    signed(factories.project(), 9400, day(3, year=2024))

    assert figures.compute(["projects_signed", "contracted", "contracted_industrial_100m"], HALF) == {
        "projects_signed": Figure("projects_signed", 1, 1, Decimal("0.0"), "个"),
        "contracted": Figure("contracted", Decimal(12500), Decimal(9400), Decimal("33.0"), "万元"),
        "contracted_industrial_100m": Figure(
            "contracted_industrial_100m", Decimal(12500), Decimal(0), None, "万元"
        ),
    }


def test_waiting_returned_and_excluded_events_count_nothing(leader):
    factories.contract_event(amount=Decimal(20000), signed_on=day(2))
    returned = factories.contract_event(amount=Decimal(20000), signed_on=day(2))
    contracts.send_back(returned, reason="no date", by=leader, today=day(3))
    signed(factories.project(), 20000, day(2), exclusion_reason="already counted in another city")

    assert figures_of() == dict.fromkeys(AMOUNTS, 0)


def test_framework_agreement_counts_nothing(project):
    factories.verified_event(project, kind=EventKind.FRAMEWORK, amount=Decimal(0), signed_on=day(2))

    assert figures_of() == dict.fromkeys(AMOUNTS, 0)


def test_add_on_counts_its_amount_and_makes_no_project_new(project):
    signed(project, 9000, day(1))
    signed(project, 8000, day(3), kind=EventKind.ADD_ON)

    assert figures.compute([*AMOUNTS, "add_ons"], HALF)["add_ons"].value == 8000
    assert figures_of() == {
        "projects_signed": 1,
        "contracted": 17000,
        "contracted_industrial_100m": 0,  # the first contract alone decides
        "industrial_100m_projects": 0,
    }


def test_reduction_is_deducted_in_its_own_month_and_not_from_the_large(project):
    signed(project, 30000, day(1))
    signed(project, -6000, day(4), kind=EventKind.REDUCED)

    assert figures_of() == {
        "projects_signed": 1,
        "contracted": 24000,
        "contracted_industrial_100m": 30000,
        "industrial_100m_projects": 1,
    }
    assert figures_of(Window.of_month(day(1)))["contracted"] == 30000
    assert figures_of(Window.of_month(day(4)))["contracted"] == -6000


def test_void_is_deducted_in_its_month_and_the_month_of_signing_stays(project):
    signed(project, 30000, day(2))
    signed(project, 8000, day(3), kind=EventKind.ADD_ON)
    signed(project, -38000, day(5), kind=EventKind.VOIDED)

    assert figures_of(Window.of_month(day(2))) == {
        "projects_signed": 1,
        "contracted": 30000,
        "contracted_industrial_100m": 30000,
        "industrial_100m_projects": 1,
    }
    assert figures_of(Window.of_month(day(5))) == {
        "projects_signed": 0,
        "contracted": -38000,
        "contracted_industrial_100m": -30000,  # the add-on was never in
        "industrial_100m_projects": 0,
    }
    assert figures_of() == {
        "projects_signed": 1,
        "contracted": 0,
        "contracted_industrial_100m": 0,
        "industrial_100m_projects": 1,
    }


@pytest.mark.parametrize(
    ("amount", "is_industrial", "large"),
    [
        ("10000", True, 10000),
        ("9999.99", True, 0),
        ("10000", False, 0),
        ("10000.01", True, Decimal("10000.01")),
    ],
)
def test_large_means_industrial_and_at_least_exactly_100_million(amount, is_industrial, large):
    signed(factories.project(is_industrial=is_industrial), amount, day(1))

    assert figures_of() == {
        "projects_signed": 1,
        "contracted": Decimal(amount),
        "contracted_industrial_100m": large,
        "industrial_100m_projects": 1 if large else 0,
    }


def test_void_of_a_project_below_the_threshold_takes_nothing_from_the_large(project):
    signed(project, 9000, day(2))
    signed(project, -9000, day(5), kind=EventKind.VOIDED)

    assert figures_of()["contracted_industrial_100m"] == 0
    assert figures_of()["contracted"] == 0


@pytest.mark.parametrize(
    ("first", "correction", "in_january", "in_march"),
    [
        (12000, -1500, 12000, -1500),  # still large: the difference
        (12000, -3000, 12000, -12000),  # falls under: goes out whole
        (9000, 3000, 0, 12000),  # lifted over: comes in whole
        (9000, 500, 0, 0),
    ],
)
def test_correction_of_the_signing_counts_in_its_month_with_the_difference_it_makes(
    project, first, correction, in_january, in_march
):
    signing = signed(project, first, day(1))
    signed(project, correction, day(3), kind=EventKind.CORRECTION, corrects=signing, note="amount misread")

    assert figures_of(Window.of_month(day(1)))["contracted_industrial_100m"] == in_january
    assert figures_of(Window.of_month(day(3)))["contracted_industrial_100m"] == in_march
    assert figures_of()["contracted"] == first + correction


def test_void_after_a_correction_takes_back_the_corrected_amount(project):
    signing = signed(project, 12000, day(1))
    signed(project, 3000, day(2), kind=EventKind.CORRECTION, corrects=signing)
    signed(project, -15000, day(4), kind=EventKind.VOIDED)

    assert figures_of(Window.of_month(day(4)))["contracted_industrial_100m"] == -15000
    assert figures_of()["contracted_industrial_100m"] == 0


def test_correction_of_an_add_on_leaves_the_large_alone(project):
    signed(project, 12000, day(1))
    add_on = signed(project, 5000, day(2), kind=EventKind.ADD_ON)
    signed(project, -1000, day(3), kind=EventKind.CORRECTION, corrects=add_on)

    assert figures_of()["contracted_industrial_100m"] == 12000
    assert figures_of()["contracted"] == 16000


def test_second_signing_of_a_standing_contract_counts_nothing(project):
    signed(project, 12000, day(1))
    signed(project, 15000, day(3))

    assert figures_of() == {
        "projects_signed": 1,
        "contracted": 12000,
        "contracted_industrial_100m": 12000,
        "industrial_100m_projects": 1,
    }


# --- Which month ----------------------------------------------------------------------------------


def test_what_is_verified_after_the_month_closed_counts_late_in_the_month_of_verification(project):
    factories.period(datetime.date(2025, 1, 1), closed_on=day(2, 5))
    late = signed(project, 12000, day(1), verified_on=day(2, 6))
    in_time = signed(factories.project(), 7000, day(1), verified_on=day(2, 5))

    assert figures_of(Window.of_month(day(1)))["contracted"] == 7000
    assert figures_of(Window.of_month(day(2)))["contracted"] == 12000
    rows = figures.counted("contracted", HALF).order_by("pk")
    assert [(row.pk, row.late, row.counted_on) for row in rows] == [
        (late.pk, True, day(2, 6)),
        (in_time.pk, False, day(1)),
    ]


def test_late_verification_can_move_an_event_into_the_next_year(project):
    factories.period(datetime.date(2024, 12, 1), closed_on=day(1, 4))
    signed(project, 12000, day(12, year=2024), verified_on=day(1, 20))

    assert figures_of(Window.of_month(day(12, year=2024)))["projects_signed"] == 0
    assert figures_of(Window.of_month(day(1)))["projects_signed"] == 1


def test_open_month_takes_in_what_is_verified_whenever(project):
    factories.period(datetime.date(2025, 1, 1))
    signed(project, 12000, day(1), verified_on=day(5))

    assert figures_of(Window.of_month(day(1)))["contracted"] == 12000


@pytest.mark.parametrize(
    ("known_on", "contracted"), [(day(2, 9), 0), (day(2, 10), 12000), (day(4, 30), 12000), (day(5, 2), 0)]
)
def test_as_known_on_a_day_counts_what_was_verified_by_then(project, known_on, contracted):
    signed(project, 12000, day(1), verified_on=day(2, 10))
    signed(project, -12000, day(4), kind=EventKind.VOIDED, recorded_on=day(5, 1), verified_on=day(5, 2))

    window = Window(HALF.first_month, HALF.last_month, known_on)
    assert figures_of(window)["contracted"] == contracted


def test_as_known_on_a_day_a_later_correction_does_not_exist(project):
    signing = signed(project, 9000, day(1))
    signed(project, 3000, day(2), kind=EventKind.CORRECTION, corrects=signing, verified_on=day(6))
    signed(project, -12000, day(3), kind=EventKind.VOIDED, verified_on=day(3))

    # On 30 April nobody knew that the project was large: its void takes nothing from the large.
    as_known = Window(HALF.first_month, HALF.last_month, day(4, 30))
    assert figures_of(as_known)["contracted_industrial_100m"] == 0
    assert figures_of()["contracted_industrial_100m"] == 0  # voided before it was corrected


# --- For whom -------------------------------------------------------------------------------------


def test_shared_project_is_one_for_the_city_and_split_between_its_units(project, steel, liubei, luzhai):
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)
    signed(project, 162000, day(1))

    assert {
        (str(scope.task_force or ""), str(scope.unit or "")): values(found, "projects_signed", "contracted")
        for scope, found in figures.all_scopes(["projects_signed", "contracted"], HALF).items()
    } == {
        ("", ""): {"projects_signed": 1, "contracted": 162000},
        (steel.name, ""): {"projects_signed": 1, "contracted": 162000},
        ("", liubei.name): {"projects_signed": 1, "contracted": 97200},
        ("", luzhai.name): {"projects_signed": 1, "contracted": 64800},
    }


def test_shares_are_summed_without_rounding(luzhai, liubei):
    for _n in range(3):
        project = factories.project(reporting_unit=liubei)
        factories.share(project, liubei, Decimal("33.33"))
        factories.share(project, luzhai, Decimal("66.67"))
        signed(project, "0.01", day(1))

    found = figures.compute(["contracted"], HALF, by="unit")
    assert found[liubei]["contracted"].value == Decimal("0.009999")
    assert found[luzhai]["contracted"].value == Decimal("0.020001")


def test_task_force_within_a_unit(project, steel, auto, liubei, luzhai):
    signed(project, 12000, day(1))
    signed(factories.project(task_force=auto, reporting_unit=liubei), 7000, day(1))
    signed(factories.project(task_force=steel, reporting_unit=luzhai), 5000, day(1))

    assert figures_of(scope=Scope(task_force=steel, unit=liubei))["contracted"] == 12000
    by_force = figures.compute(["contracted"], HALF, Scope(unit=liubei), by="task_force")
    assert {force: found["contracted"].value for force, found in by_force.items()} == {
        steel: 12000,
        auto: 7000,
    }


def test_by_month_lists_every_month_beside_its_own_month_a_year_before(project):
    signed(project, 12000, day(1))
    signed(factories.project(), 6000, day(3, year=2024))
    signed(factories.project(), 9000, day(3))

    assert figures.compute(["contracted"], Window(day(1), day(3)), by="month") == {
        day(1, 1): {"contracted": Figure("contracted", Decimal(12000), Decimal(0), None, "万元")},
        day(2, 1): {"contracted": Figure("contracted", Decimal(0), Decimal(0), None, "万元")},
        day(3, 1): {
            "contracted": Figure("contracted", Decimal(9000), Decimal(6000), Decimal("50.0"), "万元")
        },
    }


def test_by_month_over_more_than_a_year_counts_a_month_as_itself_and_as_a_base(project):
    signed(project, 12000, day(3, year=2024))
    signed(factories.project(), 15000, day(3))

    found = figures.compute(["contracted"], Window(day(1, year=2024), day(6)), by="month")
    assert found[day(3, 1, 2024)]["contracted"].value == 12000
    assert found[day(3, 1)]["contracted"] == Figure(
        "contracted", Decimal(15000), Decimal(12000), Decimal("25.0"), "万元"
    )


def test_by_ceremony_counts_what_was_signed_there(project):
    shanghai = factories.ceremony(name="上海", held_on=day(6))
    signed(project, 12000, day(6), ceremony=shanghai)
    signed(factories.project(), 5000, day(6))

    assert figures.compute(["projects_signed", "contracted", "visits"], HALF, by="ceremony") == {
        shanghai: {
            "projects_signed": Figure("projects_signed", 1, 0, None, "个"),
            "contracted": Figure("contracted", Decimal(12000), Decimal(0), None, "万元"),
        }
    }


def test_task_forces_are_those_of_the_years_mechanism_and_any_other_with_rows(steel, auto):
    other = factories.task_force(order=3)
    factories.mechanism(2025, task_forces=(steel,))
    signed(factories.project(task_force=auto), 12000, day(1))

    assert list(figures.compute(["contracted"], HALF, by="task_force")) == [steel, auto]
    assert other not in figures.compute(["contracted"], HALF, by="task_force")


# --- Other rows -----------------------------------------------------------------------------------


def test_visits_and_people_met_belong_to_the_unit_that_led(liubei, luzhai):
    led = factories.visit(day(2), unit=liubei)
    factories.engagement(led)
    factories.engagement(led)
    factories.engagement(factories.visit(day(3), level=VisitLevel.CITY, unit=None))
    factories.visit(day(2, year=2024), unit=liubei)

    codes = ["visits", "visit_targets", "contracted"]
    assert figures.compute(codes[:2], HALF) == {
        "visits": Figure("visits", 2, 1, Decimal("100.0"), "次"),
        "visit_targets": Figure("visit_targets", 3, 0, None, "家"),
    }
    by_unit = figures.compute(codes, HALF, by="unit")
    assert {unit: {code: f.value for code, f in found.items()} for unit, found in by_unit.items()} == {
        liubei: {"visits": 1, "visit_targets": 2, "contracted": 0},
        luzhai: {"visits": 0, "visit_targets": 0, "contracted": 0},
        None: {"visits": 1, "visit_targets": 1},
    }


def test_task_force_has_no_visits_of_its_own(steel):
    factories.visit(day(2))

    assert "visits" not in figures.compute(["visits", "contracted"], HALF, Scope(task_force=steel))
    with pytest.raises(LookupError):
        figures.counted("visits", HALF, Scope(task_force=steel))


def test_project_served_counts_once_however_often_it_changes_hands(project):
    factories.service(project, since=day(1), until=day(3))
    factories.service(project, since=day(3))

    assert figures.compute(["projects_served"], HALF)["projects_served"].value == 1


def test_issues_count_when_raised_and_when_resolved(project, auto, liubei):
    factories.issue(project, raised_on=day(1), state=IssueState.RESOLVED, resolved_on=day(3))
    factories.issue(project, raised_on=day(2))
    factories.issue(factories.project(task_force=auto), raised_on=day(2))

    codes = ("issues_raised", "issues_resolved")
    assert values(figures.compute(codes, HALF), *codes) == {"issues_raised": 3, "issues_resolved": 1}
    of_unit = figures.compute(codes, HALF, Scope(unit=liubei))
    assert values(of_unit, *codes) == {"issues_raised": 2, "issues_resolved": 1}
    of_march = figures.compute(codes, Window.of_month(day(3)))
    assert values(of_march, *codes) == {"issues_raised": 0, "issues_resolved": 1}


def moment(month: int, number: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime(2025, month, number, hour, tzinfo=timezone.get_default_timezone())


def test_as_known_on_a_day_a_reopened_issue_was_resolved(project):
    issue = factories.issue(project, raised_on=day(1), recorded_on=day(1))
    factories.issue_event(issue, IssueState.RESOLVED, on=day(2), recorded_at=moment(2, 12))
    factories.issue_event(issue, IssueState.HANDLING, on=day(4), recorded_at=moment(4, 10))

    def resolved(known_on: datetime.date | None) -> object:
        window = Window(HALF.first_month, HALF.last_month, known_on)
        return figures.compute(["issues_resolved"], window)["issues_resolved"].value

    known = {None: 0, day(2, 11): 0, day(2, 12): 1, day(4, 9): 1, day(4, 10): 0}
    assert {on: resolved(on) for on in known} == known


def test_visits_are_known_from_the_day_on_which_the_office_heard_of_them(liubei):
    factories.visit(day(2), unit=liubei, recorded_on=day(2, 10))

    for known_on, visits in ((day(2, 9), 0), (day(2, 10), 1)):
        window = Window(HALF.first_month, HALF.last_month, known_on)
        assert figures.compute(["visits"], window)["visits"].value == visits


def test_started_counts_the_move_into_works_less_corrections(project):
    factories.stage_change(project, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(2))
    factories.stage_change(project, Stage.CONSTRUCTION, source=Stage.COMMENCEMENT, on=day(3))
    other = factories.project()
    factories.stage_change(other, Stage.PRODUCTION, source=Stage.SIGNING, on=day(2))
    factories.stage_change(other, Stage.SIGNING, source=Stage.PRODUCTION, on=day(4))

    codes = ("started", "produced")
    assert values(figures.compute(codes, Window.of_month(day(2))), *codes) == {"started": 2, "produced": 1}
    assert values(figures.compute(codes, Window.of_month(day(4))), *codes) == {"started": -1, "produced": -1}
    assert values(figures.compute(codes, HALF), *codes) == {"started": 1, "produced": 0}


def test_arrivals_are_moves_forwards_and_count_a_project_once(project):
    factories.stage_change(project, Stage.SIGNING, source=Stage.NEGOTIATION, on=day(2, 3))
    factories.stage_change(project, Stage.NEGOTIATION, source=Stage.SIGNING, on=day(2, 5))
    factories.stage_change(project, Stage.SIGNING, source=Stage.NEGOTIATION, on=day(2, 9))
    factories.stage_change(factories.project(), Stage.NEGOTIATION, on=day(2, 9))

    codes = ("arrived_negotiation", "arrived_signing", "arrived_commencement")
    assert values(figures.compute(codes, Window.of_month(day(2))), *codes) == {
        "arrived_negotiation": 1,
        "arrived_signing": 1,
        "arrived_commencement": 0,
    }


def test_start_rate_looks_at_the_end_of_each_window(project):
    signed(project, 12000, day(1))
    factories.stage_change(project, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(7))
    early = factories.project()
    signed(early, 5000, day(2))
    factories.stage_change(early, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(5))
    last_year = factories.project()
    signed(last_year, 5000, day(2, year=2024))
    factories.stage_change(last_year, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(8, year=2024))

    assert figures.compute(["signed_started", "start_rate"], HALF) == {
        "signed_started": Figure("signed_started", 1, 0, None, "个"),
        "start_rate": Figure("start_rate", Decimal(50), Decimal(0), None, "%"),
    }


def test_stalled_items_are_a_stock_at_the_end_of_the_window(project):
    item = factories.item(project)
    factories.stall_flag(item, code="S1", raised_on=day(2), cleared_on=day(4))
    factories.stall_flag(item, code="S2", raised_on=day(3), cleared_on=day(7))
    factories.stall_flag(raised_on=day(3))

    stalled = figures.compute(["stalled_items"], Window(day(1), day(7)), by="month")
    by_month = {month.month: found["stalled_items"].value for month, found in stalled.items()}
    assert by_month == {1: 0, 2: 1, 3: 2, 4: 2, 5: 2, 6: 2, 7: 1}
    assert figures.compute(["stalled_items"], HALF)["stalled_items"].value == 2


def test_unknown_indicator_is_refused():
    with pytest.raises(UnknownIndicator):
        figures.compute(["happiness"], HALF)


# --- Opening a figure -----------------------------------------------------------------------------


@pytest.fixture
def city(steel, auto, liubei, luzhai) -> list[Scope]:
    """A little of everything, in two years."""
    first = factories.project(task_force=steel, reporting_unit=liubei)
    factories.share(first, liubei, 60)
    factories.share(first, luzhai, 40)
    signed(first, 162000, day(1))
    signed(first, 8000, day(3), kind=EventKind.ADD_ON)
    second = factories.project(task_force=auto, reporting_unit=luzhai)
    signed(second, 30000, day(2))
    signed(second, -30000, day(5), kind=EventKind.VOIDED)
    third = factories.project(task_force=auto, reporting_unit=luzhai, is_industrial=False)
    signed(third, "14317.20", day(4, year=2024))
    factories.stage_change(first, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(5))
    factories.engagement(factories.visit(day(2), unit=liubei))
    factories.service(first, since=day(2))
    factories.issue(second, raised_on=day(2), state=IssueState.RESOLVED, resolved_on=day(3))
    factories.stall_flag(factories.item(first), raised_on=day(6))
    return [CITY, *(Scope(task_force=force) for force in (steel, auto)), *map(_of_unit, (liubei, luzhai))]


def _of_unit(unit: ReportingUnit) -> Scope:
    return Scope(unit=unit)


def test_rows_behind_a_figure_add_up_to_it(city):
    for scope in city:
        for code, figure in figures.compute(CODES, HALF, scope).items():
            found, rows = figure.indicator, list(figures.counted(code, HALF, scope))
            if isinstance(found, Rate):
                assert _share(found, rows) == (figure.value or 0), code
            elif found.is_amount:
                assert figures.in_wan(sum(row.part for row in rows)) == figure.value, code
                assert all(row.part for row in rows), code
            else:
                assert len(rows) == figure.value, code


def _share(found: Rate, rows: list[Any]) -> Decimal:
    """What the rows of a rate come to; one counted from other rows has no numerator here (and no funds)."""
    adds = [row.part if found.denominator.is_amount else 1 for row in rows]
    above = [added for added, row in zip(adds, rows, strict=True) if getattr(row, "in_numerator", False)]
    return Decimal(sum(above)) * 100 / sum(adds) if adds else Decimal(0)


def test_breakdowns_from_one_reading_say_what_each_says_alone(city):
    found = figures.together(CODES, HALF, by=(None, "month", "task_force", "ceremony"))

    assert found == {
        None: {None: figures.compute(CODES, HALF)},
        "month": figures.compute(CODES, HALF, by="month"),
        "task_force": figures.compute(CODES, HALF, by="task_force"),
        "ceremony": figures.compute(CODES, HALF, by="ceremony"),
    }


def test_all_scopes_at_once_say_what_each_says_alone(city):
    together = figures.all_scopes(CODES, HALF)
    ids = figures.counted_ids(CODES, HALF)

    assert {scope: together[scope] for scope in city} == {
        scope: figures.compute(CODES, HALF, scope) for scope in city
    }
    assert {scope: ids[scope] for scope in city} == {
        scope: {
            code: sorted(figures.counted(code, HALF, scope).values_list("pk", flat=True))
            for code in figures.compute(CODES, HALF, scope)
        }
        for scope in city
    }


def test_queries_do_not_grow_with_the_city(city):
    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as figures_asked:
            figures.all_scopes(CODES, HALF)
        with CaptureQueriesContext(connection) as ids_asked:
            figures.counted_ids(CODES, HALF)
        return len(figures_asked), len(ids_asked)

    before = queries()
    for _n in range(3):
        signed(factories.project(), 12000, day(2))
        factories.visit(day(2))
        factories.issue(raised_on=day(2))
        factories.stall_flag(raised_on=day(2))
    assert queries() == before
    assert before == (28, 15)


# --- Whatever happens -----------------------------------------------------------------------------

happenings = st.lists(
    st.tuples(
        st.integers(0, 5),  # project
        st.sampled_from(
            [EventKind.SIGNED, EventKind.ADD_ON, EventKind.REDUCED, EventKind.VOIDED, EventKind.CORRECTION]
        ),
        st.integers(1, 3_000_000_00),  # cents
        st.dates(datetime.date(2024, 1, 1), datetime.date(2025, 12, 31)),
        st.integers(0, 120),  # days until verified
    ),
    max_size=12,
)
percents = st.lists(st.integers(1, 9999), min_size=3, max_size=3)
quick = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def undone() -> Iterator[None]:
    """What a generated history wrote is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def play(history: list[Any], split: list[int], by: User) -> None:
    """Six projects, three of them shared; January to March 2025 closed on the 5th of the next month."""
    forces = [factories.task_force() for _n in range(2)]
    units = [factories.unit() for _n in range(3)]
    investor = factories.enterprise()
    projects = [
        factories.project(
            task_force=forces[n % 2],
            reporting_unit=units[n % 3],
            is_industrial=n != 4,
            enterprise=investor,
            created_by=by,
        )
        for n in range(6)
    ]
    for project, part in zip(projects, split, strict=False):
        factories.share(project, units[0], Decimal(part) / 100)
        factories.share(project, units[1], Decimal(10_000 - part) / 100)
    for month in (1, 2, 3):
        factories.period(datetime.date(2025, month, 1), closed_on=day(month + 1, 5))
    for number, kind, cents, on, wait in history:
        takes_back = kind in (EventKind.REDUCED, EventKind.VOIDED)
        factories.verified_event(
            projects[number],
            kind=kind,
            amount=Decimal(-cents if takes_back else cents) / 100,
            signed_on=on,
            verified_on=on + datetime.timedelta(days=wait),
            recorded_by=by,
            verified_by=by,
        )


YEAR = Window(datetime.date(2025, 1, 1), datetime.date(2025, 12, 1))
EVENT_CODES = (*AMOUNTS, "add_ons", "voids")
MONEY = ("contracted", "contracted_industrial_100m", "add_ons", "voids")


@quick
@given(happenings, percents)
def test_parts_add_up_to_the_city_whatever_is_signed(leader, history, split):
    with undone():
        play(history, split, leader)
        whole = figures.compute(MONEY, YEAR)
        for by in ("unit", "task_force", "month"):
            parts = figures.compute(MONEY, YEAR, by=by)
            for code in MONEY:
                assert sum(found[code].value for found in parts.values()) == whole[code].value
                assert sum(found[code].base for found in parts.values()) == whole[code].base
        for code in MONEY:
            assert figures.in_wan(sum(row.part for row in figures.counted(code, YEAR))) == whole[code].value


@quick
@given(happenings, percents, st.randoms(use_true_random=False))
def test_order_of_entry_does_not_matter(leader, history, split, random):
    def answer(history: list[Any]) -> dict[str, Figure]:
        with undone():
            play(history, split, leader)
            return figures.compute(EVENT_CODES, YEAR)

    shuffled = random.sample(history, len(history))
    assert answer(shuffled) == answer(history)


@quick
@given(happenings, percents, st.dates(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)))
def test_framework_agreement_never_changes_a_figure(leader, history, split, on):
    with undone():
        play(history, split, leader)
        before = figures.all_scopes(EVENT_CODES, YEAR)
        for project in Project.objects.all():
            factories.verified_event(
                project, kind=EventKind.FRAMEWORK, amount=Decimal(0), signed_on=on, recorded_by=leader
            )
        assert figures.all_scopes(EVENT_CODES, YEAR) == before


@quick
@given(happenings, percents)
def test_a_project_is_new_at_most_once(leader, history, split):
    ever = Window(datetime.date(2023, 1, 1), datetime.date(2027, 12, 1))
    with undone():
        play(history, split, leader)
        signed_projects = ContractEvent.objects.verified().filter(kind=EventKind.SIGNED).values("project")
        new = sum(f["projects_signed"].value for f in figures.compute(CODES, ever, by="month").values())
        assert new == signed_projects.distinct().count()


# --- From the shell -------------------------------------------------------------------------------


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command("figures", *arguments, stdout=out)
    return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()


SPAN = ("--from", "2025-01", "--to", "2025-06")


def test_command_prints_plain_numbers(project):
    signed(project, "14317.2", day(1))
    signed(factories.project(), 10000, day(1, year=2024))

    found = run(*SPAN, "--json")
    assert list(found) == list(CODES)
    passports = {code: found[code].pop("passport") for code in found}
    assert {found[code].pop("target") for code in found} == {None}
    assert passports["contracted"] == "P-contracted-2025-06-Y-city-R202501v1"
    assert found["contracted"] == {"value": 14317.2, "base": 10000, "yoy_percent": 43.2, "unit": "万元"}
    assert found["projects_signed"] == {"value": 1, "base": 1, "yoy_percent": 0, "unit": "个"}
    assert found["start_rate"] == {"value": 0, "base": 0, "yoy_percent": None, "unit": "%"}


@pytest.mark.parametrize("name", ["450205", "柳北区", "柳北", "Liubei District"])
def test_command_finds_a_unit_by_any_of_its_names(project, luzhai, name):
    signed(project, 12000, day(1))
    signed(factories.project(reporting_unit=luzhai), 7000, day(1))

    assert run(*SPAN, "--unit", name, "--json")["contracted"]["value"] == 12000


def test_command_narrows_to_a_task_force_and_groups(project, auto, liubei):
    signed(project, 12000, day(1))
    signed(factories.project(task_force=auto, reporting_unit=liubei), 7000, day(2))

    by_force = run(*SPAN, "--by", "task_force", "--json")
    assert {name: found["contracted"]["value"] for name, found in by_force.items()} == {
        "钢铁专班": 12000,
        "汽车专班": 7000,
    }
    by_month = run(*SPAN, "--task-force", "Steel", "--by", "month", "--json")
    assert {name: found["contracted"]["value"] for name, found in by_month.items()} == {
        "2025-01": 12000,
        **{f"2025-0{month}": 0 for month in range(2, 7)},
    }


def test_command_names_ceremonies_and_what_the_city_led_itself(project):
    signed(project, 12000, day(6), ceremony=factories.ceremony(name="上海", held_on=day(6)))
    factories.visit(day(2), level=VisitLevel.CITY, unit=None)

    assert run(*SPAN, "--by", "ceremony", "--json")["上海"]["contracted"]["value"] == 12000
    assert run(*SPAN, "--by", "unit", "--json")["市本级"]["visits"]["value"] == 1


def test_command_asks_as_known_on_a_day(project):
    signed(project, 12000, day(1), verified_on=day(3))

    assert run(*SPAN, "--as-known-on", "2025-02-28", "--json")["contracted"]["value"] == 0
    assert run(*SPAN, "--as-known-on", "2025-03-31", "--json")["contracted"]["value"] == 12000


def test_command_prints_a_table(project):
    signed(project, 12000, day(1))

    lines = [line.split()[:5] for line in run(*SPAN).splitlines()]
    assert ["contracted", "12,000", "万元", "0", "—"] in lines


@pytest.mark.parametrize(
    "arguments",
    [
        (*SPAN, "--unit", "Atlantis"),
        (*SPAN, "--task-force", ""),
        ("--from", "2025-1", "--to", "2025-06"),
        ("--from", "2025-13", "--to", "2025-06"),
        ("--from", "2025-06", "--to", "2025-01"),
        (*SPAN, "--as-known-on", "yesterday"),
    ],
)
def test_command_refuses_what_it_does_not_understand(steel, liubei, arguments):
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2


# --- Months of account ----------------------------------------------------------------------------


def test_month_is_closed_once_its_briefings_are_out(leader):
    periods.period(day(5))
    closed = periods.close(day(5), by=leader, on=day(6, 5))

    assert (closed.month, closed.closed_on, closed.closed_by) == (day(5, 1), day(6, 5), leader)
    with pytest.raises(periods.CannotClose, match="2025-06-05"):
        periods.close(day(5), by=leader, on=day(6, 6))


def test_month_does_not_close_over_an_unpublished_briefing_or_before_its_end(leader):
    factories.briefing(periods.period(day(5)))

    with pytest.raises(periods.CannotClose):
        periods.close(day(5), by=leader, on=day(6, 5))
    with pytest.raises(periods.CannotClose):
        periods.close(day(4), by=leader, on=day(4, 30))
    assert periods.period(day(5)).closed_on is None


def test_project_handed_over_in_a_later_period_is_not_taken_on_again(project):
    factories.service(project, since=datetime.date(2025, 3, 3), until=datetime.date(2026, 2, 2))
    factories.service(project, since=datetime.date(2026, 2, 2))

    window = figures.Window(datetime.date(2026, 1, 1), datetime.date(2026, 6, 30))
    assert figures.compute(["projects_served"], window)["projects_served"].value == 0
