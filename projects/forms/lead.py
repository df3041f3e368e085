"""The form of a project that is only being prepared or negotiated."""

import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from projects.choices import Stage
from projects.forms.fields import DayField, NameField
from projects.forms.new_project import NewProjectForm
from projects.pipeline import REQUIRED_FROM

BATCHES = [(stage, Stage(stage).label) for stage in Stage.BEFORE_SIGNING]


class LeadForm(NewProjectForm):
    stage = forms.ChoiceField(
        label=gettext_lazy("Batch"), choices=BATCHES, initial=Stage.PREPARATION, widget=forms.RadioSelect
    )
    since = DayField(label=gettext_lazy("Since"))
    note = NameField(label=gettext_lazy("How it came about"), longest=300, required=False)

    field_order = ("enterprise_name", "name", "task_force", "stage", "since", "reporting_unit", "location")

    def __init__(self, *args: Any, user: User, today: datetime.date, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, user=user, **kwargs)
        since = self.fields["since"]
        assert isinstance(since, DayField)
        since.not_after, since.initial = today, today
        since.widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for need in REQUIRED_FROM:
            if need.stage == values.get("stage") and need.field in self.fields and not values.get(need.field):
                sentence = _("“%(batch)s” needs this.") % {"batch": Stage(need.stage).label}
                self.add_error(need.field, sentence)
        return values
