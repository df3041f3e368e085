"""A form and its verb: sent once, taken or refused, the refusal at the form."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from accounts.access import user_of
from core import receipts
from core.refusal import Refusal


def taken(request: HttpRequest, form: forms.Form, act: Callable[[], Any], *, told: str = "") -> bool:
    """Whether the form was sent and its verb took it; sent again with the same token it is taken once."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        with receipts.once(
            user=user_of(request), key=receipts.token_of(request), sent=request.POST
        ) as sending:
            if not sending.seen:
                act()
    except Refusal as refusal:
        form.add_error(None, [refusal.message, *refusal.details])
        return False
    if told:
        messages.success(request, told)
    return True


def pressed(request: HttpRequest, act: Callable[[], Any], *, told: str = "") -> None:
    """The same for a button without a form: a refusal stands above the page."""
    try:
        with receipts.once(
            user=user_of(request), key=receipts.token_of(request), sent=request.POST
        ) as sending:
            if not sending.seen:
                act()
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        if told:
            messages.success(request, told)
