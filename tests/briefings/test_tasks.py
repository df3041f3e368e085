import datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from briefings import drafting, tasks
from briefings.choices import BriefingState
from briefings.models import Briefing
from core import jobs
from core.models import Job, JobState
from core.tasks import run_job
from tests import factories
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


def morning(day):
    moment = datetime.datetime.combine(
        day, datetime.time(6), tzinfo=datetime.timezone(datetime.timedelta(hours=8))
    )
    return time_machine.travel(moment, tick=False)


def test_a_job_drafts_the_month_and_counts_how_far_it_is(city, clerk):
    job = tasks.ask(MARCH, today=TODAY, asked_by=clerk)

    run_job(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 5, 5)
    assert jobs.page_of(job).endswith("?month=2026-03")
    assert Briefing.objects.count() == 5


def test_asking_while_it_waits_gives_the_same_job_and_afterwards_a_new_one(city, clerk):
    first = tasks.ask(MARCH, today=TODAY, asked_by=clerk)
    again = tasks.ask(MARCH, today=TODAY, asked_by=clerk)
    run_job(first.pk)

    assert again == first
    assert tasks.ask(MARCH, today=TODAY, asked_by=clerk) != first


def test_a_job_sent_ten_times_drafts_once(city, clerk):
    job = tasks.ask(MARCH, today=TODAY, asked_by=clerk)

    for _again in range(10):
        run_job(job.pk)

    assert sorted(Briefing.objects.values_list("version", flat=True)) == [1, 1, 1, 1, 1]


def test_a_job_killed_half_way_is_finished_by_its_next_run(city, clerk):
    job = tasks.ask(MARCH, today=TODAY, asked_by=clerk)
    drafting.draft(MARCH, today=TODAY, by=clerk, only=["city", "force:steel"])  # what was done before
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, touched_at=job.touched_at - jobs.SILENT_AFTER * 2
    )

    (again,) = jobs.sweep(now=job.touched_at)
    run_job(again)

    assert Briefing.objects.count() == 5
    assert Job.objects.get(pk=job.pk).state == JobState.DONE


def test_a_job_for_a_year_without_a_mechanism_ends_with_a_sentence(clerk):
    job = tasks.ask(MARCH, today=TODAY, asked_by=clerk)

    run_job(job.pk)

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "2026" in job.error


@pytest.mark.parametrize(
    ("day", "asked"),
    [
        (datetime.date(2026, 4, 1), ["2026-03"]),  # the first working day of April
        (datetime.date(2026, 4, 3), ["2026-03"]),
        (datetime.date(2026, 4, 4), []),  # a Saturday
    ],
)
def test_every_working_morning_last_month_is_drafted(city, day, asked):
    with morning(day):
        tasks.draft_last_month()

    assert [job.arguments["month"] for job in Job.objects.all()] == asked


def test_mornings_end_once_the_month_is_closed_or_all_is_published(city):
    settled = [drafting.is_settled(MARCH)]
    period = factories.period(MARCH)
    factories.briefing(period, state=BriefingState.PUBLISHED)
    draft = factories.briefing(period, task_force=city.steel)
    settled.append(drafting.is_settled(MARCH))
    draft.delete()
    settled.append(drafting.is_settled(MARCH))
    with morning(TODAY):
        tasks.draft_last_month()

    assert settled == [False, False, True]
    assert not Job.objects.exists()


def test_the_command_drafts_and_says_what_it_did(city):
    out = StringIO()

    call_command("draft_briefings", "2026-03", "--today", "2026-04-01", stdout=out)
    call_command("draft_briefings", "--today", "2026-04-02", stdout=out)

    assert out.getvalue().splitlines() == [
        "2026-03: 5 new, 0 changed, 0 unchanged, 0 kept",
        "2026-03: 0 new, 0 changed, 5 unchanged, 0 kept",
    ]


def test_the_command_refuses_with_the_sentence_of_the_verb(city):
    with pytest.raises(CommandError, match="本月或以前"):
        call_command("draft_briefings", "2026-05", "--today", "2026-04-01")


@pytest.mark.worker
def test_a_real_worker_drafts_the_month(city, clerk, worker):
    import time

    job = tasks.ask(MARCH, today=TODAY, asked_by=clerk)
    for _wait in range(150):
        job.refresh_from_db()
        if job.state in (JobState.DONE, JobState.FAILED):
            break
        time.sleep(0.2)

    assert (job.state, job.error) == (JobState.DONE, "")
    assert Briefing.objects.count() == 5
