"""Taking a ledger in: who may hand in what for whom, and whether the very same file is here already.

Nothing is read here: the file is kept as it came, and the ledger waits for its rehearsal
(ledgers/rehearsing.py)."""

import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from core import files, jobs
from core.refusal import Refusal
from core.text import clean_name
from ledgers.choices import LedgerState
from ledgers.declaring import KINDS, Kind
from ledgers.models import Ledger
from taskforces.models import ReportingUnit
from taskforces.rules import UnknownName, reach, unit_named

SENDER_LENGTH = 60


class CannotReceive(Refusal):
    """The ledger is not taken in; the sentence says what to change."""

    http_status = 422


class AlreadyHandedIn(CannotReceive):
    """The very same file of the same sender is here; `ledger` is the one it was handed in as."""

    http_status = 409

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(
            _(
                "The very same file of %(sender)s was handed in on %(on)s. Look at it there; to hand it in "
                "again on purpose, choose the file once more and tick the box."
            )
            % {"sender": ledger.sender, "on": ledger.handed_in_on.isoformat()}
        )
        self.ledger = ledger


class CannotCancel(Refusal):
    """The ledger is not one that can be put aside any more."""


def kinds_for(user: User) -> list[Kind]:
    """The kinds of ledger that the person may hand in."""
    return [kind for kind in KINDS.values() if user.has_perm(kind.permission)]


def units_for(user: User) -> QuerySet[ReportingUnit]:
    """The units for which the person may hand in a ledger: a county office only its own."""
    units = ReportingUnit.objects.order_by("order")
    return units.filter(pk__in=reach(user).units) if user.role == Role.UNIT else units


def receive(
    upload: UploadedFile, *, kind: str, sender: str, by: User, today: datetime.date, again: bool = False
) -> Ledger:
    """Keep a ledger that was handed in. `sender` is a reporting unit by any of its names; the bureau may
    name another office. Raises CannotReceive, AlreadyHandedIn unless `again`, and files.BadFile."""
    if kind not in {one.code for one in kinds_for(by)}:
        raise CannotReceive(_("You may not hand in ledgers of this kind."))
    unit = _unit(sender, by)
    sender = unit.name if unit else clean_name(sender, max_length=SENDER_LENGTH)
    stored = files.store(upload, by=by, door=files.LEDGERS)
    same = _same(stored.sha256, kind=kind, sender=sender)
    if same is not None and not again:
        stored.file.delete(save=False)
        stored.delete()
        raise AlreadyHandedIn(same)
    return Ledger.objects.hand_in(stored, kind=kind, sender=sender, unit=unit, by=by, today=today)


def _unit(sender: str, by: User) -> ReportingUnit | None:
    try:
        unit: ReportingUnit | None = unit_named(sender)
    except UnknownName:
        unit = None
    if by.role == Role.UNIT and (unit is None or unit.pk not in reach(by).units):
        raise CannotReceive(_("You hand in ledgers of your own unit only. Choose it as the sender."))
    if unit is None and not sender.strip():
        raise CannotReceive(_("Say whose ledger it is."))
    return unit


def _same(sha256: str, *, kind: str, sender: str) -> Ledger | None:
    """The last ledger of this very file that was not put aside."""
    put_aside = (LedgerState.CANCELLED, LedgerState.UNREADABLE)
    found = Ledger.objects.filter(kind=kind, sender=sender, file__sha256=sha256).exclude(state__in=put_aside)
    return found.order_by("-pk").first()


def cancel(ledger: Ledger) -> Ledger:
    """Put a ledger aside that has not been entered; a reader that is at work stops."""
    waiting = Ledger.objects.filter(pk=ledger.pk, state__in=(LedgerState.READING, LedgerState.REHEARSED))
    if not waiting.update(state=LedgerState.CANCELLED):
        raise CannotCancel(_("The ledger is no longer waiting, so it cannot be put aside."))
    if ledger.job is not None:
        jobs.cancel(ledger.job)
    ledger.refresh_from_db()
    return ledger
