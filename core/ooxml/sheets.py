"""What must be known of a sheet to put notes on its cells, however large it is."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.ooxml.cells import letters, place_of_column
from core.ooxml.markup import Node, check_start, local, parser
from core.ooxml.parts import Odd

# What may stand behind <legacyDrawing> in a sheet (CT_Worksheet is a sequence).
AFTER_LEGACY = frozenset(
    {
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "webPublishItems",
        "tableParts",
        "extLst",
    }
)


@dataclass
class SheetSeen:
    """What must be known of a sheet to put notes on it. Rows as Excel counts, columns from 0."""

    insert_at: int = -1
    legacy: str = ""
    root: Node | None = None
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # top, left, bottom, right
    widths: list[tuple[int, int, float]] = field(default_factory=list)  # first, last, in characters
    heights: dict[int, float] = field(default_factory=dict)  # in points
    width: float = 8.43
    height: float = 15.0

    def pixels_across(self, column: int) -> int:
        found = next((w for first, last, w in self.widths if first <= column <= last), self.width)
        return int(found * 7 + 5) if found else 0

    def pixels_down(self, row: int) -> int:
        return int(self.heights.get(row, self.height) * 4 / 3)

    def anchors(self, cells: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
        """The upper left cell of the merged range each cell is in: a note elsewhere in it is never seen."""
        ordered = sorted(set(cells))
        found = {cell: cell for cell in ordered}
        for top, left, bottom, right in self.merged:
            for cell in ordered[bisect_left(ordered, (top, 0)) : bisect_left(ordered, (bottom + 1, 0))]:
                if left <= cell[1] <= right:
                    found[cell] = (top, left)
        return found


ROW = re.compile(rb"<(?:\w+:)?row\s([^<>]*)>")
NUMBER = re.compile(rb'\br="(\d{1,7})"')
HEIGHT = re.compile(rb'\bht="([\d.]{1,12})"')
HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
LONGEST_TAG = 2 * 2**20  # bytes
MOST_MERGED = 20_000


class SheetScan:
    """Reads a sheet once. Its cells run through the parser without being looked at."""

    def __init__(self) -> None:
        self.seen = SheetSeen()
        self.reader = parser()
        self.depth = 0
        self.in_cells = self.has_cells = False
        self.top, self.top_start = "", 0  # the element right under the root, and where it began
        self.watch()

    def watch(self) -> None:
        self.reader.StartElementHandler = self.begin
        self.reader.EndElementHandler = self.finish

    def look_away(self) -> None:
        self.reader.StartElementHandler = self.reader.EndElementHandler = None

    def run(self, chunks: Iterable[bytes]) -> SheetSeen:
        rest, fed = b"", 0
        for number, chunk in enumerate(chunks):
            if not number:
                check_start(chunk)
            window = rest + chunk
            # In the cells only a chunk that may end them is watched.
            if self.in_cells and b"sheetData" in window:
                self.watch()
            self.reader.Parse(chunk, False)
            fed += len(chunk)
            if fed - self.reader.CurrentByteIndex > LONGEST_TAG:  # the parser begins it anew each time
                raise Odd("tag")
            if self.in_cells:
                self.look_away()
            self.read_heights(window)
            # The whole last tag, should it be cut: a row's, or the end of the cells.
            rest = window[max(window.rfind(b"<"), len(window) - 4096, 0) :]
        self.reader.Parse(b"", True)
        if self.seen.insert_at < 0 or self.seen.root is None:
            raise Odd("sheet")
        return self.seen

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self.in_cells:
            return
        word = local(name)
        if self.depth == 0:
            self.seen.root = Node(name, attributes, 0, 0)
        elif self.depth == 1:
            self.top, self.top_start = word, self.reader.CurrentByteIndex
        if word == "sheetData" and self.depth == 1:
            self.in_cells = self.has_cells = True
        else:
            self.notice(word, attributes)
        self.depth += 1

    def notice(self, word: str, about: Mapping[str, str]) -> None:
        seen = self.seen
        if word in AFTER_LEGACY and seen.insert_at < 0 and self.top in (word, "AlternateContent"):
            seen.insert_at = self.top_start
        elif word == "legacyDrawing" and self.depth == 1:
            seen.legacy = next((v for k, v in about.items() if local(k) == "id"), "")
        elif word == "sheetFormatPr":
            seen.width = number(about.get("defaultColWidth"), number(about.get("baseColWidth"), 8) + 0.43)
            seen.height = number(about.get("defaultRowHeight"), seen.height)
        elif word == "col" and len(seen.widths) < 20_000:
            hidden = about.get("hidden") in ("1", "true")
            wide = 0.0 if hidden else number(about.get("width"), seen.width)
            seen.widths.append((int(about.get("min", 1)) - 1, int(about.get("max", 1)) - 1, wide))
        elif word == "mergeCell" and len(seen.merged) < MOST_MERGED:
            first, _colon, last = about.get("ref", "").partition(":")
            if last:
                seen.merged.append((*place_of(first), *place_of(last)))

    def finish(self, name: str) -> None:
        if self.in_cells:
            if local(name) != "sheetData":
                return
            self.in_cells = False
        self.depth -= 1
        if self.depth == 0 and self.seen.insert_at < 0 and self.has_cells:
            self.seen.insert_at = self.reader.CurrentByteIndex

    def read_heights(self, window: bytes) -> None:
        for match in ROW.finditer(window):
            about = match[1]
            height, row = HEIGHT.search(about), NUMBER.search(about)
            if row and HIDDEN.search(about):
                self.seen.heights[int(row[1])] = 0.0
            elif row and height:
                self.seen.heights[int(row[1])] = number(height[1].decode(), 15.0)


def number(text: str | None, otherwise: float) -> float:
    try:
        found = float(text or "")
    except ValueError:
        return otherwise
    return min(max(found, 0.0), 500.0)


CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


def place_of(cell: str) -> tuple[int, int]:
    """Row as Excel counts and column from 0 of "H17"."""
    match = CELL.fullmatch(cell)
    if match is None:
        raise Odd("cell")
    return int(match[2]), place_of_column(match[1])


def cell_at(row: int, column: int) -> str:
    return f"{letters(column)}{row}"
