"""Taking a ledger of projects back, as long as nothing was built on it.

History is never deleted: entries that nobody verified are returned with the reason that the ledger was
taken back, a project that only the ledger made ends with that reason, and facts that it changed are what
they were before. So every figure is as before, and the trail shows both.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from ledgers.choices import LedgerState
from ledgers.committing import reason
from ledgers.declaring import Undoing
from ledgers.models import Ledger, LedgerRow
from projects import contracts, pipeline
from projects.choices import Verdict
from projects.ledger_matching import OF_ENTERPRISE, Reader
from projects.models import ContractEvent, Enterprise, Project


def take_back(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
    """Take back what `enter` wrote for a block of rows, or say what was built on it."""
    assert ledger.undone_at is not None
    marks = _marks(rows, ledger)
    back = _TakingBack(ledger, by, timezone.localdate(ledger.undone_at), marks)
    hindrances = list(back.hindrances())
    if not hindrances:
        back.carry_out()
    return Undoing(hindrances)


@dataclass
class Mark:
    """What one ledger did to one project, by all its rows."""

    rows: list[LedgerRow] = field(default_factory=list)

    @property
    def is_made(self) -> bool:
        return any(row.undo.get("made") for row in self.rows)

    @property
    def version(self) -> int:
        return max(row.undo.get("version", 0) for row in self.rows)

    @property
    def events(self) -> list[int]:
        return [pk for row in self.rows for pk in row.undo.get("events", ())]

    @property
    def withdrawn(self) -> list[int]:
        """Events of others that it withdrew; what it entered itself and withdrew is none."""
        return [pk for row in self.rows for pk in row.undo.get("withdrawn", ()) if pk not in self.events]

    @property
    def facts(self) -> dict[str, Any]:
        """Each fact as it was before: of several rows the first knew it."""
        before: dict[str, Any] = {}
        for row in self.rows:
            for name, (old, _new) in (row.undo.get("facts") or {}).items():
                before.setdefault(name, old)
        return before


def _marks(rows: Sequence[LedgerRow], ledger: Ledger) -> dict[int, Mark]:
    """The projects of a block with all that the ledger did to them, each in one block only."""
    taken: set[int] = ledger.__dict__.setdefault("_taken_back", set())
    touched = {row.written for row in rows if row.written is not None and row.undo} - taken
    taken |= touched
    marks: dict[int, Mark] = defaultdict(Mark)
    for row in ledger.rows.filter(written__in=touched).exclude(undo={}).order_by("pk"):
        assert row.written is not None
        marks[row.written].rows.append(row)
    return dict(marks)


# Rows that lead to a project without anybody having built on it: what its own entry wrote, and what
# the night or a reader leaves.
HARMLESS = frozenset(
    {
        "contract_events",
        "stage_changes",
        "shares",
        "stall_flags",
        "suspicions",
        "compared_in",
        "contact_reveals",
    }
)


@cache
def _relations() -> list[Any]:
    """All that can lead to a project, in whichever app."""
    relations = Project._meta.related_objects
    return [one for one in relations if (one.related_name or one.name) not in HARMLESS]


@dataclass
class _TakingBack:
    ledger: Ledger
    by: User
    today: datetime.date
    marks: dict[int, Mark]

    def __post_init__(self) -> None:
        rows = Project.objects.filter(pk__in=self.marks).order_by("pk").select_for_update(of=("self",))
        self.projects = {project.pk: project for project in rows}
        events = ContractEvent.objects.filter(project__in=self.marks).select_related("verdict")
        self.events: dict[int, list[ContractEvent]] = defaultdict(list)
        for event in events.order_by("pk"):
            self.events[event.project_id].append(event)

    # --- What hinders it ---

    def hindrances(self) -> Iterator[str]:
        built = self._built_on()
        later = self._later_ledgers()
        for pk, mark in self.marks.items():
            project = self.projects[pk]
            for what in self._of_contract(mark, self.events[pk]):
                yield self._sentence(project, what)
            if project.version != mark.version and not self._moved_by_verdict(mark, self.events[pk]):
                yield self._sentence(project, _("it was changed or moved since"))
            for what in (*built.get(pk, ()), *later.get(pk, ())):
                yield self._sentence(project, what)

    def _sentence(self, project: Project, what: str) -> str:
        return _("%(code)s %(project)s: %(what)s") % {
            "code": project.code,
            "project": project.name,
            "what": what,
        }

    def _of_contract(self, mark: Mark, events: Sequence[ContractEvent]) -> Iterator[str]:
        ours = set(mark.events)
        for event in events:
            verdict = event.verdict.verdict if hasattr(event, "verdict") else ""
            if event.pk in ours and verdict == Verdict.VERIFIED:
                yield _("“%(event)s” is verified") % {"event": event.get_kind_display()}
            elif event.pk not in ours and ours and event.pk > min(ours) and verdict != Verdict.RETURNED:
                yield _("“%(event)s” was entered since") % {"event": event.get_kind_display()}

    def _moved_by_verdict(self, mark: Mark, events: Sequence[ContractEvent]) -> bool:
        """A verified signing moves the project: that it is verified is said already."""
        return any(
            e.pk in mark.events and getattr(e, "verdict", None) and e.verdict.verdict == Verdict.VERIFIED
            for e in events
        )

    def _built_on(self) -> dict[int, list[str]]:
        """What other rows lead to the projects that only the ledger made: one question a relation."""
        made = [pk for pk, mark in self.marks.items() if mark.is_made]
        found: dict[int, list[str]] = defaultdict(list)
        for relation in _relations() if made else ():
            name = relation.field.name
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": made})
            for pk in rows.order_by().values_list(name, flat=True).distinct():
                found[pk].append(str(relation.related_model._meta.verbose_name))
        return found

    def _later_ledgers(self) -> dict[int, list[str]]:
        later = LedgerRow.objects.filter(
            written__in=self.marks,
            ledger__state=LedgerState.COMMITTED,
            ledger__kind=self.ledger.kind,
            ledger__committed_at__gt=self.ledger.committed_at,
        ).exclude(ledger=self.ledger.pk)
        found: dict[int, list[str]] = defaultdict(list)
        for pk, name in later.order_by().values_list("written", "ledger__file__name").distinct():
            if pk is not None:
                found[pk].append(_("“%(file)s” was entered after it") % {"file": name})
        return found

    # --- Taking back ---

    def carry_out(self) -> None:
        self._return_events()
        made = [self.projects[pk] for pk, mark in self.marks.items() if mark.is_made]
        pipeline.end_many(made, reason=reason(self.ledger), by=self.by, today=self.today)
        # One code, one project: the code is free for the right entry.
        Project.objects.filter(pk__in=[p.pk for p in made], national_code__isnull=False).update(
            national_code=None
        )
        for pk, mark in self.marks.items():
            if not mark.is_made:
                self._restore(self.projects[pk], mark)

    def _return_events(self) -> None:
        waiting = [
            event
            for pk, mark in self.marks.items()
            for event in self.events[pk]
            if event.pk in mark.events and not hasattr(event, "verdict")
        ]
        contracts.withdraw(waiting, reason=reason(self.ledger), by=self.by, today=self.today)

    def _restore(self, project: Project, mark: Mark) -> None:
        """The facts as they were. What was withdrawn for a right entry is entered once more: a returned
        event stays returned."""
        reader = _reader(self.ledger)
        before = mark.facts
        facts = {name: old for name, old in before.items() if name not in OF_ENTERPRISE}
        for name, old in facts.items():
            attribute, value = _as_before(name, old, reader)
            setattr(project, attribute, value)
        if facts:
            names = [_as_before(name, old, reader)[0] for name, old in facts.items()]
            project.version += 1
            project.save(update_fields=[*names, "version"])
        self._restore_enterprise(
            project, {name: before[name] for name in OF_ENTERPRISE if name in before}, mark
        )
        for event in self.events[project.pk]:
            if event.pk in mark.withdrawn:
                again = {name: getattr(event, name) for name in contracts.Terms.__dataclass_fields__}
                contracts.record(project, contracts.Terms(**again), by=self.by, today=self.today)

    def _restore_enterprise(self, project: Project, before: dict[str, Any], mark: Mark) -> None:
        """Only while nobody else has changed the enterprise since."""
        marks = [row.undo["enterprise"] for row in mark.rows if row.undo.get("enterprise")]
        if not before or not marks:
            return
        pk, version = marks[-1]
        values = {name: (old or None) if name == "uscc" else old for name, old in before.items()}
        Enterprise.objects.filter(pk=pk, version=version).update(**values, version=F("version") + 1)


def _reader(ledger: Ledger) -> Reader:
    reader: Reader = ledger.__dict__.setdefault("_reader", None) or Reader()
    ledger.__dict__["_reader"] = reader
    return reader


def _as_before(name: str, old: Any, reader: Reader) -> tuple[str, Any]:
    if name == "unit":
        return "reporting_unit", reader.units[old]
    if name == "location":
        return "location", reader.units[old]
    if name == "task_force":
        return "task_force", reader.forces[old]
    if name == "industrial":
        return "is_industrial", old
    if name in ("fixed_assets", "annual_output"):
        return name, Decimal(old) if old else None
    if name in ("planned_start", "planned_production"):
        return name, datetime.date.fromisoformat(old) if old else None
    return name, (old or None) if name == "national_code" else old
