"""The month on one page: how far it is, who waits for what, and the next thing to do."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from briefings import month as months
from briefings import reports, timetable
from briefings.choices import BriefingState
from briefings.forms import MonthForm
from briefings.models import Briefing, Period
from briefings.month import Station
from briefings.reports import UnitReports
from briefings.views.briefings import standings
from core import clock
from core.pages import page
from taskforces.rules import reach

READERS = "briefings.view_briefing"


@allow(READERS)
def this_month(request: HttpRequest) -> HttpResponse:
    """The month as a line from the first report to its closing; each reader's own work under it."""
    user, today = user_of(request), clock.today()
    month = _month(request, today)
    period = Period.objects.filter(month=month).first()
    is_closed = period is not None and period.closed_on is not None
    briefings = list(Briefing.objects.filter(period__month=month).only("state", "scope"))
    reported = [] if is_closed else reports.by_unit(month, today=today)
    stops = months.stations(month, is_closed=is_closed, reports=reported, briefings=briefings)
    own = _own_reports(user, month, reported, today)
    mine = standings(_own(user, month).order_by("scope", "task_force__order", "unit__order", "pk"), today)
    later = clock.next_month(month)
    context = {
        "month": month,
        "earlier": clock.previous_month(month),
        "later": later if later <= today else None,
        "period": period,
        "is_closed": is_closed,
        "track": _track(stops, is_closed),
        "reports": [ReportRow(row, _table_of(user, month, row)) for row in own],
        "report_by": timetable.report_by(month),
        "confirm_by": timetable.confirm_by(month),
        "waiting": [one for one in mine if one.briefing.state != BriefingState.PUBLISHED],
        "published": sum(1 for one in mine if one.briefing.state == BriefingState.PUBLISHED),
        "act": None if is_closed else _next_act(user, month, stops, own),
    }
    return page(request, "briefings/this_month.html", context)


def _month(request: HttpRequest, today: datetime.date) -> datetime.date:
    """The month asked for, else last month until it is closed."""
    form = MonthForm(request.GET)
    if form.is_valid() and form.cleaned_data["month"] <= today:
        asked: datetime.date = form.cleaned_data["month"]
        return asked
    last = clock.previous_month(today)
    closed = Period.objects.filter(month=last, closed_on__isnull=False).exists()
    return clock.month_start(today) if closed else last


# --- The line ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """A station as the page draws it."""

    station: Station
    state: str


def _track(stops: list[Station], is_closed: bool) -> list[Stop]:
    """The first stop that is not done is where the month stands; a closed month has all behind it."""
    here = None if is_closed else next((stop for stop in stops if not stop.is_done), None)

    def state(stop: Station) -> str:
        if is_closed or stop.is_done:
            return "done"
        return "now" if stop is here else ""

    return [Stop(stop, state(stop)) for stop in stops]


# --- Whose ---------------------------------------------------------------------------------------


def _own(user: User, month: datetime.date) -> Any:
    """The briefings a person answers for or steers: the bureau and city leaders all, others their own."""
    rows = Briefing.objects.visible_to(user).filter(period__month=month).for_list()
    if user.role in SEES_ALL_PROJECTS:
        return rows
    own = reach(user)
    return rows.filter(Q(task_force__in=own.task_forces) | Q(unit__in=own.units))


def _own_reports(
    user: User, month: datetime.date, city: list[UnitReports], today: datetime.date
) -> list[UnitReports]:
    if user.role in SEES_ALL_PROJECTS or not city:
        return city
    return reports.by_unit(month, today=today, of=reports.answered_by(user))


@dataclass(frozen=True)
class ReportRow:
    """A unit's reports with the page on which this person enters them, if it is theirs."""

    reports: UnitReports
    url: str


def _table_of(user: User, month: datetime.date, row: UnitReports) -> str:
    if not user.has_perm("projects.report_progress"):
        return ""
    if user.role not in SEES_ALL_PROJECTS and row.unit.pk not in reach(user).units:
        return _report_page(month)  # a task force's table holds the projects of all units
    return _report_page(month, of=f"unit:{row.unit.code}")


def _report_page(month: datetime.date, **of: str) -> str:
    return f"{reverse('projects:report_month')}?{urlencode({**of, 'month': f'{month:%Y-%m}'})}"


# --- The next thing to do ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """The one button of the page."""

    label: str
    url: str


def _next_act(user: User, month: datetime.date, stops: list[Station], own: list[UnitReports]) -> Act | None:
    """What this person does next for the month: report, then their step of a briefing, then close it."""
    done = {stop.key: stop.is_done for stop in stops}
    missing = sum(row.missing for row in own)
    if missing and user.role not in SEES_ALL_PROJECTS and user.has_perm("projects.report_progress"):
        return Act(_("Report progress (%(n)d missing)…") % {"n": missing}, _report_page(month))
    briefings = f"{reverse('briefings:list')}?{urlencode({'month': f'{month:%Y-%m}'})}"
    if user.has_perm("briefings.draft_briefing") and not done["drafted"]:
        return Act(_("Draft this month…"), briefings)
    waiting = Briefing.objects.waiting_for(user).filter(period__month=month).for_list()
    if mine := list(waiting.order_by("scope", "pk")[:2]):
        return Act(_step_words(mine[0]), mine[0].get_absolute_url() if len(mine) == 1 else briefings)
    if done["published"] and user.has_perm("briefings.close_period"):
        return Act(_("Close the month…"), reverse("briefings:month", args=[f"{month:%Y-%m}"]))
    return None


def _step_words(briefing: Briefing) -> str:
    return {
        BriefingState.DRAFT: _("Confirm the figures…"),
        BriefingState.RETURNED: _("Draft again…"),
        BriefingState.REVIEWED: _("Sign off…"),
        BriefingState.SIGNED_OFF: _("Publish…"),
        BriefingState.PUBLISHED: _("Look at the briefing…"),
    }[BriefingState(briefing.state)]
