"""What a row of a ledger of projects is beside the books: new, the same, changed, or like something.

Rows come in blocks. For a block the database is asked a fixed number of questions by keys (credit code,
name of the enterprise, name of the project, national code, the last ledger's row); names are compared
letter by letter only among the few that share a key. The books are those that the person who hands the
ledger in may read: another county's talks must not be found out by sending a list of names. For the
same reason no sentence here tells anything of a project but that it is alike.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from rapidfuzz import fuzz

from accounts.models import User
from accounts.roles import Role
from core.money import CENT
from core.text import comparison_key, name_key
from ledgers import resending
from ledgers.choices import LedgerState, State
from ledgers.choices import Verdict as RowVerdict
from ledgers.models import Ledger, LedgerRow
from projects.choices import Currency, EventKind, Stage, Status, Verdict
from projects.lookalikes import NEAR, Grade, bare_name
from projects.models import BUREAU, ContractEvent, Enterprise, Project, Share
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

IDENTITY = ("name", "enterprise", "contract")
# What in a name says that it is a later part of something: 二期, 增资扩产 …
_PHASE = re.compile(
    "第?[一二三四五六七八九十0-9]期|增资扩产|增资扩股|增资|扩产|扩建|扩能|续建|追加投资|技改|解约|终止"
)
ALIKE = 75  # percent, from which two names are worth a look


# --- What a row says ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """A row in the terms of the books; amounts in 万元. What is asked or refused is not there."""

    name: str = ""
    enterprise: str = ""
    uscc: str = ""
    national_code: str = ""
    unit: ReportingUnit | None = None
    location: ReportingUnit | None = None
    task_force: TaskForce | None = None
    is_industrial: bool | None = None
    kind: str = ""  # an EventKind, empty for a lead
    stage: str = ""
    amount: Decimal | None = None
    currency: str = Currency.CNY
    foreign_amount: Decimal | None = None
    rate: Decimal | None = None
    signed_on: datetime.date | None = None
    fixed_assets: Decimal | None = None
    planned_start: datetime.date | None = None
    officer: str = ""
    content: str = ""
    origin: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    ceremony: str = ""
    note: str = ""
    progress: str = ""  # "2025-06: 主体封顶" line by line
    partners: tuple[str, ...] = ()
    annual_output: Decimal | None = None
    planned_production: datetime.date | None = None
    shares: dict[ReportingUnit, Decimal] = field(default_factory=dict)

    @property
    def place(self) -> ReportingUnit | None:
        return self.location or self.unit


class Reader:
    """Reads rows in the terms of the books; units and task forces are asked for once."""

    def __init__(self) -> None:
        self.units: dict[str, ReportingUnit] = {}
        for unit in ReportingUnit.objects.order_by("-order"):
            self.units.update({unit.name: unit, unit.short_name: unit, unit.code: unit})
        self.forces: dict[str, TaskForce] = {}
        for force in TaskForce.objects.order_by("-order"):
            self.forces.update({force.name: force, force.code: force})

    def read(self, row: LedgerRow) -> Told:
        said = {
            name: cell[1]
            for name, cell in row.cells.items()
            if cell[0] not in State.UNSETTLED and cell[1] not in (None, "")
        }
        text: dict[str, Any] = {name: str(said[name]) for name in TEXTS & said.keys()}
        told = Told(**text, kind=_kind(said), stage=_one_of(STAGES, said.get("stage")))
        told.unit, told.location = (
            self.units.get(said.get("unit", "")),
            self.units.get(said.get("location", "")),
        )
        told.task_force = self.forces.get(said.get("task_force", ""))
        told.is_industrial = said.get("industrial")
        told.amount, told.rate = _number(said.get("amount_wan")), _number(said.get("rate"))
        told.currency = said.get("currency") or Currency.CNY
        if told.currency != Currency.CNY:
            told.foreign_amount = _number(said.get("foreign_amount_wan"))
        told.fixed_assets = _number(said.get("fixed_assets"))
        told.annual_output = _number(said.get("annual_output"))
        told.planned_production = _day(said.get("planned_production"))
        told.progress, told.partners = _lines(said.get("progress")), tuple(said.get("partners") or ())
        told.signed_on, told.planned_start = _day(said.get("signed_on")), _day(said.get("planned_start"))
        if shares := said.get("shares"):
            told.shares = self._shares(shares)
        return told

    def _shares(self, said: Any) -> dict[ReportingUnit, Decimal]:
        pairs = said.items() if isinstance(said, dict) else said
        known = {self.units.get(str(unit)): _number(part) for unit, part in pairs}
        return {unit: part for unit, part in known.items() if unit and part}


TEXTS = {
    "name",
    "enterprise",
    "uscc",
    "national_code",
    "officer",
    "content",
    "origin",
    "contact_name",
    "contact_phone",
    "ceremony",
    "note",
}
KINDS, STAGES = frozenset(EventKind.values), frozenset(Stage.values)
# What follows a contract: events of a project, never a project of their own.
FOLLOWING = (EventKind.ADD_ON, EventKind.REDUCED, EventKind.VOIDED)


def _kind(said: Mapping[str, Any]) -> str:
    """Without a word for it, an amount with a day is a signed contract."""
    if told := _one_of(KINDS, said.get("contract")):
        return told
    is_signed = said.get("amount_wan") and said.get("signed_on")
    return EventKind.SIGNED if is_signed and said.get("stage") not in Stage.BEFORE_SIGNING else ""


def _one_of(known: frozenset[str], value: Any) -> str:
    return value if value in known else ""


def _number(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _lines(value: Any) -> str:
    """Notes by month as lines; a note without a month stands alone."""
    if isinstance(value, str) or not value:
        return value or ""
    return "\n".join(f"{month}: {text}" if month else text for month, text in value)


def _day(value: Any) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None


# Of one row each key is wanted several times.
_bare = lru_cache(maxsize=4096)(bare_name)
_spelt = lru_cache(maxsize=4096)(comparison_key)


@lru_cache(maxsize=4096)
def base_name(name: str) -> str:
    """A project's bare name without what makes it a later part: 糖果产线（二期）→ 糖果产线."""
    return _bare(_PHASE.sub("", name)) or _bare(name)


