"""Ledgers that were handed in: the file, its rows as they were read, and what people answered."""

import datetime
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from core.clock import moment
from core.models import Job, StoredFile
from core.trail import audited
from ledgers.choices import Decision, LedgerState, QuestionKind, State, Verdict
from taskforces.models import ReportingUnit
from taskforces.rules import reach

Position = tuple[str, int, int]  # of a row in its workbook: sheet, row, part
SEE_ALL = frozenset({Role.CLERK, Role.LEADER})


class LedgerQuerySet(models.QuerySet["Ledger"]):
    # Access

    def visible_to(self, user: User) -> "LedgerQuerySet":
        """The bureau's people see every ledger; others those of their units and their own."""
        if user.is_authenticated and user.is_system:
            return self  # at the shell
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.role in SEE_ALL:
            return self
        return self.filter(Q(handed_in_by=user) | Q(unit__in=reach(user).units))

    # State

    def hand_in(
        self,
        file: StoredFile,
        *,
        kind: str,
        sender: str,
        unit: ReportingUnit | None,
        by: User,
        today: datetime.date,
    ) -> "Ledger":
        """A ledger as it comes in on a day: its file is kept, and it waits to be read."""
        return self.create(
            file=file,
            kind=kind,
            sender=sender,
            unit=unit,
            handed_in_on=today,
            handed_in_at=moment(today),
            handed_in_by=by,
        )

    def standing(self) -> "LedgerQuerySet":
        """Those whose rows stand in the books."""
        return self.filter(state=LedgerState.COMMITTED)


@audited(ignored=["counts", "sums", "skipped", "questions", "lost", "books"])
class Ledger(models.Model):
    """One workbook of one sender, from the upload to its rows in the books (and back)."""

    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    kind = models.CharField(_("kind of ledger"), max_length=30)  # a code of ledgers.declaring.KINDS
    # Whose ledger it is, as people call them: a reporting unit mostly, then `unit` leads to it.
    sender = models.CharField(_("sender"), max_length=60)
    unit = models.ForeignKey(
        ReportingUnit, models.PROTECT, null=True, blank=True, related_name="ledgers", verbose_name=_("unit")
    )
    # The sheets' heads in short: what a sender's layout is recognised by.
    layout = models.CharField(_("layout"), max_length=64, blank=True, db_index=True)
    state = models.CharField(_("state"), max_length=12, choices=LedgerState, default=LedgerState.READING)
    error = models.TextField(_("why it could not be read"), blank=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    # What is known of "today" when its rows are entered: the day it was handed in.
    handed_in_on = models.DateField(_("handed in on"))
    handed_in_at = models.DateTimeField(_("handed in at"), default=timezone.now)
    handed_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # {"rows": {"new": 12, …}, "cells": {"sure": 130, …}}
    counts = models.JSONField(_("counts"), default=dict)
    # [{"sheet", "read", "stated", "equal"}], amounts in 万元 as text; with its columns as "span" ("H:N")
    # where tables stand beside each other
    sums = models.JSONField(_("sums"), default=list)
    # [{"sheet", "row", "reason"}]; a whole sheet has row 0
    skipped = models.JSONField(_("left out"), default=list)
    # [{"kind", "field", "raw", "sentence", "choices": [[value, label]], "cells": n, "example": "柳江区!H17"}]
    questions = models.JSONField(_("questions"), default=list)
    # Rows of the same sender's last ledger that are gone: [{"sheet", "row", "name", "target"}]
    lost = models.JSONField(_("rows that are gone"), default=list)
    # How far the books were when it was read; see ledgers/meanwhile.py.
    books = models.CharField(max_length=60, blank=True, editable=False)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers", verbose_name=_("last one")
    )
    committed_at = models.DateTimeField(_("committed at"), null=True, blank=True)
    committed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger")
        verbose_name_plural = _("ledgers")
        indexes = [models.Index(fields=["kind", "sender", "state"], name="ledger_of_a_sender")]

    def __str__(self) -> str:
        return f"{self.sender} {self.file.name}"


class Reading(NamedTuple):
    """One cell beside its meaning. It is kept as this list, in this order, to be small.

    `value` is what the field holds, as JSON has it: text, a number as text, an ISO day, a code.
    """

    state: str  # a State
    value: Any
    raw: str
    column: str  # "H"; empty when the value stands in no cell of the row (sender, section, title)
    sentence: str = ""


