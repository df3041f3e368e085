"""Workbooks of before 2007 (.xls, and .et of WPS): what their reader does not tell.

Part of the child of `core.sheets`. The file is a small file system of its own (OLE) in which a stream
called Workbook holds records: type, length, content.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.sheets_formats import Shape, shapes

MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
END = 0xFFFFFFFA  # sector numbers from here on are marks, not sectors
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
FORMULA, FILEPASS, DATEMODE, COLINFO, BOUNDSHEET, BOOLERR, ROW, BOF, EOF = (
    0x06, 0x2F, 0x22, 0x7D, 0x85, 0x205, 0x208, 0x809, 0x0A,
)  # fmt: skip
FORMAT, XF, NUMBER, RK, MULRK = (
    0x41E, 0xE0, 0x203, 0x27E, 0xBD,
)  # fmt: skip


class Broken(Exception):
    """A chain or record leads out of the file."""


@dataclass
class About:
    """What a sheet says beside its values; rows and columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    # {(row, column): (what, text)}
    unreadable: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    # {row: {column: shape}} of the cells whose format says something
    shapes: dict[int, dict[int, Shape]] = field(default_factory=dict)

    def shape(self, row: int, column: int, shape: Shape | None) -> None:
        if shape is not None:
            self.shapes.setdefault(row, {})[column] = shape


class Container:
    """The streams of an OLE file by name."""

    def __init__(self, content: bytes) -> None:
        try:
            self._open(content)
        except (struct.error, IndexError, ValueError) as error:
            raise Broken from error

    def _open(self, content: bytes) -> None:
        self._content = content
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Broken
        self._size = 1 << shift
        first_directory, _, self._cutoff, first_mini, _, difat, _ = struct.unpack_from("<7I", content, 48)
        self._table = self._allocation(difat)
        self._entries = dict(self._directory(first_directory))
        start, length = self._entries.get("Root Entry", (END, 0))
        self._mini = b"".join(self._sectors(start))[:length]
        mini_table = b"".join(self._sectors(first_mini))
        self._mini_table = struct.unpack(f"<{len(mini_table) // 4}I", mini_table)

    @property
    def names(self) -> set[str]:
        return set(self._entries)

    def stream(self, name: str) -> bytes:
        start, length = self._entries[name]
        if length >= self._cutoff:
            return b"".join(self._sectors(start))[:length]
        chain = _chain(start, self._mini_table)
        return b"".join(self._mini[at * 64 : at * 64 + 64] for at in chain)[:length]

    def _allocation(self, difat: int) -> tuple[int, ...]:
        """Which sector follows which; its own sectors are listed in the head, and on when there are many."""
        places = list(struct.unpack_from("<109I", self._content, 76))
        seen = set()
        while difat < END and difat not in seen:
            seen.add(difat)
            *more, difat = struct.unpack(f"<{self._size // 4}I", self._sector(difat))
            places += more
        parts = b"".join(self._sector(place) for place in places if place < END)
        return struct.unpack(f"<{len(parts) // 4}I", parts)

    def _directory(self, start: int) -> Iterator[tuple[str, tuple[int, int]]]:
        entries = b"".join(self._sectors(start))
        for at in range(0, len(entries) - 127, 128):
            length = struct.unpack_from("<H", entries, at + 64)[0]
            if 2 <= length <= 64:
                name = entries[at : at + length - 2].decode("utf-16-le", "replace")
                yield name, struct.unpack_from("<II", entries, at + 116)

    def _sectors(self, start: int) -> Iterator[bytes]:
        return (self._sector(place) for place in _chain(start, self._table))

    def _sector(self, place: int) -> bytes:
        at = (place + 1) * self._size
        if at >= len(self._content):
            raise Broken
        return self._content[at : at + self._size].ljust(self._size, b"\0")


def _chain(start: int, table: tuple[int, ...]) -> Iterator[int]:
    steps = 0
    while start < END:
        yield start
        steps += 1
        if steps > len(table):  # it bites its tail
            raise Broken
        start = table[start]


# --- The records of the stream -----------------------------------------------------------------


def workbook_stream(container: Container) -> bytes | None:
    for name in ("Workbook", "Book", "WORKBOOK", "BOOK"):
        if name in container.names:
            return container.stream(name)
    return None


def is_locked(stream: bytes) -> bool:
    return any(kind == FILEPASS for kind, _ in _records(stream, 0))


def about_sheets(stream: bytes) -> list[About]:
    """Hidden rows and columns, cells with errors and telling formats of each worksheet, in the order of
    the book."""
    styles = _styles(stream)
    starts = [
        struct.unpack_from("<I", body)[0]
        for kind, body in _records(stream, 0)
        if kind == BOUNDSHEET and len(body) > 6 and body[5] == 0  # 0: a worksheet, no chart
    ]
    return [_about(stream, start, styles) for start in starts]


def _styles(stream: bytes) -> dict[int, Shape]:
    """{style: shape} of the styles whose format says something."""
    codes, used = {}, []
    for kind, body in _records(stream, 0):
        if kind == FORMAT and len(body) > 5:
            number, length, is_wide = struct.unpack_from("<HHB", body)
            wide = is_wide & 1
            text = body[5 : 5 + length * (1 + wide)]
            codes[number] = text.decode("utf-16-le" if wide else "latin-1", "replace")
        elif kind == XF and len(body) >= 4:
            used.append(struct.unpack_from("<H", body, 2)[0])
    return shapes(codes, used)


def _about(stream: bytes, start: int, styles: Mapping[int, Shape]) -> About:
    about = About()
    for kind, body in _records(stream, start):
        if kind == ROW and len(body) >= 14 and struct.unpack_from("<H", body, 12)[0] & 0x20:
            about.hidden_rows.add(struct.unpack_from("<H", body)[0])
        elif kind == COLINFO and len(body) >= 10 and body[8] & 1:
            first, last = struct.unpack_from("<HH", body)
            about.hidden_columns.update(range(first, min(last, 255) + 1))
        elif kind == BOOLERR and len(body) >= 8 and body[7] == 1:
            about.unreadable[struct.unpack_from("<HH", body)] = ("error", ERRORS.get(body[6], "#?"))
        elif kind == FORMULA and len(body) >= 14 and body[6] == 2 and body[12:14] == b"\xff\xff":
            about.unreadable[struct.unpack_from("<HH", body)] = ("error", ERRORS.get(body[8], "#?"))
        if styles:
            _shapes(kind, body, styles, about)
    return about


def _shapes(kind: int, body: bytes, styles: Mapping[int, Shape], about: About) -> None:
    """The styles of one number, or of several beside each other."""
    if kind in (NUMBER, RK, FORMULA) and len(body) >= 6:
        row, column, style = struct.unpack_from("<HHH", body)
        about.shape(row, column, styles.get(style))
    elif kind == MULRK and len(body) >= 12:
        row, first = struct.unpack_from("<HH", body)
        for place, at in enumerate(range(4, len(body) - 6, 6)):
            about.shape(row, first + place, styles.get(struct.unpack_from("<H", body, at)[0]))


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Up to the end of the part that begins at `at`; charts within it are stepped over."""
    depth = 0
    while at >= 0 and at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind == BOF) - (kind == EOF)
        if depth <= 1:
            yield kind, stream[at + 4 : at + 4 + length]
        if depth <= 0:
            return
        at += 4 + length
