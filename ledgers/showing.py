"""How a ledger's rows and cells are shown: what was written beside what it was understood to say."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.money import format_wan
from core.templatetags.ui import listed
from ledgers.choices import Decision, LedgerState, State, Verdict
from ledgers.declaring import Field, Kind
from ledgers.models import Ledger, LedgerRow, Reading

# A shape for each state: colour alone is not seen by everybody.
MARKS = {State.SURE: "", State.ASSUMED: "≈", State.ASKED: "?", State.REFUSED: "✕"}
LAMPS = {
    Verdict.NEW: "info",
    Verdict.SAME: "waiting",
    Verdict.CHANGED: "todo",
    Verdict.LOOKALIKE: "over_promise",
    Verdict.REFUSED: "over_statute",
}
RAW_SHOWN = 80
NOTHING = "—"


@dataclass(frozen=True)
class Cell:
    """One cell as the table has it."""

    field: str
    label: str
    state: str
    word: str
    mark: str
    says: str  # what it was understood to say
    raw: str
    place: str  # "H17"; empty when the value stands in no cell of the row
    is_same: bool  # written just as it is understood
    is_number: bool
    sentence: str
    old: str = ""  # what stands in the books, of a changed field


@dataclass(frozen=True)
class Line:
    """One row as the table has it."""

    row: LedgerRow
    name: str
    verdict: str
    lamp: str
    cells: list[Cell | None]
    can_be_decided: bool
    is_open: bool  # somebody should look at why it is so
    is_out: bool  # the ledger was entered, the row was not
    decision: str
    changes: list[str]  # what differs from the books
    evidence: list[str]
    url: str  # of what it is, or looks like, in the books


def shown(field: Field, value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return NOTHING
    if field.show is not None:
        return field.show(value)
    if value is True or value is False:
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return listed(_piece(one) for one in value)
    return str(value)


def bare(field: Field, value: Any) -> str:
    """The same in a column that says its unit in its head."""
    if not field.is_money or value in (None, ""):
        return shown(field, value)
    try:
        return format_wan(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def veiled(text: str) -> str:
    """A person's name or telephone in part: enough to know it again, 蒙** or 138****9357."""
    if sum(character.isdigit() for character in text) >= 7:
        return f"{text[:3]}****{text[-4:]}"
    return f"{text[:1]}**" if text.strip() not in ("", NOTHING) else text


def _piece(value: Any) -> str:
    """A part of a list: a dated note, or a name."""
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part)
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def columns(kind: Kind, rows: Iterable[LedgerRow]) -> list[Field]:
    """The fields of which these rows have something, in the order of the declaration."""
    found = {name for row in rows for name in row.cells}
    return [field for field in kind.fields if field.name in found]


@dataclass(frozen=True)
class Column:
    """A column of the table. What is said of nearly all its cells is said once, under its head."""

    field: Field
    width: str
    sentence: str


def columns_of(fields: Sequence[Field], lines: Sequence[Line]) -> list[Column]:
    return [_column(field, [line.cells[place] for line in lines]) for place, field in enumerate(fields)]


def _column(field: Field, cells: Sequence[Cell | None]) -> Column:
    said = Counter(cell.sentence for cell in cells if cell and cell.state == State.ASSUMED)
    [(usual, n)] = said.most_common(1) or [("", 0)]
    sentence = usual if n > 3 and n * 2 > len(cells) else ""
    width = "w-xl" if sentence else _width([cell for cell in cells if cell])
    return Column(field, width, sentence)


WIDTHS = ((6, "w-s"), (12, "w-m"), (26, "w-l"))


