"""Long work is done once, whatever happens to the worker."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.utils import timezone, translation

from core import audit, jobs, tasks
from core.models import AuditEntry, Job, JobState
from core.refusal import Refusal
from core.tasking import Task
from projects.models import Enterprise
from tests import long_work

LATER = timedelta(minutes=5)


@pytest.fixture
def ask(clerk) -> Callable[..., Job]:
    def asked(key: str = "once", kind: str = "long_work", **arguments: Any) -> Job:
        return jobs.start(kind=kind, key=key, arguments={"name": "甲", **arguments}, asked_by=clerk)

    return asked


@pytest.fixture
def kind():
    """Registers a kind of work for one test."""
    before = dict(jobs.KINDS)
    yield jobs.runs("of this test", title="…")
    jobs.KINDS.clear()
    jobs.KINDS.update(before)


def state(job: Job) -> tuple[str, int, str]:
    job.refresh_from_db()
    return job.state, job.attempts, job.error


def done() -> int:
    return Enterprise.objects.filter(name_key="long work").count()


# --- Asking ----------------------------------------------------------------------------------------


def test_asking_twice_gives_the_same_job(ask):
    assert ask() == ask()
    assert Job.objects.count() == 1


def test_asking_for_what_is_done_does_not_begin_again(ask):
    tasks.run_job(ask().pk)

    assert state(ask()) == (JobState.DONE, 1, "")


def test_asking_for_what_failed_tries_again(ask):
    job = ask()
    jobs.fail(jobs.claim(job.pk), "Nothing was entered.")  # type: ignore[arg-type]

    again = ask()

    assert (again.pk, again.state, again.attempts, again.error) == (job.pk, JobState.WAITING, 0, "")


def test_a_job_says_what_it_is_in_the_readers_language(ask):
    assert jobs.title_of(ask()) == "甲"
    assert jobs.title_of(Job(kind="of another release")) == "of another release"


def test_a_job_is_seen_by_whoever_asked_and_by_administrators(ask, clerk, leader, system_admin):
    job = ask()

    assert [list(jobs.visible_to(user)) for user in (clerk, leader, system_admin)] == [[job], [], [job]]


# --- Working ---------------------------------------------------------------------------------------


def test_a_job_runs_to_its_end(ask):
    job = ask()

    tasks.run_job(job.pk)

    assert state(job) == (JobState.DONE, 1, "")
    assert (job.done, job.total, done()) == (long_work.STEPS, long_work.STEPS, long_work.STEPS)
    assert job.finished_at is not None


def test_a_job_sent_twice_is_done_once(ask):
    job = ask()

    tasks.run_job(job.pk)
    tasks.run_job(job.pk)

    assert state(job) == (JobState.DONE, 1, "")


def test_a_job_works_in_the_name_of_whoever_asked(ask, clerk):
    tasks.run_job(ask().pk)

    actors = AuditEntry.objects.filter(table="projects_enterprise").values_list("actor_id", flat=True)
    assert set(actors) == {clerk.pk}


def test_a_job_of_nobody_works_in_the_name_of_the_system(db, django_user_model):
    job = jobs.start(kind="long_work", key="x", arguments={"name": "乙"}, asked_by=None)

    tasks.run_job(job.pk)

    actors = AuditEntry.objects.filter(table="projects_enterprise").values_list("actor_id", flat=True)
    assert set(actors) == {django_user_model.objects.system().pk}


def test_a_refusal_ends_the_job_with_its_sentence(ask, kind):
    @kind
    def refuse(job: Job) -> None:
        raise Refusal("The workbook has no sheet “visits”.")

    job = ask(kind="of this test")
    tasks.run_job(job.pk)

    assert state(job) == (JobState.FAILED, 1, "The workbook has no sheet “visits”.")


def test_a_fault_gives_the_job_back_and_rises(ask, kind):
    @kind
    def stumble(job: Job) -> None:
        raise ZeroDivisionError

    job = ask(kind="of this test")
    with pytest.raises(ZeroDivisionError):
        tasks.run_job(job.pk)

    assert state(job) == (JobState.WAITING, 1, "")


def test_work_the_program_does_not_know_fails_with_a_sentence(ask):
    job = ask(kind="of another release")

    with translation.override("en"):
        tasks.run_job(job.pk)

    assert state(job) == (JobState.FAILED, 1, "The program no longer knows this kind of work.")


def test_an_older_worker_cannot_write_after_its_claim_is_lost(ask):
    job = ask()
    older = jobs.claim(job.pk)
    assert older
    assert jobs.sweep(now=timezone.now() + LATER) == [job.pk]
    newer = jobs.claim(job.pk)
    assert newer

    with pytest.raises(jobs.ClaimLost):
        jobs.progress(older, 1, 2)
    assert (jobs.finish(older), jobs.fail(older, "x"), jobs.finish(newer)) == (False, False, True)
    assert state(job) == (JobState.DONE, 2, "")


def test_a_claim_is_given_once(ask):
    job = ask()

    assert jobs.claim(job.pk) == job
    assert jobs.claim(job.pk) is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_it_once(ask):
    job = ask(pause=0.05)
    at_once = threading.Barrier(2)

    def work() -> None:
        try:
            at_once.wait()
            tasks.run_job(job.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert state(job) == (JobState.DONE, 1, "")
    assert done() == long_work.STEPS
    assert AuditEntry.objects.filter(table="projects_enterprise", action="insert").count() == long_work.STEPS


@pytest.mark.django_db(transaction=True)
def test_a_long_step_gives_signs_of_life(ask, kind, monkeypatch):
    monkeypatch.setattr(jobs, "SIGN_OF_LIFE", 0.05)
    seen: list[Any] = []

    @kind
    def long_step(job: Job) -> None:
        seen.append(Job.objects.get(pk=job.pk).touched_at)
        deadline = time.monotonic() + 10
        while Job.objects.get(pk=job.pk).touched_at == seen[0] and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(Job.objects.get(pk=job.pk).touched_at)

    tasks.run_job(ask(kind="of this test").pk)

    assert seen[1] > seen[0]


@pytest.mark.django_db(transaction=True)
def test_how_far_it_is_can_be_said_while_a_long_list_is_read_and_others_write(ask):
    """SQLite refuses that to the connection which reads."""
    Enterprise.objects.bulk_create(Enterprise(name=f"{n}", name_key="list") for n in range(500))
    job = jobs.claim(ask().pk)
    assert job
    rows = Enterprise.objects.order_by("pk").iterator(chunk_size=1)
    next(rows)
    _elsewhere(lambda: Enterprise.objects.create(name="another", name_key="another"))

    jobs.progress_aside(job, 1, 500)

    assert len(list(rows)) >= 499
    assert (Job.objects.get(pk=job.pk).done, state(job)[0]) == (1, JobState.RUNNING)
    jobs.cancel(job)
    with pytest.raises(jobs.ClaimLost):
        jobs.progress_aside(job, 2, 500)


def _elsewhere(write: Callable[[], Any]) -> None:
    def work() -> None:
        write()
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


# --- Sweeping --------------------------------------------------------------------------------------


def test_the_sweeper_leaves_what_is_alive(ask):
    waiting, running = ask("a"), ask("b")
    jobs.claim(running.pk)

    assert jobs.sweep(now=timezone.now()) == []
    assert [state(job)[0] for job in (waiting, running)] == [JobState.WAITING, JobState.RUNNING]


def test_the_sweeper_sends_the_silent_again_once_a_minute(ask):
    waiting, running = ask("a"), ask("b")
    jobs.claim(running.pk)
    now = timezone.now() + LATER

    assert [jobs.sweep(now=now), jobs.sweep(now=now)] == [[waiting.pk, running.pk], []]
    assert [state(job)[0] for job in (waiting, running)] == [JobState.WAITING] * 2


def test_the_sweeper_leaves_what_is_over(ask):
    finished, failed = ask("a"), ask("b")
    jobs.finish(jobs.claim(finished.pk))  # type: ignore[arg-type]
    jobs.fail(jobs.claim(failed.pk), "x")  # type: ignore[arg-type]

    assert jobs.sweep(now=timezone.now() + LATER) == []


def test_the_sweeper_gives_up_with_a_sentence(ask):
    job = ask()
    now = timezone.now()
    for attempt in range(1, jobs.MOST_ATTEMPTS + 1):
        assert jobs.claim(job.pk)
        with translation.override("en"):
            expected = [job.pk] if attempt < jobs.MOST_ATTEMPTS else []
            assert jobs.sweep(now=now + LATER * attempt) == expected

    assert state(job) == (
        JobState.FAILED,
        3,
        "The work was begun 3 times and stopped before its end each time. "
        "Ask the system administrator to look at the worker's log, then start it again.",
    )


def test_jobs_finished_long_ago_are_forgotten(ask):
    ask("waiting")
    old = ask("old")
    jobs.finish(jobs.claim(old.pk))  # type: ignore[arg-type]

    assert jobs.purge(now=timezone.now()) == 0
    assert jobs.purge(now=timezone.now() + jobs.KEPT_FOR + LATER) == 1
    assert list(Job.objects.values_list("key", flat=True)) == ["waiting"]


# --- Tasks ---------------------------------------------------------------------------------------------


def test_tasks_work_in_the_name_of_the_system(db, django_user_model):
    seen: list[int | None] = []

    class Probe(Task):
        name = "probe"

        def run(self) -> None:
            seen.append(audit.actor_id())

    Probe()()

    assert seen == [django_user_model.objects.system().pk]


def test_a_broker_that_is_away_does_not_break_the_page(ask, django_capture_on_commit_callbacks, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(tasks.run_job, "delay", away)
    job = ask()

    with django_capture_on_commit_callbacks(execute=True):
        tasks.send(job)

    assert state(job) == (JobState.WAITING, 0, "")


@pytest.mark.worker
def test_a_killed_worker_leaves_work_that_is_finished_once(worker, ask):
    """kill -9 in the middle; the sweeper sends it again; the second run adds only what is missing."""
    job = ask(pause=0.5)
    tasks.send(job)
    _until(lambda: Job.objects.get(pk=job.pk).done >= 2)
    os.kill(cache.get("long_work"), signal.SIGKILL)
    time.sleep(1)
    assert state(job)[:2] == (JobState.RUNNING, 1)

    for job_id in jobs.sweep(now=timezone.now() + LATER):
        tasks.run_job.delay(job_id)
    _until(lambda: Job.objects.get(pk=job.pk).state == JobState.DONE)

    assert state(job) == (JobState.DONE, 2, "")
    assert done() == long_work.STEPS
    assert AuditEntry.objects.filter(table="projects_enterprise", action="insert").count() == long_work.STEPS


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not true():
        assert time.monotonic() < deadline, "the worker did not come to it"
        time.sleep(0.1)
