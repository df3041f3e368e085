"""The pages and the API of the annual plan, as the bureau, the task force, a county and readers meet them."""

import datetime
import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from core import clock
from projects import new_year
from projects.choices import Confidentiality, PlanState, Stage
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange, PlanProposal
from taskforces.models import BatchLabel
from tests import factories
from tests.api import caller

TODAY = datetime.date(2026, 6, 10)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def browse():
    def sign_in(user) -> Client:
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def plan(steel, auto):
    factories.mechanism(2025, task_forces=(steel,), name="9712", name_en="9712")
    factories.mechanism(2026, task_forces=(steel, auto), name="1071", name_en="1071", is_example=True)
    BatchLabel.objects.filter(mechanism__year=2025, batch="commencement").update(name_en="Lot of starts")
    return factories.annual_plan(2026)


def project_of(force, unit, name, **fields):
    given = {"task_force": force, "reporting_unit": unit, "name": name, "stage_since": TODAY, **fields}
    return factories.project(Stage.SIGNING, **given)


def listed(plan, project, **fields):
    given = {"batch": Stage.COMMENCEMENT, "planned_on": datetime.date(2026, 5, 1), **fields}
    return factories.plan_entry(plan, project, **{"amount": Decimal(12500), **given})


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- The year's list -----------------------------------------------------------------------------


def test_the_numbers_of_the_plan_open_their_lists(plan, steel, liubei, leader, browse):
    listed(plan, project_of(steel, liubei, "晚了项目"))
    listed(plan, project_of(steel, liubei, "还早项目"), planned_on=datetime.date(2026, 9, 1))
    client = browse(leader)

    page = client.get("/projects/plan/")
    rows = {row["name"]: row for row in page.context["rows"]}
    start = rows["commencement"]
    assert (start["planned"].count, start["planned"].yi, start["rate"]) == (2, "2.5", "0.0%")
    assert (start["late"].count, start["open"].count) == (1, 1)

    opened = client.get("/projects/plan/" + start["late"].url.replace("#entries", ""))
    assert [line["project"].name for line in opened.context["entries"]] == ["晚了项目"]
    assert "40 days late" in text(opened)


def test_filters_narrow_the_sums_and_the_list(plan, steel, auto, liubei, luzhai, leader, browse):
    listed(plan, project_of(steel, liubei, "柳北钢铁"))
    listed(plan, project_of(auto, luzhai, "鹿寨汽车"))
    client = browse(leader)

    for query in (f"task_force={auto.code}", f"unit={luzhai.code}"):
        page = client.get(f"/projects/plan/?{query}")
        assert page.context["total"]["planned"].count == 1
        assert [line["project"].name for line in page.context["entries"]] == ["鹿寨汽车"]
    assert client.get("/projects/plan/?task_force=nonsense&batch=x").status_code == 200


def test_a_task_force_lists_its_own_and_counts_the_others(plan, steel, auto, liubei, force_member, browse):
    listed(plan, project_of(steel, liubei, "自己的"))
    listed(plan, project_of(auto, liubei, "别人的"))

    page = browse(force_member).get("/projects/plan/")

    assert (page.context["count"], page.context["hidden"]) == (2, 1)
    assert "自己的" in text(page)
    assert "别人的" not in text(page)


def test_a_confidential_project_stands_under_its_code_name(plan, steel, liubei, city_leader, browse):
    secret = {"confidentiality": Confidentiality.CONFIDENTIAL, "code_name": "曙光"}
    project = project_of(steel, liubei, "绝密工程", **secret)
    listed(plan, project)
    client = browse(city_leader)

    for url in ("/projects/plan/", f"/projects/{project.pk}/plan/"):
        page = client.get(url)
        assert "曙光" in text(page)
        assert "绝密工程" not in page.content.decode()


