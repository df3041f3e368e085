import datetime
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import success
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from accounts.models import Notification
from accounts.roles import PERMISSIONS
from briefings import drafting
from briefings.models import Briefing
from core import clock
from liuzhou_invest import menu
from tests import factories

pytestmark = pytest.mark.django_db

ENTRIES = [entry for _label, group in menu.MENU for entry in group]


def request_of(user):
    request = RequestFactory().get("/")
    request.user, request.session, request.resolver_match = user, {}, None
    request._messages = FallbackStorage(request)
    return request


def notice(user, **fields):
    return Notification.objects.create(user=user, kind="digest", key=f"k{factories.number()}", **fields)


def test_every_right_the_menu_asks_for_is_somebodys():
    given = frozenset().union(*PERMISSIONS.values())
    asked = {entry.permission for entry in ENTRIES} - {"", menu.ADMIN}
    assert asked - given == set()


def test_every_count_the_menu_shows_is_counted():
    assert {entry.count for entry in ENTRIES} - {""} - menu.COUNTS.keys() == set()


def test_only_administrators_are_led_to_the_settings(clerk, security_admin):
    settings_entry = next(entry for entry in ENTRIES if entry.permission == menu.ADMIN)
    assert not menu._allowed(clerk, settings_entry.permission)
    assert menu._allowed(security_admin, settings_entry.permission)


def test_a_visitor_has_no_menu():
    factories.mechanism(year=2025, name="9712")
    assert menu.menu(request_of(AnonymousUser())) == {"menu": [], "mechanism_name": "9712"}


def test_the_mark_is_the_mechanism_of_the_year(monkeypatch):
    factories.mechanism(year=2025, name="9712")
    factories.mechanism(year=2026, name="1071")

    names = {}
    for year in (2024, 2025, 2026, 2027):
        monkeypatch.setattr(menu.clock, "today", lambda year=year: datetime.date(year, 6, 1))
        names[year] = menu.mechanism_name()

    assert names == {2024: "", 2025: "9712", 2026: "1071", 2027: "1071"}


def test_unread_notices_are_counted_for_their_person(clerk, leader):
    notice(clerk)
    notice(clerk, read_at=datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC))

    assert menu.menu(request_of(clerk))["unread_notices"] == 1
    assert menu.menu(request_of(leader))["unread_notices"] == 0


def test_counts_are_kept_for_a_while(frame_is_remembered, clerk, django_assert_num_queries):
    menu.menu(request_of(clerk))
    with django_assert_num_queries(0):
        menu.menu(request_of(clerk))


def test_counts_are_fresh_after_a_step(frame_is_remembered, clerk):
    menu.menu(request_of(clerk))
    notice(clerk)
    request = request_of(clerk)
    success(request, "Done.")

    assert menu.menu(request)["unread_notices"] == 1
    assert [str(message) for message in request._messages] == ["Done."]


def test_a_page_without_an_entry_of_its_own_belongs_to_its_apps():
    assert menu._current("projects:list").route == "projects:list"
    assert menu._current("ledgers:row").route == "ledgers:list"
    assert menu._current("projects:detail").route == "projects:list"
    assert menu._current("nowhere") is None


# --- Each year under its own mechanism ------------------------------------------------------------


@pytest.fixture
def two_years(steel, auto, clerk, monkeypatch):
    """2025 under 9712 with one task force, 2026 under 1071 with two; a briefing of each year."""
    monkeypatch.setattr(clock, "today", lambda: datetime.date(2026, 3, 20))
    factories.mechanism(2025, task_forces=(steel,), name="9712", name_en="9712")
    factories.mechanism(2026, task_forces=(steel, auto), name="1071", name_en="1071")
    factories.annual_plan(2026)
    for month in (datetime.date(2025, 12, 1), datetime.date(2026, 2, 1)):
        drafting.draft(month, today=datetime.date(2026, 3, 20), by=clerk)
    return {one.period.month.year: one for one in Briefing.objects.filter(scope="city")}


PAGES_OF_A_YEAR = (
    "/board/?year={year}",
    "/briefings/?month={year}-02",
    "/figures/contracted/?from={year}-01&to={year}-02",
    "/projects/plan/?year={year}",
    "/briefings/{briefing}/",
)


@pytest.mark.parametrize(("year", "name", "other"), [(2025, "9712", "1071"), (2026, "1071", "9712")])
def test_the_pages_of_a_year_carry_the_names_of_that_year(two_years, clerk, client, year, name, other):
    client.force_login(clerk)

    for address in PAGES_OF_A_YEAR:
        page = client.get(address.format(year=year, briefing=two_years[year].pk))
        text = page.content.decode()
        assert page.status_code == 200
        assert f"{name} 看板" in text, address
        # a form's random token may well hold the four digits
        assert not re.search(rf"(?<!\w){other}(?!\w)", text), address


def test_the_briefings_of_a_year_tell_of_its_task_forces(two_years, steel, auto):
    told = {
        year: (content["about"]["mechanism"], [row["key"] for row in content["task_forces"]])
        for year, content in ((year, briefing.content) for year, briefing in two_years.items())
    }

    assert told == {
        2025: ("9712", [f"force:{steel.code}"]),
        2026: ("1071", [f"force:{force.code}" for force in (steel, auto)]),
    }
