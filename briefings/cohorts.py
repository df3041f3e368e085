"""Cohorts 签约月队列: of what was signed in a month, the share that works had begun on, and that produced,
after 3, 6 and 12 months.

A project belongs to the month in which it was signed, once, whenever it was verified; its amount is what
was signed, as corrected since. “After 3 months” is by the last day of the third month that follows: what
lies behind that day is judged alike for all projects of the month, and a day still to come is not yet,
never nought. A project that was moved back has not begun; a voided one stays among the signed.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, TypeVar

from django.db.models import QuerySet

from briefings import counting
from briefings.figures import CITY, Scope, Window
from briefings.indicators import MOVES
from core import clock
from projects.choices import EventKind
from projects.models import Share
from taskforces.models import ReportingUnit, TaskForce

AFTER = (3, 6, 12)
STARTED, PRODUCING = "started", "producing"
WHAT = (STARTED, PRODUCING)

G = TypeVar("G", bound=Hashable)


@dataclass
class Member:
    """A signed project. `cents` are those of the scope asked for: a unit has its share of them."""

    project: int
    task_force: int
    month: datetime.date
    cents: Fraction
    # The units in whose totals it counts, with their parts of the whole.
    units: dict[int, Fraction]
    since: dict[str, datetime.date] = field(default_factory=dict)

    def made(self, what: str, after: int) -> bool:
        day = self.since.get(what)
        return day is not None and day <= deadline(self.month, after)


@dataclass(frozen=True)
class Part:
    """So many projects and so much (cents of 万元) of those that had the time."""

    count: int
    cents: Fraction
    of_count: int
    of_cents: Fraction

    @property
    def percent(self) -> Decimal:
        return _percent(Fraction(self.count, self.of_count))

    @property
    def percent_of_amount(self) -> Decimal:
        return _percent(self.cents / self.of_cents) if self.of_cents else Decimal(0)


@dataclass(frozen=True)
class Cohort:
    """What was signed in a month, or by a task force or unit in several; a part that no project has had
    the time for is None: not yet."""

    count: int
    cents: Fraction
    parts: dict[tuple[str, int], Part | None]

    @property
    def amount(self) -> Decimal:
        """万元, unrounded as far as money goes."""
        return Decimal(round(self.cents)) / 100


def deadline(month: datetime.date, after: int) -> datetime.date:
    """The last day of the month so many months after."""
    for _turn in range(after):
        month = clock.next_month(month)
    return clock.month_end(month)


# --- Reading ------------------------------------------------------------------------------------------


def members(window: Window, scope: Scope = CITY) -> list[Member]:
    """The projects signed in these months, as known on the window's day, in a fixed number of queries."""
    units = _units()
    rows = _counted(window)
    signed = rows.filter(kind=EventKind.SIGNED, signed_on__range=(window.first_day, window.last_day))
    if scope.task_force is not None:
        signed = signed.filter(project__task_force=scope.task_force)
    fields = ("project", "project__task_force", "project__reporting_unit", "signed_on", "cents")
    found: dict[int, Member] = {}
    for project, force, unit, signed_on, cents in signed.order_by("project").values_list(*fields):
        parts = units.get(project) or {unit: Fraction(1)}
        found[project] = Member(project, force, clock.month_start(signed_on), Fraction(cents), parts)
    corrections = rows.filter(kind=EventKind.CORRECTION, project__in=signed.order_by().values("project"))
    for project, cents in corrections.order_by("pk").values_list("project", "cents"):
        found[project].cents += cents
    _add_moves(found, window)
    return [_of_unit(one, scope) for one in found.values() if _belongs(one, scope)]


def _counted(window: Window) -> QuerySet[Any]:
    """The events that count, with their `cents`."""
    rows = counting.events(window.as_known_on, window.rules)
    return counting.with_amounts(rows, window.as_known_on, window.rules)


