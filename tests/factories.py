"""One function per model: a plain row with unique names, every field open to the caller.

Nothing here plays a verb: a project at "signing" has no history and no event unless a test adds it
(`contract_event`, `verified_event`, `stage_change`, `item_event` …).
"""

import datetime
import itertools
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Agency, AgencyKind, User
from accounts.roles import Role
from approvals.choices import (
    AssistanceMode,
    IssueCategory,
    IssueState,
    ItemEventKind,
    Phase,
    Severity,
    StallCode,
    SupportKind,
)
from approvals.models import (
    AgencyTask,
    Issue,
    IssueEvent,
    Item,
    ItemEvent,
    ItemLimit,
    ItemRule,
    ItemTemplate,
    Service,
    ServiceTeam,
    StallFlag,
    StallRule,
    SupportNeed,
)
from briefings.choices import BriefingState, ScopeKind
from briefings.models import Briefing, Period
from core import clock as core_clock
from core import uscc
from core.models import StoredFile
from ledgers.choices import LedgerState, State
from ledgers.choices import Verdict as RowVerdict
from ledgers.models import Ledger, LedgerRow
from outreach.models import Engagement, PartyKind, Visit, VisitLevel
from projects.choices import EventKind, PlanState, Stage, SuspicionGrade, SuspicionKind, Verdict
from projects.models import (
    AnnualPlan,
    AnnualPlanEntry,
    ContractEvent,
    ContractVerdict,
    Enterprise,
    ProgressReport,
    Project,
    Share,
    SigningCeremony,
    StageChange,
    Suspicion,
)
from taskforces.models import BatchLabel, Mechanism, Membership, ReportingUnit, Seat, TaskForce, UnitKind

PASSWORD = "Nine-7-one-two"
DAY = datetime.date(2026, 3, 2)  # a Monday without a holiday near
MONTH = DAY.replace(day=1)

_numbers = itertools.count(1)


def number() -> int:
    """A number no other row of this run has."""
    return next(_numbers)


# --- People and agencies ---------------------------------------------------------------------


def agency(kind: str = AgencyKind.DEPARTMENT, **fields: Any) -> Agency:
    n = number()
    return Agency.objects.create(
        **{"code": f"agency-{n}", "name": f"第{n}局", "name_en": f"Office {n}", "kind": kind, **fields}
    )


def user(
    role: str = Role.CLERK,
    *,
    task_force: TaskForce | None = None,
    unit: ReportingUnit | None = None,
    is_lead: bool = False,
    **fields: Any,
) -> User:
    """A person who signs in with `PASSWORD`, working for the task force or unit given."""
    n = number()
    password = fields.pop("password", PASSWORD)
    fields = {"username": f"user{n}", "name": f"用户{n}", "role": role, **fields}
    person = User.objects.create_user(password=password, **fields)
    if task_force is not None:
        Membership.objects.create(user=person, task_force=task_force, is_lead=is_lead)
    if unit is not None:
        Membership.objects.create(user=person, unit=unit, is_lead=is_lead)
    return person


# --- The mechanism -----------------------------------------------------------------------------


def task_force(**fields: Any) -> TaskForce:
    n = number()
    return TaskForce.objects.create(
        **{"code": f"force-{n}", "name": f"第{n}专班", "name_en": f"Task force {n}", "order": n, **fields}
    )


def unit(kind: str = UnitKind.DISTRICT, **fields: Any) -> ReportingUnit:
    n = number()
    return ReportingUnit.objects.create(
        **{
            "code": f"{900000 + n}",
            "name": f"第{n}区",
            "name_en": f"District {n}",
            "short_name": f"{n}区",
            "kind": kind,
            "order": n,
            **fields,
        }
    )


def mechanism(year: int = 2026, *, task_forces: tuple[TaskForce, ...] = (), **fields: Any) -> Mechanism:
    """The mechanism of a year with a label for each batch and a seat for each of the task forces."""
    made = Mechanism.objects.create(**{"year": year, "name": "9712", "name_en": "9712", **fields})
    for order, force in enumerate(task_forces, start=1):
        Seat.objects.create(mechanism=made, task_force=force, order=order)
    for batch in Stage:
        BatchLabel.objects.create(
            mechanism=made, batch=batch, name=f"{batch.value[:18]}", name_en=batch.value
        )
    return made


# --- Projects --------------------------------------------------------------------------------------


def credit_code(n: int | None = None) -> str:
    """A credit code with the right check character."""
    body = f"91450200MA5{number() if n is None else n:06d}"
    return body + uscc.check_character(body)


def enterprise(**fields: Any) -> Enterprise:
    n = number()
    return Enterprise.objects.create(
        **{"name": f"企业{n}有限公司", "name_key": f"企业{n}", "uscc": credit_code(n), **fields}
    )


