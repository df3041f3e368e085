"""Tables kept as a web page or as XML of 2003, both commonly called .xls by the systems that export them.

Part of the child of `core.sheets`. Nothing a page refers to is fetched, and no script of it is run: what
stands in its cells is read, laid out as Excel lays it out.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import IO, Any
from xml.etree import ElementTree

from core.sheets_formats import Shape, shape_of
from core.sheets_ole import About

MOST = 1_048_576  # rows that Excel has
SPAN = 1_000  # columns that a cell may cover
_NAME = re.compile(r"<x:Name>([^<]*)</x:Name>")
_GAPS = re.compile(r"[ \t\r\n]+")
_HIDDEN = re.compile(r"display\s*:\s*none")
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_OPTIONS = "urn:schemas-microsoft-com:office:excel"
_VISIBILITY = {"SheetHidden": "hidden", "SheetVeryHidden": "very_hidden"}
_MARKS = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ERRORS = re.compile(r"#[A-Z/0!?]+")


class NoTable(Exception):
    """Nothing in the text is a table, or it is not what it says it is."""


@dataclass
class Grid:
    """A sheet while its cells are told one after the other."""

    left: int  # cells that it may still hold, covered ones included
    title: str = ""
    visibility: str = "visible"
    rows: dict[int, dict[int, Any]] = field(default_factory=dict)
    merged: list[list[int]] = field(default_factory=list)
    about: About = field(default_factory=About)
    _taken: dict[int, set[int]] = field(default_factory=dict)  # by cells of rows above

    def put(self, row: int, column: int, value: Any, *, across: int = 1, down: int = 1) -> int:
        """Places a cell at the first free column from `column` on; gives the column behind it."""
        self.left -= across * down
        if self.left < 0:
            raise MemoryError
        taken = self._taken.get(row, set())
        while column in taken:
            column += 1
        if value not in ("", None):
            self.rows.setdefault(row, {})[column] = value
        if across > 1 or down > 1:
            self.merged.append([row + 1, column, row + down, column + across - 1])
            for below in range(row + 1, row + down):
                self._taken.setdefault(below, set()).update(range(column, column + across))
        return column + across

    def lines(self) -> Iterator[list[Any]]:
        """Its rows from the first on, empty ones included."""
        for row in range(max(self.rows, default=-1) + 1):
            cells = self.rows.get(row, {})
            yield [cells.get(column) for column in range(max(cells, default=-1) + 1)]


def sheets(text: str, most: int) -> tuple[str, list[Grid]]:
    """The format and the sheets; `most` bounds the cells. Raises NoTable."""
    return ("xml", _of_xml(text, most)) if _SPREADSHEET in text[:5000] else ("html", [_of_page(text, most)])


# --- A web page ------------------------------------------------------------------------------------


def _of_page(text: str, most: int) -> Grid:
    page = _Page(most)
    page.feed(text)
    page.close()
    if not page.tables or all(len(cells) < 2 for cells in page.grid.rows.values()):
        raise NoTable
    names = _NAME.findall(text[:20_000])
    page.grid.title = names[0] if len(names) == 1 else ""
    return page.grid


class _Page(HTMLParser):
    """All tables of a page one below the other, and the lines of text between them, as Excel has them."""

    def __init__(self, most: int) -> None:
        super().__init__(convert_charrefs=True)
        self.grid = Grid(most)
        self.tables = 0
        self.row, self.column = 0, 0
        self._text: list[str] = []
        self._span = (1, 1)
        self._is_in_cell = self._is_in_row = False
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "title"):
            self._silent += 1
        elif tag == "table":
            self._end_of_row()
            self.tables += 1
        elif tag == "tr":
            self._end_of_row()
            self._is_in_row = True
            if _HIDDEN.search(dict(attrs).get("style") or ""):
                self.grid.about.hidden_rows.add(self.row)
        elif tag in ("td", "th"):
            self._end_of_cell()
            self._is_in_row = self._is_in_cell = True
            said = dict(attrs)
            self._span = (_span(said.get("colspan"), SPAN), _span(said.get("rowspan"), MOST - self.row))
        elif tag in ("br", "p", "div", "li"):
            self._line()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "title"):
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th"):
            self._end_of_cell()
        elif tag in ("tr", "table"):
            self._end_of_row()
        elif tag in ("p", "div", "h1", "h2", "h3", "h4", "caption", "li"):
            self._line()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(_GAPS.sub(" ", data))

    def close(self) -> None:
        super().close()
        self._end_of_row()

    def _line(self) -> None:
        """Within a cell a new line, outside of tables a new row."""
        if self._is_in_cell:
            self._text.append("\n")
        else:
            self._loose()

    def _loose(self) -> None:
        """A line of text outside of any cell stands in the first column."""
        if text := self._said():
            self._put(text, (1, 1))
            self._end_of_row()

    def _said(self) -> str:
        text = "\n".join(line.strip(" ") for line in "".join(self._text).split("\n"))
        self._text.clear()
        return text.replace("\xa0", " ").strip()

    def _put(self, text: str, span: tuple[int, int]) -> None:
        self._is_in_row = True
        self.column = self.grid.put(self.row, self.column, text, across=span[0], down=span[1])

    def _end_of_cell(self) -> None:
        if self._is_in_cell:
            self._is_in_cell = False
            self._put(self._said(), self._span)
        else:
            self._loose()

    def _end_of_row(self) -> None:
        self._end_of_cell()
        if self._is_in_row:
            self._is_in_row = False
            self.row, self.column = self.row + 1, 0


def _span(said: str | None, most: int) -> int:
    digits = (said or "").strip()
    return max(1, min(int(digits), most)) if digits.isascii() and digits.isdigit() and len(digits) < 8 else 1


# --- XML Spreadsheet 2003 ----------------------------------------------------------------------------


def _of_xml(text: str, most: int) -> list[Grid]:
    if _MARKS.search(text[:100_000]):
        raise NoTable  # the format has no such marks; an entity may stand for gigabytes
    reading = _Reading(most)
    source: IO[str] = io.StringIO(_DECLARED.sub("", text, count=1))
    for event, element in ElementTree.iterparse(source, ["start", "end"]):  # noqa: S314 (a child under limits)
        reading.take(event, element)
    if not reading.grids:
        raise NoTable
    return reading.grids


class _Reading:
    def __init__(self, most: int) -> None:
        self.grids: list[Grid] = []
        self.most = most
        self._row = self._column = -1
        self._shapes: dict[str, Shape] = {}  # by the name of a style

    def take(self, event: str, element: ElementTree.Element) -> None:
        name = element.tag.removeprefix(f"{{{_SPREADSHEET}}}")
        if event == "start":
            if name == "Worksheet":
                left = self.grids[-1].left if self.grids else self.most
                self.grids.append(Grid(left, _said(element, "Name")))
                self._row = self._column = -1
            elif name == "Row" and self.grids:
                self._start_of_row(element)
            return
        if name == "Column" and self.grids:
            self._end_of_column(element)
        elif name == "Cell" and self.grids:
            self._end_of_cell(element)
        elif name == "Row":
            self._row += _count(element, "Span")
        elif name == "Style":
            self._end_of_style(element)
        elif element.tag == f"{{{_OPTIONS}}}Visible" and self.grids:
            self.grids[-1].visibility = _VISIBILITY.get((element.text or "").strip(), "visible")
        if name in ("Cell", "Row", "Column"):
            element.clear()

    def _end_of_style(self, element: ElementTree.Element) -> None:
        told = element.find(f"{{{_SPREADSHEET}}}NumberFormat")
        shape = shape_of(_said(told, "Format")) if told is not None else None
        if shape is not None:
            self._shapes[_said(element, "ID")] = shape

    def _end_of_column(self, element: ElementTree.Element) -> None:
        first = _count(element, "Index", self._column + 2) - 1
        self._column = first + min(_count(element, "Span"), SPAN)
        if _said(element, "Hidden") == "1":
            self.grids[-1].about.hidden_columns.update(range(first, self._column + 1))

    def _start_of_row(self, element: ElementTree.Element) -> None:
        self._row = _count(element, "Index", self._row + 2) - 1
        self._column = 0
        if self._row >= MOST:
            raise MemoryError
        if _said(element, "Hidden") == "1":
            self.grids[-1].about.hidden_rows.add(self._row)

    def _end_of_cell(self, element: ElementTree.Element) -> None:
        grid = self.grids[-1]
        column = _count(element, "Index", self._column + 1) - 1
        across = min(_count(element, "MergeAcross"), SPAN) + 1
        down = min(_count(element, "MergeDown"), MOST - self._row) + 1
        value = _value(element)
        shape = self._shapes.get(_said(element, "StyleID"))
        shown = shape.shown(value) if shape else value
        self._column = grid.put(self._row, column, shown, across=across, down=down)


def _said(element: ElementTree.Element, name: str) -> str:
    return element.get(f"{{{_SPREADSHEET}}}{name}", "")


def _count(element: ElementTree.Element, name: str, otherwise: int = 0) -> int:
    said = _said(element, name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 8 else otherwise


def _value(cell: ElementTree.Element) -> Any:
    """A comment has data of its own; only the cell's is its value."""
    data = cell.find(f"{{{_SPREADSHEET}}}Data")
    if data is None:
        formula = _said(cell, "Formula")
        return {"u": ("formula", formula)} if formula else None
    text = "".join(data.itertext())
    kind = _said(data, "Type")
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            return datetime.fromisoformat(text)
    except ValueError:
        return text
    if kind == "Boolean":
        return text.strip() == "1"
    if kind == "Error":
        return {"u": ("error", text if _ERRORS.fullmatch(text) else "#?")}
    return text
