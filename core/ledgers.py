"""Ledgers in: what a sheet says (reading) apart from what it means (interpreting).

A kind of ledger is a declaration of its columns and one function that plays a row with the real
verbs. A sheet belongs to the kind whose required heads it carries.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.refusal import Refusal
from core.sheets import Row, Sheet
from core.text import clean_name

HEAD_WITHIN = 8  # rows
WRITTEN_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


class CannotInterpret(Refusal):
    """A cell does not say what its column asks for."""


class Outcome(StrEnum):
    CREATED = "created"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Column:
    """One column: the heads it is known by, and how a cell is understood."""

    field: str
    heads: tuple[str, ...]
    parse: Callable[[Any], Any]
    required: bool = True


@dataclass(frozen=True)
class Played:
    """What playing a row came to, with sentences about what was decided on the way."""

    outcome: Outcome
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of ledger. `play` takes a row's values and its source ("file, sheet!row")."""

    code: str
    columns: tuple[Column, ...]
    play: Callable[[Mapping[str, Any], str], Played]

    def head_of(self, cells: Sequence[Any]) -> dict[str, int] | None:
        """Where each field stands if these cells are this kind's head."""
        places = {str(cell).strip(): place for place, cell in enumerate(cells) if cell is not None}
        found = {
            column.field: places[head] for column in self.columns for head in column.heads if head in places
        }
        return found if all(c.field in found for c in self.columns if c.required) else None


@dataclass
class RowReport:
    sheet: str
    row: int
    outcome: str
    reason: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What a file came to, row by row."""

    file: str
    rows: list[RowReport] = field(default_factory=list)
    skipped_sheets: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "rows_read": len(self.rows),
            "created": self.count(Outcome.CREATED),
            "unchanged": self.count(Outcome.UNCHANGED),
            "refused": [
                {"sheet": row.sheet, "row": row.row, "reason": row.reason}
                for row in self.rows
                if row.outcome == "refused"
            ],
            "notes": [
                {"sheet": row.sheet, "row": row.row, "note": note} for row in self.rows for note in row.notes
            ],
            "skipped_sheets": self.skipped_sheets,
        }


class _Rehearsed(Exception):
    """Ends a rehearsal: everything it wrote is taken back."""


def play(sheets: Sequence[Sheet], kinds: Sequence[Kind], *, file: str, dry_run: bool = False) -> Report:
    """Play every row of every known sheet in one transaction; a refused row leaves nothing behind.

    A dry run plays the same and takes everything back, so that its report is the real one.
    """
    report = Report(file)
    try:
        with transaction.atomic():
            for sheet in sheets:
                _play_sheet(sheet, kinds, report)
            if dry_run:
                raise _Rehearsed
    except _Rehearsed:
        pass
    return report


def _play_sheet(sheet: Sheet, kinds: Sequence[Kind], report: Report) -> None:
    for place, row in enumerate(sheet.rows[:HEAD_WITHIN]):
        for kind in kinds:
            if head := kind.head_of(row.values):
                for data in sheet.rows[place + 1 :]:
                    if any(cell not in (None, "") for cell in data.values):
                        report.rows.append(_play_row(kind, head, sheet.title, data, report.file))
                return
    report.skipped_sheets.append(sheet.title)


def _play_row(kind: Kind, head: dict[str, int], sheet: str, row: Row, file: str) -> RowReport:
    try:
        values = interpret(kind, head, row.values)
        with transaction.atomic():
            played = kind.play(values, f"{file}, {sheet}!{row.number}")
    except Refusal as refusal:
        reason = " ".join([str(refusal), *refusal.details])
        return RowReport(sheet, row.number, "refused", reason)
    return RowReport(sheet, row.number, played.outcome, notes=list(played.notes))


def interpret(kind: Kind, head: Mapping[str, int], cells: Sequence[Any]) -> dict[str, Any]:
    """A row's values by field; raises CannotInterpret naming the column that makes no sense."""
    values: dict[str, Any] = {}
    for column in kind.columns:
        place = head.get(column.field)
        cell = cells[place] if place is not None and place < len(cells) else None
        try:
            values[column.field] = column.parse(cell)
        except Refusal as refusal:
            raise CannotInterpret(
                _("Column “%(column)s”: %(reason)s") % {"column": column.heads[0], "reason": refusal}
            ) from refusal
    return values


# --- What cells mean --------------------------------------------------------------------------


def text(cell: Any) -> str:
    """A text on one line of at most 200 characters; an empty cell is the empty text."""
    return "" if cell is None else clean_name(str(cell))


def needed_text(cell: Any) -> str:
    if value := text(cell):
        return value
    raise CannotInterpret(_("The cell is empty."))


def amount(cell: Any) -> Decimal | None:
    """万元 with two places; an empty cell is None."""
    if cell in (None, ""):
        return None
    try:
        value = Decimal(str(cell).replace(",", "").strip())
    except InvalidOperation:
        raise CannotInterpret(_("“%(cell)s” is no amount.") % {"cell": cell}) from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 12:
        raise CannotInterpret(_("“%(cell)s” is no amount.") % {"cell": cell})
    if value != value.quantize(Decimal("0.01")):
        raise CannotInterpret(_("“%(cell)s” has more than two decimal places.") % {"cell": cell})
    return value.quantize(Decimal("0.01"))


def day(cell: Any) -> datetime.date | None:
    if cell in (None, ""):
        return None
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    written = WRITTEN_DAY.fullmatch(str(cell).strip())
    try:
        if written:
            return datetime.date(*map(int, written.groups()))
    except ValueError:
        pass  # a thirteenth month
    raise CannotInterpret(_("“%(cell)s” is no date.") % {"cell": cell})


def needed_day(cell: Any) -> datetime.date:
    value = day(cell)
    if value is None:
        raise CannotInterpret(_("The cell is empty."))
    return value


def one_of(words: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A cell that holds one of the words of an office's list."""

    def parse(cell: Any) -> Any:
        word = text(cell)
        if word not in words:
            raise CannotInterpret(
                _("“%(cell)s” is none of %(words)s.") % {"cell": word, "words": "、".join(words)}
            )
        return words[word]

    return parse
