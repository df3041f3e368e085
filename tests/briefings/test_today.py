"""Today: what waits for whom, by due day; then the own figures."""

import datetime
import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from accounts.notifications import notify
from accounts.roles import Role
from approvals.choices import IssueState, ItemState, Severity
from briefings.choices import BriefingState, ReviewKind
from briefings.models import Review
from briefings.waiting import SHOWN, waiting_for
from core import clock
from core.models import AuditEntry
from core.remembering import Memory
from projects import contracts
from projects.choices import Stage, Status
from projects.models import SigningDraft
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 20)  # a Friday
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_march(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    with translation.override("en"):
        yield


def words(user: User) -> list[tuple[str, str, datetime.date | None]]:
    return [(task.word, task.title, task.due) for task in waiting_for(user, TODAY).tasks]


def urls(user: User) -> list[str]:
    return [task.url for task in waiting_for(user, TODAY).tasks]


def get(client: Client, user: User) -> Any:
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client.get(reverse("today"))


# --- What waits for whom ------------------------------------------------------------------------


def test_signing_waits_for_whoever_may_verify_it_but_did_not_enter_it(clerk, leader, force_lead, steel):
    project = factories.project(Stage.NEGOTIATION, name="特钢线材", task_force=steel)
    event = factories.contract_event(project, recorded_by=clerk)
    factories.verified_event()

    assert words(leader) == [("To be verified", "特钢线材", None)]
    assert urls(leader) == [reverse("projects:verdict", args=[event.pk])]
    assert words(clerk) == []
    assert words(force_lead) == []


def test_returned_signing_waits_for_whoever_entered_it_until_it_is_entered_anew(
    county_officer, leader, liubei
):
    project = factories.project(Stage.NEGOTIATION, name="特钢线材", reporting_unit=liubei)
    event = factories.contract_event(project, recorded_by=county_officer)
    contracts.send_back(event, reason="no date", by=leader, today=TODAY - DAY)

    assert words(county_officer) == [("Returned", "特钢线材", TODAY - DAY)]
    factories.contract_event(project, recorded_by=county_officer)
    assert words(county_officer) == []


def test_draft_waits_for_whoever_began_it(county_officer, stranger):
    draft = SigningDraft.objects.create(user=county_officer, data={"name": "特钢线材"})
    SigningDraft.objects.create(user=county_officer)

    assert {word for word, _title, _due in words(county_officer)} == {"Draft"}
    assert f"{reverse('projects:new')}?draft={draft.pk}" in urls(county_officer)
    assert words(stranger) == []


def test_pause_that_is_over_waits_for_the_owners(force_member, leader, steel, auto, county_officer, liubei):
    over = {"status": Status.PAUSED, "status_reason": "land", "reporting_unit": liubei}
    mine = factories.project(name="特钢线材", task_force=steel, paused_until=TODAY, **over)
    factories.project(task_force=steel, paused_until=TODAY + DAY, **over)
    assisted = factories.project(name="车身件", task_force=auto, paused_until=TODAY - DAY, **over)
    assisted.assisting.add(steel)

    assert words(force_member) == [("Pause is over", "特钢线材", TODAY)]
    assert words(leader) == [("Pause is over", "车身件", TODAY - DAY), ("Pause is over", "特钢线材", TODAY)]
    assert words(county_officer) == []
    assert urls(force_member) == [mine.get_absolute_url()]


@pytest.fixture
def item(planning):
    template = factories.item_template(department=planning, name_en="Land permit")
    accepted = TODAY - 10 * DAY
    running = {"state": ItemState.RUNNING, "accepted_on": accepted, "running_since": accepted}
    return factories.item(template=template, promise_due=TODAY - 3 * DAY, last_event_on=accepted, **running)


def test_item_that_falls_due_waits_for_its_department_and_its_team(
    item, department_officer, service_member, leader
):
    factories.service(item.project, factories.service_team(service_member))

    expected = ("3 days over promise", f"Land permit · {item.project.name}", TODAY - 3 * DAY)
    assert words(department_officer) == [expected]
    assert words(service_member) == [expected]
    assert words(leader) == []


@pytest.mark.parametrize(
    ("fields", "is_shown"),
    [
        ({"promise_due": datetime.date(2026, 3, 25)}, True),  # the third working day from now
        ({"promise_due": datetime.date(2026, 3, 26)}, False),
        ({"promise_due": None, "statute_due": TODAY}, True),
        ({"state": ItemState.APPROVED}, False),
    ],
)
def test_item_is_shown_three_working_days_ahead(item, department_officer, fields, is_shown):
    for name, value in fields.items():
        setattr(item, name, value)
    item.save()

    assert bool(words(department_officer)) == is_shown


def test_open_issue_waits_for_the_department_until_it_answers_and_then_for_the_team(
    department_officer, service_member, planning
):
    issue = factories.issue(department=planning, text="no land", raised_on=TODAY - 4 * DAY)
    factories.service(issue.project, factories.service_team(service_member))
    expected = ("Logged", f"no land · {issue.project.name}", None)

    assert (words(department_officer), words(service_member)) == ([expected], [expected])
    issue.state = IssueState.ANSWERED
    issue.save()
    assert [word for word, _title, _due in words(service_member)] == ["Answered"]
    assert words(department_officer) == []
    issue.state = IssueState.SUSPENDED
    issue.save()
    assert words(service_member) == []


def test_need_waits_for_its_department_and_a_task_for_its_officer(
    department_officer, planning, service_member
):
    project = factories.project(Stage.SIGNING, name="风电装备项目")
    factories.service(project, factories.service_team(service_member))
    need = factories.support_need(project, department=planning)
    soon = factories.support_need(
        project, department=planning, text="生产用水", state="accepted", needed_by=TODAY + 3 * DAY
    )
    factories.support_need(project, department=planning, state="accepted", needed_by=TODAY + 30 * DAY)
    task = factories.agency_task(project, officer=service_member, due_on=TODAY - DAY)
    factories.agency_task(project, due_on=TODAY)

    assert words(department_officer) == [
        ("1 day left", "生产用水 · 风电装备项目", TODAY + 3 * DAY),
        ("28 days left", "10千伏专线供电 · 风电装备项目", need.needed_by),
    ]
    assert urls(service_member)[0] == reverse("approvals:task", args=[task.pk])
    assert reverse("approvals:need", args=[soon.pk]) in urls(service_member)
    assert len(urls(service_member)) == 3


def test_stall_waits_for_the_lead_of_its_task_force_and_when_red_for_the_bureau(
    force_lead, force_member, leader, steel, auto
):
    amber = factories.stall_flag(factories.item(factories.project(task_force=steel)))
    red = factories.stall_flag(
        factories.item(factories.project(task_force=auto)), severity=Severity.RED, first_day=TODAY
    )
    factories.stall_flag(factories.item(factories.project(task_force=steel)), cleared_on=TODAY)

    assert urls(force_lead) == [reverse("approvals:acknowledge", args=[amber.pk])]
    assert urls(leader) == [reverse("approvals:acknowledge", args=[red.pk])]
    assert words(force_member) == []
    amber.acknowledged_by = force_lead
    amber.save()
    assert words(force_lead) == []


def test_briefing_waits_for_whoever_takes_the_next_step(force_lead, clerk, leader, steel):
    briefing = factories.briefing(task_force=steel)

    assert [word for word, _title, _due in words(force_lead)] == ["To be confirmed"]
    dispute = Review.objects.create(briefing=briefing, kind=ReviewKind.DISPUTED, by=force_lead)
    assert [word for word, _title, _due in words(clerk)] == ["Dispute to answer"]
    assert words(force_lead) == []
    Review.objects.create(briefing=briefing, kind=ReviewKind.ANSWERED, by=clerk, answers=dispute)
    briefing.state = BriefingState.REVIEWED
    briefing.save()
    assert [(word, due) for word, _title, due in words(leader)] == [("To be signed off", None)]
    assert urls(leader) == [briefing.get_absolute_url()]
    assert words(clerk) == []


# --- In which order -----------------------------------------------------------------------------


def test_heaps_follow_the_due_day(leader, clerk):
    def paused(name: str, until: datetime.date) -> None:
        factories.project(name=name, status=Status.PAUSED, paused_until=until)

    paused("long over", TODAY - 9 * DAY)
    paused("over today", TODAY)
    factories.stall_flag(severity=Severity.RED, first_day=TODAY - DAY)
    factories.contract_event(recorded_by=clerk)

    found = waiting_for(leader, TODAY)
    assert [(title, [task.due for task in tasks]) for title, tasks in found.by_due_day] == [
        ("Overdue", [TODAY - 9 * DAY, TODAY - DAY]),
        ("Today", [TODAY]),
        ("Without a fixed day", [None]),
    ]
    assert (found.count, found.more) == ("4", [])


def test_only_the_most_urgent_of_a_kind_are_shown_and_the_rest_is_one_link_away(leader, clerk):
    project = factories.project(Stage.NEGOTIATION, created_by=clerk)
    for _n in range(SHOWN + 1):
        factories.contract_event(project)

    found = waiting_for(leader, TODAY)
    assert (len(found.tasks), found.count) == (SHOWN, f"{SHOWN}+")
    assert [more.url for more in found.more] == [reverse("projects:verify")]


# --- The page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_today_opens_for_everybody(client, role):
    response = get(client, factories.user(role))

    assert response.status_code == 200
    assert "Nothing waits for you" in response.content.decode() or response.context["tools"] is not None


def test_stranger_to_the_program_signs_in_first(client):
    assert client.get(reverse("today")).headers["Location"].startswith(reverse("accounts:sign_in"))


def test_everyones_figures_are_those_of_the_own_task_force_or_unit(
    client, leader, force_member, county_officer, service_member, steel, liubei, luzhai
):
    factories.mechanism(2026, task_forces=(steel,))
    signed = factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)
    factories.share(signed, liubei, 60)
    factories.share(signed, luzhai, 40)
    factories.verified_event(signed, amount=Decimal(20000), signed_on=TODAY)
    factories.verified_event(amount=Decimal(10000), signed_on=TODAY)

    def shown(user: User) -> tuple[str, str]:
        context = get(client, user).context
        return context["whose"], next(card.value for card in context["cards"])

    assert shown(leader) == ("The whole city", "3.0")
    assert shown(force_member) == ("Steel", "2.0")
    assert shown(county_officer) == ("Liubei District", "1.2")
    assert shown(service_member) == ("My work", "0")


