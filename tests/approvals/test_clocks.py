"""Clocks: worked examples with their days, what must hold for every course, and the verbs that write."""

import datetime
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import clocks
from approvals.choices import Clock, ItemEventKind, ItemState
from approvals.clocks import CannotLog, DoesNotFit, Entry
from approvals.models import DueDayMove, Item, ItemEvent, ItemLimit
from approvals.rules import ITEM_NEXT, step
from core.models import CalendarOverride
from core.workdays import Calendar, calendar, forget
from tests import factories
from tests.approvals.conftest import told

K, S = ItemEventKind, ItemState
NATIONAL = Calendar({})
OPENED = datetime.date(2025, 9, 1)  # a Monday


def d(text: str) -> datetime.date:
    """ "09-12" of 2025, or a whole day."""
    return datetime.date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


def events(*steps: tuple[str, str]) -> list[ItemEvent]:
    return [ItemEvent(kind=kind, on=d(on), **told(kind)) for kind, on in steps]


def course(*steps: tuple[str, str], opened_on: datetime.date = OPENED) -> clocks.Course:
    return clocks.replay(events(*steps), opened_on=opened_on)


def fields(*steps: tuple[str, str], promised: int | None = 5, statutory: int | None = 20, days=NATIONAL):
    limit = ItemLimit(promised_days=promised, statutory_days=statutory)
    return clocks.derived(Item(opened_on=OPENED), course(*steps), limit, days=days)


# --- Due days ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "limit", "due"),
    [
        ("2025-01-24", 1, "2025-01-26"),  # a Sunday worked for the Spring Festival
        ("2025-01-24", 3, "2025-02-05"),
        ("2025-01-24", 20, "2025-02-27"),
        ("2025-04-25", 5, "2025-05-06"),
        ("2025-09-26", 5, "2025-10-10"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2024-02-28", 1, "2024-02-29"),
        ("2024-02-29", 1, "2024-03-01"),
        ("2025-12-31", 1, "2026-01-04"),  # over New Year: 1 to 3 January are free, Sunday the 4th is worked
        ("2025-09-05", 0, "2025-09-05"),  # on the spot
    ],
)
def test_due_day_does_not_count_the_day_of_acceptance(accepted, limit, due):
    done = course((K.ACCEPTED, accepted), opened_on=d("2024-01-02"))

    assert clocks.due_on(done, limit, days=NATIONAL) == d(due)


def test_due_day_follows_the_office_s_own_days():
    """三月三 of 2025, which no national calendar knows."""
    free = Calendar({d("2025-03-31"): False, d("2025-04-01"): False})
    accepted = course((K.ACCEPTED, "2025-03-28"), opened_on=d("2025-01-02"))

    assert clocks.due_on(accepted, 1, days=NATIONAL) == d("2025-03-31")
    assert clocks.due_on(accepted, 1, days=free) == d("2025-04-02")


def test_due_day_is_unknown_while_the_clock_stands_still():
    paused = fields((K.ACCEPTED, "09-08"), (K.CORRECTION_STARTED, "09-10"))

    assert paused == {
        "state": S.CORRECTING,
        "promised_days": 5,
        "statutory_days": 20,
        "submitted_on": d("09-08"),
        "accepted_on": d("09-08"),
        "counted_days": 2,
        "running_since": None,
        "paused_since": d("09-10"),
        "announced_days": 5,
        "announced_until": d("09-17"),
        "closed_on": None,
        "last_event_on": d("09-10"),
        "promise_due": None,
        "statute_due": None,
        "certificate_no": "",
    }


def test_due_day_moves_by_the_working_days_of_the_pause():
    before = fields((K.ACCEPTED, "09-08"))
    after = fields((K.ACCEPTED, "09-08"), (K.CORRECTION_STARTED, "09-10"), (K.CORRECTION_ENDED, "09-17"))

    assert before["promise_due"] == d("09-15")
    assert after["promise_due"] == d("09-22")  # five working days later
    assert (after["counted_days"], after["running_since"]) == (2, d("09-17"))


def test_due_day_that_has_passed_stays_known_in_a_later_pause():
    late = fields((K.ACCEPTED, "09-08"), (K.SPECIAL_STARTED, "09-18"))

    assert late["promise_due"] == d("09-15")
    assert late["statute_due"] is None
    assert late["counted_days"] == 8


def test_due_day_after_a_pause_that_began_on_the_due_day_is_the_day_it_ended():
    late = fields((K.ACCEPTED, "09-08"), (K.CORRECTION_STARTED, "09-15"), (K.CORRECTION_ENDED, "09-19"))

    assert late["promise_due"] == d("09-19")
    assert late["counted_days"] == 5


