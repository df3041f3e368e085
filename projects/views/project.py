"""One project on one page: how far it is, what stands in the contract, what happened, what is next."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Prefetch, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting
from core.money import format_wan, format_yi
from core.pages import page
from core.workdays import calendar
from projects import entry, excel, pipeline, rules
from projects.choices import EventKind, Stage, Status, Verdict
from projects.models import ContractEvent, Evidence, ProgressReport, Project, standing_of
from projects.showing import face, masked_name, masked_phone
from projects.views.finding import project_with_papers
from projects.views.ledger import Flagged, lamp_of, units_of, with_worst_flag
from projects.views.provenance import sources
from projects.views.suspicions import lines_of

TEMPLATE = "projects/project.html"
STORY_SHOWN = 15
REPORTS_SHOWN = 12


@allow("projects.view_project")
def project(request: HttpRequest, pk: int) -> HttpResponseBase:
    user, today = user_of(request), clock.today()
    found = _loaded(user, pk)
    if exporting.asked(request):
        return _exported(request, found, user, today)
    return page(request, TEMPLATE, _context(found, user, today))


def _exported(request: HttpRequest, found: Project, user: User, today: datetime.date) -> HttpResponseBase:
    """What stands in the contract; in a workbook also the reports and everything that happened."""
    knows = rules.knows(user, found)
    reports = standing_of(found.progress_reports.all())
    story = _story(found, list(_moves(found)), knows, today)
    narrowed = [(_("Project"), f"{found.code} {face(found, user).name}")]
    return exporting.answer(
        request,
        excel.contract(knows),
        _events(found, today),
        narrowed=narrowed,
        also=((excel.REPORTED, reports), (excel.STORY, story)),
    )


@require_POST
@allow("projects.reveal_contact")
def reveal_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """The contact in full, on the answer to this one request; that it was asked for is written down."""
    user, today = user_of(request), clock.today()
    asked = project_with_papers(request, pk)
    enterprise = entry.reveal_contact(asked, by=user)
    context = {} if request.htmx else _context(_loaded(user, pk), user, today)  # type: ignore[attr-defined]
    contact = {"name": enterprise.contact_name, "phone": enterprise.contact_phone, "is_open": True}
    response = page(request, TEMPLATE, {**context, "project": asked, "contact": contact}, partial="contact")
    response["Cache-Control"] = "no-store"
    return response


def _loaded(user: User, pk: int) -> Project:
    """The project with all its papers, in a fixed number of queries."""
    events = ContractEvent.objects.readable_by(user).select_related(
        "verdict__by", "recorded_by", "ceremony", "evidence"
    )
    rows: QuerySet[Project] = (
        Project.objects.visible_to(user)
        .for_list()
        .select_related("created_by")
        .prefetch_related(
            Prefetch("contract_events", events.order_by("signed_on", "pk")),
            Prefetch("progress_reports", ProgressReport.objects.select_related("by").order_by("month")),
            Prefetch("evidence", Evidence.objects.select_related("file", "added_by").order_by("-added_at")),
            "assisting",
        )
    )
    if user.has_perm("approvals.view_stalled"):
        rows = with_worst_flag(rows)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _context(project: Project, user: User, today: datetime.date) -> dict[str, Any]:
    shown, knows = face(project, user), rules.knows(user, project)
    moves, events = list(_moves(project)), list(project.contract_events.all())
    missing = _missing(project)
    reports = standing_of(project.progress_reports.all())[:REPORTS_SHOWN]
    seen: Any = project  # reverse accessors of apps right of this one
    return {
        "project": project,
        "face": shown,
        "knows": knows,
        "lamp": lamp_of(project, _flagged(project), waits=any(not _verdict(event) for event in events)),
        "stages": _track(project, moves, missing, today),
        "missing": [(need.label, where_to_fill_in(project, need)) for need in missing],
        "units": units_of(project),
        "signing": next(filter(_is_signing, events), None),
        "events": _events(project, today),
        "reports": reports,
        "series": [report.invested for report in reversed(reports)],
        "standing": format_wan(_standing(project)),
        "story": _story(project, moves, knows, today),
        "story_shown": STORY_SHOWN,
        "sources": sources(project, user) if knows else [],
        "step": _next_step(project, user),
        "may": _may(project, user),
        "contact": {
            "name": masked_name(project.enterprise.contact_name),
            "phone": masked_phone(project.enterprise.contact_phone),
        },
        "issues": seen.issues.visible_to(user).standing().order_by("-raised_on", "-pk")[:5]
        if user.has_perm("approvals.view_issue")
        else None,
        "suspicions": lines_of(project, user) if user.has_perm("projects.view_suspicion") else None,
        "met": seen.engagements.select_related("visit").order_by("-visit__on")[:5]
        if knows and user.has_perm("outreach.view_visit")
        else None,
    }


def _flagged(project: Any) -> Flagged | None:
    code = getattr(project, "flag_code", None)
    return Flagged(code, project.flag_severity, project.flag_count) if code else None


# --- The track ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """A line of the project's history: a batch it came into, or a change of its status."""

    is_stage: bool
    source: str
    target: str
    on: datetime.date
    at: datetime.datetime
    by: str
    note: str


