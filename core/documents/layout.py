"""What both files must agree on: numbers of headings, breaks of titles, places of the sign-off.

Lengths are in points, places in characters of the body (3号, 16 pt). The figures are those of
GB/T 9704-2012.
"""

import datetime
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any

from core.documents.blocks import AnnexTitle, Block, Group, Heading, Imprint, Kind, SignOff, Table, Title
from core.text import without_invisible

MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT = 210 * MM, 297 * MM
TOP, BOTTOM, LEFT, RIGHT = 37 * MM, 35 * MM, 28 * MM, 26 * MM
# 225 mm hold 22 lines; at 29 pt a line Word finds room for 21 only.
LINE = 28.95
BODY = 16.0  # 3号
TITLE = 22.0  # 2号
TITLE_LINE = 32.0
SMALL = 10.5  # 五号, for tables
CHARACTERS_PER_LINE = 28
# A page turned sideways keeps its binding edge: the head of the table lies along it.
UPRIGHT = {"top": TOP, "bottom": BOTTOM, "left": LEFT, "right": RIGHT}
LANDSCAPE = {"top": 28 * MM, "bottom": 26 * MM, "left": 35 * MM, "right": 37 * MM}
SHEET = {"top": 14 * MM, "bottom": 15 * MM, "left": 15 * MM, "right": 15 * MM}
RED_LINE = 1.25  # 0.35 to 0.5 mm

DIGITS = "〇一二三四五六七八九"


@dataclass(frozen=True)
class Section:
    """Pages of one orientation. The first ones hold the text, each annex has its own."""

    is_landscape: bool
    blocks: list[Block]
    is_sheet: bool = False

    @property
    def margins(self) -> dict[str, float]:
        return SHEET if self.is_sheet else LANDSCAPE if self.is_landscape else UPRIGHT

    @property
    def width(self) -> float:
        """Of the type area: 156 mm upright, 225 mm on a page turned sideways, 267 mm on a sheet."""
        paper = PAGE_HEIGHT if self.is_landscape else PAGE_WIDTH
        return paper - self.margins["left"] - self.margins["right"]

    @property
    def title_gap(self) -> float:
        """Under the title."""
        return LINE / 4 if self.is_sheet else LINE


def cleaned(blocks: Iterable[Block]) -> list[Block]:
    """The blocks without the characters that neither file could hold."""
    return [_cleaned(block) for block in blocks]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, StrEnum) else without_invisible(value)
    if isinstance(value, (list, tuple)):
        return [_cleaned(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _cleaned(getattr(value, part.name)) for part in fields(value)})
    return value


def sections(blocks: Iterable[Block]) -> list[Section]:
    result: list[Section] = []
    for block in blocks:
        turns_back = isinstance(block, Imprint) and bool(result) and result[-1].is_landscape
        if isinstance(block, AnnexTitle) or turns_back or not result:
            result.append(_section_of(block))
        result[-1].blocks.append(block)
    return result


def _section_of(first: Block) -> Section:
    """Empty, as the block that opens it asks."""
    is_sheet = isinstance(first, Title) and first.is_sheet
    return Section(is_sheet or (isinstance(first, AnnexTitle) and first.is_landscape), [], is_sheet)


def holds_sign_off(block: Block, section: Section) -> bool:
    """The block stands right before the sign-off, which must not come to stand on a page alone."""
    return any(a is block and isinstance(b, SignOff) for a, b in pairwise(section.blocks))


# --- Words ----------------------------------------------------------------------------------


NARROW = {".": 0.25, ",": 0.25, " ": 0.25, "-": 0.33, "+": 0.56, "%": 0.83}


def width(text: str) -> float:
    """In characters: a Chinese one is 1 wide, a digit half of it, a capital a little more."""
    return sum(_width(c) for c in text)


def _width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WFA":
        return 1.0
    return NARROW.get(character, 0.7 if character.isupper() else 0.5)


