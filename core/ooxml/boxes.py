"""Boxes: where a note is shown. They are VML, which need not be well-formed and is not parsed."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from core.ooxml.notes import Places
from core.ooxml.parts import Odd
from core.ooxml.sheets import SheetSeen

BOX_START = re.compile(rb"<((?:[\w.-]+:)?)shape\s")
BOX_PLACE = re.compile(rb"<(?:[\w.-]+:)?Row>\s*(\d{1,7})\s*</[^>]*>\s*<(?:[\w.-]+:)?Column>\s*(\d{1,5})\s*</")
BOX_ANCHOR = re.compile(rb"(<(?:[\w.-]+:)?Anchor>)((?:\s*\d+\s*,){7}\s*\d+\s*)(?=</)")
BOX_HEIGHT = re.compile(rb"(?<=;)(height:)([\d.]{1,9})(px|pt)")
BOX_NUMBER = re.compile(rb"_x0000_s(\d{1,9})")
LAST_TAG = re.compile(rb"</(?:[\w.-]+:)?xml\s*>\s*\Z")
_VML = (
    b'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_BOX_TYPE = (
    b'<v:shapetype %s id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    b'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    b'<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
) % _VML


def box(number: int, row: int, column: int, text: str, seen: SheetSeen) -> bytes:
    """A hidden box right of its cell, as wide and high as its text needs."""
    wide, high = 300, 22 + 17 * min(16, _lines(text, 40))
    right, right_off = _walk(seen.pixels_across, column + 1, 12 + wide, 16_383)
    first_row = max(row - 1, 1)
    bottom, bottom_off = _walk(seen.pixels_down, first_row, 8 + high, 1_048_575)
    anchor = f"{column + 1}, 12, {first_row - 1}, 8, {right}, {right_off}, {bottom - 1}, {bottom_off}"
    return (
        f'<v:shape %s id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;'
        f"margin-left:60pt;margin-top:2pt;width:{wide * 3 // 4}pt;height:{high * 3 // 4}pt;"
        'z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
        '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
        '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto">'
        '<div style="text-align:left"></div></v:textbox>'
        '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        f"<x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill>"
        f"<x:Row>{row - 1}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    ).encode() % _VML


def grown(old: bytes, text: str) -> bytes:
    """Somebody's own box, high enough for what is added to their words; a high one stays as it is."""
    high = 70 + 17 * min(16, _lines(text, 24))

    def higher(match: re.Match[bytes]) -> bytes:
        needed = high if match[3] == b"px" else high * 3 / 4
        return match[0] if float(match[2]) >= needed else b"%s%d%s" % (match[1], needed, match[3])

    def longer(match: re.Match[bytes]) -> bytes:
        corners = [int(one) for one in match[2].split(b",")]
        corners[6] = max(corners[6], corners[2] + high // 18)
        return match[1] + b", ".join(b"%d" % one for one in corners)

    return BOX_ANCHOR.sub(longer, BOX_HEIGHT.sub(higher, old, count=1), count=1)


def _lines(text: str, across: int) -> int:
    """Lines of a box; a Chinese character is two wide."""
    return 1 + sum(
        max(1, -(-sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) // across))
        for line in text.split("\n")
    )


def _walk(pixels: Callable[[int], int], start: int, far: int, last: int) -> tuple[int, int]:
    """The column or row so many pixels on, and what is left of them in it."""
    at = start
    while at < last and far >= (step := pixels(at)):
        far -= step
        at += 1
        if at > start + 500:  # all of them hidden
            break
    return at, min(far, 1000)


def with_boxes(content: bytes, places: Places, gone: set[tuple[int, int]], seen: SheetSeen) -> bytes:
    """Boxes for the cells that have none yet; those of notes that went, go."""
    end = LAST_TAG.search(content)
    if end is None:
        raise Odd("boxes")
    content, tail = content[: end.start()], content[end.start() :]
    has_box: set[tuple[int, int]] = set()
    told: list[bytes] = []
    at = 0
    for start, stop in _boxes(content):
        one = content[start:stop]
        found = BOX_PLACE.search(one)
        place = (int(found[1]) + 1, int(found[2])) if found else None
        if place in gone:
            one = b""
        elif place is not None:
            has_box.add(place)
            one = grown(one, places[place]) if places.get(place) else one
        told += [content[at:start], one]
        at = stop
    content = b"".join([*told, content[at:]])
    number = max((int(n) for n in BOX_NUMBER.findall(content)), default=1024) + 1
    missing = [place for place in sorted(places) if place not in has_box]
    new = [box(number + n, *place, places[place], seen) for n, place in enumerate(missing)]
    kind = b"" if b'"_x0000_t202"' in content or not new else _BOX_TYPE
    return b"".join([content, kind, *new, tail])


def _boxes(content: bytes) -> Iterator[tuple[int, int]]:
    """Where each shape begins and ends; every byte is looked at once, whatever stands there."""
    at = 0
    while start := BOX_START.search(content, at):
        end = b"</" + start[1] + b"shape>"
        close = content.find(end, start.end())
        if close < 0:
            return
        at = close + len(end)
        yield start.start(), at


def new_boxes(places: Places, seen: SheetSeen, cluster: int) -> bytes:
    start = b'<xml %s><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%s"/></o:shapelayout>' % (
        _VML,
        b",".join(b"%d" % (cluster + n) for n in range(1 + len(places) // 1000)),
    )
    told = b"".join(
        box(cluster * 1024 + 1 + n, *place, places[place], seen) for n, place in enumerate(sorted(places))
    )
    return start + _BOX_TYPE + told + b"</xml>"
