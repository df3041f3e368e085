"""Through the door: in, out, locked out after five wrong passwords."""

import pytest
from axes.models import AccessFailureLog, AccessLog
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client
from django.utils import translation

from tests import factories

DOOR = "/sign-in/"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def door() -> Client:
    return factories.in_english()


def knock(door: Client, username: str = "clerk", password: str = factories.PASSWORD, **more: str):
    return door.post(DOOR, {"username": username, "password": password, **more})


def signed_in(client: Client) -> bool:
    return SESSION_KEY in client.session


def sentences(response) -> list[str]:
    return [str(error) for error in response.context["form"].non_field_errors()]


def test_the_right_password_opens_the_page_that_was_wanted(door, clerk):
    response = knock(door, next="/notices/")

    assert (response.status_code, response.headers["Location"]) == (302, "/notices/")
    assert signed_in(door)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_door_never_leads_elsewhere(door, clerk, elsewhere):
    assert knock(door, next=elsewhere).headers["Location"] == "/"


def test_wrong_unknown_and_closed_accounts_hear_the_same(door, clerk):
    factories.user(username="closed", is_active=False)
    wrong = "The user name or the password is wrong. Mind capital letters."

    answers = [knock(door, "clerk", "no"), knock(door, "nobody", "no"), knock(door, "closed")]

    assert [(answer.status_code, sentences(answer)) for answer in answers] == [(200, [wrong])] * 3
    assert not signed_in(door)


@pytest.mark.parametrize("username", ["clerk", "nobody"])
def test_five_wrong_passwords_lock_the_name_known_or_not(door, clerk, username):
    answers = [knock(door, username, "no").status_code for _ in range(6)]
    right = knock(door, username)

    assert answers == [200, 200, 200, 200, 429, 429]
    assert right.status_code == 429
    assert right.headers["Retry-After"] == "900"
    assert "Too many wrong passwords. Wait 15 minutes and try again." in right.content.decode()
    assert not signed_in(door)


def test_another_address_does_not_help(clerk):
    for n in range(5):
        knock(Client(REMOTE_ADDR=f"10.0.0.{n}"), "clerk", "no")

    assert knock(Client(REMOTE_ADDR="10.0.0.9")).status_code == 429


def test_every_attempt_stays_on_record_without_its_password(door, clerk):
    knock(door, "clerk", "secret-typed-wrong")
    knock(door)

    assert list(AccessFailureLog.objects.values_list("username", "ip_address")) == [("clerk", "127.0.0.1")]
    assert list(AccessLog.objects.values_list("username", "ip_address")) == [("clerk", "127.0.0.1")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM axes_accessfailurelog")
        assert "secret-typed-wrong" not in str(cursor.fetchall())


def test_other_people_are_not_locked(door, clerk, leader):
    for _ in range(5):
        knock(door, "clerk", "no")

    assert knock(door, "leader").status_code == 302


def test_a_right_password_clears_the_count(door, clerk):
    for _ in range(2):
        for _ in range(4):
            knock(door, "clerk", "no")
        assert knock(door).status_code == 302
        door.post("/sign-out/")


def test_the_address_is_taken_from_our_own_proxies_only(rf, settings):
    from core.access import client_ip

    request = rf.get("/", headers={"x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3"}, REMOTE_ADDR="9.9.9.9")

    answers = []
    for proxies in (0, 1, 2, 4):
        settings.TRUSTED_PROXIES = proxies
        answers.append(client_ip(request))
    assert answers == ["9.9.9.9", "3.3.3.3", "2.2.2.2", "9.9.9.9"]


def test_a_session_gets_a_new_name_at_signing_in(door, clerk):
    door.get(DOOR)
    session = door.session
    session["x"] = 1
    session.save()
    before = session.session_key

    knock(door)

    assert door.session.session_key != before


def test_signing_out_needs_a_button_and_ends_the_session(door, clerk):
    knock(door)
    assert door.get("/sign-out/").status_code == 405
    assert signed_in(door)

    response = door.post("/sign-out/")

    assert response.headers["Location"] == DOOR
    assert not signed_in(door)


def test_the_door_needs_its_own_token(clerk):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(DOOR, {"username": "clerk", "password": factories.PASSWORD}).status_code == 403


def test_a_closed_account_is_out_at_once(door, clerk):
    knock(door)
    assert door.get("/notices/").status_code == 200
    clerk.is_active = False
    clerk.save()

    assert door.get("/notices/").status_code == 302


def test_a_part_of_a_page_asked_for_too_late_leads_the_whole_page_to_the_door(door, clerk):
    response = door.get(
        "/sign-in/?next=/projects/part/",
        headers={"hx-request": "true", "hx-current-url": "http://testserver/projects/?stage=signing"},
    )

    assert response.headers["HX-Redirect"] == "/sign-in/?next=%2Fprojects%2F%3Fstage%3Dsigning"


def test_the_admin_pages_have_no_door_of_their_own(door, system_admin):
    response = door.get("/admin/accounts/user/", follow=True)

    assert response.redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2Faccounts%2Fuser%2F"
