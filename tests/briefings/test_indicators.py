"""Stocks, conversion, rates and money of the seven batches, each told a second time in plain words."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from briefings import figures, gathering
from briefings.figures import CITY, Figure, Scope, Window
from briefings.indicators import INDICATORS, STAYS, SUBJECTS
from projects.choices import EventKind, Stage, Status
from projects.models import (
    ContractEvent,
    ContractVerdict,
    ProgressReport,
    Project,
    StageChange,
    StatusChange,
)
from taskforces.models import ReportingUnit, TaskForce
from tests import factories

pytestmark = pytest.mark.django_db

HALF = Window(datetime.date(2025, 1, 1), datetime.date(2025, 6, 1))
MARCH = Window.of_month(datetime.date(2025, 3, 1))


def day(month: int, number: int = 10, year: int = 2025) -> datetime.date:
    return datetime.date(year, month, number)


def moved(project: Project, *moves: tuple[str, datetime.date]) -> None:
    """Into these batches on these days, known on the same day."""
    source = ""
    for target, on in moves:
        at = datetime.datetime.combine(on, datetime.time(12), timezone.get_default_timezone())
        factories.stage_change(project, target, source=source, on=on, recorded_at=at)
        source = target


def ended(project: Project, on: datetime.date) -> None:
    StatusChange.objects.create(
        project=project,
        source=Status.ACTIVE,
        target=Status.ENDED,
        reason="企业放弃投资",
        on=on,
        by=project.created_by,
        recorded_at=datetime.datetime.combine(on, datetime.time(12), timezone.get_default_timezone()),
    )


def value(code: str, window: Window = HALF, scope: Scope = CITY) -> Any:
    return figures.compute([code], window, scope)[code].value


@pytest.fixture
def project(steel: TaskForce, liubei: ReportingUnit) -> Project:
    return factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)


# --- What stands in a batch -----------------------------------------------------------------------


def test_project_stands_in_the_batch_it_moved_to_last(project):
    moved(project, ("negotiation", day(1)), ("signing", day(3)), ("commencement", day(3)))
    ended(project, day(5))

    def standing(month: int) -> dict[str, int]:
        window = Window.of_month(day(month))
        return {stage: n for stage in Stage.values if (n := value(f"standing_{stage}", window))}

    assert [standing(month) for month in (1, 2, 3, 4, 5)] == [
        {"negotiation": 1},
        {"negotiation": 1},
        {"commencement": 1},
        {"commencement": 1},
        {},
    ]


def test_stock_as_known_on_a_day_does_not_know_what_was_entered_later(project):
    moved(project, ("negotiation", day(1)))
    entered = datetime.datetime(2025, 5, 6, 12, tzinfo=timezone.get_default_timezone())
    factories.stage_change(project, "signing", source="negotiation", on=day(3), recorded_at=entered)

    march = {known: Window.of_month(day(3), known) for known in (None, day(5, 5), day(5, 6))}
    assert {known: value("standing_signing", window) for known, window in march.items()} == {
        None: 1,
        day(5, 5): 0,
        day(5, 6): 1,
    }


def test_what_a_batch_holds_moves_on_with_its_projects(project, liubei, luzhai):
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)
    moved(project, ("signing", day(1)), ("commencement", day(4)))
    factories.verified_event(project, amount=Decimal("10000.01"), signed_on=day(2))
    factories.verified_event(project, kind=EventKind.ADD_ON, amount=Decimal(500), signed_on=day(5))

    by_month = figures.compute(["standing_amount_signing", "standing_amount_commencement"], HALF, by="month")
    assert [tuple(f.value for f in found.values()) for found in by_month.values()] == [
        (0, 0),
        (Decimal("10000.01"), 0),
        (Decimal("10000.01"), 0),
        (0, Decimal("10000.01")),
        (0, Decimal("10500.01")),
        (0, Decimal("10500.01")),
    ]
    assert value("standing_amount_commencement", HALF, Scope(unit=luzhai)) == Decimal("4200.004")


def test_stock_says_what_the_briefings_say(project, steel, luzhai):
    """See also `gathering.Batches`, which tells it of one day."""
    moved(project, ("signing", day(1)))
    factories.verified_event(project, signed_on=day(1))
    given_up = factories.project(task_force=steel, reporting_unit=luzhai)
    moved(given_up, ("negotiation", day(2)))
    ended(given_up, day(3))
    mechanism = factories.mechanism(2025, task_forces=(steel,))

    told = gathering.Batches(mechanism, HALF.last_day)
    for scope in (CITY, Scope(task_force=steel), Scope(unit=luzhai)):
        assert [(row["count"], Decimal(row["amount"])) for row in told.of(scope)] == [
            (value(f"standing_{stage}", HALF, scope), value(f"standing_amount_{stage}", HALF, scope))
            for stage in Stage.values
        ]


# --- Conversion ---------------------------------------------------------------------------------------


def test_signing_rate_is_of_all_that_were_under_negotiation(steel, liubei):
    stood, came, stayed, left_before = (factories.project(task_force=steel) for _n in range(4))
    moved(stood, ("negotiation", day(1)), ("signing", day(3)))
    moved(came, ("negotiation", day(3)), ("signing", day(3, 20)))
    moved(stayed, ("negotiation", day(1)), ("signing", day(4)))
    moved(left_before, ("negotiation", day(1)), ("signing", day(2)))

    codes = ("in_negotiation", "passed_negotiation", "signing_rate")
    assert [figures.compute(codes, MARCH)[code].value for code in codes] == [3, 2, Decimal(200) / 3]


def test_project_taken_back_passes_a_batch_once(project):
    moved(
        project,
        ("negotiation", day(3, 1)),
        ("signing", day(3, 5)),
        ("negotiation", day(3, 8)),
        ("signing", day(3, 9)),
    )

    assert (value("in_negotiation", MARCH), value("passed_negotiation", MARCH)) == (1, 1)
    assert value("conversion_signing", MARCH) == 0  # taking back is no moving on


# --- Money and rates ------------------------------------------------------------------------------------


def reported(project: Project, month: int, **fields: Any) -> None:
    given = {"recorded_on": day(month, 28), **fields}
    factories.progress_report(project, day(month, 1), **given)


def test_funds_are_what_stands_at_the_end_less_what_stood_before(project):
    reported(project, 1, funds_in_place=Decimal(1000), invested=Decimal(500))
    reported(project, 4, funds_in_place=Decimal("1800.50"), invested=Decimal(400))
    reported(
        project, 4, funds_in_place=Decimal("1900.50"), invested=Decimal(450), version=2, recorded_on=day(5)
    )

    def flows(known_on: datetime.date | None = None) -> list[Any]:
        found = figures.compute(["funds_in_place", "invested"], Window(day(1), day(6), known_on), by="month")
        return [(month.month, *(f.value for f in of.values())) for month, of in found.items()]

    assert flows() == [
        (1, 1000, 500),
        (2, 0, 0),
        (3, 0, 0),
        (4, Decimal("900.50"), -50),
        (5, 0, 0),
        (6, 0, 0),
    ]
    assert flows(day(4, 30))[3] == (4, Decimal("800.50"), -100)
    assert flows(day(4, 27))[3] == (4, 0, 0)


def test_rates_look_at_the_end_of_their_months(project, steel):
    factories.verified_event(project, amount=Decimal(8000), signed_on=day(1))
    reported(project, 3, funds_in_place=Decimal(2000))
    idle = factories.project(task_force=steel)
    factories.verified_event(idle, amount=Decimal(12000), signed_on=day(2))
    moved(idle, ("signing", day(2)), ("production", day(7)))

    rates = ("start_rate", "production_rate", "fulfilment_rate", "fulfilment_rate_by_amount", "funds_rate")
    assert {code: figure.value for code, figure in figures.compute(rates, HALF).items()} == {
        "start_rate": 0,
        "production_rate": 0,
        "fulfilment_rate": 50,
        "fulfilment_rate_by_amount": 40,
        "funds_rate": 10,
    }
    to_july = Window(day(1), day(7))
    assert {code: figure.value for code, figure in figures.compute(rates, to_july).items()} == {
        "start_rate": 50,
        "production_rate": 50,
        "fulfilment_rate": 100,
        "fulfilment_rate_by_amount": 100,
        "funds_rate": 10,
    }


def test_voids_and_add_ons_count_projects_once(project):
    factories.verified_event(project, signed_on=day(1))
    for number in (3, 4):
        factories.verified_event(
            project, kind=EventKind.ADD_ON, amount=Decimal(100), signed_on=day(2, number)
        )
    factories.verified_event(project, kind=EventKind.VOIDED, amount=Decimal(-12700), signed_on=day(4))

    assert (value("add_on_projects"), value("voided_projects")) == (1, 1)
    assert figures.compute(["voided_projects"], HALF)["voided_projects"] == Figure(
        "voided_projects", 1, 0, None, "个"
    )


def test_every_indicator_stands_in_the_legend_once_and_says_how_it_is_counted():
    codes = [found.code for subject in SUBJECTS for found in subject.indicators]

    assert len(codes) == len(set(codes)) == len(INDICATORS)
    assert all(str(found.formula).endswith((".", "。")) and str(found.name) for found in INDICATORS.values())


# --- Random histories, counted a second time ----------------------------------------------------------

DAYS = st.integers(0, 900).map(lambda n: datetime.date(2023, 7, 1) + datetime.timedelta(days=n))


@dataclass(frozen=True)
class Life:
    """What happens to one project: batches it moves to with their days, when it is given up, what it
    contracts, what it reports; each with the days until the office knows."""

    moves: list[tuple[datetime.date, str, int]]
    ends_after: int | None
    events: list[tuple[datetime.date, int, int]]
    reports: list[tuple[int, int, int, int]]
    unit_part: int


LIVES = st.lists(
    st.builds(
        Life,
        moves=st.lists(
            st.tuples(DAYS, st.sampled_from(Stage.values), st.integers(0, 60)), min_size=1, max_size=5
        ).map(sorted),
        ends_after=st.none() | st.integers(0, 200),
        events=st.lists(st.tuples(DAYS, st.integers(1, 10**8), st.integers(0, 60)), max_size=3).map(sorted),
        reports=st.lists(
            st.tuples(st.integers(0, 29), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 90)),
            max_size=4,
        ),
        unit_part=st.integers(0, 9999),
    ),
    min_size=1,
    max_size=4,
)
WINDOWS = st.builds(
    lambda month, length, wait: Window(
        month_of(month),
        month_of(month + length),
        None if wait is None else month_of(month + length) + datetime.timedelta(days=wait),
    ),
    st.integers(6, 20),
    st.integers(0, 8),
    st.none() | st.integers(0, 90),
)
quick = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def month_of(number: int) -> datetime.date:
    """Months from July 2023."""
    return datetime.date(2023 + (6 + number) // 12, (6 + number) % 12 + 1, 1)


def noon(on: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(on, datetime.time(12), timezone.get_default_timezone())


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def live(lives: list[Life], by: User) -> None:
    forces = [factories.task_force() for _n in range(2)]
    units = [factories.unit() for _n in range(2)]
    investor = factories.enterprise()
    for number, life in enumerate(lives):
        project = factories.project(
            task_force=forces[number % 2],
            reporting_unit=units[number % 2],
            enterprise=investor,
            created_by=by,
        )
        if life.unit_part:
            factories.share(project, units[0], Decimal(life.unit_part) / 100)
            factories.share(project, units[1], Decimal(10_000 - life.unit_part) / 100)
        play(project, life, by)


def play(project: Project, life: Life, by: User) -> None:
    source = ""
    for on, target, wait in life.moves:
        if target != source:
            at = noon(on + datetime.timedelta(days=wait))
            StageChange.objects.create(
                project=project, source=source, target=target, on=on, by=by, recorded_at=at
            )
            source = target
    if life.ends_after is not None:
        ended(project, life.moves[-1][0] + datetime.timedelta(days=life.ends_after))
    for number, (on, cents, wait) in enumerate(life.events):
        known = on + datetime.timedelta(days=wait)
        event = ContractEvent.objects.create(
            project=project,
            kind=EventKind.ADD_ON if number else EventKind.SIGNED,
            amount=Decimal(cents) / 100,
            signed_on=on,
            recorded_on=known,
            recorded_by=by,
        )
        ContractVerdict.objects.create(event=event, verdict="verified", on=known, by=by)
    versions: dict[int, int] = {}
    for number, funds, invested, wait in life.reports:
        versions[number] = versions.get(number, 0) + 1
        ProgressReport.objects.create(
            project=project,
            month=month_of(number),
            version=versions[number],
            funds_in_place=Decimal(funds) / 100,
            invested=Decimal(invested) / 100,
            by=by,
            recorded_on=month_of(number) + datetime.timedelta(days=wait),
        )


@dataclass
class Told:
    """One project's life as the office knew it on a day, without a word of SQL."""

    project: Project
    known_on: datetime.date | None

    def knew(self, on: datetime.date) -> bool:
        return self.known_on is None or on <= self.known_on

    def moves(self) -> list[StageChange]:
        rows = self.project.stage_changes.all()
        known = [row for row in rows if self.knew(timezone.localdate(row.recorded_at))]
        return sorted(known, key=lambda row: (row.on, row.pk))

    def ended_on(self) -> datetime.date | None:
        return min((row.on for row in self.project.status_changes.all() if self.knew(row.on)), default=None)

    def batch_on(self, on: datetime.date) -> str:
        past = [move.target for move in self.moves() if move.on <= on]
        is_ended = (end := self.ended_on()) is not None and end <= on
        return past[-1] if past and not is_ended else ""

    def events(self) -> list[ContractEvent]:
        return [
            event
            for event in self.project.contract_events.order_by("pk")
            if self.knew(event.recorded_on) and self.knew(event.verdict.on)
        ]

    def contracted_by(self, on: datetime.date) -> Decimal:
        return sum((event.amount for event in self.events() if event.signed_on <= on), Decimal(0))

    def reported_by(self, month: datetime.date, name: str) -> Decimal:
        """The last version of the last month told of, up to this one."""
        rows = [
            row
            for row in self.project.progress_reports.all()
            if row.month <= month and self.knew(row.recorded_on)
        ]
        return getattr(max(rows, key=lambda row: (row.month, row.version)), name) if rows else Decimal(0)

    def since(self, stage: Stage) -> datetime.date | None:
        """The day of the last move over the threshold of a batch, if it led forwards."""
        days = [
            (move.on if Stage(move.target).rank >= stage.rank else None)
            for move in self.moves()
            if (Stage(move.target).rank >= stage.rank)
            != (bool(move.source) and Stage(move.source).rank >= stage.rank)
        ]
        return days[-1] if days else None

    def arrivals(self, stage: Stage) -> list[datetime.date]:
        """The first day of each year on which the project came forwards into a batch."""
        days = [
            move.on
            for move in self.moves()
            if move.target == stage and (not move.source or Stage(move.source).rank < stage.rank)
        ]
        return list({day.year: day for day in sorted(days, reverse=True)}.values())

    def passing(self, stage: Stage, window: Window) -> tuple[bool, bool]:
        """Whether the project was in a batch on a day of the window, and whether it moved on in it."""
        moves, inside, moved_on = self.moves(), False, False
        for move, following in zip(moves, [*moves[1:], None], strict=False):
            days = [following.on if following else None, self.ended_on()]
            left = min((on for on in days if on is not None), default=None)
            here = move.target == stage and move.on <= window.last_day
            if here and (left is None or left >= window.first_day):
                inside = True
                onward = following is not None and Stage(following.target).rank > stage.rank
                moved_on |= onward and left is not None and left <= window.last_day
        return inside, moved_on


