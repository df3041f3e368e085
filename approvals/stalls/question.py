"""What is stalled on a day: the items' rules and the projects', in a fixed number of queries."""

import datetime

from approvals.stalls import of_items, of_projects
from approvals.stalls.night import Night, Stall, night_of
from approvals.stalls.thresholds import Rules
from core.workdays import Calendar

__all__ = ["Night", "Stall", "find"]


def find(today: datetime.date, *, days: Calendar | None = None, in_force: Rules | None = None) -> list[Stall]:
    """All stalls of a day, whatever the number of projects in the same number of queries.

    Asked of a past day it answers as things stood then, by the events up to that day.
    """
    night = night_of(today, days=days, in_force=in_force)
    return [*of_items.stalls(night), *of_projects.stalls(night)]
