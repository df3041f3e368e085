"""The same sender's ledger again: which one it follows, which row is which, and which rows are gone."""

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from core.text import comparison_key
from ledgers.choices import LedgerState
from ledgers.declaring import KINDS
from ledgers.models import Ledger, LedgerRow

LOST_KEPT = 500  # rows that are named; a ledger that lost more is another ledger


@transaction.atomic
def hand_in_again(ledger: Ledger, *, by: User, today: datetime.date) -> Ledger:
    """The very file once more, beside the books as they stand now: what was entered is the same, what
    stayed out can be decided. Asked for twice it is one ledger, as long as that one waits."""
    known = Ledger.objects.select_for_update().get(pk=ledger.pk)
    waiting = Ledger.objects.filter(file=known.file, state__in=(LedgerState.READING, LedgerState.REHEARSED))
    if again := waiting.filter(kind=known.kind, sender=known.sender).order_by("-pk").first():
        return again
    kind, sender, unit = known.kind, known.sender, known.unit
    return Ledger.objects.hand_in(known.file, kind=kind, sender=sender, unit=unit, by=by, today=today)


def compare(ledger: Ledger) -> None:
    """Find the ledger that this one follows, and the rows of it that are gone. Its rows are kept already."""
    ledger.previous = last_of(ledger)
    ledger.lost = list(_lost(ledger)) if ledger.previous else []
    ledger.save(update_fields=["previous", "lost"])


def last_of(ledger: Ledger) -> Ledger | None:
    """The last ledger of the same kind and sender that stands in the books, of the same layout if any is.

    Only one that whoever handed this one in may see: a sender's name can be typed by anybody.
    """
    former = (
        Ledger.objects.visible_to(ledger.handed_in_by)
        .standing()
        .filter(kind=ledger.kind, sender=ledger.sender)
        .exclude(pk=ledger.pk)
        .order_by("-committed_at", "-pk")
    )
    return former.filter(layout=ledger.layout).first() or former.first()


def _lost(ledger: Ledger) -> Iterable[dict[str, Any]]:
    here = ledger.rows.exclude(identity="").values("identity")
    gone = LedgerRow.objects.filter(ledger=ledger.previous, written__isnull=False).exclude(identity="")
    # A row may come back under another name: then it is written to the same object.
    known = ledger.rows.filter(target__isnull=False).values("target")
    gone = gone.exclude(identity__in=here).exclude(written__in=known).order_by("pk")
    keys = ["name", *(field.name for field in KINDS[ledger.kind].fields if field.is_key)]
    for row in gone[:LOST_KEPT]:
        name = next((row.value(key) for key in keys if row.value(key)), row.identity[:8])
        yield {
            "sheet": row.sheet,
            "row": row.row,
            "name": str(name),
            "target": row.written,
        }


# --- Which row is which -------------------------------------------------------------------------------


def identify(rows: Iterable[LedgerRow], fields: Sequence[str], *, ledger: Ledger) -> None:
    """Say of each row what tells it from the others of the ledger: by these fields, and by how many of
    the same stand above it. Called block after block in the order of the workbook."""
    above = _above(ledger, rows := list(rows))
    for row in rows:
        key = "\x1f".join(comparison_key(str(row.value(field) or "")) for field in fields)
        above[key] = number = above.get(key, 0) + 1
        if not key.strip("\x1f"):
            row.identity = ""
            continue
        row.identity = hashlib.sha256(f"{key}\x1f{number}".encode()).hexdigest()


def _above(ledger: Ledger, rows: Sequence[LedgerRow]) -> dict[str, int]:
    """How often each key stood in the blocks before; forgotten when the ledger is read once more."""
    memory: Any = ledger.__dict__.setdefault("_identified", {"first": None, "above": {}})
    first = rows[0].position if rows else None
    if memory["first"] is None or memory["first"] == first:
        memory.update(first=first, above={})
    above: dict[str, int] = memory["above"]
    return above
