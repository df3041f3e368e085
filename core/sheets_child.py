"""Reads one workbook from standard input and prints its rows as JSON lines.

Runs alone, as a child of `core.sheets`, under limits of memory and time: a hostile file of one
kilobyte makes the reader ask for 500 GB and ends its process. Nothing of Django is loaded here.

Each line is an object: {"format": …, "notes": [code]} first, {"sheet": title, "visibility": …,
"merged": [[top, left, bottom, right]], "columns": [hidden ones]}, a block of its rows as {"rows":
[[number, is_hidden, value, …]]}, or {"refused": code, ...facts} and nothing more. Days are {"d"},
moments {"m"}, cells without a value {"u": [what, text]}.
"""

import csv
import datetime
import json
import math
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

sys.path.append(str(Path(__file__).parents[1]))  # behind the library's: nothing of ours hides its modules

import python_calamine
from python_calamine import CalamineSheet, SheetTypeEnum, SheetVisibleEnum

from core import sheets_markup, sheets_ole, sheets_text, sheets_xlsx
from core.sheets_formats import Shape
from core.sheets_ole import About

MEGABYTE = 2**20
END_OF_DIRECTORY = b"PK\x05\x06"
ENTRIES = 5000
MERGED = 200_000  # ranges of a sheet: one for each row of the largest
BLOCK = 500  # rows told in one line, unless they are long
BLOCK_TEXT = 500_000  # characters, or nearly
VISIBILITY = (  # the reader's own cannot be keys
    (SheetVisibleEnum.Visible, "visible"),
    (SheetVisibleEnum.Hidden, "hidden"),
    (SheetVisibleEnum.VeryHidden, "very_hidden"),
)
Limits = dict[str, int]
Told = Iterator[dict[str, Any]]


class Refused(Exception):
    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.answer = {"refused": code, **facts}


def main(limits: Limits) -> None:
    confine(limits)
    out = sys.stdout
    try:
        for line in read(sys.stdin.buffer, limits):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    except Refused as refused:
        out.write(json.dumps(refused.answer) + "\n")
    except MemoryError:
        out.write('{"refused":"large"}\n')
    out.flush()


