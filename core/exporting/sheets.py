"""A list as it leaves the house, declared once: its columns, their kinds, and where the rows come from."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from core.blocks import in_blocks

CHUNK = 1000


class Kind(StrEnum):
    """What a column holds; amounts come in 万元 and are written in the unit of their head."""

    TEXT = "text"
    NUMBER = "number"
    WAN = "wan"
    YI = "yi"
    PERCENT = "percent"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True)
class Column:
    """One column: the head as the page says it (with its unit), and how a row's cell is got."""

    head: str | Promise
    of: Callable[[Any], Any]
    kind: Kind = Kind.TEXT
    width: int = 16
    # Heads over this one, the uppermost first; equal neighbours are written as one merged cell.
    above: tuple[str, ...] = ()
    # A number format of Excel's, where the kind's own will not do.
    shape: str = ""


@dataclass(frozen=True)
class Sheet:
    """A list: `notes` are (label, sentence) pairs for the sheet that explains the file."""

    title: str | Promise
    columns: Sequence[Column]
    notes: Sequence[tuple[str | Promise, str | Promise]] = ()
    # Lines over the heads of somebody else's form, the first of them its title.
    banner: Sequence[str] = ()

    @property
    def levels(self) -> int:
        return 1 + max((len(column.above) for column in self.columns), default=0)


@dataclass(frozen=True)
class Rows:
    """How many there are, and they themselves one after another."""

    count: int
    lines: Iterable[Any]


def in_chunks(
    rows: QuerySet[Any, Any],
    make: Callable[[list[Any]], Iterable[Any]] | None = None,
    *,
    size: int = CHUNK,
) -> Rows:
    """A queryset of any size in constant memory; `make` dresses some of its rows at a time, so that
    what belongs to them is asked for once a chunk."""
    return Rows(rows.count(), _lines(rows, make, size))


def each(rows: QuerySet[Any, Any], make: Callable[[Any], Any]) -> Rows:
    """The same where each row is dressed by itself."""
    return in_chunks(rows, lambda chunk: map(make, chunk))


def day_in(name: str) -> Callable[[dict[str, Any]], datetime.date | None]:
    """The day that a page's row holds as a ready string."""

    def day(row: dict[str, Any]) -> datetime.date | None:
        return datetime.date.fromisoformat(row[name]) if row[name] else None

    return day


def _lines(
    rows: QuerySet[Any, Any], make: Callable[[list[Any]], Iterable[Any]] | None, size: int
) -> Iterator[Any]:
    for chunk in in_blocks(rows.iterator(chunk_size=size), size):
        yield from chunk if make is None else make(chunk)
