"""Changed limits: they move nothing by themselves, and what is asked for when they are applied."""

import datetime

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals import catalogue, clocks, limits, stalls
from approvals.choices import ItemEventKind, ItemState, StallCode
from approvals.limits import CannotApply
from approvals.models import Item, ItemLimit, StallFlag
from core.workdays import calendar
from tests import factories

OPENED = datetime.date(2026, 3, 2)  # a Monday
CHANGED = datetime.date(2026, 3, 9)
TODAY = datetime.date(2026, 3, 12)
ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture
def item(db, clerk) -> Item:
    """Accepted on 3 March, promised within five days (10 March), twenty by law (31 March)."""
    item = factories.item(opened_on=OPENED)
    clocks.log_event(
        item, kind=ItemEventKind.ACCEPTED, on=datetime.date(2026, 3, 3), by=clerk, today=OPENED + ONE_DAY
    )
    return item


@pytest.fixture
def new(item) -> ItemLimit:
    return factories.item_limit(item.template, effective_from=CHANGED, statutory_days=15, promised_days=8)


def dues(item: Item) -> tuple[datetime.date | None, datetime.date | None]:
    return item.promise_due, item.statute_due


def day(n: int) -> datetime.date:
    return datetime.date(2026, 3, n)


# --- Left alone ------------------------------------------------------------------------------------


def test_a_change_moves_no_running_item(item, new, clerk):
    clocks.recount(today=TODAY)
    clocks.log_event(item, kind=ItemEventKind.NOTE, note="催过", on=TODAY, by=clerk, today=TODAY)

    item.refresh_from_db()
    assert (dues(item), item.promised_days) == ((day(10), day(31)), 5)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.tuples(st.integers(0, 10), st.integers(10, 30)),
    second=st.tuples(st.integers(0, 10), st.integers(10, 30)),
    accepted=st.integers(0, 20),
    changed=st.integers(0, 40),
    apply_after=st.integers(0, 40),
)
def test_only_applying_moves_a_due_day(db, clerk, first, second, accepted, changed, apply_after):
    template = factories.item_template(promised_days=first[0], statutory_days=first[1])
    item = factories.item(template=template, opened_on=OPENED)
    on, last = OPENED + accepted * ONE_DAY, OPENED + 100 * ONE_DAY
    clocks.log_event(item, kind=ItemEventKind.ACCEPTED, on=on, by=clerk, today=last)
    days = calendar()
    before = (days.add(on, first[0]), days.add(on, first[1]))
    assert dues(item) == before

    since = OPENED + (1 + changed) * ONE_DAY
    new = factories.item_limit(
        template, effective_from=since, promised_days=second[0], statutory_days=second[1]
    )
    clocks.recount(today=TODAY)
    clocks.log_event(item, kind=ItemEventKind.NOTE, note="…", on=since, by=clerk, today=last)
    assert dues(item) == before

    asked_on = since + apply_after * ONE_DAY
    if first != second:
        limits.apply(new, [item], reason="市里统一压缩时限", by=clerk, today=asked_on)
        item.refresh_from_db()
    assert dues(item) == (days.add(on, second[0]), days.add(on, second[1]))
    events = list(item.events.all())
    if first != second:
        assert dues(clocks.as_of(item, events, asked_on - ONE_DAY, days=days)) == (
            before if on < asked_on else (None, None)
        )


# --- Applied ---------------------------------------------------------------------------------------


def test_applied_limits_hold_from_that_day_and_a_past_day_keeps_its_own(item, new, clerk):
    [event] = limits.apply(new, [item], reason="市里统一压缩时限", by=clerk, today=TODAY)

    item.refresh_from_db()
    assert (dues(item), item.promised_days, item.statutory_days) == ((day(13), day(24)), 8, 15)
    assert (event.kind, event.limit, event.note) == (ItemEventKind.LIMITS, new, "市里统一压缩时限")
    assert item.limit != new  # it was opened with the older ones
    yesterday = clocks.as_of(item, list(item.events.all()), TODAY - ONE_DAY, days=calendar())
    assert (dues(yesterday), yesterday.promised_days) == ((day(10), day(31)), 5)


def test_new_limits_are_no_sign_that_anybody_handles_the_item(item, new, clerk):
    limits.apply(new, [item], reason="市里统一压缩时限", by=clerk, today=TODAY)

    item.refresh_from_db()
    assert item.last_event_on == day(3)


