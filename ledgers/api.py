"""Ledgers over the API: handed in, read, asked about, decided, entered and taken back."""

from functools import partial

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from core import clock
from core.api import idempotent
from core.endpoints import PAGING, Endpoint, Json, Number, Plain, Rows, Sent, described, taken
from ledgers import answers, receiving, showing, tasks
from ledgers.choices import Decision, LedgerState, QuestionKind, State, Verdict
from ledgers.declaring import KINDS, Kind
from ledgers.filters import LedgerFilter, RowFilter
from ledgers.models import Ledger, LedgerRow, Reading

# --- What is said ---------------------------------------------------------------------------------------


class HowFar(serializers.Serializer):
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class LedgerTold(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    sender = serializers.CharField()
    unit = serializers.CharField(allow_null=True, help_text=_("Code of the reporting unit."))
    file = serializers.CharField()
    sha256 = serializers.CharField()
    state = serializers.ChoiceField(LedgerState.choices)
    handed_in_on = serializers.DateField()
    handed_in_at = serializers.DateTimeField()
    handed_in_by = serializers.CharField()
    committed_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    rows = serializers.DictField(child=serializers.IntegerField(), help_text=_("How many, by verdict."))
    cells = serializers.DictField(child=serializers.IntegerField(), help_text=_("How many, by state."))
    entered = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=_("How many, by verdict; “left” are those left out, “late” came into the books first."),
    )


class SumTold(serializers.Serializer):
    sheet = serializers.CharField()
    span = serializers.CharField(
        allow_blank=True, help_text=_("The columns (H:N) of a table that others stand beside.")
    )
    read = serializers.CharField(allow_null=True, help_text=_("In 万元 (10,000 yuan)."))
    stated = serializers.CharField(
        allow_null=True, allow_blank=True, help_text=_("What the sheet's own total line says, in 万元.")
    )
    equal = serializers.BooleanField(allow_null=True)


class SkippedTold(serializers.Serializer):
    sheet = serializers.CharField()
    row = serializers.IntegerField(help_text=_("0 is a whole sheet."))
    reason = serializers.CharField()


@extend_schema_field({})  # whatever JSON holds
class Anything(serializers.JSONField):
    pass


class ChoiceTold(serializers.Serializer):
    meaning = Anything(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # what people read


class QuestionTold(serializers.Serializer):
    asked = serializers.ChoiceField(QuestionKind.choices)
    field = serializers.CharField(allow_blank=True)
    raw = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()
    choices = ChoiceTold(many=True)
    cells = serializers.IntegerField()
    example = serializers.CharField(allow_blank=True)


class LostTold(serializers.Serializer):
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    name = serializers.CharField()


class LedgerDetail(LedgerTold):
    error = serializers.CharField(allow_blank=True)
    progress = HowFar(allow_null=True)
    previous = serializers.IntegerField(allow_null=True, help_text=_("The last ledger of the sender."))
    sums = SumTold(many=True)
    skipped = SkippedTold(many=True)
    questions = QuestionTold(many=True)
    lost = LostTold(many=True)


class CellTold(serializers.Serializer):
    value = Anything(allow_null=True)
    state = serializers.ChoiceField(State.choices)
    raw = serializers.CharField(allow_blank=True)
    cell = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)


class RowTold(serializers.Serializer):
    id = serializers.IntegerField()
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    part = serializers.IntegerField(
        help_text=_("Which of the tables beside each other on the sheet, from 0 at the left.")
    )
    is_hidden = serializers.BooleanField()
    verdict = serializers.ChoiceField(Verdict.choices)
    worst = serializers.ChoiceField(State.choices)
    decision = serializers.ChoiceField(Decision.choices)
    values = serializers.DictField(child=CellTold())
    evidence = serializers.ListField(child=serializers.CharField())
    changes = serializers.DictField(
        child=Anything(), help_text=_("By field: what stands in the books, and what the ledger says.")
    )
    target = serializers.IntegerField(
        allow_null=True, help_text=_("What it is, or looks like, in the books.")
    )
    written = serializers.IntegerField(allow_null=True, help_text=_("What it was entered as."))


def ledger_rows(ledgers: list[Ledger]) -> Rows:
    return [_told(one) for one in ledgers]