def test_the_list_of_2025_speaks_as_2025_did(plan, steel, liubei, leader, browse):
    last = factories.annual_plan(2025)
    listed(last, project_of(steel, liubei, "去年项目"), planned_on=None)
    AnnualPlan.objects.filter(pk=last.pk).update(state=PlanState.FROZEN, frozen_on=TODAY)
    client = browse(leader)

    then, now = (text(client.get(f"/projects/plan/?year={year}")) for year in (2025, 2026))

    for words in ("9712 board", "Lot of starts", "Frozen"):
        assert words in then
        assert words not in now
    assert "1071" not in then
    assert "1071 board" in now


def test_without_a_list_the_page_says_what_to_do(db, leader, county_officer, browse):
    assert "Propose the list" in text(browse(leader).get("/projects/plan/"))
    assert "as soon as the bureau" in text(browse(county_officer).get("/projects/plan/?year=2026"))


def test_the_plan_asks_as_often_for_many_entries(plan, steel, liubei, leader, browse):
    client = browse(leader)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/projects/plan/").status_code == 200
        return len(queries)

    listed(plan, project_of(steel, liubei, "甲"))
    one = asked()
    for name in "乙丙":
        listed(plan, project_of(steel, liubei, name))

    assert asked() == one


def test_the_workbook_holds_what_the_page_shows(plan, steel, liubei, leader, browse):
    listed(plan, project_of(steel, liubei, "=危险公式"), amount=Decimal("12500.50"))

    answer = browse(leader).get("/projects/plan/?year=2026&export=xlsx")

    entries, sums, _about = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets
    assert [cell.value for cell in sums[5]][:3] == ["commencement", 1, 1.25005]
    row = [cell.value for cell in entries[2]]
    assert (row[0], row[3], row[4].date()) == ("=危险公式", 1.25005, datetime.date(2026, 5, 1))
    assert entries["A2"].data_type == "s"


# --- A project's place ---------------------------------------------------------------------------


def test_the_owning_task_force_puts_in_moves_and_takes_out(plan, steel, liubei, force_member, browse):
    project, client = project_of(steel, liubei, "自己的"), browse(force_member)
    url = f"/projects/{project.pk}/plan/"

    first = {"batch": "commencement", "planned_on": "2026-09-01", "reason": "已供地", "version": ""}
    assert client.post(url, first).status_code == 302
    entry = AnnualPlanEntry.objects.get()
    second = {"batch": "signing", "is_doubtful": "on", "reason": "未批地", "version": entry.version}
    assert client.post(url, second).status_code == 302
    stale = {"batch": "", "reason": "退出", "version": entry.version}
    assert client.post(url, stale).status_code == 409
    assert client.post(url, {**stale, "version": entry.version + 1}).status_code == 302

    targets = list(PlanChange.objects.order_by("pk").values_list("source", "target"))
    assert targets == [("", "commencement"), ("commencement", "signing"), ("signing", "")]
    assert "Taken out of “signing”" in text(client.get(url))


def test_others_read_or_meet_nothing(plan, steel, auto, liubei, county_officer, force_member, browse):
    own, foreign = project_of(steel, liubei, "自己的"), project_of(auto, liubei, "别人的")
    wanted = {"batch": "signing", "reason": "x"}

    reader = browse(county_officer)
    assert reader.get(f"/projects/{own.pk}/plan/").status_code == 200
    assert reader.post(f"/projects/{own.pk}/plan/", wanted).status_code == 403
    assert browse(force_member).post(f"/projects/{foreign.pk}/plan/", wanted).status_code == 404
    assert not AnnualPlanEntry.objects.exists()


def test_a_form_without_a_reason_or_with_a_day_outside_the_year_is_told(plan, steel, liubei, clerk, browse):
    url = f"/projects/{project_of(steel, liubei, '甲').pk}/plan/"

    assert browse(clerk).post(url, {"batch": "signing", "reason": ""}).status_code == 422
    outside = browse(clerk).post(url, {"batch": "signing", "planned_on": "2027-02-01", "reason": "x"})
    assert outside.status_code == 409
    assert "must lie in 2026" in text(outside)


