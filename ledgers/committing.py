"""Entering a rehearsed ledger into the books, once and as a whole, and taking it back as a whole.

Both are one transaction: a worker that dies in the middle leaves nothing. What is entered is decided by
the rows as they were rehearsed and by what people said of them; the kind of ledger does the writing.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.clock import moment
from core.collecting import no_collecting
from core.refusal import Refusal
from core.rewriting import rewrite
from ledgers.choices import Decision, LedgerState, State, Verdict
from ledgers.declaring import KINDS
from ledgers.meanwhile import came_meanwhile, one_at_a_time
from ledgers.models import Ledger, LedgerRow
from ledgers.resending import last_of

BLOCK = 5_000  # rows entered in one go
WRITTEN = ("written", "undo", "evidence")  # what entering sets of a row
NAMED = 20  # how many hindrances are told one by one

Tell = Callable[[int, int], None]


class CannotCommit(Refusal):
    """The ledger is not rehearsed, or put aside."""


class BooksChanged(CannotCommit):
    """A ledger of the same sender was entered or taken back since this one was read, so that what is new
    in it and what is the same was said of other books. It is read again first."""


class CannotUndo(Refusal):
    """Something was built on what the ledger wrote; `details` names it."""


# --- What would be entered ----------------------------------------------------------------------------


def is_ready(row: LedgerRow) -> bool:
    """Whether a row is entered as it stands: nothing in it waits for an answer, and what it looks like
    is decided. A cell that was refused is left out; a row that needs it is refused as a whole."""
    if row.verdict == Verdict.REFUSED or row.decision == Decision.LEAVE:
        return False
    if State.ASKED in {cell[0] for cell in row.cells.values()}:
        return False
    return row.verdict != Verdict.LOOKALIKE or row.decision in (Decision.NEW, Decision.SAME)


def becomes_new(row: LedgerRow) -> bool:
    """Whether entering it makes an object of its own: it tells of none in the books, nor of one further up
    in the ledger, or somebody has said that it is a new one."""
    if not is_ready(row):
        return False
    return row.decision == Decision.NEW or (row.verdict == Verdict.NEW and "like" not in row.undo)


# --- Entering -----------------------------------------------------------------------------------------


@transaction.atomic
def commit(
    ledger: Ledger, *, by: User, today: datetime.date, tell: Tell | None = None, waits: bool = True
) -> Ledger:
    """Enter the rows that are ready. A second time changes nothing and gives the same.

    A row that cannot be entered (somebody has changed the project since, the contract does not take it)
    says why in its evidence and is left out; so does one that came into the books since it was rehearsed
    as new. The others are entered. `tell` says how far it is.

    Raises CannotCommit for a ledger that is not rehearsed, BooksChanged for one that was rehearsed too
    early, and meanwhile.OthersFirst where another one is being entered for which nobody `waits`.
    """
    held = _held(ledger)
    if held.state == LedgerState.COMMITTED:
        return _refreshed(ledger)
    if held.state not in (LedgerState.REHEARSED, LedgerState.COMMITTING):
        raise CannotCommit(_("Only a ledger that was rehearsed and is not put aside can be entered."))
    one_at_a_time(held.kind, waits=waits)
    check_books(held)
    with no_collecting():
        late = _look_again(held)
        done = _enter(held, by, tell, late)
    held.state, held.committed_at, held.committed_by = LedgerState.COMMITTED, moment(today), by
    held.counts = {**held.counts, "entered": dict(done)}
    held.save(update_fields=["state", "committed_at", "committed_by", "counts"])
    return _refreshed(ledger)


def check_books(ledger: Ledger) -> None:
    """Raises BooksChanged if the ledger that it follows is another one than when it was read."""
    last = last_of(ledger)
    if (last.pk if last else None) != ledger.previous_id:
        raise BooksChanged(
            _(
                "Another ledger of this sender was entered or taken back since this one was read. "
                "Have it read again, look at what differs now, then enter it."
            )
        )


def _look_again(held: Ledger) -> set[int]:
    """The rows that were to become new and that came into the books meanwhile: they stay out."""
    found = held.rows.filter(verdict__in=(Verdict.NEW, Verdict.LOOKALIKE)).order_by("pk")
    rows = (row for block in _in_blocks(found) for row in block)
    late = came_meanwhile(held, filter(becomes_new, rows))
    if late:
        counted = held.rows.order_by().values_list("verdict").annotate(models.Count("pk"))
        held.counts = {**held.counts, "rows": dict(counted)}
    return late


def _enter(held: Ledger, by: User, tell: Tell | None, late: set[int]) -> Counter[str]:
    """Write the rows block by block; counts what became of them."""
    done: Counter[str] = Counter()
    kind = KINDS[held.kind]
    for block in _blocks(held):
        ready = [row for row in block if row.pk not in late and is_ready(row)]
        kind.enter(ready, ledger=held, by=by, tell=_tells(tell, done.total(), held))
        rewrite(ready, WRITTEN)
        done.update("late" if row.pk in late else _outcome(row) for row in block)
        if tell:
            tell(done.total(), _total(held))
    return done


def _held(ledger: Ledger) -> Ledger:
    """The ledger as it stands now, held until the end of the transaction: of two who enter or undo it at
    once the second finds what the first has done."""
    Ledger.objects.filter(pk=ledger.pk).update(error=models.F("error"))  # takes the lock on both engines
    held = Ledger.objects.select_related("file", "unit", "committed_by").get(pk=ledger.pk)
    held.handed_in_by = ledger.handed_in_by  # with the rights that the program has at the shell
    return held


def _refreshed(ledger: Ledger) -> Ledger:
    ledger.refresh_from_db()
    return ledger


def _outcome(row: LedgerRow) -> str:
    return row.verdict if row.written is not None else "left"


def _total(ledger: Ledger) -> int:
    counted = ledger.counts.get("rows") or {}
    return sum(counted.values())


def _tells(tell: Tell | None, before: int, ledger: Ledger) -> Callable[[int], None]:
    """For the kind: how many rows of the block are done."""
    total = _total(ledger)

    def told(done: int) -> None:
        if tell:
            tell(before + done, total)

    return told


def _blocks(ledger: Ledger) -> Iterator[list[LedgerRow]]:
    """The rows block by block. Those of objects in the books come first, in the order of the objects' keys,
    so that two commits never wait for each other crosswise; those that follow another row come last."""
    follows = models.Case(models.When(undo__has_key="like", then=1), default=0)
    return _in_blocks(ledger.rows.order_by(models.F("target").asc(nulls_last=True), follows, "pk"))


def _in_blocks(found: models.QuerySet[LedgerRow]) -> Iterator[list[LedgerRow]]:
    """By their keys, so that what is written of one block does not change which rows are the next."""
    keys = list(found.values_list("pk", flat=True))
    for start in range(0, len(keys), BLOCK):
        block = keys[start : start + BLOCK]
        rows = LedgerRow.objects.in_bulk(block)
        yield [rows[pk] for pk in block]


# --- Taking back --------------------------------------------------------------------------------------


def undo(ledger: Ledger, *, by: User, today: datetime.date) -> Ledger:
    """Take the whole ledger back, as long as nothing was built on it. A second time changes nothing.

    Raises CannotUndo with what was built on it in `details`, and for a ledger that is not in the books.
    See docs/decisions/0017-undoing-a-ledger.md for what stays to be seen.
    """
    with transaction.atomic():
        held = _held(ledger)
        if held.state == LedgerState.UNDONE:
            return _refreshed(ledger)
        if held.state != LedgerState.COMMITTED:
            raise CannotUndo(_("This ledger is not in the books: there is nothing to take back."))
        _refuse_followed(held)
        held.state, held.undone_at, held.undone_by = LedgerState.UNDONE, moment(today), by
        held.save(update_fields=["state", "undone_at", "undone_by"])
        hindrances = _take_back(held, by)
        if hindrances:
            raise CannotUndo(_built_on(len(hindrances)), _named(hindrances))
    return _refreshed(ledger)


def _take_back(held: Ledger, by: User) -> list[str]:
    kind = KINDS[held.kind]
    hindrances: list[str] = []
    for block in _blocks(held):
        written = [row for row in block if row.written is not None]
        hindrances += kind.take_back(written, ledger=held, by=by).hindrances
    return hindrances


def _refuse_followed(ledger: Ledger) -> None:
    """A later ledger was compared with this one: it goes first."""
    for later in ledger.followers.standing()[:1]:
        raise CannotUndo(
            _("“%(file)s” was entered after it and builds on it. Take that one back first.")
            % {"file": later.file.name}
        )


def _built_on(count: int) -> str:
    return _("The ledger cannot be taken back any more: something was built on it (%(count)d).") % {
        "count": count
    }


def _named(hindrances: list[str]) -> list[str]:
    more = len(hindrances) - NAMED
    rest = [_("and %(count)d more") % {"count": more}] if more > 0 else []
    return hindrances[:NAMED] + rest


# Why an event or a project was taken back, as its history shows it.
TAKEN_BACK = gettext_lazy("The ledger was taken back: %(file)s")


def reason(ledger: Ledger) -> str:
    return str(TAKEN_BACK % {"file": ledger.file.name})[:300]
