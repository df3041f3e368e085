"""What differs between a row and the project in the books that it is."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from accounts.models import User
from core.money import CENT
from projects.choices import EventKind
from projects.ledger_matching.books import BUREAU_ONLY, Booked
from projects.ledger_matching.names import bare
from projects.ledger_matching.told import FOLLOWING, Told
from projects.models import BUREAU, ContractEvent
from taskforces.rules import reach


def may_edit(user: User, project: Booked) -> bool:
    """See also rules.may, the same of a project in hand."""
    if not user.has_perm("projects.edit_project"):
        return False
    own = reach(user)
    return user.role in BUREAU or project.task_force in own.task_forces or project.unit in own.units


def event_of(told: Told, project: Booked) -> ContractEvent | None:
    """The event in the books that the row tells of. A contract is signed and voided once; add-ons and
    framework agreements are told apart by their day, or else by their amount."""
    events = project.standing(told.kind)
    if told.kind in (EventKind.SIGNED, EventKind.VOIDED):
        return events[0] if events else None
    by_day = [event for event in events if event.signed_on == told.signed_on]
    by_amount = [event for event in events if told.amount in (event.amount, event.original_amount)]
    return next(iter([*by_day, *by_amount]), None)


def differences(
    told: Told, project: Booked, event: ContractEvent | None, *, may_edit: bool, user: User
) -> dict[str, list[Any]]:
    """{field: [what the books hold, what the row says]}; an empty cell says nothing."""
    changes: dict[str, list[Any]] = {}
    if told.kind in FOLLOWING:
        return {} if event is None else dict(_of_contract(told, project, event))
    if may_edit:
        changes.update(_of_facts(told, project, user))
    if told.kind and event is None:
        changes["contract"] = [_last_kind(project), told.kind]
    elif event is not None:
        changes.update(_of_contract(told, project, event))
    return changes


def _last_kind(project: Booked) -> str:
    return project.events[-1].kind if project.events else ""


def _of_facts(told: Told, project: Booked, user: User) -> Iterator[tuple[str, list[Any]]]:
    for name, new in facts_told(told).items():
        old = plain(project.facts[name])
        if old == new or (name in BUREAU_ONLY and user.role not in BUREAU):
            continue
        if name == "uscc" and old:
            continue  # a code that is known is not changed by a ledger
        if name == "name" and bare(str(old)) == bare(str(new)):
            continue  # another spelling
        yield name, [old, new]


def facts_told(told: Told) -> dict[str, Any]:
    """The facts that a row tells, as JSON has them."""
    said = {
        "name": told.name,
        "national_code": told.national_code,
        "unit": told.unit.code if told.unit else None,
        "location": told.location.code if told.location else None,
        "task_force": told.task_force.code if told.task_force else None,
        "industrial": told.is_industrial,
        "fixed_assets": told.fixed_assets,
        "annual_output": told.annual_output,
        "planned_start": told.planned_start,
        "planned_production": told.planned_production,
        "officer": told.officer,
        "content": told.content,
        "uscc": told.uscc,
        "contact_name": told.contact_name,
        "contact_phone": told.contact_phone,
    }
    return {name: plain(value) for name, value in said.items() if value not in (None, "")}


def plain(value: Any) -> Any:
    """A value as a ledger keeps it: amounts and days as text."""
    if isinstance(value, Decimal):
        return f"{value.quantize(CENT).normalize():f}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return "" if value is None else value


def _of_contract(told: Told, project: Booked, event: ContractEvent) -> Iterator[tuple[str, list[Any]]]:
    if event.kind != EventKind.VOIDED and told.amount:
        framework = event.kind == EventKind.FRAMEWORK
        old = event.original_amount if framework else project.amount_of(event)
        if plain(told.amount) not in (plain(old), plain(event.amount)):
            yield "amount_wan", [plain(old), plain(told.amount)]
    if told.signed_on and told.signed_on != event.signed_on:
        yield "signed_on", [plain(event.signed_on), plain(told.signed_on)]
