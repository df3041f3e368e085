"""On-site meetings: the way from the plan to the minutes, and every refusal on it."""

import datetime
import io
import re
from decimal import Decimal
from fractions import Fraction

import docx
import pytest
from django.db import DatabaseError, transaction

from accounts.roles import Role
from approvals.choices import IssueCategory, IssueState
from approvals.models import Issue
from briefings import candidates, meeting_papers, meetings, ranking, timetable
from briefings.meetings import CannotChoose, CannotDecide, CannotPlan, CannotSetRule, CannotStep
from briefings.models import (
    DecisionState,
    MeetingDecision,
    MeetingState,
    OnSiteMeeting,
    Score,
    ShownProject,
    VetoKind,
)
from briefings.waiting import waiting_for
from projects.choices import EventKind, Stage, Verdict
from projects.models import ContractVerdict
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
JULY = datetime.date(2026, 7, 6)
HELD = datetime.date(2026, 7, 24)


def signed(unit, month, wan=20000, **fields):
    """A contract of that month, verified five days later."""
    day = datetime.date(2026, month, 10)
    project = factories.project(
        Stage.CONSTRUCTION, reporting_unit=unit, signed_on=day, fixed_assets=Decimal(wan), **fields
    )
    factories.verified_event(project, amount=Decimal(wan), signed_on=day, verified_on=day + 5 * DAY)
    return project


@pytest.fixture
def strong(liubei):
    """Liubei signs in every month, and its works begin."""
    projects = [signed(liubei, month, permit_no=f"4502{month}") for month in range(1, 7)]
    for project in projects[:3]:
        factories.stage_change(
            project, Stage.COMMENCEMENT, source=Stage.SIGNING, on=datetime.date(2026, 5, 6)
        )
    return projects


@pytest.fixture
def weak(luzhai):
    return [signed(luzhai, 2, 15000)]


@pytest.fixture
def meeting(clerk):
    return meetings.plan(year=2026, half=1, planned_on=HELD, by=clerk, today=datetime.date(2026, 3, 2))


@pytest.fixture
def chosen(meeting, strong, weak, liubei, leader):
    meetings.choose_host(meeting, liubei, by=leader, today=JULY)
    return meeting


@pytest.fixture
def listed(chosen, strong, clerk):
    """With one project on the list and its agenda set."""
    meetings.show(chosen, strong[0], unmet=0, by=clerk)
    meetings.set_agenda(chosen, planned_on=HELD, place="政务中心", agenda="09:00 观摩", by=clerk, today=JULY)
    return chosen


@pytest.fixture
def held(listed, clerk):
    return meetings.hold(listed, on=HELD, by=clerk, today=HELD)


@pytest.fixture
def decision(held, luzhai, clerk, leader):
    """Luzhai's, of approved minutes."""
    made = meetings.decide(held, text="报送开工计划", owner=luzhai, due_on=HELD + 30 * DAY)
    meetings.write_minutes(held, text="会议要求抓紧落实。", by=clerk)
    meetings.approve_minutes(held, by=leader, today=HELD + 3 * DAY)
    made.refresh_from_db()
    return made


# --- The ranking ----------------------------------------------------------------------------------


def points(found, unit):
    return [None if p is None else float(round(p, 1)) for p in found.of(unit.pk).points]


