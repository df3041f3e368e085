"""The figures of the service teams: the numbers of the page, for whoever may see the issues behind them."""

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from approvals import figures as service
from approvals.choices import ConfirmedThrough, IssueCategory
from approvals.figures import Period, Tally
from core import clock
from core.endpoints import Code, Plain, Sent, asked, code_of, described
from core.limits import Access
from core.workdays import calendar


class TallyTold(serializers.Serializer):
    raised = serializers.IntegerField()
    resolved = serializers.IntegerField()
    in_time = serializers.IntegerField(help_text=gettext_lazy("Resolved on or before the due day."))
    in_time_percent = serializers.CharField(allow_null=True)
    reopened = serializers.IntegerField()
    reopened_percent = serializers.CharField(allow_null=True)
    median_days = serializers.CharField(allow_null=True, help_text=gettext_lazy("Working days."))


class OfDepartment(TallyTold):
    department = Code()


class Team(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class OfTeam(TallyTold):
    team = Team(allow_null=True)


class OfCategory(TallyTold):
    category = serializers.ChoiceField(IssueCategory.choices)


class Confirmed(serializers.Serializer):
    link = serializers.IntegerField()
    word = serializers.IntegerField()
    ledger = serializers.IntegerField()


class OpenTold(serializers.Serializer):
    issues = serializers.IntegerField()
    projects = serializers.IntegerField()
    items = serializers.IntegerField()


class ServiceFiguresTold(serializers.Serializer):
    first = serializers.DateField()
    last = serializers.DateField()
    projects_served = serializers.IntegerField()
    open = OpenTold(help_text=gettext_lazy("What stands in the way today."))
    total = TallyTold()
    confirmed = Confirmed()
    by_department = OfDepartment(many=True)
    by_team = OfTeam(many=True)
    by_category = OfCategory(many=True)


class Asked(Sent):
    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(required=False), **super().get_fields()}


QUERY = [
    OpenApiParameter("from", str, description="First day; New Year when it is not said."),
    OpenApiParameter("to", str, description="Last day; today when it is not said."),
]


class ServiceFigures(APIView):
    """Projects served and issues of a period, in all and by department, team and category: what the
    page *Service figures* shows. Days are included at both ends."""

    access: Access = {"read": ("approvals.view_issue",)}

    @described(ServiceFiguresTold, query=QUERY, operation_id="service_figures")
    def get(self, request: Request) -> Response:
        today, sent = clock.today(), asked(Asked, request)
        period = Period(sent.get("from") or today.replace(month=1, day=1), sent.get("to") or today)
        told = service.service_figures(user_of(request), period, days=calendar())
        answer = {
            "first": period.first,
            "last": period.last,
            "projects_served": told.served,
            "open": {"issues": told.open.issues, "projects": told.open.projects, "items": told.open.items},
            "total": _told(told.total),
            "confirmed": {through: told.total.confirmed[through] for through in ConfirmedThrough.values},
            "by_department": [
                {"department": code_of(office), **_told(tally)} for office, tally in told.by_department
            ],
            "by_team": [
                {"team": {"id": team.pk, "name": str(team)} if team else None, **_told(tally)}
                for team, tally in told.by_team
            ],
            "by_category": [{"category": category, **_told(tally)} for category, tally in told.by_category],
        }
        return Response(answer)


def _told(tally: Tally) -> Plain:
    def text(number: Any) -> str | None:
        return None if number is None else f"{number.normalize():f}"

    return {
        "raised": tally.raised,
        "resolved": tally.resolved,
        "in_time": tally.in_time,
        "in_time_percent": text(tally.in_time_rate),
        "reopened": tally.reopened,
        "reopened_percent": text(tally.reopened_rate),
        "median_days": text(tally.median_days),
    }
