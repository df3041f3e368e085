"""An item's days as bars beside those of the other items, and as a small calendar."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approvals import clocks, lamps
from approvals.choices import Clock, ItemState
from approvals.clocks import Course, ItemDay, Stretch
from approvals.lists import Readiness
from approvals.models import Item, ItemEvent
from core.workdays import Calendar

ONE_DAY = datetime.timedelta(days=1)
COLOURS = {Clock.GOVERNMENT: "k1", Clock.ENTERPRISE: "k2", Clock.INTERMEDIARY: "k3", Clock.NOTICE: "k4"}


@dataclass(frozen=True)
class Life:
    """An item with everything its events come to on a day."""

    item: Item
    course: Course
    stretches: list[Stretch]
    readiness: Readiness
    lamp: lamps.Shown
    standing: clocks.Standing


def life(
    item: Item,
    events: Iterable[ItemEvent],
    readiness: Readiness,
    *,
    today: datetime.date,
    days: Calendar,
) -> Life:
    course = clocks.replay(events, opened_on=item.opened_on)
    standing = clocks.standing(item, today=today, days=days)
    stretches = clocks.stretches(
        course, ready_on=readiness.ready_on, handled_by=Clock(item.template.clock), today=today
    )
    return Life(item, course, stretches, readiness, lamps.shown(item, standing, readiness), standing)


# --- Bars -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A piece of a bar; start and length in percent of the scale."""

    kind: str
    start: str
    length: str
    title: str


@dataclass(frozen=True)
class Scale:
    """The days that bars are drawn against."""

    first: datetime.date
    last: datetime.date

    def percent(self, day: datetime.date) -> float:
        """Where the end of a day lies."""
        whole = max(1, (self.last - self.first).days)
        return 100 * (day - self.first).days / whole

    def part(self, kind: str, since: datetime.date, until: datetime.date, title: str) -> Part:
        start, end = self.percent(since), self.percent(until)
        return Part(kind, f"{start:.2f}", f"{max(0.4, end - start):.2f}", title)


def scale_of(lives: Sequence[Life], *, today: datetime.date) -> Scale:
    """From the opening of the first item to today (or to what was decided last)."""
    first = min((life.item.opened_on for life in lives), default=today)
    last = max([today, *(stretch.until for life in lives for stretch in life.stretches)])
    return Scale(first, last + (last - first) / 40 + ONE_DAY)


def parts(life: Life, scale: Scale, *, days: Calendar) -> list[Part]:
    """The item's stretches; what lies past the promised day is hatched."""
    drawn = []
    due, counting = life.item.promise_due, {span.since for span in life.course.counted_spans()}
    for stretch in life.stretches:
        kind = "k-before" if stretch.state == ItemState.WAITING else COLOURS[stretch.clock]
        within = stretch.until
        if stretch.since in counting and due and stretch.until > due:
            within = max(stretch.since, due)
        if within > stretch.since:
            drawn.append(
                scale.part(kind, stretch.since, within, _title(stretch, stretch.since, within, days))
            )
        if within < stretch.until:
            drawn.append(
                scale.part("k-over", within, stretch.until, _title(stretch, within, stretch.until, days))
            )
    return drawn


def _title(stretch: Stretch, since: datetime.date, until: datetime.date, days: Calendar) -> str:
    n = days.between(since, until)
    text = ngettext(
        "%(clock)s: %(n)s working day (%(state)s, until %(until)s)",
        "%(clock)s: %(n)s working days (%(state)s, until %(until)s)",
        n,
    )
    return text % {
        "clock": stretch.clock.label,
        "n": n,
        "state": stretch.state.label,
        "until": until.isoformat(),
    }


def in_words(life: Life, *, days: Calendar) -> str:
    """A bar for those who do not see it."""
    pieces = [_title(stretch, stretch.since, stretch.until, days) for stretch in life.stretches]
    return pgettext("between sentences", "; ").join(pieces) or life.lamp.word


# --- Calendar -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One day of the small calendar."""

    number: int
    kind: str
    words: str
    counted: int | None
    is_event: bool


@dataclass
class Month:
    """A month's weeks, Monday first; days outside the item's life are empty."""

    label: str
    weeks: list[list[Cell | None]] = field(default_factory=list)


def day_words(day: ItemDay) -> str:
    """12 September: Government, day 3 of the limit."""
    facts = {"day": day.day.date.isoformat(), "reason": day.day.reason, "state": str(day.state.label)}
    if day.clock is None:
        return _("%(day)s: %(reason)s, counts for nobody") % facts
    facts["clock"] = str(day.clock.label)
    if day.counted is None:
        return _("%(day)s: %(clock)s (%(state)s), the limit does not run") % facts
    return _("%(day)s: %(clock)s (%(state)s), day %(n)s of the limit") % {**facts, "n": day.counted}


def months(told: Sequence[ItemDay], events: Iterable[datetime.date]) -> list[Month]:
    """The item's days laid out as the wall calendar has them."""
    marked = set(events)
    drawn = []
    for (_year, _month), group in groupby(told, key=lambda day: (day.day.date.year, day.day.date.month)):
        days = {day.day.date: day for day in group}
        first = min(days).replace(day=1)
        month = Month(date_format(first, pgettext("date format", "F Y")))
        monday = first - first.weekday() * ONE_DAY
        while monday <= max(days):
            week = [_cell(days.get(monday + n * ONE_DAY), marked) for n in range(7)]
            if any(week):
                month.weeks.append(week)
            monday += 7 * ONE_DAY
        drawn.append(month)
    return drawn


def _cell(day: ItemDay | None, marked: set[datetime.date]) -> Cell | None:
    if day is None:
        return None
    kind = "free" if day.clock is None else COLOURS[day.clock]
    return Cell(day.day.date.day, kind, day_words(day), day.counted, day.day.date in marked)
