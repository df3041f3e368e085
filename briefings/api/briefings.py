"""Monthly briefings: read, and taken step by step to publication."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import User
from briefings import content, drafting, linting, words
from briefings.choices import BriefingState, ReviewKind, ScopeKind, Span
from briefings.filters import BriefingFilter
from briefings.models import Briefing, Review
from briefings.rules import may, open_steps
from briefings.timetable import confirm_by
from core import clock
from core.api import idempotent
from core.endpoints import Code, Endpoint, Number, Plain, Rows, Sent, codes, described, seen_version, taken
from taskforces.models import ReportingUnit, TaskForce

# --- What is said ---------------------------------------------------------------------------------------


class BriefingRow(serializers.Serializer):
    id = serializers.IntegerField()
    month = serializers.CharField(help_text=_("Like 2025-06."))
    scope = serializers.ChoiceField(ScopeKind.choices)
    key = serializers.CharField(help_text=_("Such as city, force:steel, unit:450205."))
    task_force = Code(allow_null=True)
    unit = Code(allow_null=True)
    state = serializers.ChoiceField(BriefingState.choices)
    number = serializers.CharField(help_text=_("Document number, once it is published."))
    drafted_at = serializers.DateTimeField()
    published_on = serializers.DateField(allow_null=True)
    open_disputes = serializers.IntegerField()
    version = serializers.IntegerField()


class Value(serializers.Serializer):
    """A figure as drafted; once published it never changes. Amounts are strings of 万元, unrounded."""

    key = serializers.CharField(help_text=_("What a dispute names, such as contracted:year."))
    code = serializers.CharField()
    span = serializers.ChoiceField(Span.choices)
    name = serializers.CharField()
    months = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    base = serializers.CharField(allow_null=True)
    yoy = serializers.CharField(allow_null=True)
    unit = serializers.CharField()


class Paragraph(serializers.Serializer):
    lead = serializers.CharField()
    text = serializers.CharField()


class Section(serializers.Serializer):
    key = serializers.CharField(help_text=_("What the places of own words begin with."))
    title = serializers.CharField()
    paragraphs = Paragraph(many=True)


class NumberTold(serializers.Serializer):
    said = serializers.CharField()
    verdict = serializers.ChoiceField([verdict.value for verdict in linting.Verdict])
    sentence = serializers.CharField()


class OwnWords(serializers.Serializer):
    place = serializers.CharField(help_text=_("Such as overall:before, overall:after, or end."))
    text = serializers.CharField()
    numbers = NumberTold(many=True, help_text=_("What the tables say of each number."))


class ReviewTold(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ReviewKind.choices)
    figure = serializers.CharField()
    reason = serializers.CharField()
    answers = serializers.IntegerField(allow_null=True, help_text=_("The dispute that this one answers."))
    by = serializers.CharField()
    at = serializers.DateTimeField()


class BriefingDetail(BriefingRow):
    title = serializers.CharField()
    confirm_by = serializers.DateField(help_text=_("The last day for confirming its figures."))
    figures = Value(many=True)
    sections = Section(many=True)
    words = OwnWords(many=True, help_text=_("People's own words between the sections."))
    reviews = ReviewTold(many=True)
    open_steps = serializers.ListField(
        child=serializers.ChoiceField(ReviewKind.choices), help_text=_("What you may do with it now.")
    )


ROW = (
    "id",
    "period__month",
    "scope",
    "scope_key",
    "task_force_id",
    "unit_id",
    "state",
    "number",
    "drafted_at",
    "published_on",
    "open_disputes",
    "version",
)


def briefing_rows(rows: Iterable[Mapping[str, Any]]) -> Rows:
    forces, units = codes(TaskForce.objects.all()), codes(ReportingUnit.objects.all())
    return [
        {
            "id": row["id"],
            "month": f"{row['period__month']:%Y-%m}",
            "scope": row["scope"],
            "key": row["scope_key"],
            "task_force": forces.get(row["task_force_id"]),
            "unit": units.get(row["unit_id"]),
            "state": row["state"],
            "number": row["number"],
            "drafted_at": row["drafted_at"],
            "published_on": row["published_on"],
            "open_disputes": row["open_disputes"],
            "version": row["version"],
        }
        for row in rows
    ]


def briefing_detail(briefing: Briefing, row: Plain, user: User) -> Plain:
    told = briefing.content
    reviews = briefing.reviews.select_related("by").order_by("pk")
    return {
        **row,
        "title": told.get("title", ""),
        "confirm_by": confirm_by(briefing.period.month),
        "figures": [_value(value) for value in content.values(told).values()],
        "sections": [
            {**section, "key": words.key_of(section, n)}
            for n, section in enumerate(told.get("sections", ()), 1)
        ],
        "words": _own_words(briefing),
        "reviews": [_review(review) for review in reviews],
        "open_steps": sorted(open_steps(user, briefing)),
    }


def _own_words(briefing: Briefing) -> Rows:
    known = linting.facts(briefing.content)
    return [
        {
            "place": place,
            "text": written["text"],
            "numbers": [
                {"said": mark.number.said, "verdict": mark.verdict.value, "sentence": mark.sentence}
                for mark in linting.check(written["text"], known, written["meant"])
            ],
        }
        for place, written in briefing.words.items()
    ]


def _value(value: content.Value) -> Plain:
    names = ("key", "code", "span", "name", "months", "value", "base", "yoy", "unit")
    return {name: getattr(value, name) for name in names}


def _review(review: Review) -> Plain:
    return {
        "id": review.pk,
        "kind": review.kind,
        "figure": review.figure,
        "reason": review.reason,
        "answers": review.answers_id,
        "by": review.by.name,
        "at": review.at,
    }


# --- What is taken ----------------------------------------------------------------------------------------


class Confirmation(Sent):
    reason = serializers.CharField(
        required=False, help_text=_("Why the city's briefing goes ahead of others that are not confirmed.")
    )


class Dispute(Sent):
    figure = serializers.CharField(help_text=_("The key of a figure, such as contracted:year."))
    reason = serializers.CharField()


class Answer(Sent):
    dispute = Number(help_text=_("The number of the review that disputes."))
    text = serializers.CharField()


class Return(Sent):
    reason = serializers.CharField()


class Words(Sent):
    place = serializers.CharField(help_text=_("Such as overall:before, overall:after, or end."))
    text = serializers.CharField(allow_blank=True)


class SignOff(Sent):
    reason = serializers.CharField(
        required=False, help_text=_("Why numbers stand that no longer equal the tables.")
    )


class Publication(Sent):
    number = serializers.CharField(help_text=_("Document number, like 柳招商〔2026〕11号."))


# --- The resource -------------------------------------------------------------------------------------------

_REVIEWERS = ("briefings.review_briefing", "briefings.draft_briefing")


class Briefings(Endpoint):
    """The briefings you may read: your own at any time, all once they are published.

    A step is taken against the version that was read: it needs the ETag as If-Match.
    """

    # Whose step it is with which briefing, `rules.may` says more closely.
    access = {
        "read": ("briefings.view_briefing",),
        "confirm": _REVIEWERS,
        "lapse": ("briefings.sign_off_briefing",),
        "dispute": _REVIEWERS,
        "answer": ("briefings.draft_briefing",),
        "send_back": (*_REVIEWERS, "briefings.sign_off_briefing"),
        "words": _REVIEWERS,
        "sign_off": ("briefings.sign_off_briefing",),
        "publish": ("briefings.sign_off_briefing",),
    }
    queryset = Briefing.objects.none()
    filterset_class = BriefingFilter

    def get_queryset(self) -> QuerySet[Briefing]:
        return Briefing.objects.visible_to(user_of(self.request))

    @described(BriefingRow(many=True))
    def list(self, request: Request) -> Response:
        """The newest month first; in a month the city, the task forces, the units."""
        found = self.filter_queryset(self.get_queryset()).order_by("-period__month", "pk")
        return self.leaf(_with_disputes(found).values(*ROW), briefing_rows)

    @described(BriefingDetail, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    # --- Steps ---

    @described(BriefingDetail, sent=Confirmation, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def confirm(self, request: Request, pk: int) -> Response:
        """Whoever answers for the figures says that they are right."""
        return self._step(pk, ReviewKind.CONFIRMED, drafting.confirm, Confirmation)

    @described(BriefingDetail, sent=Return, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def lapse(self, request: Request, pk: int) -> Response:
        """The bureau confirms what nobody has confirmed within the window, and says why."""
        act = partial(drafting.lapse, today=clock.today())
        return self._step(pk, ReviewKind.LAPSED, act, Return)

    @described(BriefingDetail, sent=Dispute, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def dispute(self, request: Request, pk: int) -> Response:
        """One figure is wrong, and why; until the bureau answers nobody can confirm."""
        return self._step(pk, ReviewKind.DISPUTED, drafting.dispute, Dispute)

    @described(BriefingDetail, sent=Answer, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def answer(self, request: Request, pk: int) -> Response:
        """The bureau answers a dispute with its reason."""

        def act(briefing: Briefing, *, dispute: int, text: str, by: User) -> None:
            review = get_object_or_404(briefing.reviews.disputes(), pk=dispute)
            review.briefing = briefing
            drafting.answer(review, text=text, by=by, today=clock.today())

        return self._step(pk, ReviewKind.ANSWERED, act, Answer)

    @described(BriefingDetail, sent=Return, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"], url_path="return")
    @idempotent
    def send_back(self, request: Request, pk: int) -> Response:
        """It goes back to the bureau's desk; confirmation and sign-off fall with it."""
        return self._step(pk, ReviewKind.RETURNED, drafting.send_back, Return)

    @described(BriefingDetail, sent=Words, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def words(self, request: Request, pk: int) -> Response:
        """People's own words at one place between the generated sections; an empty text takes them away."""

        def act(briefing: Briefing, *, place: str, text: str, by: User) -> None:
            drafting.write(briefing, texts={place: text}, by=by)

        return self._step(pk, ReviewKind.REMARKED, act, Words)

    @described(BriefingDetail, sent=SignOff, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"], url_path="sign-off")
    @idempotent
    def sign_off(self, request: Request, pk: int) -> Response:
        """The bureau's leader stands behind it; whoever confirmed it cannot.

        A number in people's words that no longer equals its table stands only for a reason."""
        return self._step(pk, ReviewKind.SIGNED_OFF, drafting.sign_off, SignOff)

    @described(BriefingDetail, sent=Publication, once=True, tag=True, if_match=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def publish(self, request: Request, pk: int) -> Response:
        """Its figures are frozen with everything they counted."""
        act = partial(drafting.publish, today=clock.today())
        return self._step(pk, ReviewKind.PUBLISHED, act, Publication)

    def _step(self, pk: int, kind: str, act: Callable[..., Any], sent: type[Sent] | None = None) -> Response:
        user, briefing = user_of(self.request), self._found(pk)
        if not may(user, kind, briefing):
            raise PermissionDenied
        seen_version(self.request, briefing, partial(self._told, pk))
        act(briefing, **(taken(sent, self.request) if sent else {}), by=user)
        return Response(self._told(pk))

    def _found(self, pk: int) -> Briefing:
        return get_object_or_404(self.get_queryset().select_related("period", "task_force", "unit"), pk=pk)

    def _told(self, pk: int) -> Plain:
        briefing = self._found(pk)
        [row] = briefing_rows(_with_disputes(self.get_queryset().filter(pk=pk)).values(*ROW))
        return briefing_detail(briefing, row, user_of(self.request))


def _with_disputes(rows: QuerySet[Briefing]) -> QuerySet[Briefing]:
    waiting = Q(reviews__kind=ReviewKind.DISPUTED, reviews__answered_by__isnull=True)
    return rows.annotate(open_disputes=Count("reviews", filter=waiting))
