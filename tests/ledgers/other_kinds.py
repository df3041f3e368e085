"""Handing in ledgers of other kinds than projects, from the upload to the rows."""

import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from ledgers import receiving, rehearsing
from ledgers.models import Ledger

SAMPLES = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers"


def workbook(*rows: tuple[Any, ...], title: str = "台账") -> bytes:
    """A title, the head and rows."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def rehearsed(
    content: bytes,
    by: User,
    *,
    kind: str,
    today: datetime.date,
    name: str = "台账.xlsx",
    sender: str = "招商局",
    **how: Any,
) -> Ledger:
    upload = SimpleUploadedFile(name, content)
    ledger = receiving.receive(upload, kind=kind, sender=sender, by=by, today=today, **how)
    return rehearsing.rehearse(rehearsing.begin_again(ledger), today=today)


def verdicts(ledger: Ledger) -> dict[int, str]:
    return dict(ledger.rows.order_by("row").values_list("row", "verdict"))
