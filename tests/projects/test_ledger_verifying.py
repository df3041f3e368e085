"""The bureau's yes to a ledger as a whole: what it brought counts, and nothing else."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from core import clock, jobs
from core.models import Job, JobState
from projects import contracts, ledger_verifying, tasks
from projects.choices import EventKind, Stage
from projects.contracts import CannotVerify, Terms
from projects.models import ContractEvent, Project
from projects.views import verifying
from tests import factories
from tests.ledgers.books import HANDED_IN, committed, ledger, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: HANDED_IN)
    with translation.override("en"):
        yield


@pytest.fixture
def entered(clerk, steel, liubei):
    """Three projects of a county's ledger, and one that somebody entered by hand."""
    one = ledger(clerk)
    factories.contract_event(factories.project(Stage.NEGOTIATION))
    return committed(one, *(row(one, n) for n in range(3, 6)))


@pytest.fixture
def desk(leader):
    desk = factories.in_english()
    desk.force_login(leader)
    return desk


def verify(one: Any, by: Any, **more: Any) -> ledger_verifying.Verified:
    return ledger_verifying.verify(one, by=by, today=HANDED_IN, **more)


def waiting(by: Any) -> list[Any]:
    return list(ledger_verifying.ledgers_waiting(by))


def test_what_a_ledger_brought_counts_and_nothing_else(entered, leader):
    assert ContractEvent.objects.waiting().count() == 4
    told: list[tuple[int, int]] = []

    done = verify(entered, leader, tell=lambda *far: told.append(far))

    assert (done.count, done.refused, told) == (3, [], [(3, 3)])
    assert ContractEvent.objects.waiting().count() == 1
    brought = Project.objects.filter(pk__in=entered.rows.values("written"))
    assert set(brought.values_list("stage", "contracted")) == {(Stage.SIGNING, Decimal(12500))}
    assert verify(entered, leader).count == 0


def test_nobody_verifies_the_ledger_that_they_entered(entered, clerk):
    with pytest.raises(CannotVerify, match="Somebody else"):
        verify(entered, clerk)

    assert ContractEvent.objects.waiting().count() == 4


def test_an_event_by_hand_of_a_project_of_the_ledger_waits_for_its_own_verdict(entered, leader, clerk):
    project = Project.objects.get(pk=entered.rows.order_by("pk")[0].written)
    verify(entered, leader)
    terms = Terms(EventKind.ADD_ON, signed_on=HANDED_IN, amount=Decimal(300))
    contracts.record(project, terms, by=clerk, today=HANDED_IN)

    assert verify(entered, leader).count == 0


def test_what_cannot_be_verified_goes_on_waiting_and_says_why(entered, leader, monkeypatch):
    last = ContractEvent.objects.get(pk=ledger_verifying.waiting_of(entered)[-1].event)

    def picky(event, **how):
        if event == last:
            raise CannotVerify("too much")
        return real(event, **how)

    real = contracts.verify
    monkeypatch.setattr(contracts, "verify", picky)

    done = verify(entered, leader)

    assert (done.count, len(done.refused)) == (2, 1)
    assert done.refused[0].endswith("too much")
    assert [one.event for one in ledger_verifying.waiting_of(entered)] == [last.pk]


def test_the_list_names_ledgers_of_which_something_waits_at_the_same_cost(
    entered, leader, clerk, count_queries
):
    def named() -> list[tuple[int, int]]:
        return [(one.pk, one.n) for one in waiting(leader)]

    assert named() == [(entered.pk, 3)]
    few = count_queries(named)
    other = ledger(clerk, sender="鹿寨县", file="鹿寨县 2026-03.xlsx")
    committed(other, *(row(other, n) for n in range(13, 15)))
    assert sorted(named()) == [(entered.pk, 3), (other.pk, 2)]
    assert count_queries(named) == few
    verify(entered, leader)
    assert named() == [(other.pk, 2)]


# --- The page ------------------------------------------------------------------------------------------


def test_the_page_says_what_will_count_and_verifies_it(entered, desk):
    listed = desk.get("/projects/verify/").content.decode()
    assert f"/projects/verify/ledger/{entered.pk}/" in listed

    page = desk.get(f"/projects/verify/ledger/{entered.pk}/")
    assert "Verify all 3 events" in page.content.decode()
    [month] = page.context["months"]
    assert (month["n"], month["amount"]) == (3, "3.75")

    sent = desk.post(f"/projects/verify/ledger/{entered.pk}/", follow=True).content.decode()

    assert "3 events are verified and count." in sent
    assert (
        "Nothing of this ledger waits" in desk.get(f"/projects/verify/ledger/{entered.pk}/").content.decode()
    )


def test_who_entered_it_is_told_that_another_verifies(entered, clerk):
    desk = factories.in_english()
    desk.force_login(clerk)

    page = desk.get(f"/projects/verify/ledger/{entered.pk}/").content.decode()

    assert "You entered this ledger yourself." in page
    assert "Verify all" not in page
    assert (
        "Somebody else" in desk.post(f"/projects/verify/ledger/{entered.pk}/", follow=True).content.decode()
    )


def test_a_large_ledger_is_verified_by_a_worker_once(entered, desk, monkeypatch):
    monkeypatch.setattr(verifying, "AT_ONCE", 2)
    sent = [desk.post(f"/projects/verify/ledger/{entered.pk}/").url for _turn in range(2)]
    [job] = Job.objects.filter(kind=tasks.VERIFY_LEDGER)
    assert sent == [f"/jobs/{job.pk}/"] * 2

    if claimed := jobs.claim(job.pk):
        jobs.run(claimed)

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 3, 3)
    assert ledger_verifying.waiting_of(entered) == []


def test_what_a_worker_could_not_verify_is_told_and_can_be_tried_again(entered, leader, monkeypatch):
    def refusing(event, **how):
        raise CannotVerify("too much")

    with monkeypatch.context() as patch:
        patch.setattr(contracts, "verify", refusing)
        first = tasks.verify_ledger(entered, by=leader, today=HANDED_IN)
        jobs.run(jobs.claim(first.pk))
    first.refresh_from_db()
    assert first.state == JobState.FAILED
    assert first.error.startswith("0 events are verified and count. 3 go on waiting:")
    assert first.error.count("too much") == 3

    again = tasks.verify_ledger(entered, by=leader, today=HANDED_IN)
    assert again.pk != first.pk
    jobs.run(jobs.claim(again.pk))
    assert ledger_verifying.waiting_of(entered) == []


def test_nobody_begins_the_work_on_their_own_ledger(entered, clerk):
    with pytest.raises(CannotVerify, match="Somebody else"):
        tasks.verify_ledger(entered, by=clerk, today=HANDED_IN)
    assert not Job.objects.exists()


def test_a_ledger_sent_again_under_the_same_name_brought_only_what_is_new_in_it(entered, clerk, leader):
    again = ledger(clerk)
    committed(again, *(row(again, n) for n in range(3, 7)))

    assert [one.n for one in waiting(leader)] == [1, 3]
    assert verify(again, leader).count == 1
    assert len(ledger_verifying.waiting_of(entered)) == 3


def test_the_page_costs_the_same_for_few_events_and_for_many(entered, clerk, desk, count_queries):
    large = ledger(clerk, sender="鹿寨县", file="鹿寨县 2026-03.xlsx")
    committed(large, *(row(large, n) for n in range(13, 25)))

    def cost(one: Any) -> int:
        return count_queries(lambda: desk.get(f"/projects/verify/ledger/{one.pk}/"))

    assert cost(large) == cost(entered)
