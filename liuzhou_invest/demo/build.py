"""The demo city, built with the program's own verbs, the same for the same seed and day."""

import datetime
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction

from approvals import lists
from core.clock import month_end, next_month, previous_month
from liuzhou_invest.demo import (
    choosing,
    confirming,
    desk,
    festival,
    journeys,
    life,
    meetings,
    months,
    nights,
    people,
    plans,
    reports,
    service,
    support,
    targets,
    waiting,
    water,
    years,
)
from liuzhou_invest.demo.life import AFTER_LEDGERS, DAY, City
from projects import contracts, entry, pipeline
from projects.choices import EventKind, Stage, Status
from projects.contracts import Terms
from projects.models import ContractEvent, Project
from projects.models.project import ProjectQuerySet

LEADS_SINCE = 10  # months


@transaction.atomic
@lists.one_reading()
def build(*, today: datetime.date, seed: int, say: Callable[[str], None]) -> None:
    """Load people and ledgers and let the city live up to `today`."""
    city = life.found(people.load(), today=today, seed=seed)
    festival.keep_the_festival(city.people["secadmin"])
    choosing.change_limits(city)
    say("the ledgers of 2024 and 2025")
    told = life.take_over_ledgers(city)
    for project in _projects().filter(pk__in=told):
        life.live_on(city, project, told[project.pk])
    say("signings, leads and visits since August 2025")
    signed = [project for month in _months(city) for project in _a_month(city, month)]
    for project in signed:
        if project.stage == Stage.SIGNING and project.planned_start:
            life.climb(city, project, start=project.planned_start + city.random.randint(-20, 40) * DAY)
    say("approvals, service teams and issues")
    service.take_over_ledgers(city)
    service.follow_major_projects(city, [project for project in signed if project.signed_on])
    for project in _projects().filter(stage__in=Stage.FROM_SIGNING):
        choosing.answer(city, project)
        service.run_items(city, project)
    for month in _months(city):
        if month >= service.NEW_SERVICES_FROM.replace(day=1):
            service.raise_issues(city, month)
    service.block_some(city)
    confirming.share_some(city)
    confirming.ask_enterprises(city)
    confirming.return_some(city)
    confirming.reopen_one(city)
    choosing.think_again(city)
    support.serve(city)
    desk.fill(city)
    plans.aim(city)
    _odd_cases(city, signed)
    years.plan_the_years(city)
    reports.hand_in(city)
    targets.aim(city)
    water.show(city)
    say("stalls and briefings")
    nights.run(city)
    months.close_and_draft(city)
    meetings.hold(city)
    waiting.hand_in(city)


def _projects() -> ProjectQuerySet:
    return (
        Project.objects.select_related("task_force", "location", "enterprise")
        .prefetch_related("stage_changes")
        .order_by("pk")
    )


def _months(city: City) -> list[datetime.date]:
    month, found = AFTER_LEDGERS, []
    while month < city.today:
        found.append(month)
        month = next_month(month)
    return found


def _a_month(city: City, month: datetime.date) -> list[Project]:
    journeys.travel(city, month)
    if month > city.today - LEADS_SINCE * 31 * DAY:
        for _turn in range(city.random.randint(8, 14)):
            day = city.after(month, 0, 26)
            if day < city.today:
                life.lead(city, day)
    return life.sign_month(city, month)


def _odd_cases(city: City, signed: list[Project]) -> None:
    """What every bureau has: a late report, an entry returned, a pause, an add-on, a void, and entries
    of yesterday that wait for the bureau."""
    by, leader = city.people["clerk"], city.people["leader"]
    standing = [p for p in signed if p.stage == Stage.SIGNING and p.status == Status.ACTIVE]
    last = previous_month(city.today)
    old = next(p for p in standing if p.signed_on and p.signed_on < last - 60 * DAY)
    pipeline.pause(
        old,
        reason="企业调整投资计划",
        until=city.today + 60 * DAY,
        by=city.mover(old.task_force),
        today=city.today,
    )
    grown, voided = standing[len(standing) // 2], standing[len(standing) // 3]
    for project, kind, amount in (
        (grown, EventKind.ADD_ON, 6000),
        (voided, EventKind.VOIDED, -voided.contracted),
    ):
        event = contracts.record(
            project,
            Terms(kind=kind, signed_on=last + 11 * DAY, amount=Decimal(amount), note="双方签订补充协议"),
            by=by,
            today=last + 12 * DAY,
        )
        contracts.verify(event, by=leader, today=last + 13 * DAY)
    _report_late(city, previous_month(previous_month(last)))
    _correct(city, months.FROZEN_FROM)
    _return_one(city)
    for unit in city.units[:3]:
        life.sign(city, city.today - DAY, unit=unit)


def _report_late(city: City, month: datetime.date) -> None:
    """Signed in a month that was closed before anyone told the bureau."""
    force, unit = city.forces[1], city.units[4]
    idea = city.inventor.idea(force.code)
    heard = next_month(next_month(month)) + 3 * DAY
    event = entry.enter_signing(
        life.facts(city, idea, force, unit, month + 20 * DAY),
        Terms(kind=EventKind.SIGNED, signed_on=month + 20 * DAY, amount=idea.amount),
        investor=life.investor(idea),
        by=city.enterer(unit),
        today=heard,
    )
    contracts.verify(event, by=city.people["leader"], today=heard + DAY)


def _correct(city: City, month: datetime.date) -> None:
    """An amount of a closed month that was entered wrongly, noticed two months later."""
    noticed = next_month(next_month(month)) + 11 * DAY
    if noticed + 2 * DAY > city.today:
        return
    signings = ContractEvent.objects.verified().filter(
        kind=EventKind.SIGNED,
        exclusion_reason="",
        signed_on__range=(month, month_end(month)),
        project__status=Status.ACTIVE,
    )
    signing = signings.select_related("project").order_by("-amount", "pk")[0]
    terms = Terms(
        kind=EventKind.CORRECTION,
        signed_on=noticed,
        amount=Decimal(-1200),
        corrects=signing,
        note="核对合同原件：原录入金额多计1200万元",
    )
    event = contracts.record(signing.project, terms, by=city.people["clerk"], today=noticed)
    contracts.verify(event, by=city.people["leader"], today=noticed + 2 * DAY)


def _return_one(city: City) -> None:
    """An entry of Luzhai's that the bureau sent back yesterday."""
    unit = next(unit for unit in city.units if unit.code == "450223")
    idea = city.inventor.idea(city.forces[0].code)
    day = city.today - 3 * DAY
    event = entry.enter_signing(
        life.facts(city, idea, city.forces[0], unit, day),
        Terms(kind=EventKind.SIGNED, signed_on=day, amount=idea.amount),
        investor=life.investor(idea),
        by=city.people["luzhai"],
        today=day,
    )
    contracts.send_back(
        event,
        reason="合同扫描件缺盖章页，请补齐后重新录入。",
        by=city.people["leader"],
        today=city.today - DAY,
    )
