"""Entering a ledger into the books, and taking it back as a whole."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from core import clock
from core.refusal import Refusal
from ledgers import committing, tasks
from ledgers.choices import Decision, LedgerState, State, Verdict
from ledgers.models import Ledger
from ledgers.views.reaching import to_act_on

HIDES = Q(worst=State.REFUSED) & ~Q(verdict=Verdict.REFUSED)


@dataclass(frozen=True)
class Foreseen:
    """What entering a ledger would do, in numbers; `reason` says why it would do nothing."""

    new: int = 0
    changed: int = 0
    same: int = 0
    asked: int = 0  # rows that wait for an answer
    undecided: int = 0
    left: int = 0  # by somebody's decision
    refused: int = 0
    emptied: int = 0  # of the new and changed ones: a cell makes no sense and stays empty

    @property
    def entered(self) -> int:
        return self.new + self.changed

    @property
    def reason(self) -> str:
        if self.entered:
            return ""
        if self.asked or self.undecided:
            return _("Answer the questions and decide on the look-alikes first: no row is ready.")
        if self.same:
            return _("Nothing differs from the books: there is nothing to enter.")
        return _("No row can be entered. Put the workbook right and hand it in again.")


def foresee(ledger: Ledger) -> Foreseen:
    """By the same rule as entering. Only rows whose refused cell may hide an asked one are looked into."""
    found: Counter[str] = Counter()
    clear = ledger.rows.exclude(HIDES).order_by()
    for row in clear.values("verdict", "decision", "worst").annotate(n=Count("pk")):
        what = _what(row["verdict"], row["decision"], is_asked=row["worst"] == State.ASKED)
        found[what] += row["n"]
    doubtful = ledger.rows.filter(HIDES).order_by().only("verdict", "decision", "cells")
    for one in doubtful.iterator(chunk_size=1000):
        is_asked = any(cell[0] == State.ASKED for cell in one.cells.values())
        what = _what(one.verdict, one.decision, is_asked=is_asked)
        found[what] += 1
        found["emptied"] += what in ("new", "changed")
    return Foreseen(**found)


def _what(verdict: str, decision: str, *, is_asked: bool) -> str:
    """What becomes of a row (see committing.is_ready)."""
    if verdict == Verdict.REFUSED:
        return "refused"
    if decision == Decision.LEAVE:
        return "left"
    if is_asked:
        return "asked"
    if verdict == Verdict.LOOKALIKE and not decision:
        return "undecided"
    if verdict == Verdict.SAME:
        return "same"
    is_new = verdict == Verdict.NEW or decision == Decision.NEW
    return "new" if is_new else "changed"


def entered(ledger: Ledger) -> dict[str, int]:
    """What was entered: how many rows of each verdict, and how many were left out."""
    counted = dict(ledger.counts.get("entered", {}))
    return {
        "new": counted.get(Verdict.NEW, 0) + counted.get(Verdict.LOOKALIKE, 0),
        "changed": counted.get(Verdict.CHANGED, 0),
        "same": counted.get(Verdict.SAME, 0),
        "left": counted.get("left", 0) + counted.get("late", 0),
        "late": counted.get("late", 0),
    }


@allow("ledgers.import_ledger")
def enter(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what is ready into the books, in one go. Sent twice, it happens once."""
    ledger = to_act_on(request, pk)
    if request.method == "POST":
        try:
            done = tasks.enter(ledger, by=user_of(request), today=clock.today())
        except committing.BooksChanged:
            _read_again(request, ledger)
        except Refusal as refusal:
            messages.error(request, _sentence(refusal))
        else:
            if done.state == LedgerState.COMMITTED:
                _tell(request, done)
    return redirect("ledgers:ledger", pk)


def _read_again(request: HttpRequest, ledger: Ledger) -> None:
    """What would happen to its rows was said of other books: it is said anew before anything is entered."""
    try:
        tasks.read(ledger, by=user_of(request))
    except Refusal as refusal:
        messages.error(request, _sentence(refusal))
        return
    sentence = _(
        "Nothing is entered yet: another ledger of this sender was entered or taken back meanwhile, so "
        "this one was read again. Look at what differs now, then enter it."
    )
    messages.warning(request, sentence)


def _tell(request: HttpRequest, ledger: Ledger) -> None:
    """How many rows were entered; that of several ready ones none was is no success."""
    if entered(ledger)["new"] + entered(ledger)["changed"]:
        messages.success(request, _told(ledger))
    else:
        messages.warning(request, _("No row was entered. Each row below says what stands in its way."))


def _told(ledger: Ledger) -> str:
    n = entered(ledger)
    sentence = ngettext("%(n)s row is entered.", "%(n)s rows are entered.", n["new"] + n["changed"])
    return sentence % {"n": n["new"] + n["changed"]}


def _sentence(refusal: Refusal) -> Any:
    return " ".join([refusal.message, *refusal.details])


@allow("ledgers.import_ledger")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back all that the ledger wrote, or say what was built on it."""
    ledger = to_act_on(request, pk)
    if request.method == "POST":
        try:
            done = tasks.take_back(ledger, by=user_of(request), today=clock.today())
            if done.state == LedgerState.UNDONE:
                messages.success(
                    request, _("The ledger is taken back: the books stand as they stood before it.")
                )
        except Refusal as refusal:
            messages.error(request, _sentence(refusal))
    return redirect("ledgers:ledger", pk)
