"""What a row of a ledger tells, in the terms of the books."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgers.choices import State
from ledgers.models import LedgerRow
from projects.choices import Currency, EventKind, Stage
from taskforces.models import ReportingUnit, TaskForce

TEXTS = {
    "name",
    "enterprise",
    "uscc",
    "national_code",
    "officer",
    "content",
    "origin",
    "contact_name",
    "contact_phone",
    "ceremony",
    "note",
}
KINDS, STAGES = frozenset(EventKind.values), frozenset(Stage.values)
UNSETTLED, NOTHING = frozenset(State.UNSETTLED), (None, "")
# What follows a contract: events of a project, never a project of their own.
FOLLOWING = (EventKind.ADD_ON, EventKind.REDUCED, EventKind.VOIDED)


@dataclass(slots=True)
class Told:
    """A row in the terms of the books; amounts in 万元. What is asked or refused is not there."""

    name: str = ""
    enterprise: str = ""
    uscc: str = ""
    national_code: str = ""
    unit: ReportingUnit | None = None
    location: ReportingUnit | None = None
    task_force: TaskForce | None = None
    is_industrial: bool | None = None
    kind: str = ""  # an EventKind, empty for a lead
    stage: str = ""
    amount: Decimal | None = None
    currency: str = Currency.CNY
    foreign_amount: Decimal | None = None
    rate: Decimal | None = None
    signed_on: datetime.date | None = None
    fixed_assets: Decimal | None = None
    planned_start: datetime.date | None = None
    officer: str = ""
    content: str = ""
    origin: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    ceremony: str = ""
    note: str = ""
    progress: str = ""  # "2025-06: 主体封顶" line by line
    partners: tuple[str, ...] = ()
    annual_output: Decimal | None = None
    planned_production: datetime.date | None = None
    shares: dict[ReportingUnit, Decimal] = field(default_factory=dict)

    @property
    def place(self) -> ReportingUnit | None:
        return self.location or self.unit


class Reader:
    """Reads rows in the terms of the books; units and task forces are asked for once."""

    def __init__(self) -> None:
        self.units: dict[str, ReportingUnit] = {}
        for unit in ReportingUnit.objects.order_by("-order"):
            self.units.update({unit.name: unit, unit.short_name: unit, unit.code: unit})
        self.forces: dict[str, TaskForce] = {}
        for force in TaskForce.objects.order_by("-order"):
            self.forces.update({force.name: force, force.code: force})

    def read(self, row: LedgerRow) -> Told:
        said = _settled(row)
        text: dict[str, Any] = {name: str(said[name]) for name in TEXTS & said.keys()}
        told = Told(**text, kind=_kind(said), stage=_one_of(STAGES, said.get("stage")))
        self._tell_whose(told, said)
        _tell_amounts(told, said)
        _tell_course(told, said)
        told.partners = tuple(said.get("partners") or ())
        return told

    def _tell_whose(self, told: Told, said: Mapping[str, Any]) -> None:
        told.unit = self.units.get(said.get("unit", ""))
        told.location = self.units.get(said.get("location", ""))
        told.task_force = self.forces.get(said.get("task_force", ""))
        told.is_industrial = said.get("industrial")
        if shares := said.get("shares"):
            told.shares = self._shares(shares)

    def _shares(self, said: Any) -> dict[ReportingUnit, Decimal]:
        pairs = said.items() if isinstance(said, dict) else said
        known = {self.units.get(str(unit)): _number(part) for unit, part in pairs}
        return {unit: part for unit, part in known.items() if unit and part}


def _settled(row: LedgerRow) -> dict[str, Any]:
    """What the row says for sure or as assumed, by its fields."""
    return {
        name: cell[1]
        for name, cell in row.cells.items()
        if cell[0] not in UNSETTLED and cell[1] not in NOTHING
    }


def _tell_amounts(told: Told, said: Mapping[str, Any]) -> None:
    told.amount, told.rate = _number(said.get("amount_wan")), _number(said.get("rate"))
    told.currency = said.get("currency") or Currency.CNY
    if told.currency != Currency.CNY:
        told.foreign_amount = _number(said.get("foreign_amount_wan"))
    told.fixed_assets = _number(said.get("fixed_assets"))
    told.annual_output = _number(said.get("annual_output"))


def _tell_course(told: Told, said: Mapping[str, Any]) -> None:
    """The days that it tells, and its notes by month."""
    told.signed_on = _day(said.get("signed_on"))
    told.planned_start = _day(said.get("planned_start"))
    told.planned_production = _day(said.get("planned_production"))
    told.progress = _lines(said.get("progress"))


def _kind(said: Mapping[str, Any]) -> str:
    """Without a word for it, an amount with a day is a signed contract."""
    if told := _one_of(KINDS, said.get("contract")):
        return told
    is_signed = said.get("amount_wan") and said.get("signed_on")
    return EventKind.SIGNED if is_signed and said.get("stage") not in Stage.BEFORE_SIGNING else ""


def _one_of(known: frozenset[str], value: Any) -> str:
    return value if value in known else ""


def _number(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _lines(value: Any) -> str:
    """Notes by month as lines; a note without a month stands alone."""
    if isinstance(value, str) or not value:
        return value or ""
    return "\n".join(f"{month}: {text}" if month else text for month, text in value)


def _day(value: Any) -> datetime.date | None:
    return datetime.date.fromisoformat(value) if value else None
