"""What people fill in: an entry for an item, an issue and its steps, a team, a word on a stall."""

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import Role
from approvals.choices import (
    AssistanceMode,
    ConfirmedBy,
    IssueCategory,
    ItemEventKind,
    ItemState,
    LampPreset,
    ReturnReason,
    SupportKind,
)
from approvals.clocks import LONGEST_ANNOUNCED, Entry
from approvals.confirmation import LONGEST_DAYS
from approvals.figures import Period
from approvals.filters import ADDRESSEES
from approvals.models import AgencyTask, Item, ItemTemplate, ServiceTeam, SupportNeed
from approvals.planning import LONGEST_SUPPOSED
from approvals.rules import ITEM_NEXT
from approvals.teams import HandOver
from projects.forms.fields import DayField, NameField, TextField
from projects.models import Project

# Which event ends what a pause begins.
ENDS = {
    ItemEventKind.CORRECTION_STARTED: ItemEventKind.CORRECTION_ENDED,
    ItemEventKind.SPECIAL_STARTED: ItemEventKind.SPECIAL_ENDED,
    ItemEventKind.NOTICE_STARTED: ItemEventKind.NOTICE_ENDED,
}


AT_ANY_TIME = (ItemEventKind.URGED, ItemEventKind.NOTE)


class DatedForm(forms.Form):
    """A day that is today unless said otherwise, and never in the future."""

    on = DayField(label=_("On which day"))

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["on"].initial = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()


# --- Items ----------------------------------------------------------------------------------


class EventForm(DatedForm):
    kind = forms.ChoiceField(label=_("What happened"))
    certificate_no = NameField(
        label=_("Certificate"), longest=80, required=False, help_text=_("Its number, when approved.")
    )
    note = NameField(
        label=_("Note"),
        longest=300,
        required=False,
        help_text=_("When the clock stops: why, as it was told to the applicant."),
    )
    declared_days = forms.IntegerField(
        label=_("Announced length (working days)"),
        min_value=1,
        max_value=LONGEST_ANNOUNCED,
        required=False,
        help_text=_("When the clock stops: how long it will take, as told to the applicant."),
    )
    ended_on = DayField(
        label=_("Ended on"),
        required=False,
        help_text=_("For a correction, special procedure or notice entered late: its last day."),
    )

    field_order: tuple[str, ...] = ("kind", "on", "certificate_no", "note", "declared_days", "ended_on")

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item
        following = list(ITEM_NEXT[ItemState(item.state)])
        others = [
            kind for kind in ItemEventKind if kind not in following and kind not in ItemEventKind.WITHOUT_STEP
        ]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (_("What can come next"), [(kind.value, kind.label) for kind in following]),
            (_("At any time"), [(kind.value, kind.label) for kind in AT_ANY_TIME]),
            (_("Entered late"), [(kind.value, kind.label) for kind in others]),
        ]
        self.fields["ended_on"].widget.attrs["max"] = self.today.isoformat()

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        kind, ended_on = facts.get("kind"), facts.get("ended_on")
        if ended_on and kind and kind not in ENDS:
            self.add_error("ended_on", _("Only what stops the clock has an end of its own."))
        if ended_on and facts.get("on") and ended_on < facts["on"]:
            self.add_error("ended_on", _("It ended before it began."))
        if kind in ItemEventKind.PAUSES:
            self._ask_for_announcement(facts)
        elif kind and facts.get("declared_days"):
            self.add_error("declared_days", _("Only what stops the clock has an announced length."))
        return facts

    def _ask_for_announcement(self, facts: dict[str, Any]) -> None:
        """At the field what the verb would refuse."""
        if not facts.get("note") and "note" not in self.errors:
            self.add_error("note", _("Write why the clock stops, as it was told to the applicant."))
        if not facts.get("declared_days") and "declared_days" not in self.errors:
            self.add_error(
                "declared_days",
                _(
                    "Enter the announced length: for how many working days the applicant was told the "
                    "clock stops."
                ),
            )

    def entries(self) -> list[Entry]:
        """What is to be written: one event, or a pause with its end."""
        facts = dict(self.cleaned_data)
        ended_on = facts.pop("ended_on")
        entry = Entry(self.item, **facts)
        if not ended_on:
            return [entry]
        return [entry, Entry(self.item, ENDS[ItemEventKind(entry.kind)], ended_on)]


