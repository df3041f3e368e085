"""Annual targets of a year, as they stand or as they stood on a day."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from briefings.indicators import INDICATORS
from briefings.models import Target
from briefings.targets import TARGETED, Targets
from core.endpoints import Plain, Sent, asked, described
from core.limits import Access

QUERY = [
    OpenApiParameter("year", int, required=True, description="Like 2026."),
    OpenApiParameter("as_known_on", str, description="As they stood on this day, like 2026-06-30."),
]


class Asked(Sent):
    year = serializers.IntegerField(min_value=2000, max_value=2099)
    as_known_on = serializers.DateField(required=False)


class TargetRow(serializers.Serializer):
    scope = serializers.CharField(help_text="city, force:steel, unit:450205.")
    indicator = serializers.ChoiceField(TARGETED)
    value = serializers.DecimalField(max_digits=16, decimal_places=2)
    unit = serializers.CharField(help_text="Of the value: 万元, 个 or 次.")
    version = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    entered_on = serializers.DateField()
    entered_by = serializers.CharField()


class AnnualTargets(APIView):
    """Every target that stands; how far a figure is stands with it under `figures/`."""

    access: Access = {"read": ("briefings.view_figures",)}

    @described(TargetRow(many=True), query=QUERY, operation_id="targets")
    def get(self, request: Request) -> Response:
        standing = Targets(**_question(request)).rows
        return Response([_told(row) for _cell, row in sorted(standing.items()) if row.value is not None])


def _question(request: Request) -> Plain:
    sent = asked(Asked, request)
    return {"year": sent["year"], "known_on": sent.get("as_known_on")}


def _told(row: Target) -> Plain:
    return {
        "scope": row.scope_key,
        "indicator": row.indicator,
        "value": f"{row.value:.2f}",
        "unit": INDICATORS[row.indicator].unit,
        "version": row.version,
        "reason": row.reason,
        "entered_on": row.entered_on.isoformat(),
        "entered_by": row.by.name,
    }
