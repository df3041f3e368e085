"""The head of a table: in which rows it stands, and what is written over each column."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils import translation

from core.sheets import Merged, Row, Sheet
from ledgers.declaring import Field, Kind
from ledgers.layout.words import (
    HEAD_LENGTH,
    SERIALS,
    bare,
    is_blank,
    money_unit_of_head,
    names_of,
    said,
    says_only_the_unit,
    squeezed,
)

ROWS = 12  # rows that hold something and may be the head
LAST = 20  # and where the last of them may stand
LEVELS = 3
WORSE = 100  # than any name of its own
# Words that name a column only together with what stands over them: the sum of it, or a part of it.
WHOLE = frozenset({"", "合计", "总额", "金额", "小计", "总计", "数额", "额度", "总数", "total", "amount"}) | {
    "亿元", "万元", "元", "亿", "万",
}  # fmt: skip
MEASURES = frozenset(
    (*"%‰个家项户宗人亩吨台套辆年月天", "平方米", "万平方米", "m2", "公顷", "年月日", "万美元", "美元")
)
VAGUE = frozenset(
    {
        "名称",
        "全称",
        "时间",
        "日期",
        "单位",
        "类型",
        "类别",
        "性质",
        "情况",
        "代码",
        "编号",
        "电话",
        "name",
        "date",
    }
)
_AROUND = re.compile(r"基本情况$|情况$|信息$|内容$|方面$|^项目")
COUNTING = frozenset({"项目数", "个数", "项目个数", "数量", "宗数", "签约数", "项目数量", "count"})
SUMMARY = COUNTING | {"占比", "同比"}
# What stands before a name and leaves it the same: 拟建项目名称, 牵头县区, 正式签约日期.
_SAME = (
    "招商引资|招商|引进|拟建|新建|在建|落地|落户|新签约|签约|重点|重大|主要"
    "|报送|牵头|责任|对应|主导|主责|正式"
)
# And what leaves an amount the same, but no day: 预计投资额 is the amount, 预计签约时间 no day of signing.
_EXPECTED = "预计|计划|规划|拟定|拟|协议|合同|签约"
_BEFORE, _FORECAST = (re.compile(rf"(?:{words})(?=..)") for words in (_SAME, _EXPECTED))
_AFTER = re.compile(r"(?<=..)(?:名称|全称)$")
_MORE = re.compile(rf"{_SAME}|{_EXPECTED}|名称|全称")


@dataclass(frozen=True)
class Head:
    """Rows `first` to `last` (as Excel counts) and for each column what stands over it, top level first."""

    first: int
    last: int
    levels: Mapping[int, tuple[str, ...]]
    top: tuple[str, ...] = ()  # what its first row says

    def text(self, column: int) -> str:
        joined = "/".join(" ".join(level.split()) for level in self.levels.get(column, ()))
        return joined[:HEAD_LENGTH]


class Names:
    """By which names each field of a kind is known, with how good a name each is (0 the best)."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.by_name: dict[str, list[tuple[int, Field]]] = {}
        for field in kind.fields:
            for rank, name in enumerate(_names(field)):
                self.by_name.setdefault(name, []).append((rank, field))
        self.needed = {one.name for one in kind.fields if one.is_required and one.by_place is None}
        self.naming = next((one for one in kind.fields if one.is_required), kind.fields[0])

    def fields(self, levels: Sequence[str]) -> list[tuple[int, Field]]:
        """The fields that these levels of a head name, the best name first."""
        for name in self.spelt(levels):
            if found := self.by_name.get(name):
                return found
        if levels and _MORE.search("".join(levels[-1].split())):  # a look that costs little: lines ask too
            return self._with_more_around(bare(levels[-1]))
        return []

    def _with_more_around(self, name: str) -> list[tuple[int, Field]]:
        """The fields whose name stands between words that change nothing; a better name goes first."""
        short = _AFTER.sub("", name)
        known = [*self.by_name.get(short, ()), *self._behind(_BEFORE, name), *self._behind(_BEFORE, short)]
        known += [(rank, one) for rank, one in self._behind(_FORECAST, name) if one.is_money]
        return [(rank + WORSE, one) for rank, one in known]

    def _behind(self, words: re.Pattern[str], name: str) -> list[tuple[int, Field]]:
        """What the name says once such words before it are left out, as few as possible."""
        while (word := words.match(name)) is not None:
            name = name[word.end() :]
            if found := self.by_name.get(name):
                return found
        return []

    def spelt(self, levels: Sequence[str]) -> Iterator[str]:
        """The lowest level names the column; but two halves of a name belong together, and words like 金额
        and 名称 say nothing without the level above."""
        *above, lowest = levels or ("",)
        short = bare(lowest)
        for upper in (bare(one) for one in reversed(above)):
            shorter = _AROUND.sub("", upper)
            yield from (upper + short, short + upper, shorter + short, short + shorter)
            if short in WHOLE or (short in VAGUE and (upper in self.by_name or shorter in self.by_name)):
                yield from (upper, shorter)
        yield from names_of(lowest)

    def resembling(self, levels: Sequence[str]) -> list[Field]:
        """Fields with a name that the head contains: "签约日期和地点"."""
        head = bare(levels[-1]) if levels else ""
        found = [
            (-len(name), rank, field)
            for name, known in self.by_name.items()
            for rank, field in known
            if len(name) >= 2 and name in head
        ]
        return list({field.name: field for _, _, field in sorted(found, key=lambda one: one[:2])}.values())


