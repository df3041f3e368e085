"""The rehearsal: every row is kept with what would become of it, however often it is begun."""

import pytest

from core import jobs
from core.jobs import ClaimLost
from core.models import Job, JobState
from core.tasks import run_job
from ledgers import receiving, rehearsing, tasks
from ledgers.choices import Decision, LedgerState, Verdict
from ledgers.models import Ledger, LedgerRow
from ledgers.rehearsing import CannotRehearse
from projects.models import Project
from tests.ledgers.handed_in import STEEL, TODAY, TUBE, WIRE, handed_in, read, workbook

BOOK = workbook(STEEL, WIRE, TUBE, total=63100)


@pytest.fixture
def by_job(monkeypatch):
    """Every ledger is large."""
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)


def found(ledger: Ledger) -> list[tuple[int, str, str]]:
    return list(ledger.rows.order_by("row").values_list("row", "verdict", "worst"))


def test_a_small_ledger_is_rehearsed_at_once_and_nothing_is_written(clerk, steel, liubei):
    ledger = read(BOOK, clerk)

    assert ledger.state == LedgerState.REHEARSED
    assert [row for row, _verdict, _worst in found(ledger)] == [3, 4, 5]
    assert ledger.counts["rows"] == {Verdict.NEW: 3}
    assert [(one["sheet"], one["read"], one["equal"]) for one in ledger.sums] == [("柳北区", "63100", True)]
    assert [(one["sheet"], one["row"]) for one in ledger.skipped if one["row"] == 6] == [("柳北区", 6)]
    assert not Project.objects.exists()
    assert Job.objects.get().state == JobState.DONE


def test_a_large_ledger_is_rehearsed_by_a_worker(clerk, steel, liubei, by_job):
    ledger = read(BOOK, clerk)
    assert (ledger.state, ledger.rows.count()) == (LedgerState.READING, 0)

    run_job(ledger.job_id)

    ledger.refresh_from_db()
    job = Job.objects.get()
    assert (ledger.state, ledger.rows.count()) == (LedgerState.REHEARSED, 3)
    assert (job.state, job.done, job.total) == (JobState.DONE, 3, 3)


def test_a_second_run_writes_over_the_rows_of_one_that_was_killed(clerk, steel, liubei, monkeypatch):
    monkeypatch.setattr(rehearsing, "BLOCK", 2)
    ledger = handed_in(BOOK, clerk)

    def killed(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearsing.rehearse(ledger, today=TODAY, tell=killed)
    assert (ledger.rows.count(), Ledger.objects.get().state) == (2, LedgerState.READING)
    first = set(ledger.rows.values_list("pk", flat=True))

    rehearsing.rehearse(ledger, today=TODAY)

    assert ledger.state == LedgerState.REHEARSED
    assert ledger.rows.count() == 3
    assert first < set(ledger.rows.values_list("pk", flat=True))


def test_whoever_was_overtaken_leaves_no_further_trace(clerk, steel, liubei, by_job):
    """Put aside while a worker reads: it stops when it next says how far it is."""
    ledger = read(BOOK, clerk)
    job = jobs.claim(ledger.job_id)
    receiving.cancel(ledger)

    with pytest.raises(ClaimLost):
        rehearsing.rehearse(ledger, today=TODAY, tell=lambda done, total: jobs.progress(job, done, total))

    ledger.refresh_from_db()
    assert (ledger.state, ledger.rows.count()) == (LedgerState.CANCELLED, 0)


def test_read_again_what_people_decided_stays(clerk, steel, liubei):
    ledger = read(BOOK, clerk)
    row = ledger.rows.get(row=3)
    LedgerRow.objects.filter(pk=row.pk).update(decision=Decision.LEAVE)

    tasks.read(ledger, by=clerk)

    row.refresh_from_db()
    assert (row.decision, ledger.rows.count()) == (Decision.LEAVE, 3)


def test_a_file_that_is_no_ledger_says_so(clerk, liubei):
    ledger = read("姓名,电话\n甲,1\n".encode(), clerk)

    assert ledger.state == LedgerState.UNREADABLE
    assert ledger.error
    assert Job.objects.get().state == JobState.DONE


def test_an_entered_or_cancelled_ledger_is_not_read_again(clerk, liubei):
    ledger = handed_in(BOOK, clerk)
    receiving.cancel(ledger)

    with pytest.raises(CannotRehearse):
        tasks.read(ledger, by=clerk)


def test_what_stands_in_a_cell_is_kept_as_it_is_on_either_database(clerk, steel, liubei):
    """Backslashes, tabs and line breaks mean something to a database that takes rows as text."""
    name = "宏宇\\N“特钢”\\t线材项目"
    ledger = read(workbook((name, *STEEL[1:])), clerk)

    row = ledger.rows.get()
    assert (row.reading("name").raw, row.is_hidden, row.target) == (name, False, None)


@pytest.mark.django_db
def test_a_row_that_is_refused_for_a_cell_says_what_is_wrong_with_the_cell(clerk, steel, liubei):
    row = read(workbook(("项目" * 150, *STEEL[1:])), clerk).rows.get()

    assert (row.verdict, row.evidence) == (Verdict.REFUSED, [row.reading("name").sentence])
