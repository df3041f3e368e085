"""The bureau's word on what was entered: it counts, or it goes back with a reason."""

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting, receipts
from core.money import WAN_IN_YI, format_wan, format_yi
from core.pages import page
from core.refusal import Refusal
from ledgers.models import Ledger
from projects import contracts, excel, ledger_verifying, lookalikes, tasks
from projects.choices import EventKind
from projects.forms import ReasonForm
from projects.ledger_kind import PROJECTS
from projects.ledger_verifying import Waiting
from projects.lookalikes import Description
from projects.models import ContractEvent
from projects.rules import Counting, closed_months, counting
from projects.views.ledger import units_of

AT_ONCE = 30  # events that somebody waits for
TOLD = ("project__enterprise", "project__task_force", "project__reporting_unit", "recorded_by", "ceremony")
MOST = 200  # the oldest first; who has more than these begins with them


@allow("projects.verify_signing")
def verify(request: HttpRequest) -> HttpResponseBase:
    """Everything that waits for a verdict, the oldest first."""
    user, today = user_of(request), clock.today()
    waiting = ContractEvent.objects.visible_to(user).waiting().order_by("recorded_at", "pk")
    events = waiting.select_related(*TOLD)
    row = _telling(user, today)
    if exporting.asked(request):
        return exporting.answer(request, excel.VERIFY, exporting.each(events, row))
    shown = list(events[: MOST + 1])
    context = {
        "rows": [row(event) for event in shown[:MOST]],
        "is_capped": len(shown) > MOST,
        "ledgers": ledger_verifying.ledgers_waiting(user) if shown else [],
    }
    return page(request, "projects/verify.html", context)


def _telling(user: User, today: datetime.date) -> Callable[[ContractEvent], dict[str, Any]]:
    """How an event that waits is told in a line of a list."""
    closed = closed_months(today)

    def row(event: ContractEvent) -> dict[str, Any]:
        return {
            "event": event,
            "counting": counting(event.signed_on, today, closed),
            "amount": amount_words(event),
            "is_own": event.recorded_by_id == user.pk,
        }

    return row


def amount_words(event: ContractEvent) -> str:
    """The amount as it would count, in 亿元; a framework agreement's stands beside."""
    if event.kind == EventKind.FRAMEWORK and event.original_amount:
        return f"({format_yi(event.original_amount)})"
    return format_yi(event.amount) if event.amount else format_yi(None)