def project(stage: str = Stage.PREPARATION, **fields: Any) -> Project:
    """A project in a batch, owned by a task force and a unit of its own unless told otherwise."""
    n = number()
    given: dict[str, Any] = {
        "code": f"LZ-2026-{n:04d}",
        "name": f"项目{n}",
        "stage": stage,
        "stage_since": DAY,
        **fields,
    }
    given["enterprise"] = given.get("enterprise") or enterprise()
    given["task_force"] = given.get("task_force") or task_force()
    given["reporting_unit"] = given.get("reporting_unit") or unit()
    given["location"] = given.get("location") or given["reporting_unit"]
    given["created_by"] = given.get("created_by") or user()
    return Project.objects.create(**given)


_project = project  # for the factories whose parameter of that name hides it


def share(project: Project, unit: ReportingUnit, percent: Decimal | int = 50) -> Share:
    return Share.objects.create(project=project, unit=unit, percent=Decimal(percent))


def stage_change(project: Project, target: str, *, on: datetime.date = DAY, **fields: Any) -> StageChange:
    given = {"source": "", "by": project.created_by, **fields}
    return StageChange.objects.create(project=project, target=target, on=on, **given)


def progress_report(project: Project, month: datetime.date, **fields: Any) -> ProgressReport:
    """A month's next version, recorded on the day of `recorded_at`."""
    given = {"by": project.created_by, "recorded_at": timezone.now(), **fields}
    given.setdefault("recorded_on", timezone.localdate(given["recorded_at"]))
    given.setdefault("version", project.progress_reports.filter(month=month).count() + 1)
    return ProgressReport.objects.create(project=project, month=month, **given)


def annual_plan(year: int = 2026, state: str = PlanState.IN_FORCE) -> AnnualPlan:
    return AnnualPlan.objects.create(year=year, state=state, proposed_on=datetime.date(year, 1, 4))


def plan_entry(plan: AnnualPlan, project: Project | None = None, **fields: Any) -> AnnualPlanEntry:
    """On the list in the batch in which the project stands."""
    project = project or _project()
    whose = {"task_force": project.task_force, "unit": project.reporting_unit}
    given = {"batch": project.stage, **whose, **fields}
    return AnnualPlanEntry.objects.create(plan=plan, project=project, **given)


def ceremony(**fields: Any) -> SigningCeremony:
    return SigningCeremony.objects.create(**{"name": f"签约仪式{number()}", "held_on": DAY, **fields})


def contract_event(project: Project | None = None, **fields: Any) -> ContractEvent:
    """A contract of 12,500 万元 signed on `DAY`, entered and not yet verified."""
    project = project or _project(stage=Stage.SIGNING)
    given: dict[str, Any] = {"kind": EventKind.SIGNED, "amount": Decimal(12500), "signed_on": DAY, **fields}
    given.setdefault("recorded_on", given["signed_on"])
    given["recorded_by"] = given.get("recorded_by") or project.created_by
    return ContractEvent.objects.create(project=project, **given)


def verified_event(
    project: Project | None = None,
    *,
    verified_on: datetime.date | None = None,
    verified_by: User | None = None,
    **fields: Any,
) -> ContractEvent:
    """A contract event the bureau has verified (on the day of signing unless told otherwise).

    The project's kept sum and first day of signing are brought into line, as the verb would.
    """
    event = contract_event(project, **fields)
    ContractVerdict.objects.create(
        event=event,
        verdict=Verdict.VERIFIED,
        on=verified_on or event.signed_on,
        by=verified_by or user(Role.LEADER),
    )
    signed = event.project
    signed.contracted += event.amount
    if event.kind == EventKind.SIGNED and signed.signed_on is None:
        signed.signed_on = event.signed_on
    signed.save(update_fields=["contracted", "signed_on"])
    return event


def suspicion(project: Project | None = None, *others: Project, **fields: Any) -> Suspicion:
    """An open finding that the project and the others are one contract signed twice."""
    project = project or _project(stage=Stage.SIGNING)
    given: dict[str, Any] = {
        "kind": SuspicionKind.REPEATED,
        "subject": f"{number()}",
        "fingerprint": f"{number():064d}",
        "facts": [["names_alike", 60, {"score": 95}], ["same_place", 5, {}]],
        "points": 65,
        "grade": SuspicionGrade.MEDIUM,
        "amount": Decimal(12500),
        "raised_on": DAY,
        "evidence_on": DAY,
        **fields,
    }
    made = Suspicion.objects.create(project=project, **given)
    made.records.set([project, *others])
    return made


# --- Outreach ------------------------------------------------------------------------------------------


