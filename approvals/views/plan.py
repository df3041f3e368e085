"""The plan of a project, counted back from the start of works: on a page, and on paper."""

import datetime
from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel, plan_sheet, planning, wording
from approvals.forms import TryOutForm
from approvals.models import Item
from approvals.planning import ProjectPlan
from approvals.views import tabs, timeline
from core import clock, exporting
from core.pages import download, page
from core.workdays import Calendar, calendar
from projects import rules
from projects.models import Project
from projects.showing import face

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@allow("approvals.view_item")
def plan(request: HttpRequest, pk: int) -> HttpResponseBase:
    """When works can begin, by when each item must be handed in, what is critical, what would help."""
    user, today, days = user_of(request), clock.today(), calendar()
    project = _project(user, pk)
    told = planning.of_project(project, today=today, days=days)
    seen = _seen(user, told)
    may_be_tried = [told.items[p.key] for p in told.plan.items if p.key in seen and _may_be_tried(p)]
    asked = request.GET if {"item", "days"} & request.GET.keys() else None
    form = TryOutForm(asked, items=may_be_tried)
    shown, tried = _tried(told, form, days)
    name = face(project, user).name
    if exporting.asked(request):
        narrowed = [(_("Project"), name), (_("Tried out, not entered"), tried)]
        return exporting.answer(request, excel.PLAN, _rows(shown, seen), narrowed=narrowed)
    return page(
        request,
        "approvals/plan.html",
        {
            "project": project,
            "project_name": name,
            "of_project": tabs.of_project(request, project),
            "may_edit": rules.may(user, "projects.edit_project", project),
            "form": form if may_be_tried else None,
            "tried": tried,
            **_told(shown, seen, days),
        },
    )


def _project(user: User, pk: int) -> Project:
    seen = Project.objects.visible_to(user).select_related("enterprise").prefetch_related("shares")
    return get_object_or_404(seen, pk=pk)


def _seen(user: User, told: ProjectPlan) -> set[int]:
    """The items that a person may see: a line department those addressed to it."""
    return set(Item.objects.visible_to(user).filter(pk__in=told.items).values_list("pk", flat=True))


def _may_be_tried(planned: planning.Planned) -> bool:
    return not planned.is_passed and planned.earliest_finish is not None


def _tried(told: ProjectPlan, form: TryOutForm, days: Calendar) -> tuple[ProjectPlan, str]:
    """The plan as it is, or as it would be, with a sentence that says what the difference is."""
    if not form.is_valid():
        return told, ""
    item, n = told.items[form.cleaned_data["item"]], form.cleaned_data["days"]
    changed = told.trying({item.pk: n}, days=days)
    return changed, wording.tried(told, changed, item, n)


def _told(told: ProjectPlan, seen: Collection[int], days: Calendar) -> dict[str, Any]:
    rows = _rows(told, seen)
    return {
        "plan": told.plan,
        "has_begun": told.has_begun,
        "headline": wording.headline(told),
        "slack": wording.slack(told.plan.slack),
        "lacks": wording.what_lacks(told),
        "rings": wording.rings(told),
        "lever": wording.lever(told, seen),
        "path": [told.items[key] for key in told.plan.path if key in seen],
        "assumptions": wording.assumptions(told, seen, days=days) if told.items else [],
        "timelines": timeline.timelines(told, seen),
        "rows": rows,
        "later": len(_unfinished(told, seen)) - len(rows),
        "passed": sum(p.is_passed for p in told.plan.items if p.key in seen),
        "total": len(seen),
    }


Planned = tuple[Item, planning.Step, planning.Planned]


def _unfinished(told: ProjectPlan, seen: Collection[int]) -> list[Planned]:
    return [row for row in told.rows() if row[0].pk in seen and not row[2].is_passed]


def _rows(told: ProjectPlan, seen: Collection[int]) -> list[dict[str, Any]]:
    """By when what must be handed in; an item that only a finished building can have has no days yet."""
    return [_row(told, *row) for row in _unfinished(told, seen) if _has_days(row[2])]


def _has_days(planned: planning.Planned) -> bool:
    return bool(planned.earliest_finish or planned.latest_finish)


def _row(told: ProjectPlan, item: Item, step: planning.Step, planned: planning.Planned) -> dict[str, Any]:
    """An item as a line of the table, with ready strings."""
    return {
        "url": reverse("approvals:item", args=[item.pk]),
        "label": str(item.template),
        "department": str(item.template.department),
        "is_critical": planned.is_critical,
        "needs": [str(told.items[key].template) for key in told.items if key in step.needs],
        "submit_by": _iso(planned.latest_submit),
        "is_past": bool(planned.latest_submit and planned.latest_submit < told.plan.today),
        "handed_in": _iso(step.submitted_on) if step.is_under_way else "",
        "finish_by": _iso(planned.latest_finish),
        "earliest": [_iso(day) for day in (planned.earliest_submit, planned.earliest_finish)],
        "lamp": timeline.lamp(told, item, planned),
        "frees": planned.frees,
        "why": wording.why(told, planned),
    }


def _iso(day: datetime.date | None) -> str:
    return day.isoformat() if day else ""


# --- Files ----------------------------------------------------------------------------------------


@allow("approvals.view_item")
def word(request: HttpRequest, pk: int) -> HttpResponse:
    sheet = _sheet(request, pk)
    return download(sheet.word(), name=f"{sheet.title}.docx", content_type=WORD)


@allow("approvals.view_item")
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    sheet = _sheet(request, pk)
    return download(sheet.pdf(), name=f"{sheet.title}.pdf", content_type="application/pdf")


def _sheet(request: HttpRequest, pk: int) -> plan_sheet.Sheet:
    user, today, days = user_of(request), clock.today(), calendar()
    project = _project(user, pk)
    told = planning.of_project(project, today=today, days=days)
    return plan_sheet.Sheet(told, face(project, user).name, frozenset(_seen(user, told)), days)