def test_each_component_is_made_of_what_the_program_knows(meeting, strong, weak, liubei, luzhai):
    """Liubei is first in five months, second in February; 3 of its 6 signings have started works."""
    luzhai_big = signed(luzhai, 2, 90000)
    for day, resolved in ((datetime.date(2026, 4, 1), datetime.date(2026, 4, 1)), (HELD - 60 * DAY, None)):
        state = {"state": IssueState.RESOLVED, "resolved_on": resolved} if resolved else {}
        factories.issue(strong[0], due_on=day, **state)
    returned = factories.contract_event(
        luzhai_big, kind=EventKind.ADD_ON, signed_on=datetime.date(2026, 3, 1)
    )
    ContractVerdict.objects.create(
        event=returned, verdict=Verdict.RETURNED, on=datetime.date(2026, 3, 9), by=luzhai_big.created_by
    )

    found = ranking.take(meeting, today=JULY)

    assert points(found, liubei) == [83.3, 50.0, 50.0, 100.0]  # mean rank 7/6 of 2
    assert points(found, luzhai) == [16.7, 0.0, None, 66.7]
    assert [(one.unit, one.place) for one in found.standings] == [(liubei, 1), (luzhai, 2)]
    assert found.of(liubei.pk).score == Fraction(40) * Fraction(5, 6) + 15 + Fraction(15, 2) + 15


def test_an_entry_verified_after_its_month_was_closed_is_not_clean(meeting, liubei, leader):
    signed(liubei, 1)
    factories.period(datetime.date(2026, 1, 1), closed_on=datetime.date(2026, 1, 12), closed_by=leader)

    part = ranking.take(meeting, today=JULY).of(liubei.pk).parts["quality"]

    assert (part.part, part.whole) == (0, 1)


def test_reports_handed_in_by_their_day_are_half_of_the_quality(meeting, strong, weak, liubei, luzhai):
    """In March two of Liubei's projects run and one of Luzhai's; nobody reported any other month."""
    march = datetime.date(2026, 3, 1)
    factories.progress_report(strong[0], march, recorded_on=timetable.report_by(march))
    factories.progress_report(strong[1], march, recorded_on=timetable.report_by(march) + DAY)

    found = ranking.take(meeting, today=JULY)

    quality = {unit: found.of(unit.pk).parts["quality"] for unit in (liubei, luzhai)}
    assert {unit: (part.reported, part.to_report) for unit, part in quality.items()} == {
        liubei: (1, 2),
        luzhai: (0, 1),
    }
    assert [part.points for part in quality.values()] == [75, 50]


def test_equal_figures_share_a_rank(meeting, liubei, luzhai):
    signed(liubei, 3)
    signed(luzhai, 3)

    found = ranking.take(meeting, today=datetime.date(2026, 4, 2))

    places = {unit: [m.place for m in found.of(unit.pk).parts["rank"].months] for unit in (liubei, luzhai)}
    assert places == {liubei: [1, 1, 1], luzhai: [1, 1, 1]}
    assert [one.place for one in found.standings] == [1, 1]


def test_only_months_that_have_ended_are_assessed(meeting, liubei):
    with pytest.raises(ranking.CannotRank, match="2026-02-01"):
        ranking.take(meeting, today=datetime.date(2026, 1, 20))

    found = ranking.take(meeting, today=datetime.date(2026, 3, 20))

    assert (found.first_month.month, found.last_month.month) == (1, 2)


def test_a_ranking_reads_back_as_it_was_kept(meeting, strong, weak, liubei):
    found = ranking.take(meeting, today=JULY)

    again = ranking.read(ranking.plain(found))

    assert ranking.plain(again) == ranking.plain(found)
    assert again.sensitivity == found.sensitivity
    assert again.sensitivity.share_first(liubei.pk) == 100


def test_a_ranking_costs_the_same_for_one_unit_and_for_ten(meeting, strong, count_queries):
    def take():
        return ranking.take(meeting, today=JULY)

    take()
    few = count_queries(take)
    for month in range(1, 7):
        factories.issue(signed(factories.unit(), month), due_on=datetime.date(2026, month, 20))

    assert count_queries(take) == few


# --- Rules and vetoes -------------------------------------------------------------------------------


RULE = {"rank_indicator": "contracted", "conversion_indicator": "start_rate", "spread": 10, "step": 2}


def set_rule(leader, **changes):
    given = {"effective_from": JULY, "weights": (50, 20, 20, 10), "reason": "经局务会审定", **RULE}
    return meetings.set_rule(**{**given, **changes}, by=leader, today=JULY)


