"""Numbers in a briefing's words, held against the tables of the same draft.

`numbers_in` reads what somebody wrote: 12.30亿元, ５．８亿, 1,024个, 百分之十二点三, 二十三家. `check` says
of each number whether a figure of the tables reads so. When words are written, `bind` keeps with each number
the figures that it equalled then; a number that was right once and is not any more is told apart from one
that no table ever had. All of it is pure: a content and a text in, marks out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from briefings import content, wording
from briefings.indicators import Unit
from core import money

Plain = Mapping[str, Any]
Meant = Mapping[str, Sequence[str]]  # a number as written, and the keys of the figures it equalled then

# --- Reading numbers ------------------------------------------------------------------------------

MONEY, PERCENT, POINTS, DAYS = "亿元", "%", "个百分点", "天"
# As written → as compared, and how many of what figures are kept in (万元 for money) it is.
UNITS: dict[str, tuple[str, Decimal]] = {
    "亿元": (MONEY, Decimal(10_000)),
    "亿": (MONEY, Decimal(10_000)),
    "万元": (MONEY, Decimal(1)),
    "元": (MONEY, Decimal("0.0001")),
    "%": (PERCENT, Decimal(1)),
    "个百分点": (POINTS, Decimal(1)),
    "个工作日": (DAYS, Decimal(1)),
    "工作日": (DAYS, Decimal(1)),
    "天": (DAYS, Decimal(1)),
    **{unit: (unit, Decimal(1)) for unit in "个项件次家户位名"},
}
DOWN = re.compile(r"(下降|减少|回落|降低|下滑)(了|至)?$")
UP = re.compile(r"(增长|上升|提高|增加)(了|至)?$")
_UNIT = (
    r"(?P<unit>亿元|亿(?![元吨美港欧日英立千瓦斤度])|万元|元|%|个百分点|个工作日|工作日|天"
    r"|个(?!月|季度|百分|小时|年|批|工作日)|[项件次家户位名])(?!以上|以下|以内)"
)
_DIGITS = re.compile(
    r"(?<![\d.,A-Za-z〔])(?P<sign>(?<!\d)-)?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?" + _UNIT
)
_SPELT = re.compile(
    r"(?<![几数第])(?P<number>[一二两三四五六七八九十百千][零〇一二两三四五六七八九十百千万点]*)" + _UNIT
)
_HUNDREDTHS = re.compile(r"百分之(?P<number>[零〇一二两三四五六七八九十百点]+)")
_NAMES = re.compile(r"“[^”]*”|《[^》]*》|「[^」]*」")  # what a project is called is no figure
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．％－−", "0123456789.%--")
_FULL_COMMA = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")
_CLAUSE = re.compile(r"[。；;\n]")
SPELT_FROM = 10  # 两个问题, 三项措施: such words seldom tell a figure


@dataclass(frozen=True)
class Number:
    """A number as somebody wrote it, with its place in the text."""

    start: int
    end: int
    said: str
    value: Decimal
    places: int
    unit: str
    scale: Decimal = Decimal(1)
    direction: int = 0  # −1 after 下降, +1 after 增长, 0 where nothing is said
    clause: str = ""  # what stands before it in its sentence

    def reads(self, amount: Decimal) -> bool:
        """Whether a figure, printed as this number is, reads the same. A loss may be told without its
        sign: 下降5.3%, 核减0.40亿元."""
        if self.unit == PERCENT and self.direction and amount and (amount > 0) != (self.direction > 0):
            return False
        return money.half_up(abs(amount) / self.scale, self.places) == abs(self.value)


def numbers_in(text: str) -> list[Number]:
    """Every number with a unit, in the order of the text."""
    plain = _FULL_COMMA.sub(",", text).translate(_FULL_WIDTH)
    hidden = _NAMES.sub(lambda name: "“" * len(name[0]), plain)
    found = [*_in_digits(hidden, text), *_spelt(hidden, text)]
    return sorted(found, key=lambda number: number.start)


def _in_digits(plain: str, text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(plain):
        if plain[: match.start()].endswith("第") and match["unit"] not in "位名":
            continue
        digits = (match["sign"] or "") + match["number"].replace(",", "")
        yield _number(match, text, Decimal(digits))


def _spelt(plain: str, text: str) -> Iterator[Number]:
    for match in [*_SPELT.finditer(plain), *_HUNDREDTHS.finditer(plain)]:
        value = spelt_value(match["number"])
        if value is not None and (value >= SPELT_FROM or "unit" not in match.re.groupindex):
            yield _number(match, text, value)


def _number(match: re.Match[str], text: str, value: Decimal) -> Number:
    start, end = match.span()
    unit, scale = UNITS[match.groupdict().get("unit") or PERCENT]
    clause = _CLAUSE.split(text[:start])[-1]
    direction = -1 if DOWN.search(clause) or value < 0 else 1 if UP.search(clause) else 0
    places = max(0, -int(value.as_tuple().exponent))
    return Number(start, end, text[start:end], value, places, unit, scale, direction, clause)


_ONES = {**{digit: n for n, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}


def spelt_value(word: str) -> Decimal | None:
    """三百二十一 → 321, 十二点三 → 12.3; None for what is no number."""
    whole, point, rest = word.partition("点")
    if "点" in rest or (point and not rest) or any(c not in _ONES for c in rest):
        return None
    value = _spelt_whole(whole)
    if value is None:
        return None
    return Decimal(f"{value}.{''.join(str(_ONES[c]) for c in rest)}") if point else Decimal(value)


def _spelt_whole(word: str) -> int | None:
    above, wan, below = word.rpartition("万")
    if wan:
        high, low = _spelt_whole(above), _spelt_whole(below) if below else 0
        return None if high is None or low is None else high * 10_000 + low
    if not word:
        return None
    total, one = 0, None
    for character in word:
        if character in _TENS:
            total += (1 if one is None or not one else one) * _TENS[character]
            one = None
        elif one:
            return None
        else:
            one = _ONES[character]
    return total + (one or 0)


# --- The figures of a draft ------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """A number that a table prints. `words` are what a sentence about it would say before it."""

    key: str
    name: str
    value: Decimal
    units: frozenset[str]
    words: tuple[str, ...] = ()

    def printed_like(self, number: Number) -> str:
        """As it would have to read in that number's place."""
        unit = number.said.lstrip("-－−0123456789０１２３４５６７８９.．,， ")
        value = money.half_up(self.value / number.scale, max(number.places, 2 if number.unit == MONEY else 0))
        return f"{value:f}{unit if unit in UNITS else number.unit}"


