"""Which parts a part leads to."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.ooxml.markup import REL, STRICT, STRICT_REL, XML, Node, appended, edited, quoted, scan
from core.ooxml.parts import Odd, Package

PACKAGE_REL = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass
class Relations:
    """Which parts a part leads to; new ones are put in at the end."""

    owner: str  # the part whose relations they are
    content: bytes
    nodes: list[Node] = field(default_factory=list)
    added: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, owner: str, package: Package) -> "Relations":
        name = cls.name_of(owner)
        content = (
            package.read(name)
            if name in package
            else XML + f'<Relationships xmlns="{PACKAGE_REL}"></Relationships>'.encode()
        )
        return cls(owner, content, scan(content))

    @staticmethod
    def name_of(owner: str) -> str:
        folder, _slash, name = owner.rpartition("/")
        return f"{folder}/_rels/{name}.rels"

    def __iter__(self) -> Iterator[Node]:
        return (node for node in self.nodes if node.local == "Relationship")

    def target(self, node: Node) -> str:
        path = node.attribute("Target").replace("\\", "/")
        if node.attribute("TargetMode") == "External" or not path:
            raise Odd("external")
        if path.startswith("/"):
            return posixpath.normpath(path).lstrip("/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.owner), path))

    def by_id(self, number: str) -> str:
        node = next((one for one in self if one.attribute("Id") == number), None)
        if node is None:
            raise Odd("relation")
        return self.target(node)

    def by_type(self, ending: str) -> str:
        node = next((one for one in self if one.attribute("Type").endswith(ending)), None)
        return self.target(node) if node else ""

    def add(self, kind: str, part: str, *, strict: bool) -> str:
        """The number of a new relation."""
        taken = {node.attribute("Id") for node in self}
        number = next(f"rIdNote{n}" for n in range(1, 10_000) if f"rIdNote{n}" not in taken)
        base = STRICT_REL if strict else REL
        root = self.nodes[0]
        xml = (
            f'<{root.prefix}Relationship Id="{number}" Type="{base}/{kind}" Target='.encode()
            + quoted("/" + part)
            + b"/>"
        )
        self.nodes.append(Node("Relationship", {"Id": number}, 1, 0))
        self.added.append(xml)
        return number

    def told(self) -> bytes:
        return edited(self.content, [appended(self.content, self.nodes[0], b"".join(self.added))])


def relationship_prefix(root: Node) -> str:
    """How the root calls the namespace of relations; empty when it does not name it."""
    for key, value in root.attributes.items():
        if key.startswith("xmlns:") and value in (REL, STRICT_REL):
            return key.removeprefix("xmlns:") + ":"
    return ""


def relation(number: str, root: Node) -> bytes:
    """The attribute r:id, with its namespace where the root has none for it."""
    if prefix := relationship_prefix(root):
        return f'{prefix}id="{number}"'.encode()
    base = STRICT_REL if is_strict(root) else REL
    return f'xmlns:r="{base}" r:id="{number}"'.encode()


def is_strict(root: Node) -> bool:
    return any(
        key.partition(":")[0] == "xmlns" and value.startswith(STRICT)
        for key, value in root.attributes.items()
    )
