"""Monthly progress: one project's, and a table of all of a unit's or task force's projects."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting, receipts
from core.clock import month_start, next_month, previous_month
from core.pages import page
from core.refusal import Refusal
from projects import excel
from projects import progress as reporting
from projects.forms import MonthForm, ProgressForm, ReportTable
from projects.models import BUREAU, ProgressReport, Project, standing_of
from projects.models.project import ProjectQuerySet
from projects.views.finding import project_to_act_on
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

MONTHS_SHOWN = 24
ROWS = 100  # of the table at a time


@allow("projects.report_progress")
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    project = project_to_act_on(request, pk, "projects.report_progress")
    user, today = user_of(request), clock.today()
    reports = standing_of(project.progress_reports.select_related("by"))
    form = ProgressForm(
        request.POST or None, project=project, today=today, initial=_last_report(project, today)
    )
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    reporting.report(project=project, **form.cleaned_data, by=user, today=today)
                    messages.success(request, _("The progress is reported."))
                    sending.answer(location=project.get_absolute_url())
            return redirect(sending.location)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    return page(
        request,
        "projects/progress.html",
        {"project": project, "form": form, "reports": reports[:MONTHS_SHOWN]},
        status=422 if form.errors else 200,
    )


def _last_report(project: Project, today: datetime.date) -> dict[str, object]:
    """Amounts are cumulative, so that the last ones are where one begins."""
    month = month_start(today)
    last = project.progress_reports.last_told(month).first()
    if last is None:
        return {"month": month}
    return {
        "month": month,
        "invested": last.invested,
        "funds_in_place": last.funds_in_place,
        "physical": last.physical,
    }


# --- A unit's or task force's month ---------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """Whose projects are reported together: a unit's or a task force's."""

    key: str
    name: str
    projects: ProjectQuerySet


# Of somebody who works for no unit and no task force yet.
NO_DESK = Desk("", "", Project.objects.filter(pk__in=[]))


def desks(user: User) -> list[Desk]:
    """Those for which a person may report: the own ones, for the bureau all; units first."""
    own, all_of_them = reach(user), user.role in BUREAU
    units = ReportingUnit.objects.order_by("order", "pk")
    forces = TaskForce.objects.order_by("order", "pk")
    if not all_of_them:
        units, forces = units.filter(pk__in=own.units), forces.filter(pk__in=own.task_forces)
    return [
        *(Desk(f"unit:{one.code}", str(one), Project.objects.filter(reporting_unit=one)) for one in units),
        *(Desk(f"force:{one.code}", str(one), Project.objects.filter(task_force=one)) for one in forces),
    ]


def _lines(projects: list[Project], month: datetime.date) -> list[dict[str, Any]]:
    """What each project told of a month, for the list as a file."""
    standing = reporting.around([project.pk for project in projects], month)
    return [{"project": project, "report": standing[project.pk].same} for project in projects]


@allow("projects.report_progress")
def report_month(request: HttpRequest) -> HttpResponseBase:
    """A table with a row for each running project of a unit or task force, saved at once."""
    user, today = user_of(request), clock.today()
    offered = desks(user)
    asked = request.GET.get("of", "")
    desk = next((one for one in offered if one.key == asked), offered[0] if offered else NO_DESK)
    month = _month(request, today)
    rows = desk.projects.reporting(month).select_related("enterprise").order_by("code")
    if exporting.asked(request):
        narrowed = [(_("Whose"), desk.name), (_("Month"), f"{month:%Y-%m}")]
        lines = exporting.in_chunks(rows, lambda chunk: _lines(chunk, month))
        return exporting.answer(request, excel.PROGRESS, lines, narrowed=narrowed)
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    if request.method != "POST":
        table = ReportTable(shown, month)
        return page(request, "projects/report_month.html", _table(offered, desk, table, shown, today))
    sent = [int(pk) for pk in request.POST.getlist("project")[:ROWS] if pk.isdecimal()]
    table = ReportTable(desk.projects.filter(pk__in=sent).order_by("code"), month, request.POST.dict())
    if table.is_valid() and (there := _save(request, table, user, today)):
        return redirect(there)
    context = _table(offered, desk, table, shown, today)
    return page(request, "projects/report_month.html", context, status=422)


def _month(request: HttpRequest, today: datetime.date) -> datetime.date:
    """The month asked for, else last month while it is open."""
    form = MonthForm(request.GET)
    if form.is_valid() and form.cleaned_data["month"] <= today:
        asked: datetime.date = form.cleaned_data["month"]
        return asked
    last = previous_month(today)
    return month_start(today) if reporting.is_closed(last, today) else last


def _save(request: HttpRequest, table: ReportTable, user: User, today: datetime.date) -> str:
    """Where to go on; nothing when it was refused, which the table then says."""
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                count = table.save(by=user, today=today)
                said = ngettext(
                    "%(n)d project is reported for %(month)s.",
                    "%(n)d projects are reported for %(month)s.",
                    count,
                )
                messages.success(request, said % {"n": count, "month": f"{table.month:%Y-%m}"})
                sending.answer(location=request.get_full_path())
        return sending.location
    except reporting.ReportedMeanwhile as refusal:
        table.refusal = str(refusal)
        table.look_again()
    except Refusal as refusal:
        table.refusal = str(refusal)
    return ""


def _table(
    offered: list[Desk], desk: Desk, table: ReportTable, shown: Any, today: datetime.date
) -> dict[str, Any]:
    month = table.month
    running = desk.projects.reporting(month)
    reported = ProgressReport.objects.standing().filter(month=month, project__in=running)
    later = next_month(month)
    return {
        "desk": desk,
        "desks": [(one, _address(one, month)) for one in offered],
        "month": month,
        "earlier": _address(desk, previous_month(month)),
        "later": _address(desk, later) if later <= today else "",
        "table": table,
        "page": shown,
        "reported": reported.count(),
        "running": shown.paginator.count,
        "is_closed": reporting.is_closed(month, today),
    }


def _address(desk: Desk, month: datetime.date) -> str:
    return f"{reverse('projects:report_month')}?{urlencode({'of': desk.key, 'month': f'{month:%Y-%m}'})}"
