"""What stands in the books before a journey begins, entered with the program's own verbs."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from accounts.models import Agency, User
from approvals import clocks, issues, stalls, teams
from approvals.choices import IssueCategory, ItemEventKind
from approvals.models import Item, ServiceTeam
from core import clock
from core.workdays import calendar
from projects import contracts, entry, pipeline
from projects.choices import EventKind, EvidenceKind, Stage
from projects.entry import Facts
from projects.models import Project
from taskforces.models import ReportingUnit, TaskForce
from tests import factories

Cast = Mapping[str, User]


def days_ago(days: int) -> datetime.date:
    return clock.today() - datetime.timedelta(days=days)


def prepared(city: Cast, name: str) -> Project:
    """A first idea of the steel task force: no officer yet, nothing said of what is built."""
    unit = ReportingUnit.objects.get(code="450205")
    return entry.open_project(
        Facts(
            name=name,
            task_force=TaskForce.objects.get(code="steel"),
            reporting_unit=unit,
            location=unit,
        ),
        investor=entry.enterprise(name=f"{name}有限公司", uscc=factories.credit_code()),
        stage=Stage.PREPARATION,
        by=city["clerk"],
        on=clock.today(),
    )


def entered(
    city: Cast,
    name: str,
    *,
    enterprise: str = "",
    uscc: str = "",
    force: str = "steel",
    unit: str = "450205",
    amount: int = 21_200,
    on: datetime.date | None = None,
    **facts: Any,
) -> Project:
    """A contract that the bureau's clerk has entered and nobody has verified yet."""
    reporting_unit = ReportingUnit.objects.get(code=unit)
    event = entry.enter_signing(
        Facts(
            name=name,
            task_force=TaskForce.objects.get(code=force),
            reporting_unit=reporting_unit,
            location=reporting_unit,
            **{"content": "年产 10 万吨高强汽车板", "officer": "覃志强", **facts},
        ),
        contracts.Terms(kind=EventKind.SIGNED, signed_on=on or clock.today(), amount=Decimal(amount)),
        investor=entry.enterprise(
            name=enterprise or f"{name}有限公司", uscc=uscc or factories.credit_code(), origin="上海"
        ),
        by=city["clerk"],
        today=clock.today(),
    )
    return event.project


def signed(city: Cast, name: str, **given: Any) -> Project:
    """The same, verified by the bureau's leader: it counts, and its approval list is open."""
    project = entered(city, name, **given)
    contracts.verify(project.contract_events.get(), by=city["leader"], today=clock.today())
    project.refresh_from_db()
    return project


def ready_for_works(city: Cast, name: str, **given: Any) -> Project:
    """Signed, with all that the batch of commencement asks for."""
    project = signed(city, name, national_code="2611-450200-04-01-000001", **given)
    Project.objects.filter(pk=project.pk).update(permit_no="450205202611010101")
    entry.prove(
        project,
        kind=EvidenceKind.START,
        file=factories.stored_file(city["steel.member"]),
        by=city["steel.member"],
        today=clock.today(),
    )
    project.refresh_from_db()
    return project


def followed(city: Cast, project: Project, *, team: int = 1) -> None:
    """A service team follows the project from its signing on."""
    teams.assign(
        project,
        ServiceTeam.objects.get(order=team),
        leader="陆海燕",
        since=project.stage_since,
        by=city["clerk"],
        today=clock.today(),
    )


def accepted(city: Cast, project: Project, item: str, on: datetime.date) -> Item:
    """An item of the list that its department accepted on a day."""
    found = project.items.select_related("template").get(template__name=item)
    clocks.log_event(found, kind=ItemEventKind.ACCEPTED, on=on, by=city["team1"], today=clock.today())
    return found


def workdays_ago(number: int) -> datetime.date:
    """A working day after which `number` working days have gone by, today among them."""
    days, day = calendar(), clock.today()
    while not (days.is_workday(day) and days.between(day, clock.today()) == number):
        day -= datetime.timedelta(days=1)
    return day


def small_city(city: Cast) -> None:
    """Projects of three task forces in several batches, one of which has come to a halt."""
    today = clock.today()
    last = clock.previous_month(today).replace(day=10)
    works = ready_for_works(city, "高强汽车板项目", amount=212_000, on=last)
    pipeline.advance(works, Stage.COMMENCEMENT, by=city["steel.member"], on=today, today=today)
    prepared(city, "谋划中的项目")
    entered(city, "待核实的项目", amount=30_000)
    signed(city, "零头项目", amount=7_777, on=last)
    signed(city, "新能源底盘项目", force="auto", unit="LD", amount=50_000)
    halted = signed(city, "停滞的项目", force="food", unit="450223", amount=12_345, on=days_ago(90))
    followed(city, halted)
    accepted(city, halted, "企业投资项目备案", workdays_ago(30))
    energy = accepted(city, halted, "节能审查", workdays_ago(12))
    accepted(city, halted, "用地预审与选址意见书", workdays_ago(24))
    issues.log(
        halted,
        category=IssueCategory.UTILITIES,
        text="临时用电容量不足",
        department=Agency.objects.get(code="zrzy"),
        on=workdays_ago(8),
        by=city["team1"],
        today=today,
        blocks=[energy],
    )
    stalls.announce(today)
