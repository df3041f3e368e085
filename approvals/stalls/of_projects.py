"""The rules of projects: S7 not reported, S8 too long in one batch, S9 not begun, and Yinchuan's lamps.

A month counts as missed when its report is missing some working days after its end. Time progress is
the part of the days from the start of works to the planned start of production that has passed.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.db.models import Min

from approvals.choices import Severity, StallCode, StallUnit
from approvals.models import StallRule
from approvals.stalls.night import Night, ProjectThen, Stall, stall
from approvals.stalls.thresholds import Thresholds, after, months_after, reached
from core.clock import month_end, month_start, next_month
from core.workdays import Calendar
from projects.choices import Stage
from projects.models import ProgressReport, StageChange

BUILDING = (Stage.COMMENCEMENT, Stage.CONSTRUCTION)
_STARTED = tuple(stage for stage in Stage if stage.rank >= Stage.COMMENCEMENT.rank)
_ON_REPORTS = (StallCode.NO_REPORT, StallCode.BEHIND_TIME, StallCode.NOT_IN_STATISTICS)
_ON_STARTS = (StallCode.BEHIND_TIME, StallCode.NOT_IN_STATISTICS)
_OWN = (*_ON_REPORTS, StallCode.STAGE_AGED, StallCode.NOT_STARTED, StallCode.START_DUE)


@dataclass(frozen=True)
class _Reported:
    """The last month a project has reported and what it has invested in all, in 万元."""

    month: datetime.date
    invested: Decimal


def stalls(night: Night) -> Iterator[Stall]:
    if not night.rules.ask(*_OWN):
        return
    reports = _reports(night.today) if night.rules.ask(*_ON_REPORTS) else {}
    starts = _starts(night.today) if night.rules.ask(*_ON_STARTS) else {}
    for project in night.projects():
        report = reports.get(project.pk)
        yield from _no_report(project, report, night)
        yield from _aged(project, night)
        yield from _not_started(project, night)
        yield from _start_due(project, night)
        if start := starts.get(project.pk):
            yield from _behind_time(project, start, report, night)
            yield from _not_in_statistics(project, start, report, night)


def _reports(today: datetime.date) -> dict[int, _Reported]:
    """By project, what had been reported by the end of the day."""
    told = ProgressReport.objects.last_told(today, known_on=today)
    rows = told.values_list("project", "month", "invested")
    return {pk: _Reported(month, invested) for pk, month, invested in rows}


def _starts(today: datetime.date) -> dict[int, datetime.date]:
    """By project, the day on which works began."""
    moves = StageChange.objects.filter(target__in=_STARTED, on__lte=today).values("project")
    return dict(moves.annotate(first=Min("on")).values_list("project", "first"))


# --- S7: no progress reported -------------------------------------------------------------------


def _no_report(project: ProjectThen, report: _Reported | None, night: Night) -> Iterator[Stall]:
    thresholds = night.rules.of(StallCode.NO_REPORT)
    if not thresholds or project.stage not in Stage.REPORTING:
        return
    missing = next_month(project.signed_on or project.stage_since)
    if report is not None:
        missing = max(missing, next_month(report.month))
    grace = _grace(thresholds)
    verdict = reached(thresholds, night.today, lambda rule: _missed_on(missing, rule, grace, night.days))
    if verdict:
        facts = {"month": missing.isoformat(), "grace": grace}
        yield stall(StallCode.NO_REPORT, verdict, project.pk, None, facts)


def _grace(thresholds: Thresholds) -> int:
    """How many working days after a month's end its report may come."""
    return min((rule.days for rule in thresholds if rule.unit == StallUnit.WORKDAYS), default=0)


def _missed_on(missing: datetime.date, rule: StallRule, grace: int, days: Calendar) -> datetime.date:
    """When the rule speaks of reports missing since a month: after so many days, or months running."""
    if rule.unit != StallUnit.MONTHS:
        return after(month_end(missing), rule, days)
    return missed_on(months_after(missing, rule.days - 1), grace, days=days)


def missed_on(month: datetime.date, grace: int, *, days: Calendar) -> datetime.date:
    """The day on which a month without a report counts as missed."""
    return days.add(month_end(month), grace)


def missed_months(since: datetime.date, grace: int, today: datetime.date, *, days: Calendar) -> int:
    """How many months running have been missed, from the first one on."""
    count, month = 0, since
    while missed_on(month, grace, days=days) <= today:
        count, month = count + 1, next_month(month)
    return count


