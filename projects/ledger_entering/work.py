"""One commit of a ledger of projects, over all its blocks."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from accounts.models import User
from core.refusal import Refusal
from ledgers.models import Ledger, LedgerRow, Position
from projects.ledger_matching import Reader
from projects.models import Project


class CannotEnterRow(Refusal):
    """This row cannot be entered as it stands; the others are."""

    http_status = 422


@dataclass
class Work:
    """What all blocks of one commit share."""

    ledger: Ledger
    by: User
    reader: Reader
    # Projects that this commit has changed: (as the rehearsal saw it, as we left it).
    ours: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    # To which projects the rows above were written.
    written: dict[Position, int] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        """The day on which it became known to the office."""
        return self.ledger.handed_in_on

    def source(self, row: LedgerRow) -> str:
        return row.source(self.ledger.file.name)

    def remember(self, rows: Sequence[LedgerRow]) -> None:
        self.written.update({row.position: row.written for row in rows if row.written is not None})


def work_of(ledger: Ledger, by: User) -> Work:
    """One for all blocks of a commit. It holds every project that the ledger touches from the beginning,
    in the order of their keys: an edit waits for the whole commit, or the commit for the edit."""
    work: Work | None = ledger.__dict__.get("_entering")
    if work is None or work.by.pk != by.pk:
        work = ledger.__dict__["_entering"] = Work(ledger, by, Reader())
        targets = ledger.rows.filter(target__isnull=False).values("target")
        held = (
            Project.objects.filter(pk__in=targets).order_by("pk").select_for_update(no_key=True, of=("self",))
        )
        list(held.values_list("pk", flat=True))
    return work
