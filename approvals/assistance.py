"""The agency assistance list 帮代办清单: what an officer does with the enterprise (帮办) or for it (代办).

Every step is one verb; the table `TASK_NEXT` says which steps there are. Each writes an
AgencyTaskEvent in the transaction of the step. Who acts for the enterprise does so by its signed
mandate 委托书 (民法典 165: what may be done, by whom, signed): nothing is handed in before it.
"""

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.choices import AssistanceEventKind, AssistanceMode, AssistanceState
from approvals.models import AgencyTask, AgencyTaskEvent, Item
from approvals.rules import TASK_NEXT
from core import versions
from core.clock import moment
from core.models import StoredFile
from core.refusal import Refusal
from projects.choices import Stage, Status
from projects.models import Project

K = AssistanceEventKind
OFFICER = "approvals.assist_enterprise"
MOST_PAPERS = 500


class CannotOpenTask(Refusal):
    """A new task contradicts itself or the project."""


class CannotAssist(Refusal):
    """The step is not in the table, something is missing, or someone else was quicker."""


# --- Opening ------------------------------------------------------------------------------


@transaction.atomic
def open_task(
    project: Project,
    *,
    text: str,
    mode: str,
    officer: User,
    due_on: datetime.date,
    on: datetime.date,
    by: User,
    today: datetime.date,
    item: Item | None = None,
    contact: str = "",
) -> AgencyTask:
    """Put a task on a project's list: what an officer does, with or for the enterprise, and by when.

    Raises CannotOpenTask for a project before its signing or one that has ended, an item of another
    project, somebody who is no officer, or days that contradict each other.
    """
    if project.stage not in Stage.FROM_SIGNING:
        raise CannotOpenTask(_("The agency assistance list opens when the project is signed."))
    if project.status == Status.ENDED:
        raise CannotOpenTask(_("This project has ended: there is nothing left to assist with."))
    if on > today:
        raise CannotOpenTask(_("The day lies in the future. Enter the day on which it was agreed."))
    if due_on < on:
        raise CannotOpenTask(_("It is due before it was agreed. Correct one of the two days."))
    if item is not None and item.project_id != project.pk:
        raise CannotOpenTask(_("A task belongs to an item of its own project."))
    if not text.strip():
        raise CannotOpenTask(_("Write what the officer does."))
    if not officer.has_perm(OFFICER):
        raise CannotOpenTask(_not_an_officer(officer))
    return AgencyTask.objects.create(
        project=project,
        item=item,
        text=text.strip(),
        mode=AssistanceMode(mode),
        officer=officer,
        contact=contact.strip(),
        due_on=due_on,
        opened_on=on,
        opened_by=by,
        state=AssistanceState.OPEN,
        state_since=on,
    )


def _not_an_officer(person: User) -> str:
    return _("%(name)s is not of a service team. Choose one of its members.") % {"name": person.name}


# --- The work ------------------------------------------------------------------------------


@transaction.atomic
def begin(
    task: AgencyTask, *, on: datetime.date, by: User, today: datetime.date, note: str = "", version: int = 0
) -> AgencyTaskEvent:
    """The officer begins; what was finished is begun again with the reason."""
    is_again = task.state not in AssistanceState.UNFINISHED
    if is_again and not note.strip():
        raise CannotAssist(_("Say why it is taken up again."))
    values = {"closed_on": None} if is_again else {}
    return _step(task, K.BEGUN, on=on, by=by, today=today, note=note, version=version, values=values)


@transaction.atomic
def sign_mandate(
    task: AgencyTask,
    *,
    file: StoredFile,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str = "",
    version: int = 0,
) -> AgencyTaskEvent:
    """The enterprise has signed the mandate; the signed paper is kept with it."""
    if task.mode != AssistanceMode.ACT:
        raise CannotAssist(_("Assisting needs no mandate: the enterprise hands in its papers itself."))
    if task.mandate_signed_on:
        raise CannotAssist(
            _("The mandate was signed on %(on)s.") % {"on": task.mandate_signed_on.isoformat()}
        )
    return _step(
        task,
        K.MANDATE,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        values={"mandate_signed_on": on},
        told={"file": file},
    )


