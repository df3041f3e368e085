"""What a comparison comes to: points for what speaks for water, and against it."""

import datetime
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

MOST = 100


class Fact(NamedTuple):
    """One piece of evidence: what it is, its points (below zero where it speaks against), its values."""

    code: str
    points: int
    values: dict[str, str | int]


def fact(code: str, points: int, /, **values: object) -> Fact:
    """Values as they are kept: amounts with two decimals, days in ISO."""
    return Fact(code, points, {name: _plain(value) for name, value in values.items()})


def _plain(value: object) -> str | int:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)


@dataclass(frozen=True)
class Finding:
    """A suspicion, not yet a row. `subject` and `records` by key; `amount` in 万元."""

    kind: str
    subject: str
    project: int
    records: tuple[int, ...]
    facts: tuple[Fact, ...]
    amount: Decimal

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.subject

    @property
    def points(self) -> int:
        return max(0, min(MOST, sum(fact.points for fact in self.facts)))

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same evidence; what its points are does not matter."""
        evidence = sorted((fact.code, sorted(fact.values.items())) for fact in self.facts)
        told = json.dumps([self.kind, sorted(self.records), evidence], ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()


def apart(one: Decimal, other: Decimal) -> Decimal:
    """How far two amounts are apart, in percent of the larger, to a tenth."""
    larger = max(abs(one), abs(other))
    return (abs(one - other) * 100 / larger).quantize(Decimal("0.1")) if larger else Decimal(0)


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