def naive(window: Window) -> dict[str, Any]:
    """The city's new figures, project by project."""
    told = [Told(project, window.as_known_on) for project in Project.objects.all()]
    answer: dict[str, Any] = {}
    for stage in Stage:
        standing = [one for one in told if one.batch_on(window.stock_day) == stage]
        answer[f"standing_{stage}"] = len(standing)
        answer[f"standing_amount_{stage}"] = sum(one.contracted_by(window.stock_day) for one in standing)
        arrived = [one for one in told for on in one.arrivals(stage) if window.contains(on)]
        answer[f"arrived_amount_{stage}"] = sum(one.contracted_by(window.last_day) for one in arrived)
        if stage != Stage.FULL_CAPACITY:
            passing = [one.passing(stage, window) for one in told]
            answer[f"in_{stage}"] = sum(inside for inside, _on in passing)
            answer[f"passed_{stage}"] = sum(on for _inside, on in passing)
    before = window.first_month - datetime.timedelta(days=1)
    for code, name in (("funds_in_place", "funds_in_place"), ("invested", "invested")):
        answer[code] = sum(
            one.reported_by(window.last_month, name) - one.reported_by(before.replace(day=1), name)
            for one in told
        )
    return answer | _cohort(told, window)


def _cohort(told: list[Told], window: Window) -> dict[str, Any]:
    new = [
        (one, event)
        for one in told
        for event in one.events()
        if event.kind == EventKind.SIGNED and window.contains(event.signed_on)
    ]

    def done(on: datetime.date | None) -> bool:
        return on is not None and on <= window.last_day

    producing = [one for one, _event in new if done(one.since(Stage.PRODUCTION))]
    fulfilled = [
        event.amount
        for one, event in new
        if done(one.since(Stage.COMMENCEMENT))
        or any(report.funds_in_place > 0 and report.month <= window.last_month for report in _standing(one))
    ]
    return {
        "signed_producing": len(producing),
        "signed_fulfilled": len(fulfilled),
        "contracts_fulfilled": sum(fulfilled),
        "first_contracts": sum(event.amount for _one, event in new),
        "signed_funds": sum(one.reported_by(window.last_month, "funds_in_place") for one, _event in new),
    }


