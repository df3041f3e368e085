import datetime
import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from projects import annual_plan
from projects.annual_plan import CannotPlan, Fact, Outcome, Terms
from projects.choices import PlanState, Stage, Status
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange
from tests import factories

TODAY = datetime.date(2026, 6, 10)
MAY = datetime.date(2026, 5, 1)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def plan(db):
    return factories.annual_plan(2026)


@pytest.fixture
def project(steel, liubei, clerk):
    return factories.project(
        Stage.SIGNING,
        task_force=steel,
        reporting_unit=liubei,
        created_by=clerk,
        contracted=Decimal("12500.50"),
        stage_since=datetime.date(2025, 11, 3),
    )


def put_in(plan, project, by, batch=Stage.COMMENCEMENT, planned_on=MAY, reason="年内开工"):
    return annual_plan.put_in(plan, project, Terms(batch, planned_on), reason=reason, by=by, today=TODAY)


def refused(call, *args, **kwargs):
    with pytest.raises(CannotPlan) as raised, transaction.atomic():
        call(*args, **kwargs)
    return str(raised.value)


def history(plan):
    rows = PlanChange.objects.filter(plan=plan).order_by("pk")
    return list(rows.values_list("source", "target", "planned_on", "reason", "by__name", "on"))


# --- Changing the list ---------------------------------------------------------------------------


def test_an_entry_keeps_whose_it_is_and_what_it_is_to_invest(plan, project, leader, steel, liubei):
    entry = put_in(plan, project, leader)

    assert (entry.task_force, entry.unit, entry.amount) == (steel, liubei, Decimal("12500.50"))
    assert history(plan) == [("", "commencement", MAY, "年内开工", leader.name, TODAY)]


def test_the_history_says_who_moved_and_took_out_what_and_why(plan, project, leader, force_member):
    entry = put_in(plan, project, leader)
    annual_plan.move(entry, Terms(Stage.SIGNING, None, True), reason="用地未批", by=force_member, today=TODAY)
    annual_plan.take_out(entry, reason="投资方退出", by=leader, today=TODAY)

    assert not AnnualPlanEntry.objects.exists()
    assert [row[:2] + row[3:5] for row in history(plan)] == [
        ("", "commencement", "年内开工", leader.name),
        ("commencement", "signing", "用地未批", force_member.name),
        ("signing", "", "投资方退出", leader.name),
    ]


def test_a_project_stands_on_a_list_once(plan, project, leader):
    put_in(plan, project, leader)

    assert "already" in refused(put_in, plan, project, leader, batch=Stage.SIGNING)
    assert len(history(plan)) == 1


@pytest.mark.parametrize("status", [Status.PAUSED, Status.ENDED])
def test_what_is_paused_or_ended_is_not_put_in(plan, project, leader, status):
    project.status = status

    assert "paused or ended" in refused(put_in, plan, project, leader)


def test_every_change_needs_a_reason_and_a_day_within_the_year(plan, project, leader):
    assert refused(put_in, plan, project, leader, reason="  ") == "Give the reason."
    assert "2026" in refused(put_in, plan, project, leader, planned_on=datetime.date(2027, 1, 1))
    entry = put_in(plan, project, leader)
    assert "Nothing is changed" in refused(
        annual_plan.move, entry, Terms(Stage.COMMENCEMENT, MAY), reason="x", by=leader, today=TODAY
    )


def test_of_two_who_change_an_entry_the_second_is_told(plan, project, leader):
    entry = put_in(plan, project, leader)
    seen = entry.version
    annual_plan.move(entry, Terms(Stage.SIGNING), reason="用地未批", by=leader, today=TODAY)

    told = refused(
        annual_plan.take_out, entry, reason="投资方退出", by=leader, today=TODAY, seen_version=seen
    )
    assert "Someone else" in told
    assert AnnualPlanEntry.objects.get().batch == Stage.SIGNING