def test_due_day_is_moved_by_a_pause_that_ended_on_the_day_of_the_decision():
    done = fields(
        (K.ACCEPTED, "09-08"),
        (K.CORRECTION_STARTED, "09-10"),
        (K.CORRECTION_ENDED, "09-17"),
        (K.APPROVED, "09-17"),
    )

    assert (done["counted_days"], done["closed_on"], done["promise_due"]) == (2, d("09-17"), d("09-22"))


def test_item_decided_on_the_day_of_acceptance_has_its_due_day():
    done = fields((K.ACCEPTED, "09-08"), (K.APPROVED, "09-08"))

    assert (done["counted_days"], done["promise_due"]) == (0, d("09-15"))


def test_limits_run_from_the_counter_s_acceptance_not_from_the_department_s():
    counter_first = fields((K.SUBMITTED, "09-05"), (K.ACCEPTED, "09-08"), (K.TAKEN_ON, "09-10"))
    department_only = fields((K.SUBMITTED, "09-05"), (K.TAKEN_ON, "09-10"))

    assert (counter_first["accepted_on"], counter_first["promise_due"]) == (d("09-08"), d("09-15"))
    assert (department_only["accepted_on"], department_only["promise_due"]) == (d("09-10"), d("09-17"))


def test_item_declined_by_the_department_is_handed_in_anew():
    declined = ((K.SUBMITTED, "09-05"), (K.ACCEPTED, "09-08"), (K.DECLINED, "09-10"))
    again = fields(*declined, (K.SUBMITTED, "09-15"), (K.ACCEPTED, "09-16"))

    assert fields(*declined)["state"] == S.WAITING
    assert (fields(*declined)["accepted_on"], fields(*declined)["promise_due"]) == (None, None)
    assert (again["accepted_on"], again["counted_days"]) == (d("09-16"), 0)


@pytest.mark.parametrize("kind", [K.RECALLED, K.REVOKED])
def test_approval_taken_back_keeps_its_verdict_and_may_be_handed_in_again(kind):
    approved = ((K.ACCEPTED, "09-08"), (K.APPROVED, "09-17"), (kind, "10-10"))
    again = fields(*approved, (K.SUBMITTED, "10-13"))

    assert (fields(*approved)["state"], fields(*approved)["closed_on"]) == (S.REVOKED, d("09-17"))
    assert S.REVOKED not in S.PASSED
    assert (again["state"], again["closed_on"]) == (S.SUBMITTED, None)


def test_asking_for_withdrawal_changes_nothing_until_it_is_confirmed():
    asked = ((K.ACCEPTED, "09-08"), (K.WITHDRAWAL_ASKED, "09-10"))

    assert (fields(*asked)["state"], fields(*asked)["promise_due"]) == (S.RUNNING, d("09-15"))
    assert fields(*asked, (K.WITHDRAWN, "09-11"))["state"] == S.WITHDRAWN


def test_pause_tells_since_when_why_and_for_how_long_it_was_announced():
    first = course((K.ACCEPTED, "09-08"), (K.SPECIAL_STARTED, "09-10"))
    second = course(
        (K.ACCEPTED, "09-08"),
        (K.CORRECTION_STARTED, "09-10"),
        (K.CORRECTION_ENDED, "09-12"),
        (K.SPECIAL_STARTED, "09-12"),
    )
    pause = clocks.pause_of(first)

    assert pause == clocks.Pause(K.SPECIAL_STARTED, d("09-10"), 5, "缺总平图")
    assert pause.until(days=NATIONAL) == d("09-17")
    assert [pause.longer(d(on), days=NATIONAL) for on in ("09-10", "09-17", "09-18", "09-22")] == [0, 0, 1, 3]
    assert clocks.pause_of(second).since == d("09-12")
    assert clocks.pause_of(course((K.ACCEPTED, "09-08"))) is None


def test_limits_run_anew_when_a_refused_item_is_handed_in_again():
    again = fields(
        (K.ACCEPTED, "09-08"),
        (K.REFUSED, "09-18"),
        (K.SUBMITTED, "09-22"),
        (K.ACCEPTED, "09-23"),
    )

    assert again["state"] == S.RUNNING
    assert (again["accepted_on"], again["closed_on"], again["counted_days"]) == (d("09-23"), None, 0)
    assert again["promise_due"] == d("09-29")  # Sunday the 28th is worked before the National Day


