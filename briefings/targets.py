"""Annual targets: entering and revising a year's table, and how far a figure is on its way.

A target counts for a year, an indicator and the city, a task force or a unit; its versions stand as
`briefings.models.Target`. 完成率 is the year's figure ÷ the target; 时序进度 is month ÷ 12 (domain §2),
and a figure is ahead of time by the difference of the two in percentage points.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from briefings.figures import CITY, Figure, Scope, Window
from briefings.indicators import INDICATORS
from briefings.models import Target
from core import money
from core.clock import moment
from core.refusal import Refusal
from taskforces.models import ReportingUnit, Seat, TaskForce

# What a year can be planned in: flows that add up from January. A share or a stock has no month ÷ 12.
TARGETED = (
    "contracted",
    "contracted_industrial_100m",
    "projects_signed",
    "started",
    "produced",
    "funds_in_place",
    "invested",
    "visits",
)
MONTHS = 12
LARGEST = Decimal(10) ** 12

Cell = tuple[str, str]  # scope key and indicator
Values = Mapping[Cell, Decimal | None]


class CannotSet(Refusal):
    """A year's table that changes nothing, revises without a reason, or was revised meanwhile."""


# --- Whose targets, and of what -----------------------------------------------------------------------


def key_of(scope: Scope) -> str:
    """As briefings are called: “city”, “force:steel”, “unit:450202”."""
    if scope.task_force is not None:
        return f"force:{scope.task_force.code}"
    return f"unit:{scope.unit.code}" if scope.unit is not None else "city"


def scopes_of(year: int) -> list[Scope]:
    """Who has targets in a year: the city, the task forces of its mechanism (all if it has none yet),
    the units."""
    seated = Seat.objects.filter(mechanism__year=year).values("task_force")
    forces = TaskForce.objects.order_by("order", "pk")
    units = ReportingUnit.objects.order_by("order", "pk")
    return [
        CITY,
        *(Scope(task_force=force) for force in list(forces.filter(pk__in=seated)) or forces),
        *(Scope(unit=unit) for unit in units),
    ]


def may_have(scope: Scope, code: str) -> bool:
    """Whether this indicator is counted for this scope at all (a task force makes no visits)."""
    return INDICATORS[code].source.knows(scope.narrowed_by)


# --- Entering and revising ----------------------------------------------------------------------------


def newest(year: int) -> int:
    """The last version entered of anything in a year's table: what its form saw when it was opened."""
    return Target.objects.filter(year=year).order_by("-pk").values_list("pk", flat=True).first() or 0


@transaction.atomic
def set_year(
    year: int,
    values: Values,
    *,
    by: User,
    today: datetime.date,
    reason: str = "",
    seen: int | None = None,
) -> list[Target]:
    """Enter or revise the targets of a year; only what changes becomes a new version. None withdraws.

    `seen` is what `newest` said when the table was opened.

    Raises CannotSet when nothing changes, when a target that stands is revised without a reason, for
    values that no target can have, and when somebody else has revised the table since `seen`.
    """
    if seen is not None and seen != newest(year):
        raise CannotSet(_someone_was_quicker(year))
    standing = {(row.scope_key, row.indicator): row for row in Target.objects.filter(year=year).standing()}
    changed = {cell: value for cell, value in values.items() if _differs(standing.get(cell), value)}
    if not changed:
        raise CannotSet(_("Nothing is changed. Enter at least one other target."))
    if not reason.strip() and any(cell in standing for cell in changed):
        raise CannotSet(_("Targets that stood are revised: say why."))
    scopes = {key_of(scope): scope for scope in scopes_of(year)}
    act = {"by": by, "reason": reason.strip(), "entered_on": today, "entered_at": moment(today)}
    rows = [
        Target(**_version(year, cell, value, scopes, standing.get(cell)), **act)
        for cell, value in changed.items()
    ]
    try:
        with transaction.atomic():
            return Target.objects.bulk_create(rows)
    except IntegrityError:
        raise CannotSet(_someone_was_quicker(year)) from None


def _differs(row: Target | None, value: Decimal | None) -> bool:
    return value != (row.value if row else None)


