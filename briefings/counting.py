"""What of a contract event counts, and in which month (design rules 1 to 4 and 7).

An event counts once it is verified and nobody has given a reason to leave it out. By the usual rules
its month is that of the signing; if that month of account was closed before the event was verified, it
counts late, in the month of its verification. What has counted is never moved afterwards: a void, a
reduction and a correction are events of their own months, and of two signings the one verified first
makes the project new. Where the counting rules say otherwise (`briefings.counting_rules`), the functions
here take them as a value.

Amounts are added up as whole numbers of cents (万元 × 100), so that both engines give the same sum
and the parts of the units add up to the city's to the cent.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import (
    Cast,
    Coalesce,
    ExtractDay,
    ExtractMonth,
    ExtractYear,
    Round,
    TruncMonth,
)

from briefings.choices import CountedBy, Voids
from briefings.counting_rules import USUAL, RuleSet
from briefings.models import Period
from projects.choices import EventKind
from projects.models import ContractEvent

Rows = QuerySet[ContractEvent]


@dataclass(frozen=True)
class Knowledge:
    """By which rules events are counted, and as known on which day."""

    rules: RuleSet = USUAL
    known_on: datetime.date | None = None


def events(known_on: datetime.date | None = None, rules: RuleSet = USUAL) -> Rows:
    """Every event that counts, as known on a day, with `counted_on` and whether it is `late`.

    A second signing of the same contract, at a later ceremony perhaps, is not among them.
    """
    seen = Knowledge(rules, known_on)
    rows = _verified(seen).exclude(Q(kind=EventKind.SIGNED) & Q(_earlier(seen, EventKind.SIGNED)))
    rows = _dated(rows, seen)
    # Only a void that restates the month of signing counts before its own day.
    first_day = "counted_on" if rules.voids == Voids.RESTATE else "signed_on"
    return rows.alias(counts_from=F(first_day))


def every(known_on: datetime.date | None = None, rules: RuleSet = USUAL) -> Rows:
    """Every event, whether it counts or not, with what counting says of it: `is_second` marks a signing
    of a contract that had been signed before."""
    seen = Knowledge(rules, known_on)
    second = Q(kind=EventKind.SIGNED) & Q(_earlier(seen, EventKind.SIGNED))
    rows = _dated(ContractEvent.objects.annotate(is_second=_mark(second)), seen)
    return with_amounts(rows, known_on, rules)


def with_amounts(rows: Rows, known_on: datetime.date | None = None, rules: RuleSet = USUAL) -> Rows:
    """The events with what each adds: `cents` to all contracted investment, `large_cents` to that of
    the industrial projects of at least 1 亿元. `is_new` marks the signing that makes a project new,
    `is_large_new` the one that makes such a large industrial project new."""
    seen = Knowledge(rules, known_on)
    is_new = Q(kind=EventKind.SIGNED)
    if rules.voids == Voids.RESTATE:
        is_new &= ~Q(_of_project(seen, EventKind.VOIDED))
    large = Q(kind=EventKind.SIGNED, project__is_industrial=True, amount__gte=rules.large_from)
    whens = [
        When(large, then=cents(F("amount"))),
        When(project__is_industrial=True, kind=EventKind.CORRECTION, then=_corrected_large(seen)),
    ]
    if rules.voids != Voids.IGNORE:
        whens.append(When(project__is_industrial=True, kind=EventKind.VOIDED, then=_voided_large(seen)))
    return rows.annotate(
        is_new=_mark(is_new),
        is_large_new=_mark(large & is_new),
        cents=_counted_cents(rules),
        large_cents=Case(*whens, default=Value(0), output_field=BigIntegerField()),
    )


def _mark(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False))


def _counted_cents(rules: RuleSet) -> Combinable:
    if rules.voids != Voids.IGNORE:
        return cents(F("amount"))
    return Case(
        When(kind=EventKind.VOIDED, then=Value(0)),
        default=cents(F("amount")),
        output_field=BigIntegerField(),
    )


def _verified(seen: Knowledge) -> Rows:
    rows = ContractEvent.objects.verified().filter(counts_in_spite(seen.rules))
    known_on = seen.known_on
    return rows if known_on is None else rows.filter(recorded_on__lte=known_on, verdict__on__lte=known_on)


def counts_in_spite(rules: RuleSet) -> Q:
    """Without a reason of exclusion, or with one that excludes no more."""
    if not rules.counted_anyway:
        return Q(exclusion_reason="")
    return Q(exclusion_reason__in=("", *rules.counted_anyway))


# --- The day that gives an event its month ----------------------------------------------------------


def _dated(rows: Rows, seen: Knowledge) -> Rows:
    """With `counted_on` and `late`; a void that restates the month of signing has the signing's day."""
    if seen.rules.voids != Voids.RESTATE:
        return _dated_by_itself(rows, seen.rules)
    signing: QuerySet[Any] = _dated_by_itself(_verified(seen), seen.rules)
    signing = signing.filter(project=OuterRef("project"), kind=EventKind.SIGNED)
    own = _dated_by_itself(rows, seen.rules, day="own_day", late="own_late")
    first = Subquery(signing.order_by("verdict__on", "signed_on", "-amount", "pk").values("counted_on")[:1])
    voided = Q(kind=EventKind.VOIDED)
    return own.annotate(
        late=Case(When(voided, then=Value(False)), default=F("own_late")),
        counted_on=Case(When(voided, then=Coalesce(first, F("own_day"))), default=F("own_day")),
    )