@transaction.atomic
def visit(
    task: AgencyTask, *, note: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> AgencyTaskEvent:
    """The officer has been at the enterprise."""
    if not note.strip():
        raise CannotAssist(_("Say what was talked about."))
    return _step(task, K.VISIT, on=on, by=by, today=today, note=note, version=version)


@transaction.atomic
def help_with_papers(
    task: AgencyTask,
    *,
    papers: int,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str = "",
    version: int = 0,
) -> AgencyTaskEvent:
    """The officer has prepared or put right so many papers with the enterprise."""
    if not 0 < papers <= MOST_PAPERS:
        raise CannotAssist(_("Enter how many papers, from 1 to %(most)s.") % {"most": MOST_PAPERS})
    return _step(
        task,
        K.PAPERS,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        told={"papers": papers},
    )


@transaction.atomic
def hand_in(
    task: AgencyTask, *, on: datetime.date, by: User, today: datetime.date, note: str = "", version: int = 0
) -> AgencyTaskEvent:
    """The officer has handed the papers in for the enterprise, by its mandate."""
    if task.mode != AssistanceMode.ACT:
        raise CannotAssist(_("Assisting only: the enterprise hands in its papers itself."))
    _must_be_mandated(task, on)
    return _step(task, K.HANDED_IN, on=on, by=by, today=today, note=note, version=version)


@transaction.atomic
def finish(
    task: AgencyTask, *, note: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> AgencyTaskEvent:
    """It is done; the note says with what result."""
    if not note.strip():
        raise CannotAssist(_("Say with what result it was done."))
    if task.mode == AssistanceMode.ACT:
        _must_be_mandated(task, on)
    return _step(
        task, K.DONE, on=on, by=by, today=today, note=note, version=version, values={"closed_on": on}
    )


def _must_be_mandated(task: AgencyTask, on: datetime.date) -> None:
    if task.mandate_signed_on is None:
        raise CannotAssist(
            _("Acting for the enterprise needs its signed mandate. Enter the mandate with its file first.")
        )
    if on < task.mandate_signed_on:
        raise CannotAssist(
            _("The mandate was signed on %(on)s only. Enter that day or a later one.")
            % {"on": task.mandate_signed_on.isoformat()}
        )


@transaction.atomic
def drop(
    task: AgencyTask, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> AgencyTaskEvent:
    """The enterprise does not need it any more."""
    if not reason.strip():
        raise CannotAssist(_("Say why it is no longer needed."))
    return _step(
        task, K.DROPPED, on=on, by=by, today=today, note=reason, version=version, values={"closed_on": on}
    )


@transaction.atomic
def hand_over(
    task: AgencyTask,
    *,
    officer: User,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> AgencyTaskEvent:
    """Another officer takes over; who had it before, and why it changed hands, stays in the history."""
    if not reason.strip():
        raise CannotAssist(_("Say why it is handed over, and what the next officer has to know."))
    if officer.pk == task.officer_id:
        raise CannotAssist(_("%(name)s has it already.") % {"name": officer.name})
    if not officer.has_perm(OFFICER):
        raise CannotAssist(_not_an_officer(officer))
    return _step(
        task,
        K.HANDED_OVER,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={"officer": officer},
        told={"officer": officer},
    )


@transaction.atomic
def move_day(
    task: AgencyTask,
    *,
    due_on: datetime.date,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> AgencyTaskEvent:
    """It is due on another day; the day before stays in the history."""
    if not reason.strip():
        raise CannotAssist(_("Say why the day moves."))
    if due_on == task.due_on:
        raise CannotAssist(_("It is due on that day already."))
    if due_on < task.opened_on:
        raise CannotAssist(_("It is due before it was agreed. Correct one of the two days."))
    return _step(
        task,
        K.MOVED,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={"due_on": due_on},
        told={"due_on": due_on},
    )


@transaction.atomic
def note(
    task: AgencyTask, *, note: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> AgencyTaskEvent:
    """Write something down that changes nothing."""
    if not note.strip():
        raise CannotAssist(_("Write the note."))
    return _step(task, K.NOTE, on=on, by=by, today=today, note=note, version=version)


# --- One step -----------------------------------------------------------------------------


def _step(
    task: AgencyTask,
    kind: AssistanceEventKind,
    *,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str,
    version: int,
    values: Mapping[str, Any] = MappingProxyType({}),
    told: Mapping[str, Any] = MappingProxyType({}),
) -> AgencyTaskEvent:
    to = TASK_NEXT[AssistanceState(task.state)].get(kind)
    if to is None:
        raise CannotAssist(
            _("A task that is “%(here)s” has no step “%(step)s”.")
            % {"here": task.get_state_display(), "step": kind.label}
        )
    _check_day(task, on, today, changes=to != task.state)
    moved = {"state": to, "state_since": on} if to != task.state else {}
    _swap(task, version, **moved, **values)
    return task.events.create(kind=kind, on=on, by=by, note=note.strip(), recorded_at=moment(today), **told)


def _check_day(task: AgencyTask, on: datetime.date, today: datetime.date, *, changes: bool) -> None:
    """A visit may be entered late; what changes the state comes after the state before."""
    if on > today:
        raise CannotAssist(_("The day lies in the future. Enter the day on which it happened."))
    since = task.state_since if changes else task.opened_on
    if on < since:
        raise CannotAssist(
            _("The task stands as “%(here)s” since %(since)s. Enter that day or a later one.")
            % {"here": task.get_state_display(), "since": since.isoformat()}
        )


def _swap(task: AgencyTask, version: int, **values: Any) -> None:
    if not versions.swap(task, version=version, **values):
        raise CannotAssist(
            _("%(name)s has just changed this task. Look at it again, then decide.")
            % {"name": versions.last_hand(task.events)}
        )
