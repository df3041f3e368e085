"""The ladder on pages: an issue's rungs, what has been sent up to whom, the filters, the API, Today."""

import datetime

import pytest
from django.test import Client
from django.utils import translation

from accounts import tokens
from accounts.models import User
from approvals import escalation, issues
from approvals.choices import IssueLevel, IssueState, Severity
from approvals.models import Issue, StallFlag
from approvals.views import ladder
from briefings.waiting import waiting_for
from core import clock
from projects.choices import Stage
from tests import factories

L, S = IssueLevel, IssueState
RAISED = datetime.date(2026, 3, 2)
TODAY = datetime.date(2026, 3, 12)  # a Thursday: eight working days later


@pytest.fixture(autouse=True)
def _in_march(monkeypatch, db):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    escalation.load_escalation_rules(RAISED)
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel):
    return factories.project(Stage.SIGNING, name="特钢线材", task_force=steel)


@pytest.fixture
def issue(project, planning) -> Issue:
    made = factories.issue(project, raised_on=RAISED, level_since=RAISED, department=planning)
    factories.issue_event(made, S.LOGGED, on=RAISED, source="")
    return made


def at(user: User) -> Client:
    client = factories.in_english()
    client.force_login(user)
    return client


def rungs(client: Client, issue: Issue) -> list[tuple]:
    drawn = client.get(f"/approvals/issues/{issue.pk}/").context["ladder"]["rungs"]
    return [(rung["state"], rung["since"]) for rung in drawn]


def ahead(client: Client, issue: Issue) -> str:
    drawn = client.get(f"/approvals/issues/{issue.pk}/").context["ladder"]
    return f"{drawn['next']} {drawn['told']}".strip()


# --- One issue ------------------------------------------------------------------------------


def test_the_page_draws_since_when_it_stands_where_and_what_comes_next(issue, clerk, force_lead):
    escalation.climb(TODAY)
    client = at(clerk)

    assert rungs(client, issue) == [
        ("done", RAISED),
        ("now", datetime.date(2026, 3, 9)),
        ("ahead", None),
        ("ahead", None),
        ("ahead", None),
    ]
    assert ahead(client, issue) == (
        "Goes up to “Task-force lead” on 16 March 2026 unless it is answered before. Told then: 黄组长."
    )
    page = client.get(f"/approvals/issues/{issue.pk}/").content.decode()
    assert "Sent up to: Approval bureau or lead department" in page
    assert "By the timer, after 5 working days on the level below." in page


def test_the_page_says_why_nothing_comes_next(issue, clerk, force_lead):
    client = at(clerk)
    assert ahead(client, issue).endswith("Nobody is entered for that level yet.")
    for state, on in ((S.ACCEPTED, RAISED), (S.ANSWERED, RAISED)):
        factories.issue_event(issue, state, on=on)
    Issue.objects.update(state=S.ANSWERED)
    assert "unless the answer is confirmed before" in ahead(client, issue)
    factories.issue_event(issue, S.SUSPENDED, on=RAISED)
    Issue.objects.update(state=S.SUSPENDED)
    assert ahead(client, issue) == "While it is suspended the timer stands still."
    Issue.objects.update(state=S.HANDLING, level=L.SECRETARY_GENERAL)
    factories.issue_event(issue, S.HANDLING, on=RAISED)
    assert ahead(client, issue) == "From here it goes up by hand only, with a reason."
    Issue.objects.update(level=L.MAYOR)
    assert ahead(client, issue) == "There is no higher level."


def test_many_people_of_a_level_are_counted(issue, clerk, planning):
    for _turn in range(6):
        factories.user("department", agency=planning)

    assert ahead(at(clerk), issue).endswith("and 2 more.")


def test_it_is_sent_back_down_from_the_page_with_a_reason(issue, service_member):
    factories.service(issue.project, factories.service_team(service_member))
    issues.escalate(issue, reason="部门间意见不一", on=TODAY, by=issue.raised_by, today=TODAY)
    client = at(service_member)

    def press(note: str):
        facts = {"step": "send_down", "note": note, "on": TODAY, "version": issue.version}
        return client.post(f"/approvals/issues/{issue.pk}/", {**facts, "form_token": note or "none"})

    assert press("").status_code == 200
    assert press("窗口即可办结").status_code == 302
    issue.refresh_from_db()
    assert (issue.level, issue.level_since) == (L.TEAM, TODAY)
    page = client.get(f"/approvals/issues/{issue.pk}/").content.decode()
    assert "Sent back down to: Service team" in page
    assert 'value="send_down"' not in page


def test_levels_before_follow_the_days_of_the_steps(issue):
    up = factories.issue_event(issue, S.LOGGED, on=RAISED, level=L.LEAD_DEPARTMENT)
    down = factories.issue_event(issue, S.LOGGED, on=TODAY, level=L.TEAM)

    assert ladder.levels_before([down, up]) == {up.pk: L.TEAM, down.pk: L.LEAD_DEPARTMENT}
    assert ladder.what(down, L.LEAD_DEPARTMENT) == "Sent back down to: Service team"


# --- What has reached me ------------------------------------------------------------------------


