"""What the water detector has found, and the bureau's word on it."""

from collections import defaultdict
from collections.abc import Sequence

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from core import clock
from core.api import MoneyField, idempotent
from core.endpoints import Endpoint, Number, Plain, Rows, Sent, described, filled, money, taken
from projects import suspicions
from projects.api.shapes import ProjectName, labels_told
from projects.choices import SuspicionGrade, SuspicionKind, SuspicionState, SuspicionVerdictKind
from projects.filters import SuspicionFilter
from projects.forms import JudgeForm
from projects.models import Suspicion, SuspicionVerdict
from projects.models.suspicion import SuspicionQuerySet
from projects.showing import labels


class EvidencePart(serializers.Serializer):
    """One piece of evidence; points below zero speak against the suspicion."""

    code = serializers.CharField()
    text = serializers.CharField()
    points = serializers.IntegerField()


class JudgementWord(serializers.Serializer):
    """What somebody said of it."""

    verdict = serializers.ChoiceField(SuspicionVerdictKind.choices)
    reason = serializers.CharField()
    by = serializers.CharField()
    on = serializers.DateField()
    kept = serializers.IntegerField(allow_null=True, help_text=_("Number of the project it is the same as."))
    event = serializers.IntegerField(
        allow_null=True, help_text=_("Of “exclude”: the correction entered, or the entry returned.")
    )


class SuspicionRow(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(SuspicionKind.choices)
    grade = serializers.ChoiceField(SuspicionGrade.choices)
    points = serializers.IntegerField(help_text=_("Of 100."))
    state = serializers.ChoiceField(SuspicionState.choices)
    project = ProjectName(help_text=_("Whose signing is in question."))
    compared = ProjectName(many=True)
    amount = MoneyField()
    evidence = EvidencePart(many=True)
    raised_on = serializers.DateField()
    evidence_on = serializers.DateField()
    gone_on = serializers.DateField(allow_null=True, help_text=_("The books show it no more since then."))
    before = serializers.IntegerField(
        allow_null=True, help_text=_("The same subject, judged before; new evidence raised it anew.")
    )
    verdicts = JudgementWord(many=True)


class VerdictSent(Sent):
    verdict = serializers.ChoiceField(SuspicionVerdictKind.choices)
    reason = serializers.CharField(max_length=1000)
    kept = Number(required=False, allow_null=True, help_text=_("Of “merged”: the project it is the same as."))


class Suspicions(Endpoint):
    """Suspicious signings: graded with their evidence, judged by people."""

    access = {"read": ("projects.view_suspicion",), "judge": ("projects.judge_suspicion",)}
    queryset = Suspicion.objects.none()
    filterset_class = SuspicionFilter

    def get_queryset(self) -> SuspicionQuerySet:
        return Suspicion.objects.visible_to(user_of(self.request))

    @described(SuspicionRow(many=True))
    def list(self, request: Request) -> Response:
        """The gravest first."""
        return self.leaf(self.filter_queryset(self.get_queryset()), self._rows)

    @described(SuspicionRow)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._rows([get_object_or_404(self.get_queryset(), pk=pk)])[0])

    @described(SuspicionRow, sent=VerdictSent, once=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def judge(self, request: Request, pk: int) -> Response:
        """The same evidence is not raised again. Whoever entered the signing cannot judge it."""
        one = get_object_or_404(self.get_queryset(), pk=pk)
        sent = taken(VerdictSent, request)
        others = one.records.exclude(pk=one.project_id).values_list("pk", "code")
        values = filled(JudgeForm(sent, others=list(others)))
        suspicions.judge(one, by=user_of(request), today=clock.today(), **values)
        return self.retrieve(request, pk)

    def _rows(self, found: Sequence[Suspicion]) -> Rows:
        keys = [one.pk for one in found]
        compared: dict[int, list[int]] = defaultdict(list)
        pairs = Suspicion.records.through.objects.filter(suspicion__in=keys).order_by("pk")
        for key, project in pairs.values_list("suspicion", "project"):
            compared[key].append(project)
        verdicts: dict[int, list[SuspicionVerdict]] = defaultdict(list)
        for word in SuspicionVerdict.objects.filter(suspicion__in=keys).select_related("by").order_by("pk"):
            verdicts[word.suspicion_id].append(word)
        projects = {one.project_id for one in found} | {pk for pks in compared.values() for pk in pks}
        named = labels(projects, user_of(self.request))
        return [
            {
                "id": one.pk,
                "kind": one.kind,
                "grade": one.grade,
                "points": one.points,
                "state": one.state,
                "project": labels_told(one.project_id, named),
                "compared": [labels_told(pk, named) for pk in compared[one.pk]],
                "amount": money(one.amount),
                "evidence": _evidence(one, veiled=any(named[pk].is_veiled for pk in compared[one.pk])),
                "raised_on": one.raised_on,
                "evidence_on": one.evidence_on,
                "gone_on": one.gone_on,
                "before": one.before_id,
                "verdicts": [_word(word) for word in verdicts[one.pk]],
            }
            for one in found
        ]


def _evidence(one: Suspicion, *, veiled: bool) -> Rows:
    told = suspicions.sentences(one.facts, veiled=veiled)
    return [{"code": fact.code, "text": fact.text, "points": fact.points} for fact in told]


def _word(word: SuspicionVerdict) -> Plain:
    return {
        "verdict": word.verdict,
        "reason": word.reason,
        "by": word.by.name,
        "on": word.on,
        "kept": word.kept_id,
        "event": word.event_id,
    }
