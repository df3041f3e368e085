"""The verdicts of a block of rows, in the order of the workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from accounts.models import User
from core.text import name_key
from ledgers import resending
from ledgers.choices import Verdict as RowVerdict
from ledgers.models import Ledger, LedgerRow, Position
from projects.choices import EventKind, Status
from projects.ledger_matching.books import Booked, Books, look_up
from projects.ledger_matching.differences import differences, event_of, may_edit
from projects.ledger_matching.likeness import Likeness, graded
from projects.ledger_matching.names import bare, base_name, spelt
from projects.ledger_matching.refusals import refusal
from projects.ledger_matching.told import FOLLOWING, Reader, Told
from projects.lookalikes import Grade
from projects.models import ContractEvent, Enterprise

IDENTITY = ("name", "enterprise", "contract")
MANY = (EventKind.ADD_ON, EventKind.REDUCED)


class Stood(NamedTuple):
    """A row further up, and what people call its place."""

    position: Position
    named: str  # "柳江区!17"


@dataclass
class Seen:
    """What stood in the blocks before, so that the same project twice in one workbook is noticed."""

    first: Position | None = None
    by_project: dict[tuple[str, str], Stood] = field(default_factory=dict)
    by_target: dict[tuple[int, str], Stood] = field(default_factory=dict)
    reader: Reader | None = None


def match(rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
    """Set verdict, target, evidence and changes of a block of rows, in the order of the workbook.

    `undo` keeps until the commit what it was decided by: the version of the project that was seen, the
    row of the same ledger that it is like, the enterprise that it is like.
    """
    if not rows:
        return
    seen = _seen(ledger, rows)
    assert seen.reader is not None
    resending.identify(rows, IDENTITY, ledger=ledger)
    told = [(row, one := seen.reader.read(row), name_key(one.enterprise)) for row in rows]
    books = look_up(told, ledger, user)
    for row, one, key in told:
        of_cells = row.evidence if row.verdict == RowVerdict.REFUSED else []
        row.target, row.evidence, row.changes, row.undo = None, [], {}, {}
        if sentence := refusal(row, one, user):
            row.verdict, row.evidence = RowVerdict.REFUSED, of_cells or [sentence]
        else:
            _Matching(row, one, key, books, seen, user).decide()


def _seen(ledger: Ledger, rows: Sequence[LedgerRow]) -> Seen:
    """The memory of this reading; a ledger that is read once more begins with an empty one."""
    first = rows[0].position
    seen: Seen | None = ledger.__dict__.get("_seen_rows")
    if seen is None or seen.first == first:
        seen = ledger.__dict__["_seen_rows"] = Seen(first=first, reader=Reader())
    return seen


@dataclass
class _Matching:
    """One row beside the books and beside the rows above it."""

    row: LedgerRow
    told: Told
    key: str
    books: Books
    seen: Seen
    user: User

    def decide(self) -> None:
        enterprises = self._enterprises()
        if found := self._surely(enterprises):
            self._compare(found)
        elif leader := self._leader(enterprises):
            self._follow(leader)
        elif like := self._alike(enterprises):
            self._look_alike(like)
        elif self._has_foreign_code(enterprises):
            self._like_enterprise(
                self.books.by_code[self.told.uscc],
                _("The credit code is another enterprise's: is it the same one under a new name?"),
            )
        elif not enterprises and (other := self._like_named()):
            self._like_enterprise(other, _("The enterprise: the same name, apart from place and legal form"))
        else:
            self._new(enterprises)
        self._remember()

    # --- Who ---

    def _enterprises(self) -> dict[int, Enterprise]:
        """The enterprises in the books that it certainly is: of this code, or spelt like this."""
        told, books = self.told, self.books
        spelling = spelt(told.enterprise)
        if told.uscc and (known := books.by_code.get(told.uscc)):
            return {known.pk: known} if known.name_key == self.key else {}
        return {
            one.pk: one
            for one in books.by_key.get(self.key, ())
            if spelt(one.name) == spelling and not (told.uscc and one.uscc)
        }

    def _has_foreign_code(self, enterprises: Mapping[int, Enterprise]) -> bool:
        return not enterprises and self.told.uscc in self.books.by_code

    def _like_named(self) -> Enterprise | None:
        """One of the same name apart from place and legal form, unless two codes tell them apart."""
        alike = self.books.by_key.get(self.key, ())
        return next((one for one in alike if not (one.uscc and self.told.uscc)), None)

    # --- Surely the same ---

    def _surely(self, enterprises: Mapping[int, Enterprise]) -> Booked | None:
        books, told = self.books, self.told
        if pk := books.by_identity.get(self.row.identity):
            self._say(_("The same row of the last ledger led to it"))
            return books.projects[pk]
        if pk := books.by_national_code.get(told.national_code):
            self._say(_("the same national project code"))
            return books.projects[pk]
        same = [p for pk in enterprises for p in books.by_enterprise.get(pk, ()) if self._is_name_of(p)]
        same = [p for p in same if told.unit is None or told.unit.pk in p.units]
        if same:
            self._say(_("the same credit code") if told.uscc else _("the same enterprise"))
            self._say(_("the same name"))
        # An ended one and its successor may bear one name: the living one is meant.
        return min(same, key=lambda p: (p.status == Status.ENDED, p.pk), default=None)

    def _is_name_of(self, project: Booked) -> bool:
        if bare(self.told.name) == project.bare:
            return True
        follows = self.told.kind in FOLLOWING
        return follows and base_name(self.told.name) == project.base

    def _compare(self, project: Booked) -> None:
        row, told = self.row, self.told
        row.target = project.pk
        if twin := self.seen.by_target.get((project.pk, _event_key(told))):
            self._stands_twice(twin)
            return
        row.undo = {"seen": [project.version, project.last_event]}
        event = event_of(told, project)
        if told.kind in FOLLOWING and event is None:
            row.verdict = RowVerdict.NEW
            self._say(_("A new event of a contract in the books, no new project"))
            return
        row.changes = self._differences(project, event)
        if event and told.amount == event.amount != project.amount_of(event):
            self._say(_("The books have corrected this amount since; the row still has the one before."))
        row.verdict = RowVerdict.CHANGED if row.changes else RowVerdict.SAME
        if row.changes and project.status == Status.ENDED:
            row.verdict = RowVerdict.REFUSED
            self._say(_("This project has ended. Its contract cannot change any more."))

    def _differences(self, project: Booked, event: ContractEvent | None) -> dict[str, list[Any]]:
        mine = may_edit(self.user, project)
        return differences(self.told, project, event, may_edit=mine, user=self.user)

    # --- The same ledger, further up ---

    def _own_keys(self, enterprises: Mapping[int, Enterprise]) -> list[str]:
        """By what its enterprise is told within the ledger."""
        own = [spelt(self.told.enterprise), *(str(pk) for pk in enterprises)]
        return [*own, self.told.uscc] if self.told.uscc else own

    def _leader(self, enterprises: Mapping[int, Enterprise]) -> Stood | None:
        base = base_name(self.told.name)
        for key in self._own_keys(enterprises):
            if found := self.seen.by_project.get((key, base)):
                return found
        return None

    def _follow(self, leader: Stood) -> None:
        """An add-on or void follows the contract; anything else is asked: the same twice, or a later part?"""
        if self.told.kind not in FOLLOWING:
            self._stands_twice(leader)
            return
        self.row.verdict, self.row.undo = RowVerdict.NEW, {"like": list(leader.position)}
        self._say(_("A further event of the contract at %(place)s") % {"place": leader.named})

    def _stands_twice(self, twin: Stood) -> None:
        self.row.verdict, self.row.undo = RowVerdict.LOOKALIKE, {"like": list(twin.position)}
        self._say(
            _("The same or a part of the same stands in this ledger at %(place)s") % {"place": twin.named}
        )

    # --- Perhaps the same ---

    def _alike(self, enterprises: Mapping[int, Enterprise]) -> Likeness | None:
        likes = [
            like
            for project in self._candidates(enterprises).values()
            for like in graded(self.told, self.key, project, enterprises)
        ]
        return max(likes, key=lambda like: like.rank, default=None)

    def _candidates(self, enterprises: Mapping[int, Enterprise]) -> dict[int, Booked]:
        named = {one.pk for one in self.books.by_key.get(self.key, ())} | set(enterprises)
        if coded := self.books.by_code.get(self.told.uscc):
            named.add(coded.pk)
        likes = [p for pk in named for p in self.books.by_enterprise.get(pk, ())]
        likes += self.books.by_name.get(bare(self.told.name), ())
        return {project.pk: project for project in likes}

    def _look_alike(self, like: Likeness) -> None:
        row, project = self.row, like.project
        row.verdict, row.target = RowVerdict.LOOKALIKE, project.pk
        row.undo = {"seen": [project.version, project.last_event]}
        self._say(
            _("Very likely a project in the books")
            if like.grade >= Grade.LIKELY
            else _("Perhaps a project in the books")
        )
        row.evidence += like.said
        if self.told.unit and self.told.unit.pk not in project.units:
            self._say(_("Another unit reports it."))
            return
        row.changes = self._differences(project, event_of(self.told, project))
        row.changes.pop("name", None)  # it is only alike: the books' name stays

    def _like_enterprise(self, other: Enterprise, sentence: str) -> None:
        self.row.verdict, self.row.undo = RowVerdict.LOOKALIKE, {"enterprise": other.pk}
        self._say(sentence)

    # --- New ---

    def _new(self, enterprises: Mapping[int, Enterprise]) -> None:
        if self.told.kind in (EventKind.REDUCED, EventKind.VOIDED):
            self.row.verdict = RowVerdict.REFUSED
            self._say(_("This takes back of a contract that is not in the books."))
            return
        self.row.verdict = RowVerdict.NEW
        if self.told.kind == EventKind.ADD_ON:
            self._say(_("The original contract is not in the books: only the increase counts."))
        if count := sum(len(self.books.by_enterprise.get(pk, ())) for pk in enterprises):
            self._say(
                _("The enterprise stands in the books with other projects: %(count)d") % {"count": count}
            )

    # --- Remembering ---

    def _say(self, sentence: str) -> None:
        self.row.evidence.append(sentence)

    def _remember(self) -> None:
        row, place = self.row, Stood(self.row.position, str(self.row))
        if row.target is not None and row.verdict != RowVerdict.LOOKALIKE:
            self.seen.by_target.setdefault((row.target, _event_key(self.told)), place)
        if row.target is None and "like" not in row.undo and row.verdict != RowVerdict.REFUSED:
            base = base_name(self.told.name)
            for key in self._own_keys({}):
                self.seen.by_project.setdefault((key, base), place)


def _event_key(told: Told) -> str:
    """What may stand twice of one project in a ledger: add-ons of several days."""
    return f"{told.kind} {told.signed_on}" if told.kind in MANY else told.kind