def heaps(user: User, query: str = "") -> list[tuple[int, int]]:
    response = at(user).get(f"/approvals/reached/{query}")
    return [(heap["count"], len(heap["rows"])) for heap in response.context["heaps"]]


@pytest.fixture
def climbing(project, planning, service_member):
    """An issue and a flag on every level above the team, each there since another day."""
    factories.service(project, factories.service_team(service_member))
    for step in (L.LEAD_DEPARTMENT, L.TASK_FORCE_LEAD, L.SECRETARY_GENERAL):
        since = RAISED + datetime.timedelta(days=int(step))
        factories.issue(project, department=planning, raised_on=RAISED, level=step, level_since=since)
        item = factories.item(project, factories.item_template(department=planning))
        factories.stall_flag(item, level=step, level_since=since)


def test_everyone_sees_what_has_climbed_to_them_or_beyond(
    climbing, service_member, department_officer, force_lead, leader, city_leader, stranger
):
    seen = {
        user.username: heaps(user)
        for user in (service_member, department_officer, force_lead, leader, city_leader, stranger)
    }

    assert seen == {
        "service_member": [(3, 3), (3, 3)],
        "department_officer": [(3, 3), (3, 3)],
        "force_lead": [(2, 2), (2, 2)],
        "leader": [(1, 1), (1, 1)],
        "city_leader": [(1, 1), (1, 1)],
        "stranger": [(0, 0), (0, 0)],
    }


def test_answered_flags_and_resolved_issues_are_gone(climbing, leader, force_lead):
    StallFlag.objects.update(acknowledged_by=force_lead)
    Issue.objects.update(state=S.RESOLVED, resolved_on=TODAY)

    assert heaps(leader) == [(0, 0), (0, 0)]


def test_a_notice_leads_to_what_has_climbed_since(climbing, service_member):
    assert heaps(service_member, "?since=2026-03-06") == [(1, 1), (1, 1)]
    assert heaps(service_member, "?since=nonsense") == [(3, 3), (3, 3)]


def test_the_page_asks_as_often_for_three_rows_as_for_one(project, leader, count_queries):
    def matter():
        factories.issue(project, raised_on=RAISED, level=L.MAYOR)
        factories.stall_flag(factories.item(project), level=L.MAYOR, severity=Severity.RED)

    client = at(leader)
    matter()
    client.get("/approvals/reached/")
    one = count_queries(lambda: client.get("/approvals/reached/"))
    matter()
    matter()

    assert count_queries(lambda: client.get("/approvals/reached/")) == one


def test_lists_are_asked_for_by_level(climbing, clerk):
    client = at(clerk)

    def found(address: str) -> int:
        return client.get(address).context["page"].paginator.count

    assert found("/approvals/issues/?group=open&level=3&level=4") == 2
    assert found("/approvals/stalled/?group=open&level=4") == 1
    page = client.get("/approvals/reached/").content.decode()
    assert "/approvals/issues/?group=open&amp;level=2&amp;level=3&amp;level=4&amp;level=5" in page


def test_what_has_climbed_to_leaders_waits_for_them_on_today(
    climbing, leader, city_leader, force_lead, clerk
):
    def words(user: User) -> list[str]:
        return [task.word for task in waiting_for(user, TODAY).tasks]

    assert words(city_leader) == ["Sent up", "Sent up"]
    assert words(leader) == ["Sent up"]
    assert words(force_lead).count("Sent up") == 2
    assert words(clerk) == []
    note = waiting_for(city_leader, TODAY).tasks[0].note
    assert note == "“Secretary-general or vice-mayor” for 4 working days"


# --- API ------------------------------------------------------------------------------------------


def by_token(user: User) -> dict[str, str]:
    return {"authorization": f"Token {tokens.issue(user=user, name='desk')[1]}"}


def test_the_api_tells_the_level_its_timer_and_the_next_climb(issue, clerk, service_member):
    escalation.climb(TODAY)

    told = Client().get(f"/api/v1/issues/{issue.pk}/", headers=by_token(clerk)).json()

    assert (told["level"], told["level_since"], told["climbs_on"]) == (2, "2026-03-09", "2026-03-16")
    assert [(e["level"], e["after_days"]) for e in told["events"]] == [(None, None), (2, 5)]


def test_the_api_sends_down_with_a_reason(issue, service_member):
    factories.service(issue.project, factories.service_team(service_member))
    issues.escalate(issue, reason="部门间意见不一", on=TODAY, by=issue.raised_by, today=TODAY)
    headers = by_token(service_member)

    def send(key: str, **sent: str):
        address = f"/api/v1/issues/{issue.pk}/send-down/"
        told = {**headers, "idempotency-key": key}
        return Client().post(address, sent, content_type="application/json", headers=told)

    assert send("a").status_code == 400
    answer = send("b", note="窗口即可办结")
    assert (answer.status_code, answer.json()["level"]) == (200, 1)


def test_the_api_tells_how_far_a_flag_has_climbed(project, clerk):
    factories.stall_flag(factories.item(project), raised_on=RAISED)
    escalation.climb(TODAY)

    (told,) = Client().get("/api/v1/stalls/?level=2", headers=by_token(clerk)).json()["results"]

    assert (told["level"], told["level_since"]) == (2, "2026-03-09")
