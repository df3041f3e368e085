"""The agency assistance list: what an officer does with or for the enterprise, and what is refused."""

import datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from approvals import assistance
from approvals.choices import AssistanceEventKind, AssistanceMode, AssistanceState
from approvals.models import AgencyTask, AgencyTaskEvent
from approvals.rules import TASK_NEXT
from projects.choices import Stage, Status
from projects.models import Project
from tests import factories

K, S = AssistanceEventKind, AssistanceState
TODAY = datetime.date(2025, 9, 19)


def day(n: int) -> datetime.date:
    return datetime.date(2025, 9, n)


def opened(project: Project, officer: User, **facts: Any) -> AgencyTask:
    given = {
        "text": "代办施工许可证申请",
        "mode": AssistanceMode.ACT,
        "due_on": day(30),
        "on": day(3),
        "contact": "周敏",
        **facts,
    }
    return assistance.open_task(project, officer=officer, by=officer, today=TODAY, **given)


@pytest.fixture
def task(followed: Project, service_member: User) -> AgencyTask:
    return opened(followed, service_member)


def by(user: User, n: int = 10, **facts: Any) -> dict[str, Any]:
    return {"on": day(n), "by": user, "today": TODAY, **facts}


def told(task: AgencyTask) -> list[tuple[str, datetime.date]]:
    return [(event.kind, event.on) for event in task.events.order_by("pk")]


# --- Opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"on": day(20)}, "future"),
        ({"due_on": day(2)}, "before it was agreed"),
        ({"text": " "}, "what the officer does"),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(followed, service_member, facts, sentence, en):
    with pytest.raises(assistance.CannotOpenTask, match=sentence):
        opened(followed, service_member, **facts)


def test_tasks_are_opened_for_officers_of_signed_projects_that_go_on(
    followed, service_member, clerk, running, en
):
    with pytest.raises(assistance.CannotOpenTask, match="not of a service team"):
        opened(followed, clerk)
    with pytest.raises(assistance.CannotOpenTask, match="own project"):
        opened(followed, service_member, item=factories.item())
    with pytest.raises(assistance.CannotOpenTask, match="signed"):
        opened(factories.project(Stage.NEGOTIATION), service_member)
    followed.status = Status.ENDED
    with pytest.raises(assistance.CannotOpenTask, match="ended"):
        opened(followed, service_member)
    followed.status = Status.ACTIVE
    assert opened(followed, service_member, item=running).item == running


# --- The work -------------------------------------------------------------------------------------


def test_a_task_runs_from_mandate_to_result(task, service_member):
    assistance.sign_mandate(task, file=factories.stored_file(service_member), **by(service_member, 4))
    assert (task.state, task.mandate_signed_on) == (S.OPEN, day(4))
    assistance.visit(task, note="现场核对材料", **by(service_member, 5))
    assert (task.state, task.state_since) == (S.UNDER_WAY, day(5))
    assistance.help_with_papers(task, papers=7, **by(service_member, 8))
    assistance.hand_in(task, **by(service_member, 9))
    assistance.note(task, note="窗口已收件", **by(service_member, 9))
    assistance.finish(task, note="已取得施工许可证", **by(service_member, 18))

    task.refresh_from_db()
    assert (task.state, task.closed_on, task.version) == (S.DONE, day(18), 7)
    assert told(task) == [
        (K.MANDATE, day(4)),
        (K.VISIT, day(5)),
        (K.PAPERS, day(8)),
        (K.HANDED_IN, day(9)),
        (K.NOTE, day(9)),
        (K.DONE, day(18)),
    ]
    assert task.events.get(kind=K.PAPERS).papers == 7


def test_nothing_is_handed_in_for_the_enterprise_before_its_mandate(task, service_member, en):
    for step in (assistance.hand_in, lambda task, **facts: assistance.finish(task, note="完成", **facts)):
        with pytest.raises(assistance.CannotAssist, match="needs its signed mandate"):
            step(task, **by(service_member))
    assistance.sign_mandate(task, file=factories.stored_file(service_member), **by(service_member, 12))
    with pytest.raises(assistance.CannotAssist, match="2025-09-12 only"):
        assistance.hand_in(task, **by(service_member, 11))
    with pytest.raises(assistance.CannotAssist, match="was signed on 2025-09-12"):
        assistance.sign_mandate(task, file=factories.stored_file(service_member), **by(service_member, 13))

    assistance.hand_in(task, **by(service_member, 12))
    assert task.state == S.UNDER_WAY


def test_who_only_assists_needs_no_mandate_and_hands_nothing_in(followed, service_member, en):
    task = opened(followed, service_member, mode=AssistanceMode.ASSIST)
    with pytest.raises(assistance.CannotAssist, match="needs no mandate"):
        assistance.sign_mandate(task, file=factories.stored_file(), **by(service_member))
    with pytest.raises(assistance.CannotAssist, match="Assisting only"):
        assistance.hand_in(task, **by(service_member))

    assistance.begin(task, **by(service_member))
    assistance.finish(task, note="材料齐备", **by(service_member))
    assert task.state == S.DONE