class ReasonForm(forms.Form):
    note = NameField(label=_("Reason"), longest=300)


class AddItemForm(forms.Form):
    template = forms.ModelChoiceField(
        label=_("Item"), queryset=ItemTemplate.objects.none(), empty_label=_("Choose")
    )

    def __init__(self, *args: Any, not_on: Iterable[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = ItemTemplate.objects.exclude(pk__in=list(not_on)).order_by("phase", "order", "pk")
        self.fields["template"].queryset = choices  # type: ignore[attr-defined]


class HereForm(EventForm):
    """An entry made in a row of a list: what can come next, and a note. Late ones are made on the page."""

    kind = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, item=item, **kwargs)
        del self.fields["ended_on"]
        possible = list(ITEM_NEXT[ItemState(item.state)])
        kinds = [*possible, *AT_ANY_TIME]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[0].value
        self.fields["kind"].error_messages["invalid_choice"] = _(
            "This is not possible any more: the item is “%(state)s” now. Choose what happened."
        ) % {"state": item.get_state_display()}
        self.fields["note"].label = _("Reason or note")
        for name in ("note", "certificate_no", "declared_days"):
            self.fields[name].help_text = ""

    def clean(self) -> dict[str, Any]:
        """A length typed before another kind was chosen is not told with it."""
        if self.cleaned_data.get("kind") not in ItemEventKind.PAUSES:
            self.cleaned_data["declared_days"] = None
        facts = super().clean()
        facts["ended_on"] = None
        return facts


class TogetherForm(DatedForm):
    """The same entry for several items: only what can come next for each of them."""

    kind = forms.ChoiceField(label=_("What happened"), widget=forms.RadioSelect)
    note = NameField(label=_("Reason or note"), longest=300, required=False)
    declared_days = forms.IntegerField(
        label=_("Announced length (working days)"),
        min_value=1,
        max_value=LONGEST_ANNOUNCED,
        required=False,
    )

    field_order: tuple[str, ...] = ("kind", "on", "note", "declared_days")

    def __init__(self, *args: Any, items: Iterable[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = list(items)
        possible = [set(ITEM_NEXT[ItemState(item.state)]) for item in self.items]
        shared = set.intersection(*possible) if possible else set()
        kinds = [*(kind for kind in ItemEventKind if kind in shared), *AT_ANY_TIME]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[0].value

    def entries(self) -> list[Entry]:
        return [Entry(item, **self.cleaned_data) for item in self.items]


class TeamForm(DatedForm):
    """Which team follows a project, or several; with the protocol of the hand-over when one is replaced."""

    team = forms.ModelChoiceField(
        label=_("Service team"),
        queryset=ServiceTeam.objects.order_by("order", "pk"),
        empty_label=_("Choose"),
    )
    leader = NameField(label=_("Team leader"), longest=60)
    note = TextField(
        label=_("Hand-over note"),
        longest=500,
        required=False,
        help_text=_("Where the project stands, what is promised, what comes next, whom to call."),
    )
    officer = forms.ModelChoiceField(
        label=_("Who takes over the assistance tasks"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Choose"),
        help_text=_("A member of the team that takes over."),
    )

    field_order: tuple[str, ...] = ("team", "leader", "on", "note", "officer")

    def __init__(self, *args: Any, replaced: ServiceTeam | None, tasks: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if replaced is None:
            del self.fields["note"]
        if tasks:
            members = User.objects.filter(is_active=True, service_teams__isnull=False).distinct()
            self.fields["officer"].queryset = members.order_by("name", "pk")  # type: ignore[attr-defined]
        else:
            del self.fields["officer"]

    def hand_over(self) -> HandOver:
        return HandOver(self.cleaned_data.get("note", ""), self.cleaned_data.get("officer"))


class TeamHandOverForm(TeamForm):
    """Several projects of one team at once, with one note; all of them unless some are taken out."""

    projects = forms.TypedMultipleChoiceField(
        label=_("Which projects"), coerce=int, widget=forms.CheckboxSelectMultiple
    )

    field_order = ("projects", *TeamForm.field_order)

    def __init__(self, *args: Any, names: dict[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["projects"].choices = list(names.items())  # type: ignore[attr-defined]
        self.fields["projects"].initial = list(names)


class AcknowledgeForm(forms.Form):
    note = TextField(label=_("What will be done"), longest=300, help_text=_("By whom, and by when."))

    def __init__(self, *args: Any, reason: bool = False, **kwargs: Any) -> None:
        """Where a month was not reported a reason is due, which stays visible."""
        super().__init__(*args, **kwargs)
        if reason:
            self.fields["note"].label = _("Reason")
            self.fields["note"].help_text = _("Why nothing was reported, and when it will be.")


class OnForm(forms.Form):
    """Which day is looked at; none that lies ahead."""

    on = DayField(label=_("As of"))

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].not_after = today  # type: ignore[attr-defined]


class LampsForm(forms.Form):
    """Which lamps are lit, and from which day on."""

    preset = forms.ChoiceField(label=_("Lamps"), choices=LampPreset.choices, widget=forms.RadioSelect)
    effective_from = DayField(label=_("In force from"))


# --- Issues ---------------------------------------------------------------------------------


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Several files at once."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        checked = [super(FilesField, self).clean(file, initial) for file in files]
        return [file for file in checked if file]


class ProjectsField(forms.ModelMultipleChoiceField):
    """Other projects, by the names under which the reader knows them."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Project.objects.none(), **kwargs)

    def offer(self, projects: QuerySet[Project], names: Callable[[Project], str]) -> None:
        self.names = names
        self.queryset = projects

    def label_from_instance(self, obj: Any) -> str:
        return f"{self.names(obj)} · {obj.code}"


class BlocksField(forms.ModelMultipleChoiceField):
    """Items not yet decided of one or several projects; of several each is named with its project."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Item.objects.none(), **kwargs)

    def offer(self, projects: Iterable[int | None], names: Callable[[Project], str] = str) -> None:
        keys = list(projects)
        self.names = names if len(keys) > 1 else None
        items = Item.objects.open().filter(project__in=keys).for_list()
        self.queryset = items.order_by("project", "template__phase", "template__order")

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.template} · {self.names(obj.project)}" if self.names else str(obj.template)


class IssueForm(DatedForm):
    category = forms.ChoiceField(label=_("Category"), choices=[("", _("Choose")), *IssueCategory.choices])
    text = TextField(label=_("What the matter is"), longest=500)
    department = forms.ModelChoiceField(
        label=_("Responsible department"),
        queryset=Agency.objects.filter(kind__in=ADDRESSEES).order_by("kind", "pk"),
        empty_label=_("Choose"),
    )
    also = ProjectsField(label=_("Also concerns"), required=False)
    blocks = BlocksField(label=_("Which items it blocks"), required=False)

    field_order = ("category", "department", "text", "on", "also", "blocks")

    def __init__(
        self,
        *args: Any,
        project_id: int | None,
        also: QuerySet[Project] | None = None,
        picked: Iterable[int] = (),
        names: Callable[[Project], str] = str,
        **kwargs: Any,
    ) -> None:
        """`also` are the projects to choose from besides its own, `picked` those chosen already."""
        super().__init__(*args, **kwargs)
        self.fields["also"].offer(  # type: ignore[attr-defined]
            Project.objects.none() if also is None else also, names
        )
        self.fields["blocks"].offer([project_id, *picked], names)  # type: ignore[attr-defined]


class StepForm(DatedForm):
    """A step of an issue; the version is that of the page from which it is taken."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    note = TextField(label=_("Note"), longest=1000, required=False)

    field_order: tuple[str, ...] = ("note", "on", "version")


class SaidStepForm(StepForm):
    """A step that nobody takes without a word."""

    note = TextField(label=_("Reason"), longest=1000)

    def __init__(self, *args: Any, word: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if word:
            self.fields["note"].label = word


class ReturnForm(SaidStepForm):
    because = forms.ChoiceField(
        label=_("Why it is returned"), choices=ReturnReason.choices, widget=forms.RadioSelect
    )

    field_order = ("because", "note", "on", "version")


class AddressForm(StepForm):
    """A returned issue goes out again."""

    department = forms.ModelChoiceField(
        label=_("Responsible department"),
        queryset=Agency.objects.filter(kind__in=ADDRESSEES).order_by("kind", "pk"),
        empty_label=_("Choose"),
    )
    note = TextField(
        label=_("What has been added"),
        longest=1000,
        required=False,
        help_text=_("Needed when the same department gets it again."),
    )

    field_order = ("department", "note", "on", "version")


class ConcernForm(StepForm):
    """Which items of one project the issue blocks."""

    blocks = BlocksField(label=_("Which items it blocks"), required=False)

    field_order = ("blocks", "note", "on", "version")

    def __init__(self, *args: Any, project_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["blocks"].offer([project_id])  # type: ignore[attr-defined]


class AskForm(forms.Form):
    """What the enterprise is asked to confirm, and who of it."""

    note = TextField(
        label=_("What was done"),
        longest=1000,
        help_text=_(
            "The enterprise reads this, in these words: write it so that a plant manager understands."
        ),
    )
    sent_to = NameField(label=_("Who gets the link"), longest=60, help_text=_("Name and position."))
    days = forms.IntegerField(label=_("Valid for (days)"), min_value=1, max_value=LONGEST_DAYS)
    evidence = FilesField(
        label=_("Evidence"),
        required=False,
        help_text=_("At least one file that proves it; the enterprise does not see it."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class AnswerForm(forms.Form):
    """The enterprise's answer: a tap, a name, and what is missing if something is."""

    note = TextField(label=_("If it is not settled: what is still missing?"), longest=500, required=False)
    name = NameField(label=_("Your name"), longest=60)

    def __init__(self, *args: Any, is_settled: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_settled = is_settled
        self.fields["name"].widget.attrs["autocomplete"] = "name"

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        if not self.is_settled and not facts.get("note") and "note" not in self.errors:
            self.add_error("note", _("Say what is not settled yet, so that the office can go on with it."))
        return facts


class ResolveForm(StepForm):
    note = TextField(label=_("What was done"), longest=1000)
    evidence = FilesField(
        label=_("Evidence"),
        required=False,
        help_text=_("At least one file that proves it: PDF, photo or office file."),
    )
    confirmed_by = forms.ChoiceField(
        label=_("Confirmed by"), choices=ConfirmedBy.choices, widget=forms.RadioSelect
    )
    confirmed_name = NameField(label=_("Name of who confirms"), longest=60)

    field_order = ("note", "evidence", "confirmed_by", "confirmed_name", "on", "version")


# --- Needs and tasks: the second and third list ---------------------------------------------------


class NeedForm(DatedForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Choose")), *SupportKind.choices])
    text = TextField(label=_("What is needed"), longest=300)
    amount = forms.DecimalField(
        label=_("Amount"), min_value=Decimal("0.01"), max_digits=14, decimal_places=2, required=False
    )
    unit = NameField(
        label=_("Unit of the amount"), longest=20, required=False, help_text=_("For example kVA, mu, people.")
    )
    department = forms.ModelChoiceField(
        label=_("Responsible department"),
        queryset=Agency.objects.filter(kind__in=ADDRESSEES).order_by("kind", "pk"),
        empty_label=_("Choose"),
    )
    needed_by = DayField(label=_("Needed by"))
    on = DayField(label=_("Raised on"))

    field_order = ("kind", "department", "text", "amount", "unit", "needed_by", "on")


class RowStepForm(StepForm):
    """A step of a need or a task; `row` is the one in hand."""

    def __init__(self, *args: Any, row: Any, word: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        if word:
            self.fields["note"].label = word
            self.fields["note"].required = True


class TakeOnForm(RowStepForm):
    officer = NameField(
        label=_("Person in charge"), longest=60, help_text=_("Whom the enterprise can ask about it.")
    )

    field_order = ("officer", "note", "on", "version")


class PartlyMetForm(RowStepForm):
    met_amount = forms.DecimalField(label=_("Met by now"), max_digits=14, decimal_places=2, required=False)

    field_order = ("met_amount", "note", "on", "version")

    def __init__(self, *args: Any, row: SupportNeed, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        if row.amount is None:
            del self.fields["met_amount"]
        else:
            self.fields["met_amount"].required = True
            self.fields["met_amount"].help_text = _("In %(unit)s, of %(amount)s.") % {
                "unit": row.unit,
                "amount": f"{row.amount.normalize():f}",
            }


class MoveNeedForm(RowStepForm):
    needed_by = DayField(label=_("Needed by"))

    field_order = ("needed_by", "note", "on", "version")


class ReassignForm(RowStepForm):
    department = forms.ModelChoiceField(
        label=_("Responsible department"),
        queryset=Agency.objects.filter(kind__in=ADDRESSEES).order_by("kind", "pk"),
        empty_label=_("Choose"),
    )

    field_order = ("department", "note", "on", "version")


def officers_of(project_id: int | None) -> QuerySet[User]:
    """The members of the team that follows a project; all service teams' where none does."""
    people = User.objects.filter(role=Role.SERVICE, is_active=True)
    following = ServiceTeam.objects.filter(services__project=project_id, services__until__isnull=True)
    members = people.filter(service_teams__in=following)
    return (members if members.exists() else people).order_by("name", "pk").distinct()


class OfficerField(forms.ModelChoiceField):
    def label_from_instance(self, person: Any) -> str:
        return str(person.name)


class TaskForm(DatedForm):
    mode = forms.ChoiceField(
        label=_("How"),
        choices=AssistanceMode.choices,
        widget=forms.RadioSelect,
        help_text=_("Acting for the enterprise needs its signed mandate before anything is handed in."),
    )
    item = forms.ModelChoiceField(
        label=_("For which item"),
        queryset=Item.objects.none(),
        required=False,
        empty_label=_("For none in particular"),
    )
    text = TextField(label=_("What is done"), longest=300)
    officer = OfficerField(label=_("Officer"), queryset=User.objects.none(), empty_label=_("Choose"))
    contact = NameField(label=_("Contact at the enterprise"), longest=60, required=False)
    due_on = DayField(label=_("Due on"))
    on = DayField(label=_("Agreed on"))

    field_order = ("mode", "item", "text", "officer", "contact", "due_on", "on")

    def __init__(self, *args: Any, project_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items = Item.objects.open().filter(project=project_id).select_related("template")
        field: Any = self.fields["item"]
        field.queryset = items.order_by("template__phase", "template__order", "pk")
        field.label_from_instance = lambda item: str(item.template)
        self.fields["officer"].queryset = officers_of(project_id)  # type: ignore[attr-defined]


class MandateForm(RowStepForm):
    on = DayField(label=_("Signed on"))
    mandate = forms.FileField(
        label=_("Signed mandate"), help_text=_("PDF or photo of the signed and sealed paper.")
    )

    field_order = ("mandate", "on", "note", "version")


class PapersForm(RowStepForm):
    papers = forms.IntegerField(label=_("How many papers"), min_value=1, max_value=500)

    field_order = ("papers", "note", "on", "version")


class HandOverForm(RowStepForm):
    officer = OfficerField(label=_("New officer"), queryset=User.objects.none(), empty_label=_("Choose"))

    field_order = ("officer", "note", "on", "version")

    def __init__(self, *args: Any, row: AgencyTask, **kwargs: Any) -> None:
        super().__init__(*args, row=row, **kwargs)
        others = officers_of(row.project_id).exclude(pk=row.officer_id)
        self.fields["officer"].queryset = others  # type: ignore[attr-defined]


class MoveTaskForm(RowStepForm):
    due_on = DayField(label=_("Due on"))

    field_order = ("due_on", "note", "on", "version")


# --- The plan -------------------------------------------------------------------------------------


class TryOutForm(forms.Form):
    """What if one item took so many working days from now on? Nothing is written."""

    item = forms.TypedChoiceField(label=_("Item"), coerce=int)
    days = forms.IntegerField(label=_("takes (working days)"), min_value=0, max_value=LONGEST_SUPPOSED)

    def __init__(self, *args: Any, items: Iterable[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [(item.pk, str(item.template)) for item in items]  # type: ignore[attr-defined]


# --- Figures --------------------------------------------------------------------------------


class PeriodForm(forms.Form):
    """From a day to a day; an end left open is this year's."""

    def __init__(self, *args: Any, first: datetime.date, last: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usual = Period(first, last)
        self.fields["from"] = DayField(label=_("From"), required=False)
        self.fields["to"] = DayField(label=_("To"), required=False)

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        if not self.errors and self._between(facts).last < self._between(facts).first:
            self.add_error("to", _("The period ends before it begins. Exchange the two days."))
        return facts

    def period(self) -> Period:
        return self._between(self.cleaned_data)

    def _between(self, facts: dict[str, Any]) -> Period:
        return Period(facts.get("from") or self.usual.first, facts.get("to") or self.usual.last)
