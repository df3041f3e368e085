"""The figures of the service teams: each number opens exactly the list that it counts."""

import datetime
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel
from approvals import figures as service
from approvals.choices import ConfirmedThrough, IssueCategory
from approvals.figures import MEANINGS, Period, Tally
from approvals.filters import NO_TEAM
from approvals.forms import PeriodForm
from approvals.models import Issue, Item
from approvals.views.leafing import Leaves
from core import clock, exporting
from core.money import NO_VALUE
from core.pages import page
from core.workdays import calendar
from projects.showing import face, name_of

# --- The period -------------------------------------------------------------------------------


def year_to(today: datetime.date) -> Period:
    """From New Year to today: what is shown unless another period is asked for."""
    return Period(today.replace(month=1, day=1), today)


def _usual(today: datetime.date) -> list[tuple[str, Period]]:
    last_month = clock.previous_month(today)
    last_year = today.year - 1
    return [
        (pgettext("period", "This year"), year_to(today)),
        (pgettext("period", "This month"), Period(clock.month_start(today), today)),
        (pgettext("period", "Last month"), Period(last_month, clock.month_end(last_month))),
        (
            pgettext("period", "Last year"),
            Period(datetime.date(last_year, 1, 1), datetime.date(last_year, 12, 31)),
        ),
    ]


def _asked(request: HttpRequest, today: datetime.date) -> tuple[PeriodForm, Period]:
    """The period asked for; what cannot be read is said, and this year shown."""
    usual = year_to(today)
    given = {"from", "to"} & request.GET.keys()
    form = PeriodForm(
        request.GET if given else {"from": usual.first, "to": usual.last}, first=usual.first, last=usual.last
    )
    return form, form.period() if form.is_valid() else usual


