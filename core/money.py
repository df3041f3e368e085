"""Money is a Decimal in 万元 (10,000 yuan). It is added up unrounded and printed in 亿元, half up."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _

from core.refusal import Refusal

WAN_IN_YI = Decimal(10_000)
CENT = Decimal("0.01")
TENTH = Decimal("0.1")
NO_VALUE = "—"

# 1,000 亿元, more than the whole city signs in half a year: what lies above was typed in yuan.
CEILING = Decimal(10_000_000)


class BadAmount(Refusal):
    """What was typed is no amount of money in 万元."""

    http_status = 422


class MoneyField(models.DecimalField):
    """An amount in 万元, which a reduction or a void makes negative."""

    default_validators = [MinValueValidator(-CEILING), MaxValueValidator(CEILING)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_digits": 14, "decimal_places": 2, **kwargs})

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": MoneyFormField, **kwargs})


class MoneyFormField(forms.DecimalField):
    """Takes an amount as people type and paste it; a sentence says what is wrong with it."""

    widget = forms.TextInput

    def __init__(self, *, signed: bool = False, **kwargs: Any) -> None:
        self.signed = signed
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if value in self.empty_values or not str(value).strip():
            return None
        try:
            return parse_amount(str(value), signed=self.signed)
        except BadAmount as refusal:
            raise ValidationError(refusal.message, code="invalid") from refusal


# --- Reading --------------------------------------------------------------------------------

_PLAIN = re.compile(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}([, ']\d{3})+(\.\d*)?", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)e[+-]?\d+", re.ASCII | re.IGNORECASE)
_IN_YI = re.compile(r"(?P<number>[+-]?[\d.,' ]+)亿元?", re.ASCII)
_UNIT = re.compile(r"万元?$")
_SAME_CHARACTER = str.maketrans({"−": "-", "–": "-", "。": ".", "、": ",", "\u2019": "'"})


def parse_amount(text: str, *, signed: bool = False) -> Decimal:
    """The amount in 万元 that somebody typed: full-width digits, separators and 万元 are understood.

    Raises BadAmount with a sentence for everything else. An amount in 亿 is not converted in
    silence: the sentence says how to write it.
    """
    typed = unicodedata.normalize("NFKC", text).strip().translate(_SAME_CHARACTER)
    _refuse_yi(typed)
    number = _UNIT.sub("", typed).strip()
    if _SCIENTIFIC.fullmatch(number):
        raise BadAmount(_("Write the amount out in digits, in 万元, for example 12500."))
    if not (_PLAIN.fullmatch(number) or _GROUPED.fullmatch(number)):
        raise BadAmount(_("This is not an amount. Write a number in 万元, for example 12500 or 12,500.50."))
    return _checked(Decimal(re.sub(r"[, ']", "", number)), signed=signed)


def _refuse_yi(typed: str) -> None:
    if not (match := _IN_YI.fullmatch(typed)):
        return
    try:
        amount = format_wan(Decimal(re.sub(r"[, ']", "", match["number"])) * WAN_IN_YI)
    except InvalidOperation:
        return
    raise BadAmount(
        _("Write the amount in 万元: %(typed)s is %(amount)s.") % {"typed": typed, "amount": amount}
    )


def _checked(amount: Decimal, *, signed: bool) -> Decimal:
    if amount < 0 and not signed:
        raise BadAmount(_("The amount must not be negative. A reduction is entered as an event of its own."))
    if abs(amount) > CEILING:
        raise BadAmount(
            _(
                "The amount is above 10,000,000 万元 (1,000 亿元), more than any project here. "
                "Was it typed in yuan?"
            )
        )
    if amount != amount.quantize(CENT):
        raise BadAmount(_("An amount in 万元 has at most two decimal places."))
    return amount.quantize(CENT)


# --- Printing -------------------------------------------------------------------------------


def yi(amount: Decimal) -> Decimal:
    """The same amount in 亿元, unrounded."""
    return amount / WAN_IN_YI


def half_up(number: Decimal, places: int) -> Decimal:
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)  # never "-0.00"


def format_yi(amount: Decimal | None, places: int = 2) -> str:
    """An amount in 万元 printed in 亿元, without the unit: 6520000 → "652.00"."""
    return NO_VALUE if amount is None else f"{half_up(yi(amount), places):f}"


def format_wan(amount: Decimal | None) -> str:
    """An amount printed in 万元, without the unit: "16,500", and "16,500.50" where it is not whole."""
    if amount is None:
        return NO_VALUE
    rounded = half_up(amount, 2)
    return f"{rounded:,.0f}" if rounded == rounded.to_integral_value() else f"{rounded:,.2f}"


def yoy(now: Decimal, base: Decimal) -> Decimal | None:
    """Change against the base in percent, one decimal half up; None where the base says nothing."""
    return half_up((now - base) * 100 / base, 1) if base > 0 else None


def format_percent(percent: Decimal | None, *, signed: bool = False) -> str:
    """ "33.0%", with its sign "+33.0%"; "—" where there is none."""
    if percent is None:
        return NO_VALUE
    return f"{half_up(percent, 1):+f}%" if signed else f"{half_up(percent, 1):f}%"