def confine(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def read(file: IO[bytes], limits: Limits) -> Told:
    """By what the file is, whatever its name says."""
    size = file.seek(0, 2)
    if size > limits["bytes"]:
        raise Refused("size", limit=limits["bytes"] // MEGABYTE)
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        return package(file, size, limits)
    if start.startswith(sheets_ole.MAGIC):
        return container(file, limits)
    if not size:
        raise Refused("empty")
    return text(file.read(), limits)


# --- .xlsx: a package of parts -----------------------------------------------------------------


def package(file: IO[bytes], size: int, limits: Limits) -> Told:
    check_package(file, size, limits)
    file.seek(0)
    with zipfile.ZipFile(file) as parts:
        names = parts.namelist()
        notes = ["links"] if any("externalLinks/" in name for name in names) else []
        try:
            notes += ["from_1904"] if sheets_xlsx.counts_from_1904(parts) else []
            sheets = sheets_xlsx.sheet_parts(parts)
            styles = sheets_xlsx.styles(parts)
            about = [sheets_xlsx.about(parts, part, limits["cells"], styles) for part in sheets]
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, zlib.error) as error:
            raise Refused("damaged") from error
    file.seek(0)
    yield {"format": "xlsx", "notes": notes}
    yield from sheets_of(file, about, limits)


def check_package(file: IO[bytes], size: int, limits: Limits) -> None:
    """What the package says of itself, before anything is unpacked."""
    check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise Refused("damaged") from error
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("password")
    if any("vbaProject" in name for name in names):
        raise Refused("macros")
    if "xl/workbook.xml" not in names:
        raise Refused("other")
    if any(name.startswith("/") or ".." in name.replace("\\", "/").split("/") for name in names):
        raise Refused("damaged")
    unpacked = sum(entry.file_size for entry in entries)
    swollen = any(e.file_size > 20 * MEGABYTE and e.file_size > 300 * e.compress_size for e in entries)
    if unpacked > limits["unpacked"] or swollen:
        raise Refused("unpacked", unpacked=unpacked // MEGABYTE)


def check_directory(file: IO[bytes], size: int) -> None:
    """A directory of a million names would be read whole: look at its announced length first."""
    file.seek(max(0, size - 70_000))
    tail = file.read()
    at = tail.rfind(END_OF_DIRECTORY)
    if at < 0 or len(tail) < at + 22:
        raise Refused("damaged")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    is_zip64 = tail[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    if is_zip64 or length > ENTRIES * 200:
        raise Refused("damaged")


# --- .xls and .et: a container of streams ------------------------------------------------------


def container(file: IO[bytes], limits: Limits) -> Told:
    try:
        streams = sheets_ole.Container(file.read())
        if "EncryptedPackage" in streams.names:
            raise Refused("password")
        stream = sheets_ole.workbook_stream(streams)
        if stream is None:
            raise Refused("other")
        if sheets_ole.is_locked(stream):
            raise Refused("password")
        if streams.names & {"_VBA_PROJECT_CUR", "_VBA_PROJECT"}:
            raise Refused("macros")
        about = sheets_ole.about_sheets(stream)
    except sheets_ole.Broken as error:
        raise Refused("damaged") from error
    file.seek(0)
    yield {"format": "xls", "notes": []}
    yield from sheets_of(file, about, limits)


# --- .csv: text --------------------------------------------------------------------------------


def text(content: bytes, limits: Limits) -> Told:
    told = sheets_text.decoded(content)
    if told is not None and told.lstrip().startswith(("<", "MIME-Version:")):
        yield from markup(told, limits)
        return
    between = sheets_text.separator(told) if told is not None else None
    if told is None or between is None:
        raise Refused("other")
    yield {"format": "csv", "notes": []}
    yield {"sheet": "", "visibility": "visible", "merged": [], "columns": []}
    try:
        lines = sheets_text.rows(told, between, limits["cell"])
        yield from blocks("", lines, About(), Budget(limits))
    except csv.Error as error:
        raise Refused("quotes", limit=limits["cell"]) from error
    except sheets_text.SplitNumber as split:
        raise Refused("commas", row=split.number) from split


# --- .xls that is none: a web page, or XML of 2003 ----------------------------------------------


def markup(told: str, limits: Limits) -> Told:
    """Many systems export such files; a page without a table, or one packed for mail, is refused."""
    try:
        kind, grids = sheets_markup.sheets(told, limits["cells"])
    except sheets_markup.NoTable as error:
        raise Refused("markup") from error
    except (ElementTree.ParseError, AssertionError) as error:
        raise Refused("damaged") from error
    yield {"format": kind, "notes": []}
    budget = Budget(limits)
    for grid in grids:
        yield {
            "sheet": grid.title,
            "visibility": grid.visibility,
            "merged": sorted(grid.merged),
            "columns": sorted(grid.about.hidden_columns),
        }
        yield from blocks(grid.title, grid.lines(), grid.about, budget)


# --- The rows ----------------------------------------------------------------------------------


class Budget:
    """What all sheets together may hold; counted while they are told."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cells = self.text = 0

    def spend(self, cells: int, text: int) -> None:
        self.cells += cells
        self.text += text
        if self.cells > self.limits["cells"]:
            raise Refused("cells", limit=self.limits["cells"])
        if self.text > self.limits["text"]:
            raise Refused("text", limit=self.limits["text"] // 1_000_000)


def sheets_of(file: IO[bytes], about: Sequence[About], limits: Limits) -> Told:
    budget = Budget(limits)
    try:
        workbook = python_calamine.load_workbook(file)
        told = iter(about)
        for number, sheet in enumerate(workbook.sheets_metadata):
            # In .xls only worksheets were looked at, in .xlsx every sheet.
            is_table = sheet.typ == SheetTypeEnum.WorkSheet
            beside = next(told, About()) if is_table or len(about) == len(workbook.sheet_names) else About()
            if is_table:
                yield from sheet_of(workbook.get_sheet_by_index(number), sheet.visible, beside, budget)
    except python_calamine.PasswordError as error:
        raise Refused("password") from error
    except (python_calamine.CalamineError, ValueError, OverflowError, KeyError) as error:
        raise Refused("damaged") from error


def sheet_of(sheet: CalamineSheet, visible: SheetVisibleEnum, about: About, budget: Budget) -> Told:
    yield {
        "sheet": sheet.name,
        "visibility": next(name for one, name in VISIBILITY if one == visible),
        "merged": merged(sheet),
        "columns": sorted(about.hidden_columns),
    }
    if sheet.start is None or sheet.end is None:
        lines: Iterable[list[Any]] = []
        left: list[object] = []
    else:
        lines, left = sheet.iter_rows(), [None] * sheet.start[1]
    if about.shapes:
        lines = with_shapes(lines, len(left), about.shapes)
    if about.unreadable:
        last = max(row for row, _ in about.unreadable)
        lines = with_unreadable(lines, left, about.unreadable, last)
        left = []
    yield from blocks(sheet.name, lines, about, budget, left)


def merged(sheet: CalamineSheet) -> list[list[int]]:
    """Ranges as [top, left, bottom, right], rows as Excel counts."""
    ranges = sheet.merged_cell_ranges or []
    if len(ranges) > MERGED:
        raise Refused("large")
    return sorted([top + 1, left, bottom + 1, right] for (top, left), (bottom, right) in ranges)


def with_shapes(
    lines: Iterable[list[Any]], left: int, shapes: Mapping[int, Mapping[int, Shape]]
) -> Iterator[list[object]]:
    """The rows with numbers as their formats show them, where a format names a unit."""
    for number, cells in enumerate(lines):
        for column, shape in shapes.get(number, {}).items():
            if left <= column < left + len(cells):
                cells[column - left] = shape.shown(cells[column - left])
        yield cells


def with_unreadable(
    lines: Iterable[list[Any]],
    left: list[object],
    unreadable: dict[tuple[int, int], tuple[str, str]],
    last: int,
) -> Iterator[list[object]]:
    """The rows with what the reader left empty, beyond the last cell that holds a value too."""
    by_row: dict[int, dict[int, tuple[str, str]]] = {}
    for (row, column), said in unreadable.items():
        by_row.setdefault(row, {})[column] = said
    number = -1
    for number, cells in enumerate(lines):
        yield filled([*left, *cells], by_row[number]) if number in by_row else [*left, *cells]
    for beyond in range(number + 1, last + 1):
        yield filled([], by_row.get(beyond, {}))


def filled(cells: list[object], unreadable: dict[int, tuple[str, str]]) -> list[object]:
    cells += [None] * (max(unreadable, default=0) + 1 - len(cells))
    for column, said in unreadable.items():
        if cells[column] in ("", None):
            cells[column] = {"u": said}
    return cells


def blocks(
    title: str, lines: Iterable[list[Any]], about: About, budget: Budget, left: Sequence[object] = ()
) -> Told:
    block: list[list[object]] = []
    length = count = 0
    for number, cells in enumerate(lines, start=1):
        values = [*left, *map(value_of, cells)]
        while values and values[-1] is None:
            values.pop()
        if not values:
            continue
        size = check_row(title, values, budget)
        count += 1
        if count > budget.limits["rows"]:
            raise Refused("rows", sheet=title, limit=budget.limits["rows"])
        block.append([number, number - 1 in about.hidden_rows, *values])
        length += size
        if len(block) >= BLOCK or length >= BLOCK_TEXT:
            yield {"rows": block}
            block, length = [], 0
    if block:
        yield {"rows": block}


def check_row(title: str, values: list[object], budget: Budget) -> int:
    """How much text it holds. Blanks far to the right are dropped, what is not blank there refused."""
    most = budget.limits["columns"]
    if len(values) > most:
        if any(not isinstance(one, str) or one.strip() for one in values[most:] if one is not None):
            raise Refused("columns", sheet=title, limit=most)
        del values[most:]
    lengths = [len(one) for one in values if one.__class__ is str]
    if lengths and max(lengths) > budget.limits["cell"]:
        raise Refused("cell", limit=budget.limits["cell"])
    size = sum(lengths)
    budget.spend(len(values) - values.count(None), size)
    return size


def value_of(cell: object) -> object:
    """Text, number, truth or nothing as JSON has them; days as {"d"} and moments as {"m"}."""
    kind = cell.__class__
    if kind is str:
        return cell or None
    if kind is float:
        return number_of(cell)  # type: ignore[arg-type]
    if cell is None or kind is bool or kind is int or kind is dict:
        return cell
    if isinstance(cell, datetime.datetime):
        is_midnight = cell.time() == datetime.time()
        return {"d": cell.date().isoformat()} if is_midnight else {"m": cell.isoformat()}
    if isinstance(cell, datetime.date):
        return {"d": cell.isoformat()}
    return str(cell)


def number_of(number: float) -> object:
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
