"""A ledger goes back to its sender: their own workbook, with a note on every cell that was not simply read.

An .xlsx keeps its formats (core/annotating.py says how). Formats that carry no notes come back as a new
.xlsx with the same cells, and the added sheet says so. Notes say what a person should look at: a cell
that was assumed, asked or refused; the added sheet sums the ledger up and lists the same cells.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePath
from typing import IO, Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core import annotating, files, rebuilding
from core.annotating import CannotAnnotate, Cell, Note, Notes, Summary, place
from core.ooxml.cells import place_of_column
from core.refusal import Refusal
from core.sheets import read_book
from core.templatetags.ui import listed
from ledgers import showing
from ledgers.choices import LedgerState, QuestionKind, State, Verdict
from ledgers.declaring import KINDS, Kind
from ledgers.models import Ledger, LedgerRow, Reading

# What is looked at first; of so many notes that no program opens the workbook the last are left out.
WORST_FIRST = (State.REFUSED, State.ASKED, State.ASSUMED)
MOST_NOTES = 20_000
MOST_LISTED = 2_000  # of the rows that were left out, and of those that are gone
RAW_SHOWN = 200
WIDTHS = (20, 16, 16, 34, 34, 12, 90)


class CannotHandBack(Refusal):
    """There is nothing yet to be said of the workbook."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A cell that a person should look at."""

    sheet: str
    row: int
    letter: str  # empty when the value stands in no cell of the row
    field: str
    raw: str
    says: str
    state: State | Verdict  # of the cell, or of its whole row
    sentence: str

    @property
    def cell(self) -> str:
        return f"{self.letter}{self.row}"

    @property
    def line(self) -> str:
        """What the note on the cell says."""
        return _("%(field)s (%(state)s): %(sentence)s") % {
            "field": self.field,
            "state": self.state.label,
            "sentence": self.sentence or self.says,
        }


def annotated(ledger: Ledger, *, language: str, today: datetime.date) -> bytes:
    """The sender's workbook with notes and a sheet that sums the ledger up, as an .xlsx.

    Raises CannotHandBack for a ledger that has not been read.
    """
    if ledger.state in (LedgerState.READING, LedgerState.UNREADABLE):
        raise CannotHandBack(_("The ledger has not been read, so there is nothing to hand back yet."))
    with translation.override(language):
        kind = KINDS[ledger.kind]
        noted, beyond = _noted(ledger, kind)
        # Every sheet, so that notes of the last time go where nothing is to be said any more.
        notes = dict.fromkeys(ledger.rows.values_list("sheet", flat=True).distinct(), ()) | _notes(
            [*noted, *refused_rows(ledger, kind)]
        )
        try:
            return _kept(ledger, notes, summary(ledger, kind, noted, beyond, today=today))
        except CannotAnnotate as refusal:
            told = summary(ledger, kind, noted, beyond, today=today, rebuilt_because=refusal.message)
            return _rebuilt(ledger, notes, told)


def _content(ledger: Ledger) -> IO[bytes]:
    try:
        return ledger.file.file.open("rb")
    except FileNotFoundError as error:
        raise files.BadFile(
            _("The file is no longer on the disk. Tell the system administrator its name: %(name)s.")
            % {"name": ledger.file.name}
        ) from error


def _kept(ledger: Ledger, notes: Notes, told: Summary) -> bytes:
    if ledger.file.content_type != files.XLSX:
        ending = PurePath(ledger.file.name).suffix
        raise CannotAnnotate(_("The format %(ending)s carries no notes.") % {"ending": ending})
    with _content(ledger) as content:
        return annotating.annotated(content, notes, told, author=_("Liuzhou Invest"))


def _rebuilt(ledger: Ledger, notes: Notes, told: Summary) -> bytes:
    with _content(ledger) as content:
        sheets = read_book(content).sheets
    return rebuilding.rebuilt(sheets, notes, told, author=_("Liuzhou Invest"))