# --- What stands in the books ---------------------------------------------------------------------------


@dataclass(slots=True)
class Booked:
    """A project in the books with its contract, as far as it stands."""

    pk: int
    name: str
    bare: str
    base: str
    national_code: str
    enterprise: int
    enterprise_key: str
    enterprise_spelt: str
    uscc: str
    status: str
    version: int
    facts: dict[str, Any]
    task_force: int
    unit: int
    location: int
    units: set[int]
    events: list[ContractEvent] = field(default_factory=list)

    def standing(self, kind: str) -> list[ContractEvent]:
        return [event for event in self.events if event.kind == kind]

    def amount_of(self, event: ContractEvent) -> Decimal:
        """What stands for an event with what was corrected of it."""
        corrected = [e.amount for e in self.events if e.corrects_id == event.pk]
        return event.amount + sum(corrected, Decimal(0))

    @property
    def last_event(self) -> int:
        return max((event.pk for event in self.events), default=0)


# Facts of a project that a ledger tells, by the field of the ledger.
FACTS = {
    "name": "name",
    "national_code": "national_code",
    "unit": "reporting_unit__code",
    "location": "location__code",
    "task_force": "task_force__code",
    "industrial": "is_industrial",
    "fixed_assets": "fixed_assets",
    "annual_output": "annual_output",
    "planned_start": "planned_start",
    "planned_production": "planned_production",
    "officer": "officer",
    "content": "content",
}
# In whose total a project counts is the bureau's to say (see also forms.editing.BUREAU_ONLY).
BUREAU_ONLY = frozenset({"unit", "task_force", "industrial"})
OF_ENTERPRISE = ("uscc", "contact_name", "contact_phone")


