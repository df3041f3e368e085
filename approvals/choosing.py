"""What people fill in about a project's facts, and about changed limits."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from approvals.choices import Fact
from approvals.models import Item
from approvals.needs import ANSWERS, NOT_ASKED
from projects.forms.fields import NameField


class EnergyField(forms.DecimalField):
    """A year's use; commas and spaces between the thousands are taken."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_digits=12, decimal_places=2, required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        return super().to_python(re.sub(r"[,，\s]", "", "" if value is None else str(value)))


class FactsForm(forms.Form):
    """One question a fact; what is left open is assumed, and the choice says so."""

    energy_tce = EnergyField(label=_("Energy use a year"))
    power_wan_kwh = EnergyField(label=_("Electricity a year"))
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, assumed: Mapping[Fact, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for fact in Fact:
            if fact not in NOT_ASKED:
                self.fields[fact.value] = _question(fact, assumed[fact])

    def questions(self) -> list[forms.BoundField]:
        return [self[fact.value] for fact in Fact if fact not in NOT_ASKED]

    def answers(self) -> dict[str, Any]:
        """What `facts.answer` takes."""
        told = dict(self.cleaned_data)
        numbers = {name: told.pop(name) for name in ("energy_tce", "power_wan_kwh", "version")}
        return {"answers": told, **numbers}


def _question(fact: Fact, usual: str) -> forms.ChoiceField:
    words = ANSWERS[fact]
    not_known = format_lazy(_("Not known yet, assumed: {usual}"), usual=words[usual])
    return forms.ChoiceField(label=fact.label, choices=[("", not_known), *words.items()], required=False)


class ApplyLimitsForm(forms.Form):
    """Which running items take the new limits, and why."""

    items = forms.ModelMultipleChoiceField(queryset=Item.objects.none(), required=False)
    reason = NameField(
        label=_("Reason"), longest=300, help_text=_("It stands in the history of each item chosen.")
    )

    def __init__(self, *args: Any, items: QuerySet[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].queryset = items  # type: ignore[attr-defined]
