"""The board: what stands where, who may open it, and that its numbers open into themselves."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from accounts.roles import PERMISSIONS, Role
from briefings import board
from briefings.board import Cell, frame
from core import clock
from projects.choices import Stage, Status
from projects.filters import ProjectFilter
from projects.models import Project
from taskforces.models import BatchLabel
from tests import factories

pytestmark = pytest.mark.django_db

MARCH = datetime.date(2026, 3, 1)
TODAY = datetime.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def _in_march(monkeypatch):
    """The page's own reading of the clock; what is counted is passed on from there."""
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    with translation.override("en"):
        yield


def project(force: Any, stage: str, wan: int = 0, **fields: Any) -> Project:
    return factories.project(stage, task_force=force, contracted=Decimal(wan), **fields)


def get(client: Client, user: User, **query: str) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(reverse("briefings:board"), query)


def counts(response: Any) -> dict[str, list[int]]:
    rows = response.context["rows"]
    return {row["name"]: [cell.count for cell in (*row["cells"], row["total"])] for row in rows}


# --- What stands where --------------------------------------------------------------------------


def test_standing_counts_and_adds_up_each_task_forces_batches(steel, auto):
    project(steel, Stage.SIGNING, 12000)
    project(steel, Stage.SIGNING, 8000, status=Status.PAUSED)
    project(steel, Stage.PREPARATION)
    project(auto, Stage.SIGNING, 5000)
    project(auto, Stage.SIGNING, 70000, status=Status.ENDED)

    assert board.standing() == {
        (steel.pk, "signing"): Cell(2, Decimal(20000)),
        (steel.pk, "preparation"): Cell(1, Decimal(0)),
        (auto.pk, "signing"): Cell(1, Decimal(5000)),
    }


def test_arrivals_count_moves_forwards_of_the_month_once_a_batch(steel):
    moved = project(steel, Stage.COMMENCEMENT, 12000)
    for target, source, day in (
        (Stage.SIGNING, Stage.NEGOTIATION, 2),
        (Stage.COMMENCEMENT, Stage.SIGNING, 5),
        (Stage.SIGNING, Stage.COMMENCEMENT, 6),  # a correction, no arrival
        (Stage.COMMENCEMENT, Stage.SIGNING, 9),
    ):
        factories.stage_change(moved, target, source=source, on=MARCH.replace(day=day))
    other = project(steel, Stage.SIGNING, 8000)
    factories.stage_change(other, Stage.SIGNING, source="", on=MARCH)
    factories.stage_change(other, Stage.COMMENCEMENT, source=Stage.SIGNING, on=datetime.date(2026, 4, 1))

    assert board.arrivals(MARCH) == {
        (steel.pk, "signing"): Cell(2, Decimal(20000)),
        (steel.pk, "commencement"): Cell(1, Decimal(12000)),
    }


def test_frame_is_the_mechanism_of_the_year_and_keeps_whoever_has_projects(steel, auto):
    old, idle = factories.task_force(order=8), factories.task_force(order=9)
    factories.mechanism(2025, task_forces=(steel, auto, old, idle))
    now = factories.mechanism(2026, task_forces=(auto, steel), name="1071", name_en="1071")
    BatchLabel.objects.filter(mechanism=now, batch="signing").update(name_en="Signed")

    found = frame(2026, {(old.pk, "signing"): Cell(1)})
    assert (found.mechanism, found.task_forces, found.labels["signing"]) == (
        now,
        [steel, auto, old],
        "Signed",
    )
    assert frame(2025, {}).task_forces == [steel, auto, old, idle]


# --- The page -----------------------------------------------------------------------------------


@pytest.fixture
def city(steel, auto):
    factories.mechanism(2026, task_forces=(steel, auto))
    project(steel, Stage.SIGNING, 12000)
    project(steel, Stage.PREPARATION)
    project(auto, Stage.SIGNING, 5000)
    project(auto, Stage.NEGOTIATION, status=Status.ENDED)


