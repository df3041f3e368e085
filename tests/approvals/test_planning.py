"""The plan counted back from the start of works: against a naive second reckoning, and on real lists."""

import datetime
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import catalogue, clocks, lists, planning
from approvals.choices import ItemEventKind, ItemState, Phase
from approvals.models import Item, ItemTemplate
from approvals.planning import ASSUMED_DAYS, Basis, Milestone, Plan, Step, plan
from core.workdays import Calendar, calendar
from projects.choices import Stage, Status
from tests import factories

NATIONAL = Calendar({})
TODAY = datetime.date(2026, 3, 2)  # a Monday
DAY = datetime.timedelta(days=1)


def made(*steps: Step, start: datetime.date | None = None, today=TODAY, **more) -> Plan:
    return plan(steps, wanted_start=start, today=today, days=NATIONAL, **more)


def waiting(key: int, promised: int | None, *needs: int, **fields) -> Step:
    return Step(key, **{"phase": Phase.LAND, "promised": promised, "needs": frozenset(needs), **fields})


# --- By hand ------------------------------------------------------------------------------------------


def test_a_chain_is_counted_forwards_from_today_and_back_from_the_wanted_start():
    found = made(
        waiting(1, 1),
        waiting(2, 5, 1),
        waiting(3, 3, 1),
        waiting(4, 2, 2, 3),
        start=datetime.date(2026, 3, 16),
    )

    rows = [
        (
            p.key,
            p.earliest_submit.day,
            p.earliest_finish.day,
            p.latest_submit.day,
            p.latest_finish.day,
            p.slack,
        )
        for p in found.items
    ]
    assert rows == [
        (1, 2, 3, 3, 4, 1),
        (2, 3, 10, 4, 11, 1),
        (3, 3, 6, 6, 11, 3),
        (4, 10, 12, 11, 13, 1),
    ]
    assert (found.start, found.slack) == (datetime.date(2026, 3, 13), 1)
    assert [p.is_critical for p in found.items] == [True, True, False, True]
    assert [p.spare for p in found.items] == [0, 0, 2, 0]
    assert found.path == (1, 2, 4)
    assert [p.frees for p in found.items] == [1, 2, 0, 2]
    assert (found.levers, found.frees) == ((2, 4), 2)


def test_a_start_that_cannot_be_kept_leaves_negative_slack():
    found = made(waiting(1, 5), start=datetime.date(2026, 3, 4))

    assert (found.start, found.slack) == (datetime.date(2026, 3, 10), -4)
    assert found.items[0].latest_submit == datetime.date(2026, 2, 25)
    assert found.items[0].slack == -4


def test_without_a_wanted_start_there_is_the_forward_plan_and_the_critical_path():
    found = made(waiting(1, 5), waiting(2, 2))

    assert (found.start, found.slack, found.path) == (datetime.date(2026, 3, 10), None, (1,))
    assert [(p.latest_submit, p.latest_finish, p.slack, p.spare) for p in found.items] == [
        (None, None, None, 0),
        (None, None, None, 3),
    ]


def test_a_start_wanted_on_a_free_day_is_one_on_the_next_working_day():
    sunday, monday = (made(waiting(1, 3), start=datetime.date(2026, 3, day)) for day in (8, 9))

    assert (sunday.slack, sunday.items) == (monday.slack, monday.items)
    assert monday.slack == 1


def test_the_spring_festival_is_counted_out_both_ways():
    found = made(waiting(1, 5), start=datetime.date(2026, 2, 27), today=datetime.date(2026, 2, 13))

    assert found.items[0].earliest_finish == datetime.date(2026, 2, 27)  # the 14th is worked, then nine free
    assert found.items[0].latest_submit == datetime.date(2026, 2, 12)


