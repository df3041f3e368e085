"""Who answers for a project, and in which month a contract event counts."""

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from accounts.models import User
from core.clock import month_start
from projects.choices import Confidentiality
from projects.models import BUREAU, Project
from taskforces.rules import reach


def is_owner(user: User, project: Project) -> bool:
    """The bureau, the owning task force, the reporting unit and the units that share in it.

    See also `models.owned_by`, the same as a query.
    """
    if user.role in BUREAU:
        return True
    own = reach(user)
    return (
        project.task_force_id in own.task_forces
        or project.reporting_unit_id in own.units
        or bool(own.units and any(share.unit_id in own.units for share in project.shares.all()))
    )


def may(user: User, permission: str, project: Project) -> bool:
    """Whether a person may do this to this project: an assisting task force and a unit with a mere
    share read it, only the owning ones act."""
    if not user.has_perm(permission):
        return False
    if user.role in BUREAU:
        return True
    own = reach(user)
    return project.task_force_id in own.task_forces or project.reporting_unit_id in own.units


def knows(user: User, project: Project) -> bool:
    """Whether a person may read the project's name, enterprise and papers."""
    return project.confidentiality != Confidentiality.CONFIDENTIAL or is_owner(user, project)


# --- In which month it counts -----------------------------------------------------------------

# The months (their first days) that were closed before a day. What closes a month stands right of
# this app on the import line: briefings puts its answer here.
CLOSED_MONTHS: list[Callable[[datetime.date], Collection[datetime.date]]] = []


def closed_months(before: datetime.date) -> frozenset[datetime.date]:
    return frozenset(month for source in CLOSED_MONTHS for month in source(before))


# The last day on which something happened to projects, by their keys, in the apps right of this one.
MOVED_ELSEWHERE: list[Callable[[], Mapping[int, datetime.date]]] = []


def moved_elsewhere() -> dict[int, datetime.date]:
    last: dict[int, datetime.date] = {}
    for source in MOVED_ELSEWHERE:
        for project, day in source().items():
            last[project] = max(day, last.get(project, day))
    return last


@dataclass(frozen=True)
class Counting:
    """The month (its first day) in which an event counts; late when it is not the month of its signing."""

    month: datetime.date
    is_late: bool


def counting(
    signed_on: datetime.date, verified_on: datetime.date, closed: Collection[datetime.date]
) -> Counting:
    """The month of signing while that month is open, else the month of verification (counting rule 1).

    See also briefings.counting, which the figures follow.
    """
    month = month_start(signed_on)
    return Counting(month_start(verified_on), True) if month in closed else Counting(month, False)
