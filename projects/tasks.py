"""What is done with projects while nobody looks: suspicious signings are looked for each night, and on
the morning of New Year the year's list is proposed. Nobody's figures and nobody's list change.

And what takes too long to wait for: verifying a large ledger."""

import datetime
import uuid
from functools import partial

from celery import shared_task
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import clock, jobs
from core.models import Job, JobState
from core.tasks import send
from ledgers.models import Ledger
from projects import ledger_verifying, new_year, suspicions
from projects.contracts import CannotVerify
from projects.ledger_verifying import Verified
from projects.models import AnnualPlan


@shared_task
def find_suspicions() -> None:
    """Every night: compare all signings; safe to run twice, and twice at once."""
    suspicions.find(clock.today())


@shared_task
def propose_new_year() -> None:
    """Proposes this year's list unless somebody has done so already."""
    today = clock.today()
    if not AnnualPlan.objects.filter(year__gte=today.year).exists():
        new_year.propose(today.year, by=User.objects.system(), today=today)


VERIFY_LEDGER = "projects.verify_ledger"
NAMED = 50  # events that are told one by one


def verify_ledger(ledger: Ledger, *, by: User, today: datetime.date) -> Job:
    """The job that verifies what waits of a ledger; the one that is under way if it was asked for already.

    Raises CannotVerify when `by` entered the ledger.
    """
    ledger_verifying.refuse_own(ledger, by)
    under_way = Job.objects.filter(kind=VERIFY_LEDGER, state__in=(JobState.WAITING, JobState.RUNNING))
    if job := under_way.filter(arguments__ledger=ledger.pk, asked_by=by).first():
        return job
    job = jobs.start(
        kind=VERIFY_LEDGER,
        key=f"{VERIFY_LEDGER}:{ledger.pk}:{uuid.uuid4().hex[:12]}",
        arguments={
            "ledger": ledger.pk,
            "name": ledger.file.name,
            "today": today.isoformat(),
            "language": get_language() or "zh-hans",
        },
        asked_by=by,
    )
    send(job)
    return job


@jobs.runs(
    VERIFY_LEDGER,
    title=_("Ledger verified: %(name)s"),
    page=lambda job: reverse("projects:verify_ledger", args=[job.arguments["ledger"]]),
)
def _verify_ledger(job: Job) -> None:
    """What cannot be verified is told as the job's refusal; the others count."""
    ledger = Ledger.objects.select_related("file").get(pk=job.arguments["ledger"])
    assert job.asked_by is not None
    today = datetime.date.fromisoformat(job.arguments["today"])
    with translation.override(job.arguments["language"]):
        done = ledger_verifying.verify(ledger, by=job.asked_by, today=today, tell=partial(jobs.progress, job))
        if done.refused:
            raise CannotVerify("\n".join([told(done), *done.refused[:NAMED]]))


def told(done: Verified) -> str:
    """How many events count from now on, and how many go on waiting."""
    counted = ngettext(
        "%(n)s event is verified and counts.", "%(n)s events are verified and count.", done.count
    ) % {"n": done.count}
    if not done.refused:
        return counted
    waiting = ngettext("%(n)s goes on waiting:", "%(n)s go on waiting:", len(done.refused))
    return f"{counted} {waiting % {'n': len(done.refused)}}"