def test_a_visit_may_be_entered_late_a_change_of_state_may_not(task, service_member):
    assistance.begin(task, **by(service_member, 10))
    assistance.visit(task, note="上门", **by(service_member, 4))
    for n in (2, 20):
        with pytest.raises(assistance.CannotAssist):
            assistance.visit(task, note="上门", **by(service_member, n))
    with pytest.raises(assistance.CannotAssist):
        assistance.drop(task, reason="企业自办", **by(service_member, 9))


@pytest.mark.parametrize("papers", [0, -1, 501])
def test_papers_are_counted_from_one(task, service_member, papers):
    with pytest.raises(assistance.CannotAssist):
        assistance.help_with_papers(task, papers=papers, **by(service_member))


# --- Handing over, moving, taking up again ----------------------------------------------------------


def test_a_hand_over_keeps_who_had_it(task, service_member, clerk, en):
    second = factories.user("service", name="苏专员")
    for officer, reason in ((service_member, "轮岗"), (clerk, "轮岗"), (second, " ")):
        with pytest.raises(assistance.CannotAssist):
            assistance.hand_over(task, officer=officer, reason=reason, **by(service_member))

    event = assistance.hand_over(task, officer=second, reason="轮岗，材料已备两份", **by(service_member))

    task.refresh_from_db()
    assert (task.officer, task.state) == (second, S.OPEN)
    assert (event.kind, event.officer, event.by) == (K.HANDED_OVER, second, service_member)


def test_the_day_moves_with_a_reason(task, service_member, en):
    for due_on, reason in ((day(30), "推迟"), (day(1), "提前"), (day(25), "")):
        with pytest.raises(assistance.CannotAssist):
            assistance.move_day(task, due_on=due_on, reason=reason, **by(service_member))

    event = assistance.move_day(task, due_on=day(25), reason="企业提前进场", **by(service_member))
    assert (task.due_on, event.due_on) == (day(25), day(25))


def test_a_finished_task_is_taken_up_again_with_a_reason(task, service_member, en):
    assistance.drop(task, reason="企业自办", **by(service_member))
    with pytest.raises(assistance.CannotAssist, match="has no step"):
        assistance.note(task, note="备注", **by(service_member))
    with pytest.raises(assistance.CannotAssist, match="taken up again"):
        assistance.begin(task, **by(service_member))

    assistance.begin(task, note="企业又委托办理", **by(service_member, 12))
    assert (task.state, task.closed_on) == (S.UNDER_WAY, None)


def test_steps_without_their_words_are_refused(task, service_member):
    for step in (
        lambda: assistance.visit(task, note="", **by(service_member)),
        lambda: assistance.note(task, note="", **by(service_member)),
        lambda: assistance.finish(task, note="", **by(service_member)),
        lambda: assistance.drop(task, reason="", **by(service_member)),
    ):
        with pytest.raises(assistance.CannotAssist):
            step()
    assert told(task) == []


def test_every_state_says_what_may_follow():
    assert set(TASK_NEXT) == set(S)
    assert set(TASK_NEXT[S.UNDER_WAY]) == set(K) - {K.BEGUN}


def test_of_two_at_once_the_second_is_told_who_was_first(task, service_member):
    same = AgencyTask.objects.get(pk=task.pk)
    assistance.begin(task, **by(service_member))
    with pytest.raises(assistance.CannotAssist, match=service_member.name):
        assistance.drop(same, reason="企业自办", **by(service_member))


def test_steps_are_never_changed(task, service_member):
    event = assistance.begin(task, **by(service_member))
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        AgencyTaskEvent.objects.filter(pk=event.pk).update(note="改")
    with pytest.raises(IntegrityError), transaction.atomic():
        AgencyTask.objects.filter(pk=task.pk).update(state=S.DONE)


# --- Who sees it and for whom it waits ----------------------------------------------------------------


def test_owners_and_team_see_a_task_departments_and_strangers_do_not(
    task, running, service_member, force_member, clerk, department_officer, stranger
):
    people = (service_member, force_member, clerk, department_officer, stranger)
    seen = [AgencyTask.objects.visible_to(person).exists() for person in people]
    assert seen == [True, True, True, False, False]


def test_a_task_waits_for_its_officer(task, service_member, clerk):
    waiting = AgencyTask.objects.waiting_for
    assert waiting(service_member).exists()
    assert waiting(service_member, until=day(30)).exists()
    assert not waiting(service_member, until=day(29)).exists()
    assert not waiting(factories.user("service")).exists()
    assert not waiting(clerk).exists()
    assert list(AgencyTask.objects.overdue(datetime.date(2025, 10, 1))) == [task]
