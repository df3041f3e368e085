"""Investment at risk: the same numbers as the page, with the projects behind each."""

import datetime

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import user_of
from approvals.forms import OnForm
from approvals.stalls import risk
from approvals.stalls.risk import By, Part
from core import clock
from core.endpoints import Plain, Sent, asked, described, filled, money
from core.limits import Access


class PartTold(serializers.Serializer):
    """What one thing holds up; a project counts once in each that holds it up."""

    key = serializers.CharField(help_text="The number of a department or item, `enterprise`, or a category.")
    name = serializers.CharField()
    projects = serializers.IntegerField()
    contracted = serializers.DecimalField(14, 2, help_text="万元")
    flags = serializers.IntegerField()
    project_ids = serializers.ListField(child=serializers.IntegerField())


class AtRiskTold(serializers.Serializer):
    on = serializers.DateField()
    total = PartTold(help_text="Every project once.")
    by_department = PartTold(many=True, help_text="By who has to act.")
    by_item = PartTold(many=True)
    by_issue = PartTold(many=True, help_text="By the kind of the issue that blocks.")


class AskedOn(Sent):
    on = serializers.CharField(required=False)


class AtRisk(APIView):
    """Projects and contracted investment held up by flags of items (S1 to S6), over what you may see."""

    access: Access = {"read": ("approvals.view_at_risk",)}

    @described(
        AtRiskTold(),
        query=[OpenApiParameter("on", str, description="As of this day, like 2026-03-02; today without it.")],
        operation_id="at_risk",
    )
    def get(self, request: Request) -> Response:
        found = risk.at_risk(user_of(request), on=_day(asked(AskedOn, request).get("on")))
        return Response(
            {
                "on": found.on,
                "total": _told(found.total),
                "by_department": [_told(part) for part in found.parts[By.DEPARTMENT]],
                "by_item": [_told(part) for part in found.parts[By.ITEM]],
                "by_issue": [_told(part) for part in found.parts[By.ISSUE]],
            }
        )


def _day(sent: str | None) -> datetime.date:
    """Today, unless another day is asked for: by the page's own form."""
    today = clock.today()
    form = OnForm({"on": sent or today.isoformat()}, today=today)
    day: datetime.date = filled(form)["on"]
    return day


def _told(part: Part) -> Plain:
    return {
        "key": part.key,
        "name": part.name,
        "projects": len(part.projects),
        "contracted": money(part.amount),
        "flags": part.flags,
        "project_ids": sorted(part.projects),
    }