def test_board_shows_every_cell_and_the_sums(client, leader, city):
    response = get(client, leader)

    assert response.status_code == 200
    assert counts(response) == {
        "Steel": [1, 0, 1, 0, 0, 0, 0, 2],
        "Automotive": [0, 0, 1, 0, 0, 0, 0, 1],
    }
    assert [cell.count for cell in response.context["totals"]] == [1, 0, 2, 0, 0, 0, 0, 3]
    assert "1.7 亿" in response.content.decode()


def test_every_number_of_the_board_opens_the_list_of_what_it_counts(client, leader, city):
    response = get(client, leader)
    cells = [cell for row in response.context["rows"] for cell in (*row["cells"], row["total"])]
    cells += response.context["totals"]

    opened = [cell for cell in cells if cell.count]
    assert len(opened) == 8
    for cell in opened:
        path, _mark, query = cell.url.partition("?")
        listed = ProjectFilter(QueryDict(query), Project.objects.visible_to(leader)).qs
        assert (path, len(listed), sum(p.contracted for p in listed)) == (
            reverse("projects:list"),
            cell.count,
            cell.amount,
        )
    assert not any(cell.url for cell in cells if not cell.count)


def test_task_force_sees_all_and_opens_its_own_row(client, force_member, city):
    rows = {row["name"]: row for row in get(client, force_member).context["rows"]}

    assert [bool(cell.url) for cell in rows["Steel"]["cells"]] == [True, False, True, *[False] * 4]
    assert rows["Steel"]["total"].url
    assert not any(cell.url for cell in (*rows["Automotive"]["cells"], rows["Automotive"]["total"]))


def test_county_sees_the_sums_of_all_and_opens_none(client, county_officer, city):
    response = get(client, county_officer)

    assert counts(response)["Steel"][-1] == 2
    assert not any(cell.url for row in response.context["rows"] for cell in row["cells"])
    assert not any(cell.url for cell in response.context["totals"])


def test_statistics_opens_what_is_signed(client, statistician, city):
    rows = {row["name"]: row for row in get(client, statistician).context["rows"]}

    assert [bool(cell.url) for cell in rows["Steel"]["cells"]] == [False, False, True, *[False] * 4]
    assert not rows["Steel"]["total"].url  # one of its two projects stays shut
    assert rows["Automotive"]["total"].url


def test_arrivals_of_the_month_open_into_their_moves(client, leader, steel):
    moved = project(steel, Stage.SIGNING, 12000)
    factories.stage_change(moved, Stage.SIGNING, source=Stage.NEGOTIATION, on=TODAY)

    response = get(client, leader, view="arrivals")
    assert counts(response) == {"Steel": [0, 0, 1, 0, 0, 0, 0, 1]}
    cell = response.context["rows"][0]["cells"][2]
    listed = client.get(cell.url)
    assert (listed.status_code, listed.context["total"], listed.context["sum"]) == (200, 1, "1")


def test_headline_cards_say_the_figures_and_lead_to_their_rows(client, leader, steel):
    signed = project(steel, Stage.SIGNING)
    factories.verified_event(signed, amount=Decimal(13300), signed_on=MARCH)
    factories.verified_event(
        project(steel, Stage.SIGNING), amount=Decimal(10000), signed_on=datetime.date(2025, 3, 1)
    )

    cards = {card.code: card for card in get(client, leader).context["cards"]}
    assert {code: (card.value, card.unit, card.yoy) for code, card in cards.items()} == {
        "contracted": ("1.3", "亿元", Decimal("33.0")),
        "contracted_industrial_100m": ("1.3", "亿元", Decimal("33.0")),
        "start_rate": ("0.0", "%", None),
        "stalled_items": ("0", "items", None),
    }
    assert cards["contracted"].trend == [0, 0, 13300]
    assert client.get(cards["contracted"].url).context["value"] == "1.33"


