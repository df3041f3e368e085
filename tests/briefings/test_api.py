"""Briefings and figures over the API. Every answer is held against the schema."""

import datetime
import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from accounts.roles import Role
from briefings import drafting
from briefings.choices import BriefingState
from briefings.models import Briefing, Snapshot
from tests import factories
from tests.api import Caller, caller, ids, problem
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY

BRIEFINGS, FIGURES = "/api/v1/briefings/", "/api/v1/figures/"
NUMBER = "柳招商〔2026〕11号"


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


@pytest.fixture
def drafted(city, clerk):
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return city


def of(key: str) -> Briefing:
    return Briefing.objects.get(scope_key=key)


def step(user: User, key: str, name: str, *, once: str = "", tag: str = "", **sent: Any) -> Any:
    briefing = of(key)
    tag = tag or f'"{briefing.pk}-{briefing.version}"'
    return caller(user).send(f"{BRIEFINGS}{briefing.pk}/{name}/", key=once, tag=tag, **sent)


# --- Reading ------------------------------------------------------------------------------------------


def test_a_row_tells_this(liubei, clerk):
    briefing = factories.briefing(factories.period(MARCH), unit=liubei, state=BriefingState.PUBLISHED)
    Briefing.objects.filter(pk=briefing.pk)

    [row] = caller(clerk).get(BRIEFINGS).json()["results"]

    assert row == {
        "id": briefing.pk,
        "month": "2026-03",
        "scope": "unit",
        "key": "unit:450205",
        "task_force": None,
        "unit": {"code": "450205", "name": "Liubei District"},
        "state": "published",
        "number": briefing.number,
        "drafted_at": row["drafted_at"],
        "published_on": "2026-04-01",
        "open_disputes": 0,
        "version": 1,
    }


def test_a_briefing_tells_the_figures_of_its_page(drafted, force_lead):
    briefing = of("force:steel")

    answer = caller(force_lead).get(f"{BRIEFINGS}{briefing.pk}/")

    told = answer.json()
    assert answer.headers["ETag"] == f'"{briefing.pk}-1"'
    figures = {figure["key"]: figure for figure in told["figures"]}
    assert figures["contracted:year"] == {
        "key": "contracted:year",
        "code": "contracted",
        "span": "year",
        "name": "Newly contracted investment",
        "months": "Jan–Mar",
        "value": "55000.5",
        "base": "40000",
        "yoy": "37.5",
        "unit": "万元",
    }
    assert told["open_steps"] == ["confirmed", "disputed", "remarked", "returned"]
    assert told["title"] == briefing.content["title"]
    assert [section["title"] for section in told["sections"]] == [
        section["title"] for section in briefing.content["sections"]
    ]


def test_one_reads_ones_own_and_what_is_published(
    drafted, clerk, leader, city_leader, force_lead, county_officer, stranger, service_member
):
    everything = {"city", "force:steel", "force:auto", "unit:450205", "unit:450223"}
    keys = {briefing.pk: briefing.scope_key for briefing in Briefing.objects.all()}

    def read(user: User) -> set[str]:
        answer = caller(user).get(BRIEFINGS)
        return {keys[pk] for pk in ids(answer)} if answer.status_code == 200 else {"nothing at all"}

    people = (clerk, leader, city_leader, force_lead, county_officer, stranger, service_member)
    assert {user.username: read(user) for user in people} == {
        "clerk": everything,
        "leader": everything,
        "city_leader": everything,
        "force_lead": {"force:steel"},
        "county_officer": {"unit:450205"},
        "stranger": {"unit:450223"},
        "service_member": {"nothing at all"},
    }
    pk = of("unit:450205").pk
    assert problem(caller(stranger).get(f"{BRIEFINGS}{pk}/"))[:2] == (404, "not_found")
    assert problem(caller(stranger).send(f"{BRIEFINGS}{pk}/confirm/"))[:2] == (404, "not_found")


