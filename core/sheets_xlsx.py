"""What the parts of an .xlsx say beside the values: hidden rows and columns, errors, unsaved formulas,
formats that name a unit.

Part of the child of `core.sheets`. The reader gives an empty cell for "#REF!" and for a formula that was
saved without its value, and says nothing of hidden rows; so each sheet's XML is passed through once more,
piece by piece, and looked at only where such a thing stands.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape
from xml.etree import ElementTree

from core.sheets_formats import Shape, shapes
from core.sheets_ole import About

PIECE = 2**20
LONGEST_ROW = 64 * 2**20  # of XML
_PREFIX = rb"(?:[\w.-]+:)?"
_ROW = re.compile(rb"<" + _PREFIX + rb"row\b([^>]*)>")
_CELL = re.compile(rb"<" + _PREFIX + rb"c\b([^>]*)>")
_FORMULA = re.compile(rb"<" + _PREFIX + rb"f\b([^>]*?)(?:/>|>(.*?)</" + _PREFIX + rb"f>)", re.DOTALL)
_VALUE = re.compile(rb"<" + _PREFIX + rb"v\b[^>/]*>([^<]+)<")
_COLUMN = re.compile(rb"<" + _PREFIX + rb"col\b([^>]*)>")
_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d+)["']""")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})\d+["']""")
_TYPE = re.compile(rb"""\bt\s*=\s*["'](\w+)["']""")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_SPAN = re.compile(rb"""\b(min|max)\s*=\s*["'](\d+)["']""")
_TELLING = re.compile(rb"""<""" + _PREFIX + rb"""f[\s/>]|\bt\s*=\s*["']e["']""")
_WHOLE_ROWS = re.compile(rb"</" + _PREFIX + rb"row>|<" + _PREFIX + rb"row\b[^>]*/>")
FORMULA_LENGTH = 200


def sheet_parts(package: zipfile.ZipFile) -> list[str]:
    """The parts of the sheets in the order of the book; charts and dialogues included."""
    relations = {
        one.get("Id", ""): one.get("Target", "")
        for one in _tree(package, "xl/_rels/workbook.xml.rels").iter()
        if one.get("Target")
    }
    sheets = [one for one in _tree(package, "xl/workbook.xml").iter() if one.tag.endswith("}sheet")]
    targets = [relations.get(_relation(sheet), "") for sheet in sheets]
    return [target.lstrip("/") if target[:1] == "/" else posixpath.join("xl", target) for target in targets]


def counts_from_1904(package: zipfile.ZipFile) -> bool:
    return any(
        one.get("date1904") in ("1", "true")
        for one in _tree(package, "xl/workbook.xml").iter()
        if one.tag.endswith("}workbookPr")
    )


def _relation(sheet: ElementTree.Element) -> str:
    return next((value for name, value in sheet.items() if name.endswith("}id")), "")


def _tree(package: zipfile.ZipFile, name: str) -> ElementTree.Element:
    try:
        with package.open(name) as part:
            return ElementTree.fromstring(part.read(8 * PIECE))  # noqa: S314 (a child under limits)
    except (KeyError, ElementTree.ParseError):
        return ElementTree.Element("nothing")


def styles(package: zipfile.ZipFile) -> dict[bytes, Shape]:
    """{style as cells name it: shape} of the styles whose format says something."""
    tree = _tree(package, "xl/styles.xml")
    codes = {
        int(one.get("numFmtId", "0")): one.get("formatCode", "")
        for one in tree.iter()
        if one.tag.endswith("}numFmt")
    }
    used = [int(one.get("numFmtId", "0")) for part in tree if part.tag.endswith("}cellXfs") for one in part]
    return {str(style).encode(): shape for style, shape in shapes(codes, used).items()}


def about(package: zipfile.ZipFile, part: str, most: int, styles: Mapping[bytes, Shape]) -> About:
    """Passes through one sheet; `most` bounds what is kept of it."""
    told, row = About(), 0
    styled = _styled(styles) if styles else None
    for piece in _pieces(package, part):
        if row == 0:
            _columns(piece.partition(b"sheetData")[0], told)
        row = _rows(piece, row, told, most)
        if styled is not None:
            most -= _shapes(piece, styled, styles, told)
        if most < 0:
            raise MemoryError
    return told