def _version(
    year: int, cell: Cell, value: Decimal | None, scopes: Mapping[str, Scope], before: Target | None
) -> dict[str, Any]:
    """What the next version of a target says; raises CannotSet for what no target can be."""
    key, code = cell
    scope = scopes.get(key)
    if scope is None or code not in TARGETED or not may_have(scope, code):
        raise CannotSet(_("There are no targets of %(what)s. Reload the page.") % {"what": f"{key} {code}"})
    if value is not None and (not 0 < value < LARGEST or value != _rounded(value, code)):
        raise CannotSet(
            _("%(value)s is no target: enter a number above nought, amounts in 万元 with two decimal places.")
            % {"value": value}
        )
    return {
        "year": year,
        "indicator": code,
        "scope_key": key,
        "task_force": scope.task_force,
        "unit": scope.unit,
        "version": before.version + 1 if before else 1,
        "value": value,
    }


def _rounded(value: Decimal, code: str) -> Decimal:
    return value.quantize(money.CENT if INDICATORS[code].is_amount else Decimal(1))


def _someone_was_quicker(year: int) -> str:
    last = Target.objects.filter(year=year).select_related("by").order_by("-pk").first()
    return _("%(name)s has just changed the targets of %(year)d. Look at them again, then decide.") % {
        "name": last.by.name if last else "",
        "year": year,
    }


# --- How far a figure is ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """A figure from January on against its target of the year.

    `done_percent` is 完成率, `time_percent` 时序进度, both unrounded; `ahead_points` their difference in
    percentage points, below zero where the figure is behind (慢于时序).
    """

    code: str
    value: Decimal | int
    target: Decimal
    months: int

    @cached_property
    def done_percent(self) -> Decimal:
        return Decimal(self.value) * 100 / self.target

    @cached_property
    def time_percent(self) -> Decimal:
        return Decimal(self.months * 100) / MONTHS

    @cached_property
    def ahead_points(self) -> Decimal:
        """Of the shares as printed, with one place: the three numbers stand beside each other."""
        return money.half_up(self.done_percent, 1) - money.half_up(self.time_percent, 1)

    @property
    def is_behind(self) -> bool:
        return self.ahead_points < 0


class Targets:
    """The targets of one year as known on a day, read with one query."""

    def __init__(self, year: int, known_on: datetime.date | None = None) -> None:
        self.year = year
        rows = Target.objects.filter(year=year).standing(known_on)
        self.rows = {(row.scope_key, row.indicator): row for row in rows.select_related("by")}

    def value(self, scope: Scope, code: str) -> Decimal | None:
        if len(scope.narrowed_by) > 1:  # a task force within a unit has none
            return None
        row = self.rows.get((key_of(scope), code))
        return row.value if row else None

    def progress(self, found: Iterable[Figure], window: Window, scope: Scope = CITY) -> dict[str, Progress]:
        """How far these figures of a scope are, by indicator; see `progress`."""
        if not is_year_to_date(window) or window.last_month.year != self.year:
            return {}
        return {
            figure.code: Progress(figure.code, figure.value, target, window.last_month.month)
            for figure in found
            if figure.value is not None and (target := self.value(scope, figure.code)) is not None
        }


def is_year_to_date(window: Window) -> bool:
    """Only what flows from January on can be held against a year's target."""
    return window.first_month.month == 1 and window.first_month.year == window.last_month.year


def of_window(window: Window) -> Targets:
    """The targets of a window's year, as known on its day."""
    return Targets(window.last_month.year, window.as_known_on)


def progress(found: Iterable[Figure], window: Window, scope: Scope = CITY) -> dict[str, Progress]:
    """Share of the annual target and time progress of figures, by indicator, for page, briefing and API.

    `found` are the figures of one scope over a window from January on (`figures.compute(...).values()`).
    An indicator without a target, and any other window than January to a month of the same year, has
    none. One query; for several scopes take `of_window(window)` once and ask its `progress`.
    """
    return of_window(window).progress(found, window, scope)


def history(year: int) -> list[Target]:
    """Every version of every target of a year, the newest first, each with the value `before` it."""
    rows = Target.objects.filter(year=year).select_related("by", "task_force", "unit").order_by("pk")
    last: dict[Cell, Decimal | None] = {}
    for row in rows:
        cell = (row.scope_key, row.indicator)
        row.before = last.get(cell)  # type: ignore[attr-defined]
        last[cell] = row.value
    return list(reversed(rows))
