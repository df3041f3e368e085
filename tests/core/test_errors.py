import logging
import re

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import translation

from core import errors
from core.refusal import Refusal

RAISED = {
    "bad": SuspiciousOperation("the secret reason"),
    "large": RequestDataTooBig("the secret limit"),
    "denied": PermissionDenied(),
    "gone": Http404("No Project matches the given query."),
    "broken": ValueError("the secret setting"),
    "refused": Refusal("Someone else was faster."),
    "unreachable": OperationalError("the secret host"),
}


def fail(request, name):
    raise RAISED[name]


urlpatterns = [path("fail/<name>/", fail), path("api/fail/<name>/", fail)]
handler400, handler404, handler500 = errors.bad_request, errors.not_found, errors.server_error

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def visitor():
    client = Client(raise_request_exception=False)
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("bad", 400, "This request cannot be read"),
        ("large", 413, "Files may be up to 20 MB."),
        ("denied", 403, "You have no right to do this"),
        ("gone", 404, "There is no such page, or it belongs to a unit"),
        ("broken", 500, "What you had saved is safe."),
        ("unreachable", 503, "Back in a moment"),
    ],
)
def test_every_failure_is_told_in_our_words_and_frame(visitor, name, status, sentence):
    response = visitor.get(f"/fail/{name}/")

    html = response.content.decode()
    assert response.status_code == status
    assert sentence in html
    assert 'class="card problem"' in html
    assert str(RAISED[name]) not in html or not str(RAISED[name])


def test_incident_number_on_the_screen_stands_in_the_log(visitor, caplog):
    with caplog.at_level(logging.ERROR, logger="core.errors"):
        html = visitor.get("/fail/broken/").content.decode()

    shown = re.search(r'class="incident">([^<]+)<', html)
    assert shown
    assert f"incident {shown[1]}: GET '/fail/broken/'" in caplog.messages


def test_a_path_cannot_forge_a_line_of_the_log(caplog):
    request = RequestFactory().get("/x")
    request.path = "/x\nincident 1: all is well"

    with caplog.at_level(logging.ERROR, logger="core.errors"):
        errors.server_error(request)

    assert "\n" not in caplog.messages[0]


def test_unreachable_data_asks_to_come_back(visitor):
    assert visitor.get("/fail/unreachable/")["Retry-After"] == "5"


def test_api_gets_a_problem_instead_of_a_page(visitor):
    response = visitor.get("/api/fail/broken/")

    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 500
    assert set(response.json()) == {"status", "incident"}


def test_a_wrong_address_of_the_api_is_a_problem_too(visitor):
    response = visitor.get("/api/v1/no-such-thing/")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json() == {"status": 404}


def test_a_refusal_that_no_form_has_caught_is_told(visitor):
    response = visitor.get("/fail/refused/")

    assert response.status_code == 409
    assert "Someone else was faster." in response.content.decode()


def test_conflict_says_why_and_leads_back():
    refusal = Refusal("Someone else has just moved this project.", ["It stands at “Signing” now."])
    with translation.override("en"):
        response = errors.conflict(RequestFactory().get("/"), refusal, back="/projects/7/")

    html = response.content.decode()
    assert response.status_code == 409
    assert "Someone else has just moved this project." in html
    assert "It stands at “Signing” now." in html
    assert 'href="/projects/7/"' in html
