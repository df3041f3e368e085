"""Issues: the steps, what resolving needs, numbers, ledgers, and two people at once."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from approvals import issues
from approvals.choices import ConfirmedBy, IssueCategory, IssueLevel, IssueState, ReturnReason
from approvals.issues import CannotLogIssue, CannotStep
from approvals.models import ConfirmationLink, Issue
from core import clock
from core.models import Receipt
from projects.choices import Stage
from projects.models import Project
from tests import factories
from tests.api import caller

TODAY = datetime.date(2025, 9, 30)
RAISED = datetime.date(2025, 9, 1)
S = IssueState


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2025-{text}")


@pytest.fixture
def project(db):
    return factories.project(Stage.SIGNING)


@pytest.fixture
def logged(project, clerk, planning) -> Issue:
    return issues.log(
        project,
        category=IssueCategory.UTILITIES,
        text="10kV临时用电未接入",
        department=planning,
        on=RAISED,
        by=clerk,
        today=TODAY,
    )


def steps(issue: Issue) -> list[tuple[str, str, datetime.date, str]]:
    return list(issue.events.order_by("pk").values_list("source", "target", "on", "note"))


def in_hand(issue: Issue, by) -> Issue:
    issues.take_on(issue, on=d("09-02"), by=by, today=TODAY)
    issues.handle(issue, on=d("09-03"), by=by, today=TODAY)
    return issue


def resolved(issue: Issue, by, on: str = "09-12") -> Issue:
    issues.resolve(
        in_hand(issue, by),
        statement="已架设临时线路并送电",
        files=[factories.stored_file()],
        confirmed_by=ConfirmedBy.ENTERPRISE,
        confirmed_name="张工",
        on=d(on),
        by=by,
        today=TODAY,
    )
    return issue


# --- Logging --------------------------------------------------------------------------------


def test_log_writes_the_issue_with_its_first_step(logged, clerk, planning):
    assert (logged.code, logged.state, logged.level) == ("WT-2025-0001", S.LOGGED, IssueLevel.TEAM)
    assert (logged.raised_on, logged.state_since, logged.recorded_on) == (RAISED, RAISED, TODAY)
    assert steps(logged) == [("", S.LOGGED, RAISED, "")]


def test_log_numbers_by_the_year_in_which_it_was_raised(logged, clerk, planning):
    facts = {"category": IssueCategory.LAND, "text": "地块", "department": planning, "by": clerk}
    codes = [
        issues.log(logged.project, on=on, today=datetime.date(2026, 3, 1), **facts).code
        for on in (d("12-31"), datetime.date(2026, 1, 1), d("01-02"))
    ]

    assert codes == ["WT-2025-0002", "WT-2026-0001", "WT-2025-0003"]


def test_log_says_which_items_it_blocks(project, clerk, planning):
    items = [factories.item(project), factories.item(project)]

    issue = issues.log(
        project,
        category=IssueCategory.LAND,
        text="控规调整未完成",
        department=planning,
        on=RAISED,
        by=clerk,
        today=TODAY,
        blocks=items,
    )

    assert set(issue.blocks.all()) == set(items)


@pytest.mark.parametrize("wrong", ["future", "no text", "another project's item"])
def test_log_refuses_what_contradicts_itself(project, clerk, planning, wrong):
    facts = {
        "category": IssueCategory.LAND,
        "text": "地块",
        "department": planning,
        "on": RAISED,
        "by": clerk,
        "today": TODAY,
    }
    facts |= {
        "future": {"on": TODAY + datetime.timedelta(days=1)},
        "no text": {"text": "  "},
        "another project's item": {"blocks": [factories.item()]},
    }[wrong]

    with pytest.raises(CannotLogIssue):
        issues.log(project, **facts)

    assert Issue.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_people_log_at_once_and_each_gets_a_number():
    project, clerk, office = factories.project(Stage.SIGNING), factories.user(), factories.agency()

    def log_one(_turn: int) -> str:
        try:
            return issues.log(
                project,
                category=IssueCategory.LAND,
                text="地块",
                department=office,
                on=RAISED,
                by=clerk,
                today=TODAY,
            ).code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(log_one, range(8)))

    assert codes == [f"WT-2025-{number:04d}" for number in range(1, 9)]


# --- Steps ----------------------------------------------------------------------------------


def test_every_step_from_logged_to_resolved_is_written_down(logged, clerk):
    by, today = clerk, TODAY
    issues.take_on(logged, on=d("09-02"), by=by, today=today)
    issues.handle(logged, on=d("09-03"), by=by, today=today)
    issues.suspend(logged, reason="等待配电房验收", on=d("09-05"), by=by, today=today)
    issues.handle(logged, on=d("09-08"), by=by, today=today)
    issues.answer(logged, note="两周内送电", on=d("09-10"), by=by, today=today)
    issues.handle(logged, note="未明确日期", on=d("09-11"), by=by, today=today)
    issues.answer(logged, note="已送电", on=d("09-12"), by=by, today=today)
    issues.resolve(
        logged,
        statement="已架设临时线路并送电",
        files=[factories.stored_file()],
        confirmed_by=ConfirmedBy.ENTERPRISE,
        confirmed_name="张工",
        on=d("09-15"),
        by=by,
        today=today,
    )

    assert steps(logged) == [
        ("", S.LOGGED, RAISED, ""),
        (S.LOGGED, S.ACCEPTED, d("09-02"), ""),
        (S.ACCEPTED, S.HANDLING, d("09-03"), ""),
        (S.HANDLING, S.SUSPENDED, d("09-05"), "等待配电房验收"),
        (S.SUSPENDED, S.HANDLING, d("09-08"), ""),
        (S.HANDLING, S.ANSWERED, d("09-10"), "两周内送电"),
        (S.ANSWERED, S.HANDLING, d("09-11"), "未明确日期"),
        (S.HANDLING, S.ANSWERED, d("09-12"), "已送电"),
        (S.ANSWERED, S.RESOLVED, d("09-15"), "已架设临时线路并送电"),
    ]
    logged.refresh_from_db()
    assert (logged.state, logged.resolved_on, logged.version) == (S.RESOLVED, d("09-15"), 9)
    assert (logged.confirmed_by, logged.confirmed_name) == (ConfirmedBy.ENTERPRISE, "张工")
    assert logged.evidence.count() == 1


def test_steps_that_are_not_in_the_table_are_refused(logged, clerk):
    by, today, on = clerk, TODAY, RAISED
    with pytest.raises(CannotStep):
        issues.handle(logged, on=on, by=by, today=today)
    with pytest.raises(CannotStep):
        issues.answer(logged, note="答", on=on, by=by, today=today)
    with pytest.raises(CannotStep):
        issues.reopen(logged, reason="没有", on=on, by=by, today=today)

    assert steps(logged) == [("", S.LOGGED, RAISED, "")]


def test_answered_is_not_resolved(logged, clerk):
    issues.answer(in_hand(logged, clerk), note="已办", on=d("09-05"), by=clerk, today=TODAY)

    assert list(Issue.objects.open()) == [logged]


def test_steps_that_need_a_reason_refuse_without(logged, clerk):
    in_hand(logged, clerk)
    with pytest.raises(CannotStep):
        issues.suspend(logged, reason=" ", on=TODAY, by=clerk, today=TODAY)
    with pytest.raises(CannotStep):
        issues.answer(logged, note="", on=TODAY, by=clerk, today=TODAY)
    with pytest.raises(CannotStep):
        issues.escalate(logged, reason="", on=TODAY, by=clerk, today=TODAY)
    issues.answer(logged, note="已办", on=TODAY, by=clerk, today=TODAY)
    with pytest.raises(CannotStep):
        issues.handle(logged, on=TODAY, by=clerk, today=TODAY)

    logged.refresh_from_db()
    assert logged.state == S.ANSWERED


@pytest.mark.parametrize("on", [RAISED - datetime.timedelta(days=1), TODAY + datetime.timedelta(days=1)])
def test_step_on_an_impossible_day_is_refused(logged, clerk, on):
    with pytest.raises(CannotStep):
        issues.take_on(logged, on=on, by=clerk, today=TODAY)

    logged.refresh_from_db()
    assert logged.state == S.LOGGED


def test_resolve_names_everything_that_is_missing(logged, clerk):
    from django.utils import translation

    in_hand(logged, clerk)
    with translation.override("en"), pytest.raises(CannotStep) as refusal:
        issues.resolve(
            logged,
            statement=" ",
            files=[],
            confirmed_by="",
            confirmed_name="",
            on=TODAY,
            by=clerk,
            today=TODAY,
        )

    assert refusal.value.details == [
        "What was done.",
        "At least one file that proves it.",
        "Who confirms it: the enterprise or the project's officer.",
        "The name of the person who confirms it.",
    ]


def test_resolve_counts_evidence_handed_in_before(logged, clerk):
    issues.prove(in_hand(logged, clerk), files=[factories.stored_file()], by=clerk)

    issues.resolve(
        logged,
        statement="已送电",
        files=[],
        confirmed_by=ConfirmedBy.OFFICER,
        confirmed_name="韦经办",
        on=TODAY,
        by=clerk,
        today=TODAY,
    )

    assert logged.state == S.RESOLVED


def test_reopen_within_thirty_days_keeps_what_was_confirmed_in_the_history(logged, clerk):
    resolved(logged, clerk, on="09-12")

    issues.reopen(logged, reason="线路又停了", on=d("09-20"), by=clerk, today=TODAY)

    logged.refresh_from_db()
    assert (logged.state, logged.resolved_on, logged.reopened_on) == (S.HANDLING, None, d("09-20"))
    assert (logged.statement, logged.confirmed_by, logged.confirmed_name) == ("", "", "")
    said = logged.events.get(target=S.RESOLVED)
    assert (said.note, said.confirmed_by, said.confirmed_name) == (
        "已架设临时线路并送电",
        ConfirmedBy.ENTERPRISE,
        "张工",
    )


def test_reopen_after_thirty_days_asks_for_a_new_issue(logged, clerk):
    resolved(logged, clerk, on="09-12")

    with pytest.raises(CannotStep):
        issues.reopen(logged, reason="又停了", on=d("10-13"), by=clerk, today=d("10-13"))
    issues.reopen(logged, reason="又停了", on=d("10-12"), by=clerk, today=d("10-13"))

    assert logged.state == S.HANDLING


def test_reopen_cannot_be_dated_back_weeks_later(logged, clerk):
    resolved(logged, clerk, on="09-12")

    with pytest.raises(CannotStep):
        issues.reopen(logged, reason="又停了", on=d("09-20"), by=clerk, today=d("11-22"))

    assert logged.state == S.RESOLVED


def test_resolved_issue_takes_no_steps_but_reopening(logged, clerk):
    resolved(logged, clerk)

    for step in (
        lambda: issues.handle(logged, note="再办", on=TODAY, by=clerk, today=TODAY),
        lambda: issues.escalate(logged, reason="再办", on=TODAY, by=clerk, today=TODAY),
        lambda: issues.prove(logged, files=[factories.stored_file()], by=clerk),
    ):
        with pytest.raises(CannotStep):
            step()

    assert logged.state == S.RESOLVED


def test_escalate_climbs_one_step_at_a_time_up_to_the_mayor(logged, clerk):
    in_hand(logged, clerk)
    for _turn in range(4):
        issues.escalate(logged, reason="部门间意见不一", on=TODAY, by=clerk, today=TODAY)
    with pytest.raises(CannotStep):
        issues.escalate(logged, reason="再上", on=TODAY, by=clerk, today=TODAY)

    climbed = logged.events.filter(level__isnull=False).order_by("pk").values_list("level", flat=True)
    assert list(climbed) == [2, 3, 4, 5]
    logged.refresh_from_db()
    assert (logged.level, logged.state, logged.state_since) == (IssueLevel.MAYOR, S.HANDLING, d("09-03"))


def test_second_editor_is_told_who_was_quicker(logged, clerk, leader):
    shown = Issue.objects.get(pk=logged.pk)
    issues.take_on(logged, on=d("09-02"), by=leader, today=TODAY)

    with pytest.raises(CannotStep, match="覃局长"):
        issues.take_on(shown, on=d("09-03"), by=clerk, today=TODAY)
    with pytest.raises(CannotStep, match="覃局长"):
        issues.handle(
            Issue.objects.get(pk=logged.pk), on=d("09-03"), by=clerk, today=TODAY, version=shown.version
        )

    assert len(steps(logged)) == 2


@pytest.mark.django_db(transaction=True)
def test_one_answers_while_another_suspends_and_one_of_them_wins():
    clerk = factories.user()
    issue = factories.issue(state=S.HANDLING, raised_on=RAISED)

    def press(turn: int) -> bool:
        mine = Issue.objects.get(pk=issue.pk)
        try:
            if turn % 2:
                issues.answer(mine, note="已办", on=RAISED, by=clerk, today=TODAY)
            else:
                issues.suspend(mine, reason="等材料", on=RAISED, by=clerk, today=TODAY)
        except CannotStep:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(press, range(4)))

    issue.refresh_from_db()
    assert sum(won) >= 1
    assert issue.version == 1 + sum(won)
    assert issue.events.count() == sum(won)


# --- From a ledger --------------------------------------------------------------------------


def ledger_row(project, office, clerk, **told):
    facts = {
        "category": IssueCategory.FINANCE,
        "text": "设备贷款审批缓慢",
        "department": office,
        "raised_on": d("05-13"),
        "state": S.RESOLVED,
        "resolved_on": d("05-22"),
        "statement": "协调完成，企业已确认",
        "confirmed_by": ConfirmedBy.ENTERPRISE,
        "by": clerk,
        "today": TODAY,
        "source": "service-2025.xlsx, 问题清单!3",
    }
    return issues.take_over(project, **{**facts, **told})


def test_take_over_believes_the_ledger(project, planning, clerk):
    issue, step = ledger_row(project, planning, clerk)

    assert step == issue.events.last()
    assert (issue.state, issue.raised_on, issue.resolved_on) == (S.RESOLVED, d("05-13"), d("05-22"))
    assert (issue.confirmed_by, issue.evidence.count()) == (ConfirmedBy.ENTERPRISE, 0)
    assert steps(issue) == [
        ("", S.LOGGED, d("05-13"), "service-2025.xlsx, 问题清单!3"),
        (S.LOGGED, S.RESOLVED, d("05-22"), "协调完成，企业已确认"),
    ]


def test_take_over_the_same_row_again_creates_nothing(project, planning, clerk):
    first, _new = ledger_row(project, planning, clerk)

    assert ledger_row(project, planning, clerk) == (first, None)
    assert (Issue.objects.count(), len(steps(first))) == (1, 2)


def test_take_over_goes_on_from_an_earlier_ledger(project, planning, clerk):
    ledger_row(project, planning, clerk, state=S.HANDLING, resolved_on=None, statement="", confirmed_by="")

    issue, step = ledger_row(project, planning, clerk, source="service-2025-07.xlsx, 问题清单!3")

    assert step is not None
    assert step.facts["former"]["state"] == S.HANDLING
    assert (issue.state, issue.resolved_on) == (S.RESOLVED, d("05-22"))
    assert len(steps(issue)) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"resolved_on": None},
        {"state": S.HANDLING},
        {"resolved_on": d("05-01")},
        {"resolved_on": TODAY + datetime.timedelta(days=1)},
    ],
)
def test_take_over_refuses_days_that_contradict_each_other(project, planning, clerk, wrong):
    with pytest.raises(CannotLogIssue):
        ledger_row(project, planning, clerk, **wrong)

    assert Issue.objects.count() == 0


# --- Returned, and sent out again -----------------------------------------------------------------


@pytest.fixture
def office(db):
    return factories.agency(name="市住房和城乡建设局")


def returned(issue: Issue, by, because=ReturnReason.WRONG_DEPARTMENT) -> Issue:
    issues.give_back(issue, because=because, reason="请转住建部门", on=d("09-02"), by=by, today=TODAY)
    return issue


def test_a_department_returns_what_is_not_its_business(logged, planning, department_officer, clerk):
    returned(logged, department_officer)

    step = logged.events.order_by("pk").last()
    assert (logged.state, step.note, step.department) == (S.RETURNED, "请转住建部门", planning)
    assert step.returned_for == ReturnReason.WRONG_DEPARTMENT
    assert list(Issue.objects.open()) == [logged]
    assert list(Issue.objects.waiting_for(department_officer)) == []
    assert [notice.kind for notice in clerk.notifications.all()] == ["issue_returned"]


def test_it_goes_to_another_department_and_both_stand_in_the_history(logged, planning, office, clerk):
    there = factories.user("department", agency=office)
    returned(logged, clerk)

    issues.address(logged, department=office, note="", on=d("09-03"), by=clerk, today=TODAY)

    logged.refresh_from_db()
    assert (logged.state, logged.department) == (S.LOGGED, office)
    told = logged.events.order_by("pk").values_list("target", "department")
    assert list(told) == [(S.LOGGED, planning.pk), (S.RETURNED, planning.pk), (S.LOGGED, office.pk)]
    assert [notice.kind for notice in there.notifications.all()] == ["issue_addressed"]
    # the clock has not stopped meanwhile
    assert (logged.stopped_days, logged.due_on) == (0, d("09-15"))


def test_the_same_department_gets_it_again_only_completed(logged, planning, clerk):
    returned(logged, clerk)
    with pytest.raises(CannotStep):
        issues.address(logged, department=planning, note="再看看", on=TODAY, by=clerk, today=TODAY)

    other = factories.issue(department=planning, raised_on=RAISED)
    returned(other, clerk, because=ReturnReason.INCOMPLETE)
    with pytest.raises(CannotStep):
        issues.address(other, department=planning, note=" ", on=TODAY, by=clerk, today=TODAY)
    issues.address(other, department=planning, note="已补红线图", on=TODAY, by=clerk, today=TODAY)

    assert other.state == S.LOGGED


@pytest.mark.parametrize("wrong", [{"because": "other"}, {"reason": " "}])
def test_returning_needs_a_kind_and_a_word(logged, clerk, wrong):
    facts = {"because": ReturnReason.INCOMPLETE, "reason": "缺图", **wrong}
    with pytest.raises(CannotStep):
        issues.give_back(logged, **facts, on=TODAY, by=clerk, today=TODAY)


# --- Several projects ------------------------------------------------------------------------------


def test_one_issue_stands_in_the_way_of_several_projects(project, planning, clerk):
    other = factories.project(Stage.SIGNING)
    blocked = [factories.item(project), factories.item(other)]
    issue = issues.log(
        project,
        category=IssueCategory.UTILITIES,
        text="变电站未投运",
        department=planning,
        on=RAISED,
        by=clerk,
        today=TODAY,
        blocks=blocked,
        also=[other, project],
    )

    assert issues.projects_of(issue) == {project.pk, other.pk}
    assert set(issue.blocks.all()) == set(blocked)
    assert list(issue.events.order_by("pk").values_list("project", flat=True)) == [None, other.pk]
    here = Project.objects.filter(pk=other.pk)
    assert list(Issue.objects.concerning(here)) == [issue]
    assert Issue.objects.concerning(Project.objects.all()).count() == 1


def test_a_project_joins_and_leaves_as_steps(logged, clerk):
    other = factories.project(Stage.SIGNING)
    items = [factories.item(other), factories.item(other)]
    step = {"on": TODAY, "by": clerk, "today": TODAY}

    issues.concern(logged, project=other, blocks=items[:1], note="同一变电站", **step)
    issues.concern(logged, project=other, blocks=items[1:], note="", **step)
    assert list(logged.blocks.all()) == items[1:]
    issues.let_go(logged, project=other, reason="已另行接电", **step)

    assert (logged.also_concerns.count(), logged.blocks.count(), logged.state) == (0, 0, S.LOGGED)
    told = logged.events.filter(project=other).order_by("pk").values_list("let_go", "note")
    assert list(told) == [(False, "同一变电站"), (False, ""), (True, "已另行接电")]
    assert logged.version == 4


@pytest.mark.parametrize(
    "wrong", ["nothing changes", "another's item", "own project", "no reason", "resolved"]
)
def test_what_an_issue_cannot_be_told_of_its_projects(logged, clerk, wrong):
    other = factories.project(Stage.SIGNING)
    facts = {"on": TODAY, "by": clerk, "today": TODAY}
    acts = {
        "nothing changes": lambda: issues.concern(
            logged, project=logged.project, blocks=[], note="", **facts
        ),
        "another's item": lambda: issues.concern(
            logged, project=other, blocks=[factories.item()], note="", **facts
        ),
        "own project": lambda: issues.let_go(logged, project=logged.project, reason="不再涉及", **facts),
        "no reason": lambda: issues.let_go(logged, project=other, reason=" ", **facts),
        "resolved": lambda: issues.concern(logged, project=other, blocks=[], note="", **facts),
    }
    if wrong == "resolved":
        resolved(logged, clerk)

    with pytest.raises(CannotStep):
        acts[wrong]()


def test_the_department_sees_every_project_an_issue_of_its_own_concerns(logged, clerk, department_officer):
    other = factories.project(Stage.SIGNING)
    issues.concern(logged, project=other, blocks=[], note="", on=TODAY, by=clerk, today=TODAY)

    seen = set(Project.objects.visible_to(department_officer))

    assert seen == {logged.project, other}


# --- The pages --------------------------------------------------------------------------------------


@pytest.fixture
def desk(logged, clerk, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    client = Client()
    client.force_login(clerk)
    return client


def test_looking_for_other_projects_keeps_what_was_typed(desk, project, planning):
    other = factories.project(Stage.SIGNING, name="电池壳体项目", signed_on=RAISED)
    item = factories.item(other, factories.item_template(name="施工许可"))
    url = reverse("approvals:issue_new") + f"?project={project.pk}"
    typed = {"category": "utilities", "department": planning.pk, "text": "变电站未投运", "on": "2025-09-02"}

    found = desk.post(url, {**typed, "find": "电池", "look": "1"}).content.decode()
    assert "电池壳体项目" in found
    assert "变电站未投运" in found
    picked = desk.post(url, {**typed, "also": other.pk, "find": "", "look": "1"}).content.decode()
    assert "施工许可" in picked
    answer = desk.post(url, {**typed, "also": other.pk, "blocks": item.pk})

    assert answer.status_code == 302
    issue = Issue.objects.order_by("pk").last()
    assert (list(issue.also_concerns.all()), list(issue.blocks.all())) == ([other], [item])


def test_a_project_of_others_cannot_be_tied_in(project, planning, stranger, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    own = factories.project(Stage.SIGNING, reporting_unit=stranger.memberships.get().unit)
    client = Client()
    client.force_login(stranger)
    typed = {"category": "utilities", "department": planning.pk, "text": "停电", "on": "2025-09-02"}

    answer = client.post(reverse("approvals:issue_new") + f"?project={own.pk}", {**typed, "also": project.pk})

    assert answer.status_code == 200
    assert Issue.objects.count() == 0


def test_a_project_joins_and_leaves_on_its_page(desk, logged):
    other = factories.project(Stage.SIGNING, name="电池壳体项目", signed_on=RAISED)
    item = factories.item(other)
    url = reverse("approvals:concerned", args=[logged.pk])
    assert "电池壳体项目" in desk.get(url, {"q": "电池"}).content.decode()

    form = {"version": 1, "on": "2025-09-03", "blocks": item.pk, "note": "同一变电站"}
    assert desk.post(f"{url}?project={other.pk}", form).status_code == 302
    assert list(logged.blocks.all()) == [item]
    shown = desk.get(reverse("approvals:issue", args=[logged.pk])).content.decode()
    assert "涉及：电池壳体项目" in shown
    stale = desk.post(
        f"{url}?project={other.pk}", {"version": 1, "on": "2025-09-03", "let_go": "1", "note": "好了"}
    )
    assert (stale.status_code, logged.also_concerns.count()) == (200, 1)
    desk.post(f"{url}?project={other.pk}", {"version": 2, "on": "2025-09-03", "let_go": "1", "note": "好了"})

    assert logged.also_concerns.count() == 0
    assert "不再涉及：电池壳体项目" in desk.get(reverse("approvals:issue", args=[logged.pk])).content.decode()


def test_the_page_of_an_issue_costs_the_same_with_one_and_three_projects(desk, logged, clerk, count_queries):
    def tie() -> None:
        other = factories.project(Stage.SIGNING)
        facts = {"blocks": [factories.item(other)], "note": "", "on": TODAY, "by": clerk, "today": TODAY}
        issues.concern(logged, project=other, **facts)

    def open_page() -> None:
        assert desk.get(reverse("approvals:issue", args=[logged.pk])).status_code == 200

    tie()
    one = count_queries(open_page)
    tie()
    tie()
    assert count_queries(open_page) == one


def test_a_department_returns_it_by_its_button(logged, department_officer, desk):
    client = Client()
    client.force_login(department_officer)
    url = reverse("approvals:issue", args=[logged.pk])
    sent = {"step": "give_back", "version": 1, "on": "2025-09-03", "because": "incomplete", "note": "缺图"}

    assert client.post(url, {**sent, "because": ""}).status_code == 200
    assert client.post(url, sent).status_code == 302
    assert "退回：情况不清或材料不全" in desk.get(url).content.decode()


# --- Over the API -----------------------------------------------------------------------------------


def test_the_api_returns_addresses_and_shares(logged, service_member, office):
    team = factories.service_team(service_member)
    factories.service(logged.project, team)
    other = factories.project(Stage.SIGNING)
    factories.service(other, team)
    item = factories.item(other)
    path = f"/api/v1/issues/{logged.pk}/"
    with time_machine.travel(datetime.datetime(2025, 9, 30, 4, tzinfo=datetime.UTC)):
        call = caller(service_member)
        back = call.send(f"{path}return/", because="department", note="不属本部门", on="2025-09-03")
        assert (back.status_code, back.json()["state"]) == (200, "returned")
        again = call.send(f"{path}address/", department=office.code)
        assert again.json()["department"]["code"] == office.code
        tied = call.send(f"{path}concern/", project=other.pk, blocks=[item.pk]).json()
        assert [one["id"] for one in tied["also_concerns"]] == [other.pk]
        assert tied["blocks"][0]["project"] == other.pk
        assert call.send(f"{path}concern/", project=999999).status_code == 400
        gone = call.send(f"{path}let-go/", project=other.pk, note="已另行解决").json()
        assert (gone["also_concerns"], gone["blocks"]) == ([], [])
        assert gone["events"][-1]["let_go"] is True


def test_the_api_makes_the_link_and_tells_its_address_once(logged, service_member):
    factories.service(logged.project, factories.service_team(service_member))
    in_hand(logged, service_member)
    issues.prove(logged, files=[factories.stored_file()], by=service_member)
    sent = {"statement": "已送电", "sent_to": "张厂长"}
    path = f"/api/v1/issues/{logged.pk}/"
    with time_machine.travel(datetime.datetime(2025, 9, 30, 4, tzinfo=datetime.UTC)):
        call = caller(service_member)
        first = call.send(f"{path}confirmation/", key="k", **sent)
        second = call.send(f"{path}confirmation/", key="k", **sent)
        told = call.get(path).json()
        missing = call.send(f"{path}confirmation/", statement=" ", sent_to="张厂长")

    assert (first.status_code, second.status_code, missing.status_code) == (201, 201, 400)
    assert first.json()["address"].startswith("http://testserver/confirm/")
    assert second.json()["address"] is None
    token = first.json()["address"].rstrip("/").rpartition("/")[2]
    assert token not in str(list(Receipt.objects.values()))
    assert (told["state"], told["question"]["sent_to"]) == ("confirming", "张厂长")
    assert ConfirmationLink.objects.count() == 1