_TOLD_IN = {
    Unit.WAN: frozenset({MONEY}),
    Unit.PERCENT: frozenset({PERCENT}),
    Unit.PROJECTS: frozenset("个项"),
    Unit.VISITS: frozenset("次"),
    Unit.PARTIES: frozenset("家户个"),
    Unit.ISSUES: frozenset("个件项"),
    Unit.ITEMS: frozenset("项个件"),
}
_RANK = frozenset("位名")


def facts(told: Plain) -> list[Fact]:
    """Every number that the figures, tables and lists of a content print, and the counts of their rows."""
    return [
        *_of_figures(told),
        *_of_targets(told),
        *_of_batches(told),
        *_of_rankings(told),
        *_of_months(told),
        *_of_lists(told),
    ]


def _of_targets(told: Plain) -> Iterator[Fact]:
    values = {value.key: value for value in content.values(told).values()}
    names = {row["code"]: row["name"] for row in told.get("figures", ())}
    for code, found in told.get("targets", {}).items():
        value = values[f"{code}:year"]
        of_target = (
            ("target", gettext("annual target"), _TOLD_IN.get(value.unit, frozenset(value.unit)), "目标"),
            ("done", gettext("share of the annual target"), frozenset({PERCENT}), "完成"),
            ("time", gettext("time progress"), frozenset({PERCENT}), "时序"),
            ("ahead", gettext("ahead of time"), frozenset({POINTS}), "时序"),
        )
        for field, label, units, word in of_target:
            name = f"{value.label}: {label}"
            yield Fact(f"{code}:{field}", name, Decimal(found[field]), units, (names[code], word))


def _of_figures(told: Plain) -> Iterator[Fact]:
    names = {row["code"]: row["name"] for row in told.get("figures", ())}
    for value in content.values(told).values():
        name = names.get(value.code, value.name)
        words = (name, "当月") if value.span == "month" else (name,)
        units = _TOLD_IN.get(value.unit, frozenset(value.unit))
        if value.value is not None:
            yield Fact(value.key, value.label, Decimal(value.value), units, words)
        if value.base is not None:
            label = gettext("%(figure)s, a year earlier") % {"figure": value.label}
            yield Fact(f"{value.key}:base", label, Decimal(value.base), units, (name, "去年"))
        if value.yoy is not None:
            label = gettext("%(figure)s, year on year") % {"figure": value.label}
            yield Fact(f"{value.key}:yoy", label, Decimal(value.yoy), _TOLD_IN[Unit.PERCENT], (name, "同比"))


