"""What the lists of approvals can be asked for, shared by page, drill-down link, export and API."""

import datetime
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import DateRangeWidget

from accounts.models import Agency, AgencyKind, User
from approvals import lamps
from approvals.choices import (
    AssistanceMode,
    AssistanceState,
    Cleared,
    ConfirmedThrough,
    IssueCategory,
    IssueLevel,
    IssueState,
    ItemState,
    Phase,
    Severity,
    StallCode,
    SupportKind,
    SupportState,
)
from approvals.models import AgencyTask, Issue, Item, Service, ServiceTeam, StallFlag, SupportNeed
from approvals.models.issue import IssueQuerySet
from core.workdays import calendar
from projects.choices import Confidentiality
from projects.models import Project
from taskforces.models import TaskForce

LONGEST_QUESTION = 100
ADDRESSEES = (AgencyKind.APPROVAL, AgencyKind.DEPARTMENT, AgencyKind.UTILITY)


class _Days(DateRangeWidget):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"})


def _user(request: Any) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def _visible(request: Any) -> QuerySet[Project]:
    user = _user(request)
    return Project.objects.visible_to(user) if user else Project.objects.none()


def _known(request: Any) -> QuerySet[Project]:
    user = _user(request)
    if user is None:
        return Project.objects.exclude(confidentiality=Confidentiality.CONFIDENTIAL)
    return Project.objects.known_to(user)


class _ListFilter(django_filters.FilterSet):
    """What all lists of approvals have in common: their rows belong to a project."""

    q = django_filters.CharFilter(label=_("Project or code"), method="holding", max_length=LONGEST_QUESTION)
    project = django_filters.ModelChoiceFilter(
        label=_("Project"), queryset=_visible, widget=forms.HiddenInput
    )
    team = django_filters.ChoiceFilter(label=_("Service team"), method="followed_by")
    task_force = django_filters.ChoiceFilter(label=_("Task force"), method="of_task_force")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("department", self._departments)
        self._choose("team", self._teams)
        self._choose(
            "task_force", lambda: [(f.code, str(f)) for f in TaskForce.objects.order_by("order", "pk")]
        )

    def _choose(self, name: str, choices: Any) -> None:
        if name in self.filters:
            self.filters[name].extra["choices"] = choices

    @staticmethod
    def _departments() -> list[tuple[str, str]]:
        rows = Agency.objects.filter(kind__in=ADDRESSEES).order_by("kind", "pk")
        return [(agency.code, str(agency)) for agency in rows]

    @staticmethod
    def _teams() -> list[tuple[str, str]]:
        return [(str(team.pk), str(team)) for team in ServiceTeam.objects.order_by("order", "pk")]

    @staticmethod
    def _task_forces() -> list[tuple[str, str]]:
        return [(force.code, str(force)) for force in TaskForce.objects.order_by("order", "pk")]

    def holding(self, rows: QuerySet[Any], _name: str, question: str) -> QuerySet[Any]:
        """By the project's code for everyone, by its name for those who may know it."""
        for word in question.split()[:5]:
            known = _known(self.request).filter(name__icontains=word).values("pk")
            rows = rows.filter(Q(project__code__icontains=word) | Q(project__in=known))
        return rows

    def followed_by(self, rows: QuerySet[Any], _name: str, pk: str) -> QuerySet[Any]:
        followed = Project.objects.filter(services__team=int(pk), services__until__isnull=True)
        return rows.filter(project__in=followed.values("pk"))

    def of_task_force(self, rows: QuerySet[Any], _name: str, code: str) -> QuerySet[Any]:
        return rows.filter(project__task_force__code=code)


