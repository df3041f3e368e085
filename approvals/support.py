"""The service support list 服务保障清单: what a project needs from others, until it is met.

Every step is one verb; the table `NEED_NEXT` says which steps there are. Each writes a SupportEvent
in the transaction of the step, and finds out there whether somebody else was quicker.
"""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Agency, User
from approvals.choices import SupportKind, SupportState
from approvals.models import SupportEvent, SupportNeed
from approvals.rules import NEED_NEXT
from core import versions
from core.clock import moment
from core.refusal import Refusal
from projects.choices import Stage, Status
from projects.models import Project


class CannotRaise(Refusal):
    """A new need contradicts itself or the project."""


class CannotServe(Refusal):
    """The step is not in the table, something is missing, or someone else was quicker."""


# --- Raising ------------------------------------------------------------------------------


@transaction.atomic
def raise_need(
    project: Project,
    *,
    kind: str,
    text: str,
    department: Agency,
    needed_by: datetime.date,
    on: datetime.date,
    by: User,
    today: datetime.date,
    amount: Decimal | None = None,
    unit: str = "",
) -> SupportNeed:
    """Put a need on a project's list: what, how much, by when, from whom.

    Raises CannotRaise for a project before its signing or one that has ended, a missing text, an
    amount without its unit, or days that contradict each other.
    """
    if project.stage not in Stage.FROM_SIGNING:
        raise CannotRaise(_("The service support list opens when the project is signed."))
    if project.status == Status.ENDED:
        raise CannotRaise(_("This project has ended: there is nothing left to support."))
    if on > today:
        raise CannotRaise(_("The day lies in the future. Enter the day on which the need was raised."))
    if needed_by < on:
        raise CannotRaise(_("It is needed before it was raised. Correct one of the two days."))
    if not text.strip():
        raise CannotRaise(_("Write what is needed."))
    if (amount is None) != (not unit.strip()):
        raise CannotRaise(_("An amount has a unit: enter both, or neither."))
    need = SupportNeed.objects.create(
        project=project,
        kind=SupportKind(kind),
        text=text.strip(),
        amount=amount,
        unit=unit.strip(),
        department=department,
        needed_by=needed_by,
        raised_on=on,
        raised_by=by,
        state=SupportState.RAISED,
        state_since=on,
    )
    need.events.create(source="", target=SupportState.RAISED, on=on, by=by, recorded_at=moment(today))
    return need


# --- Meeting it ------------------------------------------------------------------------------


@transaction.atomic
def take_on(
    need: SupportNeed,
    *,
    officer: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str = "",
    version: int = 0,
) -> SupportEvent:
    """The responsible department signs for it and names the person in charge."""
    if not officer.strip():
        raise CannotServe(_("Name the person in charge, so that the enterprise knows whom to ask."))
    return _step(
        need,
        SupportState.ACCEPTED,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        values={"officer": officer.strip()},
    )


@transaction.atomic
def meet_partly(
    need: SupportNeed,
    *,
    note: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    met_amount: Decimal | None = None,
    version: int = 0,
) -> SupportEvent:
    """Part of it is there. Where the need has an amount, `met_amount` says how much by now."""
    if not note.strip():
        raise CannotServe(_("Say what is there and what is still missing."))
    if (need.amount is None) != (met_amount is None):
        raise CannotServe(
            _("Enter how much is met by now, in %(unit)s.") % {"unit": need.unit}
            if need.amount is not None
            else _("This need has no amount: say in words what is there.")
        )
    if need.amount is not None and met_amount is not None and not 0 < met_amount < need.amount:
        raise CannotServe(
            _("Partly met lies between nothing and the %(amount)s %(unit)s that are needed.")
            % {"amount": f"{need.amount.normalize():f}", "unit": need.unit}
        )
    return _step(
        need,
        SupportState.PARTLY_MET,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        values={"met_amount": met_amount},
    )


