"""What people fill in about on-site meetings. The verbs judge what it means."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Agency
from approvals.choices import IssueCategory
from briefings.figures import INDICATORS, Rate
from briefings.meetings import Owner
from briefings.models import (
    Attendee,
    Half,
    MeetingDecision,
    OnSiteMeeting,
    RankingRule,
    Screener,
    ShownProject,
    VetoKind,
)
from briefings.ranking import Component, Ranking
from projects.forms.fields import DayField, NameField, TextField
from projects.models import Project
from taskforces.models import ReportingUnit, TaskForce

WEIGHTS = {
    "rank_weight": Component.RANK,
    "conversion_weight": Component.CONVERSION,
    "issues_weight": Component.ISSUES,
    "quality_weight": Component.QUALITY,
}


def _of_units() -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """What units can be ranked by each month, and the rates that units have."""
    known = [found for found in INDICATORS.values() if found.source.knows(["unit"])]
    ranked = [(found.code, found.name) for found in known if not isinstance(found, Rate)]
    return ranked, [(found.code, found.name) for found in known if isinstance(found, Rate)]


class RuleForm(forms.Form):
    """The weights, which sum to 100, and what they weigh."""

    effective_from = DayField(label=gettext_lazy("In force from"))
    rank_indicator = forms.ChoiceField(label=gettext_lazy("Ranked each month by"))
    conversion_indicator = forms.ChoiceField(label=gettext_lazy("Conversion is"))
    spread = forms.IntegerField(
        label=gettext_lazy("Tried out within ± points"), min_value=1, max_value=50, initial=10
    )
    step = forms.IntegerField(label=gettext_lazy("In steps of points"), min_value=1, max_value=25, initial=2)
    reason = NameField(label=gettext_lazy("Reason"), longest=300)

    def __init__(self, *args: Any, rule: RankingRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, component in WEIGHTS.items():
            self.fields[name] = forms.IntegerField(
                label=component.label, min_value=0, max_value=100, initial=getattr(rule, name)
            )
        for name, choices in zip(("rank_indicator", "conversion_indicator"), _of_units(), strict=True):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        for name in ("rank_indicator", "conversion_indicator", "spread", "step"):
            self.fields[name].initial = getattr(rule, name)

    def weights(self) -> list[forms.BoundField]:
        return [self[name] for name in WEIGHTS]

    @property
    def given(self) -> dict[str, Any]:
        """What `meetings.set_rule` takes."""
        told = dict(self.cleaned_data)
        weights = tuple(told.pop(name) for name in WEIGHTS)
        return {**told, "weights": weights}


class VetoForm(forms.Form):
    unit = forms.ModelChoiceField(ReportingUnit.objects.order_by("order", "pk"), label=gettext_lazy("Unit"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind of veto"), choices=VetoKind.choices)
    happened_on = DayField(label=gettext_lazy("Happened on"))
    document = NameField(
        label=gettext_lazy("Document that proves it"),
        longest=120,
        help_text=gettext_lazy("Number of the notice or decision, as it stands on the paper."),
    )
    reason = TextField(label=gettext_lazy("Facts of the case"), longest=500)


class ReasonForm(forms.Form):
    reason = NameField(label=gettext_lazy("Reason"), longest=300)


class PlanForm(forms.Form):
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=2000, max_value=2099)
    half = forms.TypedChoiceField(label=gettext_lazy("Half-year"), choices=Half.choices, coerce=int)
    planned_on = DayField(label=gettext_lazy("Planned for"))


class HostForm(forms.Form):
    host = forms.ModelChoiceField(ReportingUnit.objects.none(), label=gettext_lazy("Host"))
    reason = TextField(
        label=gettext_lazy("Reason"),
        longest=500,
        required=False,
        help_text=gettext_lazy("Needed if the host is not the first in the ranking."),
    )

    def __init__(self, *args: Any, ranking: Ranking, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = ranking.eligible
        field = self.fields["host"]
        field.queryset = ReportingUnit.objects.filter(pk__in=[one.unit.pk for one in able])  # type: ignore[attr-defined]
        field.choices = [(one.unit.pk, f"{one.place}. {one.unit}") for one in able]  # type: ignore[attr-defined]


class AgendaForm(forms.Form):
    planned_on = DayField(label=gettext_lazy("Day"))
    place = NameField(label=gettext_lazy("Where people meet"), longest=120)
    agenda = TextField(
        label=gettext_lazy("Agenda"),
        longest=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("One line for each point, such as: 09:00 the rolling mill"),
    )

    def __init__(self, data: Any = None, *, meeting: OnSiteMeeting) -> None:
        super().__init__(data)
        for name in self.fields:
            self.fields[name].initial = getattr(meeting, name)


class HeldForm(forms.Form):
    on = DayField(label=gettext_lazy("Held on"))


class ShowForm(forms.Form):
    project = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = NameField(label=gettext_lazy("Reason"), longest=300, required=False)


class ScreeningForm(forms.Form):
    department = forms.ChoiceField(label=gettext_lazy("Department"), choices=Screener.choices)
    passed = forms.TypedChoiceField(
        label=gettext_lazy("Word"),
        choices=(("1", gettext_lazy("Nothing against it")), ("0", gettext_lazy("Objects"))),
        coerce=lambda value: value == "1",
    )
    note = NameField(label=gettext_lazy("Note"), longest=200, required=False)


class GuestForm(forms.Form):
    name = NameField(label=gettext_lazy("Full name"), longest=60)
    office = NameField(label=gettext_lazy("Office"), longest=120, required=False)


class ScoresForm(forms.Form):
    """The sheet of one attendee: a field for each project."""

    def __init__(
        self, *args: Any, shown: Iterable[tuple[ShownProject, str]], attendee: Attendee, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        given = dict(attendee.scores.values_list("shown", "points"))
        self.shown = {f"points_{row.pk}": row for row, _name in shown}
        for row, name in shown:
            self.fields[f"points_{row.pk}"] = forms.DecimalField(
                label=f"{row.order}. {name}",
                min_value=0,
                max_value=100,
                max_digits=4,
                decimal_places=1,
                required=False,
                initial=given.get(row.pk),
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    def points(self) -> dict[ShownProject, Decimal | None]:
        return {row: self.cleaned_data[name] for name, row in self.shown.items()}


class MinutesForm(forms.Form):
    text = TextField(label=gettext_lazy("Minutes"), longest=8000, widget=forms.Textarea(attrs={"rows": 12}))


class DecisionForm(forms.Form):
    """Whose a decision is: a unit, a task force or a department, chosen from one list."""

    text = TextField(label=gettext_lazy("Decision"), longest=500)
    owner = forms.ChoiceField(label=gettext_lazy("Who does it"))
    person = NameField(label=gettext_lazy("Person in charge"), longest=60, required=False)
    due_on = DayField(label=gettext_lazy("Due on"))
    project = forms.ModelChoiceField(
        Project.objects.none(),
        label=gettext_lazy("About the project"),
        required=False,
        empty_label=gettext_lazy("No project"),
    )

    OWNERS: dict[str, Any] = {"unit": ReportingUnit, "force": TaskForce, "agency": Agency}

    def __init__(self, *args: Any, projects: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (_("Units"), _choices("unit", ReportingUnit.objects.order_by("order", "pk"))),
            (_("Task forces"), _choices("force", TaskForce.objects.order_by("order", "pk"))),
            (_("Departments"), _choices("agency", Agency.objects.order_by("name"))),
        ]
        listed = list(projects)
        field = self.fields["project"]
        field.queryset = Project.objects.filter(pk__in=[pk for pk, _name in listed])  # type: ignore[attr-defined]
        field.choices = [("", field.empty_label), *listed]  # type: ignore[attr-defined]

    def clean_owner(self) -> Owner:
        kind, _mark, key = self.cleaned_data["owner"].partition(":")
        found: Owner | None = self.OWNERS[kind].objects.filter(pk=key).first()
        if found is None:
            raise forms.ValidationError(_("Choose who does it."))
        return found


def _choices(kind: str, rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(f"{kind}:{row.pk}", str(row)) for row in rows]


# --- Steps of a decision --------------------------------------------------------------------------


class DecisionStepForm(forms.Form):
    note = TextField(label=gettext_lazy("Note"), longest=500)

    def __init__(self, *args: Any, decision: MeetingDecision, word: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decision = decision
        if word and "note" in self.fields:
            self.fields["note"].label = word


class MoveDayForm(DecisionStepForm):
    due_on = DayField(label=gettext_lazy("New due day"))

    field_order = ("due_on", "note")


class MakeIssueForm(DecisionStepForm):
    note = None  # type: ignore[assignment] # the issue says it in the words of the decision
    category = forms.ChoiceField(label=gettext_lazy("Category"), choices=IssueCategory.choices)
    department = forms.ModelChoiceField(
        Agency.objects.order_by("name"), label=gettext_lazy("Responsible department")
    )
