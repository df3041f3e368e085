"""Support needs and assistance tasks over the API: the second and third list of a project."""

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import Agency, User
from approvals import assistance, lamps, support
from approvals.choices import (
    AssistanceEventKind,
    AssistanceMode,
    AssistanceState,
    SupportKind,
    SupportState,
)
from approvals.filters import ADDRESSEES, NeedFilter, TaskFilter
from approvals.forms import (
    HandOverForm,
    MandateForm,
    MoveNeedForm,
    MoveTaskForm,
    NeedForm,
    PapersForm,
    PartlyMetForm,
    ReassignForm,
    RowStepForm,
    TakeOnForm,
    TaskForm,
)
from approvals.models import AgencyTask, Item, SupportNeed
from core import clock, files
from core.api import idempotent
from core.endpoints import (
    Code,
    Endpoint,
    Json,
    Number,
    Plain,
    Rows,
    Sent,
    code_of,
    codes,
    described,
    filled,
    seen_version,
    taken,
)
from core.workdays import Calendar, calendar
from projects.api.shapes import ProjectName, labels_told
from projects.models import Project
from projects.showing import labels, masked_name

_TODAY = gettext_lazy("Today when it is not said.")
LAMP = gettext_lazy("The lamp in words.")

# --- What is said of a need ------------------------------------------------------------------------------


class NeedRow(serializers.Serializer):
    id = serializers.IntegerField()
    project = ProjectName()
    kind = serializers.ChoiceField(SupportKind.choices)
    text = serializers.CharField()
    quantity = serializers.CharField(allow_null=True)
    met_quantity = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    department = Code()
    officer = serializers.CharField(help_text=gettext_lazy("The person in charge at the department."))
    needed_by = serializers.DateField()
    state = serializers.ChoiceField(SupportState.choices)
    state_since = serializers.DateField()
    lamp = serializers.CharField()
    standing = serializers.CharField(help_text=LAMP)
    raised_on = serializers.DateField()
    closed_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()


class NeedStepTold(serializers.Serializer):
    """A step; `needed_by` and `department` stand where it moved the day or addressed the need anew."""

    source = serializers.ChoiceField(SupportState.choices, allow_null=True)  # type: ignore[assignment]
    target = serializers.ChoiceField(SupportState.choices)
    on = serializers.DateField()
    by = serializers.CharField()
    note = serializers.CharField()
    met_quantity = serializers.CharField(allow_null=True)
    needed_by = serializers.DateField(allow_null=True)
    department = Code(allow_null=True)


class NeedDetail(NeedRow):
    events = NeedStepTold(many=True)


def need_rows(needs: Iterable[SupportNeed], user: User, *, today: datetime.date, days: Calendar) -> Rows:
    """The needs of a page, in a fixed number of queries."""
    needs = list(needs)
    named = labels([need.project_id for need in needs], user)
    departments = codes(Agency.objects.filter(pk__in={need.department_id for need in needs}))
    return [
        _need_row(need, labels_told(need.project_id, named), departments[need.department_id], today, days)
        for need in needs
    ]


def _need_row(
    need: SupportNeed, project: Plain, department: Plain, today: datetime.date, days: Calendar
) -> Plain:
    lamp = lamps.of_need(need, today=today, days=days)
    return {
        "id": need.pk,
        "project": project,
        "kind": need.kind,
        "text": need.text,
        "quantity": _quantity(need.amount),
        "met_quantity": _quantity(need.met_amount),
        "unit": need.unit,
        "department": department,
        "officer": need.officer,
        "needed_by": need.needed_by,
        "state": need.state,
        "state_since": need.state_since,
        "lamp": lamp.kind,
        "standing": lamp.word,
        "raised_on": need.raised_on,
        "closed_on": need.closed_on,
        "version": need.version,
    }


def _quantity(amount: Decimal | None) -> str | None:
    """In the need's own unit; money alone is called an amount."""
    return None if amount is None else f"{amount:.2f}"


