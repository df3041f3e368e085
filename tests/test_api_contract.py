"""What holds for every route of the API, found by walking it, so that a new one cannot be forgotten."""

import datetime
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from accounts.roles import Role
from approvals.choices import ItemState
from briefings import drafting, meetings, periods
from briefings.models import Briefing, MeetingState, OnSiteMeeting
from ledgers.models import Ledger
from projects.choices import Confidentiality, Stage
from projects.models import Project
from taskforces.models import ReportingUnit
from tests import factories
from tests.api import Caller, caller, schema
from tests.test_access import routes

DAY = factories.DAY
WRITES = ("post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in operation.get("parameters", ())}


# --- The description ----------------------------------------------------------------------------------


def test_every_route_is_described_with_its_refusals():
    offered = {f"/{route.path}" for route in routes() if route.path.startswith("api/v1/")}
    paths = {
        path.replace("{id}", "<int:pk>").replace("{year}", "<int:year>").replace("{month}", "<str:month>")
        for path, _method, _operation in operations()
    }

    assert paths == offered - {"/api/v1/schema/"}
    for path, method, operation in operations():
        assert operation["responses"]["4XX"]["content"].keys() == {"application/problem+json"}, (method, path)
        assert operation["security"] == [{"knoxApiToken": []}, {"cookieAuth": []}], (method, path)


def test_every_write_may_be_sent_twice():
    bare = [
        f"{method} {path}"
        for path, method, operation in operations()
        if method in WRITES and "Idempotency-Key" not in parameters(operation)
    ]

    assert bare == []


def test_every_list_is_paged_with_an_end():
    for path, _method, operation in operations():
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if "Paginated" in str(answer.get("schema")):
            assert {"cursor", "page_size"} <= parameters(operation).keys(), path


def test_money_is_described_as_a_string_of_wan():
    amounts = {
        (name, field): part
        for name, component in schema()["components"]["schemas"].items()
        for field, part in component.get("properties", {}).items()
        if field in ("contracted", "amount", "fixed_assets", "annual_output")
    }

    assert len(amounts) > 8
    for place, part in amounts.items():
        assert "string" in part["type"], place
        assert "万元" in part["description"], place


# --- A small world ------------------------------------------------------------------------------------


@pytest.fixture
def world(steel, liubei, planning, clerk) -> dict[str, int]:
    """One of each thing, all of Liubei's steel, confidential; by the resource's name."""
    factories.mechanism(2026, task_forces=(steel,))
    drafting.draft(factories.MONTH, today=DAY, by=clerk, only=["unit:450205"])
    secret = factories.project(
        Stage.SIGNING,
        name="绝密工程",
        code_name="曙光",
        confidentiality=Confidentiality.CONFIDENTIAL,
        content="绝密内容",
        national_code="绝密代码",
        permit_no="绝密许可",
        status_reason="绝密原因",
        enterprise=factories.enterprise(
            name="绝密集团", name_key="绝密集团", contact_name="绝密甲", contact_phone="13812345678"
        ),
        task_force=steel,
        reporting_unit=liubei,
    )
    factories.stage_change(secret, Stage.SIGNING, note="绝密批注")
    event = factories.contract_event(secret, note="绝密约定", ceremony=factories.ceremony(name="绝密签约会"))
    template = factories.item_template(department=planning)
    item = factories.item(secret, template, state=ItemState.RUNNING, running_since=DAY, last_event_on=DAY)
    factories.item_event(item)
    return {
        "projects": secret.pk,
        "enterprises": secret.enterprise_id,
        "contract-events": event.pk,
        "suspicions": factories.suspicion(
            secret, facts=[["same_key", 60, {"one": "绝密集团", "other": "绝密"}]]
        ).pk,
        "items": item.pk,
        "catalogue": template.pk,
        "project-facts": secret.pk,
        "issues": factories.issue(secret, department=planning, blocks=[item]).pk,
        "stalls": factories.stall_flag(item).pk,
        "needs": factories.support_need(secret, department=planning).pk,
        "tasks": factories.agency_task(secret, item=item).pk,
        "plans": secret.pk,
        "service-teams": factories.service_team().pk,
        "briefings": Briefing.objects.get().pk,
        "months": _closed_month(secret, clerk),
        "meetings": _meeting(liubei, clerk).pk,
        "ledgers": _ledger(secret, liubei, clerk).pk,
    }


def _ledger(secret: Project, sender: ReportingUnit, clerk: User) -> Ledger:
    """Liubei's, with one row about the secret project and a question."""
    ledger = factories.ledger(
        clerk,
        unit=sender,
        questions=[
            {
                "kind": "value",
                "field": "unit",
                "raw": "绝密园区",
                "sentence": "？",
                "choices": [["450205", "柳北区"]],
                "cells": 1,
                "example": "台账!C4",
            }
        ],
    )
    factories.ledger_row(ledger, name=secret.name, target=secret.pk)
    return ledger


def _closed_month(secret: Project, by: User) -> int:
    """January, closed before a word was known of what was signed in it."""
    january = datetime.date(2026, 1, 1)
    closed = periods.close(january, by=by, on=datetime.date(2026, 2, 5))
    factories.verified_event(
        factories.project(
            Stage.SIGNING,
            name="绝密二期",
            code_name="晨曦",
            confidentiality=Confidentiality.CONFIDENTIAL,
            task_force=secret.task_force,
            reporting_unit=secret.reporting_unit,
        ),
        signed_on=january,
        verified_on=datetime.date(2026, 3, 1),
        note="绝密补记",
    )
    return closed.pk


def _meeting(host: ReportingUnit, clerk: User) -> OnSiteMeeting:
    """Held at Liubei, with a decision about nothing secret."""
    meeting = OnSiteMeeting.objects.create(
        year=2025, half=2, planned_on=DAY, held_on=DAY, state=MeetingState.HELD, host=host
    )
    meetings.decide(meeting, text="报送开工计划", owner=host, due_on=DAY + datetime.timedelta(days=30))
    meetings.write_minutes(meeting, text="会议纪要", by=clerk)
    meetings.approve_minutes(meeting, by=factories.user(Role.LEADER), today=DAY)
    return meeting


def address(path: str, world: dict[str, int]) -> str:
    resource = path.split("/")[3]
    return (
        path.replace("{id}", str(world.get(resource, 0)))
        .replace("{year}", "2026")
        .replace("{month}", "2026-01")
    )


QUESTIONS = {
    "/api/v1/figures/": "?from=2026-01&to=2026-03",
    "/api/v1/passports/": "?indicator=contracted&from=2026-01&to=2026-03",
    "/api/v1/cohorts/": "?from=2026-01&to=2026-03",
    "/api/v1/targets/": "?year=2026",
    "/api/v1/enterprises/look-alikes/": "?name=绝密集团",
}


def every(api: Caller, world: dict[str, int], methods: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Each operation, on the things of this world where it is about one."""
    for path, method, _operation in operations():
        if method in methods:
            url = address(path, world) + QUESTIONS.get(path, "")
            yield (
                f"{method} {path}",
                getattr(api, method)(url, {} if method != "get" else None, format="json"),
            )


# The catalogue of items is the same for everybody who works with approvals, and whoever hands a
# project of theirs over names the team that takes it.
FOR_ALL = {
    "get /api/v1/catalogue/",
    "get /api/v1/catalogue/{id}/",
    "get /api/v1/indicators/",
    # what the city held and decided together
    "get /api/v1/cohorts/",
    "get /api/v1/meetings/",
    "get /api/v1/meetings/{id}/",
    "get /api/v1/meetings/{id}/ranking/",
    "get /api/v1/months/",
    "get /api/v1/service-teams/",
    "post /api/v1/service-teams/{id}/take-over/",
}


# --- Who may what -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.UNIT, Role.FORCE_LEAD, Role.SERVICE, Role.DEPARTMENT])
def test_outsiders_reach_nothing_of_others_by_any_method(world, luzhai, auto, role):
    """IDOR: another county, task force, team or department, on every route with a number in it."""
    outsider = factories.user(
        role,
        unit=luzhai if role == Role.UNIT else None,
        task_force=auto if role == Role.FORCE_LEAD else None,
        is_lead=True,
        agency=factories.agency(),
    )
    answers = dict(every(caller(outsider), world, ("get", *WRITES)))

    inside = {
        what: answer.status_code
        for what, answer in answers.items()
        if "{id}" in what and what not in FOR_ALL and answer.status_code not in (403, 404)
    }
    assert inside == {}
    for what, answer in answers.items():
        if what.startswith("get") and "{" not in what and what not in FOR_ALL and answer.status_code == 200:
            told = answer.json()
            told = told["total"]["projects"] if "at-risk" in what else told
            if "passports" in what:
                told = [*told["counted"]["rows"], *told["left_out"]["rows"]]
            assert told in ({"next": None, "results": []}, [], 0) or "figures" in what, what


@pytest.mark.parametrize("role", [Role.CITY_LEADER, Role.STATISTICS, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN])
def test_readers_and_administrators_write_nothing(world, role):
    refused = {
        what: answer.status_code for what, answer in every(caller(factories.user(role)), world, WRITES)
    }

    assert len(refused) > 15
    assert {what for what, status in refused.items() if status not in (403, 404)} == set()


def test_nothing_confidential_is_told_outside_its_owners(world, city_leader, clerk):
    told = {what: answer.content.decode() for what, answer in every(caller(city_leader), world, ("get",))}

    assert {what: re.findall("绝密..", text) for what, text in told.items() if "绝密" in text} == {}
    assert "曙光" in told["get /api/v1/projects/"]
    assert "绝密工程" in caller(clerk).get("/api/v1/items/").content.decode()


def test_no_contact_is_told_in_full(world, clerk, leader):
    for user in (clerk, leader):
        told = [answer.content.decode() for _what, answer in every(caller(user), world, ("get",))]
        assert [text for text in told if "13812345678" in text or "绝密甲" in text] == []


def test_a_page_that_is_signed_in_writes_with_the_token_of_the_page_only(world, clerk):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(clerk)
    for path, method, _operation in operations():
        if method in WRITES:
            answer = getattr(client, method)(address(path, world), {}, format="json")
            assert answer.status_code == 403, path
            assert "CSRF" in answer.json()["detail"], path


# --- Whatever is sent, it is answered -----------------------------------------------------------------


HOSTILE: list[Any] = [
    None,
    -1,
    10**30,
    "\0",
    "\u202e",
    "甲" * 10_001,
    "'; drop table projects_project; --",
    "9999-12-31",
    "0001-01-01",
    "NaN",
    "1e400",
    [],
    {},
    [10**30],
    [{"unit": "450205", "percent": "1e400"}],
]


def bodies(operation: dict[str, Any]) -> Iterator[Any]:
    """What nobody should send: no object at all, and something odd in each field in turn."""
    yield from ([], "x", None, 5, [{}], {"__proto__": 1}, {"": ""})
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:  # nothing is sent, or a form with a file
        return
    name = content["application/json"]["schema"]["$ref"].split("/")[-1]
    component = schema()["components"]["schemas"][name]
    likely = {field: _likely(field) for field in component.get("required", ())}
    for odd in HOSTILE:
        yield dict.fromkeys(component["properties"], odd)
    odd_ones = itertools.cycle(HOSTILE)
    for field in component["properties"]:
        for odd in itertools.islice(odd_ones, 2):
            yield {**likely, field: odd}


def _likely(field: str) -> Any:
    known: dict[str, Any] = {
        "signed_on": "2026-03-02",
        "on": "2026-03-02",
        "task_force": "steel",
        "department": "planning",
    }
    known |= {"reporting_unit": "450205", "location": "450205", "kind": "signed", "to": "commencement"}
    known |= {"category": "land", "confirmed_by": "officer", "project": 1, "dispute": 1}
    return known.get(field, "某某")


def test_odd_bodies_are_refused_with_a_code(world, clerk, leader, service_member):
    """Never a failure of ours: each is taken, or refused with a code and a sentence."""
    factories.service(Project.objects.get(pk=world["projects"]), factories.service_team(service_member))
    people = [factories.user(Role.UNIT, unit=ReportingUnit.objects.get()), leader, clerk, service_member]
    apis = [at_the_keyboard(user) for user in people]
    for path, method, operation in operations():
        if method in WRITES:
            with transaction.atomic():
                _try_odd_bodies(apis, address(path, world), method, operation)
                transaction.set_rollback(True)


def _try_odd_bodies(apis: list[Caller], url: str, method: str, operation: dict[str, Any]) -> None:
    api = next((api for api in apis if _may(api, url, method)), None)
    assert api, f"nobody may {method} {url}"
    whole, tagged = re.sub(r"(/\d+/).*", r"\1", url), "If-Match" in parameters(operation)
    tag = ""
    for body in bodies(operation):
        sent: dict[str, Any] = {"content_type": "application/json"}
        if tagged:
            tag = tag or api.get(whole).headers["ETag"]
            sent["headers"] = {"if-match": tag}
        answer = getattr(api, method)(url, json.dumps(body), **sent)
        told, taken = answer.json(), answer.status_code in (200, 201)
        if taken:
            tag = ""  # what was taken made it another version
        assert answer.status_code != 412, (url, body)  # else nobody would look at the body
        assert taken or (told["code"] and told["detail"]), (url, body)


def at_the_keyboard(user: User) -> Caller:
    """Signed in by session: no token whose requests are counted."""
    api = Caller()
    api.force_login(user)
    return api


def _may(api: Caller, url: str, method: str) -> bool:
    answer = getattr(api, method)(url, json.dumps({"x": 1}), content_type="application/json")
    return answer.status_code not in (401, 403, 404)


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"a":' * 50_000, "\xff", '{"a": NaN}', "1" * 5000])
def test_what_is_no_json_is_refused(clerk, body):
    answer = caller(clerk).post("/api/v1/projects/", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) in ((400, "parse_error"), (400, "invalid"))


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_other_kinds_of_body_are_not_read(clerk, kind):
    answer = caller(clerk).post("/api/v1/projects/", "x", content_type=kind)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("number", ["0", "99999999999999999999999999", "-1", "1e5", "x", "1;drop", "%00"])
def test_a_number_that_is_none_leads_nowhere(db, clerk, number):
    client = caller(clerk)
    for resource in ("projects", "enterprises", "contract-events", "items", "issues", "briefings"):
        path = f"/api/v1/{resource}/{number}/"
        assert client.get(path, follow=False).status_code == 404, path


@pytest.mark.parametrize(
    "question",
    [
        "projects/?signed_after=0001-01-01&signed_before=9999-12-31",
        "issues/?raised_after=0001-01-01&raised_before=9999-12-31",
        "stalls/?raised_on=9999-12-31",
        "briefings/?month=9999-12",
        "projects/?contracted_min=-1000&contracted_max=1000",
        "items/?phase=1&page_size=0",
    ],
)
def test_the_edges_of_time_and_money_are_no_failure(db, clerk, question):
    assert caller(clerk).get(f"/api/v1/{question}").status_code == 200


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "1999-12", "2100-01"])
def test_figures_of_no_year_of_ours_are_refused(db, clerk, month):
    answer = caller(clerk).get(f"/api/v1/figures/?from={month}&to={month}&as_known_on=2026-01-01")

    assert (answer.status_code, answer.json()["code"]) == (400, "cannot_ask")


# --- Limits -------------------------------------------------------------------------------------------


def test_a_token_may_ask_so_often_a_minute(clerk, monkeypatch):
    from core.limits import TokenThrottle

    monkeypatch.setattr(TokenThrottle, "rate", "2/min", raising=False)
    api = caller(clerk)

    answers = [api.get("/api/v1/projects/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


def test_a_token_taken_back_is_refused_at_once(clerk):
    api = caller(clerk)
    assert api.get("/api/v1/projects/").status_code == 200

    clerk.auth_token_set.all().delete()

    assert api.get("/api/v1/projects/").status_code == 401


def test_somebody_who_may_not_sign_in_any_more_has_no_token_either(clerk):
    api = caller(clerk)
    User.objects.filter(pk=clerk.pk).update(is_active=False)

    assert api.get("/api/v1/projects/").status_code == 401