def test_limits_run_anew_when_all_of_it_happens_in_one_day():
    again = fields(
        (K.ACCEPTED, "09-08"), (K.WITHDRAWN, "09-18"), (K.SUBMITTED, "09-18"), (K.ACCEPTED, "09-18")
    )

    assert (again["running_since"], again["counted_days"]) == (d("09-18"), 0)
    assert again["promise_due"] == d("09-25")


def test_item_decided_without_acceptance_counts_from_the_day_it_was_handed_in():
    """Or leaving out one entry would make the longest delay look like none."""
    on_the_spot = fields((K.SUBMITTED, "09-08"), (K.APPROVED, "09-08"))
    left_lying = fields(
        (K.SUBMITTED, "09-08"),
        (K.CORRECTION_STARTED, "09-10"),
        (K.CORRECTION_ENDED, "09-12"),
        (K.APPROVED, "09-19"),
    )

    assert (on_the_spot["accepted_on"], on_the_spot["counted_days"]) == (d("09-08"), 0)
    assert (left_lying["accepted_on"], left_lying["counted_days"]) == (d("09-08"), 2 + 5)
    assert left_lying["promise_due"] == d("09-17")


def test_item_that_turns_out_not_to_be_needed_has_no_limits():
    unneeded = fields((K.SUBMITTED, "09-08"), (K.NOT_NEEDED, "09-30"))

    assert (unneeded["accepted_on"], unneeded["counted_days"], unneeded["promise_due"]) == (None, 0, None)


def test_verdicts_over_promise_and_over_statute_are_kept_apart():
    item = Item(opened_on=OPENED, promised_days=5, statutory_days=20)
    for name, value in fields((K.ACCEPTED, "09-08")).items():
        setattr(item, name, value)

    def verdicts(on: str) -> tuple[int, int, int | None]:
        standing = clocks.standing(item, today=d(on), days=NATIONAL)
        return standing.over_promise, standing.over_statute, standing.left

    assert [verdicts(on) for on in ("09-08", "09-15", "09-16", "10-11", "10-13")] == [
        (0, 0, 5),
        (0, 0, 0),
        (1, 0, 0),
        (15, 0, 0),
        (16, 1, 0),
    ]


def test_verdict_of_a_decided_item_stays_what_it_was():
    item = Item(opened_on=OPENED, promised_days=5, statutory_days=20)
    for name, value in fields((K.ACCEPTED, "09-08"), (K.APPROVED, "09-17")).items():
        setattr(item, name, value)

    later = clocks.standing(item, today=d("2026-03-01"), days=NATIONAL)

    assert (later.counted, later.over_promise, later.over_statute) == (7, 2, 0)


# --- What fits --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            [(K.APPROVED, "09-03")],
            "“Approved” on 2025-09-03 does not fit: the item is “Not yet submitted” then. "
            "Possible are “Submitted”, “Accepted”, “Taken on by the department”, “Not needed”.",
        ),
        (
            [(K.ACCEPTED, "09-03"), (K.CORRECTION_STARTED, "09-04"), (K.APPROVED, "09-05")],
            "“Approved” on 2025-09-05 does not fit: the item is “Papers being corrected” then. "
            "Possible are “Corrected papers handed in”, “Withdrawal to be confirmed”, “Withdrawn”.",
        ),
        (
            [(K.ACCEPTED, "09-05"), (K.SUBMITTED, "09-08")],
            "“Submitted” on 2025-09-08 does not fit: the item is “Being handled” then. Possible are "
            "“Taken on by the department”, “Correction of papers began”, “Special procedure began”, "
            "“Public notice began”, “Refused”, “Declined by the department”, “Withdrawal to be confirmed”, "
            "“Approved”, “Approved, papers to follow”, “Withdrawn”.",
        ),
        (
            [(K.ACCEPTED, "09-05"), (K.APPROVED, "09-08"), (K.CORRECTION_STARTED, "09-09")],
            "“Correction of papers began” on 2025-09-09 does not fit: the item is “Approved” then. "
            "Possible are “Approval recalled”, “Approval revoked”.",
        ),
        (
            [(K.ACCEPTED, "09-05"), (K.ACCEPTED, "09-05")],
            "“Accepted” on 2025-09-05 does not fit: the item is “Being handled” then. Possible are "
            "“Taken on by the department”, “Correction of papers began”, “Special procedure began”, "
            "“Public notice began”, “Refused”, “Declined by the department”, “Withdrawal to be confirmed”, "
            "“Approved”, “Approved, papers to follow”, “Withdrawn”.",
        ),
    ],
)
def test_impossible_sequence_is_refused_with_the_reason(steps, sentence, settings):
    from django.utils import translation

    with translation.override("en"), pytest.raises(DoesNotFit) as refusal:
        course(*steps)

    assert str(refusal.value) == sentence