def test_a_rule_holds_from_its_day_on(leader):
    made = set_rule(leader, effective_from=JULY + DAY)

    assert ranking.rule_on(JULY).weights == (40, 30, 15, 15)
    assert ranking.rule_on(JULY + DAY) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": (50, 20, 20, 11)},
        {"weights": (120, -20, 0, 0)},
        {"spread": 5, "step": 2},
        {"spread": 40, "step": 1},
        {"reason": " "},
        {"effective_from": JULY - DAY},
    ],
)
def test_a_rule_that_is_none_is_refused(leader, changes):
    with pytest.raises(CannotSetRule):
        set_rule(leader, **changes)


def test_a_rule_is_never_changed(leader):
    made = set_rule(leader)

    with pytest.raises(DatabaseError), transaction.atomic():
        type(made).objects.filter(pk=made.pk).update(spread=20)


def veto(unit, leader, on):
    return meetings.enter_veto(
        unit,
        kind=VetoKind.SAFETY,
        happened_on=on,
        reason="一般事故",
        document="柳应急〔2026〕1号",
        by=leader,
        today=JULY,
    )


def test_a_veto_bars_until_it_is_lifted(meeting, strong, weak, liubei, luzhai, leader):
    entered = veto(liubei, leader, datetime.date(2026, 5, 3))

    barred = ranking.take(meeting, today=JULY)
    assert [(one.unit, one.place) for one in barred.standings] == [(luzhai, 1), (liubei, None)]
    with pytest.raises(CannotChoose, match="柳北区"):
        meetings.choose_host(meeting, liubei, reason="仍由其承办", by=leader, today=JULY)

    meetings.lift_veto(entered, reason="经复核不属实", by=leader, today=JULY)
    assert ranking.take(meeting, today=JULY).of(liubei.pk).place == 1
    with pytest.raises(CannotChoose):
        meetings.lift_veto(entered, reason="又一次", by=leader, today=JULY)


def test_what_happened_in_another_half_year_does_not_bar(meeting, strong, weak, liubei, leader):
    veto(liubei, leader, datetime.date(2025, 12, 30))

    assert ranking.take(meeting, today=JULY).of(liubei.pk).bars == ()


@pytest.mark.parametrize(("days", "is_barred"), [(364, True), (366, False)])
def test_whoever_hosted_within_twelve_months_is_left_out(meeting, strong, weak, liubei, days, is_barred):
    OnSiteMeeting.objects.create(
        year=2025,
        half=1,
        planned_on=HELD - days * DAY,
        held_on=HELD - days * DAY,
        state=MeetingState.HELD,
        host=liubei,
    )

    assert bool(ranking.take(meeting, today=JULY).of(liubei.pk).bars) == is_barred


# --- The host ---------------------------------------------------------------------------------------


def test_there_is_one_meeting_a_half_year(meeting, clerk):
    with pytest.raises(CannotPlan):
        meetings.plan(year=2026, half=1, planned_on=HELD, by=clerk, today=JULY)
    with pytest.raises(CannotPlan):
        meetings.plan(year=2026, half=2, planned_on=datetime.date(2026, 6, 1), by=clerk, today=JULY)


def test_the_ranking_is_frozen_with_the_choice(chosen, liubei, luzhai):
    before = ranking.of_meeting(chosen, today=JULY)

    signed(luzhai, 6, 900000)

    assert ranking.plain(ranking.of_meeting(chosen, today=HELD)) == ranking.plain(before)
    assert ranking.take(chosen, today=HELD).of(luzhai.pk).score != before.of(luzhai.pk).score


