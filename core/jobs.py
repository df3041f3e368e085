"""Long work that is done once, whatever happens to the worker.

The row, not the broker, knows what is to be done. A worker claims it by changing its state, gives a
sign of life while it works, and only whoever holds the claim may finish it. What has been silent too
long is put back by the sweeper (core/tasks.py). A runner may therefore begin a second time where
the first one stopped: it must find its own traces.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.models import Job, JobState
from core.refusal import Refusal

SIGN_OF_LIFE = 10.0  # seconds between two
SILENT_AFTER = timedelta(seconds=60)
MOST_ATTEMPTS = 3
KEPT_FOR = timedelta(days=180)


class ClaimLost(Exception):
    """The job was taken to be dead and given to another worker, or cancelled: stop without a further
    trace."""


@dataclass(frozen=True)
class Kind:
    """One kind of long work: how it is done, what it is called, and where its outcome stands."""

    run: Callable[[Job], None]
    title: str | Promise
    page: Callable[[Job], str] | None
    may_be_cancelled: bool  # on its own page; other work has buttons where it is shown


KINDS: dict[str, Kind] = {}


def runs(
    kind: str,
    *,
    title: str | Promise,
    page: Callable[[Job], str] | None = None,
    may_be_cancelled: bool = False,
) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """`@jobs.runs("draft_briefings", title=_("Briefings of %(month)s"))`: the job's arguments fill
    the title. The function raises a Refusal when there is nothing to be done about it."""

    def decorate(function: Callable[[Job], None]) -> Callable[[Job], None]:
        KINDS[kind] = Kind(function, title, page, may_be_cancelled)
        return function

    return decorate


def title_of(job: Job) -> str:
    """The job in words, in the reader's language."""
    kind = KINDS.get(job.kind)
    return str(kind.title) % job.arguments if kind else job.kind


def page_of(job: Job) -> str:
    """Where the outcome of a finished job stands; empty when there is no such page."""
    kind = KINDS.get(job.kind)
    return kind.page(job) if kind and kind.page and job.state == JobState.DONE else ""


def may_be_cancelled(job: Job, by: Any) -> bool:
    """Whether this person may say that the outcome is not wanted any more."""
    kind = KINDS.get(job.kind)
    is_under_way = job.state in (JobState.WAITING, JobState.RUNNING)
    return bool(kind and kind.may_be_cancelled and is_under_way and job.asked_by_id == by.pk)


# --- Asking ----------------------------------------------------------------------------------------


def start(*, kind: str, key: str, arguments: Mapping[str, Any], asked_by: Any) -> Job:
    """The job with that key, made if it is new. One that had failed is tried again.

    It only writes the row: the edge hands it to a worker with `core.tasks.send`.
    """
    job, _made = Job.objects.get_or_create(
        key=key, defaults={"kind": kind, "arguments": dict(arguments), "asked_by": asked_by}
    )
    now = timezone.now()
    again = Job.objects.filter(pk=job.pk, state=JobState.FAILED)
    if again.update(state=JobState.WAITING, attempts=0, error="", touched_at=now, finished_at=None):
        job.refresh_from_db()
    return job


def visible_to(user: Any) -> models.QuerySet[Job]:
    """Whoever asked for it, and the administrators."""
    return Job.objects.all() if user.is_staff else Job.objects.filter(asked_by=user)


def asked_by(user: Any) -> models.QuerySet[Job]:
    return Job.objects.filter(asked_by=user)


def cancel(job: Job) -> bool:
    """Nobody wants it any more: whoever works at it is told so when they next say how far they are."""
    now = timezone.now()
    under_way = Job.objects.filter(pk=job.pk, state__in=(JobState.WAITING, JobState.RUNNING))
    return bool(under_way.update(state=JobState.CANCELLED, touched_at=now, finished_at=now))


# --- Working ---------------------------------------------------------------------------------------


