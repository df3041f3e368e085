"""The long work on ledgers, reading them, entering them and taking them back: at once while somebody
waits for a small one, else by a worker."""

import datetime
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import jobs
from core.models import Job, JobState
from core.tasks import send
from ledgers import committing, rehearsing
from ledgers.choices import LedgerState
from ledgers.meanwhile import OthersFirst
from ledgers.models import Ledger

READ, ENTER, TAKE_BACK = "ledgers.read", "ledgers.enter", "ledgers.take_back"
UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


def read(ledger: Ledger, *, by: User) -> Ledger:
    """Read a ledger for the first time, or anew after an answer. Its sentences are for whoever asks.

    A small one is read before this returns. The row of the job stands all the same: if the machine dies
    in the middle, the sweeper has a worker do it.
    """
    ledger = rehearsing.begin_again(ledger)
    if ledger.job is not None:
        jobs.cancel(ledger.job)  # whoever still reads the ledger as it was before stops
    return _at_once(ledger, by=by) if rehearsing.is_small(ledger) else _sent(READ, ledger, by=by)


def enter(ledger: Ledger, *, by: User, today: datetime.date) -> Ledger:
    """Enter a rehearsed ledger into the books: a small one at once, unless another of its kind is being
    entered. Raises committing.CannotCommit, BooksChanged."""
    if _is_at(ledger, ENTER):
        return ledger  # pressed twice
    if rehearsing.is_small(ledger):
        with suppress(OthersFirst):
            return committing.commit(ledger, by=by, today=today, waits=False)
    with _given_back(ledger):
        committing.check_books(ledger)  # a worker has nobody to tell
    waiting = Ledger.objects.filter(pk=ledger.pk, state__in=(LedgerState.REHEARSED, LedgerState.COMMITTING))
    if not waiting.update(state=LedgerState.COMMITTING):
        raise committing.CannotCommit(
            gettext("Only a ledger that was rehearsed and is not put aside can be entered.")
        )
    return _sent(ENTER, ledger, by=by, today=today.isoformat())


def take_back(ledger: Ledger, *, by: User, today: datetime.date) -> Ledger:
    """Take an entered ledger back as a whole. Of a large one the job says what hinders it.

    Raises committing.CannotUndo.
    """
    if rehearsing.is_small(ledger) or ledger.state != LedgerState.COMMITTED:
        return committing.undo(ledger, by=by, today=today)
    if is_taken_back_now(ledger):
        return ledger  # pressed twice
    return _sent(TAKE_BACK, ledger, by=by, today=today.isoformat())


def is_taken_back_now(ledger: Ledger) -> bool:
    """A worker is at it: until it has ended the ledger stands in the books."""
    return _is_at(ledger, TAKE_BACK)


def is_in_line(ledger: Ledger) -> bool:
    """A small one that waits for a worker, because another of its kind was being entered."""
    return _is_at(ledger, ENTER) and rehearsing.is_small(ledger)


def read_in(ledger: Ledger) -> str:
    """The language of whoever had it read last: its sentences are told in it. Whatever is done with it
    later hands it on."""
    told = ledger.job.arguments if ledger.job else {}
    return str(told.get("read_in") or told.get("language", ""))


def _is_at(ledger: Ledger, kind: str) -> bool:
    return ledger.job is not None and ledger.job.kind == kind and ledger.job.state in UNDER_WAY


@contextmanager
def _given_back(ledger: Ledger) -> Iterator[None]:
    """A ledger that waits for a worker to enter it, and would be entered into other books than it was
    read beside, is open again for whoever is to look at it."""
    try:
        yield
    except committing.BooksChanged:
        waiting = Ledger.objects.filter(pk=ledger.pk, state=LedgerState.COMMITTING)
        waiting.update(state=LedgerState.REHEARSED)
        raise


def _at_once(ledger: Ledger, *, by: User) -> Ledger:
    if claimed := jobs.claim(_asked(READ, ledger, by=by).pk):
        jobs.run(claimed)
    ledger.refresh_from_db()
    return ledger


def _sent(kind: str, ledger: Ledger, *, by: User, **more: str) -> Ledger:
    send(_asked(kind, ledger, by=by, **more))
    ledger.refresh_from_db()
    return ledger


def _asked(kind: str, ledger: Ledger, *, by: User, **more: str) -> Job:
    language = get_language() or "zh-hans"
    ledger.job = jobs.start(
        kind=kind,
        key=f"{kind}:{ledger.pk}:{uuid.uuid4().hex[:12]}",
        arguments={
            "ledger": ledger.pk,
            "name": ledger.file.name,
            "language": language,
            "read_in": language if kind == READ else read_in(ledger),
            **more,
        },
        asked_by=by,
    )
    ledger.save(update_fields=["job"])
    return ledger.job


@jobs.runs(
    READ,
    title=_("Ledger: %(name)s"),
    page=lambda job: reverse("ledgers:ledger", args=[job.arguments["ledger"]]),
)
def _read(job: Job) -> None:
    ledger = Ledger.objects.select_related("file", "unit", "handed_in_by").get(pk=job.arguments["ledger"])
    with translation.override(job.arguments["language"]):
        rehearsing.rehearse(ledger, today=ledger.handed_in_on, tell=partial(jobs.progress, job))


@jobs.runs(
    ENTER,
    title=_("Ledger entered: %(name)s"),
    page=lambda job: reverse("ledgers:ledger", args=[job.arguments["ledger"]]),
)
def _enter(job: Job) -> None:
    """How far it is cannot be told: the whole is one transaction, and nobody sees into it."""
    ledger = Ledger.objects.select_related("file", "unit", "handed_in_by").get(pk=job.arguments["ledger"])
    assert job.asked_by is not None
    today = datetime.date.fromisoformat(job.arguments["today"])
    with translation.override(job.arguments["language"]), _given_back(ledger):
        committing.commit(ledger, by=job.asked_by, today=today)


@jobs.runs(
    TAKE_BACK,
    title=_("Ledger taken back: %(name)s"),
    page=lambda job: reverse("ledgers:ledger", args=[job.arguments["ledger"]]),
)
def _take_back(job: Job) -> None:
    ledger = Ledger.objects.get(pk=job.arguments["ledger"])
    assert job.asked_by is not None
    today = datetime.date.fromisoformat(job.arguments["today"])
    with translation.override(job.arguments["language"]):
        try:
            committing.undo(ledger, by=job.asked_by, today=today)
        except committing.CannotUndo as refusal:
            raise committing.CannotUndo("\n".join([refusal.message, *refusal.details])) from refusal
