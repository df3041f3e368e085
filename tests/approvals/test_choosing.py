"""Pages and API of the catalogue, of a project's facts, and of new limits applied to running items."""

import datetime
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from approvals import catalogue, clocks, facts, lists
from approvals.choices import ItemEventKind, ItemState
from approvals.models import ItemTemplate, ProjectFacts
from core import clock
from projects.choices import Stage
from projects.models import Project
from tests import factories
from tests.api import caller

ON = datetime.date(2026, 3, 2)
TODAY = datetime.date(2026, 3, 12)
FACTS = "/api/v1/project-facts/"


@pytest.fixture(autouse=True)
def today(monkeypatch) -> datetime.date:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return TODAY


@pytest.fixture
def as_user(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def mill(db, steel, liubei, service_member, clerk) -> Project:
    """A signed project with the shipped list, followed by a service team."""
    catalogue.load(ON)
    project = factories.project(Stage.SIGNING, name="特钢线材项目", task_force=steel, reporting_unit=liubei)
    factories.service(project, factories.service_team(service_member))
    lists.open_list(project, on=ON, by=clerk)
    return project


def url_of(project: Project) -> str:
    return reverse("approvals:choice", args=[project.pk])


def by_code(context) -> dict[str, dict]:
    templates = dict(ItemTemplate.objects.values_list("pk", "code"))
    return {templates[row["template"]]: row for phase in context["phases"] for row in phase["rows"]}


# --- Facts and choice --------------------------------------------------------------------------------


def test_choice_says_of_every_item_whether_and_why(as_user, mill, leader):
    shown = as_user(leader).get(url_of(mill))

    rows = by_code(shown.context)
    assert (len(rows), shown.context["needed"], shown.context["not_needed"]) == (28, 20, 8)
    assert (rows["eia-form"]["why"], rows["eia-form"]["is_assumed"]) == (
        "需要办理：环评类别为报告表。",
        True,
    )
    assert rows["eia-report"]["why"] == "无需办理：环评类别为报告表。"
    assert (rows["building-permit"]["why"], rows["building-permit"]["is_assumed"]) == (
        "需要办理：各类项目均须办理。",
        False,
    )
    assert shown.context["form"] is None  # who only reads sees the facts as a list
    assert "待核" in shown.content.decode()
    assert "仍列入清单" not in shown.content.decode()


def test_answers_revise_the_list_and_say_what_they_did(as_user, mill, service_member):
    client = as_user(service_member)

    answer = client.post(
        url_of(mill),
        {"eia": "report", "energy_tce": "1,200.5", "power_wan_kwh": "", "works": "", "version": "0"},
        follow=True,
    )

    assert [str(message) for message in answer.context["messages"]] == [
        "项目情况已保存。 列入清单：环境影响报告书审批。 不再需要办理：环境影响报告表审批。"
    ]
    answered = facts.of(mill)
    assert (answered.answers, str(answered.energy_tce), answered.power_wan_kwh) == (
        {"eia": "report"},
        "1200.50",
        None,
    )
    rows = by_code(answer.context)
    assert rows["energy"]["why"] == ("需要办理：年综合能耗达到1000吨标准煤或年用电量达到500万千瓦时。")
    assert (rows["energy"]["is_assumed"], rows["eia-form"]["state"], rows["eia-report"]["state"]) == (
        False,
        "",
        "未申报",
    )


def test_nonsense_is_said_at_its_field_and_nothing_is_lost(as_user, mill, service_member):
    answer = as_user(service_member).post(
        url_of(mill), {"eia": "report", "energy_tce": "很多", "version": "0"}
    )

    assert set(answer.context["form"].errors) == {"energy_tce"}
    assert answer.context["form"]["eia"].value() == "report"
    assert not ProjectFacts.objects.exists()


def test_whoever_comes_second_sees_what_the_other_answered(as_user, mill, service_member, clerk):
    facts.answer(
        mill, answers={"eia": "form"}, energy_tce=None, power_wan_kwh=None, version=0, by=clerk, today=TODAY
    )
    client, sent = as_user(service_member), {"eia": "report", "version": "0"}

    told = client.post(url_of(mill), sent)

    assert told.context["theirs"] == [("环评类别", "报告表")]
    assert told.context["form"]["eia"].value() == "report"
    assert (
        client.post(url_of(mill), {**sent, "version": told.context["form"]["version"].value()}).status_code
        == 302
    )
    assert facts.of(mill).answers == {"eia": "report"}


def test_a_form_sent_twice_answers_once(as_user, mill, service_member):
    client, sent = as_user(service_member), {"eia": "report", "version": "0", "form_token": "abc"}

    assert [client.post(url_of(mill), sent).status_code for _turn in range(2)] == [302, 302]
    assert facts.of(mill).version == 1


def test_only_those_who_know_the_project_answer(as_user, mill, leader):
    assert as_user(leader).post(url_of(mill), {"version": "0"}).status_code == 403


def test_what_is_not_needed_is_put_on_the_list_anyway(as_user, mill, service_member):
    client, report = as_user(service_member), ItemTemplate.objects.get(code="eia-report")
    assert "仍列入清单" in client.get(url_of(mill)).content.decode()

    answer = client.post(
        reverse("approvals:add_item", args=[mill.pk]), {"template": report.pk, "back": "choice"}
    )

    assert answer.headers["Location"] == url_of(mill)
    row = by_code(client.get(url_of(mill)).context)["eia-report"]
    assert (row["is_needed"], row["by_hand"], row["state"], row["is_begun_though"]) == (
        False,
        True,
        "未申报",
        False,
    )


def test_what_the_facts_took_off_the_list_is_put_back_by_hand(as_user, mill, service_member):
    client = as_user(service_member)
    client.post(url_of(mill), {"earthworks": "no", "version": "0"})
    plan = mill.items.get(template__code="soil-water")
    assert plan.state == ItemState.NOT_NEEDED

    client.post(reverse("approvals:add_item", args=[mill.pk]), {"template": plan.template_id})

    plan.refresh_from_db()
    assert (plan.state, plan.opened_because) == (ItemState.WAITING, {"by_hand": True})
    assert list(plan.events.order_by("pk").values_list("kind", flat=True)) == ["not_needed", "struck"]


def test_what_has_begun_though_not_needed_is_named(as_user, mill, service_member):
    form = mill.items.get(template__code="eia-form")
    clocks.log_event(form, kind=ItemEventKind.ACCEPTED, on=ON, by=service_member, today=TODAY)

    shown = as_user(service_member).post(url_of(mill), {"eia": "exempt", "version": "0"}, follow=True)

    assert [row["name"] for row in shown.context["begun"]] == ["环境影响报告表审批"]
    assert "已办理但按项目情况无需办理" in shown.content.decode()


def test_an_item_says_why_it_stands_on_the_list(as_user, mill, service_member):
    form = mill.items.get(template__code="eia-form")

    shown = as_user(service_member).get(reverse("approvals:item", args=[form.pk]))

    assert "需要办理：环评类别为报告表。" in shown.content.decode()


def test_choice_of_a_project_not_signed_promises_the_list(as_user, db, steel, leader):
    catalogue.load(ON)
    project = factories.project(Stage.NEGOTIATION, task_force=steel)

    shown = as_user(leader).get(url_of(project)).content.decode()

    assert shown.count("签约时立项") == 20


def test_a_department_sees_its_own_items_of_the_choice(as_user, mill, planning):
    design = ItemTemplate.objects.get(code="design")
    ItemTemplate.objects.filter(pk=design.pk).update(department=planning)
    member = factories.user(Role.DEPARTMENT, agency=planning)

    assert list(by_code(as_user(member).get(url_of(mill)).context)) == ["design"]


def test_choice_asks_alike_for_any_number_of_items(as_user, mill, leader, count_queries):
    client = as_user(leader)
    many = count_queries(lambda: client.get(url_of(mill)))

    mill.items.exclude(template__code="filing").delete()

    assert count_queries(lambda: client.get(url_of(mill))) == many


# --- The catalogue -------------------------------------------------------------------------------------


def test_catalogue_shows_limits_of_today_and_those_to_come_with_their_marks(as_user, mill, leader):
    form = ItemTemplate.objects.get(code="eia-form")
    factories.item_limit(
        form, effective_from=TODAY, statutory_days=30, promised_days=6, source="柳政办发〔2026〕1号"
    )
    later = datetime.date(2027, 1, 1)
    factories.item_limit(form, effective_from=later, statutory_days=20, promised_days=4, is_verified=True)

    shown = as_user(leader).get(reverse("approvals:catalogue"))

    row = next(row for phase in shown.context["phases"] for row in phase["rows"] if row["name"] == str(form))
    assert (row["limit"].promised_days, row["limit"].is_verified, row["rules"], row["needs"]) == (
        6,
        False,
        ["环评类别：报告表"],
        ["企业投资项目备案"],
    )
    assert [limit.effective_from for limit in row["coming"]] == [later]
    changes = shown.context["changes"]
    assert [(line["on"], line["before"].promised_days, line["after"].promised_days) for line in changes] == [
        (later, 6, 4),
        (TODAY, 8, 6),
    ]
    assert [line["running"] for line in changes] == [0, 1]
    assert "柳政办发〔2026〕1号" in shown.content.decode()
    assert shown.context["total"] == 28


def test_catalogue_tells_when_items_and_rules_came_and_went(as_user, mill, leader):
    shelter, road = (ItemTemplate.objects.get(code=code) for code in ("civil-defence", "road"))
    ItemTemplate.objects.filter(pk=shelter.pk).update(in_force_until=TODAY)
    road.rules.update(effective_until=ON)

    shown = as_user(leader).get(reverse("approvals:catalogue"))

    assert [(line["on"], line["name"]) for line in shown.context["changes"]] == [
        (TODAY + datetime.timedelta(days=1), str(shelter)),
        (ON + datetime.timedelta(days=1), str(road)),
    ]


def test_catalogue_asks_alike_for_one_and_three_items(as_user, leader, count_queries, db):
    def with_change() -> None:
        template = factories.item_template(rules={"eia": ["form"]})
        factories.item_limit(template, effective_from=ON, promised_days=2)
        factories.item(template=template)

    client = as_user(leader)
    with_change()
    one = count_queries(lambda: client.get(reverse("approvals:catalogue")))
    with_change()
    with_change()

    assert count_queries(lambda: client.get(reverse("approvals:catalogue"))) == one


# --- New limits for running items -----------------------------------------------------------------------


@pytest.fixture
def change(mill, service_member):
    """The form of the mill is accepted on 2 March within eight days; six are promised from 9 March."""
    form = mill.items.get(template__code="eia-form")
    clocks.log_event(form, kind=ItemEventKind.ACCEPTED, on=ON, by=service_member, today=TODAY)
    return factories.item_limit(
        form.template, effective_from=datetime.date(2026, 3, 9), statutory_days=30, promised_days=6
    )


def apply_url(change) -> str:
    return reverse("approvals:apply_limits", args=[change.pk])


def test_new_limits_are_shown_before_they_are_applied(as_user, mill, change, leader):
    client, form = as_user(leader), mill.items.get(template__code="eia-form")

    shown = client.get(apply_url(change))

    assert [
        (row["promise_due"], row["promise_after"], row["is_tighter"]) for row in shown.context["rows"]
    ] == [(datetime.date(2026, 3, 12), datetime.date(2026, 3, 10), True)]
    assert client.post(apply_url(change), {"items": [form.pk], "reason": ""}).status_code == 200
    assert client.post(apply_url(change), {"reason": "全市统一压缩"}).context["form"].errors
    sent = {"items": [form.pk], "reason": "全市统一压缩", "form_token": "once"}
    assert client.post(apply_url(change), sent).status_code == 302
    assert client.post(apply_url(change), sent).status_code == 302  # sent twice, done once

    form.refresh_from_db()
    assert (form.promise_due, form.promised_days) == (datetime.date(2026, 3, 10), 6)
    assert form.events.filter(kind=ItemEventKind.LIMITS).count() == 1
    told = client.get(reverse("approvals:item", args=[form.pk])).content.decode()
    assert "适用新时限：法定30个、承诺6个工作日" in told
    assert "全市统一压缩" in told
    assert client.get(apply_url(change)).context["rows"] == []


def test_all_that_is_shown_can_be_applied_at_once(as_user, mill, change, leader, clerk):
    other = factories.project(Stage.SIGNING)
    lists.open_list(other, on=ON, by=clerk)

    as_user(leader).post(apply_url(change), {"all": "1", "reason": "全市统一压缩"})

    for project in (mill, other):
        assert project.items.get(template__code="eia-form").promised_days == 6


def test_limits_to_come_are_shown_and_not_applied(as_user, mill, change, leader):
    later = factories.item_limit(
        change.template, effective_from=datetime.date(2027, 1, 1), statutory_days=30, promised_days=3
    )
    client, form = as_user(leader), mill.items.get(template__code="eia-form")

    assert len(client.get(apply_url(later)).context["rows"]) == 1
    refused = client.post(apply_url(later), {"items": [form.pk], "reason": "提前执行"})

    assert "2027-01-01" in str(refused.context["form"].errors)
    form.refresh_from_db()
    assert form.promised_days == 8


def test_who_is_measured_by_the_limits_does_not_apply_them(as_user, change, service_member):
    assert as_user(service_member).get(apply_url(change)).status_code == 403


def test_applying_asks_alike_for_one_and_three_items(as_user, mill, change, leader, clerk, count_queries):
    client = as_user(leader)
    one = count_queries(lambda: client.get(apply_url(change)))
    for _n in range(2):
        lists.open_list(factories.project(Stage.SIGNING), on=ON, by=clerk)

    assert count_queries(lambda: client.get(apply_url(change))) == one


# --- API ---------------------------------------------------------------------------------------------------


def test_facts_are_put_whole_with_the_version_that_was_read(mill, service_member):
    api = caller(service_member)
    path = f"{FACTS}{mill.pk}/"
    read = api.get(path)
    assert (read.headers["ETag"], read.json()["version"]) == (f'"{mill.pk}-0"', 0)

    assert api.send(path, method="put", answers={"eia": "report"}).status_code == 428
    put = api.send(
        path,
        method="put",
        tag=read.headers["ETag"],
        answers={"eia": "report"},
        energy_tce="300.00",
        power_wan_kwh="90",
    )

    told = put.json()
    assert put.status_code == 200
    assert {name: [one["code"] for one in told[name]] for name in ("opened", "taken_back", "dropped")} == {
        "opened": ["eia-report"],
        "taken_back": [],
        "dropped": ["energy", "eia-form"],
    }
    assert (told["version"], told["energy_tce"], told["answered_on"]) == (1, "300.00", "2026-03-12")
    assert {one["fact"]: one["assumed"] for one in told["facts"]}["energy"] is False
    assert api.send(path, method="put", tag=read.headers["ETag"], answers={}).status_code == 412
    wrong = api.send(path, method="put", tag=put.headers["ETag"], answers={"eia": "poem"})
    assert wrong.status_code == 400
    assert "eia" in str(wrong.json())


def test_choice_over_the_api_gives_the_reasons(mill, leader):
    told = {row["item"]["code"]: row for row in caller(leader).get(f"{FACTS}{mill.pk}/choice/").json()}

    assert told["eia-report"]["because"] == "Not needed: the environmental assessment is a form."
    assert (told["eia-report"]["is_needed"], told["eia-report"]["state"]) == (False, None)
    assert (told["filing"]["state"], told["filing"]["rests_on_assumption"]) == ("waiting", True)


def test_catalogue_over_the_api(mill, leader):
    rows = caller(leader).get("/api/v1/catalogue/?page_size=200").json()["results"]

    form = next(row for row in rows if row["item"]["code"] == "eia-form")
    assert len(rows) == 28
    assert form["limits"] == [
        {
            "effective_from": "2025-01-01",
            "statutory_days": 30,
            "promised_days": 8,
            "is_verified": False,
            "source": "环境影响评价法",
        }
    ]
    assert [(rule["fact"], rule["answers"]) for rule in form["rules"]] == [("eia", ["form"])]
    assert caller(leader).get(f"/api/v1/catalogue/{form['id']}/").json() == form
