"""Support needs: the list over all projects, one need with its next steps, raising a new one."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel, lamps, support
from approvals.choices import SupportState
from approvals.filters import NeedFilter
from approvals.forms import MoveNeedForm, NeedForm, PartlyMetForm, ReassignForm, TakeOnForm
from approvals.models import SupportEvent, SupportNeed
from approvals.rules import NEED_NEXT
from approvals.views import tabs
from approvals.views.leafing import Leaves
from approvals.views.steps import Step, Tried, drawn, see_anew, take, with_reason
from core import clock, exporting, receipts
from core.pages import page
from core.refusal import Refusal
from core.workdays import Calendar, calendar
from projects.models import Project
from projects.showing import name_of

# --- The list -------------------------------------------------------------------------------


@allow("approvals.view_item")
def need_list(request: HttpRequest) -> HttpResponseBase:
    """What projects need, the open ones by their day unless something else is asked for."""
    user, today, days = user_of(request), clock.today(), calendar()
    seen = SupportNeed.objects.visible_to(user)
    found = NeedFilter(_asked(request), queryset=seen.for_list(), request=request, today=today)
    if exporting.asked(request):
        rows = exporting.each(found.qs, lambda need: row(need, user, today=today, days=days))
        return exporting.answer(request, excel.NEEDS, rows, narrowed=found)
    shown = Leaves(found.qs).get_page(request.GET.get("page"))
    group = found.form.cleaned_data.get("group", "") if "state" not in request.GET else ""
    return page(
        request,
        "approvals/needs.html",
        {
            "filter": found,
            "page": shown,
            "rows": [row(need, user, today=today, days=days) for need in shown],
            "tabs": [
                {"key": key, "word": word, "on": key == group}
                for key, (word, _q) in NeedFilter.GROUPS.items()
            ],
            "counts": counts(seen, today),
        },
    )


def _asked(request: HttpRequest) -> QueryDict:
    asked = request.GET.copy()
    if not {"group", "state", "q", "project", "overdue"} & asked.keys():
        asked["group"] = "open"
    return asked


def counts(needs: Any, today: datetime.date) -> dict[str, Any]:
    """How many are open, overdue, met, and the rate of those met, in one question."""
    is_open = Q(state__in=SupportState.OPEN)
    counted = needs.aggregate(
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(needed_by__lt=today)),
        counted=Count("pk", filter=~Q(state=SupportState.DROPPED)),
        met=Count("pk", filter=Q(state=SupportState.MET)),
        in_time=Count("pk", filter=Q(state=SupportState.MET, closed_on__lte=F("needed_by"))),
    )
    counted["rate"] = Decimal(100 * counted["met"]) / counted["counted"] if counted["counted"] else None
    return counted


def row(need: SupportNeed, user: User, *, today: datetime.date, days: Calendar) -> dict[str, Any]:
    """A need as a line of a list, with ready strings."""
    is_open = need.state in SupportState.OPEN
    return {
        "url": reverse("approvals:need", args=[need.pk]),
        "text": need.text,
        "kind": need.get_kind_display(),
        "amount": amount_of(need),
        "project": name_of(need.project, user),
        "project_url": reverse("approvals:three_lists", args=[need.project_id]),
        "department": str(need.department),
        "officer": need.officer,
        "due": need.needed_by.isoformat(),
        "provisional": is_open and days.is_provisional(need.needed_by.year),
        "state": need.get_state_display(),
        "lamp": lamps.of_need(need, today=today, days=days),
        "is_open": is_open,
        "may_step": any(step.is_open(need, user) for step in STEPS.values()),
    }


def amount_of(need: SupportNeed) -> str:
    """2,000 / 5,000 kVA while it is partly met, 5,000 kVA else."""
    if need.amount is None:
        return ""
    whole = f"{_plain(need.amount)} {need.unit}"
    if need.met_amount is None or need.met_amount == need.amount:
        return whole
    return f"{_plain(need.met_amount)} / {whole}"


def _plain(amount: Any) -> str:
    return f"{amount:,.2f}".rstrip("0").rstrip(".")


# --- Raising --------------------------------------------------------------------------------


@allow("approvals.raise_need")
def need_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a need on a project's service support list."""
    user, today = user_of(request), clock.today()
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    form = NeedForm(request.POST or None, today=today)
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    need = support.raise_need(project, **form.cleaned_data, by=user, today=today)
                    sending.answer(location=reverse("approvals:need", args=[need.pk]))
            messages.success(request, _("The need stands on the list now."))
            return redirect(sending.location or "approvals:needs")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {"project": project, "project_name": name_of(project, user), "form": form}
    return page(request, "approvals/need_new.html", context)


