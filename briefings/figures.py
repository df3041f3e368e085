"""Figures: the indicators of `briefings.indicators`, computed.

Money is Decimal 万元, unrounded; counts are whole numbers. A figure of a span of months stands beside
that of the same months a year earlier, counted by today's rule.

`compute` answers for one scope or by group, `together` in several breakdowns at once, `all_scopes`
for the city, every task force and every unit. The number of queries depends on the kinds of rows
asked for, never on how many groups or rows there are. `counted` opens a figure into the rows behind
it, `counted_ids` those of all scopes.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, overload

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast, Coalesce, Round

from briefings.belonging import in_their_months
from briefings.choices import Shares
from briefings.counting_rules import USUAL, RuleSet
from briefings.indicators import (
    EVENTS,
    INDICATORS,
    WHOLE,
    WITHOUT_UNIT,
    Indicator,
    Rate,
    Source,
    Unit,
    UnknownIndicator,
    Window,
    in_wan,
    indicator,
)
from core import money
from projects.models import SigningCeremony
from taskforces.models import ReportingUnit, Seat, TaskForce

__all__ = [
    "CITY",
    "CODES",
    "INDICATORS",
    "WHOLE",
    "By",
    "Figure",
    "Indicator",
    "Part",
    "Rate",
    "Scope",
    "Unit",
    "UnknownIndicator",
    "Window",
    "all_scopes",
    "compute",
    "counted",
    "counted_ids",
    "in_wan",
    "indicator",
    "measured",
    "parts",
    "split_by_share",
    "together",
]

By = Literal["task_force", "unit", "month", "ceremony"]
CODES = tuple(INDICATORS)


@dataclass(frozen=True)
class Scope:
    """Whose figures: the city's, or those of a task force, of a unit, of a task force within a unit."""

    task_force: TaskForce | None = None
    unit: ReportingUnit | None = None

    @property
    def narrowed_by(self) -> dict[str, int]:
        named = {"task_force": self.task_force, "unit": self.unit}
        return {dimension: row.pk for dimension, row in named.items() if row is not None}


CITY = Scope()


@dataclass(frozen=True)
class Figure:
    """One number with its year-on-year. `base` and `yoy_percent` are None where they say nothing."""

    code: str
    value: Decimal | int | None
    base: Decimal | int | None
    yoy_percent: Decimal | None
    unit: str

    @property
    def indicator(self) -> Indicator | Rate:
        return INDICATORS[self.code]


# --- Computing ------------------------------------------------------------------------------------

# What was counted in the window and a year before it, by group and indicator.
Pair = tuple[int, int]
Sums = dict[Hashable, dict[str, Pair]]
NOTHING: Pair = (0, 0)


@overload
def compute(
    codes: Iterable[str], window: Window, scope: Scope = CITY, by: None = None
) -> dict[str, Figure]: ...


@overload
def compute(
    codes: Iterable[str], window: Window, scope: Scope = CITY, *, by: By
) -> dict[Any, dict[str, Figure]]: ...


def compute(
    codes: Iterable[str], window: Window, scope: Scope = CITY, by: By | None = None
) -> dict[Any, Any]:
    """The figures of a scope by code; with `by`, one such dict for each group.

    Groups are TaskForce, ReportingUnit and SigningCeremony rows, or the first day of a month; None
    stands for what no unit led (visits of the city itself). Indicators that a scope or group cannot
    have (a task force makes no visits) are left out. Raises UnknownIndicator.
    """
    found = together(codes, window, scope, by=(by,))[by]
    return found[None] if by is None else found


def together(
    codes: Iterable[str], window: Window, scope: Scope = CITY, *, by: Sequence[By | None]
) -> dict[By | None, dict[Any, dict[str, Figure]]]:
    """Several breakdowns from one reading of the rows; the whole stands under [None][None].

    A breakdown by unit splits shared rows and is read alone.
    """
    asked = [found for found in map(indicator, codes) if found.source.knows(scope.narrowed_by)]
    sums = _sums(_parts(asked), window, scope, by)
    answer: dict[By | None, dict[Any, dict[str, Figure]]] = {}
    for dimension in by:
        here = [found for found in asked if found.source.knows(_dimensions(scope, dimension))]
        of_group = sums[dimension]
        groups = {None: None} if dimension is None else _groups(dimension, window, of_group)
        answer[dimension] = {
            group: {
                found.code: _figure(found, of_group.get(key, {}))
                for found in here
                if dimension != "unit" or _may_have(found, key)
            }
            for key, group in groups.items()
        }
    return answer


