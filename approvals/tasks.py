"""What approvals do at night, and the long work of reading a workbook."""

import datetime
from functools import partial
from typing import Any

from celery import shared_task
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from approvals import clocks, deadlines, escalation, stalls, workbooks
from approvals.models import EventBook
from core import clock, jobs
from core.models import Job
from core.tasks import send

READ_BOOK = "approvals.read_events"


def read_book(book: EventBook, *, today: datetime.date, language: str) -> Job:
    """The job that reads a workbook of events; its sentences are for whoever handed it in."""
    job = jobs.start(
        kind=READ_BOOK,
        key=f"{READ_BOOK}:{book.pk}",
        arguments={
            "book": book.pk,
            "name": book.file.name,
            "today": today.isoformat(),
            "language": language,
        },
        asked_by=book.handed_in_by,
    )
    send(job)
    return job


@jobs.runs(
    READ_BOOK,
    title=_("Workbook of events: %(name)s"),
    page=lambda job: reverse("approvals:book", args=[job.arguments["book"]]),
)
def _read_book(job: Job) -> None:
    arguments: dict[str, Any] = job.arguments
    book = EventBook.objects.select_related("file", "handed_in_by").get(pk=arguments["book"])
    with translation.override(arguments["language"]):
        workbooks.read(
            book,
            today=datetime.date.fromisoformat(arguments["today"]),
            report=partial(jobs.progress, job),
        )


@shared_task
def flag_stalls() -> None:
    """Every night: count anew by the calendar as it is now, raise and clear flags, then send up what has
    stood on its level for too long; safe to run twice."""
    clocks.recount(today=clock.today())
    deadlines.recount()
    stalls.announce(clock.today())
    escalation.climb(clock.today())
