"""A passport as a file: what was counted or left out, its parts, and on the last sheet what it says."""

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from briefings import counting_rules, passports
from briefings.excel import listed
from briefings.figures import Figure, Rate
from briefings.passports import Passport
from briefings.views import cards
from briefings.views.left_out import COLUMNS, left_out_line, left_out_ready, left_out_seen_by
from briefings.views.listings import LISTINGS
from core import exporting, money
from core.exporting import Column, Kind, Rows, Sheet

Table = tuple[Sheet, Rows | Sequence[Any]]


def tables(passport: Passport, user: User, *, why: str = "") -> Iterator[Table]:
    """Counted and, where a figure tells it, left out; the first one says what the figure is."""
    yield _counted(passport, user)
    if passport.left_out is not None:
        left_out = passport.left_out.filter(why=why) if why else passport.left_out
        yield _left_out(passport, left_out, user)


def _notes(passport: Passport, hidden: int) -> Iterator[tuple[str, str]]:
    found, window, figure = passport.found, passport.window, passport.figure
    yield _("Passport"), passport.reference or money.NO_VALUE
    yield _("Figure"), str(found.name)
    yield _("How it is counted"), str(found.formula)
    yield _("About"), cards.scope_in_words(passport.scope)
    yield _("Months"), cards.months_in_words(window)
    yield _("As known on"), window.as_known_on.isoformat() if window.as_known_on else _("today")
    yield _("Unit of measure"), found.unit
    yield _("Value"), _value(passport)
    yield _("The same months a year earlier"), _with_unit(figure, figure.base)
    yield _("Counting rules"), window.rules.label or _("tried only")
    for rule, says in counting_rules.in_words(window.rules):
        yield str(rule), str(says)
    if hidden:
        yield _("Not in this file"), _("%(n)s further rows that you may not open") % {"n": hidden}


def _with_unit(figure: Figure, value: Decimal | int | None) -> str:
    printed = cards.printed(figure, value)
    return printed if value is None else f"{printed} {cards.unit_of(figure)}"


def _value(passport: Passport) -> str:
    """As the page prints it; of an amount also what the rows come to, in 万元."""
    found, figure = passport.found, passport.figure
    if isinstance(found, Rate) or not found.is_amount:
        return _with_unit(figure, figure.value)
    return f"{_with_unit(figure, figure.value)} = {passports.exact_words(found, figure.value)} {found.unit}"


def _counted(passport: Passport, user: User) -> Table:
    found = passport.found
    listing = LISTINGS[found.source.name]
    seen = passport.counted.filter(listing.seen_by(user))
    ready = listing.ready(seen).order_by(*listing.order_of(found))
    rows = exporting.each(ready, lambda row: listing.line(row, user, found))
    notes = list(_notes(passport, passport.counted.count() - rows.count))
    return listed(_("Counted"), listing.columns, notes), rows


def _left_out(passport: Passport, left_out: QuerySet[Any], user: User) -> Table:
    ready = left_out_ready(left_out.filter(left_out_seen_by(user))).order_by("signed_on", "pk")
    rows = exporting.each(ready, lambda event: left_out_line(event, user))
    notes = list(_notes(passport, left_out.count() - rows.count))
    return listed(_("Left out"), COLUMNS, notes), rows


def parts(passport: Passport) -> Iterator[Table]:
    """By month and by unit, each with its control sum."""
    kind = Kind.WAN if passport.found.is_amount else Kind.NUMBER
    for title, breakdown in ((_("By month"), passport.by_month()), (_("By unit"), passport.by_unit)):
        if breakdown is not None:
            yield (
                Sheet(
                    title,
                    (
                        Column(_("Part"), lambda line: line[0], width=24),
                        Column(passport.found.unit, lambda line: line[1], kind, 18),
                    ),
                ),
                [
                    *((_named(part), Decimal(figure.value or 0)) for part, figure in breakdown.parts),
                    (_("Control sum"), Decimal(breakdown.total)),
                ],
            )


def _named(part: Any) -> str:
    return f"{part:%Y-%m}" if isinstance(part, datetime.date) else str(part or _("The city itself"))