# --- New Year --------------------------------------------------------------------------------------


@pytest.fixture
def proposed(plan, steel, liubei, clerk):
    project = project_of(steel, liubei, "转年项目")
    factories.stage_change(project, Stage.SIGNING, on=datetime.date(2026, 3, 2))
    listed(plan, project)
    return new_year.propose(2027, by=clerk, today=TODAY)


def test_the_differences_are_grouped_and_say_why(proposed, leader, browse):
    page = browse(leader).get("/projects/plan/new-year/2027/")

    assert [(one["source"], one["target"], one["count"]) for one in page.context["groups"]] == [
        ("commencement", "signing", 1)
    ]
    assert "without a planned day for works" in text(page)
    assert "has no mechanism of its own yet" in text(page)


def test_a_row_is_decided_otherwise_and_approved_by_the_leader_only(proposed, leader, clerk, browse):
    row = PlanProposal.objects.get()
    url = "/projects/plan/new-year/2027/"
    decided = {"batch": "commencement", "planned_on": "2027-04-01", "reason": "已供地"}
    assert browse(clerk).post(f"{url}{row.project_id}/", decided).status_code == 302
    proposed.refresh_from_db()
    sent = {"approve": "1", "version": proposed.version}

    assert browse(clerk).post(url, sent).status_code == 403
    assert browse(leader).post(url, {**sent, "version": 1}).status_code == 409
    assert browse(leader).post(url, sent).status_code == 302
    assert browse(leader).post(url, sent).status_code == 302

    entry = AnnualPlanEntry.objects.get(plan__year=2027)
    assert (entry.batch, entry.planned_on) == ("commencement", datetime.date(2027, 4, 1))
    assert AnnualPlan.objects.get(year=2026).state == PlanState.FROZEN


def test_new_year_is_the_bureaus_and_of_a_near_year(proposed, leader, force_lead, browse):
    assert browse(force_lead).get("/projects/plan/new-year/2027/").status_code == 403
    for year in (1999, 2029):
        assert browse(leader).get(f"/projects/plan/new-year/{year}/").status_code == 404


def test_the_page_of_differences_asks_as_often_for_many_rows(proposed, steel, liubei, leader, browse):
    client = browse(leader)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/projects/plan/new-year/2027/").status_code == 200
        return len(queries)

    one = asked()
    for name in "乙丙":
        PlanProposal.objects.create(
            plan=proposed, project=project_of(steel, liubei, name), source="commencement", rule="starts",
            proposed="signing", batch="signing",
        )  # fmt: skip

    assert asked() == one


# --- Over the API ----------------------------------------------------------------------------------


def test_the_api_tells_the_list_and_places_a_project(plan, steel, liubei, force_member, auto):
    listed(plan, project_of(auto, liubei, "别人的"))
    project, api = project_of(steel, liubei, "自己的"), caller(force_member)
    url = "/api/v1/annual-plans/2026/"

    sent = {"project": project.pk, "batch": "commencement", "planned_on": "2026-05-01", "reason": "已供地"}
    placed = api.post(f"{url}entries/", sent, format="json").json()["entry"]
    assert (placed["batch"], placed["planned_on"], placed["goal"]) == (
        "commencement",
        "2026-05-01",
        "commencement",
    )
    whole = next(one for one in api.get(url).json()["batches"] if one["batch"] is None)
    assert (whole["planned"], whole["late"]["count"]) == ({"count": 2, "amount": "12500.00"}, 2)
    assert [row["project"]["name"] for row in api.get(f"{url}entries/").json()["results"]] == ["自己的"]

    out = api.post(f"{url}entries/", {"project": project.pk, "batch": None, "reason": "退出"}, format="json")
    assert out.json() == {"entry": None}
    assert api.get("/api/v1/annual-plans/2025/").status_code == 404
