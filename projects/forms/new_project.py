"""What is entered of any new project: the enterprise, the project, whose it is; and what looks odd in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Role
from core.money import MoneyFormField
from core.text import name_key
from projects import entry, lookalikes
from projects.choices import Confidentiality
from projects.entry import Facts
from projects.forms.fields import CreditCodeField, DayField, NameField, TextField
from projects.forms.shares import SharesForm
from projects.lookalikes import Description, Grade, LikeEnterprise
from projects.models import Enterprise
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

INDUSTRY = [("True", gettext_lazy("Industrial")), ("False", gettext_lazy("Other"))]
OF_A_FORCE = (Role.FORCE_LEAD, Role.FORCE_MEMBER)


@dataclass(frozen=True)
class Doubt:
    """Odd but possible: shown before saving, and saved when the person has confirmed to have looked."""

    code: str
    sentence: str
    details: tuple[str, ...] = ()
    take: int | None = None  # the enterprise that one press takes over
    project: int | None = None  # the project to look at


def units_of(user: User) -> QuerySet[ReportingUnit]:
    """The units a person may enter for: an office only its own."""
    units = ReportingUnit.objects.order_by("order")
    return units.filter(pk__in=reach(user).units) if user.role == Role.UNIT else units


def forces_of(user: User) -> QuerySet[TaskForce]:
    """The task forces a person may enter for: its own people only theirs."""
    forces = TaskForce.objects.order_by("order")
    return forces.filter(pk__in=reach(user).task_forces) if user.role in OF_A_FORCE else forces


class NewProjectForm(SharesForm):
    # The enterprise
    enterprise_name = NameField(label=gettext_lazy("Enterprise name"))
    uscc = CreditCodeField(label=gettext_lazy("Credit code"), required=False)
    origin = NameField(label=gettext_lazy("Comes from"), longest=60, required=False)
    contact_name = NameField(label=gettext_lazy("Contact"), longest=60, required=False)
    contact_phone = NameField(label=gettext_lazy("Contact's telephone"), longest=40, required=False)
    # The project
    name = NameField(label=gettext_lazy("Project name"))
    national_code = NameField(label=gettext_lazy("National project code"), longest=40, required=False)
    content = TextField(label=gettext_lazy("What is built"), longest=2000, required=False)
    task_force = forms.ModelChoiceField(
        TaskForce.objects.order_by("order"), label=gettext_lazy("Task force"), empty_label=""
    )
    is_industrial = forms.TypedChoiceField(
        label=gettext_lazy("Kind"),
        choices=INDUSTRY,
        initial="True",
        coerce=lambda word: word == "True",
        widget=forms.RadioSelect,
    )
    planned_start = DayField(label=gettext_lazy("Planned start of works"), required=False)
    fixed_assets = MoneyFormField(label=gettext_lazy("Fixed-asset part"), required=False)
    annual_output = MoneyFormField(label=gettext_lazy("Expected annual output"), required=False)
    confidentiality = forms.ChoiceField(
        label=gettext_lazy("Confidentiality"),
        choices=Confidentiality.choices,
        initial=Confidentiality.INTERNAL,
    )
    code_name = NameField(label=gettext_lazy("Code-name"), longest=60, required=False)
    # Whose it is
    reporting_unit = forms.ModelChoiceField(
        ReportingUnit.objects.none(), label=gettext_lazy("Reporting unit"), empty_label=""
    )
    location = forms.ModelChoiceField(
        ReportingUnit.objects.order_by("order"), label=gettext_lazy("Location"), empty_label=""
    )
    officer = NameField(label=gettext_lazy("Officer in charge"), longest=60, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self._offer_units()
        self._offer_forces()

    def _offer_units(self) -> None:
        units = units_of(self.user)
        field: Any = self.fields["reporting_unit"]
        field.queryset = units
        if len(units) == 1:
            field.empty_label = None
            field.initial = self.fields["location"].initial = units[0].pk

    def _offer_forces(self) -> None:
        forces = forces_of(self.user)
        field: Any = self.fields["task_force"]
        field.queryset = forces
        if len(forces) == 1:
            field.empty_label, field.initial = None, forces[0].pk

    # --- Checking ---

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        self._check_codes(values)
        if values.get("confidentiality") == Confidentiality.CONFIDENTIAL and not values.get("code_name"):
            self.add_error("code_name", _("A confidential project needs a code-name, for those outside."))
        return values

    def _check_codes(self, values: dict[str, Any]) -> None:
        wrong = entry.check_codes(
            name=values.get("enterprise_name", ""),
            uscc=values.get("uscc", ""),
            national_code=values.get("national_code", ""),
        )
        for name, sentence in wrong:
            self.add_error(name, sentence)

    # --- Odd but possible ---

    def doubts(self) -> list[Doubt]:
        """Asked of a form without errors."""
        return [*self._like_enterprises(), *self._like_projects()]

    def _like_enterprises(self) -> Iterator[Doubt]:
        for like in self.like_enterprises():
            yield Doubt(
                f"enterprise-{like.enterprise.pk}",
                _("“%(name)s” stands in the books already. Is it the same enterprise?")
                % {"name": like.enterprise.name},
                (*like.evidence, like.enterprise.uscc or _("no credit code known")),
                take=like.enterprise.pk,
            )

    def like_enterprises(self) -> list[LikeEnterprise]:
        """Those that saving would not simply take: what is entered with their code or their very name."""
        values = self.cleaned_data
        name, code = values.get("enterprise_name", ""), values.get("uscc", "")
        found = lookalikes.enterprises_like(name, code, user=self.user)
        if any(like.grade == Grade.SAME for like in found):
            return []
        very_name = [like for like in found if like.enterprise.name == name]
        if len(very_name) == 1 and not (code and very_name[0].enterprise.uscc):
            return []
        return found

    def _like_projects(self) -> Iterator[Doubt]:
        for like in lookalikes.projects_like(self.description(), user=self.user):
            yield Doubt(
                f"project-{like.project.pk}",
                _("“%(name)s” (%(code)s) looks like this project. Is it another one?")
                % {"name": like.project.name, "code": like.project.code},
                (*like.evidence, like.project.enterprise.name),
                project=like.project.pk,
            )

    def description(self) -> Description:
        values = self.cleaned_data
        key_of = name_key(values.get("enterprise_name", ""))
        same = Enterprise.objects.filter(name_key=key_of) if key_of else Enterprise.objects.none()
        coded = (
            Enterprise.objects.by_code(values["uscc"]) if values.get("uscc") else Enterprise.objects.none()
        )
        return Description(
            name=values.get("name", ""),
            national_code=values.get("national_code", ""),
            enterprises=[*same[:20], *coded],
            amount=self.known_amount(),
            location=values.get("location"),
            signed_on=values.get("signed_on"),
        )

    def known_amount(self) -> Decimal | None:
        """What is known of the amount (万元), to find the same project by."""
        return None

    # --- What the verbs take ---

    def investor(self) -> dict[str, str]:
        values = self.cleaned_data
        names = ("uscc", "origin", "contact_name", "contact_phone")
        return {"name": values["enterprise_name"], **{name: values[name] for name in names}}

    def facts(self) -> Facts:
        values = self.cleaned_data
        known = {name: values[name] for name in Facts.__dataclass_fields__ if name in values}
        return replace(Facts(**known), national_code=values["national_code"] or None)
