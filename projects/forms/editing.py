"""Changing a project's ordinary facts: the second of two editors keeps what was typed."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import User
from core.money import MoneyFormField
from core.refusal import Refusal
from projects import entry
from projects.choices import Confidentiality
from projects.forms.fields import CreditCodeField, DayField, NameField, TextField
from projects.models import BUREAU, Project
from taskforces.models import ReportingUnit, TaskForce


class ChangedMeanwhile(Refusal):
    """Somebody else has saved this project since the form was opened."""


# In whose total a project counts is the bureau's to say.
BUREAU_ONLY = ("task_force", "assisting", "reporting_unit", "is_industrial")
SALT = "projects.edit"


@dataclass(frozen=True)
class Difference:
    """One field that another person has changed meanwhile: how it stands now, and what was typed here."""

    name: str
    label: str
    theirs: str
    mine: str
    is_contested: bool


class ProjectForm(forms.ModelForm):
    """`base` carries what the form showed when it was opened, so that a later save can tell what this
    person changed from what others have changed since."""

    name = NameField(label=gettext_lazy("Project name"))
    national_code = NameField(label=gettext_lazy("National project code"), longest=40, required=False)
    content = TextField(label=gettext_lazy("What is built"), longest=2000, required=False)
    officer = NameField(label=gettext_lazy("Officer in charge"), longest=60, required=False)
    code_name = NameField(label=gettext_lazy("Code-name"), longest=60, required=False)
    permit_no = NameField(label=gettext_lazy("Construction permit"), longest=60, required=False)
    fixed_assets = MoneyFormField(label=gettext_lazy("Fixed-asset part"), required=False)
    annual_output = MoneyFormField(label=gettext_lazy("Expected annual output"), required=False)
    planned_start = DayField(label=gettext_lazy("Planned start of works"), required=False)
    planned_production = DayField(label=gettext_lazy("Planned start of production"), required=False)
    accepted_on = DayField(label=gettext_lazy("Works accepted on"), required=False)
    jobs = forms.IntegerField(label=gettext_lazy("Jobs"), min_value=0, max_value=1_000_000, required=False)
    land_mu = forms.DecimalField(
        label=gettext_lazy("Land (mu)"),
        min_value=Decimal(0),
        max_digits=10,
        decimal_places=2,
        required=False,
    )
    uscc = CreditCodeField(label=gettext_lazy("The enterprise's credit code"), required=False)
    contact_name = NameField(label=gettext_lazy("New contact"), longest=60, required=False)
    contact_phone = NameField(label=gettext_lazy("New contact's telephone"), longest=40, required=False)
    base = forms.CharField(widget=forms.HiddenInput, required=False)
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Project
        fields = (
            "name",
            "national_code",
            "content",
            "officer",
            "task_force",
            "assisting",
            "reporting_unit",
            "location",
            "is_industrial",
            "confidentiality",
            "code_name",
            "planned_start",
            "planned_production",
            "permit_no",
            "accepted_on",
            "fixed_assets",
            "annual_output",
            "jobs",
            "land_mu",
        )
        widgets = {"assisting": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, user: User, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.role not in BUREAU:
            for name in BUREAU_ONLY:
                del self.fields[name]
        if self.instance.enterprise.uscc:
            del self.fields["uscc"]
        self._offer_choices()
        accepted: Any = self.fields["accepted_on"]
        accepted.not_after, accepted.widget.attrs["max"] = today, today.isoformat()
        self.initial["seen_version"] = self.instance.version
        self.initial["base"] = signing.dumps(self.standing(), salt=SALT, compress=True)

    def _offer_choices(self) -> None:
        units, forces = ReportingUnit.objects.order_by("order"), TaskForce.objects.order_by("order")
        for name, rows in (
            ("task_force", forces),
            ("assisting", forces),
            ("reporting_unit", units),
            ("location", units),
        ):
            if name in self.fields:
                field: Any = self.fields[name]
                field.queryset, field.empty_label = rows, None

    @property
    def own_fields(self) -> list[str]:
        """The project's fields that this person may change."""
        return [name for name in self._meta.fields or () if name in self.fields]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["national_code"] = values.get("national_code") or None
        if values.get("confidentiality") == Confidentiality.CONFIDENTIAL and not values.get("code_name"):
            self.add_error("code_name", _("A confidential project needs a code-name, for those outside."))
        return values

    @transaction.atomic
    def save_over(self) -> Project:
        """Write what was changed. Raises ChangedMeanwhile when somebody else has saved since, and
        CannotEnter when the credit code is another enterprise's."""
        project = self.instance
        seen = Project.objects.filter(pk=project.pk, version=self.cleaned_data["seen_version"])
        if not seen.update(version=F("version") + 1):
            raise ChangedMeanwhile(_("Somebody else has changed this project meanwhile."))
        own = [name for name in self.own_fields if name != "assisting"]
        project.save(update_fields=own)
        if "assisting" in self.fields:
            project.assisting.set(self.cleaned_data["assisting"])
        if code := self.cleaned_data.get("uscc"):
            entry.give_code(project.enterprise, code)
        contact = {name: self.cleaned_data[name] for name in ("contact_name", "contact_phone")}
        entry.change_contact(project.enterprise, **contact)
        return project

    # --- Two editors ---

    def standing(self) -> dict[str, Any]:
        """Each field as the form shows it now, in a shape that survives the way to the browser and back."""
        return {name: _plain(self.initial.get(name)) for name in self.own_fields}

    def merged(self) -> tuple[QueryDict, list[Difference]]:
        """What was typed here laid over what others saved meanwhile, and where the two differ.

        Fields that only the others touched take their value; those that both changed keep what was
        typed here and are pointed out.
        """
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        differences = list(self._differences())
        standing = self.standing()
        for difference in differences:
            if not difference.is_contested:
                _put(data, difference.name, standing[difference.name])
        data["seen_version"], data["base"] = str(self.instance.version), self.initial["base"]
        return data, differences

    def _differences(self) -> Iterator[Difference]:
        base, standing = self._base(), self.standing()
        for name in self.own_fields:
            field = self.fields[name]
            typed = field.widget.value_from_datadict(self.data, self.files, name)
            before, theirs, mine = (_meaning(field, raw) for raw in (base.get(name), standing[name], typed))
            if theirs not in (before, mine):
                yield Difference(
                    name,
                    str(field.label),
                    _words(field, standing[name]),
                    _words(field, typed),
                    mine != before,
                )

    def _base(self) -> Mapping[str, Any]:
        """What the form showed when it was opened; of a damaged one nothing is taken for granted."""
        try:
            base: Mapping[str, Any] = signing.loads(self.data.get("base", ""), salt=SALT)
        except signing.BadSignature:
            return {}
        return base


