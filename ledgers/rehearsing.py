"""The rehearsal: read, lay out, interpret, match, and keep every row with what would become of it.

Nothing is written to the books. A second run (after an answer, after a worker that was killed) finds the
rows of the first and writes over them, so that it may begin at any time from the beginning; what people
have decided of a row stays.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.blocks import in_blocks
from core.collecting import no_collecting
from core.inserting import insert
from core.refusal import Refusal
from core.sheets import Book, Sheet, UnreadableWorkbook, read_book
from core.templatetags.ui import listed
from ledgers import answers, resending
from ledgers.choices import LedgerState
from ledgers.declaring import KINDS, Kind
from ledgers.interpreting import Interpreted, interpret
from ledgers.layout import Laid, lay_out
from ledgers.meanwhile import books_of
from ledgers.models import Ledger, LedgerRow, Position

BLOCK = 2_000  # rows matched and written in one go
AT_ONCE = 200 * 1024  # bytes, some 1,000 rows of twenty columns: up to here somebody can wait for it
KEPT = frozenset({"id", "ledger", "sheet", "row", "part", "decision", "written"})
REPLACED = [field.name for field in LedgerRow._meta.concrete_fields if field.name not in KEPT]

Tell = Callable[[int, int], None]


class CannotRehearse(Refusal):
    """The ledger is in no state to be read again."""


def is_small(ledger: Ledger) -> bool:
    """Whether reading it takes no longer than somebody waits for a page."""
    return ledger.file.size <= AT_ONCE


def begin_again(ledger: Ledger) -> Ledger:
    """Before a ledger is read, for the first time or once more."""
    ready = Ledger.objects.filter(pk=ledger.pk, state__in=(LedgerState.REHEARSED, LedgerState.READING))
    if not ready.update(state=LedgerState.READING, error=""):
        raise CannotRehearse(_("The ledger has been entered or put aside and is not read again."))
    ledger.refresh_from_db()
    return ledger


@no_collecting()
def rehearse(ledger: Ledger, *, today: datetime.date, tell: Tell | None = None) -> Ledger:
    """Read a ledger and keep what would become of each of its rows.

    `tell` says how far it is and may raise to stop the work. A file that cannot be read is an outcome as
    well: the ledger says why.
    """
    tell = tell or _nobody
    kind = KINDS[ledger.kind]
    ledger.books = books_of(kind)
    try:
        book = _book(ledger)
        laid = laid_out(ledger, kind, book.sheets)
    except UnreadableWorkbook as refusal:
        return _unreadable(ledger, refusal)
    ledger.layout = laid.layout
    known = answers.meanings(ledger)
    read = interpret(laid, kind, ledger=ledger, today=today, answers=known)
    verdicts = _keep_rows(ledger, kind, read, tell, total=sum(len(table.lines) for table in laid.tables))
    resending.compare(ledger)
    notes = [{"sheet": "", "row": 0, "reason": note} for note in book.notes]
    return _rehearsed(ledger, laid, read, verdicts, notes)


def _nobody(_done: int, _total: int) -> None:
    """Nobody is told how far it is."""


# --- Reading ------------------------------------------------------------------------------------------


def laid_out(ledger: Ledger, kind: Kind, sheets: Sequence[Sheet]) -> Laid:
    """Its tables. The layout is known only after a first look; answers of that layout need a second.

    Raises core.sheets.UnreadableWorkbook where nothing is a ledger of this kind.
    """
    lay = partial(lay_out, sheets, kind, unit=ledger.unit, file_name=ledger.file.name)
    laid = lay(answers=answers.meanings(ledger))
    if laid.layout != ledger.layout:
        ledger.layout = laid.layout
        if known := answers.meanings(ledger):
            laid = lay(answers=known)
    if not any(table.lines for table in laid.tables):
        heads = listed(field.heads[0] for field in kind.fields if field.is_required and field.heads)
        raise UnreadableWorkbook(
            _("No sheet has the columns of this kind of ledger with rows under them (%(heads)s).")
            % {"heads": heads},
            details=[f"{one.sheet}: {one.reason}" for one in laid.skipped if not one.row],
        )
    return laid


def _book(ledger: Ledger) -> Book:
    try:
        with ledger.file.file.open("rb") as content:
            return read_book(content)
    except FileNotFoundError as error:
        raise UnreadableWorkbook(
            _("The file is no longer on the disk. Tell the system administrator its name: %(name)s.")
            % {"name": ledger.file.name}
        ) from error


# --- Keeping ------------------------------------------------------------------------------------------


def _keep_rows(ledger: Ledger, kind: Kind, read: Interpreted, tell: Tell, *, total: int) -> Counter[str]:
    """Match and write the rows block by block, over those of a former run; counts their verdicts."""
    verdicts: Counter[str] = Counter()
    tell(0, total)
    former: set[Position] = set(ledger.rows.values_list("sheet", "row", "part"))
    for block in in_blocks(read.rows, BLOCK):
        kind.match(block, ledger=ledger, user=ledger.handed_in_by)
        with transaction.atomic():
            _write(block, is_first=not former)
        former.difference_update(row.position for row in block)
        verdicts.update(row.verdict for row in block)
        tell(verdicts.total(), max(total, verdicts.total()))
    _forget(ledger, former)
    return verdicts


def _write(block: list[LedgerRow], *, is_first: bool) -> None:
    """A block in one go; where rows of a former run may stand, over them."""
    if is_first:
        insert(block)
        return
    LedgerRow.objects.bulk_create(
        block,
        update_conflicts=True,
        update_fields=REPLACED,
        unique_fields=("ledger", "sheet", "row", "part"),
        batch_size=500,
    )


def _forget(ledger: Ledger, gone: set[Position]) -> None:
    """Rows of a former run that are none any more: an answer has made a note or a head of them."""
    if gone:
        found = ledger.rows.values_list("pk", "sheet", "row", "part")
        ledger.rows.filter(pk__in=[pk for pk, *place in found if tuple(place) in gone]).delete()


def _rehearsed(
    ledger: Ledger, laid: Laid, read: Interpreted, verdicts: Counter[str], notes: list[dict[str, Any]]
) -> Ledger:
    """Written only while the ledger is still being read: put aside meanwhile, it stays so."""
    reading = Ledger.objects.filter(pk=ledger.pk, state=LedgerState.READING)
    reading.update(
        state=LedgerState.REHEARSED,
        layout=laid.layout,
        books=ledger.books,
        counts={"rows": dict(verdicts), "cells": dict(read.cells)},
        sums=read.sums,
        skipped=notes + [asdict(one) for one in laid.skipped],
        questions=[_asked(one) for one in (*laid.questions, *read.questions)],
        error="",
    )
    ledger.refresh_from_db()
    return ledger


def _asked(question: Any) -> dict[str, Any]:
    return {**asdict(question), "choices": [list(choice) for choice in question.choices]}


def _unreadable(ledger: Ledger, refusal: Refusal) -> Ledger:
    reading = Ledger.objects.filter(pk=ledger.pk, state=LedgerState.READING)
    reading.update(state=LedgerState.UNREADABLE, error="\n".join([refusal.message, *refusal.details]))
    ledger.refresh_from_db()
    return ledger
