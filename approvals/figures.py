"""What the service teams achieve: issues and projects of a period, in numbers that open their lists.

Each number is the count of a list (`IssueFilter` with the same conditions); its definition stands in
`MEANINGS`. An issue that concerns several projects is one issue; how many projects and items it holds
up is told beside it.
"""

import datetime
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import SEES_ALL_PROJECTS
from approvals.choices import ConfirmedThrough, IssueCategory, ItemState
from approvals.models import Issue, Item, Service, ServiceTeam
from core.refusal import Refusal
from core.workdays import Calendar
from projects.models import Project

MEANINGS: dict[str, str | Promise] = {
    "served": _("Projects that a service team began to follow in the period; each counts once."),
    "raised": _("Issues raised in the period, whatever became of them."),
    "resolved": _(
        "Issues resolved in the period and not reopened since: something was done, a file proves it,"
        " and the enterprise or the officer has confirmed it. Answered is not resolved."
    ),
    "in_time": _(
        "Of the issues resolved in the period: resolved on or before the due day. Days on which an issue"
        " was suspended are not counted; the rate leaves out issues without a due day."
    ),
    "reopened": _(
        "Issues taken up again in the period, within 30 days of being resolved; the rate is their share of"
        " all issues resolved or taken up again in the period."
    ),
    "median_days": _(
        "Working days from being raised to being resolved, without those of suspensions, of the issues"
        " resolved in the period: half took no longer."
    ),
    "confirmed": _(
        "How the issues resolved in the period were confirmed: by the enterprise through its own link, by"
        " the officer's word, or as a ledger taken over says."
    ),
    "open": _(
        "Issues not resolved today. One issue counts once, however many projects and items it holds up."
    ),
}


class NoSuchPeriod(Refusal):
    """The period ends before it begins."""

    http_status = 422


@dataclass(frozen=True)
class Period:
    """Days, both ends included."""

    first: datetime.date
    last: datetime.date

    def __contains__(self, day: datetime.date | None) -> bool:
        return day is not None and self.first <= day <= self.last


@dataclass
class Tally:
    """The figures of one group of issues."""

    raised: int = 0
    resolved: int = 0
    in_time: int = 0
    with_due_day: int = 0
    reopened: int = 0
    ever_resolved: int = 0  # resolved or taken up again: what the rate of reopening is measured by
    confirmed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ConfirmedThrough.values, 0))
    took: list[int] = field(default_factory=list)

    @property
    def in_time_rate(self) -> Decimal | None:
        return _share(self.in_time, self.with_due_day)

    @property
    def reopened_rate(self) -> Decimal | None:
        return _share(self.reopened, self.ever_resolved)

    @property
    def median_days(self) -> Decimal | None:
        """Of an even number the mean of the two in the middle."""
        return Decimal(str(statistics.median(self.took))) if self.took else None

    def __bool__(self) -> bool:
        return bool(self.raised or self.ever_resolved)


def _share(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part * 100) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Open:
    """What stands in the way today: one issue may hold up several items and projects."""

    issues: int
    projects: int
    items: int


@dataclass(frozen=True)
class Figures:
    period: Period
    served: int
    open: Open
    total: Tally
    by_department: list[tuple[Agency, Tally]]
    # The team that follows a project of it today; None where none does.
    by_team: list[tuple[ServiceTeam | None, Tally]]
    by_category: list[tuple[str, Tally]]