def booked(projects: Any) -> dict[int, Booked]:
    """Projects by their keys, with the events that stand (returned ones do not): three queries."""
    values = ("pk", "enterprise", "enterprise__name", "enterprise__name_key", "status", "version")
    whose = ("task_force", "reporting_unit", "location")
    of_enterprise = tuple(f"enterprise__{name}" for name in OF_ENTERPRISE)
    found: dict[int, Booked] = {}
    for row in projects.order_by("pk").values(*values, *whose, *of_enterprise, *FACTS.values()):
        facts = {name: row[source] for name, source in FACTS.items()}
        facts |= {name: row[f"enterprise__{name}"] for name in OF_ENTERPRISE}
        found[row["pk"]] = Booked(
            pk=row["pk"],
            name=row["name"],
            bare=_bare(row["name"]),
            base=base_name(row["name"]),
            national_code=row["national_code"] or "",
            enterprise=row["enterprise"],
            enterprise_key=row["enterprise__name_key"],
            enterprise_spelt=_spelt(row["enterprise__name"]),
            uscc=row["enterprise__uscc"] or "",
            status=row["status"],
            version=row["version"],
            facts=facts,
            task_force=row["task_force"],
            unit=row["reporting_unit"],
            location=row["location"],
            units={row["reporting_unit"]},
        )
    for project, unit in Share.objects.filter(project__in=found).values_list("project", "unit"):
        found[project].units.add(unit)
    events = ContractEvent.objects.filter(project__in=found).exclude(verdict__verdict=Verdict.RETURNED)
    for event in events.select_related("verdict").order_by("signed_on", "pk"):
        found[event.project_id].events.append(event)
    return found


def taken_back() -> Any:
    """The projects that only a ledger made which was taken back: they are no part of the books."""
    gone = LedgerRow.objects.filter(ledger__state=LedgerState.UNDONE, undo__made=True)
    return gone.values("written")


@dataclass
class Books:
    """What the books hold that the rows of one block may be, found by keys."""

    projects: dict[int, Booked]
    by_identity: dict[str, int]
    by_national_code: dict[str, int]
    by_enterprise: dict[int, list[Booked]]
    by_name: dict[str, list[Booked]]
    enterprises: dict[int, Enterprise]
    by_code: dict[str, Enterprise]
    by_key: dict[str, list[Enterprise]]


def _look_up(rows: Sequence[tuple[LedgerRow, Told, str]], ledger: Ledger, user: User) -> Books:
    codes = {told.uscc for _row, told, _key in rows} - {""}
    keys = {key for _row, _told, key in rows} - {""}
    found = Enterprise.objects.filter(Q(uscc__in=codes) | Q(name_key__in=keys)).order_by("pk")
    enterprises = {one.pk: one for one in found}
    former = _former(ledger, {row.identity for row, _told, _key in rows} - {""})
    wanted = Q(enterprise__in=enterprises) | Q(pk__in=set(former.values()))
    wanted |= Q(name__in={spelling for _row, told, _key in rows for spelling in _spellings(told.name)})
    wanted |= Q(national_code__in={told.national_code for _row, told, _key in rows} - {""})
    # The keys first, the rights after: the planner then goes by the keys' indexes.
    candidates = list(Project.objects.filter(wanted).values_list("pk", flat=True))
    known = Project.objects.known_to(user).filter(pk__in=candidates).exclude(pk__in=taken_back())
    projects = booked(known)
    return _arranged(projects, former, _knowable(enterprises, projects, codes, user))


def _spellings(name: str) -> set[str]:
    stem = re.sub("(建设项目|生产项目|项目)$", "", name)
    return {name, stem, f"{stem}项目"} if name else set()


