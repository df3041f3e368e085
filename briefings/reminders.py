"""Reminders of the month: one working day before a last day, and again the later it gets.

Each step is told once: keyed by what is asked for, the step and the person, so that a second run or a
second worker tells nobody twice. After days on which nothing ran, only the step reached by now is told.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.notifications import notify, says
from accounts.roles import Role
from briefings import reports, timetable
from briefings.choices import BriefingState
from briefings.models import Briefing, Period
from briefings.notifications import answerable
from core import clock
from core.workdays import calendar
from projects.rules import closed_months

BEFORE = -1
# Working days late at which somebody is reminded again (the office's proposal).
LATE = (1, 3, 5, 10)

REPORT, CONFIRM, UNHEARD = "remind_report", "remind_confirm", "remind_unheard"

says(REPORT, _("The progress of %(month)s is to be reported by %(day)s. Projects still missing: %(count)s."))
says(f"{REPORT}_late", _("The progress of %(month)s was due on %(day)s. Projects still missing: %(count)s."))
says(CONFIRM, _("Your figures of %(month)s are to be confirmed or disputed by %(day)s."))
says(f"{CONFIRM}_late", _("Your figures of %(month)s were to be confirmed by %(day)s. Nobody has done it."))
says(UNHEARD, _("Figures of %(month)s that nobody has confirmed since %(day)s: %(count)s."))


def remind(today: datetime.date) -> int:
    """Tell whoever is about to be late with last month or is; how many reminders stand for today's step.

    On a day off, and once the month is closed, nobody is reminded.
    """
    month = clock.previous_month(today)
    if not calendar().is_workday(today) or month in closed_months(today + datetime.timedelta(days=1)):
        return 0
    return _of_reports(month, today) + _of_figures(month, today)


def step(due: datetime.date, today: datetime.date) -> int | None:
    """The step reached on a day: BEFORE from the working day before the last one, then working days late."""
    days_left = calendar().between(today, due)
    if today <= due:
        return BEFORE if days_left <= 1 else None
    return max((one for one in LATE if one <= -days_left), default=None)


def _of_reports(month: datetime.date, today: datetime.date) -> int:
    due = timetable.report_by(month)
    reached = step(due, today)
    if reached is None:
        return 0
    told = 0
    for row in reports.by_unit(month, today=today):
        if row.missing:
            people = _people().filter(memberships__unit=row.unit, role=Role.UNIT).distinct()
            query = urlencode({"of": f"unit:{row.unit.code}", "month": f"{month:%Y-%m}"})
            url = f"{reverse('projects:report_month')}?{query}"
            about = f"report:{month:%Y-%m}:{row.unit.pk}"
            told += _tell(people, REPORT, about, reached, due, month, url, count=row.missing)
    return told


def _of_figures(month: datetime.date, today: datetime.date) -> int:
    """Drafts without an open dispute: there the word is with whoever answers for the figures."""
    due = timetable.confirm_by(month)
    reached = step(due, today)
    if reached is None or not Period.objects.filter(month=month).exists():
        return 0
    drafts = Briefing.objects.filter(period__month=month, state=BriefingState.DRAFT)
    disputed = Briefing.objects.disputed().values("pk")
    waiting = list(drafts.exclude(pk__in=disputed).for_list().order_by("pk"))
    told = 0
    for briefing in waiting:
        url = briefing.get_absolute_url()
        told += _tell(answerable(briefing), CONFIRM, f"confirm:{briefing.pk}", reached, due, month, url)
    if reached > BEFORE and waiting:
        url = f"{reverse('briefings:this_month')}?{urlencode({'month': f'{month:%Y-%m}'})}"
        leaders, about = _people().filter(role=Role.LEADER), f"unheard:{month:%Y-%m}"
        told += _tell(leaders, UNHEARD, about, reached, due, month, url, count=len(waiting))
    return told


def _people() -> Any:
    return User.objects.filter(is_active=True)


def _tell(
    people: Iterable[User],
    kind: str,
    about: str,
    reached: int,
    due: datetime.date,
    month: datetime.date,
    url: str,
    **facts: Any,
) -> int:
    users = list(people)
    is_late = reached > BEFORE and kind != UNHEARD
    notify(
        users,
        key=f"remind:{about}:{reached}",
        kind=f"{kind}_late" if is_late else kind,
        facts={"month": f"{month:%Y-%m}", "day": due.isoformat(), **facts},
        url=url,
        by_mail=True,
    )
    return len(users)
