"""What lies on a service team, and on each of its projects: figures to spread the work by."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count, Q

from approvals import lamps
from approvals.choices import IssueState, ItemState
from approvals.models import Issue, Item, Service
from core.workdays import calendar

FIGURES = ("projects", "before", "under_way", "late", "waiting", "issues", "resolved")
Loads = defaultdict[int, Counter[str]]


def _nothing() -> Counter[str]:
    return Counter(dict.fromkeys(FIGURES, 0))


def of_teams(today: datetime.date) -> Loads:
    """By key of the team, in three queries for any number; a project has one team at a time.

    `before` are the projects that the team has handed over and does not follow again.
    """
    loads: Loads = defaultdict(_nothing)
    rows = list(Service.objects.order_by("pk").values_list("team", "project", "until"))
    team_of = {project: team for team, project, until in rows if until is None}
    for team in team_of.values():
        loads[team]["projects"] += 1
    for team, project in {(team, project) for team, project, until in rows if until is not None}:
        loads[team]["before"] += team_of.get(project) != team
    for project, figures in of_projects(list(team_of), today).items():
        loads[team_of[project]].update(figures)
    return loads


def of_projects(projects: Collection[int], today: datetime.date) -> Loads:
    """By key of the project: its items and issues, two queries."""
    loads: Loads = defaultdict(_nothing)
    for rows in (_items(projects, today), _issues(projects, today)):
        for row in rows:
            loads[row.pop("project")].update(row)
    return loads


def together(loads: Iterable[Counter[str]]) -> Counter[str]:
    total = _nothing()
    for load in loads:
        total.update(load)
    return total


def _items(projects: Collection[int], today: datetime.date) -> Iterable[Any]:
    return (
        Item.objects.filter(project__in=projects)
        .order_by()
        .values("project")
        .annotate(
            under_way=Count("pk", filter=Q(state__in=ItemState.UNDER_WAY)),
            late=Count("pk", filter=lamps.late(today=today, days=calendar())),
            waiting=Count("pk", filter=Q(state=ItemState.WAITING)),
        )
    )


def _issues(projects: Collection[int], today: datetime.date) -> Iterable[Any]:
    this_year = Q(state=IssueState.RESOLVED, resolved_on__gte=today.replace(month=1, day=1))
    return (
        Issue.objects.filter(project__in=projects)
        .order_by()
        .values("project")
        .annotate(
            issues=Count("pk", filter=Q(state__in=IssueState.OPEN)),
            resolved=Count("pk", filter=this_year),
        )
    )
