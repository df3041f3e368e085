"""How far service teams and line departments see, and when items moved: told to `projects`, which
knows neither."""

import datetime
from functools import reduce
from operator import or_

from django.db.models import Max, Q

from accounts.models import User
from accounts.roles import Role
from approvals.models import Issue, Item, Service, SupportNeed
from projects.models.project import REACH_OF_ROLE
from projects.rules import MOVED_ELSEWHERE


def projects_of_team_member(user: User) -> Q:
    """The projects that a team of theirs follows at present."""
    followed = Service.objects.filter(team__members=user, until__isnull=True)
    return Q(pk__in=followed.values("project"))


def projects_of_department(user: User) -> Q:
    """The projects with an item, an issue or a support need addressed to their office."""
    if user.agency_id is None:
        return Q(pk__in=())
    items = Item.objects.filter(template__department=user.agency_id)
    issues = Issue.objects.standing().filter(department=user.agency_id)
    shared = Issue.also_concerns.through.objects.filter(issue__department=user.agency_id)
    needs = SupportNeed.objects.filter(department=user.agency_id)
    addressed = (rows.values("project") for rows in (items, issues, shared, needs))
    return reduce(or_, (Q(pk__in=projects) for projects in addressed))


def moved() -> dict[int, datetime.date]:
    """The last day on which anything happened to an item of each project."""
    last = Item.objects.filter(last_event_on__isnull=False).order_by().values("project")
    return dict(last.annotate(day=Max("last_event_on")).values_list("project", "day"))


def register() -> None:
    MOVED_ELSEWHERE.append(moved)
    REACH_OF_ROLE[Role.SERVICE] = projects_of_team_member
    REACH_OF_ROLE[Role.DEPARTMENT] = projects_of_department