def _units() -> dict[int, dict[int, Fraction]]:
    units: dict[int, dict[int, Fraction]] = defaultdict(dict)
    for project, unit, percent in Share.objects.order_by("pk").values_list("project", "unit", "percent"):
        units[project][unit] = Fraction(percent) / 100
    return units


def _add_moves(found: dict[int, Member], window: Window) -> None:
    """Since when works and production have lasted; a move back takes the day away again."""
    moves = MOVES.rows(window).order_by("on", "pk")
    for project, on, into_works, into_production in moves.values_list(
        "project", "on", "into_works", "into_production"
    ):
        if project in found:
            for what, crossing in ((STARTED, into_works), (PRODUCING, into_production)):
                if crossing > 0:
                    found[project].since[what] = on
                elif crossing < 0:
                    found[project].since.pop(what, None)


def _belongs(one: Member, scope: Scope) -> bool:
    return scope.unit is None or scope.unit.pk in one.units


def _of_unit(one: Member, scope: Scope) -> Member:
    """Shared projects count as one in each unit, with that unit's part of the amount (design rule 7)."""
    if scope.unit is not None:
        one.cents *= one.units[scope.unit.pk]
    return one


# --- Adding up ------------------------------------------------------------------------------------------


def by_month(found: Iterable[Member], as_of: datetime.date) -> dict[datetime.date, Cohort]:
    return _grouped(found, lambda one: [(one.month, Fraction(1))], as_of)


def by_task_force(found: Iterable[Member], as_of: datetime.date) -> dict[int, Cohort]:
    return _grouped(found, lambda one: [(one.task_force, Fraction(1))], as_of)


def by_unit(found: Iterable[Member], as_of: datetime.date) -> dict[int, Cohort]:
    """Of the city's projects: each unit's, with its part of the amounts."""
    return _grouped(found, lambda one: list(one.units.items()), as_of)


def together(found: Iterable[Member], as_of: datetime.date) -> Cohort:
    return _grouped(found, lambda one: [("", Fraction(1))], as_of).get("", _cohort([], as_of))


def _grouped(
    found: Iterable[Member], groups: Callable[[Member], Sequence[tuple[G, Fraction]]], as_of: datetime.date
) -> dict[G, Cohort]:
    parts: dict[G, list[tuple[Member, Fraction]]] = defaultdict(list)
    for one in found:
        for group, part in groups(one):
            parts[group].append((one, one.cents * part))
    return {group: _cohort(rows, as_of) for group, rows in parts.items()}


def _cohort(rows: Sequence[tuple[Member, Fraction]], as_of: datetime.date) -> Cohort:
    parts = {(what, after): _part(rows, what, after, as_of) for what in WHAT for after in AFTER}
    return Cohort(len(rows), _sum(rows), parts)


def _part(
    rows: Sequence[tuple[Member, Fraction]], what: str, after: int, as_of: datetime.date
) -> Part | None:
    due = [(one, cents) for one, cents in rows if deadline(one.month, after) <= as_of]
    made = [(one, cents) for one, cents in due if one.made(what, after)]
    return Part(len(made), _sum(made), len(due), _sum(due)) if due else None


def _sum(rows: Iterable[tuple[Member, Fraction]]) -> Fraction:
    return sum((cents for _one, cents in rows), Fraction(0))


def _percent(part: Fraction) -> Decimal:
    """In percent to a tenth, half up."""
    exact = Decimal(part.numerator) * 100 / Decimal(part.denominator)
    return exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


# --- Names ------------------------------------------------------------------------------------------------


def task_forces(found: dict[int, Cohort]) -> dict[TaskForce, Cohort]:
    rows = TaskForce.objects.filter(pk__in=found).order_by("order", "pk")
    return {force: found[force.pk] for force in rows}


def units(found: dict[int, Cohort]) -> dict[ReportingUnit, Cohort]:
    rows = ReportingUnit.objects.filter(pk__in=found).order_by("order", "pk")
    return {unit: found[unit.pk] for unit in rows}
