"""Months of account: closed, restated, corrected."""

import datetime
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from briefings import asking, causes, correcting, periods, restating
from briefings.causes import Why
from briefings.choices import Span
from briefings.models import ClosedFigure, ClosedIndicator, CorrectionDocument, Period
from briefings.restating import Restatement
from core import clock
from core.api import idempotent
from core.endpoints import Endpoint, Plain, Rows, Sent, asked, described, taken

# --- What is said ---------------------------------------------------------------------------------------


class Month(serializers.Serializer):
    month = serializers.CharField(help_text=_("Like 2025-06."))
    closed_on = serializers.DateField(allow_null=True)
    closed_by = serializers.CharField(allow_null=True)
    is_frozen = serializers.BooleanField(help_text=_("Whether its figures were kept when it was closed."))
    corrections = serializers.IntegerField(help_text=_("How many correction documents there are."))


class CauseTold(serializers.Serializer):
    """A row that makes a difference: what it added as published and adds now."""

    row = serializers.IntegerField()
    kind = serializers.CharField(help_text=_("Of which kind the row is, such as projects.contractevent."))
    project = serializers.CharField(help_text=_("The code of its project."))
    why = serializers.ChoiceField([why.value for why in Why])
    published = serializers.CharField()
    now = serializers.CharField()
    difference = serializers.CharField()
    recorded_by = serializers.CharField()
    recorded_on = serializers.DateField(allow_null=True)
    verified_by = serializers.CharField()
    verified_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    changes = serializers.ListField(child=serializers.CharField())


class RestatedTold(serializers.Serializer):
    """A figure as published and as it would read today. Amounts are strings of 万元, unrounded."""

    scope = serializers.CharField(help_text=_("Such as city, force:steel, unit:450205."))
    indicator = serializers.CharField()
    name = serializers.CharField()
    span = serializers.ChoiceField(Span.choices)
    unit = serializers.CharField()
    published = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)
    difference = serializers.CharField(allow_null=True)
    causes = CauseTold(many=True)
    hidden = serializers.IntegerField(help_text=_("Rows that you may not open, told of in the difference."))


class RestatementTold(serializers.Serializer):
    month = serializers.CharField()
    closed_on = serializers.DateField()
    known_on = serializers.DateField()
    figures = RestatedTold(many=True)


class CorrectedTold(serializers.Serializer):
    scope = serializers.CharField()
    indicator = serializers.CharField()
    span = serializers.ChoiceField(Span.choices)
    published = serializers.CharField(allow_null=True)
    corrected = serializers.CharField(allow_null=True)


class CorrectionTold(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.CharField()
    on = serializers.DateField()
    by = serializers.CharField()
    figures = CorrectedTold(many=True)


def month_rows(rows: Iterable[Period]) -> Rows:
    return [
        {
            "month": str(row),
            "closed_on": row.closed_on,
            "closed_by": row.closed_by.name if row.closed_by else None,
            "is_frozen": row.is_frozen,  # type: ignore[attr-defined]
            "corrections": row.documents,  # type: ignore[attr-defined]
        }
        for row in rows
    ]


def correction_rows(rows: Iterable[CorrectionDocument]) -> Rows:
    return [
        {
            **{name: getattr(row, name) for name in ("id", "number", "title", "reason", "on")},
            "by": row.by.name,
            "figures": [
                {
                    "scope": one.figure.scope_key,
                    "indicator": one.figure.indicator.code,
                    "span": one.figure.span,
                    "published": causes.number(one.published),
                    "corrected": causes.number(one.corrected),
                }
                for one in row.figures.all()
            ],
        }
        for row in rows
    ]


# --- What is asked and taken ---------------------------------------------------------------------------


class Whose(Sent):
    scope = serializers.CharField(default="city")
    every = serializers.BooleanField(default=False)


QUERY = [
    OpenApiParameter("scope", str, description="Such as city (the default), force:steel, unit:450205."),
    OpenApiParameter("every", bool, description="Also the figures that read the same."),
]


class ShouldHaveRead(Sent):
    scope = serializers.CharField()
    indicator = serializers.CharField()
    span = serializers.ChoiceField(Span.choices)
    corrected = serializers.DecimalField(max_digits=16, decimal_places=2)


class Correction(Sent):
    number = serializers.CharField(help_text=_("Document number, like 柳招商〔2026〕11号."))
    title = serializers.CharField()
    reason = serializers.CharField()
    figures = ShouldHaveRead(many=True)


# --- The resource -------------------------------------------------------------------------------------------


class Months(Endpoint):
    """Months of account by their name, like `2025-06`. A closed one never changes."""

    access = {
        "read": ("briefings.view_figures",),
        "close": ("briefings.close_period",),
        "correct": ("briefings.close_period",),
    }
    queryset = Period.objects.none()
    lookup_field = "month"
    lookup_value_converter = "str"

    def get_queryset(self) -> QuerySet[Period]:
        frozen = ClosedIndicator.objects.filter(period=OuterRef("pk"))
        rows = Period.objects.select_related("closed_by").annotate(is_frozen=Exists(frozen))
        return rows.annotate(documents=Count("corrections"))

    @described(Month(many=True))
    def list(self, request: Request) -> Response:
        """The newest first."""
        return self.leaf(self.filter_queryset(self.get_queryset()).order_by("-month", "pk"), month_rows)

    @described(Month)
    def retrieve(self, request: Request, month: str) -> Response:
        return Response(self._told(asking.month_of(month)))

    @described(Month, once=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def close(self, request: Request, month: str) -> Response:
        """Its figures are frozen with the rows they counted; it is never opened again."""
        closed = periods.close(asking.month_of(month), by=user_of(request), on=clock.today())
        return Response(self._told(closed.month))

    @described(RestatementTold, query=QUERY)
    @action(detail=True)
    def restatement(self, request: Request, month: str) -> Response:
        """What would read otherwise today, and the rows that cause it."""
        sent = asked(Whose, request)
        restatement = Restatement(self._found(month), today=clock.today())
        told = restating.answer(restatement, sent["scope"], every=sent["every"], user=user_of(request))
        return Response(told)

    @described(CorrectionTold(many=True))
    @action(detail=True, pagination_class=None)
    def corrections(self, request: Request, month: str) -> Response:
        """The bureau's documents on published figures that were wrong."""
        rows = self._found(month).corrections.select_related("by").order_by("on", "pk")
        return Response(correction_rows(rows.prefetch_related("figures__figure__indicator")))

    @described(CorrectionTold, sent=Correction, status=201, once=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def correct(self, request: Request, month: str) -> Response:
        """Issue a correction document; the published figures stay as they are."""
        found, sent = self._found(month), taken(Correction, request)
        figures = {_figure(found, one): one["corrected"] for one in sent.pop("figures")}
        document = correcting.issue(found, **sent, figures=figures, by=user_of(request), on=clock.today())
        return Response(correction_rows([document])[0], status=201)

    def _found(self, month: str) -> Period:
        return get_object_or_404(self.get_queryset(), month=asking.month_of(month))

    def _told(self, month: datetime.date) -> Plain:
        return month_rows([get_object_or_404(self.get_queryset(), month=month)])[0]


def _figure(found: Period, one: Plain) -> ClosedFigure:
    rows = ClosedFigure.objects.select_related("indicator").filter(indicator__period=found)
    return get_object_or_404(rows, indicator__code=one["indicator"], scope_key=one["scope"], span=one["span"])