@pytest.mark.parametrize(
    ("step", "finish"),
    [
        (Step(1, 1, state=ItemState.SUBMITTED, promised=5), 9),
        (Step(1, 1, state=ItemState.RUNNING, promised=5, counted=2), 5),
        (Step(1, 1, state=ItemState.RUNNING, promised=5, counted=9), 2),  # it can be decided any day
        (Step(1, 1, state=ItemState.SPECIAL, promised=5, counted=2, paused_since=TODAY, announced=4), 11),
        (Step(1, 1, state=ItemState.NOTICE, promised=5, counted=2, paused_since=TODAY - 9 * DAY), 5),
        (Step(1, 1, state=ItemState.REFUSED, promised=5, counted=4), 9),
        (Step(1, 1, state=ItemState.WITHDRAWN, promised=5), 9),
    ],
    ids=["submitted", "running", "over promise", "stopped", "no length announced", "refused", "withdrawn"],
)
def test_each_state_has_its_own_forecast(step, finish):
    assert made(step).items[0].earliest_finish == datetime.date(2026, 3, finish)


def test_limits_are_the_promised_then_the_statutory_then_an_assumption_that_is_named():
    found = made(waiting(1, 0, statutory=20), waiting(2, None, statutory=15), waiting(3, None))

    assert [(p.duration, p.basis) for p in found.items] == [
        (0, Basis.PROMISED),
        (15, Basis.STATUTORY),
        (ASSUMED_DAYS, Basis.ASSUMED),
    ]


def test_passed_items_hold_nothing_up_and_what_is_handed_in_early_waits_for_nobody():
    found = made(
        Step(1, 1, state=ItemState.APPROVED, promised=9, closed_on=TODAY - 3 * DAY),
        waiting(2, 7),
        Step(3, 1, state=ItemState.RUNNING, promised=4, needs=frozenset({1, 2})),
        start=datetime.date(2026, 3, 30),
    )

    assert [(p.earliest_finish, p.slack) for p in found.items] == [
        (TODAY - 3 * DAY, None),
        (datetime.date(2026, 3, 11), 12),
        (datetime.date(2026, 3, 6), 15),
    ]


def test_with_everything_passed_works_can_begin_today():
    found = made(
        Step(1, 1, state=ItemState.APPROVED, closed_on=TODAY - 3 * DAY), start=datetime.date(2026, 3, 9)
    )

    assert (found.start, found.slack, found.path, found.levers) == (TODAY, 5, (), ())
    assert made(Step(1, 1, state=ItemState.APPROVED, closed_on=TODAY)).start == TODAY + DAY


def test_two_equal_chains_side_by_side_have_no_single_lever():
    found = made(waiting(1, 5, group="land"), waiting(2, 5, group="land"))

    assert [p.is_critical for p in found.items] == [True, True]
    assert (found.levers, found.frees) == ((), 0)
    assert found.path == (1,)


def test_acceptance_hangs_on_production_and_has_no_earliest_day():
    permit = waiting(1, 3, phase=Phase.BUILDING, is_permit=True)
    utilities = waiting(2, 4, 1, phase=Phase.BUILDING)
    acceptance = waiting(3, 12, 1, phase=Phase.ACCEPTANCE)
    completion = waiting(4, 3, 3, phase=Phase.ACCEPTANCE)
    found = made(
        permit,
        utilities,
        acceptance,
        completion,
        start=datetime.date(2026, 3, 9),
        wanted_production=datetime.date(2026, 12, 21),
    )

    assert [p.milestone for p in found.items] == [Milestone.WORKS] + [Milestone.PRODUCTION] * 3
    assert (found.start, found.slack, found.path) == (datetime.date(2026, 3, 6), 1, (1,))
    rows = [(p.earliest_finish, p.latest_submit, p.latest_finish) for p in found.items[1:]]
    assert rows == [
        (datetime.date(2026, 3, 11), datetime.date(2026, 12, 14), datetime.date(2026, 12, 18)),
        (None, datetime.date(2026, 11, 27), datetime.date(2026, 12, 15)),
        (None, datetime.date(2026, 12, 15), datetime.date(2026, 12, 18)),
    ]


def test_what_building_needs_belongs_before_it_whatever_its_phase():
    found = made(waiting(1, 4, phase=Phase.OPERATION), waiting(2, 3, 1, phase=Phase.BUILDING))

    assert [p.milestone for p in found.items] == [Milestone.WORKS] * 2
    assert found.path == (1, 2)


