"""Foreign workbooks, read in a child process that may die of them without harm.

`read_workbook` gives plain rows with the numbers that the user sees at the left edge in Excel; what
they mean is for the caller. Formulas come as the value they showed when the file was saved.
"""

import datetime
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from core.refusal import Refusal

CHILD = Path(__file__).with_name("sheets_child.py")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that shows no value: an error ("#REF!"), or a formula that was saved without its value."""

    what: str  # "error" or "formula"
    text: str  # "#REF!", "=SUM(A1:A5)"

    def __str__(self) -> str:
        return self.text


Value = str | Decimal | datetime.date | datetime.datetime | bool | Unreadable | None


class Visibility(StrEnum):
    VISIBLE = "visible"
    HIDDEN = "hidden"
    VERY_HIDDEN = "very_hidden"  # cannot be shown from Excel's menus


class Merged(NamedTuple):
    """A merged range, as Excel counts rows; columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class UnreadableWorkbook(Refusal):
    """The file cannot be read as a workbook; the sentence says what to do with it."""


@dataclass(frozen=True)
class Limits:
    """What a workbook may cost: sizes in bytes, `cell` in characters (Excel's own limit)."""

    bytes: int = settings.MAX_UPLOAD_BYTES
    unpacked: int = 400 * 2**20
    rows: int = 200_000
    columns: int = 400
    cell: int = 32_767
    memory: int = 2**30
    seconds: int = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds something; `number` is Excel's own, `values` start at column A."""

    number: int
    values: tuple[Value, ...]
    is_hidden: bool = False  # by hand or by a filter


@dataclass(frozen=True)
class Sheet:
    title: str
    visibility: Visibility = Visibility.VISIBLE
    rows: list[Row] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    hidden_columns: frozenset[int] = frozenset()  # from 0

    @property
    def is_hidden(self) -> bool:
        return self.visibility != Visibility.VISIBLE


@dataclass(frozen=True)
class Book:
    """A workbook: of what format it is by its content, and what must be said of it beside its sheets."""

    format: str  # "xlsx", "xls", "csv"
    sheets: list[Sheet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences: values of linked workbooks were not fetched


def read_book(file: bytes | IO[bytes], limits: Limits | None = None) -> Book:
    """Raises UnreadableWorkbook for what is no workbook and for what would cost too much."""
    return Book("xlsx", read_workbook(file, limits))


def read_workbook(file: bytes | IO[bytes], limits: Limits | None = None) -> list[Sheet]:
    """All sheets with their rows; wholly empty rows are left out, empty cells are None.

    Raises UnreadableWorkbook for what is no .xlsx and for what would cost too much.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as copy:
        _copy(file, copy, limits)
        sheets: list[Sheet] = []
        for line in _child(copy, limits):
            if "refused" in line:
                raise UnreadableWorkbook(_sentence(line))
            if "sheet" in line:
                sheets.append(
                    Sheet(line["sheet"], Visibility.HIDDEN if line["hidden"] else Visibility.VISIBLE)
                )
            elif "row" in line:
                sheets[-1].rows.append(Row(int(line["row"]), tuple(map(_value, line["values"]))))
        return sheets


def _copy(file: bytes | IO[bytes], copy: IO[bytes], limits: Limits) -> None:
    """A copy without a name that the child gets as its input, one byte more than may be at most."""
    if isinstance(file, bytes):
        copy.write(file[: limits.bytes + 1])
    else:
        file.seek(0)
        left = limits.bytes + 1
        while left and (chunk := file.read(min(left, 2**20))):
            copy.write(chunk)
            left -= len(chunk)
    copy.flush()
    copy.seek(0)


def _child(copy: IO[bytes], limits: Limits) -> Iterator[dict[str, Any]]:
    """What the child says, line by line, and a last word for a child that ended before its own."""
    command = [sys.executable, "-I", "-X", "utf8", str(CHILD), json.dumps(asdict(limits))]
    with subprocess.Popen(  # noqa: S603 (our own interpreter and script; the file is its input)
        command, stdin=copy, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
    ) as child:
        assert child.stdout is not None
        timer = threading.Timer(2 * limits.seconds, child.kill)
        timer.start()
        try:
            for line in child.stdout:
                if line.endswith(b"\n"):  # else killed in mid-sentence
                    yield json.loads(line, parse_float=Decimal, parse_int=Decimal)
            status = child.wait()
        finally:
            timer.cancel()
            child.kill()
    if status:
        # A signal means a limit was met; an exit of its own, that the reader stumbled over the file.
        yield {"refused": "large" if status < 0 else "damaged"}


def _value(said: Any) -> Value:
    if not isinstance(said, dict):
        return said
    if "day" in said:
        return datetime.date.fromisoformat(said["day"])
    return datetime.datetime.fromisoformat(said["moment"])


def _sentence(said: dict[str, Any]) -> str:
    sentences = {
        "empty": _("The file is empty. Choose the workbook again."),
        "size": _("The file is larger than %(limit)s MB. Split it and hand in the parts."),
        "other": _("This is not an Excel workbook. Save it in Excel or WPS as .xlsx and hand that in."),
        "xls": _("This is a workbook in the old .xls format. Save it as .xlsx and hand that in."),
        "password": _("The workbook is protected by a password. Save it without one and hand that in."),
        "macros": _("The workbook contains macros. Save it as .xlsx without macros and hand that in."),
        "damaged": _("The workbook is damaged. Open it in Excel or WPS, save it again and hand that in."),
        "unpacked": _(
            "Unpacked, the workbook would fill %(unpacked)s MB, more than any ledger. It was not read."
        ),
        "rows": _("Sheet “%(sheet)s” goes down beyond row %(limit)s. Delete what stands below the ledger."),
        "columns": _(
            "Sheet “%(sheet)s” has more than %(limit)s columns. Delete what stands beside the ledger."
        ),
        "cell": _("A cell holds more than %(limit)s characters, more than Excel allows. It was not read."),
        "large": _(
            "The workbook takes too much memory or time. Often a forgotten cell stands far below or "
            "beside the ledger: copy the ledger into a new workbook and hand that in."
        ),
    }
    return sentences[said["refused"]] % said