def _told(ledger: Ledger) -> Plain:
    return {
        "id": ledger.pk,
        "kind": ledger.kind,
        "sender": ledger.sender,
        "unit": ledger.unit.code if ledger.unit else None,
        "file": ledger.file.name,
        "sha256": ledger.file.sha256,
        "state": ledger.state,
        "handed_in_on": ledger.handed_in_on,
        "handed_in_at": ledger.handed_in_at,
        "handed_in_by": ledger.handed_in_by.name,
        "committed_at": ledger.committed_at,
        "undone_at": ledger.undone_at,
        "rows": ledger.counts.get("rows", {}),
        "cells": ledger.counts.get("cells", {}),
        "entered": ledger.counts.get("entered", {}),
    }


def ledger_detail(ledger: Ledger) -> Plain:
    job = ledger.job if ledger.state in (LedgerState.READING, LedgerState.COMMITTING) else None
    return {
        **_told(ledger),
        "error": ledger.error,
        "progress": {"done": job.done, "total": job.total} if job else None,
        "previous": ledger.previous_id,
        "sums": [
            {
                "span": one.get("span", ""),
                **{name: one.get(name) for name in ("sheet", "read", "stated", "equal")},
            }
            for one in ledger.sums
        ],
        "skipped": ledger.skipped,
        "questions": [_question(one) for one in ledger.questions],
        "lost": [{name: one.get(name) for name in ("sheet", "row", "name")} for one in ledger.lost],
    }


def _question(question: Plain) -> Plain:
    choices = [{"meaning": meaning, "label": label} for meaning, label in question["choices"]]
    told = {name: question[name] for name in ("field", "raw", "sentence", "cells", "example")}
    return {"asked": question["kind"], **told, "choices": choices}


def row_rows(rows: list[LedgerRow], kind: Kind | None) -> Rows:
    private = {field.name for field in kind.fields if field.is_private} if kind else set()
    return [
        {
            "id": row.pk,
            "sheet": row.sheet,
            "row": row.row,
            "part": row.part,
            "is_hidden": row.is_hidden,
            "verdict": row.verdict,
            "worst": row.worst,
            "decision": row.decision,
            "values": {field: _cell(row, reading, field in private) for field, reading in row.readings()},
            "evidence": [str(one) for one in row.evidence],
            "changes": {
                field: [showing.veiled(str(one)) for one in change] if field in private else change
                for field, change in row.changes.items()
            },
            "target": row.target,
            "written": row.written,
        }
        for row in rows
    ]


def _cell(row: LedgerRow, reading: Reading, is_private: bool) -> Plain:
    value, raw = reading.value, reading.raw
    if is_private and reading.state not in State.UNSETTLED:
        value, raw = showing.veiled(str(value)), showing.veiled(raw)
    return {
        "value": value,
        "state": reading.state,
        "raw": raw,
        "cell": f"{reading.column}{row.row}" if reading.column else "",
        "sentence": reading.sentence,
    }


# --- What is taken ----------------------------------------------------------------------------------------


class HandedIn(Sent):
    """A workbook as the county made it: .xlsx, .xls, .et or .csv."""

    file = serializers.FileField()
    kind = serializers.CharField(max_length=30)
    sender = serializers.CharField(max_length=60, help_text=_("A reporting unit, or another office."))
    again = serializers.BooleanField(default=False, help_text=_("The very same file, on purpose."))


class AnswerSent(Sent):
    """As a question told it, with one of its meanings."""

    asked = serializers.ChoiceField(QuestionKind.choices)
    field = serializers.CharField(allow_blank=True, max_length=40)
    raw = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=200)
    meaning = Anything(allow_null=True)


class AnswersSent(Sent):
    answers = AnswerSent(many=True, allow_empty=False)


class DecisionSent(Sent):
    """Of single rows, or of all undecided rows with one verdict."""

    decision = serializers.ChoiceField(Decision.choices, allow_blank=True)
    rows = serializers.ListField(child=Number(), required=False, max_length=1000)
    verdict = serializers.ChoiceField(Verdict.choices, required=False)


class DecisionTold(serializers.Serializer):
    decided = serializers.IntegerField()


# --- The resource -------------------------------------------------------------------------------------------

ACT = ("ledgers.import_ledger",)


