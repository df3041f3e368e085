"""Notes: new ones, and new ones among those that stand there already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.ooxml.markup import (
    MAIN,
    STRICT_MAIN,
    TAG,
    XML,
    Edit,
    Node,
    appended,
    edited,
    said,
    scan,
)
from core.ooxml.parts import Odd
from core.ooxml.sheets import cell_at, place_of

Places = dict[tuple[int, int], str]  # row and column → what is said


def note_text(author: str, text: str, prefix: str) -> bytes:
    """A note as Excel writes it: who says it in bold, then what."""
    p = prefix.encode()
    return (
        b"<%(p)sr><%(p)srPr><%(p)sb/><%(p)ssz val='9'/></%(p)srPr>"
        b"<%(p)st xml:space='preserve'>%(who)s</%(p)st></%(p)sr>"
        b"<%(p)sr><%(p)srPr><%(p)ssz val='9'/></%(p)srPr>"
        b"<%(p)st xml:space='preserve'>%(what)s</%(p)st></%(p)sr>"
        % {b"p": p, b"who": said(author + "："), b"what": said("\n" + text)}
    )


def new_notes(places: Places, author: str, *, strict: bool) -> bytes:
    told = b"".join(
        b'<comment ref="%s" authorId="0"><text>%s</text></comment>'
        % (cell_at(*place).encode(), note_text(author, text, ""))
        for place, text in sorted(places.items())
    )
    main = (STRICT_MAIN if strict else MAIN).encode()
    return (
        XML
        + b'<comments xmlns="%s"><authors><author>%s</author></authors><commentList>' % (main, said(author))
        + told
        + b"</commentList></comments>"
    )


@dataclass
class Merged:
    content: bytes
    others: set[tuple[int, int]]  # cells whose older note stays
    gone: set[tuple[int, int]]  # cells whose older note was ours and is no longer true


def merged_notes(content: bytes, places: Places, author: str) -> Merged:
    """New notes among older ones. What others wrote stays; what the program wrote before is replaced."""
    nodes = scan(content)
    authors = only(nodes, "authors")
    told = only(nodes, "commentList")
    names = [n for n in nodes if n.local == "author"]
    ours = next((i for i, n in enumerate(names) if _inner(content, n) == said(author)), None)
    edits: list[Edit] = []
    if ours is None:
        ours = len(names)
        p = authors.prefix.encode()
        edits.append(appended(content, authors, b"<%sauthor>%s</%sauthor>" % (p, said(author), p)))
    left = dict(places)
    others, gone = set(), set()
    for note, parts in _with_parts(nodes):
        place = place_of(note.attribute("ref"))
        if note.attribute("authorId") != str(ours):
            others.add(place)
            edits += _added_to(content, parts, author, left.pop(place, None))
        else:
            edits.append(Edit(note.start, note.end, b""))
            if place not in left:
                gone.add(place)
    prefix = told.prefix
    new = b"".join(
        b'<%(p)scomment ref="%(ref)s" authorId="%(who)d"><%(p)stext>%(text)s</%(p)stext></%(p)scomment>'
        % {
            b"p": prefix.encode(),
            b"ref": cell_at(*place).encode(),
            b"who": ours,
            b"text": note_text(author, text, prefix),
        }
        for place, text in sorted(left.items())
    )
    return Merged(edited(content, [*edits, appended(content, told, new)]), others, gone)


def only(nodes: Sequence[Node], word: str) -> Node:
    found = [node for node in nodes if node.local == word and node.depth == 1]
    if len(found) != 1:
        raise Odd(word)
    return found[0]


def _inner(content: bytes, node: Node) -> bytes:
    tag = TAG.match(content, node.start)
    return b"" if node.is_empty or tag is None else content[tag.end() : node.inside]


def _with_parts(nodes: Sequence[Node]) -> Iterator[tuple[Node, list[Node]]]:
    """Each older note with the elements in it."""
    note: Node | None = None
    parts: list[Node] = []
    for node in nodes:
        if node.local == "comment" and node.depth == 2:
            if note:
                yield note, parts
            note, parts = node, []
        elif note:
            parts.append(node)
    if note:
        yield note, parts


def _added_to(content: bytes, parts: Sequence[Node], author: str, text: str | None) -> list[Edit]:
    """What the program says, below what somebody else wrote on the cell; its earlier words go."""
    whole = next((node for node in parts if node.local == "text"), None)
    if whole is None:
        return []
    start = said(f"\n{author}：\n")
    edits = [
        Edit(node.start, node.end, b"")
        for node in parts
        if node.local == "r" and start in content[node.start : node.end]
    ]
    if text is None:
        return edits
    p = whole.prefix.encode()
    for node in parts:  # bare text and runs do not go together
        if node.local == "t" and node.depth == whole.depth + 1:
            edits += [
                Edit(node.start, node.start, b"<%sr>" % p),
                Edit(node.end, node.end, b"</%sr>" % p),
            ]
    run = b"<%sr><%st xml:space='preserve'>%s%s</%st></%sr>" % (p, p, start, said(text), p, p)
    if whole.is_empty:
        return [appended(content, whole, run)]
    last = max(
        (node.end for node in parts if node.local in ("r", "t") and node.depth == whole.depth + 1), default=0
    )
    at = last or TAG.match(content, whole.start).end()  # type: ignore[union-attr]
    return [*edits, Edit(at, at, run)]
