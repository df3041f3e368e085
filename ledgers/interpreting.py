"""What the lines of a laid-out workbook mean: rows with every cell read, and what must be asked.

Like cells are read once; what cannot be known of them is asked once, with how many they are.
"""

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.inserting import maker
from core.sheets import Value
from core.text import comparison_key
from ledgers.choices import QuestionKind, State, Verdict
from ledgers.declaring import Field, Kind, Meaning, Place, Read
from ledgers.layout import Answers, Cell, Laid, Line, Question, Table, money_unit_asked
from ledgers.meanings.amounts import total as total_of
from ledgers.meanings.saying import NOTHING, RAW_LENGTH, asked_as, refused, written
from ledgers.models import Ledger, LedgerRow, Reading

KEPT = 20_000  # meanings a field remembers: the words of a ledger are few, its names are not
_WORSE = {state: at for at, state in enumerate((State.SURE, State.ASSUMED, State.ASKED, State.REFUSED))}


@dataclass
class Interpreted:
    """The rows in the order of the workbook, unsaved and not yet matched.

    They are made one by one while one goes through them, so that a large ledger never stands in
    memory as a whole; `questions`, `sums` and `cells` are complete once all rows were gone through.
    """

    rows: Iterator[LedgerRow]
    questions: list[Question] = field(default_factory=list)
    sums: list[dict[str, Any]] = field(default_factory=list)  # as Ledger.sums has them
    cells: Counter[str] = field(default_factory=Counter)  # {state: how many cells}, as Ledger.counts["cells"]


def interpret(
    laid: Laid, kind: Kind, *, ledger: Ledger, today: datetime.date, answers: Answers | None = None
) -> Interpreted:
    """Read every cell of the lines. `laid.questions` are not repeated in the result's questions."""
    run = _Run(kind, ledger, today, answers or {})
    return Interpreted(run.rows(laid), run.questions, run.sums, run.cells)


class _Understood(NamedTuple):
    """A cell's meaning, ready to be kept, and the question it is part of."""

    meaning: Meaning
    reading: Reading
    question: tuple[str, str, str] | None = None