def _of_batches(told: Plain) -> Iterator[Fact]:
    rows = told.get("batches", ())
    for row in rows:
        label = gettext("Contracted investment in batch “%(batch)s”") % {"batch": content.named(row)}
        yield Fact(
            f"batch_{row['batch']}:amount", label, Decimal(row["amount"]), _TOLD_IN[Unit.WAN], (row["name"],)
        )
    total = Decimal(sum(row["count"] for row in rows))
    yield Fact("batches:count", gettext("Projects in all batches"), total, _TOLD_IN[Unit.PROJECTS], ("在库",))


# The columns of a ranking table: what each is told in, and by which word.
_COLUMNS = {
    "projects_signed": (Unit.PROJECTS, "新签约", gettext_lazy("newly signed")),
    "contracted": (Unit.WAN, "合同投资额", gettext_lazy("contracted investment")),
    "base": (Unit.WAN, "去年", gettext_lazy("a year earlier")),
    "yoy": (Unit.PERCENT, "同比", gettext_lazy("year on year")),
    "done": (Unit.PERCENT, "完成", gettext_lazy("share of the annual target")),
    "month": (Unit.WAN, "当月", gettext_lazy("contracted in the month")),
    "industrial_100m_projects": (Unit.PROJECTS, "亿元以上", gettext_lazy("industrial, at least 1 亿元")),
    "contracted_industrial_100m": (
        Unit.WAN,
        "亿元以上",
        gettext_lazy("contracted in industrial projects of at least 1 亿元"),
    ),
    "started": (Unit.PROJECTS, "开工", gettext_lazy("started")),
    "stalled_items": (Unit.ITEMS, "停滞", gettext_lazy("stalled approvals")),
}


def _of_rankings(told: Plain) -> Iterator[Fact]:
    for which in ("task_forces", "units"):
        rows = told.get(which, ())
        for row in rows:
            yield from _of_row(row["key"], row)
        fallen = sum(1 for row in rows if row["yoy"] is not None and Decimal(row["yoy"]) < 0)
        without = sum(1 for row in rows if row["projects_signed"] == "0")
        for name, count in (("all", len(rows)), ("fallen", fallen), ("without", without)):
            label = gettext("rows of the ranking table")
            yield Fact(f"{which}:{name}", label, Decimal(count), frozenset("个家"))
    if place := told.get("place"):
        yield Fact("place:rank", gettext("rank"), Decimal(place["rank"]), _RANK)
        yield Fact("place:of", gettext("rows of the ranking table"), Decimal(place["of"]), frozenset("个家"))


def _of_row(key: str, row: Plain) -> Iterator[Fact]:
    name, rank = content.named(row), gettext("rank")
    yield Fact(f"{key}:rank", f"{name}: {rank}", Decimal(row["rank"]), _RANK, (row["name"],))
    for column, (unit, word, label) in _COLUMNS.items():
        if row.get(column) is not None:
            value = Decimal(row[column])
            yield Fact(f"{key}:{column}", f"{name}: {label}", value, _TOLD_IN[unit], (row["name"], word))


def _of_months(told: Plain) -> Iterator[Fact]:
    for row in told.get("months", ()):
        label = gettext("Contracted investment of %(month)s") % {"month": row["month"]}
        month = f"{int(row['month'][5:])}月"
        for field, words in (("contracted", (month,)), ("base", (month, "去年"))):
            key = f"month_{row['month']}:{field}"
            yield Fact(key, label, Decimal(row[field]), _TOLD_IN[Unit.WAN], words)


def _of_lists(told: Plain) -> Iterator[Fact]:
    for row in told.get("signed", ()):
        name, amount = row["project_name"], Decimal(row["amount"])
        yield Fact(f"signed:{row['project']}:{row['kind']}", name, amount, _TOLD_IN[Unit.WAN], (name,))
    for row in told.get("stalled", ()):
        name, days = f"{row['project_name']}: {row['item']}", Decimal(row["days"])
        yield Fact(f"stalled:{row['item_id']}", name, days, frozenset({DAYS}), (row["project_name"],))
    for key, name, count in _counts(told):
        yield Fact(f"rows:{key}", str(name), Decimal(count), frozenset("个项件"))


