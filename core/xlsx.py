"""A workbook to be filled in, written without a library: a head, ready rows, lists to choose from.

Foreign workbooks are read in a child process (core/sheets.py); our own are a handful of XML parts.
"""

import datetime
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.ooxml.cells import DAY_0, as_xml, letters, text_cell
from core.ooxml.frame import XML_HEAD, frame, sheet_part
from core.ooxml.markup import MAIN
from core.text import without_invisible

Cell = str | int | Decimal | datetime.date | None
LAST_ROW = 20_000  # as far down as lists and formats reach
PLAIN, BOLD, TEXT, DAY, WRAPPED = range(5)  # styles, in the order of _STYLES


@dataclass(frozen=True)
class Head:
    """A column: its title, how wide it is, what may be chosen, and whether it holds days."""

    title: str
    width: int = 16
    choices: Sequence[str] = ()
    is_day: bool = False


@dataclass(frozen=True)
class Sheet:
    """A sheet with a head, or with plain lines of text."""

    title: str
    heads: Sequence[Head] = ()
    rows: Sequence[Sequence[Cell]] = field(default_factory=list)
    lines: Sequence[str] = ()


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The bytes of an .xlsx; the same for the same contents."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in _parts(sheets).items():
            package.writestr(zipfile.ZipInfo(name), XML_HEAD + part, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _parts(sheets: Sequence[Sheet]) -> dict[str, str]:
    parts = frame([sheet.title for sheet in sheets], _STYLES)
    return parts | {sheet_part(n): _sheet(sheet) for n, sheet in enumerate(sheets, start=1)}


_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="11"/><name val="宋体"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF9"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">'
    '<alignment wrapText="1" vertical="top"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _sheet(sheet: Sheet) -> str:
    if sheet.lines:
        rows = [_row(n, [line], [WRAPPED]) for n, line in enumerate(sheet.lines, start=1)]
        return _page('<col min="1" max="1" width="90" customWidth="1"/>', "", rows, "")
    styles = [DAY if head.is_day else TEXT for head in sheet.heads]
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{head.width}" style="{style}" customWidth="1"/>'
        for n, (head, style) in enumerate(zip(sheet.heads, styles, strict=True), start=1)
    )
    rows = [_row(1, [head.title for head in sheet.heads], [BOLD] * len(sheet.heads))]
    rows += [_row(n, row, styles) for n, row in enumerate(sheet.rows, start=2)]
    frozen = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/>'
        "</sheetView></sheetViews>"
    )
    return _page(columns, frozen, rows, _choices(sheet.heads))


def _page(columns: str, views: str, rows: Sequence[str], after: str) -> str:
    data = f"<sheetData>{''.join(rows)}</sheetData>"
    return f'<worksheet xmlns="{MAIN}">{views}<cols>{columns}</cols>{data}{after}</worksheet>'


def _row(number: int, cells: Sequence[Cell], styles: Sequence[int]) -> str:
    told = [
        _cell(f"{letters(place)}{number}", cell, styles[place]) for place, cell in enumerate(cells) if cell
    ]
    return f'<row r="{number}">{"".join(told)}</row>'


def _cell(place: str, cell: Cell, style: int) -> str:
    if isinstance(cell, datetime.date):
        return f'<c r="{place}" s="{style}"><v>{(cell - DAY_0).days}</v></c>'
    if isinstance(cell, int | Decimal):
        return f'<c r="{place}" s="{style}"><v>{cell}</v></c>'
    return text_cell(place, style, without_invisible(str(cell)))


def _choices(heads: Sequence[Head]) -> str:
    """Lists to choose from; something else may be typed and is judged when it is read."""
    lists = [
        f'<dataValidation type="list" allowBlank="1" sqref="{letters(place)}2:{letters(place)}{LAST_ROW}">'
        f"<formula1>{as_xml(chr(34) + ','.join(head.choices) + chr(34))}</formula1></dataValidation>"
        for place, head in enumerate(heads)
        if head.choices
    ]
    return f'<dataValidations count="{len(lists)}">{"".join(lists)}</dataValidations>' if lists else ""
