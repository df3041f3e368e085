"""The approvals board, one item, a project's list, and who follows the project."""

import datetime
from collections import defaultdict
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import Role
from approvals import clocks, excel, lamps, lists, needs, planning, stalls, wording
from approvals.choices import Clock, ItemEventKind, ItemState, Phase
from approvals.filters import ItemFilter
from approvals.forms import AddItemForm, EventForm, ReasonForm
from approvals.models import Issue, Item, ItemEvent, Service, StallFlag
from approvals.showing import issue_text
from approvals.views import drawing, keys, tabs
from approvals.views.leafing import Leaves
from approvals.views.stalled import lines
from core import clock, exporting, receipts
from core.pages import page
from core.refusal import Refusal
from core.workdays import Calendar, calendar
from projects.models import Project
from projects.showing import face, name_of

# --- The board ------------------------------------------------------------------------------


@allow("approvals.view_item")
def board(request: HttpRequest) -> HttpResponseBase:
    """Everybody's items, the most urgent first; those under way unless something else is asked for."""
    user, today, days = user_of(request), clock.today(), calendar()
    seen = Item.objects.visible_to(user)
    found = ItemFilter(_asked(request), queryset=seen.for_list(), request=request, today=today)
    if exporting.asked(request):
        rows = exporting.each(found.qs, lambda item: row(item, user, today=today, days=days))
        return exporting.answer(request, excel.BOARD, rows, narrowed=found)
    shown = Leaves(found.qs).get_page(request.GET.get("page"))
    return page(
        request,
        "approvals/board.html",
        {
            "filter": found,
            "page": shown,
            "rows": [row(item, user, today=today, days=days) for item in shown],
            "tabs": _tabs(found, request),
            "counts": _counts(seen, today=today, days=days),
            "wide": True,
            "shows_department": user.role != Role.DEPARTMENT,
            "may_log": (may_log := user.has_perm("approvals.log_item_event")),
            "page_keys": keys.PAGE_KEYS if may_log else (),
        },
    )


def _asked(request: HttpRequest) -> QueryDict:
    """What is asked for; without a word about state, what is under way."""
    asked = request.GET.copy()
    if not {"group", "lamp", "state", "q", "project"} & asked.keys():
        asked["group"] = "under_way"
    return asked


def _tabs(found: ItemFilter, request: HttpRequest) -> list[dict[str, Any]]:
    group = found.form.cleaned_data.get("group", "")
    by_hand = bool({"lamp", "state"} & request.GET.keys())
    tabs = [(key, word) for key, (word, _q) in ItemFilter.GROUPS.items()]
    return [{"key": key, "word": word, "on": key == group and not by_hand} for key, word in tabs]


def _counts(seen: Any, *, today: datetime.date, days: Calendar) -> dict[str, int]:
    """How many items show each lamp, in one question."""
    asked = {
        lamp.value: Count("pk", filter=lamps.condition(lamp, today=today, days=days))
        for lamp in lamps.Lamp
        if lamp != lamps.Lamp.WAITING
    }
    return seen.filter(state__in=ItemState.UNDER_WAY).aggregate(**asked)


def row(item: Item, user: User, *, today: datetime.date, days: Calendar) -> dict[str, Any]:
    """An item as a line of a list, with ready strings."""
    standing = clocks.standing(item, today=today, days=days)
    due = item.promise_due or item.statute_due
    return {
        "url": reverse("approvals:item", args=[item.pk]),
        "pk": item.pk,
        "keys": keys.of_row(item),
        "name": str(item.template),
        "project": name_of(item.project, user),
        "project_url": reverse("approvals:panel", args=[item.project_id]),
        "department": str(item.template.department),
        "state": item.get_state_display(),
        "counted": standing.counted if item.accepted_on else None,
        "limit": standing.limit,
        "due": due.isoformat() if due and item.state in ItemState.UNDER_WAY else "",
        "provisional": due is not None and days.is_provisional(due.year),
        "last": item.last_event_on.isoformat() if item.last_event_on else "",
        "closed": item.closed_on.isoformat() if item.closed_on else "",
        "lamp": lamps.shown(item, standing),
    }


# --- One item -------------------------------------------------------------------------------