@transaction.atomic
def meet(
    need: SupportNeed, *, note: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> SupportEvent:
    """All of it is there; the note says how it was met."""
    if not note.strip():
        raise CannotServe(_("Say how it was met."))
    return _step(
        need,
        SupportState.MET,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        values={"met_amount": need.amount, "closed_on": on},
    )


@transaction.atomic
def refuse(
    need: SupportNeed, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> SupportEvent:
    """It cannot be met; the enterprise is told why. It counts against the rate."""
    if not reason.strip():
        raise CannotServe(_("Say why it cannot be met, and what the enterprise can do instead."))
    return _step(
        need,
        SupportState.REFUSED,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={"closed_on": on},
    )


# --- What whoever asked may change --------------------------------------------------------------


@transaction.atomic
def drop(
    need: SupportNeed, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> SupportEvent:
    """The enterprise does not need it any more; it leaves the rate."""
    if not reason.strip():
        raise CannotServe(_("Say why it is no longer needed."))
    return _step(
        need,
        SupportState.DROPPED,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={"closed_on": on},
    )


@transaction.atomic
def raise_again(
    need: SupportNeed, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> SupportEvent:
    """What was met, refused or dropped is needed after all."""
    if not reason.strip():
        raise CannotServe(_("Say why it is needed after all."))
    return _step(
        need,
        SupportState.RAISED,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={"closed_on": None, "met_amount": None},
    )


@transaction.atomic
def reassign(
    need: SupportNeed,
    *,
    department: Agency,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> SupportEvent:
    """Address it to another department, which has to take it on anew."""
    _must_be_open(need)
    if not reason.strip():
        raise CannotServe(_("Say why another department is responsible."))
    if department.pk == need.department_id:
        raise CannotServe(_("%(department)s is responsible already.") % {"department": department})
    _check_day(need, on, today)
    source = need.state
    values = {"department": department, "officer": "", "state": SupportState.RAISED, "state_since": on}
    _swap(need, version, **values)
    return need.events.create(
        source=source,
        target=SupportState.RAISED,
        on=on,
        by=by,
        note=reason.strip(),
        department=department,
        recorded_at=moment(today),
    )


@transaction.atomic
def move_day(
    need: SupportNeed,
    *,
    needed_by: datetime.date,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> SupportEvent:
    """The enterprise needs it on another day; the day before stays in the history."""
    _must_be_open(need)
    if not reason.strip():
        raise CannotServe(_("Say why the day moves."))
    if needed_by == need.needed_by:
        raise CannotServe(_("It is needed by that day already."))
    if needed_by < need.raised_on:
        raise CannotServe(_("It is needed before it was raised. Correct one of the two days."))
    _check_day(need, on, today)
    _swap(need, version, needed_by=needed_by)
    return need.events.create(
        source=need.state,
        target=need.state,
        on=on,
        by=by,
        note=reason.strip(),
        needed_by=needed_by,
        recorded_at=moment(today),
    )


# --- One step -----------------------------------------------------------------------------


def _step(
    need: SupportNeed,
    to: SupportState,
    *,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str,
    version: int,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> SupportEvent:
    if to not in NEED_NEXT[SupportState(need.state)]:
        raise CannotServe(
            _("A need that is “%(here)s” cannot become “%(there)s”.")
            % {"here": need.get_state_display(), "there": to.label}
        )
    _check_day(need, on, today)
    source = need.state
    _swap(need, version, state=to, state_since=on, **values)
    return need.events.create(
        source=source,
        target=to,
        on=on,
        by=by,
        note=note.strip(),
        met_amount=values.get("met_amount"),
        recorded_at=moment(today),
    )


def _must_be_open(need: SupportNeed) -> None:
    if need.state not in SupportState.OPEN:
        raise CannotServe(
            _("This need is “%(here)s”. Raise it again first.") % {"here": need.get_state_display()}
        )


def _check_day(need: SupportNeed, on: datetime.date, today: datetime.date) -> None:
    if on > today:
        raise CannotServe(_("The day lies in the future. Enter the day on which it happened."))
    if on < need.state_since:
        raise CannotServe(
            _("The need has been “%(here)s” since %(since)s. Enter that day or a later one.")
            % {"here": need.get_state_display(), "since": need.state_since.isoformat()}
        )


def _swap(need: SupportNeed, version: int, **values: Any) -> None:
    if not versions.swap(need, version=version, **values):
        raise CannotServe(
            _("%(name)s has just changed this need. Look at it again, then decide.")
            % {"name": versions.last_hand(need.events)}
        )
