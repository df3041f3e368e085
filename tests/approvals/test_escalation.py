"""The ladder: the days on which a matter climbs, missed nights, two workers, who is told."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import AgencyKind, MailChoice, Notification, User
from accounts.notifications import sentence_of
from accounts.roles import Role
from approvals import escalation, issues, stalls
from approvals.choices import ConfirmedBy, IssueCategory, IssueLevel, IssueState, Severity
from approvals.issues import CannotStep
from approvals.models import EscalationRule, Issue, StallFlag
from core.models import CalendarOverride
from core.workdays import calendar
from projects import pipeline
from projects.choices import Stage
from tests import factories

L, S = IssueLevel, IssueState
RAISED = datetime.date(2025, 9, 1)  # a Monday
LATER = datetime.date(2028, 6, 30)
DAY = datetime.timedelta(days=1)


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


@pytest.fixture
def ladder(db) -> None:
    escalation.load_escalation_rules(RAISED)
    calendar()


@pytest.fixture
def project(steel):
    return factories.project(Stage.SIGNING, name="特钢线材", task_force=steel)


@pytest.fixture
def issue(ladder, project, clerk, planning) -> Issue:
    return log(project, clerk, planning, RAISED)


def log(project, by, department, on) -> Issue:
    facts = {"category": IssueCategory.LAND, "text": "用地指标尚未落实", "department": department}
    return issues.log(project, **facts, on=on, by=by, today=LATER)


def in_hand(issue: Issue, on: str = "09-02") -> Issue:
    by = issue.raised_by
    issues.take_on(issue, on=d(on), by=by, today=LATER)
    issues.handle(issue, on=d(on), by=by, today=LATER)
    return issue


def climbed(issue: Issue) -> list[tuple]:
    """The climbs of an issue: level, day, after how many working days."""
    rows = issue.events.filter(level__isnull=False).order_by("on", "pk")
    return list(rows.values_list("level", "on", "after_days"))


def stands(matter) -> tuple:
    matter.refresh_from_db()
    return matter.level, matter.level_since


# --- When an issue climbs ---------------------------------------------------------------------


def test_an_issue_climbs_on_the_fifth_working_day_by_the_system(issue):
    escalation.climb(d("09-05"))
    assert (climbed(issue), stands(issue)) == ([], (L.TEAM, RAISED))

    escalation.climb(d("09-08"))

    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-08"), 5)]
    assert stands(issue) == (L.LEAD_DEPARTMENT, d("09-08"))
    event = issue.events.get(level=L.LEAD_DEPARTMENT)
    assert (event.by.is_system, event.source, event.target, event.note) == (True, S.LOGGED, S.LOGGED, "")
    assert (issue.state, issue.state_since, issue.version) == (S.LOGGED, RAISED, 2)


def test_the_timers_are_five_five_and_ten_and_the_mayor_has_none(issue):
    escalation.climb(d("2026-06-30"))

    assert climbed(issue) == [
        (L.LEAD_DEPARTMENT, d("09-08"), 5),
        (L.TASK_FORCE_LEAD, d("09-15"), 5),
        (L.SECRETARY_GENERAL, d("09-28"), 10),  # a worked Sunday
    ]


def test_an_office_may_give_the_fourth_level_a_timer(issue):
    EscalationRule.objects.create(level=L.SECRETARY_GENERAL, days=10, effective_from=RAISED)

    escalation.climb(d("2026-06-30"))

    assert climbed(issue)[-1] == (L.MAYOR, d("10-17"), 10)


def test_nothing_climbs_above_the_mayor(db):
    with pytest.raises(ValidationError, match="市长"):
        EscalationRule(level=L.MAYOR, days=5, effective_from=RAISED).full_clean()


def test_the_timer_rests_over_spring_festival(ladder, project, clerk, planning):
    issue = log(project, clerk, planning, d("2026-02-13"))

    escalation.climb(d("2026-02-26"))
    assert climbed(issue) == []
    escalation.climb(d("2026-02-27"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("2026-02-27"), 5)]


def test_the_twenty_ninth_of_february_is_a_day_like_others(ladder, project, clerk, planning):
    issue = log(project, clerk, planning, d("2028-02-22"))

    escalation.climb(d("2028-02-28"))
    assert climbed(issue) == []
    escalation.climb(d("2028-02-29"))
    escalation.climb(d("2028-03-07"))

    assert [on for _level, on, _days in climbed(issue)] == [d("2028-02-29"), d("2028-03-07")]


def test_the_timer_follows_the_office_s_own_days(issue):
    CalendarOverride.objects.create(day=d("09-03"), is_workday=False, note="自治区通知")

    escalation.climb(d("09-08"))
    assert climbed(issue) == []
    escalation.climb(d("09-09"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-09"), 5)]


# --- What stops the timer ---------------------------------------------------------------------


def test_the_timer_stands_still_while_it_is_suspended(issue, clerk):
    in_hand(issue)
    issues.suspend(issue, reason="等省厅批复", on=d("09-04"), by=clerk, today=LATER)  # 2, 3 and 4 are counted
    escalation.climb(d("09-24"))
    assert climbed(issue) == []
    issues.handle(issue, on=d("09-25"), by=clerk, today=LATER)

    escalation.climb(d("09-28"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-28"), 5)]


def test_the_timer_stands_still_while_the_project_is_paused(issue, clerk):
    project = issue.project
    pipeline.pause(project, reason="企业调整", until=d("10-31"), by=clerk, today=d("09-04"))
    escalation.climb(d("09-30"))
    assert climbed(issue) == []
    pipeline.resume(project, reason="已调整", by=clerk, today=d("10-09"))

    escalation.climb(d("10-11"))

    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("10-11"), 5)]


def test_an_answer_waits_for_its_confirmation_on_a_timer_of_its_own(issue, clerk):
    in_hand(issue)
    issues.answer(issue, note="两周内送电", on=d("09-05"), by=clerk, today=LATER)

    escalation.climb(d("09-11"))
    assert climbed(issue) == []
    escalation.climb(d("09-12"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-12"), 5)]


def test_an_answer_that_does_not_do_buys_no_days(issue, clerk):
    in_hand(issue)
    issues.answer(issue, note="已办", on=d("09-05"), by=clerk, today=LATER)  # four days are counted
    issues.handle(issue, note="未明确日期", on=d("09-10"), by=clerk, today=LATER)

    escalation.climb(d("09-10"))
    assert climbed(issue) == []
    escalation.climb(d("09-11"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-11"), 5)]


def test_a_resolved_issue_climbs_no_more_and_begins_anew_when_it_is_reopened(issue, clerk):
    escalation.climb(d("09-08"))
    issue.refresh_from_db()
    in_hand(issue, "09-09")
    issues.resolve(
        issue,
        statement="已落实",
        files=[factories.stored_file()],
        confirmed_by=ConfirmedBy.OFFICER,
        confirmed_name="韦经办",
        on=d("09-10"),
        by=clerk,
        today=d("09-10"),
    )
    escalation.climb(d("09-30"))
    assert len(climbed(issue)) == 1

    issues.reopen(issue, reason="又被收回", on=d("10-09"), by=clerk, today=d("10-09"))
    escalation.climb(d("10-14"))
    assert len(climbed(issue)) == 1
    escalation.climb(d("10-15"))

    assert climbed(issue)[-1] == (L.TASK_FORCE_LEAD, d("10-15"), 5)


def test_an_issue_from_a_ledger_begins_on_the_day_the_program_knows_of_it(ladder, project, clerk, planning):
    issue, _new = issues.take_over(
        project,
        category=IssueCategory.FINANCE,
        text="设备贷款审批缓慢",
        department=planning,
        raised_on=d("03-03"),
        state=S.HANDLING,
        by=clerk,
        today=RAISED,
        source="service-2025.xlsx, 问题清单!3",
    )

    escalation.climb(d("09-08"))

    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-08"), 5)]


# --- Rules that change ------------------------------------------------------------------------


def test_a_shorter_timer_holds_from_its_day_on(issue):
    EscalationRule.objects.create(level=L.TEAM, days=2, effective_from=d("09-05"))

    escalation.climb(d("09-04"))
    assert climbed(issue) == []
    escalation.climb(d("09-05"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-05"), 2)]


def test_a_longer_timer_spares_what_has_not_climbed_by_its_day(issue):
    EscalationRule.objects.create(level=L.TEAM, days=8, effective_from=d("09-08"))

    escalation.climb(d("09-10"))
    assert climbed(issue) == []
    escalation.climb(d("09-11"))
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-11"), 8)]


def test_nought_turns_a_timer_off(issue):
    EscalationRule.objects.create(level=L.TEAM, days=0, effective_from=d("09-03"))

    escalation.climb(d("12-31"))

    assert climbed(issue) == []
    assert escalation.ahead(issue, days=calendar()) is None


# --- By hand ------------------------------------------------------------------------------------


def test_by_hand_it_goes_up_and_down_with_a_reason_and_the_timer_begins_anew(issue, clerk):
    in_hand(issue)
    issues.escalate(issue, reason="部门间意见不一", on=d("09-03"), by=clerk, today=LATER)
    assert stands(issue) == (L.LEAD_DEPARTMENT, d("09-03"))
    issues.send_down(issue, reason="窗口即可办结", on=d("09-05"), by=clerk, today=LATER)
    assert stands(issue) == (L.TEAM, d("09-05"))

    escalation.climb(d("09-11"))
    escalation.climb(d("09-12"))

    assert climbed(issue) == [
        (L.LEAD_DEPARTMENT, d("09-03"), None),
        (L.TEAM, d("09-05"), None),
        (L.LEAD_DEPARTMENT, d("09-12"), 5),
    ]


def test_send_down_refuses_what_makes_no_sense(issue, clerk):
    facts = {"by": clerk, "today": LATER}
    with pytest.raises(CannotStep, match="没有更低"):
        issues.send_down(issue, reason="窗口即可办结", on=d("09-05"), **facts)
    issues.escalate(issue, reason="部门间意见不一", on=d("09-05"), **facts)
    with pytest.raises(CannotStep):
        issues.send_down(issue, reason=" ", on=d("09-05"), **facts)
    with pytest.raises(CannotStep, match="2025-09-05"):
        issues.send_down(issue, reason="窗口即可办结", on=d("09-04"), **facts)

    assert stands(issue) == (L.LEAD_DEPARTMENT, d("09-05"))


def test_the_next_level_is_told_at_once_and_its_leaders_by_mail(issue, service_member, force_lead, clerk):
    User.objects.update(email="someone@example.cn")
    factories.service(issue.project, factories.service_team(service_member))
    for level in ("department", "lead"):
        issues.escalate(issue, reason=level, on=d("09-05"), by=clerk, today=LATER)

    with translation.override("en"):
        told = [(n.user.username, sentence_of(n), n.by_mail) for n in Notification.objects.order_by("pk")]
    assert told == [
        ("service_member", "韦经办 has sent issue WT-2025-0001 up to you.", False),
        ("force_lead", "韦经办 has sent issue WT-2025-0001 up to you.", True),
    ]


# --- Stall flags --------------------------------------------------------------------------------


@pytest.fixture
def flag(ladder, project) -> StallFlag:
    item = factories.item(project)
    return factories.stall_flag(item, severity=Severity.RED, raised_on=RAISED, first_day=RAISED)


def test_a_flag_climbs_while_nobody_says_anything(flag):
    for on in ("09-08", "09-12", "09-15", "09-28", "12-31"):
        escalation.climb(d(on))

    assert stands(flag) == (L.SECRETARY_GENERAL, d("09-28"))


def test_an_amber_flag_climbs_to_the_task_force_lead_and_a_red_one_beyond(flag):
    StallFlag.objects.update(severity=Severity.AMBER)
    escalation.climb(d("12-31"))
    assert stands(flag) == (L.TASK_FORCE_LEAD, d("09-15"))

    StallFlag.objects.update(severity=Severity.RED)
    escalation.climb(d("12-31"))

    assert stands(flag) == (L.SECRETARY_GENERAL, d("09-28"))


def test_a_flag_that_somebody_has_answered_stays_where_it_is(flag, force_lead):
    escalation.climb(d("09-08"))
    stalls.acknowledge(StallFlag.objects.get(), note="9月20日前召开评审会", by=force_lead)

    escalation.climb(d("12-31"))

    assert stands(flag) == (L.LEAD_DEPARTMENT, d("09-08"))


def test_a_flag_that_was_taken_down_climbs_no_more(flag):
    StallFlag.objects.update(cleared_on=d("09-05"))

    escalation.climb(d("12-31"))

    assert stands(flag)[0] == L.TEAM


def test_a_night_for_a_day_before_the_flag_leaves_it_alone(flag):
    escalation.climb(RAISED - DAY)

    assert stands(flag)[0] == L.TEAM


# --- Nights: missed, again, out of order, at once -------------------------------------------------


def test_a_night_run_twice_changes_nothing_more(issue, flag, force_lead):
    escalation.climb(d("09-15"))
    before = climbed(issue), stands(issue), stands(flag), Notification.objects.count()

    again = escalation.climb(d("09-15"))

    assert (again.issues, again.flags) == ([], [])
    assert (climbed(issue), stands(issue), stands(flag), Notification.objects.count()) == before


def test_missed_nights_end_in_the_same_rows(ladder, project, clerk, planning):
    """Answered while no night ran: it had climbed before, on the day it was due."""
    one, other = (log(project, clerk, planning, RAISED) for _turn in range(2))
    for issue in (one, other):
        in_hand(issue)
        issues.answer(issue, note="已办", on=d("09-10"), by=clerk, today=LATER)
    escalation.climb(d("09-09"))
    escalation.climb(d("09-20"))

    assert (
        climbed(one)
        == climbed(other)
        == [
            (L.LEAD_DEPARTMENT, d("09-08"), 5),
            (L.TASK_FORCE_LEAD, d("09-17"), 5),
        ]
    )


@pytest.mark.django_db(transaction=True)
def test_two_workers_climb_at_once_and_end_in_the_same_rows_as_one():
    escalation.load_escalation_rules(RAISED)
    made = [factories.issue(raised_on=RAISED, level_since=RAISED) for _turn in range(3)]
    lead = factories.user(Role.LEADER)
    factories.stall_flag(raised_on=RAISED)
    User.objects.system()

    def work(_turn: int) -> int:
        try:
            sent = escalation.climb(d("09-28"))
            return len(sent.issues) + len(sent.flags)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        sent = sorted(pool.map(work, range(3)))

    assert sent == [0, 0, 4]
    assert [len(climbed(issue)) for issue in made] == [3, 3, 3]
    assert Notification.objects.filter(user=lead).count() == 1


def test_somebody_quicker_than_the_night_wins(issue, monkeypatch):
    """The issue moves between reading and writing: the next night looks again."""
    real = escalation.spells_of

    def meanwhile(read):
        Issue.objects.filter(pk=read.pk).update(version=7)
        return real(read)

    monkeypatch.setattr(escalation, "spells_of", meanwhile)
    assert escalation.climb(d("09-08")).issues == []
    monkeypatch.setattr(escalation, "spells_of", real)

    assert len(escalation.climb(d("09-09")).issues) == 1
    assert climbed(issue) == [(L.LEAD_DEPARTMENT, d("09-08"), 5)]


SPAN = 70  # days
WORDS = st.sampled_from([S.SUSPENDED, S.ANSWERED, S.HANDLING])


class MissedNights(TestCase):
    """Whatever nights ran, in whatever order: ended by the night of a day, the rows are the same."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        steps=st.lists(st.tuples(st.integers(1, SPAN), WORDS), max_size=6),
        nights=st.lists(st.integers(0, SPAN), max_size=8),
        last=st.integers(0, SPAN),
        changed=st.tuples(st.integers(0, SPAN), st.integers(0, 12)),
        severity=st.sampled_from(Severity),
    )
    def test_any_nights_ended_by_the_last_give_the_same_levels(self, steps, nights, last, changed, severity):
        escalation.load_escalation_rules(RAISED)
        since, days = changed
        EscalationRule.objects.create(level=L.LEAD_DEPARTMENT, days=days, effective_from=RAISED + since * DAY)
        project = factories.project()
        pair = [self.given_issue(project, steps) for _turn in range(2)]
        flags = [factories.stall_flag(raised_on=RAISED, severity=severity) for _turn in range(2)]

        hidden = Issue.objects.filter(pk=pair[1].pk)
        state = hidden.get().state
        hidden.update(state=S.RESOLVED, resolved_on=LATER)
        StallFlag.objects.filter(pk=flags[1].pk).update(cleared_on=LATER)
        for night in nights:
            if night <= last:
                escalation.climb(RAISED + night * DAY)
        hidden.update(state=state, resolved_on=None)
        StallFlag.objects.filter(pk=flags[1].pk).update(cleared_on=None)
        escalation.climb(RAISED + last * DAY)

        assert climbed(pair[0]) == climbed(pair[1])
        assert stands(pair[0]) == stands(pair[1])
        assert stands(flags[0]) == stands(flags[1])

    def given_issue(self, project, steps) -> Issue:
        issue = factories.issue(project, raised_on=RAISED, level_since=RAISED)
        for on, target in sorted(steps):
            factories.issue_event(issue, target, on=RAISED + on * DAY)
            Issue.objects.filter(pk=issue.pk).update(state=target, state_since=RAISED + on * DAY)
            issue.refresh_from_db()
        return issue


