"""A handed-in ledger as JSON, for scripts: every row with the value of each field beside its raw cell."""

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core.blocks import in_blocks
from core.models import StoredFile
from core.sheets import UnreadableWorkbook, read_book
from ledgers import answers, showing
from ledgers.choices import State
from ledgers.declaring import KINDS
from ledgers.interpreting import interpret
from ledgers.layout import lay_out
from ledgers.models import Ledger, LedgerRow, Reading
from ledgers.rehearsing import laid_out
from projects.choices import Currency
from projects.ledger_fields import CONTRACT_NAMES
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import UnknownName, unit_named

BLOCK = 2_000  # rows matched in one go
FIELDS = (
    "name",
    "enterprise",
    "uscc",
    "unit",
    "task_force",
    "industrial",
    "contract",
    "amount_wan",
    "currency",
    "foreign_amount_wan",
    "signed_on",
)
NUMBERS = ("amount_wan", "foreign_amount_wan")


def in_memory(path: Path, *, kind: str, sender: str, by: User, today: datetime.date) -> dict[str, Any]:
    """Read, interpret and match a file without keeping anything of it.

    Raises core.sheets.UnreadableWorkbook.
    """
    content = path.read_bytes()
    ledger = _unsaved(path.name, content, kind=kind, sender=sender, by=by, today=today)
    book = read_book(content)
    laid = laid_out(ledger, KINDS[kind], book.sheets)
    known = answers.meanings(ledger)
    read = interpret(laid, KINDS[kind], ledger=ledger, today=today, answers=known)
    tell = _Telling()
    rows = [tell.row(row) for row in _matched(read.rows, ledger, by)]
    notes = [{"sheet": "", "row": 0, "reason": note} for note in book.notes]
    return {
        "rows": rows,
        "skipped": notes + [asdict(one) for one in laid.skipped],
        "sums": [_sum(one) for one in read.sums],
        "questions": [_question(asdict(one)) for one in (*laid.questions, *read.questions)],
    }


def kinds_in(path: Path) -> list[str]:
    """The kinds of ledger that a workbook holds: each sheet is of the kind most of whose columns it has.

    Raises core.sheets.UnreadableWorkbook for one without a ledger.
    """
    sheets = read_book(path.read_bytes()).sheets
    best: dict[str, tuple[int, str]] = {}
    for code, kind in KINDS.items():
        for table in lay_out(sheets, kind, file_name=path.name).tables:
            known = sum(bool(column.field) for column in table.columns) if table.lines else 0
            best[table.sheet] = max(best.get(table.sheet, (0, "")), (known, code))
    found = [code for code in KINDS if any(code == named for _known, named in best.values())]
    if not found:
        raise UnreadableWorkbook(
            _("No sheet has the columns of a kind of ledger with rows under them: nothing was read."),
            [sheet.title for sheet in sheets],
        )
    return found


def together(reports: Sequence[Mapping[str, Any]], *, file: str) -> dict[str, Any]:
    """The reports of one workbook's kinds as one, with what its rows came to. A sheet that one of them has
    read is left out by none."""
    rows = [row for report in reports for row in report["rows"]]
    read = {row["sheet"] for row in rows}
    left_out = [one for report in reports for one in report["skipped"]]
    verdicts = Counter(row["verdict"] for row in rows)
    return {
        "file": file,
        "rows_read": len(rows),
        "created": verdicts["new"],
        "unchanged": verdicts["same"],
        "refused": verdicts["refused"],
        "rows": rows,
        "skipped": [one for one in left_out if one["row"] or one["sheet"] not in read],
        "sums": [one for report in reports for one in report["sums"]],
        "questions": [one for report in reports for one in report["questions"]],
        **{name: report[name] for report in reports for name in ("state",) if name in report},
    }


def of_ledger(ledger: Ledger) -> dict[str, Any]:
    """The same of a ledger that was handed in."""
    tell = _Telling()
    return {
        "rows": [tell.row(row) for row in ledger.rows.order_by("pk").iterator(chunk_size=BLOCK)],
        "skipped": ledger.skipped,
        "sums": [_sum(one) for one in ledger.sums],
        "questions": [_question(one) for one in ledger.questions],
        "state": ledger.state,
    }


