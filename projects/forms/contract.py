"""What a contract says: day, amount in 万元 or another currency, ceremony."""

import datetime
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.money import CEILING, CENT, MoneyFormField
from projects import rules
from projects.choices import Currency, EventKind, Verdict
from projects.contracts import Terms
from projects.forms.fields import DayField, NameField
from projects.models import ContractEvent, Project, SigningCeremony

SIGNINGS = [
    (EventKind.SIGNED, gettext_lazy("Formal contract")),
    (EventKind.FRAMEWORK, gettext_lazy("Framework agreement (counts nothing)")),
]
CEREMONIES_SHOWN = 60

# Why a verified signing would not count all the same (typical lists of non-countable projects).
NOT_COUNTED = [
    ("", gettext_lazy("It counts")),
    *(
        (reason, label)
        for reason, label in (
            ("本地企业投资", gettext_lazy("Local investor only")),
            ("财政或基础设施投资", gettext_lazy("Fiscal money or infrastructure")),
            ("房地产或生活服务", gettext_lazy("Real estate or daily services")),
            ("资源开采", gettext_lazy("Pure resource extraction")),
            ("本地搬迁或技改", gettext_lazy("Local relocation or renovation")),
            ("已签合同的分期", gettext_lazy("A phase already covered by a contract")),
            ("未达统计门槛", gettext_lazy("Below the threshold")),
        )
    ),
]


def ceremony_choices() -> list[tuple[str, str]]:
    recent = SigningCeremony.objects.order_by("-held_on", "name")[:CEREMONIES_SHOWN]
    return [("", _("none")), *((str(one.pk), f"{one.name} · {one.held_on:%Y-%m-%d}") for one in recent)]


class ContractForm(forms.Form):
    """The contract's part of a form; `terms()` is what the verbs take."""

    signed_on = DayField(label=gettext_lazy("Signed on"))
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), choices=Currency.choices, initial=Currency.CNY, required=False
    )
    amount = MoneyFormField(label=gettext_lazy("Contracted investment"), required=False)
    rate = forms.DecimalField(
        label=gettext_lazy("Rate (yuan for one unit of the currency)"),
        max_digits=12,
        decimal_places=6,
        min_value=Decimal("0.000001"),
        max_value=Decimal(1000),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    rate_on = DayField(label=gettext_lazy("Rate of"), required=False)
    ceremony = forms.ChoiceField(label=gettext_lazy("Signing ceremony"), required=False)
    ceremony_name = NameField(label=gettext_lazy("Another ceremony"), longest=120, required=False)
    ceremony_on = DayField(label=gettext_lazy("Held on"), required=False)
    exclusion_reason = forms.ChoiceField(
        label=gettext_lazy("Counts in the figures"), choices=NOT_COUNTED, required=False
    )
    contract_note = NameField(label=gettext_lazy("Note on the contract"), longest=300, required=False)

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)
        for name in ("signed_on", "rate_on", "ceremony_on"):
            field = self.fields[name]
            assert isinstance(field, DayField)
            field.not_after = today
            field.widget.attrs["max"] = today.isoformat()
        self.fields["ceremony"].choices = ceremony_choices()  # type: ignore[attr-defined]

    # --- Checking ---

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["currency"] = values.get("currency") or Currency.CNY
        self._check_amount(values)
        self._check_ceremony(values)
        return values

    def _check_amount(self, values: dict[str, Any]) -> None:
        amount = values.get("amount")
        if amount is not None and amount <= 0:
            self.add_error("amount", _("Enter an amount above zero."))
        if amount is None and "amount" not in self.errors and self.needs_amount(values):
            self.add_error("amount", _("Enter the amount that stands in the contract."))
        if values["currency"] == Currency.CNY:
            values["rate"] = values["rate_on"] = None
            return
        if values.get("rate") is None and "rate" not in self.errors:
            self.add_error("rate", _("A foreign amount needs the rate of the day of signing."))
        values["rate_on"] = values.get("rate_on") or values.get("signed_on")
        if (wan := in_wan(amount, values["currency"], values.get("rate"))) and wan > CEILING:
            self.add_error(
                "amount", _("At this rate that is above 1,000 亿元. Check the amount and the rate.")
            )

    def needs_amount(self, values: dict[str, Any]) -> bool:
        return True

    def _check_ceremony(self, values: dict[str, Any]) -> None:
        if values.get("ceremony") and values.get("ceremony_name"):
            self.add_error("ceremony_name", _("Choose a ceremony or name another one, not both."))
        if values.get("ceremony_on") and not values.get("ceremony_name") and not values.get("ceremony"):
            self.add_error("ceremony_name", _("Name the ceremony held on that day."))

    # --- What the verbs take ---

    def amount_in_wan(self) -> Decimal | None:
        values = self.cleaned_data
        return in_wan(values.get("amount"), values["currency"], values.get("rate"))

    def make_ceremony(self) -> SigningCeremony | None:
        """The ceremony chosen, or the one named: two clerks who name the same one share it."""
        values = self.cleaned_data
        if values.get("ceremony"):
            return SigningCeremony.objects.get(pk=values["ceremony"])
        if not values.get("ceremony_name"):
            return None
        held_on = values.get("ceremony_on") or values["signed_on"]
        ceremony, _made = SigningCeremony.objects.get_or_create(name=values["ceremony_name"], held_on=held_on)
        return ceremony

    def terms(self, kind: str, *, sign: int = 1, corrects: ContractEvent | None = None) -> Terms:
        """Framework agreements keep their amount beside, so that it counts nothing."""
        values = self.cleaned_data
        wan = self.amount_in_wan() or Decimal(0)
        counts = kind in EventKind.WITH_AMOUNT
        foreign = values["currency"] != Currency.CNY
        framework = str(_("Framework agreement")) if kind == EventKind.FRAMEWORK else ""
        return Terms(
            kind=kind,
            signed_on=values["signed_on"],
            amount=wan * sign if counts else Decimal(0),
            currency=values["currency"],
            original_amount=values.get("amount") if foreign or not counts else None,
            rate=values.get("rate"),
            rate_on=values.get("rate_on"),
            ceremony=self.make_ceremony(),
            corrects=corrects,
            exclusion_reason=framework or values.get("exclusion_reason", ""),
            note=values.get("contract_note", ""),
        )


