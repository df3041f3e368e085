"""The bureau's yes to a ledger as a whole: what came of it and waits is verified in one go."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import models, transaction
from django.db.models.functions import Substr
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
from projects.models.contract import ContractEventQuerySet

NAMED = 150  # of a file's name, as it surely stands in a source (LedgerRow.source)

Tell = Callable[[int, int], None]


@dataclass
class Verified:
    """How many events count from now on, and of those that do not: why, in sentences."""

    count: int = 0
    refused: list[str] = field(default_factory=list)


def waiting_of(ledger: Ledger) -> ContractEventQuerySet:
    """The contract events that a ledger brought and that nobody has decided of, the earliest first."""
    if ledger.kind != PROJECTS or ledger.state != LedgerState.COMMITTED:
        return ContractEvent.objects.none()
    projects = ledger.rows.filter(written__isnull=False).values("written")
    brought = ContractEvent.objects.waiting().filter(
        project__in=projects, source__startswith=ledger.file.name[:NAMED]
    )
    return brought.order_by("signed_on", "pk")


def ledgers_waiting(user: User) -> list[Ledger]:
    """The ledgers of which something waits, each with how many (`n`), the last first."""
    written = LedgerRow.objects.filter(ledger=models.OuterRef(models.OuterRef("pk")), written__isnull=False)
    brought = ContractEvent.objects.waiting().filter(
        project__in=written.values("written"),
        source__startswith=Substr(models.OuterRef("file__name"), 1, NAMED),
    )
    count = brought.order_by().annotate(n=models.Func("pk", function="COUNT")).values("n")
    standing = Ledger.objects.visible_to(user).standing().filter(kind=PROJECTS).select_related("file")
    found = standing.annotate(n=models.Subquery(count)).filter(n__gt=0)
    return list(found.order_by("-committed_at", "-pk"))


def verify(ledger: Ledger, *, by: User, today: datetime.date, tell: Tell | None = None) -> Verified:
    """Verify what waits of a ledger. Each event stands for itself: what cannot be verified goes on waiting,
    and a worker that dies in the middle has verified what it had and is left with the rest.

    Raises CannotVerify when `by` entered the ledger.
    """
    if ledger.committed_by_id == by.pk and not by.is_system:
        raise CannotVerify(_("You entered this ledger yourself. Somebody else has to verify it."))
    events = list(waiting_of(ledger).select_related("project"))
    done = Verified()
    for number, event in enumerate(events, start=1):
        try:
            contracts.verify(event, by=by, today=today)
            done.count += 1
        except Refusal as refusal:
            done.refused.append(f"{event.project.code} {event.project.name}: {refusal}")
        if tell:
            tell(number, len(events))
    return done


@transaction.atomic
def take_over_batches(ledger: Ledger, *, by: User, today: datetime.date) -> int:
    """Believe the bureau's own ledger about the batches its signed projects have reached; how many moved.

    What the batches in between would have asked for goes on being shown as missing (pipeline.take_over).
    """
    rows = ledger.rows.filter(written__isnull=False).order_by("pk")
    told = {row.written: row for row in rows if row.written and row.value("stage") in Stage.FROM_SIGNING}
    moves = [
        pipeline.take_over(
            project,
            told[project.pk].value("stage"),
            by=by,
            on=today,
            note=_("as in %(source)s") % {"source": told[project.pk].source(ledger.file.name)},
        )
        for project in Project.objects.active().filter(stage=Stage.SIGNING).order_by("pk")
        if project.pk in told
    ]
    return sum(move is not None for move in moves)
