"""What the API says of projects: each shape as the schema has it, and the function that tells it.

Lists are told from plain rows (`.values()`): fifty models with their relations cost several times the
query. A test compares what is told with what the schema promises.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import User
from core.api import MoneyField
from core.endpoints import Code, Plain, code_of, codes, money
from projects import pipeline, rules
from projects.choices import Confidentiality, Currency, EventKind, Stage, Status, Verdict
from projects.filters import choices_now
from projects.models import ContractEvent, Enterprise, ProgressReport, Project, Share, StageChange
from projects.showing import Label, face, masked_name, masked_phone, withheld

# --- Enterprises --------------------------------------------------------------------------------------


class EnterpriseName(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    uscc = serializers.CharField(allow_null=True, help_text=_("Credit code."))


class Contact(serializers.Serializer):
    """Masked; the page of a project shows it in full to who may see it, and writes that down."""

    name = serializers.CharField()
    phone = serializers.CharField()


class EnterpriseRow(EnterpriseName):
    origin = serializers.CharField()
    contact = Contact()
    projects = serializers.IntegerField(help_text=_("How many projects of it you may name."))
    version = serializers.IntegerField()


class ProjectName(serializers.Serializer):
    """A project beside something else; a confidential one carries its code-name outside its owners."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    is_veiled = serializers.BooleanField()


class EnterpriseDetail(EnterpriseRow):
    latest_projects = ProjectName(many=True)


class LikeEnterprise(EnterpriseName):
    grade = serializers.ChoiceField(choices=["same", "likely", "similar"])
    evidence = serializers.ListField(child=serializers.CharField())
    projects = serializers.IntegerField()


def contact(name: str, phone: str) -> Plain:
    return {"name": masked_name(name), "phone": masked_phone(phone)}


def enterprise_row(enterprise: Enterprise, projects: int) -> Plain:
    return {
        "id": enterprise.pk,
        "name": enterprise.name,
        "uscc": enterprise.uscc,
        "origin": enterprise.origin,
        "contact": contact(enterprise.contact_name, enterprise.contact_phone),
        "projects": projects,
        "version": enterprise.version,
    }


# --- Projects -----------------------------------------------------------------------------------------


class SharePart(serializers.Serializer):
    unit = Code()
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)


class ProjectRow(ProjectName):
    enterprise = EnterpriseName(allow_null=True)
    task_force = Code()
    reporting_unit = Code()
    location = Code()
    shares = SharePart(many=True, help_text=_("Empty where the reporting unit brought it in alone."))
    is_industrial = serializers.BooleanField()
    confidentiality = serializers.ChoiceField(Confidentiality.choices)
    stage = serializers.ChoiceField(Stage.choices)
    stage_since = serializers.DateField()
    status = serializers.ChoiceField(Status.choices)
    contracted = MoneyField()
    signed_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField()


class NextStage(serializers.Serializer):
    stage = serializers.ChoiceField(Stage.choices)
    missing = serializers.ListField(child=serializers.CharField(), help_text=_("What it still needs."))


class Move(serializers.Serializer):
    source = serializers.ChoiceField(Stage.choices, allow_null=True)  # type: ignore[assignment]
    target = serializers.ChoiceField(Stage.choices)
    on = serializers.DateField()
    by = serializers.CharField()
    note = serializers.CharField()


class ProjectDetail(ProjectRow):
    """Of a confidential project those outside its owners read no names, codes and notes: those are
    null or empty then."""

    national_code = serializers.CharField(allow_null=True)
    content = serializers.CharField()
    officer = serializers.CharField()
    code_name = serializers.CharField()
    assisting = Code(many=True)
    fixed_assets = MoneyField(allow_null=True)
    annual_output = MoneyField(allow_null=True)
    jobs = serializers.IntegerField(allow_null=True)
    land_mu = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    planned_start = serializers.DateField(allow_null=True)
    planned_production = serializers.DateField(allow_null=True)
    permit_no = serializers.CharField()
    accepted_on = serializers.DateField(allow_null=True)
    status_reason = serializers.CharField()
    paused_until = serializers.DateField(allow_null=True)
    contact = Contact(allow_null=True)
    next_stage = NextStage(allow_null=True)
    history = Move(many=True)


# What a row of the list is made of.
ROW = (
    "id",
    "code",
    "name",
    "code_name",
    "confidentiality",
    "enterprise_id",
    "enterprise__name",
    "enterprise__uscc",
    "task_force_id",
    "reporting_unit_id",
    "location_id",
    "is_industrial",
    "stage",
    "stage_since",
    "status",
    "contracted",
    "signed_on",
    "version",
)


