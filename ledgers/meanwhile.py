"""What came into the books between the rehearsal of a ledger and its commit.

A row that was new when it was rehearsed may stand in the books by now: another sender's ledger has
brought it, or a clerk has entered it by hand. Such rows are matched once more before anything is written,
and only if the books hold more than they held then.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from core.blocks import in_blocks
from core.refusal import Refusal
from core.rewriting import rewrite
from ledgers.choices import Decision, Verdict
from ledgers.declaring import KINDS, Kind
from ledgers.models import Ledger, LedgerRow

BLOCK = 2_000  # rows matched in one go
AS_READ = ("ledger_id", "sheet", "row", "part", "worst", "cells", "identity")
FOUND = ("verdict", "target", "evidence", "changes", "undo", "decision")


class OthersFirst(Refusal):
    """Another ledger of the kind is being entered, and nobody waits for it here."""


def one_at_a_time(kind: str, *, waits: bool = True) -> None:
    """Of two ledgers of a kind that are entered at once the second waits until the first has ended, so
    that it is matched beside what that one wrote. SQLite lets one write at a time anyway.

    Raises OthersFirst for whoever does not wait.
    """
    if connection.vendor == "postgresql" and not _taken(f"ledgers.{kind}", waits=waits):
        raise OthersFirst(_("Another ledger of this kind is being entered just now."))


def _taken(name: str, *, waits: bool) -> bool:
    """The turn, until the end of the transaction."""
    lock = "pg_advisory_xact_lock" if waits else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtext(%s))", [name])
        return cursor.fetchone()[0] is not False  # whoever waits is told nothing, and has it


def books_of(kind: Kind) -> str:
    """How far the books are, in short: it differs as soon as one more was entered. Counted, because what
    is entered just now by somebody else is seen, and numbered in between, only later."""
    if kind.model is None:
        return ""
    found = kind.model._base_manager.aggregate(n=Count("pk"), last=Max("pk"))
    return f"{found['n']} {found['last'] or 0}"


def came_meanwhile(ledger: Ledger, rows: Iterable[LedgerRow]) -> set[int]:
    """The keys of those of the rows to become new that the books hold or look like by now. They say so,
    are undecided again, and stay out. Of a kind that does not count its books all are looked up."""
    kind = KINDS[ledger.kind]
    if ledger.books and ledger.books == books_of(kind):
        return set()
    keys: set[int] = set()
    for block in in_blocks(rows, BLOCK):
        found = [_as_read(row) for row in block]
        kind.match(found, ledger=ledger, user=ledger.handed_in_by)
        late = [_told(row, now) for row, now in zip(block, found, strict=True) if _is_late(row, now)]
        rewrite(late, FOUND)
        keys.update(row.pk for row in late)
    return keys


def _as_read(row: LedgerRow) -> LedgerRow:
    """The row as matching found it the first time."""
    kept = {name: getattr(row, name) for name in AS_READ}
    return LedgerRow(verdict=Verdict.NEW, **kept)


def _is_late(row: LedgerRow, now: LedgerRow) -> bool:
    """What a person has seen already and called new is new still. Where a target is not what becomes new
    (an event's is its item), only the verdict tells."""
    if now.verdict == Verdict.NEW:
        return False
    is_other = now.verdict == Verdict.REFUSED or now.target != row.target
    return row.verdict == Verdict.NEW or is_other


def _told(row: LedgerRow, now: LedgerRow) -> LedgerRow:
    """One that does not fit the books any more says why; it need not stand there."""
    said = [] if now.verdict == Verdict.REFUSED else [said_late()]
    row.verdict, row.target, row.changes = now.verdict, now.target, now.changes
    row.undo, row.decision, row.evidence = {}, Decision.NONE, [*said, *now.evidence]
    return row


def said_late() -> str:
    return _("It came into the books after this ledger was read, so it was not entered. Look at it again.")
