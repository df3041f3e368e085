import time
from datetime import date, timedelta
from itertools import pairwise

import chinese_calendar
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from core import workdays
from core.models import CalendarNotice, CalendarOverride
from core.workdays import Calendar, DayKind

NATIONAL = Calendar({})
DAYS = st.dates(date(2004, 1, 1), date(2030, 12, 31))
OVERRIDES = st.dictionaries(st.dates(date(2024, 12, 1), date(2026, 2, 1)), st.booleans(), max_size=60)
NEAR = st.dates(date(2025, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        (date(2025, 1, 24), 1, date(2025, 1, 26)),
        (date(2025, 1, 24), 3, date(2025, 2, 5)),
        (date(2025, 1, 24), 20, date(2025, 2, 27)),
        (date(2025, 4, 25), 1, date(2025, 4, 27)),
        (date(2025, 4, 25), 5, date(2025, 5, 6)),
        (date(2025, 9, 26), 1, date(2025, 9, 28)),
        (date(2025, 9, 26), 5, date(2025, 10, 10)),
        (date(2025, 9, 26), 20, date(2025, 10, 30)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 3, date(2026, 2, 25)),
    ],
)
def test_add_meets_the_known_due_dates(start, n, due):
    assert NATIONAL.add(start, n) == due
    assert NATIONAL.between(start, due) == n


@pytest.mark.parametrize(
    ("year", "months"),
    [
        (2025, [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]),
        (2026, [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]),
    ],
)
def test_between_counts_the_working_days_of_each_month(year, months):
    ends = [date(year, month, 1) - timedelta(days=1) for month in range(1, 13)] + [date(year, 12, 31)]

    counted = [NATIONAL.between(a, b) for a, b in pairwise(ends)]

    assert counted == months
    assert sum(counted) == 248


def test_is_workday_agrees_with_the_second_opinion_on_every_day():
    days = [date(2004, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2004, 1, 1)).days)]

    different = [day for day in days if NATIONAL.is_workday(day) != chinese_calendar.is_workday(day)]

    assert different == [date(2005, 12, 31)]


@given(DAYS, st.integers(0, 400))
def test_between_undoes_add(start, n):
    assert NATIONAL.between(start, NATIONAL.add(start, n)) == n


@given(NEAR, st.integers(1, 90), OVERRIDES)
def test_add_lands_on_a_working_day_whatever_is_overridden(start, n, overrides):
    calendar = Calendar(overrides)

    due = calendar.add(start, n)

    assert calendar.is_workday(due)
    assert [calendar.is_workday(start + timedelta(days=i + 1)) for i in range((due - start).days)].count(
        True
    ) == n


@given(NEAR, NEAR, st.integers(0, 60), OVERRIDES)
def test_add_keeps_the_order_of_starts(a, b, n, overrides):
    calendar = Calendar(overrides)
    earlier, later = sorted((a, b))

    assert calendar.add(earlier, n) <= calendar.add(later, n)
    assert calendar.add(earlier, n) <= calendar.add(earlier, n + 1)


@given(DAYS, DAYS, DAYS)
def test_between_adds_up_along_the_way(a, b, c):
    assert NATIONAL.between(a, b) + NATIONAL.between(b, c) == NATIONAL.between(a, c)
    assert NATIONAL.between(a, b) == -NATIONAL.between(b, a)


@given(OVERRIDES)
@settings(max_examples=30)
def test_an_override_wins_and_touches_no_other_day(overrides):
    calendar = Calendar(overrides)
    days = [date(2024, 12, 1) + timedelta(days=n) for n in range(430)]

    assert {day: calendar.is_workday(day) for day in days} == {
        day: overrides.get(day, NATIONAL.is_workday(day)) for day in days
    }


def test_nothing_to_wait_for_is_due_on_the_day_itself():
    saturday = date(2025, 3, 1)

    assert NATIONAL.add(saturday, 0) == saturday
    assert NATIONAL.on_or_after(saturday) == date(2025, 3, 3)
    assert NATIONAL.on_or_after(date(2025, 3, 3)) == date(2025, 3, 3)


@given(NEAR, st.integers(0, 300), OVERRIDES)
@settings(deadline=None)
def test_back_finds_the_last_working_day_from_which_the_end_is_reached(end, n, overrides):
    calendar = Calendar(overrides)

    begun = calendar.back(end, n)

    assert calendar.is_workday(begun)
    assert calendar.add(begun, n) <= end
    assert calendar.between(begun, end) == n
    assert calendar.between(calendar.add(begun, 1), end) < n or n == 0
    if calendar.is_workday(end):
        assert calendar.add(begun, n) == end