def test_every_card_opens(client, leader, county_officer, department_officer, item):
    for user in (leader, county_officer, department_officer):
        for card in get(client, user).context["cards"]:
            assert client.get(card.url).status_code == 200
            if user == department_officer:
                assert client.get(card.url).context["page"].paginator.count == int(card.value)


def test_department_sees_its_own_work_in_numbers(client, department_officer, planning, item):
    factories.issue(item.project, department=planning)

    cards = {card.code: card.value for card in get(client, department_officer).context["cards"]}
    assert cards == {"items": "1", "over_promise": "1", "over_statute": "0", "issues": "1"}


def test_news_are_shown_until_they_are_read(client, leader):
    notify([leader], key="one", kind="something happened", url="/board/")

    response = get(client, leader)
    assert [line["sentence"] for line in response.context["news"]] == ["something happened"]
    client.get(reverse("accounts:notice", args=[leader.notifications.get().pk]))
    assert get(client, leader).context["news"] == []


@pytest.mark.parametrize(
    ("role", "first"),
    [
        (Role.SYSTEM_ADMIN, "admin:accounts_user_changelist"),
        (Role.SECURITY_ADMIN, "admin:core_calendaroverride_changelist"),
        (Role.AUDIT_ADMIN, "core:audit"),
    ],
)
def test_administrators_find_their_tools_and_no_business(client, role, first):
    response = get(client, factories.user(role))

    tools = [way.url for way in response.context["tools"]]
    assert tools[0] == reverse(first)
    assert [client.get(url).status_code for url in tools] == [200] * len(tools)
    assert "cards" not in response.context


