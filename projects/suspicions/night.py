"""The night: the rows of suspicions brought into line with what the books show."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from projects.choices import SuspicionState
from projects.models import Suspicion, SuspicionRule
from projects.suspicions.findings import Finding
from projects.suspicions.question import look
from projects.suspicions.thresholds import Rules, load_rules, rules_of

Key = tuple[str, str]
_TOLD = ["fingerprint", "project_id", "facts", "points", "grade", "amount"]


@dataclass(frozen=True)
class Found:
    """What a night has changed."""

    raised: list[Suspicion]
    kept: int
    gone: list[Suspicion]


@transaction.atomic
def find(today: datetime.date) -> Found:
    """Raise what is new, tell better what has changed, take down what the books show no more.

    Run again, or by a second worker at the same time, it ends in the same rows: the thresholds' rows
    are the lock, and a subject has one open suspicion and one row an evidence by constraint. What was
    judged stays judged; other evidence on the same subject is raised anew and names that verdict. Run
    for a past day it leaves alone what later nights have told.
    """
    load_rules(today)
    rows = list(SuspicionRule.objects.select_for_update().order_by("effective_from", "pk"))
    rules = rules_of(rows, today)
    known = _known()
    findings = [one for one in look(rules, today=today) if not _told_later(known[one.key], today)]
    night = _Night(today, rules, known)
    for finding in findings:
        night.take(finding)
    night.take_down({finding.key for finding in findings})
    night.write()
    return Found(night.raised, night.kept, night.gone)


def _known() -> dict[Key, list[Suspicion]]:
    """All rows of each subject, the oldest first."""
    known: dict[Key, list[Suspicion]] = defaultdict(list)
    for row in Suspicion.objects.order_by("pk"):
        known[row.kind, row.subject].append(row)
    return known


def _told_later(rows: Iterable[Suspicion], today: datetime.date) -> bool:
    return any(row.evidence_on > today or (row.gone_on and row.gone_on > today) for row in rows)


class _Night:
    """What is to be written, gathered first so that it is written at once."""

    def __init__(self, today: datetime.date, rules: Rules, known: dict[Key, list[Suspicion]]) -> None:
        self.today, self.rules, self.known = today, rules, known
        self.raised: list[Suspicion] = []
        self.changed: list[Suspicion] = []
        self.gone: list[Suspicion] = []
        self.kept = 0
        self.compared: list[tuple[Suspicion, Sequence[int]]] = []

    def take(self, finding: Finding) -> None:
        rows = self.known[finding.key]
        same = next((row for row in rows if row.fingerprint == finding.fingerprint), None)
        standing = next((row for row in rows if _is_open(row)), None)
        if same is not None:
            self._take_known(same, standing, finding)
        elif standing is not None:  # nobody has judged it yet: the same suspicion, told better
            self._tell(standing, finding)
            standing.evidence_on = self.today
            self.kept += 1
            self.compared.append((standing, finding.records))
        else:
            self._raise(finding, before=next((row for row in rows[::-1] if _was_judged(row)), None))

    def _take_known(self, same: Suspicion, standing: Suspicion | None, finding: Finding) -> None:
        """Evidence that was told before: what was judged stays judged, what was gone is back."""
        if standing is not None and standing is not same:
            self._go(standing)
        if same.gone_on is not None:
            same.gone_on, same.evidence_on = None, self.today
            self._tell(same, finding)
        elif _is_open(same) and _differs(same, finding, self.rules):
            self._tell(same, finding)
        self.kept += 1

    def _tell(self, row: Suspicion, finding: Finding) -> None:
        values = _values(finding, self.rules)
        for name in _TOLD:
            setattr(row, name, values[name])
        self.changed.append(row)

    def _raise(self, finding: Finding, *, before: Suspicion | None) -> None:
        row = Suspicion(
            kind=finding.kind,
            subject=finding.subject,
            raised_on=self.today,
            evidence_on=self.today,
            before=before,
            **_values(finding, self.rules),
        )
        if before is not None and before.state == SuspicionState.WATCHED:
            self._go(before)
        self.raised.append(row)
        self.compared.append((row, finding.records))

    def take_down(self, found: set[Key]) -> None:
        """What stands, was not told by a later night, and is to be seen no more."""
        for key, rows in self.known.items():
            if key not in found and not _told_later(rows, self.today):
                for row in rows:
                    if row.is_open:
                        self._go(row)

    def _go(self, row: Suspicion) -> None:
        row.gone_on = self.today
        self.gone.append(row)

    def write(self) -> None:
        changed = list({row.pk: row for row in [*self.gone, *self.changed]}.values())
        fields = [*_TOLD, "evidence_on", "gone_on"]
        Suspicion.objects.bulk_update(changed, fields, batch_size=500)
        Suspicion.objects.bulk_create(self.raised, batch_size=500)
        through = Suspicion.records.through
        known = [row.pk for row, _records in self.compared if row not in self.raised]
        through.objects.filter(suspicion__in=known).delete()
        through.objects.bulk_create(
            (
                through(suspicion_id=row.pk, project_id=project)
                for row, records in self.compared
                for project in records
            ),
            batch_size=500,
        )


def _is_open(row: Suspicion) -> bool:
    return row.gone_on is None and row.state == SuspicionState.OPEN


def _was_judged(row: Suspicion) -> bool:
    return row.state != SuspicionState.OPEN


def _differs(row: Suspicion, finding: Finding, rules: Rules) -> bool:
    """The same evidence weighs more or less by other thresholds."""
    return row.points != finding.points or row.grade != rules.grade(finding.kind, finding.points)


def _values(finding: Finding, rules: Rules) -> dict[str, object]:
    return {
        "fingerprint": finding.fingerprint,
        "project_id": finding.project,
        "facts": [list(fact) for fact in finding.facts],
        "points": finding.points,
        "grade": rules.grade(finding.kind, finding.points),
        "amount": finding.amount,
    }
