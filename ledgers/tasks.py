"""The long work of reading a ledger: at once while somebody waits for a small one, else by a worker."""

import uuid
from functools import partial

from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import jobs
from core.models import Job
from core.tasks import send
from ledgers import rehearsing
from ledgers.models import Ledger

READ = "ledgers.read"


def read(ledger: Ledger, *, by: User) -> Ledger:
    """Read a ledger for the first time, or anew after an answer. Its sentences are for whoever asks.

    A small one is read before this returns. The row of the job stands all the same: if the machine dies
    in the middle, the sweeper has a worker do it.
    """
    ledger = rehearsing.begin_again(ledger)
    if ledger.job is not None:
        jobs.cancel(ledger.job)  # whoever still reads the ledger as it was before stops
    ledger.job = jobs.start(
        kind=READ,
        key=f"{READ}:{ledger.pk}:{uuid.uuid4().hex[:12]}",
        arguments={"ledger": ledger.pk, "name": ledger.file.name, "language": get_language() or "zh-hans"},
        asked_by=by,
    )
    ledger.save(update_fields=["job"])
    if not rehearsing.is_small(ledger):
        send(ledger.job)
    elif claimed := jobs.claim(ledger.job.pk):
        jobs.run(claimed)
    ledger.refresh_from_db()
    return ledger


@jobs.runs(
    READ,
    title=_("Ledger: %(name)s"),
    page=lambda job: reverse("ledgers:ledger", args=[job.arguments["ledger"]]),
)
def _read(job: Job) -> None:
    ledger = Ledger.objects.select_related("file", "unit", "handed_in_by").get(pk=job.arguments["ledger"])
    with translation.override(job.arguments["language"]):
        rehearsing.rehearse(ledger, today=ledger.handed_in_on, tell=partial(jobs.progress, job))
