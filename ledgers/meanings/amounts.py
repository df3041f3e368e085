"""What a cell says of money: in 万元 as text, with the currency where it is a foreign one.

The unit stands in the cell, else in the head, else in the title; where it stands nowhere it is asked
once for the column. A number is never made to fit: what may mean two amounts is a question.
"""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from django.utils.translation import gettext as _

from core.money import CEILING, CENT, format_wan
from core.sheets import Unreadable, Value
from ledgers.choices import QuestionKind, State
from ledgers.declaring import Meaning, Place
from ledgers.meanings.saying import (
    NOTHING,
    asked,
    assumed,
    cut,
    is_empty,
    number,
    plain,
    refused,
    sure,
    unreadable,
    written,
)

WAN = Decimal(10_000)
IN_YUAN = {"yuan": Decimal(1), "wan": WAN, "yi": WAN * WAN}
# A project of less was most likely written in 亿元, one of more in 万元 under a head of 亿元.
SMALL, LARGE = Decimal(50), Decimal(1_000_000)
ENDLESS = Decimal(10) ** 15  # no amount in any unit is larger
NOISE = Decimal("0.000001")  # 万元: a cent of a yuan, what floating-point sums are wrong by

CURRENCIES = {
    "USD": ("美元", "美金", "美刀", "us$", "usd", "$"),
    "EUR": ("欧元", "欧", "eur", "€"),
    "HKD": ("港元", "港币", "港纸", "hk$", "hkd"),
    "JPY": ("日元", "日圆", "日币", "jpy"),
    "GBP": ("英镑", "gbp", "£"),
    "SGD": ("新加坡元", "新加坡币", "新币", "sgd"),
    "KRW": ("韩元", "韩币", "韩圆", "krw"),
}
_YUAN = ("元人民币", "元(人民币)", "人民币元", "人民币", "元整", "元", "圆", "rmb", "cny", "¥")
_OF_WORD = {word: code for code, words in CURRENCIES.items() for word in words} | dict.fromkeys(_YUAN, "CNY")

_TIMES = {
    "万亿": 10**12, "千亿": 10**11, "百亿": 10**10, "十亿": 10**9, "亿": 10**8, "千万": 10**7, "百万": 10**6,
    "十万": 10**5, "万": 10**4, "千": 10**3, "w": 10**4,
}  # fmt: skip


