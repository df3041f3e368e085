"""What people answered once of all like cells: given, remembered per sender and layout, revoked."""

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.refusal import Refusal
from core.templatetags.ui import listed
from core.text import clean_name
from ledgers.choices import Decision, LedgerState, QuestionKind, State, Verdict
from ledgers.declaring import KINDS, Place
from ledgers.models import Answer, Ledger

RAW_LENGTH = 200

Question = Mapping[str, Any]  # an item of Ledger.questions


class CannotAnswer(Refusal):
    """The answer is not taken; the sentence says why."""

    http_status = 422


def standing(ledger: Ledger) -> QuerySet[Answer]:
    """The answers that hold for a ledger: of its sender in any layout, in its layout, in this very file."""
    return Answer.objects.filter(
        kind=ledger.kind,
        sender=ledger.sender,
        layout__in=("", ledger.layout, ledger.file.sha256),
        revoked_at__isnull=True,
    ).select_related("given_by")


def meanings(ledger: Ledger) -> dict[tuple[str, str, str], Any]:
    """The same as the reader takes them: what is closer to the file goes before what is farther."""
    nearness = {"": 0, ledger.layout: 1, ledger.file.sha256: 2}
    found = sorted(standing(ledger), key=lambda one: nearness[one.layout])
    return {(one.asked, one.field, one.raw): one.meaning for one in found}


@transaction.atomic
def answer(ledger: Ledger, *, asked: str, field: str, raw: str, meaning: Any, by: User) -> Answer:
    """Say what all like cells mean. Said again, the new answer takes the place of the old one.

    Raises CannotAnswer for what was not asked, or what is none of the choices.
    """
    question = question_of(ledger, asked=asked, field=field, raw=raw)
    meaning = _meaning(ledger, question, meaning)
    layout = _reach(ledger, asked, raw)
    key = {
        "kind": ledger.kind,
        "sender": ledger.sender,
        "layout": layout,
        "asked": asked,
        "field": field,
        "raw": raw,
    }
    old = Answer.objects.select_for_update().filter(**key, revoked_at__isnull=True).first()
    if old is not None and old.meaning == meaning:
        return old
    if old is not None:
        revoke(old, by=by, at=timezone.now())
    return Answer.objects.create(**key, meaning=meaning, given_by=by)


def revoke(answer: Answer, *, by: User, at: datetime.datetime) -> Answer:
    """From now on it holds for nothing; what was entered by it stays entered. Revoked twice, once."""
    standing = Answer.objects.filter(pk=answer.pk, revoked_at__isnull=True)
    standing.update(revoked_by=by, revoked_at=at)
    answer.refresh_from_db()
    return answer


def question_of(ledger: Ledger, *, asked: str, field: str, raw: str) -> Question:
    if ledger.state != LedgerState.REHEARSED:
        raise CannotAnswer(_("The ledger is not waiting for answers now. Open it again."))
    for question in ledger.questions:
        if (question["kind"], question["field"], question["raw"]) == (asked, field, raw):
            return dict(question)
    raise CannotAnswer(_("This was not asked, or has been answered meanwhile. Open the ledger again."))


def _meaning(ledger: Ledger, question: Question, meaning: Any) -> Any:
    """One of the choices. What a word means may also be said in a text as it could have stood in the cell:
    it is read as a cell would be, and refused if that, too, leaves a question."""
    choices = {str(value): value for value, _label in question["choices"]}
    if str(meaning) in choices:
        return choices[str(meaning)]
    if question["kind"] != QuestionKind.VALUE:
        raise CannotAnswer(_("Choose one of the answers: %(answers)s.") % {"answers": _labels(question)})
    text = clean_name(str(meaning or ""), max_length=RAW_LENGTH)
    if not text:
        raise CannotAnswer(_("Write what it means."))
    field = KINDS[ledger.kind].field(question["field"])
    read = field.begin() if field.begin else field.read
    said = read(text, Place(sheet="", head=field.heads[0], unit=ledger.unit, today=ledger.handed_in_on))
    if said.state in State.UNSETTLED:
        raise CannotAnswer(
            _("“%(text)s” is not clear either: %(sentence)s") % {"text": text, "sentence": said.sentence}
        )
    return text


def _labels(question: Question) -> str:
    return listed(label for _value, label in question["choices"])


def _reach(ledger: Ledger, asked: str, raw: str) -> str:
    """How far an answer reaches. What a column holds, or in which unit it counts, goes with the layout; a
    word means the same wherever its sender writes it; a number or a day (“2025.1” is October) says
    nothing beyond this very file."""
    if asked != QuestionKind.VALUE:
        return ledger.layout
    return ledger.file.sha256 if any(character.isdigit() for character in raw) else ""


def reach_in_words(answer: Answer, layouts: Collection[str]) -> str:
    """For the page of answers; `layouts` are those that ledgers of the sender are known to have."""
    if not answer.layout:
        return _("in every ledger of this sender")
    return _("in ledgers with these columns") if answer.layout in layouts else _("in one file only")


# --- What becomes of single rows ------------------------------------------------------------------------

# What may be said of a row, by what it was found to be; a row that is the same needs nothing said.
DECISIONS: dict[str, tuple[str, ...]] = {
    Verdict.NEW: (Decision.NONE, Decision.LEAVE),
    Verdict.CHANGED: (Decision.NONE, Decision.SAME, Decision.NEW, Decision.LEAVE),
    Verdict.LOOKALIKE: (Decision.NONE, Decision.SAME, Decision.NEW, Decision.LEAVE),
    Verdict.SAME: (Decision.NONE,),
    Verdict.REFUSED: (Decision.NONE,),
}


class CannotDecide(Refusal):
    """Nothing is to be decided of these rows."""

    http_status = 422


@transaction.atomic
def decide(ledger: Ledger, *, decision: str, verdict: str = "", rows: Collection[int] = ()) -> int:
    """Say of some rows, or of all with one verdict that are not decided yet, what becomes of them; how
    many they were."""
    waiting = Ledger.objects.select_for_update().filter(pk=ledger.pk, state=LedgerState.REHEARSED)
    if not waiting.exists():
        raise CannotDecide(_("The ledger is not waiting for decisions now. Open it again."))
    open_to = [one for one, decisions in DECISIONS.items() if decision in decisions]
    found = ledger.rows.filter(verdict__in=open_to)
    found = found.filter(pk__in=rows) if rows else found.filter(verdict=verdict, decision=Decision.NONE)
    decided = found.update(decision=decision)
    if not decided:
        raise CannotDecide(_("There is nothing to decide about this. Open the ledger again."))
    return decided