def test_events_of_one_day_are_put_in_the_order_in_which_they_fit():
    one_day = [K.CORRECTION_STARTED, K.SPECIAL_STARTED, K.SPECIAL_ENDED, K.ACCEPTED, K.SUBMITTED]
    outcomes = {course(*((kind, "09-03") for kind in order)).spans for order in permutations(one_day)}

    assert outcomes == {(clocks.Span(S.WAITING, OPENED, d("09-03")), clocks.Span(S.CORRECTING, d("09-03")))}


def test_of_two_ways_through_a_day_the_one_that_lets_the_later_days_fit_is_taken():
    """Handed in, withdrawn, handed in again and accepted, all in one day."""
    one_day = [(kind, "09-03") for kind in (K.SUBMITTED, K.WITHDRAWN, K.SUBMITTED, K.ACCEPTED)]

    assert course(*one_day).state == S.SUBMITTED
    assert course(*one_day, (K.SPECIAL_STARTED, "09-04")).state == S.SPECIAL


def test_papers_corrected_before_acceptance_lead_back_to_the_counter():
    done = course((K.SUBMITTED, "09-03"), (K.CORRECTION_STARTED, "09-04"), (K.CORRECTION_ENDED, "09-08"))

    assert done.spans == (
        clocks.Span(S.WAITING, OPENED, d("09-03")),
        clocks.Span(S.SUBMITTED, d("09-03"), d("09-04")),
        clocks.Span(S.CORRECTING, d("09-04"), d("09-08")),
        clocks.Span(S.SUBMITTED, d("09-08")),
    )


# --- Whose days -------------------------------------------------------------------------------

LIFE = [
    (K.SUBMITTED, "09-08"),
    (K.ACCEPTED, "09-09"),
    (K.CORRECTION_STARTED, "09-11"),
    (K.CORRECTION_ENDED, "09-16"),
    (K.SPECIAL_STARTED, "09-17"),
    (K.SPECIAL_ENDED, "09-24"),
    (K.NOTICE_STARTED, "09-25"),
    (K.NOTICE_ENDED, "09-29"),
    (K.APPROVED, "10-10"),
]


def test_every_working_day_belongs_to_one_clock():
    done = course(*LIFE)
    life = clocks.stretches(done, ready_on=d("09-01"), handled_by=Clock.GOVERNMENT, today=d("2026-01-01"))

    assert clocks.split(life, days=NATIONAL) == {
        Clock.ENTERPRISE: 5 + 3,  # not yet handed in, papers corrected
        Clock.GOVERNMENT: 1 + 2 + 1 + 1 + 3,
        Clock.INTERMEDIARY: 5,
        Clock.NOTICE: 3,
    }
    assert NATIONAL.between(d("09-01"), d("10-10")) == 24


def test_days_before_the_prerequisites_passed_are_nobodys():
    waiting = course()

    assert clocks.stretches(waiting, ready_on=None, handled_by=Clock.GOVERNMENT, today=d("10-31")) == []
    ready = clocks.stretches(waiting, ready_on=d("10-20"), handled_by=Clock.GOVERNMENT, today=d("10-31"))
    assert clocks.split(ready, days=NATIONAL)[Clock.ENTERPRISE] == 9


def test_drawings_are_handled_on_the_intermediary_s_clock():
    life = clocks.stretches(
        course((K.ACCEPTED, "09-08")), ready_on=None, handled_by=Clock.INTERMEDIARY, today=d("09-12")
    )

    assert clocks.split(life, days=NATIONAL) == {
        Clock.GOVERNMENT: 0,
        Clock.ENTERPRISE: 0,
        Clock.INTERMEDIARY: 4,
        Clock.NOTICE: 0,
    }


def test_explanation_names_every_day_with_its_owner_and_number():
    done = course((K.ACCEPTED, "09-25"), (K.CORRECTION_STARTED, "09-29"), (K.CORRECTION_ENDED, "09-30"))
    life = clocks.stretches(done, ready_on=None, handled_by=Clock.GOVERNMENT, today=d("10-10"))

    told = [(day.day.date.day, day.clock, day.counted) for day in clocks.explain(done, life, days=NATIONAL)]

    assert told == [
        (26, Clock.GOVERNMENT, 1),
        (27, None, None),  # Saturday
        (28, Clock.GOVERNMENT, 2),  # a Sunday that is worked
        (29, Clock.GOVERNMENT, 3),
        (30, Clock.ENTERPRISE, None),
        *((day, None, None) for day in range(1, 9)),  # National Day and Mid-Autumn
        (9, Clock.GOVERNMENT, 4),
        (10, Clock.GOVERNMENT, 5),
    ]


