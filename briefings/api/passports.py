"""The passport of a figure: what was counted, what was left out and why."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS, Role
from briefings import asking, passports
from briefings.api.figures import QUERY
from briefings.figures import UnknownIndicator
from briefings.passports import Passport
from core.endpoints import Sent, asked, described
from core.limits import Access
from projects.choices import Verdict
from projects.models import Project

PAGE = 500
_TEXT = {"type": ["string", "null"]}
_ROW = {
    "type": "object",
    "required": ["id", "project"],
    "properties": {
        "id": {"type": "integer"},
        "project": {**_TEXT, "description": "Its number."},
        "counted": {**_TEXT, "description": "What the row adds, 万元 with every place."},
        "kind": {"type": "string"},
        "amount": {"type": "string", "description": "As entered, 万元."},
        "signed_on": {"type": "string", "format": "date"},
        "counted_on": {"type": "string", "format": "date"},
        "late": {"type": "boolean"},
        "why": {"type": "string", "description": "Why it is left out."},
        "reason": {"type": "string", "description": "Of an excluded event, in words."},
    },
}
_PARTS = {
    "type": ["object", "null"],
    "properties": {
        "parts": {"type": "object", "additionalProperties": _TEXT},
        "sum": _TEXT,
        "adds_up": {"type": "boolean"},
    },
}
_ROWS = {
    "type": ["object", "null"],
    "required": ["rows", "total", "hidden", "page", "pages"],
    "properties": {
        "rows": {"type": "array", "items": _ROW},
        "total": {"type": "integer"},
        "hidden": {"type": "integer", "description": "How many the reader may not open."},
        "page": {"type": "integer"},
        "pages": {"type": "integer"},
    },
}
_REASON = {
    "type": "object",
    "properties": {"why": _TEXT, "events": {"type": "integer"}, "word": _TEXT},
}
ANSWER = {
    "type": "object",
    "required": ["reference", "indicator", "value", "base", "rules", "counted", "left_out", "reasons"],
    "properties": {
        **{
            name: {"type": "string"}
            for name in ("reference", "indicator", "name", "formula", "unit", "from", "to")
        },
        **dict.fromkeys(("task_force", "reporting_unit", "as_known_on", "value", "base"), _TEXT),
        "rules": {"type": "object", "description": "The counting rules with their version."},
        "by_month": _PARTS,
        "by_unit": _PARTS,
        "counted": _ROWS,
        "left_out": {**_ROWS, "description": "Null where the figure counts no contract events."},
        "reasons": {"type": "array", "items": _REASON},
    },
}
_ASKED = [
    OpenApiParameter(
        "reference", str, description="A reference like `P-contracted-2025-06-Y-city-R202501v1`."
    ),
    OpenApiParameter("indicator", str, description="Without a reference: code of the indicator."),
    OpenApiParameter("page", int, description=f"Rows are given {PAGE} at a time."),
    *(OpenApiParameter(one.name, str, description=one.description) for one in QUERY if one.name != "by"),
]


class Asked(Sent):
    reference = serializers.CharField(required=False)
    indicator = serializers.CharField(required=False)
    as_known_on = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    task_force = serializers.CharField(required=False)
    page = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000, default=1)

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name in Python."""
        months = {name: serializers.CharField(required=False) for name in ("from", "to")}
        return {**months, **super().get_fields()}

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if "reference" in sent:
            return sent
        missing = [name for name in ("indicator", "from", "to") if name not in sent]
        if missing:
            raise serializers.ValidationError(
                {name: self.fields[name].error_messages["required"] for name in missing}
            )
        return sent


class Passports(APIView):
    """The passport of one figure, found by its reference or by indicator, months and scope: its rules,
    its parts with control sums, the rows counted, the events left out and why. Rows that the reader may
    not open are only counted."""

    access: Access = {"read": ("briefings.view_figures",)}

    @described(ANSWER, query=_ASKED, operation_id="passport")
    def get(self, request: Request) -> Response:
        sent = asked(Asked, request)
        assert isinstance(request.user, User)
        passport = _found(sent)
        return Response(
            {
                **passports.plain(passport),
                "counted": _counted(passport, request.user, sent["page"]),
                **_left_out(passport, request.user, sent["page"]),
            }
        )


def _found(sent: dict[str, Any]) -> Passport:
    if "reference" in sent:
        return passports.resolve(sent["reference"])
    names = ("as_known_on", "unit", "task_force")
    question = asking.question(
        first=sent["from"], last=sent["to"], **{name: sent[name] for name in names if name in sent}
    )
    try:
        return passports.of(sent["indicator"], question.window, question.scope)
    except (UnknownIndicator, LookupError):
        raise NotFound from None


def _counted(passport: Passport, user: User, page: int) -> dict[str, Any]:
    rows = passports.in_order(passport.counted, passport.found)
    return _leaf(rows, _seen_by(rows, user), page, lambda row: passports.plain_row(row, passport.found))


def _left_out(passport: Passport, user: User, page: int) -> dict[str, Any]:
    left_out = passport.left_out
    if left_out is None:
        return {"left_out": None, "reasons": []}
    rows = left_out.select_related("project").order_by("pk")
    verified = Q(verdict__verdict=Verdict.VERIFIED) if user.role == Role.STATISTICS else Q()
    return {
        "left_out": _leaf(rows, _seen_by(rows, user) & verified, page, passports.plain_left_out),
        "reasons": passports.plain_reasons(passports.reasons(left_out)),
    }


def _seen_by(rows: QuerySet[Any], user: User) -> Q:
    """Rows of projects that the reader may open; what belongs to no project is told by its key alone."""
    has_project = any(field.name == "project" for field in rows.model._meta.fields)
    if user.role in SEES_ALL_PROJECTS or not has_project:
        return Q()
    return Q(project__in=Project.objects.visible_to(user).values("pk"))


def _leaf(rows: QuerySet[Any], seen: Q, page: int, told: Any) -> dict[str, Any]:
    total, shown = rows.count(), rows.filter(seen)
    count = shown.count()
    return {
        "rows": [told(row) for row in shown[(page - 1) * PAGE : page * PAGE]],
        "total": total,
        "hidden": total - count,
        "page": page,
        "pages": max(1, -(-count // PAGE)),
    }
