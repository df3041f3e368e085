"""Entering a project that is only being prepared or negotiated."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import allow, user_of
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from projects import entry, lookalikes
from projects.choices import Stage
from projects.forms import Doubt, LeadForm
from projects.models import Project
from projects.views.guided import (
    Need,
    is_filled,
    labels_of_batch,
    needs_of_batches,
    was_sent,
    with_enterprise,
)

TEMPLATE = "projects/lead.html"
WRONG = 422


@allow("projects.enter_lead")
def new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show(request, _form(request, {}))
    if "take" in request.POST:
        return _show(request, _form(request, with_enterprise(request)))
    return _enter(request)


def _form(request: HttpRequest, values: Mapping[str, Any]) -> LeadForm:
    return LeadForm(user=user_of(request), today=clock.today(), initial=dict(values))


def _bound(request: HttpRequest) -> LeadForm:
    return LeadForm(request.POST, user=user_of(request), today=clock.today())


def _enter(request: HttpRequest) -> HttpResponse:
    form, user = _bound(request), user_of(request)
    doubts = form.doubts() if form.is_valid() else []
    confirmed = set(request.POST.getlist("confirmed"))
    if (form.errors or {doubt.code for doubt in doubts} - confirmed) and not was_sent(request):
        return _show(request, form, doubts=doubts, status=WRONG)
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                project = _write(form, request)
                sending.answer(location=project.get_absolute_url())
                messages.success(request, _("%(code)s is entered.") % {"code": project.code})
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _show(request, form, status=WRONG)
    return redirect(sending.location)


def _write(form: LeadForm, request: HttpRequest) -> Project:
    values = form.cleaned_data
    return entry.enter_lead(
        form.facts(),
        investor=entry.enterprise(**form.investor()),
        stage=values["stage"],
        on=values["since"],
        note=values["note"],
        by=user_of(request),
        today=form.today,
    )


def _show(
    request: HttpRequest, form: LeadForm, *, doubts: list[Doubt] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "doubts": doubts or [],
        "confirmed": request.POST.getlist("confirmed"),
        **_needs(form),
    }
    return page(request, TEMPLATE, context, status=status)


def _needs(form: LeadForm) -> dict[str, Any]:
    needed = [bound for bound in form if bound.field.required and bound.field.initial is None]
    return {
        "to_save": [Need(str(b.label), is_filled(form, b.name), b.id_for_label) for b in needed],
        "for_batch": needs_of_batches(form, Stage.NEGOTIATION),
        "for_batch_title": _("For the batch “Negotiation”"),
        "later_title": _("Later, for “Signing”"),
        "later": labels_of_batch(Stage.SIGNING),
    }


@require_POST
@allow("projects.enter_lead")
def assist(request: HttpRequest) -> HttpResponse:
    """Look-alikes and what is still needed, for the form as it stands. Writes nothing."""
    form = _bound(request)
    form.is_valid()
    values = form.cleaned_data
    context = {
        "form": form,
        "enterprises": lookalikes.enterprises_like(
            values.get("enterprise_name", ""), values.get("uscc", ""), user=form.user
        ),
        "projects": lookalikes.projects_like(form.description(), user=form.user),
        **_needs(form),
    }
    return page(request, TEMPLATE, context, partial="assist")
