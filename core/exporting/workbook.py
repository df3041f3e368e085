"""A list as .xlsx, written row by row into the zip: the memory it takes does not grow with the list.

Two million cells have ten seconds of one core, in which the rows are asked for as well; the common
writers take longer than that for the cells alone. So the few parts of a workbook are written here:
heads that stay in sight, filters, formats, and a last sheet that says what the file is.
"""

import datetime
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, count, groupby, islice
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from django.utils import timezone
from django.utils.translation import gettext as _

from core.exporting.sheets import Column, Kind, Sheet
from core.exporting.texts import cleaned, shortened
from core.money import WAN_IN_YI
from core.ooxml.cells import DAY_0, as_xml, letters, text_cell
from core.ooxml.frame import XML_HEAD, frame, sheet_part
from core.ooxml.markup import MAIN

MOST_ROWS = 1_048_576  # of one sheet, heads and all
TOGETHER = 500  # rows handed to the zip at a time
LEVEL = 3  # of compression: half the time of the usual, a tenth more bytes
EPOCH = DAY_0.toordinal()
_DAY = 24 * 3600
_FORBIDDEN = str.maketrans(dict.fromkeys(r"[]:*?/\'", " "))
HEAD, TITLE, LINE, LABEL = 1, 2, 3, 4  # styles that are no column's, in the order of _STYLES
FIRST_SHAPE = 5

SHAPES = {
    Kind.TEXT: "@",
    Kind.NUMBER: "General",
    Kind.WAN: "#,##0.00",
    Kind.YI: "#,##0.00",
    Kind.PERCENT: "0.0%",
    Kind.DAY: "yyyy\\-mm\\-dd",
    Kind.MOMENT: "yyyy\\-mm\\-dd hh:mm",
}
Words = Callable[[], Iterable[tuple[str, str]]]


@dataclass
class _Made:
    """What the parts written at the end have to know."""

    names: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)  # of each sheet's filter
    titles: list[str] = field(default_factory=list)  # rows repeated on each printed page
    shapes: list[str] = field(default_factory=list)
    cut: int = 0

    def free_name(self, title: str) -> str:
        """A further sheet of the same table carries a number."""
        return next(name for name in (_sheet_name(title, n) for n in count()) if name not in self.names)

    def style(self, column: Column) -> int:
        shape = column.shape or SHAPES[column.kind]
        if shape not in self.shapes:
            self.shapes.append(shape)
        return FIRST_SHAPE + self.shapes.index(shape)


def write(
    target: IO[bytes],
    sheet: Sheet,
    lines: Iterable[Any],
    *,
    explained: Callable[[int, int], Iterable[tuple[str, str]]],
    also: Iterable[tuple[Sheet, Iterable[Any]]] = (),
    most_rows: int = MOST_ROWS,
) -> int:
    """The number of rows written. `also` are small tables on sheets of their own.

    `explained` is asked at the end, with the number of rows and of texts that were too long for a
    cell, for the (label, sentence) lines of the last sheet.
    """
    made, rest, number = _Made(), iter(lines), 0
    room = most_rows - len(sheet.banner) - sheet.levels
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as package:
        while True:
            number += (written := _table(package, made, sheet, islice(rest, room)))
            following = next(rest, _END) if written == room else _END
            if following is _END:
                break
            rest = chain([following], rest)
        for further, its_lines in also:
            _table(package, made, further, its_lines)
        _explanation(package, made, explained(number, made.cut))
        for name, part in frame(made.names, _styles(made.shapes), defined=_names(made)).items():
            package.writestr(name, XML_HEAD + part)
    return number


_END = object()


# --- The table -----------------------------------------------------------------------------------------


