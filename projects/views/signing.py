"""Entering a signed project: the guided form, what helps while typing, and its drafts."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import allow, user_of
from core import clock, exporting, receipts
from core.money import format_wan, format_yi
from core.pages import page
from core.refusal import Refusal
from projects import drafts, entry, excel, lookalikes
from projects.choices import Currency, EventKind, Stage
from projects.forms import Doubt, SigningForm
from projects.models import Project, SigningDraft
from projects.views.guided import (
    Need,
    is_filled,
    labels_of_batch,
    needs_of_batches,
    values_of,
    was_sent,
    with_enterprise,
)

TEMPLATE = "projects/new.html"
WRONG = 422


@allow("projects.enter_signing")
def new(request: HttpRequest) -> HttpResponse:
    draft = _draft(request)
    if request.method != "POST":
        unfinished = None if draft else user_of(request).signing_drafts.order_by("-saved_at", "-pk").first()
        form = _form(request, draft.data if draft else {})
        return _show(request, form, draft, unfinished=unfinished)
    if "save_draft" in request.POST:
        return _put_aside(request, draft)
    if "take" in request.POST:
        return _show(request, _form(request, with_enterprise(request)), draft)
    return _enter(request, draft)


def _draft(request: HttpRequest) -> SigningDraft | None:
    """The draft that the form continues. One that is gone was entered or discarded: begin anew."""
    pk = request.POST.get("draft") or request.GET.get("draft") or ""
    if not (pk.isascii() and pk.isdigit() and len(pk) < 18):
        return None
    return user_of(request).signing_drafts.filter(pk=int(pk)).first()


def _form(request: HttpRequest, values: Mapping[str, Any]) -> SigningForm:
    """An open form that shows these values and says nothing yet of what is wrong with them."""
    return SigningForm(user=user_of(request), today=clock.today(), initial=dict(values))


def _bound(request: HttpRequest) -> SigningForm:
    return SigningForm(request.POST, user=user_of(request), today=clock.today())


# --- Saving --------------------------------------------------------------------------------------


class NotYet(Exception):
    """The form is not right, or doubts are not confirmed: nothing is written."""

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__()
        self.doubts = doubts


def _enter(request: HttpRequest, draft: SigningDraft | None) -> HttpResponse:
    form, user = _bound(request), user_of(request)
    doubts = form.doubts() if form.is_valid() else []
    confirmed = set(request.POST.getlist("confirmed"))
    if (form.errors or {doubt.code for doubt in doubts} - confirmed) and not was_sent(request):
        return _show(request, form, draft, doubts=doubts, status=WRONG)
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                project = _write(form, request)
                if draft:
                    draft.delete()
                sending.answer(location=project.get_absolute_url())
                messages.success(
                    request,
                    _("%(code)s is entered. It counts as soon as somebody else has verified it.")
                    % {"code": project.code},
                )
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _show(request, form, draft, status=WRONG)
    return redirect(sending.location)


def _write(form: SigningForm, request: HttpRequest) -> Project:
    event = entry.enter_signing(
        form.facts(),
        form.terms(form.cleaned_data["kind"]),
        investor=entry.enterprise(**form.investor()),
        by=user_of(request),
        today=form.today,
    )
    return event.project


# --- Showing -------------------------------------------------------------------------------------


def _show(
    request: HttpRequest,
    form: SigningForm,
    draft: SigningDraft | None,
    *,
    doubts: list[Doubt] | None = None,
    unfinished: SigningDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    doubts = doubts or []
    context = {
        "form": form,
        "draft": draft,
        "unfinished": unfinished,
        "doubts": doubts,
        "confirmed": request.POST.getlist("confirmed"),
        **_needs(form),
        "in_wan": _in_wan(form) if form.is_bound else "",
    }
    return page(request, TEMPLATE, context, status=status)


def _needs(form: SigningForm) -> dict[str, Any]:
    """What saving needs, what the batch of signing needs, and what the next one will ask for."""
    counts = form["kind"].value() != EventKind.FRAMEWORK
    needed = [
        bound
        for bound in form
        if (bound.field.required and bound.field.initial is None) or (bound.name == "amount" and counts)
    ]
    return {
        "to_save": [Need(str(b.label), is_filled(form, b.name), b.id_for_label) for b in needed],
        "for_batch": needs_of_batches(form, Stage.NEGOTIATION, Stage.SIGNING),
        "for_batch_title": _("For the batch “Signing”"),
        "later_title": _("Later, for “Commencement”"),
        "later": labels_of_batch(Stage.COMMENCEMENT),
    }


def _in_wan(form: SigningForm) -> str:
    """The amount as it would be kept and told, so that a nought too many is seen while typing."""
    values = getattr(form, "cleaned_data", {})
    if "currency" not in values or not (wan := form.amount_in_wan()):
        return ""
    if values["currency"] == Currency.CNY:
        return _("= %(yi)s 亿元") % {"yi": format_yi(wan)}
    return _("= %(wan)s 万元 (%(yi)s 亿元)") % {"wan": format_wan(wan), "yi": format_yi(wan)}


# --- While typing ----------------------------------------------------------------------------------


@require_POST
@allow("projects.enter_signing")
def assist(request: HttpRequest) -> HttpResponse:
    """Look-alikes, the amount in 万元 and what is still needed, for the form as it stands. Writes nothing."""
    form = _bound(request)
    form.is_valid()
    values = form.cleaned_data
    likes = lookalikes.enterprises_like(
        values.get("enterprise_name", ""), values.get("uscc", ""), user=form.user
    )
    context = {
        "form": form,
        "enterprises": likes,
        "projects": lookalikes.projects_like(form.description(), user=form.user),
        "in_wan": _in_wan(form),
        **_needs(form),
    }
    return page(request, TEMPLATE, context, partial="assist")


# --- Drafts -----------------------------------------------------------------------------------------


@require_POST
@allow("projects.enter_signing")
def keep_draft(request: HttpRequest) -> HttpResponse:
    """The form keeps itself while one types; the answer stands beside the save button."""
    if not getattr(request, "htmx", None):  # without scripts there is only the button
        return _put_aside(request, _draft(request))
    try:
        draft = _keep(request, _draft(request))
    except drafts.CannotKeep as refusal:
        return page(request, TEMPLATE, {"refusal": refusal}, partial="kept")
    response = page(request, TEMPLATE, {"draft": draft}, partial="kept")
    # So that signing in again after the session has ended leads back to it.
    response["HX-Replace-Url"] = f"{reverse('projects:new')}?draft={draft.pk}"
    return response


def _put_aside(request: HttpRequest, draft: SigningDraft | None) -> HttpResponse:
    try:
        _keep(request, draft)
    except drafts.CannotKeep as refusal:
        messages.error(request, str(refusal))
        return _show(request, _form(request, values_of(request.POST)), draft, status=WRONG)
    messages.success(request, _("The draft is kept. You find it here again, and under Today."))
    return redirect("projects:drafts")


def _keep(request: HttpRequest, draft: SigningDraft | None) -> SigningDraft:
    user = user_of(request)
    names = SigningForm(user=user, today=clock.today()).fields
    return drafts.keep(dict(request.POST.lists()), names, user=user, draft=draft, at=timezone.now())


@allow("projects.enter_signing")
def own_drafts(request: HttpRequest) -> HttpResponseBase:
    kept = user_of(request).signing_drafts.order_by("-saved_at", "-pk")
    rows = [
        {
            "draft": draft,
            "name": draft.data.get("name") or _("Without a name yet"),
            "enterprise": draft.data.get("enterprise_name", ""),
            "url": f"{reverse('projects:new')}?draft={draft.pk}",
        }
        for draft in kept
    ]
    if exporting.asked(request):
        return exporting.answer(request, excel.DRAFTS, rows)
    return page(request, "projects/drafts.html", {"rows": rows})


@require_POST
@allow("projects.enter_signing")
def discard_draft(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(user_of(request).signing_drafts, pk=pk).delete()
    messages.success(request, _("The draft is discarded."))
    return redirect("projects:drafts")
