import datetime
import threading

import pytest
from django.db import connections, transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Notification, User
from core import clock
from projects import annual_plan, new_year, tasks
from projects.annual_plan import Terms
from projects.choices import EventKind, PlanState, Stage, Status
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange, PlanProposal, Project
from projects.new_year import CannotApprove, CannotPropose, Standing, rule_for, within
from tests import factories

NEW_YEAR = datetime.date(2027, 1, 1)
SINCE = datetime.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def day(year, month=6, number=15):
    return datetime.date(year, month, number)


def standing(stage, **fields):
    return Standing(**{"stage": stage, "since": SINCE, **fields})


def refused(kind, call, *args, **kwargs):
    with pytest.raises(kind) as raised, transaction.atomic():
        call(*args, **kwargs)
    return str(raised.value)


# --- The rules -----------------------------------------------------------------------------------

WORKS = {"started_on": SINCE}


@pytest.mark.parametrize(
    ("how", "rule", "batch"),
    [
        (standing(Stage.PREPARATION), "prepared", "preparation"),
        (standing(Stage.PREPARATION, planned_start=day(2027)), "prepared", "preparation"),
        (standing(Stage.NEGOTIATION), "negotiated", "negotiation"),
        (standing(Stage.NEGOTIATION, planned_start=day(2028)), "negotiated", "negotiation"),
        (standing(Stage.NEGOTIATION, planned_start=day(2027)), "to_sign", "signing"),
        (standing(Stage.SIGNING), "signed_undated", "signing"),
        (standing(Stage.SIGNING, planned_start=day(2027)), "starts", "commencement"),
        (standing(Stage.SIGNING, planned_start=day(2025)), "starts", "commencement"),
        (standing(Stage.SIGNING, planned_start=day(2028)), "starts_later", "signing"),
        (standing(Stage.COMMENCEMENT, **WORKS), "continues_undated", "construction"),
        (standing(Stage.COMMENCEMENT, **WORKS, planned_production=day(2028)), "continues", "construction"),
        (standing(Stage.COMMENCEMENT, **WORKS, planned_production=day(2027)), "finishes", "production"),
        (standing(Stage.CONSTRUCTION, **WORKS, planned_production=day(2026)), "finishes", "production"),
        # starts and produces within one year: 开工, with production as the result
        (
            standing(Stage.CONSTRUCTION, started_on=day(2027, 2), planned_production=day(2027, 11)),
            "started_this_year",
            "commencement",
        ),
        (standing(Stage.PRODUCTION), "producing", "full_capacity"),
        (standing(Stage.FULL_CAPACITY), "done", ""),
        (standing(Stage.SIGNING, status=Status.PAUSED), "paused", ""),
        (standing(Stage.PRODUCTION, status=Status.ENDED), "ended", ""),
    ],
)
def test_the_rule_of_each_case(how, rule, batch):
    found = rule_for(how, 2027)

    assert (found.code, found.batch) == (rule, batch)
    assert "%" not in new_year.sentence_of(found.code, {"since": "2026-03-02"})


def test_what_can_hardly_start_is_flagged():
    assert {rule.code for rule in new_year.RULES if rule.is_doubtful} == {"starts_later", "signed_undated"}


DAYS = st.none() | st.dates(datetime.date(2020, 1, 1), datetime.date(2035, 12, 31))
STANDINGS = st.builds(
    Standing,
    stage=st.sampled_from(Stage.values),
    since=DAYS.filter(bool),
    status=st.sampled_from(Status.values),
    started_on=DAYS,
    planned_start=DAYS,
    planned_production=DAYS,
)


@given(STANDINGS, st.integers(2021, 2034))
def test_every_standing_has_a_rule_that_moves_nobody_backwards(how, year):
    rule = rule_for(how, year)

    assert rule.batch in ("", *Stage.values)
    if how.status != Status.ACTIVE:
        assert rule.batch == ""
    elif rule.batch and how.stage not in (Stage.CONSTRUCTION, Stage.COMMENCEMENT):
        assert Stage(rule.batch).rank >= Stage(how.stage).rank
    due = within(rule.due(how), year)
    assert due is None or due.year == year


def test_29_february_falls_on_the_28th_of_another_year():
    leap = datetime.date(2024, 2, 29)

    assert within(leap, 2027) == datetime.date(2027, 2, 28)
    assert within(leap, 2028) == datetime.date(2028, 2, 29)
    assert within(day(2028), 2027) is None
    assert within(None, 2027) is None


# --- Proposing -------------------------------------------------------------------------------------


