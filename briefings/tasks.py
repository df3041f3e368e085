"""Drafting a month as long work, by the clock each working day and whenever the bureau asks; each
person's list of the morning."""

import datetime
from functools import partial
from typing import Any

from celery import shared_task
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from briefings import digest, drafting, reminders
from core import clock, jobs
from core.models import Job, JobState
from core.tasks import send
from core.workdays import calendar

KIND = "briefings.draft"


def ask(month: datetime.date, *, today: datetime.date, asked_by: User | None) -> Job:
    """The job that drafts a month. Asked for again while it waits or runs, it is the same one."""
    whose = asked_by.pk if asked_by else "night"
    drafted = Job.objects.filter(
        kind=KIND, arguments__month=f"{month:%Y-%m}", asked_by=asked_by, state=JobState.DONE
    )
    job = jobs.start(
        kind=KIND,
        key=f"{KIND}:{month:%Y-%m}:{whose}:{drafted.count()}",
        arguments={"month": f"{month:%Y-%m}", "today": today.isoformat()},
        asked_by=asked_by,
    )
    send(job)
    return job


def _page(job: Job) -> str:
    return f"{reverse('briefings:list')}?month={job.arguments['month']}"


@jobs.runs(KIND, title=_("Briefings of %(month)s"), page=_page)
def draft_month(job: Job) -> None:
    arguments: dict[str, Any] = job.arguments
    drafting.draft(
        datetime.date.fromisoformat(f"{arguments['month']}-01"),
        today=datetime.date.fromisoformat(arguments["today"]),
        by=job.asked_by or User.objects.system(),
        report=partial(jobs.progress, job),
    )


@shared_task
def draft_last_month() -> None:
    """Every morning; on a working day it drafts last month's briefings until they are settled."""
    today = clock.today()
    month = clock.previous_month(today)
    if calendar().is_workday(today) and not drafting.is_settled(month):
        ask(month, today=today, asked_by=None)


@shared_task
def tell_what_waits() -> None:
    """Every morning at half past seven; on a working day each person is told what waits for them."""
    digest.tell(clock.today())


@shared_task
def remind_of_the_month() -> None:
    """Every morning; on a working day whoever is about to be late with last month, or is, is reminded."""
    reminders.remind(clock.today())