class ItemFilter(_ListFilter):
    """Items of the approval lists: the most urgent first, those decided the latest first.

    q            project's name or code holds it
    group        under_way, waiting, decided
    state        one or several states
    department   code of the department
    team         number of the service team that follows the project
    lamp         one or several of over_statute, over_promise, on_time, stopped, waiting (on `today`)
    phase        1 to 5
    task_force   code of the owning task force
    project      number of the project
    """

    GROUPS = {
        "under_way": (_("Being worked on"), Q(state__in=ItemState.UNDER_WAY)),
        "waiting": (_("Not yet submitted"), Q(state=ItemState.WAITING)),
        # the same as a state of CLOSED, told by the column that the list is ordered by
        "decided": (_("Decided"), Q(closed_on__isnull=False)),
    }

    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    lamp = django_filters.MultipleChoiceFilter(
        label=_("Lamp"),
        choices=lamps.Lamp.choices,
        distinct=False,
        method="showing",
        widget=forms.CheckboxSelectMultiple,
    )
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=ItemState.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    department = django_filters.ChoiceFilter(label=_("Department"), field_name="template__department__code")
    phase = django_filters.ChoiceFilter(label=_("Phase"), choices=Phase.choices, field_name="template__phase")

    class Meta:
        model = Item
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def filter_queryset(self, queryset: QuerySet[Item]) -> QuerySet[Item]:
        rows = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("group") == "decided":
            return rows.order_by(F("closed_on").desc(), F("pk").desc())
        return rows.order_by(*lamps.URGENCY)

    def in_group(self, rows: QuerySet[Item], _name: str, group: str) -> QuerySet[Item]:
        return rows.filter(self.GROUPS[group][1])

    def showing(self, rows: QuerySet[Item], _name: str, chosen: list[str]) -> QuerySet[Item]:
        days = calendar()
        conditions = [lamps.condition(lamp, today=self.today, days=days) for lamp in chosen]
        return rows.filter(reduce(or_, conditions))


DUE = [
    ("in_time", _("Resolved in time")),
    ("late", _("Resolved after the due day")),
    ("overdue", _("Not resolved, past the due day")),
]
NO_TEAM = "0"


def _concerning(rows: QuerySet[Any], projects: QuerySet[Project]) -> QuerySet[Any]:
    return rows.filter(pk__in=Issue.objects.concerning(projects).values("pk"))


def _level() -> django_filters.MultipleChoiceFilter:
    return django_filters.MultipleChoiceFilter(
        label=_("Level"),
        choices=IssueLevel.choices,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )


class IssueFilter(_ListFilter):
    """Issues, the newest first. One that concerns several projects is found with each of them, once.

    q            number, text, or a project's name or code holds it
    group        open, resolved
    state        one or several states; those withdrawn with their ledger only if asked for, or by `q`
    category     what it is about
    department   code of the responsible department
    level        one or several of 1 to 5, the ladder
    due          in_time, late, overdue (on `today`)
    confirmed    link, word, ledger: how the confirmation came
    team         number of the service team that follows a project of it; 0: none does
    task_force, project
    raised_after, raised_before, resolved_after, resolved_before, reopened_after, reopened_before    days
    """

    GROUPS = {
        "open": (_("Not resolved"), Q(state__in=IssueState.OPEN)),
        "resolved": (_("Resolved"), Q(state=IssueState.RESOLVED)),
    }

    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=IssueState.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    category = django_filters.ChoiceFilter(label=_("Category"), choices=IssueCategory.choices)
    department = django_filters.ChoiceFilter(label=_("Department"), field_name="department__code")
    level = _level()
    due = django_filters.ChoiceFilter(label=_("Due day"), choices=DUE, method="by_due_day")
    confirmed = django_filters.ChoiceFilter(
        label=_("Confirmation"), choices=ConfirmedThrough.choices, field_name="confirmed_through"
    )
    raised = django_filters.DateFromToRangeFilter(label=_("Raised"), field_name="raised_on", widget=_Days())
    resolved = django_filters.DateFromToRangeFilter(
        label=_("Resolved"), field_name="resolved_on", widget=_Days()
    )
    reopened = django_filters.DateFromToRangeFilter(label=_("Reopened"), method="taken_up", widget=_Days())
    project = django_filters.ModelChoiceFilter(
        label=_("Project"), queryset=_visible, widget=forms.HiddenInput, method="of_project"
    )

    class Meta:
        model = Issue
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    @staticmethod
    def _teams() -> list[tuple[str, str]]:
        return [*_ListFilter._teams(), (NO_TEAM, str(_("No team")))]

    def filter_queryset(self, queryset: QuerySet[Issue]) -> QuerySet[Issue]:
        rows = super().filter_queryset(queryset).order_by("-raised_on", "-pk")
        asked = self.form.cleaned_data
        return rows if asked.get("state") or asked.get("q") else rows.exclude(state=IssueState.WITHDRAWN)

    def in_group(self, rows: QuerySet[Issue], _name: str, group: str) -> QuerySet[Issue]:
        return rows.filter(self.GROUPS[group][1])

    def by_due_day(self, rows: IssueQuerySet, _name: str, chosen: str) -> QuerySet[Issue]:
        if chosen == "overdue":
            return rows.overdue(self.today)
        return rows.resolved_in_time() if chosen == "in_time" else rows.resolved_late()

    def taken_up(self, rows: IssueQuerySet, _name: str, asked: slice) -> QuerySet[Issue]:
        first, last = (end and timezone.localdate(end) for end in (asked.start, asked.stop))
        return rows.reopened_between(first, last)

    def of_project(self, rows: IssueQuerySet, _name: str, project: Project) -> QuerySet[Issue]:
        return rows.concerning(Project.objects.filter(pk=project.pk))

    def followed_by(self, rows: QuerySet[Any], _name: str, pk: str) -> QuerySet[Any]:
        if pk == NO_TEAM:
            followed = Project.objects.filter(pk__in=Service.objects.filter(until=None).values("project"))
            return rows.exclude(pk__in=Issue.objects.concerning(followed).values("pk"))
        return _concerning(rows, Project.objects.filter(services__team=int(pk), services__until=None))

    def of_task_force(self, rows: QuerySet[Any], _name: str, code: str) -> QuerySet[Any]:
        return _concerning(rows, Project.objects.filter(task_force__code=code))

    def holding(self, rows: QuerySet[Any], _name: str, question: str) -> QuerySet[Any]:
        for word in question.split()[:5]:
            named = Q(pk__in=_known(self.request).filter(name__icontains=word).values("pk"))
            projects = Project.objects.filter(Q(code__icontains=word) | named)
            found = Issue.objects.concerning(projects).values("pk")
            rows = rows.filter(Q(code__icontains=word) | Q(text__icontains=word) | Q(pk__in=found))
        return rows


