"""XML of small parts: where each element stands, and changes by places of bytes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from core.ooxml.cells import as_xml
from core.ooxml.parts import Odd

XML = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_REL = "http://purl.oclc.org/ooxml/officeDocument/relationships"


@dataclass(slots=True)
class Node:
    """An element and where it stands: `inside` is where its end tag begins, `end` behind it."""

    name: str
    attributes: dict[str, str]
    depth: int
    start: int
    inside: int = -1
    end: int = -1
    is_empty: bool = False  # written <a/>

    @property
    def local(self) -> str:
        return local(self.name)

    @property
    def prefix(self) -> str:
        return self.name[: -len(self.local)]

    def attribute(self, name: str) -> str:
        return self.attributes.get(name, "")

    def id(self) -> str:
        """The relation it names (r:id)."""
        return next((v for k, v in self.attributes.items() if ":" in k and local(k) == "id"), "")


TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


def local(name: str) -> str:
    return name.rpartition(":")[2]


def parser() -> Any:
    """No document type, so there are no entities; other encodings than UTF-8 are left alone."""
    made = expat.ParserCreate()
    made.StartDoctypeDeclHandler = _refuse_doctype
    made.XmlDeclHandler = _check_encoding
    return made


def _refuse_doctype(*_about: Any) -> None:
    raise Odd("doctype")


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
        raise Odd("encoding")


def check_start(content: bytes) -> None:
    if b"\0" in content[:64]:
        raise Odd("encoding")


def scan(content: bytes) -> list[Node]:
    """All elements in the order of their beginnings."""
    check_start(content)
    nodes: list[Node] = []
    open_ones: list[Node] = []
    reader = parser()

    def begin(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, attributes, len(open_ones), reader.CurrentByteIndex)
        nodes.append(node)
        open_ones.append(node)

    def finish(_name: str) -> None:
        node = open_ones.pop()
        tag = TAG.match(content, node.start)
        if tag is None:
            raise Odd("tag")
        node.is_empty = tag[0].endswith(b"/>")
        node.inside = node.start if node.is_empty else reader.CurrentByteIndex
        node.end = tag.end() if node.is_empty else content.index(b">", node.inside) + 1

    reader.StartElementHandler = begin
    reader.EndElementHandler = finish
    reader.Parse(content, True)
    return nodes


class Edit(NamedTuple):
    start: int
    end: int
    text: bytes


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    told: list[bytes] = []
    at = 0
    for edit in sorted(edits):
        told += [content[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*told, content[at:]])


def appended(content: bytes, node: Node, xml: bytes) -> Edit:
    """The edit that puts `xml` last into an element, be it written <a/> or <a>…</a>."""
    if not node.is_empty:
        return Edit(node.inside, node.inside, xml)
    tag = content[node.start : node.end]
    name = node.name.encode()
    return Edit(node.start, node.end, tag[:-2].rstrip() + b">" + xml + b"</" + name + b">")


ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def said(text: str) -> bytes:
    """Text inside an element: without what XML cannot hold, and nothing that Excel takes for an escape."""
    return as_xml(ILLEGAL.sub("", text)).encode()


def quoted(text: str) -> bytes:
    return quoteattr(ILLEGAL.sub("", text)).encode()
