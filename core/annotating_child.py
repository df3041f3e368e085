"""Puts notes on cells of one workbook (.xlsx) and adds a sheet to it; everything else stays as it is.

Runs alone, as a child of `core.annotating`, under limits of memory, time and output: sheets, relations
and older notes of a foreign package are parsed here. A part that need not change is copied packed as
it is, without being looked into. Nothing of Django is loaded here.

The workbook is standard input; the numbers of two open files are the arguments: what is to be done, as
JSON, and the file to write. Prints {"notes": number} or {"refused": code}.
"""

import json
import os
import resource
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

sys.path.append(str(Path(__file__).parents[1]))  # behind the library's: nothing of ours hides its modules

from core.ooxml.boxes import new_boxes, with_boxes
from core.ooxml.markup import Edit, appended, edited, quoted, said, scan
from core.ooxml.notes import Merged, Places, merged_notes, new_notes, only
from core.ooxml.parts import ENTRIES, Odd, Package, carry_over
from core.ooxml.relations import Relations, is_strict, relation
from core.ooxml.sheets import SheetScan, SheetSeen
from core.ooxml.summary import summary_sheet

WORKBOOK = "xl/workbook.xml"
TYPES = "[Content_Types].xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_NOTES_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_BOXES_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"


class Workbook:
    """A package and what becomes of it: parts with new content, and sheets with something put in."""

    def __init__(self, package: Package, order: Mapping[str, Any]) -> None:
        self.package, self.author = package, order["author"]
        self.content = package.read(WORKBOOK)
        self.nodes = scan(self.content)
        self.strict = is_strict(self.nodes[0])
        self.relations = Relations.of(WORKBOOK, package)
        self.parts: dict[str, bytes] = {}  # new, or instead of the old one
        self.inserted: dict[str, tuple[int, bytes]] = {}  # a sheet: where and what
        self.types: list[tuple[str, str]] = []
        self.cluster = 1
        self.count = 0
        sheets = self.sheets()
        for title, notes in order["notes"].items():
            part = sheets.get(title) or {tidy(one): part for one, part in sheets.items()}.get(tidy(title))
            if part is None:
                raise Odd("sheet")
            self.annotate(part, notes)
        self.add_sheet(order["summary"])
        self.declare_types()

    def sheets(self) -> dict[str, str]:
        """The part of each sheet by its title."""
        found = {}
        for node in self.nodes:
            if node.local == "sheet" and node.depth == 2:
                found[node.attribute("name")] = self.relations.by_id(node.id())
        return found

    def annotate(self, part: str, notes: Sequence[tuple[int, int, list[str]]]) -> None:
        seen = SheetScan().run(self.package.chunks(part))
        assert seen.root is not None
        places = placed(notes, seen)
        self.count += len(places)
        relations = Relations.of(part, self.package)
        known = relations.by_type("/comments")
        if not places and not (known and said(self.author) in self.package.read(known)):
            return  # nothing to say, and nothing of ours from last time
        merged = Merged(b"", set(), set())
        if known:
            merged = merged_notes(self.package.read(known), places, self.author)
            self.parts[known] = merged.content
        else:
            known = self.new_part("xl/comments%d.xml", _NOTES_TYPE)
            self.parts[known] = new_notes(places, self.author, strict=self.strict)
            relations.add("comments", known, strict=self.strict)
        boxed = dict.fromkeys(merged.others, "") | places
        if seen.legacy:
            boxes = relations.by_id(seen.legacy)
            self.parts[boxes] = with_boxes(self.package.read(boxes), boxed, merged.gone, seen)
        else:
            boxes = self.new_part("xl/drawings/vmlDrawing%d.vml", _BOXES_TYPE)
            self.parts[boxes] = new_boxes(boxed, seen, self.cluster)
            self.cluster += 1 + len(boxed) // 1000
            number = relations.add("vmlDrawing", boxes, strict=self.strict)
            tag = f"<{seen.root.prefix}legacyDrawing ".encode() + relation(number, seen.root) + b"/>"
            self.inserted[part.lower()] = (seen.insert_at, tag)
        if relations.added:
            self.parts[Relations.name_of(part)] = relations.told()

    def add_sheet(self, summary: Mapping[str, Any]) -> None:
        part = self.new_part("xl/worksheets/sheet%d.xml", _SHEET_TYPE)
        self.parts[part] = summary_sheet(summary, strict=self.strict)
        number = self.relations.add("worksheet", part, strict=self.strict)
        self.parts[Relations.name_of(WORKBOOK)] = self.relations.told()
        listed = only(self.nodes, "sheets")
        sheets = [node for node in self.nodes if node.local == "sheet" and node.depth == 2]
        highest = max((int(node.attribute("sheetId") or 0) for node in sheets), default=0)
        title = free_title(summary["title"], {node.attribute("name").casefold() for node in sheets})
        tag = b'<%ssheet name=%s sheetId="%d" %s/>' % (
            listed.prefix.encode(),
            quoted(title),
            highest + 1,
            relation(number, self.nodes[0]),
        )
        self.parts[WORKBOOK] = edited(self.content, [appended(self.content, listed, tag)])

    def new_part(self, pattern: str, content_type: str) -> str:
        name = self.package.free_name(pattern, self.parts)
        self.parts[name] = b""
        self.types.append((name, content_type))
        return name

    def declare_types(self) -> None:
        content = self.package.read(TYPES)
        nodes = scan(content)
        p = nodes[0].prefix.encode()
        edits = []
        if not any(node.attribute("Extension").lower() == "vml" for node in nodes[1:]):
            boxes = b'<%sDefault Extension="vml" ContentType="%s"/>' % (p, _BOXES_TYPE.encode())
            edits.append(Edit(nodes[1].start, nodes[1].start, boxes))
        told = [
            b'<%sOverride PartName=%s ContentType="%s"/>' % (p, quoted("/" + name), kind.encode())
            for name, kind in self.types
        ]
        self.parts[TYPES] = edited(content, [*edits, appended(content, nodes[0], b"".join(told))])

    def write(self, file: IO[bytes]) -> None:
        left = {name.lower(): (name, content) for name, content in self.parts.items()}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as target:
            for entry in self.package.entries:
                name = entry.filename.lower()
                if name in left:
                    target.writestr(_anew(entry), left.pop(name)[1], compresslevel=3)
                elif name in self.inserted:
                    self.write_sheet(entry, target)
                else:
                    carry_over(entry, self.package, target)
            for name, content in left.values():
                target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=3)

    def write_sheet(self, entry: zipfile.ZipInfo, target: zipfile.ZipFile) -> None:
        at, tag = self.inserted[entry.filename.lower()]
        with target.open(_anew(entry), "w") as out:
            passed = 0
            for chunk in self.package.chunks(entry.filename):
                if passed <= at < passed + len(chunk):
                    out.write(chunk[: at - passed] + tag + chunk[at - passed :])
                else:
                    out.write(chunk)
                passed += len(chunk)


