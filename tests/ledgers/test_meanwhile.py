"""What came into the books between the rehearsal of a ledger and its commit is not entered a second time."""

import threading

import pytest
from django.db import connection, connections
from django.utils import translation

from core.text import name_key
from ledgers import committing
from ledgers.choices import Decision, LedgerState, Verdict
from ledgers.meanwhile import came_meanwhile
from ledgers.models import Ledger
from projects.models import Project
from tests import factories
from tests.ledgers.books import HANDED_IN, ledger, matched, row
from tests.ledgers.handed_in import STEEL, WIRE, read, workbook

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
