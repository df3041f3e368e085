"""What came into the books between the rehearsal of a ledger and its commit is not entered a second time."""

import threading

import pytest
from django.db import connection, connections
from django.utils import translation

from approvals import clocks
from approvals.choices import ItemEventKind
from approvals.clocks import Entry
from approvals.ledger_kind import item_events
from approvals.models import ItemEvent
from core import jobs
from core.models import Job, JobState
from core.tasks import run_job
from core.text import name_key
from ledgers import committing, meanwhile, tasks
from ledgers.choices import Decision, LedgerState, Verdict
from ledgers.meanwhile import came_meanwhile
from ledgers.models import Ledger
from projects.choices import Stage
from projects.models import Project
from tests import factories
from tests.ledgers.books import HANDED_IN, ledger, matched, row
from tests.ledgers.handed_in import STEEL, WIRE, read, workbook
from tests.ledgers.other_kinds import rehearsed
from tests.ledgers.other_kinds import workbook as a_sheet

STAYED_OUT = "It came into the books after this ledger was read, so it was not entered. Look at it again."


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def world(steel, liubei):
    factories.mechanism(2026, task_forces=(steel,))


def commit(one):
    return committing.commit(one, by=one.handed_in_by, today=HANDED_IN)


def told(row):
    return row.verdict, row.target, row.written, row.evidence


@pytest.mark.django_db
def test_the_same_new_project_of_two_senders_is_entered_once_and_the_second_says_so(world, clerk):
    first, second = (read(workbook(STEEL, WIRE), clerk, sender=name) for name in ("柳北区", "市发改委"))
    commit(first)

    commit(second)

    written = list(first.rows.order_by("row").values_list("written", flat=True))
    assert [told(one) for one in second.rows.order_by("row")] == [
        (Verdict.SAME, pk, None, [STAYED_OUT, "the same enterprise", "the same name"]) for pk in written
    ]
    assert (second.state, second.counts["entered"], second.counts["rows"]) == (
        LedgerState.COMMITTED,
        {"late": 2},
        {"same": 2},
    )
    assert Project.objects.count() == 2


@pytest.mark.django_db
def test_what_a_clerk_entered_by_hand_meanwhile_stays_out_and_the_others_go_in(world, clerk, steel, liubei):
    one = read(workbook(STEEL, WIRE), clerk)
    by_hand = factories.project(
        name=STEEL[0],
        enterprise=factories.enterprise(name=STEEL[1], name_key=name_key(STEEL[1])),
        task_force=steel,
        reporting_unit=liubei,
        location=liubei,
    )

    commit(one)

    late, entered = one.rows.order_by("row")
    assert (late.target, late.written, late.evidence[0]) == (by_hand.pk, None, STAYED_OUT)
    assert (Project.objects.count(), entered.written is not None) == (2, True)
    assert one.counts["entered"] == {"late": 1, "new": 1}


@pytest.mark.django_db
def test_handed_in_again_only_what_differs_is_left(world, clerk):
    first, second = (read(workbook(STEEL, WIRE), clerk, sender=name) for name in ("柳北区", "市发改委"))
    commit(first)
    commit(second)

    again = read(workbook(STEEL, (*WIRE[:6], 9000, WIRE[7])), clerk, sender="市发改委", again=True)

    assert [(one.verdict, list(one.changes)) for one in again.rows.order_by("row")] == [
        ("same", []),
        ("changed", ["amount_wan"]),
    ]


@pytest.mark.django_db
def test_what_somebody_called_new_is_new_still_unless_something_else_came(world, clerk):
    """It looks like the same project as before: that was decided."""
    commit(read(workbook(STEEL), clerk))
    alike = (f"{STEEL[0]}二期", *STEEL[1:6], 12_600, "2026-03-05")
    one = read(workbook(alike), clerk, sender="市发改委")
    assert one.rows.get().verdict == Verdict.LOOKALIKE
    one.rows.update(decision=Decision.NEW)
    commit(read(workbook(WIRE), clerk, sender="市本级"))

    commit(one)

    assert (one.counts["entered"], Project.objects.count()) == ({"lookalike": 1}, 3)


@pytest.mark.django_db
def test_as_long_as_nothing_came_nothing_is_looked_up(world, clerk, count_queries):
    one = Ledger.objects.get(pk=read(workbook(STEEL, WIRE), clerk).pk)
    rows = list(one.rows.order_by("pk"))

    assert count_queries(lambda: came_meanwhile(one, rows)) == 1
    factories.project()
    assert count_queries(lambda: came_meanwhile(one, rows)) > 1
    assert all(row.verdict == Verdict.NEW for row in one.rows.all())


@pytest.mark.django_db
def test_many_rows_are_looked_up_and_written_block_by_block_and_only_their_keys_come_back(
    world, clerk, monkeypatch
):
    monkeypatch.setattr(meanwhile, "BLOCK", 1)
    first, second = (read(workbook(STEEL, WIRE), clerk, sender=name) for name in ("柳北区", "市发改委"))
    commit(first)
    one = Ledger.objects.get(pk=second.pk)
    written, rewrite = [], meanwhile.rewrite
    monkeypatch.setattr(
        meanwhile, "rewrite", lambda rows, names: written.append(len(rows)) or rewrite(rows, names)
    )

    late = came_meanwhile(one, one.rows.order_by("pk"))

    assert (late, written) == (set(one.rows.values_list("pk", flat=True)), [1, 1])
    assert {row.evidence[0] for row in one.rows.all()} == {STAYED_OUT}


# --- Events of items: what becomes new is no target -------------------------------------------------------