class _Run:
    """One workbook's reading: what was already read, asked and added up."""

    def __init__(self, kind: Kind, ledger: Ledger, today: datetime.date, answers: Answers) -> None:
        self.kind, self.ledger, self.today, self.answers = kind, ledger, today, answers
        self.questions: list[Question] = []
        self.sums: list[dict[str, Any]] = []
        self.cells: Counter[str] = Counter()
        self._readers: dict[str, Read] = {
            one.name: one.begin() if one.begin else one.read for one in kind.fields
        }
        self._keys = [one.name for one in kind.fields if one.is_key]
        self._make = partial(maker(LedgerRow), ledger_id=ledger.pk)
        self._asked: dict[tuple[str, str, str], list[Any]] = {}
        self._places: dict[Place, Place] = {}

    # --- Rows

    def rows(self, laid: Laid) -> Iterator[LedgerRow]:
        self._told = {(one.kind, one.field, one.raw) for one in laid.questions}
        for table in laid.tables:
            total, is_whole = Decimal(0), True
            for row, amount in self._table(table):
                total += amount or 0
                is_whole = is_whole and amount is not None
                yield row
            self._add_up(table, total)
        self.questions.extend(
            Question(
                *key, sentence=str(meaning.sentence), choices=meaning.choices, cells=cells, example=example
            )
            for key, (meaning, cells, example) in self._asked.items()
            if key not in self._told
        )

    def _table(self, table: Table) -> Iterator[tuple[LedgerRow, Decimal | None]]:
        surroundings: dict[int, tuple[Line, _Sheet]] = {}  # the line is kept so that its id stays its own
        for line in table.lines:
            known = surroundings.get(id(line.places))
            if known is None:
                known = surroundings[id(line.places)] = (line, _Sheet(self, table, line))
            yield self._row(line, known[1])

    def _row(self, line: Line, sheet: "_Sheet") -> tuple[LedgerRow, Decimal | None]:
        understood: dict[str, _Understood] = {}
        known = sheet.known
        for name, cell in line.cells.items():
            value, _letter, state, sentence, row = cell
            key: Any = value if type(value) is str else (type(value), value)
            if state is not State.SURE or sentence or row:
                key = (key, cell)
            understood[name] = known[name].get(key) or sheet.read(name, key, cell)
        for one in sheet.placed:
            found = understood.get(one.name)
            if found is None or found.meaning is NOTHING:
                implied = sheet.implied(one)
                if implied is not None:
                    understood[one.name] = implied
        self._settle(understood, line, sheet)
        return self._kept(line, understood, sheet)

    def _settle(self, understood: dict[str, _Understood], line: Line, sheet: "_Sheet") -> None:
        """What only several cells of a row can say takes the place of what each said alone."""
        if self.kind.settle is None:
            return
        alone = {name: one.meaning for name, one in understood.items()}
        for name, meaning in self.kind.settle(alone, sheet.place).items():
            source = meaning.of or name
            old, cell = understood.get(source), line.cells.get(source)
            raw, column = (old.reading.raw, old.reading.column) if old else ("", "")
            question = None
            if meaning.state is State.ASKED:
                question = (str(QuestionKind.VALUE), name, asked_as(cell.value if cell else None))
                answered = self._answered(meaning, question, sheet.place)
                meaning, question = (answered, None) if answered else (meaning, question)
            understood[name] = _Understood(meaning, _reading(meaning, raw, column), question)

    def _kept(
        self, line: Line, understood: dict[str, _Understood], sheet: "_Sheet"
    ) -> tuple[LedgerRow, Decimal | None]:
        cells: dict[str, Reading] = {}
        worst, evidence, counted = State.SURE, [], self.cells
        for name, one in understood.items():
            meaning, reading, question = one
            state = meaning.state
            if meaning is NOTHING and not reading.raw:
                continue
            cells[name] = reading
            if state is State.SURE:
                counted["sure"] += 1
                continue
            # What the sheet says of all its rows alike is no reason to look at each of them.
            if reading.column or state is not State.ASSUMED:
                counted[reading.state] += 1
                if _WORSE[state] > _WORSE[worst]:
                    worst = state
            if question is not None:
                self._ask(meaning, question, line, name)
        for need in sheet.required:
            found = understood.get(need.name)
            if found is None or (
                found.meaning.value is None and found.meaning.state in (State.SURE, State.ASSUMED)
            ):
                missing = refused(_("“%(field)s” is missing. Fill it in.") % {"field": need.label})
                cells[need.name] = _reading(
                    missing, found.reading.raw if found else "", sheet.letter(need.name)
                )
                self.cells[State.REFUSED] += 1
                found = _Understood(missing, cells[need.name])
                worst = State.REFUSED
            if found.meaning.state == State.REFUSED:
                evidence.append(found.meaning.sentence)
        row = self._make(
            sheet=line.sheet,
            row=line.number,
            part=line.part,
            is_hidden=line.is_hidden,
            verdict=Verdict.REFUSED if evidence else Verdict.NEW,
            worst=worst,
            cells=cells,
            evidence=evidence,
            identity=self._identity(cells),
        )
        return row, _number(cells.get(self.kind.sum_of))

    def _identity(self, cells: Mapping[str, Reading]) -> str:
        said = "\0".join(
            [comparison_key(str(cells[name].value or "")) for name in self._keys if name in cells]
        )
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest() if said.strip("\0") else ""

    # --- Questions

    def meaning(self, one: Field, value: Value, place: Place) -> tuple[Meaning, tuple[str, str, str] | None]:
        """What a cell says, by what people answered of like cells first."""
        meaning = self._readers[one.name](value, place)
        if meaning.asks == QuestionKind.MONEY_UNIT:
            key = (str(QuestionKind.MONEY_UNIT), one.name, money_unit_asked(place))
            unit = self.answers.get(key)
            return (
                (self._readers[one.name](value, replace(place, money_unit=unit)), None)
                if unit
                else (meaning, key)
            )
        if meaning.state is not State.ASKED and not self.answers:
            return meaning, None
        key = (str(QuestionKind.VALUE), one.name, asked_as(value))
        answered = self._answered(meaning, key, place)
        if answered is not None:
            return answered, None
        return meaning, key if meaning.state is State.ASKED else None

    def _answered(
        self, meaning: Meaning, key: tuple[str, str, str], place: Place | None = None
    ) -> Meaning | None:
        """The meaning a person gave: one of the choices, else a text as it could have stood in the cell."""
        if key not in self.answers:
            return None
        answer = self.answers[key]
        if not any(answer == value for value, _label in meaning.choices):
            again = self._readers[key[1]](answer, place or Place("")) if isinstance(answer, str) else None
            if again is not None and again.state in State.UNSETTLED:
                return None
            answer = again.value if again else answer
        if isinstance(meaning.value, dict) and not isinstance(answer, dict):
            answer = {**meaning.value, "wan": answer}  # the foreign amount stands beside it
        return Meaning(State.SURE, answer, _("As it was answered."))

    def _ask(self, meaning: Meaning, question: tuple[str, str, str], line: Line, name: str) -> None:
        found = self._asked.get(question)
        if found is not None:
            found[1] += 1
            return
        cell = line.cells.get(name)
        example = (
            f"{line.sheet}!{cell.letter}{cell.row or line.number}" if cell else f"{line.sheet}!{line.number}"
        )
        self._asked[question] = [meaning, 1, example]

    # --- Sums

    def _add_up(self, table: Table, total: Decimal) -> None:
        """What was read beside what the sheet says of itself."""
        if not self.kind.sum_of:
            return
        stated = Decimal(0) if table.stated else None
        leeway = Decimal(0)
        for one in table.stated:
            said = total_of(one.value, one.place)
            stated = None if said is None or stated is None else stated + said
            leeway += _last_place(one.value, said)
        self.sums.append(
            {
                "sheet": table.sheet,
                **({"span": table.span} if table.span else {}),
                "read": _plain(total),
                "stated": None if stated is None else _plain(stated),
                "equal": None if stated is None else abs(stated - total) <= leeway,
            }
        )

    def here(self, place: Place) -> Place:
        """The same place today."""
        known = self._places.get(place)
        if known is None:
            known = self._places[place] = replace(place, today=self.today)
        return known