def test_what_is_tried_out_changes_the_days_and_says_so():
    steps = (waiting(1, 5), waiting(2, 2, 1))
    before, after = made(*steps), made(*steps, supposed={1: 1})

    assert (before.start, after.start) == (datetime.date(2026, 3, 12), datetime.date(2026, 3, 6))
    assert [(p.duration, p.basis) for p in after.items] == [(1, Basis.SUPPOSED), (2, Basis.PROMISED)]


def test_items_that_wait_for_each_other_are_named_and_never_counted():
    found = made(
        waiting(1, 5),
        waiting(2, 5, 1, 4),
        waiting(3, 5, 2),
        waiting(4, 5, 3),
        waiting(5, 1, 4),
        waiting(6, 1, 6),
    )

    assert found.rings == ((2, 4, 3), (6,))
    assert (found.start, found.slack, found.path) == (None, None, ())
    assert {p.earliest_finish for p in found.items} == {None}


def test_a_ring_that_has_been_passed_holds_nothing_up():
    found = made(
        waiting(1, 5, 2), Step(2, 1, state=ItemState.APPROVED, needs=frozenset({1}), closed_on=TODAY)
    )

    assert (found.rings, found.path) == ((), (1,))


def test_an_empty_list_has_an_empty_plan():
    assert (made().items, made().start) == ((), TODAY)


# --- A second reckoning, by dates and recursion ----------------------------------------------------------


class Naive:
    """The same plan the long way: every day by the calendar, every item by recursion, nothing kept."""

    def __init__(self, steps: list[Step], *, start, today, days: Calendar) -> None:
        self.steps = {step.key: step for step in steps}
        self.today, self.days = today, days
        self.begins = days.on_or_after(today)
        self.deadline = None if start is None else days.back(days.on_or_after(start), 1)

    def needs(self, step: Step) -> list[Step]:
        if not step.is_to_be_submitted:
            return []
        return [self.steps[n] for n in step.needs if n in self.steps and not self.steps[n].is_passed]

    def before_works(self, step: Step) -> bool:
        if step.phase < Phase.ACCEPTANCE and not self.behind_permit(step):
            return True
        return any(step.key in other.needs and self.before_works(other) for other in self.steps.values())

    def behind_permit(self, step: Step) -> bool:
        first = [self.steps[n] for n in step.needs if n in self.steps]
        return any(other.is_permit or self.behind_permit(other) for other in first)

    def submit(self, step: Step) -> datetime.date | None:
        finishes = [self.finish(other) for other in self.needs(step)]
        known = [day for day in finishes if day is not None]
        return max([self.begins, *known]) if len(known) == len(finishes) else None

    def finish(self, step: Step) -> datetime.date | None:
        days = self.days
        if step.is_under_way:
            left = max(0, step.limit[0] - step.counted)
            if step.state == ItemState.RUNNING:
                return max(self.begins, days.add(self.today, left))
            resumes = days.add(step.paused_since, step.announced or 0) if step.paused_since else self.begins
            return days.add(max(self.begins, resumes), left)
        if step.phase >= Phase.ACCEPTANCE and not self.before_works(step):
            return None
        submitted = self.submit(step)
        return None if submitted is None else days.add(submitted, step.limit[0])

    def latest(self, step: Step) -> datetime.date:
        after = [
            other for other in self.steps.values() if step in self.needs(other) and self.before_works(other)
        ]
        assert self.deadline is not None
        return min([self.deadline, *(self.days.back(self.latest(s), s.limit[0]) for s in after)])

    def start(self) -> datetime.date:
        before = [step for step in self.steps.values() if self.before_works(step)]
        finishes = [step.closed_on if step.is_passed else self.finish(step) for step in before]
        return max([self.begins, *(self.days.add(day, 1) for day in finishes if day is not None)])


