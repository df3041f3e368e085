"""The demo's ledgers, handed in as offices do: the same growing workbook again and again, as it stood then.

`ledgers/` holds each as it stood in the end. What had not happened yet when it was handed in is taken out.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from core import xlsx
from core.clock import month_end, next_month
from core.sheets import Sheet, Value, read_book
from core.workdays import calendar
from ledgers import committing, receiving, rehearsing
from ledgers.models import Ledger

LEDGERS = Path(__file__).parent / "ledgers"
# They tell what stood on this day.
LEDGER_DAY = datetime.date(2025, 7, 28)
HEAD = 1  # below the title
Cells = dict[str, Value]
# What a row told on a day, None if it was not there yet.
Then = Callable[[Cells, datetime.date], Cells | None]


@dataclass(frozen=True)
class Kept:
    """A ledger that an office keeps: a sheet of a workbook, and what a row of it told on a day."""

    file: str
    sheet: str
    name: str  # of the file as it was sent
    kind: str
    sender: str
    then: Then


def hand_in(kept: Kept, *, by: User, until: datetime.date) -> Ledger:
    """Hand it in as it stood on a day, on the first working day after, and enter it."""
    today = calendar().on_or_after(until + datetime.timedelta(days=1))
    content = _as_it_stood(_sheet(kept.file, kept.sheet), until, kept.then)
    upload = SimpleUploadedFile(f"{kept.name}（截至{until.isoformat()}）.xlsx", content)
    ledger = receiving.receive(upload, kind=kept.kind, sender=kept.sender, by=by, today=today)
    rehearsing.rehearse(ledger, today=today)
    committing.commit(ledger, by=by, today=today)
    assert "left" not in ledger.counts["entered"], f"{ledger.file.name} did not come in whole"
    return ledger


def months(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    """The ends of the months from one to another."""
    month = first
    while month <= last:
        yield month_end(month)
        month = next_month(month)


def _sheet(file: str, sheet: str) -> Sheet:
    book = read_book((LEDGERS / file).read_bytes())
    return next(one for one in book.sheets if one.title == sheet)


def _as_it_stood(sheet: Sheet, until: datetime.date, then: Then) -> bytes:
    heads = [str(value or "") for value in sheet.rows[HEAD].values]
    rows = [dict(zip(heads, row.values, strict=False)) for row in sheet.rows[HEAD + 1 :]]
    stood = [row for row in (then(cells, until) for cells in rows) if row is not None]
    columns = [
        xlsx.Head(head, 34 if head == "项目名称" else 16, is_day=head.endswith("日期")) for head in heads
    ]
    written = [[_cell(row.get(head)) for head in heads] for row in stood]
    return xlsx.workbook([xlsx.Sheet(sheet.title, columns, written)])


def _cell(value: Value) -> xlsx.Cell:
    return value if isinstance(value, Decimal | datetime.date) or value is None else str(value)


def since(head: str) -> Then:
    """A row is there from the day on that stands under this head."""
    return lambda cells, until: cells if (day(cells, head) or until) <= until else None


def day(cells: Cells, head: str) -> datetime.date | None:
    value = cells.get(head)
    return value if isinstance(value, datetime.date) else None
