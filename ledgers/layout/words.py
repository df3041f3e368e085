"""Heads and titles as people write them, reduced to what they say."""

import re
import unicodedata
from collections.abc import Iterator

from core.sheets import Unreadable, Value
from core.text import without_invisible

HEAD_LENGTH = 100
SERIALS = frozenset(
    {"序号", "编号", "序", "顺序号", "行号", "项目序号", "no", "no.", "num", "#", "s/n", "number"}
)
_BRACKETS = re.compile(r"[(\[{<【〔《][^()\[\]{}<>【】〔〕《》]*[)\]}>】〕》]")
_ORNAMENTS = "*★☆●▲△※·.、,:;-_/\\|\"'"
_NUMBERING = re.compile(r"^(?:[(]?\d{1,2}[).、]|[(]?[一二三四五六七八九十]{1,2}[)、.])")
_OF_WHICH = re.compile(r"^(?:其中|内|含)[:,]?")
_UNITS = {
    "亿元": "yi", "亿": "yi", "亿人民币": "yi", "亿元人民币": "yi",
    "万元": "wan", "万": "wan", "万人民币": "wan", "万元人民币": "wan",
    "元": "yuan", "圆": "yuan", "元人民币": "yuan", "人民币元": "yuan", "yuan": "yuan",
}  # fmt: skip
_UNIT = r"(?:人民币)?(亿元人民币|亿元|亿|万元人民币|万元|万|元人民币|元|圆|yuan)"
_UNIT_SAID = re.compile(rf"(?:单位|unit)[:为是]?[(]?(?:[^亿万元\s:]{{1,4}}[、,/])*{_UNIT}(?!\w)")
_UNIT_AT_END = re.compile(rf"[/:,]{_UNIT}$|(?<=[\u4e00-\u9fff]){_UNIT}$")
_FOREIGN = re.compile(r"[美欧日港韩]元|港币|英镑|usd|eur|jpy|hkd|dollar")
_ENGLISH = (
    (re.compile(r"10,?000(?:yuan|rmb|cny)|(?:yuan|rmb|cny)10,?000"), "wan"),
    (re.compile(r"100(?:million|m)(?:yuan|rmb|cny)|(?:yuan|rmb|cny)100(?:million|m)"), "yi"),
)
_YEAR = re.compile(
    r"(?<!\d)(?:(20[0-4]\d)(?!\d)|(20[0-4]\d)(?=(?:0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d))|(2\d)(?=年))"
)


def squeezed(text: str) -> str:
    """Without width, spaces, line breaks and what cannot be seen: "项 目　名 称（全）" is 项目名称(全)."""
    return "".join(unicodedata.normalize("NFKC", without_invisible(text)).split()).lower()


def said(value: Value) -> str:
    """A cell as text, empty for nothing."""
    if value is None or isinstance(value, Unreadable):
        return ""
    return value if isinstance(value, str) else str(value)


def is_blank(value: Value) -> bool:
    return value is None or (value.__class__ is str and not value.strip())


def bare(text: str) -> str:
    """A head without what stands in brackets, numbering, marks of obligation and "其中：" """
    text = squeezed(text)
    while (shorter := _BRACKETS.sub("", text)) != text:
        text = shorter
    text = _NUMBERING.sub("", text.strip(_ORNAMENTS)).strip(_ORNAMENTS)
    return _OF_WHICH.sub("", text).strip(_ORNAMENTS)


def names_of(head: str) -> Iterator[str]:
    """The names a head may be known by, the most exact first."""
    whole = squeezed(head).strip(_ORNAMENTS)
    yield whole
    yield re.sub(r"[()\[\]【】]", "", whole)
    short = bare(head)
    yield short
    if found := _UNIT_AT_END.search(short):
        yield short[: found.start()]
    if "/" in short or "或" in short:  # "签约时间/日期"
        yield from (part for part in re.split(r"[/或]", short) if part)


def money_unit_of_head(head: str) -> str:
    """ "总投资（万元）", "投资额/亿元", "金额：元"; empty for none, and for foreign money."""
    text = squeezed(head)
    if _FOREIGN.search(text):
        return ""
    for pattern, unit in _ENGLISH:
        if pattern.search(text):
            return unit
    if found := _UNIT_SAID.search(text):
        return _UNITS[found[1]]
    inner = [re.sub(r"^(?:单位|unit)[:为]?", "", one[1:-1]) for one in _BRACKETS.findall(text)]
    units = {_UNITS[one] for part in inner for one in re.split(r"[,;:/]", part) if one in _UNITS}
    if not units and (found := _UNIT_AT_END.search(text)):
        units = {_UNITS[found[1] or found[2]]}
    return units.pop() if len(units) == 1 else ""


def money_unit_of_title(text: str) -> str:
    """ "单位：万元" or "（万元）" in one of the lines above or below a table; empty when they disagree."""
    found = set()
    for part in _parts(text):
        if _UNIT_SAID.search(part) and _FOREIGN.search(part):
            return ""  # "单位：万元/万美元" leaves open which
        found |= {_UNITS[one] for one in _UNIT_SAID.findall(part)}
        found |= {_UNITS[one[1:-1]] for one in _BRACKETS.findall(part) if one[1:-1] in _UNITS}
    return found.pop() if len(found) == 1 else ""


def says_only_the_unit(text: str) -> bool:
    """ "单位：亿元" in a cell above a table names no column, though one may be called 单位."""
    return bool(_UNIT_SAID.fullmatch(squeezed(text).rstrip(")")))


def _parts(text: str) -> Iterator[str]:
    """Lines, and what is set apart in them by spaces: "填报单位：鹿寨县　单位：万元　共3个"."""
    for line in text.splitlines():
        yield squeezed(line)
        yield from map(squeezed, re.sub(r"(?<=[:：为])\s+", "", line).split())


def years_of(*texts: str) -> tuple[int, ...]:
    """Years named, in their order: "2025年上半年", "25年", "20250630"."""
    found = (
        int(year or long or f"20{short}")
        for text in texts
        for year, long, short in _YEAR.findall(unicodedata.normalize("NFKC", text))
    )
    return tuple(dict.fromkeys(found))
