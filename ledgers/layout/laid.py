"""What a workbook is once it was laid out: tables of lines, what was left out, what must be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.sheets import Value
from ledgers.choices import State
from ledgers.declaring import Place

# {(QuestionKind, field, raw): meaning}, as people answered it
Answers = Mapping[tuple[str, str, str], Any]


class Cell(NamedTuple):
    """A cell of a line. `state` tells how sure it is that it belongs to its field and row."""

    value: Value
    letter: str  # "H"
    state: State = State.SURE
    sentence: str = ""  # why it is not sure: the column was guessed, the value filled down
    row: int = 0  # the row it really stands in, when filled down from above; else 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet. `field` is empty when none of the kind's fields stands in it."""

    place: int  # from 0
    letter: str
    head: str  # as written, levels joined: "投资额（亿元）/总投资"
    field: str = ""
    state: State = State.SURE
    sentence: str = ""
    money_unit: str = ""  # "wan", "yi", "yuan" when its head names one


@dataclass(frozen=True, slots=True)
class Line:
    """A row of data. `places` has what stands around each field's cell, head and unit of money included;
    `place` is the row's own, for fields that have no column."""

    sheet: str
    number: int
    is_hidden: bool
    cells: Mapping[str, Cell]
    place: Place
    places: Mapping[str, Place]
    part: int = 0  # which of the tables beside each other it stands in, from the left


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no line, and why; a whole sheet has row 0."""

    sheet: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What a 合计 line says of the kind's `sum_of` field; its own cell and place to read it by."""

    value: Value
    row: int
    letter: str
    place: Place
    section: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can say; the fields are those of an item of Ledger.questions."""

    kind: str  # a QuestionKind
    field: str
    raw: str
    sentence: str
    choices: tuple[tuple[Any, str], ...] = ()
    cells: int = 1
    example: str = ""  # "柳江区!H17"


@dataclass(frozen=True)
class Table:
    """A head of the kind and the lines under it; a sheet may hold several, one below the other
    or beside each other.

    Together, `stated` is the sum that the table says of itself. The lines are made while one goes
    through them: a large ledger never stands in memory twice.
    """

    sheet: str
    title: str
    columns: tuple[Column, ...]
    lines: Sequence[Line]
    stated: tuple[Stated, ...] = ()
    span: str = ""  # "H:N" where others stand beside it

    def column(self, name: str) -> Column | None:
        return next((one for one in self.columns if one.field == name), None)


@dataclass(frozen=True)
class Laid:
    """The whole workbook. `layout` is the same for two workbooks with the same heads."""

    tables: list[Table] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    layout: str = ""


def money_unit_asked(place: Place) -> str:
    """The `raw` under which the unit of money of a column is asked and answered."""
    return f"{place.named}：{place.head}"