def visit(on: datetime.date = DAY, **fields: Any) -> Visit:
    """A journey of a county's leaders, the unit its own unless told otherwise."""
    given: dict[str, Any] = {"level": VisitLevel.COUNTY, **fields}
    if given["level"] == VisitLevel.COUNTY and "unit" not in given:
        given["unit"] = unit()
    return Visit.objects.create(on=on, **given)


def engagement(visit: Visit, **fields: Any) -> Engagement:
    given = {"party": f"客商{number()}", "kind": PartyKind.ENTERPRISE, "place": "深圳", **fields}
    return Engagement.objects.create(visit=visit, **given)


# --- Approvals -----------------------------------------------------------------------------------------


LONG_AGO = datetime.date(2020, 1, 1)


def item_template(
    *,
    statutory_days: int | None = 20,
    promised_days: int | None = 5,
    is_verified: bool = False,
    rules: dict[str, list[str]] | None = None,
    **fields: Any,
) -> ItemTemplate:
    """A catalogue item with its limits and the answers that it is needed for, in force for long."""
    n = number()
    given: dict[str, Any] = {
        "code": f"item-{n}",
        "name": f"事项{n}",
        "name_en": f"Item {n}",
        "phase": Phase.LAND,
        "order": n,
        "in_force_from": LONG_AGO,
        **fields,
    }
    prerequisites = given.pop("prerequisites", ())
    given["department"] = given.get("department") or agency()
    made = ItemTemplate.objects.create(**given)
    made.prerequisites.set(prerequisites)
    item_limit(made, statutory_days=statutory_days, promised_days=promised_days, is_verified=is_verified)
    for fact, answers in (rules or {}).items():
        ItemRule.objects.create(template=made, fact=fact, answers=answers, effective_from=LONG_AGO)
    return made


def item_limit(template: ItemTemplate, **fields: Any) -> ItemLimit:
    return ItemLimit.objects.create(template=template, **{"effective_from": LONG_AGO, **fields})


def item(project: Project | None = None, template: ItemTemplate | None = None, **fields: Any) -> Item:
    """An item not yet submitted, with the limits of its template; `promised_days` and
    `statutory_days` give it a template of its own if it has none."""
    limits = {name: fields.pop(name) for name in ("statutory_days", "promised_days") if name in fields}
    template = template or item_template(**limits)
    limit = ItemLimit.objects.of_day(fields.get("opened_on", DAY)).get(template.pk)
    if limit and any(getattr(limit, name) != value for name, value in limits.items()):
        raise AssertionError("Give the limits to the template.")
    given = {
        "opened_on": DAY,
        "limit": limit,
        "statutory_days": limit.statutory_days if limit else None,
        "promised_days": limit.promised_days if limit else None,
        **fields,
    }
    project = project or _project(stage=Stage.SIGNING)
    return Item.objects.create(project=project, template=template, **given)


_item = item


def item_event(
    item: Item, kind: str = ItemEventKind.NOTE, *, on: datetime.date = DAY, **fields: Any
) -> ItemEvent:
    given = {"by": item.project.created_by, **fields}
    return ItemEvent.objects.create(item=item, kind=kind, on=on, **given)


def service_team(*members: User, **fields: Any) -> ServiceTeam:
    n = number()
    made = ServiceTeam.objects.create(**{"name": f"服务{n}组", "name_en": f"Service team {n}", **fields})
    made.members.set(members)
    return made


def service(project: Project, team: ServiceTeam | None = None, **fields: Any) -> Service:
    return Service.objects.create(project=project, team=team or service_team(), **{"since": DAY, **fields})


def issue(project: Project | None = None, **fields: Any) -> Issue:
    """An issue logged on `DAY`, addressed to a department of its own unless told otherwise."""
    project = project or _project(stage=Stage.SIGNING)
    given: dict[str, Any] = {
        "code": f"WT-2026-{number():04d}",
        "category": IssueCategory.LAND,
        "text": "用地指标尚未落实",
        "raised_on": DAY,
        "state": IssueState.LOGGED,
        **fields,
    }
    blocks = given.pop("blocks", ())
    given.setdefault("state_since", given["raised_on"])
    given["department"] = given.get("department") or agency()
    given["raised_by"] = given.get("raised_by") or project.created_by
    made = Issue.objects.create(project=project, **given)
    made.blocks.set(blocks)
    return made


def issue_event(issue: Issue, target: str, *, on: datetime.date = DAY, **fields: Any) -> IssueEvent:
    given = {"source": issue.state, "by": issue.raised_by, **fields}
    return IssueEvent.objects.create(issue=issue, target=target, on=on, **given)


