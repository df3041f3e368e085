"""What each kind is measured against, by day; and the values that the program starts with."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from projects.choices import SuspicionGrade, SuspicionKind, SuspicionSetting
from projects.models import SuspicionRule

# The first year of the mechanism.
RULES_FROM = datetime.date(2025, 1, 1)
EVERY = ""

_K, _S = SuspicionKind, SuspicionSetting
_OWN = "建议值，由市里确认"
_LARGE = "亿元以上工业项目"

# kind, what, value, source
USUAL = (
    (EVERY, _S.LOW, 40, _OWN),
    (EVERY, _S.MEDIUM, 60, _OWN),
    (EVERY, _S.HIGH, 80, _OWN),
    (EVERY, _S.NAMES, 80, _OWN),
    (EVERY, _S.AMOUNTS, 5, _OWN),
    (_K.REPEATED, _S.DAYS, 1095, _OWN),
    (_K.TWO_UNITS, _S.DAYS, 365, _OWN),
    (_K.PHASES, _S.DAYS, 180, _OWN),
    (_K.PHASES, _S.AMOUNTS, 2, _OWN),
    (_K.PHASES, _S.THRESHOLD, 10_000, _LARGE),
    (_K.PHASES, _S.NEAR, 10, _OWN),
    (_K.VARIANTS, _S.NAMES, 88, _OWN),
    (_K.JUMP, _S.FACTOR, 2, _OWN),
    (_K.JUMP, _S.THRESHOLD, 10_000, _LARGE),
    (_K.JUMP, _S.NEAR, 10, _OWN),
    (_K.JUMP, _S.DAYS, 90, _OWN),
    (_K.NO_MOVE, _S.MONTHS, 6, _OWN),
)


@dataclass(frozen=True)
class Rules:
    """The thresholds in force on a day."""

    values: dict[tuple[str, str], Decimal]

    def of(self, kind: str, setting: str) -> Decimal:
        """The kind's own, else the one for every kind."""
        return self.values.get((kind, setting), self.values.get((EVERY, setting), Decimal(0)))

    def days(self, kind: str) -> datetime.timedelta:
        return datetime.timedelta(days=int(self.of(kind, SuspicionSetting.DAYS)))

    def grade(self, kind: str, points: int) -> SuspicionGrade | None:
        """How grave so many points are; nothing when they are too few to be raised."""
        if points >= self.of(kind, SuspicionSetting.HIGH):
            return SuspicionGrade.HIGH
        if points >= self.of(kind, SuspicionSetting.MEDIUM):
            return SuspicionGrade.MEDIUM
        return SuspicionGrade.LOW if points >= self.of(kind, SuspicionSetting.LOW) else None


def rules(today: datetime.date) -> Rules:
    """Of each kind and setting the newest row in force."""
    return rules_of(SuspicionRule.objects.order_by("effective_from", "pk"), today)


def rules_of(rows: Iterable[SuspicionRule], today: datetime.date) -> Rules:
    """The same of rows in hand, the older ones first."""
    return Rules({(row.kind, row.setting): row.value for row in rows if row.effective_from <= today})


def load_rules(today: datetime.date) -> None:
    """The usual thresholds, in force from the mechanism's first year (or today, if that is earlier).

    A setting of which the office has any row is left as the office wants it; safe to run twice at once.
    """
    known = set(SuspicionRule.objects.values_list("kind", "setting"))
    missing = [
        SuspicionRule(
            kind=kind, setting=setting, value=value, effective_from=min(RULES_FROM, today), source=source
        )
        for kind, setting, value, source in USUAL
        if (kind, setting) not in known
    ]
    SuspicionRule.objects.bulk_create(missing, ignore_conflicts=True)