@allow("approvals.view_item")
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened to an item, whose its days are, and the form for what happens next."""
    user, today, days = user_of(request), clock.today(), calendar()
    shown = get_object_or_404(Item.objects.visible_to(user).for_list(), pk=pk)
    may_log = user.has_perm("approvals.log_item_event")
    if request.method == "POST" and not may_log:
        raise PermissionDenied
    form = EventForm(request.POST or None, item=shown, today=today)
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    clocks.log_events(form.entries(), by=user, today=today)
            messages.success(request, _("Entered. State and due days have been worked out anew."))
            return redirect("approvals:item", pk)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            shown = get_object_or_404(Item.objects.visible_to(user).for_list(), pk=pk)
    return page(
        request,
        "approvals/item.html",
        {"item": shown, "form": form if may_log else None, **_explained(shown, user, today, days)},
    )


def _explained(item: Item, user: User, today: datetime.date, days: Calendar) -> dict[str, Any]:
    events = list(item.events.select_related("by", "strikes", "struck_by", "limit").order_by("on", "pk"))
    siblings = list(item.project.items.select_related("template").order_by("template__phase", "pk"))
    readiness = lists.readiness(siblings)[item.pk]
    life = drawing.life(item, events, readiness, today=today, days=days)
    totals = clocks.split(life.stretches, days=days)
    told = list(clocks.explain(life.course, life.stretches, days=days))
    due, pause = (item.promise_due, item.statute_due), clocks.pause_of(life.course)
    return {
        "life": life,
        "limit": clocks.limit_of(item, events),
        "why": needs.told(item.opened_because),
        "project_name": name_of(item.project, user),
        "clocks": [(drawing.COLOURS[c], c.label, totals[c]) for c in Clock],
        "elapsed": sum(totals.values()),
        "handed_over": Clock(item.template.clock) != Clock.GOVERNMENT,
        "months": drawing.months(told, (event.on for event in events)),
        "told": [drawing.day_words(day) for day in told],
        "provisional": sorted({day.year for day in due if day and days.is_provisional(day.year)}),
        "pause": pause,
        "pause_longer": pause.longer(today, days=days) if pause else 0,
        "events": [_event_line(event) for event in reversed(events)],
        "flags": lines(StallFlag.objects.filter(item=item), user, today=today, days=days),
        "blocking": _issue_lines(item.blocked_by.open().select_related("project", "department"), user),
    }


def _issue_lines(issues: QuerySet[Issue], user: User) -> list[dict[str, Any]]:
    return [
        {
            "pk": issue.pk,
            "code": issue.code,
            "text": issue_text(issue, user),
            "department": str(issue.department),
            "get_state_display": issue.get_state_display(),
        }
        for issue in issues.order_by("raised_on", "pk").prefetch_related("project__shares")
    ]


def _event_line(event: ItemEvent) -> dict[str, Any]:
    struck = getattr(event, "struck_by", None)
    what = event.get_kind_display()
    if event.kind == ItemEventKind.STRUCK and event.strikes:
        what = _("Struck out: “%(event)s” on %(on)s") % {
            "event": event.strikes.get_kind_display(),
            "on": event.strikes.on.isoformat(),
        }
    if event.kind == ItemEventKind.LIMITS and event.limit:
        what = _("New limits applied: by law %(statutory)s, promised %(promised)s working days") % {
            "statutory": "—" if event.limit.statutory_days is None else event.limit.statutory_days,
            "promised": "—" if event.limit.promised_days is None else event.limit.promised_days,
        }
    return {
        "on": event.on.isoformat(),
        "what": what,
        "who": event.by.name,
        "note": event.note,
        "declared": event.declared_days,
        "certificate": event.certificate_no,
        "struck": struck is not None,
        "strike": event.pk if struck is None and event.kind != ItemEventKind.STRUCK else None,
    }


@allow("approvals.log_item_event")
def strike(request: HttpRequest, pk: int) -> HttpResponse:
    """Strike a wrong entry out, with the reason."""
    user = user_of(request)
    items = Item.objects.visible_to(user)
    event = get_object_or_404(
        ItemEvent.objects.filter(item__in=items.values("pk")).select_related("item__template", "by"), pk=pk
    )
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            clocks.strike(event, by=user, today=clock.today(), note=form.cleaned_data["note"])
            messages.success(request, _("Struck out. State and due days have been worked out anew."))
            return redirect("approvals:item", event.item_id)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    return page(request, "approvals/strike.html", {"event": event, "form": form})


# --- A project's list -------------------------------------------------------------------------


@allow("approvals.view_item")
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The approval process list of a project; its project page asks for the part of it."""
    user, today, days = user_of(request), clock.today(), calendar()
    project = get_object_or_404(
        Project.objects.visible_to(user).select_related("enterprise").prefetch_related("shares"), pk=pk
    )
    mine = Item.objects.visible_to(user).filter(project=project)
    lives = _lives(project, set(mine.values_list("pk", flat=True)), today=today, days=days)
    scale = drawing.scale_of(lives, today=today)
    flags = StallFlag.objects.visible_to(user).filter(project=project)
    issues = Issue.objects.visible_to(user).concerning(Project.objects.filter(pk=project.pk)).open()
    return page(
        request,
        "approvals/panel.html",
        {
            "project": project,
            "project_name": face(project, user).name,
            "of_project": tabs.of_project(request, project),
            "planned_start": stalls.in_words(
                project.planned_start.isoformat() if project.planned_start else None, today
            ),
            "plan": _plan_line(project, {life.item.pk for life in lives}, today=today, days=days),
            "phases": _phases(lives, scale, days=days),
            "today_at": f"{scale.percent(today):.2f}",
            "passed": sum(life.item.state in ItemState.PASSED for life in lives),
            "total": len(lives),
            "service": Service.objects.filter(project=project, until__isnull=True)
            .select_related("team")
            .first(),
            "flags": lines(flags, user, today=today, days=days),
            "issues": _issue_lines(issues.select_related("project", "department"), user),
            "may_assign": user.has_perm("approvals.assign_team"),
            "may_add": user.has_perm("approvals.add_item") and project.items.exists(),
            "may_log_issue": user.has_perm("approvals.log_issue"),
        },
        partial="panel",
    )


