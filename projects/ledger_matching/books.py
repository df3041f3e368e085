"""What stands in the books that the rows of a block may be, found by keys."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q

from accounts.models import User
from ledgers.choices import LedgerState
from ledgers.models import Ledger, LedgerRow
from projects.choices import Verdict
from projects.ledger_matching.names import bare, base_name, spelt
from projects.ledger_matching.told import Told
from projects.models import BUREAU, ContractEvent, Enterprise, Project, Share

# Facts of a project that a ledger tells, by the field of the ledger.
ATTRIBUTES = {
    "name": "name",
    "national_code": "national_code",
    "unit": "reporting_unit",
    "location": "location",
    "task_force": "task_force",
    "industrial": "is_industrial",
    "fixed_assets": "fixed_assets",
    "annual_output": "annual_output",
    "planned_start": "planned_start",
    "planned_production": "planned_production",
    "officer": "officer",
    "content": "content",
}
# The same as a ledger tells them: a unit and a task force by its code.
FACTS = ATTRIBUTES | {name: f"{ATTRIBUTES[name]}__code" for name in ("unit", "location", "task_force")}
# In whose total a project counts is the bureau's to say (see also forms.editing.BUREAU_ONLY).
BUREAU_ONLY = frozenset({"unit", "task_force", "industrial"})
OF_ENTERPRISE = ("uscc", "contact_name", "contact_phone")
# What else of a project is compared.
COMPARED = (
    *("pk", "enterprise", "enterprise__name", "enterprise__name_key", "status", "version"),
    *("task_force", "reporting_unit", "location"),
    *(f"enterprise__{name}" for name in OF_ENTERPRISE),
)


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


def booked(projects: Any) -> dict[int, Booked]:
    """Projects by their keys, with the events that stand (returned ones do not): three queries."""
    rows = projects.order_by("pk").values(*COMPARED, *FACTS.values())
    found = {row["pk"]: _booked(row) for row in rows}
    for project, unit in Share.objects.filter(project__in=found).values_list("project", "unit"):
        found[project].units.add(unit)
    events = ContractEvent.objects.filter(project__in=found).exclude(verdict__verdict=Verdict.RETURNED)
    for event in events.select_related("verdict").order_by("signed_on", "pk"):
        found[event.project_id].events.append(event)
    return found


def _booked(row: Mapping[str, Any]) -> Booked:
    facts = {name: row[source] for name, source in FACTS.items()}
    facts |= {name: row[f"enterprise__{name}"] for name in OF_ENTERPRISE}
    return Booked(
        pk=row["pk"],
        name=row["name"],
        bare=bare(row["name"]),
        base=base_name(row["name"]),
        national_code=row["national_code"] or "",
        enterprise=row["enterprise"],
        enterprise_key=row["enterprise__name_key"],
        enterprise_spelt=spelt(row["enterprise__name"]),
        uscc=row["enterprise__uscc"] or "",
        status=row["status"],
        version=row["version"],
        facts=facts,
        task_force=row["task_force"],
        unit=row["reporting_unit"],
        location=row["location"],
        units={row["reporting_unit"]},
    )


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


def look_up(rows: Sequence[tuple[LedgerRow, Told, str]], ledger: Ledger, user: User) -> Books:
    """The books for rows with what they tell and the name key of their enterprise, as the user may read
    them."""
    codes = {told.uscc for _row, told, _key in rows} - {""}
    keys = {key for _row, _told, key in rows} - {""}
    found = Enterprise.objects.filter(Q(uscc__in=codes) | Q(name_key__in=keys)).order_by("pk")
    enterprises = {one.pk: one for one in found}
    former = _former(ledger, {row.identity for row, _told, _key in rows} - {""})
    wanted = Q(enterprise__in=enterprises) | Q(pk__in=set(former.values()))
    wanted |= _named([told for _row, told, _key in rows])
    # The keys first, the rights after: the planner then goes by the keys' indexes.
    candidates = list(Project.objects.filter(wanted).values_list("pk", flat=True))
    known = Project.objects.known_to(user).filter(pk__in=candidates).exclude(pk__in=taken_back())
    projects = booked(known)
    return _arranged(projects, former, _knowable(enterprises, projects, codes, user))


def _named(told: Sequence[Told]) -> Q:
    """Projects of these names or national codes."""
    names = {spelling for one in told for spelling in _spellings(one.name)}
    return Q(name__in=names) | Q(national_code__in={one.national_code for one in told} - {""})


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