# --- Who is told ------------------------------------------------------------------------------------


def told() -> list[tuple]:
    rows = Notification.objects.filter(kind="ladder").order_by("key", "user__username")
    return [(n.key, n.user.username, n.facts["issues"], n.facts["stalls"], n.by_mail) for n in rows]


def test_each_level_tells_its_own_people(
    issue, flag, service_member, department_officer, force_lead, force_member, leader, city_leader, stranger
):
    factories.service(issue.project, factories.service_team(service_member))
    User.objects.update(email="someone@example.cn")

    for on in ("09-08", "09-15", "09-28"):
        escalation.climb(d(on))

    assert told() == [
        ("ladder-2025-09-08", "department_officer", 1, 0, False),
        ("ladder-2025-09-08", "service_member", 1, 1, True),
        ("ladder-2025-09-15", "force_lead", 1, 1, True),
        ("ladder-2025-09-28", "city_leader", 1, 1, True),
        ("ladder-2025-09-28", "leader", 1, 1, True),
    ]
    notice = Notification.objects.get(user=city_leader)
    with translation.override("en"):
        assert sentence_of(notice) == "Sent up to you by the timer: issues 1, stalled approvals 1."
    assert notice.url == "/approvals/reached/?since=2025-09-28"


def test_a_red_flag_is_mailed_from_the_first_climb_on(flag, service_member):
    factories.service(flag.project, factories.service_team(service_member))
    User.objects.update(email="someone@example.cn")

    escalation.climb(d("09-08"))

    assert told() == [("ladder-2025-09-08", "service_member", 0, 1, True)]


