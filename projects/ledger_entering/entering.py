"""A block of rows, each by what was decided of it."""

from collections.abc import Callable, Sequence

from django.db import transaction

from accounts.models import User
from core.refusal import Refusal
from ledgers.choices import Decision
from ledgers.choices import Verdict as RowVerdict
from ledgers.models import Ledger, LedgerRow
from projects.ledger_entering.changing import change
from projects.ledger_entering.opening import open_new
from projects.ledger_entering.work import Work, work_of
from projects.ledger_matching import Told


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Write a block of rows to the books; each that was written says where (`written`) and how it is
    undone (`undo`), each that was not says why (`evidence`)."""
    work = work_of(ledger, by)
    new: list[tuple[LedgerRow, Told]] = []
    known: list[tuple[LedgerRow, Told]] = []
    following: list[tuple[LedgerRow, Told]] = []
    for row in rows:
        told = work.reader.read(row)
        if row.verdict == RowVerdict.SAME:
            row.written, row.undo = row.target, {}
        elif _is_new(row):
            new.append((row, told))
        else:
            (following if row.target is None else known).append((row, told))
    _change(work, known)
    open_new(work, new)
    work.remember(rows)
    # What follows a row of this ledger comes when that one has its project.
    _change(work, following)
    tell(len(rows))


def _change(work: Work, rows: Sequence[tuple[LedgerRow, Told]]) -> None:
    """A row that the books do not take leaves no trace in them, and says why."""
    for row, told in rows:
        try:
            with transaction.atomic():
                change(work, row, told)
        except Refusal as refusal:
            row.stay_out(str(refusal), *refusal.details)


def _is_new(row: LedgerRow) -> bool:
    """Whether it becomes a project of its own; of an enterprise in the books, if somebody said so."""
    if row.verdict == RowVerdict.LOOKALIKE:
        return row.decision == Decision.NEW or (row.target is None and "enterprise" in row.undo)
    return row.verdict == RowVerdict.NEW and row.target is None and "like" not in row.undo
