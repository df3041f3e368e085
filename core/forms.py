"""What people fill in of the common tools: a notice of days off."""

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.refusal import Refusal
from core.text import clean_text, validate_name

FIRST_YEAR, LAST_YEAR = 2001, 2099


class NoticeForm(forms.Form):
    """A year's notice as it is pasted. `seen` is the fingerprint of what was shown as understood."""

    reference = forms.CharField(
        label=_("Number of the notice"),
        validators=[validate_name],
        max_length=100,
        help_text=_("For example 国办发明电〔2025〕7号."),
    )
    text = forms.CharField(
        label=_("Text of the notice"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_(
            "Paste the paragraphs with the days, or type them: 10月1日至7日放假，9月26日、10月9日上班。 "
            "You are shown what was understood before anything changes."
        ),
    )
    reason = forms.CharField(
        label=_("Reason of the correction"), validators=[validate_name], max_length=300, required=False
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, corrects: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = corrects
        if not corrects:
            del self.fields["reason"]

    def clean_text(self) -> str:
        try:
            return clean_text(self.cleaned_data["text"], max_length=5000)
        except Refusal as refusal:
            raise ValidationError(refusal.message) from refusal


def year_asked(text: str | None, *, today: datetime.date) -> int:
    """The year of an address; this one where it says nothing that is a year."""
    if text and text.isdecimal() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    return today.year