def _moves(project: Project) -> Iterator[Move]:
    """Moves and changes of status in one query, the oldest first."""

    def lines(rows: QuerySet[Any], note: str, is_stage: bool) -> QuerySet[Any, Any]:
        return rows.order_by().values_list(
            Value(is_stage), F("source"), F("target"), F("on"), F("recorded_at"), F("by__name"), F(note)
        )

    stages = lines(project.stage_changes.all(), "note", True)
    statuses = lines(project.status_changes.all(), "reason", False)
    for row in sorted(stages.union(statuses, all=True), key=lambda row: (row[4], row[3])):
        yield Move(bool(row[0]), *row[1:])


def _missing(project: Project) -> list[pipeline.Requirement]:
    """What the next batch still needs; nothing for a project that has ended."""
    to = pipeline.NEXT.get(project.stage)
    return pipeline.missing_for(project, to) if to and project.status != Status.ENDED else []


def _track(
    project: Project, moves: list[Move], missing: list[pipeline.Requirement], today: datetime.date
) -> list[dict[str, Any]]:
    here = Stage(project.stage).rank
    came = {move.target: move.on for move in moves if move.is_stage} | {project.stage: project.stage_since}
    return [
        {
            "label": stage.label,
            "state": "now" if stage.rank == here else _state_of(stage, here),
            "on": _day(came[stage], today) if stage in came and stage.rank <= here else "",
            "workdays": calendar().between(project.stage_since, today) if stage.rank == here else None,
            "missing": [need.label for need in missing] if stage.rank == here + 1 else [],
        }
        for stage in Stage
    ]


def _state_of(stage: Stage, here: int) -> str:
    return "done" if stage.rank < here else "next" if stage.rank == here + 1 else "ahead"


def _day(day: datetime.date, today: datetime.date) -> str:
    return f"{day:%m-%d}" if day.year == today.year else day.isoformat()


# Where each fact is filled in: a field of the edit form, or a page of its own.
def where_to_fill_in(project: Project, need: pipeline.Requirement) -> str:
    if need.field == "signing":
        return reverse("projects:contract", args=[project.pk])
    if need.field == "progress":
        return reverse("projects:progress", args=[project.pk])
    if need.field.startswith("evidence-"):
        kind = need.field.removeprefix("evidence-")
        return f"{reverse('projects:hand_in', args=[project.pk])}?kind={kind}"
    return f"{reverse('projects:edit', args=[project.pk])}#id_{need.field}"


# --- The contract --------------------------------------------------------------------------------------


def _verdict(event: ContractEvent) -> str:
    return event.verdict.verdict if hasattr(event, "verdict") else ""


def _is_signing(event: ContractEvent) -> bool:
    return event.kind == EventKind.SIGNED and _verdict(event) == Verdict.VERIFIED


def _standing(project: Project) -> Decimal:
    """See also contracts.standing_amount, the same by the database."""
    verified = [event for event in project.contract_events.all() if _verdict(event) == Verdict.VERIFIED]
    return sum((event.amount for event in verified), Decimal(0))


def _events(project: Project, today: datetime.date) -> list[dict[str, Any]]:
    """Each event with its verdict; what waits says so. The month it counts in stands on its passport."""
    return [
        {
            "event": event,
            "amount": format_wan(event.amount) if event.amount else "",
            "beside": format_wan(event.original_amount) if event.original_amount else "",
            "verdict": getattr(event, "verdict", None),
            "signed_on": event.signed_on.isoformat(),
        }
        for event in project.contract_events.all()
    ]


# --- What happened -----------------------------------------------------------------------------------


def _story(project: Project, moves: list[Move], knows: bool, today: datetime.date) -> list[dict[str, Any]]:
    """Everything that happened, the newest first. What people wrote is for those who know the project."""
    told = [
        *(_move_line(move) for move in moves),
        *(line for event in project.contract_events.all() for line in _event_lines(event)),
        *(_report_line(report) for report in project.progress_reports.all()),
        *(_evidence_line(evidence) for evidence in project.evidence.all()),
    ]
    return [
        {
            "on": _day(on, today),
            "iso": on.isoformat(),
            "what": what,
            "who": who,
            "note": note if knows else "",
        }
        for on, _at, what, who, note in sorted(told, key=lambda line: (line[0], line[1]), reverse=True)
    ]