def test_charts_stand_beside_last_year_and_lead_to_their_rows(client, leader, steel):
    factories.verified_event(project(steel, Stage.SIGNING), amount=Decimal(13300), signed_on=MARCH)

    charts = dict(get(client, leader).context["charts"])
    by_month, by_force = charts["by-month"], charts["by-force"]
    assert [series["values"] for series in by_month["series"]] == [
        ["0.00", "0.00", "0.00"],
        ["0.00", "0.00", "1.33"],
    ]
    assert [series["name"] for series in by_month["series"]] == ["2025", "2026"]
    assert (by_force["categories"], by_force["series"][1]["values"]) == (["Steel"], ["1.33"])
    assert all(client.get(link).status_code == 200 for link in (*by_month["links"], *by_force["links"]))


def test_empty_city_says_what_the_board_will_show(client, leader):
    response = get(client, leader)

    assert response.status_code == 200
    assert "No task forces yet" in response.content.decode()
    assert "Nothing waits for you" in response.content.decode()


def test_board_costs_the_same_with_one_project_and_with_many(client, leader, steel, auto):
    factories.mechanism(2026, task_forces=(steel,))

    def queries(view: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("briefings:board"), {"view": view}).status_code == 200
        return len(asked)

    def grow() -> None:
        signed = project(auto, Stage.SIGNING)
        factories.verified_event(signed, signed_on=MARCH)
        factories.contract_event(project(auto, Stage.NEGOTIATION), signed_on=MARCH)
        factories.stage_change(signed, Stage.SIGNING, on=TODAY)
        factories.stall_flag(factories.item(signed), severity="red", raised_on=MARCH)

    grow()
    client.force_login(leader)
    one = queries(""), queries("arrivals")
    grow()
    grow()
    assert (queries(""), queries("arrivals")) == one


@pytest.mark.parametrize("role", list(Role))
def test_board_opens_for_who_may_see_it(client, role):
    status = 200 if "briefings.view_board" in PERMISSIONS[role] else 403
    assert get(client, factories.user(role)).status_code == status


# --- A past year, under its own mechanism ---------------------------------------------------------


@pytest.fixture
def two_years(steel, auto, leader):
    """9712 with one task force in 2025, 1071 with two in 2026; a project that has moved on since."""
    factories.mechanism(2025, task_forces=(steel,), name="9712", name_en="9712")
    factories.mechanism(2026, task_forces=(steel, auto), name="1071", name_en="1071", is_example=True)
    labels = BatchLabel.objects.filter(mechanism__year=2025, batch="signing")
    labels.update(name="签约一批", name_en="Signed lot")
    project = factories.project(Stage.COMMENCEMENT, task_force=steel, created_by=leader)
    factories.verified_event(project, signed_on=datetime.date(2025, 11, 3), amount=Decimal(25000))
    factories.stage_change(project, Stage.SIGNING, on=datetime.date(2025, 11, 3))
    factories.stage_change(project, Stage.COMMENCEMENT, on=datetime.date(2026, 2, 3), source=Stage.SIGNING)
    return project


def test_standing_at_the_end_of_a_past_month_is_what_the_indicators_say(two_years, steel):
    cell = Cell(1, Decimal(25000))

    assert board.standing_at(datetime.date(2025, 12, 31)) == {(steel.pk, "signing"): cell}
    assert board.standing_at(datetime.date(2026, 2, 28)) == {(steel.pk, "commencement"): cell}


def test_the_board_of_2025_keeps_the_mechanism_of_2025(two_years, steel, auto, leader, client):
    client.force_login(leader)
    client.cookies["django_language"] = "en"

    then = client.get("/board/?year=2025").content.decode()
    now = client.get("/board/").content.decode()

    for words in ("9712 board", "Signed lot", str(steel)):
        assert words in then
    for words in ("1071", "Example", str(auto)):
        assert words not in then
        assert words in now
    assert "9712" not in now
    assert "/figures/standing_signing/?from=2025-12" in then


def test_a_year_without_a_mechanism_shows_this_year(two_years, leader, client):
    client.force_login(leader)

    for asked in ("2019", "2030", "x", ""):
        assert client.get(f"/board/?year={asked}").context["year"] == 2026
