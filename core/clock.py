"""Today in Liuzhou. Edges read it once and pass it on; verbs, queries and figures never look."""

import datetime

from django.utils import timezone


def today() -> datetime.date:
    return timezone.localdate()


def moment(day: datetime.date) -> datetime.datetime:
    """When something entered on `day` was written down: now, or noon of a day that is not today."""
    now = timezone.localtime()
    return now if day == now.date() else now.replace(year=day.year, month=day.month, day=day.day, hour=12)


def month_start(day: datetime.date) -> datetime.date:
    return day.replace(day=1)


def next_month(day: datetime.date) -> datetime.date:
    """The first day of the month after `day`'s."""
    return (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)


def previous_month(day: datetime.date) -> datetime.date:
    """The first day of the month before `day`'s."""
    return (day.replace(day=1) - datetime.timedelta(days=1)).replace(day=1)


def month_end(day: datetime.date) -> datetime.date:
    return next_month(day) - datetime.timedelta(days=1)


def year_before(day: datetime.date) -> datetime.date:
    """The same day a year earlier; 29 February is compared with 28 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
