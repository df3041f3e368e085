"""Moving a project through the seven batches. The table that refuses a move also says what is missing."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.clock import moment
from core.inserting import insert, maker
from core.refusal import Refusal
from projects.choices import EventKind, EvidenceKind, Stage, Status, Verdict
from projects.models import Project, StageChange, StatusChange, standing_of
from projects.signals import stage_changed


class CannotAdvance(Refusal):
    """The move is not in the table, something is missing, or someone else was quicker."""


class CannotChangeStatus(Refusal):
    """A pause, a resumption or an end that does not fit the project's status."""


# Forwards by one batch. Backwards only as a correction with a reason (see `take_back`).
NEXT: dict[str, str] = {
    Stage.PREPARATION: Stage.NEGOTIATION,
    Stage.NEGOTIATION: Stage.SIGNING,
    Stage.SIGNING: Stage.COMMENCEMENT,
    Stage.COMMENCEMENT: Stage.CONSTRUCTION,
    Stage.CONSTRUCTION: Stage.PRODUCTION,
    Stage.PRODUCTION: Stage.FULL_CAPACITY,
}


@dataclass(frozen=True)
class Requirement:
    """A fact that a project must show from a batch on; `field` names where it is filled in."""

    field: str
    label: str | Promise
    stage: str
    is_met: Callable[[Project], bool]


def _has(field: str) -> Callable[[Project], bool]:
    return lambda project: getattr(project, field) not in (None, "")


def _proves(kind: str) -> Callable[[Project], bool]:
    return lambda project: any(evidence.kind == kind for evidence in project.evidence.all())


def _signing_verified(project: Project) -> bool:
    return project.contract_events.filter(kind=EventKind.SIGNED, verdict__verdict=Verdict.VERIFIED).exists()


# What each batch asks for: domain of the seven batches as published by Rong'an County (2025-07-11);
# the evidence column is the office's proposal.
REQUIRED_FROM: tuple[Requirement, ...] = (
    Requirement("officer", gettext_lazy("officer in charge"), Stage.NEGOTIATION, _has("officer")),
    Requirement("content", gettext_lazy("what is built"), Stage.NEGOTIATION, _has("content")),
    Requirement(
        "uscc",
        gettext_lazy("the enterprise's credit code"),
        Stage.SIGNING,
        lambda project: bool(project.enterprise.uscc),
    ),
    Requirement("signing", gettext_lazy("a verified signing"), Stage.SIGNING, _signing_verified),
    Requirement(
        "national_code", gettext_lazy("national project code"), Stage.COMMENCEMENT, _has("national_code")
    ),
    Requirement("permit_no", gettext_lazy("construction permit"), Stage.COMMENCEMENT, _has("permit_no")),
    Requirement(
        "evidence-start",
        gettext_lazy("photo or permit of the start of works"),
        Stage.COMMENCEMENT,
        _proves(EvidenceKind.START),
    ),
    Requirement("fixed_assets", gettext_lazy("fixed-asset part"), Stage.CONSTRUCTION, _has("fixed_assets")),
    Requirement(
        "progress",
        gettext_lazy("a progress report with investment done"),
        Stage.CONSTRUCTION,
        lambda project: any(report.invested > 0 for report in standing_of(project.progress_reports.all())),
    ),
    Requirement(
        "accepted_on",
        gettext_lazy("day on which the works were accepted"),
        Stage.PRODUCTION,
        _has("accepted_on"),
    ),
    Requirement(
        "evidence-completion",
        gettext_lazy("acceptance of completion or first invoice"),
        Stage.PRODUCTION,
        _proves(EvidenceKind.COMPLETION),
    ),
    Requirement(
        "annual_output", gettext_lazy("expected annual output"), Stage.FULL_CAPACITY, _has("annual_output")
    ),
    Requirement(
        "evidence-capacity",
        gettext_lazy("proof of output at design capacity"),
        Stage.FULL_CAPACITY,
        _proves(EvidenceKind.CAPACITY),
    ),
)


def missing_for(project: Project, to: str) -> list[Requirement]:
    """What the project must still show to stand in batch `to`; empty when it may move there.

    Only the facts that the batch itself adds are asked: tightening the rule of an earlier batch
    never locks a project that has passed it.
    """
    return [need for need in REQUIRED_FROM if need.stage == to and not need.is_met(project)]


