"""What the detector reads: every signing that may count, with its project, in a fixed number of queries."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.db.models import F, Max, Min

from core.text import comparison_key
from projects.choices import EventKind, EvidenceKind, Stage, Status, Verdict
from projects.lookalikes import bare_name
from projects.models import ContractEvent, Enterprise, Evidence, ProgressReport, Project, Share
from projects.rules import moved_elsewhere

_PHASE = re.compile(r"第?[一二三四五六七八九十0-9]{1,3}期|首期|phase\s*(?:[0-9]+|[ivx]+)", re.IGNORECASE)


class Event(NamedTuple):
    """A contract event that is verified or waits for it; amounts in 万元."""

    pk: int
    project: int
    kind: str
    amount: Decimal
    original_amount: Decimal | None
    signed_on: datetime.date
    ceremony: int | None
    note: str
    paper: str | None  # the digest of its evidence
    verified_on: datetime.date | None


class Investor(NamedTuple):
    """An enterprise as far as the detector asks."""

    pk: int
    name: str
    key: str
    uscc: str | None
    parent: int | None
    phone: str


_PROJECT = (
    "pk",
    "name",
    "national_code",
    "enterprise_id",
    "reporting_unit_id",
    "location_id",
    "is_industrial",
    "stage",
    "stage_since",
    "planned_start",
)


class Facts(NamedTuple):
    """A project's own columns."""

    pk: int
    name: str
    national_code: str | None
    enterprise: int
    unit: int
    location: int
    is_industrial: bool
    stage: str
    stage_since: datetime.date
    planned_start: datetime.date | None


@dataclass
class Record:
    """A signed project with all that is compared of it."""

    facts: Facts
    investor: Investor
    root: int  # the head of the enterprise's group: parents and subsidiaries have the same
    signing: Event
    before: list[Event] = field(default_factory=list)  # framework agreements
    changes: list[Event] = field(default_factory=list)  # what followed the signing, in its order
    units: frozenset[int] = frozenset()
    # The first and the last day on which a contract was handed in as a file.
    papers: tuple[datetime.date, datetime.date] | None = None
    # The last month in which money came or was spent, and the last day on which anything happened.
    progress_in: datetime.date | None = None
    moved_on: datetime.date = datetime.date.min

    @property
    def pk(self) -> int:
        return self.facts.pk

    @property
    def signed_on(self) -> datetime.date:
        return self.signing.signed_on

    @cached_property
    def amount(self) -> Decimal:
        """What was signed, as corrected since (万元); add-ons are left out."""
        corrections = (event.amount for event in self.changes if event.kind == EventKind.CORRECTION)
        return self.signing.amount + sum(corrections, Decimal(0))

    @cached_property
    def name(self) -> str:
        """The project's name without phase and the words that all names have."""
        return bare_name(_PHASE.sub("", self.facts.name))

    @cached_property
    def phase(self) -> str:
        """What the name says of a phase: “二期”; empty where it says nothing."""
        found = _PHASE.search(self.facts.name)
        return found[0] if found else ""

    @cached_property
    def national_key(self) -> str:
        return comparison_key(self.facts.national_code or "").upper()

    @property
    def has_paper(self) -> bool:
        """Whether a contract of its own was handed in, with the signing or beside it."""
        return bool(self.signing.paper or self.papers)


@dataclass
class Books:
    """All records by key, the older signings first."""

    records: dict[int, Record]
    investors: dict[int, Investor]


def read() -> Books:
    """The signings of projects that have not ended, as far as anything of them may still count."""
    investors = {row[0]: Investor(*row) for row in _enterprises()}
    events = _events()
    projects = Project.objects.exclude(status=Status.ENDED).filter(pk__in=_signed_projects())
    records = {}
    for row in projects.order_by("pk").values_list(*_PROJECT).iterator(chunk_size=5000):
        facts = Facts(*row)
        record = _record(facts, events.get(facts.pk, []), investors)
        if record is not None and record.amount > 0:
            records[facts.pk] = record
    _add_shares(records)
    _add_papers(records)
    _add_moves(records)
    ordered = sorted(records.values(), key=lambda record: (record.signed_on, record.pk))
    return Books({record.pk: record for record in ordered}, investors)