NEAR = st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 12, 1))
CALENDARS = st.builds(Calendar, st.dictionaries(NEAR, st.booleans(), max_size=40))
STATES = st.sampled_from([ItemState.WAITING] * 8 + [s for s in ItemState if s != ItemState.WAITING])


@st.composite
def networks(draw) -> tuple[list[Step], datetime.date, datetime.date, Calendar]:
    """A list without rings in any order of keys, a day, a wanted start, a calendar."""
    days, today = draw(CALENDARS), draw(NEAR)
    keys = draw(st.permutations(range(1, draw(st.integers(1, 9)) + 1)))
    permit = draw(st.sampled_from([None, *keys]))
    steps = []
    for place, key in enumerate(keys):
        state = draw(STATES)
        passed, limit = state in ItemState.PASSED, st.none() | st.integers(0, 25)
        steps.append(
            Step(
                key=key,
                phase=draw(st.sampled_from(Phase)),
                order=draw(st.integers(0, 3)),
                state=state,
                needs=frozenset(draw(st.lists(st.sampled_from(keys[:place]), max_size=3)))
                if place
                else frozenset(),
                is_permit=key == permit,
                promised=draw(limit),
                statutory=draw(limit),
                counted=draw(st.integers(0, 12)) if state == ItemState.RUNNING else 0,
                paused_since=today - draw(st.integers(0, 20)) * DAY if state in ItemState.PAUSED else None,
                announced=draw(st.none() | st.integers(1, 20)) if state in ItemState.PAUSED else None,
                closed_on=today - draw(st.integers(0, 20)) * DAY if passed else None,
            )
        )
    return steps, today, today + draw(st.integers(-60, 200)) * DAY, days


def planned(network, start="wanted", **more) -> Plan:
    steps, today, wanted, days = network
    wanted = wanted if start == "wanted" else start
    return plan(steps, wanted_start=wanted, today=today, days=days, **more)


@settings(max_examples=120, deadline=None)
@given(networks())
def test_the_plan_agrees_with_the_second_reckoning(network):
    steps, today, wanted, days = network
    naive, found = Naive(steps, start=wanted, today=today, days=days), planned(network)

    assert found.start == naive.start()
    assert found.slack == days.between(naive.start(), days.on_or_after(wanted))
    for step in (step for step in steps if not step.is_passed):
        told = found.by_key[step.key]
        assert (told.milestone == Milestone.WORKS) == naive.before_works(step)
        assert told.earliest_finish == naive.finish(step)
        if told.milestone == Milestone.WORKS:
            latest = naive.latest(step)
            assert told.latest_finish == latest
            assert told.slack == days.between(naive.finish(step), latest)
            freed = Naive([_instant(s, step, today) for s in steps], start=wanted, today=today, days=days)
            assert told.frees == days.between(freed.start(), naive.start())
        if step.is_to_be_submitted and told.earliest_finish:
            assert told.earliest_submit == naive.submit(step)
        if told.latest_submit:
            assert told.latest_submit == days.back(told.latest_finish, told.duration)


def _instant(step: Step, which: Step, today: datetime.date) -> Step:
    """The item as one that takes no day from now on."""
    if step.key != which.key:
        return step
    return replace(step, promised=0, paused_since=None, counted=0)


@given(networks())
@settings(max_examples=60, deadline=None)
def test_what_holds_of_every_plan(network):
    steps, today, _wanted, days = network
    found = planned(network)
    unfinished = [p for p in found.items if not p.is_passed]
    before = [p for p in unfinished if p.milestone == Milestone.WORKS]

    for p in unfinished:
        if p.latest_submit:
            assert p.latest_submit <= p.latest_finish
            assert days.is_workday(p.latest_submit)
        if p.earliest_submit and p.earliest_finish:
            assert p.earliest_submit <= p.earliest_finish
    assert all(p.slack == found.slack for p in before if p.is_critical)
    assert all(p.slack >= found.slack for p in before)
    assert all(0 <= p.frees <= min(found.length, days.between(today, p.earliest_finish)) for p in before)
    assert bool(found.path) == bool(before)
    assert all(found.by_key[key].is_critical for key in found.path)
    assert all(_needs(steps, later, earlier) for earlier, later in pairwise(found.path))
    assert {p.key for p in before if p.frees == found.frees and p.frees} == set(found.levers)


