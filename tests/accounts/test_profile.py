"""Oneself: the password, the tokens, what they open."""

import re

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts import tokens
from accounts.models import ApiToken
from core.models import AuditEntry
from tests import factories

SCHEMA = "/api/v1/schema/"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def at_desk(clerk) -> Client:
    client = factories.in_english()
    client.force_login(clerk)
    return client


def secret_in(page: str) -> str:
    found = re.search(r'readonly value="([0-9a-f]{64})"', page)
    return found[1] if found else ""


def by_token(secret: str) -> int:
    return Client().get(SCHEMA, headers={"authorization": f"Token {secret}"}).status_code


# --- Password --------------------------------------------------------------------------------------


def test_a_new_password_holds_and_other_devices_are_out(at_desk, clerk):
    elsewhere = Client()
    elsewhere.force_login(clerk)

    response = at_desk.post(
        "/me/password/",
        {
            "old_password": factories.PASSWORD,
            "new_password1": "Ten-seven-one-1",
            "new_password2": "Ten-seven-one-1",
        },
    )

    assert response.headers["Location"] == "/me/"
    clerk.refresh_from_db()
    assert clerk.check_password("Ten-seven-one-1")
    assert (at_desk.get("/me/").status_code, elsewhere.get("/me/").status_code) == (200, 302)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old_password": "wrong"}, "old_password"),
        ({"new_password2": "Another-one-2"}, "new_password2"),
        ({"new_password1": "clerk", "new_password2": "clerk"}, "new_password2"),
        ({"new_password1": "12345678", "new_password2": "12345678"}, "new_password2"),
    ],
)
def test_a_poor_password_is_refused_at_its_field(at_desk, clerk, typed, field):
    whole = {"old_password": factories.PASSWORD, "new_password1": "Ten-71!", "new_password2": "Ten-71!"}

    response = at_desk.post("/me/password/", {**whole, **typed})

    assert response.status_code == 200
    assert response.context["form"].errors[field]
    clerk.refresh_from_db()
    assert clerk.check_password(factories.PASSWORD)


# --- Tokens ------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_opens_the_api(at_desk, clerk):
    response = at_desk.post("/me/", {"name": "Statistics desk", "form_token": "a"})
    secret = secret_in(response.content.decode())

    assert by_token(secret) == 200
    assert secret not in at_desk.get("/me/").content.decode()
    [token] = clerk.auth_token_set.all()
    assert token.name == "Statistics desk"
    assert secret not in (token.digest, token.token_key)


def test_a_token_asked_for_twice_by_one_form_is_made_once(at_desk, clerk):
    for _ in range(2):
        at_desk.post("/me/", {"name": "Statistics desk", "form_token": "a"})

    assert clerk.auth_token_set.count() == 1


def test_a_form_saved_before_with_other_content_is_refused_in_our_frame(at_desk, clerk):
    first, second = (
        at_desk.post("/me/", {"name": name, "form_token": "a"})
        for name in ("Statistics desk", "Another desk")
    )

    assert (first.status_code, second.status_code) == (200, 409)
    assert next(template.name for template in second.templates) == "409.html"
    assert [token.name for token in clerk.auth_token_set.all()] == ["Statistics desk"]


def test_a_token_taken_back_opens_nothing(at_desk, clerk):
    token, secret = tokens.issue(user=clerk, name="desk")

    at_desk.post(f"/me/tokens/{token.pk}/revoke/")

    assert by_token(secret) == 401


def test_a_new_password_ends_the_tokens_and_signing_in_does_not(clerk):
    _token, secret = tokens.issue(user=clerk, name="desk")
    clerk.save(update_fields=["last_login"])
    assert by_token(secret) == 200

    clerk.set_password("a new one, long enough")
    clerk.save()

    assert by_token(secret) == 401


def test_a_token_of_a_closed_account_opens_nothing(clerk):
    _token, secret = tokens.issue(user=clerk, name="desk")
    clerk.is_active = False
    clerk.save()

    assert by_token(secret) == 401


def test_an_expired_token_opens_nothing(clerk):
    token, secret = tokens.issue(user=clerk, name="desk")
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now())

    assert by_token(secret) == 401


def test_nobody_takes_back_the_token_of_another(at_desk, leader):
    token, secret = tokens.issue(user=leader, name="desk")

    assert at_desk.post(f"/me/tokens/{token.pk}/revoke/").status_code == 404
    assert by_token(secret) == 200


def test_there_is_an_end_to_the_number_of_tokens(at_desk, clerk):
    for n in range(tokens.MOST):
        tokens.issue(user=clerk, name=f"desk {n}")

    response = at_desk.post("/me/", {"name": "one more", "form_token": "a"})

    assert response.context["form"].errors["name"] == [
        "You have 10 tokens. Take back one that is no longer used."
    ]
    assert clerk.auth_token_set.count() == tokens.MOST


def test_the_trail_knows_of_a_token_but_not_its_digest(clerk):
    token, _secret = tokens.issue(user=clerk, name="desk")

    entry = AuditEntry.objects.get(table="accounts_apitoken")
    after = entry.after or {}
    assert (after["name"], after["digest"], after["token_key"]) == ("desk", "•••", "•••")
    assert entry.row_id == str(token.pk)


def test_the_profile_asks_as_often_for_three_tokens_as_for_one(at_desk, clerk, count_queries):
    tokens.issue(user=clerk, name="a")
    one = count_queries(lambda: at_desk.get("/me/"))
    for name in "bc":
        tokens.issue(user=clerk, name=name)

    assert count_queries(lambda: at_desk.get("/me/")) == one
