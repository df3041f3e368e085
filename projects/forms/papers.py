"""What is handed in about a project."""

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.choices import EvidenceKind


class EvidenceForm(forms.Form):
    kind = forms.ChoiceField(label=_("What it proves"), choices=EvidenceKind.choices)
    file = forms.FileField(label=_("File"))