def test_whoever_is_not_first_hosts_with_a_reason(meeting, strong, weak, luzhai, leader):
    with pytest.raises(CannotChoose, match="理由"):
        meetings.choose_host(meeting, luzhai, by=leader, today=JULY)

    choice = meetings.choose_host(meeting, luzhai, reason="首位场地改造", by=leader, today=JULY)

    assert (meeting.host, meeting.state, choice.reason) == (luzhai, "host_chosen", "首位场地改造")


def test_the_host_learns_of_it(chosen, county_officer, leader, luzhai, liubei):
    meetings.choose_host(chosen, luzhai, reason="场地", by=leader, today=JULY)
    meetings.choose_host(chosen, liubei, by=leader, today=JULY)

    assert county_officer.notifications.get().facts["host"] == "柳北区"


def test_of_two_leaders_at_once_one_is_told(chosen, liubei, leader, clerk):
    stale = OnSiteMeeting.objects.get(pk=chosen.pk)
    meetings.choose_host(chosen, liubei, by=leader, today=JULY)

    with pytest.raises(CannotStep):
        meetings.choose_host(stale, liubei, by=leader, today=JULY)


# --- What is shown ------------------------------------------------------------------------------------


def met(meeting, project):
    found = candidates.one(meeting, project.pk)
    return {one.rule: one.met for one in found.judged}


def test_a_candidate_meets_each_rule_or_not(chosen, strong, clerk, liubei):
    good, other = strong[0], strong[4]
    factories.progress_report(good, datetime.date(2026, 6, 1), invested=Decimal(4000))
    factories.progress_report(other, datetime.date(2026, 6, 1), invested=Decimal(2999))
    type(other).objects.filter(pk=other.pk).update(is_industrial=False, permit_no="")

    assert met(chosen, good) == dict.fromkeys(candidates.RULES, True)
    assert met(chosen, other) == {
        "industrial": False,
        "new": False,
        "complete": False,
        "visible": False,
        "unseen": True,
    }
    assert candidates.of_meeting(chosen)[0].project == good


def test_a_project_shown_at_another_meeting_is_no_news(chosen, strong, clerk):
    earlier = OnSiteMeeting.objects.create(year=2025, half=2, planned_on=datetime.date(2026, 1, 20))
    ShownProject.objects.create(meeting=earlier, project=strong[0], order=1, added_by=clerk)

    assert met(chosen, strong[0])["unseen"] is False


def test_a_stalled_approval_is_a_formality_not_complete(chosen, strong):
    factories.stall_flag(factories.item(strong[0]))

    assert met(chosen, strong[0])["complete"] is False


def test_candidates_cost_the_same_for_few_and_many(chosen, strong, liubei, count_queries):
    few = count_queries(lambda: candidates.of_meeting(chosen))
    for month in range(1, 7):
        signed(liubei, month)

    assert count_queries(lambda: candidates.of_meeting(chosen)) == few


def test_a_project_that_misses_rules_is_shown_with_a_reason_only(chosen, strong, clerk):
    with pytest.raises(CannotStep, match="2"):
        meetings.show(chosen, strong[0], unmet=2, by=clerk)
    meetings.show(chosen, strong[0], unmet=2, reason="体量最大", by=clerk)

    with pytest.raises(CannotStep):
        meetings.show(chosen, strong[0], unmet=0, by=clerk)
    assert [row.reason for row in chosen.shown.all()] == ["体量最大"]


def test_another_host_has_another_list(listed, luzhai, leader, chosen, strong, clerk):
    with pytest.raises(CannotStep):  # the agenda is set
        meetings.choose_host(listed, luzhai, reason="改", by=leader, today=JULY)


def test_a_change_of_host_empties_the_list(chosen, strong, luzhai, leader, clerk):
    meetings.show(chosen, strong[0], unmet=0, by=clerk)

    meetings.choose_host(chosen, luzhai, reason="场地改造", by=leader, today=JULY)

    assert chosen.shown.count() == 0


