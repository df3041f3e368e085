"""The annual plan: a year's list by batch, plan against fact, its entries, and a project's place on it."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from core import clock
from core.api import MoneyField, idempotent
from core.endpoints import PAGING, Code, Endpoint, Number, Plain, Rows, Sent, code_of, described, money, taken
from projects import annual_plan, rules
from projects.annual_plan import GOALS, Kept, Outcome, Sum, Terms
from projects.api.shapes import ProjectName, labels_told
from projects.choices import PlanState, Stage
from projects.models import AnnualPlan, AnnualPlanEntry, Project
from projects.showing import labels

OUTCOMES = (Outcome.CARRIED, Outcome.REACHED, Outcome.LATE, Outcome.OPEN)


class PlanSum(serializers.Serializer):
    count = serializers.IntegerField()
    amount = MoneyField()


class PlanBatch(serializers.Serializer):
    """Plan against fact of one batch; without a batch, of the whole list."""

    batch = serializers.ChoiceField(Stage.choices, allow_null=True)
    planned = PlanSum()
    carried = PlanSum(help_text=_("There before the year began."))
    reached = PlanSum(help_text=_("Reached within the year."))
    late = PlanSum(help_text=_("Not reached, and its day or the year is over."))
    open = PlanSum(help_text=_("Not reached, and there is time."))
    rate = serializers.DecimalField(
        max_digits=5,
        decimal_places=1,
        allow_null=True,
        help_text=_("Reached in percent of what was not there before the year began."),
    )


class Plan(serializers.Serializer):
    year = serializers.IntegerField()
    state = serializers.ChoiceField(PlanState.choices)
    approved_on = serializers.DateField(allow_null=True)
    frozen_on = serializers.DateField(allow_null=True)
    batches = PlanBatch(many=True)


class PlanEntry(serializers.Serializer):
    id = serializers.IntegerField()
    project = ProjectName()
    batch = serializers.ChoiceField(Stage.choices)
    planned_on = serializers.DateField(allow_null=True)
    amount = MoneyField()
    task_force = Code()
    unit = Code()
    is_doubtful = serializers.BooleanField(help_text=_("Signed, and can hardly start within the year."))
    goal = serializers.ChoiceField(Stage.choices, help_text=_("The batch whose arrival keeps the promise."))
    reached_on = serializers.DateField(allow_null=True)


class PlaceSent(Sent):
    """Where a project is to stand on the list; without a batch it is taken out."""

    project = Number()
    batch = serializers.ChoiceField(Stage.choices, allow_null=True)
    planned_on = serializers.DateField(required=False, allow_null=True, default=None)
    is_doubtful = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=300)


class Placed(serializers.Serializer):
    entry = PlanEntry(allow_null=True, help_text=_("None when it was taken out."))


class AnnualPlans(Endpoint):
    """The lists in force and the frozen ones; a proposal is a matter of the page of New Year."""

    access = {"read": ("projects.view_plan",), "place": ("projects.edit_plan",)}
    queryset = AnnualPlan.objects.none()
    lookup_field = "year"
    filter_backends = []

    def get_queryset(self) -> QuerySet[AnnualPlan]:
        return AnnualPlan.objects.exclude(state=PlanState.PROPOSED)

    @described(Plan)
    def retrieve(self, request: Request, year: int) -> Response:
        """One year: its state and, batch by batch, what was planned and what became of it."""
        plan = get_object_or_404(self.get_queryset(), year=year)
        sums = annual_plan.kept(annual_plan.facts(plan, today=clock.today()))
        return Response(
            {
                "year": plan.year,
                "state": plan.state,
                "approved_on": plan.approved_on,
                "frozen_on": plan.frozen_on,
                "batches": [_batch_told(batch, kept) for batch, kept in sums.items()],
            }
        )

    @described(PlanEntry(many=True), query=PAGING)
    @action(detail=True)
    def entries(self, request: Request, year: int) -> Response:
        """The entries whose projects you may open."""
        plan = get_object_or_404(self.get_queryset(), year=year)
        seen = annual_plan.with_fact(plan.entries.visible_to(user_of(request)))
        found = seen.select_related("task_force", "unit").order_by("pk")
        return self.leaf(found, self._told)

    @described(Placed, sent=PlaceSent, once=True)
    @entries.mapping.post
    @idempotent
    def place(self, request: Request, year: int) -> Response:
        """Put a project in, give it another batch or day, or take it out, with the reason."""
        sent, user = taken(PlaceSent, request), user_of(request)
        plan = get_object_or_404(self.get_queryset(), year=year)
        project = get_object_or_404(Project.objects.visible_to(user), pk=sent["project"])
        if not rules.may(user, "projects.edit_plan", project):
            raise PermissionDenied
        terms = Terms(sent["batch"] or "", sent["planned_on"], sent["is_doubtful"])
        annual_plan.place(plan, project, terms, reason=sent["reason"], by=user, today=clock.today())
        placed = annual_plan.with_fact(AnnualPlanEntry.objects.filter(plan=plan, project=project))
        told = self._told(list(placed.select_related("task_force", "unit")))
        return Response({"entry": told[0] if told else None})

    def _told(self, rows: Sequence[Any]) -> Rows:
        names = labels([row.project_id for row in rows], user_of(self.request))
        return [_entry_told(row, labels_told(row.project_id, names)) for row in rows]


def _sum_told(of: Sum) -> Plain:
    return {"count": of.count, "amount": money(of.amount)}


def _batch_told(batch: str, kept: Kept) -> Plain:
    return {
        "batch": batch or None,
        "planned": _sum_told(kept.planned),
        **{outcome: _sum_told(kept.of(outcome)) for outcome in OUTCOMES},
        "rate": None if kept.rate is None else f"{kept.rate:.1f}",
    }


def _entry_told(row: Any, project: Plain) -> Plain:
    return {
        "id": row.pk,
        "project": project,
        "batch": row.batch,
        "planned_on": row.planned_on,
        "amount": money(row.amount),
        "task_force": code_of(row.task_force),
        "unit": code_of(row.unit),
        "is_doubtful": row.is_doubtful,
        "goal": GOALS[row.batch].stage,
        "reached_on": row.reached_on,
    }
