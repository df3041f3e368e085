"""The ledger of services 服务项目: which team follows which major project since when."""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from approvals import teams
from approvals.ledger_kind.finding import CannotFind, Projects
from approvals.ledger_kind.rows import PROJECT, enter_each, named, of_the_same, readable, refuse
from approvals.models import Service, ServiceTeam
from ledgers import meanings
from ledgers.choices import Verdict
from ledgers.declaring import Field, Kind, Read, Undoing
from ledgers.models import Ledger, LedgerRow
from projects.models import Project

NEEDED = ("team", "since")


def team_names() -> Read:
    """A service team by its name; another name is asked, of all teams. Asks the database once."""
    names = list(ServiceTeam.objects.order_by("pk").values_list("name", flat=True))
    return meanings.words({name: (name, True) for name in names}, lambda: [(name, name) for name in names])


FIELDS = (
    Field(
        "team",
        gettext_lazy("Service team"),
        ("服务专班", "专班", "服务专班名称", "包保专班", "服务小组"),
        meanings.text(100),
        is_required=True,
        fills_down=True,
        begin=team_names,
    ),
    *PROJECT,
    Field("leader", gettext_lazy("Team leader"), ("组长", "专班组长", "负责人", "联系人"), meanings.text(60)),
    Field(
        "since",
        gettext_lazy("Since"),
        ("进驻日期", "进驻时间", "服务起始日期", "对接日期", "开始服务时间"),
        meanings.day,
        is_required=True,
        is_key=True,
    ),
)


# --- Beside the books -----------------------------------------------------------------------------------


def match(rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
    """New, or the same; whom a new team relieves is said."""
    whole = list(readable(rows, NEEDED))
    projects = Projects([named(row) for row in whole], user)
    placed: list[tuple[LedgerRow, int]] = []
    for row in whole:
        try:
            placed.append((row, projects.project(named(row))[0]))
        except CannotFind as refusal:
            refuse(row, str(refusal))
    services = Service.objects.filter(project__in={pk for _row, pk in placed}).select_related("team")
    known = {(one.project_id, one.team.name, one.since.isoformat()) for one in services}
    now = {one.project_id: one.team.name for one in services if one.until is None}
    for row, pk in placed:
        team = row.value("team")
        row.verdict, row.target = Verdict.NEW, None
        if (pk, team, row.value("since")) in known:
            row.verdict, row.target = Verdict.SAME, pk
        elif now.get(pk, team) != team:
            row.evidence = [*row.evidence, _("It relieves %(team)s.") % {"team": now[pk]}]


# --- Entering -------------------------------------------------------------------------------------------


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Assign the teams, the earliest day first: a later team relieves an earlier one."""
    projects = Projects([named(row) for row in rows], by)
    known = {team.name: team for team in ServiceTeam.objects.order_by("-pk")}
    ordered = sorted(rows, key=lambda row: row.value("since") or "")
    enter_each(ordered, lambda row: _assign(row, projects, known, ledger, by), tell)


def _assign(
    row: LedgerRow, projects: Projects, known: dict[str, ServiceTeam], ledger: Ledger, by: User
) -> None:
    pk, _name = projects.project(named(row))
    before = Service.objects.filter(project=pk, until__isnull=True).first()
    service = teams.assign(
        Project.objects.get(pk=pk),
        known[row.value("team")],
        leader=row.value("leader") or "",
        since=datetime.date.fromisoformat(row.value("since")),
        by=by,
        today=ledger.handed_in_on,
        source=row.source(ledger.file.name),
    )
    row.written, row.undo = pk, {}
    if before is None or before.pk != service.pk:
        row.undo = {"service": service.pk, "relieved": before.pk if before else None}


# --- Taking back ----------------------------------------------------------------------------------------


def take_back(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
    """Assignments go, and whom they relieved follows again; one that was handed over since hinders it."""
    with transaction.atomic():
        # The last assignment of a project first: it stands on the one before.
        said = [_undone(row.undo) for row in reversed(_by_day(of_the_same(rows, ledger)))]
        hindrances = [sentence for sentence in said if sentence]
        if hindrances:
            transaction.set_rollback(True)
    return Undoing(hindrances)


def _by_day(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    return sorted(rows, key=lambda row: (row.value("since"), row.pk))


def _undone(undo: dict[str, Any]) -> str:
    service = Service.objects.select_related("project", "team").filter(pk=undo["service"]).first()
    if service is None:
        return ""
    if service.until is not None:
        return _("%(project)s was handed over by %(team)s since.") % {
            "project": service.project.code,
            "team": service.team,
        }
    service.delete()
    Service.objects.filter(pk=undo["relieved"]).update(until=None)
    return ""


KIND = Kind(
    code="services",
    label=gettext_lazy("Projects served"),
    permission="approvals.assign_team",
    fields=FIELDS,
    match=match,
    enter=enter,
    take_back=take_back,
    model=Service,
    page_of=lambda pk: reverse("projects:project", args=[pk]),
)
