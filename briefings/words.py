"""What people write between the generated sections of a briefing, and where it stands.

`Briefing.words` keeps it by place, with the figures that its numbers equalled when they were written:
{"overall:before": {"text": …, "meant": {"12.30亿元": ["contracted:year"]}}}. Drafting again leaves it as
it is. What was written in a section that the briefing has no more stands at its end, so that nothing is
lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from briefings import linting
from briefings.linting import Fact, Mark, Piece, Verdict

Plain = Mapping[str, Any]

END = "end"  # after everything that was generated
SIDES = ("before", "after")
LENGTH = 4000


@dataclass(frozen=True)
class Written:
    """A paragraph; `place` says where its words were written, nothing for a generated one."""

    text: str
    lead: str = ""
    place: str = ""
    marks: Sequence[Mark] = ()

    @property
    def pieces(self) -> list[Piece]:
        return linting.pieces(self.text, self.marks)


@dataclass(frozen=True)
class Chapter:
    """A section with the words around its generated text; the one of the end has no title."""

    key: str
    title: str
    paragraphs: list[Written] = field(default_factory=list)


def key_of(section: Plain, number: int) -> str:
    """Sections of older drafts have no key."""
    return str(section.get("key") or f"s{number}")


def places(told: Plain) -> list[str]:
    """Every place where words may be written, in the order of the document."""
    keys = [key_of(section, n) for n, section in enumerate(told.get("sections", ()), 1)]
    return [*(f"{key}:{side}" for key in keys for side in SIDES), END]


def place(section: str, side: str) -> str:
    return END if section == END else f"{section}:{side}"


def text_at(words: Plain, place: str) -> str:
    return str(words.get(place, {}).get("text", ""))


def chapters(told: Plain, words: Plain, known: Sequence[Fact] | None = None) -> list[Chapter]:
    """The whole text in its order; with the facts of the tables, every own paragraph carries its marks."""
    found = []
    for n, section in enumerate(told.get("sections", ()), 1):
        key = key_of(section, n)
        generated = [Written(one["text"], one["lead"]) for one in section["paragraphs"]]
        before, after = (list(_own(words, f"{key}:{side}", known)) for side in SIDES)
        found.append(Chapter(key, section["title"], [*before, *generated, *after]))
    homeless = [place for place in words if place not in places(told)]
    return [
        *found,
        Chapter(END, "", [own for place in [*homeless, END] for own in _own(words, place, known)]),
    ]


def _own(words: Plain, place: str, known: Sequence[Fact] | None) -> Iterator[Written]:
    meant = words.get(place, {}).get("meant", {})
    for line in text_at(words, place).splitlines():
        if line.strip():
            marks = () if known is None else linting.check(line, known, meant)
            yield Written(line, place=place, marks=marks)


def rewritten(told: Plain, words: Plain, texts: Mapping[str, str]) -> dict[str, Any]:
    """The words with these texts in their places; a number keeps what it meant when it was first written."""
    known = linting.facts(told)
    changed = dict(words)
    for place, text in texts.items():
        before = words.get(place, {}).get("meant", {})
        changed[place] = {"text": text, "meant": linting.bind(text, known, before)}
        if not text:
            del changed[place]
    return changed


def marks(told: Plain, words: Plain) -> list[Mark]:
    """What the tables say of every number in people's own words."""
    known = linting.facts(told)
    return [
        mark for chapter in chapters(told, words, known) for one in chapter.paragraphs for mark in one.marks
    ]


def moved(told: Plain, words: Plain) -> list[Mark]:
    """The numbers that equalled a figure when they were written and do not any more."""
    return [mark for mark in marks(told, words) if mark.verdict == Verdict.MOVED]


def unfounded(told: Plain, known: Sequence[Fact]) -> list[Mark]:
    """Numbers of the generated text that its own tables do not have: none, unless something is broken."""
    texts = [told.get("opening", ""), *(one.text for c in chapters(told, {}) for one in c.paragraphs)]
    return [mark for text in texts for mark in linting.check(text, known) if mark.verdict != Verdict.EQUALS]
