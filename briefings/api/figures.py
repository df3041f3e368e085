"""Figures: the same object that the command `figures` prints."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from briefings import asking
from core.endpoints import Sent, asked, described
from core.limits import Access
from core.remembering import memory

_NUMBER = {"type": ["number", "null"]}
_FIGURE = {
    "type": "object",
    "required": ["value", "base", "yoy_percent", "unit", "target", "passport"],
    "properties": {
        "value": _NUMBER,
        "base": {**_NUMBER, "description": "The same months a year earlier."},
        "yoy_percent": {**_NUMBER, "description": "Null where the base says nothing."},
        "unit": {"type": "string", "description": "Of value and base: 万元, 个, 次, 家, 件, 项 or %."},
        "target": {
            "type": ["object", "null"],
            "description": "How far the figure is on its way to the target of the year; null without one, "
            "and for months that do not begin with January.",
            "required": ["value", "done_percent", "time_percent", "ahead_points"],
            "properties": {
                "value": {"type": "number"},
                "done_percent": {"type": "number", "description": "完成率: the figure ÷ the target."},
                "time_percent": {"type": "number", "description": "时序进度: month ÷ 12."},
                "ahead_points": {"type": "number", "description": "Percentage points; below 0: behind."},
            },
        },
        "passport": {
            "type": ["string", "null"],
            "description": "Reference of its passport: `passports/?reference=…`. Null for a ceremony.",
        },
    },
}
_SET = {"type": "object", "additionalProperties": _FIGURE}
ANSWER = {"anyOf": [_SET, {"type": "object", "additionalProperties": _SET}]}

QUERY = [
    OpenApiParameter("from", str, required=True, description="The first month, like 2025-01."),
    OpenApiParameter("to", str, required=True, description="The last month, like 2025-06."),
    OpenApiParameter("as_known_on", str, description="Only what was known on this day, like 2025-07-05."),
    OpenApiParameter("unit", str, description="Code or name of a reporting unit."),
    OpenApiParameter("task_force", str, description="Code or name of a task force."),
    OpenApiParameter("by", str, enum=asking.GROUPS, description="One set of figures for each group."),
]


class Asked(Sent):
    as_known_on = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    task_force = serializers.CharField(required=False)
    by = serializers.CharField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name in Python."""
        months = {name: serializers.CharField() for name in ("from", "to")}
        return {**months, **super().get_fields()}


class Figures(APIView):
    """All figures of whole months: `{code: {value, base, yoy_percent, unit, target, passport}}`; with `by`
    one such object for each group, under its name. What a unit or a task force cannot have (a task force
    makes no visits) is left out."""

    access: Access = {"read": ("briefings.view_figures",)}

    @described(ANSWER, query=QUERY, operation_id="figures")
    def get(self, request: Request) -> Response:
        sent = asked(Asked, request)
        question = asking.question(first=sent.pop("from"), last=sent.pop("to"), **sent)
        scope = tuple(question.scope.narrowed_by.items())
        found = memory.recall(("api", question.window, scope, question.by), lambda: asking.answers(question))
        return Response(asking.plain(question, found))