@pytest.fixture
def city(db, clerk):
    """A project in each batch, one paused, one ended, and last year's list with some of them."""
    last = factories.annual_plan(2026)
    projects = {stage: factories.project(stage, created_by=clerk) for stage in Stage.values}
    for stage, project in projects.items():
        factories.stage_change(project, stage, on=SINCE)
    projects["paused"] = factories.project(Stage.SIGNING, status=Status.PAUSED)
    projects["ended"] = factories.project(Stage.SIGNING, status=Status.ENDED)
    projects["gone"] = factories.project(Stage.SIGNING, status=Status.ENDED)
    for name in (Stage.SIGNING, Stage.COMMENCEMENT, "paused", "ended"):
        factories.plan_entry(last, projects[name])
    return projects


def propose(by, year=2027, today=NEW_YEAR):
    return new_year.propose(year, by=by, today=today)


def said(plan):
    rows = PlanProposal.objects.filter(plan=plan).order_by("pk")
    return list(rows.values_list("project", "source", "rule", "batch", "reason"))


def test_every_running_project_is_proposed_exactly_once(city, leader):
    plan = propose(leader)

    proposed = [row[0] for row in said(plan)]
    running = Project.objects.exclude(status=Status.ENDED).values_list("pk", flat=True)
    assert sorted(proposed) == sorted({*running, city["ended"].pk})
    rows = {row[0]: row[1:4] for row in said(plan)}
    assert rows[city["paused"].pk] == ("signing", "paused", "")
    assert rows[city["ended"].pk] == ("signing", "ended", "")
    assert rows[city[Stage.COMMENCEMENT].pk] == ("commencement", "continues_undated", "construction")


def test_a_project_that_signs_twice_is_proposed_once(city, leader):
    for _time in range(2):
        factories.verified_event(city[Stage.SIGNING], kind=EventKind.SIGNED)
    twin = factories.project(Stage.SIGNING, enterprise=city[Stage.SIGNING].enterprise)

    projects = [row[0] for row in said(propose(leader))]
    assert (projects.count(city[Stage.SIGNING].pk), projects.count(twin.pk)) == (1, 1)


def test_proposed_late_it_tells_how_things_stood_at_new_year(clerk, leader):
    project = factories.project(
        Stage.COMMENCEMENT, created_by=clerk, planned_start=day(2027, 2), stage_since=day(2027, 2)
    )
    factories.stage_change(project, Stage.SIGNING, on=SINCE)
    factories.stage_change(project, Stage.COMMENCEMENT, on=day(2027, 2), source=Stage.SIGNING)
    fresh = factories.project(Stage.SIGNING, created_by=clerk)
    factories.stage_change(fresh, Stage.SIGNING, on=day(2027, 1, 20))

    rows = {row[0]: row[2] for row in said(propose(leader, today=day(2027, 3)))}
    assert rows == {project.pk: "starts", fresh.pk: "signed_undated"}


def test_proposed_again_what_somebody_decided_stands(city, leader, clerk):
    plan = propose(leader)
    row = plan.proposals.get(project=city[Stage.SIGNING])
    new_year.decide(
        row, batch=Stage.COMMENCEMENT, planned_on=day(2027), is_doubtful=True, reason="已供地", by=clerk
    )
    before = said(plan)

    plan = propose(leader)

    assert sorted(said(plan)) == sorted(before)
    kept = plan.proposals.get(project=city[Stage.SIGNING])
    assert (kept.batch, kept.planned_on, kept.is_doubtful, kept.changed_by) == (
        "commencement",
        day(2027),
        False,
        clerk,
    )


def test_a_decision_falls_when_the_project_ends(city, leader, clerk):
    row = propose(leader).proposals.get(project=city[Stage.SIGNING])
    new_year.decide(row, batch=Stage.COMMENCEMENT, planned_on=None, is_doubtful=False, reason="x", by=clerk)
    Project.objects.filter(pk=row.project_id).update(status=Status.ENDED)

    again = propose(leader).proposals.get(project=row.project_id)
    assert (again.rule, again.batch, again.reason) == ("ended", "", "")


def test_only_this_year_and_the_next_are_proposed_and_none_twice(city, leader):
    assert "next one" in refused(CannotPropose, propose, leader, 2029)
    assert "2026 is in force" in refused(CannotPropose, propose, leader, 2026)


def test_the_bureau_is_told_once(city, leader, clerk):
    propose(User.objects.system())
    propose(User.objects.system())

    notices = Notification.objects.filter(kind="new_year", user__in=(leader, clerk))
    told = notices.values_list("user__username", "url")
    assert sorted(told) == sorted((who.username, "/projects/plan/new-year/2027/") for who in (leader, clerk))