def test_a_list_that_is_not_in_force_is_not_changed(project, leader):
    assert "frozen" in refused(put_in, factories.annual_plan(2026, PlanState.FROZEN), project, leader)
    proposed = factories.annual_plan(2027, PlanState.PROPOSED)
    assert "change the proposal" in refused(
        put_in, proposed, project, leader, planned_on=datetime.date(2027, 5, 1)
    )


# --- Frozen ----------------------------------------------------------------------------------------


def test_a_frozen_list_refuses_every_change_even_by_sql(plan, project, leader):
    entry, other = put_in(plan, project, leader), factories.project()
    AnnualPlan.objects.filter(pk=plan.pk).update(state=PlanState.FROZEN)
    plan.refresh_from_db()
    table = AnnualPlanEntry._meta.db_table
    tries = [
        lambda: AnnualPlanEntry.objects.update(batch=Stage.SIGNING),
        lambda: AnnualPlanEntry.objects.all().delete(),
        lambda: factories.plan_entry(plan, other),
        lambda: PlanChange.objects.create(plan=plan, project=other, on=TODAY, by=leader),
        lambda: AnnualPlan.objects.update(state=PlanState.IN_FORCE),
        lambda: connection.cursor().execute(f"DELETE FROM {table}"),
    ]

    for change in tries:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    entry.refresh_from_db()
    assert (entry.batch, AnnualPlanEntry.objects.count(), AnnualPlan.objects.get().state) == (
        "commencement",
        1,
        "frozen",
    )


def test_an_entry_is_not_moved_into_a_frozen_list(plan, project, leader):
    put_in(plan, project, leader)
    frozen = factories.annual_plan(2025, PlanState.FROZEN)

    with pytest.raises(IntegrityError), transaction.atomic():
        AnnualPlanEntry.objects.update(plan=frozen)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_put_in_the_same_project_one_is_told(plan, project, leader, clerk):
    ready, results = threading.Barrier(2), []

    def run(by):
        ready.wait()
        try:
            results.append(type(put_in(plan, project, by)).__name__)
        except CannotPlan as refusal:
            results.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(by,)) for by in (leader, clerk)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["AnnualPlanEntry", "CannotPlan"]
    assert len(history(plan)) == 1


# --- Plan against fact -------------------------------------------------------------------------------


def _stood(stage, *moves, **fields):
    """A project with its moves: (target, day); it stands where the last of them led."""
    project = factories.project(stage, stage_since=moves[-1][1], **fields)
    source = ""
    for target, on in moves:
        factories.stage_change(project, target, on=on, source=source)
        source = target
    return project


def told(plan, today=TODAY):
    return {
        fact.entry: (fact.outcome, fact.reached_on, fact.days_late)
        for fact in annual_plan.facts(plan, today=today)
    }


def day(month, number, year=2026):
    return datetime.date(year, month, number)


def test_what_became_of_an_entry(plan):
    signed = (Stage.SIGNING, day(11, 3, 2025))
    cases = {
        "late": (_stood(Stage.SIGNING, signed), day(5, 1), ("late", None, 40)),
        "open": (_stood(Stage.SIGNING, signed), day(9, 1), ("open", None, None)),
        "undated": (_stood(Stage.SIGNING, signed), None, ("open", None, None)),
        "in time": (
            _stood(Stage.COMMENCEMENT, signed, (Stage.COMMENCEMENT, day(4, 20))),
            day(5, 1),
            ("reached", day(4, 20), -11),
        ),
        "too late, yet reached": (
            _stood(Stage.CONSTRUCTION, signed, (Stage.COMMENCEMENT, day(5, 6)), (Stage.CONSTRUCTION, TODAY)),
            day(5, 1),
            ("reached", day(5, 6), 5),
        ),
        "carried": (
            _stood(Stage.COMMENCEMENT, signed, (Stage.COMMENCEMENT, day(12, 30, 2025))),
            None,
            ("carried", day(12, 30, 2025), None),
        ),
    }
    entries = {
        name: factories.plan_entry(plan, project, batch=Stage.COMMENCEMENT, planned_on=planned).pk
        for name, (project, planned, _fact) in cases.items()
    }

    found = told(plan)
    assert {name: found[pk] for name, pk in entries.items()} == {
        name: fact for name, (_project, _planned, fact) in cases.items()
    }