def need_detail(need: SupportNeed, user: User, *, today: datetime.date, days: Calendar) -> Plain:
    [row] = need_rows([need], user, today=today, days=days)
    events = need.events.select_related("by", "department").order_by("on", "pk")
    told = [
        {
            "source": event.source or None,
            "target": event.target,
            "on": event.on,
            "by": event.by.name,
            "note": event.note,
            "met_quantity": _quantity(event.met_amount),
            "needed_by": event.needed_by,
            "department": code_of(event.department) if event.department else None,
        }
        for event in events
    ]
    return {**row, "events": told}


# --- What is sent of a need ------------------------------------------------------------------------------


def _departments() -> QuerySet[Agency]:
    return Agency.objects.filter(kind__in=ADDRESSEES)


class NewNeed(Sent):
    project = Number()
    kind = serializers.ChoiceField(SupportKind.choices)
    text = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=14, decimal_places=2, required=False, allow_null=True)
    unit = serializers.CharField(required=False, allow_blank=True)
    department = serializers.SlugRelatedField(slug_field="code", queryset=_departments())
    needed_by = serializers.DateField()
    on = serializers.DateField(required=False, help_text=_TODAY)


class RowStepSent(Sent):
    note = serializers.CharField(required=False, allow_blank=True)
    on = serializers.DateField(required=False, help_text=_TODAY)


class SaidRowStepSent(RowStepSent):
    """A step that nobody takes without a word."""

    note = serializers.CharField()


class TakenOn(RowStepSent):
    officer = serializers.CharField(help_text=gettext_lazy("The person in charge at the department."))


class PartlyMet(SaidRowStepSent):
    met_quantity = serializers.DecimalField(max_digits=14, decimal_places=2, required=False)


class NeedMoved(SaidRowStepSent):
    needed_by = serializers.DateField()


class Reassigned(SaidRowStepSent):
    department = serializers.SlugRelatedField(slug_field="code", queryset=_departments())


# The form's names in the API's words.
QUANTITIES = {"amount": "quantity", "met_amount": "met_quantity"}


class _Lines(Endpoint):
    """What needs and tasks have in common: each step a sub-resource that fills the page's form."""

    told_in_full: Callable[..., Plain]
    told_in_rows: Callable[..., Rows]

    def filter_arguments(self) -> Plain:
        return {"today": clock.today()}

    def rows(self, found: Any) -> Rows:
        return type(self).told_in_rows(found, user_of(self.request), today=clock.today(), days=calendar())

    def told(self, pk: int) -> Plain:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        return type(self).told_in_full(row, user_of(self.request), today=clock.today(), days=calendar())

    def own_project(self, sent: Plain) -> Project:
        project = Project.objects.visible_to(user_of(self.request)).filter(pk=sent.pop("project")).first()
        if project is None:
            raise ValidationError({"project": [_("There is no such project among yours.")]})
        return project

    def step(
        self,
        pk: int,
        sent: type[Sent],
        act: Callable[..., Any],
        form: type[RowStepForm] = RowStepForm,
        *,
        is_said: bool = False,
    ) -> Response:
        """Take a step; with If-Match only if nobody has changed the row since."""
        user, today = user_of(self.request), clock.today()
        row = get_object_or_404(self.get_queryset(), pk=pk)
        seen_version(self.request, row, partial(self.told, pk), required=False)
        data: Plain = {"on": today, **taken(sent, self.request), "version": row.version}
        if "department" in data:
            data["department"] = data["department"].pk
        if "met_quantity" in data:
            data["met_amount"] = data.pop("met_quantity")
        filled_in = form(
            data,
            MultiValueDict({"mandate": [data["mandate"]]}) if "mandate" in data else None,
            row=row,
            word=_("Note") if is_said else None,
            today=today,
        )
        values = filled(filled_in, QUANTITIES)
        if "mandate" in values:
            values["file"] = files.store(values.pop("mandate"), by=user)
        act(row, **values, by=user, today=today)
        if not self.get_queryset().filter(pk=pk).exists():  # addressed to another department
            return Response(status=204)
        return Response(self.told(pk))


def _reason(act: Callable[..., Any]) -> Callable[..., Any]:
    """For the verbs that call the note a reason."""
    return lambda row, *, note, **facts: act(row, reason=note, **facts)