EVENTS = ("项目编号", "审批事项", "办理情况", "日期")
RECEIVED, ACCEPTED = (
    ("LZ-2026-0001", "用地规划许可", *said) for said in (("已接件", "2026-03-03"), ("窗口受理", "2026-03-04"))
)


@pytest.fixture
def permit(steel, planning, service_member):
    project = factories.project(Stage.SIGNING, code="LZ-2026-0001", task_force=steel)
    factories.service(project, factories.service_team(service_member))
    template = factories.item_template(code="land-permit", name="用地规划许可", department=planning)
    return factories.item(project, template, opened_on=HANDED_IN.replace(day=1))


@pytest.fixture
def events(permit, service_member):
    """Reads a ledger of what happened to the permit."""
    return lambda *rows, **how: rehearsed(
        a_sheet(EVENTS, *rows), service_member, kind="item_events", today=HANDED_IN, again=True, **how
    )


@pytest.mark.django_db
def test_the_same_event_in_two_ledgers_is_entered_once_and_the_second_says_so(events, permit):
    first, second = events(RECEIVED), events(RECEIVED, ACCEPTED, sender="市行政审批局")
    assert commit(first).counts["entered"] == {"new": 1}

    commit(second)

    late, entered = second.rows.order_by("row")
    assert told(late) == (Verdict.SAME, permit.pk, None, [STAYED_OUT])
    assert (entered.verdict, entered.written) == (Verdict.NEW, permit.pk)
    assert (second.counts["entered"], second.counts["rows"]) == ({"late": 1, "new": 1}, {"new": 1, "same": 1})
    assert ItemEvent.objects.count() == 2


@pytest.mark.django_db
def test_an_event_that_does_not_fit_any_more_is_refused_and_not_said_to_stand_there(events, permit):
    first, second = events(RECEIVED, ACCEPTED), events((*RECEIVED[:3], "2026-03-05"), sender="市行政审批局")
    commit(first)

    commit(second)

    one = second.rows.get()
    assert (one.verdict, one.written, one.evidence != [], STAYED_OUT in one.evidence) == (
        Verdict.REFUSED,
        None,
        True,
        False,
    )
    assert ItemEvent.objects.count() == 2


@pytest.mark.django_db
def test_an_event_entered_by_hand_at_this_very_moment_is_not_said_to_be_new(events, permit, service_member):
    one = events(RECEIVED)
    day = HANDED_IN.replace(day=3)
    clocks.log_events([Entry(permit, ItemEventKind.SUBMITTED, day)], by=service_member, today=HANDED_IN)

    rows = list(one.rows.all())
    item_events.enter(rows, ledger=one, by=service_member, tell=lambda _done: None)

    assert [(row.written, row.undo, row.evidence) for row in rows] == [(None, {}, [STAYED_OUT])]


# --- Two at once ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_senders_with_the_same_new_project_at_once_one_enters_it(clerk, steel, liubei):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time.")
    both, ledgers = threading.Barrier(2), [ledger(clerk, sender=name) for name in ("柳北区", "市发改委")]
    for one in ledgers:
        matched(one, *(row(one, n) for n in range(3, 8)))

    def go(pk):
        one = Ledger.objects.get(pk=pk)
        both.wait(10)
        commit(one)
        connections.close_all()

    threads = [threading.Thread(target=go, args=[one.pk]) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    done = [Ledger.objects.get(pk=one.pk).counts["entered"] for one in ledgers]
    assert sorted(done, key=str) == [{"late": 5}, {"new": 5}]
    assert Project.objects.count() == 5


def handed_over(one, clerk):
    """It is entered by a worker, when its turn has come."""
    one.refresh_from_db()
    assert (one.state, one.job.kind, one.job.state) == (LedgerState.COMMITTING, tasks.ENTER, JobState.WAITING)
    assert Project.objects.count() == 0
    page = factories.in_english()
    page.force_login(clerk)
    return page.get(f"/ledgers/{one.pk}/").content.decode()


IN_LINE = "Another ledger of this kind is being entered just now. This one is entered right after it."


@pytest.mark.django_db
def test_whoever_waits_for_a_page_does_not_wait_for_another_ledger(world, clerk, monkeypatch):
    one, turns = read(workbook(STEEL), clerk), []

    def taken(_kind, *, waits):
        turns.append(waits)
        if not waits:
            raise meanwhile.OthersFirst("")

    monkeypatch.setattr(committing, "one_at_a_time", taken)

    for _twice in range(2):
        tasks.enter(Ledger.objects.get(pk=one.pk), by=clerk, today=HANDED_IN)

    assert IN_LINE in handed_over(one, clerk)
    run_job(Job.objects.get(kind=tasks.ENTER).pk)
    one.refresh_from_db()
    assert (one.state, turns, Project.objects.count()) == (LedgerState.COMMITTED, [False, True], 1)


@pytest.mark.django_db
def test_the_turn_is_tried_in_a_request_and_waited_for_by_a_worker(world, clerk):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time.")
    one, taken, over = read(workbook(STEEL), clerk), threading.Event(), threading.Event()
    other = threading.Thread(target=_hold_turn, args=[one.kind, taken, over])
    other.start()
    taken.wait(10)

    tasks.enter(Ledger.objects.get(pk=one.pk), by=clerk, today=HANDED_IN)

    assert IN_LINE in handed_over(one, clerk)
    over.set()
    other.join(10)
    jobs.run(jobs.claim(Job.objects.get(kind=tasks.ENTER).pk))
    one.refresh_from_db()
    assert (one.state, Project.objects.count()) == (LedgerState.COMMITTED, 1)


def _hold_turn(kind, taken, over):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [f"ledgers.{kind}"])
        taken.set()
        over.wait(10)
    connection.close()
