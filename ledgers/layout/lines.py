"""The lines of a table, made when they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from core.sheets import Row
from ledgers.declaring import Place
from ledgers.layout.filling import Filled
from ledgers.layout.laid import Cell, Column, Line
from ledgers.layout.words import is_blank


class Lines(Sequence[Line]):
    """A large ledger never stands in memory twice: of each line only its row and section are kept."""

    def __init__(
        self,
        sheet: str,
        rows: Sequence[tuple[Row, int]],
        columns: Sequence[Column],
        sections: Sequence[tuple[Place, Mapping[str, Place]]],
        filled: Filled,
        *,
        part: int = 0,
    ) -> None:
        self._part = part
        self._sheet, self._rows, self._sections, self._filled = sheet, rows, sections, filled
        self._columns = [
            (one.field, one.place, one.letter, one.state, one.sentence) for one in columns if one.field
        ]

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self._line(*found) for found in self._rows[index]]
        return self._line(*self._rows[index])

    def __iter__(self) -> Iterator[Line]:
        return (self._line(row, section) for row, section in self._rows)

    def _line(self, row: Row, section: int) -> Line:
        values = row.values
        width = len(values)
        cells = {
            field: Cell(values[at], letter, state, sentence)
            for field, at, letter, state, sentence in self._columns
            if at < width and values[at] is not None and not is_blank(values[at])
        }
        if row.number in self._filled:
            cells.update(self._filled[row.number])
        place, places = self._sections[section]
        return Line(self._sheet, row.number, row.is_hidden, cells, place, places, self._part)