def _styled(styles: Mapping[bytes, Shape]) -> re.Pattern[bytes]:
    """Finds the cells of these styles: column, row and style."""
    named = b"|".join(styles)
    return re.compile(
        rb"<"
        + _PREFIX
        + rb"""c\s[^>]*?\br=["']([A-Za-z]{1,3})(\d{1,7})["'][^>]*?\bs=["']("""
        + named
        + rb""")["']"""
    )


def _shapes(piece: bytes, styled: re.Pattern[bytes], styles: Mapping[bytes, Shape], told: About) -> int:
    found = styled.findall(piece)
    for column, row, style in found:
        told.shape(int(row) - 1, column_of(column), styles[style])
    return len(found)


def _pieces(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The XML in pieces that end where a row ends."""
    try:
        source = package.open(part)
    except KeyError:
        return
    with source:
        rest, searched = b"", 0
        while read := source.read(PIECE):
            rest += read
            if end := _last_end(rest, searched):
                yield rest[:end]
                rest = rest[end:]
            if len(rest) > LONGEST_ROW:
                raise MemoryError
            searched = max(0, len(rest) - 1000)
        yield rest


def _last_end(piece: bytes, searched: int) -> int:
    """Behind the last row that is complete, 0 for none; the usual spelling is found fast."""
    if (at := piece.rfind(b"</row>", searched)) >= 0:
        return at + 6
    return max((found.end() for found in _WHOLE_ROWS.finditer(piece, searched)), default=0)


def _columns(head: bytes, told: About) -> None:
    for column in _COLUMN.finditer(head):
        if _HIDDEN.search(column[1]):
            span = {name: int(number) for name, number in _SPAN.findall(column[1])}
            told.hidden_columns.update(range(span.get(b"min", 1) - 1, min(span.get(b"max", 1), 16_384)))


def _rows(piece: bytes, row: int, told: About, most: int) -> int:
    """Looks at the rows of a piece; gives the number of its last one."""
    heads = list(_ROW.finditer(piece))
    is_telling = _may_tell(piece)
    if heads and not is_telling and b"hidden" not in piece and (last := _NUMBER.search(heads[-1][1])):
        return int(last[1])
    for place, head in enumerate(heads):
        number = _NUMBER.search(head[1])
        row = int(number[1]) if number else row + 1
        if _HIDDEN.search(head[1]):
            told.hidden_rows.add(row - 1)
        if is_telling:
            end = heads[place + 1].start() if place + 1 < len(heads) else len(piece)
            _cells(piece[head.end() : end], row - 1, told)
    if len(told.hidden_rows) + len(told.unreadable) > most:
        raise MemoryError
    return row


def _may_tell(piece: bytes) -> bool:
    """A fast look for formulas and errors."""
    return any(mark in piece for mark in (b"<f", b":f", b't="e"', b"t='e'", b't = "e"', b"t = 'e'"))


def _cells(body: bytes, row: int, told: About) -> None:
    if not _TELLING.search(body):
        return
    heads = list(_CELL.finditer(body))
    column = -1
    for place, head in enumerate(heads):
        named = _PLACE.search(head[1])
        column = column_of(named[1]) if named else column + 1
        end = heads[place + 1].start() if place + 1 < len(heads) else len(body)
        if not head[1].endswith(b"/") and (found := _unreadable(head[1], body[head.end() : end])):
            told.unreadable[row, column] = found


def _unreadable(attributes: bytes, body: bytes) -> tuple[str, str] | None:
    kind = _TYPE.search(attributes)
    value = _VALUE.search(body)
    if kind and kind[1] == b"e":
        return "error", value[1].decode("utf-8", "replace") if value else "#?"
    formula = _FORMULA.search(body)
    if formula and not value and not (kind and kind[1] == b"str"):  # "str": its value is an empty text
        text = unescape((formula[2] or b"").decode("utf-8", "replace"))
        return "formula", f"={text[:FORMULA_LENGTH]}"
    return None


def column_of(letters: bytes) -> int:
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - 64
    return place - 1