def _names(field: Field) -> list[str]:
    labels = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            labels.append(str(field.label))
    spoken = (*field.heads, *labels, field.name, field.name.replace("_", ""))
    return list(dict.fromkeys(name for one in spoken for name in (squeezed(one), bare(one)) if name))


def is_serial(levels: Sequence[str]) -> bool:
    return bool(levels) and (squeezed(levels[-1]) in SERIALS or bare(levels[-1]) in SERIALS)


# --- Where it stands ---------------------------------------------------------------------------


def find_head(sheet: Sheet, names: Names, *, start: int = 0, only: bool = False) -> Head | None:
    """The rows of the head among the first rows from index `start` on, or just there (`only`).

    The first that is nearly as good as the best: another may stand below it, and a title over the whole
    width, taken for its upper level, names no field itself.
    """
    candidates: list[tuple[int, Head]] = []
    last = start + 1 if only else min(start + ROWS, len(sheet.rows))
    for index in range(start, last):
        if sheet.rows[index].number > LAST and not only:
            break
        scored = [(_score(head, names), head) for head in _heads_at(sheet, index)]
        candidates += [(score, head) for score, head in scored if score]
    own = [(score, head) for score, head in candidates if _names_itself(head, names)] or candidates
    best = max((score for score, _ in own), default=0)
    if groups := [(score, head) for score, head in candidates if score > best]:
        best = max(score for score, _ in groups)  # "签约情况" over "时间"
        lowest = max(head.first for score, head in groups if score == best)
        own = [(score, head) for score, head in groups if head.first == lowest]
    first = next((head.first for score, head in own if score * 5 >= best * 3), None)
    here = [
        (score, len(max(head.levels.values(), key=len)), head) for score, head in own if head.first == first
    ]
    return max(here, key=lambda one: one[:2])[2] if here else None


def _names_itself(head: Head, names: Names) -> bool:
    return any(names.fields((text,)) for text in head.top if not says_only_the_unit(text))


def _score(head: Head, names: Names) -> int:
    """How many fields it names; 0 when it is no head of the kind."""
    found = {known[0][1].name for levels in head.levels.values() if (known := names.fields(levels))}
    enough = min(2, len(names.kind.fields))
    if names.naming.name not in found:
        return len(found) if len(found) >= 4 and not _counts(head) else 0
    if not names.needed <= found and len(found) * 3 < len(head.levels):
        return 0  # a list of something else that names projects too
    return len(found) if len(found) >= enough else 0


def _counts(head: Head) -> bool:
    return any(bare(levels[-1]) in COUNTING for levels in head.levels.values() if levels)


def looks_like_summary(sheet: Sheet) -> bool:
    """Rows that count: 汇总 in its name or title, or a column 项目数."""
    if "汇总" in sheet.title or "统计" in sheet.title or "summary" in sheet.title.lower():
        return True
    first = [squeezed(said(value)) for row in sheet.rows[:6] for value in row.values]
    return any(bare(text) in SUMMARY or ("汇总" in text and len(text) < 40) for text in first if text)


def _heads_at(sheet: Sheet, index: int) -> Iterator[Head]:
    """The head that begins in this row with one level, with two, …"""
    rows = [sheet.rows[index]]
    if not _is_text(rows[0]) or sum(not is_blank(value) for value in rows[0].values) < 2:
        return
    spread = _spread(sheet.merged, rows[0])
    levels: dict[int, tuple[str, ...]] = {column: (text,) for column, text in spread.items()}
    top = tuple(spread.values())
    yield Head(rows[0].number, _bottom(sheet.merged, rows), levels, top)
    for following in sheet.rows[index + 1 : index + LEVELS]:
        if following.number > rows[-1].number + 2 or not _continues(
            sheet.merged, rows[-1], following, levels
        ):
            return
        rows.append(following)
        levels = _deeper(levels, _spread(sheet.merged, following))
        yield Head(rows[0].number, _bottom(sheet.merged, rows), levels, top)