def _former(ledger: Ledger, identities: set[str]) -> dict[str, int]:
    """To which projects rows of the same sender's committed ledgers were written, the last one first."""
    rows = LedgerRow.objects.filter(
        identity__in=identities,
        written__isnull=False,
        ledger__state=LedgerState.COMMITTED,
        ledger__kind=ledger.kind,
        ledger__sender=ledger.sender,
    ).exclude(ledger=ledger.pk)
    found = rows.order_by("ledger__committed_at", "pk").values_list("identity", "written")
    return {identity: written for identity, written in found if written is not None}


def _knowable(
    enterprises: Mapping[int, Enterprise], projects: Mapping[int, Booked], codes: set[str], user: User
) -> dict[int, Enterprise]:
    """Outside the bureau: those of projects that the person may name, and whoever carries the very code."""
    if user.role in BUREAU:
        return dict(enterprises)
    theirs = {project.enterprise for project in projects.values()}
    return {pk: one for pk, one in enterprises.items() if pk in theirs or one.uscc in codes}


def _arranged(
    projects: dict[int, Booked], former: Mapping[str, int], enterprises: dict[int, Enterprise]
) -> Books:
    books = Books(
        projects=projects,
        by_identity={identity: pk for identity, pk in former.items() if pk in projects},
        by_national_code={p.national_code: p.pk for p in projects.values() if p.national_code},
        by_enterprise=defaultdict(list),
        by_name=defaultdict(list),
        enterprises=enterprises,
        by_code={one.uscc: one for one in enterprises.values() if one.uscc},
        by_key=defaultdict(list),
    )
    for project in projects.values():
        books.by_enterprise[project.enterprise].append(project)
        books.by_name[project.bare].append(project)
    for one in enterprises.values():
        books.by_key[one.name_key].append(one)
    return books


# --- Matching -----------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What stood in the blocks before, so that the same project twice in one workbook is noticed."""

    first: tuple[str, int] | None = None
    by_project: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    by_target: dict[tuple[int, str], tuple[str, int]] = field(default_factory=dict)
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
    books = _look_up(told, ledger, user)
    for row, one, key in told:
        row.target, row.evidence, row.changes, row.undo = None, [], {}, {}
        if refusal := _refusal(row, one, user):
            row.verdict, row.evidence = RowVerdict.REFUSED, [refusal]
        else:
            _Matching(row, one, key, books, seen, user).decide()


def _seen(ledger: Ledger, rows: Sequence[LedgerRow]) -> Seen:
    """The memory of this reading; a ledger that is read once more begins with an empty one."""
    first = (rows[0].sheet, rows[0].row)
    seen: Seen | None = ledger.__dict__.get("_seen_rows")
    if seen is None or seen.first == first:
        seen = ledger.__dict__["_seen_rows"] = Seen(first=first, reader=Reader())
    return seen


# What every row must say, and what a contract must say besides.
NEEDED = (("name", "name"), ("enterprise", "enterprise"), ("unit", "unit"), ("task_force", "task_force"))


def _refusal(row: LedgerRow, told: Told, user: User) -> str:
    if user.role == Role.UNIT and told.unit and told.unit.pk not in reach(user).units:
        return _("This row is of another unit. You hand in the ledger of your own unit.")
    for name, attribute in NEEDED:
        if not getattr(told, attribute) and not _is_asked(row, name):
            return _("The row does not say its %(field)s.") % {"field": _label(name)}
    if told.kind and not told.signed_on and not _is_asked(row, "signed_on"):
        return _("The row does not say its %(field)s.") % {"field": _label("signed_on")}
    needs_amount = told.kind in (EventKind.SIGNED, EventKind.ADD_ON)
    if needs_amount and not (told.amount and told.amount > 0) and not _is_asked(row, "amount_wan"):
        return _("The row does not say its %(field)s.") % {"field": _label("amount_wan")}
    return ""


def _is_asked(row: LedgerRow, name: str) -> bool:
    return name in row.cells and row.cells[name][0] == State.ASKED


