"""The annual plan: what is asked of it, and what is changed on it."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from projects.annual_plan import Outcome, Terms
from projects.choices import Stage
from projects.forms.fields import DayField, NameField
from taskforces.models import ReportingUnit, TaskForce

OUTCOMES = (
    (Outcome.REACHED, _("Reached within the year")),
    (Outcome.LATE, _("Behind plan")),
    (Outcome.OPEN, _("Still to come")),
    (Outcome.CARRIED, _("There before the year began")),
)


class PlanQuestion(forms.Form):
    """Which entries of a year's list: `?year=2026&batch=commencement&outcome=late&task_force=steel`."""

    batch = forms.ChoiceField(label=_("Batch"), required=False)
    outcome = forms.ChoiceField(label=_("Plan against fact"), required=False)
    task_force = forms.ModelChoiceField(
        TaskForce.objects.order_by("order"), to_field_name="code", required=False, label=_("Task force")
    )
    unit = forms.ModelChoiceField(
        ReportingUnit.objects.order_by("order"), to_field_name="code", required=False, label=_("Unit")
    )

    def __init__(self, data: QueryDict, *, batches: dict[str, str]) -> None:
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        fields["batch"].choices = [("", _("All batches")), *batches.items()]
        fields["outcome"].choices = [("", _("All entries")), *OUTCOMES]


class PlanForm(forms.Form):
    """Where a project stands on a year's list. `may_leave` offers no batch at all."""

    batch = forms.ChoiceField(label=_("Batch of the year"))
    planned_on = DayField(label=_("Planned for"), required=False)
    is_doubtful = forms.BooleanField(
        label=_("Can hardly start within the year"), required=False, help_text=_("Only for signed projects.")
    )
    reason = NameField(label=_("Reason"), longest=300)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, year: int, batches: dict[str, str], may_leave: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        none = [("", _("Not on the list"))] if may_leave else []
        fields["batch"].choices = [*none, *batches.items()]
        fields["batch"].required = not may_leave
        fields["planned_on"].widget.attrs |= {"min": f"{year}-01-01", "max": f"{year}-12-31"}

    def terms(self) -> Terms:
        values = self.cleaned_data
        return Terms(
            values["batch"],
            values["planned_on"],
            values["is_doubtful"] and values["batch"] == Stage.SIGNING,
        )
