"""The approval bureau's ledgers through the door that all ledgers have."""

import datetime
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from approvals import deadlines, escalation, teams
from approvals import issues as verbs
from approvals.choices import ConfirmedBy, IssueCategory, IssueState, ItemEventKind, ItemState
from approvals.figures import Period, Tally, service_figures
from approvals.models import Issue, Item, ItemEvent, Service
from briefings import figures, gathering
from briefings.indicators.window import Window
from core.workdays import calendar
from ledgers import committing
from ledgers.choices import State, Verdict
from ledgers.committing import CannotUndo
from ledgers.models import Ledger
from ledgers.receiving import kinds_for
from projects.choices import Stage
from projects.models import Project
from tests import factories
from tests.ledgers.other_kinds import SAMPLES, rehearsed, verdicts, workbook

TODAY = datetime.date(2025, 9, 19)
OPENED = datetime.date(2025, 9, 1)
BACK = datetime.date(2025, 9, 22)  # the day on which a ledger is taken back
BACK_TO_WORK = ("resolved", "handling")
ISSUES = ("项目名称", "问题类别", "问题描述", "责任部门", "提出日期", "状态", "办结日期", "办理结果")


def at(day: int) -> datetime.date:
    return datetime.date(2025, 9, day)


def entered(ledger: Ledger, by: User) -> Ledger:
    return committing.commit(ledger, by=by, today=TODAY)


# --- The sample ----------------------------------------------------------------------------------------


@pytest.fixture
def projects_of_the_sample(db: None) -> list[Project]:
    call_command("load_reference", verbosity=0)
    book = openpyxl.load_workbook(SAMPLES / "service-2025.xlsx", read_only=True)
    names = {row[1] for page in book for row in page.iter_rows(min_row=3, values_only=True) if row[1]}
    project = factories.project(Stage.CONSTRUCTION)
    same = {
        name: getattr(project, name)
        for name in ("enterprise", "task_force", "reporting_unit", "location", "created_by", "stage_since")
    }
    made = [
        Project(code=f"LZ-2025-{n:04d}", name=name, stage=Stage.CONSTRUCTION, **same)
        for n, name in enumerate(sorted(names), start=1)
    ]
    return Project.objects.bulk_create(made)


def test_every_row_of_the_service_ledger_is_right_and_comes_in_once(projects_of_the_sample, clerk):
    content = (SAMPLES / "service-2025.xlsx").read_bytes()
    services = rehearsed(content, clerk, kind="services", today=TODAY)
    assert (services.counts["rows"], services.questions) == ({"new": 92}, [])
    assert [one["sheet"] for one in services.skipped] == ["问题清单"]
    entered(services, clerk)
    issues = rehearsed(content, clerk, kind="issues", today=TODAY)
    assert (issues.counts["rows"], issues.questions) == ({"new": 63}, [])
    entered(issues, clerk)

    assert set(services.counts["cells"]) | set(issues.counts["cells"]) == {State.SURE}
    assert Service.objects.count() == 92
    resolved = Issue.objects.filter(state=IssueState.RESOLVED)
    assert (Issue.objects.count(), resolved.count()) == (63, 48)
    assert set(resolved.values_list("confirmed_by", flat=True)) == {ConfirmedBy.ENTERPRISE}
    again = [rehearsed(content, clerk, kind=kind, today=TODAY, again=True) for kind in ("services", "issues")]
    assert [one.counts["rows"] for one in again] == [{"same": 92}, {"same": 63}]


# --- Services ------------------------------------------------------------------------------------------


def test_a_later_team_relieves_an_earlier_one_and_taking_back_gives_the_project_back(followed, clerk):
    factories.service_team(name="第8服务专班")
    before = Service.objects.get()
    before.since = OPENED
    before.save()
    rows = [("项目名称", "服务专班", "组长", "进驻日期"), ("特钢线材项目", "第8服务专班", "李四", at(10))]

    ledger = rehearsed(workbook(*rows), clerk, kind="services", today=TODAY)
    assert "第7服务专班" in ledger.rows.get().evidence[0]
    entered(ledger, clerk)

    now = Service.objects.get(until__isnull=True)
    assert (now.team.name, now.source) == ("第8服务专班", "台账.xlsx, 台账!2")

    committing.undo(ledger, by=clerk, today=TODAY)

    assert Service.objects.get() == before
    assert Service.objects.get().until is None