def _noted(ledger: Ledger, kind: Kind) -> tuple[list[Finding], int]:
    """Of cells: what is noted, in the order of the workbook, and how many cells are left without a note."""
    found = sorted(findings(ledger, kind), key=lambda one: WORST_FIRST.index(one.state))
    return sorted(found[:MOST_NOTES], key=_order(ledger)), len(found) - MOST_NOTES


def name_of(ledger: Ledger, *, language: str) -> str:
    """The name it came with, and that it carries notes now."""
    with translation.override(language):
        notes = pgettext("in a file name", "notes")
    return f"{PurePath(ledger.file.name).stem}-{notes}.xlsx"


# --- What is noted ---------------------------------------------------------------------------------


def findings(ledger: Ledger, kind: Kind) -> Iterator[Finding]:
    """Every cell that was not simply read, in the order of the rows and of the declaration."""
    rows = ledger.rows.exclude(worst=State.SURE).order_by("pk").only("sheet", "row", "cells")
    for row in rows.iterator(chunk_size=2_000):
        for field in kind.fields:
            reading = row.reading(field.name)
            if reading is not None and _is_worth_a_look(reading):
                yield _finding(row, reading, str(field.label), showing.shown(field, reading.value))


def refused_rows(ledger: Ledger, kind: Kind) -> Iterator[Finding]:
    """Why a row cannot be entered, said where a person looks for the row: at what names it. The added
    sheet lists the rows on its own."""
    rows = (
        ledger.rows.filter(verdict=Verdict.REFUSED).order_by("pk").only("sheet", "row", "cells", "evidence")
    )
    by_key = sorted(kind.fields, key=lambda field: not field.is_key)
    for row in rows[:MOST_LISTED]:
        readings = (row.reading(field.name) for field in by_key)
        names = next((one for one in readings if one and one.column), None)
        if names and row.evidence:
            why = " ".join(map(str, row.evidence))
            yield Finding(row.sheet, row.row, names.column, _("This row"), "", "", Verdict.REFUSED, why)


def _is_worth_a_look(reading: Reading) -> bool:
    """What the place alone says (the unit by the sheet's name) is said of no cell, and of every row."""
    return reading.state in State.UNSETTLED or (reading.state == State.ASSUMED and bool(reading.column))


def _finding(row: LedgerRow, reading: Reading, label: str, says: str) -> Finding:
    return Finding(
        sheet=row.sheet,
        row=row.row,
        letter=reading.column,
        field=label,
        raw=reading.raw[:RAW_SHOWN],
        says=says,
        state=State(reading.state),
        sentence=reading.sentence,
    )


def _order(ledger: Ledger) -> Any:
    """As in the workbook: by sheet, row and column."""
    sheets = {one["sheet"]: n for n, one in enumerate(ledger.sums)}
    return lambda one: (sheets.get(one.sheet, len(sheets)), one.sheet, one.row, len(one.letter), one.letter)