def test_who_wants_no_mails_is_told_in_the_program_all_the_same(issue, city_leader):
    User.objects.update(email="someone@example.cn", mails=MailChoice.DIGEST)

    escalation.climb(d("09-28"))

    assert told() == [("ladder-2025-09-28", "city_leader", 1, 0, False)]


def test_teams_of_other_projects_and_people_who_have_left_are_not_told(issue, service_member, planning):
    factories.service_team(service_member)
    factories.user(Role.DEPARTMENT, agency=planning, is_active=False)
    factories.user(Role.DEPARTMENT, agency=factories.agency(AgencyKind.APPROVAL))

    escalation.climb(d("09-08"))

    assert told() == []


def test_the_night_asks_as_often_for_three_matters_that_stay_as_for_one(ladder, project, count_queries):
    User.objects.system()

    def matter():
        made = factories.issue(project, raised_on=RAISED, level_since=RAISED)
        factories.issue_event(made, S.HANDLING, on=RAISED)
        factories.stall_flag(factories.item(project), raised_on=RAISED)

    matter()
    one = count_queries(lambda: escalation.climb(d("09-02")))
    matter()
    matter()

    assert count_queries(lambda: escalation.climb(d("09-02"))) == one


# --- What lies ahead ----------------------------------------------------------------------------------


def test_ahead_names_the_next_level_and_its_day(issue, clerk):
    assert escalation.ahead(issue, days=calendar()) == escalation.Climb(L.LEAD_DEPARTMENT, d("09-08"), 5)
    in_hand(issue)
    issues.suspend(issue, reason="等省厅批复", on=d("09-03"), by=clerk, today=LATER)
    assert escalation.ahead(Issue.objects.get(), days=calendar()) is None