def all_scopes(codes: Iterable[str], window: Window) -> dict[Scope, dict[str, Figure]]:
    """The figures of the city, of every task force and of every unit."""
    codes = list(codes)
    found = together(codes, window, by=(None, "task_force"))
    units = compute(codes, window, by="unit")
    return {
        CITY: found[None][None],
        **{Scope(task_force=force): figures for force, figures in found["task_force"].items()},
        **{Scope(unit=unit): figures for unit, figures in units.items() if unit is not None},
    }


def _dimensions(scope: Scope, by: str | None) -> list[str]:
    return [*scope.narrowed_by, *([by] if by else [])]


def _may_have(found: Indicator | Rate, key: Hashable) -> bool:
    return key is not None or found.source in WITHOUT_UNIT


def _parts(asked: Iterable[Indicator | Rate]) -> list[Indicator]:
    """The indicators themselves, with the two that each rate divides."""
    parts: dict[str, Indicator] = {}
    for found in asked:
        own = (found.numerator, found.denominator) if isinstance(found, Rate) else (found,)
        parts.update({part.code: part for part in own})
    return list(parts.values())


def _figure(found: Indicator | Rate, sums: Mapping[str, Pair]) -> Figure:
    if isinstance(found, Rate):
        both = (sums.get(part.code, NOTHING) for part in (found.numerator, found.denominator))
        pairs = zip(*both, strict=True)
        now, before = (Decimal(part) * 100 / whole if whole else None for part, whole in pairs)
        return Figure(found.code, now, before, None, found.unit)
    value, base = (in_wan(s) if found.is_amount else s for s in sums.get(found.code, NOTHING))
    return Figure(found.code, value, base, money.yoy(Decimal(value), Decimal(base)), found.unit)


# --- Adding up ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Slot:
    """A span to count in, and where the sum goes: `which` is 0 for the span asked for, 1 for the same
    a year before; `month` is set where it is one of a series."""

    by: By | None
    month: datetime.date | None
    which: int
    span: Window


def _slots(window: Window, by: Iterable[By | None]) -> list[_Slot]:
    slots = []
    for dimension in by:
        spans: list[tuple[datetime.date | None, Window]] = [(None, window)]
        if dimension == "month":
            spans = [(month, Window.of_month(month, window.as_known_on)) for month in window.months]
        for month, span in spans:
            slots += [_Slot(dimension, month, 0, span), _Slot(dimension, month, 1, span.base)]
    return slots


class _Tally:
    """The running sum of one indicator in one group and span."""

    __slots__ = ("subjects", "sum")

    def __init__(self) -> None:
        self.sum = 0
        self.subjects: set[Any] = set()

    def add(self, row: Mapping[str, Any], part: Indicator) -> None:
        if part.subject:
            self.subjects.add(row[part.subject])
        else:
            self.sum += (row[part.adds] if part.adds else 1) * (row["weight"] if part.is_amount else 1)

    @property
    def total(self) -> int:
        return self.sum + len(self.subjects)


def _sums(
    parts: list[Indicator], window: Window, scope: Scope, by: Sequence[By | None]
) -> dict[By | None, Sums]:
    """One query a source; its rows are added up here."""
    slots = _slots(window, by)
    tallies: dict[tuple[By | None, Hashable, str, int], _Tally] = defaultdict(_Tally)
    for source in dict.fromkeys(part.source for part in parts):
        of_source = [part for part in parts if part.source == source]
        known = [slot for slot in slots if source.knows(_dimensions(scope, slot.by))]
        paths: dict[Any, str] = {
            slot.by: _path(source, slot.by) for slot in known if slot.by and slot.by != "month"
        }
        on: dict[datetime.date | None, list[_Slot]] = {}
        for row in _read(source, of_source, window, scope, paths):
            fitting = [part for part in of_source if part.fits(row)]
            day = row[source.day] if source.day else None
            if day not in on:
                on[day] = [slot for slot in known if day is None or slot.span.contains(day)]
            for slot in on[day]:
                path = paths.get(slot.by)
                key = row[path] if path else slot.month
                for part in fitting:
                    if part.happened(row, slot.span):
                        tallies[slot.by, key, part.code, slot.which].add(row, part)
    sums: dict[By | None, Sums] = {dimension: {} for dimension in by}
    for dimension, key, code, _which in tallies:
        now, before = (tallies.get((dimension, key, code, which)) for which in (0, 1))
        sums[dimension].setdefault(key, {})[code] = (now.total if now else 0, before.total if before else 0)
    return sums