@pytest.mark.parametrize("kind", ["services", "issues"])
def test_what_another_sender_entered_meanwhile_stays_out(steel, liubei, clerk, department, kind):
    factories.project(Stage.SIGNING, name="甲项目", task_force=steel, reporting_unit=liubei)
    factories.service_team(name="一班")
    told = {
        "services": [("项目名称", "服务专班", "进驻日期"), ("甲项目", "一班", at(3))],
        "issues": [ISSUES, ("甲项目", "用地规划", "缺地", department.name, at(3), "办理中", None, None)],
    }[kind]
    first, second = (
        rehearsed(workbook(*told), clerk, kind=kind, today=TODAY, sender=name) for name in ("甲方", "乙方")
    )
    assert verdicts(second) == {2: Verdict.NEW}
    entered(first, clerk)

    entered(second, clerk)

    assert (second.counts["entered"], second.counts["rows"]) == ({"late": 1}, {"same": 1})
    assert (Service.objects.count(), Issue.objects.count()) == ((1, 0) if kind == "services" else (0, 1))


def test_an_assignment_that_was_handed_over_since_is_not_taken_back(steel, liubei, clerk):
    project = factories.project(Stage.SIGNING, name="甲项目", task_force=steel, reporting_unit=liubei)
    factories.service_team(name="一班")
    rows = [("项目名称", "服务专班", "进驻日期"), ("甲项目", "一班", at(3)), ("甲项目", "四班", at(4))]

    ledger = rehearsed(workbook(*rows), clerk, kind="services", today=TODAY)
    [asked] = ledger.questions
    assert (asked["field"], asked["raw"], asked["choices"]) == ("team", "四班", [["一班", "一班"]])
    entered(ledger, clerk)
    other = factories.service_team(name="二班")
    teams.assign(project, other, leader="", since=at(9), by=clerk, today=TODAY, source="手工")

    with pytest.raises(CannotUndo) as refusal:
        committing.undo(ledger, by=clerk, today=TODAY)

    assert project.code in refusal.value.details[0]
    assert Service.objects.count() == 2


# --- Issues --------------------------------------------------------------------------------------------


@pytest.fixture
def department(db: None) -> Any:
    return factories.agency(name="市自然资源和规划局")


def issue_row(state: str, *more: Any) -> tuple[Any, ...]:
    row = ("特钢线材项目", "用地规划", "地块控规调整未完成", "自然资源和规划局", at(3), state, *more)
    return (*row, *[None] * (len(ISSUES) - len(row)))


@pytest.fixture
def handed_in(followed, department, service_member) -> Callable[..., Ledger]:
    """A ledger of that one issue, read."""

    def hand_in(*row: Any) -> Ledger:
        return rehearsed(
            workbook(ISSUES, issue_row(*row)), service_member, kind="issues", today=TODAY, again=True
        )

    return hand_in


def told(issue: Issue) -> list[tuple[str, str]]:
    return list(issue.events.order_by("pk").values_list("source", "target"))


def counted(known_on: datetime.date | None = None) -> tuple[Any, ...]:
    window = Window(datetime.date(2025, 9, 1), datetime.date(2025, 9, 1), known_on)
    codes = ("issues_raised", "issues_resolved")
    return tuple(figures.compute(codes, window)[code].value for code in codes)


def test_an_issue_in_a_later_ledger_goes_on_and_is_what_it_was_once_that_is_taken_back(
    handed_in, service_member
):
    first = handed_in("办理中")
    assert first.rows.get().reading("department").state == State.ASSUMED  # without the “市”
    entered(first, service_member)
    later = handed_in("已解决", at(12), "企业已确认")

    row = later.rows.get()
    assert (row.verdict, row.changes) == (Verdict.CHANGED, {"state": ["handling", "resolved"]})
    former = Issue.objects.get()
    entered(later, service_member)
    issue = Issue.objects.get()
    assert (issue.state, issue.resolved_on, issue.category) == (
        IssueState.RESOLVED,
        datetime.date(2025, 9, 12),
        IssueCategory.LAND,
    )

    committing.undo(later, by=service_member, today=BACK)

    before = {name: getattr(former, name) for name in verbs.MOVED}
    issue.refresh_from_db()
    assert {name: getattr(issue, name) for name in verbs.MOVED} == before
    assert told(issue) == [("", "logged"), ("logged", "handling"), ("handling", "resolved"), BACK_TO_WORK]
    assert (deadlines.recount(), Issue.objects.reopened_between(None, None).count()) == (0, 0)
    assert [counted(day) for day in (TODAY, BACK, None)] == [(1, 1), (1, 0), (1, 0)]

    committing.undo(first, by=service_member, today=BACK)

    issue.refresh_from_db()
    assert (issue.state, issue.due_on) == (IssueState.WITHDRAWN, None)


