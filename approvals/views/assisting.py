"""Assistance tasks: the list over all projects, one task with its next steps, opening a new one."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import allow, user_of
from accounts.models import User
from approvals import assistance, excel, lamps
from approvals.choices import AssistanceEventKind, AssistanceMode, AssistanceState
from approvals.filters import TaskFilter
from approvals.forms import HandOverForm, MandateForm, MoveTaskForm, PapersForm, TaskForm
from approvals.models import AgencyTask, AgencyTaskEvent
from approvals.rules import TASK_NEXT
from approvals.views import tabs
from approvals.views.leafing import Leaves
from approvals.views.steps import Step, Tried, drawn, see_anew, take, with_reason
from core import clock, exporting, files, receipts
from core.pages import page
from core.refusal import Refusal
from core.workdays import Calendar, calendar
from projects import entry
from projects.models import Project
from projects.rules import knows
from projects.showing import masked_name, name_of

# --- The list -------------------------------------------------------------------------------


@allow("approvals.view_item")
def task_list(request: HttpRequest) -> HttpResponseBase:
    """What officers do for enterprises, the unfinished by their day unless something else is asked for."""
    user, today, days = user_of(request), clock.today(), calendar()
    seen = AgencyTask.objects.visible_to(user)
    found = TaskFilter(_asked(request), queryset=seen.for_list(), request=request, today=today)
    if exporting.asked(request):
        rows = exporting.each(found.qs, lambda task: row(task, user, today=today, days=days))
        return exporting.answer(request, excel.TASKS, rows, narrowed=found)
    shown = Leaves(found.qs).get_page(request.GET.get("page"))
    group = found.form.cleaned_data.get("group", "") if "state" not in request.GET else ""
    return page(
        request,
        "approvals/tasks.html",
        {
            "filter": found,
            "page": shown,
            "rows": [row(task, user, today=today, days=days) for task in shown],
            "tabs": [
                {"key": key, "word": word, "on": key == group}
                for key, (word, _q) in TaskFilter.GROUPS.items()
            ],
        },
    )


def _asked(request: HttpRequest) -> QueryDict:
    asked = request.GET.copy()
    if not {"group", "state", "q", "project", "overdue"} & asked.keys():
        asked["group"] = "open"
    return asked


def row(task: AgencyTask, user: User, *, today: datetime.date, days: Calendar) -> dict[str, Any]:
    """A task as a line of a list, with ready strings. The contact is masked, and withheld from those
    who know the project by its code-name only."""
    is_open = task.state in AssistanceState.UNFINISHED
    return {
        "url": reverse("approvals:task", args=[task.pk]),
        "text": task.text,
        "mode": task.get_mode_display(),
        "item": str(task.item.template) if task.item else "",
        "project": name_of(task.project, user),
        "project_url": reverse("approvals:three_lists", args=[task.project_id]),
        "officer": task.officer.name,
        "contact": masked_name(task.contact) if knows(user, task.project) else "",
        "lacks_mandate": is_open and task.mode == AssistanceMode.ACT and not task.mandate_signed_on,
        "mandate": task.mandate_signed_on.isoformat() if task.mandate_signed_on else "",
        "due": task.due_on.isoformat(),
        "provisional": is_open and days.is_provisional(task.due_on.year),
        "state": task.get_state_display(),
        "lamp": lamps.of_task(task, today=today, days=days),
        "is_open": is_open,
        "may_step": any(step.is_open(task, user) for step in STEPS.values()),
    }


# --- Opening ----------------------------------------------------------------------------------


@allow("approvals.assist_enterprise")
def task_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a task on a project's agency assistance list."""
    user, today = user_of(request), clock.today()
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    form = TaskForm(request.POST or None, today=today, project_id=project.pk, initial={"officer": user})
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    task = assistance.open_task(project, **form.cleaned_data, by=user, today=today)
                    sending.answer(location=reverse("approvals:task", args=[task.pk]))
            messages.success(request, _("The task stands on the list now."))
            return redirect(sending.location or "approvals:tasks")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {"project": project, "project_name": name_of(project, user), "form": form}
    return page(request, "approvals/task_new.html", context)


# --- One task ---------------------------------------------------------------------------------

K = AssistanceEventKind
ASSIST = "approvals.assist_enterprise"


def _from(kind: AssistanceEventKind) -> tuple[str, ...]:
    """The states in which the table has this step."""
    return tuple(state for state, kinds in TASK_NEXT.items() if kind in kinds)


def _acts(task: AgencyTask) -> bool:
    return task.mode == AssistanceMode.ACT


