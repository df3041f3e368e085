"""A new .xlsx from the cells of a workbook whose own format carries no notes (.xls, .csv)."""

import datetime
import io
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter

from core.annotating import Note, Notes, Summary, shortened
from core.sheets import Sheet, Value, Visibility
from core.text import without_invisible

MERGED_UP_TO = 300_000  # cells: a larger sheet is written row by row, which leaves merged ranges out


def rebuilt(sheets: Sequence[Sheet], notes: Notes, summary: Summary, *, author: str) -> bytes:
    """An .xlsx with the sheets' values, the notes and the added sheet. Nothing in it is a formula."""
    content = io.BytesIO()
    is_large = sum(len(row.values) for sheet in sheets for row in sheet.rows) > MERGED_UP_TO
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": is_large,
    }
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"author": author})
        looks = _looks(book)
        for sheet in sheets:
            page = book.add_worksheet(_title(sheet.title, book))
            _write_notes(page, sheet, notes.get(sheet.title, ()), author)
            _write_sheet(page, sheet, looks)
            if not is_large:
                _write_merged(page, sheet, looks)
        _write_summary(book.add_worksheet(_title(summary.title, book)), summary, looks)
    return content.getvalue()


def _looks(book: Any) -> dict[str, Any]:
    of = book.add_format
    return {
        "": of(),
        "day": of({"num_format": "yyyy-mm-dd"}),
        "moment": of({"num_format": "yyyy-mm-dd hh:mm"}),
        "merged": of({"valign": "vcenter"}),
        "title": of({"bold": True, "font_size": 14}),
        "head": of({"bold": True}),
        "link": of({"underline": 1, "font_color": "#1F5FBF"}),
        "assumed": of({"font_color": "#9A6700"}),
        "asked": of({"bold": True, "font_color": "#1F5FBF"}),
        "refused": of({"bold": True, "font_color": "#B42318"}),
        "grey": of({"font_color": "#667085"}),
    }


def _title(wanted: str, book: Any) -> str:
    """A title that Excel takes and no other sheet has."""
    plain = "".join("_" if c in "[]:*?/\\" else c for c in without_invisible(wanted)).strip("' ") or "Sheet"
    taken = {page.get_name().casefold() for page in book.worksheets()}
    candidates = (plain[:31], *(f"{plain[:25]} ({n})" for n in range(2, 1000)))
    return next(title for title in candidates if title.casefold() not in taken)


def _write_sheet(page: Any, sheet: Sheet, looks: Mapping[str, Any]) -> None:
    for column, width in enumerate(_widths(sheet)):
        page.set_column(column, column, width, None, {"hidden": column in sheet.hidden_columns})
    for row in sheet.rows:
        if row.is_hidden:
            page.set_row(row.number - 1, None, None, {"hidden": True})
        for column, value in enumerate(row.values):
            _write_value(page, row.number - 1, column, value, looks)
    if sheet.visibility == Visibility.HIDDEN:
        page.hide()
    elif sheet.visibility == Visibility.VERY_HIDDEN:
        page.very_hidden()


def _write_value(page: Any, row: int, column: int, value: Value, looks: Mapping[str, Any]) -> None:
    match value:
        case None:
            return
        case bool():
            page.write_boolean(row, column, value)
        case Decimal() if value.is_finite():
            page.write_number(row, column, float(value))
        case datetime.datetime():
            page.write_datetime(row, column, value.replace(tzinfo=None), looks["moment"])
        case datetime.date():
            page.write_datetime(row, column, value, looks["day"])
        case _:
            page.write_string(row, column, without_invisible(str(value))[:32_767])


def _widths(sheet: Sheet) -> list[int]:
    """As wide as what stands in the first rows, within reason."""
    widths: list[int] = []
    for row in sheet.rows[:200]:
        widths += [9] * (len(row.values) - len(widths))
        for column, value in enumerate(row.values):
            if value is not None and len(row.values) > 1:
                widths[column] = max(widths[column], min(40, 2 + across(str(value))))
    return widths


def across(text: str) -> int:
    """How wide a text is; a Chinese character is two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:100])


def _write_merged(page: Any, sheet: Sheet, looks: Mapping[str, Any]) -> None:
    values = {row.number: row.values for row in sheet.rows}
    for merged in sheet.merged:
        if (merged.top, merged.left) == (merged.bottom, merged.right):
            continue
        row = values.get(merged.top, ())
        value = row[merged.left] if merged.left < len(row) else None
        try:
            page.merge_range(
                merged.top - 1, merged.left, merged.bottom - 1, merged.right, "", looks["merged"]
            )
        except xlsxwriter.exceptions.OverlappingRange:
            continue
        _write_value(page, merged.top - 1, merged.left, value, looks)


def _write_notes(page: Any, sheet: Sheet, notes: Sequence[Note], author: str) -> None:
    told: dict[tuple[int, int], dict[str, None]] = {}
    for note in notes:
        told.setdefault(_anchor(sheet, note), {}).update(dict.fromkeys(shortened(note.lines)))
    for (row, column), lines in told.items():
        text = "\n".join([f"{author}：", *lines])
        high = sum(max(1, -(-across(line) // 40)) for line in text.split("\n"))
        size = {"width": 300, "height": 22 + 17 * min(16, high)}
        page.write_comment(row - 1, column, without_invisible(text), {"author": author, **size})


def _anchor(sheet: Sheet, note: Note) -> tuple[int, int]:
    for one in sheet.merged:
        if one.top <= note.row <= one.bottom and one.left <= note.column <= one.right:
            return one.top, one.left
    return note.row, note.column


def _write_summary(page: Any, summary: Summary, looks: Mapping[str, Any]) -> None:
    page.hide_gridlines(2)
    for column, width in enumerate(summary.widths):
        page.set_column(column, column, width)
    for number, cells in enumerate(summary.rows):
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            look = looks[cell.look]
            if not isinstance(cell.value, str):
                page.write_number(number, column, cell.value, look)
                continue
            text = without_invisible(cell.value)
            if cell.leads_to:
                page.write_url(number, column, f"internal:{cell.leads_to}", look, text)
            else:
                page.write_string(number, column, text, look)