def test_a_department_objects_with_a_reason(chosen, strong, clerk):
    row = meetings.show(chosen, strong[0], unmet=0, by=clerk)

    with pytest.raises(CannotStep):
        meetings.screen(row, department="environment", passed=False, by=clerk, today=JULY)
    meetings.screen(row, department="environment", passed=False, note="环评未批", by=clerk, today=JULY)
    meetings.screen(row, department="environment", passed=True, by=clerk, today=JULY)

    assert [(one.department, one.passed, one.by) for one in row.screenings.all()] == [
        ("environment", True, clerk)
    ]


# --- Held, scored -------------------------------------------------------------------------------------


def test_no_agenda_without_projects(chosen, clerk):
    with pytest.raises(CannotStep):
        meetings.set_agenda(chosen, planned_on=HELD, place="中心", agenda="09:00", by=clerk, today=JULY)


def test_it_is_held_on_a_day_that_has_come(listed, clerk):
    with pytest.raises(CannotStep):
        meetings.hold(listed, on=HELD, by=clerk, today=JULY)


def test_attendees_score_and_the_host_does_not(held, strong, force_lead, county_officer, stranger):
    meetings.invite_everybody(held)
    row = held.shown.get()
    sheets = {one.user: one for one in held.attendees.select_related("meeting")}

    meetings.give_scores(sheets[force_lead], {row: Decimal("90.5")}, by=force_lead)
    meetings.give_scores(sheets[stranger], {row: Decimal(80)}, by=stranger)
    meetings.give_scores(sheets[stranger], {row: Decimal(85)}, by=stranger)
    with pytest.raises(CannotStep):
        meetings.give_scores(sheets[county_officer], {row: Decimal(100)}, by=county_officer)
    with pytest.raises(CannotStep):
        meetings.give_scores(sheets[stranger], {row: Decimal("100.5")}, by=stranger)

    assert sorted(Score.objects.values_list("points", flat=True)) == [Decimal(85), Decimal("90.5")]


def test_a_second_invitation_invites_nobody_twice(held, force_lead, leader):
    meetings.invite_everybody(held)

    assert {force_lead, leader} <= {one.user for one in held.attendees.select_related("user")}
    assert meetings.invite_everybody(held) == 0


# --- Minutes and decisions ------------------------------------------------------------------------------


def test_whoever_wrote_the_minutes_does_not_approve_them(held, leader):
    with pytest.raises(CannotStep):
        meetings.approve_minutes(held, by=leader, today=HELD)
    meetings.write_minutes(held, text="会议纪要", by=leader)

    with pytest.raises(CannotStep):
        meetings.approve_minutes(held, by=leader, today=HELD)


def test_approved_minutes_never_change(decision):
    row = OnSiteMeeting.objects.filter(pk=decision.meeting_id)

    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(minutes="改写")


def test_a_decision_waits_for_its_owner_from_the_approval_on(
    held, luzhai, stranger, clerk, leader, force_lead
):
    meetings.decide(held, text="报送开工计划", owner=luzhai, due_on=HELD + 30 * DAY)
    meetings.write_minutes(held, text="纪要", by=clerk)
    assert "报送开工计划" not in [one.title for one in waiting_for(stranger, HELD).tasks]

    meetings.approve_minutes(held, by=leader, today=HELD)

    due = {task.title: task.due for task in waiting_for(stranger, HELD).tasks}
    assert due["报送开工计划"] == HELD + 30 * DAY
    assert stranger.notifications.filter(kind="meeting_decision").count() == 1
    assert "报送开工计划" not in [one.title for one in waiting_for(force_lead, HELD).tasks]


def test_a_decision_has_a_day_after_the_meeting(held, luzhai):
    with pytest.raises(CannotDecide):
        meetings.decide(held, text="当日完成", owner=luzhai, due_on=HELD)


