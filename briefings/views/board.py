"""The board 9×7: every task force in every batch, and every number opens."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from briefings import board as boards
from briefings import excel
from briefings.board import NOTHING, ON_BOARD, Cell, Cells, Frame
from briefings.figures import Figure, Scope, Window
from briefings.views import cards
from briefings.waiting import waiting_for
from core import clock, exporting, money
from core.pages import of_year, page
from core.remembering import memory
from core.templatetags.ui import chosen
from projects.choices import Stage
from projects.forms.fields import DayField
from taskforces.models import Mechanism, TaskForce

BESIDE = 6  # so many of what waits for me stand beside the board


@dataclass(frozen=True)
class Shown:
    """A cell in ready strings; without an address where the person may not open what it counts."""

    count: int
    amount: Decimal
    printed: str
    url: str


@allow("briefings.view_board")
def board(request: HttpRequest) -> HttpResponseBase:
    """What stands in each batch, or (`?view=arrivals`) what has come into it in a month; of a past year
    (`?year=2025`) as it was at its end, under that year's mechanism; with `?as_known_on=2025-07-05` as it
    was and was known on that day."""
    user, today = user_of(request), clock.today()
    is_arrivals = request.GET.get("view") == "arrivals"
    year = _asked_year(request, today)
    day = today if year == today.year else datetime.date(year, 12, 31)
    form = KnownOn(request.GET, today)
    known_on = form.cleaned_data["as_known_on"] if form.is_valid() else None
    if known_on is not None:
        year, day = known_on.year, known_on
    question = ("board", user.pk, is_arrivals, today, day, known_on, get_language())
    context = memory.recall(
        question, lambda: _context(user, today, day, known_on=known_on, is_arrivals=is_arrivals)
    )
    if exporting.asked(request):
        return _exported(request, context, form)
    shown = {"year": year, "is_past": day != today, "form": form, "known_on": known_on}
    return page(of_year(request, year), "briefings/board.html", {**context, **shown})


def _exported(request: HttpRequest, context: dict[str, Any], form: forms.Form) -> HttpResponseBase:
    """The board of the page; the last row is the city's."""
    rows = [
        *({"name": row["name"], "cells": [*row["cells"], row["total"]]} for row in context["rows"]),
        {"name": _("The whole city"), "cells": context["totals"]},
    ]
    what = _("Arrivals of the month") if context["is_arrivals"] else _("Count and amount")
    narrowed = [(_("What the board shows"), what), (_("Day"), context["today"]), *chosen(form, request.GET)]
    title = " ".join(str(word) for word in (context["mechanism"], _("Board")) if word)
    sheet = excel.board(title, context["stages"], context["rules"])
    return exporting.answer(request, sheet, rows, narrowed=narrowed)


class KnownOn(forms.Form):
    """As known on which past day: `?as_known_on=2025-07-05`."""

    as_known_on = DayField(required=False, label=gettext_lazy("As known on"))

    def __init__(self, data: QueryDict, today: datetime.date) -> None:
        super().__init__(data)
        self.fields["as_known_on"].not_after = today  # type: ignore[attr-defined]


def _asked_year(request: HttpRequest, today: datetime.date) -> int:
    asked = request.GET.get("year", "")
    return next((year for year in (_years(today) if asked else ()) if str(year) == asked), today.year)


def _years(today: datetime.date) -> list[int]:
    """The years that have a mechanism, up to this one."""
    known = Mechanism.objects.filter(year__lte=today.year).order_by("year")
    return list(known.values_list("year", flat=True))


def _context(
    user: User, today: datetime.date, day: datetime.date, *, known_on: datetime.date | None, is_arrivals: bool
) -> dict[str, Any]:
    month, is_past = clock.month_start(day), day != today or known_on is not None
    if is_arrivals:
        cells = boards.arrivals(month, known_on)
    elif is_past:
        cells = boards.standing_at(day, known_on)
    else:
        cells = memory.recall("standing", boards.standing)
    frame = boards.frame(day.year, cells)
    addresses = _Addresses(Window.of_month(month, known_on) if is_arrivals or is_past else None, is_arrivals)
    found, window = cards.headlines(day, known_on=known_on), Window.year_to(day, known_on)
    return {
        "is_arrivals": is_arrivals,
        "years": _years(today),
        "month": month,
        "today": day,
        "mechanism": frame.mechanism,
        "months": cards.months_in_words(window),
        "rules": window.rules,
        "cards": cards.cards(found, window),
        "stages": [frame.labels[stage] for stage in Stage.values],
        "rows": _rows(user, frame, cells, addresses),
        "totals": _totals(user, cells, addresses),
        "most": max((cell.amount for cell in cells.values()), default=0),
        "waiting": waiting_for(user, today),
        "shown": BESIDE,
        "charts": _charts(found, window, day) if cells else [],
    }


