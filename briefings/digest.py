"""The morning's list: on a working day each person is told once how much waits for them.

It counts and names nothing, since a mail leaves the house; what waits stands on Today. Keyed by person
and day, so that a second run, or a second worker, tells nobody twice.
"""

import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.notifications import notify, says
from accounts.roles import ADMINS
from briefings.waiting import Waiting, waiting_for
from core.workdays import calendar

KIND = "digest"

says(
    KIND,
    _("Waiting for you today: %(count)s. Overdue %(overdue)s, due today %(today)s, within a week %(week)s."),
)


def tell(today: datetime.date) -> int:
    """Tell everybody for whom something waits; how many there are. A day off has no list."""
    if not calendar().is_workday(today):
        return 0
    told = 0
    for user in User.objects.filter(is_active=True).exclude(role__in=["", *ADMINS]).order_by("pk"):
        if facts := _facts(waiting_for(user, today)):
            key = f"digest-{today.isoformat()}"
            notify([user], key=key, kind=KIND, facts=facts, url="/", by_mail=True, is_digest=True)
            told += 1
    return told


def _facts(waiting: Waiting) -> dict[str, Any]:
    """In the heaps of Today; nothing where nothing waits."""
    if not waiting.tasks:
        return {}
    today, week = waiting.today, waiting.today + datetime.timedelta(days=7)
    due = [task.due for task in waiting.tasks if task.due]
    return {
        "count": waiting.count,
        "overdue": sum(day < today for day in due),
        "today": sum(day == today for day in due),
        "week": sum(today < day <= week for day in due),
    }