def _enterprises() -> Iterable[tuple[int, str, str, str | None, int | None, str]]:
    fields = ("pk", "name", "name_key", "uscc", "parent", "contact_phone")
    return Enterprise.objects.order_by("pk").values_list(*fields)


def _signed_projects() -> "Iterable[int]":
    return ContractEvent.objects.filter(kind=EventKind.SIGNED).values("project")  # type: ignore[return-value]


def _events() -> dict[int, list[Event]]:
    """By project, in the order in which they were signed; what was returned or does not count is no water."""
    rows = ContractEvent.objects.exclude(verdict__verdict=Verdict.RETURNED).filter(exclusion_reason="")
    fields = ("pk", "project", "kind", "amount", "original_amount", "signed_on", "ceremony", "note")
    told = rows.annotate(paper=F("evidence__sha256"), verified_on=F("verdict__on"))
    by_project: dict[int, list[Event]] = defaultdict(list)
    for row in told.order_by("signed_on", "pk").values_list(*fields, "paper", "verified_on"):
        by_project[row[1]].append(Event(*row))
    return by_project


def _record(facts: Facts, events: list[Event], investors: dict[int, Investor]) -> Record | None:
    signing = next((event for event in events if event.kind == EventKind.SIGNED), None)
    if signing is None:
        return None
    return Record(
        facts=facts,
        investor=investors[facts.enterprise],
        root=_root(facts.enterprise, investors),
        signing=signing,
        before=[event for event in events if event.kind == EventKind.FRAMEWORK],
        changes=[event for event in events if event.kind not in (EventKind.SIGNED, EventKind.FRAMEWORK)],
    )


def _root(pk: int, investors: dict[int, Investor]) -> int:
    """The uppermost parent; a circle in the books ends where it began."""
    seen = {pk}
    while (parent := investors[pk].parent) is not None and parent not in seen:
        seen.add(parent)
        pk = parent
    return pk


def _add_shares(records: dict[int, Record]) -> None:
    """The units in whose totals a project counts."""
    units: dict[int, set[int]] = defaultdict(set)
    for project, unit in Share.objects.order_by("pk").values_list("project", "unit"):
        units[project].add(unit)
    for record in records.values():
        record.units = frozenset(units.get(record.pk, set()) | {record.facts.unit})


def _add_papers(records: dict[int, Record]) -> None:
    contracts = Evidence.objects.filter(kind=EvidenceKind.CONTRACT).order_by().values("project")
    days = contracts.annotate(first=Min("added_at__date"), last=Max("added_at__date"))
    for project, first, last in days.values_list("project", "first", "last"):
        if project in records:
            records[project].papers = (first, last)


def _add_moves(records: dict[int, Record]) -> None:
    """The last day on which anything is known to have happened to a project."""
    progress, elsewhere = _progress(), moved_elsewhere()
    for record in records.values():
        record.progress_in = progress.get(record.pk)
        event = (record.changes or [record.signing])[-1]
        days = [record.facts.stage_since, event.signed_on, event.verified_on]
        days += [record.progress_in, elsewhere.get(record.pk)]
        record.moved_on = max(day for day in days if day)


def _progress() -> dict[int, datetime.date]:
    """The last month in which a signed project reported more than before; saying the same is no progress."""
    rows = ProgressReport.objects.filter(project__stage=Stage.SIGNING).order_by("project", "month", "pk")
    most: dict[int, Decimal] = {}
    last: dict[int, datetime.date] = {}
    for project, month, invested, funds in rows.values_list("project", "month", "invested", "funds_in_place"):
        if invested + funds > most.get(project, Decimal(0)):
            most[project], last[project] = invested + funds, month
    return last
