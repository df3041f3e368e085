"""The demo's annual plans: the list of 2025, frozen, and that of 2026 with some changes by hand."""

import datetime

from django.utils import timezone

from accounts.models import Notification
from liuzhou_invest.demo.life import DAY, City
from projects import annual_plan, new_year
from projects.annual_plan import Terms
from projects.choices import Stage, Status
from projects.models import AnnualPlan, AnnualPlanEntry, PlanProposal, StageChange

FIRST_LIST = 2025
PUT_IN = 14
# Where a project stood when it was put in, the batch it was put into, why.
CAME_UP = (
    (Stage.PREPARATION, Stage.PREPARATION, "新增谋划项目，争取年内转入洽谈"),
    (Stage.NEGOTIATION, Stage.NEGOTIATION, "新增在谈项目，争取年内签约"),
    (Stage.NEGOTIATION, Stage.SIGNING, "条件基本谈妥，列入年内签约"),
    (Stage.SIGNING, Stage.COMMENCEMENT, "年内新签约并计划当年开工"),
)


def plan_the_years(city: City) -> None:
    """Each New Year as it was: proposed on the first days of January, looked through, approved."""
    for year in range(FIRST_LIST, city.today.year + 1):
        day = datetime.date(year, 1, 4)
        if day > city.today:
            return
        plan = new_year.propose(year, by=city.people["clerk"], today=day)
        _decide_some(city, plan)
        plan.refresh_from_db()
        new_year.approve(plan, seen_version=plan.version, by=city.people["leader"], today=day)
        _change_some(city, plan, day)
    Notification.objects.filter(kind="new_year").update(read_at=timezone.now())


def _decide_some(city: City, plan: AnnualPlan) -> None:
    """What the bureau knew better than the rules."""
    building = PlanProposal.objects.filter(plan=plan, rule="finishes").order_by("pk")[:3]
    for row in building:
        new_year.decide(
            row,
            batch=Stage.CONSTRUCTION,
            planned_on=None,
            is_doubtful=False,
            reason="企业设备进口延期，年内难以投产",
            by=city.people["clerk"],
        )


def _change_some(city: City, plan: AnnualPlan, approved: datetime.date) -> None:
    """In the course of the year a project is put in, another gets another day, one is taken out."""
    leader, entries = city.people["leader"], AnnualPlanEntry.objects.filter(plan=plan).order_by("pk")
    day = min(approved + 75 * DAY, city.today)
    late = entries.filter(batch=Stage.COMMENCEMENT).first()
    if late:
        annual_plan.move(
            late,
            Terms(Stage.COMMENCEMENT, datetime.date(plan.year, 9, 30)),
            reason="用地手续延后，调整开工时间",
            by=city.mover(late.task_force),
            today=day,
        )
    idea = entries.filter(batch=Stage.NEGOTIATION).first()
    if idea:
        annual_plan.take_out(idea, reason="投资方转投外地", by=leader, today=day)
    _put_in_leads(city, plan)


def _put_in_leads(city: City, plan: AnnualPlan) -> None:
    """What came up in the course of the year and was put in with a day by which it should be further."""
    for stage, batch, reason in CAME_UP:
        moves = StageChange.objects.filter(target=stage, on__range=(plan.first_day, plan.last_day - 60 * DAY))
        fresh = moves.exclude(project__plan_entries__plan=plan).filter(project__status=Status.ACTIVE)
        for move in fresh.select_related("project__task_force").order_by("pk")[::9][:PUT_IN]:
            annual_plan.put_in(
                plan,
                move.project,
                Terms(batch, min(move.on + 75 * DAY, plan.last_day)),
                reason=reason,
                by=city.mover(move.project.task_force),
                today=min(move.on + 3 * DAY, city.today),
            )
