"""The stage of the journeys: a city with its offices and people, and a browser window for each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from liuzhou_invest.demo import people
from tests.journeys import given
from tests.journeys.desk import Desk

Sit = Callable[..., Desk]


@pytest.fixture
def city(transactional_db: None) -> dict[str, User]:
    """Units, task forces, the catalogue and everybody of the demo, and not one project."""
    call_command("createcachetable")
    call_command("load_reference", verbosity=0)
    return people.load()


@pytest.fixture
def small_city(city: dict[str, User]) -> dict[str, User]:
    """The same city with some projects in it."""
    given.small_city(city)
    return city


@pytest.fixture
def sit(live_server: Any, city: dict[str, User], new_context: Any) -> Iterator[Sit]:
    """`sit("clerk")` is a browser window of its own in which that person has signed in."""
    desks: list[Desk] = []

    def down(username: str = "", **window: Any) -> Desk:
        desk = Desk(new_context(**window), live_server.url)
        desks.append(desk)
        if username:
            desk.sign_in(username, people.DEMO_PASSWORD)
        return desk

    yield down
    assert [wrong for desk in desks for wrong in desk.wrongs] == []
