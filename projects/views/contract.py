"""Entering what happened to a contract, with a page that shows what it will do before it is written."""

import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, receipts
from core.money import format_wan
from core.pages import page
from core.refusal import Refusal
from projects import contracts
from projects.choices import Currency, EventKind
from projects.forms import EventForm
from projects.forms.contract import kinds_for
from projects.models import BUREAU, Project
from projects.rules import closed_months, counting
from projects.views.finding import project_to_act_on

TEMPLATE = "projects/contract.html"


@allow("projects.record_contract_event", "projects.enter_signing")
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    """First the form, then what it will do, then it is written: the second step carries what was typed."""
    project = project_to_act_on(request, pk, "projects.record_contract_event", "projects.enter_signing")
    user, today = user_of(request), clock.today()
    kinds = kinds_for(user, project)
    if not kinds:
        raise PermissionDenied
    form = _form(request, project, user, kinds, today)
    refusal: Refusal | None = None
    if form.is_valid():
        if "confirmed" not in request.POST:
            return page(request, TEMPLATE, _confirm_context(project, form, today))
        try:
            return _write(request, project, form, user, today)
        except Refusal as refused:
            refusal = refused
    context = {"project": project, "form": form, "refusal": refusal, "standing": format_wan(form.standing)}
    return page(request, TEMPLATE, context, status=409 if refusal else 422 if form.errors else 200)


def _form(
    request: HttpRequest, project: Project, user: User, kinds: list[tuple[str, str]], today: datetime.date
) -> EventForm:
    back = "again" in request.POST  # from the second step back to the first
    return EventForm(
        request.POST if request.method == "POST" and not back else None,
        initial=request.POST.dict() if back else _initial(request, project, user, kinds),
        kinds=kinds,
        standing=contracts.standing_amount(project),
        decides=user.role in BUREAU,
        today=today,
    )


def _initial(
    request: HttpRequest, project: Project, user: User, kinds: list[tuple[str, str]]
) -> dict[str, Any]:
    """What was returned to this person comes back as it was entered."""
    returned = project.contract_events.returned_to(user).order_by("-pk").first()
    if returned is None:
        asked = request.GET.get("kind", "")
        return {"kind": asked if asked in dict(kinds) else kinds[0][0]}
    return {
        "kind": returned.kind,
        "signed_on": returned.signed_on,
        "currency": returned.currency,
        "amount": returned.original_amount or abs(returned.amount),
        "rate": returned.rate,
        "rate_on": returned.rate_on,
        "ceremony": returned.ceremony_id,
        "contract_note": returned.note,
    }


def _confirm_context(project: Project, form: EventForm, today: datetime.date) -> dict[str, Any]:
    """What stands, what would stand, and in which month it would count if it were verified today."""
    values = form.cleaned_data
    kind = values["kind"]
    amount = _signed_amount(form)
    return {
        "project": project,
        "form": form,
        "confirm": True,
        "kind": dict(form.fields["kind"].choices)[kind],  # type: ignore[attr-defined]
        "values": [(name, value) for name, value in form.data.items() if name in form.fields],
        "amount": format_wan(amount) if amount else "",
        "foreign": Currency(values["currency"]).label if values["currency"] != Currency.CNY else "",
        "before": format_wan(form.standing),
        "after": format_wan(form.standing + amount),
        "counting": counting(values["signed_on"], today, closed_months(today)),
        "is_end": kind == EventKind.VOIDED,
    }


def _signed_amount(form: EventForm) -> Decimal:
    wan = form.amount_in_wan() or Decimal(0)
    kind = form.cleaned_data["kind"]
    if kind not in EventKind.WITH_AMOUNT:
        return Decimal(0)
    return -wan if kind in (EventKind.REDUCED, EventKind.VOIDED) else wan


def _write(
    request: HttpRequest, project: Project, form: EventForm, user: User, today: datetime.date
) -> HttpResponse:
    with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            contracts.record(project, form.event_terms(project), by=user, today=today)
            messages.success(request, _("Entered. It counts as soon as somebody else has verified it."))
            sending.answer(location=project.get_absolute_url())
    return redirect(sending.location)
