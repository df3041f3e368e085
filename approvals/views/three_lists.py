"""The three lists of a project on one page, and as a sheet for the enterprise."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import Role
from approvals import clocks, documents, excel, lamps, lists, planning
from approvals.choices import AssistanceState, ItemState, SupportState
from approvals.models import AgencyTask, Item, Service, SheetExport, SupportNeed
from approvals.views import assisting, needs, tabs
from core import clock, exporting
from core.pages import download, page
from core.workdays import Calendar, calendar
from projects.models import Project
from projects.showing import face


@dataclass(frozen=True)
class Lists:
    """What one person sees of a project's three lists; the plan is made of the whole list."""

    plan: planning.ProjectPlan
    items: list[Item]
    ready: dict[int, lists.Readiness]
    needs: list[SupportNeed]
    tasks: list[AgencyTask]


def _lists(project: Project, user: User, *, today: datetime.date, days: Calendar) -> Lists:
    """In a fixed number of queries; rows carry the project in hand, so that none is asked for again."""
    plan = planning.of_project(project, today=today, days=days)
    whole = list(plan.items.values())
    mine = set(Item.objects.visible_to(user).filter(project=project).values_list("pk", flat=True))
    needs_of_it = SupportNeed.objects.visible_to(user).filter(project=project).select_related("department")
    tasks_of_it = AgencyTask.objects.visible_to(user).filter(project=project)
    found = Lists(
        plan=plan,
        items=[item for item in whole if item.pk in mine],
        ready=lists.readiness(whole),
        needs=list(needs_of_it.order_by("needed_by", "pk")),
        tasks=list(tasks_of_it.select_related("item__template", "officer").order_by("due_on", "pk")),
    )
    for need in found.needs:
        need.project = project
    for task in found.tasks:
        task.project = project
    return found


def _project(user: User, pk: int) -> Project:
    seen = Project.objects.visible_to(user).select_related("enterprise")
    followed = Service.objects.filter(until__isnull=True).select_related("team")
    return get_object_or_404(
        seen.prefetch_related("shares", Prefetch("services", followed, to_attr="followed_now")), pk=pk
    )


# --- The page -------------------------------------------------------------------------------


@allow("approvals.view_item")
def three_lists(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Approval process, service support, agency assistance: who owns each line, by when, how it stands."""
    user, today, days = user_of(request), clock.today(), calendar()
    project = _project(user, pk)
    found = _lists(project, user, today=today, days=days)
    only_open = request.GET.get("show") != "all"
    item_rows = [_item_row(item, found, user, today=today, days=days) for item in found.items]
    need_rows = [needs.row(need, user, today=today, days=days) for need in found.needs]
    task_rows = [assisting.row(task, user, today=today, days=days) for task in found.tasks]
    rows = [_shown(lines, only_open) for lines in (item_rows, need_rows, task_rows)]
    if exporting.asked(request):
        return _exported(request, face(project, user).name, rows, only_open)
    return page(
        request,
        "approvals/three_lists.html",
        {
            "project": project,
            "project_name": face(project, user).name,
            "of_project": tabs.of_project(request, project),
            "service": next(iter(project.followed_now), None),  # type: ignore[attr-defined]
            "only_open": only_open,
            "items": rows[0],
            "needs": rows[1],
            "tasks": rows[2],
            "progress": _progress(found),
            "with_tasks": user.role != Role.DEPARTMENT,
            "may_raise": user.has_perm("approvals.raise_need"),
            "may_open": user.has_perm("approvals.assist_enterprise"),
            "may_print": user.has_perm("approvals.print_lists"),
        },
    )


def _exported(
    request: HttpRequest, name: str, rows: list[list[dict[str, Any]]], only_open: bool
) -> HttpResponseBase:
    """One workbook with a sheet for each list."""
    process, support, assistance = rows
    narrowed = [(_("Project"), name), (_("Which lines"), _("only open ones") if only_open else "")]
    also = [(excel.NEEDS, support), (excel.TASKS, assistance)]
    return exporting.answer(request, excel.PROCESS, process, narrowed=narrowed, also=also)


def _shown(rows: list[dict[str, Any]], only_open: bool) -> list[dict[str, Any]]:
    return [row for row in rows if row["is_open"] or not only_open]


def _item_row(
    item: Item, found: Lists, user: User, *, today: datetime.date, days: Calendar
) -> dict[str, Any]:
    """An item as a line: its due day while it runs, the planned day of submission before."""
    planned = {one.key: one for one in found.plan.plan.items}.get(item.pk)
    due = (item.promise_due or item.statute_due) if item.state in ItemState.UNDER_WAY else None
    submit_by = planned.latest_submit if planned and item.state == ItemState.WAITING else None
    waits_for = found.ready[item.pk].waits_for if item.state == ItemState.WAITING else ()
    return {
        "url": reverse("approvals:item", args=[item.pk]),
        "name": str(item.template),
        "phase": item.template.get_phase_display(),
        "department": str(item.template.department),
        "due": due.isoformat() if due else "",
        "submit_by": submit_by.isoformat() if submit_by else "",
        "closed": item.closed_on.isoformat() if item.closed_on else "",
        "certificate": item.certificate_no,
        "provisional": any(day and days.is_provisional(day.year) for day in (due, submit_by)),
        "waits_for": [str(other.template) for other in waits_for],
        "state": item.get_state_display(),
        "lamp": lamps.shown(item, clocks.standing(item, today=today, days=days), found.ready[item.pk]),
        "is_open": item.state not in ItemState.PASSED,
        "may_step": user.has_perm("approvals.log_item_event") and item.state not in ItemState.PASSED,
    }


def _progress(found: Lists) -> dict[str, int]:
    """11 of 22 passed · 3 of 5 needs met · 2 tasks open."""
    counted = [need for need in found.needs if need.state != SupportState.DROPPED]
    return {
        "passed": sum(item.state in ItemState.PASSED for item in found.items),
        "items": len(found.items),
        "met": sum(need.state == SupportState.MET for need in counted),
        "needs": len(counted),
        "unfinished": sum(task.state in AssistanceState.UNFINISHED for task in found.tasks),
        "tasks": len(found.tasks),
    }


# --- The sheet ------------------------------------------------------------------------------


@allow("approvals.print_lists")
def sheet_word(request: HttpRequest, pk: int) -> HttpResponse:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return _sheet(request, pk, documents.word, "docx", kind)


@allow("approvals.print_lists")
def sheet_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    return _sheet(request, pk, documents.pdf, "pdf", "application/pdf")


def _sheet(request: HttpRequest, pk: int, write: Any, suffix: str, content_type: str) -> HttpResponse:
    """The three lists as a file; that they left the program is written down."""
    user, today, days = user_of(request), clock.today(), calendar()
    project = _project(user, pk)
    shown, found = face(project, user), _lists(project, user, today=today, days=days)
    service = next(iter(project.followed_now), None)  # type: ignore[attr-defined]
    sheet = documents.Sheet(
        project=shown.name,
        enterprise="" if shown.is_veiled else shown.enterprise,
        team=service.team.name if service else "",
        leader=service.leader if service else "",
        phone=service.team.phone if service else "",
        planned_start=project.planned_start,
        items=found.items,
        waits_for={pk: ready.waits_for for pk, ready in found.ready.items()},
        submit_by={one.key: one.latest_submit for one in found.plan.plan.items},
        needs=found.needs,
        tasks=found.tasks,
        today=today,
        days=days,
    )
    content = write(sheet)
    SheetExport.objects.create(project=project, form=suffix, by=user)
    return download(content, name=documents.file_name(sheet, suffix), content_type=content_type)