def _plain(value: Any) -> Any:
    if isinstance(value, list | models.QuerySet):
        return [str(one.pk) for one in value]
    if value is None or isinstance(value, bool):
        return "" if value is None else value
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _meaning(field: forms.Field, raw: Any) -> Any:
    """What a raw value says, so that "9,000" and "9000.00" are the same."""
    try:
        value = field.to_python(raw)
    except (ValidationError, ValueError):
        return raw
    if isinstance(value, list | models.QuerySet):
        return {one.pk for one in value}
    return getattr(value, "pk", value) or None


def _words(field: forms.Field, raw: Any) -> str:
    """A raw value as the form would show it: the words of a choice instead of its key."""
    chosen = {str(one) for one in raw} if isinstance(raw, list) else {str(raw)}
    if choices := getattr(field, "choices", None):
        return pgettext("between items of a list", ", ").join(
            str(label) for key, label in choices if str(key) in chosen
        )
    if isinstance(field, forms.BooleanField):
        return _("Yes") if raw in (True, "True", "on") else _("No")
    return str(raw or "")


def _put(data: QueryDict, name: str, value: Any) -> None:
    if isinstance(value, bool):
        data.pop(name, None)
        if value:
            data[name] = "on"
    elif isinstance(value, list):
        data.setlist(name, value)
    else:
        data[name] = value