def _lives(project: Project, wanted: set[int], *, today: datetime.date, days: Calendar) -> list[drawing.Life]:
    """The project's items that a person may see, each with its course; three queries for any number."""
    items = list(
        project.items.select_related("template__department").order_by(
            "template__phase", "template__order", "pk"
        )
    )
    events: dict[int, list[ItemEvent]] = defaultdict(list)
    for event in ItemEvent.objects.filter(item__project=project).order_by("pk"):
        events[event.item_id].append(event)
    ready = lists.readiness(items)
    return [
        drawing.life(item, events[item.pk], ready[item.pk], today=today, days=days)
        for item in items
        if item.pk in wanted
    ]


def _plan_line(
    project: Project, seen: set[int], *, today: datetime.date, days: Calendar
) -> dict[str, str] | None:
    """How the plan stands and what has to be handed in next; nothing when nothing is left to plan."""
    told = planning.of_project(project, today=today, days=days)
    if not seen or all(planned.is_passed for planned in told.plan.items):
        return None
    return {"headline": wording.headline(told), "next": wording.next_step(told, seen)}


def _phases(lives: list[drawing.Life], scale: drawing.Scale, *, days: Calendar) -> list[dict[str, Any]]:
    """The phases; one in which nothing can be done, or nothing is left to do, is folded away."""
    drawn = []
    for phase, group in groupby(lives, key=lambda life: life.item.template.phase):
        of_phase = list(group)
        passed = sum(life.item.state in ItemState.PASSED for life in of_phase)
        begun = [life for life in of_phase if life.stretches or life.item.state != ItemState.WAITING]
        drawn.append(
            {
                "label": Phase(phase).label,
                "passed": passed,
                "total": len(of_phase),
                "is_open": bool(begun) and passed < len(of_phase),
                "rows": [_bar(life, scale, days=days) for life in of_phase],
            }
        )
    return drawn


def _bar(life: drawing.Life, scale: drawing.Scale, *, days: Calendar) -> dict[str, Any]:
    waits = life.readiness.waits_for if life.item.state == ItemState.WAITING else ()
    return {
        "url": reverse("approvals:item", args=[life.item.pk]),
        "label": str(life.item.template),
        "department": str(life.item.template.department),
        "words": drawing.in_words(life, days=days),
        "parts": drawing.parts(life, scale, days=days),
        "lamp": life.lamp,
        "waits_for": [str(other.template) for other in waits],
    }


@allow("approvals.add_item")
def add_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one more item of the catalogue on a project's list."""
    user, today = user_of(request), clock.today()
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    listed = project.items.exclude(state=ItemState.NOT_NEEDED)
    form = AddItemForm(request.POST or None, not_on=listed.values_list("template", flat=True))
    if form.is_valid():
        try:
            item = lists.add_item(project, form.cleaned_data["template"], on=today, by=user)
            messages.success(request, _("“%(item)s” stands on the list now.") % {"item": item.template})
            return redirect("approvals:choice" if "back" in request.POST else "approvals:panel", pk)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {"project": project, "project_name": name_of(project, user), "form": form}
    return page(request, "approvals/add_item.html", context)
