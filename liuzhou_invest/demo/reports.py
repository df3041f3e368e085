"""The demo's monthly reports since January 2025: units report on time, but one is late and a few projects
have fallen silent."""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from core.clock import moment, month_start, next_month, previous_month
from core.workdays import calendar
from liuzhou_invest.demo.life import City
from projects import progress
from projects.choices import Stage, Status
from projects.models import ProgressReport, Project, StageChange
from projects.progress import Told
from taskforces.models import ReportingUnit

FIRST = datetime.date(2025, 1, 1)
REPORTED_ON = 2  # working day of the next month
A_MONTH = Decimal("0.03")  # of the fixed-asset part, while something is being built
LATE_UNIT, LATE = "450205", 0.4  # of its projects the last month is missing
QUIET_UNITS, SILENT = ("450204", "LD"), 0.12  # of their projects say nothing since some months
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Sum:
    """How far a project is: invested and in place, in 万元."""

    invested: Decimal = Decimal(0)
    funds: Decimal = Decimal(0)


def hand_in(city: City) -> None:
    """The reports of the months as they came in; those of the last month by each unit's table."""
    random = Random(9712)  # noqa: S311 - its own, so that nothing else of the demo moves
    told, works = _told(), _works()
    last = previous_month(city.today)
    older: list[ProgressReport] = []
    newest: dict[int, dict[int, ProgressReport]] = defaultdict(dict)
    for project in _projects():
        until = _silent_from(project, last, random)
        for report in _course(city, project, told[project.pk], works[project.pk], last):
            if report.month >= until:
                break
            if report.month < last:
                older.append(report)
            else:
                newest[project.reporting_unit_id][project.pk] = report
    ProgressReport.objects.bulk_create(older, batch_size=500)
    for unit in city.units:
        _report(city, unit, last, newest[unit.pk])


def _projects() -> Iterator[Project]:
    rows = Project.objects.filter(status=Status.ACTIVE, stage__in=Stage.FROM_SIGNING)
    return rows.select_related("task_force", "reporting_unit").order_by("pk").iterator()


def _silent_from(project: Project, last: datetime.date, random: Random) -> datetime.date:
    """The first month that a project does not report any more; most go on."""
    fate, months = random.random(), random.randint(1, 5)
    if project.reporting_unit.code == LATE_UNIT and fate < LATE:
        return last
    if project.reporting_unit.code in QUIET_UNITS and fate < SILENT:
        for _month in range(months):
            last = previous_month(last)
        return last
    return datetime.date.max


def _told() -> dict[int, dict[datetime.date, Sum]]:
    """What was reported when a batch asked for it."""
    told: dict[int, dict[datetime.date, Sum]] = defaultdict(dict)
    rows = ProgressReport.objects.values_list("project", "month", "invested", "funds_in_place")
    for pk, month, invested, funds in rows:
        told[pk][month] = Sum(invested, funds)
    return told


Works = dict[str, datetime.date]


def _works() -> dict[int, Works]:
    """By project, the months in which works began and production did."""
    works: dict[int, Works] = defaultdict(dict)
    moves = StageChange.objects.filter(target__in=(Stage.COMMENCEMENT, Stage.PRODUCTION)).order_by("-on")
    for pk, target, on in moves.values_list("project", "target", "on"):
        works[pk][target] = month_start(on)
    return works


def _course(
    city: City, project: Project, told: dict[datetime.date, Sum], works: Works, last: datetime.date
) -> Iterator[ProgressReport]:
    """One report a month from the one after the signing until production, none below another."""
    whole = project.fixed_assets or project.contracted
    month = max(FIRST, next_month(project.signed_on or project.stage_since))
    end = min(works.get(Stage.PRODUCTION, datetime.date.max), next_month(last))
    begun = works.get(Stage.COMMENCEMENT, datetime.date.max)
    standing = max((one for known, one in told.items() if known < month), key=_by_sum, default=Sum())
    while month < end:
        if month in told:
            standing = told[month]
        else:
            step = whole * A_MONTH if month >= begun else Decimal(0)
            ahead = min((one for known, one in told.items() if known > month), key=_by_sum, default=None)
            standing = _on(standing, step, ahead or Sum(whole, whole))
            yield _row(city, project, month, standing)
        month = next_month(month)


def _by_sum(one: Sum) -> Decimal:
    return one.invested


def _on(standing: Sum, step: Decimal, most: Sum) -> Sum:
    """A month further, not above what stands reported later."""
    invested = max(standing.invested, min(standing.invested + step, most.invested))
    funds = max(standing.funds, min(invested * Decimal("1.1"), most.funds))
    return Sum(invested.quantize(CENT), funds.quantize(CENT))


def _row(city: City, project: Project, month: datetime.date, standing: Sum) -> ProgressReport:
    on = calendar().add(next_month(month) - datetime.timedelta(days=1), REPORTED_ON)
    return ProgressReport(
        project=project,
        month=month,
        invested=standing.invested,
        funds_in_place=standing.funds,
        physical="按计划施工" if standing.invested else "开展前期工作",
        by=city.mover(project.task_force),
        recorded_on=min(on, city.today),
        recorded_at=moment(min(on, city.today)),
    )


def _report(city: City, unit: ReportingUnit, month: datetime.date, rows: dict[int, ProgressReport]) -> None:
    """As the unit's office saves its table."""
    told = {pk: Told(row.invested, row.funds_in_place, row.physical) for pk, row in rows.items()}
    by = city.people["luzhai" if unit.code == "450223" else f"unit.{unit.code.lower()}"]
    day = next((row.recorded_on for row in rows.values()), city.today)
    progress.report_all(month=month, told=told, by=by, today=day)
