"""What other counting rules would make of the figures, event by event. Nothing is stored or changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Value

from briefings import figures, passports
from briefings.choices import LeftOut
from briefings.figures import CITY, Figure, Scope, Window
from briefings.indicators import Indicator
from projects.models import ContractEvent

# The figures that the rules decide about directly; every other one follows from these events.
CODES = (
    "contracted",
    "projects_signed",
    "contracted_industrial_100m",
    "industrial_100m_projects",
    "add_ons",
    "voids",
)


@dataclass(frozen=True)
class Place:
    """Where an event stands under a set of rules: in the figure with its part, or left out and why."""

    is_counted: bool
    part: Decimal
    counted_on: Any
    why: str

    @property
    def reason(self) -> str:
        return "" if self.is_counted else str(LeftOut(self.why).label)


@dataclass(frozen=True)
class Change:
    """An event that comes in, goes out, or adds something else (万元 of an amount, else a number)."""

    event: ContractEvent
    before: Place
    after: Place

    @property
    def difference(self) -> Decimal:
        return self.after.part - self.before.part


@dataclass(frozen=True)
class Line:
    """One scope's figure before and after."""

    scope: Scope
    before: Figure
    after: Figure

    @property
    def difference(self) -> Decimal:
        return Decimal(self.after.value or 0) - Decimal(self.before.value or 0)


def by_scope(code: str, before: Window, after: Window) -> list[Line]:
    """The figure of the city, of every task force and of every unit under both sets of rules."""
    was, now = (figures.all_scopes([code], window) for window in (before, after))
    return [Line(scope, found[code], now[scope][code]) for scope, found in was.items() if scope in now]


def changes(code: str, before: Window, after: Window, scope: Scope = CITY) -> list[Change]:
    """The events whose place or part differs, the greatest difference first. Their differences add up to
    that of the figure, to the cent."""
    was, now = (_parts(code, window, scope) for window in (before, after))
    moved = [pk for pk in was.keys() | now.keys() if was.get(pk) != now.get(pk)]
    places_before, places_after = (
        _places(code, window, scope, parts, moved) for window, parts in ((before, was), (after, now))
    )
    named = ("project__enterprise", "project__task_force", "project__reporting_unit")
    events = ContractEvent.objects.filter(pk__in=moved).select_related(*named)
    found = [Change(event, places_before[event.pk], places_after[event.pk]) for event in events]
    return sorted(found, key=lambda change: (-abs(change.difference), change.event.pk))


def _parts(code: str, window: Window, scope: Scope) -> dict[int, Decimal]:
    """What each counted event adds, by its key."""
    found = figures.indicator(code)
    assert isinstance(found, Indicator)
    adds: Any = F("part") if found.is_amount else Value(1)
    rows = figures.counted(code, window, scope).order_by().annotate(added=adds).values_list("pk", "added")
    return {pk: figures.in_wan(added) if found.is_amount else Decimal(added) for pk, added in rows}


def _places(
    code: str, window: Window, scope: Scope, parts: Mapping[int, Decimal], moved: list[int]
) -> dict[int, Place]:
    rows = passports.explained(figures.indicator(code), window, scope).filter(pk__in=moved)
    return {
        pk: Place(pk in parts, parts.get(pk, Decimal(0)), counted_on, why)
        for pk, counted_on, why in rows.values_list("pk", "counted_on", "why")
    }