@audited(kept=False)
class LedgerRow(models.Model):
    """One row as it was read. Committed, it is the provenance of every value that came of it."""

    ledger = models.ForeignKey(Ledger, models.CASCADE, db_index=False, related_name="rows")
    sheet = models.CharField(_("sheet"), max_length=60)
    row = models.PositiveIntegerField(_("row"))  # as Excel counts
    # Which of the tables that stand beside each other on the sheet it belongs to, from the left.
    part = models.PositiveSmallIntegerField(_("table on the sheet"), default=0)
    is_hidden = models.BooleanField(_("hidden in the workbook"), default=False)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    # The worst state of its cells, for the filter "what needs eyes".
    worst = models.CharField(_("worst cell"), max_length=8, choices=State, default=State.SURE)
    # {field: [state, value, raw, column, sentence]}
    cells = models.JSONField(_("cells"), default=dict)
    # Why the row is what it is: sentences, and per field [old, new] of a changed one.
    evidence = models.JSONField(_("evidence"), default=list)
    changes = models.JSONField(_("changes"), default=dict)
    # What tells the row of one sender's last ledger from the others: it finds rows that are gone.
    identity = models.CharField(max_length=64, blank=True)
    # The object in the books that it is, or looks like (primary key; the kind knows of which model).
    target = models.BigIntegerField(_("in the books"), null=True, blank=True)
    decision = models.CharField(
        _("decision"), max_length=5, choices=Decision, default=Decision.NONE, blank=True
    )
    # After the commit: the object that was made or changed, and what is needed to undo it.
    written = models.BigIntegerField(_("written to"), null=True, blank=True)
    undo = models.JSONField(_("to undo it"), default=dict)

    class Meta:
        verbose_name = _("row of a ledger")
        verbose_name_plural = _("rows of a ledger")
        constraints = [
            models.UniqueConstraint(fields=["ledger", "sheet", "row", "part"], name="one_row_of_a_ledger")
        ]
        indexes = [
            models.Index(fields=["written"], name="ledger_row_written"),
            models.Index(fields=["identity"], name="ledger_row_identity", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.sheet}!{self.cell}"

    @property
    def cell(self) -> str:
        """Where it begins, as people say it: "17", and "H17" where another table stands at its left."""
        columns = (found[3] for found in self.cells.values() if found[3]) if self.part else ()
        return f"{min(columns, key=lambda one: (len(one), one), default='')}{self.row}"

    @property
    def position(self) -> Position:
        """What tells it from all other rows of its ledger."""
        return self.sheet, self.row, self.part

    def source(self, file_name: str) -> str:
        """ "鹿寨县 2025-06.xlsx, 柳江区!17": shortened in the file's name if need be."""
        place = f", {self}"
        return file_name[: 200 - len(place)] + place

    def stay_out(self, *reasons: str) -> None:
        """The books do not take it; it says why."""
        self.written, self.undo = None, {}
        self.evidence = [*self.evidence, *reasons]

    def reading(self, field: str) -> Reading | None:
        found = self.cells.get(field)
        return Reading(*found) if found else None

    def readings(self) -> Iterator[tuple[str, Reading]]:
        for field, found in self.cells.items():
            yield field, Reading(*found)

    def value(self, field: str) -> Any:
        found = self.cells.get(field)
        return found[1] if found else None


@audited()
class Answer(models.Model):
    """What a person said once of all like cells of a sender's layout; revoked, never changed."""

    kind = models.CharField(_("kind of ledger"), max_length=30)
    sender = models.CharField(_("sender"), max_length=60)
    layout = models.CharField(_("layout"), max_length=64, blank=True)  # empty: in every layout of the sender
    asked = models.CharField(_("asked"), max_length=10, choices=QuestionKind)
    field = models.CharField(_("field"), max_length=40, blank=True)
    raw = models.CharField(_("in the ledger"), max_length=200)
    meaning = models.JSONField(_("means"))
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField(_("given at"), default=timezone.now)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "sender", "layout", "asked", "field", "raw"],
                condition=Q(revoked_at__isnull=True),
                name="one_standing_answer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.raw} = {self.meaning}"
