"""The guided form of a new signed project."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.money import format_wan, format_yi
from projects.choices import EventKind
from projects.forms.contract import SIGNINGS, ContractForm
from projects.forms.new_project import Doubt, NewProjectForm
from projects.models import BUREAU

UNUSUAL = Decimal(500_000)  # 万元: 50 亿元, larger than any contract of the last two years' ledgers
LONG_AGO = datetime.timedelta(days=180)


class SigningForm(ContractForm, NewProjectForm):
    field_order = (
        "enterprise_name",
        "name",
        "task_force",
        "kind",
        "signed_on",
        "amount",
        "reporting_unit",
        "location",
    )

    kind = forms.ChoiceField(
        label=gettext_lazy("Agreement"),
        choices=SIGNINGS,
        initial=EventKind.SIGNED,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        if user.role not in BUREAU:
            del self.fields["exclusion_reason"]

    def needs_amount(self, values: dict[str, Any]) -> bool:
        return values.get("kind") != EventKind.FRAMEWORK

    def known_amount(self) -> Decimal | None:
        values = self.cleaned_data
        return self.amount_in_wan() if "currency" in values else values.get("amount")

    def doubts(self) -> list[Doubt]:
        return [*super().doubts(), *self._odd_values()]

    def _odd_values(self) -> Iterator[Doubt]:
        values = self.cleaned_data
        amount, signed_on = self.amount_in_wan(), values["signed_on"]
        if amount and amount >= UNUSUAL:
            yield Doubt(
                f"amount-{amount}",
                _("%(wan)s 万元 is %(yi)s 亿元. Is that the amount in the contract?")
                % {"wan": format_wan(amount), "yi": format_yi(amount)},
            )
        if amount and (fixed := values.get("fixed_assets")) and fixed > amount:
            yield Doubt(f"fixed-{fixed}", _("The fixed-asset part is larger than the whole contract."))
        if (start := values.get("planned_start")) and start < signed_on:
            yield Doubt(f"start-{start}", _("Works are planned to start before the contract was signed."))
        if self.today - signed_on > LONG_AGO:
            yield Doubt(
                f"late-{signed_on}",
                _("It was signed %(days)d days ago. If that month is closed, it counts late.")
                % {"days": (self.today - signed_on).days},
            )
