"""A ledger enters the books once and as a whole, and leaves them as a whole."""

import datetime
import signal
import subprocess
import sys
import threading
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone, translation

from core import jobs
from core.tasks import run_job
from ledgers import committing, rehearsing, resending, tasks
from ledgers.choices import LedgerState
from ledgers.committing import BooksChanged, CannotCommit, CannotUndo
from ledgers.models import Ledger, LedgerRow
from projects import contracts
from projects.choices import Stage, Status
from projects.models import ContractEvent, Enterprise, Project
from tests import factories
from tests.conftest import environment_of_another_process
from tests.ledgers.books import HANDED_IN, committed, ledger, matched, row

LATER = HANDED_IN + datetime.timedelta(days=10)
SAME = {"name": "宏宇特钢线材项目", "enterprise": "广西宏宇特钢有限公司"}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def handed_in(clerk, steel, liubei):
    """A rehearsed ledger of five new rows."""
    one = ledger(clerk)
    matched(one, *(row(one, n) for n in range(3, 8)))
    return one


def commit(one, **more):
    return committing.commit(one, **{"by": one.handed_in_by, "today": HANDED_IN, **more})


def undo(one):
    return committing.undo(one, by=one.handed_in_by, today=LATER)


def hindrances(one):
    """Why a ledger cannot be taken back, sentence by sentence without codes."""
    with pytest.raises(CannotUndo) as raised:
        undo(one)
    one.refresh_from_db()
    assert one.state == LedgerState.COMMITTED
    return [sentence.split(": ", 1)[1] for sentence in raised.value.details]


def books():
    """What of the books counts or is shown as living."""
    projects = Project.objects.exclude(status=Status.ENDED).order_by("pk")
    events = ContractEvent.objects.exclude(verdict__verdict="returned").order_by("pk")
    return (
        list(projects.values_list("pk", "name", "officer", "contracted", "stage", "task_force")),
        list(events.values_list("project", "kind", "amount", "signed_on")),
    )


# --- Once --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_second_commit_changes_nothing_and_gives_the_same(handed_in):
    first = commit(handed_in)
    before = list(LedgerRow.objects.order_by("pk").values())

    second = commit(Ledger.objects.get(pk=handed_in.pk))

    assert (first.state, second.state) == (LedgerState.COMMITTED, LedgerState.COMMITTED)
    assert (second.counts["entered"], Project.objects.count()) == ({"new": 5}, 5)
    assert list(LedgerRow.objects.order_by("pk").values()) == before
    assert (second.committed_by, second.committed_at.date()) == (handed_in.handed_in_by, HANDED_IN)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [LedgerState.READING, LedgerState.CANCELLED, LedgerState.UNREADABLE])
def test_only_a_rehearsed_ledger_is_entered(handed_in, state):
    Ledger.objects.update(state=state)

    with pytest.raises(CannotCommit):
        commit(handed_in)


@pytest.mark.django_db
@pytest.mark.parametrize("is_undone", [False, True])
def test_a_ledger_that_was_read_before_another_of_its_sender_changed_the_books_is_read_again(
    handed_in, clerk, is_undone
):
    """Else its new rows would be entered twice, or be the same as what was taken back."""
    if is_undone:
        commit(handed_in)
    twin = ledger(clerk)
    matched(twin, row(twin, 3), row(twin, 4))
    undo(handed_in) if is_undone else commit(handed_in)

    with pytest.raises(BooksChanged):
        commit(twin)

    twin.refresh_from_db()
    assert (twin.state, Project.objects.count()) == (LedgerState.REHEARSED, 5)


@pytest.mark.django_db
def test_a_failure_in_the_middle_leaves_nothing(handed_in, monkeypatch):
    monkeypatch.setattr(committing, "BLOCK", 2)

    def die(done, total):
        if done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit(handed_in, tell=die)

    handed_in.refresh_from_db()
    assert (handed_in.state, handed_in.rows.filter(written__isnull=False).count()) == ("rehearsed", 0)
    assert (Project.objects.count(), Enterprise.objects.count()) == (0, 0)
    assert commit(Ledger.objects.get(pk=handed_in.pk)).counts["entered"] == {"new": 5}