def in_wan(amount: Decimal | None, currency: str, rate: Decimal | None) -> Decimal | None:
    """The amount (万 of its currency) in 万元, half up to the cent."""
    if amount is None or currency == Currency.CNY:
        return amount
    return None if rate is None else (amount * rate).quantize(CENT, ROUND_HALF_UP)


# --- One event of a contract that is in the books ------------------------------------------------

SIGN = {EventKind.REDUCED: -1, EventKind.VOIDED: -1}
LATER_KINDS = (
    EventKind.ADD_ON,
    EventKind.REDUCED,
    EventKind.EXTENDED,
    EventKind.PARTY_CHANGED,
    EventKind.VOIDED,
    EventKind.CORRECTION,
)


def kinds_for(user: User, project: Project) -> list[tuple[str, str]]:
    """What a person may enter: the signing while there is none, all that may follow for the bureau."""
    events = project.contract_events.exclude(verdict__verdict=Verdict.RETURNED)
    signed = events.filter(kind__in=(EventKind.SIGNED, EventKind.ADD_ON)).exists()
    kinds = [] if signed else [(str(kind), str(label)) for kind, label in SIGNINGS]
    if signed and rules.may(user, "projects.record_contract_event", project):
        kinds += [(kind.value, str(kind.label)) for kind in LATER_KINDS]
    return kinds


class EventForm(ContractForm):
    """What happened to the contract. Amounts are typed without a sign, except a correction's."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of event"), widget=forms.RadioSelect)
    effective_on = DayField(label=gettext_lazy("In force from"), required=False)

    field_order = ("kind", "signed_on", "amount")

    def __init__(
        self, *args: Any, kinds: list[tuple[str, str]], standing: Decimal, decides: bool, **kwargs: Any
    ) -> None:
        self.standing = standing
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.fields["amount"].signed = True  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount")
        self.fields["signed_on"].label = _("Day of the agreement")
        self.fields["contract_note"].label = _("What was agreed, or what is set right")
        if not decides:
            del self.fields["exclusion_reason"]

    def needs_amount(self, values: dict[str, Any]) -> bool:
        return values.get("kind") in (
            EventKind.SIGNED,
            EventKind.ADD_ON,
            EventKind.REDUCED,
            EventKind.CORRECTION,
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        kind = values.get("kind")
        if kind in (EventKind.PARTY_CHANGED, EventKind.VOIDED) and not values.get("contract_note"):
            self.add_error("contract_note", _("Say in a sentence what was agreed."))
        if kind == EventKind.CORRECTION and not values.get("contract_note"):
            self.add_error("contract_note", _("Say in a sentence what is set right."))
        return values

    def _check_amount(self, values: dict[str, Any]) -> None:
        """A void takes back all that stands, a correction is in 万元 and has a sign, some have no amount."""
        kind = values.get("kind")
        if kind in (EventKind.SIGNED, EventKind.FRAMEWORK, EventKind.ADD_ON, EventKind.REDUCED):
            super()._check_amount(values)
            return
        values.update(currency=Currency.CNY, rate=None, rate_on=None)
        if kind == EventKind.CORRECTION and not values.get("amount") and "amount" not in self.errors:
            self.add_error("amount", _("Enter the difference, with a minus sign if too much was entered."))
        if kind == EventKind.VOIDED:
            values["amount"] = self.standing
        if kind in (EventKind.EXTENDED, EventKind.PARTY_CHANGED):
            values["amount"] = None

    def event_terms(self, project: Project) -> Terms:
        """A correction sets the verified signing right."""
        kind, signing = self.cleaned_data["kind"], None
        if kind == EventKind.CORRECTION:
            signing = project.contract_events.verified().filter(kind=EventKind.SIGNED).first()
        terms = self.terms(kind, sign=SIGN.get(kind, 1), corrects=signing)
        return replace(terms, effective_on=self.cleaned_data.get("effective_on"))
