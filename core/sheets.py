"""Foreign workbooks, read in a child process that may die of them without harm.

`read_book` gives plain rows with the numbers that the user sees at the left edge in Excel; what
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
from itertools import count
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from core.refusal import Refusal
from core.text import without_invisible

TITLE_LENGTH = 50
KEPT = 100_000  # different texts, and numbers, kept once
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
    """What a workbook may cost: sizes in bytes, `cell` (Excel's own limit) and `text` in characters."""

    bytes: int = settings.MAX_UPLOAD_BYTES
    unpacked: int = 400 * 2**20
    rows: int = 200_000
    columns: int = 400
    cell: int = 32_767
    cells: int = 3_000_000
    text: int = 50_000_000
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

    format: str  # "xlsx", "xls", "csv", "html", "xml" (of 2003)
    sheets: list[Sheet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences: values of linked workbooks were not fetched


def read_book(file: bytes | IO[bytes], limits: Limits | None = None) -> Book:
    """All sheets with their rows; wholly empty rows are left out, empty cells are None.

    Raises UnreadableWorkbook for what is no workbook and for what would cost too much.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as copy:
        _copy(file, copy, limits)
        hearing = _Hearing()
        for line in _child(copy, limits):
            hearing.take(line)
        return hearing.book


class _Hearing:
    """Puts together what the child says; equal texts and numbers are kept once."""

    def __init__(self) -> None:
        self.book = Book("")
        numbers = _Numbers().__getitem__
        decoder = json.JSONDecoder(parse_float=numbers, parse_int=numbers, object_hook=_said)
        self._decode = decoder.decode
        self._texts: dict[str, str] = {}

    def take(self, line: str) -> None:
        said = self._decode(line)
        if "refused" in said:
            raise UnreadableWorkbook(_sentence(said))
        if "rows" in said:
            self.book.sheets[-1].rows.extend(map(self._row, said["rows"]))
        elif "sheet" in said:
            self.book.sheets.append(_sheet(said, {one.title for one in self.book.sheets}))
        else:
            self.book = Book(said["format"], notes=[_note(code) for code in said["notes"]])

    def _row(self, said: list[Any]) -> Row:
        texts = self._texts
        keep = texts.setdefault if len(texts) < KEPT else texts.get
        values = tuple([keep(one, one) if one.__class__ is str else one for one in said[2:]])
        return Row(int(said[0]), values, said[1])


class _Numbers(dict[str, Decimal]):
    def __missing__(self, text: str) -> Decimal:
        number = Decimal(text)
        if len(self) < KEPT:
            self[text] = number
        return number


def _said(said: dict[str, Any]) -> Any:
    """What JSON has no words for; the child's own objects stay as they are."""
    if len(said) != 1:
        return said
    ((key, value),) = said.items()
    match key:
        case "d":
            return datetime.date.fromisoformat(value)
        case "m":
            return datetime.datetime.fromisoformat(value)
        case "u":
            return Unreadable(*value)
    return said


def _sheet(said: dict[str, Any], taken: set[str]) -> Sheet:
    return Sheet(
        _title(said["sheet"], taken),
        Visibility(said["visibility"]),
        merged=[Merged(*map(int, one)) for one in said["merged"]],
        hidden_columns=frozenset(map(int, said["columns"])),
    )


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


def _child(copy: IO[bytes], limits: Limits) -> Iterator[str]:
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
                    yield line.decode()
            status = child.wait()
        finally:
            timer.cancel()
            child.kill()
    if status:
        # A signal means a limit was met; an exit of its own, that the reader stumbled over the file.
        yield json.dumps({"refused": "large" if status < 0 else "damaged"})


def _title(title: str, taken: set[str]) -> str:
    """Excel allows neither long titles nor the same twice; a file not made by Excel may have them."""
    clean = " ".join(without_invisible(title).split())[:TITLE_LENGTH]
    others = (f"{clean} ({number})" for number in count(2))
    return clean if clean not in taken else next(other for other in others if other not in taken)


def _note(code: str) -> str:
    return {
        "links": _(
            "The workbook refers to other files. They were not fetched; what its cells showed when it was "
            "saved was read."
        ),
        "from_1904": _("The workbook counts its days from 1904; days were read so."),
    }[code]


def _sentence(said: dict[str, Any]) -> str:
    sentences = {
        "empty": _("The file is empty. Choose the workbook again."),
        "size": _("The file is larger than %(limit)s MB. Split it and hand in the parts."),
        "other": _("This is not an Excel workbook. Save it in Excel or WPS as .xlsx and hand that in."),
        "markup": _(
            "This is a web page under the name of a workbook. Open it in Excel or WPS, save it as .xlsx and "
            "hand that in."
        ),
        "quotes": _(
            "A cell holds more than %(limit)s characters: a quotation mark may be opened and never closed. "
            "Save the table as .xlsx and hand that in."
        ),
        "commas": _(
            "Row %(row)s has more cells than the others: a comma seems to stand within a number. Save the "
            "table as .xlsx and hand that in."
        ),
        "cells": _("The workbook holds more than %(limit)s cells. Split it and hand in the parts."),
        "text": _(
            "The workbook holds more than %(limit)s million characters. Split it and hand in the parts."
        ),
        "password": _("The workbook is protected by a password. Save it without one and hand that in."),
        "macros": _("The workbook contains macros. Save it as .xlsx without macros and hand that in."),
        "damaged": _("The workbook is damaged. Open it in Excel or WPS, save it again and hand that in."),
        "unpacked": _(
            "Unpacked, the workbook would fill %(unpacked)s MB, more than any ledger. It was not read."
        ),
        "rows": _("Sheet “%(sheet)s” has more than %(limit)s rows. Split it and hand in the parts."),
        "columns": _(
            "Sheet “%(sheet)s” has more than %(limit)s columns. Delete what stands beside the ledger."
        ),
        "cell": _("A cell holds more than %(limit)s characters, more than Excel allows. It was not read."),
        "large": _(
            "The workbook takes too much memory or time. Often a forgotten cell stands far below or "
            "beside the ledger: copy the ledger into a new workbook and hand that in."
        ),
    }
    return sentences[said["refused"]] % {**said, "sheet": said.get("sheet") or "CSV"}