@transaction.atomic
def advance(
    project: Project,
    to: str,
    *,
    by: User,
    on: datetime.date,
    today: datetime.date,
    note: str = "",
    seen_version: int | None = None,
) -> StageChange:
    """Move a project to the next batch and write the move into its history.

    `seen_version` is the project's version on the page from which the move was asked for.

    Raises CannotAdvance when the project is paused or ended, the move is not the next one, facts
    are missing (they stand in `details`), the day is impossible, or someone else has just moved it.
    """
    if seen_version is not None and seen_version != project.version:
        raise CannotAdvance(_someone_was_quicker(project, seen_version))
    if project.status != Status.ACTIVE:
        raise CannotAdvance(_("This project is paused or ended. Resume it first."))
    if NEXT.get(project.stage) != to:
        raise CannotAdvance(
            _("A project in “%(here)s” cannot go to “%(there)s”.")
            % {"here": project.get_stage_display(), "there": Stage(to).label}
        )
    if missing := missing_for(project, to):
        raise CannotAdvance(
            _("Before “%(there)s”, fill in what is still missing:") % {"there": Stage(to).label},
            [str(need.label) for need in missing],
        )
    _check_day(project, on, today)
    return _move(project, to, by=by, on=on, today=today, note=note)


@transaction.atomic
def take_back(
    project: Project,
    to: str,
    *,
    by: User,
    on: datetime.date,
    today: datetime.date,
    reason: str,
    seen_version: int | None = None,
) -> StageChange:
    """Put a project back into an earlier batch: a correction, so it needs a reason.

    A project cannot go back behind its verified signing: void the contract instead.
    """
    if seen_version is not None and seen_version != project.version:
        raise CannotAdvance(_someone_was_quicker(project, seen_version))
    if project.status == Status.ENDED:
        raise CannotAdvance(_("This project has ended."))
    if not reason.strip():
        raise CannotAdvance(_("Moving back is a correction: give the reason."))
    if Stage(to).rank >= Stage(project.stage).rank:
        raise CannotAdvance(
            _("Choose an earlier batch than “%(here)s”.") % {"here": project.get_stage_display()}
        )
    if to in Stage.BEFORE_SIGNING and _signing_verified(project):
        raise CannotAdvance(_("The signing is verified. Void the contract instead of moving back behind it."))
    _check_day(project, on, today, earliest=None)
    return _move(project, to, by=by, on=on, today=today, note=reason.strip())


@transaction.atomic
def take_over(project: Project, to: str, *, by: User, on: datetime.date, note: str) -> StageChange | None:
    """Believe a ledger about the batch a project stands in, without asking for each batch's facts.

    What the batches in between would have asked for goes on being shown as missing. `note` names
    the ledger. None when the project already stands there.
    """
    if project.stage == to:
        return None
    return _move(project, to, by=by, on=on, today=on, note=note)


def begin(
    project: Project, *, by: User, on: datetime.date, today: datetime.date, note: str = ""
) -> StageChange:
    """Write the first line of a new project's history."""
    return project.stage_changes.create(
        source="", target=project.stage, on=on, by=by, note=note, recorded_at=moment(today)
    )


def begin_many(
    begun: Sequence[tuple[Project, datetime.date, str]], *, by: User, today: datetime.date
) -> None:
    """The twin of `begin` for many: (project, day, note)."""
    at, change = moment(today), maker(StageChange)
    insert(
        [
            change(
                project_id=project.pk,
                source="",
                target=project.stage,
                on=on,
                by_id=by.pk,
                note=note,
                recorded_at=at,
            )
            for project, on, note in begun
        ]
    )


def _move(
    project: Project, to: str, *, by: User, on: datetime.date, today: datetime.date, note: str
) -> StageChange:
    source = project.stage
    seen = Project.objects.filter(pk=project.pk, stage=source, version=project.version)
    if not seen.update(stage=to, stage_since=on, version=project.version + 1):
        raise CannotAdvance(_someone_was_quicker(project))
    change = project.stage_changes.create(
        source=source, target=to, on=on, by=by, note=note, recorded_at=moment(today)
    )
    project.stage, project.stage_since, project.version = to, on, project.version + 1
    stage_changed.send(Project, project=project, change=change)
    return change


