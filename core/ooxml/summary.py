"""A sheet of our own among foreign ones: it needs none of the workbook's styles."""

from collections.abc import Mapping
from typing import Any

from core.ooxml.markup import MAIN, STRICT_MAIN, XML, quoted, said
from core.ooxml.sheets import cell_at

# How a run of text looks; cell formats would mean changing the workbook's styles.
LOOKS = {
    "title": b"<b/><sz val='14'/>",
    "head": b"<b/><sz val='11'/>",
    "link": b"<u/><sz val='11'/><color rgb='FF1F5FBF'/>",
    "assumed": b"<sz val='11'/><color rgb='FF9A6700'/>",
    "asked": b"<b/><sz val='11'/><color rgb='FF1F5FBF'/>",
    "refused": b"<b/><sz val='11'/><color rgb='FFB42318'/>",
    "grey": b"<sz val='11'/><color rgb='FF667085'/>",
}


def summary_sheet(summary: Mapping[str, Any], *, strict: bool) -> bytes:
    """Rows of [text or number, look, where it leads to]; a list may be shorter, a cell may be null."""
    rows: list[bytes] = []
    links: list[bytes] = []
    for row, cells in enumerate(summary["rows"], start=1):
        told: list[bytes] = []
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            value, look, leads_to = cell
            place = cell_at(row, column).encode()
            told.append(_summary_cell(place, value, look))
            if leads_to:
                links.append(b'<hyperlink ref="%s" location=%s/>' % (place, quoted(leads_to)))
        rows.append(b'<row r="%d">%s</row>' % (row, b"".join(told)))
    columns = b"".join(
        b'<col min="%d" max="%d" width="%d" customWidth="1"/>' % (n, n, width)
        for n, width in enumerate(summary["widths"], start=1)
    )
    return b"".join(
        [
            XML,
            b'<worksheet xmlns="%s"><sheetViews><sheetView showGridLines="0" workbookViewId="0"/>'
            % (STRICT_MAIN if strict else MAIN).encode(),
            b"</sheetViews><cols>%s</cols><sheetData>" % columns,
            *rows,
            b"</sheetData>",
            b"<hyperlinks>%s</hyperlinks>" % b"".join(links) if links else b"",
            b"</worksheet>",
        ]
    )


def _summary_cell(place: bytes, value: str | float, look: str) -> bytes:
    if not isinstance(value, str):
        return b'<c r="%s"><v>%s</v></c>' % (place, str(value).encode())
    text = b"<t xml:space='preserve'>%s</t>" % said(value)
    if look:
        text = b"<r><rPr>%s<rFont val='%s'/></rPr>%s</r>" % (LOOKS[look], "宋体".encode(), text)
    return b'<c r="%s" t="inlineStr"><is>%s</is></c>' % (place, text)
