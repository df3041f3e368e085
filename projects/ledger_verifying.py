"""The bureau's yes to a ledger as a whole: what came of it and waits is verified in one go."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.refusal import Refusal
from ledgers.choices import LedgerState
from ledgers.models import Ledger, LedgerRow
from projects import contracts, pipeline
from projects.choices import Stage
from projects.contracts import CannotVerify
from projects.ledger_kind import PROJECTS
from projects.models import ContractEvent, Project

BLOCK = 200  # events read at once
TOLD_EVERY = 20  # events

Tell = Callable[[int, int], None]


class Waiting(NamedTuple):
    """A contract event that waits: its key, the day of signing, 万元."""

    event: int
    signed_on: datetime.date
    amount: Decimal


@dataclass
class Verified:
    """How many events count from now on, and of those that do not: why, in sentences."""

    count: int = 0
    refused: list[str] = field(default_factory=list)


def waiting_of(ledger: Ledger) -> list[Waiting]:
    """The contract events that a ledger brought and that nobody has decided of, the earliest first."""
    if ledger.kind != PROJECTS or ledger.state != LedgerState.COMMITTED:
        return []
    rows = LedgerRow.objects.filter(ledger=ledger)
    brought = {event for _ledger, event in _brought(rows)}
    waiting = ContractEvent.objects.waiting().filter(project__in=rows.values("written"))
    found = waiting.order_by("signed_on", "pk").values_list("pk", "signed_on", "amount")
    return [Waiting(*one) for one in found.iterator() if one[0] in brought]


def ledgers_waiting(user: User) -> list[Ledger]:
    """The ledgers of which something waits, each with how many (`n`), the last first."""
    waiting = dict(ContractEvent.objects.waiting().values_list("pk", "project"))
    ledgers = Ledger.objects.visible_to(user).standing().filter(kind=PROJECTS)
    rows = LedgerRow.objects.filter(
        ledger__in=ledgers, written__in=ContractEvent.objects.waiting().values("project")
    )
    counts = Counter(ledger for ledger, event in _brought(rows) if event in waiting)
    found = list(ledgers.filter(pk__in=counts).select_related("file").order_by("-committed_at", "-pk"))
    for ledger in found:
        ledger.n = counts[ledger.pk]  # type: ignore[attr-defined]
    return found


def _brought(rows: models.QuerySet[LedgerRow]) -> Iterator[tuple[int, int]]:
    """The events that rows have written, each with its ledger."""
    for ledger, undo in rows.exclude(undo={}).values_list("ledger", "undo").iterator():
        for event in undo.get("events", ()):
            yield ledger, event


def verify(ledger: Ledger, *, by: User, today: datetime.date, tell: Tell | None = None) -> Verified:
    """Verify what waits of a ledger. Each event stands for itself: what cannot be verified goes on waiting,
    and a worker that dies in the middle has verified what it had and is left with the rest.

    Raises CannotVerify when `by` entered the ledger.
    """
    refuse_own(ledger, by)
    keys = [one.event for one in waiting_of(ledger)]
    done = Verified()
    for number, event in enumerate(_each(keys), start=1):
        try:
            contracts.verify(event, by=by, today=today)
            done.count += 1
        except Refusal as refusal:
            done.refused.append(f"{event.project.code} {event.project.name}: {refusal}")
        if tell and (number % TOLD_EVERY == 0 or number == len(keys)):
            tell(number, len(keys))
    return done


def refuse_own(ledger: Ledger, by: User) -> None:
    """Raises CannotVerify when `by` entered the ledger: a second person looks at what is to count."""
    if ledger.committed_by_id == by.pk and not by.is_system:
        raise CannotVerify(_("You entered this ledger yourself. Somebody else has to verify it."))


def _each(keys: Sequence[int]) -> Iterator[ContractEvent]:
    for start in range(0, len(keys), BLOCK):
        events = ContractEvent.objects.select_related("project").in_bulk(keys[start : start + BLOCK])
        yield from (events[key] for key in keys[start : start + BLOCK] if key in events)


@transaction.atomic
def take_over_batches(ledger: Ledger, *, by: User, today: datetime.date) -> int:
    """Believe the bureau's own ledger about the batches its signed projects have reached; how many moved.

    What the batches in between would have asked for goes on being shown as missing (pipeline.take_over).
    """
    if ledger.kind != PROJECTS:
        return 0
    rows = ledger.rows.filter(written__isnull=False).order_by("pk")
    told = {row.written: row for row in rows.iterator() if row.value("stage") in Stage.FROM_SIGNING}
    signed = Project.objects.active().filter(stage=Stage.SIGNING, pk__in=rows.order_by().values("written"))
    moves = [
        pipeline.take_over(
            project,
            told[project.pk].value("stage"),
            by=by,
            on=today,
            note=_("as in %(source)s") % {"source": told[project.pk].source(ledger.file.name)},
        )
        for project in signed.order_by("pk")
        if project.pk in told
    ]
    return sum(move is not None for move in moves)
