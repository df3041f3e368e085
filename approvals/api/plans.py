"""The plan of a project, counted back from the start of works: what its page shows."""

import datetime
from collections.abc import Collection

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from approvals import planning, wording
from approvals.models import Item
from approvals.planning import Basis, Milestone, Planned, ProjectPlan
from core import clock
from core.endpoints import Code, Endpoint, Plain, Sent, asked, code_of, described
from core.workdays import calendar
from projects.api.shapes import ProjectName, labels_told
from projects.models import Project
from projects.showing import labels


class PlannedItem(serializers.Serializer):
    """An item in the plan; of a passed one the days are those that were."""

    id = serializers.IntegerField()
    item = Code()
    milestone = serializers.ChoiceField(Milestone.choices, help_text=_("What it has to be passed before."))
    is_passed = serializers.BooleanField()
    duration = serializers.IntegerField(help_text=_("Working days from the day it is handed in."))
    basis = serializers.ChoiceField(Basis.choices, help_text=_("Where these days come from."))
    needs_first = serializers.ListField(child=serializers.IntegerField(), help_text=_("Ids of items."))
    earliest_submit = serializers.DateField(allow_null=True)
    earliest_finish = serializers.DateField(allow_null=True)
    latest_submit = serializers.DateField(allow_null=True)
    latest_finish = serializers.DateField(allow_null=True)
    slack = serializers.IntegerField(
        allow_null=True, help_text=_("Working days to spare against the wanted start; negative: too late.")
    )
    is_critical = serializers.BooleanField()
    frees = serializers.IntegerField(
        help_text=_("By how many working days works could begin earlier if this item alone took none.")
    )
    sentence = serializers.CharField(help_text=_("Where its days come from."))


class PlanTold(serializers.Serializer):
    project = ProjectName()
    as_of = serializers.DateField()
    headline = serializers.CharField()
    has_begun = serializers.BooleanField(help_text=_("Works have begun."))
    wanted_start = serializers.DateField(allow_null=True)
    wanted_production = serializers.DateField(allow_null=True)
    earliest_start = serializers.DateField(
        allow_null=True, help_text=_("Null while items wait for each other in a circle.")
    )
    slack = serializers.IntegerField(allow_null=True)
    critical_path = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Ids of items, the first first.")
    )
    levers = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Ids of the items that would free most days.")
    )
    frees = serializers.IntegerField()
    circles = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    assumptions = serializers.ListField(child=serializers.CharField())
    items = PlannedItem(many=True)


class Asked(Sent):
    start = serializers.DateField(required=False)


QUERY = [
    OpenApiParameter("start", datetime.date, description="Another wanted start of works than the planned.")
]


def told_of(told: ProjectPlan, seen: Collection[int]) -> Plain:
    """The plan as far as somebody may see its items."""
    plan = told.plan
    return {
        "as_of": plan.today,
        "headline": wording.headline(told),
        "has_begun": told.has_begun,
        "wanted_start": plan.wanted_start,
        "wanted_production": plan.wanted_production,
        "earliest_start": plan.start,
        "slack": plan.slack,
        "critical_path": [key for key in plan.path if key in seen],
        "levers": [key for key in plan.levers if key in seen],
        "frees": plan.frees,
        "circles": [list(ring) for ring in plan.rings],
        "assumptions": wording.assumptions(told, seen, days=calendar()),
        "items": [_item(told, planned) for planned in plan.items if planned.key in seen],
    }


def _item(told: ProjectPlan, planned: Planned) -> Plain:
    step = told.steps[planned.key]
    return {
        "id": planned.key,
        "item": code_of(told.items[planned.key].template),
        "milestone": planned.milestone.value,
        "is_passed": planned.is_passed,
        "duration": planned.duration,
        "basis": planned.basis.value,
        "needs_first": [key for key in told.items if key in step.needs],
        "earliest_submit": planned.earliest_submit,
        "earliest_finish": planned.earliest_finish,
        "latest_submit": planned.latest_submit,
        "latest_finish": planned.latest_finish,
        "slack": planned.slack,
        "is_critical": planned.is_critical,
        "frees": planned.frees,
        "sentence": wording.why(told, planned),
    }


class Plans(Endpoint):
    """The plans of the projects you may open, by the project's id."""

    access = {"read": ("approvals.view_item",)}
    filter_backends = []
    queryset = Project.objects.none()

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.visible_to(user_of(self.request))

    @described(PlanTold, query=QUERY)
    def retrieve(self, request: Request, pk: int) -> Response:
        """As of today, whatever has happened; days are working days."""
        user = user_of(request)
        project = get_object_or_404(self.get_queryset(), pk=pk)
        start = asked(Asked, request).get("start")
        told = planning.of_project(project, today=clock.today(), wanted_start=start)
        seen = set(Item.objects.visible_to(user).filter(project=project).values_list("pk", flat=True))
        name = labels_told(project.pk, labels([project.pk], user))
        return Response({"project": name, **told_of(told, seen)})