RAISE, WORK = ("approvals.raise_need",), ("approvals.work_need",)


class Needs(_Lines):
    """The service support lists of the projects you may open; of a department what it is to meet.

    Each step is a sub-resource. With If-Match it is refused (412) when the need has changed since.
    """

    # The same as on the page (see also approvals.views.needs.STEPS).
    access = {
        "read": ("approvals.view_item",),
        "create": RAISE,
        "take_on": WORK,
        "meet_partly": WORK,
        "meet": WORK,
        "refuse": WORK,
        "move_day": RAISE,
        "reassign": RAISE,
        "drop": RAISE,
        "raise_again": RAISE,
    }
    queryset = SupportNeed.objects.none()
    filterset_class = NeedFilter
    told_in_full = need_detail
    told_in_rows = need_rows

    def get_queryset(self) -> QuerySet[SupportNeed]:
        return SupportNeed.objects.visible_to(user_of(self.request))

    @described(NeedRow(many=True))
    def list(self, request: Request) -> Response:
        """The open ones by the day on which they are needed, then those closed."""
        return self.leaf(self.filter_queryset(self.get_queryset()), self.rows)

    @described(NeedDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.told(pk))

    @described(NeedDetail, sent=NewNeed, status=201, once=True, tag=True)
    @idempotent
    def create(self, request: Request) -> Response:
        """Put a need on a project's list."""
        user, today = user_of(request), clock.today()
        sent = taken(NewNeed, request)
        project = self.own_project(sent)
        data = {"on": today, **sent, "department": sent["department"].pk, "amount": sent.get("quantity")}
        values = filled(NeedForm(data, today=today), QUANTITIES)
        need = support.raise_need(project, **values, by=user, today=today)
        location = reverse("api:need-detail", args=[need.pk])
        return Response(self.told(need.pk), status=201, headers={"Location": location})

    @described(NeedDetail, sent=TakenOn, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="take-on")
    @idempotent
    def take_on(self, request: Request, pk: int) -> Response:
        """The responsible department signs for it and names the person in charge."""
        return self.step(pk, TakenOn, support.take_on, TakeOnForm)

    @described(NeedDetail, sent=PartlyMet, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="meet-partly")
    @idempotent
    def meet_partly(self, request: Request, pk: int) -> Response:
        """Part of it is there; `met_quantity` where the need has a quantity."""
        return self.step(pk, PartlyMet, support.meet_partly, PartlyMetForm, is_said=True)

    @described(NeedDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def meet(self, request: Request, pk: int) -> Response:
        """All of it is there; the note says how it was met."""
        return self.step(pk, SaidRowStepSent, support.meet, is_said=True)

    @described(NeedDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def refuse(self, request: Request, pk: int) -> Response:
        """It cannot be met; the note says why."""
        return self.step(pk, SaidRowStepSent, _reason(support.refuse), is_said=True)

    @described(NeedDetail, sent=NeedMoved, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="move-day")
    @idempotent
    def move_day(self, request: Request, pk: int) -> Response:
        """It is needed by another day."""
        return self.step(pk, NeedMoved, _reason(support.move_day), MoveNeedForm, is_said=True)

    @described(NeedDetail, sent=Reassigned, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def reassign(self, request: Request, pk: int) -> Response:
        """Another department is responsible and takes it on anew."""
        return self.step(pk, Reassigned, _reason(support.reassign), ReassignForm, is_said=True)

    @described(NeedDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def drop(self, request: Request, pk: int) -> Response:
        """It is no longer needed and leaves the rate."""
        return self.step(pk, SaidRowStepSent, _reason(support.drop), is_said=True)

    @described(NeedDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="raise-again")
    @idempotent
    def raise_again(self, request: Request, pk: int) -> Response:
        """What was met, refused or dropped is needed after all."""
        return self.step(pk, SaidRowStepSent, _reason(support.raise_again), is_said=True)


# --- What is said of a task ------------------------------------------------------------------------------


class Officer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class TaskRow(serializers.Serializer):
    id = serializers.IntegerField()
    project = ProjectName()
    item = Code(allow_null=True)
    text = serializers.CharField()
    mode = serializers.ChoiceField(AssistanceMode.choices)
    officer = Officer()
    contact = serializers.CharField(help_text=gettext_lazy("Masked; empty of a veiled project."))
    due_on = serializers.DateField()
    mandate_signed_on = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(AssistanceState.choices)
    state_since = serializers.DateField()
    lamp = serializers.CharField()
    standing = serializers.CharField(help_text=LAMP)
    opened_on = serializers.DateField()
    closed_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()


class TaskStepTold(serializers.Serializer):
    """A step; `officer` and `due_on` stand where it changed hands or its day moved."""

    kind = serializers.ChoiceField(AssistanceEventKind.choices)
    on = serializers.DateField()
    by = serializers.CharField()
    note = serializers.CharField()
    papers = serializers.IntegerField(allow_null=True)
    officer = serializers.CharField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)


class TaskDetail(TaskRow):
    events = TaskStepTold(many=True)


def task_rows(tasks: Iterable[AgencyTask], user: User, *, today: datetime.date, days: Calendar) -> Rows:
    """The tasks of a page, in a fixed number of queries."""
    tasks = list(tasks)
    named = labels([task.project_id for task in tasks], user)
    asked = Item.objects.filter(pk__in={task.item_id for task in tasks if task.item_id})
    items = {item.pk: code_of(item.template) for item in asked.select_related("template")}
    officers = dict(User.objects.filter(pk__in={task.officer_id for task in tasks}).values_list("pk", "name"))
    return [
        {
            "id": task.pk,
            "project": labels_told(task.project_id, named),
            "item": items.get(task.item_id),  # type: ignore[arg-type]
            "text": task.text,
            "mode": task.mode,
            "officer": {"id": task.officer_id, "name": officers[task.officer_id]},
            "contact": "" if named[task.project_id].is_veiled else masked_name(task.contact),
            "due_on": task.due_on,
            "mandate_signed_on": task.mandate_signed_on,
            "state": task.state,
            "state_since": task.state_since,
            "lamp": lamp.kind,
            "standing": lamp.word,
            "opened_on": task.opened_on,
            "closed_on": task.closed_on,
            "version": task.version,
        }
        for task in tasks
        for lamp in (lamps.of_task(task, today=today, days=days),)
    ]


def task_detail(task: AgencyTask, user: User, *, today: datetime.date, days: Calendar) -> Plain:
    [row] = task_rows([task], user, today=today, days=days)
    told = [
        {
            "kind": event.kind,
            "on": event.on,
            "by": event.by.name,
            "note": event.note,
            "papers": event.papers,
            "officer": event.officer.name if event.officer else None,
            "due_on": event.due_on,
        }
        for event in task.events.select_related("by", "officer").order_by("on", "pk")
    ]
    return {**row, "events": told}


# --- What is sent of a task ------------------------------------------------------------------------------


class NewTask(Sent):
    project = Number()
    mode = serializers.ChoiceField(AssistanceMode.choices)
    item = Number(required=False, allow_null=True, help_text=gettext_lazy("An open item of the project."))
    text = serializers.CharField()
    officer = Number(help_text=gettext_lazy("A member of the service team that follows the project."))
    contact = serializers.CharField(required=False, allow_blank=True)
    due_on = serializers.DateField()
    on = serializers.DateField(required=False, help_text=_TODAY)


class Mandated(RowStepSent):
    """The signed mandate: a PDF or a photo."""

    mandate = serializers.FileField()


class PapersHelped(RowStepSent):
    papers = serializers.IntegerField(min_value=1, max_value=assistance.MOST_PAPERS)


class TaskMoved(SaidRowStepSent):
    due_on = serializers.DateField()


class HandedOver(SaidRowStepSent):
    officer = Number()


ASSIST = ("approvals.assist_enterprise",)


class Tasks(_Lines):
    """The agency assistance lists of the projects you may open.

    Each step is a sub-resource. With If-Match it is refused (412) when the task has changed since.
    """

    # The same as on the page (see also approvals.views.assisting.STEPS).
    access = {
        "read": ("approvals.view_item",),
        "create": ASSIST,
        "mandate": ASSIST,
        "begin": ASSIST,
        "visit": ASSIST,
        "papers": ASSIST,
        "hand_in": ASSIST,
        "finish": ASSIST,
        "note": ASSIST,
        "move_day": ASSIST,
        "hand_over": ASSIST,
        "drop": ASSIST,
    }
    queryset = AgencyTask.objects.none()
    filterset_class = TaskFilter
    told_in_full = task_detail
    told_in_rows = task_rows

    def get_queryset(self) -> QuerySet[AgencyTask]:
        return AgencyTask.objects.visible_to(user_of(self.request))

    @described(TaskRow(many=True))
    def list(self, request: Request) -> Response:
        """Those unfinished by the day on which they are due, then those finished."""
        return self.leaf(self.filter_queryset(self.get_queryset()), self.rows)

    @described(TaskDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.told(pk))

    @described(TaskDetail, sent=NewTask, status=201, once=True, tag=True)
    @idempotent
    def create(self, request: Request) -> Response:
        """Put a task on a project's list."""
        user, today = user_of(request), clock.today()
        sent = taken(NewTask, request)
        project = self.own_project(sent)
        form = TaskForm({"on": today, **sent}, today=today, project_id=project.pk)
        task = assistance.open_task(project, **filled(form), by=user, today=today)
        location = reverse("api:task-detail", args=[task.pk])
        return Response(self.told(task.pk), status=201, headers={"Location": location})

    @described(
        TaskDetail,
        sent={"multipart/form-data": Mandated},
        once=True,
        tag=True,
        if_match=False,
    )
    @action(detail=True, methods=["post"], parser_classes=[Json, MultiPartParser])
    @idempotent
    def mandate(self, request: Request, pk: int) -> Response:
        """The enterprise has signed the mandate; nothing is handed in for it before."""
        return self.step(pk, Mandated, assistance.sign_mandate, MandateForm)

    @described(TaskDetail, sent=RowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def begin(self, request: Request, pk: int) -> Response:
        """The officer begins; what was finished is begun again with a note."""
        return self.step(pk, RowStepSent, assistance.begin)

    @described(TaskDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def visit(self, request: Request, pk: int) -> Response:
        """The officer has been at the enterprise."""
        return self.step(pk, SaidRowStepSent, assistance.visit, is_said=True)

    @described(TaskDetail, sent=PapersHelped, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def papers(self, request: Request, pk: int) -> Response:
        """Papers prepared or put right with the enterprise."""
        return self.step(pk, PapersHelped, assistance.help_with_papers, PapersForm)

    @described(TaskDetail, sent=RowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="hand-in")
    @idempotent
    def hand_in(self, request: Request, pk: int) -> Response:
        """Handed in for the enterprise, by its mandate."""
        return self.step(pk, RowStepSent, assistance.hand_in)

    @described(TaskDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def finish(self, request: Request, pk: int) -> Response:
        """It is done; the note says with what result."""
        return self.step(pk, SaidRowStepSent, assistance.finish, is_said=True)

    @described(TaskDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def note(self, request: Request, pk: int) -> Response:
        """Something worth writing down that changes nothing."""
        return self.step(pk, SaidRowStepSent, assistance.note, is_said=True)

    @described(TaskDetail, sent=TaskMoved, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="move-day")
    @idempotent
    def move_day(self, request: Request, pk: int) -> Response:
        """It is due on another day."""
        return self.step(pk, TaskMoved, _reason(assistance.move_day), MoveTaskForm, is_said=True)

    @described(TaskDetail, sent=HandedOver, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"], url_path="hand-over")
    @idempotent
    def hand_over(self, request: Request, pk: int) -> Response:
        """Another officer of the team takes over."""
        return self.step(pk, HandedOver, _reason(assistance.hand_over), HandOverForm, is_said=True)

    @described(TaskDetail, sent=SaidRowStepSent, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def drop(self, request: Request, pk: int) -> Response:
        """The enterprise does not need it any more."""
        return self.step(pk, SaidRowStepSent, _reason(assistance.drop), is_said=True)
