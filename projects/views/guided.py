"""What the guided forms of new projects share: a known enterprise taken over, and what is still needed."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from accounts.access import user_of
from core import receipts
from core.models import Receipt
from projects.choices import Stage
from projects.models import Enterprise
from projects.pipeline import REQUIRED_FROM


def with_enterprise(request: HttpRequest) -> dict[str, Any]:
    """What was typed, with the enterprise that was chosen from the books."""
    known = Enterprise.objects.visible_to(user_of(request))
    pk = request.POST["take"]
    enterprise = get_object_or_404(known, pk=int(pk) if pk.isascii() and pk.isdigit() else 0)
    typed = values_of(request.POST)
    return typed | {
        "enterprise_name": enterprise.name,
        "uscc": enterprise.uscc or typed.get("uscc", ""),
        "origin": enterprise.origin or typed.get("origin", ""),
    }


def values_of(typed: QueryDict) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else values for name, values in typed.lists() if values}


def was_sent(request: HttpRequest) -> bool:
    """The very same form came before: its own project must not be held against it."""
    key = receipts.token_of(request)
    return bool(key) and Receipt.objects.filter(user=user_of(request), key=key).exists()


@dataclass(frozen=True)
class Need:
    """One fact that is asked for, by the form itself or by a batch, and whether it is there."""

    label: str
    is_met: bool
    anchor: str = ""


def is_filled(form: forms.Form, name: str) -> bool:
    return form[name].value() not in (None, "", [])


def needs_of_batches(form: forms.Form, *batches: str) -> list[Need]:
    """What these batches ask for of the fields that stand in the form."""
    facts = [need for need in REQUIRED_FROM if need.stage in batches and need.field in form.fields]
    return [Need(str(need.label), is_filled(form, need.field), f"id_{need.field}") for need in facts]


def labels_of_batch(batch: str) -> list[str]:
    return [str(need.label) for need in REQUIRED_FROM if need.stage == Stage(batch)]