@pytest.mark.django_db
def test_blocks_make_no_difference(handed_in, clerk, monkeypatch):
    monkeypatch.setattr(committing, "BLOCK", 2)
    told = []

    commit(handed_in, tell=lambda done, total: told.append(done))

    assert sorted(Project.objects.values_list("code", flat=True)) == [f"LZ-2026-{n:04d}" for n in range(1, 6)]
    assert told == sorted(told)
    assert told[-1] == 5


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_enters_it_once(handed_in, monkeypatch):
    monkeypatch.setattr(rehearsing, "is_small", lambda _ledger: False)
    monkeypatch.setattr(tasks, "send", lambda _job: None)
    job = tasks.enter(handed_in, by=handed_in.handed_in_by, today=HANDED_IN).job
    command = [sys.executable, "-m", "tests.killed_work", str(job.pk)]

    killed = subprocess.run(command, env=environment_of_another_process(), cwd=settings.BASE_DIR, check=False)

    job.refresh_from_db()
    assert (killed.returncode, job.state, Project.objects.count()) == (-signal.SIGKILL, "running", 0)
    assert jobs.sweep(now=timezone.now() + datetime.timedelta(minutes=2)) == [job.pk]
    run_job(job.pk)
    handed_in.refresh_from_db()
    assert (handed_in.state, handed_in.counts["entered"]) == (LedgerState.COMMITTED, {"new": 5})
    assert (Project.objects.count(), ContractEvent.objects.count()) == (5, 5)


