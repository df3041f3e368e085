"""The idle end and the longest session, seen from a browser's side."""

import datetime

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY

pytestmark = pytest.mark.django_db

MORNING = datetime.datetime(2026, 3, 2, 8, 30, tzinfo=datetime.UTC)


def minutes(number: int) -> datetime.datetime:
    return MORNING + datetime.timedelta(minutes=number)


def still_signed_in(client, at: datetime.datetime) -> bool:
    with time_machine.travel(at, tick=False):
        client.get("/healthz")
        return SESSION_KEY in client.session


@pytest.fixture
def signed_in(client, clerk):
    with time_machine.travel(MORNING, tick=False):
        client.force_login(clerk)
    return client


def test_signs_of_life_keep_the_session(signed_in):
    assert [still_signed_in(signed_in, minutes(number)) for number in (25, 50, 75)] == [True, True, True]


def test_half_an_hour_without_one_ends_it(signed_in):
    assert [still_signed_in(signed_in, minutes(number)) for number in (25, 56)] == [True, False]


def test_twelve_hours_end_it_however_busy(signed_in):
    day = [still_signed_in(signed_in, minutes(number)) for number in range(0, 12 * 60 + 1, 20)]

    assert set(day) == {True}
    assert not still_signed_in(signed_in, minutes(12 * 60 + 2))


def test_a_sign_of_life_is_written_once_a_minute(signed_in, django_assert_num_queries):
    reading = 1
    with time_machine.travel(minutes(0) + datetime.timedelta(seconds=59)), django_assert_num_queries(reading):
        signed_in.get("/healthz")
    with time_machine.travel(minutes(5), tick=False):
        signed_in.get("/healthz")
        with django_assert_num_queries(reading):
            signed_in.get("/healthz")