def _label(name: str) -> str:
    return {
        "name": _("project name"),
        "enterprise": _("enterprise"),
        "unit": _("reporting unit"),
        "task_force": _("task force"),
        "signed_on": _("day of signing"),
        "amount_wan": _("Amount"),
    }[name]


@dataclass
class _Matching:
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
        elif likes := self._alike(enterprises):
            self._look_alike(*likes)
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
        spelt = _spelt(told.enterprise)
        if told.uscc and (known := books.by_code.get(told.uscc)):
            return {known.pk: known} if known.name_key == self.key else {}
        return {
            one.pk: one
            for one in books.by_key.get(self.key, ())
            if _spelt(one.name) == spelt and not (told.uscc and one.uscc)
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
        if _bare(self.told.name) == project.bare:
            return True
        follows = self.told.kind in FOLLOWING
        return follows and base_name(self.told.name) == project.base

    def _compare(self, project: Booked) -> None:
        row, told = self.row, self.told
        row.target = project.pk
        if twin := self.seen.by_target.get((project.pk, _event_key(told))):
            row.verdict = RowVerdict.LOOKALIKE
            self._say(_twice(twin))
            row.undo = {"like": list(twin)}
            return
        row.undo = {"seen": [project.version, project.last_event]}
        event = event_of(told, project)
        if told.kind in FOLLOWING and event is None:
            row.verdict = RowVerdict.NEW
            self._say(_("A new event of a contract in the books, no new project"))
            return
        row.changes = differences(told, project, event, may_edit=may_edit(self.user, project), user=self.user)
        if event and told.amount == event.amount != project.amount_of(event):
            self._say(_("The books have corrected this amount since; the row still has the one before."))
        row.verdict = RowVerdict.CHANGED if row.changes else RowVerdict.SAME
        if row.changes and project.status == Status.ENDED:
            row.verdict = RowVerdict.REFUSED
            self._say(_("This project has ended. Its contract cannot change any more."))

    # --- The same ledger, further up ---

    def _own_keys(self, enterprises: Mapping[int, Enterprise]) -> list[str]:
        """By what its enterprise is told within the ledger."""
        own = [_spelt(self.told.enterprise), *(str(pk) for pk in enterprises)]
        return [*own, self.told.uscc] if self.told.uscc else own

    def _leader(self, enterprises: Mapping[int, Enterprise]) -> tuple[str, int] | None:
        base = base_name(self.told.name)
        for key in self._own_keys(enterprises):
            if found := self.seen.by_project.get((key, base)):
                return found
        return None

    def _follow(self, leader: tuple[str, int]) -> None:
        """An add-on or void follows the contract; anything else is asked: the same twice, or a later part?"""
        self.row.undo = {"like": list(leader)}
        if self.told.kind in FOLLOWING:
            self.row.verdict = RowVerdict.NEW
            self._say(
                _("A further event of the contract at %(place)s") % {"place": f"{leader[0]}!{leader[1]}"}
            )
            return
        self.row.verdict = RowVerdict.LOOKALIKE
        self._say(_twice(leader))

    # --- Perhaps the same ---

    def _alike(self, enterprises: Mapping[int, Enterprise]) -> tuple[Booked, Grade, list[str]] | None:
        graded = [
            (grade, score, project, said)
            for project in self._candidates(enterprises).values()
            for grade, score, said in self._graded(project, enterprises)
        ]
        if not graded:
            return None
        grade, _score, project, said = max(graded, key=lambda one: (one[0], one[1], -one[2].pk))
        return project, grade, said

    def _candidates(self, enterprises: Mapping[int, Enterprise]) -> dict[int, Booked]:
        named = {one.pk for one in self.books.by_key.get(self.key, ())} | set(enterprises)
        if coded := self.books.by_code.get(self.told.uscc):
            named.add(coded.pk)
        likes = [p for pk in named for p in self.books.by_enterprise.get(pk, ())]
        likes += self.books.by_name.get(_bare(self.told.name), ())
        return {project.pk: project for project in likes}

    def _graded(
        self, project: Booked, enterprises: Mapping[int, Enterprise]
    ) -> Iterator[tuple[Grade, int, list[str]]]:
        """How sure the evidence makes one; nothing for what is merely another project of the enterprise."""
        told = self.told
        if told.uscc and project.uscc and told.uscc != project.uscc and not self._is_spelt(project):
            return  # two credit codes, two enterprises
        who = self._who(project, enterprises)
        name = _by_name(told.name, project)
        deal = list(_by_contract(told, project))
        has_amount, has_place = "amount" in dict(deal), "place" in dict(deal)
        said = [sentence for sentence in (who, name[1], *(text for _key, text in deal)) if sentence]
        score = name[0] + 40 * bool(who) + 25 * has_amount + 10 * has_place
        if who and (name[0] == 100 or (has_amount and has_place)):
            yield Grade.LIKELY, score, said
        elif (who and (name[0] or has_amount)) or (name[0] == 100 and (has_place or has_amount)):
            yield Grade.SIMILAR, score, said

    def _is_spelt(self, project: Booked) -> bool:
        return _spelt(self.told.enterprise) == project.enterprise_spelt

    def _who(self, project: Booked, enterprises: Mapping[int, Enterprise]) -> str:
        if self.told.uscc and self.told.uscc == project.uscc:
            return _("the same credit code")
        if project.enterprise in enterprises:
            return _("the same enterprise")
        if project.enterprise_key == self.key:
            return _("the same name, apart from place and legal form")
        return ""

    def _look_alike(self, project: Booked, grade: Grade, said: list[str]) -> None:
        row = self.row
        row.verdict, row.target = RowVerdict.LOOKALIKE, project.pk
        row.undo = {"seen": [project.version, project.last_event]}
        self._say(
            _("Very likely a project in the books")
            if grade >= Grade.LIKELY
            else _("Perhaps a project in the books")
        )
        row.evidence += said
        if self.told.unit and self.told.unit.pk not in project.units:
            self._say(_("Another unit reports it."))
            return
        event = event_of(self.told, project)
        mine = may_edit(self.user, project)
        row.changes = differences(self.told, project, event, may_edit=mine, user=self.user)
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
        row, place = self.row, (self.row.sheet, self.row.row)
        if row.target is not None and row.verdict != RowVerdict.LOOKALIKE:
            self.seen.by_target.setdefault((row.target, _event_key(self.told)), place)
        if row.target is None and "like" not in row.undo and row.verdict != RowVerdict.REFUSED:
            base = base_name(self.told.name)
            for key in self._own_keys({}):
                self.seen.by_project.setdefault((key, base), place)


MANY = (EventKind.ADD_ON, EventKind.REDUCED)


def _event_key(told: Told) -> str:
    """What may stand twice of one project in a ledger: add-ons of several days."""
    return f"{told.kind} {told.signed_on}" if told.kind in MANY else told.kind


def _twice(place: tuple[str, int]) -> str:
    return _("The same or a part of the same stands in this ledger at %(place)s") % {
        "place": f"{place[0]}!{place[1]}"
    }


def _by_name(name: str, project: Booked) -> tuple[int, str]:
    bare, base = _bare(name), base_name(name)
    if bare == project.bare:
        return 100, _("the same name")
    if base == project.base:
        return 100, _("the same name, apart from its phase")
    score = round(fuzz.ratio(bare, project.bare))
    return (score, _("the names are %(score)d %% alike") % {"score": score}) if score >= ALIKE else (0, "")


def _by_contract(told: Told, project: Booked) -> Iterator[tuple[str, str]]:
    if told.place and told.place.pk == project.location:
        yield "place", _("in the same place")
    signing = next(iter(project.standing(EventKind.SIGNED)), None)
    if not told.amount or signing is None:
        return
    if abs(project.amount_of(signing) - told.amount) <= told.amount / 100:
        yield "amount", _("the same amount")
        if told.signed_on and abs(signing.signed_on - told.signed_on) <= NEAR:
            yield "day", _("signed within sixty days")


# --- What differs -------------------------------------------------------------------------------------


def may_edit(user: User, project: Booked) -> bool:
    """See also rules.may, the same of a project in hand."""
    if not user.has_perm("projects.edit_project"):
        return False
    own = reach(user)
    return user.role in BUREAU or project.task_force in own.task_forces or project.unit in own.units


def event_of(told: Told, project: Booked) -> ContractEvent | None:
    """The event in the books that the row tells of. A contract is signed and voided once; add-ons and
    framework agreements are told apart by their day, or else by their amount."""
    events = project.standing(told.kind)
    if told.kind in (EventKind.SIGNED, EventKind.VOIDED):
        return events[0] if events else None
    by_day = [event for event in events if event.signed_on == told.signed_on]
    by_amount = [event for event in events if told.amount in (event.amount, event.original_amount)]
    return next(iter([*by_day, *by_amount]), None)


def differences(
    told: Told, project: Booked, event: ContractEvent | None, *, may_edit: bool, user: User
) -> dict[str, list[Any]]:
    """{field: [what the books hold, what the row says]}; an empty cell says nothing."""
    changes: dict[str, list[Any]] = {}
    if told.kind in FOLLOWING:
        return {} if event is None else dict(_of_contract(told, project, event))
    if may_edit:
        changes.update(_of_facts(told, project, user))
    if told.kind and event is None:
        changes["contract"] = [_last_kind(project), told.kind]
    elif event is not None:
        changes.update(_of_contract(told, project, event))
    return changes


def _last_kind(project: Booked) -> str:
    return project.events[-1].kind if project.events else ""


def _of_facts(told: Told, project: Booked, user: User) -> Iterator[tuple[str, list[Any]]]:
    for name, new in facts_told(told).items():
        old = plain(project.facts[name])
        if old == new or (name in BUREAU_ONLY and user.role not in BUREAU):
            continue
        if name == "uscc" and old:
            continue  # a code that is known is not changed by a ledger
        if name == "name" and _bare(str(old)) == _bare(str(new)):
            continue  # another spelling
        yield name, [old, new]


def facts_told(told: Told) -> dict[str, Any]:
    """The facts that a row tells, as JSON has them."""
    said = {
        "name": told.name,
        "national_code": told.national_code,
        "unit": told.unit.code if told.unit else None,
        "location": told.location.code if told.location else None,
        "task_force": told.task_force.code if told.task_force else None,
        "industrial": told.is_industrial,
        "fixed_assets": told.fixed_assets,
        "annual_output": told.annual_output,
        "planned_start": told.planned_start,
        "planned_production": told.planned_production,
        "officer": told.officer,
        "content": told.content,
        "uscc": told.uscc,
        "contact_name": told.contact_name,
        "contact_phone": told.contact_phone,
    }
    return {name: plain(value) for name, value in said.items() if value not in (None, "")}


def plain(value: Any) -> Any:
    """A value as a ledger keeps it: amounts and days as text."""
    if isinstance(value, Decimal):
        return f"{value.quantize(CENT).normalize():f}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return "" if value is None else value


def _of_contract(told: Told, project: Booked, event: ContractEvent) -> Iterator[tuple[str, list[Any]]]:
    if event.kind != EventKind.VOIDED and told.amount:
        framework = event.kind == EventKind.FRAMEWORK
        old = event.original_amount if framework else project.amount_of(event)
        if plain(told.amount) not in (plain(old), plain(event.amount)):
            yield "amount_wan", [plain(old), plain(told.amount)]
    if told.signed_on and told.signed_on != event.signed_on:
        yield "signed_on", [plain(event.signed_on), plain(told.signed_on)]
