"""The approval bureau's ledgers: projects served by teams, and their issues."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Agency, User
from approvals import issues as verbs
from approvals import teams
from approvals.choices import ConfirmedBy, IssueCategory, IssueState
from approvals.models import Service, ServiceTeam
from core.ledgers import (
    CannotInterpret,
    Column,
    Kind,
    Outcome,
    Played,
    day,
    needed_day,
    needed_text,
    one_of,
    text,
)
from projects.models import Project

CATEGORY_WORDS = {
    "用地规划": IssueCategory.LAND,
    "环评能评": IssueCategory.ENVIRONMENT,
    "水电气路": IssueCategory.UTILITIES,
    "施工许可图审消防": IssueCategory.PERMIT,
    "融资资金": IssueCategory.FINANCE,
    "用工": IssueCategory.LABOUR,
    "政策兑现": IssueCategory.POLICY,
    "拆迁": IssueCategory.DEMOLITION,
    "中介": IssueCategory.INTERMEDIARY,
    "企业自身原因": IssueCategory.ENTERPRISE,
    "跨部门争议": IssueCategory.DISPUTE,
}
STATE_WORDS = {
    "已登记": IssueState.LOGGED,
    "已受理": IssueState.ACCEPTED,
    "办理中": IssueState.HANDLING,
    "挂起": IssueState.SUSPENDED,
    "已答复": IssueState.ANSWERED,
    "企业确认": IssueState.CONFIRMING,
    "已退回": IssueState.RETURNED,
    "退回": IssueState.RETURNED,
    "已解决": IssueState.RESOLVED,
    "办结销号": IssueState.RESOLVED,
}

Days = Callable[[datetime.date], datetime.date]


def project_named(cell: Any) -> Project:
    """The one project of this name; several of the same name cannot be told apart here."""
    name = needed_text(cell)
    found = list(Project.objects.filter(name=name).order_by("pk")[:2])
    if not found:
        raise CannotInterpret(_("There is no project called “%(name)s”.") % {"name": name})
    if len(found) > 1:
        raise CannotInterpret(_("There are several projects called “%(name)s”.") % {"name": name})
    return found[0]


def team_named(cell: Any) -> ServiceTeam:
    name = needed_text(cell)
    team = ServiceTeam.objects.filter(name=name).first()
    if team is None:
        raise CannotInterpret(_("There is no service team called “%(name)s”.") % {"name": name})
    return team


def agency_named(cell: Any) -> Agency:
    name = needed_text(cell)
    agency = Agency.objects.filter(name=name).order_by("pk").first()
    if agency is None:
        raise CannotInterpret(_("There is no agency called “%(name)s”.") % {"name": name})
    return agency


SERVICE_COLUMNS = (
    Column("project", ("项目名称",), project_named),
    Column("team", ("服务专班",), team_named),
    Column("leader", ("组长",), text, required=False),
    Column("since", ("进驻日期",), needed_day),
)
ISSUE_COLUMNS = (
    Column("project", ("项目名称",), project_named),
    Column("category", ("问题类别",), one_of(CATEGORY_WORDS)),
    Column("text", ("问题描述",), needed_text),
    Column("department", ("责任部门",), agency_named),
    Column("raised_on", ("提出日期",), needed_day),
    Column("state", ("状态",), one_of(STATE_WORDS)),
    Column("resolved_on", ("办结日期",), day, required=False),
    Column("statement", ("办理结果",), text, required=False),
)


def services(*, by: User, on: Days) -> Kind:
    """The kind of ledger that lists which team follows which project since when."""

    def play(row: Mapping[str, Any], source: str) -> Played:
        known = Service.objects.filter(project=row["project"], team=row["team"], since=row["since"])
        if known.exists():
            return Played(Outcome.UNCHANGED)
        since = row["since"]
        teams.assign(
            row["project"],
            row["team"],
            leader=row["leader"],
            since=since,
            by=by,
            today=on(since),
            source=source,
        )
        return Played(Outcome.CREATED)

    return Kind("services", SERVICE_COLUMNS, play)


def issues(*, by: User, on: Days) -> Kind:
    """The kind of ledger that lists issues, taken over as it tells them."""

    def play(row: Mapping[str, Any], source: str) -> Played:
        known_on = on(row["resolved_on"] or row["raised_on"])
        _issue, new = verbs.take_over(
            **row, confirmed_by=_confirmed(row["statement"]), by=by, source=source, today=known_on
        )
        return Played(Outcome.CREATED if new else Outcome.UNCHANGED)

    return Kind("issues", ISSUE_COLUMNS, play)


def _confirmed(statement: str) -> str:
    """The ledger says in words that the enterprise confirmed."""
    return ConfirmedBy.ENTERPRISE if "企业已确认" in statement else ""