def claim(job_id: int) -> Job | None:
    """The job, ours from now on; None when another worker has it or it is done."""
    waiting = Job.objects.filter(pk=job_id, state=JobState.WAITING)
    attempts = models.F("attempts") + 1
    if not waiting.update(state=JobState.RUNNING, attempts=attempts, touched_at=timezone.now()):
        return None
    return Job.objects.select_related("asked_by").get(pk=job_id)


def run(job: Job) -> None:
    """Do the work of a claimed job."""
    kind = KINDS.get(job.kind)
    if kind is None:
        fail(job, _("The program no longer knows this kind of work."))
        return
    try:
        with alive(job):
            kind.run(job)
    except Refusal as refusal:
        fail(job, str(refusal))
    except ClaimLost:
        return
    except Exception:
        _give_back(job)
        raise
    else:
        finish(job)


def progress(job: Job, done: int, total: int) -> None:
    """How far it is. Raises ClaimLost when another worker has taken over, or when it was cancelled."""
    if not _ours(job).update(done=done, total=total, touched_at=timezone.now()):
        raise ClaimLost
    job.done, job.total = done, total


def progress_aside(job: Job, done: int, total: int) -> None:
    """The same in the middle of reading a long list. A connection of SQLite's that is reading may write
    nothing once anybody else has written ("database is locked"): another connection says it.

    How far it is may stay unsaid when the database is busy; that the claim is lost, never.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        progress(job, done, total)
        return
    with ThreadPoolExecutor(1) as aside:
        aside.submit(_progress_and_close, job, done, total).result()


def _progress_and_close(job: Job, done: int, total: int) -> None:
    try:
        progress(job, done, total)
    except DatabaseError:  # busy: the next word will do
        pass
    finally:
        connection.close()


def finish(job: Job) -> bool:
    now = timezone.now()
    return bool(_ours(job).update(state=JobState.DONE, error="", touched_at=now, finished_at=now))


def fail(job: Job, sentence: str) -> bool:
    now = timezone.now()
    return bool(_ours(job).update(state=JobState.FAILED, error=sentence, touched_at=now, finished_at=now))


def _give_back(job: Job) -> None:
    """After a fault of the program or the machine: the sweeper tries again after a while."""
    _ours(job).update(state=JobState.WAITING, touched_at=timezone.now())


def _ours(job: Job) -> models.QuerySet[Job]:
    """The row while our claim holds: each claim raises the number of attempts."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts)


@contextmanager
def alive(job: Job) -> Iterator[None]:
    """Signs of life from a thread of its own, so that a long step is not taken for death."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(job, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(job: Job, over: threading.Event) -> None:
    while not over.wait(SIGN_OF_LIFE):
        try:
            _ours(job).update(touched_at=timezone.now())
        except DatabaseError:  # busy or away: the next sign will do
            pass
        finally:
            connection.close()


# --- Sweeping ----------------------------------------------------------------------------------------


def sweep(*, now: datetime) -> list[int]:
    """Put back what has waited or run without a sign of life; the ids are to be sent again."""
    silent = Job.objects.filter(
        state__in=(JobState.WAITING, JobState.RUNNING), touched_at__lt=now - SILENT_AFTER
    )
    again = []
    for job in silent.order_by("asked_at"):
        seen = Job.objects.filter(pk=job.pk, state=job.state, touched_at=job.touched_at)
        if job.attempts >= MOST_ATTEMPTS:
            seen.update(state=JobState.FAILED, error=_given_up(), touched_at=now, finished_at=now)
        elif seen.update(state=JobState.WAITING, touched_at=now):
            again.append(job.pk)
    return again


def _given_up() -> str:
    return _(
        "The work was begun %(count)d times and stopped before its end each time. "
        "Ask the system administrator to look at the worker's log, then start it again."
    ) % {"count": MOST_ATTEMPTS}


def purge(*, now: datetime) -> int:
    """Forget what was finished long ago."""
    deleted, _by_model = Job.objects.filter(finished_at__lt=now - KEPT_FOR).delete()
    return deleted
