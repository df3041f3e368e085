"""How far a person's work reaches."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from core.refusal import Refusal
from taskforces.models import ReportingUnit, TaskForce


@dataclass(frozen=True)
class Reach:
    """The task forces and units a person works for."""

    task_forces: frozenset[int]
    units: frozenset[int]
    led_task_forces: frozenset[int]


def reach(user: User) -> Reach:
    """Asked once per request: the answer is kept on the user object."""
    kept: Reach | None = getattr(user, "_reach", None)
    if kept is None:
        rows = list(user.memberships.values_list("task_force_id", "unit_id", "is_lead"))
        kept = Reach(
            task_forces=frozenset(force for force, _unit, _lead in rows if force),
            units=frozenset(unit for _force, unit, _lead in rows if unit),
            led_task_forces=frozenset(force for force, _unit, lead in rows if force and lead),
        )
        user._reach = kept  # type: ignore[attr-defined]
    return kept


class UnknownName(Refusal):
    """No task force or unit of that name."""


def force_named(text: str) -> TaskForce:
    """A task force by code, Chinese or English name, with or without what stands in brackets."""
    wanted = text.strip()
    for force in TaskForce.objects.order_by("order"):
        if wanted in (force.code, force.name, force.name_en, force.name.split("（")[0]):
            return force
    raise UnknownName(_("There is no task force called “%(name)s”.") % {"name": wanted})


def unit_named(text: str) -> ReportingUnit:
    """A reporting unit by code, full, short or English name."""
    wanted = text.strip()
    for unit in ReportingUnit.objects.order_by("order"):
        if wanted in (unit.code, unit.name, unit.short_name, unit.name_en):
            return unit
    raise UnknownName(_("There is no reporting unit called “%(name)s”.") % {"name": wanted})
