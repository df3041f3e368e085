"""The page behind a figure: every row it counts, and a sum that is the figure."""

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from approvals.choices import IssueState
from briefings import figures
from briefings.indicators import INDICATORS, Indicator
from outreach.models import VisitLevel
from projects.choices import Confidentiality, EventKind, Stage
from tests import factories

pytestmark = pytest.mark.django_db

SPAN = {"from": "2025-01", "to": "2025-06"}


def day(month: int, number: int = 10, year: int = 2025) -> datetime.date:
    return datetime.date(year, month, number)


def get(client: Client, user: User, code: str, **query: str) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(address(code), {**SPAN, **query})


def address(code: str) -> str:
    return reverse("briefings:counted", args=[code])


def texts(response: Any) -> list[list[str]]:
    return [[cell.text for cell in line] for line in response.context["lines"]]


@pytest.fixture
def shared(steel, liubei, luzhai):
    """60 % Liubei's, 40 % Luzhai's, verified after January was closed."""
    factories.period(datetime.date(2025, 1, 1), closed_on=day(2, 5))
    project = factories.project(Stage.SIGNING, name="智能底盘", task_force=steel, reporting_unit=liubei)
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)
    factories.verified_event(project, amount=Decimal(162000), signed_on=day(1), verified_on=day(2, 12))
    return project


def test_rows_say_project_part_days_and_month(client, leader, shared):
    response = get(client, leader, "contracted")

    assert texts(response) == [
        [
            "智能底盘",
            "Steel",
            "Liubei District 60%／Luzhai County 40%",
            "Contract signed",
            "162,000",
            "2025-01-10",
            "2025-02-12",
            "2025-02",
        ]
    ]
    (line,) = response.context["lines"]
    assert [cell.tag for cell in line if cell.tag] == ["shared", "late"]
    assert line[0].url == shared.get_absolute_url()
    assert (response.context["value"], response.context["exact"]) == ("16.20", "162,000")


def test_unit_is_given_its_part_and_told_of_which_amount(client, leader, shared):
    response = get(client, leader, "contracted", unit="450223")

    (line,) = response.context["lines"]
    assert (line[4].text, line[4].sub) == ("64,800", "40% of 162,000")
    assert (response.context["value"], response.context["scope"]) == ("6.48", "Luzhai County")


def test_what_the_reader_may_not_open_is_added_up_in_one_line(client, county_officer, shared, luzhai):
    signed = factories.project(Stage.SIGNING, reporting_unit=luzhai)
    factories.verified_event(signed, amount=Decimal("7000.50"), signed_on=day(3))
    factories.verified_event(signed, kind=EventKind.ADD_ON, amount=Decimal(500), signed_on=day(4))

    response = get(client, county_officer, "contracted")
    assert [line[0] for line in texts(response)] == ["智能底盘"]
    told = {name: response.context[name] for name in ("total", "hidden", "hidden_sum", "sum")}
    assert told == {"total": 3, "hidden": 2, "hidden_sum": "7,500.50", "sum": "169,500.50"}
    assert signed.name not in response.content.decode()


def test_name_of_a_confidential_project_is_kept_from_who_does_not_own_it(client, statistician, shared):
    shared.confidentiality, shared.code_name = Confidentiality.CONFIDENTIAL, "青山"
    shared.save()

    page = get(client, statistician, "contracted").content.decode()
    assert "青山" in page
    assert "智能底盘" not in page


def test_note_of_a_move_is_kept_with_the_name(client, statistician, leader, shared):
    factories.stage_change(shared, Stage.SIGNING, source=Stage.NEGOTIATION, on=day(3), note="智能底盘签了")
    shared.confidentiality = Confidentiality.CONFIDENTIAL
    shared.save()

    notes = [texts(get(client, user, "arrived_signing"))[0][-1] for user in (leader, statistician)]
    assert notes == ["智能底盘签了", ""]


def test_year_before_and_every_month_lead_to_the_same_page(client, leader, shared):
    factories.verified_event(factories.project(), amount=Decimal(100000), signed_on=day(2, year=2024))

    response = get(client, leader, "contracted", task_force="steel")
    assert response.context["base"] == "0.00"
    base = client.get(response.context["base_url"])
    assert (base.context["months"], base.context["scope"]) == ("January to June 2024", "Steel")
    february = client.get(response.context["chart"]["links"][1])
    assert (february.context["months"], february.context["value"]) == ("February 2025", "16.20")
    assert february.context["chart"] is None


def test_as_known_on_a_day_is_kept_in_every_link(client, leader, shared):
    response = get(client, leader, "contracted", as_known_on="2025-02-11")

    assert (response.context["total"], response.context["value"]) == (0, "0.00")
    assert "as_known_on=2025-02-11" in response.context["base_url"]
    assert "Nothing was counted in these months" in response.content.decode()


