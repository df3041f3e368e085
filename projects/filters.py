"""The filters of the project list, shared by page, drill-down link, export and API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.db import connection
from django.db.models import Case, F, IntegerField, Q, QuerySet, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters.fields import RangeField
from django_filters.widgets import DateRangeWidget, RangeWidget

from accounts.models import User
from core.money import CEILING, WAN_IN_YI
from core.remembering import memory
from projects.choices import (
    Confidentiality,
    Stage,
    Status,
    SuspicionGrade,
    SuspicionKind,
    SuspicionState,
    Verdict,
)
from projects.models import (
    BUREAU,
    ContractEvent,
    Enterprise,
    Project,
    Share,
    SigningCeremony,
    Suspicion,
    owned_by,
)
from taskforces.models import ReportingUnit, TaskForce

LONGEST_QUESTION = 100
MOST_WORDS = 5
# Up to so many finds a word is rare, and asked for by its index.
FEW = 1000


def _by_pinyin() -> Combinable:
    """Names in the order of a Chinese dictionary where the engine knows it (PostgreSQL's ICU)."""
    return Collate(F("name"), "zh-x-icu") if connection.vendor == "postgresql" else F("name")


def _by_batch() -> Combinable:
    return Case(*(When(stage=stage, then=stage.rank) for stage in Stage), output_field=IntegerField())


# What may be sorted by: the parameter's word → the column. Ties are broken by the newest entry, so
# that the pages of a list together are the list.
SORTS: dict[str, Callable[[], Any]] = {
    "name": _by_pinyin,
    "task_force": lambda: F("task_force__order"),
    "unit": lambda: F("reporting_unit__order"),
    "stage": _by_batch,
    "contracted": lambda: F("contracted"),
    "signed_on": lambda: F("signed_on"),
    "since": lambda: F("stage_since"),
    "code": lambda: F("code"),
}
# Columns that are always filled: "last if unknown" would keep PostgreSQL from using their index.
ALWAYS_KNOWN = {"contracted", "since", "code"}
USUAL_SORT = "-signed_on"

Projects = QuerySet[Project]


class YiRange(RangeField):
    """An amount in 亿元, from and to, either end open."""

    widget = RangeWidget

    def __init__(self, **kwargs: Any) -> None:
        most = CEILING / WAN_IN_YI
        ends = [forms.DecimalField(min_value=-most, max_value=most, max_digits=12) for _end in range(2)]
        super().__init__(fields=tuple(ends), **kwargs)


class YiRangeFilter(django_filters.RangeFilter):
    field_class = YiRange

    def filter(self, rows: Projects, value: slice | None) -> Projects:
        if value is None:
            return rows
        if value.start is not None:
            rows = rows.filter(**{f"{self.field_name}__gte": value.start * WAN_IN_YI})
        if value.stop is not None:
            rows = rows.filter(**{f"{self.field_name}__lte": value.stop * WAN_IN_YI})
        return rows


class Sort(django_filters.ChoiceFilter):
    """`?sort=contracted`, `?sort=-contracted`; what is not known stands at the end either way."""

    def __init__(self, **kwargs: Any) -> None:
        words = [(sign + word, sign + word) for word in SORTS for sign in ("", "-")]
        super().__init__(choices=words, empty_label=None, **kwargs)

    def filter(self, rows: Projects, value: str | None) -> Projects:
        word = value or USUAL_SORT
        name = word.removeprefix("-")
        unknown_last = None if name in ALWAYS_KNOWN else True
        column = SORTS[name]()
        if word.startswith("-"):
            return rows.order_by(column.desc(nulls_last=unknown_last), "-pk")
        return rows.order_by(column.asc(nulls_last=unknown_last), "-pk")


@dataclass(frozen=True)
class Choices:
    """The small tables that a list is narrowed by and that name its rows, in their order."""

    task_forces: dict[int, TaskForce]
    units: dict[int, ReportingUnit]
    ceremonies: list[SigningCeremony]
    # The filters' form, by language and by class: its fields are made of the choices.
    forms: dict[tuple[str | None, type], type[forms.Form]]


def choices_now() -> Choices:
    """Read anew only when something has changed."""
    return memory.recall("choices of the project list", _read_choices)


def _read_choices() -> Choices:
    return Choices(
        {force.pk: force for force in TaskForce.objects.order_by("order")},
        {unit.pk: unit for unit in ReportingUnit.objects.order_by("order")},
        list(SigningCeremony.objects.order_by("-held_on", "name")),
        {},
    )


YES_NO = [("true", _("Industrial projects")), ("false", _("Other projects"))]


class ProjectFilter(django_filters.FilterSet):
    """Which projects are asked for. Needs the request: a confidential project's name is found by its
    owners only.

    q            name, enterprise, code or national code holds it
    task_force   code of the owning task force
    unit         code of a unit that reports the project or shares in it
    location     code of the unit in which it stands
    stage        batch, several times for several
    status       active, paused, ended, several times for several
    industrial   true, false
    contracted_min, contracted_max   contracted investment in 亿元
    signed_after, signed_before      first and last day of signing
    ceremony     number of a signing ceremony
    sort         one of SORTS, with "-" for the other way round
    """

    q = django_filters.CharFilter(
        label=_("Name, enterprise or code"), method="holding", max_length=LONGEST_QUESTION
    )
    task_force = django_filters.ChoiceFilter(label=_("Task force"), method="of_task_force")
    unit = django_filters.ChoiceFilter(label=_("Unit"), method="of_unit")
    location = django_filters.ChoiceFilter(label=_("Location"), method="in_location")
    stage = django_filters.MultipleChoiceFilter(
        label=_("Batch"), choices=Stage.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    status = django_filters.MultipleChoiceFilter(
        label=_("Status"), choices=Status.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    industrial = django_filters.ChoiceFilter(label=_("Kind"), choices=YES_NO, method="of_industry")
    contracted = YiRangeFilter(label=_("Amount (亿元)"), field_name="contracted")
    signed = django_filters.DateFromToRangeFilter(
        label=_("Signed between"), field_name="signed_on", widget=DateRangeWidget(attrs={"type": "date"})
    )
    ceremony = django_filters.ChoiceFilter(label=_("Ceremony"), method="at_ceremony")
    sort = Sort(label=_("Order"))

    class Meta:
        model = Project
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices_now()
        self._forces = {force.code: force for force in self.choices.task_forces.values()}
        self._units = {unit.code: unit for unit in self.choices.units.values()}
        for name, choices in (
            ("task_force", [(code, str(force)) for code, force in self._forces.items()]),
            ("unit", [(code, str(unit)) for code, unit in self._units.items()]),
            ("location", [(code, str(unit)) for code, unit in self._units.items()]),
            (
                "ceremony",
                [(str(one.pk), f"{one.name} {one.held_on:%Y-%m-%d}") for one in self.choices.ceremonies],
            ),
        ):
            self.filters[name].extra["choices"] = choices

    def get_form_class(self) -> type[forms.Form]:
        """Made once while the choices hold: making it takes longer than answering with it."""
        kept, key = self.choices.forms, (get_language(), type(self))
        if key not in kept:
            kept[key] = super().get_form_class()
        return kept[key]

    def filter_queryset(self, queryset: Projects) -> Projects:
        """Also without a (right) `sort` the order is a whole one."""
        rows = super().filter_queryset(queryset)
        return rows if "sort" in self.form.cleaned_data else self.filters["sort"].filter(rows, None)

    def holding(self, rows: Projects, _name: str, question: str) -> Projects:
        """Plain containment, so that two Chinese characters find what holds them."""
        for word in question.split()[:MOST_WORDS]:
            few = self._few_holding(word)
            rows = rows.filter(self._holds(word) if few is None else Q(pk__in=few))
        return rows

    def _few_holding(self, word: str) -> set[int] | None:
        """The projects that hold a rare word, found by the indexes of each place it may stand in.

        None for a common word: there one comes upon rows soon enough by looking at each.
        """
        if len(word) < 2:
            return None
        enterprises = Enterprise.objects.filter(name__holds=word).values_list("pk", flat=True)[: FEW + 1]
        if len(enterprises) > FEW:
            return None
        told = Project.objects.filter(self._known()).values_list("pk", flat=True)
        coded = Project.objects.values_list("pk", flat=True)
        found = told.filter(name__holds=word).union(
            told.filter(enterprise__in=list(enterprises)),
            told.filter(national_code__holds=word),
            coded.filter(code__holds=word),
            coded.filter(code_name__holds=word),
            all=True,
        )[: FEW + 1]
        return None if len(found) > FEW else set(found)

    def _holds(self, word: str) -> Q:
        told = (
            Q(name__icontains=word) | Q(enterprise__name__icontains=word) | Q(national_code__icontains=word)
        )
        return (told & self._known()) | Q(code__icontains=word) | Q(code_name__icontains=word)

    def _known(self) -> Q:
        user = getattr(self.request, "user", None)
        if not isinstance(user, User):
            return ~Q(confidentiality=Confidentiality.CONFIDENTIAL)
        if user.role in BUREAU:
            return Q()
        return ~Q(confidentiality=Confidentiality.CONFIDENTIAL) | owned_by(user)

    def of_task_force(self, rows: Projects, _name: str, code: str) -> Projects:
        return rows.filter(task_force=self._forces[code].pk)

    def of_unit(self, rows: Projects, _name: str, code: str) -> Projects:
        unit = self._units[code].pk
        return rows.filter(
            Q(reporting_unit=unit) | Q(pk__in=Share.objects.filter(unit=unit).values("project"))
        )

    def in_location(self, rows: Projects, _name: str, code: str) -> Projects:
        return rows.filter(location=self._units[code].pk)

    def of_industry(self, rows: Projects, _name: str, word: str) -> Projects:
        return rows.filter(is_industrial=word == "true")

    def at_ceremony(self, rows: Projects, _name: str, pk: str) -> Projects:
        signed = ContractEvent.objects.filter(ceremony=int(pk)).exclude(verdict__verdict=Verdict.RETURNED)
        return rows.filter(pk__in=signed.values("project"))


class EnterpriseFilter(django_filters.FilterSet):
    """Which enterprises are asked for.

    q            name or credit code holds it
    """

    q = django_filters.CharFilter(
        label=_("Name or credit code"), method="holding", max_length=LONGEST_QUESTION
    )

    class Meta:
        model = Enterprise
        fields: tuple[str, ...] = ()

    def holding(self, rows: QuerySet[Enterprise], _name: str, question: str) -> QuerySet[Enterprise]:
        for word in question.split()[:5]:
            rows = rows.filter(Q(name__icontains=word) | Q(uscc__icontains=word))
        return rows


class SuspicionFilter(django_filters.FilterSet):
    """Suspicious signings, the gravest first.

    q            the project's name or code holds it
    group        open (to be judged), watched, judged, gone (the books show it no more)
    kind         one or several kinds
    grade        one or several of 1 to 3
    task_force, unit    codes: of the project in question
    project      number of a project that is compared
    raised_on    the night that raised it
    """

    GROUPS = {
        "open": (_("To be judged"), Q(state=SuspicionState.OPEN, gone_on__isnull=True)),
        "watched": (_("Watched"), Q(state=SuspicionState.WATCHED, gone_on__isnull=True)),
        "judged": (_("Judged"), Q(state__in=SuspicionState.JUDGED)),
        "gone": (
            _("To be seen no more"),
            Q(gone_on__isnull=False) & ~Q(state__in=SuspicionState.JUDGED),
        ),
    }

    q = django_filters.CharFilter(label=_("Project or code"), method="holding", max_length=LONGEST_QUESTION)
    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    kind = django_filters.MultipleChoiceFilter(
        label=_("Kind"), choices=SuspicionKind.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    grade = django_filters.MultipleChoiceFilter(
        label=_("Grade"), choices=SuspicionGrade.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    task_force = django_filters.ChoiceFilter(label=_("Task force"), field_name="project__task_force__code")
    unit = django_filters.ChoiceFilter(label=_("Unit"), field_name="project__reporting_unit__code")
    project = django_filters.NumberFilter(
        label=_("Project"), method="comparing", widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1
    )
    raised_on = django_filters.DateFilter(label=_("Found on"), widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Suspicion
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = choices_now()
        for name, rows in (("task_force", known.task_forces), ("unit", known.units)):
            self.filters[name].extra["choices"] = [(row.code, str(row)) for row in rows.values()]

    def filter_queryset(self, queryset: QuerySet[Suspicion]) -> QuerySet[Suspicion]:
        return super().filter_queryset(queryset).order_by("-points", "-amount", "pk")

    def holding(self, rows: QuerySet[Suspicion], _name: str, question: str) -> QuerySet[Suspicion]:
        """By the project's code for everyone, by its name for those who may know it."""
        user = getattr(self.request, "user", None)
        known = Project.objects.known_to(user) if isinstance(user, User) else Project.objects.none()
        for word in question.split()[:MOST_WORDS]:
            named = known.filter(name__holds=word).values("pk")
            rows = rows.filter(Q(project__code__icontains=word) | Q(project__in=named))
        return rows

    def in_group(self, rows: QuerySet[Suspicion], _name: str, group: str) -> QuerySet[Suspicion]:
        return rows.filter(self.GROUPS[group][1])

    def comparing(self, rows: QuerySet[Suspicion], _name: str, pk: Any) -> QuerySet[Suspicion]:
        compared = Suspicion.records.through.objects.filter(project_id=int(pk))
        return rows.filter(pk__in=compared.values("suspicion"))
