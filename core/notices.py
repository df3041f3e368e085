"""Notices of days off: entering one, correcting one, and having everything recounted that counts by
the calendar.

Core does not know what is counted. Whoever keeps due days registers a `Counting`; a change of the
calendar tells each of them in its own transaction, so that calendar and due days never disagree.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import workdays
from core.models import CalendarNotice, CalendarOverride
from core.notice_text import Named, Understood, ranges, read
from core.refusal import Refusal
from core.workdays import Calendar, DayKind


class CannotEnter(Refusal):
    """The notice cannot be entered as it is."""

    http_status = 422


# --- Who counts by the calendar -----------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """Why the calendar is another one now: a notice of a whole year, or words about single days."""

    notice: CalendarNotice | None = None
    because: str = ""


@dataclass(frozen=True)
class Foreseen:
    """What a change would move, of how many things that are counted."""

    counted: int
    later: int
    earlier: int

    @property
    def moved(self) -> int:
        return self.later + self.earlier


@dataclass(frozen=True)
class Counting:
    """Something that is counted by the calendar: what a new one would move, and counting it anew."""

    foresee: Callable[[Calendar], Foreseen]
    recount: Callable[[Change, Calendar, datetime.date], int]


COUNTINGS: dict[str, Counting] = {}


def foresee(days: Calendar) -> Foreseen:
    """What would move if the calendar were this one. Writes nothing."""
    told = [counting.foresee(days) for counting in COUNTINGS.values()]
    return Foreseen(sum(f.counted for f in told), sum(f.later for f in told), sum(f.earlier for f in told))


@transaction.atomic
def recount(change: Change, *, today: datetime.date) -> int:
    """Count everything anew by the calendar as its tables have it; how much has moved."""
    days = workdays.load()
    return sum(counting.recount(change, days, today) for counting in COUNTINGS.values())


# --- Notices ------------------------------------------------------------------------------------


def newest(year: int) -> CalendarNotice | None:
    """The notice of a year that counts."""
    return CalendarNotice.objects.filter(year=year, replaced_by__isnull=True).order_by("pk").first()


@transaction.atomic
def enter(
    *,
    year: int,
    reference: str,
    text: str,
    by: Any,
    today: datetime.date,
    replaces: CalendarNotice | None = None,
    reason: str = "",
) -> tuple[CalendarNotice, int]:
    """Enter a year's notice, or one that corrects it; how many due days have moved by it.

    Raises CannotEnter for what was not understood in full, for a correction without a reason, and
    when somebody else has entered the year in the meantime.
    """
    if not reference.strip():
        raise CannotEnter(_("Enter the number of the notice, for example 国办发明电〔2026〕7号."))
    said = understood(text, year=year)
    if replaces is not None and not reason.strip():
        raise CannotEnter(_("Say why the notice is entered anew."))
    notice = CalendarNotice(
        year=year,
        reference=reference.strip(),
        text=text,
        days=_kept(said.days),
        replaces=replaces,
        reason=reason.strip() if replaces else "",
        entered_by=by,
    )
    try:
        with transaction.atomic():
            notice.save(force_insert=True)
    except IntegrityError as error:
        raise CannotEnter(
            _("Somebody has entered a notice of %(year)s in the meantime. Look at it, then correct it.")
            % {"year": year}
        ) from error
    return notice, recount(Change(notice=notice), today=today)


def understood(text: str, *, year: int) -> Understood:
    """The days of a text; raises CannotEnter, with its questions, unless all of it is clear."""
    said = read(text, year=year)
    if said.questions:
        raise CannotEnter(_("The text is not clear in everything."), said.questions)
    if not said.days:
        raise CannotEnter(
            _("No days were found. Write them like this: 10月1日至7日放假，9月26日、10月9日上班。")
        )
    return said


def calendar_with(year: int, days: Sequence[Named]) -> Calendar:
    """The calendar as it would be with these days as the year's notice."""
    others = CalendarNotice.objects.filter(replaced_by__isnull=True).exclude(year=year)
    notices = [(other, workdays.named(kept)) for other, kept in others.values_list("year", "days")]
    notices.append((year, [(one.day, one.is_workday, one.name) for one in days]))
    overrides = CalendarOverride.objects.values_list("day", "is_workday", "note")
    return workdays.calendar_of(overrides, notices)


def forgotten(said: Understood, *, year: int) -> list[str]:
    """The statutory days off that a text does not name: usually a line was lost in copying."""
    free = {one.day for one in said.free}
    national = workdays.NATIONAL.days(datetime.date(year - 1, 12, 31), datetime.date(year, 12, 31))
    lost = {
        day.date: workdays.holiday_name(day.date)
        for day in national
        if workdays.NATIONAL.is_provisional(year)
        and day.kind == DayKind.HOLIDAY
        and day.date not in free
        and not workdays.is_swapped(day.date)
    }
    return [stretch(*found) for found in ranges(lost)]


def overruled(days: Sequence[Named]) -> list[CalendarOverride]:
    """Single days of the region that say otherwise than these: they stay and win."""
    named = {one.day: one.is_workday for one in days}
    kept = CalendarOverride.objects.filter(day__in=list(named)).order_by("day")
    return [override for override in kept if override.is_workday != named[override.day]]


def _kept(days: Sequence[Named]) -> list[list[object]]:
    return [[one.day.isoformat(), one.is_workday, one.name] for one in days]


def stretch(first: datetime.date, last: datetime.date, name: str) -> str:
    """“2027-01-01 to 2027-01-03 元旦”."""
    if first == last:
        words = first.isoformat()
    else:
        words = pgettext("days", "%(first)s to %(last)s") % {
            "first": first.isoformat(),
            "last": last.isoformat(),
        }
    return f"{words} {name}".strip()


def stretches(days: Sequence[Named], *, is_workday: bool) -> list[str]:
    """The free or the worked days of a notice, those that follow each other in one."""
    return [stretch(*found) for found in ranges({o.day: o.name for o in days if o.is_workday == is_workday})]