def _standing(told: Told) -> list[ProgressReport]:
    rows = [row for row in told.project.progress_reports.all() if told.knew(row.recorded_on)]
    return list({row.month: row for row in sorted(rows, key=lambda row: row.version)}.values())


NEW_CODES = [
    *(f"standing_{stage}" for stage in Stage.values),
    *(f"standing_amount_{stage}" for stage in Stage.values),
    *(f"arrived_amount_{stage}" for stage in Stage.values),
    *(f"{kind}_{stage}" for stage in Stage.values[:-1] for kind in ("in", "passed")),
    "funds_in_place",
    "invested",
    "signed_producing",
    "signed_fulfilled",
    "contracts_fulfilled",
    "first_contracts",
    "signed_funds",
]
AMOUNTS = [code for code in NEW_CODES if INDICATORS[code].is_amount]


@quick
@given(LIVES, WINDOWS)
def test_each_figure_is_what_a_second_count_says(leader, lives, window):
    with undone():
        live(lives, leader)
        found = figures.compute(NEW_CODES, window)

        assert {code: figure.value for code, figure in found.items()} == naive(window)
        assert {code: figure.base for code, figure in found.items()} == naive(window.base)


@quick
@given(LIVES, WINDOWS)
def test_amounts_of_the_units_and_task_forces_add_up_to_the_citys(leader, lives, window):
    with undone():
        live(lives, leader)
        whole = figures.compute(AMOUNTS, window)
        for by in ("unit", "task_force"):
            parts = figures.compute(AMOUNTS, window, by=by)
            for code in AMOUNTS:
                assert sum(found[code].value for found in parts.values()) == whole[code].value
                assert sum(found[code].base for found in parts.values()) == whole[code].base
        for code in AMOUNTS:
            rows = figures.counted(code, window)
            assert figures.in_wan(sum(row.part for row in rows)) == whole[code].value


@quick
@given(LIVES, WINDOWS)
def test_stock_at_the_end_is_that_of_the_beginning_with_who_came_and_without_who_left(leader, lives, window):
    with undone():
        live(lives, leader)
        window = Window(window.first_month, window.last_month)
        earlier = Window.of_month(window.first_month - datetime.timedelta(days=1))
        for stage in Stage:
            stays = STAYS.rows(window).filter(target=stage)
            came = stays.filter(on__range=(window.first_day, window.last_day))
            left = stays.filter(left_on__range=(window.first_day, window.last_day))
            code = f"standing_{stage}"
            assert value(code, window) == value(code, earlier) + came.count() - left.count()