@given(NEAR, st.integers(0, 300), OVERRIDES)
@settings(deadline=None)
def test_back_undoes_add_from_a_working_day(start, n, overrides):
    calendar = Calendar(overrides)
    worked = calendar.on_or_after(start)

    assert calendar.back(calendar.add(worked, n), n) == worked


def test_back_goes_over_the_spring_festival():
    assert NATIONAL.back(date(2025, 2, 27), 20) == date(2025, 1, 24)
    assert NATIONAL.back(date(2025, 2, 4), 0) == date(2025, 1, 27)


def test_back_refuses_to_go_forwards():
    with pytest.raises(ValueError, match="taken away"):
        NATIONAL.back(date(2025, 3, 3), -1)


def test_add_refuses_to_go_backwards():
    with pytest.raises(ValueError, match="added"):
        NATIONAL.add(date(2025, 3, 3), -1)


def test_days_gives_each_day_its_reason():
    sanyuesan = date(2025, 3, 31)
    calendar = Calendar({sanyuesan: False}, {sanyuesan: "三月三放假通知"})

    with translation.override("en"):
        first = [
            (d.date.day, d.is_workday, d.kind, d.count, d.reason)
            for d in calendar.days(date(2025, 3, 28), date(2025, 4, 4))
        ]
        spring = [(d.date.day, d.reason) for d in calendar.days(date(2025, 1, 25), date(2025, 1, 29))]

    assert first == [
        (29, False, DayKind.WEEKEND, 0, "Weekend"),
        (30, False, DayKind.WEEKEND, 0, "Weekend"),
        (31, False, DayKind.OVERRIDE, 0, "Free by notice: 三月三放假通知"),
        (1, True, DayKind.WORKDAY, 1, "Working day"),
        (2, True, DayKind.WORKDAY, 2, "Working day"),
        (3, True, DayKind.WORKDAY, 3, "Working day"),
        (4, False, DayKind.HOLIDAY, 3, "Tomb-Sweeping Day"),
    ]
    assert spring == [
        (26, "Make-up working day"),
        (27, "Working day"),
        (28, "Chinese New Year's Eve"),
        (29, "Chinese New Year (Spring Festival)"),
    ]


def test_days_names_the_holiday_in_chinese():
    with translation.override("zh-hans"):
        assert [d.reason for d in NATIONAL.days(date(2025, 5, 4), date(2025, 5, 5))] == [
            "休息日（由 2025-04-27 调休）"
        ]


def test_the_region_can_work_on_a_national_day_off():
    calendar = Calendar({date(2017, 4, 1): False, date(2017, 4, 8): True})

    assert NATIONAL.between(date(2017, 3, 31), date(2017, 4, 9)) == 4
    assert calendar.add(date(2017, 3, 31), 4) == date(2017, 4, 8)


def test_a_year_without_make_up_days_is_provisional_until_its_notice_is_entered():
    provisional = {year: NATIONAL.is_provisional(year) for year in (2025, 2026, 2027)}

    assert provisional == {2025: False, 2026: False, 2027: True}
    assert not Calendar({}, settled={2027}).is_provisional(2027)
    assert [d.is_provisional for d in NATIONAL.days(date(2026, 12, 30), date(2027, 1, 1))] == [False, True]


def test_sixty_items_are_counted_in_a_blink():
    calendar = Calendar({date(2025, 3, 31): False})
    calendar.add(date(2025, 1, 1), 400)
    begun = time.perf_counter()

    for item in range(60):
        start = date(2025, 1, 1) + timedelta(days=item)
        due = calendar.add(start, 45)
        calendar.between(start, due)
        calendar.between(due, date(2026, 3, 1))

    assert time.perf_counter() - begun < 0.05


@pytest.mark.django_db
def test_calendar_knows_an_override_as_soon_as_it_is_entered():
    day = date(2027, 4, 9)
    before = workdays.calendar().is_workday(day), workdays.calendar().is_provisional(2027)

    override = CalendarOverride.objects.create(day=day, is_workday=False, note="三月三")
    CalendarNotice.objects.create(year=2027, reference="国办发明电〔2026〕1号")
    after = workdays.calendar().is_workday(day), workdays.calendar().is_provisional(2027)
    override.delete()

    assert (before, after) == ((True, True), (False, False))
    assert workdays.calendar().is_workday(day)


@pytest.mark.django_db
def test_calendar_asks_the_database_once(django_assert_num_queries):
    workdays.forget()

    with django_assert_num_queries(2):
        workdays.calendar()
        workdays.calendar()