class _Sheet:
    """The lines of a sheet, or of a section of it, whose cells have the same surroundings."""

    def __init__(self, run: _Run, table: Table, line: Line) -> None:
        self.run = run
        self._fields = {one.name: one for one in run.kind.fields}
        self.required = [one for one in run.kind.fields if one.is_required]
        self.placed = [one for one in run.kind.fields if one.by_place]
        self.place = run.here(line.place)
        self._places = {name: run.here(place) for name, place in line.places.items()}
        self._letters = {column.field: column.letter for column in table.columns if column.field}
        self.known: dict[str, dict[Any, _Understood]] = {name: {} for name in self._fields}
        self._implied: dict[str, _Understood | None] = {}

    def letter(self, name: str) -> str:
        return self._letters.get(name, "")

    def read(self, name: str, key: Any, cell: Cell) -> _Understood:
        """A cell that none before was like."""
        known = self.known[name]
        if len(known) >= KEPT:
            known.clear()
        known[key] = understood = self._read(self._fields[name], cell)
        return understood

    def _read(self, one: Field, cell: Cell) -> _Understood:
        place = self._places.get(one.name, self.place)
        meaning, question = self.run.meaning(one, cell.value, place)
        if _WORSE[cell.state] > _WORSE[meaning.state] and meaning.value is not None:
            sentence = " ".join(filter(None, (cell.sentence, meaning.sentence)))
            meaning = replace(meaning, state=cell.state, sentence=sentence)
        if meaning.value is None and meaning.state == State.SURE:
            meaning = NOTHING
        return _Understood(meaning, _reading(meaning, written(cell.value), cell.letter), question)

    def implied(self, one: Field) -> _Understood | None:
        """What the place alone says of a field that has no cell here."""
        if one.name not in self._implied:
            self._implied[one.name] = self._from_place(one)
        return self._implied[one.name]

    def _from_place(self, one: Field) -> _Understood | None:
        meaning = one.by_place(self.place) if one.by_place else None
        if meaning is None:
            return None
        question = None
        if meaning.state == State.ASKED:
            question = (str(QuestionKind.VALUE), one.name, self.place.named)
            answered = self.run._answered(meaning, question, self.place)
            meaning, question = (answered, None) if answered else (meaning, question)
        return _Understood(meaning, _reading(meaning, "", ""), question)


def _reading(meaning: Meaning, raw: str, column: str) -> Reading:
    kept = raw if len(raw) <= RAW_LENGTH else raw[: RAW_LENGTH - 1] + "…"
    return Reading(str(meaning.state), meaning.value, kept, column, str(meaning.sentence))


# --- Numbers ------------------------------------------------------------------------------------------


def _number(reading: Reading | None) -> Decimal | None:
    return None if reading is None else _decimal(reading.value)


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _last_place(value: Value, said: Decimal | None) -> Decimal:
    """Half of the last place in which a sum is written: 477.76 in 亿元 says nothing of 10 万元."""
    if said is None or not isinstance(value, Decimal) or not value:
        return Decimal(0)
    return said / value * Decimal(1).scaleb(int(value.normalize().as_tuple().exponent)) / 2
