"""What an indicator is: which rows of a source count, and what each adds."""

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet, TextChoices
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from briefings.indicators.window import Window

# The whole of a row, in hundredths of a percent: a unit's share is taken in whole numbers, so that
# the units' parts add up to the city's to the cent.
WHOLE = 10_000


class Unit:
    """What a figure is counted in, as the office writes it."""

    WAN = "万元"
    PROJECTS = "个"
    VISITS = "次"
    PARTIES = "家"
    ISSUES = "件"
    ITEMS = "项"
    PERCENT = "%"


@dataclass(frozen=True)
class Source:
    """Rows of one kind: how they are found for a window (as known on its day), when they count, for whom.

    `shared` rows belong to a project's units by their shares; the others to the unit of `groups`. A
    source without `day` has rows that last; `open_between` of its indicators says from when to when.
    `not_before` and `not_after` name days of which is known that no row counts before the former or
    after the latter: they only spare the engine rows that cannot count. `rules` are the counting rules
    that hold for all its figures, in words.
    """

    name: str
    rows: Callable[[Window], QuerySet[Any]] = field(compare=False)
    day: str = field(compare=False)
    groups: Mapping[str, str] = field(default_factory=dict, compare=False)
    shared: bool = False
    not_before: str = ""
    not_after: str = ""
    rules: tuple[str | Promise, ...] = field(default=(), compare=False)
    # What few indicators ask of a row and is dear to work out: added where one asks.
    derived: Mapping[str, Callable[[Window], Combinable]] = field(default_factory=dict, compare=False)

    def rows_with(self, window: Window, fields: Collection[str]) -> QuerySet[Any]:
        """The rows of a window with what these fields need."""
        asked = {name: work_out(window) for name, work_out in self.derived.items() if name in fields}
        return self.rows(window).annotate(**asked)

    def knows(self, dimensions: Iterable[str]) -> bool:
        return all(dimension == "month" or dimension in self.groups for dimension in dimensions)

    def near(self, window: Window) -> Q:
        """All rows that can count in a window or a year before it, and perhaps others."""
        first = min(window.base.first_day, window.base.stock_day)
        return self.between(first, window.last_day)

    def between(self, first: datetime.date, last: datetime.date) -> Q:
        before, after = self.not_before or self.day, self.not_after or self.day
        reached = Q(**{f"{after}__gte": first})
        if not self.day:
            reached |= Q(**{f"{after}__isnull": True})
        return Q(**{f"{before}__lte": last}) & reached


@dataclass(frozen=True)
class Indicator:
    """Which rows of a source count, and what each adds.

    `of` names fields and the values they must have (a tuple: one of them); `adds` a field that is added
    up (else each row is one); `subject` what counts once however many rows it has; `done_by` a day that
    must have come by the end of the window. `open_between` makes a stock, counted on the window's last
    day, or with `at_any_time` what was open on any day of the window: everything else flows in it.
    `fewer_is_better` turns the colour of a rise.
    """

    code: str
    name: str | Promise
    formula: str | Promise
    unit: str
    source: Source
    of: Mapping[str, object] = field(default_factory=dict, compare=False)
    adds: str = ""
    subject: str = ""
    done_by: str = ""
    open_between: tuple[str, str] = ("", "")
    at_any_time: bool = False
    fewer_is_better: bool = False

    @cached_property
    def is_stock(self) -> bool:
        return bool(self.open_between[0]) and not self.at_any_time

    @cached_property
    def is_amount(self) -> bool:
        return self.unit == Unit.WAN

    @property
    def fields(self) -> set[str]:
        """What must be known of a row to tell whether and how it counts."""
        named = {self.source.day, self.adds, self.subject, self.done_by, *self.open_between, *self.of}
        return named - {""}

    # --- Twins: the engine's words and Python's for the same rule

    def rows_in(self, window: Window) -> Q:
        """The rows that count in a window. Twin of `counts`."""
        rows = Q(*(_is(name, value) for name, value in self.of.items()))
        if self.adds:
            rows &= ~Q(**{self.adds: 0})
        if self.done_by:
            rows &= Q(**{f"{self.done_by}__lte": window.last_day})
        if not self.open_between[0]:
            return rows & Q(**{f"{self.source.day}__range": (window.first_day, window.last_day)})
        opened, closed = self.open_between
        since, until = self._open_on(window)
        still_open = Q(**{f"{closed}__isnull": True}) | Q(**{f"{closed}__gt": since})
        return rows & Q(**{f"{opened}__lte": until}) & still_open

    def counts(self, row: Mapping[str, Any], window: Window) -> bool:
        """Whether a row with its `fields` counts in a window. Twin of `rows_in`."""
        if not (self.fits(row) and self.happened(row, window)):
            return False
        return bool(self.open_between[0]) or window.contains(row[self.source.day])

    def happened(self, row: Mapping[str, Any], window: Window) -> bool:
        """The part of `counts` that looks at other days than that of the row."""
        if self.done_by and (row[self.done_by] is None or row[self.done_by] > window.last_day):
            return False
        if not self.open_between[0]:
            return True
        opened, closed = (row[name] for name in self.open_between)
        since, until = self._open_on(window)
        return opened <= until and (closed is None or closed > since)

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether a row can count at all, whatever the window."""
        if self.adds and not row[self.adds]:
            return False
        return all(
            row[name] in value if isinstance(value, tuple) else row[name] == value
            for name, value in self.of.items()
        )

    def _open_on(self, window: Window) -> tuple[datetime.date, datetime.date]:
        """A row counts if it was opened by the second day and closed after the first."""
        if self.at_any_time:
            return window.first_day - datetime.timedelta(days=1), window.last_day
        return window.stock_day, window.stock_day


def _is(name: str, value: object) -> Q:
    return Q(**{f"{name}__in" if isinstance(value, tuple) else name: value})


@dataclass(frozen=True)
class Rate:
    """`numerator` of `denominator` in percent; None where the denominator is 0."""

    code: str
    name: str | Promise
    formula: str | Promise
    numerator: Indicator
    denominator: Indicator
    unit: str = Unit.PERCENT
    is_stock: bool = False
    is_amount: bool = False
    fewer_is_better: bool = False

    @property
    def source(self) -> Source:
        return self.denominator.source


class Kind(TextChoices):
    """What a figure of several months means."""

    FLOW = "flow", _("Flow")  # what happened in them
    STOCK = "stock", _("Stock")  # what there was on their last day
    SHARE = "share", _("Share")  # a part of a whole, in percent


def kind_of(found: Indicator | Rate) -> Kind:
    if isinstance(found, Rate):
        return Kind.SHARE
    return Kind.STOCK if found.is_stock else Kind.FLOW


def in_wan(parts: int) -> Decimal:
    """Cents × hundredths of a percent → 万元, without rounding."""
    return Decimal(parts) / (100 * WHOLE)
