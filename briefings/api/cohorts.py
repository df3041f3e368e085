"""Cohorts: of what was signed in a month, what had begun and what produced after 3, 6 and 12 months."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from briefings import asking, cohorts
from briefings.cohorts import AFTER, WHAT, Cohort
from core import clock
from core.api import MoneyField
from core.endpoints import Plain, Sent, asked, described, money

GROUPS = ("month", "task_force", "unit")

QUERY = [
    OpenApiParameter("from", str, required=True, description="The first signing month, like 2025-01."),
    OpenApiParameter("to", str, required=True, description="The last signing month, like 2025-12."),
    OpenApiParameter("as_known_on", str, description="Only what was known on this day, like 2025-07-05."),
    OpenApiParameter("unit", str, description="Code or name of a reporting unit."),
    OpenApiParameter("task_force", str, description="Code or name of a task force."),
    OpenApiParameter(
        "by", str, enum=GROUPS, description="A row for each; by month unless something is said."
    ),
]


class Asked(Sent):
    as_known_on = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    task_force = serializers.CharField(required=False)
    by = serializers.ChoiceField(GROUPS, default="month")

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name in Python."""
        months = {name: serializers.CharField() for name in ("from", "to")}
        return {**months, **super().get_fields()}


class AgePart(serializers.Serializer):
    """Of the projects old enough: how many, how much and what part of them."""

    what = serializers.ChoiceField(WHAT)
    after_months = serializers.ChoiceField(AFTER)
    count = serializers.IntegerField(help_text="Of `of_count` projects that are old enough.")
    of_count = serializers.IntegerField()
    percent = serializers.DecimalField(max_digits=4, decimal_places=1)
    percent_of_amount = serializers.DecimalField(max_digits=4, decimal_places=1)


class CohortRow(serializers.Serializer):
    group = serializers.CharField(help_text="The month, or the code of the task force or unit; empty: all.")
    count = serializers.IntegerField()
    amount = MoneyField()
    parts = AgePart(many=True, help_text="What is not yet that old is left out: it is not nought.")


class Cohorts(APIView):
    """A row for each group, and the last, with an empty `group`, for all together; none where nothing
    was signed."""

    access = {"read": ("briefings.view_figures",)}

    @described(CohortRow(many=True), query=QUERY, operation_id="cohorts")
    def get(self, request: Request) -> Response:
        sent = asked(Asked, request)
        by = sent.pop("by")
        question = asking.question(first=sent.pop("from"), last=sent.pop("to"), **sent)
        today = clock.today()
        as_of = min(question.window.as_known_on or today, today)
        found = cohorts.members(question.window, question.scope)
        if by == "task_force":
            rows = {
                row.code: one for row, one in cohorts.task_forces(cohorts.by_task_force(found, as_of)).items()
            }
        elif by == "unit":
            rows = {row.code: one for row, one in cohorts.units(cohorts.by_unit(found, as_of)).items()}
        else:
            rows = {f"{month:%Y-%m}": one for month, one in sorted(cohorts.by_month(found, as_of).items())}
        if found:
            rows[""] = cohorts.together(found, as_of)
        return Response([_told(group, one) for group, one in rows.items()])


def _told(group: str, cohort: Cohort) -> Plain:
    return {
        "group": group,
        "count": cohort.count,
        "amount": money(cohort.amount),
        "parts": [
            {
                "what": what,
                "after_months": after,
                "count": part.count,
                "of_count": part.of_count,
                "percent": f"{part.percent}",
                "percent_of_amount": f"{part.percent_of_amount}",
            }
            for (what, after), part in cohort.parts.items()
            if part is not None
        ],
    }