def test_a_decision_is_done_taken_up_again_moved_and_dropped(decision, stranger, clerk):
    on = HELD + 10 * DAY
    meetings.finish(decision, note="已报送", by=stranger, today=on)
    assert (decision.state, decision.done_note, decision.closed_on) == ("done", "已报送", on)
    with pytest.raises(CannotDecide):
        meetings.finish(decision, note="再报", by=stranger, today=on)

    meetings.reopen(decision, note="缺开工日期", by=clerk, today=on)
    meetings.move_day(decision, due_on=on + 25 * DAY, note="补充材料", by=clerk, today=on)
    meetings.drop(decision, note="并入月报", by=clerk, today=on)

    decision.refresh_from_db()
    assert (decision.state, decision.due_on) == (DecisionState.DROPPED, on + 25 * DAY)
    assert list(decision.steps.order_by("pk").values_list("kind", "note")) == [
        ("done", "已报送"),
        ("reopened", "缺开工日期"),
        ("moved", "2026-08-23 → 2026-08-28 · 补充材料"),
        ("dropped", "并入月报"),
    ]


def test_a_decision_about_a_project_becomes_an_issue(held, strong, luzhai, planning, clerk, leader):
    made = meetings.decide(held, text="落实用地指标", owner=luzhai, due_on=HELD + 30 * DAY, project=strong[0])
    meetings.write_minutes(held, text="纪要", by=clerk)
    meetings.approve_minutes(held, by=leader, today=HELD)
    made.refresh_from_db()

    meetings.make_issue(made, category=IssueCategory.LAND, department=planning, by=clerk, today=HELD + DAY)

    issue = Issue.objects.get()
    assert (issue.text, issue.project, issue.department, made.state) == (
        "落实用地指标",
        strong[0],
        planning,
        "issue",
    )
    assert issue.decisions.get() == made


def test_only_a_projects_decision_becomes_an_issue(decision, planning, clerk):
    with pytest.raises(CannotDecide):
        meetings.make_issue(decision, category=IssueCategory.LAND, department=planning, by=clerk, today=HELD)


def test_of_two_at_once_one_is_told(decision, stranger, clerk):
    stale = MeetingDecision.objects.select_related("meeting").get(pk=decision.pk)
    meetings.move_day(decision, due_on=HELD + 60 * DAY, note="延期", by=clerk, today=HELD)

    with pytest.raises(CannotDecide):
        meetings.finish(stale, note="已办", by=stranger, today=HELD)


# --- Papers -----------------------------------------------------------------------------------------------


def words(blocks):
    """Every word of the Word file, tables included."""
    paper = docx.Document(io.BytesIO(meeting_papers.word(blocks)))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return re.sub(r"\s", "", "".join([p.text for p in paper.paragraphs] + cells))


def test_the_minutes_name_each_decision_with_owner_and_day(decision):
    text = words(meeting_papers.minutes(decision.meeting, [decision], [], ["黄组长"]))

    for word in ("2026年上半年招商引资项目建设现场会纪要", "会议要求抓紧落实。", "报送开工计划", "鹿寨县"):
        assert word in text
    assert "2026年8月23日" in text
    assert "草稿" not in text


def test_minutes_that_are_not_approved_say_so(held):
    assert "（草稿）" in words(meeting_papers.minutes(held, [], [], []))


def test_the_score_sheet_has_a_row_for_each_project(held):
    line = meeting_papers.Line(1, "越驰光伏支架项目", "越驰公司", "2.00")

    blocks = meeting_papers.score_sheet(held, [line])

    assert "越驰光伏支架项目" in words(blocks)
    assert meeting_papers.pdf(blocks).startswith(b"%PDF")


# --- Roles that see nothing -------------------------------------------------------------------------------


def test_whoever_has_no_part_sees_no_meeting(chosen, statistician, force_lead, county_officer):
    def seen(user):
        return OnSiteMeeting.objects.visible_to(user).count()

    assert [seen(user) for user in (statistician, force_lead, county_officer)] == [0, 0, 1]
    assert seen(factories.user(Role.CITY_LEADER)) == 1