# --- What holds for every course --------------------------------------------------------------


RARE = (K.WITHDRAWN, K.NOT_NEEDED, K.DECLINED, K.NOT_ACCEPTED, K.RECALLED, K.REVOKED)


@st.composite
def courses(draw, most: int = 16) -> list[ItemEvent]:
    """Events that fit, on days that go on, with all pauses and their announced lengths; what was
    refused, declined, withdrawn or taken back is handed in again; urging and notes among them."""
    state, accepted, day = S.WAITING, False, OPENED
    made: list[ItemEvent] = []
    for _turn in range(draw(st.integers(0, most))):
        kinds: list[ItemEventKind] = [k for k in ITEM_NEXT[state] if k not in RARE]
        kinds += [k for k in RARE if k in ITEM_NEXT[state] and draw(st.integers(0, 5)) == 0]
        kinds += [K.URGED, K.NOTE] if draw(st.integers(0, 7)) == 0 else []
        if not kinds:
            break
        kind = draw(st.sampled_from(kinds))
        day += datetime.timedelta(days=draw(st.integers(0, 12)))
        event = ItemEvent(kind=kind, on=day)
        if kind in K.PAUSES:
            event.declared_days, event.note = draw(st.integers(1, 60)), "专家评审"
        made.append(event)
        if kind not in K.WITHOUT_STEP:
            state = step(state, kind, accepted=accepted) or state
            accepted = kind not in K.BEGINS_ANEW and (accepted or kind in K.ACCEPTANCES)
    return made


LIMIT = ItemLimit(promised_days=5, statutory_days=20)


def outcome(given_events: Sequence[ItemEvent]) -> dict:
    done = clocks.replay(given_events, opened_on=OPENED)
    return clocks.derived(Item(opened_on=OPENED), done, LIMIT, days=NATIONAL)


def stored(made: Sequence[ItemEvent]) -> list[ItemEvent]:
    """The events as rows that were entered before."""
    for number, event in enumerate(made, start=1):
        event.pk, event._state.adding = number, False
    return list(made)


@given(made=courses(), seed=st.randoms(use_true_random=False))
def test_order_of_entry_changes_nothing(made: list[ItemEvent], seed: random.Random):
    shuffled = list(made)
    seed.shuffle(shuffled)

    assert outcome(shuffled) == outcome(made)


@given(made=courses(), data=st.data())
def test_an_event_entered_late_comes_out_as_if_entered_in_time(made, data):
    if not made:
        return
    late = data.draw(st.integers(0, len(made) - 1))
    before = stored([event for place, event in enumerate(made) if place != late])

    assert outcome([*before, made[late]]) == outcome(made)


@given(made=courses(), data=st.data())
def test_an_entry_struck_out_and_entered_again_changes_nothing(made, data):
    if not made:
        return
    whole, rows = outcome(made), stored(made)
    wrong = data.draw(st.sampled_from(rows))
    again = ItemEvent(
        kind=wrong.kind, on=wrong.on, declared_days=wrong.declared_days, note=wrong.note, pk=len(rows) + 2
    )
    strike = ItemEvent(kind=K.STRUCK, on=rows[-1].on, strikes_id=wrong.pk, pk=len(rows) + 1)

    assert outcome([*rows, strike, again]) == whole
    assert outcome([*rows, again, strike]) == whole


@given(made=courses(), later=st.integers(0, 60), handled_by=st.sampled_from(Clock))
def test_every_working_day_has_exactly_one_clock(made, later, handled_by):
    done = clocks.replay(made, opened_on=OPENED)
    today = (done.last_event_on or OPENED) + datetime.timedelta(days=later)
    life = clocks.stretches(done, ready_on=OPENED, handled_by=handled_by, today=today)
    told_days = list(clocks.explain(done, life, days=NATIONAL))

    worked = [day.date for day in NATIONAL.days(OPENED, done.closed_on or today) if day.is_workday]
    assert [day.day.date for day in told_days if day.clock] == worked
    assert all((day.clock is not None) == day.day.is_workday for day in told_days)
    assert [day.date for day in NATIONAL.days(OPENED, done.closed_on or today)] == [
        day.day.date for day in told_days
    ]


