"""What the API takes about projects. Shape and type are checked here; what may stand in a field is
said by the forms of the pages, so that both edges refuse the same with the same sentence."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.endpoints import Number, Plain, Sent, filled
from projects.choices import Confidentiality, Currency, EventKind, Stage
from projects.forms.contract import NOT_COUNTED
from projects.forms.lead import BATCHES
from projects.forms.shares import SHARE_ROWS
from taskforces.models import ReportingUnit, TaskForce


@extend_schema_field({"type": "string", "example": "12500.00", "description": "万元 (10,000 yuan)"})
class Amount(serializers.CharField):
    """An amount as people type it; the form says what is wrong with it."""


def _force(**kwargs: Any) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="code", queryset=TaskForce.objects.all(), **kwargs)


def _unit(**kwargs: Any) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="code", queryset=ReportingUnit.objects.all(), **kwargs)


_OPTIONAL: Plain = {"required": False, "allow_blank": True}
_CLEARED: Plain = {"required": False, "allow_null": True}
SIGNING_KINDS = [(kind.value, kind.label) for kind in (EventKind.SIGNED, EventKind.FRAMEWORK)]
_REASONS = [(reason, label) for reason, label in NOT_COUNTED if reason]


class ContractSent(Sent):
    """What a contract says. A foreign amount is in 10,000 of its currency and needs its rate."""

    signed_on = serializers.DateField()
    currency = serializers.ChoiceField(Currency.choices, default=Currency.CNY)
    amount = Amount(**_OPTIONAL)
    rate = serializers.DecimalField(12, 6, **_CLEARED)
    rate_on = serializers.DateField(**_CLEARED)
    ceremony = Number(**_CLEARED, help_text=gettext_lazy("Number of a signing ceremony."))
    ceremony_name = serializers.CharField(
        **_OPTIONAL, help_text=gettext_lazy("A ceremony that is not in the books yet.")
    )
    ceremony_on = serializers.DateField(**_CLEARED)
    exclusion_reason = serializers.ChoiceField(
        _REASONS, **_OPTIONAL, help_text=gettext_lazy("Why it would not count; the bureau's to say.")
    )
    note = serializers.CharField(**_OPTIONAL)


class ShareSent(Sent):
    unit = _unit()
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)


class NewFacts(Sent):
    """Enterprise and project, whatever its batch."""

    enterprise_name = serializers.CharField()
    uscc = serializers.CharField(**_OPTIONAL, help_text=gettext_lazy("Credit code."))
    origin = serializers.CharField(**_OPTIONAL)
    contact_name = serializers.CharField(**_OPTIONAL)
    contact_phone = serializers.CharField(**_OPTIONAL)
    name = serializers.CharField()
    national_code = serializers.CharField(**_OPTIONAL)
    content = serializers.CharField(**_OPTIONAL)
    officer = serializers.CharField(**_OPTIONAL)
    task_force = _force()
    reporting_unit = _unit()
    location = _unit()
    shares = ShareSent(many=True, required=False)
    is_industrial = serializers.BooleanField(default=True)
    planned_start = serializers.DateField(**_CLEARED)
    fixed_assets = Amount(**_OPTIONAL)
    annual_output = Amount(**_OPTIONAL)
    confidentiality = serializers.ChoiceField(Confidentiality.choices, default=Confidentiality.INTERNAL)
    code_name = serializers.CharField(**_OPTIONAL)
    confirmed = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        default=list,
        help_text=gettext_lazy("The codes of the doubts that somebody has looked at."),
    )


class NewProject(NewFacts, ContractSent):
    """A signed project: enterprise, project and contract. It counts once somebody else has verified it."""

    kind = serializers.ChoiceField(SIGNING_KINDS, default=EventKind.SIGNED)


class NewLead(NewFacts):
    """A project that is being prepared or negotiated."""

    stage = serializers.ChoiceField(BATCHES)
    since = serializers.DateField(required=False, help_text=gettext_lazy("Left out: today."))
    note = serializers.CharField(**_OPTIONAL)


class ProjectChange(Sent):
    """The ordinary facts of a project; what is not sent stays. Moves and contracts have their own ways."""

    name = serializers.CharField(required=False)
    national_code = serializers.CharField(**_OPTIONAL, allow_null=True)
    content = serializers.CharField(**_OPTIONAL)
    officer = serializers.CharField(**_OPTIONAL)
    task_force = _force(required=False, help_text=gettext_lazy("The bureau's to say."))
    assisting = _force(many=True, required=False, help_text=gettext_lazy("The bureau's to say."))
    reporting_unit = _unit(required=False, help_text=gettext_lazy("The bureau's to say."))
    location = _unit(required=False)
    is_industrial = serializers.BooleanField(required=False, help_text=gettext_lazy("The bureau's to say."))
    confidentiality = serializers.ChoiceField(Confidentiality.choices, required=False)
    code_name = serializers.CharField(**_OPTIONAL)
    planned_start = serializers.DateField(**_CLEARED)
    planned_production = serializers.DateField(**_CLEARED)
    permit_no = serializers.CharField(**_OPTIONAL)
    accepted_on = serializers.DateField(**_CLEARED)
    fixed_assets = Amount(**_OPTIONAL, allow_null=True)
    annual_output = Amount(**_OPTIONAL, allow_null=True)
    jobs = serializers.IntegerField(**_CLEARED)
    land_mu = serializers.DecimalField(max_digits=10, decimal_places=2, **_CLEARED)
    uscc = serializers.CharField(
        required=False, help_text=gettext_lazy("The enterprise's credit code, while it has none.")
    )
    contact_name = serializers.CharField(**_OPTIONAL)
    contact_phone = serializers.CharField(**_OPTIONAL)


class Advance(Sent):
    to = serializers.ChoiceField(Stage.choices)
    on = serializers.DateField(required=False, help_text=gettext_lazy("Today when it is not said."))
    note = serializers.CharField(**_OPTIONAL)


class ContractHappening(ContractSent):
    """Amounts without a sign; only a correction, which gives the difference, may be below zero."""

    kind = serializers.ChoiceField(EventKind.choices)
    effective_on = serializers.DateField(**_CLEARED)


class ProgressSent(Sent):
    """Cumulative amounts by the end of a month; of several reports of a month the last one stands."""

    month = serializers.CharField(help_text=gettext_lazy("For example 2026-03."))
    invested = Amount()
    funds_in_place = Amount()
    physical = serializers.CharField(**_OPTIONAL)
    blocked_by = serializers.CharField(**_OPTIONAL)
    reason = serializers.CharField(
        **_OPTIONAL, help_text=gettext_lazy("Needed when an amount falls below the month before.")
    )
    is_sure = serializers.BooleanField(
        default=False, help_text=gettext_lazy("An amount far above the contract is right.")
    )


class Reason(Sent):
    reason = serializers.CharField()


# --- Into the pages' forms ------------------------------------------------------------------------------

# Where a form calls a field otherwise than the API does.
_OURS = {
    "contract_note": "note",
    **{f"share_{part}_{row}": "shares" for part in ("unit", "percent") for row in SHARE_ROWS},
}
_FORMS = {"note": "contract_note"}


def typed(sent: Mapping[str, Any]) -> Plain:
    """What was sent, as the page's form would have it."""
    data: Plain = {}
    for name, value in sent.items():
        if name == "shares":
            data |= _share_rows(value)
        else:
            data[_FORMS.get(name, name)] = _as_typed(value)
    return data


def _share_rows(shares: list[Plain]) -> Plain:
    if len(shares) > len(SHARE_ROWS):
        raise ValidationError(
            {"shares": [_("At most %(most)d units share a project.") % {"most": len(SHARE_ROWS)}]}
        )
    rows: Plain = {}
    for row, share in zip(SHARE_ROWS, shares, strict=False):
        rows |= {f"share_unit_{row}": str(share["unit"].pk), f"share_percent_{row}": str(share["percent"])}
    return rows


def _as_typed(value: Any) -> Any:
    if isinstance(value, TaskForce | ReportingUnit):
        return str(value.pk)
    if isinstance(value, list):
        return [_as_typed(one) for one in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return "" if value is None else value


def checked(form: forms.BaseForm, sent: Mapping[str, Any]) -> Plain:
    """The form's cleaned values. What this person's form does not have is refused, not passed over."""
    here = {_OURS.get(name, name) for name in form.fields}
    if foreign := sorted(sent.keys() - here):
        raise ValidationError({name: [_("This is not yours to set.")] for name in foreign})
    return filled(form, _OURS)
