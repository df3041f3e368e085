"""A small city in March 2026: two task forces, two units, and one of everything a briefing tells of."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from approvals.choices import IssueState, ItemState, StallCode
from approvals.models import Item
from outreach.models import VisitLevel
from projects.choices import EventKind, Stage
from projects.models import Project
from taskforces.models import ReportingUnit, TaskForce
from tests import factories

MARCH = datetime.date(2026, 3, 1)
TODAY = datetime.date(2026, 4, 1)  # the first working day of April


def march(day: int) -> datetime.date:
    return MARCH.replace(day=day)


@dataclass
class City:
    steel: TaskForce
    auto: TaskForce
    liubei: ReportingUnit
    luzhai: ReportingUnit
    mill: Project
    shared: Project
    stalled: Item


def build(steel: TaskForce, auto: TaskForce, liubei: ReportingUnit, luzhai: ReportingUnit) -> City:
    """Steel: a mill of 5.2 亿 in January, an add-on and a void in March; a car plant of two units in
    March, half started; last year's base; a stalled item, issues, visits."""
    factories.mechanism(2026, task_forces=(steel, auto))
    mill = _signed("高强钢生产线", steel, liubei, datetime.date(2026, 1, 20), "52000")
    _event(mill, EventKind.ADD_ON, march(10), "3000.50")
    scrap = _signed("废钢加工", steel, luzhai, datetime.date(2026, 2, 3), "4000")
    _event(scrap, EventKind.VOIDED, march(12), "-4000")
    shared = _signed("新能源汽车底盘", auto, liubei, march(16), "33333.33")
    factories.share(shared, liubei, 60)
    factories.share(shared, luzhai, 40)
    _signed("办公楼", auto, luzhai, march(20), "9999", is_industrial=False)
    _signed("老项目", steel, liubei, datetime.date(2025, 3, 5), "40000")
    idea = factories.project(Stage.PREPARATION, name="谋划中的项目", task_force=steel, reporting_unit=luzhai)
    factories.stage_change(idea, Stage.PREPARATION, on=march(2))
    factories.stage_change(mill, Stage.COMMENCEMENT, source=Stage.SIGNING, on=march(25))
    factories.stage_change(mill, Stage.CONSTRUCTION, source=Stage.COMMENCEMENT, on=march(26))
    stalled = _stalled_item(mill)
    _issues(mill, shared)
    _visits(liubei)
    return City(steel, auto, liubei, luzhai, mill, shared, stalled)


def _signed(
    name: str,
    force: TaskForce,
    unit: ReportingUnit,
    on: datetime.date,
    amount: str,
    *,
    is_industrial: bool = True,
) -> Project:
    project = factories.project(
        Stage.SIGNING,
        name=name,
        task_force=force,
        reporting_unit=unit,
        stage_since=on,
        is_industrial=is_industrial,
    )
    factories.stage_change(project, Stage.SIGNING, on=on)
    _event(project, EventKind.SIGNED, on, amount)
    return project


def _event(project: Project, kind: str, on: datetime.date, amount: str) -> None:
    factories.verified_event(project, kind=kind, signed_on=on, amount=Decimal(amount))


def _stalled_item(project: Project) -> Item:
    office = factories.agency(name="市住房和城乡建设局")
    template = factories.item_template(name="建筑工程施工许可证核发", name_en="Permit", department=office)
    item = factories.item(project, template, state=ItemState.RUNNING)
    for code, facts in (
        (StallCode.OVER_PROMISE, {"due": "2026-03-10"}),
        (StallCode.SILENT, {"last": "2026-03-11"}),
    ):
        factories.stall_flag(item, code=code, first_day=march(12), raised_on=march(12), facts=facts)
    return item


def _issues(mill: Project, shared: Project) -> None:
    office = factories.agency(name="柳州供电局")
    factories.issue(mill, text="临时用电容量不足", raised_on=march(4), department=office)
    factories.issue(
        shared,
        raised_on=datetime.date(2026, 2, 2),
        state=IssueState.RESOLVED,
        resolved_on=march(18),
        department=office,
    )


def _visits(liubei: ReportingUnit) -> None:
    city = factories.visit(march(5), level=VisitLevel.CITY, unit=None)
    own = factories.visit(march(6), unit=liubei)
    for visit in (city, city, own):
        factories.engagement(visit)