YES_NO = [("yes", _("Somebody has said what will be done")), ("no", _("Nobody has said anything yet"))]


class StallFilter(_ListFilter):
    """What is stalled, of items and of projects: red before amber, the longest first.

    q            project's name or code holds it
    group        open, cleared, made_good (was red, settled since)
    code         S1 to S9, Y1 to Y3
    severity     red, amber
    was_red      yes, no: whether it has ever been red
    department   code of the item's department
    answered     yes, no: whether somebody has said what will be done
    level        one or several of 1 to 5: how far up the ladder it has been told
    team, task_force, project
    raised_on    the night that raised it
    """

    GROUPS = {
        "open": (_("Stalled now"), Q(cleared_on__isnull=True)),
        "cleared": (_("Moving again"), Q(cleared_on__isnull=False)),
        "made_good": (_("Was red, made good"), Q(cleared_because=Cleared.SETTLED, was_red=True)),
    }

    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    severity = django_filters.ChoiceFilter(label=_("Severity"), choices=Severity.choices)
    code = django_filters.ChoiceFilter(label=_("Reason"), choices=StallCode.choices)
    department = django_filters.ChoiceFilter(
        label=_("Department"), field_name="item__template__department__code"
    )
    was_red = django_filters.ChoiceFilter(label=_("Has been red"), choices=YES_NO, method="red_once")
    answered = django_filters.ChoiceFilter(label=_("What will be done"), choices=YES_NO, method="said")
    level = _level()
    raised_on = django_filters.DateFilter(
        label=_("Flagged on"), widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = StallFlag
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[StallFlag]) -> QuerySet[StallFlag]:
        rows = super().filter_queryset(queryset)
        return rows.order_by(F("cleared_on").desc(nulls_first=True), "-severity", "first_day", "pk")

    def in_group(self, rows: QuerySet[StallFlag], _name: str, group: str) -> QuerySet[StallFlag]:
        return rows.filter(self.GROUPS[group][1])

    def red_once(self, rows: QuerySet[StallFlag], _name: str, word: str) -> QuerySet[StallFlag]:
        return rows.filter(was_red=word == "yes")

    def said(self, rows: QuerySet[StallFlag], _name: str, word: str) -> QuerySet[StallFlag]:
        return rows.filter(acknowledged_by__isnull=word == "no")


