"""The thresholds of the water detector and the layouts of others' forms, for the security administrator."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from projects import layouts
from projects.models import FormLayout, SuspicionRule


@admin.register(SuspicionRule)
class SuspicionRuleAdmin(admin.ModelAdmin):
    """A change is a new row with its own day: what was raised by the old one stays explained."""

    list_display = ("kind_shown", "setting", "value", "effective_from", "source")
    list_filter = ("kind", "setting")
    ordering = ("kind", "setting", "-effective_from")

    @admin.display(description=SuspicionRule._meta.get_field("kind").verbose_name, ordering="kind")
    def kind_shown(self, row: SuspicionRule) -> str:
        return str(row.get_kind_display() or "—")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FormLayoutForm(forms.ModelForm):
    """What is wrong with a layout is said line by line; the fields it may use stand beside it."""

    class Meta:
        model = FormLayout
        fields = ("name", "text", "is_example", "is_active", "order")
        widgets = {"text": forms.Textarea({"rows": 40, "cols": 90, "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "text" in self.fields:
            known = " · ".join(f"{name} {label}" for name, label in layouts.legend())
            self.fields["text"].help_text = _("Fields: %(fields)s") % {"fields": known}
            self.fields["text"].initial = layouts.BEGUN

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        try:
            layouts.read(text)
        except layouts.BadLayout as wrong:
            raise forms.ValidationError([wrong.message, *wrong.details]) from wrong
        return text


@admin.register(FormLayout)
class FormLayoutAdmin(admin.ModelAdmin):
    form = FormLayoutForm
    list_display = ("name", "is_example", "is_active", "order", "entered_at")
    ordering = ("order", "pk")