def _anew(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    fresh = zipfile.ZipInfo(entry.filename, max(entry.date_time, (1980, 1, 1, 0, 0, 0)))
    fresh.compress_type = zipfile.ZIP_DEFLATED
    return fresh


def tidy(title: str) -> str:
    """A title without what cannot be seen."""
    composed = unicodedata.normalize("NFC", title)
    return "".join(c for c in composed if unicodedata.category(c) not in ("Cc", "Cf", "Cs")).strip()


def free_title(wanted: str, taken: set[str]) -> str:
    candidates = (wanted, *(f"{wanted} ({n})" for n in range(2, ENTRIES)))
    return next(title for title in candidates if title.casefold() not in taken)


def placed(notes: Sequence[tuple[int, int, list[str]]], seen: SheetSeen) -> Places:
    """One text for each cell; in a merged range all goes to its first cell, each sentence once."""
    found: dict[tuple[int, int], dict[str, None]] = {}
    anchors = seen.anchors((row, column) for row, column, _lines in notes)
    for row, column, lines in notes:
        found.setdefault(anchors[row, column], {}).update(dict.fromkeys(lines))
    return {place: "\n".join(lines) for place, lines in found.items()}


def confine(limits: Mapping[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["output"], limits["output"]))


def main(order: IO[bytes], out: IO[bytes]) -> None:
    told = json.load(order)
    confine(told["limits"])
    try:
        workbook = Workbook(Package(sys.stdin.buffer), told)
        workbook.write(out)
        answer: dict[str, Any] = {"notes": workbook.count}
    except (Odd, MemoryError, OSError, ValueError, LookupError, NotImplementedError, RuntimeError) as error:
        answer = {"refused": f"{type(error).__name__} {error}"[:200]}
    except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        answer = {"refused": f"{type(error).__name__} {error}"[:200]}
    print(json.dumps(answer))  # noqa: T201 (this is how the parent hears of it)


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "rb") as what, os.fdopen(int(sys.argv[2]), "wb") as to:
        main(what, to)
