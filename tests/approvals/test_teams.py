"""Service teams: who follows a project, hand-over with its note, and two people at once."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Notification
from approvals import teams
from approvals.choices import AssistanceEventKind
from approvals.models import AgencyTaskEvent, Service
from approvals.teams import CannotAssign, HandOver
from projects.choices import Stage
from projects.models import Project
from tests import factories

TODAY = datetime.date(2025, 9, 30)
SINCE = datetime.date(2025, 6, 2)
NOTE = HandOver("环评待批，节能已办结；业主联系人李总。")


def history(project: Project) -> list[tuple]:
    rows = Service.objects.filter(project=project).order_by("since", "pk")
    return [(row.team.name, row.leader, row.since, row.until) for row in rows]


@pytest.fixture
def project(db) -> Project:
    return factories.project(Stage.SIGNING)


@pytest.fixture
def one(service_member):
    return factories.service_team(service_member, name="第1服务专班")


@pytest.fixture
def other():
    return factories.service_team(factories.user("service", name="梁晓东"), name="第2服务专班")


@pytest.fixture
def given(project, one, clerk) -> Service:
    """The project is followed by the first team."""
    return teams.assign(project, one, leader="李丽娟", since=SINCE, by=clerk, today=TODAY)


def test_assign_lets_a_team_follow_a_project(project, clerk):
    team = factories.service_team(name="第7服务专班")

    service = teams.assign(project, team, leader=" 陆海燕 ", since=SINCE, by=clerk, today=TODAY)

    assert history(project) == [("第7服务专班", "陆海燕", SINCE, None)]
    assert (service.assigned_by, service.recorded_on) == (clerk, TODAY)


def test_assign_the_same_again_changes_nothing(project, clerk):
    team = factories.service_team()
    first = teams.assign(project, team, leader="陆海燕", since=SINCE, by=clerk, today=TODAY)

    assert teams.assign(project, team, leader="陆海燕", since=TODAY, by=clerk, today=TODAY) == first
    assert len(history(project)) == 1


def test_another_leader_of_the_same_team_needs_no_note(project, given, one, clerk):
    teams.assign(project, one, leader="陆海燕", since=TODAY, by=clerk, today=TODAY)

    assert history(project) == [
        ("第1服务专班", "李丽娟", SINCE, TODAY),
        ("第1服务专班", "陆海燕", TODAY, None),
    ]


def test_hand_over_keeps_the_history_with_note_and_what_was_open(project, given, other, clerk):
    factories.item(project, state="running")
    factories.item(project)
    factories.issue(project)
    factories.support_need(project)
    handed = datetime.date(2025, 8, 1)

    teams.assign(project, other, leader="梁晓东", since=handed, by=clerk, today=TODAY, hand_over=NOTE)

    assert history(project) == [
        ("第1服务专班", "李丽娟", SINCE, handed),
        ("第2服务专班", "梁晓东", handed, None),
    ]
    given.refresh_from_db()
    assert (given.note, given.handed_over_by) == (NOTE.note, clerk)
    assert given.left_open == {"items": 1, "waiting": 1, "issues": 1, "needs": 1, "tasks": 0}


def test_a_team_is_not_replaced_without_a_note(project, given, other, clerk):
    with pytest.raises(CannotAssign, match=r"移交说明|hand-over note"):
        teams.assign(project, other, leader="梁晓东", since=TODAY, by=clerk, today=TODAY)

    assert history(project) == [("第1服务专班", "李丽娟", SINCE, None)]


def test_a_ledger_tells_history_and_asks_for_no_note(project, given, other, clerk):
    Notification.objects.all().delete()

    teams.assign(project, other, leader="梁晓东", since=TODAY, by=clerk, today=TODAY, source="台账.xlsx 3")

    assert len(history(project)) == 2
    assert not Notification.objects.exists()


def test_both_teams_are_told_whoever_did_it_is_not(project, given, one, other, service_member):
    colleague = factories.user("service")
    one.members.add(colleague)
    Notification.objects.all().delete()

    teams.assign(project, other, leader="梁晓东", since=TODAY, by=service_member, today=TODAY, hand_over=NOTE)

    told = Notification.objects.order_by("pk").values_list("user__name", "kind", "facts__note")
    assert sorted(told) == sorted(
        [(colleague.name, "handed_over", NOTE.note), ("梁晓东", "handed_over", NOTE.note)]
    )


def test_unfinished_tasks_are_taken_over_by_somebody_of_the_new_team(
    project, given, other, clerk, service_member
):
    task = factories.agency_task(project, officer=service_member, opened_on=SINCE)
    facts = {"leader": "梁晓东", "since": TODAY, "by": clerk, "today": TODAY}
    with pytest.raises(CannotAssign, match=service_member.name):
        teams.assign(project, other, **facts, hand_over=NOTE)
    stranger = factories.user("service")
    with pytest.raises(CannotAssign, match=stranger.name):
        teams.assign(project, other, **facts, hand_over=HandOver(NOTE.note, stranger))
    officer = other.members.get()

    teams.assign(project, other, **facts, hand_over=HandOver(NOTE.note, officer))

    task.refresh_from_db()
    assert task.officer == officer
    step = AgencyTaskEvent.objects.get(task=task, kind=AssistanceEventKind.HANDED_OVER)
    assert (step.note, step.by) == (NOTE.note, clerk)


def test_several_projects_are_handed_over_together_or_not_at_all(project, given, one, other, clerk):
    second = factories.project(Stage.SIGNING)
    teams.assign(second, one, leader="李丽娟", since=TODAY, by=clerk, today=TODAY)
    facts = {"leader": "梁晓东", "by": clerk, "today": TODAY, "hand_over": NOTE}

    with pytest.raises(CannotAssign):  # the second one was not yet followed on that day
        teams.assign_all([project, second], other, since=datetime.date(2025, 8, 1), **facts)
    assert len(history(project)) == 1
    teams.assign_all([project, second], other, since=TODAY, **facts)

    assert set(teams.followed_by(other).values_list("project", flat=True)) == {project.pk, second.pk}
    assert not teams.followed_by(one).exists()


@pytest.mark.parametrize("since", [TODAY + datetime.timedelta(days=1), SINCE - datetime.timedelta(days=1)])
def test_assign_refuses_an_impossible_day_and_leaves_all_as_it_was(project, given, clerk, since):
    before = history(project)

    with pytest.raises(CannotAssign):
        teams.assign(
            project,
            factories.service_team(),
            leader="梁晓东",
            since=since,
            by=clerk,
            today=TODAY,
            hand_over=NOTE,
        )

    assert history(project) == before


def test_hand_over_changes_who_sees_the_project(project, given, other, clerk, service_member):
    assert list(Project.objects.visible_to(service_member)) == [project]

    teams.assign(project, other, leader="乙", since=TODAY, by=clerk, today=TODAY, hand_over=NOTE)

    assert list(Project.objects.visible_to(service_member)) == []


# --- Pages ----------------------------------------------------------------------------------


@pytest.fixture
def as_leader(client: Client, leader) -> Client:
    client.force_login(leader)
    return client


def test_teams_show_what_lies_on_each(as_leader, project, given, one, other, clerk):
    factories.issue(project)
    factories.item(project)
    gone = factories.project(Stage.SIGNING)
    teams.assign(gone, one, leader="李丽娟", since=SINCE, by=clerk, today=TODAY)
    teams.assign(gone, other, leader="梁晓东", since=TODAY, by=clerk, today=TODAY, hand_over=NOTE)

    rows = {row["team"]: row for row in as_leader.get(reverse("approvals:teams")).context["rows"]}

    shown = ("projects", "before", "waiting", "issues", "resolved", "opens")
    assert [rows[one][name] for name in shown] == [1, 1, 1, 1, 0, True]
    assert [rows[other][name] for name in shown] == [1, 0, 0, 0, 0, True]


def test_each_number_of_a_team_opens_as_many_rows(as_leader, project, given, one, clerk):
    factories.issue(project)
    factories.item(project)
    [row] = as_leader.get(reverse("approvals:teams")).context["rows"]

    board, listed = reverse("approvals:board"), reverse("approvals:issues")
    waiting = as_leader.get(board, {"group": "waiting", "team": one.pk}).context["page"].paginator.count
    issues = as_leader.get(listed, {"group": "open", "team": one.pk}).context["page"].paginator.count
    assert (waiting, issues) == (row["waiting"], row["issues"])


def test_teams_cost_the_same_for_one_and_three(as_leader, project, given, clerk, count_queries):
    def ask():
        as_leader.get(reverse("approvals:teams"))

    ask()
    one = count_queries(ask)
    for _n in range(3):
        team = factories.service_team(factories.user("service"))
        teams.assign(factories.project(Stage.SIGNING), team, leader="甲", since=SINCE, by=clerk, today=TODAY)

    assert count_queries(ask) == one


def test_a_team_s_page_is_for_its_members_and_the_bureau(client, given, one, other, service_member, clerk):
    client.force_login(service_member)
    assert client.get(reverse("approvals:team", args=[one.pk])).status_code == 200
    assert client.get(reverse("approvals:team", args=[other.pk])).status_code == 404
    assert client.get(reverse("approvals:hand_over", args=[other.pk])).status_code == 404
    client.force_login(clerk)
    assert client.get(reverse("approvals:team", args=[other.pk])).status_code == 200


def test_a_team_keeps_what_it_handed_over_with_its_note(
    client, project, given, one, other, service_member, clerk
):
    teams.assign(project, other, leader="梁晓东", since=TODAY, by=clerk, today=TODAY, hand_over=NOTE)
    client.force_login(service_member)

    page = client.get(reverse("approvals:team", args=[one.pk]))

    assert page.context["now"] == []
    assert NOTE.note in page.content.decode()


def test_team_s_page_costs_the_same_for_one_and_three_projects(as_leader, given, one, clerk, count_queries):
    url = reverse("approvals:team", args=[one.pk])
    as_leader.get(url)
    first = count_queries(lambda: as_leader.get(url))
    for _n in range(3):
        teams.assign(factories.project(Stage.SIGNING), one, leader="甲", since=SINCE, by=clerk, today=TODAY)

    assert count_queries(lambda: as_leader.get(url)) == first


def test_handing_over_from_the_project_s_page(as_leader, project, given, other, service_member):
    task = factories.agency_task(project, officer=service_member, opened_on=SINCE)
    url = reverse("approvals:assign", args=[project.pk])
    assert as_leader.get(url).context["tasks"] == [task]
    data = {"team": other.pk, "leader": "梁晓东", "on": SINCE.isoformat()}

    refused = as_leader.post(url, data)
    assert refused.context["form"].non_field_errors()
    assert refused.context["form"]["leader"].value() == "梁晓东"
    as_leader.post(url, {**data, "note": NOTE.note, "officer": other.members.get().pk})

    assert [row[0] for row in history(project)] == ["第1服务专班", "第2服务专班"]
    assert NOTE.note in as_leader.get(url).content.decode()


def test_handing_over_several_from_the_team_s_page(as_leader, project, given, one, other, clerk):
    second = factories.project(Stage.SIGNING)
    teams.assign(second, one, leader="李丽娟", since=SINCE, by=clerk, today=TODAY)
    url = reverse("approvals:hand_over", args=[one.pk])
    assert len(as_leader.get(url).context["services"]) == 2
    data = {"team": other.pk, "leader": "梁晓东", "on": SINCE.isoformat(), "projects": [second.pk]}

    assert as_leader.post(url, data).context["form"].non_field_errors()
    answer = as_leader.post(url, {**data, "note": NOTE.note})

    assert answer.url == reverse("approvals:team", args=[one.pk])
    assert list(teams.followed_by(other).values_list("project", flat=True)) == [second.pk]
    assert list(teams.followed_by(one).values_list("project", flat=True)) == [project.pk]


def test_a_team_without_projects_has_nothing_to_hand_over(as_leader, other):
    assert as_leader.get(reverse("approvals:hand_over", args=[other.pk])).status_code == 200
    assert as_leader.get(reverse("approvals:team", args=[other.pk])).status_code == 200
