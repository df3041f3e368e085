"""What a note tells beside its words: months of progress, shares of units, a rate, a foreign amount."""

import re
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.sheets import Unreadable, Value
from ledgers.declaring import Meaning, Place
from ledgers.meanings.amounts import CURRENCIES
from ledgers.meanings.saying import NOTHING, assumed, is_empty, number, plain, sure, unreadable, written
from ledgers.meanings.texts import kept

_MONTH = re.compile(
    r"(?:^|(?<=[\n;；。,，\s]))(?:(\d{4})[年./-]\s*(\d{1,2})(?:月份?|(?=:))|(\d{1,2})月份?)(?:\d{1,2}日)?\s*[:,，、]?\s*"
)
NOTE_LENGTH = 2000


def progress(value: Value, place: Place) -> Meaning:
    """Notes by month, [["2025-06", "已签约"], …]; a month whose year nobody names is kept as "-06"."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    text = kept(written(value), NOTE_LENGTH, lines=True)
    if not isinstance(text.value, str):
        return text
    entries, is_told = _by_month(plain_digits(text.value), place)
    if is_told:
        return Meaning(text.state, entries, text.sentence)
    return assumed(entries, _("The notes name months without a year; the year of signing is taken."))


def plain_digits(text: str) -> str:
    return text.translate(str.maketrans("０１２３４５６７８９：", "0123456789:"))


def _by_month(text: str, place: Place) -> tuple[list[list[str]], bool]:
    """The entries, and whether every month's year is written."""
    found = [one for one in _MONTH.finditer(text) if 1 <= int(one[2] or one[3]) <= 12]
    if not found:
        return [["", text]], True
    entries = [["", text[: found[0].start()].strip()]] if text[: found[0].start()].strip() else []
    year, is_told = "", True
    for at, one in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        year, is_told = one[1] or year, is_told and bool(one[1] or year)
        entries.append([f"{year}-{int(one[2] or one[3]):02}", text[one.end() : end].strip(" ;；\n")])
    return entries, is_told


class Foreign(NamedTuple):
    """A foreign amount that a note tells of; amount in 万, as text."""

    currency: str
    amount: str


_WORDS = {word: code for code, words in CURRENCIES.items() for word in words if word != "$"}
_ANY_WORD = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_FOREIGN = re.compile(rf"(\d[\d,]*(?:\.\d+)?)\s*(亿|千万|百万|万)({_ANY_WORD})")
_TIMES = {"亿": 10_000, "千万": 1000, "百万": 100, "万": 1}
_RATE = re.compile(r"汇率[^\d]{0,12}(\d+(?:\.\d+)?)")
# What a unit of the currency may cost in yuan: a rate beyond was typed wrongly, or is of another one.
RATES = {
    "USD": (Decimal("5.5"), Decimal(9)),
    "EUR": (Decimal(6), Decimal(11)),
    "HKD": (Decimal("0.7"), Decimal("1.2")),
    "JPY": (Decimal("0.03"), Decimal("0.1")),
    "GBP": (Decimal(7), Decimal(13)),
    "SGD": (Decimal(4), Decimal(7)),
    "KRW": (Decimal("0.003"), Decimal("0.008")),
}


def foreign_in(note: str) -> Foreign | None:
    """The one foreign amount of a note; none when it names several."""
    found = _FOREIGN.findall(plain(note))
    if len(found) != 1:
        return None
    figure, times, word = found[0]
    return Foreign(_WORDS[word], number(Decimal(figure.replace(",", "")) * _TIMES[times]))


def rate_in(note: str) -> str:
    """ "汇率7.16" → "7.16"; empty where the note names none, or several."""
    found = set(_RATE.findall(plain(note)))
    return found.pop() if len(found) == 1 else ""


def rate(value: Value, place: Place) -> Meaning:
    """A rate of exchange, in yuan for one of the currency."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    text = plain(written(value)).removeprefix("汇率").strip(":")
    try:
        figure = Decimal(text)
    except ArithmeticError:
        return kept(written(value), 60)
    return sure(number(figure))


_SHARE = re.compile(r"([^\d，、；,;:%\s]+?)\s*(?:占|分|:)?\s*(\d+(?:\.\d+)?)[%％]")


def shares_in(note: str) -> list[tuple[str, str]]:
    """ "飞地项目，柳东新区60%、鹿寨县40%分成" → the names with their percent, as text."""
    return _SHARE.findall(note.replace("％", "%").replace("飞地项目", ""))