@allow("projects.verify_signing")
def verify_ledger(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What waits of one ledger, what will count of it in which month; verify it in one go."""
    user, today = user_of(request), clock.today()
    ledger = get_object_or_404(Ledger.objects.visible_to(user).select_related("file"), pk=pk, kind=PROJECTS)
    if request.method == "POST":
        try:
            return redirect(_verified(request, ledger, user, today))
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect("projects:verify_ledger", pk)
    waiting = ledger_verifying.waiting_of(ledger)
    events = ContractEvent.objects.select_related(*TOLD).order_by("signed_on", "pk")
    row = _telling(user, today)
    if exporting.asked(request):
        found = events.filter(pk__in=[one.event for one in waiting])
        return exporting.answer(request, excel.VERIFY, exporting.each(found, row))
    context = {
        "ledger": ledger,
        "rows": [row(event) for event in events.filter(pk__in=[one.event for one in waiting[:MOST]])],
        "n": len(waiting),
        "is_capped": len(waiting) > MOST,
        "is_own": ledger.committed_by_id == user.pk,
        "months": _by_month(waiting, today),
    }
    return page(request, "projects/verify_ledger.html", context)


def _verified(request: HttpRequest, ledger: Ledger, user: User, today: datetime.date) -> str:
    """Where to look on: at once for few events, at the work of a worker for many."""
    if len(ledger_verifying.waiting_of(ledger)) > AT_ONCE:
        return reverse("core:job", args=[tasks.verify_ledger(ledger, by=user, today=today).pk])
    done = ledger_verifying.verify(ledger, by=user, today=today)
    if done.count:
        messages.success(request, tasks.told(done))
    for why in done.refused:
        messages.error(request, why)
    return reverse("projects:verify_ledger", args=[ledger.pk]) if done.refused else reverse("projects:verify")


def _by_month(waiting: Sequence[Waiting], today: datetime.date) -> list[dict[str, Any]]:
    """What will count in which month: how many events, how many of them late, how much in 亿元."""
    closed = closed_months(today)
    months: dict[datetime.date, list[tuple[Waiting, Counting]]] = {}
    for one in waiting:
        counts = counting(one.signed_on, today, closed)
        months.setdefault(counts.month, []).append((one, counts))
    return [
        {
            "month": month,
            "n": len(group),
            "late": sum(counts.is_late for _one, counts in group),
            "amount": format_yi(sum((one.amount for one, _counts in group), Decimal(0))),
        }
        for month, group in sorted(months.items())
    ]


@allow("projects.verify_signing")
def verdict(request: HttpRequest, pk: int) -> HttpResponse:
    """One event, what will count of it and where; verify it or return it."""
    user, today = user_of(request), clock.today()
    events = ContractEvent.objects.visible_to(user).select_related(
        "project__enterprise",
        "project__task_force",
        "project__reporting_unit",
        "project__location",
        "recorded_by",
        "ceremony",
        "verdict__by",
    )
    event = get_object_or_404(events, pk=pk)
    form = ReasonForm(request.POST if "return" in request.POST else None)
    refusal = None
    if request.method == "POST" and ("verify" in request.POST or form.is_valid()):
        try:
            return redirect(_decide(request, event, form, user, today))
        except Refusal as refused:
            refusal = refused
            event = get_object_or_404(events, pk=pk)
    context = {
        "event": event,
        "project": event.project,
        "decided": getattr(event, "verdict", None),
        "form": form,
        "refusal": refusal,
        "is_own": event.recorded_by_id == user.pk,
        **_what_counts(event, user, today),
    }
    status = 409 if refusal else 422 if form.errors else 200
    return page(request, "projects/verdict.html", context, status=status)


def _decide(
    request: HttpRequest, event: ContractEvent, form: ReasonForm, user: User, today: datetime.date
) -> str:
    """Writes the verdict once; then on to the next that waits, or to the project."""
    with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            if "verify" in request.POST:
                contracts.verify(event, by=user, today=today)
                messages.success(request, _("Verified: “%(name)s” counts.") % {"name": event.project.name})
            else:
                contracts.send_back(event, reason=form.cleaned_data["reason"], by=user, today=today)
                messages.success(
                    request,
                    _("Returned: %(name)s is told and finds it under Today.")
                    % {"name": event.recorded_by.name},
                )
            sending.answer(location=reverse("projects:verify"))
    return sending.location


def _what_counts(event: ContractEvent, user: User, today: datetime.date) -> dict[str, Any]:
    """Where and how the event will count, in words; and what it may double."""
    project = event.project
    counts = counting(event.signed_on, today, closed_months(today))
    large = project.is_industrial and event.kind == EventKind.SIGNED and event.amount >= WAN_IN_YI
    description = Description(
        name=project.name,
        national_code=project.national_code or "",
        enterprises=[project.enterprise],
        amount=event.amount if event.amount > 0 else None,
        location=project.location,
        signed_on=event.signed_on,
        leave_out=project.pk,
    )
    is_new = event.kind in (EventKind.SIGNED, EventKind.FRAMEWORK)
    return {
        "counting": counts,
        "in_yi": format_yi(event.amount),
        "in_wan": format_wan(event.amount),
        "is_large": large,
        "units": units_of(project),
        "likes": lookalikes.projects_like(description, user=user) if is_new else [],
        "enterprises": [
            like
            for like in lookalikes.enterprises_like(project.enterprise.name, user=user)
            if like.enterprise != project.enterprise
        ]
        if is_new
        else [],
    }