class Ledgers(Endpoint):
    """The ledgers of the units you work for; the bureau's people see all."""

    access = {
        "read": ("ledgers.view_ledger",),
        "create": ACT,
        "answer": ACT,
        "decide": ACT,
        "cancel": ACT,
        "commit": ACT,
        "undo": ACT,
    }
    queryset = Ledger.objects.none()
    parser_classes = [Json, MultiPartParser]
    filterset_class = LedgerFilter

    def get_queryset(self) -> QuerySet[Ledger]:
        beside = ("file", "unit", "job", "handed_in_by")
        return Ledger.objects.visible_to(user_of(self.request)).select_related(*beside).order_by("-pk")

    def filter_arguments(self) -> Plain:
        return {"kind": self._kind} if self.action == "rows" else {}

    @described(LedgerTold(many=True))
    def list(self, request: Request) -> Response:
        """The newest first."""
        return self.leaf(self.filter_queryset(self.get_queryset()), ledger_rows)

    @described(LedgerDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        """How far it is, what was found, what is asked, what was left out."""
        return Response(self._detail(pk))

    @described(LedgerDetail, sent={"multipart/form-data": HandedIn}, status=201, once=True)
    @idempotent
    def create(self, request: Request) -> Response:
        """Hand in a ledger. A small one is read when this answers; of a large one `progress` tells."""
        user, sent = user_of(request), taken(HandedIn, request)
        upload: UploadedFile = sent.pop("file")
        made = receiving.receive(upload, **sent, by=user, today=clock.today())
        tasks.read(made, by=user)
        location = reverse("api:ledger-detail", args=[made.pk])
        return Response(self._detail(made.pk), status=201, headers={"Location": location})

    @described(RowTold(many=True), query=PAGING)
    @action(detail=True, filterset_class=RowFilter)
    def rows(self, request: Request, pk: int) -> Response:
        """Every row in the order of the workbook, with each cell beside its meaning."""
        ledger = get_object_or_404(self.get_queryset(), pk=pk)
        self._kind: Kind | None = KINDS.get(ledger.kind)
        return self.leaf(self.filter_queryset(ledger.rows.order_by("pk")), partial(row_rows, kind=self._kind))

    @described(LedgerDetail, sent=AnswersSent, once=True)
    @action(detail=True, methods=["post"], url_path="answers", filter_backends=[])
    @idempotent
    def answer(self, request: Request, pk: int) -> Response:
        """Say what all like cells mean; the ledger is read once more with it."""
        ledger, user = self._to_act_on(pk), user_of(request)
        for one in taken(AnswersSent, request)["answers"]:
            answers.answer(ledger, **one, by=user)
        tasks.read(ledger, by=user)
        return Response(self._detail(pk))

    @described(DecisionTold, sent=DecisionSent, once=True)
    @action(detail=True, methods=["post"], url_path="decisions", filter_backends=[])
    @idempotent
    def decide(self, request: Request, pk: int) -> Response:
        """What becomes of look-alikes and changed rows."""
        ledger, sent = self._to_act_on(pk), taken(DecisionSent, request)
        decided = answers.decide(
            ledger,
            decision=sent["decision"],
            verdict=sent.get("verdict", ""),
            rows=sent.get("rows", ()),
        )
        return Response({"decided": decided})

    @described(LedgerDetail, once=True)
    @action(detail=True, methods=["post"], filter_backends=[])
    @idempotent
    def cancel(self, request: Request, pk: int) -> Response:
        """Put it aside: a reader that is at work stops, and nothing is entered."""
        receiving.cancel(self._to_act_on(pk))
        return Response(self._detail(pk))

    @described(LedgerDetail, once=True)
    @action(detail=True, methods=["post"], filter_backends=[])
    @idempotent
    def commit(self, request: Request, pk: int) -> Response:
        """Write the rows that are ready into the books, in one go; how many stands in `entered`. Of a large
        ledger it is done when its state says so."""
        tasks.enter(self._to_act_on(pk), by=user_of(request), today=clock.today())
        return Response(self._detail(pk))

    @described(LedgerDetail, once=True)
    @action(detail=True, methods=["post"], filter_backends=[])
    @idempotent
    def undo(self, request: Request, pk: int) -> Response:
        """Take back all that it wrote. Refused, with what was built on it, when something was. Of a large
        ledger it is done when its state says so; if its progress ends without, its page tells why."""
        tasks.take_back(self._to_act_on(pk), by=user_of(request), today=clock.today())
        return Response(self._detail(pk))

    # --- Reaching one ---

    def _to_act_on(self, pk: int) -> Ledger:
        ledger = get_object_or_404(self.get_queryset(), pk=pk)
        kind = KINDS.get(ledger.kind)
        if kind is None or not user_of(self.request).has_perm(kind.permission):
            raise PermissionDenied
        return ledger

    def _detail(self, pk: int) -> Plain:
        return ledger_detail(get_object_or_404(self.get_queryset(), pk=pk))


__all__ = ["Ledgers"]
