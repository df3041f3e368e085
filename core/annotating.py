"""Notes on the cells of somebody's workbook, and a sheet that sums them up.

An .xlsx stays as it is: formats, charts, images, parts of other programs. Only what a note needs is put
in, and a sheet behind the others. The package is foreign, so that is done in a child process under limits
(core/annotating_child.py), as its cells were read in one (core/sheets.py). For formats that carry no
notes see core/rebuilding.py.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from core.refusal import Refusal

CHILD = Path(__file__).with_name("annotating_child.py")
LIMITS = {"memory": 2**30, "seconds": 30, "output": 3 * settings.MAX_UPLOAD_BYTES + 64 * 2**20}
LONGEST_NOTE = 2000  # characters


class CannotAnnotate(Refusal):
    """The workbook is built in a way that notes cannot be put into; it can be rebuilt from its cells."""


class Note(NamedTuple):
    """What is said of a cell. The row is Excel's own, the column counts from 0."""

    row: int
    column: int
    lines: Sequence[str]


class Cell(NamedTuple):
    """A cell of the added sheet. `look`: title, head, link, grey, assumed, asked, refused, or plain."""

    value: str | float
    look: str = ""
    leads_to: str = ""  # "'柳江区'!H17"


@dataclass
class Summary:
    """The added sheet, row by row."""

    title: str
    widths: Sequence[int]  # in characters
    rows: list[Sequence[Cell | None]] = field(default_factory=list)


Notes = Mapping[str, Sequence[Note]]  # by sheet


def place(sheet: str, cell: str) -> str:
    """Where a link leads to inside a workbook."""
    return "'" + sheet.replace("'", "''") + f"'!{cell}"


def annotated(file: IO[bytes], notes: Notes, summary: Summary, *, author: str) -> bytes:
    """The .xlsx with the notes and the sheet. Raises CannotAnnotate."""
    order = {
        "limits": LIMITS,
        "author": author,
        "notes": {
            sheet: [(n.row, n.column, shortened(n.lines)) for n in found] for sheet, found in notes.items()
        },
        "summary": {"title": summary.title, "widths": summary.widths, "rows": summary.rows},
    }
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as out:
        file.seek(0)
        while chunk := file.read(2**20):
            copy.write(chunk)
        told.write(json.dumps(order).encode())
        for one in (copy, told):
            one.flush()
            one.seek(0)
        answer = _child(copy, told, out)
        if "notes" not in answer:
            raise CannotAnnotate(_("Notes cannot be put into this workbook without changing more of it."))
        out.seek(0)
        return out.read()


def _child(copy: IO[bytes], told: IO[bytes], out: IO[bytes]) -> dict[str, Any]:
    """The child's answer; an empty one when it met a limit."""
    handed = (told.fileno(), out.fileno())
    command = [sys.executable, "-I", "-X", "utf8", str(CHILD), *map(str, handed)]
    try:
        ended = subprocess.run(  # noqa: S603 (our own interpreter and script; the file is its input)
            command,
            stdin=copy,
            capture_output=True,
            pass_fds=handed,
            env={},
            cwd="/",
            timeout=2 * LIMITS["seconds"],
            check=False,
        )
        return json.loads(ended.stdout or b"{}")
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def shortened(lines: Sequence[str]) -> list[str]:
    return [line[:LONGEST_NOTE] for line in lines]
