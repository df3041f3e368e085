"""A year of working days as the wall calendar has it."""

import calendar as python_calendar
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.formats import date_format
from django.utils.translation import pgettext

from core.workdays import Calendar, Day, DayKind, holiday_name, is_swapped

ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """One day: how it is drawn, and why, in words."""

    number: int
    kind: str
    words: str
    mark: str
    is_today: bool


@dataclass(frozen=True)
class Month:
    """A month's weeks, Monday first."""

    label: str
    workdays: int
    weeks: list[list[Cell | None]]


def year_of(year: int, *, days: Calendar, today: datetime.date) -> list[Month]:
    """The twelve months."""
    told = days.days(datetime.date(year - 1, 12, 31), datetime.date(year, 12, 31))
    return [_month(list(month), today) for _number, month in groupby(told, key=lambda day: day.date.month)]


# --- The same in words ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Holiday:
    """Days off in one piece, weekends among them."""

    first: datetime.date
    last: datetime.date
    names: list[str]

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1


def days_off(year: int, *, days: Calendar) -> list[Holiday]:
    """The year's days off; a weekend alone is none."""
    found = []
    told = days.days(datetime.date(year - 1, 12, 31), datetime.date(year, 12, 31))
    for is_workday, piece in groupby(told, key=lambda day: day.is_workday):
        free = list(piece)
        named = [day for day in free if day.kind in (DayKind.HOLIDAY, DayKind.OVERRIDE)]
        if named and not is_workday:
            names = [day.note or holiday_name(day.date) for day in named if not is_swapped(day.date)]
            found.append(Holiday(free[0].date, free[-1].date, list(dict.fromkeys(filter(None, names)))))
    return found


def made_up(year: int, *, days: Calendar) -> list[Day]:
    """The weekend days that are worked."""
    told = days.days(datetime.date(year - 1, 12, 31), datetime.date(year, 12, 31))
    return [day for day in told if day.is_workday and day.date.weekday() >= python_calendar.SATURDAY]


# --- Drawing --------------------------------------------------------------------------------------


def _month(days: Sequence[Day], today: datetime.date) -> Month:
    first = days[0].date
    cells: list[Cell | None] = [None] * first.weekday()
    cells += [_cell(day, today) for day in days]
    cells += [None] * (-len(cells) % 7)
    return Month(
        date_format(first, pgettext("date format", "F")),
        sum(day.is_workday for day in days),
        [cells[n : n + 7] for n in range(0, len(cells), 7)],
    )


def _cell(day: Day, today: datetime.date) -> Cell:
    kind = _kind(day)
    marks = {"off": pgettext("mark in a calendar", "off"), "made-up": pgettext("mark in a calendar", "work")}
    mark = marks.get(kind, "")
    if day.kind == DayKind.OVERRIDE:
        mark = marks["made-up" if day.is_workday else "off"]
    return Cell(day.date.day, kind, f"{day.date.isoformat()} {day.reason}", mark, day.date == today)


def _kind(day: Day) -> str:
    if day.kind == DayKind.OVERRIDE:
        return "own-worked" if day.is_workday else "own-off"
    if day.kind == DayKind.MAKEUP:
        return "made-up"
    if day.kind == DayKind.HOLIDAY:
        return "off"
    return "weekend" if day.date.weekday() >= python_calendar.SATURDAY else "workday"