def _dated_by_itself(rows: Rows, rules: RuleSet, *, day: str = "counted_on", late: str = "late") -> Rows:
    if rules.counted_by == CountedBy.VERIFICATION:
        return rows.annotate(**{late: Value(False), day: F("verdict__on")})
    closed_on = Period.objects.filter(month=OuterRef("signed_month")).values("closed_on")
    rows = rows.alias(signed_month=TruncMonth("signed_on"), month_closed_on=Subquery(closed_on))
    is_late = Q(verdict__on__gt=F("month_closed_on"))
    if rules.cut_off_day is not None:
        rows = rows.alias(months_until_verified=_month_number("verdict__on") - _month_number("signed_on"))
        rows = rows.alias(day_verified=ExtractDay("verdict__on"))
        is_late |= Q(months_until_verified__gt=1)
        is_late |= Q(months_until_verified=1, day_verified__gt=rules.cut_off_day)
    return rows.annotate(
        **{late: _mark(is_late), day: Case(When(is_late, then=F("verdict__on")), default=F("signed_on"))}
    )


def _month_number(day: str) -> Combinable:
    return ExtractYear(day) * Value(12) + ExtractMonth(day)


# --- Earlier events of the same project ---------------------------------------------------------


def _earlier(seen: Knowledge, kind: str) -> Exists:
    return Exists(_verified(seen).filter(_before(), project=OuterRef("project"), kind=kind))


def _of_project(seen: Knowledge, kind: str) -> Exists:
    return Exists(_verified(seen).filter(project=OuterRef("project"), kind=kind))


def _before() -> Q:
    """Verified before the event in hand. Of two on one day the one signed earlier, then the larger goes
    first, so that the order in which they were typed never matters."""
    day, signed, amount = OuterRef("verdict__on"), OuterRef("signed_on"), OuterRef("amount")
    return (
        Q(verdict__on__lt=day)
        | Q(verdict__on=day, signed_on__lt=signed)
        | Q(verdict__on=day, signed_on=signed, amount__gt=amount)
        | Q(verdict__on=day, signed_on=signed, amount=amount, pk__lt=OuterRef("pk"))
    )


# --- Industrial projects of at least 1 亿元 -----------------------------------------------------


def _corrected_large(seen: Knowledge) -> Case:
    """A correction of the signing adds the difference it makes: a project that it lifts over the
    threshold comes in whole, one that falls under it goes out whole, in the month of the correction."""
    return Case(
        When(Q(corrects__isnull=False) & ~Q(corrects__kind=EventKind.SIGNED), then=Value(0)),
        When(_earlier(seen, EventKind.VOIDED), then=Value(0)),
        default=_large(seen, _before() | Q(pk=OuterRef("pk"))) - _large(seen, _before()),
        output_field=BigIntegerField(),
    )


def _voided_large(seen: Knowledge) -> Case:
    """A void takes back, once, what the project's signing as corrected by then has put in. What it
    takes back of add-ons was never in."""
    by_then = Q(verdict__on__lte=OuterRef("verdict__on"))
    return Case(
        When(_earlier(seen, EventKind.VOIDED), then=Value(0)),
        default=-_large(seen, by_then),
        output_field=BigIntegerField(),
    )


def _large(seen: Knowledge, corrections: Q) -> Coalesce:
    """The project's signing with these of its corrections, in cents, if it reaches the threshold.

    A correction that does not say what it corrects is taken to mean the signing.
    """
    of_signing = Q(corrects__isnull=True) | Q(corrects__kind=EventKind.SIGNED)
    signed = Q(kind=EventKind.SIGNED)
    rows = _verified(seen).filter(
        signed | (Q(kind=EventKind.CORRECTION) & of_signing & corrections), project=OuterRef("project")
    )
    total = rows.order_by().values("project").annotate(total=Sum("amount"))
    large = Case(When(total__gte=seen.rules.large_from, then=cents(F("total"))), default=Value(0))
    return Coalesce(Subquery(total.values(large=large), output_field=BigIntegerField()), 0)


def cents(amount: Combinable) -> Cast:
    return Cast(Round(amount * Value(100)), BigIntegerField())
