"""Service teams and what they follow, hand-over, and what has changed since a day."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from approvals import changes, load, teams
from approvals.forms import TeamForm
from approvals.models import Service, ServiceTeam
from core import clock
from core.api import idempotent
from core.endpoints import Endpoint, Number, Plain, Rows, Sent, asked, described, filled, taken
from core.limits import Access
from core.workdays import calendar
from projects.api.shapes import ProjectName, labels_told
from projects.models import Project
from projects.showing import labels

# --- Teams ----------------------------------------------------------------------------------------------


class Loaded(serializers.Serializer):
    """What lies on a team now; `resolved` since New Year."""

    projects = serializers.IntegerField()
    before = serializers.IntegerField(help_text=_("Projects it has handed over."))
    under_way = serializers.IntegerField()
    late = serializers.IntegerField()
    waiting = serializers.IntegerField()
    issues = serializers.IntegerField()
    resolved = serializers.IntegerField()


class TeamRow(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    load = Loaded()


class LeftOpen(serializers.Serializer):
    """What was open on the day of the hand-over."""

    items = serializers.IntegerField()
    waiting = serializers.IntegerField()
    issues = serializers.IntegerField()
    needs = serializers.IntegerField()
    tasks = serializers.IntegerField()


class ServiceTold(serializers.Serializer):
    """A team follows a project; `until`, `note` and `left_open` are those of the hand-over that ended it."""

    project = ProjectName()
    leader = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    note = serializers.CharField()
    left_open = LeftOpen(allow_null=True)


class TakingOver(Sent):
    """A team takes a project over. The note is needed when it replaces another team, the officer when
    that team's assistance tasks are unfinished."""

    project = Number()
    leader = serializers.CharField()
    on = serializers.DateField()
    note = serializers.CharField(required=False, allow_blank=True)
    officer = Number(required=False, allow_null=True, help_text=_("Number of the person."))


class ServiceTeams(Endpoint):
    """The service teams. Which projects a team follows is told to its members and to the bureau."""

    access = {
        "read": ("approvals.assign_team",),
        "take_over": ("approvals.assign_team",),
    }
    queryset = ServiceTeam.objects.none()

    def get_queryset(self) -> QuerySet[ServiceTeam]:
        return ServiceTeam.objects.order_by("order", "pk")

    @described(TeamRow(many=True))
    def list(self, request: Request) -> Response:
        """All teams with what lies on them."""
        return self.leaf(self.filter_queryset(self.get_queryset()), _teams)

    @described(ServiceTold(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def projects(self, request: Request, pk: int) -> Response:
        """What the team follows and has followed, the latest first."""
        user = user_of(request)
        seen = self.get_queryset()
        if user.role not in SEES_ALL_PROJECTS:
            seen = seen.filter(members=user)
        team = get_object_or_404(seen, pk=pk)
        services = list(team.services.order_by("-until", "-since", "-pk"))
        return Response(_services(services, user))

    @described(ServiceTold(many=True), sent=TakingOver, once=True)
    @action(detail=True, methods=["post"], url_path="take-over", pagination_class=None, filter_backends=[])
    @idempotent
    def take_over(self, request: Request, pk: int) -> Response:
        """Let the team follow a project; answers with all teams that have followed it."""
        user, today = user_of(request), clock.today()
        team = get_object_or_404(self.get_queryset(), pk=pk)
        sent = taken(TakingOver, request)
        project = _project(user, sent.pop("project"))
        current = project.services.filter(until__isnull=True).select_related("team").first()
        tasks = teams.stranded_tasks([project.pk], team).count() if current else 0
        form = TeamForm(
            {**sent, "team": team.pk}, today=today, replaced=current.team if current else None, tasks=tasks
        )
        filled(form)
        teams.assign(
            project,
            team,
            leader=form.cleaned_data["leader"],
            since=form.cleaned_data["on"],
            by=user,
            today=today,
            hand_over=form.hand_over(),
        )
        return Response(_services(list(project.services.order_by("-since", "-pk")), user))


def _project(user: User, pk: int) -> Project:
    project = Project.objects.visible_to(user).filter(pk=pk).first()
    if project is None:
        raise ValidationError({"project": [_("There is no such project among those you may open.")]})
    return project


def _teams(rows: list[ServiceTeam]) -> Rows:
    loads = load.of_teams(clock.today())
    return [{"id": team.pk, "name": str(team), "load": dict(loads[team.pk])} for team in rows]


def _services(services: list[Service], user: User) -> Rows:
    named = labels([service.project_id for service in services], user)
    return [
        {
            "project": labels_told(service.project_id, named),
            "leader": service.leader,
            "since": service.since,
            "until": service.until,
            "note": service.note,
            "left_open": service.left_open or None,
        }
        for service in services
    ]


# --- What has changed -----------------------------------------------------------------------------------

KINDS = ("item", "due", "issue", "need", "task", "flag", "project", "team")


class ChangeTold(serializers.Serializer):
    """One thing that became known: `at` when it was entered, `on` the day it happened."""

    project = ProjectName()
    kind = serializers.ChoiceField(KINDS)
    id = serializers.IntegerField(help_text=_("Number of the item, issue, need, task or project."))
    subject = serializers.CharField()
    what = serializers.CharField()
    note = serializers.CharField()
    at = serializers.DateTimeField()
    on = serializers.DateField()
    late = serializers.IntegerField(help_text=_("Working days between the day and the entry, from two on."))
    by = serializers.CharField()


class Since(Sent):
    since = serializers.DateField(required=False)


class Changes(APIView):
    """What has become known of your projects since the beginning of a day, the newest first; without a
    day since the last working day."""

    access: Access = {"read": ("approvals.view_item",)}

    @described(
        ChangeTold(many=True),
        query=[OpenApiParameter("since", str, description="A day, like 2026-03-19.")],
        operation_id="changes",
    )
    def get(self, request: Request) -> Response:
        user, today, days = user_of(request), clock.today(), calendar()
        first = asked(Since, request).get("since") or changes.last_workday(today, days=days)
        told = changes.since(user, first, today=today, days=days)
        named = labels({change.project_id for change in told}, user)
        return Response([_change(change, named) for change in told])


def _change(change: changes.Change, named: Any) -> Plain:
    if named[change.project_id].is_veiled:
        change = change.in_outline()
    return {
        "project": labels_told(change.project_id, named),
        "kind": change.kind,
        "id": change.pk,
        "subject": change.subject,
        "what": change.what,
        "note": change.note,
        "at": change.at,
        "on": change.on,
        "late": change.late,
        "by": change.who,
    }
