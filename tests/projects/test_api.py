"""Enterprises, projects and contract events over the API. Every answer is held against the schema."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from core import clock, uscc
from projects.choices import Confidentiality, EventKind, EvidenceKind, Stage
from projects.models import ContractEvent, Enterprise, Evidence, Project
from tests import factories
from tests.api import Caller, caller, ids, problem

PROJECTS = "/api/v1/projects/"
DAY = factories.DAY


def address(project: Project, more: str = "") -> str:
    return f"{PROJECTS}{project.pk}/{more}"


@pytest.fixture
def mill(steel, liubei) -> Project:
    """A signed project of steel in Liubei."""
    investor = factories.enterprise(
        name="宏宇特钢有限公司", name_key="宏宇特钢", contact_name="韦雪梅", contact_phone="13812345678"
    )
    return factories.project(
        Stage.SIGNING,
        name="高强钢生产线",
        enterprise=investor,
        task_force=steel,
        reporting_unit=liubei,
        contracted=Decimal(12500),
        signed_on=DAY,
    )


@pytest.fixture
def secret(steel, liubei) -> Project:
    """A confidential one of the same owners."""
    return factories.project(
        Stage.NEGOTIATION,
        name="真名项目",
        code_name="曙光",
        confidentiality=Confidentiality.CONFIDENTIAL,
        task_force=steel,
        reporting_unit=liubei,
        content="真实内容",
        national_code="2603-450205-04-01-000001",
    )


# --- The list -----------------------------------------------------------------------------------------


def test_a_row_tells_this(mill, luzhai, clerk):
    factories.share(mill, mill.reporting_unit, 60)
    factories.share(mill, luzhai, 40)

    answer = caller(clerk).get(PROJECTS)

    unit = {"code": "450205", "name": "Liubei District"}
    assert answer.json() == {
        "next": None,
        "results": [
            {
                "id": mill.pk,
                "code": mill.code,
                "name": "高强钢生产线",
                "is_veiled": False,
                "enterprise": {
                    "id": mill.enterprise_id,
                    "name": "宏宇特钢有限公司",
                    "uscc": mill.enterprise.uscc,
                },
                "task_force": {"code": "steel", "name": "Steel"},
                "reporting_unit": unit,
                "location": unit,
                "shares": [
                    {"unit": unit, "percent": "60.00"},
                    {"unit": {"code": "450223", "name": "Luzhai County"}, "percent": "40.00"},
                ],
                "is_industrial": True,
                "confidentiality": "internal",
                "stage": "signing",
                "stage_since": "2026-03-02",
                "status": "active",
                "contracted": "12500.00",
                "signed_on": "2026-03-02",
                "version": 1,
            }
        ],
    }


@pytest.fixture
def cast(
    clerk, leader, force_member, county_officer, stranger, service_member, department_officer, statistician
):
    return {
        user.username: user
        for user in (
            clerk,
            leader,
            force_member,
            county_officer,
            stranger,
            service_member,
            department_officer,
            statistician,
        )
    }


SEEN = {
    "clerk": {"mill", "secret", "foreign"},
    "leader": {"mill", "secret", "foreign"},
    "force_member": {"mill", "secret"},
    "county_officer": {"mill", "secret"},
    "stranger": {"foreign"},
    "service_member": set(),
    "department_officer": set(),
    "statistician": {"mill"},
}


@pytest.mark.parametrize("who", list(SEEN))
def test_everybody_sees_their_own(cast, mill, secret, auto, luzhai, who):
    foreign = factories.project(Stage.NEGOTIATION, task_force=auto, reporting_unit=luzhai)
    named = {mill.pk: "mill", secret.pk: "secret", foreign.pk: "foreign"}
    api = caller(cast[who])

    assert {named[pk] for pk in ids(api.get(PROJECTS))} == SEEN[who]
    assert {named[pk] for pk in named if api.get(f"{PROJECTS}{pk}/").status_code == 200} == SEEN[who]


def test_a_confidential_project_carries_its_code_name_outside_its_owners(
    secret, clerk, force_member, county_officer, city_leader
):
    for owner in (clerk, force_member, county_officer):
        row = caller(owner).get(PROJECTS).json()["results"][0]
        assert (row["name"], row["is_veiled"]) == ("真名项目", False)

    [row] = caller(city_leader).get(PROJECTS).json()["results"]
    assert (row["name"], row["is_veiled"], row["enterprise"]) == ("曙光", True, None)
    told = caller(city_leader).get(address(secret)).content.decode()
    hidden = ("真名项目", "真实内容", secret.national_code, secret.enterprise.name, secret.enterprise.uscc)
    assert [text for text in hidden if text in told] == []
    assert ids(caller(city_leader).get(f"{PROJECTS}?q=真名")) == []


def test_the_filters_and_orders_are_the_pages(mill, steel, auto, liubei, luzhai, clerk):
    small = factories.project(Stage.COMMENCEMENT, task_force=steel, contracted=90, signed_on=DAY)
    talks = factories.project(Stage.NEGOTIATION, task_force=auto, reporting_unit=luzhai)
    api = caller(clerk)

    assert ids(api.get(f"{PROJECTS}?task_force=steel&sort=contracted")) == [small.pk, mill.pk]
    assert ids(api.get(f"{PROJECTS}?stage=signing&stage=negotiation&sort=code")) == [mill.pk, talks.pk]
    assert ids(api.get(f"{PROJECTS}?unit=450223")) == [talks.pk]
    assert ids(api.get(f"{PROJECTS}?contracted_min=1&signed_after=2026-03-01")) == [mill.pk]
    assert ids(api.get(f"{PROJECTS}?q=高强")) == [mill.pk]


def test_pages_go_on_in_the_order_asked_for(clerk, steel):
    made = [factories.project(task_force=steel, signed_on=DAY if n % 2 else None) for n in range(5)]
    api = caller(clerk)
    in_one = ids(api.get(f"{PROJECTS}?sort=signed_on"))

    seen, link = [], f"{PROJECTS}?sort=signed_on&page_size=2"
    while link:
        answer = api.get(link.removeprefix("http://testserver"))
        seen += ids(answer)
        link = answer.json()["next"]

    assert seen == in_one
    assert set(seen) == {project.pk for project in made}


def test_a_page_has_an_end_to_its_size(clerk, monkeypatch):
    from core.paging import Keyset

    monkeypatch.setattr(Keyset, "max_page_size", 2)
    for _ in range(3):
        factories.project()

    answer = caller(clerk).get(f"{PROJECTS}?page_size=100000")

    assert len(ids(answer)) == 2
    assert answer.json()["next"]


@pytest.mark.parametrize(
    "question",
    [
        "ordering=(select pg_sleep(5))",
        "o=-1;",
        "sort=(select pg_sleep(5))",
        "sort=enterprise__uscc",
        "stage__regex=(a%2B)%2B",
        "created_by__password__startswith=p",
        "task_force__memberships__user__password__startswith=p",
        "county=450223",
        "unit=1 or 1=1",
        "stage=signing'--",
        "ceremony=99999999999999999999",
        "q=%00",
        "q=" + "龘" * 101,
        "contracted_min=NaN",
        "contracted_min=1e400",
        "signed_after=2026-13-45",
        "page=99999999999999999999",
    ],
)
def test_hostile_questions_are_refused(mill, clerk, question):
    answer = caller(clerk).get(f"{PROJECTS}?{question}")

    assert problem(answer)[:2] == (400, "invalid")
    assert list(answer.json()["errors"]) != []


@pytest.mark.parametrize(
    "question", ["q=%25%25%25%25", "q=_", "q=' or 1=1 --", "page_size=-5", "page_size=x"]
)
def test_odd_questions_bring_nothing_more(mill, stranger, question):
    assert ids(caller(stranger).get(f"{PROJECTS}?{question}")) == []


@pytest.mark.parametrize("cursor", ["x", "WzFd", "1 or 1=1", "%00"])
def test_a_made_up_cursor_leads_nowhere(mill, clerk, cursor):
    assert problem(caller(clerk).get(f"{PROJECTS}?cursor={cursor}"))[:2] == (404, "not_found")


def test_the_list_asks_as_often_for_three_rows_as_for_one(force_member, steel, luzhai, count_queries):
    def make() -> None:
        project = factories.project(
            confidentiality=Confidentiality.CONFIDENTIAL, task_force=factories.task_force()
        )
        project.assisting.add(steel)
        factories.share(project, luzhai, 100)

    api = caller(force_member)
    make()
    one = count_queries(lambda: api.get(PROJECTS))
    make(), make()

    assert count_queries(lambda: api.get(PROJECTS)) == one
    assert len(ids(api.get(PROJECTS))) == 3


# --- One project ------------------------------------------------------------------------------------


def test_one_project_tells_what_the_next_batch_needs_and_masks_the_contact(mill, clerk):
    factories.stage_change(mill, Stage.SIGNING, on=DAY, source=Stage.NEGOTIATION, note="签约")

    answer = caller(clerk).get(address(mill))

    told = answer.json()
    assert answer.headers["ETag"] == f'"{mill.pk}-1"'
    assert told["contact"] == {"name": "韦**", "phone": "138****5678"}
    assert told["next_stage"] == {
        "stage": "commencement",
        "missing": ["national project code", "construction permit", "photo or permit of the start of works"],
    }
    assert told["history"] == [
        {
            "source": "negotiation",
            "target": "signing",
            "on": "2026-03-02",
            "by": mill.created_by.name,
            "note": "签约",
        }
    ]


def test_one_project_asks_as_often_with_a_long_history(mill, clerk, auto, luzhai, count_queries):
    api = Caller()
    api.force_login(clerk)

    def add() -> None:
        factories.stage_change(mill, Stage.SIGNING)
        factories.progress_report(mill, datetime.date(2026, mill.progress_reports.count() + 1, 1))
        Evidence.objects.create(
            project=mill, kind=EvidenceKind.OTHER, file=factories.stored_file(), added_by=clerk
        )

    add()
    mill.assisting.add(auto)
    factories.share(mill, luzhai, 100)
    one = count_queries(lambda: api.get(address(mill)))
    add(), add()

    assert count_queries(lambda: api.get(address(mill))) == one
    assert one <= 10


# --- Entering a signing ---------------------------------------------------------------------------------


def signing(**more: Any) -> dict[str, Any]:
    return {
        "enterprise_name": "桂中新材料股份有限公司",
        "uscc": factories.credit_code(4711),
        "contact_name": "李建国",
        "contact_phone": "13900001111",
        "name": "年产三万吨正极材料项目",
        "content": "建设两条生产线",
        "officer": "覃专员",
        "task_force": "steel",
        "reporting_unit": "450205",
        "location": "450205",
        "signed_on": clock.today().isoformat(),
        "amount": "32000",
        **more,
    }


def test_a_signing_is_entered_and_waits_for_somebody_else(steel, liubei, luzhai, county_officer):
    shares = [{"unit": "450205", "percent": "70"}, {"unit": "450223", "percent": 30}]

    answer = caller(county_officer).send(PROJECTS, **signing(shares=shares, planned_start="2027-03-01"))

    project = Project.objects.get()
    assert answer.status_code == 201, answer.content
    assert answer.headers["Location"] == address(project)
    assert answer.headers["ETag"] == f'"{project.pk}-1"'
    told = answer.json()
    assert (told["name"], told["stage"], told["contracted"]) == (
        "年产三万吨正极材料项目",
        "negotiation",
        "0.00",
    )
    assert told["enterprise"]["name"] == "桂中新材料股份有限公司"
    assert [(part["unit"]["code"], part["percent"]) for part in told["shares"]] == [
        ("450205", "70.00"),
        ("450223", "30.00"),
    ]
    assert told["planned_start"] == "2027-03-01"
    event = ContractEvent.objects.waiting().get()
    assert (event.kind, event.amount, event.recorded_by) == ("signed", Decimal(32000), county_officer)


def test_a_foreign_amount_comes_with_its_rate(steel, liubei, clerk):
    caller(clerk).send(
        PROJECTS,
        **signing(currency="USD", amount="1000", rate="7.123456", note="外商独资", ceremony_name="上海"),
    )

    event = ContractEvent.objects.get()
    assert (event.amount, event.original_amount, event.rate) == (
        Decimal("7123.46"),
        Decimal(1000),
        Decimal("7.123456"),
    )
    assert (event.note, event.ceremony.name, event.rate_on) == ("外商独资", "上海", clock.today())


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"amount": "-5"}, {"amount"}),
        ({"amount": "1e18"}, {"amount"}),
        ({"amount": ""}, {"amount"}),
        ({"amount": "1.2亿"}, {"amount"}),
        ({"currency": "USD"}, {"rate"}),
        ({"uscc": "91450200MA5000001X"}, {"uscc"}),
        ({"signed_on": "2099-01-01"}, {"signed_on"}),
        ({"name": "甲" * 201}, {"name"}),
        ({"name": "甲\u200b乙"}, {"name"}),
        ({"task_force": "atlantis"}, {"task_force"}),
        ({"reporting_unit": "450223"}, {"reporting_unit"}),  # not this office's
        ({"exclusion_reason": "资源开采"}, {"exclusion_reason"}),  # the bureau's to say
        ({"confidentiality": "confidential"}, {"code_name"}),
        ({"shares": [{"unit": "450205", "percent": "70"}]}, {"shares"}),
        ({"stage": "production", "contracted": "9", "created_by": 1}, {"stage", "contracted", "created_by"}),
        ({"enterprise_name": ["甲"]}, {"enterprise_name"}),
    ],
)
def test_what_is_wrong_is_said_of_its_field_and_nothing_is_written(
    steel, liubei, luzhai, county_officer, sent, errors
):
    answer = caller(county_officer).send(PROJECTS, **signing(**sent))

    assert problem(answer) == (400, "invalid", "Some fields are not right.")
    assert set(answer.json()["errors"]) == errors
    assert not Project.objects.exists()
    assert not Enterprise.objects.exists()


def test_the_sentence_is_the_pages(steel, liubei, clerk):
    wrong = factories.credit_code(4711)[:-1] + "I"

    answer = caller(clerk).send(PROJECTS, **signing(uscc=wrong))

    with translation.override("en"), pytest.raises(uscc.BadCode) as refusal:
        uscc.parse(wrong)
    assert answer.json()["errors"]["uscc"] == [str(refusal.value)]


def test_a_look_alike_has_to_be_looked_at_first(mill, clerk):
    api = caller(clerk)
    sent = signing(enterprise_name="宏宇特种钢有限公司", uscc="")

    first = api.send(PROJECTS, **sent)

    assert problem(first)[:2] == (409, "not_confirmed")
    doubts = first.json()["doubts"]
    assert [doubt["code"] for doubt in doubts] == [f"enterprise-{mill.enterprise_id}"]
    assert Project.objects.count() == 1
    assert api.send(PROJECTS, **sent, confirmed=[doubts[0]["code"]]).status_code == 201


def lead(**more: Any) -> dict[str, Any]:
    contract = {"signed_on", "amount"}
    return {name: value for name, value in signing().items() if name not in contract} | {
        "stage": "negotiation",
        **more,
    }


def test_a_lead_is_entered_by_its_task_force(steel, liubei, force_member):
    answer = caller(force_member).send(f"{PROJECTS}leads/", **lead(note="随团走访"))

    project = Project.objects.get()
    assert answer.status_code == 201, answer.content
    assert answer.headers["Location"] == address(project)
    assert (answer.json()["stage"], project.stage_since) == ("negotiation", clock.today())
    assert not ContractEvent.objects.exists()


def test_a_lead_says_what_it_lacks_and_what_it_looks_like(steel, liubei, clerk):
    api = caller(clerk)
    answer = api.send(f"{PROJECTS}leads/", **lead(officer=""))
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"officer"})

    assert api.send(f"{PROJECTS}leads/", **lead()).status_code == 201
    again = api.send(f"{PROJECTS}leads/", **lead())
    assert (again.status_code, again.json()["code"]) == (409, "not_confirmed")
    confirmed = [doubt["code"] for doubt in again.json()["doubts"]]
    assert api.send(f"{PROJECTS}leads/", **lead(confirmed=confirmed)).status_code == 201


def test_a_signing_sent_twice_is_entered_once(steel, liubei, clerk):
    api = caller(clerk)
    first, second = (api.send(PROJECTS, key="k1", **signing()) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert ContractEvent.objects.count() == 1
    other = api.send(PROJECTS, key="k1", **signing(amount="1"))
    assert problem(other)[:2] == (422, "sent_with_other_content")


def test_readers_may_not_enter(steel, liubei, city_leader, force_member, service_member):
    for user in (city_leader, force_member, service_member):
        assert problem(caller(user).send(PROJECTS, **signing()))[:2] == (403, "permission_denied")


# --- Changing ---------------------------------------------------------------------------------------------


def change(api: Any, project: Project, tag: str = "", **sent: Any) -> Any:
    return api.send(address(project), method="patch", tag=tag or f'"{project.pk}-{project.version}"', **sent)


def test_what_is_sent_changes_and_the_rest_stays(mill, county_officer):
    Project.objects.filter(pk=mill.pk).update(officer="老王", jobs=30)
    mill.refresh_from_db()

    answer = change(
        caller(county_officer), mill, permit_no="施工〔2026〕12号", fixed_assets="9000.5", jobs=None
    )

    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["permit_no"], told["fixed_assets"], told["jobs"], told["officer"], told["version"]) == (
        "施工〔2026〕12号",
        "9000.50",
        None,
        "老王",
        2,
    )
    assert answer.headers["ETag"] == f'"{mill.pk}-2"'


def test_the_bureau_moves_a_project_to_another_task_force(mill, auto, luzhai, clerk):
    answer = change(
        caller(clerk),
        mill,
        task_force="auto",
        assisting=["steel"],
        reporting_unit="450223",
        is_industrial=False,
    )

    told = answer.json()
    assert (told["task_force"]["code"], [force["code"] for force in told["assisting"]]) == ("auto", ["steel"])
    assert (told["reporting_unit"]["code"], told["is_industrial"]) == ("450223", False)


def test_without_the_tag_nothing_is_changed(mill, clerk):
    answer = caller(clerk).send(address(mill), method="patch", officer="新人")

    assert problem(answer)[:2] == (428, "precondition_required")


def test_the_second_of_two_editors_is_told_what_stands_there_now(mill, clerk, leader):
    tag = caller(clerk).get(address(mill)).headers["ETag"]
    change(caller(leader), mill, tag, officer="先到")

    second = change(caller(clerk), mill, tag, officer="后到")

    assert problem(second)[:2] == (412, "precondition_failed")
    assert (second.json()["now"]["officer"], second.json()["now"]["version"]) == ("先到", 2)
    mill.refresh_from_db()
    assert mill.officer == "先到"


def test_a_change_sent_twice_counts_once(mill, clerk):
    first = change_with_key(clerk, mill)
    second = change_with_key(clerk, mill)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["version"] == 2


def change_with_key(user: Any, project: Project) -> Any:
    return caller(user).send(
        address(project), method="patch", tag=f'"{project.pk}-1"', key="once", officer="一次"
    )


SMUGGLED = {
    "stage": "full_capacity",
    "stage_since": "2020-01-01",
    "status": "ended",
    "contracted": "1",
    "signed_on": "2020-01-01",
    "code": "LZ-1",
    "enterprise": 1,
    "created_by": 1,
    "id": 1,
    "version": 0,
}


@pytest.mark.parametrize("field", list(SMUGGLED))
def test_what_is_not_offered_cannot_be_set(mill, clerk, field):
    before = Project.objects.filter(pk=mill.pk).values().get()

    answer = change(caller(clerk), mill, officer="新人", **{field: SMUGGLED[field]})

    assert problem(answer)[:2] == (400, "invalid")
    assert answer.json()["errors"] == {field: ["This cannot be set here."]}
    assert Project.objects.filter(pk=mill.pk).values().get() == before


def test_in_whose_total_it_counts_is_not_the_countys_to_say(mill, luzhai, auto, county_officer):
    sent = {"reporting_unit": "450223", "task_force": "auto", "is_industrial": False, "assisting": ["auto"]}

    answer = change(caller(county_officer), mill, **sent)

    assert problem(answer)[0] == 400
    assert answer.json()["errors"] == {name: ["This is not yours to set."] for name in sent}


def test_a_known_credit_code_is_not_changed_here(mill, clerk):
    answer = change(caller(clerk), mill, uscc=factories.credit_code())

    assert list(answer.json()["errors"]) == ["uscc"]


def test_a_missing_credit_code_and_contact_are_written_down(mill, clerk):
    Enterprise.objects.update(uscc=None)
    code = factories.credit_code()

    answer = change(caller(clerk), mill, uscc=code, contact_name="新联系人", contact_phone="0772-1234567")

    assert answer.json()["enterprise"]["uscc"] == code
    assert answer.json()["contact"] == {"name": "新***", "phone": "077****4567"}


def test_another_projects_code_is_refused(mill, clerk):
    factories.project(national_code="2603-1")

    assert list(change(caller(clerk), mill, national_code="2603-1").json()["errors"]) == ["national_code"]


@pytest.mark.parametrize("who", ["city_leader", "statistician", "assisting"])
def test_readers_who_may_not_change_meet_403(mill, auto, city_leader, statistician, who):
    mill.assisting.add(auto)
    users = {
        "city_leader": city_leader,
        "statistician": statistician,
        "assisting": factories.user("force_lead", task_force=auto, is_lead=True),
    }

    assert problem(change(caller(users[who]), mill, officer="x"))[:2] == (403, "permission_denied")


def test_another_county_meets_404_whatever_it_tries(mill, stranger):
    event = factories.contract_event(mill)
    api = caller(stranger)
    answers = [
        api.get(address(mill)),
        change(api, mill, officer="x"),
        api.get(address(mill, "contract-events/")),
        api.send(address(mill, "contract-events/"), kind="add_on", signed_on="2026-03-02", amount="1"),
        api.get(f"/api/v1/contract-events/{event.pk}/"),
        api.get(f"/api/v1/enterprises/{mill.enterprise_id}/"),
    ]

    assert [problem(answer)[:2] for answer in answers] == [(404, "not_found")] * len(answers)
    assert ids(api.get(f"{PROJECTS}?unit=450205")) == []
    assert ids(api.get("/api/v1/enterprises/")) == []


# --- Moving on ------------------------------------------------------------------------------------------


@pytest.fixture
def ready(mill, clerk) -> Project:
    """It has what commencement asks for."""
    Project.objects.filter(pk=mill.pk).update(national_code="2603-9", permit_no="施工1号")
    Evidence.objects.create(
        project=mill, kind=EvidenceKind.START, file=factories.stored_file(), added_by=clerk
    )
    mill.refresh_from_db()
    return mill


def test_a_move_says_what_is_still_missing(mill, force_member):
    answer = caller(force_member).send(address(mill, "advance/"), to="commencement")

    assert problem(answer) == (409, "cannot_advance", "Before “Commencement”, fill in what is still missing:")
    assert answer.json()["details"] == [
        "national project code",
        "construction permit",
        "photo or permit of the start of works",
    ]


def test_a_move_is_written_into_the_history(ready, force_member):
    answer = caller(force_member).send(
        address(ready, "advance/"), to="commencement", on="2026-04-01", note="开工典礼", tag=f'"{ready.pk}-1"'
    )

    told = answer.json()
    assert (told["stage"], told["stage_since"], told["version"]) == ("commencement", "2026-04-01", 2)
    assert told["history"] == [
        {
            "source": "signing",
            "target": "commencement",
            "on": "2026-04-01",
            "by": "莫专员",
            "note": "开工典礼",
        }
    ]


def test_a_move_seen_from_an_old_state_is_refused(ready, force_member, leader):
    api = caller(force_member)
    change(caller(leader), ready, officer="变了")

    answer = api.send(address(ready, "advance/"), to="commencement", tag=f'"{ready.pk}-1"')

    assert problem(answer)[:2] == (412, "precondition_failed")
    assert answer.json()["now"]["stage"] == "signing"


def test_a_move_sent_twice_is_one_move(ready, force_member):
    api = caller(force_member)
    answers = [api.send(address(ready, "advance/"), to="commencement", key="m") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert ready.stage_changes.count() == 1
    assert problem(api.send(address(ready, "advance/"), to="commencement"))[:2] == (409, "cannot_advance")


@pytest.mark.parametrize("to", ["production", "negotiation", "signing"])
def test_a_batch_cannot_be_skipped(ready, force_member, to):
    assert problem(caller(force_member).send(address(ready, "advance/"), to=to))[:2] == (
        409,
        "cannot_advance",
    )


def test_a_batch_that_is_none_is_no_batch(ready, force_member):
    answer = caller(force_member).send(address(ready, "advance/"), to="7", stage="production")

    assert problem(answer)[:2] == (400, "invalid")


def test_who_may_move_it(ready, clerk, county_officer, city_leader, stranger):
    answers = {
        user.username: caller(user).send(address(ready, "advance/"), to="commencement").status_code
        for user in (clerk, county_officer, city_leader, stranger)
    }

    assert answers == {"clerk": 403, "county_officer": 403, "city_leader": 403, "stranger": 403}


def test_another_task_forces_lead_meets_404(ready, auto):
    lead = factories.user("force_lead", task_force=auto, is_lead=True)

    assert caller(lead).send(address(ready, "advance/"), to="commencement").status_code == 404


# --- Contracts --------------------------------------------------------------------------------------------


def events(project: Project) -> str:
    return address(project, "contract-events/")


def test_an_event_tells_this(mill, clerk, leader):
    held = factories.ceremony(name="上海签约会", held_on=DAY)
    event = factories.verified_event(mill, verified_by=leader, ceremony=held, note="首期", recorded_by=clerk)

    [told] = caller(leader).get(events(mill)).json()["results"]

    assert told == caller(clerk).get(f"/api/v1/contract-events/{event.pk}/").json()
    assert told == {
        "id": event.pk,
        "project": mill.pk,
        "kind": "signed",
        "amount": "12500.00",
        "currency": "CNY",
        "original_amount": None,
        "rate": None,
        "rate_on": None,
        "signed_on": "2026-03-02",
        "effective_on": None,
        "ceremony": {"id": held.pk, "name": "上海签约会", "held_on": "2026-03-02"},
        "corrects": None,
        "exclusion_reason": "",
        "note": "首期",
        "recorded_by": "韦经办",
        "recorded_on": "2026-03-02",
        "verdict": {"verdict": "verified", "on": "2026-03-02", "by": "覃局长", "reason": ""},
    }


def test_what_was_written_about_a_confidential_contract_stays_with_its_owners(secret, leader, city_leader):
    event = factories.verified_event(secret, ceremony=factories.ceremony(), note="对手方为某公司")

    for answer in (
        caller(city_leader).get(events(secret)).json()["results"][0],
        caller(city_leader).get(f"/api/v1/contract-events/{event.pk}/").json(),
    ):
        assert (answer["note"], answer["ceremony"], answer["amount"]) == ("", None, "12500.00")


def test_the_events_ask_as_often_for_three_as_for_one(mill, clerk, count_queries):
    api = caller(clerk)

    def make() -> None:
        factories.verified_event(mill, kind=EventKind.ADD_ON, ceremony=factories.ceremony())

    make()
    one = count_queries(lambda: api.get(events(mill)))
    make(), make()

    assert count_queries(lambda: api.get(events(mill))) == one


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ({"kind": "add_on", "amount": "500"}, "500.00"),
        ({"kind": "reduced", "amount": 500}, "-500.00"),
        ({"kind": "voided", "note": "双方解约"}, "-12500.00"),
        ({"kind": "correction", "amount": "-0.5", "note": "尾数"}, "-0.50"),
        ({"kind": "party_changed", "note": "由子公司承接"}, "0.00"),
    ],
)
def test_what_may_follow_a_signing_is_entered_by_the_bureau(mill, clerk, sent, amount):
    signing = factories.verified_event(mill)

    answer = caller(clerk).send(events(mill), signed_on="2026-03-09", **sent)

    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["amount"], told["verdict"]) == (amount, None)
    assert told["corrects"] == (signing.pk if sent["kind"] == "correction" else None)
    assert answer.headers["Location"] == f"/api/v1/contract-events/{told['id']}/"


def test_what_does_not_fit_a_contract_is_refused(mill, clerk):
    api = caller(clerk)
    factories.verified_event(mill)

    def refused(**sent: Any) -> tuple[int, str]:
        return problem(api.send(events(mill), **{"signed_on": "2026-03-09", **sent}))[:2]

    assert refused(kind="add_on") == (400, "invalid")
    assert refused(kind="signed", amount="5") == (400, "invalid")
    assert refused(kind="reduced", amount="99999") == (422, "cannot_record")
    assert refused(kind="add_on", amount="5", recorded_by=1, verdict="verified") == (400, "invalid")


def test_an_event_sent_twice_is_entered_once(mill, clerk):
    factories.verified_event(mill)
    api = caller(clerk)
    sent = {"kind": "add_on", "signed_on": "2026-03-09", "amount": "500"}

    answers = [api.send(events(mill), key="e", **sent) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert mill.contract_events.filter(kind="add_on").count() == 1


def test_a_county_enters_its_signing_and_nothing_after_it(mill, county_officer):
    api = caller(county_officer)
    sent = {"kind": "signed", "signed_on": "2026-03-09", "amount": "500"}

    assert api.send(events(mill), **sent).status_code == 201
    add_on = api.send(events(mill), kind="add_on", signed_on="2026-03-09", amount="1")
    assert problem(add_on)[:2] == (403, "permission_denied")


# --- The bureau's word ------------------------------------------------------------------------------------


@pytest.fixture
def waiting(liubei, steel, county_officer) -> ContractEvent:
    project = factories.project(Stage.NEGOTIATION, task_force=steel, reporting_unit=liubei)
    return factories.contract_event(project, recorded_by=county_officer)


def verdict(user: Any, event: ContractEvent, step: str, **sent: Any) -> Any:
    return caller(user).send(f"/api/v1/contract-events/{event.pk}/{step}/", **sent)


def test_from_the_verdict_on_it_counts(waiting, leader):
    answer = verdict(leader, waiting, "verify")

    assert answer.json()["verdict"] == {
        "verdict": "verified",
        "on": clock.today().isoformat(),
        "by": "覃局长",
        "reason": "",
    }
    told = caller(leader).get(address(waiting.project)).json()
    assert (told["stage"], told["contracted"], told["signed_on"]) == ("signing", "12500.00", "2026-03-02")


def test_a_verdict_is_given_once(waiting, leader, clerk):
    verdict(leader, waiting, "verify")

    status, code, sentence = problem(verdict(clerk, waiting, "return", reason="金额不符"))
    assert (status, code) == (409, "cannot_verify")
    assert sentence.startswith("覃局长 has already decided")


def test_a_verdict_sent_twice_gets_the_same_answer(waiting, leader):
    answers = [verdict(leader, waiting, "verify", key="v") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_whoever_entered_it_cannot_verify_it(clerk):
    own = factories.contract_event(recorded_by=clerk)

    assert problem(verdict(clerk, own, "verify"))[:2] == (409, "cannot_verify")


def test_a_return_needs_its_reason(waiting, leader):
    assert problem(verdict(leader, waiting, "return"))[:2] == (400, "invalid")
    assert problem(verdict(leader, waiting, "return", reason=" "))[:2] == (400, "invalid")

    told = verdict(leader, waiting, "return", reason="合同未盖章").json()["verdict"]
    assert (told["verdict"], told["reason"]) == ("returned", "合同未盖章")


def test_only_the_bureau_has_a_word(waiting, county_officer, force_lead, city_leader, stranger):
    for user in (county_officer, force_lead, city_leader, stranger):
        assert problem(verdict(user, waiting, "verify"))[:2] == (403, "permission_denied")


# --- Enterprises --------------------------------------------------------------------------------------------


def test_an_enterprise_tells_this(mill, clerk):
    answer = caller(clerk).get(f"/api/v1/enterprises/{mill.enterprise_id}/")

    assert answer.json() == {
        "id": mill.enterprise_id,
        "name": "宏宇特钢有限公司",
        "uscc": mill.enterprise.uscc,
        "origin": "",
        "contact": {"name": "韦**", "phone": "138****5678"},
        "projects": 1,
        "version": 1,
        "latest_projects": [{"id": mill.pk, "code": mill.code, "name": "高强钢生产线", "is_veiled": False}],
    }


def test_enterprises_are_those_of_projects_one_may_name(mill, secret, clerk, city_leader, stranger):
    url = "/api/v1/enterprises/"

    assert ids(caller(clerk).get(url)) == [secret.enterprise_id, mill.enterprise_id]
    assert ids(caller(city_leader).get(url)) == [mill.enterprise_id]
    assert ids(caller(stranger).get(url)) == []
    assert ids(caller(clerk).get(f"{url}?q=宏宇")) == [mill.enterprise_id]


def test_the_enterprises_ask_as_often_for_three_as_for_one(clerk, count_queries):
    api = caller(clerk)
    factories.project()
    one = count_queries(lambda: api.get("/api/v1/enterprises/"))
    factories.project(), factories.project()

    assert count_queries(lambda: api.get("/api/v1/enterprises/")) == one


def look_alikes(user: Any, **query: str) -> Any:
    return caller(user).get("/api/v1/enterprises/look-alikes/", query)


def test_look_alikes_come_with_their_evidence(mill, county_officer):
    [like] = look_alikes(county_officer, name="宏宇特种钢有限公司").json()

    assert (like["name"], like["grade"], like["projects"]) == ("宏宇特钢有限公司", "similar", 1)
    assert like["evidence"] == ["the names are 89 % alike"]
    [same] = look_alikes(county_officer, name="别的名字", uscc=mill.enterprise.uscc).json()
    assert (same["grade"], same["evidence"]) == ("same", ["the same credit code"])


def test_another_countys_talks_are_not_found_out_by_typing(mill, stranger, city_leader):
    assert look_alikes(stranger, name="宏宇特钢有限公司").json() == []
    assert problem(look_alikes(city_leader, name="宏宇特钢"))[:2] == (403, "permission_denied")


def test_look_alikes_refuse_what_is_no_question(clerk):
    assert problem(look_alikes(clerk))[:2] == (400, "invalid")
    assert problem(look_alikes(clerk, name="甲", uscc="1"))[0] == 422
    assert problem(look_alikes(clerk, name="甲\u200b乙"))[:2] == (422, "bad_text")
