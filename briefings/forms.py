"""What a person gives with a step of a briefing. Each form carries the version its reader saw."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from briefings import content, words
from briefings.choices import ScopeKind
from briefings.models import Briefing
from projects.forms.fields import MonthField


class StepForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, briefing: Briefing, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__}-%s", **kwargs)
        self.briefing = briefing
        self.fields["version"].initial = briefing.version

    def look_again(self, briefing: Briefing) -> None:
        """What was typed stays; who sends it again has seen what changed meanwhile."""
        self.briefing = briefing
        self.data = {**self.data.dict(), "version": str(briefing.version)}  # type: ignore[attr-defined]

    @property
    def given(self) -> dict[str, Any]:
        """What the verb is called with."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class ConfirmForm(StepForm):
    """The city's briefing comes after the others: who goes ahead says why."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        if self.briefing.scope == ScopeKind.CITY:
            self.fields["reason"] = forms.CharField(
                label=_("Why it goes ahead"),
                max_length=1000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("Only while others of this month are not confirmed; which ones is kept with it."),
            )


class LapseForm(StepForm):
    reason = forms.CharField(
        label=_("Why the bureau confirms them"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class DisputeForm(StepForm):
    figure = forms.ChoiceField(label=_("Which figure"))
    reason = forms.CharField(
        label=_("What is wrong with it"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("How it should read, and what shows it."),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["figure"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a figure")),
            *((key, str(value)) for key, value in content.values(self.briefing.content).items()),
        ]


class AnswerForm(StepForm):
    text = forms.CharField(
        label=_("Answer"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What was corrected, or why the figure stands."),
    )


class ReturnForm(StepForm):
    reason = forms.CharField(
        label=_("Why it is returned"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class WordsForm(StepForm):
    """The words around one section, or those at the end."""

    def __init__(self, data: Any = None, *, section: str, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for side, label in self.sides(section).items():
            self.fields[side] = forms.CharField(
                label=label,
                max_length=words.LENGTH,
                required=False,
                widget=forms.Textarea(attrs={"rows": 6}),
                help_text=_("An empty line begins a new paragraph. Its numbers are held against the tables."),
                initial=words.text_at(self.briefing.words, words.place(section, side)),
            )
        self.section = section

    @staticmethod
    def sides(section: str) -> dict[str, Any]:
        if section == words.END:
            return {"text": _("After the generated text")}
        return {"before": _("Before the generated text"), "after": _("After the generated text")}

    @property
    def standing(self) -> str:
        """What stands at these places now."""
        sides = self.sides(self.section)
        found = [words.text_at(self.briefing.words, words.place(self.section, side)) for side in sides]
        return "\n\n".join(filter(None, found))

    @property
    def given(self) -> dict[str, Any]:
        return {"texts": {words.place(self.section, side): text for side, text in super().given.items()}}


class SignOffForm(StepForm):
    """The reason is asked for where a number in the text no longer equals its table."""

    reason = forms.CharField(
        label=_("Why these numbers stand as they are"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        moved = words.moved(self.briefing.content, self.briefing.words)
        if not moved:
            del self.fields["reason"]
            return
        self.fields["reason"].help_text = gettext(
            "Numbers in the text that no longer equal the tables: %(numbers)s."
        ) % {"numbers": "; ".join(mark.sentence for mark in moved)}


class PublishForm(StepForm):
    number = forms.CharField(
        label=_("Document number"), max_length=60, help_text=_("Like 柳招商〔2026〕11号.")
    )


class MonthForm(forms.Form):
    """Which month to show or to draft: 2026-10."""

    month = MonthField(label=_("Month"))