def test_the_briefings_come_by_month_and_through_the_filters(steel, liubei, clerk):
    march_, april = factories.period(MARCH), factories.period(datetime.date(2026, 4, 1))
    first = factories.briefing(march_)
    force = factories.briefing(april, task_force=steel)
    unit = factories.briefing(april, unit=liubei)
    api = caller(clerk)

    assert ids(api.get(BRIEFINGS)) == [force.pk, unit.pk, first.pk]
    assert ids(api.get(f"{BRIEFINGS}?month=2026-03")) == [first.pk]
    assert ids(api.get(f"{BRIEFINGS}?task_force=steel")) == [force.pk]
    assert ids(api.get(f"{BRIEFINGS}?unit=450205&state=draft&scope=unit&month=2026-04-01")) == [unit.pk]


@pytest.mark.parametrize(
    "question",
    ["period__closed_by__password__startswith=p", "ordering=x", "month=2026-13", "unit=1 or 1=1", "scope=x"],
)
def test_hostile_questions_are_refused(clerk, question):
    assert problem(caller(clerk).get(f"{BRIEFINGS}?{question}"))[:2] == (400, "invalid")


def test_the_list_asks_as_often_for_three_rows_as_for_one(clerk, count_queries):
    api = Caller()
    api.force_login(clerk)
    period = factories.period(MARCH)

    def make() -> None:
        briefing = factories.briefing(period, unit=factories.unit())
        briefing.reviews.create(kind="disputed", figure="contracted:year", reason="少了", by=clerk)

    make()
    one = count_queries(lambda: api.get(BRIEFINGS))
    make(), make()

    assert count_queries(lambda: api.get(BRIEFINGS)) == one
    assert [row["open_disputes"] for row in api.get(BRIEFINGS).json()["results"]] == [1, 1, 1]


def test_one_briefing_asks_as_often_with_a_long_history(drafted, clerk, count_queries):
    api = Caller()
    api.force_login(clerk)
    briefing = of("city")

    def add() -> None:
        briefing.reviews.create(kind="disputed", figure="contracted:year", reason="少了", by=clerk)

    add()
    one = count_queries(lambda: api.get(f"{BRIEFINGS}{briefing.pk}/"))
    add(), add()

    assert count_queries(lambda: api.get(f"{BRIEFINGS}{briefing.pk}/")) == one
    assert one <= 12


# --- Step by step to publication ----------------------------------------------------------------------


def test_from_the_draft_to_the_published_number(drafted, force_lead, leader):
    assert step(force_lead, "force:steel", "confirm").json()["state"] == "reviewed"
    assert step(leader, "force:steel", "sign-off").json()["state"] == "signed_off"

    answer = step(leader, "force:steel", "publish", number="柳招商[2026]11号")

    told = answer.json()
    assert (answer.status_code, told["state"], told["number"]) == (200, "published", NUMBER)
    assert [(review["kind"], review["by"]) for review in told["reviews"]] == [
        ("confirmed", "黄组长"),
        ("signed_off", "覃局长"),
        ("published", "覃局长"),
    ]
    assert told["open_steps"] == []
    assert Snapshot.objects.filter(briefing=of("force:steel"), indicator="contracted").count() == 2


def test_a_disputed_figure_is_answered_before_anybody_confirms(drafted, county_officer, clerk):
    disputed = step(county_officer, "unit:450205", "dispute", figure="contracted:year", reason="少计一个项目")
    [review] = disputed.json()["reviews"]

    assert (disputed.json()["open_disputes"], review["figure"]) == (1, "contracted:year")
    assert problem(step(county_officer, "unit:450205", "confirm"))[:2] == (409, "cannot_review")
    answered = step(clerk, "unit:450205", "answer", dispute=review["id"], text="该项目未核实")
    assert answered.json()["open_disputes"] == 0
    assert answered.json()["reviews"][1]["answers"] == review["id"]
    assert step(county_officer, "unit:450205", "confirm").json()["state"] == "reviewed"


