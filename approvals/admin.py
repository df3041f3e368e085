"""The catalogue of items, the thresholds of stalls and the service teams, for the administrators."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from approvals.choices import Fact
from approvals.models import (
    EscalationRule,
    IssueLimit,
    ItemLimit,
    ItemRule,
    ItemTemplate,
    ServiceTeam,
    StallRule,
)
from approvals.needs import ANSWERS


class ItemLimitInline(admin.TabularInline):
    """A change is a new row with its own day: what items already go by is never edited."""

    model = ItemLimit
    extra = 0
    ordering = ("effective_from",)
    can_delete = False


class ItemRuleForm(forms.ModelForm):
    """Answers are picked from those that the question has."""

    answers = forms.MultipleChoiceField(
        label=_("needed if the answer is"),
        help_text=_("Several with Ctrl. Only answers to the question chosen here."),
    )

    class Meta:
        model = ItemRule
        fields = ("fact", "answers", "effective_from", "effective_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answers"].choices = [  # type: ignore[attr-defined]
            (fact.label, [(f"{fact}:{answer}", word) for answer, word in ANSWERS[fact].items()])
            for fact in Fact
        ]
        if self.instance.pk:
            self.initial["answers"] = [f"{self.instance.fact}:{answer}" for answer in self.instance.answers]

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        picked = [value.partition(":") for value in facts.get("answers", [])]
        if any(fact != facts.get("fact") for fact, _colon, _answer in picked):
            self.add_error("answers", _("These answers belong to another question."))
        facts["answers"] = [answer for _fact, _colon, answer in picked]
        since, until = facts.get("effective_from"), facts.get("effective_until")
        if since and until and until < since:
            self.add_error("effective_until", _("It ended before it began."))
        return facts


class ItemRuleInline(admin.TabularInline):
    """An item is needed when each of its rules holds. A rule that holds no more gets its last day."""

    model = ItemRule
    form = ItemRuleForm
    extra = 0
    ordering = ("effective_from", "pk")
    can_delete = False


@admin.register(ItemTemplate)
class ItemTemplateAdmin(admin.ModelAdmin):
    """Limits and rules are rows by date; by itself a change moves no item already opened."""

    inlines = (ItemLimitInline, ItemRuleInline)

    list_display = (
        "name",
        "code",
        "phase",
        "department",
        "in_force_from",
        "in_force_until",
    )
    list_select_related = ("department",)
    list_filter = ("phase", "department")
    search_fields = ("name", "name_en", "code")
    ordering = ("phase", "order", "pk")
    filter_horizontal = ("prerequisites",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()


@admin.register(StallRule)
class StallRuleAdmin(admin.ModelAdmin):
    """The newest row in force on a day is the rule of that day: a new threshold is a new row."""

    list_display = ("code", "clock", "days", "severity", "effective_from")
    list_filter = ("code",)
    ordering = ("code", "clock", "-effective_from")


@admin.register(EscalationRule)
class EscalationRuleAdmin(admin.ModelAdmin):
    """After how many working days a matter goes up; the newest row in force on a day is the rule."""

    list_display = ("level", "days", "effective_from")
    list_filter = ("level",)
    ordering = ("level", "-effective_from")


@admin.register(IssueLimit)
class IssueLimitAdmin(admin.ModelAdmin):
    """Within how many working days issues are to be resolved: a new number is a new row."""

    list_display = ("category", "days", "effective_from")
    list_filter = ("category",)
    ordering = ("category", "-effective_from")


@admin.register(ServiceTeam)
class ServiceTeamAdmin(admin.ModelAdmin):
    list_display = ("name", "name_en", "order")
    search_fields = ("name", "name_en")
    ordering = ("order", "pk")
    filter_horizontal = ("members",)
