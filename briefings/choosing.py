"""Choosing counting rules: to try them, or to decide them."""

import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from briefings import figures, what_if
from briefings.choices import CountedBy, Shares, Voids
from briefings.counting_rules import RuleSet
from briefings.figures import Scope, Window
from core.money import MoneyFormField
from projects.forms.contract import NOT_COUNTED
from projects.forms.fields import MonthField
from taskforces.models import ReportingUnit, TaskForce


class RulesForm(forms.Form):
    """Every setting of a set of counting rules."""

    counted_by = forms.ChoiceField(label=_("Month of an event"), choices=CountedBy.choices)
    cut_off_day = forms.IntegerField(
        label=_("Cut-off: day of the next month"),
        min_value=1,
        max_value=28,
        required=False,
        help_text=_("Verified after it, an event is late. Empty: after the month was closed."),
    )
    voids = forms.ChoiceField(label=_("Voids"), choices=Voids.choices)
    large_from = MoneyFormField(
        label=_("“Large” from (万元)"), min_value=Decimal(1), help_text=_("This amount included.")
    )
    shares = forms.ChoiceField(label=_("Shared projects"), choices=Shares.choices)
    counted_anyway = forms.MultipleChoiceField(
        label=_("Count although excluded as"),
        choices=[choice for choice in NOT_COUNTED if choice[0]],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def settings(self) -> dict[str, Any]:
        names = ("counted_by", "cut_off_day", "voids", "large_from", "shares")
        given = {name: self.cleaned_data[name] for name in names}
        return given | {"counted_anyway": tuple(sorted(self.cleaned_data["counted_anyway"]))}


def initial(rules: RuleSet) -> dict[str, Any]:
    return {**rules.values, "counted_anyway": list(rules.counted_anyway)}


class WhatIfForm(RulesForm):
    """Which figure, whose, of which months, and by which rules: all in the address, nothing stored."""

    indicator = forms.ChoiceField(
        label=_("Figure"),
        choices=lambda: [(code, figures.indicator(code).name) for code in what_if.CODES],
    )
    task_force = forms.ModelChoiceField(
        TaskForce.objects.order_by("order"), to_field_name="code", required=False, label=_("Task force")
    )
    unit = forms.ModelChoiceField(
        ReportingUnit.objects.order_by("order"), to_field_name="code", required=False, label=_("Unit")
    )
    field_order = ("indicator", "from", "to", "task_force", "unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = MonthField(label=label)
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("from"), asked.get("to")
        if first and last and last < first:
            self.add_error("to", _("The last month lies before the first."))
        return asked

    @property
    def window(self) -> Window:
        return Window(self.cleaned_data["from"], self.cleaned_data["to"])

    @property
    def scope(self) -> Scope:
        return Scope(self.cleaned_data["task_force"], self.cleaned_data["unit"])


class DecideForm(RulesForm):
    """Rules to count by from a month on, and why."""

    effective_from = MonthField(label=_("In force from"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands beside every figure counted by these rules."),
    )

    @property
    def first(self) -> datetime.date:
        first: datetime.date = self.cleaned_data["effective_from"]
        return first
