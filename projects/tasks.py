"""What is done with projects while nobody looks: suspicious signings are looked for each night, and on
the morning of New Year the year's list is proposed. Nobody's figures and nobody's list change.

And what takes too long to wait for: verifying a large ledger."""

import datetime
from functools import partial

from celery import shared_task
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import clock, jobs
from core.models import Job
from core.tasks import send
from ledgers.models import Ledger
from projects import ledger_verifying, new_year, suspicions
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


def verify_ledger(ledger: Ledger, *, by: User, today: datetime.date) -> Job:
    """The job that verifies what waits of a ledger; asked for twice on a day it is one."""
    job = jobs.start(
        kind=VERIFY_LEDGER,
        key=f"{VERIFY_LEDGER}:{ledger.pk}:{by.pk}:{today.isoformat()}:{ledger_verifying.waiting_of(ledger).count()}",
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
    ledger = Ledger.objects.select_related("file").get(pk=job.arguments["ledger"])
    assert job.asked_by is not None
    today = datetime.date.fromisoformat(job.arguments["today"])
    with translation.override(job.arguments["language"]):
        ledger_verifying.verify(ledger, by=job.asked_by, today=today, tell=partial(jobs.progress, job))
