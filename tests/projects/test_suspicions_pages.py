"""The water detector on its pages, under Today and over the API."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from core import clock
from projects.choices import Confidentiality, Stage, SuspicionState
from projects.models import ContractEvent, Suspicion, SuspicionVerdict
from tests import factories
from tests.api import caller

TODAY = factories.DAY


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def one(steel, liubei) -> Suspicion:
    told = {"task_force": steel, "reporting_unit": liubei}
    first = factories.project(Stage.SIGNING, name="启岚视觉检测", **told)
    second = factories.project(Stage.SIGNING, name="启岚视觉检测二次", **told)
    for project in (first, second):
        factories.verified_event(project)
    return factories.suspicion(second, first)


def shown(user: User, url: str) -> str:
    answer = signed_in(user).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_what_waits_with_its_evidence_and_filters(one, leader, auto):
    watched = factories.suspicion(kind="jump", state=SuspicionState.WATCHED)
    url = reverse("projects:suspicions")

    page = shown(leader, url)

    assert "Signed again at a later ceremony" in page
    assert "The names of the projects are 95 % alike." in page
    assert "启岚视觉检测二次" in page
    assert watched.project.name not in page
    assert watched.project.name in shown(leader, f"{url}?group=watched")
    assert "Nothing of that" in shown(leader, f"{url}?group=open&kind=jump")
    assert "Nothing of that" in shown(leader, f"{url}?group=open&task_force={auto.code}")
    assert "启岚视觉检测二次" in shown(leader, f"{url}?project={one.records.first().pk}")


def test_the_list_asks_as_much_for_three_as_for_one(one, leader, count_queries):
    client, url = signed_in(leader), reverse("projects:suspicions")
    client.get(url)
    few = count_queries(lambda: client.get(url))
    for _turn in range(2):
        factories.suspicion(factories.project(Stage.SIGNING), factories.project(Stage.SIGNING))

    assert count_queries(lambda: client.get(url)) == few


def test_the_records_stand_side_by_side_and_a_verdict_is_written_once(one, leader):
    client, url = signed_in(leader), one.get_absolute_url()

    page = client.get(url).content.decode()
    assert "+60" in page
    assert page.count("12,500") >= 2
    assert 'class="same"' in page
    answer = client.post(url, {"verdict": "cleared", "reason": "两个厂区，各有合同"})
    assert answer.status_code == 302
    assert client.post(url, {"verdict": "excluded", "reason": "晚了"}).status_code == 200
    assert [word.verdict for word in SuspicionVerdict.objects.all()] == ["cleared"]
    assert "两个厂区" in shown(leader, url)


def test_a_verdict_without_a_reason_or_a_choice_is_told_at_the_field(one, leader):
    client, url = signed_in(leader), one.get_absolute_url()

    assert client.post(url, {"verdict": "cleared", "reason": ""}).status_code == 422
    wrong = client.post(url, {"verdict": "merged", "reason": "同一合同"})
    assert (wrong.status_code, "Choose which" in wrong.content.decode()) == (422, True)
    kept = one.records.exclude(pk=one.project_id).get()
    client.post(url, {"verdict": "merged", "reason": "同一合同", "kept": kept.pk})
    assert SuspicionVerdict.objects.get().kept == kept


def test_who_entered_it_is_told_that_somebody_else_judges(one, clerk):
    factories.contract_event(one.project, kind="add_on", recorded_by=clerk)

    assert "Somebody else judges" in shown(clerk, one.get_absolute_url())
    refused = signed_in(clerk).post(one.get_absolute_url(), {"verdict": "cleared", "reason": "没问题"})
    assert (refused.status_code, Suspicion.objects.get().state) == (409, SuspicionState.OPEN)


def test_a_task_force_lead_and_statistics_read_but_do_not_judge(one, force_lead, statistician):
    for reader in (force_lead, statistician):
        page = shown(reader, one.get_absolute_url())
        assert "Your judgement" not in page
        signed_in(reader).post(one.get_absolute_url(), {"verdict": "cleared", "reason": "没问题"})
    assert not SuspicionVerdict.objects.exists()


def test_others_find_nothing(one, auto, county_officer):
    of_auto = factories.user(Role.FORCE_LEAD, task_force=auto, is_lead=True)

    assert signed_in(of_auto).get(one.get_absolute_url()).status_code == 404
    assert signed_in(county_officer).get(one.get_absolute_url()).status_code == 403


def test_what_is_confidential_elsewhere_stays_withheld(one, force_lead):
    secret = factories.project(
        Stage.SIGNING,
        name="绝密工程",
        code_name="曙光",
        confidentiality=Confidentiality.CONFIDENTIAL,
        enterprise=factories.enterprise(name="绝密集团", name_key="绝密集团"),
    )
    factories.verified_event(secret, note="绝密约定")
    one.records.add(secret)
    Suspicion.objects.update(facts=[["same_key", 60, {"one": "绝密集团", "other": "启岚"}]])

    for page in (
        shown(force_lead, one.get_absolute_url()),
        shown(force_lead, reverse("projects:suspicions")),
        shown(force_lead, one.project.get_absolute_url()),
        caller(force_lead).get("/api/v1/suspicions/").content.decode(),
    ):
        assert "绝密" not in page
    assert "曙光" in shown(force_lead, one.get_absolute_url())


def test_it_is_marked_on_the_project_for_those_who_may_see_it(one, leader, county_officer):
    url = one.project.get_absolute_url()

    assert "Striking about this signing" in shown(leader, url)
    assert "Striking about this signing" not in shown(county_officer, url)


def test_it_waits_under_today_for_the_bureau_in_one_line(one, leader, force_lead):
    factories.suspicion(grade=3)

    assert "2 striking signings" in shown(leader, "/")
    assert "graded high: 1" in shown(leader, "/")
    assert "striking" not in shown(force_lead, "/")


def test_the_api_tells_and_judges_as_the_page_does(one, leader):
    api = caller(leader)
    url = f"/api/v1/suspicions/{one.pk}/"

    told = api.get(url).json()
    assert (told["kind"], told["grade"], told["amount"]) == ("repeated", 2, "12500.00")
    assert [fact["points"] for fact in told["evidence"]] == [60, 5]
    wrong = api.post(f"{url}judge/", {"verdict": "merged", "reason": "同一合同"}, format="json")
    assert wrong.status_code == 400
    excluded = api.post(f"{url}judge/", {"verdict": "excluded", "reason": "重复"}, format="json").json()
    event = ContractEvent.objects.get(pk=excluded["verdicts"][0]["event"])
    assert (excluded["state"], event.kind, event.amount) == ("excluded", "correction", -12_500)
    again = api.post(f"{url}judge/", {"verdict": "cleared", "reason": "x"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "cannot_judge")