def test_struck_out_limits_hold_no_more(item, new, clerk):
    [event] = limits.apply(new, [item], reason="市里统一压缩时限", by=clerk, today=TODAY)

    clocks.strike(event, by=clerk, today=TODAY, note="选错了事项")

    item.refresh_from_db()
    assert (dues(item), item.promised_days) == ((day(10), day(31)), 5)


def test_an_item_not_handed_in_takes_new_limits_for_its_later_days(new, item, clerk):
    waiting = factories.item(template=item.template, opened_on=OPENED)

    limits.apply(new, [waiting], reason="市里统一压缩时限", by=clerk, today=TODAY)
    clocks.log_event(waiting, kind=ItemEventKind.ACCEPTED, on=TODAY, by=clerk, today=TODAY)

    assert dues(waiting) == (day(24), datetime.date(2026, 4, 2))


def test_limits_are_not_an_entry_like_others(item, clerk):
    with pytest.raises(clocks.CannotLog):
        clocks.log_event(item, kind=ItemEventKind.LIMITS, on=TODAY, by=clerk, today=TODAY)


def refused(*args, **kwargs) -> str:
    with translation.override("zh-hans"), pytest.raises(CannotApply) as refusal:
        limits.apply(*args, **kwargs)
    return str(refusal.value)


def test_applying_is_refused_with_what_to_do(item, new, clerk):
    def apply(
        *items: Item, limit: ItemLimit = new, reason: str = "统一压缩", today: datetime.date = TODAY
    ) -> str:
        return refused(limit, list(items), reason=reason, by=clerk, today=today)

    decided, other = factories.item(template=item.template, opened_on=OPENED), factories.item()
    for kind in (ItemEventKind.ACCEPTED, ItemEventKind.APPROVED):
        clocks.log_event(decided, kind=kind, on=OPENED, by=clerk, today=OPENED)

    assert "理由" in apply(item, reason=" ")
    assert "选择" in apply()
    assert "2026-03-09" in apply(item, today=CHANGED - ONE_DAY)
    assert decided.project.code in apply(item, decided)
    assert other.project.code in apply(other)
    limits.apply(new, [item], reason="统一压缩", by=clerk, today=TODAY)
    item.refresh_from_db()
    assert item.project.code in apply(item)
    assert item.events.filter(kind=ItemEventKind.LIMITS).count() == 1


# --- Shown first --------------------------------------------------------------------------------------


def test_preview_tells_what_would_move_and_moves_nothing(item, new, clerk, django_assert_num_queries):
    factories.item(template=item.template, opened_on=OPENED)
    found = list(limits.with_others(new, Item.objects.order_by("pk")))

    with django_assert_num_queries(1):
        changes = limits.preview(new, found, days=calendar())

    assert [(c.item.state, c.promise_after, c.statute_after, c.is_tighter) for c in changes] == [
        (ItemState.RUNNING, day(13), day(24), True),
        (ItemState.WAITING, None, None, False),
    ]
    item.refresh_from_db()
    assert dues(item) == (day(10), day(31))


def test_with_others_leaves_out_what_goes_by_the_limits_or_is_decided(item, new, clerk):
    same = factories.item(template=item.template, opened_on=TODAY)
    gone = factories.item(template=item.template, opened_on=OPENED)
    clocks.log_event(gone, kind=ItemEventKind.NOT_NEEDED, on=OPENED, by=clerk, today=OPENED)
    none = factories.item_limit(item.template, effective_from=TODAY, statutory_days=None, promised_days=None)

    assert list(limits.with_others(new, Item.objects.all())) == [item]
    assert set(limits.with_others(none, Item.objects.all())) == {item, same}


def test_the_night_of_a_past_day_goes_by_the_limits_of_that_day(item, clerk):
    catalogue.load_stall_rules(OPENED)
    shorter = factories.item_limit(item.template, effective_from=CHANGED, statutory_days=20, promised_days=2)
    limits.apply(shorter, [item], reason="市里统一压缩时限", by=clerk, today=TODAY)

    stalls.announce(CHANGED)
    assert not StallFlag.objects.filter(code=StallCode.OVER_PROMISE).exists()

    stalls.announce(TODAY)
    assert StallFlag.objects.open().filter(code=StallCode.OVER_PROMISE, item=item).exists()
