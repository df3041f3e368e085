"""Blocks → PDF, set by Typst from a template of ours. The text goes in as data, never as markup."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.documents import layout
from core.documents.blocks import (
    AnnexTitle,
    Block,
    BulletinHead,
    Chart,
    Imprint,
    Kind,
    Letterhead,
    Paragraph,
    SignOff,
    Table,
    Title,
)
from core.documents.drawing import draw

CHILD = Path(__file__).with_name("typesetting.py")
SECONDS = 60


class CannotTypeset(RuntimeError):
    """Typst failed or warned: fonts are missing, or our template is wrong. Nothing a user can mend."""


def to_pdf(blocks: Sequence[Block], *, with_system_fonts: bool = True) -> bytes:
    """The document as PDF. The same blocks give the same bytes on the same machine."""
    return typeset(document_of(blocks), with_system_fonts=with_system_fonts)


def typeset(document: dict[str, Any], *, with_system_fonts: bool = True) -> bytes:
    order = json.dumps({"document": document, "with_system_fonts": with_system_fonts}, ensure_ascii=False)
    done = subprocess.run(  # noqa: S603 (our own interpreter and script; the document is its input)
        [sys.executable, "-I", "-X", "utf8", str(CHILD)],
        input=order.encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise CannotTypeset(done.stderr.decode(errors="replace"))
    return done.stdout


def document_of(blocks: Sequence[Block]) -> dict[str, Any]:
    """The data that the template reads."""
    blocks = layout.cleaned(blocks)
    return {
        "title": next((b.text.replace("\n", "") for b in blocks if isinstance(b, Title)), ""),
        "sections": [
            {
                "landscape": section.is_landscape,
                "margins": section.margins,
                "blocks": [_data(block, section) for block in section.blocks],
            }
            for section in layout.sections(layout.numbered(blocks))
        ],
    }


def _data(block: Block, section: layout.Section) -> dict[str, Any]:
    """The block's own fields with what the layout says of it."""
    data: dict[str, Any] = {"block": type(block).__name__, **asdict(block)}
    match block:
        case Letterhead():
            data["size"] = layout.mark_size(block.organ)
        case BulletinHead():
            data |= {"size": layout.bulletin_size(block.title), "date": layout.chinese_date(block.day)}
        case Chart():
            data = {"block": "Chart", "title": block.title, "words": block.words}
            data |= {"drawing": asdict(draw(block, section.width))}
        case Title():
            data |= {
                "lines": layout.title_lines(block.text, section.width),
                "gap": section.title_gap,
            }
        case AnnexTitle():
            data["lines"] = layout.title_lines(block.title, section.width)
        case Paragraph():
            data["holds"] = layout.holds_sign_off(block, section)
        case SignOff():
            data |= {"date": layout.chinese_date(block.day), "place": asdict(layout.sign_off_place(block))}
        case Imprint():
            data["date"] = layout.chinese_date(block.day)
        case Table():
            data |= {
                "kinds": list(block.kinds or [Kind.TEXT] * len(block.head)),
                "shares": layout.column_shares(block, section.width / layout.SMALL),
                "strong": sorted(layout.strong_rows(block)),
                "empty": layout.EMPTY_TABLE,
            }
    data.pop("day", None)
    return data