def test_issues_of_a_ledger_taken_back_count_nowhere_and_come_in_anew(handed_in, service_member):
    ledger = handed_in("已解决", at(12), "企业已确认")
    entered(ledger, service_member)
    assert counted() == (1, 1)

    committing.undo(ledger, by=service_member, today=BACK)

    issue = Issue.objects.get()
    assert (issue.state, issue.resolved_on, issue.statement) == (IssueState.WITHDRAWN, None, "")
    assert told(issue) == [("", "logged"), ("logged", "resolved"), ("resolved", "withdrawn")]
    assert "台账.xlsx" in issue.events.latest("pk").note
    assert [counted(day) for day in (TODAY, BACK, None)] == [(1, 1), (0, 0), (0, 0)]
    year = Period(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))
    assert service_figures(service_member, year, days=calendar()).total == Tally()
    assert gathering.issues(BACK) == []
    assert deadlines.recount() == 0

    entered(handed_in("已解决", at(12), "企业已确认"), service_member)

    assert list(Issue.objects.order_by("pk").values_list("state", flat=True)) == ["withdrawn", "resolved"]
    assert counted() == (1, 1)


def test_a_withdrawn_issue_is_found_by_its_state_or_its_number(handed_in, service_member, client):
    ledger = handed_in("办理中")
    entered(ledger, service_member)
    committing.undo(ledger, by=service_member, today=BACK)
    issue = Issue.objects.get()
    client.force_login(service_member)

    def found(**asked: str) -> int:
        return len(client.get(reverse("approvals:issues"), asked).context["rows"])

    answers = {"raised_after": "2025-01-01", "group": "open", "state": "withdrawn", "q": issue.code}
    assert {key: found(**{key: value}) for key, value in answers.items()} == {
        "raised_after": 0,
        "group": 0,
        "state": 1,
        "q": 1,
    }
    shown = client.get(reverse("approvals:issue", args=[issue.pk]))
    assert (shown.status_code, shown.context["steps"]) == (200, [])
    assert "已撤销" in shown.content.decode()
    with pytest.raises(verbs.CannotStep):
        verbs.prove(issue, files=[], by=service_member)


@pytest.mark.parametrize("built", ["step", "evidence", "block", "level"])
def test_an_issue_that_somebody_went_on_with_keeps_its_ledger_in_the_books(
    handed_in, service_member, running, built
):
    ledger = handed_in("办理中")
    entered(ledger, service_member)
    issue = Issue.objects.get()
    facts = {"on": TODAY, "by": service_member, "today": TODAY}
    if built == "step":
        verbs.answer(issue, note="已协调", **facts)
    elif built == "evidence":
        verbs.prove(issue, files=[factories.stored_file()], by=service_member)
    elif built == "block":
        issue.blocks.add(running)
    else:
        verbs.escalate(issue, reason="难以协调", **facts)
    before = Issue.objects.values().get()

    with pytest.raises(CannotUndo) as refusal:
        committing.undo(ledger, by=service_member, today=BACK)

    assert issue.code in refusal.value.details[0]
    assert Issue.objects.values().get() == before


def test_what_the_timer_sent_up_hinders_nothing(handed_in, service_member):
    ledger = handed_in("办理中")
    entered(ledger, service_member)
    call_command("load_reference", verbosity=0)
    assert len(escalation.climb(datetime.date(2025, 9, 30)).issues) == 1

    committing.undo(ledger, by=service_member, today=datetime.date(2025, 9, 30))

    assert Issue.objects.get().state == IssueState.WITHDRAWN


@pytest.mark.parametrize("by_hand", [False, True])
def test_an_older_ledger_sets_no_newer_state_back(handed_in, service_member, by_hand):
    entered(handed_in("办理中"), service_member)
    issue = Issue.objects.get()
    if by_hand:
        verbs.answer(issue, note="已协调", on=at(12), by=service_member, today=TODAY)
    else:
        entered(handed_in("已解决", at(12), "企业已确认"), service_member)
    state = Issue.objects.get().state

    older = handed_in("已受理")
    entered(older, service_member)

    row = older.rows.get()
    assert (row.verdict, len(row.evidence), Issue.objects.get().state) == (Verdict.SAME, 1, state)