def _width(cells: Sequence[Cell]) -> str:
    """How wide it needs to be: by its longer texts, so that rows stay low."""
    lengths = sorted(_length(cell) for cell in cells)
    usual = lengths[len(lengths) * 9 // 10] if lengths else 0
    return next((name for most, name in WIDTHS if usual <= most), "w-xl")


def _length(cell: Cell) -> int:
    told = 0 if cell.state == State.SURE else len(cell.sentence) // 2
    return max(len(cell.says), len(cell.raw[:RAW_SHOWN]) // 2, told)


def line(kind: Kind, row: LedgerRow, fields: Sequence[Field]) -> Line:
    verdict = Verdict(row.verdict)
    first = kind.fields[0].name
    keys = [field.name for field in kind.fields if field.is_key] or [first]
    state = row.ledger.state
    is_out = state == LedgerState.COMMITTED and row.written is None
    # What a ledger wrote that was taken back is no part of the books any more.
    target = row.target if state == LedgerState.UNDONE else row.written or row.target
    return Line(
        row=row,
        name=str(row.value(keys[0]) or ""),
        verdict=str(verdict.label),
        lamp=LAMPS[verdict],
        cells=[cell(field, row) for field in fields],
        can_be_decided=verdict in (Verdict.LOOKALIKE, Verdict.CHANGED),
        is_open=is_out or verdict in (Verdict.NEW, Verdict.LOOKALIKE, Verdict.REFUSED),
        is_out=is_out,
        decision=str(Decision(row.decision).label) if row.decision else "",
        changes=[_change(kind, name, change) for name, change in row.changes.items()],
        evidence=[str(one) for one in row.evidence],
        url=kind.page_of(target) if kind.page_of and target else "",
    )


def _change(kind: Kind, name: str, change: Sequence[Any]) -> str:
    field = next((one for one in kind.fields if one.name == name), None)
    old, new = (shown(field, value) if field else str(value) for value in change[:2])
    if field and field.is_private:
        old, new = veiled(old), veiled(new)
    label = str(field.label) if field else name
    return _("%(field)s: %(old)s → %(new)s") % {"field": label, "old": old, "new": new}


def cell(field: Field, row: LedgerRow) -> Cell | None:
    reading = row.reading(field.name)
    return told(field, row, reading) if reading else None


def told(field: Field, row: LedgerRow, reading: Reading) -> Cell:
    state = State(reading.state)
    says, raw = bare(field, reading.value), reading.raw
    change = row.changes.get(field.name)
    old = bare(field, change[0]) if change else ""
    is_same = raw.strip() == says
    if field.is_private and state not in State.UNSETTLED:
        says, raw, old = veiled(says), veiled(raw), veiled(old)
    return Cell(
        field=field.name,
        label=str(field.label),
        state=state.value,
        word=str(state.label),
        mark=MARKS[state],
        says=says,
        raw=raw,
        place=f"{reading.column}{row.row}" if reading.column else "",
        is_same=is_same,
        is_number=field.is_money,
        sentence=reading.sentence,
        old=old,
    )


def verdict_words() -> dict[str, str]:
    """What each verdict means, for the legend."""
    return {
        Verdict.NEW.value: _("not in the books yet"),
        Verdict.SAME.value: _("in the books, nothing differs"),
        Verdict.CHANGED.value: _("in the books, something differs"),
        Verdict.LOOKALIKE.value: _("perhaps in the books: you decide"),
        Verdict.REFUSED.value: _("cannot be entered"),
    }


def state_words() -> dict[str, str]:
    return {
        State.SURE.value: pgettext("a cell", "as it is written"),
        State.ASSUMED.value: pgettext("a cell", "read with a reason: look at it"),
        State.ASKED.value: pgettext("a cell", "only you can say"),
        State.REFUSED.value: pgettext("a cell", "makes no sense"),
    }


def table_of(said: Mapping[str, Any]) -> str:
    """What a sum is the sum of: a sheet, and its columns where tables stand beside each other."""
    return f"{said['sheet']}!{said['span']}" if said.get("span") else str(said["sheet"])


def left_out(ledger: Ledger) -> list[tuple[str, list[str]]]:
    """What is no row of the ledger: by its reason the places, each with what stands there, if it is told
    behind a colon ("A section: 一、钢铁产业"). The rarest come first."""
    by_reason: dict[str, list[str]] = {}
    for one in ledger.skipped:
        reason, *what = re.split(r": |：", one["reason"], maxsplit=1)
        place = f"{one['sheet']}!{one['row']}" if one["row"] else one["sheet"]
        told = by_reason.setdefault(reason if what else one["reason"], [])
        if place:
            told.append(f"{place} {what[0]}".strip() if what else place)
    return sorted(by_reason.items(), key=lambda pair: len(pair[1]))