def chinese_date(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_number(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def numbered(blocks: Iterable[Block]) -> list[Block]:
    """The blocks with its number before each heading; every annex counts from one again."""
    counts = [0] * 5
    result: list[Block] = []
    for block in blocks:
        if isinstance(block, AnnexTitle):
            counts = [0] * 5
        if isinstance(block, Heading) and block.is_numbered:
            counts[block.level :] = [counts[block.level] + 1] + [0] * (4 - block.level)
            text = _number(block.level, counts[block.level]) + block.text
            block = replace(block, text=text, is_numbered=False)
        result.append(block)
    return result


def _number(level: int, count: int) -> str:
    return {
        1: f"{chinese_number(count)}、",
        2: f"（{chinese_number(count)}）",
        3: f"{count}. ",
        4: f"（{count}）",
    }[level]


def title_lines(text: str, page_width: float = PAGE_WIDTH - LEFT - RIGHT) -> list[str]:
    """The lines of a title: as given by line breaks, else halved at a place between words."""
    per_line = page_width / TITLE
    if "\n" in text:
        return text.split("\n")
    if width(text) <= per_line:
        return [text]
    places = [place for place in range(1, len(text)) if _may_break(text, place)]
    fitting = [p for p in places if max(width(text[:p]), width(text[p:])) <= per_line]
    if not fitting:
        return _filled(text, per_line)
    best = min(fitting, key=lambda place: abs(width(text[:place]) - width(text[place:])))
    return [text[:best], text[best:]]


def _may_break(text: str, place: int) -> bool:
    """After a conjunction or a closing mark, before an opening one: never within a word."""
    return text[place - 1] in "的和与及、，》”）市县区" or text[place] in "《“（"


def _filled(text: str, per_line: float) -> list[str]:
    """A title without such a place: even lines, cut where they are full."""
    count = -(-int(width(text) * 2) // int(per_line * 2))
    size = -(-len(text) // count)
    return [text[start : start + size] for start in range(0, len(text), size)]


def mark_size(organ: str) -> float:
    """The red mark fills most of the line, at most 62 pt high."""
    return min(62.0, 0.96 * (PAGE_WIDTH - LEFT - RIGHT) / width(organ))


def bulletin_size(title: str) -> float:
    """The red title of a bulletin: as wide as it may be, at most 48 pt."""
    return min(48.0, 0.86 * (PAGE_WIDTH - LEFT - RIGHT) / width(title))


# --- Sign-off ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignOffPlace:
    """Distances from the right edge of the type area, in characters."""

    organ: float
    date: float
    lines_above: int


def sign_off_place(block: SignOff) -> SignOffPlace:
    organ, date = width(block.organ), width(chinese_date(block.day))
    if block.is_sealed:  # the date 4 from the edge, the name centred over it for the seal
        return SignOffPlace(max(0.0, 4 + date / 2 - organ / 2), 4, 2)
    if organ >= date + 2:  # the name 2 from the edge, the date begins 2 after the name's beginning
        return SignOffPlace(2, organ - date, 1)
    return SignOffPlace(date + 4 - organ, 2, 1)


# --- Tables -----------------------------------------------------------------------------------

EMPTY_TABLE = "无"
CELL_MARGINS = 0.75  # in characters of the table, both sides and the line


def column_shares(table: Table, available: float) -> list[float]:
    """The share of each column in a table of `available` characters' width.

    Numbers and short words keep the width they need; longer texts share the rest so that all wrap
    into about as many lines.
    """
    wanted = list(table.widths) or _fitted(_needs(table), available)
    return [width / sum(wanted) for width in wanted]


@dataclass(frozen=True)
class _Need:
    """What a column must have at least, and the length of its longest text."""

    least: float
    longest: float

    def at(self, lines: float) -> float:
        """The width at which the longest text takes so many lines."""
        ragged = 0.5 if lines > 1 else 0.0
        return max(self.least, min(self.longest, self.longest / lines + ragged)) + CELL_MARGINS


def _needs(table: Table) -> list[_Need]:
    kinds = table.kinds or [Kind.TEXT] * len(table.head)
    needs = [
        _need([row[column] for row in table.rows], table.head[column], kind)
        for column, kind in enumerate(kinds)
    ]
    return _under_groups(needs, table.groups)


def _under_groups(needs: Sequence[_Need], groups: Sequence[Group]) -> list[_Need]:
    """Columns as wide as the heading over them, if it can stand on one line of them."""
    widened, start = list(needs), 0
    for group in groups:
        below = widened[start : start + group.span]
        short = (width(group.text) - sum(need.least for need in below)) / group.span
        if group.text and short > 0:
            widened[start : start + group.span] = [replace(n, least=n.least + short) for n in below]
        start += group.span
    return widened


def _need(cells: Sequence[str], head: str, kind: Kind) -> _Need:
    longest = max((_spaced_width(line) for cell in cells for line in cell.split("\n")), default=0.0)
    head_line = max(width(line) for line in head.split("\n"))
    of_head = head_line if head_line <= 4 else head_line / 2 + 0.5
    of_cells = min(longest, 3.0) if kind == Kind.TEXT else longest
    return _Need(max(2.0, of_head, of_cells), longest)


def _spaced_width(line: str) -> float:
    """With the small gaps that some programs set between Chinese and digits whatever they are told."""
    wide = [_width(character) == 1.0 for character in line]
    return width(line) + 0.2 * sum(a != b for a, b in pairwise(wide))


def _fitted(needs: Sequence[_Need], available: float) -> list[float]:
    """Widths at the smallest number of lines that fits; found by halving."""
    few, many = 1.0, 64.0
    if sum(need.at(few) for need in needs) <= available:
        return [need.at(few) for need in needs]
    for _ in range(24):
        middle = (few + many) / 2
        too_wide = sum(need.at(middle) for need in needs) > available
        few, many = (middle, many) if too_wide else (few, middle)
    return [need.at(many) for need in needs]


def strong_rows(table: Table) -> set[int]:
    return {number % len(table.rows) for number in table.strong if table.rows}