def test_a_dispute_is_answered_in_its_own_briefing_and_once(drafted, county_officer, clerk):
    review = step(county_officer, "unit:450205", "dispute", figure="contracted:year", reason="少了").json()[
        "reviews"
    ][0]["id"]

    assert problem(step(clerk, "city", "answer", dispute=review, text="x"))[:2] == (404, "not_found")
    step(clerk, "unit:450205", "answer", dispute=review, text="已核")
    again = step(clerk, "unit:450205", "answer", dispute=review, text="再答")
    assert problem(again)[:2] == (409, "cannot_review")


def test_a_returned_briefing_says_why(drafted, force_lead):
    assert problem(step(force_lead, "force:steel", "return"))[:2] == (400, "invalid")

    told = step(force_lead, "force:steel", "return", reason="专班口径不符").json()

    assert (told["state"], told["reviews"][0]["reason"]) == ("returned", "专班口径不符")


def test_own_words_tell_what_the_tables_say_of_their_numbers(drafted, force_lead):
    text = "合同投资额5.50亿元，另有9家在谈。"

    told = step(force_lead, "force:steel", "words", place="signing:after", text=text).json()

    [written] = told["words"]
    assert (written["place"], written["text"]) == ("signing:after", text)
    assert [(n["said"], n["verdict"]) for n in written["numbers"]] == [
        ("5.50亿元", "equals"),
        ("9家", "unknown"),
    ]
    assert "signing" in [section["key"] for section in told["sections"]]
    assert problem(step(force_lead, "force:steel", "words", place="none:after", text="x"))[0] == 409


def test_numbers_that_moved_are_signed_off_for_a_reason_only(drafted, force_lead, clerk, leader):
    step(force_lead, "force:steel", "words", place="end", text="合同投资额5.50亿元。")
    project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
    factories.verified_event(project, signed_on=march.march(30), verified_on=TODAY)
    drafting.draft(MARCH, today=TODAY, by=clerk)
    step(force_lead, "force:steel", "confirm")

    assert problem(step(leader, "force:steel", "sign-off"))[:2] == (409, "numbers_moved")
    signed = step(leader, "force:steel", "sign-off", reason="以会议通报数为准").json()
    assert (signed["state"], signed["reviews"][-1]["reason"]) == ("signed_off", "以会议通报数为准")


def test_whose_step_it_is(drafted, clerk, leader, city_leader, force_lead, force_member, county_officer):
    def tried(name: str, key: str, **sent: Any) -> dict[str, int]:
        people = (city_leader, force_member, county_officer, clerk, leader)
        return {user.username: step(user, key, name, **sent).status_code for user in people}

    refused = {"city_leader": 403, "force_member": 403}
    assert tried("confirm", "force:steel") == {
        **refused,
        "county_officer": 404,
        "clerk": 403,
        "leader": 403,
    }
    step(force_lead, "force:steel", "confirm")
    assert tried("sign-off", "force:steel") == {
        **refused,
        "county_officer": 403,
        "clerk": 403,
        "leader": 200,
    }


def test_whoever_confirmed_the_citys_briefing_cannot_sign_it_off(drafted, leader):
    step(leader, "city", "confirm", reason="x")

    assert problem(step(leader, "city", "sign-off"))[:2] == (409, "cannot_review")


def test_another_task_forces_lead_does_not_confirm(drafted, auto):
    lead = factories.user(Role.FORCE_LEAD, task_force=auto, is_lead=True)

    assert step(lead, "force:steel", "confirm").status_code == 404
    assert step(lead, "force:auto", "confirm").status_code == 200


def test_a_step_needs_the_version_that_was_read(drafted, force_lead):
    pk = of("force:steel").pk
    api = caller(force_lead)

    assert problem(api.send(f"{BRIEFINGS}{pk}/confirm/"))[:2] == (428, "precondition_required")


def test_figures_drafted_anew_are_not_confirmed_unseen(drafted, force_lead, clerk):
    tag = caller(force_lead).get(f"{BRIEFINGS}{of('force:steel').pk}/").headers["ETag"]
    project = factories.project("signing", task_force=drafted.steel, reporting_unit=drafted.liubei)
    factories.verified_event(project, signed_on=datetime.date(2026, 3, 30), verified_on=TODAY)
    drafting.draft(MARCH, today=TODAY, by=clerk)

    answer = step(force_lead, "force:steel", "confirm", tag=tag)

    assert problem(answer)[:2] == (412, "precondition_failed")
    assert {f["key"]: f["value"] for f in answer.json()["now"]["figures"]}["contracted:year"] == "67500.5"
    assert of("force:steel").state == BriefingState.DRAFT


