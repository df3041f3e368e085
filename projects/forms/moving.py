"""Moving a project on and back, pausing, resuming and ending it."""

import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.choices import Stage
from projects.forms.fields import DayField, NameField


class AdvanceForm(forms.Form):
    on = DayField(label=_("On which day"))
    note = NameField(label=_("Note"), longest=300, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].widget.attrs["max"] = today.isoformat()


class TakeBackForm(forms.Form):
    to = forms.ChoiceField(label=_("Back to"))
    on = DayField(label=_("In that batch since"))
    reason = NameField(label=_("Reason"), longest=300)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, stage: str, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        earlier = [(one.value, one.label) for one in Stage if one.rank < Stage(stage).rank]
        self.fields["to"].choices = earlier[::-1]  # type: ignore[attr-defined]
        self.fields["on"].widget.attrs["max"] = today.isoformat()


class ReasonForm(forms.Form):
    reason = NameField(label=_("Reason"), longest=300)


class PauseForm(ReasonForm):
    until = DayField(label=_("Until"))