def support_need(project: Project | None = None, **fields: Any) -> SupportNeed:
    """A need of 800 kVA raised on `DAY`, addressed to a department of its own unless told otherwise."""
    project = project or _project(stage=Stage.SIGNING)
    given: dict[str, Any] = {
        "kind": SupportKind.POWER,
        "text": "10千伏专线供电",
        "amount": Decimal(800),
        "unit": "千伏安",
        "raised_on": DAY,
        "needed_by": DAY + datetime.timedelta(days=60),
        **fields,
    }
    given.setdefault("state_since", given["raised_on"])
    given["department"] = given.get("department") or agency()
    given["raised_by"] = given.get("raised_by") or project.created_by
    return SupportNeed.objects.create(project=project, **given)


def agency_task(project: Project | None = None, **fields: Any) -> AgencyTask:
    """A task agreed on `DAY`: an officer of a service team assists the enterprise."""
    project = project or _project(stage=Stage.SIGNING)
    given: dict[str, Any] = {
        "text": "帮办环评报告表申报材料",
        "mode": AssistanceMode.ASSIST,
        "opened_on": DAY,
        "due_on": DAY + datetime.timedelta(days=30),
        **fields,
    }
    given.setdefault("state_since", given["opened_on"])
    given["officer"] = given.get("officer") or user(Role.SERVICE)
    given["opened_by"] = given.get("opened_by") or given["officer"]
    return AgencyTask.objects.create(project=project, **given)


def stall_rule(code: str = StallCode.OVER_PROMISE, **fields: Any) -> StallRule:
    given = {
        "days": 1,
        "severity": Severity.AMBER,
        "effective_from": datetime.date(2024, 1, 1),
        **fields,
    }
    return StallRule.objects.create(code=code, **given)


def stall_flag(item: Item | None = None, **fields: Any) -> StallFlag:
    """Of an item, or with a `project` alone of the project itself."""
    if item is None and "project" not in fields:
        item = _item()
    given = {
        "code": StallCode.OVER_PROMISE,
        "severity": Severity.AMBER,
        **({"project": item.project} if item else {}),
        "first_day": DAY,
        "raised_on": DAY,
        "facts": {"days": 1, "due": DAY.isoformat()},
        **fields,
    }
    return StallFlag.objects.create(item=item, **given)


# --- Briefings -----------------------------------------------------------------------------------------


def period(month: datetime.date = MONTH, **fields: Any) -> Period:
    return Period.objects.create(month=month, **fields)


_period = period


def briefing(
    period: Period | None = None,
    *,
    task_force: TaskForce | None = None,
    unit: ReportingUnit | None = None,
    **fields: Any,
) -> Briefing:
    """The city's briefing of a month, or the task force's or unit's given."""
    period = period or _period()
    scope, key = ScopeKind.CITY, "city"
    if task_force is not None:
        scope, key = ScopeKind.TASK_FORCE, f"force:{task_force.code}"
    if unit is not None:
        scope, key = ScopeKind.UNIT, f"unit:{unit.code}"
    given: dict[str, Any] = {"scope": scope, "scope_key": key, **fields}
    if given.get("state") == BriefingState.PUBLISHED:
        given.setdefault("number", f"柳招商〔{period.month.year}〕{number()}号")
        given.setdefault("published_on", core_clock.next_month(period.month))
        given.setdefault("published_at", timezone.now())
    return Briefing.objects.create(period=period, task_force=task_force, unit=unit, **given)


# --- Files ---------------------------------------------------------------------------------------------


def stored_file(uploaded_by: User | None = None, **fields: Any) -> StoredFile:
    """The row of a file; what lies on the disk is the business of `core.files`."""
    given = {
        "file": "00/00000000000000000000000000000000",
        "name": "合同.pdf",
        "content_type": "application/pdf",
        "size": 4,
        "sha256": "0" * 64,
        **fields,
    }
    return StoredFile.objects.create(uploaded_by=uploaded_by or user(), **given)


# --- Ledgers -------------------------------------------------------------------------------------------


def ledger(by: User, *, unit: ReportingUnit, **fields: Any) -> Ledger:
    """A rehearsed ledger of projects that a unit has sent, without rows."""
    given: dict[str, Any] = {
        "file": stored_file(by, name=f"{unit.name} {number()}.xlsx"),
        "kind": "projects",
        "sender": unit.name,
        "state": LedgerState.REHEARSED,
        "handed_in_on": DAY,
        **fields,
    }
    return Ledger.objects.create(handed_in_by=by, unit=unit, **given)


def ledger_row(ledger: Ledger, *, name: str, **fields: Any) -> LedgerRow:
    """A new row, of which only the name is told: sure, in column B of the sheet."""
    given: dict[str, Any] = {
        "sheet": "台账",
        "row": number(),
        "verdict": RowVerdict.NEW,
        "cells": {"name": [State.SURE, name, name, "B", ""]},
        **fields,
    }
    return LedgerRow.objects.create(ledger=ledger, **given)


# --- Clients -------------------------------------------------------------------------------------------


def in_english() -> Client:
    """A browser whose reader has clicked on English."""
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client