STEPS: dict[str, Step] = {
    "sign_mandate": Step(
        gettext_lazy("Mandate signed"),
        ASSIST,
        _from(K.MANDATE),
        assistance.sign_mandate,
        form=MandateForm,
        upload="mandate",
        main=True,
        fits=lambda task: _acts(task) and task.mandate_signed_on is None,
    ),
    "begin": Step(
        gettext_lazy("Begin"),
        ASSIST,
        (AssistanceState.OPEN,),
        assistance.begin,
        fits=lambda task: not _acts(task) or task.mandate_signed_on is not None,
    ),
    "visit": Step(
        gettext_lazy("Visit to the enterprise"),
        ASSIST,
        _from(K.VISIT),
        assistance.visit,
        label=gettext_lazy("What was talked about"),
    ),
    "papers": Step(
        gettext_lazy("Papers helped with"),
        ASSIST,
        _from(K.PAPERS),
        assistance.help_with_papers,
        form=PapersForm,
    ),
    "hand_in": Step(
        gettext_lazy("Handed in for the enterprise"),
        ASSIST,
        _from(K.HANDED_IN),
        assistance.hand_in,
        fits=lambda task: _acts(task) and task.mandate_signed_on is not None,
    ),
    "finish": Step(
        gettext_lazy("Finish"),
        ASSIST,
        (AssistanceState.UNDER_WAY,),
        assistance.finish,
        label=gettext_lazy("With what result"),
        main=True,
        fits=lambda task: not _acts(task) or task.mandate_signed_on is not None,
    ),
    "note": Step(gettext_lazy("Note"), ASSIST, _from(K.NOTE), assistance.note, label=gettext_lazy("Note")),
    "move_day": Step(
        gettext_lazy("Move the day"),
        ASSIST,
        _from(K.MOVED),
        with_reason(assistance.move_day),
        form=MoveTaskForm,
        label=gettext_lazy("Why the day moves"),
    ),
    "hand_over": Step(
        gettext_lazy("Hand over to another officer"),
        ASSIST,
        _from(K.HANDED_OVER),
        with_reason(assistance.hand_over),
        form=HandOverForm,
        label=gettext_lazy("Why, and what the next officer has to know"),
    ),
    "drop": Step(
        gettext_lazy("No longer needed"),
        ASSIST,
        _from(K.DROPPED),
        with_reason(assistance.drop),
        label=gettext_lazy("Why it is no longer needed"),
    ),
    "begin_again": Step(
        gettext_lazy("Take up again"),
        ASSIST,
        (AssistanceState.DONE, AssistanceState.DROPPED),
        assistance.begin,
        label=gettext_lazy("Why it is taken up again"),
        main=True,
    ),
}

TEMPLATE = "approvals/task.html"


@allow("approvals.view_item")
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: what it is, what has been done, and the next steps as buttons."""
    user, today = user_of(request), clock.today()
    seen = AgencyTask.objects.visible_to(user).for_list()
    shown, tried = get_object_or_404(seen, pk=pk), Tried()
    if request.method == "POST":
        taken, tried = take(request, STEPS, shown, user=user, today=today)
        if taken:
            return redirect("approvals:task", pk)
        shown = get_object_or_404(seen, pk=pk)
        see_anew(tried, shown)
    return page(request, TEMPLATE, _context(request, shown, tried, user, today))


@require_POST
@allow("projects.reveal_contact")
def task_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """The contact in full, on the answer to this one request; that it was asked for is written down."""
    user, today = user_of(request), clock.today()
    shown = get_object_or_404(AgencyTask.objects.visible_to(user).for_list(), pk=pk)
    if not knows(user, shown.project):
        raise Http404
    entry.reveal_contact(shown.project, by=user)
    context = _context(request, shown, Tried(), user, today)
    context["contact"] = shown.contact
    return page(request, TEMPLATE, context)


def _context(
    request: HttpRequest, task: AgencyTask, tried: Tried, user: User, today: datetime.date
) -> dict[str, Any]:
    steps = drawn(STEPS, task, tried, user=user, today=today)
    events = list(task.events.select_related("by", "officer", "file").order_by("on", "pk"))
    known = knows(user, task.project)
    return {
        "task": task,
        "row": row(task, user, today=today, days=calendar()),
        "project_name": name_of(task.project, user),
        "of_project": tabs.of_project(request, task.project),
        "steps": steps,
        "refused": tried.form if tried.name and not any(step["tried"] for step in steps) else None,
        "events": told(events, with_files=known),
        "visits": sum(event.kind == K.VISIT for event in events),
        "papers": sum(event.papers or 0 for event in events),
        "may_reveal": known and bool(task.contact) and user.has_perm("projects.reveal_contact"),
    }


def told(events: Iterable[AgencyTaskEvent], *, with_files: bool) -> list[dict[str, Any]]:
    """The course of a task, the newest first; the mandate names the enterprise."""
    return [
        {
            "on": event.on.isoformat(),
            "what": _what(event),
            "who": event.by.name,
            "note": event.note,
            "file": event.file.name if event.file and with_files else "",
            "file_url": reverse("approvals:mandate", args=[event.pk]),
        }
        for event in reversed(list(events))
    ]


def _what(event: AgencyTaskEvent) -> str:
    if event.kind == K.HANDED_OVER and event.officer:
        return _("Handed over to %(name)s") % {"name": event.officer.name}
    if event.kind == K.MOVED and event.due_on:
        return _("Day moved to %(day)s") % {"day": event.due_on.isoformat()}
    if event.kind == K.PAPERS:
        return _("Papers helped with: %(n)s") % {"n": event.papers}
    return event.get_kind_display()


@allow("approvals.view_item")
def mandate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The signed mandate, as a download for those who may see the task and know the project."""
    user = user_of(request)
    mine = AgencyTask.objects.visible_to(user).values("pk")
    found = AgencyTaskEvent.objects.filter(task__in=mine, file__isnull=False)
    event = get_object_or_404(found.select_related("file", "task__project"), pk=pk)
    if event.file is None or not knows(user, event.task.project):
        raise Http404
    return files.send(event.file)