def _days(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


# --- The page ---------------------------------------------------------------------------------


@allow("approvals.view_issue")
def figures(request: HttpRequest) -> HttpResponseBase:
    """Served projects and issues of a period, in all and by department, team and category."""
    user, today = user_of(request), clock.today()
    form, period = _asked(request, today)
    told = service.service_figures(user, period, days=calendar())
    if exporting.asked(request):
        return exporting.answer(request, excel.FIGURES, _as_lines(told), narrowed=form)
    tables = [
        (
            _("By responsible department"),
            [
                _line(period, str(office), tally, department=office.code)
                for office, tally in told.by_department
            ],
        ),
        (
            _("By service team"),
            [
                _line(period, str(team or _("No team")), tally, team=team.pk if team else NO_TEAM)
                for team, tally in told.by_team
            ],
        ),
        (
            _("By category"),
            [
                _line(period, str(IssueCategory(category).label), tally, category=category)
                for category, tally in told.by_category
            ],
        ),
    ]
    return page(
        request,
        "approvals/figures.html",
        {
            "form": form,
            "period": period,
            "usual": [
                {"word": word, "query": urlencode(_days(days)), "on": days == period}
                for word, days in _usual(today)
            ],
            "served": {"value": told.served, "url": _url("approvals:served", **_days(period))},
            "open": told.open,
            "open_url": _url("approvals:issues", group="open"),
            "total": _line(period, _("All"), told.total),
            "confirmed": [
                {
                    "word": ConfirmedThrough(through).label,
                    "value": count,
                    "url": _issues(period, "resolved", confirmed=through),
                }
                for through, count in told.total.confirmed.items()
            ],
            "tables": [{"title": title, "lines": lines} for title, lines in tables],
            "meanings": MEANINGS,
        },
    )


def _as_lines(told: service.Figures) -> list[tuple[str, str, Tally]]:
    """The page's tables under one another, for the list as a file."""
    grouped = [
        (_("By responsible department"), [(str(office), tally) for office, tally in told.by_department]),
        (_("By service team"), [(str(team or _("No team")), tally) for team, tally in told.by_team]),
        (_("By category"), [(str(IssueCategory(one).label), tally) for one, tally in told.by_category]),
    ]
    lines = [(title, name, tally) for title, group in grouped for name, tally in group]
    return [*lines, (_("All"), "", told.total)]


def _line(period: Period, word: str, tally: Tally, **group: Any) -> dict[str, Any]:
    """One row: each number with the list that it counts."""
    return {
        "word": word,
        "raised": (tally.raised, _issues(period, "raised", **group)),
        "resolved": (tally.resolved, _issues(period, "resolved", **group)),
        "in_time": (tally.in_time, _issues(period, "resolved", due="in_time", **group)),
        "in_time_rate": _percent(tally.in_time_rate),
        "reopened": (tally.reopened, _issues(period, "reopened", **group)),
        "reopened_rate": _percent(tally.reopened_rate),
        "median_days": NO_VALUE if tally.median_days is None else f"{tally.median_days.normalize():f}",
    }


def _issues(period: Period, day: str, **more: Any) -> str:
    days = {f"{day}_after": period.first.isoformat(), f"{day}_before": period.last.isoformat()}
    return _url("approvals:issues", **days, **more)


def _url(route: str, **query: Any) -> str:
    return f"{reverse(route)}?{urlencode(query)}"


def _percent(rate: Any) -> str:
    return NO_VALUE if rate is None else f"{rate}%"


# --- The lists that are not of issues ----------------------------------------------------------


@allow("approvals.view_issue")
def served(request: HttpRequest) -> HttpResponseBase:
    """The projects that a team began to follow in the period."""
    user, today = user_of(request), clock.today()
    form, period = _asked(request, today)
    rows = service.served(user, period).select_related(
        "team", "project__enterprise", "project__reporting_unit", "project__task_force"
    )
    rows = rows.prefetch_related("project__shares").order_by("-since", "-pk")
    if exporting.asked(request):
        served_rows = exporting.each(rows, lambda row: _served_row(row, user))
        return exporting.answer(request, excel.SERVED, served_rows, narrowed=form)
    shown = Leaves(rows).get_page(request.GET.get("page"))
    return page(
        request,
        "approvals/served.html",
        {
            "form": form,
            "period": period,
            "page": shown,
            "projects": service.served(user, period).values("project").distinct().count(),
            "rows": [_served_row(row, user) for row in shown],
        },
    )


def _served_row(row: Any, user: User) -> dict[str, Any]:
    shown = face(row.project, user)
    return {
        "url": row.project.get_absolute_url(),
        "name": shown.name,
        "enterprise": shown.enterprise,
        "unit": row.project.reporting_unit.short_name,
        "team": str(row.team),
        "leader": row.leader,
        "since": row.since.isoformat(),
        "until": row.until.isoformat() if row.until else "",
    }


@allow("approvals.view_issue")
def held_up(request: HttpRequest) -> HttpResponseBase:
    """Items not yet decided that open issues block: one issue may stand in several rows."""
    user = user_of(request)
    items = service.held_up(user).for_list().order_by("project", "template__phase", "pk")
    if exporting.asked(request):
        rows = exporting.in_chunks(items, lambda chunk: _held_up_rows(chunk, user))
        return exporting.answer(request, excel.HELD_UP, rows)
    shown = Leaves(items).get_page(request.GET.get("page"))
    rows_shown = _held_up_rows(list(shown), user)
    return page(request, "approvals/held_up.html", {"page": shown, "rows": rows_shown})


def _held_up_rows(shown: Sequence[Item], user: User) -> list[dict[str, Any]]:
    blocking = Issue.blocks.through.objects.filter(
        item__in=[item.pk for item in shown], issue__in=Issue.objects.visible_to(user).open().values("pk")
    )
    issues: dict[int, list[Issue]] = {}
    for row in blocking.select_related("issue").order_by("issue__raised_on", "pk"):
        issues.setdefault(row.item_id, []).append(row.issue)
    return [
        {
            "item": str(item.template),
            "url": reverse("approvals:item", args=[item.pk]),
            "project": name_of(item.project, user),
            "department": str(item.template.department),
            "issues": issues.get(item.pk, []),
        }
        for item in shown
    ]