def _someone_was_quicker(project: Project, seen_version: int | None = None) -> str:
    last = project.stage_changes.select_related("by").order_by("-recorded_at", "-pk").first()
    if last and (last.target != project.stage or seen_version is not None):
        return _("%(name)s has just moved this project to “%(stage)s”. Look at it again, then decide.") % {
            "name": last.by.name,
            "stage": last.get_target_display(),
        }
    return _("Someone else has just changed this project. Look at it again, then decide.")


_SINCE = object()


def _check_day(project: Project, on: datetime.date, today: datetime.date, earliest: object = _SINCE) -> None:
    if on > today:
        raise CannotAdvance(_("The day of the move lies in the future. Enter the day on which it happened."))
    if earliest is _SINCE and on < project.stage_since:
        raise CannotAdvance(
            _("The project has been in “%(here)s” only since %(since)s. Enter that day or a later one.")
            % {"here": project.get_stage_display(), "since": project.stage_since.isoformat()}
        )


# --- Health, apart from progress ------------------------------------------------------------

LONGEST_PAUSE = datetime.timedelta(days=92)


@transaction.atomic
def pause(
    project: Project, *, reason: str, until: datetime.date, by: User, today: datetime.date
) -> StatusChange:
    """Pause a project, or renew its pause, with a reason and a day within three months.

    After FAST-41: a pause is renewed each quarter or it is none.
    """
    if not today < until <= today + LONGEST_PAUSE:
        raise CannotChangeStatus(
            _("A pause lasts until a day within the next three months; then it is renewed.")
        )
    return _set_status(project, Status.PAUSED, reason=reason, until=until, by=by, on=today)


@transaction.atomic
def resume(project: Project, *, reason: str, by: User, today: datetime.date) -> StatusChange:
    """Take a paused project up again."""
    if project.status != Status.PAUSED:
        raise CannotChangeStatus(_("This project is not paused."))
    return _set_status(project, Status.ACTIVE, reason=reason, until=None, by=by, on=today)


@transaction.atomic
def end(project: Project, *, reason: str, by: User, today: datetime.date) -> StatusChange:
    """End a project: it leaves the board, its history stays."""
    return _set_status(project, Status.ENDED, reason=reason, until=None, by=by, on=today)


@transaction.atomic
def end_many(projects: Sequence[Project], *, reason: str, by: User, today: datetime.date) -> None:
    """The twin of `end` for many: all end or none.

    Raises CannotChangeStatus when one has ended or was changed since it was read.
    """
    changes = []
    for project in projects:
        if project.status == Status.ENDED:
            raise CannotChangeStatus(_("This project has ended."))
        changes.append(
            StatusChange(
                project=project, source=project.status, target=Status.ENDED, reason=reason, by=by, on=today
            )
        )
    held = Project.objects.filter(pk__in=[project.pk for project in projects])
    versions = dict(held.select_for_update().order_by("pk").values_list("pk", "version"))
    if any(versions.get(project.pk) != project.version for project in projects):
        raise CannotChangeStatus(
            _("Someone else has just changed this project. Look at it again, then decide.")
        )
    held.update(status=Status.ENDED, status_reason=reason, paused_until=None, version=models.F("version") + 1)
    insert(changes)
    for project in projects:
        project.status, project.status_reason, project.paused_until = Status.ENDED, reason, None
        project.version += 1


def _set_status(
    project: Project, status: str, *, reason: str, until: datetime.date | None, by: User, on: datetime.date
) -> StatusChange:
    if not reason.strip():
        raise CannotChangeStatus(_("Give the reason."))
    if project.status == Status.ENDED:
        raise CannotChangeStatus(_("This project has ended."))
    source, reason = project.status, reason.strip()
    seen = Project.objects.filter(pk=project.pk, status=source, version=project.version)
    if not seen.update(status=status, status_reason=reason, paused_until=until, version=project.version + 1):
        raise CannotChangeStatus(_someone_was_quicker(project))
    project.status, project.status_reason, project.paused_until = status, reason, until
    project.version += 1
    return project.status_changes.create(
        source=source, target=status, reason=reason, until=until, by=by, on=on
    )