def test_today_costs_the_same_with_one_of_each_and_with_many(client, leader, clerk, steel):
    leader.memberships.create(task_force=steel, is_lead=True)

    months = itertools.count(1)

    def grow() -> None:
        month = next(months)
        project = factories.project(Stage.NEGOTIATION, created_by=clerk, task_force=steel)
        factories.contract_event(project)
        factories.project(status=Status.PAUSED, paused_until=TODAY)
        factories.stall_flag(severity=Severity.RED)
        factories.briefing(factories.period(datetime.date(2025, month, 1)), state=BriefingState.REVIEWED)
        notify([leader], key=f"news {month}", kind="news")
        SigningDraft.objects.create(user=leader)

    client.force_login(leader)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse("today")).status_code == 200
        return len(asked)

    grow()
    one = queries()
    grow()
    grow()
    assert queries() == one


# --- What is remembered -------------------------------------------------------------------------


def test_answer_is_kept_until_anything_changes():
    memory, asked = Memory(), []

    def find() -> int:
        asked.append(1)
        return len(asked)

    assert [memory.recall("how many", find) for _n in range(3)] == [1, 1, 1]
    assert memory.recall("another question", find) == 2
    factories.project()
    assert AuditEntry.objects.exists()
    assert memory.recall("how many", find) == 3


def test_answer_is_not_kept_longer_than_its_time():
    memory, asked = Memory(seconds=0), []

    def find() -> int:
        asked.append(1)
        return len(asked)

    assert [memory.recall("how many", find) for _n in range(2)] == [1, 2]


def test_answers_used_least_lately_make_room():
    memory = Memory(answers=2)
    for question in ("a", "b", "a", "c"):
        memory.recall(question, lambda: "asked first")

    assert memory.recall("a", lambda: "asked again") == "asked first"
    assert memory.recall("b", lambda: "asked again") == "asked again"