@pytest.mark.django_db(transaction=True)
def test_of_two_commits_at_once_one_wins(handed_in):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time.")
    both, done = threading.Barrier(2), []

    def go():
        one = Ledger.objects.get(pk=handed_in.pk)
        both.wait(10)
        done.append(commit(one).state)
        connections.close_all()

    threads = [threading.Thread(target=go) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert done == [LedgerState.COMMITTED] * 2
    assert (Project.objects.count(), ContractEvent.objects.count()) == (5, 5)


@pytest.mark.django_db(transaction=True)
def test_an_edit_during_the_commit_waits_and_nobody_waits_for_ever(handed_in, clerk):
    """Both want the same two projects, each in its own order."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time.")
    commit(handed_in)
    again = ledger(clerk)
    matched(again, *(row(again, n, officer="莫专员") for n in range(3, 8)))
    begun, edited = threading.Event(), []

    def edit():
        begun.wait(10)
        rows = [Project.objects.filter(pk=project.pk) for project in Project.objects.order_by("-pk")[:2]]
        edited.extend(one.update(officer="韦经办") for one in rows)
        connections.close_all()

    thread = threading.Thread(target=edit)
    thread.start()
    commit(again, tell=lambda _done, _total: begun.set())
    thread.join(30)

    assert (edited, again.rows.filter(written__isnull=False).count()) == ([1, 1], 5)


# --- Again ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_ledger_sent_again_shows_only_what_differs_and_which_rows_are_gone(handed_in, clerk):
    commit(handed_in)
    again = ledger(clerk, file="柳北区 2026-04.xlsx")
    news = {4: {"amount_wan": "13000"}, 5: {"officer": "莫专员"}, 6: {"name": "宏宇特钢第6线材（改名）项目"}}
    matched(again, *(row(again, n, **news.get(n, {})) for n in range(3, 7)))

    resending.compare(again)

    found = {one.row: (one.verdict, sorted(one.changes)) for one in again.rows.all()}
    assert found == {
        3: ("same", []),
        4: ("changed", ["amount_wan"]),
        5: ("changed", ["officer"]),
        6: ("lookalike", []),
    }
    gone = handed_in.rows.get(row=7)
    assert again.previous == handed_in
    assert again.lost == [
        {"sheet": "柳北区", "row": 7, "name": "宏宇特钢第7线材项目", "target": gone.written}
    ]


@pytest.mark.django_db
def test_the_same_ledger_again_writes_nothing_new(handed_in, clerk):
    commit(handed_in)
    before = books()
    again = ledger(clerk)
    matched(again, *(row(again, n) for n in range(3, 8)))

    commit(again)

    assert (books(), again.counts["entered"]) == (before, {"same": 5})
    assert set(again.rows.values_list("written", flat=True)) == set(
        handed_in.rows.values_list("written", flat=True)
    )


@pytest.mark.django_db
def test_the_last_ledger_is_of_this_sender_and_rather_of_this_layout(clerk, steel, liubei, stranger):
    def entered(**fields):
        one = ledger(clerk, **fields)
        return committed(one, row(one, 3))

    mine, other = entered(layout="a"), entered(layout="b")
    entered(sender="鹿寨县", layout="a")

    assert resending.last_of(ledger(clerk, layout="a")) == mine
    assert resending.last_of(ledger(clerk, layout="c")) == other
    assert resending.last_of(ledger(clerk, sender="别的")) is None
    assert resending.last_of(ledger(stranger)) is None


# --- Taking back ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_a_ledger_entered_is_taken_back_and_its_history_stays(handed_in, clerk):
    before = books()
    commit(handed_in)

    undo(handed_in)

    project = Project.objects.earliest("pk")
    verdict = project.contract_events.get().verdict
    reason = "The ledger was taken back: 柳北区 2026-03.xlsx"
    assert (handed_in.state, handed_in.undone_by, books()) == (LedgerState.UNDONE, clerk, before)
    assert (project.status, project.status_reason, project.status_changes.get().on) == (
        "ended",
        reason,
        LATER,
    )
    assert (verdict.verdict, verdict.reason, verdict.on) == ("returned", reason, LATER)
    assert undo(handed_in).state == LedgerState.UNDONE
    assert project.status_changes.count() == 1


@pytest.mark.django_db
def test_what_was_taken_back_is_new_when_it_comes_again(handed_in, clerk):
    commit(handed_in)
    undo(handed_in)
    again = ledger(clerk)
    told = {"national_code": "2603-450205-04-01-111111"}
    matched(again, *(row(again, n, **(told if n == 3 else {})) for n in range(3, 8)))

    commit(again)

    assert again.counts["entered"] == {"new": 5}
    assert (len(books()[0]), Enterprise.objects.count()) == (5, 5)
    undo(again)
    assert Project.objects.filter(national_code__isnull=False).count() == 0


@pytest.mark.django_db
def test_facts_and_entries_that_a_ledger_changed_are_what_they_were(handed_in, clerk, auto):
    commit(handed_in)
    project = Project.objects.get(pk=handed_in.rows.get(row=3).written)
    before = books()
    again = ledger(clerk)
    news = {"officer": "莫专员", "task_force": "auto", "planned_start": "2026-10-01", "fixed_assets": "900"}
    code = {"uscc": factories.credit_code(55), "contact_phone": "13800000000"}
    matched(again, row(again, 3, amount_wan="13000", **news, **code), *(row(again, n) for n in range(4, 8)))
    commit(again)
    assert books() != before

    undo(again)

    def without_keys(state):
        return state[0], sorted(event[:3] for event in state[1])

    project.refresh_from_db()
    assert without_keys(books()) == without_keys(before)
    assert (project.planned_start, project.fixed_assets, project.enterprise.contact_phone) == (None, None, "")
    assert project.enterprise.uscc is None
    reasons = project.contract_events.order_by("pk").values_list("amount", "verdict__verdict")
    assert list(reasons) == [(12500, "returned"), (13000, "returned"), (12500, None)]


@pytest.mark.django_db
def test_what_was_built_on_a_ledger_hinders_it_and_is_named(handed_in, clerk, leader):
    commit(handed_in)
    verified, added, edited, issued, reported = (
        Project.objects.get(pk=one.written) for one in handed_in.rows.order_by("row")
    )
    contracts.verify(verified.contract_events.get(), by=leader, today=LATER)
    factories.contract_event(added, kind="add_on", amount=Decimal(10), signed_on=LATER)
    Project.objects.filter(pk=edited.pk).update(officer="莫专员", version=2)
    factories.issue(issued)
    factories.progress_report(reported, HANDED_IN.replace(day=1))

    found = hindrances(handed_in)

    assert found == [
        "“Contract signed” is verified",
        "“Add-on” was entered since",
        "it was changed or moved since",
        "issue",
        "progress report",
    ]
    assert Project.objects.get(pk=verified.pk).stage == Stage.SIGNING
    assert ContractEvent.objects.filter(verdict__verdict="returned").count() == 0


@pytest.mark.django_db
def test_a_later_ledger_hinders_the_earlier_one(handed_in, clerk):
    commit(handed_in)
    other = committed(second := ledger(clerk, sender="市本级"), row(second, 3, officer="莫专员"))

    assert hindrances(handed_in)[-1] == "“柳北区 2026-03.xlsx” was entered after it"
    undo(other)
    again = ledger(clerk, previous=handed_in)
    committed(again, row(again, 3))
    with pytest.raises(CannotUndo, match="Take that one back first"):
        undo(handed_in)


@pytest.mark.django_db
def test_only_what_is_in_the_books_is_taken_back(handed_in):
    with pytest.raises(CannotUndo, match="nothing to take back"):
        undo(handed_in)


@pytest.mark.django_db
def test_taking_back_asks_the_same_number_of_questions_however_many_rows(clerk, steel, liubei, count_queries):
    def take_back(count):
        one = ledger(clerk, sender=f"{count}")
        names = [(n, f"第{count}组{n}号车间", f"特钢{count}第{n}有限公司") for n in range(3, 3 + count)]
        committed(one, *(row(one, n, name=name, enterprise=firm) for n, name, firm in names))
        return count_queries(lambda: undo(one))

    take_back(1)

    assert take_back(2) == take_back(30)