def _table(package: zipfile.ZipFile, made: _Made, sheet: Sheet, lines: Iterable[Any]) -> int:
    made.names.append(made.free_name(str(sheet.title)))
    top = len(sheet.banner) + sheet.levels  # rows above the first line
    last = letters(len(sheet.columns) - 1)
    written = 0
    with package.open(sheet_part(len(made.names)), "w", force_zip64=True) as part:
        part.write((XML_HEAD + _before(sheet, top)).encode())
        part.write(_heads(sheet).encode())
        cells = [_writer(made, column, letters(n)) for n, column in enumerate(sheet.columns)]
        numbered = enumerate(lines, start=top + 1)
        while together := list(islice(numbered, TOGETHER)):
            part.write("".join([_row(n, line, cells) for n, line in together]).encode())
            written += len(together)
        made.ranges.append(f"$A${top}:${last}${top + written}")
        made.titles.append(f"${top - sheet.levels + 1}:${top}")
        part.write(_after(sheet, f"A{top}:{last}{top + written}").encode())
    return written


Cell = tuple[Callable[[Any], Any], Callable[[int, Any], str]]


def _row(number: int, line: Any, cells: Sequence[Cell]) -> str:
    told = [words(number, cell) for of, words in cells if (cell := of(line)) is not None and cell != ""]
    return f'<row r="{number}">{"".join(told)}</row>'


def _writer(made: _Made, column: Column, place: str) -> Cell:
    """How one column's cells are written; a word in a column of numbers stays a word."""
    style = made.style(column)
    value = VALUES.get(column.kind)

    def text(number: int, cell: Any) -> str:
        words = cleaned(str(cell))
        if len(words) > 16_000:
            whole, words = words, shortened(words)
            made.cut += words != whole
        return text_cell(f"{place}{number}", LINE if "\n" in words else style, words)

    if value is None:
        return column.of, text

    def number_or_text(number: int, cell: Any) -> str:
        if isinstance(cell, str):
            return text(number, cell)
        return f'<c r="{place}{number}" s="{style}"><v>{value(cell)}</v></c>'

    return column.of, number_or_text


def _exact(cell: Any) -> Any:
    return cell


def _yi(cell: Any) -> Any:
    return cell / WAN_IN_YI


def _percent(cell: Any) -> Any:
    return Decimal(str(cell)) / 100


def _day(cell: datetime.date) -> int:
    return cell.toordinal() - EPOCH


def _moment(cell: datetime.datetime) -> float:
    local = timezone.localtime(cell)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return round(local.toordinal() - EPOCH + seconds / _DAY, 10)


VALUES: dict[Kind, Callable[[Any], Any]] = {
    Kind.NUMBER: _exact,
    Kind.WAN: _exact,
    Kind.YI: _yi,
    Kind.PERCENT: _percent,
    Kind.DAY: _day,
    Kind.MOMENT: _moment,
}


# --- Heads ------------------------------------------------------------------------------------------


def _before(sheet: Sheet, top: int) -> str:
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{column.width}" customWidth="1"/>'
        for n, column in enumerate(sheet.columns, start=1)
    )
    return (
        f'<worksheet xmlns="{MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews>'
        f'<sheetView workbookViewId="0"><pane ySplit="{top}" topLeftCell="A{top + 1}" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{columns}</cols><sheetData>'
    )


def _after(sheet: Sheet, filtered: str) -> str:
    merged = [f'<mergeCell ref="{area}"/>' for area in _merged(sheet)]
    merges = f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>' if merged else ""
    return (
        f'</sheetData><autoFilter ref="{filtered}"/>{merges}'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/></worksheet>'
    )


def _heads(sheet: Sheet) -> str:
    rows = [
        f'<row r="{n}">{_words("A", n, text, TITLE if n == 1 else LINE)}</row>'
        for n, text in enumerate(sheet.banner, start=1)
    ]
    for level, heads in enumerate(_levels(sheet)):
        n = len(sheet.banner) + 1 + level
        cells = [_words(letters(place), n, head, HEAD) for place, head in enumerate(heads)]
        rows.append(f'<row r="{n}">{"".join(cells)}</row>')
    return "".join(rows)


def _levels(sheet: Sheet) -> list[list[str]]:
    """The heads of each row, the uppermost first; a column without upper heads has its own on top."""
    columns = [[*column.above, str(column.head)] for column in sheet.columns]
    columns = [heads + [""] * (sheet.levels - len(heads)) for heads in columns]
    return [[heads[level] for heads in columns] for level in range(sheet.levels)]


