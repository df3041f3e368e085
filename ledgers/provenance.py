"""Where a value in the books came from: the file, the sheet and the cell.

A committed row is the provenance of what it wrote: all of its cells if it made the object, else the
fields in which it changed it. Of several rows that told the same field the last one counts.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from ledgers.choices import LedgerState, State
from ledgers.declaring import KINDS
from ledgers.models import Ledger, LedgerRow, Reading


@dataclass(frozen=True)
class Value:
    """One field, and the cell that said it; `raw` is what stood in it."""

    field: str
    label: str
    value: Any
    place: str  # "柳江区!H17"; the sheet alone when it was said by no cell of the row
    raw: str
    is_assumed: bool
    sentence: str


@dataclass
class Origin:
    """A row of a ledger that something in the books came from, with the values that still come from it.

    `url` leads to the ledger for those who may see it; the file's name and the cell are for whoever may
    read the value itself.
    """

    file: str
    place: str  # "柳江区!17"
    entered_on: datetime.datetime | None
    url: str
    values: list[Value] = field(default_factory=list)


def origins(pk: int, *, kind: str, user: User) -> list[Origin]:
    """From which rows the values of one object came, the last one first. One query."""
    mine = Ledger.objects.visible_to(user).filter(pk=OuterRef("ledger"))
    rows = (
        LedgerRow.objects.filter(written=pk, ledger__kind=kind, ledger__state=LedgerState.COMMITTED)
        .exclude(undo={})
        .annotate(may_open=Exists(mine))
        .select_related("ledger__file")
        .order_by("-ledger__committed_at", "-pk")
    )
    told: set[str] = set()
    found = []
    for row in rows:
        origin = _origin(row)
        origin.values = [value for value in _values(row) if value.field not in told]
        told |= {value.field for value in origin.values}
        if origin.values:
            found.append(origin)
    return found


def _origin(row: Any) -> Origin:
    ledger = row.ledger
    url = page_of(ledger.pk) if row.may_open else ""
    return Origin(ledger.file.name, str(row), ledger.committed_at, url)


def page_of(pk: int) -> str:
    try:
        return reverse("ledgers:ledger", args=[pk])
    except NoReverseMatch:  # an installation without the pages
        return ""


def _values(row: LedgerRow) -> Iterable[Value]:
    kind = KINDS.get(row.ledger.kind)
    wrote = set(row.cells) if row.undo.get("made") else set(row.changes)
    labels = {one.name: one for one in kind.fields} if kind else {}
    for name, reading in row.readings():
        if name in wrote and name in labels and _says_something(reading):
            yield Value(
                field=name,
                label=str(labels[name].label),
                value=reading.value,
                place=f"{row.sheet}!{reading.column}{row.row}" if reading.column else row.sheet,
                raw=reading.raw,
                is_assumed=reading.state == State.ASSUMED,
                sentence=reading.sentence,
            )


def _says_something(reading: Reading) -> bool:
    return reading.state not in State.UNSETTLED and reading.value not in (None, "", [])