def test_a_step_sent_twice_is_taken_once(drafted, force_lead):
    tag = f'"{of("force:steel").pk}-1"'
    answers = [step(force_lead, "force:steel", "confirm", once="c", tag=tag) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert of("force:steel").reviews.count() == 1


@pytest.mark.parametrize("number", ["11", "柳招商〔1999〕11号", "<script>"])
def test_a_number_is_written_like_a_number(drafted, force_lead, leader, number):
    step(force_lead, "force:steel", "confirm")
    step(leader, "force:steel", "sign-off")

    assert problem(step(leader, "force:steel", "publish", number=number))[:2] == (409, "cannot_publish")


def test_what_is_not_offered_cannot_be_set(drafted, force_lead):
    answer = step(force_lead, "force:steel", "return", reason="x", state="published", number=NUMBER)

    assert set(answer.json()["errors"]) == {"state", "number"}
    assert of("force:steel").state == BriefingState.DRAFT


# --- Figures ------------------------------------------------------------------------------------------


def printed(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("figures", "--from", "2026-01", "--to", "2026-03", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ({}, ()),
        ({"by": "unit"}, ("--by", "unit")),
        ({"by": "task_force"}, ("--by", "task_force")),
        ({"by": "month", "unit": "柳北"}, ("--by", "month", "--unit", "450205")),
        ({"by": "ceremony"}, ("--by", "ceremony")),
        ({"task_force": "steel"}, ("--task-force", "Steel")),
        ({"as_known_on": "2026-02-01"}, ("--as-known-on", "2026-02-01")),
    ],
)
def test_the_figures_are_the_object_that_the_command_prints(city, clerk, query, arguments):
    answer = caller(clerk).get(FIGURES, {"from": "2026-01", "to": "2026-03", **query})

    assert answer.status_code == 200
    assert answer.json() == printed(*arguments)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2026-01"}, "invalid"),
        ({"from": "2026-1", "to": "2026-03"}, "cannot_ask"),
        ({"from": "2026-13", "to": "2026-13"}, "cannot_ask"),
        ({"from": "2026-03", "to": "2026-01"}, "cannot_ask"),
        ({"from": "0000-01", "to": "2026-03"}, "cannot_ask"),
        ({"from": "2026-01", "to": "2026-03", "unit": "Atlantis"}, "cannot_ask"),
        ({"from": "2026-01", "to": "2026-03", "unit": "1 or 1=1"}, "cannot_ask"),
        ({"from": "2026-01", "to": "2026-03", "by": "project__name"}, "cannot_ask"),
        ({"from": "2026-01", "to": "2026-03", "as_known_on": "yesterday"}, "cannot_ask"),
        ({"from": "2026-01", "to": "2026-03", "ordering": "x"}, "invalid"),
        ({"from": "2026-01", "to": "2026-03", "unit": "\0"}, "invalid"),
    ],
)
def test_what_is_no_question_is_refused(steel, liubei, clerk, query, code):
    assert problem(caller(clerk).get(FIGURES, query))[:2] == (400, code)


def test_who_reads_figures(city, statistician, city_leader, stranger, service_member, system_admin):
    query = {"from": "2026-01", "to": "2026-03"}
    people = (statistician, city_leader, stranger, service_member, system_admin)

    assert [caller(user).get(FIGURES, query).status_code for user in people] == [200, 200, 200, 403, 403]


def test_figures_by_unit_ask_as_often_for_many_units(city, clerk, count_queries):
    api = Caller()
    api.force_login(clerk)
    url = f"{FIGURES}?from=2026-01&to=2026-03&by=unit"
    few = count_queries(lambda: api.get(url))
    for _ in range(3):
        factories.verified_event(factories.project("signing"))

    assert count_queries(lambda: api.get(url)) == few