def _any_of(words: tuple[str, ...] | list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_MONEY = re.compile(
    rf"(?P<before>{_any_of([*_OF_WORD])})?(?P<number>\d+(?:\.\d+)?|\.\d+)(?P<times>{_any_of([*_TIMES])})?"
    rf"(?P<after>{_any_of([*_OF_WORD])})?"
)
_GROUPED = re.compile(r"(?<![\d.,' ])\d{1,3}(?:([,' ])\d{3})(?:\1\d{3})*(?![\d,'])(?! \d)")
_APART = re.compile(r"\d[,' ]+\d")
_POINT = re.compile(r"(?<=\d)[。·](?=\d)")
_LIST = re.compile(r"(?<=\d)、(?=\d)")
_SCIENTIFIC = re.compile(r"[+-]?\d(\.\d+)?e[+-]?\d+")
_TWO_PARTS = re.compile(r"(\d+(?:\.\d+)?)亿[零又]?(\d+(?:\.\d+)?)(千万|百万|万)(?=$|\D)")
_THREE_PLACES = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_RATE = re.compile(
    r"[(,;、]?(?:按|以)?(?:当日|签约日|当天|当时)?(?:中间价)?汇率[约为是:]*(\d+(?:\.\d+)?)(?:折算|计算|计)?[)]?"
)
_RANGE = re.compile(r"-|~|至|到|/|或")

_TOTAL = re.compile(
    r"计划总投资|预计总投资|项目总投资|总投资额?|合同投资额|合同总?金?额|投资总额|投资金?额|总金?额|协议|金额|投资|合计|总计|共计|总投|拟投|计|共|为|达到?"
)
_ABOUT = re.compile(r"大约|约为|约|左右|上下|近|余|多|预计|预估|暂定|暂估|暂按|估算|估|概算|拟|初步|计划")
_BOUND = re.compile(
    r"超过|超|以上|以下|以内|不低于|不少于|不高于|不超过|至少|最高|最多|最低|>=|<=|≥|≤|>|<|≧|≦"
)
_PHASE = re.compile(r"期|追加|新增|增加|增资|累计|已完成|到位|原")
_PART = re.compile(r"其中|固定资产|固投|设备|含|包括|流动资金|土地|厂房|产值|税收")
_EQUALS = re.compile(r"折|合|约|相当于|人民币|\(|=|等值")
_OTHER_MONEY = re.compile(r"[元币镑盾铢美欧港日韩]|法郎|马克|卢布|吉特|卢比")
_IN_BRACKETS = re.compile(rf"\((单位:)?({_any_of([*_OF_WORD])})\)")
# What is counted in something else than money: 12万平方米, 300亩, 80辆, 5年
_MEASURED = re.compile(
    r"\d+(?:\.\d+)?(?:[万千百亿]+|余)?(?:平方米|平方|平米|㎡|m2|亩|公顷|吨|台|辆|套|件|人(?!民)|个(?!亿)|米|千瓦|兆瓦"
    r"|[mgk]wh?|%|年|月|座)"
)


@dataclass(frozen=True)
class _Mention:
    """One amount within a text: 万 of a currency, empty where no currency is named."""

    wan: Decimal | None  # None: a bare number, whose unit stands elsewhere
    figure: Decimal
    currency: str
    start: int
    end: int
    times: str = ""  # "万"

    @property
    def is_foreign(self) -> bool:
        return self.currency not in ("", "CNY")


def amount(value: Value, place: Place) -> Meaning:
    """万元 as text. A foreign amount comes as {"currency", "foreign"} and "wan" where the cell tells it."""
    if isinstance(value, Decimal):
        return _figure(value, value, place)
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    if not isinstance(value, str):
        return refused(_("“%(text)s” is no amount. Write a number in 万元.") % {"text": cut(written(value))})
    text = _spelled(value)
    if (rate := _RATE.search(text)) is not None:
        return _with_rate(rate[1], _spoken(value, text.replace(rate[0], ""), place))
    return _spoken(value, text, place)


def _with_rate(rate: str, meaning: Meaning) -> Meaning:
    """ "1200万美元（汇率7.16）": the rate goes with the foreign amount."""
    if isinstance(meaning.value, dict):
        return replace(meaning, value={**meaning.value, "rate": rate})
    return meaning


def count(value: Value, place: Place) -> Meaning:
    """An amount where nothing, little and much are usual, like the fixed-asset part or the yearly output."""
    if isinstance(value, Decimal) and value.is_finite() and place.money_unit:
        return _in_wan(value * IN_YUAN[place.money_unit] / WAN)
    meaning = amount(value, place)
    return refused(_("Write the amount in 万元.")) if isinstance(meaning.value, dict) else meaning


def total(value: Value, place: Place) -> Decimal | None:
    """What a sum says in 万元, however large; None where it says no one amount."""
    if isinstance(value, str):
        mentions = [_mention(found) for found in _MONEY.finditer(_spelled(value))]
        if len(mentions) != 1 or mentions[0].is_foreign:
            return None
        if mentions[0].wan is not None:
            return mentions[0].wan
        value = mentions[0].figure
    if not isinstance(value, Decimal) or place.money_unit not in IN_YUAN or not abs(value) <= ENDLESS:
        return None
    return (value * IN_YUAN[place.money_unit] / WAN).quantize(NOISE)


# --- A bare number ------------------------------------------------------------------------------------


def _figure(figure: Decimal, value: Value, place: Place) -> Meaning:
    """A number whose unit stands in the head or in the title."""
    if not figure.is_finite() or abs(figure) > ENDLESS:
        return refused(_("This is no amount. Write a number in 万元."))
    if (foreign := _foreign_head(place.head)) is not None:
        return _under_foreign_head(figure, foreign, place)
    if not place.money_unit:
        return _unit_asked(figure)
    wan = figure * IN_YUAN[place.money_unit] / WAN
    return _weighed(wan, figure, place.money_unit) or _in_wan(wan)


def _unit_asked(figure: Decimal) -> Meaning:
    """Nothing says in which unit the column counts."""
    return Meaning(
        State.ASKED,
        None,
        _("In which unit does this column count? Neither the head nor the title names one."),
        (("wan", "万元"), ("yi", "亿元"), ("yuan", "元")),
        QuestionKind.MONEY_UNIT,
    )


def _weighed(wan: Decimal, figure: Decimal, unit: str = "") -> Meaning | None:
    """Too small or too large to be believed: asked, with what was most likely meant."""
    size = abs(wan)
    if not size or SMALL <= size <= LARGE:
        return None
    others = {
        other: abs(figure) * times / WAN
        for other, times in IN_YUAN.items()
        if other != unit and SMALL <= abs(figure) * times / WAN <= LARGE
    }
    readings = [wan, *others.values()] if size <= CEILING else [*others.values()]
    if not readings:
        return refused(
            _("%(amount)s 万元 is more than any project here. Write the right amount in 万元.")
            % {"amount": format_wan(wan)}
        )
    return _which(
        _("%(amount)s 万元 would be very little or very much for a project. Which amount is meant?")
        % {"amount": format_wan(wan)},
        readings,
    )


def _in_wan(wan: Decimal, why: str = "") -> Meaning:
    """The amount to two places; more places are rounded and said, but for what Excel's sums are wrong by."""
    if abs(wan) > CEILING:
        return refused(
            _("%(amount)s 万元 is more than any project here. Write the right amount in 万元.")
            % {"amount": format_wan(wan)}
        )
    rounded = wan.quantize(CENT, ROUND_HALF_UP)
    if abs(rounded - wan) > NOISE and not why:
        why = _("Rounded to two places from %(amount)s 万元.") % {"amount": number(wan.quantize(NOISE))}
    text = number(rounded) if rounded else "0"
    return assumed(text, why) if why else sure(text)


def _which(sentence: str, amounts: list[Decimal]) -> Meaning:
    """A question with the amounts that it may be."""
    rounded = dict.fromkeys(one.quantize(CENT, ROUND_HALF_UP) for one in amounts if abs(one) <= CEILING)
    return asked(sentence, [(number(one), f"{format_wan(one)} 万元") for one in rounded])


# --- Foreign money --------------------------------------------------------------------------------------

_FOREIGN_WORDS = [word for word, code in _OF_WORD.items() if code != "CNY" and word != "$"]
_IN_FOREIGN = re.compile(rf"(?P<times>{_any_of([*_TIMES])})?(?P<word>{_any_of(_FOREIGN_WORDS)})")
_IN_RENMINBI = re.compile(r"[万亿]元|人民币|[(/]元")


@lru_cache(maxsize=256)
def _foreign_head(head: str) -> tuple[str, Decimal, bool] | None:
    """Currency, how many of it a number means, and whether renminbi is named beside it."""
    text = plain(head).replace(" ", "")
    if not (found := _IN_FOREIGN.search(text)):
        return None
    times = Decimal(_TIMES.get(found["times"] or "", 1))
    return _OF_WORD[found["word"]], times, bool(_IN_RENMINBI.search(text))


def _under_foreign_head(figure: Decimal, foreign: tuple[str, Decimal, bool], place: Place) -> Meaning:
    currency, times, is_mixed = foreign
    if is_mixed:
        return asked(
            _("The head names two currencies. Which one does %(number)s count in?")
            % {"number": number(figure)}
        )
    return foreign_only(currency, figure * times / WAN)


def foreign_only(currency: str, foreign: Decimal) -> Meaning:
    """An amount in another currency: what it is in 万元 needs a rate, from the note or from a person."""
    text = number(foreign.quantize(CENT, ROUND_HALF_UP))
    return Meaning(State.ASKED, {"currency": currency, "foreign": text}, foreign_asked(currency, text))


def foreign_asked(currency: str, foreign: str) -> str:
    return _(
        "%(amount)s万 %(currency)s: what is it in 万元? The rate of the day of signing is missing; "
        "a note like “汇率7.16” would do."
    ) % {"amount": foreign, "currency": currency}


# --- Amounts in words -------------------------------------------------------------------------------------


def _spelled(value: str) -> str:
    """The text with one way of writing points, groups and spaces."""
    text = _LIST.sub(",", _POINT.sub(".", plain(value).replace("\u2019", "'")))
    text = _GROUPED.sub(lambda found: re.sub(r"[,' ]", "", found[0]), text)
    text = text.replace("个亿", "亿")
    return _IN_BRACKETS.sub(r"\2", re.sub(r"(?<!\d) +| +(?!\d)", "", text))


def _spoken(raw: str, text: str, place: Place) -> Meaning:
    if _SCIENTIFIC.fullmatch(text):
        return asked(
            _("Excel has shortened this number. Which amount in 万元 is it?"),
            _readings(min(Decimal(text), ENDLESS), place),
        )
    if re.search(r"\d{16}", text):
        return refused(_("“%(text)s” is no amount. Write a number in 万元.") % {"text": cut(raw)})
    if _APART.search(text):
        return asked(
            _("“%(text)s” can be read as more than one number. Which amount in 万元 is meant?")
            % {"text": cut(raw)}
        )
    two_parts = _TWO_PARTS.search(text)
    if two_parts and Decimal(two_parts[2]) * _TIMES[two_parts[3]] < _TIMES["亿"]:
        whole = Decimal(two_parts[1]) + Decimal(two_parts[2]) * _TIMES[two_parts[3]] / _TIMES["亿"]
        text = text.replace(two_parts[0], f"{number(whole)}亿")
    counted = _MEASURED.sub(lambda found: "件" * len(found[0]), text)
    mentions = [_mention(found) for found in _MONEY.finditer(counted)]
    if not mentions:
        return _in_numerals(raw, text)
    return _one(raw, text, mentions[0], place) if len(mentions) == 1 else _several(raw, text, mentions, place)


def _readings(figure: Decimal, place: Place) -> list[tuple[str, str]]:
    unit = place.money_unit or "wan"
    return list(_which("", [figure * IN_YUAN[unit] / WAN]).choices)


def _mention(found: re.Match[str]) -> _Mention:
    figure = Decimal(found["number"])
    word = found["after"] or found["before"] or ""
    bare = not found["times"] and not word
    times = Decimal(_TIMES.get(found["times"] or "", 1))
    return _Mention(
        None if bare else figure * times / WAN,
        figure,
        _OF_WORD.get(word, ""),
        *found.span(),
        times=found["times"] or "",
    )


def _one(raw: str, text: str, mention: _Mention, place: Place) -> Meaning:
    """A text with one amount: what stands around it says how far to trust it."""
    before, after = text[: mention.start], text[mention.end :]
    is_negative = before.endswith("-") and not before.endswith("--")
    around = before.removesuffix("-") + "\0" + after if is_negative else before + "\0" + after
    meaning = _worth(mention, -1 if is_negative else 1, place)
    if meaning.state == State.REFUSED or meaning.asks == QuestionKind.MONEY_UNIT:
        return meaning
    return _trusted(raw, around.replace("\0", "|"), meaning) if around != "\0" else meaning


def _worth(mention: _Mention, sign: int, place: Place) -> Meaning:
    if mention.is_foreign:
        assert mention.wan is not None
        if not mention.times and mention.wan < SMALL:
            return asked(_("Is this amount counted in 万? Write it with its unit, like 1200万美元."))
        return foreign_only(mention.currency, sign * mention.wan)
    if mention.wan is None:
        if place.money_unit == "wan" and _THREE_PLACES.fullmatch(f"{mention.figure:f}"):
            return _which(
                _("Does the point part thousands or decimals?"), [mention.figure, mention.figure * 1000]
            )
        return _figure(sign * mention.figure, None, place)
    wan = sign * mention.wan
    if mention.times == "w":
        return _in_wan(wan, _("“w” is taken as 万."))
    return (None if mention.times else _weighed(wan, mention.figure, "yuan")) or _in_wan(wan)


def _trusted(raw: str, around: str, meaning: Meaning) -> Meaning:
    """The same meaning, less trusted for the words around the amount ("|" stands for the amount)."""
    doubt = _("“%(text)s”: is this the amount that counts?") % {"text": cut(raw)}
    if around.startswith("(") and around.endswith(")") and around.strip("()|") == "":
        return _lower(meaning, doubt, ask=True)  # (5000) is below zero in some offices
    if _BOUND.search(around) or around.endswith("|+"):
        return _lower(meaning, _("“%(text)s” names a limit, not the amount.") % {"text": cut(raw)}, ask=True)
    if _PHASE.search(around) or _PART.search(around.split("|", maxsplit=1)[0]):
        return _lower(meaning, doubt, ask=True)
    rest = _ABOUT.sub("", _TOTAL.sub("", around))
    rest = re.sub(r"[\s|:,;。.、()\[\]{}!+]", "", re.sub(r"\([^()]*\)", "", rest))
    if rest:
        return _lower(meaning, doubt, ask=True, is_open=bool(_OTHER_MONEY.search(rest)))
    if remark := re.search(r"\([^()|]+\)", around):
        if _OTHER_MONEY.search(remark[0]):
            return _lower(meaning, doubt, ask=True, is_open=True)
        return _lower(meaning, _("A remark stands beside the amount: “%(text)s”.") % {"text": cut(raw)})
    if _ABOUT.search(_TOTAL.sub("", around)):
        return _lower(meaning, _("“%(text)s” is no exact amount.") % {"text": cut(raw)})
    return meaning


def _lower(meaning: Meaning, sentence: str, *, ask: bool = False, is_open: bool = False) -> Meaning:
    if meaning.state == State.ASKED:
        return meaning
    if not ask:
        return assumed(meaning.value, sentence)
    return _which(sentence, [] if is_open else [Decimal(meaning.value)])


def _several(raw: str, text: str, mentions: list[_Mention], place: Place) -> Meaning:
    """A text with more than one amount."""
    foreign = [one for one in mentions if one.is_foreign]
    home = [one for one in mentions if not one.is_foreign]
    if len(foreign) == 1 and len(home) == 1 and home[0].wan is not None:
        return _both_currencies(raw, text, foreign[0], home[0])
    amounts = _in_one_unit(mentions, place)
    if foreign or amounts is None:
        return asked(
            _("“%(text)s” names more than one amount. Which one counts, in 万元?") % {"text": cut(raw)}
        )
    between = text[mentions[0].end : mentions[1].start]
    if len(mentions) == 2 and _RANGE.fullmatch(between):
        return _which(_("“%(text)s” is a range. Which amount counts?") % {"text": cut(raw)}, amounts)
    after = text[mentions[0].end :]
    is_whole = amounts[0] >= max(amounts) and not _PHASE.search(text) and not _BOUND.search(text)
    if is_whole and _PART.search(between) and "+" not in after:
        return _in_wan(
            amounts[0],
            _("The first amount of “%(text)s” is taken, the others as parts of it.") % {"text": cut(raw)},
        )
    readings = [*amounts, sum(amounts, Decimal(0))] if "+" in text or "和" in text else amounts
    return _which(
        _("“%(text)s” names more than one amount. Which one counts, in 万元?") % {"text": cut(raw)}, readings
    )


def _both_currencies(raw: str, text: str, foreign: _Mention, home: _Mention) -> Meaning:
    """ "1200万美元（约8600万元人民币）" """
    assert foreign.wan is not None
    assert home.wan is not None
    first, last = sorted((foreign, home), key=lambda one: one.start)
    told = foreign_only(foreign.currency, foreign.wan)
    if not _EQUALS.search(text[first.end : last.start]) or not SMALL <= home.wan <= LARGE:
        return told
    meaning = _in_wan(home.wan, _("The renminbi of “%(text)s” are taken.") % {"text": cut(raw)})
    return Meaning(State.ASSUMED, {**told.value, "wan": meaning.value}, meaning.sentence)


def _in_one_unit(mentions: list[_Mention], place: Place) -> list[Decimal] | None:
    """All amounts in 万元; a bare one counts in the unit of the next (3-5亿), or of the column."""
    amounts: list[Decimal] = []
    following: Decimal | None = IN_YUAN.get(place.money_unit)
    for one in reversed(mentions):
        if one.wan is not None:
            following = one.wan * WAN / one.figure if one.figure else following
        elif following is None:
            return None
        amounts.append(one.wan if one.wan is not None else one.figure * (following or WAN) / WAN)
    return amounts[::-1]


# --- Chinese numerals ---------------------------------------------------------------------------------------

_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {
    "〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_NUMERAL = re.compile(rf"([{''.join(_DIGITS)}{''.join(_TENS)}万亿]+)(元整?|人民币)?")


def _in_numerals(raw: str, text: str) -> Meaning:
    """ "五千万元" """
    bare = _ABOUT.sub("", _TOTAL.sub("", text))
    found = _NUMERAL.fullmatch(bare)
    yuan = from_numerals(found[1]) if found else None
    if found is None or yuan is None or not (found[2] or found[1][-1] in "万亿"):
        return refused(_("“%(text)s” is no amount. Write a number in 万元.") % {"text": cut(raw)})
    wan = Decimal(yuan) / WAN
    return _weighed(wan, wan) or _in_wan(wan, _("“%(text)s” is read as a number.") % {"text": cut(raw)})


def from_numerals(text: str) -> int | None:
    """一亿两千万 → 120000000; None for what is no number."""
    if not text:
        return 0
    for sign, times in (("亿", 10**8), ("万", 10**4)):
        if sign in text:
            above, below = text.rsplit(sign, 1) if sign == "亿" else text.split(sign, 1)
            high, low = from_numerals(above), from_numerals(below)
            return None if high in (None, 0) or low is None or low >= times else high * times + low
    total, digit = 0, None
    for character in text:
        if character in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[character]
        elif character in _TENS:
            total += (1 if digit is None else digit) * _TENS[character]
            digit = None
        else:
            return None
    return total + (digit or 0)


# --- A column of foreign money ------------------------------------------------------------------------------


_COUNTS_IN_WAN = re.compile(r"万|10,?000")


def foreign_amount(value: Value, place: Place) -> Meaning:
    """A column of foreign amounts: {"currency", "foreign"}, the currency named in the cell or the head."""
    if is_empty(value) or value == 0:
        return NOTHING
    if isinstance(value, Decimal) and _foreign_head(place.head) is None and _COUNTS_IN_WAN.search(place.head):
        return sure({"currency": "", "foreign": number(value)})
    meaning = amount(value, replace(place, money_unit=place.money_unit or "wan"))
    if isinstance(meaning.value, dict):
        return meaning if "wan" in meaning.value else sure(meaning.value)
    if meaning.state == State.REFUSED:
        return meaning
    return refused(_("No currency is named. Write it beside the amount, like 1200万美元."))
