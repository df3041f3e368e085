"""A kind of ledger is a declaration: its fields, how its rows are matched, and how they are entered.

An app that takes a kind of ledger declares it in a module `ledger_kind` and registers it when it
starts; everything else (reading, asking, rehearsing, handing back) is the same for all kinds.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import Model
from django.utils.functional import Promise

from accounts.models import User
from core.sheets import Value
from ledgers.choices import QuestionKind, State
from ledgers.models import Ledger, LedgerRow
from taskforces.models import ReportingUnit


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a cell was understood to say. `value` is plain JSON (numbers and days as text).

    `choices` are the meanings a person is asked to choose from: (value, label). `asks` says which
    question it is: that of this cell, or that of its whole column's unit of money. `of` names the field
    whose cell says it, where it is another one's (a currency said by the amount).
    """

    state: State
    value: Any = None
    sentence: str = ""
    choices: tuple[tuple[Any, str], ...] = ()
    asks: str = QuestionKind.VALUE
    of: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What stands around a cell and may decide its meaning: the sheet, the section, the unit of money."""

    sheet: str
    head: str = ""
    section: str = ""  # "一、钢铁（有色金属）产业（12个）"
    title: str = ""  # all lines above the head
    money_unit: str = ""  # "wan", "yi", "yuan"; empty when neither title nor head names one
    unit: ReportingUnit | None = None  # the sender's
    years: tuple[int, ...] = ()  # years named in title, sheet or file name
    today: datetime.date | None = None  # the day it was handed in: what was signed lies before it
    span: str = ""  # "H:N", the columns of its table where others stand beside it

    @property
    def named(self) -> str:
        return f"{self.sheet}!{self.span}" if self.span else self.sheet


Read = Callable[[Value, Place], Meaning]


@dataclass(frozen=True)
class Field:
    """One field: the heads it is known by (any spelling of width and spaces), and what a cell means."""

    name: str
    label: str | Promise
    heads: tuple[str, ...]
    read: Read
    is_required: bool = False
    fills_down: bool = False  # an empty cell under a merged or once-written one means the same
    is_money: bool = False  # its column may name a unit of money
    is_key: bool = False  # part of what tells one row from the others
    is_private: bool = False  # a person's name or telephone: shown in part, the file has the whole
    looks_like: Callable[[Value], bool] | None = None  # to know a column by its cells
    # What the place alone says when there is no cell (the unit by the sheet's name, the industry by
    # the section); None when it says nothing.
    by_place: Callable[[Place], Meaning | None] | None = None
    # Makes the Read of one run, which asks the database once for what all its cells are looked up in.
    begin: Callable[[], Read] | None = None
    # What may be chosen for it in a workbook to be filled in (ledgers/blank.py).
    offers: tuple[str, ...] = ()
    # A value as people read it (codes by their names); as it stands where there is none.
    show: Callable[[Any], str] | None = None


@dataclass
class Undoing:
    """Why a commit cannot be undone: sentences, one for each thing built on it."""

    hindrances: list[str] = field(default_factory=list)


class Matches(Protocol):
    def __call__(self, rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
        """Sets verdict, target, evidence and changes of all rows; asks the database as sets."""


class Enters(Protocol):
    def __call__(
        self, rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]
    ) -> None:
        """Writes the rows to the books, sets `written` and `undo`; inside the caller's transaction."""


class TakesBack(Protocol):
    def __call__(self, rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
        """Takes back what `enter` wrote, or says what hinders it (then nothing is changed)."""


@dataclass(frozen=True)
class Kind:
    """A kind of ledger. `sum_of` names the field that a sheet's own 合计 line adds up."""

    code: str
    label: str | Promise
    permission: str
    fields: tuple[Field, ...]
    match: Matches
    enter: Enters
    take_back: TakesBack
    sum_of: str = ""
    # After each cell was read alone: what only several cells of a row can say. {field: Meaning} to replace.
    settle: Callable[[Mapping[str, Meaning], Place], Mapping[str, Meaning]] | None = None
    # Rows that stand ready in a workbook to be filled in, by field, and what is said of filling it in.
    ready: Callable[[User], Sequence[Mapping[str, str]]] | None = None
    explained: tuple[str | Promise, ...] = ()
    # A row that says none of these says nothing yet: it stood ready and nobody has filled it in.
    tells: tuple[str, ...] = ()
    # What a new row becomes one more of, and nothing else does: the books are counted by it (see
    # ledgers/meanwhile.py). Without it new rows are matched once more at every commit.
    model: type[Model] | None = None
    # Where the object a row was written to is shown.
    page_of: Callable[[int], str] | None = None

    def field(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    KINDS[kind.code] = kind
