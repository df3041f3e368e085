import logging
import time

from celery import shared_task
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from core import audit, health, jobs, receipts
from core.exporting import large
from core.models import Job

log = logging.getLogger(__name__)


def send(job: Job) -> None:
    """Hand a job to a worker once the row stands. For views, API and commands."""
    transaction.on_commit(lambda: _send(job.pk))


def _send(job_id: int) -> None:
    try:
        run_job.delay(job_id)
    except OperationalError as error:  # the broker is away: the sweeper sends it later
        log.warning("Job %d is not sent yet: %s", job_id, error)


@shared_task
def heartbeat() -> None:
    """Every ten seconds: shows that beat, the broker and a worker are alive."""
    health.beat(at=time.time())


@shared_task
def run_job(job_id: int) -> None:
    """Do a job in the name of whoever asked for it. Sent twice, it is done once."""
    job = jobs.claim(job_id)
    if job is None:
        return
    if job.asked_by is None:
        jobs.run(job)
    else:
        with audit.acting(job.asked_by):
            jobs.run(job)


@shared_task
def sweep() -> None:
    """Every minute: send again what has waited or run without a sign of life."""
    for job_id in jobs.sweep(now=timezone.now()):
        _send(job_id)


@shared_task
def purge() -> None:
    """Every night: forget used receipts, jobs finished long ago, sessions that have ended, and the
    files of large exports that have waited long enough."""
    call_command("clearsessions")
    now = timezone.now()
    receipts.purge(now=now)
    large.purge(now=now)
    jobs.purge(now=now)
