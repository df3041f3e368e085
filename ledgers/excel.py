"""The lists of this app as files: their columns, as the pages show them."""

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.exporting import Column, Kind, Sheet
from ledgers import declaring, meanings, showing
from ledgers.choices import State
from ledgers.declaring import Field
from ledgers.models import Ledger, LedgerRow
from ledgers.showing import Line

Row = dict[str, Any]


# --- Ledgers that were handed in ----------------------------------------------------------------------


def _found(row: Row) -> str:
    return " · ".join(f"{label} {n}" for label, n in row["counts"])


LEDGERS = Sheet(
    _("Ledgers handed in"),
    (
        Column(_("Ledger"), lambda row: row["ledger"].file.name, width=34),
        Column(_("Whose ledger it is"), lambda row: row["ledger"].sender, width=18),
        Column(_("Kind of ledger"), lambda row: str(row["kind"]), width=18),
        Column(_("State"), lambda row: row["ledger"].get_state_display(), width=14),
        Column(_("What was found in it"), _found, width=36),
        Column(_("Cells that are asked"), lambda row: row["asked"] or None, Kind.NUMBER, 12),
        Column(_("Handed in"), lambda row: row["ledger"].handed_in_at, Kind.MOMENT, 18),
        Column(_("Handed in by"), lambda row: row["ledger"].handed_in_by.name, width=12),
    ),
)

ANSWERS = Sheet(
    _("What was answered"),
    (
        Column(_("In the ledger"), lambda row: row["answer"].raw, width=26),
        Column(_("What was asked"), lambda row: str(row["asked"]), width=18),
        Column(pgettext_lazy("of a ledger", "Column"), lambda row: str(row["field"]), width=18),
        Column(_("Means"), lambda row: str(row["means"]), width=26),
        Column(_("Whose ledger it is"), lambda row: row["answer"].sender, width=18),
        Column(_("Where it holds"), itemgetter("reach"), width=34),
        Column(_("Answered by"), lambda row: row["answer"].given_by.name, width=12),
        Column(_("Answered at"), lambda row: row["answer"].given_at, Kind.MOMENT, 18),
        Column(
            _("Revoked by"),
            lambda row: row["answer"].revoked_by.name if row["answer"].revoked_by else None,
            width=12,
        ),
        Column(_("Revoked at"), lambda row: row["answer"].revoked_at, Kind.MOMENT, 18),
    ),
)


# --- The rows of one ledger -----------------------------------------------------------------------------


def fields_of(kind: declaring.Kind, rows: QuerySet[LedgerRow]) -> list[Field]:
    """As `showing.columns`, for any number of rows: the database looks, field by field."""
    return [field for field in kind.fields if rows.filter(cells__has_key=field.name).exists()]


def rehearsed(fields: Sequence[Field], ledger: Ledger) -> Sheet:
    """What every row of a ledger was understood to say, what it is, and what needs eyes.

    The rows are `showing.Line`s. What was written stands in the sender's own workbook; a cell that was
    not simply read is told here with its reason.
    """
    return Sheet(
        _("Rows of a ledger"),
        (
            Column(_("Row of the ledger"), lambda line: str(line.row), width=18),
            Column(_("What it is"), lambda line: line.verdict, width=12),
            *(_column(field, place) for place, field in enumerate(fields)),
            Column(_("What differs from the books"), _lines_of("changes"), width=40),
            Column(_("Why it is so"), _lines_of("evidence"), width=40),
            Column(_("Cells that were not simply read"), _looked_at, width=60),
            Column(_("What was decided"), lambda line: line.decision, width=12),
        ),
        [
            (_("Whose ledger it is"), ledger.sender),
            (_("Ledger"), ledger.file.name),
            (_("State"), ledger.get_state_display()),
        ],
    )


def _lines_of(name: str) -> Callable[[Line], str]:
    return lambda line: "\n".join(getattr(line, name))


def _looked_at(line: Line) -> str:
    cells = [cell for cell in line.cells if cell and cell.state != State.SURE]
    return "\n".join(
        gettext("%(field)s, %(state)s: “%(raw)s” %(sentence)s")
        % {"field": cell.label, "state": cell.word, "raw": cell.raw, "sentence": cell.sentence}
        for cell in cells
    )


def _column(field: Field, place: int) -> Column:
    if field.is_money:
        head = gettext("%(head)s (%(unit)s)") % {"head": field.label, "unit": "万元"}
        return Column(head, _said(place, _amount), Kind.WAN, 14)
    if field.read in (meanings.day, meanings.planned_day):
        return Column(field.label, _said(place, _day), Kind.DAY, 13)
    return Column(field.label, _said(place, str), width=26 if field.is_key else 16)


def _said(place: int, made: Callable[[str], Any]) -> Callable[[Line], Any]:
    """What a cell was understood to say; nothing where it says nothing yet."""

    def said(line: Line) -> Any:
        cell = line.cells[place]
        return made(cell.says) if cell and cell.says != showing.NOTHING else None

    return said


def _amount(says: str) -> Decimal | str:
    try:
        return Decimal(says.replace(",", ""))
    except InvalidOperation:
        return says


def _day(says: str) -> datetime.date | str:
    try:
        return datetime.date.fromisoformat(says)
    except ValueError:
        return says