class NeedFilter(_ListFilter):
    """Support needs, the open ones by the day on which they are needed, then those closed.

    q            text, or the project's name or code holds it
    group        open, closed
    state        one or several states
    kind         what is needed
    department   code of the responsible department
    overdue      yes: open and past the day (on `today`)
    team, task_force, project
    """

    GROUPS = {
        "open": (_("Open"), Q(state__in=SupportState.OPEN)),
        "closed": (_("Closed"), ~Q(state__in=SupportState.OPEN)),
    }

    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=SupportKind.choices)
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=SupportState.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    department = django_filters.ChoiceFilter(label=_("Department"), field_name="department__code")
    overdue = django_filters.ChoiceFilter(label=_("Overdue"), choices=[("yes", _("Overdue"))], method="late")

    class Meta:
        model = SupportNeed
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def filter_queryset(self, queryset: QuerySet[SupportNeed]) -> QuerySet[SupportNeed]:
        rows = super().filter_queryset(queryset)
        return rows.order_by(F("closed_on").desc(nulls_first=True), "needed_by", "pk")

    def in_group(self, rows: QuerySet[SupportNeed], _name: str, group: str) -> QuerySet[SupportNeed]:
        return rows.filter(self.GROUPS[group][1])

    def late(self, rows: QuerySet[SupportNeed], _name: str, _yes: str) -> QuerySet[SupportNeed]:
        return rows.filter(state__in=SupportState.OPEN, needed_by__lt=self.today)

    def holding(self, rows: QuerySet[SupportNeed], _name: str, question: str) -> QuerySet[SupportNeed]:
        return _holding_text(rows, question, _known(self.request))


class TaskFilter(_ListFilter):
    """Assistance tasks, those unfinished by the day on which they are due, then those finished.

    q            text, or the project's name or code holds it
    group        open, closed
    state        one or several states
    mode         assist, act
    mine         yes: those of the person who asks
    overdue      yes: unfinished and past the day (on `today`)
    team, task_force, project
    """

    GROUPS = {
        "open": (_("Open"), Q(state__in=AssistanceState.UNFINISHED)),
        "closed": (_("Closed"), ~Q(state__in=AssistanceState.UNFINISHED)),
    }

    group = django_filters.ChoiceFilter(
        label=_("Which"), choices=[(key, word) for key, (word, _q) in GROUPS.items()], method="in_group"
    )
    mode = django_filters.ChoiceFilter(label=_("How"), choices=AssistanceMode.choices)
    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=AssistanceState.choices, distinct=False, widget=forms.CheckboxSelectMultiple
    )
    mine = django_filters.ChoiceFilter(label=_("Officer"), choices=[("yes", _("My own"))], method="of_mine")
    overdue = django_filters.ChoiceFilter(label=_("Overdue"), choices=[("yes", _("Overdue"))], method="late")

    class Meta:
        model = AgencyTask
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def filter_queryset(self, queryset: QuerySet[AgencyTask]) -> QuerySet[AgencyTask]:
        rows = super().filter_queryset(queryset)
        return rows.order_by(F("closed_on").desc(nulls_first=True), "due_on", "pk")

    def in_group(self, rows: QuerySet[AgencyTask], _name: str, group: str) -> QuerySet[AgencyTask]:
        return rows.filter(self.GROUPS[group][1])

    def of_mine(self, rows: QuerySet[AgencyTask], _name: str, _yes: str) -> QuerySet[AgencyTask]:
        return rows.filter(officer=_user(self.request))

    def late(self, rows: QuerySet[AgencyTask], _name: str, _yes: str) -> QuerySet[AgencyTask]:
        return rows.filter(state__in=AssistanceState.UNFINISHED, due_on__lt=self.today)

    def holding(self, rows: QuerySet[AgencyTask], _name: str, question: str) -> QuerySet[AgencyTask]:
        return _holding_text(rows, question, _known(self.request))


def _holding_text(rows: QuerySet[Any], question: str, known: QuerySet[Project]) -> QuerySet[Any]:
    """Rows whose text or project answers to every word; a name only for those who may know it."""
    for word in question.split()[:5]:
        named = known.filter(name__icontains=word).values("pk")
        rows = rows.filter(Q(text__icontains=word) | Q(project__code__icontains=word) | Q(project__in=named))
    return rows