def test_the_night_of_new_year_only_proposes(city, clerk, leader, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: NEW_YEAR)

    tasks.propose_new_year()
    version = AnnualPlan.objects.get(year=2027).version
    tasks.propose_new_year()

    plan = AnnualPlan.objects.get(year=2027)
    assert (plan.state, plan.version, plan.entries.count()) == (PlanState.PROPOSED, version, 0)
    assert AnnualPlan.objects.get(year=2026).state == PlanState.IN_FORCE


# --- Approving -------------------------------------------------------------------------------------


def approve(plan, by, today=NEW_YEAR):
    return new_year.approve(plan, seen_version=plan.version, by=by, today=today)


def everything():
    return [
        list(model.objects.order_by("pk").values())
        for model in (AnnualPlan, AnnualPlanEntry, PlanChange, PlanProposal)
    ]


def test_approval_freezes_last_year_and_puts_the_new_list_in_force(city, leader):
    plan = approve(propose(leader), leader)

    assert list(AnnualPlan.objects.order_by("year").values_list("year", "state")) == [
        (2026, "frozen"),
        (2027, "in_force"),
    ]
    listed = {row[0]: row[3] for row in said(plan) if row[3]}
    assert dict(plan.entries.values_list("project", "batch")) == listed
    assert plan.entries.get(project=city[Stage.SIGNING]).is_doubtful
    changes = plan.changes.order_by("pk").values_list("project", "source", "target")
    assert [(pk, target) for pk, _none, target in changes] == list(listed.items())


def test_approving_twice_changes_nothing_more(city, leader):
    plan = propose(leader)
    approve(plan, leader)
    before = everything()

    approve(plan, leader)

    assert everything() == before


def test_a_changed_proposal_or_a_moved_project_is_looked_at_again(city, leader, clerk):
    plan = propose(leader)
    row = plan.proposals.get(project=city[Stage.SIGNING])
    new_year.decide(row, batch="", planned_on=None, is_doubtful=False, reason="投资方退出", by=clerk)
    assert "changed since you opened it" in refused(CannotApprove, approve, plan, leader)

    plan = propose(leader)
    Project.objects.filter(pk=city[Stage.PRODUCTION].pk).update(status=Status.PAUSED)
    assert "1 projects have changed" in refused(CannotApprove, approve, plan, leader)
    assert not AnnualPlanEntry.objects.filter(plan=plan).exists()
    assert AnnualPlan.objects.get(year=2026).state == PlanState.IN_FORCE

    approve(propose(leader), leader)
    assert AnnualPlan.objects.get(year=2027).state == PlanState.IN_FORCE


def test_a_year_is_not_jumped_over(city, leader):
    propose(leader)
    later = propose(leader, 2028, day(2028, 1, 2))

    assert "2027" in refused(CannotApprove, approve, later, leader)


def test_nothing_that_happens_changes_a_frozen_list(city, leader, clerk):
    last = AnnualPlan.objects.get(year=2026)
    approve(propose(leader), leader)
    before = list(last.entries.order_by("pk").values())
    entry = AnnualPlanEntry.objects.filter(plan=last).first()

    factories.stage_change(city[Stage.SIGNING], Stage.COMMENCEMENT, on=NEW_YEAR)
    Project.objects.update(task_force=factories.task_force(), contracted=1, status=Status.ACTIVE)
    with pytest.raises(annual_plan.CannotPlan), transaction.atomic():
        annual_plan.move(entry, Terms(Stage.PRODUCTION), reason="x", by=clerk, today=NEW_YEAR)
    with pytest.raises(annual_plan.CannotPlan), transaction.atomic():
        annual_plan.take_out(entry, reason="x", by=clerk, today=NEW_YEAR)

    assert list(last.entries.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_the_second_finds_it_done(city, leader):
    plan = propose(leader)
    ready, results = threading.Barrier(2), []

    def run():
        ready.wait()
        try:
            results.append(approve(plan, leader).state)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == ["in_force", "in_force"]
    assert plan.entries.count() == plan.changes.count() == sum(1 for row in said(plan) if row[3])


def test_proposing_and_approving_ask_as_often_for_many_projects(city, leader, count_queries):
    def a_new_year():
        with transaction.atomic():
            approve(propose(leader), leader)
            transaction.set_rollback(True)

    few = count_queries(a_new_year)
    for _n in range(9):
        factories.stage_change(factories.project(Stage.SIGNING), Stage.SIGNING, on=SINCE)

    assert count_queries(a_new_year) == few