@given(made=courses(), later=st.integers(0, 120))
def test_a_pause_is_longer_than_announced_after_its_last_announced_day(made, later):
    done = clocks.replay(made, opened_on=OPENED)
    pause = clocks.pause_of(done)
    assert (pause is not None) == (done.state in S.PAUSED)
    if pause is None:
        return
    today = pause.since + datetime.timedelta(days=later)

    until = pause.until(days=NATIONAL)

    assert until == NATIONAL.add(pause.since, pause.announced_days)
    assert pause.longer(today, days=NATIONAL) == max(0, NATIONAL.between(until, today))


@given(
    made=courses(),
    ready=st.none() | st.integers(0, 200),
    later=st.integers(0, 200),
    handled_by=st.sampled_from(Clock),
)
def test_the_four_clocks_add_up_to_the_elapsed_working_days(made, ready, later, handled_by):
    done = clocks.replay(made, opened_on=OPENED)
    today = (done.last_event_on or OPENED) + datetime.timedelta(days=later)
    ready_on = None if ready is None else OPENED + datetime.timedelta(days=ready)
    life = clocks.stretches(done, ready_on=ready_on, handled_by=handled_by, today=today)
    begins = clocks.begins_on(done, ready_on)
    ends = done.closed_on or today

    elapsed = NATIONAL.between(begins, ends) if begins and begins < ends else 0

    assert sum(clocks.split(life, days=NATIONAL).values()) == elapsed
    owned = [day for day in clocks.explain(done, life, days=NATIONAL) if day.clock]
    assert len(owned) == elapsed


@given(made=courses(), limit=st.integers(0, 30), length=st.integers(0, 40), data=st.data())
def test_a_pause_never_brings_a_due_day_nearer(made, limit, length, data):
    done = clocks.replay(made, opened_on=OPENED)
    last = done.last_event_on
    due = clocks.due_on(done, limit, days=NATIONAL)
    if done.state != S.RUNNING or due is None or last is None:
        return
    starts = last + datetime.timedelta(days=data.draw(st.integers(0, 20)))
    ends = starts + datetime.timedelta(days=length)
    kinds = data.draw(
        st.sampled_from(
            [
                (K.CORRECTION_STARTED, K.CORRECTION_ENDED),
                (K.SPECIAL_STARTED, K.SPECIAL_ENDED),
                (K.NOTICE_STARTED, K.NOTICE_ENDED),
            ]
        )
    )
    announced = data.draw(st.integers(1, 60))
    pause = [
        ItemEvent(kind=kinds[0], on=starts, declared_days=announced, note="专家评审"),
        ItemEvent(kind=kinds[1], on=ends),
    ]

    stopped = clocks.due_on(clocks.replay([*made, pause[0]], opened_on=OPENED), limit, days=NATIONAL)
    paused = clocks.due_on(clocks.replay([*made, *pause], opened_on=OPENED), limit, days=NATIONAL)

    assert paused is not None
    assert paused >= due
    assert stopped in (None, due)


@given(made=courses(), limit=st.integers(0, 30), later=st.integers(0, 60))
def test_over_the_limit_is_the_same_by_days_counted_and_by_the_due_day(made, limit, later):
    done = clocks.replay(made, opened_on=OPENED)
    item = Item(opened_on=OPENED)
    only = ItemLimit(promised_days=limit, statutory_days=None)
    for name, value in clocks.derived(item, done, only, days=NATIONAL).items():
        setattr(item, name, value)
    today = (done.last_event_on or OPENED) + datetime.timedelta(days=later)

    over = clocks.standing(item, today=today, days=NATIONAL).over_promise
    due, ends = item.promise_due, item.closed_on or item.paused_since or today

    assert (over > 0) == (due is not None and NATIONAL.between(due, ends) > 0)
    if over and item.state == S.RUNNING and item.running_since <= due:
        assert over == NATIONAL.between(due, today)


# --- Writing ----------------------------------------------------------------------------------


@pytest.fixture
def item(db) -> Item:
    return factories.item(opened_on=OPENED)


@pytest.fixture
def member(db):
    return factories.user("service")


TODAY = d("2025-10-20")


def log(item: Item, by, *steps: tuple[str, str], today: datetime.date = TODAY) -> None:
    for kind, on in steps:
        clocks.log_event(item, kind=kind, on=d(on), by=by, today=today, **told(kind))


