"""Tables that stand side by side on one sheet: each has columns of its own.

A sheet is cut only where the columns at the right name by themselves what a table of the kind must have,
and where it is sure at which column that table begins. Cells keep their rows and columns.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from core.ooxml.cells import letters
from core.sheets import Merged, Row, Sheet, Value
from ledgers.declaring import Field
from ledgers.layout.heads import Head, Names, is_serial
from ledgers.layout.words import is_blank, said, squeezed

SHARED = 3  # fields that both tables have; two are repeated for a remark
# Such groups tell twice of one line: it is no second table.
_TWICE = re.compile(r"(?:调整|变更|更正|修改|修订)[前后]")


@dataclass(frozen=True)
class Strip(Sheet):
    """The columns of one of several tables beside each other, or the whole sheet as it mostly is."""

    part: int = 0  # which of them, from the left
    left: int = 0  # its first column
    span: str = ""  # "H:N"; empty for a whole sheet


def whole(sheet: Sheet) -> Strip:
    return Strip(**_told(sheet))


def _told(sheet: Sheet) -> dict[str, Any]:
    return {one.name: getattr(sheet, one.name) for one in fields(Sheet)}


# --- Where one ends and the next begins ----------------------------------------------------------


def cuts_of(sheet: Sheet, head: Head, names: Names) -> list[int]:
    """The columns at which a second table begins, a third; none mostly."""
    return _Cutting(sheet, head, names).cuts()


def is_table(head: Head, names: Names, asked: Iterable[str]) -> bool:
    """Whether a head names all that is asked of a table beside another."""
    return set(asked) <= {known[0][1].name for text in head.levels.values() if (known := names.fields(text))}


def asked_of(head: Head, names: Names) -> set[str]:
    """What each table must name: what no row can do without, and the sum if one of them has it."""
    summed = {names.kind.sum_of} - {""}
    return names.needed | {names.naming.name} | {one for one in summed if is_table(head, names, {one})}


class _Cutting:
    def __init__(self, sheet: Sheet, head: Head, names: Names) -> None:
        self.sheet, self.head, self.names = sheet, head, names
        known = {at: names.fields(text) for at, text in head.levels.items()}
        self.fields: dict[int, Field] = {at: known[at][0][1] for at in sorted(known) if known[at]}
        self.end = max(head.levels, default=-1) + 1
        self.asked = asked_of(head, names)

    def cuts(self) -> list[int]:
        named = [at for at, one in self.fields.items() if one is self.names.naming]
        if len(named) < 2 or self._tells_twice():
            return []
        found: list[int] = []
        for at, beyond in pairwise([*named[1:], self.end]):
            left = found[-1] if found else 0
            cut = self._cut(left, at, beyond)
            if cut is not None and self._is_table(cut, beyond, like=self._named(left, cut)):
                found.append(cut)
        return found

    def _tells_twice(self) -> bool:
        above = (row for row in self.sheet.rows if row.number <= self.head.last)
        return any(_TWICE.search(squeezed(said(value))) for row in above for value in row.values)

    def _named(self, left: int, right: int) -> set[str]:
        return {one.name for at, one in self.fields.items() if left <= at < right}

    def _is_table(self, left: int, right: int, *, like: set[str]) -> bool:
        own = self._named(left, right)
        return self.asked <= own and len(own & like) >= SHARED

    def _cut(self, left: int, at: int, beyond: int) -> int | None:
        """Where the table begins that has its name in column `at`, if that is beyond doubt."""
        first = next((to for to in range(left + 1, at + 1) if self.asked <= self._named(left, to)), None)
        if first is None:
            return None  # the one at the left is no table yet
        if first == at:
            return at
        ways = (self._is_serial, self._is_after_a_gap, self._is_under_a_title)
        near = range(at, first - 1, -1)
        found = (one for is_first in ways for one in near if is_first(one, at))
        return next(found, None) or self._by_its_twin(left, near, beyond)

    def _is_serial(self, one: int, _at: int) -> bool:
        return is_serial(self.head.levels.get(one, ()))

    def _is_after_a_gap(self, one: int, _at: int) -> bool:
        gap = one - 1
        below = (row.values for row in self.sheet.rows if row.number >= self.head.first)
        return gap not in self.head.levels and all(
            gap >= len(values) or is_blank(values[gap]) for values in below
        )

    def _is_under_a_title(self, one: int, at: int) -> bool:
        above = (merged for merged in self.sheet.merged if merged.top < self.head.first)
        return any(merged.left == one < merged.right >= at for merged in above)

    def _by_its_twin(self, left: int, near: Sequence[int], beyond: int) -> int | None:
        """It begins as the one before it does. What stands between is that one's, unless it is of a kind
        that stands in front, a unit or an industry, and the table at the right has none."""
        own = (at for at in sorted(self.head.levels) if at >= left and not self._is_serial(at, at))
        start = self.head.text(next(own))
        for one in near:
            between = {field.name for at, field in self.fields.items() if near[-1] <= at < one}
            lone = between - self._named(one, beyond)
            in_front = {field.name for field in self.fields.values() if field.fills_down}
            if self.head.text(one) == start and not lone & in_front:
                return one
        return None


# --- Each with its own cells ---------------------------------------------------------------------


def strips(sheet: Sheet, head: Head, cuts: Sequence[int]) -> list[Strip]:
    """The tables of a sheet, each with what stands across several of them."""
    width = max(len(row.values) for row in sheet.rows)
    edges = [0, *cuts, max(width, max(head.levels) + 1)]
    shared = {row.number: text for row in sheet.rows if (text := _over_all(row, sheet, head, cuts))}
    return [
        _strip(sheet, head, part, left, right, shared) for part, (left, right) in enumerate(pairwise(edges))
    ]


def _strip(sheet: Sheet, head: Head, part: int, left: int, right: int, shared: Mapping[int, str]) -> Strip:
    merged = [
        one._replace(left=max(one.left, left), right=min(one.right, right - 1))
        for one in sheet.merged
        if one.left < right and one.right >= left
    ]
    rows = list(_rows(sheet, left, right, shared))
    own = [at for at in head.levels if left <= at < right]
    span = f"{letters(min(own))}:{letters(max(own))}"
    told = {**_told(sheet), "rows": rows, "merged": merged}
    return Strip(**told, part=part, left=left, span=span)


def _rows(sheet: Sheet, left: int, right: int, shared: Mapping[int, str]) -> Iterator[Row]:
    """Those that hold something here; a cell merged across from the left stands here too."""
    reaching: dict[int, list[Merged]] = defaultdict(list)
    for one in sheet.merged:
        if one.left < left <= one.right:
            reaching[one.top].append(one)
    for row in sheet.rows:
        own = list(row.values[left:right])
        for one in reaching.get(row.number, ()):
            _put(own, row.values[one.left] if one.left < len(row.values) else None)
        if row.number in shared and all(map(is_blank, own)):
            _put(own, shared[row.number])
        if not all(map(is_blank, own)):
            yield Row(row.number, (*[None] * left, *own), row.is_hidden)


def _put(cells: list[Value], value: Value) -> None:
    """In front, where nothing stands."""
    if not cells:
        cells.append(value)
    elif is_blank(cells[0]):
        cells[0] = value


def _over_all(row: Row, sheet: Sheet, head: Head, cuts: Sequence[int]) -> str:
    """A line above the heads that stands over one of the tables only, and is not merged just over that
    one, is said of all: the name of the ledger, "单位：万元"."""
    places = [at for at, value in enumerate(row.values) if not is_blank(value)]
    merged = any(one.top == row.number and one.right > one.left for one in sheet.merged)
    if row.number >= head.first or merged or len({_part(at, cuts) for at in places}) != 1:
        return ""
    return "　".join(said(row.values[at]).strip() for at in places)


def _part(at: int, cuts: Sequence[int]) -> int:
    return sum(at >= cut for cut in cuts)


def reaches_across(head: Head, cuts: Sequence[int]) -> bool:
    return len({_part(at, cuts) for at in head.levels}) > 1