def spoken(report: Mapping[str, Any]) -> Iterator[str]:
    """What the command says at the terminal."""
    verdicts = Counter(row["verdict"] for row in report["rows"])
    states = Counter(value["state"] for row in report["rows"] for value in row["values"].values())
    yield f"rows: {_counted(verdicts)}" if verdicts else "no rows"
    yield f"values: {_counted(states)}"
    for one in report["sums"]:
        stated = "no sum stated" if one["stated"] is None else f"stated {one['stated']}"
        differs = " (DIFFERENT)" if one["equal"] is False else ""
        yield f"  {showing.table_of(one)}: read {one['read']}, {stated}{differs}"
    for one in report["questions"]:
        yield f"  asked ({one['cells']} cells, {one['example']}): {one['raw']}: {one['sentence']}"
    for row in report["rows"]:
        if row["verdict"] == "refused":
            table = f" (table {row['part'] + 1})" if row["part"] else ""
            yield f"  {row['sheet']}!{row['row']}{table}: {' '.join(row['evidence'])}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _unsaved(name: str, content: bytes, *, kind: str, sender: str, by: User, today: datetime.date) -> Ledger:
    try:
        unit: ReportingUnit | None = unit_named(sender)
    except UnknownName:
        unit = None
    file = StoredFile(name=name, sha256=hashlib.sha256(content).hexdigest())
    return Ledger(
        file=file,
        kind=kind,
        sender=unit.name if unit else sender,
        unit=unit,
        handed_in_on=today,
        handed_in_by=by,
    )


def _matched(rows: Iterator[LedgerRow], ledger: Ledger, by: User) -> Iterator[LedgerRow]:
    for block in in_blocks(rows, BLOCK):
        KINDS[ledger.kind].match(block, ledger=ledger, user=by)
        yield from block


class _Telling:
    """Rows with names instead of codes, which are asked for once."""

    def __init__(self) -> None:
        self._names: dict[str, dict[Any, str]] = {
            "unit": dict(ReportingUnit.objects.values_list("code", "name")),
            "task_force": dict(TaskForce.objects.values_list("code", "name")),
            "contract": {kind.value: name for kind, name in CONTRACT_NAMES.items()},
        }

    def row(self, row: LedgerRow) -> dict[str, Any]:
        values = {
            name: self._value(row, name, Reading(*row.cells[name])) for name in FIELDS if name in row.cells
        }
        if "foreign_amount_wan" not in values and row.value("currency") == Currency.CNY:
            said = _("No foreign amount: the row counts in renminbi.")
            values["foreign_amount_wan"] = _told(State.ASSUMED, 0, "", "", said)
        return {
            "sheet": row.sheet,
            "row": row.row,
            "part": row.part,
            "is_hidden": row.is_hidden,
            "verdict": str(row.verdict),
            "values": values,
            "changes": row.changes,
            "evidence": [str(sentence) for sentence in row.evidence],
        }

    def _value(self, row: LedgerRow, name: str, reading: Reading) -> dict[str, Any]:
        value = self._names.get(name, {}).get(reading.value, reading.value)
        if name in NUMBERS:
            value = _number(value)
        cell = f"{row.sheet}!{reading.column}{row.row}" if reading.column else ""
        return _told(reading.state, value, reading.raw, cell, reading.sentence)


def _sum(said: Mapping[str, Any]) -> dict[str, Any]:
    return {**said, "read": _number(said["read"]), "stated": _number(said["stated"])}


def _question(said: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: said[name] for name in ("kind", "field", "raw", "sentence", "cells", "example")}
    return told | {"choices": [list(choice) for choice in said["choices"]]}


def _told(state: str, value: Any, raw: str, cell: str, sentence: str) -> dict[str, Any]:
    return {"value": value, "state": str(state), "raw": raw, "cell": cell, "sentence": sentence}


def _number(text: Any) -> int | float | None:
    """A number as JSON has it: whole ones without a point."""
    if not isinstance(text, str):
        return None
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
