"""The counting rules: which set holds for which months, and deciding a new one.

A set is an immutable value, `RuleSet`, that a window of months carries with it (domain §2: “each a
versioned setting”). The rows (`CountingRule`) only say since when which set holds; a set tried out in a
what-if has no label and stands nowhere.
"""

import datetime
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from briefings.choices import CountedBy, Shares, Voids
from briefings.models import CountingRule, Period
from core import clock, money
from core.refusal import Refusal
from core.templatetags.ui import listed

# The first month of the mechanism: what came before is counted by its rules too.
RULES_FROM = datetime.date(2025, 1, 1)
# How long a process goes by what it last read; a decision taken in the process itself holds at once.
REMEMBERED_SECONDS = float("inf") if settings.TESTING else 5.0


class CannotDecide(Refusal):
    """The rules would change a month that is closed, change nothing, or have no reason."""


class UnknownRules(LookupError):
    """No counting rules carry this label."""


@dataclass(frozen=True)
class RuleSet:
    """By what contract events are counted. The defaults are those of design §5.

    `cut_off_day` is the day of the next month after which a verification is late, closed or not;
    `large_from` in 万元, itself included; `counted_anyway` names the reasons that exclude no more.
    """

    label: str = ""
    counted_by: str = CountedBy.SIGNING
    cut_off_day: int | None = None
    voids: str = Voids.DEDUCT
    large_from: Decimal = Decimal(10_000)
    counted_anyway: tuple[str, ...] = ()
    shares: str = Shares.BY_SHARE

    @property
    def values(self) -> dict[str, object]:
        """The settings alone, by name."""
        return {name: getattr(self, name) for name in SETTINGS}

    def counts_as(self, other: "RuleSet") -> bool:
        """Whether both count alike, whatever they are called."""
        return self.values == other.values

    def tried(self, **changes: object) -> "RuleSet":
        """The same rules with some settings switched, for a view only: they carry no label."""
        switched = replace(self, label="", **changes)  # type: ignore[arg-type]
        return self if switched.counts_as(self) else switched


SETTINGS = tuple(name for name in RuleSet.__dataclass_fields__ if name != "label")
USUAL = RuleSet(label=f"{RULES_FROM:%Y-%m} v1")


# --- Which set holds ------------------------------------------------------------------------------

_Sets = list[tuple[datetime.date, RuleSet]]


class _Remembered:
    """Every set with the month it begins, the newest first. Figures ask for it at every turn."""

    def __init__(self) -> None:
        self.sets: _Sets = []
        self.until = REMEMBERED_SECONDS if settings.TESTING else 0.0

    def all(self) -> _Sets:
        if self.until <= time.monotonic():
            self.sets = [(row.effective_from, as_value(row)) for row in _newest_first()]
            self.until = time.monotonic() + REMEMBERED_SECONDS
        return self.sets

    def forget(self) -> None:
        self.until = 0.0


_remembered = _Remembered()
forget = _remembered.forget


def _newest_first() -> Iterable[CountingRule]:
    return CountingRule.objects.order_by("-effective_from", "-version")


def as_value(row: CountingRule) -> RuleSet:
    values = {name: getattr(row, name) for name in SETTINGS}
    return RuleSet(label=str(row), **values | {"counted_anyway": tuple(sorted(row.counted_anyway))})


def in_force(day: datetime.date) -> RuleSet:
    """The set by which what ends on this day is counted. The first set also counts what came before."""
    sets = _remembered.all()
    return next((rules for first, rules in sets if first <= day), sets[-1][1] if sets else USUAL)


def labelled(label: str) -> RuleSet:
    """The set of a label like “2025-01 v1”; raises UnknownRules."""
    known = {rules.label: rules for _first, rules in _remembered.all()} or {USUAL.label: USUAL}
    try:
        return known[label]
    except KeyError:
        raise UnknownRules(label) from None


def labels() -> list[str]:
    """Of every set there is or was, the newest first."""
    return [rules.label for _first, rules in _remembered.all()] or [USUAL.label]


# --- Deciding -------------------------------------------------------------------------------------


@transaction.atomic
def decide(rules: RuleSet, *, effective_from: datetime.date, reason: str, by: User) -> CountingRule:
    """Count the months from this one on by other rules, until a later set begins.

    Raises CannotDecide without a reason, for a month that is closed or has a closed month after it, and
    when the rules of that month are these already.
    """
    first = clock.month_start(effective_from)
    _check_open(first)
    forget()
    if rules.counts_as(in_force(first)):
        raise CannotDecide(_("These rules are in force for that month already. Switch at least one."))
    if not reason.strip():
        raise CannotDecide(_("Say why the rules change: readers of the figures will ask."))
    sets = list(CountingRule.objects.select_for_update().order_by("pk"))  # two decisions one after the other
    row = CountingRule.objects.create(
        **rules.values | {"counted_anyway": list(rules.counted_anyway)},
        effective_from=first,
        version=max((one.version for one in sets if one.effective_from == first), default=0) + 1,
        reason=reason.strip(),
        decided_by=by,
    )
    transaction.on_commit(forget)
    forget()
    return row


def _check_open(first: datetime.date) -> None:
    closed = Period.objects.filter(month__gte=first, closed_on__isnull=False).order_by("-month").first()
    if closed is not None:
        raise CannotDecide(
            _("%(month)s is closed and stays as published. Let the rules begin with a later month.")
            % {"month": f"{closed.month:%Y-%m}"}
        )


def load() -> None:
    """The set that the program starts with, if there is none."""
    if not CountingRule.objects.exists():
        CountingRule.objects.create(effective_from=RULES_FROM, reason="程序初始口径")
    forget()


# --- In words -------------------------------------------------------------------------------------


def in_words(rules: RuleSet) -> list[tuple[str, str]]:
    """Each setting with what it says, for whoever asks by what a number was counted."""
    return [
        (_("Month of an event"), _month_of_event(rules)),
        (_("Cut-off"), _cut_off(rules)),
        (_("Voids"), str(Voids(rules.voids).label)),
        (
            _("“Large” from"),
            _("%(amount)s 万元, this amount included") % {"amount": money.format_wan(rules.large_from)},
        ),
        (_("Exclusions"), _exclusions(rules)),
        (_("Shared projects"), str(Shares(rules.shares).label)),
    ]


def _month_of_event(rules: RuleSet) -> str:
    return str(CountedBy(rules.counted_by).label)


def _cut_off(rules: RuleSet) -> str:
    if rules.counted_by == CountedBy.VERIFICATION:
        return _("None: nothing is late")
    if rules.cut_off_day is None:
        return _("Verified after the month was closed, it counts in the month of verification")
    return _("Verified after day %(day)s of the next month, it counts in the month of verification") % {
        "day": rules.cut_off_day
    }


def _exclusions(rules: RuleSet) -> str:
    if not rules.counted_anyway:
        return _("Every event with a reason of exclusion is left out")
    return _("Left out, except: %(reasons)s") % {"reasons": listed(rules.counted_anyway)}
