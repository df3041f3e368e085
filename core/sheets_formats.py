"""What a cell's number format says beside its number: 2.12 shown as "2.12亿元", a day shown as its month.

Part of the child of `core.sheets`. Most formats say nothing; of one that does, the number is told as the
text that people see, with all of its places.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|[_*].|\[\$(?P<symbol>[^\]-]*)[^\]]*\]|\[(?P<other>[^\]]*)\]'
    r"|(?P<sign>.)",
    re.DOTALL,
)
# 亿, 万 and 元 of any currency. "¥" alone says nothing of 万, and stands beside numbers that count in them.
_TELLS = re.compile(r"[亿万元$€£]|USD|EUR|HKD|JPY|GBP")
# Words stand in «»: 0!.0,"万元" is 0«.»0,«万元».
_NUMBER = re.compile(
    r"(?P<before>(?:«[^»]*»)*)(?P<whole>[0#?,]*)(?:\.[0#?]*)?(?:«\.»(?P<behind>[0#?]+))?(?P<commas>,*)"
    r"(?P<after>(?:«[^»]*»)*)"
)
_WORD = re.compile(r"«([^»]*)»")
# Excel's own formats of a month in Chinese and English, which a workbook names by number only.
_MONTHS = {17: "mmm-yy"} | dict.fromkeys((27, 36, 50, 52, 57), "yyyy年m月")
_DAY_0 = datetime.date(1899, 12, 30)
_SERIALS = (36_526, 73_050)  # 2000 to 2099


@dataclass(frozen=True)
class Shape:
    """How a number is shown: words around it and what it is divided by, or a day as its month alone."""

    before: str = ""
    after: str = ""
    divided_by: int = 1
    is_month: bool = False

    def shown(self, value: object) -> object:
        """The cell as people see it; what the format does not concern stays as it is."""
        if self.is_month:
            return _month(value)
        if isinstance(value, bool) or not isinstance(value, float | int):
            return value
        number = Decimal(repr(value))
        sign = "-" if number < 0 else ""
        return f"{sign}{self.before}{(abs(number) / self.divided_by).normalize():f}{self.after}"


def shapes(codes: Mapping[int, str], used: Sequence[int]) -> dict[int, Shape]:
    """Of the styles of a workbook, those that say something: `used` has the format of each style."""
    told = {**_MONTHS, **codes}
    known = {number: shape_of(told[number]) for number in set(used) if number in told}
    return {style: shape for style, number in enumerate(used) if (shape := known.get(number)) is not None}


def shape_of(code: str) -> Shape | None:
    """None for a format that says nothing, and for one that shows different numbers differently."""
    skeleton = _skeleton(code).replace("general", "0")
    found = _NUMBER.fullmatch(skeleton)
    if found is None:
        letters = set(_WORD.sub("", skeleton)) & set("ymdhs0#?")
        return Shape(is_month=True) if "m" in letters and letters <= set("ym") else None
    before, after = ("".join(_WORD.findall(found[name])).strip() for name in ("before", "after"))
    if not _TELLS.search(before + after):
        return None
    whole = found["whole"]
    thousands = len(whole) - len(whole.rstrip(",")) + len(found["commas"])
    return Shape(before, after, 1000**thousands * 10 ** len(found["behind"] or ""))


def _skeleton(code: str) -> str:
    """The format of numbers above zero, its words in «»; empty when it sets conditions."""
    parts = []
    for token in _TOKEN.finditer(code):
        word, sign = token["quoted"] or token["escaped"] or token["symbol"], token["sign"] or ""
        if (token["other"] or "")[:1] in ("<", ">", "="):
            return ""
        if sign == ";":
            break
        if sign and not sign.isascii():
            word = sign
        parts.append(f"«{word}»" if word else sign.lower() if sign not in " ()-+/:" or not sign else "")
    return "".join(parts)


def _month(value: object) -> object:
    """2025-03-01 shown as 2025年3月: nobody typed the day. Another day of the month was typed."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        is_day = value == int(value) and _SERIALS[0] <= value < _SERIALS[1]
        day: object = _DAY_0 + datetime.timedelta(days=int(value)) if is_day else None
    else:
        day = value
    if isinstance(day, datetime.date) and day.day == 1:
        return f"{day.year}年{day.month}月"
    return value