Line = tuple[datetime.date, datetime.datetime, str, str, str]


def _move_line(move: Move) -> Line:
    if move.is_stage:
        there = Stage(move.target).label
        what = (
            f"{Stage(move.source).label} → {there}"
            if move.source
            else _("Entered at “%(stage)s”") % {"stage": there}
        )
    elif move.target == move.source:
        what = _("Pause renewed")
    else:
        what = {
            Status.ACTIVE: _("Taken up again"),
            Status.PAUSED: _("Paused"),
            Status.ENDED: _("Ended"),
        }[Status(move.target)]
    return move.on, move.at, what, move.by, move.note


def _event_lines(event: ContractEvent) -> Iterator[Line]:
    kind = event.get_kind_display()
    if event.amount:
        kind = _("%(kind)s, %(amount)s 亿元") % {"kind": kind, "amount": format_yi(event.amount)}
    yield (
        event.recorded_on,
        event.recorded_at,
        _("Entered: %(what)s") % {"what": kind},
        event.recorded_by.name,
        event.note,
    )
    if verdict := getattr(event, "verdict", None):
        what = (
            _("Verified: %(what)s") if verdict.verdict == Verdict.VERIFIED else _("Returned: %(what)s")
        ) % {"what": event.get_kind_display()}
        yield verdict.on, verdict.recorded_at, what, verdict.by.name, verdict.reason


def _report_line(report: ProgressReport) -> Line:
    what = _("Progress of %(month)s: %(invested)s 万元 invested") % {
        "month": f"{report.month:%Y-%m}",
        "invested": format_wan(report.invested),
    }
    return report.recorded_on, report.recorded_at, what, report.by.name, report.reason or report.blocked_by


def _evidence_line(evidence: Evidence) -> Line:
    what = _("Handed in: %(what)s") % {"what": evidence.get_kind_display()}
    return _local(evidence.added_at), evidence.added_at, what, evidence.added_by.name, evidence.file.name


def _local(at: datetime.datetime) -> datetime.date:
    return timezone.localdate(at)


# --- What may be done ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    label: str
    url: str


def _next_step(project: Project, user: User) -> Step | None:
    """The one thing that carries this project further, if it is this person's to do."""
    if project.status == Status.ENDED:
        return None
    waiting = [event for event in project.contract_events.all() if not _verdict(event)]
    if waiting and user.has_perm("projects.verify_signing") and waiting[0].recorded_by_id != user.pk:
        what = waiting[0].get_kind_display()
        return Step(
            _("Verify “%(what)s”…") % {"what": what}, reverse("projects:verdict", args=[waiting[0].pk])
        )
    if project.status == Status.PAUSED:
        if rules.may(user, "projects.advance_project", project):
            return Step(_("Take it up again…"), reverse("projects:resume", args=[project.pk]))
        return None
    return _way_on(project, user, bool(waiting))


def _way_on(project: Project, user: User, waits: bool) -> Step | None:
    to = pipeline.NEXT.get(project.stage)
    if to == Stage.SIGNING:
        if not waits and may_enter_signing(user, project):
            return Step(_("Enter the signing…"), reverse("projects:contract", args=[project.pk]))
        return None
    if to and rules.may(user, "projects.advance_project", project):
        return Step(
            _("Move on to “%(stage)s”…") % {"stage": Stage(to).label},
            reverse("projects:advance", args=[project.pk]),
        )
    return None


def may_enter_signing(user: User, project: Project) -> bool:
    return rules.may(user, "projects.enter_signing", project) or rules.may(
        user, "projects.record_contract_event", project
    )


def _may(project: Project, user: User) -> dict[str, bool]:
    """What the page offers; a project that has ended can still be read and proved."""
    living = project.status != Status.ENDED

    def may(permission: str) -> bool:
        return rules.may(user, f"projects.{permission}", project)

    return {
        "edit": may("edit_project"),
        "share": may("edit_project") and user.has_perm("projects.verify_signing"),
        "record": living and may("record_contract_event"),
        "report": living and may("report_progress"),
        "prove": may("edit_project") or may("report_progress"),
        "pause": living and may("advance_project"),
        "end": living and may("correct_stage"),
        "take_back": living and may("correct_stage") and project.stage != Stage.PREPARATION,
        "reveal": user.has_perm("projects.reveal_contact") and rules.knows(user, project),
    }