def _needs(steps: list[Step], later: int, earlier: int) -> bool:
    return any(step.key == later and earlier in step.needs for step in steps)


@given(networks(), st.data())
@settings(max_examples=60, deadline=None)
def test_finishing_or_shortening_an_item_never_makes_the_start_later(network, data):
    steps, today, wanted, days = network
    step = data.draw(st.sampled_from(steps))
    shorter = data.draw(st.integers(0, step.limit[0]))
    passed = replace(step, state=ItemState.APPROVED, closed_on=today, paused_since=None)

    before = planned(network)

    for changed in (passed, replace(step, promised=shorter)):
        others = [changed if s.key == step.key else s for s in steps]
        if not step.is_passed:
            assert planned((others, today, wanted, days)).start <= before.start


@given(networks(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_items_does_not_matter(network, random):
    steps, *rest = network
    shuffled = random.sample(steps, len(steps))

    assert planned((shuffled, *rest)) == planned(network)


@given(networks())
@settings(max_examples=60, deadline=None)
def test_the_wanted_start_moves_every_latest_day_and_nothing_else(network):
    without, found = planned(network, start=None), planned(network)

    def forward(p):
        return (p.key, p.earliest_submit, p.earliest_finish, p.spare, p.frees, p.after)

    assert [forward(p) for p in without.items] == [forward(p) for p in found.items]
    assert (without.start, without.path, without.levers) == (found.start, found.path, found.levers)


@given(st.dictionaries(st.integers(1, 8), st.frozensets(st.integers(1, 8), max_size=3), max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_prerequisites_whatever_come_to_an_end(needs):
    steps = [waiting(key, 2, *(n for n in first if n in needs)) for key, first in needs.items()]

    found = made(*steps)

    assert bool(found.rings) == (found.start is None)
    for ring in found.rings:
        assert all(after in needs[key] for key, after in zip(ring, (*ring[1:], ring[0]), strict=True))


# --- How much work it is ------------------------------------------------------------------------------


class Counting(Calendar):
    """A calendar that counts what it is asked."""

    asked = 0

    def add(self, start, n):
        self.asked += 1
        return super().add(start, n)

    def back(self, end, n):
        self.asked += 1
        return super().back(end, n)

    def between(self, a, b):
        self.asked += 1
        return super().between(a, b)


def sixty(number: int = 60) -> list[Step]:
    """Items in rows of six, each needing two of the row before."""
    return [
        Step(
            key=n,
            phase=Phase.LAND + min(2, 3 * n // number),
            order=n,
            needs=frozenset(m for m in (n - 6, n - 5) if m > 0),
            promised=n % 7,
            state=ItemState.RUNNING if n <= 6 else ItemState.WAITING,
            counted=1 if n <= 6 else 0,
        )
        for n in range(1, number + 1)
    ]


@pytest.mark.parametrize("number", [60, 240])
def test_the_calendar_is_asked_at_most_four_times_for_each_item(number):
    days = Counting({})

    found = plan(sixty(number), wanted_start=TODAY + 90 * DAY, today=TODAY, days=days)

    assert len(found.items) == number
    assert days.asked <= 4 * number + 6


# --- Real lists ---------------------------------------------------------------------------------------


@pytest.fixture
def signed(db):
    catalogue.load(TODAY)
    return factories.project(
        Stage.SIGNING,
        planned_start=datetime.date(2026, 4, 20),
        planned_production=datetime.date(2027, 3, 1),
    )


def opened(project, *codes: str) -> dict[str, Item]:
    """The items of these codes on the project's list."""
    templates = {t.code: t for t in ItemTemplate.objects.all()}
    return {code: lists.add_item(project, templates[code], on=TODAY, by=project.created_by) for code in codes}


def stop(item: Item, on: datetime.date, length: int):
    """Expert review begins, its length announced."""
    return clocks.log_event(
        item,
        kind=ItemEventKind.SPECIAL_STARTED,
        on=on,
        declared_days=length,
        note="专家评审",
        by=item.project.created_by,
        today=on,
    )


CODES = (
    "filing",
    "site-opinion",
    "land-permit",
    "energy",
    "design",
    "planning-permit",
    "drawings",
    "building-permit",
)


def test_a_project_s_list_is_planned_from_its_events(signed):
    items = opened(signed, *CODES, "utilities", "joint-acceptance")
    by = signed.created_by
    clocks.log_event(items["filing"], kind=ItemEventKind.ACCEPTED, on=TODAY, by=by, today=TODAY)
    clocks.log_event(items["filing"], kind=ItemEventKind.APPROVED, on=TODAY + DAY, by=by, today=TODAY + DAY)
    clocks.log_event(items["energy"], kind=ItemEventKind.ACCEPTED, on=TODAY + DAY, by=by, today=TODAY + DAY)
    stop(items["energy"], TODAY + 2 * DAY, 10)

    told = planning.of_project(signed, today=TODAY + 2 * DAY)

    code = {item.pk: item.template.code for item in told.items.values()}
    assert [code[key] for key in told.plan.path] == [
        "site-opinion", "land-permit", "design", "planning-permit", "drawings", "building-permit",
    ]  # fmt: skip
    energy = told.plan.by_key[items["energy"].pk]
    assert energy.earliest_finish == calendar().add(calendar().add(TODAY + 2 * DAY, 10), 7)
    days = told.plan.by_key[items["building-permit"].pk]
    assert days.latest_finish == datetime.date(2026, 4, 17)
    assert told.plan.by_key[items["utilities"].pk].milestone == Milestone.PRODUCTION
    assert told.plan.by_key[items["joint-acceptance"].pk].earliest_submit is None


def test_a_pause_that_was_struck_out_is_not_waited_for(signed):
    item = opened(signed, "energy")["energy"]
    by = signed.created_by
    clocks.log_event(item, kind=ItemEventKind.ACCEPTED, on=TODAY, by=by, today=TODAY)
    wrong = stop(item, TODAY + DAY, 30)
    clocks.strike(wrong, by=by, today=TODAY + 9 * DAY, note="录入错误")
    stop(item, TODAY + DAY, 6)

    [planned] = planning.of_project(signed, today=TODAY + 9 * DAY).plan.items

    assert planned.earliest_finish == calendar().add(TODAY + DAY, 6 + 7)


@pytest.mark.parametrize("number", [1, 3])
def test_plans_of_any_number_of_projects_take_two_queries(db, django_assert_num_queries, number):
    catalogue.load(TODAY)
    projects = [factories.project(Stage.SIGNING, planned_start=TODAY + 60 * DAY) for _n in range(number)]
    for project in projects:
        item = opened(project, "energy", "filing")["energy"]
        clocks.log_event(item, kind=ItemEventKind.ACCEPTED, on=TODAY, by=project.created_by, today=TODAY)
        stop(item, TODAY + DAY, 5)
    calendar()

    with django_assert_num_queries(2):
        told = planning.of_projects(projects, today=TODAY)

    assert [len(one.plan.items) for one in told] == [2] * number


def test_next_steps_are_those_within_ten_working_days_or_past(signed):
    items = opened(signed, "filing", "energy", "site-opinion")
    signed.planned_start = TODAY + 10 * DAY
    other = factories.project(Stage.SIGNING, planned_start=TODAY + 90 * DAY)
    opened(other, "filing")
    paused = factories.project(Stage.SIGNING, planned_start=TODAY, status=Status.PAUSED)
    opened(paused, "filing")

    found = planning.next_steps([signed, other, paused], TODAY)

    assert [(one.item, one.latest_submit, one.left, one.waits_for) for one in found] == [
        (items["filing"], datetime.date(2026, 2, 27), -2, ()),
        (items["energy"], datetime.date(2026, 2, 28), -1, (items["filing"],)),  # a Saturday that is worked
        (items["site-opinion"], TODAY, 0, (items["filing"],)),
    ]
