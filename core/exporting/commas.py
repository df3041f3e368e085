"""A list as .csv: UTF-8 with the mark that Excel looks for, one head, one line a row."""

import csv
import datetime
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import IO, Any

from django.utils import timezone

from core.exporting.sheets import Column, Kind, Sheet
from core.exporting.texts import cleaned, guarded
from core.money import WAN_IN_YI


def write(target: IO[bytes], sheet: Sheet, lines: Iterable[Any]) -> int:
    """The number of rows written."""
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guarded(cleaned(_head(column))) for column in sheet.columns])
    cells = [(column.of, WORDS[column.kind]) for column in sheet.columns]
    written = 0
    for line in lines:
        writer.writerow(["" if (cell := of(line)) is None else words(cell) for of, words in cells])
        written += 1
    text.flush()
    text.detach()
    return written


def _head(column: Column) -> str:
    return "／".join([*filter(None, column.above), str(column.head)])


def _text(cell: Any) -> str:
    return guarded(cleaned(str(cell)))


def _number(cell: Any) -> str:
    return f"{cell:f}" if isinstance(cell, Decimal) else _text(cell) if isinstance(cell, str) else str(cell)


def _yi(cell: Any) -> str:
    return f"{(cell / WAN_IN_YI).normalize():f}" if isinstance(cell, Decimal | int) else _text(cell)


def _percent(cell: Any) -> str:
    return _text(cell) if isinstance(cell, str) else f"{cell}%"


def _day(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, datetime.date) else _text(cell)


def _moment(cell: Any) -> str:
    return (
        f"{timezone.localtime(cell):%Y-%m-%d %H:%M}" if isinstance(cell, datetime.datetime) else _text(cell)
    )


WORDS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.WAN: _number,
    Kind.YI: _yi,
    Kind.PERCENT: _percent,
    Kind.DAY: _day,
    Kind.MOMENT: _moment,
}