def kept(item: Item) -> dict:
    return Item.objects.filter(pk=item.pk).values(*clocks.DERIVED).get()


def test_log_event_derives_what_the_lists_ask(item, member):
    log(item, member, (K.SUBMITTED, "09-08"), (K.ACCEPTED, "09-09"))

    assert kept(item) == {
        "state": S.RUNNING,
        "promised_days": 5,
        "statutory_days": 20,
        "submitted_on": d("09-08"),
        "accepted_on": d("09-09"),
        "counted_days": 0,
        "running_since": d("09-09"),
        "paused_since": None,
        "announced_days": None,
        "announced_until": None,
        "closed_on": None,
        "last_event_on": d("09-09"),
        "promise_due": d("09-16"),
        "statute_due": d("10-13"),
        "certificate_no": "",
    }
    assert {name: getattr(item, name) for name in clocks.DERIVED} == kept(item)


def test_log_event_entered_late_comes_out_as_if_entered_in_time(member):
    in_time, late = factories.item(opened_on=OPENED), factories.item(opened_on=OPENED)
    log(in_time, member, *LIFE)
    log(late, member, *LIFE[:2], *LIFE[4:6])
    clocks.log_events(
        [Entry(late, kind, d(on), **told(kind)) for kind, on in LIFE[2:4]], by=member, today=TODAY
    )
    log(late, member, *LIFE[6:])

    assert kept(late) == kept(in_time)


