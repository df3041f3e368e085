"""Logging what happened where one stands: in the row of a list, or for several rows at once.

Without scripts the same links lead to the item's page.
"""

import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import Role
from approvals import clocks, together
from approvals.choices import ItemEventKind
from approvals.forms import HereForm, ReasonForm, TogetherForm
from approvals.models import Item, ItemEvent
from approvals.views import items, keys
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from core.workdays import calendar
from projects.showing import name_of

ROW = "approvals/_item_row.html"


def _item(user: User, pk: int) -> Item:
    return get_object_or_404(Item.objects.visible_to(user).for_list(), pk=pk)


def _row(request: HttpRequest, item: Item, **more: Any) -> HttpResponse:
    """The item's row as it stands now, with a form or a word under it."""
    user, today = user_of(request), clock.today()
    context = {
        "row": items.row(item, user, today=today, days=calendar()),
        "wide": "wide" in request.GET,
        "shows_department": user.role != Role.DEPARTMENT,
        "may_log": True,
        **more,
    }
    return page(request, ROW, context)


@allow("approvals.log_item_event")
def log_here(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The small form under a row, and what it writes; the row comes back as it stands then."""
    user, today = user_of(request), clock.today()
    item = _item(user, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(reverse("approvals:item", args=[pk]) + "#log")
    if request.method != "POST":
        if "away" in request.GET:
            return _row(request, item)
        return _with_form(request, item, _form(request, item, today))
    form = HereForm(request.POST, item=item, today=today, auto_id=_ids(item))
    if event := _write(request, form, user, today):
        return _row(request, _item(user, pk), entered=event, entered_kind=event.get_kind_display())
    return _with_form(request, _item(user, pk), form)


def _with_form(request: HttpRequest, item: Item, form: HereForm) -> HttpResponse:
    return _row(request, item, form=form, kinds=keys.options(form["kind"]))


def _ids(item: Item) -> str:
    """Forms may be open in several rows."""
    return f"log{item.pk}_%s"


def _form(request: HttpRequest, item: Item, today: datetime.date) -> HereForm:
    """With the kind of entry whose key was pressed."""
    form = HereForm(item=item, today=today, auto_id=_ids(item))
    asked = request.GET.get("kind", "")
    if asked in dict(form.fields["kind"].choices):  # type: ignore[attr-defined]
        form.initial["kind"] = asked
    return form


class _Incomplete(Exception):
    """The form is not valid: its receipt is taken back, so that it can be sent again."""


def _write(request: HttpRequest, form: HereForm, user: User, today: datetime.date) -> ItemEvent | None:
    """Once, however often it is sent; sent again it finds what the first one wrote, though that is not
    possible any more. Nothing is written when the form then says what is wrong."""
    is_valid = form.is_valid()
    try:
        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                if not is_valid:
                    raise _Incomplete
                sending.answer(body=clocks.log_events(form.entries(), by=user, today=today)[0].pk)
    except _Incomplete:
        return None
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return None
    return ItemEvent.objects.get(pk=sending.body)


@allow("approvals.log_item_event")
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Strike out what was just entered, where it was entered: a reason, and the row as it was."""
    user, today = user_of(request), clock.today()
    seen = Item.objects.visible_to(user)
    event = get_object_or_404(ItemEvent.objects.filter(item__in=seen.values("pk")), pk=pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("approvals:strike", pk)
    form = ReasonForm(request.POST or None, initial={"note": _("Entered by mistake")}, auto_id=f"undo{pk}_%s")
    if form.is_valid():
        try:
            clocks.strike(event, by=user, today=today, note=form.cleaned_data["note"])
            return _row(request, _item(user, event.item_id), struck=event.get_kind_display())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    return _row(request, _item(user, event.item_id), undo=form, undone=event)


# --- Several at once ------------------------------------------------------------------------


@allow("approvals.log_item_event")
def log_together(request: HttpRequest) -> HttpResponse:
    """The same entry for the items picked in a list (`?item=1&item=2`): all of them or none."""
    user, today = user_of(request), clock.today()
    asked = request.POST if request.method == "POST" else request.GET
    picked = {int(pk) for pk in asked.getlist("item")[: together.MOST] if pk.isdecimal() and len(pk) < 19}
    chosen = list(Item.objects.visible_to(user).filter(pk__in=picked).for_list().order_by("project", "pk"))
    form = TogetherForm(request.POST or None, items=chosen, today=today)
    refused: list[str] = []
    if chosen and form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    together.log(form.entries(), by=user, today=today)
            kind = ItemEventKind(form.cleaned_data["kind"]).label
            text = ngettext(
                "“%(kind)s” entered for %(n)s item.", "“%(kind)s” entered for %(n)s items.", len(chosen)
            )
            messages.success(request, text % {"kind": kind, "n": len(chosen)})
            return redirect("approvals:workbench")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            refused = refusal.details
    return page(
        request,
        "approvals/log_together.html",
        {
            "form": form,
            "refused": refused,
            "items": [
                {
                    "pk": item.pk,
                    "url": reverse("approvals:item", args=[item.pk]),
                    "name": str(item.template),
                    "project": name_of(item.project, user),
                    "state": item.get_state_display(),
                }
                for item in chosen
            ],
            "kinds": keys.options(form["kind"]),
            "most": together.MOST,
        },
    )
