"""The pages of the months: closing with a look at what is missing, the restatement, correction documents."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from briefings import periods
from briefings.models import ClosedFigure, CorrectionDocument, Period, Snapshot
from core.clock import moment
from projects.choices import Confidentiality, EventKind, Stage
from projects.models import Project
from tests import factories
from tests.api import caller
from tests.briefings.test_figures import signed

pytestmark = pytest.mark.django_db

JUNE = datetime.date(2025, 6, 1)
CLOSED = datetime.date(2025, 7, 10)
AUGUST = datetime.date(2025, 8, 12)


@pytest.fixture
def project(steel, liubei) -> Project:
    found = factories.project(Stage.SIGNING, name="高强钢生产线", task_force=steel, reporting_unit=liubei)
    signed(found, 12000, JUNE)
    return found


@pytest.fixture
def closed(project, leader) -> Period:
    return periods.close(JUNE, by=leader, on=CLOSED)


@pytest.fixture
def corrected(closed, project, clerk, leader) -> Period:
    """June, and a correction of 12.34 万元 less that was entered in August."""
    signing = project.contract_events.get()
    signed(
        project,
        "-12.34",
        AUGUST,
        kind=EventKind.CORRECTION,
        corrects=signing,
        recorded_by=clerk,
        verified_by=leader,
        note="录入多计",
    )
    return closed


def get(client: Client, user: Any, url: str) -> str:
    client.force_login(user)
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_the_list_tells_which_months_are_closed_and_costs_the_same_with_many(client, closed, leader):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            get(client, leader, "/months/")
        return len(asked)

    get(client, leader, "/months/")
    before = queries()
    periods.take_over_closed(datetime.date(2025, 4, 1), by=leader, on=datetime.date(2025, 5, 9))
    periods.period(datetime.date(2025, 8, 1))
    assert queries() == before
    told = get(client, leader, "/months/")
    for word in ("已关账", "本系统启用前已关账", "未关账", leader.name):
        assert word in told


def test_an_open_month_tells_what_is_missing_and_offers_no_closing(client, leader):
    factories.briefing(periods.period(JUNE))

    told = get(client, leader, "/months/2025-06/")

    assert "还有1份通报没有印发" in told
    assert 'id="close"' not in told


def test_the_leader_closes_the_month_from_its_page_and_nobody_else(client, project, clerk, leader):
    assert 'action="/months/2025-06/close/"' in get(client, leader, "/months/2025-06/")

    client.force_login(clerk)
    assert client.post("/months/2025-06/close/").status_code == 403
    client.force_login(leader)
    assert client.get("/months/2025-06/close/").status_code == 302
    assert not Period.objects.filter(closed_on__isnull=False).exists()
    assert client.post("/months/2025-06/close/").status_code == 302
    assert Period.objects.get(month=JUNE).closed_by == leader


def test_an_event_that_waits_to_be_verified_is_a_warning(client, leader):
    factories.contract_event(signed_on=JUNE, amount=Decimal(5000))

    assert "还有1项待核实" in get(client, leader, "/months/2025-06/")


def test_what_has_moved_since_publication_is_told_before_the_closing(client, project, leader):
    briefing = factories.briefing(periods.period(JUNE), state="published", number="柳招商〔2025〕3号")
    Snapshot.objects.create(briefing=briefing, indicator="contracted", span="month", value=11000)
    Snapshot.objects.create(briefing=briefing, indicator="projects_signed", span="month", value=1)

    told = get(client, leader, "/months/2025-06/")

    assert "通报印发后有1项数据发生变化" in told
    assert "1.10 亿元" in told
    assert "1.20 亿元" in told


def test_the_board_can_be_asked_as_known_on_a_past_day(client, project, leader):
    factories.stage_change(project, Stage.SIGNING, on=JUNE, recorded_at=moment(JUNE))
    signed(project, 8000, JUNE, kind=EventKind.ADD_ON, verified_on=AUGUST)

    then = get(client, leader, "/board/?as_known_on=2025-07-05")

    assert "您看的是过去" in then
    assert "<b>1</b><span>1.2 亿</span>" in then
    assert "<b>1</b><span>2.0 亿</span>" in get(client, leader, "/board/?as_known_on=2025-08-31")
    assert "您看的是过去" not in get(client, leader, "/board/")


def test_the_restatement_shows_what_differs_and_opens_its_causes(client, corrected, leader):
    told = get(client, leader, "/months/2025-06/")
    assert "-12.34万元" in told
    assert "/months/2025-06/figures/contracted/?scope=city&amp;span=month" in told

    why = get(client, leader, "/months/2025-06/figures/contracted/?scope=city&span=month")
    for word in ("高强钢生产线", "更正已计入的事项", "录入多计", "-12.34", leader.name):
        assert word in why


def test_the_restatement_is_narrowed_to_a_scope_and_a_span(client, corrected, leader, liubei):
    told = get(client, leader, f"/months/2025-06/?scope=unit:{liubei.code}&span=month")
    assert f"scope=unit%3A{liubei.code}&amp;span=month" in told
    assert "span=year" not in told.split("<table")[1]
    assert "没有这个专班或单位" in get(client, leader, "/months/2025-06/?scope=force:nobody")


def test_a_month_where_nothing_differs_says_so_and_shows_all_when_asked(client, closed, leader):
    assert "各项数据今天仍与公布时一致" in get(client, leader, "/months/2025-06/")
    assert "新签合同投资额" in get(client, leader, "/months/2025-06/?all=on")


def test_a_rate_is_explained_by_what_it_divides(client, closed, project, leader):
    factories.stage_change(project, Stage.COMMENCEMENT, source=Stage.SIGNING, on=JUNE)

    why = get(client, leader, "/months/2025-06/figures/start_rate/?scope=city&span=month")

    assert "/months/2025-06/figures/signed_started/" in why


def test_rows_that_one_may_not_open_are_only_added_up(client, corrected):
    why = get(client, factories.user("unit", unit=factories.unit()), _why())

    assert "高强钢生产线" not in why
    assert "-12.34" in why


def test_a_confidential_project_goes_by_its_code_name(client, corrected, project, city_leader):
    Project.objects.filter(pk=project.pk).update(
        confidentiality=Confidentiality.CONFIDENTIAL, code_name="曙光"
    )

    why = get(client, city_leader, _why())

    assert "曙光" in why
    assert "高强钢生产线" not in why
    assert "录入多计" not in why


def _why() -> str:
    return "/months/2025-06/figures/contracted/?scope=city&span=month"


def test_a_correction_document_is_issued_from_the_page_and_stands_on_the_month(client, corrected, leader):
    figure = ClosedFigure.objects.get(indicator__code="contracted", scope_key="city", span="month")
    client.force_login(leader)
    form = {"number": "柳招商〔2025〕77号", "title": "更正", "reason": "多计。\n已核对。"}

    refused = client.post("/months/2025-06/correct/", form)
    assert "请至少在一项数据旁写明应为多少" in refused.content.decode()
    done = client.post("/months/2025-06/correct/", {**form, f"figure-{figure.pk}": "11987.66"})

    document = CorrectionDocument.objects.get()
    assert done.headers["Location"] == document.get_absolute_url()
    told = get(client, leader, document.get_absolute_url())
    for word in ("柳招商〔2025〕77号", "已核对。", "1.20", leader.name):
        assert word in told
    assert document.number in get(client, leader, "/months/2025-06/")
    assert document.number in get(client, leader, _why())


@pytest.mark.parametrize("url", ["/months/2099-01/", "/months/June/", "/months/2025-06/figures/nothing/"])
def test_what_there_is_not_is_not_found(client, closed, leader, url):
    client.force_login(leader)
    assert client.get(url).status_code == 404


def test_an_open_month_cannot_be_corrected(client, leader):
    periods.period(JUNE)
    client.force_login(leader)
    assert client.get("/months/2025-06/correct/").status_code == 404


# --- API ----------------------------------------------------------------------------------------------


def test_the_api_closes_restates_and_corrects(project, clerk, leader):
    api = caller(leader)
    assert api.post("/api/v1/months/2025-06/close/", {}, format="json").json()["is_frozen"] is True
    assert api.post("/api/v1/months/2025-06/close/", {}, format="json").status_code == 409
    assert api.get("/api/v1/months/2025-06/restatement/").json()["figures"] == []
    assert caller(clerk).post("/api/v1/months/2025-06/close/", {}, format="json").status_code == 403

    told = api.post(
        "/api/v1/months/2025-06/correct/",
        {
            "number": "柳招商〔2025〕78号",
            "title": "更正",
            "reason": "多计",
            "figures": [
                {"scope": "city", "indicator": "contracted", "span": "month", "corrected": "11000.00"}
            ],
        },
        format="json",
    )
    assert told.status_code == 201, told.json()
    assert told.json()["figures"] == [
        {
            "scope": "city",
            "indicator": "contracted",
            "span": "month",
            "published": "12000",
            "corrected": "11000",
        }
    ]
    assert api.get("/api/v1/months/2025-06/corrections/").json() == [told.json()]


def test_the_api_tells_the_causes_of_a_difference(corrected, leader):
    told = caller(leader).get("/api/v1/months/2025-06/restatement/?scope=city").json()

    row = next(r for r in told["figures"] if (r["indicator"], r["span"]) == ("contracted", "month"))
    assert (row["published"], row["now"], row["difference"]) == ("12000", "11987.66", "-12.34")
    assert [(c["why"], c["difference"], c["reason"]) for c in row["causes"]] == [
        ("corrected", "-12.34", "录入多计")
    ]