def project_rows(rows: list[Mapping[str, Any]], user: User) -> list[Plain]:
    """The projects of a page, in a fixed number of queries."""
    named = choices_now()
    forces, units = codes(named.task_forces.values()), codes(named.units.values())
    shares: dict[int, list[Plain]] = defaultdict(list)
    parts = Share.objects.filter(project__in=[row["id"] for row in rows]).order_by("-percent", "unit__order")
    for project, unit, percent in parts.values_list("project", "unit", "percent"):
        shares[project].append(_share(units[unit], percent))
    confidential = [row["id"] for row in rows if row["confidentiality"] == Confidentiality.CONFIDENTIAL]
    veiled = withheld(user, confidential)
    return [_row(row, forces, units, shares[row["id"]], row["id"] in veiled) for row in rows]


def _share(unit: Plain, percent: Decimal) -> Plain:
    return {"unit": unit, "percent": f"{percent:.2f}"}


def _row(
    row: Mapping[str, Any],
    forces: Mapping[int, Plain],
    units: Mapping[int, Plain],
    shares: list[Plain],
    is_veiled: bool,
) -> Plain:
    return {
        "id": row["id"],
        "code": row["code"],
        "name": (row["code_name"] or row["code"]) if is_veiled else row["name"],
        "is_veiled": is_veiled,
        "enterprise": None
        if is_veiled
        else {
            "id": row["enterprise_id"],
            "name": row["enterprise__name"],
            "uscc": row["enterprise__uscc"],
        },
        "task_force": forces[row["task_force_id"]],
        "reporting_unit": units[row["reporting_unit_id"]],
        "location": units[row["location_id"]],
        "shares": shares,
        "is_industrial": row["is_industrial"],
        "confidentiality": row["confidentiality"],
        "stage": row["stage"],
        "stage_since": row["stage_since"],
        "status": row["status"],
        "contracted": money(row["contracted"]),
        "signed_on": row["signed_on"],
        "version": row["version"],
    }


_AS_ROW = {name: attrgetter(name.replace("__", ".")) for name in ROW}
# What only those read who know the project, and what the others get instead (see also the project page).
_WITHHELD: Plain = {
    "national_code": None,
    "content": "",
    "permit_no": "",
    "jobs": None,
    "land_mu": None,
    "status_reason": "",
    "contact": None,
}


def project_detail(project: Project, user: User) -> Plain:
    """Everything of a project that was read with its enterprise, task force, units and shares, and
    with its assisting task forces, evidence and progress reports."""
    facts = {name: read(project) for name, read in _AS_ROW.items()}
    units = {unit.pk: code_of(unit) for unit in (project.reporting_unit, project.location)}
    shares = [_share(code_of(share.unit), share.percent) for share in project.shares.all()]
    knows = rules.knows(user, project)
    row = _row(facts, {project.task_force_id: code_of(project.task_force)}, units, shares, not knows)
    return {
        **row,
        "officer": project.officer,
        "code_name": project.code_name,
        "assisting": [code_of(force) for force in project.assisting.all()],
        "fixed_assets": money(project.fixed_assets),
        "annual_output": money(project.annual_output),
        "planned_start": project.planned_start,
        "planned_production": project.planned_production,
        "accepted_on": project.accepted_on,
        "paused_until": project.paused_until,
        **(_for_owners(project) if knows else _WITHHELD),
        "next_stage": _next_stage(project),
        "history": [_move(move, knows) for move in _moves(project)],
    }


def _for_owners(project: Project) -> Plain:
    enterprise = project.enterprise
    return {
        "national_code": project.national_code,
        "content": project.content,
        "permit_no": project.permit_no,
        "jobs": project.jobs,
        "land_mu": None if project.land_mu is None else f"{project.land_mu:.2f}",
        "status_reason": project.status_reason,
        "contact": contact(enterprise.contact_name, enterprise.contact_phone),
    }


def _next_stage(project: Project) -> Plain | None:
    to = pipeline.NEXT.get(project.stage)
    if to is None or project.status == Status.ENDED:
        return None
    return {"stage": to, "missing": [str(need.label) for need in pipeline.missing_for(project, to)]}


def _moves(project: Project) -> Iterable[StageChange]:
    return project.stage_changes.select_related("by").order_by("recorded_at", "pk")


def _move(move: StageChange, knows: bool) -> Plain:
    return {
        "source": move.source or None,
        "target": move.target,
        "on": move.on,
        "by": move.by.name,
        "note": move.note if knows else "",
    }