def _read(
    source: Source, parts: list[Indicator], window: Window, scope: Scope, paths: Mapping[Any, str]
) -> Iterator[Mapping[str, Any]]:
    """The rows of a source that can count in the window or a year before it."""
    fields = {*paths.values(), *(name for part in parts for name in part.fields)}
    rows = _rows(source, window, scope, fields, split="unit" in paths)
    rows = rows.filter(source.near(window))
    fields |= {"weight"} if source.shared else set()
    return rows.order_by().values(*sorted(fields)).iterator(chunk_size=2000)


def _rows(
    source: Source, window: Window, scope: Scope, fields: Collection[str], *, split: bool = False
) -> QuerySet[Any]:
    """The source's rows of a scope; `weight` is the part of a row that belongs to the unit asked for."""
    rows = source.rows_with(window, fields)
    if source.shared and (split or scope.unit is not None):
        rows = split_by_share(rows, window.rules)
    elif source.shared:
        rows = rows.annotate(weight=Value(WHOLE, BigIntegerField()))
    narrowed = {_path(source, name): pk for name, pk in scope.narrowed_by.items()}
    return rows.filter(**narrowed)


def split_by_share(rows: QuerySet[Any], rules: RuleSet = USUAL) -> QuerySet[Any]:
    """One row for each unit that shares the project; without shares, or where the rules give it so, the
    whole is the reporting unit's."""
    if rules.shares == Shares.LEAD_UNIT:
        return rows.annotate(weight=Value(WHOLE, BigIntegerField()), by_unit=F("project__reporting_unit"))
    percent = Coalesce("project__shares__percent", Decimal(100))
    return rows.annotate(
        weight=Cast(Round(percent * Value(WHOLE // 100)), BigIntegerField()),
        by_unit=Coalesce("project__shares__unit", "project__reporting_unit"),
    )


def _path(source: Source, dimension: str) -> str:
    return "by_unit" if source.shared and dimension == "unit" else source.groups[dimension]


# --- Groups ---------------------------------------------------------------------------------------


def _groups(by: By, window: Window, sums: Sums) -> dict[Hashable, Any]:
    """The groups in their order: every month and unit, the task forces of these years' mechanisms,
    and whatever else has rows."""
    if by == "month":
        return {month: month for month in window.months}
    if by == "ceremony":
        held = SigningCeremony.objects.filter(pk__in=[key for key in sums if key is not None])
        return {ceremony.pk: ceremony for ceremony in held.order_by("held_on", "pk")}
    if by == "task_force":
        return {force.pk: force for force in _task_forces(window, sums)}
    units: dict[Hashable, Any] = {unit.pk: unit for unit in ReportingUnit.objects.order_by("order", "pk")}
    return units | ({None: None} if None in sums else {})


def _task_forces(window: Window, sums: Sums) -> list[TaskForce]:
    years = range(window.first_month.year, window.last_month.year + 1)
    seats = Seat.objects.filter(task_force=OuterRef("pk"), mechanism__year__in=years)
    forces: list[Any] = list(TaskForce.objects.annotate(is_seated=Exists(seats)).order_by("order", "pk"))
    if not any(force.is_seated for force in forces):
        return forces
    return [force for force in forces if force.is_seated or force.pk in sums]


# --- Opening a figure -----------------------------------------------------------------------------


def counted(code: str, window: Window, scope: Scope = CITY) -> QuerySet[Any]:
    """The rows behind a figure: contract events, moves, visits, people met, services, issues or flags.

    Contract events carry `counted_on`, `late`, `is_new`, `weight` (hundredths of a percent that belong
    to the unit asked for) and, where the figure is an amount, `part`: what the row adds (see
    `in_wan`). Of a rate they are the rows of its denominator, with `in_numerator` where its numerator is
    counted from the same rows.

    Raises UnknownIndicator; LookupError where a scope cannot have the figure.
    """
    found = indicator(code)
    if not found.source.knows(scope.narrowed_by):
        raise LookupError(code)
    fields = {name for part in _parts([found]) for name in part.fields}
    rows = _rows(found.source, window, scope, fields)
    rows = rows.filter(found.source.between(min(window.first_day, window.stock_day), window.last_day))
    if isinstance(found, Rate) and found.numerator.source == found.source:
        above = When(found.numerator.rows_in(window), then=Value(True))
        rows = rows.annotate(in_numerator=Case(above, default=Value(False)))
    base = base_of(found)
    if base.is_amount:
        rows = rows.annotate(part=F(base.adds) * F("weight"))
    return rows.filter(base.rows_in(window))


def counted_ids(codes: Iterable[str], window: Window) -> dict[Scope, dict[str, list[int]]]:
    """The ids of the rows behind each figure of the city, of every task force and of every unit.

    Of a rate they are those of its denominator.
    """
    asked = [indicator(code) for code in codes]
    scopes = _every_scope()
    ids: dict[tuple[str, Any], dict[str, set[int]]] = {
        key: {found.code: set() for found in asked if found.source.knows(scope.narrowed_by)}
        for key, scope in scopes.items()
    }
    for source in dict.fromkeys(found.source for found in asked):
        of_source = [found for found in asked if found.source == source]
        for row, keys in _placed(source, [base_of(found) for found in of_source], window):
            for found in of_source:
                if base_of(found).counts(row, window):
                    for key in keys & ids.keys():
                        ids[key][found.code].add(row["pk"])
    return {scope: {code: sorted(found) for code, found in ids[key].items()} for key, scope in scopes.items()}


def measured(codes: Iterable[str]) -> list[Indicator]:
    """The indicators that count rows themselves: of a rate the two that it divides."""
    return _parts(map(indicator, codes))


@dataclass(frozen=True)
class Part:
    """A row behind a figure: whose it is, and what it adds (cents of an amount, else a number).

    A row of a shared project is there once for each unit, `weight` being the unit's part in hundredths
    of a percent. Rows of one `subject` count once.
    """

    row: int
    task_force: int | None
    unit: int | None
    weight: int
    adds: int
    subject: int | None


def parts(
    codes: Iterable[str], *windows: Window, learnt_after: datetime.date | None = None
) -> list[dict[str, list[Part]]]:
    """For each window the rows behind each figure with what they add, from one reading. The first window
    holds the others, which end with it. A rate stands there with the two that it divides.

    `learnt_after` puts what was verified after that day into the month it belongs to.
    """
    asked = measured(codes)
    found: list[dict[str, list[Part]]] = [{one.code: [] for one in asked} for _window in windows]
    for source in dict.fromkeys(one.source for one in asked):
        of_source = [one for one in asked if one.source == source]
        for row, _keys in _placed(source, of_source, windows[0], learnt_after):
            for one in of_source:
                for window, of_window in zip(windows, found, strict=True):
                    if one.counts(row, window):
                        of_window[one.code].append(_part(one, row))
    return found


def _part(found: Indicator, row: Mapping[str, Any]) -> Part:
    force, unit = (
        row[_path(found.source, name)] if found.source.knows([name]) else None
        for name in ("task_force", "unit")
    )
    subject = row[found.subject] if found.subject else None
    adds = row[found.adds] if found.adds else 1
    return Part(row["pk"], force, unit, row.get("weight", WHOLE), adds, subject)


def _every_scope() -> dict[tuple[str, Any], Scope]:
    forces = {("task_force", force.pk): Scope(task_force=force) for force in TaskForce.objects.all()}
    units = {("unit", unit.pk): Scope(unit=unit) for unit in ReportingUnit.objects.all()}
    return {("city", None): CITY, **forces, **units}


def _placed(
    source: Source, parts: list[Indicator], window: Window, learnt_after: datetime.date | None = None
) -> Iterator[tuple[Mapping[str, Any], set[tuple[str, Any]]]]:
    """The rows of a source, once for each unit that has a part in them, with the scopes they belong to."""
    fields = {name for part in parts for name in part.fields}
    rows = source.rows_with(window, fields)
    if source.shared:
        rows = split_by_share(rows, window.rules)
    if learnt_after and source == EVENTS:
        rows = in_their_months(rows, learnt_after, window.as_known_on, window.rules)
        rows = rows.filter(counted_on__range=(window.first_day, window.last_day))
    else:
        rows = rows.filter(source.between(min(window.first_day, window.stock_day), window.last_day))
    paths = {name: _path(source, name) for name in ("task_force", "unit") if source.knows([name])}
    fields |= {"pk", *paths.values()}
    fields |= {"weight"} if source.shared else set()
    for row in rows.order_by().values(*sorted(fields)).iterator(chunk_size=2000):
        yield row, {("city", None), *((name, row[path]) for name, path in paths.items())}


def base_of(found: Indicator | Rate) -> Indicator:
    """The indicator itself; of a rate its denominator, whose rows it opens into."""
    return found.denominator if isinstance(found, Rate) else found