# --- S8: too long in one batch --------------------------------------------------------------------


def _aged(project: ProjectThen, night: Night) -> Iterator[Stall]:
    thresholds = night.rules.of(StallCode.STAGE_AGED, project.stage)
    since = project.stage_since
    if verdict := reached(thresholds, night.today, night.since(since)):
        facts = {"since": since.isoformat(), "stage": project.stage, "unit": _unit(thresholds)}
        yield stall(StallCode.STAGE_AGED, verdict, project.pk, None, facts)


def _unit(thresholds: Thresholds) -> str:
    """In what the days are told: as the rule counts them."""
    worked = thresholds[0].unit == StallUnit.WORKDAYS
    return str(StallUnit.WORKDAYS if worked else StallUnit.DAYS)


# --- S9 and Y1: works not begun -------------------------------------------------------------------


def _not_started(project: ProjectThen, night: Night) -> Iterator[Stall]:
    """Signed, and the day agreed for the start of works has passed."""
    thresholds, planned = night.rules.of(StallCode.NOT_STARTED), project.planned_start
    if not thresholds or planned is None or project.stage != Stage.SIGNING:
        return
    if verdict := reached(thresholds, night.today, night.since(planned)):
        facts = {"due": planned.isoformat(), "unit": _unit(thresholds)}
        yield stall(StallCode.NOT_STARTED, verdict, project.pk, None, facts)


def _start_due(project: ProjectThen, night: Night) -> Iterator[Stall]:
    """The month in which works were to begin counts as the first one."""
    thresholds, planned = night.rules.of(StallCode.START_DUE), project.planned_start
    if not thresholds or planned is None or project.stage != Stage.SIGNING:
        return
    # Signed after the month planned: from the month of signing on.
    month = max(month_start(planned), month_start(project.stage_since))

    def first(rule: StallRule) -> datetime.date:
        if rule.unit == StallUnit.MONTHS:
            return months_after(month, rule.days - 1)
        return after(planned, rule, night.days)

    if verdict := reached(thresholds, night.today, first):
        facts = {"due": planned.isoformat(), "month": month.isoformat()}
        yield stall(StallCode.START_DUE, verdict, project.pk, None, facts)


# --- Y2: investment behind the time passed -----------------------------------------------------------


def _behind_time(
    project: ProjectThen, start: datetime.date, report: _Reported | None, night: Night
) -> Iterator[Stall]:
    thresholds, until = night.rules.of(StallCode.BEHIND_TIME), project.planned_production
    whole = project.fixed_assets or project.contracted
    if not thresholds or until is None or until <= start or whole <= 0 or project.stage not in BUILDING:
        return
    done = min(Decimal(100), (report.invested if report else Decimal(0)) * 100 / whole)

    def first(rule: StallRule) -> datetime.date | None:
        return _behind_on(start, until, done, rule)

    if verdict := reached(thresholds, night.today, first):
        facts = {"since": start.isoformat(), "until": until.isoformat(), "done": f"{done:.1f}"}
        yield stall(StallCode.BEHIND_TIME, verdict, project.pk, None, facts)


def _behind_on(
    start: datetime.date, until: datetime.date, done: Decimal, rule: StallRule
) -> datetime.date | None:
    """The day on which time is so many points ahead of the investment: amber from there, red beyond it."""
    needed = (done + rule.days) * (until - start).days / 100
    if rule.severity == Severity.RED:
        passed = int(needed.to_integral_value(ROUND_FLOOR)) + 1
    else:
        passed = int(needed.to_integral_value(ROUND_CEILING))
    return start + datetime.timedelta(days=passed) if passed <= (until - start).days else None


def points_behind(start: datetime.date, until: datetime.date, done: Decimal, today: datetime.date) -> int:
    """By how many whole points the investment is behind on a day."""
    passed = Decimal((min(today, until) - start).days * 100) / (until - start).days
    return int((passed - done).to_integral_value(ROUND_FLOOR))


# --- Y3: begun, no investment reported -----------------------------------------------------------------


def _not_in_statistics(
    project: ProjectThen, start: datetime.date, report: _Reported | None, night: Night
) -> Iterator[Stall]:
    thresholds = night.rules.of(StallCode.NOT_IN_STATISTICS)
    if project.stage not in BUILDING or (report and report.invested > 0):
        return
    if verdict := reached(thresholds, night.today, night.since(start)):
        yield stall(StallCode.NOT_IN_STATISTICS, verdict, project.pk, None, {"since": start.isoformat()})
