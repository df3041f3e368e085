"""On-site meetings over the API: read, with the ranking as far as its reader may see it."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import User
from briefings import ranking
from briefings.filters import MeetingFilter
from briefings.models import DecisionState, Half, MeetingDecision, MeetingState, OnSiteMeeting
from briefings.ranking import Component, Ranking, Standing
from core import clock
from core.endpoints import Code, Endpoint, Plain, Rows, code_of, described
from core.limits import Access
from taskforces.rules import reach

# --- What is said -------------------------------------------------------------------------------


class MeetingRow(serializers.Serializer):
    id = serializers.IntegerField()
    year = serializers.IntegerField()
    half = serializers.ChoiceField(Half.choices)
    state = serializers.ChoiceField(MeetingState.choices)
    host = Code(allow_null=True)
    planned_on = serializers.DateField()
    held_on = serializers.DateField(allow_null=True)
    place = serializers.CharField()
    decisions = serializers.IntegerField(help_text=_("How many, of approved minutes."))
    decisions_open = serializers.IntegerField()


class DecisionRow(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    text = serializers.CharField()
    owner = Code()
    person = serializers.CharField()
    due_on = serializers.DateField()
    state = serializers.ChoiceField(DecisionState.choices)
    done_note = serializers.CharField()
    issue = serializers.CharField(allow_null=True, help_text=_("Number of the issue that it became."))


class MeetingDetail(MeetingRow):
    """With the decisions that its reader may see."""

    agenda = serializers.CharField()
    decided = DecisionRow(many=True)


class RankingPart(serializers.Serializer):
    component = serializers.ChoiceField(Component.choices)
    weight = serializers.IntegerField(help_text=_("In percent."))
    points = serializers.CharField(
        allow_null=True, help_text=_("From 0 to 100, as an exact fraction such as 250/3; null: no data.")
    )


class StandingTold(serializers.Serializer):
    unit = Code()
    rank = serializers.IntegerField(allow_null=True, help_text=_("Null for a unit that is barred."))
    score = serializers.CharField(allow_null=True, help_text=_("An exact fraction."))
    parts = RankingPart(many=True)
    barred_by = serializers.ListField(child=serializers.CharField())
    first_in = serializers.IntegerField(help_text=_("Of the weightings tried, in how many it is first."))


class RankingTold(serializers.Serializer):
    first_month = serializers.CharField(help_text=_("Like 2025-06."))
    last_month = serializers.CharField()
    taken_on = serializers.DateField()
    is_frozen = serializers.BooleanField(help_text=_("A host is chosen: it stands as it was then."))
    spread = serializers.IntegerField(help_text=_("Tried are all weightings within ± so many points."))
    step = serializers.IntegerField()
    tried = serializers.IntegerField(help_text=_("How many weightings these are."))
    standings = StandingTold(many=True)


# --- Told ---------------------------------------------------------------------------------------


def meeting_rows(rows: list[OnSiteMeeting]) -> Rows:
    return [
        {
            "id": row.pk,
            "year": row.year,
            "half": row.half,
            "state": row.state,
            "host": code_of(row.host) if row.host else None,
            "planned_on": row.planned_on,
            "held_on": row.held_on,
            "place": row.place,
            "decisions": row.told,  # type: ignore[attr-defined]
            "decisions_open": row.waiting,  # type: ignore[attr-defined]
        }
        for row in rows
    ]


def _decision(row: MeetingDecision) -> Plain:
    return {
        "id": row.pk,
        "number": row.number,
        "text": row.text,
        "owner": code_of(row.owner),
        "person": row.person,
        "due_on": row.due_on,
        "state": row.state,
        "done_note": row.done_note,
        "issue": row.issue.code if row.issue else None,
    }


def ranking_told(found: Ranking, meeting: OnSiteMeeting, user: User) -> Plain:
    own = reach(user).units
    seen = [one for one in found.standings if meeting.ranking_is_open_to(user) or one.unit.pk in own]
    return {
        "first_month": f"{found.first_month:%Y-%m}",
        "last_month": f"{found.last_month:%Y-%m}",
        "taken_on": found.taken_on,
        "is_frozen": meeting.is_ranked,
        "spread": found.rule.spread,
        "step": found.rule.step,
        "tried": found.sensitivity.tried,
        "standings": [_standing(one, found) for one in seen],
    }


def _standing(one: Standing, found: Ranking) -> Plain:
    of = found.sensitivity.ranges.get(one.unit.pk)
    return {
        "unit": code_of(one.unit),
        "rank": one.place,
        "score": _text(one.score),
        "parts": [
            {"component": component.value, "weight": weight, "points": _text(points)}
            for component, weight, points in zip(Component, found.rule.weights, one.points, strict=True)
        ],
        "barred_by": [bar.kind for bar in one.bars],
        "first_in": of.first if of else 0,
    }


def _text(number: Any) -> str | None:
    return None if number is None else str(number)


# --- The resource -------------------------------------------------------------------------------


class Meetings(Endpoint):
    """On-site meetings of the half-years, newest first. Units read their own standing in the ranking,
    everybody's once the meeting has been held."""

    access: Access = {"read": ("briefings.view_meeting",)}
    queryset = OnSiteMeeting.objects.none()
    filterset_class = MeetingFilter

    def get_queryset(self) -> QuerySet[OnSiteMeeting]:
        approved = Q(state=MeetingState.APPROVED)
        rows = OnSiteMeeting.objects.visible_to(user_of(self.request)).select_related("host")
        return rows.annotate(
            told=Count("decisions", filter=approved),
            waiting=Count("decisions", filter=approved & Q(decisions__state=DecisionState.OPEN)),
        ).order_by("-year", "-half", "-pk")

    @described(MeetingRow(many=True))
    def list(self, request: Request) -> Response:
        return self.leaf(self.filter_queryset(self.get_queryset()), meeting_rows)

    @described(MeetingDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        decided = MeetingDecision.objects.visible_to(user_of(request)).filter(meeting=row)
        told = {
            **meeting_rows([row])[0],
            "agenda": row.agenda,
            "decided": [_decision(one) for one in decided.for_list().order_by("number")],
        }
        return Response(told)

    @described(RankingTold)
    @action(detail=True, methods=["get"])
    def ranking(self, request: Request, pk: int) -> Response:
        """409 before the first month of the half-year has ended."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        found = ranking.of_meeting(row, today=clock.today())
        return Response(ranking_told(found, row, user_of(request)))