def project_name(project: Project, user: User) -> Plain:
    shown = face(project, user)
    return {"id": project.pk, "code": project.code, "name": shown.name, "is_veiled": shown.is_veiled}


def labels_told(pk: int, named: Mapping[int, Label]) -> Plain:
    """A project by key, named as `showing.labels` says."""
    label = named[pk]
    return {"id": pk, "code": label.code, "name": label.name, "is_veiled": label.is_veiled}


# --- Contracts ----------------------------------------------------------------------------------------


class Ceremony(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    held_on = serializers.DateField()


class Word(serializers.Serializer):
    """What the bureau said of it."""

    verdict = serializers.ChoiceField(Verdict.choices)
    on = serializers.DateField()
    by = serializers.CharField()
    reason = serializers.CharField()


class Event(serializers.Serializer):
    """What happened to a contract. It counts once it is verified."""

    id = serializers.IntegerField()
    project = serializers.IntegerField()
    kind = serializers.ChoiceField(EventKind.choices)
    amount = MoneyField(help_text=_("What it adds to contracted investment, in 万元 (10,000 yuan)."))
    currency = serializers.ChoiceField(Currency.choices)
    original_amount = serializers.DecimalField(
        14, 2, allow_null=True, help_text=_("In 10,000 of its currency.")
    )
    rate = serializers.DecimalField(12, 6, allow_null=True, help_text=_("Yuan for one unit of it."))
    rate_on = serializers.DateField(allow_null=True)
    signed_on = serializers.DateField()
    effective_on = serializers.DateField(allow_null=True)
    ceremony = Ceremony(allow_null=True)
    corrects = serializers.IntegerField(allow_null=True)
    exclusion_reason = serializers.CharField(help_text=_("Why it does not count; empty when it does."))
    note = serializers.CharField()
    recorded_by = serializers.CharField()
    recorded_on = serializers.DateField()
    verdict = Word(allow_null=True, help_text=_("Null while it waits."))


def event_told(event: ContractEvent, knows: bool) -> Plain:
    """An event read with `ceremony`, `recorded_by` and `verdict__by`."""
    return {
        "id": event.pk,
        "project": event.project_id,
        "kind": event.kind,
        "amount": money(event.amount),
        "currency": event.currency,
        "original_amount": money(event.original_amount),
        "rate": None if event.rate is None else f"{event.rate:.6f}",
        "rate_on": event.rate_on,
        "signed_on": event.signed_on,
        "effective_on": event.effective_on,
        "ceremony": _ceremony(event) if knows else None,
        "corrects": event.corrects_id,
        "exclusion_reason": event.exclusion_reason,
        "note": event.note if knows else "",
        "recorded_by": event.recorded_by.name,
        "recorded_on": event.recorded_on,
        "verdict": _verdict(event, knows),
    }


def _ceremony(event: ContractEvent) -> Plain | None:
    held = event.ceremony
    return None if held is None else {"id": held.pk, "name": held.name, "held_on": held.held_on}


def _verdict(event: ContractEvent, knows: bool) -> Plain | None:
    verdict = getattr(event, "verdict", None)
    if verdict is None:
        return None
    return {
        "verdict": verdict.verdict,
        "on": verdict.on,
        "by": verdict.by.name,
        "reason": verdict.reason if knows else "",
    }


class Progress(serializers.Serializer):
    """What a project had done by the end of a month. Of a month's versions the last one stands."""

    project = serializers.IntegerField()
    month = serializers.CharField(help_text=_("For example 2026-03."))
    version = serializers.IntegerField()
    invested = MoneyField(help_text=_("Fixed-asset investment done, cumulative, in 万元 (10,000 yuan)."))
    funds_in_place = MoneyField(help_text=_("Cumulative, in 万元 (10,000 yuan)."))
    physical = serializers.CharField()
    blocked_by = serializers.CharField()
    reason = serializers.CharField(help_text=_("Why an amount fell."))
    by = serializers.CharField()
    recorded_on = serializers.DateField()


def progress_told(report: ProgressReport, knows: bool) -> Plain:
    """A report read with `by`."""
    return {
        "project": report.project_id,
        "month": f"{report.month:%Y-%m}",
        "version": report.version,
        "invested": money(report.invested),
        "funds_in_place": money(report.funds_in_place),
        "physical": report.physical if knows else "",
        "blocked_by": report.blocked_by if knows else "",
        "reason": report.reason if knows else "",
        "by": report.by.name,
        "recorded_on": report.recorded_on,
    }
