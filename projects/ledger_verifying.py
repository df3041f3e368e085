"""The bureau's yes to a ledger as a whole: what came of it and waits is verified in one go."""

import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from ledgers.choices import LedgerState
from ledgers.models import Ledger
from projects import contracts, pipeline
from projects.choices import Stage
from projects.ledger_kind import PROJECTS
from projects.models import ContractEvent, Project
from projects.models.contract import ContractEventQuerySet

AT_ONCE = 1_000  # events verified in one go
NAMED = 150  # of a file's name, as it surely stands in a source


def waiting_of(ledger: Ledger) -> ContractEventQuerySet:
    """The contract events that a ledger brought and that nobody has decided of, the earliest first."""
    if ledger.kind != PROJECTS or ledger.state != LedgerState.COMMITTED:
        return ContractEvent.objects.none()
    projects = ledger.rows.filter(written__isnull=False).values("written")
    brought = ContractEvent.objects.waiting().filter(
        project__in=projects, source__startswith=ledger.file.name[:NAMED]
    )
    return brought.order_by("signed_on", "pk")


@transaction.atomic
def verify(ledger: Ledger, *, by: User, today: datetime.date) -> int:
    """Verify what waits of a ledger, at most a thousand events at once; how many they were.

    Raises contracts.CannotVerify for the first that cannot be: then none is.
    """
    events = list(waiting_of(ledger).select_related("project")[:AT_ONCE])
    for event in events:
        contracts.verify(event, by=by, today=today)
    return len(events)


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
        for project in Project.objects.active().filter(pk__in=told, stage=Stage.SIGNING).order_by("pk")
    ]
    return sum(move is not None for move in moves)
