"""A passport as an Excel file: what it says, what was counted, what was left out, its parts.

Text is written as text, whatever it begins with: no cell of a foreign ledger becomes a formula.
"""

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from briefings import counting_rules, figures, passports
from briefings.figures import Rate
from briefings.passports import Passport
from briefings.views import cards
from briefings.views.left_out import COLUMNS, left_out_line, left_out_ready, left_out_seen_by
from briefings.views.listings import LISTINGS, Column, Line
from core import money
from core.xlsx import Cell, Head, Sheet
from core.xlsx import workbook as written


def file_name(passport: Passport) -> str:
    return f"{passport.reference or passport.found.code}.xlsx"


def workbook(passport: Passport, user: User) -> bytes:
    sheets = [_cover(passport), _counted(passport, user)]
    if passport.left_out is not None:
        sheets.append(_left_out(passport, user))
    return written([*sheets, *_parts(passport)])


def _cover(passport: Passport) -> Sheet:
    found, window, figure = passport.found, passport.window, passport.figure
    lines: list[tuple[str, Cell]] = [
        (_("Passport"), passport.reference or money.NO_VALUE),
        (_("Figure"), str(found.name)),
        (_("How it is counted"), str(found.formula)),
        (_("About"), cards.scope_in_words(passport.scope)),
        (_("Months"), cards.months_in_words(window)),
        (_("As known on"), window.as_known_on or _("today")),
        (_("Unit of measure"), found.unit),
        (
            _("Value"),
            passports.exact_words(found, figure.value)
            if not isinstance(found, Rate)
            else cards.printed(figure, figure.value),
        ),
        (_("The same months a year earlier"), cards.printed(figure, figure.base)),
        (_("Counting rules"), window.rules.label or _("tried only")),
        *counting_rules.in_words(window.rules),
    ]
    return Sheet(_("Passport"), (Head(_("What"), 24), Head(_("Says"), 80)), lines)


def _counted(passport: Passport, user: User) -> Sheet:
    found = passport.found
    listing = LISTINGS[found.source.name]
    seen = passport.counted.filter(listing.seen_by(user))
    ready = listing.ready(seen).order_by(*listing.order_of(found))
    rows = [
        _cells(
            listing.columns,
            listing.line(row, user, found),
            figures.in_wan(row.part) if found.is_amount else None,
        )
        for row in ready
    ]
    rows += _rest(passport.counted.count() - len(rows))
    return Sheet(_("Counted"), _heads(listing.columns), rows)


def _left_out(passport: Passport, user: User) -> Sheet:
    assert passport.left_out is not None
    ready = left_out_ready(passport.left_out.filter(left_out_seen_by(user))).order_by("signed_on", "pk")
    rows = [_cells(COLUMNS, left_out_line(event, user), event.amount) for event in ready]
    rows += _rest(passport.left_out.count() - len(rows))
    return Sheet(_("Left out"), _heads(COLUMNS), rows)


def _rest(hidden: int) -> list[list[Any]]:
    """One line for what the reader may not open."""
    return [[_("%(n)s further rows that you may not open") % {"n": hidden}]] if hidden > 0 else []


def _heads(columns: Iterable[Column]) -> list[Head]:
    return [Head(str(column.label), 14 if column.is_number else 20) for column in columns]


def _cells(columns: Sequence[Column], line: Line, amount: Decimal | None) -> list[Any]:
    cells: list[Any] = []
    for column, cell in zip(columns, line, strict=True):
        words = "；".join(filter(None, (cell.text, cell.tag, cell.sub)))
        cells.append(amount if column.is_number and amount is not None else words)
    return cells


def _parts(passport: Passport) -> list[Sheet]:
    shown = ((_("By month"), passport.by_month()), (_("By unit"), passport.by_unit))
    return [
        Sheet(
            title,
            (Head(_("Part"), 24), Head(passport.found.unit, 18)),
            [
                *((_named(part), Decimal(figure.value or 0)) for part, figure in breakdown.parts),
                (_("Control sum"), Decimal(breakdown.total)),
            ],
        )
        for title, breakdown in shown
        if breakdown is not None
    ]


def _named(part: Any) -> str:
    return f"{part:%Y-%m}" if isinstance(part, datetime.date) else str(part or _("The city itself"))