@given(seed=st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_log_events_takes_a_whole_course_in_any_order(seed):
    shuffled = list(LIFE)
    seed.shuffle(shuffled)

    assert outcome(events(*shuffled)) == outcome(events(*LIFE))


def test_log_events_writes_all_or_nothing(item, member):
    entries = [
        Entry(item, K.APPROVED, d("09-12")),
        Entry(item, K.CORRECTION_STARTED, d("09-15"), 5, "缺总平图"),
    ]

    with pytest.raises(DoesNotFit):
        clocks.log_events(entries, by=member, today=TODAY)

    assert (item.events.count(), kept(item)["state"]) == (0, S.WAITING)


def test_log_event_keeps_the_certificate(item, member):
    log(item, member, (K.ACCEPTED, "09-08"))
    clocks.log_event(
        item, kind=K.APPROVED, on=d("09-10"), by=member, today=TODAY, certificate_no="柳审批〔2025〕12号"
    )

    assert (kept(item)["certificate_no"], kept(item)["closed_on"]) == ("柳审批〔2025〕12号", d("09-10"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": K.SUBMITTED, "on": TODAY + datetime.timedelta(days=1)},
        {"kind": K.SUBMITTED, "on": OPENED - datetime.timedelta(days=1)},
        {"kind": "unheard of", "on": OPENED},
        {"kind": K.STRUCK, "on": OPENED},
        {"kind": K.NOTE, "on": OPENED, "note": "  "},
        {"kind": K.SUBMITTED, "on": OPENED, "declared_days": 3},
        {"kind": K.CORRECTION_STARTED, "on": OPENED, "declared_days": 0, "note": "缺总平图"},
        {"kind": K.CORRECTION_STARTED, "on": OPENED, "declared_days": 1000, "note": "缺总平图"},
        *({"kind": kind, "on": OPENED, "declared_days": 5, "note": " "} for kind in K.PAUSES),
        *({"kind": kind, "on": OPENED, "note": "缺总平图"} for kind in K.PAUSES),
    ],
)
def test_log_event_refuses_impossible_entries(item, member, wrong):
    with pytest.raises(CannotLog):
        clocks.log_event(item, by=member, today=TODAY, **wrong)

    assert item.events.count() == 0


def test_log_event_says_which_earlier_entry_would_no_longer_fit(item, member):
    from django.utils import translation

    log(item, member, (K.ACCEPTED, "09-08"), (K.APPROVED, "09-12"))

    with translation.override("en"), pytest.raises(DoesNotFit) as refusal:
        log(item, member, (K.CORRECTION_STARTED, "09-10"))

    assert str(refusal.value) == (
        "With this, “Approved” on 2025-09-12, entered before, would no longer fit: "
        "the item would be “Papers being corrected” then."
    )


def test_strike_takes_an_entry_out_and_leaves_it_readable(item, member):
    log(item, member, (K.ACCEPTED, "09-08"), (K.APPROVED, "09-12"))
    wrong = item.events.get(kind=K.APPROVED)

    clocks.strike(wrong, by=member, today=TODAY, note="登错项目")

    assert (kept(item)["state"], kept(item)["last_event_on"]) == (S.RUNNING, d("09-08"))
    assert list(item.events.order_by("pk").values_list("kind", "note")) == [
        (K.ACCEPTED, ""),
        (K.APPROVED, ""),
        (K.STRUCK, "登错项目"),
    ]


def test_strike_refuses_what_later_entries_rest_on_and_a_second_time(item, member):
    log(item, member, (K.ACCEPTED, "09-08"), (K.APPROVED, "09-12"))
    accepted, approved = item.events.order_by("on")

    with pytest.raises(DoesNotFit):
        clocks.strike(accepted, by=member, today=TODAY, note="登错")
    clocks.strike(approved, by=member, today=TODAY, note="登错")
    with pytest.raises(CannotLog):
        clocks.strike(approved, by=member, today=TODAY, note="登错")
    with pytest.raises(CannotLog):
        clocks.strike(item.events.get(kind=K.STRUCK), by=member, today=TODAY, note="登错")
    with pytest.raises(CannotLog):
        clocks.strike(accepted, by=member, today=TODAY, note=" ")

    assert kept(item)["state"] == S.RUNNING


def test_recount_moves_due_days_by_a_new_notice_and_writes_down_from_where(item, member):
    log(item, member, (K.ACCEPTED, "09-08"))
    CalendarOverride.objects.create(day=d("09-10"), is_workday=False, note="自治区通知")
    forget()

    [move] = clocks.recount(today=TODAY, days=calendar(), because="自治区通知")

    assert (move.item, move.promise_before, move.promise_after) == (item, d("09-15"), d("09-16"))
    assert (move.statute_before, move.statute_after) == (d("10-11"), d("10-13"))
    assert (move.notice, move.because, move.on) == (None, "自治区通知", TODAY)
    assert kept(item)["promise_due"] == d("09-16")
    assert clocks.recount(today=TODAY, days=calendar()) == []
    assert list(DueDayMove.objects.values_list("pk", flat=True)) == [move.pk]


def test_recount_moves_the_end_of_an_announced_pause_without_a_due_day(item, member):
    log(item, member, (K.ACCEPTED, "09-08"), (K.SPECIAL_STARTED, "09-09"))
    CalendarOverride.objects.create(day=d("09-10"), is_workday=False, note="自治区通知")
    forget()

    assert clocks.recount(today=TODAY, days=calendar()) == []
    assert kept(item)["announced_until"] == d("09-17")


def test_log_event_costs_a_handful_of_queries(item, member, django_assert_max_num_queries):
    log(item, member, *LIFE[:4])
    calendar()

    with django_assert_max_num_queries(6):
        log(item, member, LIFE[4])


def test_log_events_costs_the_same_for_three_items(member, django_assert_num_queries):
    items = [factories.item(opened_on=OPENED) for _ in range(3)]
    calendar()

    with django_assert_num_queries(6):
        clocks.log_events(
            [Entry(item, kind, d(on), **told(kind)) for item in items for kind, on in LIFE],
            by=member,
            today=TODAY,
        )


@pytest.mark.django_db(transaction=True)
def test_two_people_log_the_same_step_and_one_is_told():
    item, member = factories.item(opened_on=OPENED), factories.user("service")

    def press(_turn: int) -> str:
        try:
            clocks.log_event(
                Item.objects.get(pk=item.pk), kind=K.ACCEPTED, on=d("09-08"), by=member, today=TODAY
            )
        except DoesNotFit:
            return "refused"
        else:
            return "written"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(press, range(4)))

    assert outcomes == ["refused", "refused", "refused", "written"]
    assert item.events.count() == 1


def test_the_days_of_sixty_items_are_explained_in_as_many_queries_as_those_of_one(member, count_queries):
    from approvals.views.items import _lives

    def explained(project) -> int:
        wanted = set(project.items.values_list("pk", flat=True))
        lives = _lives(project, wanted, today=TODAY, days=NATIONAL)
        return sum(len(list(clocks.explain(one.course, one.stretches, days=NATIONAL))) for one in lives)

    one = factories.item(opened_on=OPENED)
    many = [factories.item(opened_on=OPENED)]
    many += [factories.item(many[0].project, opened_on=OPENED) for _n in range(59)]
    clocks.log_events(
        [Entry(item, kind, d(on), **told(kind)) for item in [one, *many] for kind, on in LIFE],
        by=member,
        today=TODAY,
    )

    assert explained(many[0].project) == 60 * explained(one.project)
    assert count_queries(lambda: explained(many[0].project)) == count_queries(lambda: explained(one.project))
