"""Projects: found, entered by their signing, changed, moved on, with what happened to their contracts."""

import datetime
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import User
from core import clock
from core.api import PreconditionFailed, idempotent
from core.endpoints import PAGING, Endpoint, Plain, described, filled, seen_version, taken
from projects import contracts, entry, pipeline, rules
from projects import progress as reporting
from projects.api.sent import (
    Advance,
    ContractHappening,
    NewLead,
    NewProject,
    ProgressSent,
    ProjectChange,
    checked,
    typed,
)
from projects.api.shapes import (
    ROW,
    Event,
    Progress,
    ProjectDetail,
    ProjectRow,
    event_told,
    progress_told,
    project_detail,
    project_rows,
)
from projects.filters import ProjectFilter
from projects.forms import AdvanceForm, EventForm, LeadForm, ProgressForm, ProjectForm, SigningForm
from projects.forms.contract import kinds_for
from projects.forms.editing import ChangedMeanwhile
from projects.forms.new_project import Doubt
from projects.models import BUREAU, ContractEvent, Project, Share

NewForm = TypeVar("NewForm", SigningForm, LeadForm)


class NotConfirmed(APIException):
    """Odd but possible: send it again with the codes of the doubts in `confirmed`."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_confirmed"
    default_detail = _("Look at these doubts first. If all is right, send it again with their codes.")

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__()
        self.facts = {
            "doubts": [
                {"code": doubt.code, "sentence": doubt.sentence, "details": list(doubt.details)}
                for doubt in doubts
            ]
        }


def events_of(rows: QuerySet[ContractEvent]) -> QuerySet[ContractEvent]:
    return rows.select_related("ceremony", "recorded_by", "verdict__by")


def _without_doubts(
    shape: type[NewForm], sent: dict[str, Any], *, user: User, today: datetime.date
) -> NewForm:
    """The form of what was sent, right in every field and with every doubt confirmed."""
    confirmed = set(sent.pop("confirmed"))
    form = shape(typed(sent), user=user, today=today)
    checked(form, sent)
    if doubts := [doubt for doubt in form.doubts() if doubt.code not in confirmed]:
        raise NotConfirmed(doubts)
    return form


class Projects(Endpoint):
    """The projects you may open, through the filters of the page."""

    access = {
        "read": ("projects.view_project",),
        "create": ("projects.enter_signing",),
        "enter_lead": ("projects.enter_lead",),
        "partial_update": ("projects.edit_project",),
        "advance": ("projects.advance_project",),
        "record": ("projects.record_contract_event", "projects.enter_signing"),
        "report": ("projects.report_progress",),
    }
    queryset = Project.objects.none()
    filterset_class = ProjectFilter

    def get_queryset(self) -> Any:
        return Project.objects.visible_to(user_of(self.request))

    @described(ProjectRow(many=True))
    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset()).values(*ROW)
        return self.leaf(found, partial(project_rows, user=user_of(request)))

    @described(ProjectDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @described(ProjectDetail, sent=NewProject, status=201, once=True, tag=True)
    @idempotent
    def create(self, request: Request) -> Response:
        """Enter a signed project. It stands in “negotiation” until somebody else has verified it."""
        user, today = user_of(request), clock.today()
        form = _without_doubts(SigningForm, taken(NewProject, request), user=user, today=today)
        event = entry.enter_signing(
            form.facts(),
            form.terms(form.cleaned_data["kind"]),
            investor=entry.enterprise(**form.investor()),
            by=user,
            today=today,
        )
        return self._entered(event.project_id)

    @described(ProjectDetail, sent=NewLead, status=201, once=True, tag=True)
    @action(detail=False, methods=["post"], url_path="leads", filter_backends=[])
    @idempotent
    def enter_lead(self, request: Request) -> Response:
        """Enter a project that is being prepared or negotiated."""
        user, today = user_of(request), clock.today()
        sent = {"since": today.isoformat(), **taken(NewLead, request)}
        form = _without_doubts(LeadForm, sent, user=user, today=today)
        values = form.cleaned_data
        project = entry.enter_lead(
            form.facts(),
            investor=entry.enterprise(**form.investor()),
            stage=values["stage"],
            on=values["since"],
            note=values["note"],
            by=user,
            today=today,
        )
        return self._entered(project.pk)

    def _entered(self, pk: int) -> Response:
        location = reverse("api:project-detail", args=[pk])
        return Response(self._told(pk), status=201, headers={"Location": location})

    @described(ProjectDetail, sent=ProjectChange, once=True, tag=True, if_match=True)
    @idempotent
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change ordinary facts. Of two editors at once the second gets 412 with what stands there now."""
        project = self._to_act_on(pk, "projects.edit_project")
        version = seen_version(request, project, partial(self._told, pk))
        sent = taken(ProjectChange, request)
        shown = ProjectForm(instance=project, user=user_of(request), today=clock.today())
        data = {**shown.standing(), **typed(sent), "seen_version": version}
        form = ProjectForm(data, instance=project, user=user_of(request), today=clock.today())
        checked(form, sent)
        try:
            form.save_over()
        except ChangedMeanwhile:
            raise PreconditionFailed(now=self._told(pk)) from None
        return Response(self._told(pk))

    @described(ProjectDetail, sent=Advance, once=True, tag=True, if_match=False)
    @action(detail=True, methods=["post"])
    @idempotent
    def advance(self, request: Request, pk: int) -> Response:
        """Move it into the next batch. Refused with what is still missing, or when somebody was quicker."""
        project, today = self._to_act_on(pk, "projects.advance_project"), clock.today()
        version = seen_version(request, project, partial(self._told, pk), required=False)
        sent = taken(Advance, request)
        told = {"on": sent.get("on", today), "note": sent.get("note", ""), "version": project.version}
        values = filled(AdvanceForm(told, today=today))
        pipeline.advance(
            project,
            sent["to"],
            by=user_of(request),
            on=values["on"],
            today=today,
            note=values["note"],
            seen_version=version,
        )
        return Response(self._told(pk))

    # --- What happened to its contract ---

    @described(Event(many=True), query=PAGING)
    @action(detail=True, url_path="contract-events", filter_backends=[])
    def contract_events(self, request: Request, pk: int) -> Response:
        """The newest entry first."""
        project = get_object_or_404(self.get_queryset(), pk=pk)
        knows = rules.knows(user_of(request), project)
        found = events_of(project.contract_events.readable_by(user_of(request)).order_by("-pk"))
        return self.leaf(found, lambda events: [event_told(event, knows) for event in events])

    @described(Event, sent=ContractHappening, status=201, once=True)
    @contract_events.mapping.post
    @idempotent
    def record(self, request: Request, pk: int) -> Response:
        """Enter what happened to the contract. It counts once somebody else has verified it."""
        user, today = user_of(request), clock.today()
        project = self._to_act_on(pk, "projects.record_contract_event", "projects.enter_signing")
        kinds = kinds_for(user, project)
        if not kinds:
            raise PermissionDenied
        sent = taken(ContractHappening, request)
        form = EventForm(
            typed(sent),
            kinds=kinds,
            standing=contracts.standing_amount(project),
            decides=user.role in BUREAU,
            today=today,
        )
        checked(form, sent)
        event = contracts.record(project, form.event_terms(project), by=user, today=today)
        told = event_told(events_of(ContractEvent.objects.all()).get(pk=event.pk), True)
        location = reverse("api:contract-event-detail", args=[event.pk])
        return Response(told, status=201, headers={"Location": location})

    # --- How far it is ---

    @described(Progress(many=True), query=PAGING)
    @action(detail=True, filter_backends=[])
    def progress(self, request: Request, pk: int) -> Response:
        """Its monthly reports with all their versions, the newest first."""
        project = get_object_or_404(self.get_queryset(), pk=pk)
        knows = rules.knows(user_of(request), project)
        found = project.progress_reports.select_related("by").order_by("-month", "-version", "-pk")
        return self.leaf(found, lambda reports: [progress_told(report, knows) for report in reports])

    @described(Progress, sent=ProgressSent, status=201, once=True)
    @progress.mapping.post
    @idempotent
    def report(self, request: Request, pk: int) -> Response:
        """Say how far it is by the end of a month that is not closed."""
        user, today = user_of(request), clock.today()
        project = self._to_act_on(pk, "projects.report_progress")
        sent = taken(ProgressSent, request)
        values = filled(ProgressForm(typed(sent), project=project, today=today))
        made = reporting.report(project=project, **values, by=user, today=today)
        return Response(progress_told(made, True), status=201)

    # --- Reaching one ---

    def _to_act_on(self, pk: int, *permissions: str) -> Project:
        """Outsiders meet 404; readers who may not do this to this project 403."""
        project = get_object_or_404(self.get_queryset().select_related("enterprise"), pk=pk)
        user = user_of(self.request)
        if not any(rules.may(user, permission, project) for permission in permissions):
            raise PermissionDenied
        return project

    def _told(self, pk: int) -> Plain:
        shares = Share.objects.select_related("unit").order_by("-percent", "unit__order")
        rows = self.get_queryset().select_related("enterprise", "task_force", "reporting_unit", "location")
        papers = ("assisting", "evidence", "progress_reports", Prefetch("shares", shares))
        return project_detail(get_object_or_404(rows.prefetch_related(*papers), pk=pk), user_of(self.request))
