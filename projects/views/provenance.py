"""From which cells of which ledgers the facts on a project's page came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from accounts.models import User
from ledgers.provenance import Origin, Value, origins
from projects.choices import Verdict
from projects.ledger_kind import PROJECTS
from projects.ledger_matching import plain
from projects.models import Project

# What stands in no field of the project: the notes of a ledger are read where they came from.
NOTES = ("progress", "note")


@dataclass(frozen=True)
class Line:
    """One value: what it is called, and in which cell it stands. `is_past` when the books say otherwise
    by now, because somebody has changed it since."""

    label: str
    place: str
    is_past: bool
    sentence: str


@dataclass(frozen=True)
class Source:
    """One row of a ledger on the page of what came of it."""

    origin: Origin
    lines: list[Line]
    notes: list[str]


def sources(project: Project, user: User) -> list[Source]:
    """For whoever knows the project; asks one question, with the project's papers in hand."""
    here = _standing(project)
    return [
        Source(origin, [_line(v, here) for v in origin.values if _is_told(v)], list(_notes(origin.values)))
        for origin in origins(project.pk, kind=PROJECTS, user=user)
    ]


def _is_told(value: Value) -> bool:
    """That nobody named a currency is no place where one came from."""
    return value.field != "currency" or "!" in value.place


def _line(value: Value, here: dict[str, set[Any]]) -> Line:
    is_past = value.field in here and _comparable(value.value) not in here[value.field]
    return Line(value.label, value.place, is_past, value.sentence)


def _notes(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if value.field == "progress" and isinstance(value.value, list):
            yield from (f"{month} {text}".strip() for month, text in value.value)
        elif value.field in NOTES:
            yield str(value.value)


def _standing(project: Project) -> dict[str, set[Any]]:
    """What the books say now, by the field of the ledger; an amount may be that of any event."""
    events = [event for event in project.contract_events.all() if not _is_returned(event)]
    said: dict[str, list[Any]] = {
        "name": [project.name],
        "enterprise": [project.enterprise.name],
        "uscc": [project.enterprise.uscc],
        "unit": [project.reporting_unit.code],
        "location": [project.location.code],
        "task_force": [project.task_force.code],
        "industrial": [project.is_industrial],
        "national_code": [project.national_code],
        "officer": [project.officer],
        "content": [project.content],
        "fixed_assets": [project.fixed_assets],
        "annual_output": [project.annual_output],
        "planned_start": [project.planned_start],
        "planned_production": [project.planned_production],
        "contact_name": [project.enterprise.contact_name],
        "contact_phone": [project.enterprise.contact_phone],
        "contract": [event.kind for event in events],
        "amount_wan": [amount for e in events for amount in (e.amount, e.original_amount)],
        "signed_on": [event.signed_on for event in events],
    }
    return {name: {_comparable(plain(value)) for value in values} for name, values in said.items()}


def _is_returned(event: Any) -> bool:
    return hasattr(event, "verdict") and event.verdict.verdict == Verdict.RETURNED


def _comparable(value: Any) -> Any:
    """Amounts as numbers, so that 12500 and 12500.00 are the same; lists as text."""
    if isinstance(value, bool):
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return str(value)
