"""Working days: counting them, and saying of every day why it counts or not.

The national days off and make-up working days come from the `holidays` library. A notice of a
year's days off that the office has entered wins over it, and single days of the region win over
both: Guangxi's 三月三 and the region's own swaps are in no library. A year whose make-up days nobody
knows yet is provisional: Monday to Friday without the statutory days.
"""

import datetime
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from holidays.countries.china import China, ChinaStaticHolidays

from core.models import CalendarNotice, CalendarOverride

ONE_DAY = datetime.timedelta(days=1)
SATURDAY = 5


class DayKind(models.TextChoices):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    OVERRIDE = "override"


@dataclass(frozen=True)
class Day:
    """One day of a count; `count` is the number of working days reached with it."""

    date: datetime.date
    is_workday: bool
    kind: DayKind
    note: str
    count: int
    is_provisional: bool

    @property
    def reason(self) -> str:
        """Why the day counts or not, in the reader's language."""
        if self.kind == DayKind.OVERRIDE:
            sentence = (
                _("Working day by notice: %(note)s") if self.is_workday else _("Free by notice: %(note)s")
            )
            return sentence % {"note": self.note}
        if self.kind == DayKind.HOLIDAY:
            return self.note or holiday_name(self.date) or _("Day off")
        return {
            DayKind.WORKDAY: _("Working day"),
            DayKind.WEEKEND: _("Weekend"),
            DayKind.MAKEUP: _("Make-up working day"),
        }[self.kind]


class Calendar:
    """The arithmetic. The day of acceptance is never counted.

    `announced` says which days the entered notices call free or worked, `overrides` the same of single
    days, which win; `notes` say what such a day is called, or by which notice it is so; `settled` names
    the years whose notice of days off has been entered in full.
    """

    def __init__(
        self,
        overrides: Mapping[datetime.date, bool],
        notes: Mapping[datetime.date, str] | None = None,
        settled: AbstractSet[int] = frozenset(),
        announced: Mapping[datetime.date, bool] | None = None,
    ) -> None:
        self._overrides = dict(overrides)
        self._announced = dict(announced or {})
        self._notes = dict(notes or {})
        self._settled = frozenset(settled)
        self._years: dict[int, list[int]] = {}

    def is_workday(self, day: datetime.date) -> bool:
        if (override := self._overrides.get(day)) is not None:
            return override
        return self.kind(day) in (DayKind.WORKDAY, DayKind.MAKEUP)

    def kind(self, day: datetime.date) -> DayKind:
        if day in self._overrides:
            return DayKind.OVERRIDE
        if (worked := self._announced.get(day)) is None:
            return self._unannounced_kind(day)
        if not worked:
            return DayKind.HOLIDAY
        return DayKind.MAKEUP if day.weekday() >= SATURDAY else DayKind.WORKDAY

    def _unannounced_kind(self, day: datetime.date) -> DayKind:
        """What the national data say, without their guesses at a year whose notice has been entered."""
        kind = _national_kind(day)
        is_guessed = day.year in self._settled and not _is_known(day.year)
        if is_guessed and kind == DayKind.HOLIDAY and is_swapped(day):
            return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY
        return kind

    def is_provisional(self, year: int) -> bool:
        """Nobody has yet said which weekends of that year are worked."""
        return not _is_known(year) and year not in self._settled

    def add(self, start: datetime.date, n: int) -> datetime.date:
        """The n-th working day after `start`.

        With n = 0 it is `start` itself, worked or not: what is done on the spot is due on the spot.
        So `between(start, add(start, n)) == n` always.
        """
        if n < 0:
            raise ValueError("Working days are added, not taken away.")
        if n == 0:
            return start
        year = start.year
        workdays = self._workdays(year)
        index = bisect_right(workdays, start.toordinal()) + n - 1
        while index >= len(workdays):
            index -= len(workdays)
            year += 1
            workdays = self._workdays(year)
        return datetime.date.fromordinal(workdays[index])

    def back(self, end: datetime.date, n: int) -> datetime.date:
        """The last working day on which something that takes `n` working days must be begun to be
        done by `end`.

        So `add(back(end, n), n)` is `end`, or the last working day before an `end` that is not worked.
        """
        if n < 0:
            raise ValueError("Working days are taken away, not added.")
        year = end.year
        workdays = self._workdays(year)
        index = bisect_right(workdays, end.toordinal()) - 1 - n
        while index < 0:
            year -= 1
            workdays = self._workdays(year)
            index += len(workdays)
        return datetime.date.fromordinal(workdays[index])

    def between(self, a: datetime.date, b: datetime.date) -> int:
        """Working days after `a` up to and including `b`; negative when `b` lies before `a`."""
        if b < a:
            return -self.between(b, a)
        whole_years = sum(len(self._workdays(year)) for year in range(a.year, b.year))
        return whole_years + self._passed(b) - self._passed(a)

    def on_or_after(self, day: datetime.date) -> datetime.date:
        """`day` itself if it is worked, else the next working day."""
        return day if self.is_workday(day) else self.add(day, 1)

    def days(self, a: datetime.date, b: datetime.date) -> list[Day]:
        """Every day after `a` up to and including `b`, each with its reason."""
        return list(self._explained(a, b))

    def _explained(self, a: datetime.date, b: datetime.date) -> Iterator[Day]:
        count = 0
        for ordinal in range(a.toordinal() + 1, b.toordinal() + 1):
            day = datetime.date.fromordinal(ordinal)
            worked = self.is_workday(day)
            count += worked
            note = self._notes.get(day, "")
            yield Day(day, worked, self.kind(day), note, count, self.is_provisional(day.year))

    def _passed(self, day: datetime.date) -> int:
        """Working days of its year up to and including `day`."""
        return bisect_right(self._workdays(day.year), day.toordinal())

    def _workdays(self, year: int) -> list[int]:
        if year not in self._years:
            self._years[year] = [d.toordinal() for d in _days_of(year) if self.is_workday(d)]
        return self._years[year]


