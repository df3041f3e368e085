"""The verdict on a suspicion."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.choices import SuspicionVerdictKind
from projects.forms.fields import NameField
from projects.models import Project


class JudgeForm(forms.Form):
    """`others` are the projects that it may be the same as, with their names as the person sees them."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Judgement"), choices=SuspicionVerdictKind.choices, widget=forms.RadioSelect
    )
    kept = forms.TypedChoiceField(
        label=gettext_lazy("The same as"), coerce=int, empty_value=None, required=False
    )
    reason = NameField(label=gettext_lazy("Reason"), longest=300)

    def __init__(self, *args: Any, others: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept: Any = self.fields["kept"]
        kept.choices = [("", "—"), *others]
        if not others:  # nothing stands beside it
            verdict: Any = self.fields["verdict"]
            verdict.choices = [one for one in verdict.choices if one[0] != SuspicionVerdictKind.MERGE]
            del self.fields["kept"]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("verdict") == SuspicionVerdictKind.MERGE and not told.get("kept"):
            self.add_error("kept", _("Choose which of the other projects it is."))
        pk = told.pop("kept", None)
        told["kept"] = Project.objects.filter(pk=pk).first() if pk else None
        return told