# --- Cells --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Addresses:
    """Where a cell leads: to the project list, to the moves of a month, or to what stood at its end."""

    month: Window | None
    is_arrivals: bool

    def of(self, force: TaskForce | None, stage: str) -> str:
        if self.month is not None:
            code = f"{'arrived' if self.is_arrivals else 'standing'}_{stage}"
            return cards.address(code, self.month, Scope(task_force=force)) if stage else ""
        asked: list[tuple[str, str]] = [("status", status) for status in ON_BOARD]
        if force is not None:
            asked.append(("task_force", force.code))
        if stage:
            asked.append(("stage", stage))
        return f"{reverse('projects:list')}?{urlencode(asked)}"


def _shown(cell: Cell, url: str) -> Shown:
    printed = (
        _("%(amount)s 亿") % {"amount": money.format_yi(cell.amount, 1)} if cell.amount else money.NO_VALUE
    )
    return Shown(cell.count, cell.amount, printed, url if cell.count else "")


def _sum(cells: Sequence[Cell]) -> Cell:
    return sum(cells, NOTHING)


def _rows(user: User, frame: Frame, cells: Cells, addresses: _Addresses) -> list[dict[str, Any]]:
    rows = []
    for force in frame.task_forces:
        of_force = {stage: cells.get((force.pk, stage), NOTHING) for stage in Stage.values}
        whole = all(boards.may_open(user, force, stage) for stage, cell in of_force.items() if cell.count)
        rows.append(
            {
                "name": str(force),
                "cells": [
                    _shown(cell, addresses.of(force, stage) if boards.may_open(user, force, stage) else "")
                    for stage, cell in of_force.items()
                ],
                "total": _shown(_sum(list(of_force.values())), addresses.of(force, "") if whole else ""),
            }
        )
    return rows


def _totals(user: User, cells: Cells, addresses: _Addresses) -> list[Shown]:
    """The city's sums by batch and, last, of everything; they open for who sees the whole city."""
    sees_all = boards.may_open_all(user)
    columns = [
        (stage, _sum([cell for (_force, of), cell in cells.items() if of == stage])) for stage in Stage.values
    ]
    columns.append(("", _sum(list(cells.values()))))
    return [_shown(cell, addresses.of(None, stage) if sees_all else "") for stage, cell in columns]


# --- Charts -------------------------------------------------------------------------------------


def _charts(found: cards.Found, window: Window, today: datetime.date) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("by-month", _by_month(found["month"], today)),
        ("by-force", _by_force(found["task_force"], window)),
    ]


def _yi(value: Decimal | int | None) -> str:
    return money.format_yi(Decimal(value or 0))


def _by_month(months: dict[Any, dict[str, Figure]], today: datetime.date) -> dict[str, Any]:
    of_month = [found["contracted"] for found in months.values()]
    return {
        "title": _("Contracted investment by month"),
        "unit": _("亿元"),
        "label": _("Month"),
        "kind": "bar",
        # Translators: Django date format of a month under a chart, e.g. "Jan"
        "categories": [date_format(month, pgettext("month in a chart", "M")) for month in months],
        "series": [
            {"name": str(today.year - 1), "values": [_yi(f.base) for f in of_month], "pale": True},
            {"name": str(today.year), "values": [_yi(f.value) for f in of_month]},
        ],
        "links": [cards.address("contracted", Window.of_month(month)) for month in months],
    }


def _by_force(forces: dict[Any, dict[str, Figure]], window: Window) -> dict[str, Any]:
    ranked = sorted(forces.items(), key=lambda row: row[1]["contracted"].value or 0, reverse=True)
    of_force, year = [found["contracted"] for _force, found in ranked], window.last_month.year
    return {
        "title": _("Contracted investment by task force"),
        "unit": _("亿元"),
        "label": _("Task force"),
        "kind": "bar",
        "horizontal": True,
        "categories": [str(force) for force, _found in ranked],
        "series": [
            {"name": str(year - 1), "values": [_yi(figure.base) for figure in of_force], "pale": True},
            {"name": str(year), "values": [_yi(figure.value) for figure in of_force]},
        ],
        "links": [cards.address("contracted", window, Scope(task_force=force)) for force, _found in ranked],
    }