# --- One need -------------------------------------------------------------------------------


def _from(target: SupportState) -> tuple[str, ...]:
    """The states from which the table leads to `target`."""
    return tuple(state for state, targets in NEED_NEXT.items() if target in targets)


RAISE, WORK = "approvals.raise_need", "approvals.work_need"

STEPS: dict[str, Step] = {
    "take_on": Step(
        gettext_lazy("Take on"),
        WORK,
        _from(SupportState.ACCEPTED),
        support.take_on,
        form=TakeOnForm,
        main=True,
    ),
    "meet": Step(
        pgettext_lazy("state of a need", "Met"),
        WORK,
        _from(SupportState.MET),
        support.meet,
        label=gettext_lazy("How it was met"),
        main=True,
    ),
    "meet_partly": Step(
        gettext_lazy("Partly met"),
        WORK,
        _from(SupportState.PARTLY_MET),
        support.meet_partly,
        form=PartlyMetForm,
        label=gettext_lazy("What is there and what is missing"),
    ),
    "refuse": Step(
        gettext_lazy("Cannot be met"),
        WORK,
        _from(SupportState.REFUSED),
        with_reason(support.refuse),
        label=gettext_lazy("Why it cannot be met, and what the enterprise can do instead"),
    ),
    "move_day": Step(
        gettext_lazy("Move the day"),
        RAISE,
        SupportState.OPEN,
        with_reason(support.move_day),
        form=MoveNeedForm,
        label=gettext_lazy("Why the day moves"),
    ),
    "reassign": Step(
        gettext_lazy("Address to another department"),
        RAISE,
        SupportState.OPEN,
        with_reason(support.reassign),
        form=ReassignForm,
        label=gettext_lazy("Why another department is responsible"),
    ),
    "drop": Step(
        gettext_lazy("No longer needed"),
        RAISE,
        _from(SupportState.DROPPED),
        with_reason(support.drop),
        label=gettext_lazy("Why it is no longer needed"),
    ),
    "raise_again": Step(
        gettext_lazy("Raise again"),
        RAISE,
        _from(SupportState.RAISED),
        with_reason(support.raise_again),
        label=gettext_lazy("Why it is needed after all"),
        main=True,
    ),
}


@allow("approvals.view_item")
def need(request: HttpRequest, pk: int) -> HttpResponse:
    """One need: what it is, what has happened, and the next steps as buttons."""
    user, today = user_of(request), clock.today()
    seen = SupportNeed.objects.visible_to(user).for_list()
    shown, tried = get_object_or_404(seen, pk=pk), Tried()
    if request.method == "POST":
        taken, tried = take(request, STEPS, shown, user=user, today=today)
        if taken:
            return redirect(_after(user, shown))
        shown = get_object_or_404(seen, pk=pk)
        see_anew(tried, shown)
    steps = drawn(STEPS, shown, tried, user=user, today=today)
    events = shown.events.select_related("by", "department").order_by("on", "pk")
    return page(
        request,
        "approvals/need.html",
        {
            "need": shown,
            "row": row(shown, user, today=today, days=calendar()),
            "project_name": name_of(shown.project, user),
            "of_project": tabs.of_project(request, shown.project),
            "steps": steps,
            "refused": tried.form if tried.name and not any(step["tried"] for step in steps) else None,
            "events": told(events),
        },
    )


def _after(user: User, need: SupportNeed) -> str:
    """Whoever addresses a need to another department may not see it any more."""
    if SupportNeed.objects.visible_to(user).filter(pk=need.pk).exists():
        return reverse("approvals:need", args=[need.pk])
    return reverse("approvals:needs")


def told(events: Iterable[SupportEvent]) -> list[dict[str, Any]]:
    """The course of a need, the newest first."""
    return [
        {"on": event.on.isoformat(), "what": _what(event), "who": event.by.name, "note": event.note}
        for event in reversed(list(events))
    ]


def _what(event: SupportEvent) -> str:
    if event.needed_by:
        return _("Day moved to %(day)s") % {"day": event.needed_by.isoformat()}
    if event.department:
        return _("Addressed to %(department)s") % {"department": event.department}
    if event.source and event.target == SupportState.RAISED:
        return _("Raised again")
    return event.get_target_display()