def _notes(found: Iterable[Finding]) -> dict[str, list[Note]]:
    """By sheet; what stands in no cell is on the added sheet only."""
    lines: dict[str, dict[tuple[int, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        if one.letter:
            lines[one.sheet][one.row, place_of_column(one.letter)].append(one.line)
    return {
        sheet: [Note(row, column, told) for (row, column), told in cells.items()]
        for sheet, cells in lines.items()
    }


# --- The added sheet ---------------------------------------------------------------------------------

Row = Sequence[Cell | None]


def summary(
    ledger: Ledger,
    kind: Kind,
    noted: Sequence[Finding],
    beyond: int,
    *,
    today: datetime.date,
    rebuilt_because: str = "",
) -> Summary:
    """The ledger on one sheet: who and when, how many, sums, what is left out, what to look at."""
    told = Summary(_("Import notes"), WIDTHS)
    told.rows += _about(ledger, kind, today)
    if rebuilt_because:
        why = _("This is a new workbook with the cells of the one handed in; formats were not kept. %(why)s")
        told.rows.append([Cell(why % {"why": rebuilt_because}, "refused")])
    told.rows += [[], *_counted(ledger), *_sums(ledger), *_questions(ledger, kind)]
    told.rows += [*_rows_to_see(ledger), *_left_out(ledger), *_lost(ledger), *_cells(noted, beyond)]
    return told


def _about(ledger: Ledger, kind: Kind, today: datetime.date) -> Iterator[Row]:
    yield [Cell(_("Import notes"), "title")]
    yield []
    facts = [
        (_("File"), ledger.file.name),
        (_("Kind of ledger"), str(kind.label)),
        (_("Sender"), ledger.sender),
        (_("Handed in"), _by_at(ledger.handed_in_by.name, ledger.handed_in_at)),
        (_("State"), str(LedgerState(ledger.state).label)),
        (_("Handed back"), today.isoformat()),
    ]
    if ledger.state == LedgerState.COMMITTED and ledger.committed_by:
        entered = (pgettext("a ledger", "Entered"), _by_at(ledger.committed_by.name, ledger.committed_at))
        facts.insert(5, entered)
    for label, value in facts:
        yield [Cell(label, "grey"), Cell(value)]


def _by_at(name: str, at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M} {name}"


def _counted(ledger: Ledger) -> Iterator[Row]:
    yield from _block(_("Rows and cells"), [_("Rows"), pgettext("how many", "Number")])
    rows, cells = ledger.counts.get("rows", {}), ledger.counts.get("cells", {})
    words = showing.verdict_words()
    for verdict in Verdict:
        yield [Cell(str(verdict.label)), Cell(rows.get(verdict.value, 0)), Cell(words[verdict.value], "grey")]
    yield [Cell(_("Cells"), "head"), Cell(pgettext("how many", "Number"), "head")]
    states = showing.state_words()
    for state in State:
        look = "" if state == State.SURE else state.value
        yield [
            Cell(str(state.label), look),
            Cell(cells.get(state.value, 0)),
            Cell(states[state.value], "grey"),
        ]
    yield []


def _sums(ledger: Ledger) -> Iterator[Row]:
    if not ledger.sums:
        return
    yield from _block(
        _("Sums, in 万元"), [_("Sheet"), _("As read"), _("As the sheet says"), pgettext("sums", "Agree")]
    )
    for one in ledger.sums:
        stated, is_equal = one.get("stated"), one.get("equal")
        word = _("no total line") if stated is None else _("Yes") if is_equal else _("No")
        look = "grey" if stated is None else "" if is_equal else "refused"
        yield [Cell(showing.table_of(one)), _amount(one.get("read")), _amount(stated), Cell(word, look)]
    yield []


def _amount(value: Any) -> Cell | None:
    try:
        return None if value is None else Cell(float(Decimal(str(value))))
    except InvalidOperation:
        return Cell(str(value))


def _questions(ledger: Ledger, kind: Kind) -> Iterator[Row]:
    if not ledger.questions:
        return
    yield from _block(
        _("Questions still open"),
        [
            pgettext("a ledger", "Asked about"),
            _("Example"),
            _("Cells"),
            _("As written"),
            _("Choices"),
            "",
            pgettext("a ledger", "Question"),
        ],
    )
    labels = {field.name: str(field.label) for field in kind.fields}
    for one in ledger.questions:
        choices = listed(label for _value, label in one.get("choices", ()))
        yield [
            Cell(labels.get(one["field"]) or str(QuestionKind(one["kind"]).label)),
            _example(one.get("example") or ""),
            Cell(int(one.get("cells") or 0)),
            Cell(str(one["raw"])[:RAW_SHOWN]),
            Cell(choices[:RAW_SHOWN]),
            None,
            Cell(str(one["sentence"]), "asked"),
        ]
    yield []


def _example(example: str) -> Cell | None:
    sheet, mark, cell = example.rpartition("!")
    if not cell:
        return None
    return Cell(example, "link", place(sheet, cell)) if mark else Cell(example)


def _rows_to_see(ledger: Ledger) -> Iterator[Row]:
    """Rows that are refused and why, and rows that a person must decide. What a row looks like stands in
    the program only: it may be another sender's, and this file leaves the house."""
    found = ledger.rows.filter(verdict__in=(Verdict.REFUSED, Verdict.LOOKALIKE)).order_by("pk")
    rows = list(found.defer("undo")[:MOST_LISTED])
    if not rows:
        return
    words = showing.verdict_words()
    yield from _block(
        _("Rows that cannot be entered as they are"),
        [
            _("Sheet"),
            pgettext("of a workbook", "Row"),
            pgettext("a row", "Verdict"),
            "",
            "",
            "",
            pgettext("of a row", "Why"),
        ],
    )
    for row in rows:
        is_refused = row.verdict == Verdict.REFUSED
        why = " ".join(map(str, row.evidence)) if is_refused else words[Verdict.LOOKALIKE.value]
        word = Cell(str(Verdict(row.verdict).label), "refused" if is_refused else "asked")
        at = Cell(row.cell, "link", place(row.sheet, row.cell)) if row.part else _row_link(row.sheet, row.row)
        yield [Cell(row.sheet), at, word, None, None, None, Cell(why)]
    yield from _further(found.count() - MOST_LISTED)
    yield []


def _row_link(sheet: str, row: int) -> Cell | None:
    return Cell(str(row), "link", place(sheet, f"A{row}")) if row else None


def _left_out(ledger: Ledger) -> Iterator[Row]:
    if not ledger.skipped:
        return
    yield from _block(
        pgettext("a ledger", "Left out"),
        [_("Sheet"), pgettext("of a workbook", "Row"), "", "", "", "", pgettext("of a row", "Why")],
    )
    for one in ledger.skipped[:MOST_LISTED]:
        where = _row_link(one["sheet"], one["row"]) if one["sheet"] else None
        if one["sheet"] and not one["row"]:
            where = Cell(_("whole sheet"))
        yield [Cell(one["sheet"]), where, None, None, None, None, Cell(one["reason"])]
    yield from _further(len(ledger.skipped) - MOST_LISTED)
    yield []


def _further(n: int) -> Iterator[Row]:
    if n > 0:
        text = ngettext("%(n)s more is shown in the program.", "%(n)s more are shown in the program.", n)
        yield [Cell(text % {"n": n}, "grey")]


def _lost(ledger: Ledger) -> Iterator[Row]:
    if not ledger.lost:
        return
    yield from _block(
        _("In the last ledger, but not in this one"), [_("Sheet then"), _("Row then"), "", _("Name")]
    )
    for one in ledger.lost[:MOST_LISTED]:
        yield [Cell(str(one["sheet"])), Cell(str(one["row"])), None, Cell(str(one["name"]))]
    yield from _further(len(ledger.lost) - MOST_LISTED)
    yield []


def _cells(noted: Sequence[Finding], beyond: int) -> Iterator[Row]:
    yield from _block(
        _("Cells to look at"),
        [
            _("Sheet"),
            _("Cell"),
            pgettext("of a cell", "Field"),
            _("As written"),
            _("As understood"),
            _("State"),
            pgettext("of a cell", "Why"),
        ],
    )
    for one in noted:
        yield [
            Cell(one.sheet),
            Cell(one.cell, "link", place(one.sheet, one.cell))
            if one.letter
            else _row_link(one.sheet, one.row),
            Cell(one.field),
            Cell(one.raw),
            Cell(one.says),
            Cell(str(one.state.label), one.state.value),
            Cell(one.sentence),
        ]
    if not noted:
        yield [Cell(_("None: every cell was read as it stands."), "grey")]
    if beyond > 0:
        text = ngettext(
            "%(n)s further assumed cell carries no note; the program shows it.",
            "%(n)s further assumed cells carry no note; the program shows them.",
            beyond,
        )
        yield [Cell(text % {"n": beyond}, "grey")]


def _block(title: str, heads: Sequence[str]) -> Iterator[Row]:
    yield [Cell(title, "title")]
    yield [Cell(head, "head") if head else None for head in heads]
