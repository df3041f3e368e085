"""What the demo's plans are counted back from: three followed projects aim at a start of works that they
reach in time, to the day, and not; and every signed project says when production is to begin."""

from approvals import planning
from approvals.planning import Milestone, ProjectPlan
from core.workdays import calendar
from liuzhou_invest.demo.life import DAY, City
from projects.choices import Stage, Status
from projects.models import Project

AIMS = (12, 0, -6)  # working days to spare
FROM_START_TO_PRODUCTION = 420 * DAY


def aim(city: City) -> None:
    for told, spare in zip(_followed(city), AIMS, strict=False):
        days = calendar()
        start = told.plan.start
        assert start is not None
        told.project.planned_start = days.add(start, spare) if spare >= 0 else days.back(start, -spare)
        told.project.save(update_fields=["planned_start"])
    _say_when_production_begins()


def _say_when_production_begins() -> None:
    planned = Project.objects.filter(stage__in=Stage.FROM_SIGNING, planned_start__isnull=False).only(
        "planned_start"
    )
    projects = list(planned.filter(planned_production__isnull=True).order_by("pk"))
    for project in projects:
        assert project.planned_start is not None
        project.planned_production = project.planned_start + FROM_START_TO_PRODUCTION
    Project.objects.bulk_update(projects, ["planned_production"], batch_size=200)


def _followed(city: City) -> list[ProjectPlan]:
    """The plans of projects that teams follow and that still have much before them, the newest first."""
    followed = Project.objects.filter(
        stage=Stage.SIGNING, status=Status.ACTIVE, services__until__isnull=True, services__isnull=False
    )
    plans = planning.of_projects(followed.distinct().order_by("-signed_on", "pk"), today=city.today)
    return [told for told in plans if len(told.plan.open_before(Milestone.WORKS)) >= 6]