def _merged(sheet: Sheet) -> Iterator[str]:
    top, width = len(sheet.banner), len(sheet.columns)
    if width > 1:
        yield from (f"A{n}:{letters(width - 1)}{n}" for n in range(1, top + 1))
    for place, column in enumerate(sheet.columns):
        if (own := top + len(column.above) + 1) < top + sheet.levels:
            yield f"{letters(place)}{own}:{letters(place)}{top + sheet.levels}"
    for level in range(sheet.levels - 1):
        over = [c.above[: level + 1] if len(c.above) > level else (n,) for n, c in enumerate(sheet.columns)]
        for _upper, group in groupby(enumerate(over), key=lambda pair: pair[1]):
            places = [place for place, _heads in group]
            if len(places) > 1:
                row = top + level + 1
                yield f"{letters(places[0])}{row}:{letters(places[-1])}{row}"


def _words(place: str, number: int, text: str, style: int) -> str:
    return text_cell(f"{place}{number}", style, cleaned(text))


def _sheet_name(title: str, before: int) -> str:
    """At most 31 characters, none of those that Excel uses itself; further sheets carry a number."""
    mark = f" ({before + 1})" if before else ""
    return (cleaned(title).translate(_FORBIDDEN).strip() or "1")[: 31 - len(mark)] + mark


# --- What the file is -----------------------------------------------------------------------------------


def _explanation(package: zipfile.ZipFile, made: _Made, lines: Iterable[tuple[str, str]]) -> None:
    made.names.append(made.free_name(_("About this file")))
    rows = [
        f'<row r="{n}">{_words("A", n, label, LABEL)}{_words("B", n, shortened(sentence), LINE)}</row>'
        for n, (label, sentence) in enumerate(lines, start=1)
    ]
    widths = enumerate((18, 90), start=1)
    columns = "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in widths)
    part = (
        f'<worksheet xmlns="{MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><cols>{columns}</cols>'
        f'<sheetData>{"".join(rows)}</sheetData><pageSetup paperSize="9" fitToHeight="0"/></worksheet>'
    )
    package.writestr(sheet_part(len(made.names)), XML_HEAD + part)


# --- The parts around -----------------------------------------------------------------------------------


def _names(made: _Made) -> str:
    """What Excel itself notes of a filter, and the heads repeated on each printed page."""
    places = list(enumerate(zip(made.names, made.ranges, made.titles, strict=False)))
    filters = [
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">'
        f"'{as_xml(name)}'!{area}</definedName>"
        for n, (name, area, _rows) in places
    ]
    titles = [
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">\'{as_xml(name)}\'!{rows}</definedName>'
        for n, (name, _area, rows) in places
    ]
    return "".join(filters + titles)


def _styles(shapes: Sequence[str]) -> str:
    formats = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(shape)}/>' for n, shape in enumerate(shapes)
    )
    song = '<name val="宋体"/>'
    line = '<left style="thin"/><right style="thin"/><top style="thin"/><bottom style="thin"/><diagonal/>'
    wrapped = '<alignment vertical="top" wrapText="1"/>'
    own = "".join(
        f'<xf numFmtId="{164 + n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for n in range(len(shapes))
    )
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(shapes)}">{formats}</numFmts>'
        f'<fonts count="3"><font><sz val="11"/>{song}</font><font><b/><sz val="11"/>{song}</font>'
        f'<font><b/><sz val="16"/>{song}</font></fonts>'
        '<fills count="3"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill>'
        '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF9"/></patternFill></fill></fills>'
        '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
        f"<border>{line}</border></borders>"
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{FIRST_SHAPE + len(shapes)}">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="2" borderId="1" xfId="0" applyFont="1" applyFill="1" '
        'applyBorder="1" applyAlignment="1">'
        '<alignment horizontal="center" vertical="center" wrapText="1"/></xf>'
        '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
        '<alignment horizontal="center" vertical="center"/></xf>'
        f'<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">{wrapped}</xf>'
        '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
        f"{wrapped}</xf>{own}</cellXfs>"
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
