import time

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.utils import CursorWrapper
from django.db.utils import OperationalError

from core import health

pytestmark = pytest.mark.django_db
WELL = dict.fromkeys(("database", "migrations", "cache", "beat", "disk"), "ok")


def test_healthz_asks_nobody_else(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz_names_every_part_that_is_well(client):
    health.beat(at=time.time())

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": WELL})
    assert "no-store" in response["Cache-Control"]


def test_readyz_names_a_timetable_that_stands_still_and_stays_open(client):
    health.beat(at=time.time() - 500)
    client.cookies["django_language"] = "en"

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "checks": {**WELL, "beat": "The timetable has stood still for 500 seconds."},
    }


def test_readyz_names_a_full_disk(client, settings):
    health.beat(at=time.time())
    settings.MIN_FREE_MB = 10**12

    response = client.get("/readyz")

    assert {name for name, state in response.json()["checks"].items() if state != "ok"} == {"disk"}


def test_readyz_closes_when_the_database_is_away_and_tells_no_secrets(client, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection to 10.0.0.7 as secret_user failed")

    monkeypatch.setattr(CursorWrapper, "execute", refuse)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"]) == (503, "unready")
    assert "secret_user" not in response.content.decode()


def test_only_reading_is_answered(client):
    assert [client.post(address).status_code for address in ("/healthz", "/readyz")] == [405, 405]


def test_the_command_ends_with_an_error_when_a_part_is_unwell(capsys):
    call_command("health", "database", "cache")

    assert capsys.readouterr().out == "database: ok\ncache: ok\n"
    with pytest.raises(CommandError, match=r"^beat$"):
        call_command("health")