def _counts(told: Plain) -> Iterator[tuple[str, object, int]]:
    signed, stalled = told.get("signed", ()), told.get("stalled", ())
    yield "signed", gettext_lazy("Contracts that count in the month"), len(signed)
    yield "late", gettext_lazy("Contracts counted late"), sum(1 for row in signed if row["late"])
    yield "stalled", gettext_lazy("Stalled approvals"), len(stalled)
    yield "named", gettext_lazy("Stalled approvals named in the text"), min(len(stalled), wording.NAMED)
    projects = {row["project"] for row in stalled}
    yield "stalled_projects", gettext_lazy("Projects with stalled approvals"), len(projects)
    statute = sum(1 for row in stalled if row["over_statute"])
    promise = sum(1 for row in stalled if row["over_promise"] and not row["over_statute"])
    yield "over_statute", gettext_lazy("Stalled beyond the legal limit"), statute
    yield "over_promise", gettext_lazy("Stalled beyond the promised limit"), promise
    yield "issues", gettext_lazy("Issues not yet resolved"), len(told.get("issues", ()))


# --- Holding one against the other ------------------------------------------------------------------


class Verdict(StrEnum):
    EQUALS = "equals"
    MOVED = "moved"  # equalled a figure when it was written, and does not any more
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Mark:
    """What the tables say of one number. `facts` are those that it equals, or should equal."""

    number: Number
    verdict: Verdict
    facts: tuple[Fact, ...] = ()

    @property
    def sentence(self) -> str:
        """ "equals …", "the text says 12.3亿元, the table 12.50亿元 now"."""
        about = {"said": self.number.said}
        if self.facts:
            about |= {"figure": self.facts[0].name, "now": self.facts[0].printed_like(self.number)}
        if self.verdict == Verdict.EQUALS:
            return gettext("%(said)s equals: %(figure)s") % about
        if self.verdict == Verdict.UNKNOWN:
            if self.facts:
                return gettext("%(said)s stands in no table; %(figure)s is %(now)s") % about
            return gettext("%(said)s stands in no table") % about
        if self.facts:
            return gettext("The text says %(said)s, the table now %(now)s: %(figure)s") % about
        return gettext("The text says %(said)s; the table has this figure no more") % about


def check(text: str, known: Sequence[Fact], meant: Meant | None = None) -> list[Mark]:
    """A mark for every number of a text."""
    return [_mark(number, known, (meant or {}).get(number.said)) for number in numbers_in(text)]


def _mark(number: Number, known: Sequence[Fact], keys: Sequence[str] | None) -> Mark:
    if keys:
        own = tuple(fact for fact in known if fact.key in keys)
        right = tuple(fact for fact in own if _says(number, fact))
        return Mark(number, Verdict.EQUALS, right) if right else Mark(number, Verdict.MOVED, own)
    if right := _closest(number, (fact for fact in known if _says(number, fact))):
        return Mark(number, Verdict.EQUALS, right)
    named = [fact for fact in known if number.unit in fact.units and _score(number, fact)]
    return Mark(number, Verdict.UNKNOWN, _closest(number, named)[:1])


def _says(number: Number, fact: Fact) -> bool:
    return number.unit in fact.units and number.reads(fact.value)


def _closest(number: Number, candidates: Iterable[Fact]) -> tuple[Fact, ...]:
    """Those of which the sentence speaks most clearly; all of them where it names none."""
    found = list(candidates)
    best = max((_score(number, fact) for fact in found), default=0)
    return tuple(fact for fact in found if _score(number, fact) == best)


def _score(number: Number, fact: Fact) -> int:
    """How much of the fact's words stands before the number; what stands right before it tells most."""
    _before, _comma, nearest = number.clause.rpartition("，")
    return sum(2 * _overlap(word, nearest) + _overlap(word, number.clause) for word in fact.words)


def _overlap(word: str, text: str) -> int:
    """The length of the longest part of a word, of two characters at least, that stands in a text."""
    for size in range(len(word), 1, -1):
        if any(word[start : start + size] in text for start in range(len(word) - size + 1)):
            return size
    return 0


def bind(text: str, known: Sequence[Fact], before: Meant) -> dict[str, list[str]]:
    """What each number of a text means: as it was bound before, else the figures that it equals now."""
    bound: dict[str, list[str]] = {}
    for mark in check(text, known, before):
        said = mark.number.said
        if said in before:
            bound[said] = list(before[said])
        elif mark.verdict == Verdict.EQUALS:
            bound.setdefault(said, []).extend(fact.key for fact in mark.facts)
    return bound


@dataclass(frozen=True)
class Piece:
    """A stretch of text, with the mark of the number that it is."""

    text: str
    mark: Mark | None = None


def pieces(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """The text cut at its numbers; joined it is the same text."""
    found, at = [], 0
    for mark in marks:
        found += [Piece(text[at : mark.number.start]), Piece(mark.number.said, mark)]
        at = mark.number.end
    return [piece for piece in [*found, Piece(text[at:])] if piece.text]
