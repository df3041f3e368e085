"""Due days of issues: the limit of the day, suspensions and reopenings, and the calendar as it is now."""

import datetime

import pytest

from approvals import deadlines, issues
from approvals.choices import ConfirmedBy, IssueCategory, IssueState
from approvals.models import Issue, IssueLimit
from core.models import CalendarOverride
from core.workdays import calendar
from projects.choices import Stage
from tests import factories

TODAY = datetime.date(2025, 9, 30)
RAISED = datetime.date(2025, 9, 1)  # a Monday


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2025-{text}")


@pytest.fixture
def issue(db, clerk, planning) -> Issue:
    return issues.log(
        factories.project(Stage.SIGNING),
        category=IssueCategory.LAND,
        text="控规调整未完成",
        department=planning,
        on=RAISED,
        by=clerk,
        today=TODAY,
    )


def play(issue: Issue, clerk, *steps: tuple[str, str]) -> Issue:
    """Steps by day: `("handle", "09-03")`, each with the least it needs."""
    for verb, on in steps:
        facts = {"on": d(on), "by": clerk, "today": TODAY}
        if verb in ("suspend", "reopen"):
            facts["reason"] = "等待"
        if verb == "resolve":
            facts |= {
                "statement": "已办",
                "files": [factories.stored_file()],
                "confirmed_by": ConfirmedBy.OFFICER,
                "confirmed_name": "韦",
            }
        getattr(issues, verb)(issue, **facts)
    issue.refresh_from_db()
    return issue


def test_without_a_row_ten_working_days_are_usual(issue):
    assert (issue.limit_days, issue.due_on) == (10, d("09-15"))


def test_the_row_in_force_on_the_day_decides_and_the_categorys_own_goes_first(db):
    IssueLimit.objects.create(days=8, effective_from=d("01-01"))
    IssueLimit.objects.create(days=6, effective_from=d("09-02"))
    IssueLimit.objects.create(category=IssueCategory.LAND, days=20, effective_from=d("03-01"))

    asked = [(IssueCategory.FINANCE, RAISED), (IssueCategory.FINANCE, TODAY), (IssueCategory.LAND, TODAY)]

    assert [deadlines.limit_of(category, on) for category, on in asked] == [8, 6, 20]


def test_loading_the_usual_limit_twice_leaves_one_row(db):
    deadlines.load_limits(TODAY)
    deadlines.load_limits(TODAY)

    assert list(IssueLimit.objects.values_list("category", "days")) == [("", 10)]


def test_a_suspension_stops_the_clock_and_its_end_gives_the_day_again(issue, clerk):
    play(issue, clerk, ("take_on", "09-02"), ("handle", "09-03"), ("suspend", "09-05"))
    assert issue.due_on is None

    play(issue, clerk, ("handle", "09-10"))

    # 8, 9 and 10 September belong to the suspension
    assert (issue.stopped_days, issue.due_on) == (3, d("09-18"))
    assert deadlines.days_open(issue, d("09-12"), days=calendar()) == 9 - 3


def test_suspending_after_the_due_day_does_not_make_it_vanish(issue, clerk):
    play(issue, clerk, ("take_on", "09-02"), ("handle", "09-03"), ("suspend", "09-18"))

    assert issue.due_on == d("09-15")


def test_the_days_between_resolved_and_reopened_are_nobodys(issue, clerk):
    play(issue, clerk, ("take_on", "09-02"), ("handle", "09-03"), ("resolve", "09-10"), ("reopen", "09-15"))

    assert (issue.stopped_days, issue.due_on) == (3, d("09-18"))
    assert deadlines.days_open(issue, d("09-16"), days=calendar()) == 8


def test_in_time_is_on_or_before_the_due_day(issue, clerk, planning):
    play(issue, clerk, ("take_on", "09-02"), ("handle", "09-03"), ("resolve", "09-15"))
    late = factories.issue(state=IssueState.RESOLVED, resolved_on=d("09-16"), due_on=d("09-15"))
    factories.issue(state=IssueState.RESOLVED, resolved_on=d("09-16"))
    waiting = factories.issue(due_on=d("09-15"))

    assert list(Issue.objects.resolved_in_time()) == [issue]
    assert list(Issue.objects.resolved_late()) == [late]
    assert list(Issue.objects.overdue(d("09-15"))) == []
    assert list(Issue.objects.overdue(d("09-16"))) == [waiting]


def test_recounting_ends_where_the_steps_did(issue, clerk):
    play(issue, clerk, ("take_on", "09-02"), ("handle", "09-03"), ("suspend", "09-05"), ("handle", "09-10"))
    before = (issue.limit_days, issue.stopped_days, issue.due_on)

    assert deadlines.recount() == 0
    issue.refresh_from_db()
    assert (issue.limit_days, issue.stopped_days, issue.due_on) == before


def test_a_notice_of_days_off_moves_the_due_day_at_the_next_recount(issue):
    CalendarOverride.objects.create(day=d("09-11"), is_workday=False, note="测试")

    assert deadlines.recount() == 1
    issue.refresh_from_db()
    assert issue.due_on == d("09-16")
    assert deadlines.recount() == 0


def test_an_issue_without_a_limit_gets_that_of_its_day(db):
    old = factories.issue(raised_on=RAISED)

    deadlines.recount()

    old.refresh_from_db()
    assert (old.limit_days, old.due_on) == (10, d("09-15"))
