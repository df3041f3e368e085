"""Who has reported a month's progress and who has not: counts by unit, and how late it is."""

import datetime
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from briefings import timetable
from core.workdays import calendar
from projects.models import ProgressReport, Project
from projects.models.project import ProjectQuerySet
from taskforces.models import ReportingUnit
from taskforces.rules import reach


@dataclass(frozen=True)
class UnitReports:
    """How many of a unit's running projects have reported a month."""

    unit: ReportingUnit
    running: int
    reported: int
    late_days: int  # working days since the last day for it; nought while nothing is missing

    @property
    def missing(self) -> int:
        return self.running - self.reported


def by_unit(
    month: datetime.date, *, today: datetime.date, of: ProjectQuerySet | None = None
) -> list[UnitReports]:
    """Every unit with running projects (of those given, else of the city's), in the city's order."""
    projects = (Project.objects.all() if of is None else of).reporting(month)
    told = ProgressReport.objects.filter(month=month, recorded_on__lte=today).values("project")
    running, reported = _by_unit(projects), _by_unit(projects.filter(pk__in=told))
    late = late_days(timetable.report_by(month), today)
    units = ReportingUnit.objects.filter(pk__in=running).order_by("order", "pk")
    return [
        UnitReports(
            unit,
            running[unit.pk],
            reported[unit.pk],
            late if reported[unit.pk] < running[unit.pk] else 0,
        )
        for unit in units
    ]


def answered_by(user: User) -> ProjectQuerySet:
    """The projects of which a person's own office reports; for the bureau and city leaders all."""
    if user.role in SEES_ALL_PROJECTS:
        return Project.objects.all()
    own = reach(user)
    return Project.objects.filter(Q(task_force__in=own.task_forces) | Q(reporting_unit__in=own.units))


def _by_unit(projects: QuerySet[Project]) -> Counter[int]:
    counted = projects.order_by().values("reporting_unit").annotate(n=Count("pk"))
    return Counter(dict(counted.values_list("reporting_unit", "n")))


def late_days(due: datetime.date, today: datetime.date) -> int:
    """Working days since a day has passed."""
    return max(0, calendar().between(due, today))
