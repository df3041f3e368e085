"""Until when an issue is to be resolved: its limit, the days its clock stands still, its due day.

The limit is that of the day it was raised (`IssueLimit`). The clock stands still while the issue is
suspended, and between being resolved and being reopened: those days are nobody's, the days before
stay counted. As with items, the day of a step belongs to the state before it. What was withdrawn has
no due day, and a step that was taken back has stopped nothing.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from django.db.models import Q

from approvals.choices import IssueState
from approvals.models import Issue, IssueEvent, IssueLimit
from core.workdays import Calendar, calendar

# Where no row of `IssueLimit` is in force: no published rule names a number, two weeks are usual.
USUAL_DAYS = 10
LIMITS_FROM = datetime.date(2025, 1, 1)

Course = Sequence[tuple[datetime.date, str]]


def load_limits(today: datetime.date) -> None:
    """The usual limit of all categories as a row, so that it can be seen and changed."""
    if not IssueLimit.objects.filter(category="").exists():
        IssueLimit.objects.create(days=USUAL_DAYS, effective_from=min(LIMITS_FROM, today))


def limit_of(category: str, on: datetime.date) -> int:
    """Working days within which an issue of this category raised on that day is to be resolved."""
    rows = IssueLimit.objects.filter(Q(category=category) | Q(category=""), effective_from__lte=on)
    # Of the two kinds of rows the category's own comes last and wins.
    newest = rows.order_by("category", "effective_from", "pk").last()
    return newest.days if newest else USUAL_DAYS


def of_new(category: str, raised_on: datetime.date) -> dict[str, Any]:
    """The columns of a new issue."""
    days = limit_of(category, raised_on)
    return {"limit_days": days, "due_on": calendar().add(raised_on, days)}


def after(issue: Issue, to: str, on: datetime.date) -> dict[str, Any]:
    """What a step changes of them."""
    if issue.state not in IssueState.STANDING_STILL and to not in IssueState.STANDING_STILL:
        return {}
    still = issue.state in IssueState.STANDING_STILL
    stopped = issue.stopped_days + (calendar().between(issue.state_since, on) if still else 0)
    return {"stopped_days": stopped, "due_on": _due(issue, stopped, to, on, calendar())}


def _due(
    issue: Issue, stopped: int, state: str, since: datetime.date, days: Calendar
) -> datetime.date | None:
    """Unknown while the issue is suspended, unless it had passed before; a withdrawn one has none."""
    if issue.limit_days is None or state == IssueState.WITHDRAWN:
        return None
    due = days.add(issue.raised_on, issue.limit_days + stopped)
    return None if state == IssueState.SUSPENDED and due >= since else due


def days_open(issue: Issue, today: datetime.date, *, days: Calendar) -> int:
    """Working days it has been open, or was until it was resolved; those that stood still are left out."""
    counted = days.between(issue.raised_on, issue.resolved_on or today) - issue.stopped_days
    if issue.state in (IssueState.SUSPENDED, IssueState.WITHDRAWN):
        counted -= days.between(issue.state_since, today)
    return counted


# --- By the calendar as it is now -----------------------------------------------------------


def recount() -> int:
    """Work out stopped days and due days anew; says how many issues have changed.

    For the open ones, and for those taken over before there were limits.
    """
    issues = list(Issue.objects.filter(Q(state__in=IssueState.OPEN) | Q(limit_days=None)).order_by("pk"))
    courses, days = _courses(issues), calendar()
    changed = [issue for issue in issues if _recounted(issue, courses[issue.pk], days)]
    Issue.objects.bulk_update(changed, ["limit_days", "stopped_days", "due_on"], batch_size=500)
    return len(changed)


def _courses(issues: Iterable[Issue]) -> dict[int, list[tuple[datetime.date, str]]]:
    courses: dict[int, list[tuple[datetime.date, str]]] = defaultdict(list)
    steps = IssueEvent.objects.standing().filter(issue__in=[issue.pk for issue in issues])
    for issue, on, target in steps.order_by("on", "pk").values_list("issue", "on", "target"):
        courses[issue].append((on, target))
    return courses


def _recounted(issue: Issue, course: Course, days: Calendar) -> bool:
    before = (issue.limit_days, issue.stopped_days, issue.due_on)
    if issue.limit_days is None:
        issue.limit_days = limit_of(issue.category, issue.raised_on)
    issue.stopped_days = stopped(course, days)
    issue.due_on = _due(issue, issue.stopped_days, issue.state, issue.state_since, days)
    return before != (issue.limit_days, issue.stopped_days, issue.due_on)


def stopped(course: Course, days: Calendar) -> int:
    """Working days that the clock stood still, by the steps in their order; not what still goes on."""
    return sum(
        days.between(since, until)
        for (since, state), (until, _next) in pairwise(course)
        if state in IssueState.STANDING_STILL
    )