def test_issues_that_cannot_be_are_refused_with_the_reason(followed, department, service_member):
    rows = [
        issue_row("已解决"),
        issue_row("办理中", at(12)),
        ("没有的项目", *issue_row("办理中")[1:]),
        ("特钢线材项目", "用地规划", "另一件事", "市某某局", at(3), "办理中", None, None),
    ]

    ledger = rehearsed(workbook(ISSUES, *rows), service_member, kind="issues", today=TODAY)

    assert [verdicts(ledger)[n] for n in (2, 3, 4)] == [Verdict.REFUSED] * 3
    assert "没有的项目" in ledger.rows.get(row=4).evidence[0]
    assert [(one["field"], one["raw"]) for one in ledger.questions] == [("department", "市某某局")]


def test_an_issue_that_is_followed_in_the_program_is_not_moved(followed, department, service_member):
    verbs.log(
        followed,
        category=IssueCategory.LAND,
        text="地块控规调整未完成",
        department=department,
        on=at(3),
        by=service_member,
        today=TODAY,
    )

    ledger = rehearsed(workbook(ISSUES, issue_row("办理中")), service_member, kind="issues", today=TODAY)
    entered(ledger, service_member)

    assert (ledger.rows.get().verdict, len(ledger.rows.get().evidence)) == (Verdict.SAME, 1)
    assert Issue.objects.get().state == IssueState.LOGGED


# --- What happened to items ----------------------------------------------------------------------------


@pytest.fixture
def permit(followed, planning) -> Item:
    template = factories.item_template(code="land-permit", name="用地规划许可", department=planning)
    return factories.item(followed, template, opened_on=OPENED)


EVENTS = ("项目名称", "审批事项", "办理情况", "日期", "告知时长(工作日)", "说明")


def event_row(kind: str, day: int, *more: Any) -> tuple[Any, ...]:
    row = ("特钢线材项目", "用地规划许可", kind, at(day), *more)
    return (*row, *[None] * (len(EVENTS) - len(row)))


def test_events_are_one_course_and_are_struck_out_when_the_ledger_is_taken_back(permit, service_member):
    rows = [
        event_row("办结通过", 15),
        event_row("窗口受理", 8),
        event_row("补正开始", 9, 5, "缺总平图"),
        event_row("补正结束", 11),
        event_row("办结不通过", 4),
        event_row("办件逾期", 12),
        ("特钢线材项目", "没有的事项", "窗口受理", at(8), None, None),
    ]

    ledger = rehearsed(workbook(EVENTS, *rows), service_member, kind="item_events", today=TODAY)
    assert list(verdicts(ledger).values()) == [Verdict.NEW] * 4 + [Verdict.REFUSED] * 3
    assert all(row.evidence for row in ledger.rows.filter(verdict=Verdict.REFUSED))
    entered(ledger, service_member)

    permit.refresh_from_db()
    assert (permit.state, permit.closed_on) == (ItemState.APPROVED, at(15))
    assert ItemEvent.objects.order_by("on").first().source == "台账.xlsx, 台账!3"
    again = rehearsed(
        workbook(EVENTS, *rows[:4]), service_member, kind="item_events", today=TODAY, again=True
    )
    assert again.counts["rows"] == {"same": 4}

    committing.undo(ledger, by=service_member, today=TODAY)

    permit.refresh_from_db()
    assert permit.state == ItemState.WAITING
    struck = ItemEvent.objects.filter(kind=ItemEventKind.STRUCK)
    assert (struck.count(), "台账.xlsx" in struck.first().note) == (4, True)


def test_events_on_which_others_rest_are_not_struck_out(permit, service_member):
    first = rehearsed(
        workbook(EVENTS, event_row("窗口受理", 8)), service_member, kind="item_events", today=TODAY
    )
    entered(first, service_member)
    factories.item_event(permit, ItemEventKind.CORRECTION_STARTED, on=at(9), declared_days=5, note="缺图")

    with pytest.raises(CannotUndo) as refusal:
        committing.undo(first, by=service_member, today=TODAY)

    assert permit.project.code in refusal.value.details[0]
    assert not ItemEvent.objects.filter(kind=ItemEventKind.STRUCK).exists()


# --- Who may -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.CLERK, {"projects", "visits", "services", "issues"}),
        (Role.UNIT, {"projects"}),
        (Role.SERVICE, {"services", "issues", "item_events"}),
        (Role.DEPARTMENT, {"item_events"}),
    ],
)
def test_each_role_hands_in_its_own_kinds(db, role, kinds):
    assert {kind.code for kind in kinds_for(factories.user(role))} == kinds