def _is_text(row: Row) -> bool:
    filled = [value for value in row.values if not is_blank(value)]
    return bool(filled) and sum(isinstance(value, str) for value in filled) * 5 >= len(filled) * 4


def _bottom(merged: Sequence[Merged], rows: Sequence[Row]) -> int:
    """A head merged over two rows ends with the lower one, though nothing stands there."""
    ends = [one.bottom for one in merged if one.top == rows[-1].number and one.bottom > one.top]
    across = max((one.right - one.left for one in merged if one.top == rows[-1].number), default=0)
    deep = bool(ends) and across < len(rows[-1].values) // 2
    return max(ends) if deep and max(ends) - rows[-1].number < LEVELS else rows[-1].number


def _spread(merged: Sequence[Merged], row: Row) -> dict[int, str]:
    """What stands over each column: a merged cell over all of its own, another over itself."""
    texts = {at: said(value).strip() for at, value in enumerate(row.values) if not is_blank(value)}
    for one in merged:
        if one.top <= row.number <= one.bottom and one.top == row.number and one.left in texts:
            for column in range(one.left, one.right + 1):
                texts.setdefault(column, texts[one.left])
    return texts


def _continues(
    merged: Sequence[Merged], row: Row, following: Row, levels: Mapping[int, tuple[str, ...]]
) -> bool:
    """Whether the row below is a lower level: its texts stand under groups, and under nothing else."""
    below = [at for at, value in enumerate(following.values) if not is_blank(value)]
    if not below or any(not isinstance(following.values[at], str) for at in below):
        return False
    reaching = [one for one in merged if one.top <= row.number < following.number <= one.bottom]
    if len(reaching) * 2 >= len(levels) or _are_units([said(following.values[at]) for at in below]):
        return True
    grouped = _grouped(merged, row, below)
    across = {
        at
        for at in below
        for one in merged
        if one.top == row.number and one.left <= at <= one.right > one.left
    }
    fits = bool(grouped) and all(at in grouped or at not in levels for at in below)
    return fits and (len(below) >= 2 or across == set(below))


def _are_units(texts: Sequence[str]) -> bool:
    """ "（万元）" in a row of its own below the names, beside other measures, "%" and "亩"."""
    return any(map(_is_unit, texts)) and all(
        _is_unit(text) or squeezed(text).strip("()[]【】") in MEASURES for text in texts
    )


def _is_unit(text: str) -> bool:
    return bool(money_unit_of_head(text)) and bare(text) in WHOLE


def _grouped(merged: Sequence[Merged], row: Row, below: Sequence[int]) -> set[int]:
    """Columns under a cell that is merged across, or that has empty ones beside it filled below."""
    spans = {one.left: one.right for one in merged if one.top == row.number and one.right > one.left}
    filled = [at for at, value in enumerate(row.values) if not is_blank(value)]
    inside = set(below)
    for at, beyond in pairwise([*filled, max([*filled, *below]) + 1]):
        if at in spans:
            continue
        right = at
        while right + 1 < beyond and right + 1 in inside:
            right += 1
        if right > at and at in inside:
            spans[at] = right
    return {column for left, right in spans.items() for column in range(left, right + 1)}


def _deeper(levels: Mapping[int, tuple[str, ...]], below: Mapping[int, str]) -> dict[int, tuple[str, ...]]:
    """Both levels of each column; an upper one without merging covers the empty columns at its right."""
    deeper = dict(levels)
    upper: tuple[str, ...] = ()
    for column in range(max([*levels, *below]) + 1):
        own = levels.get(column)
        upper = own if own is not None else (upper if column in below else ())
        if column in below:
            deeper[column] = (*upper, below[column]) if upper[-1:] != (below[column],) else upper
    return deeper


def repeats(head: Head, row: Row) -> bool:
    """Whether a row writes the head once more, as on every printed page."""
    filled = {at: squeezed(said(value)) for at, value in enumerate(row.values) if not is_blank(value)}
    if len(filled) < 2:
        return False
    same = sum(text in map(squeezed, head.levels.get(at, ())) for at, text in filled.items())
    return same * 5 >= len(filled) * 4