def test_what_was_moved_back_is_not_reached_and_reached_again_counts_the_last_time(plan):
    signed, start = (Stage.SIGNING, day(1, 5)), (Stage.COMMENCEMENT, day(2, 5))
    back = _stood(Stage.SIGNING, signed, start, (Stage.SIGNING, day(3, 5)))
    again = _stood(Stage.COMMENCEMENT, signed, start, (Stage.SIGNING, day(3, 5)), (start[0], day(4, 5)))
    first, second = (factories.plan_entry(plan, p, batch=Stage.COMMENCEMENT).pk for p in (back, again))

    assert told(plan) == {first: ("open", None, None), second: ("reached", day(4, 5), None)}


def test_ideas_are_reached_when_negotiated_and_negotiations_when_signed(plan):
    idea = _stood(Stage.NEGOTIATION, (Stage.PREPARATION, day(1, 5)), (Stage.NEGOTIATION, day(2, 5)))
    first = factories.plan_entry(plan, idea, batch=Stage.PREPARATION).pk
    negotiated = _stood(Stage.NEGOTIATION, (Stage.NEGOTIATION, day(2, 5)))
    talks = factories.plan_entry(plan, negotiated, batch=Stage.NEGOTIATION).pk

    assert told(plan) == {first: ("reached", day(2, 5), None), talks: ("open", None, None)}


def test_after_the_year_what_was_not_reached_in_it_is_late(plan):
    project = _stood(Stage.COMMENCEMENT, (Stage.SIGNING, day(1, 5)), (Stage.COMMENCEMENT, day(2, 1, 2027)))
    entry = factories.plan_entry(plan, project, batch=Stage.COMMENCEMENT, planned_on=day(12, 1)).pk

    assert told(plan, today=day(3, 1, 2027)) == {entry: ("late", day(2, 1, 2027), 62)}


def test_facts_ask_once_for_one_entry_and_for_many(plan, django_assert_num_queries):
    factories.plan_entry(plan, batch=Stage.COMMENCEMENT)
    with django_assert_num_queries(1):
        annual_plan.facts(plan, today=TODAY)
    for batch in Stage.values:
        factories.plan_entry(plan, batch=batch)
    with django_assert_num_queries(1):
        assert len(annual_plan.facts(plan, today=TODAY)) == 8


FACTS = st.lists(
    st.builds(
        Fact,
        entry=st.integers(1),
        batch=st.sampled_from(Stage.values),
        amount=st.decimals(0, 10**9, places=2),
        planned_on=st.none(),
        reached_on=st.none(),
        outcome=st.sampled_from([Outcome.CARRIED, Outcome.REACHED, Outcome.LATE, Outcome.OPEN]),
        days_late=st.none(),
    )
)


@given(FACTS)
def test_the_sums_add_up_to_the_cent_by_batch_and_by_outcome(facts):
    kept = annual_plan.kept(facts)

    assert kept[""].planned.count == len(facts) == sum(kept[b].planned.count for b in Stage.values)
    assert kept[""].planned.amount == sum((fact.amount for fact in facts), Decimal(0))
    assert kept[""].planned.amount == sum((kept[b].planned.amount for b in Stage.values), Decimal(0))
    for one in kept.values():
        assert sum(part.count for part in one.by.values()) == one.planned.count
        assert one.rate is None or 0 <= one.rate <= 100
        due = one.planned.count - one.of(Outcome.CARRIED).count
        assert (one.rate is None) == (due == 0)
