"""Cells that stand once for several rows: merged downwards, written once, or "同上"."""

from collections.abc import Sequence
from itertools import pairwise

from django.utils.translation import gettext as _

from core.sheets import Merged, Row, Value
from ledgers.choices import State
from ledgers.declaring import Kind
from ledgers.layout.laid import Cell, Column
from ledgers.layout.words import is_blank, squeezed

DITTO = frozenset({"同上", "〃", "''", '"', "″", "”", "“", "々", "ditto", "上同", "同前"})
_WRITTEN = frozenset({*DITTO, *(f"{one} " for one in DITTO), "同 上", "＂", "ditto.", "Ditto"})
Filled = dict[int, dict[str, Cell]]  # {row: {field: cell}}


def filled_down(
    parts: Sequence[Sequence[Row]], columns: Sequence[Column], kind: Kind, merged: Sequence[Merged]
) -> Filled:
    """The cells that rows take from above; `parts` are the lines between sections and totals."""
    filled: Filled = {}
    fields = {one.name: one for one in kind.fields}
    for column in columns:
        if not column.field:
            continue
        field = fields[column.field]
        if field.fills_down:
            _by_merging(parts, column, merged, filled)
            if field.is_required and _is_written_once(parts, column.place, filled, column.field):
                _by_order(parts, column, filled)
        _by_word(parts, column, filled)
    return filled


def _value(row: Row, at: int) -> Value:
    return row.values[at] if at < len(row.values) else None


def _by_merging(
    parts: Sequence[Sequence[Row]], column: Column, merged: Sequence[Merged], filled: Filled
) -> None:
    ranges = [one for one in merged if one.left <= column.place <= one.right and one.bottom > one.top]
    if not ranges:
        return
    rows = {row.number: row for part in parts for row in part}
    for one in ranges:
        top = rows.get(one.top)
        value = _value(top, one.left) if top else None
        if is_blank(value):
            continue
        for number in range(one.top + 1, min(one.bottom, max(rows)) + 1):
            if number in rows and is_blank(_value(rows[number], column.place)):
                cell = Cell(value, column.letter, column.state, column.sentence, one.top)
                filled.setdefault(number, {})[column.field] = cell


def _is_written_once(parts: Sequence[Sequence[Row]], at: int, filled: Filled, field: str) -> bool:
    """Whether empty cells mean the one above: somebody who repeats a value does not leave it out."""
    repeated = empty = written = 0
    for part in parts:
        for above, row in pairwise(part):
            value = _value(row, at)
            if is_blank(value):
                empty += field not in filled.get(row.number, {})
            else:
                written += 1
                repeated += value == _value(above, at)
    return empty > 0 and (repeated == 0 or empty > written)


def _by_order(parts: Sequence[Sequence[Row]], column: Column, filled: Filled) -> None:
    sentence = _("The cell is empty; “%(value)s” of row %(row)s above was taken.")
    for part in parts:
        last: tuple[Value, int] | None = None
        for row in part:
            value = _value(row, column.place)
            if not is_blank(value):
                last = value, row.number
            elif last and column.field not in filled.get(row.number, {}):
                told = sentence % {"value": last[0], "row": last[1]}
                state = State.ASKED if column.state == State.ASKED else State.ASSUMED
                cell = Cell(last[0], column.letter, state, told, last[1])
                filled.setdefault(row.number, {})[column.field] = cell


def _by_word(parts: Sequence[Sequence[Row]], column: Column, filled: Filled) -> None:
    """ "同上" in any column."""
    if not any(_value(row, column.place) in _WRITTEN for part in parts for row in part):
        return
    for part in parts:
        last: tuple[Value, int] | None = None
        for row in part:
            value = _value(row, column.place)
            if is_blank(value):
                continue
            if not isinstance(value, str) or len(value) > 6 or squeezed(value) not in DITTO:
                last = value, row.number
            elif last:
                sentence = _("“%(ditto)s”: “%(value)s” of row %(row)s was taken.")
                told = sentence % {"ditto": value.strip(), "value": last[0], "row": last[1]}
                cell = Cell(last[0], column.letter, State.ASSUMED, told, last[1])
                filled.setdefault(row.number, {})[column.field] = cell
