"""What is wrong with a row by itself, so that no book need be opened."""

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from ledgers.choices import State
from ledgers.models import LedgerRow
from projects.choices import EventKind
from projects.ledger_matching.told import Told
from taskforces.rules import reach

# What every row must say, and what a contract must say besides.
NEEDED = (("name", "name"), ("enterprise", "enterprise"), ("unit", "unit"), ("task_force", "task_force"))


def refusal(row: LedgerRow, told: Told, user: User) -> str:
    """Why the row cannot be entered; empty if nothing hinders it."""
    if user.role == Role.UNIT and told.unit and told.unit.pk not in reach(user).units:
        return _("This row is of another unit. You hand in the ledger of your own unit.")
    for name, attribute in NEEDED:
        if not getattr(told, attribute) and not _is_asked(row, name):
            return _("The row does not say its %(field)s.") % {"field": _label(name)}
    if told.kind and not told.signed_on and not _is_asked(row, "signed_on"):
        return _("The row does not say its %(field)s.") % {"field": _label("signed_on")}
    needs_amount = told.kind in (EventKind.SIGNED, EventKind.ADD_ON)
    if needs_amount and not (told.amount and told.amount > 0) and not _is_asked(row, "amount_wan"):
        return _("The row does not say its %(field)s.") % {"field": _label("amount_wan")}
    return ""


def _is_asked(row: LedgerRow, name: str) -> bool:
    return name in row.cells and row.cells[name][0] == State.ASKED


def _label(name: str) -> str:
    return {
        "name": _("project name"),
        "enterprise": _("enterprise"),
        "unit": _("reporting unit"),
        "task_force": _("task force"),
        "signed_on": _("day of signing"),
        "amount_wan": _("Amount"),
    }[name]
