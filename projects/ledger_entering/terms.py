"""What a row's contract says, as the verbs take it."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.inserting import insert
from projects.choices import Currency, EventKind
from projects.contracts import Terms
from projects.ledger_matching import Told
from projects.models import SigningCeremony

RATE_PLACES = Decimal("0.000001")


def terms(told: Told, source: str, *, ceremony: SigningCeremony | None = None) -> Terms:
    """What a row's contract says, as the verbs take it. A framework agreement keeps its amount beside."""
    assert told.signed_on is not None
    amount = told.amount or Decimal(0)
    framework = told.kind == EventKind.FRAMEWORK
    is_foreign = told.currency != Currency.CNY and bool(told.foreign_amount)
    return Terms(
        kind=told.kind,
        signed_on=told.signed_on,
        amount=amount if told.kind in EventKind.WITH_AMOUNT else Decimal(0),
        currency=told.currency if is_foreign else Currency.CNY,
        original_amount=told.foreign_amount if is_foreign else (amount or None) if framework else None,
        rate=_rate(told, amount) if is_foreign else None,
        rate_on=told.signed_on if is_foreign else None,
        ceremony=ceremony,
        exclusion_reason=_("Framework agreement") if framework else "",
        note=shortened(told.note),
        source=source,
    )


def _rate(told: Told, amount: Decimal) -> Decimal | None:
    """The rate in the ledger, or the one by which its two amounts were reckoned."""
    if told.rate or not (amount and told.foreign_amount):
        return told.rate
    return (amount / told.foreign_amount).quantize(RATE_PLACES, ROUND_HALF_UP)


def ceremonies(told: Sequence[Told]) -> Mapping[tuple[str, Any], SigningCeremony]:
    """The ceremonies that rows name, each held on the day of signing; those not known yet are entered."""
    wanted = {(one.ceremony, one.signed_on) for one in told if one.ceremony and one.signed_on}
    if not wanted:
        return {}
    names = {name for name, _day in wanted}
    known = {(one.name, one.held_on): one for one in SigningCeremony.objects.filter(name__in=names)}
    missing = sorted(wanted - known.keys(), key=str)
    made = insert([SigningCeremony(name=name, held_on=day) for name, day in missing])
    return {**known, **{(one.name, one.held_on): one for one in made}}


def shortened(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