def service_figures(user: User, period: Period, *, days: Calendar) -> Figures:
    """Over the issues and projects that a person may see, in a fixed number of queries.

    Raises NoSuchPeriod when it ends before it begins.
    """
    if period.last < period.first:
        raise NoSuchPeriod(gettext("The period ends before it begins. Exchange the two days."))
    seen = Issue.objects.visible_to(user).standing()
    reopened = set(seen.reopened_between(period.first, period.last).values_list("pk", flat=True))
    rows = _of_period(seen, period, reopened)
    issues = list(rows)
    teams = _teams_of(issues, rows)
    departments = Agency.objects.in_bulk({issue.department_id for issue in issues})
    everyone = {team.pk: team for team in ServiceTeam.objects.order_by("order", "pk")}

    def tally(keys: Callable[[Issue], Iterable[Any]]) -> dict[Any, Tally]:
        tallies: dict[Any, Tally] = defaultdict(Tally)
        for issue in issues:
            for key in keys(issue):
                _count(tallies[key], issue, period, issue.pk in reopened, days)
        return tallies

    by_department = tally(lambda issue: [issue.department_id])
    by_team = tally(lambda issue: teams[issue.pk] or {None})
    by_category = tally(lambda issue: [issue.category])
    return Figures(
        period=period,
        served=served(user, period).values("project").distinct().count(),
        open=_open(user),
        total=tally(lambda _issue: [""])[""],
        by_department=[(departments[key], by_department[key]) for key in sorted(by_department)],
        by_team=[
            (None if key is None else everyone[key], by_team[key])
            for key in [*everyone, None]
            if key in by_team
        ],
        by_category=[(key, by_category[key]) for key in IssueCategory.values if key in by_category],
    )


def served(user: User, period: Period) -> Any:
    """The projects taken on in the period, of those that a person may open; a hand-over takes none on."""
    rows = Service.objects.taken_on().filter(since__gte=period.first, since__lte=period.last)
    if user.role in SEES_ALL_PROJECTS:
        return rows
    return rows.filter(project__in=Project.objects.visible_to(user).values("pk"))


def _of_period(seen: Any, period: Period, reopened: set[int]) -> Any:
    days = (period.first, period.last)
    told = ("raised_on", "resolved_on", "due_on", "stopped_days", "state", "confirmed_through")
    of_days = Q(raised_on__range=days) | Q(resolved_on__range=days)
    touched = Issue.objects.reopened_between(*days).values("pk")
    rows = seen.filter(of_days | Q(pk__in=touched)) if reopened else seen.filter(of_days)
    return rows.only(*told, "department", "category", "project").order_by("pk")


def _count(tally: Tally, issue: Issue, period: Period, reopened: bool, days: Calendar) -> None:
    tally.raised += issue.raised_on in period
    tally.reopened += reopened
    resolved = issue.resolved_on in period
    tally.ever_resolved += resolved or reopened
    if not resolved or issue.resolved_on is None:
        return
    tally.resolved += 1
    tally.took.append(days.between(issue.raised_on, issue.resolved_on) - issue.stopped_days)
    if issue.confirmed_through:
        tally.confirmed[issue.confirmed_through] += 1
    if issue.due_on is not None:
        tally.with_due_day += 1
        tally.in_time += issue.resolved_on <= issue.due_on


def _teams_of(issues: Iterable[Issue], rows: Any) -> Mapping[int, set[int]]:
    """The teams that follow a project of an issue today: of several projects there may be several."""
    projects: dict[int, set[int]] = {issue.pk: {issue.project_id} for issue in issues}
    also = Issue.also_concerns.through.objects.filter(issue__in=rows.order_by().values("pk"))
    for issue, project in also.values_list("issue", "project"):
        projects[issue].add(project)
    followed = dict(Service.objects.filter(until__isnull=True).values_list("project", "team"))
    return {
        issue: {followed[project] for project in concerned if project in followed}
        for issue, concerned in projects.items()
    }


def _open(user: User) -> Open:
    waiting = Issue.objects.visible_to(user).open()
    also = Issue.also_concerns.through.objects.filter(issue__in=waiting.values("pk"))
    projects = Project.objects.filter(Q(pk__in=waiting.values("project")) | Q(pk__in=also.values("project")))
    return Open(issues=waiting.count(), projects=projects.count(), items=held_up(user).count())


def held_up(user: User) -> Any:
    """Items not yet decided that an open issue blocks, as far as a person sees both."""
    blocking = Issue.blocks.through.objects.filter(
        issue__in=Issue.objects.visible_to(user).open().values("pk")
    )
    items = Item.objects.visible_to(user).filter(pk__in=blocking.values("item"))
    return items.exclude(state__in=ItemState.CLOSED)
