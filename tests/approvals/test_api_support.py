"""Support needs and assistance tasks over the API. Every answer is held against the schema."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from approvals.api.support import Needs, Tasks
from approvals.choices import AssistanceMode, AssistanceState, SupportState
from approvals.models import AgencyTask, SupportNeed
from approvals.views import assisting, needs
from projects.choices import Confidentiality, Stage
from projects.models import Project
from tests import factories
from tests.api import Caller, caller, ids, problem

NEEDS, TASKS = "/api/v1/needs/", "/api/v1/tasks/"
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture(autouse=True)
def _on_friday_20_march():
    with time_machine.travel(datetime.datetime(2026, 3, 20, 4, tzinfo=datetime.UTC)):
        yield


@pytest.fixture
def mill(steel, liubei) -> Project:
    return factories.project(
        Stage.SIGNING, name="高强钢生产线", task_force=steel, reporting_unit=liubei, code="LZ-2026-9001"
    )


@pytest.fixture
def team(mill, service_member) -> User:
    factories.service(mill, factories.service_team(service_member))
    return service_member


@pytest.fixture
def need(mill, planning) -> SupportNeed:
    return factories.support_need(mill, department=planning)


@pytest.fixture
def task(mill, team) -> AgencyTask:
    return factories.agency_task(mill, officer=team, mode=AssistanceMode.ACT, contact="周敏华")


# --- Needs ----------------------------------------------------------------------------------------------


def test_a_need_is_raised_and_told_as_the_schema_says(mill, planning, force_member):
    answer = caller(force_member).send(
        NEEDS,
        key="n1",
        project=mill.pk,
        kind="power",
        text="10千伏专线供电",
        quantity="5000",
        unit="千伏安",
        department="planning",
        needed_by="2026-03-25",
    )

    told = answer.json()
    assert answer.status_code == 201
    assert {name: told[name] for name in told if name not in ("id", "project", "events")} == {
        "kind": "power",
        "text": "10千伏专线供电",
        "quantity": "5000.00",
        "met_quantity": None,
        "unit": "千伏安",
        "department": {"code": "planning", "name": "Planning department"},
        "officer": "",
        "needed_by": "2026-03-25",
        "state": "raised",
        "state_since": "2026-03-20",
        "lamp": "over_promise",
        "standing": "3 days left",
        "raised_on": "2026-03-20",
        "closed_on": None,
        "version": 1,
    }
    assert [event["target"] for event in told["events"]] == ["raised"]


def test_a_need_goes_its_way_in_the_hands_of_department_and_owner(need, department_officer, force_member):
    department, owner, url = caller(department_officer), caller(force_member), f"{NEEDS}{need.pk}/"

    department.send(url + "take-on/", officer="韦工", on="2026-03-05")
    owner.send(url + "move-day/", needed_by="2026-04-10", note="设备晚到", on="2026-03-09")
    department.send(url + "meet-partly/", met_quantity="300", note="临时用电已通", on="2026-03-10")
    told = department.send(url + "meet/", note="专线已送电", on="2026-03-18").json()

    assert (told["state"], told["officer"], told["met_quantity"], told["closed_on"]) == (
        "met",
        "韦工",
        "800.00",
        "2026-03-18",
    )
    assert [(event["target"], event["needed_by"]) for event in told["events"]] == [
        ("accepted", None),
        ("accepted", "2026-04-10"),
        ("partly_met", None),
        ("met", None),
    ]
    assert owner.send(url + "raise-again/", note="容量又不足").json()["state"] == "raised"


def test_a_need_addressed_to_another_department_leaves_the_sight_of_nobody_else(need, team, force_member):
    factories.agency(code="grid", name="供电局")
    told = caller(team).send(f"{NEEDS}{need.pk}/reassign/", department="grid", note="属供电局").json()
    assert told["department"]["code"] == "grid"
    assert caller(force_member).send(f"{NEEDS}{need.pk}/drop/", note="企业自备").json()["state"] == "dropped"


@pytest.mark.parametrize(
    ("step", "sent", "wrong"),
    [
        ("meet", {"note": "已通"}, (409, "cannot_serve")),
        ("take-on", {}, (400, "invalid")),
        ("take-on", {"officer": "韦工", "on": "2026-03-21"}, (409, "cannot_serve")),
        ("take-on", {"officer": "韦工", "state": "met"}, (400, "invalid")),
        ("refuse", {}, (400, "invalid")),
    ],
)
def test_what_cannot_be_is_refused(need, team, step, sent, wrong):
    assert problem(caller(team).send(f"{NEEDS}{need.pk}/{step}/", **sent))[:2] == wrong
    assert not need.events.exists()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"unit": ""}, 409),
        ({"needed_by": "2026-03-01"}, 409),
        ({"project": 999999}, 400),
        ({"kind": "x"}, 400),
    ],
)
def test_a_need_that_contradicts_itself_is_not_raised(mill, planning, force_member, sent, code):
    facts = {"kind": "power", "text": "供电", "quantity": "5", "unit": "千伏安", "needed_by": "2026-04-01"}
    answer = caller(force_member).send(
        NEEDS, **{"project": mill.pk, "department": "planning", **facts, **sent}
    )
    assert answer.status_code == code
    assert not SupportNeed.objects.exists()


def test_a_need_that_changed_meanwhile_is_brought_along(need, team, department_officer):
    url = f"{NEEDS}{need.pk}/"
    tag = caller(team).get(url).headers["ETag"]
    caller(department_officer).send(url + "take-on/", officer="韦工")

    answer = caller(team).send(url + "refuse/", note="无法保障", tag=tag)

    assert answer.status_code == 412
    assert answer.json()["now"]["state"] == "accepted"


# --- Tasks ----------------------------------------------------------------------------------------------


def test_a_task_is_opened_mandated_handed_in_and_done(mill, team):
    own = caller(team)
    opened = own.send(
        TASKS,
        project=mill.pk,
        mode="act",
        text="代办施工许可证申请",
        officer=team.pk,
        contact="周敏华",
        due_on="2026-04-20",
        on="2026-03-03",
    ).json()
    url = f"{TASKS}{opened['id']}/"
    assert (opened["officer"]["name"], opened["contact"], opened["state"]) == ("农专员", "周**", "open")
    assert problem(own.send(url + "hand-in/"))[:2] == (409, "cannot_assist")

    upload = SimpleUploadedFile("委托书.pdf", PDF, content_type="application/pdf")
    own.post(url + "mandate/", {"mandate": upload, "on": "2026-03-05"}, format="multipart")
    own.send(url + "visit/", note="现场核对材料", on="2026-03-06")
    own.send(url + "papers/", papers=6, on="2026-03-09")
    own.send(url + "hand-in/", on="2026-03-10")
    own.send(url + "note/", note="窗口已收件", on="2026-03-10")
    own.send(url + "move-day/", due_on="2026-04-10", note="提前进场", on="2026-03-11")
    told = own.send(url + "finish/", note="已取得施工许可证", on="2026-03-18").json()

    assert (told["state"], told["closed_on"], told["due_on"]) == ("done", "2026-03-18", "2026-04-10")
    assert [(event["kind"], event["papers"]) for event in told["events"]] == [
        ("mandate", None),
        ("visit", None),
        ("papers", 6),
        ("handed_in", None),
        ("note", None),
        ("moved", None),
        ("done", None),
    ]


def test_a_task_changes_hands_and_is_dropped_and_begun_again(mill, task, team):
    second = factories.user("service", name="苏专员")
    mill.services.get().team.members.add(second)
    own, url = caller(team), f"{TASKS}{task.pk}/"

    told = own.send(url + "hand-over/", officer=second.pk, note="轮岗").json()
    assert (told["officer"]["name"], told["events"][-1]["officer"]) == ("苏专员", "苏专员")
    assert own.send(url + "drop/", note="企业自办").json()["state"] == "dropped"
    assert own.send(url + "begin/", note="企业又委托").json()["state"] == AssistanceState.UNDER_WAY


# --- Lists and rights ------------------------------------------------------------------------------------


def test_lists_are_filtered_as_the_pages_are(mill, need, task, team):
    met = factories.support_need(mill, state=SupportState.MET, closed_on=factories.DAY)
    own = caller(team)
    assert ids(own.get(NEEDS)) == [need.pk, met.pk]
    assert ids(own.get(NEEDS, {"group": "closed"})) == [met.pk]
    assert ids(own.get(TASKS, {"mine": "yes", "mode": "act"})) == [task.pk]
    assert problem(own.get(NEEDS, {"nothing": "1"}))[:2] == (400, "invalid")


def test_a_confidential_project_is_veiled_and_its_contact_withheld(mill, task, team, leader):
    Project.objects.update(code_name="曙光", confidentiality=Confidentiality.CONFIDENTIAL)

    veiled, known = (caller(user).get(f"{TASKS}{task.pk}/").json() for user in (team, leader))

    assert (veiled["project"]["name"], veiled["contact"]) == ("曙光", "")
    assert (known["project"]["name"], known["contact"]) == ("高强钢生产线", "周**")


def test_outsiders_meet_404_and_readers_403(need, task, stranger, clerk, force_member):
    for url in (f"{NEEDS}{need.pk}/", f"{TASKS}{task.pk}/"):
        assert caller(stranger).get(url).status_code == 404
        assert caller(clerk).get(url).status_code == 200
    assert caller(clerk).send(f"{NEEDS}{need.pk}/take-on/", officer="韦工").status_code == 403
    assert caller(force_member).send(f"{TASKS}{task.pk}/begin/").status_code == 403


def test_rights_are_those_of_the_pages():
    renamed = {"papers": "papers", "sign_mandate": "mandate", "begin_again": "begin"}
    for endpoint, steps in ((Needs, needs.STEPS), (Tasks, assisting.STEPS)):
        for name, step in steps.items():
            assert endpoint.access[renamed.get(name, name)] == (step.permission,), name


@pytest.mark.parametrize("url", [NEEDS, TASKS])
def test_a_page_of_the_list_costs_the_same_for_one_and_three_rows(url, mill, need, task, team, count_queries):
    own: Caller = caller(team)
    factories.agency_task(mill, item=factories.item(mill))
    factories.support_need(mill)

    def ask() -> Any:
        return own.get(url)

    ask()
    one = count_queries(ask)
    for _turn in range(2):
        other = factories.project(Stage.SIGNING, task_force=mill.task_force)
        factories.service(other, mill.services.get().team)
        factories.support_need(other)
        factories.agency_task(other, item=factories.item(other))

    assert count_queries(ask) == one
    assert len(ids(ask())) == 4
