"""By which day a month is reported and confirmed: working days of the next month, from dated rows."""

import datetime
import time
from collections.abc import Sequence

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from briefings.models import Timetable
from core import clock
from core.workdays import calendar

# For a month before the first row (the office's proposal: the 3rd and the 5th working day).
USUAL = Timetable(effective_from=datetime.date.min)

KEPT_FOR = 60.0  # seconds: how long another process may go by the old rows


class _Shelf:
    """What this process has read last, newest row first."""

    rows: Sequence[Timetable] | None = None
    read_at = 0.0


def of(month: datetime.date) -> Timetable:
    """The row in force for a month."""
    return next((row for row in _rows() if row.effective_from <= month), USUAL)


def report_by(month: datetime.date) -> datetime.date:
    """The last day on which a month's progress is reported in time."""
    return _day(month, of(month).report_within)


def confirm_by(month: datetime.date) -> datetime.date:
    """The last day on which a month's figures are confirmed in time."""
    return _day(month, of(month).confirm_within)


def _day(month: datetime.date, within: int) -> datetime.date:
    return calendar().add(clock.month_end(month), within)


def _rows() -> Sequence[Timetable]:
    if _Shelf.rows is None or time.monotonic() - _Shelf.read_at > KEPT_FOR:
        return keep(list(Timetable.objects.order_by("-effective_from")))
    return _Shelf.rows


def keep(rows: Sequence[Timetable]) -> Sequence[Timetable]:
    """Go by these until a row changes or a minute has passed."""
    _Shelf.rows, _Shelf.read_at = rows, time.monotonic()
    return rows


def forget(**_signal: object) -> None:
    _Shelf.rows = None


def _changed(**_signal: object) -> None:
    forget()
    transaction.on_commit(forget)


post_save.connect(_changed, sender=Timetable, dispatch_uid="timetable-saved")
post_delete.connect(_changed, sender=Timetable, dispatch_uid="timetable-deleted")