def test_rate_opens_into_its_denominator_and_marks_the_numerator(client, leader, shared):
    factories.stage_change(shared, Stage.COMMENCEMENT, source=Stage.SIGNING, on=day(5))
    factories.verified_event(factories.project(), signed_on=day(3))

    response = get(client, leader, "start_rate")
    assert response.context["value"] == "50.0"
    assert sorted(line[3].sub for line in response.context["lines"]) == ["not started", "works started"]


# One indicator for each way of counting rows of a kind: the seven batches read alike.
UNLIKE = list(
    {
        (found.source.name, found.unit, found.subject if isinstance(found, Indicator) else ""): code
        for code, found in INDICATORS.items()
    }.values()
)


@pytest.fixture
def everything(shared, luzhai):
    """A row of every kind, in the figures of half a year."""
    signing = shared.contract_events.get()
    factories.verified_event(
        shared, kind=EventKind.CORRECTION, amount=Decimal(-2000), signed_on=day(3), corrects=signing
    )
    factories.verified_event(shared, kind=EventKind.ADD_ON, amount=Decimal(3000), signed_on=day(4))
    factories.verified_event(shared, kind=EventKind.VOIDED, amount=Decimal(-163000), signed_on=day(5))
    for source, target in zip(["", *Stage.values[:-1]], Stage.values, strict=True):
        factories.stage_change(shared, target, source=source, on=day(5))
    factories.engagement(factories.visit(day(2), unit=luzhai))
    factories.engagement(factories.visit(day(3), level=VisitLevel.CITY, unit=None))
    factories.service(shared, since=day(2))
    factories.issue(shared, raised_on=day(2), state=IssueState.RESOLVED, resolved_on=day(3))
    factories.stall_flag(factories.item(shared), raised_on=day(6))
    factories.progress_report(shared, day(4, 1), funds_in_place=Decimal(50), invested=Decimal(40))
    for stage in Stage.values:
        unit, force = shared.reporting_unit, shared.task_force
        standing = factories.project(stage, task_force=force, reporting_unit=unit)
        factories.stage_change(standing, stage, on=day(3))
        factories.verified_event(standing, signed_on=day(3))


def test_every_indicator_opens_into_rows(client, leader, everything):
    for code in UNLIKE:
        response = get(client, leader, code)

        assert response.status_code == 200, code
        assert len(response.context["lines"]) == response.context["total"] > 0, code
        columns = {len(response.context["columns"])}
        assert {len(line) for line in response.context["lines"]} == columns, code


def test_who_may_open_nothing_still_reads_the_sum(client, stranger, everything, shared):
    shared.shares.all().delete()  # now Liubei's alone
    found = figures.compute(UNLIKE, figures.Window(day(1), day(6)))

    for code, figure in found.items():
        response = get(client, stranger, code)
        if figure.indicator.source.name in ("visits", "engagements"):
            assert response.context["hidden"] == 0, code  # the stranger's own, and the city's
        else:
            told = response.context["lines"], response.context["hidden"]
            assert told == ([], response.context["total"]), code
            if figure.unit != "%":
                assert response.context["hidden_sum"] == response.context["sum"], code
        assert "智能底盘" not in response.content.decode(), code


@pytest.mark.parametrize(
    "code", ["contracted", "arrived_signing", "visits", "issues_raised", "stalled_items"]
)
def test_page_costs_the_same_with_one_row_and_with_many(client, leader, everything, code):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address(code), SPAN).status_code == 200
        return len(asked)

    client.force_login(leader)
    one = queries()
    for _n in range(2):
        project = factories.project(Stage.SIGNING)
        factories.verified_event(project, signed_on=day(2))
        factories.stage_change(project, Stage.SIGNING, on=day(2))
        factories.engagement(factories.visit(day(2)))
        factories.issue(project, raised_on=day(2))
        factories.stall_flag(factories.item(project), raised_on=day(2))
    assert queries() == one


@pytest.mark.parametrize(
    ("code", "query", "status"),
    [
        ("happiness", {}, 404),
        ("visits", {"task_force": "steel"}, 404),
        ("contracted", {"task_force": "nobody"}, 200),
        ("contracted", {"from": "2025-13"}, 200),
        ("contracted", {"from": "0001-01", "to": "0001-02"}, 200),
        ("contracted", {"to": "9999-12"}, 200),
        ("contracted", {"as_known_on": "9999-12-31"}, 200),
    ],
)
def test_impossible_questions(client, leader, shared, code, query, status):
    response = get(client, leader, code, **query)

    assert response.status_code == status
    if status == 200:
        assert re.search(r'role="alert"', response.content.decode())
        assert "figure" not in response.context


def test_months_in_the_wrong_order_are_said_at_the_field(client, leader):
    page = get(client, leader, "contracted", **{"from": "2025-06", "to": "2025-01"}).content.decode()

    assert "The last month lies before the first." in page


def test_without_a_question_the_page_shows_this_year(client, leader):
    client.force_login(leader)
    response = client.get(address("contracted"))

    assert response.status_code == 200
    assert response.context["form"].is_valid()