# --- The national calendar ------------------------------------------------------------------


def _days_of(year: int) -> Iterator[datetime.date]:
    day = datetime.date(year, 1, 1)
    while day.year == year:
        yield day
        day += ONE_DAY


@cache
def _china(language: str) -> China:
    return China(language=language, years=range(2001, max(ChinaStaticHolidays.special_public_holidays) + 2))


@cache
def _national_year(year: int) -> dict[datetime.date, DayKind]:
    china = _china("zh_CN")
    free = {day for day in _days_of(year) if day in china}

    def kind(day: datetime.date) -> DayKind:
        if day in free:
            return DayKind.HOLIDAY
        if day in china.weekend_workdays:
            return DayKind.MAKEUP
        return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY

    return {day: kind(day) for day in _days_of(year)}


def _national_kind(day: datetime.date) -> DayKind:
    return _national_year(day.year)[day]


def holiday_name(day: datetime.date) -> str:
    """What the State Council calls the day off, in the reader's language."""
    language = "en_US" if (get_language() or "").startswith("en") else "zh_CN"
    return str(_china(language).get(day, ""))


def _is_known(year: int) -> bool:
    """Whether the national data carry the make-up days of a year."""
    return year in ChinaStaticHolidays.special_public_holidays


def is_swapped(day: datetime.date) -> bool:
    """Off only because another day is worked for it, or a holiday fell on a weekend: not a holiday itself."""
    name = str(_china("zh_CN").get(day, ""))
    return "由" in name or "补假" in name


NATIONAL = Calendar({})


# --- The office's calendar ------------------------------------------------------------------

KEPT_FOR = 60.0  # seconds: how long another process may count by the old overrides


class _Shelf:
    """What this process has read last."""

    calendar: Calendar | None = None
    read_at = 0.0


def calendar() -> Calendar:
    """The national calendar with everything that the office has entered."""
    if _Shelf.calendar is None or time.monotonic() - _Shelf.read_at > KEPT_FOR:
        return keep(load())
    return _Shelf.calendar


def keep(calendar: Calendar) -> Calendar:
    """Count by this one until an override changes or a minute has passed."""
    _Shelf.calendar, _Shelf.read_at = calendar, time.monotonic()
    return calendar


def load() -> Calendar:
    """The calendar as the tables have it at this moment, for whoever has just changed them."""
    rows = list(CalendarOverride.objects.values_list("day", "is_workday", "note"))
    notices = CalendarNotice.objects.filter(replaced_by__isnull=True).values_list("year", "days")
    return calendar_of(rows, [(year, named(days)) for year, days in notices])


Noted = tuple[datetime.date, bool, str]  # a day, whether it is worked, and what it is called


def named(days: Iterable[Sequence[Any]]) -> list[Noted]:
    """The days of a notice, from what its row keeps."""
    return [(datetime.date.fromisoformat(day), bool(worked), str(name)) for day, worked, name in days]


def calendar_of(overrides: Iterable[Noted], notices: Iterable[tuple[int, Iterable[Noted]]]) -> Calendar:
    """A calendar of single days that win, and of the notices of whole years."""
    overrides, notices = list(overrides), [(year, list(days)) for year, days in notices]
    announced = [noted for _year, days in sorted(notices) for noted in days]
    return Calendar(
        overrides={day: worked for day, worked, _note in overrides},
        notes={day: note for day, _worked, note in [*announced, *overrides]},
        settled={year for year, _days in notices},
        announced={day: worked for day, worked, _name in announced},
    )


def forget(**_signal: object) -> None:
    """Read the overrides again at the next question."""
    _Shelf.calendar = None


def _changed(**_signal: object) -> None:
    forget()
    transaction.on_commit(forget)


for _model in (CalendarOverride, CalendarNotice):
    post_save.connect(_changed, sender=_model, dispatch_uid=f"workdays-{_model.__name__}-saved")
    post_delete.connect(_changed, sender=_model, dispatch_uid=f"workdays-{_model.__name__}-deleted")
