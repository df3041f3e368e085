"""The dashboard 驾驶舱: the year so far in one look, beside last year, the year's targets and its time."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from accounts.access import allow
from briefings import figures, targets
from briefings.figures import CITY, Figure, Scope, Window
from briefings.targets import Progress, Targets
from briefings.views import cards
from core import clock, money
from core.pages import page
from core.remembering import memory
from projects.choices import Stage
from projects.forms.fields import DayField, MonthField
from taskforces.models import ReportingUnit, TaskForce

HEADLINES = (
    "contracted",
    "contracted_industrial_100m",
    "projects_signed",
    "started",
    "produced",
    "invested",
    "issues_resolved",
    "stalled_items",
)
# What the two tables say of each task force and unit.
COLUMNS = ("contracted", "projects_signed", "started", "stalled_items")
CONVERSION = tuple(
    "signing_rate" if stage == Stage.NEGOTIATION else f"conversion_{stage.value}"
    for stage in Stage
    if stage != Stage.FULL_CAPACITY
)
REFRESHED = 300  # seconds: a wall screen asks again by itself


class Question(forms.Form):
    """`?month=2025-06&as_known_on=2025-07-05`: from January to that month."""

    month = MonthField(label=gettext_lazy("From January to"))
    as_known_on = DayField(
        required=False,
        label=gettext_lazy("As known on"),
        help_text=gettext_lazy("Only what was verified and recorded by then."),
    )

    def __init__(self, data: Mapping[str, Any], today: datetime.date) -> None:
        super().__init__({"month": f"{today:%Y-%m}", **data})

    @property
    def window(self) -> Window:
        return Window.year_to(self.cleaned_data["month"], self.cleaned_data["as_known_on"])


@allow("briefings.view_figures")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Headlines with year on year and targets, months, conversion, task forces and units.

    `?wall=1` shows the same large, without menus, for a screen on the wall.
    """
    is_wall = "wall" in request.GET
    form = Question(request.GET.dict(), clock.today())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        question = ("dashboard", form.window, get_language())
        context |= memory.recall(question, lambda: _answer(form.window))
    status = 200 if form.is_valid() else 422
    if not is_wall:
        return page(request, "briefings/dashboard.html", context, status=status)
    response = page(request, "briefings/wall.html", context, status=status)
    response["Refresh"] = str(REFRESHED)
    return response


def _answer(window: Window) -> dict[str, Any]:
    found = figures.together(
        {*HEADLINES, *cards.BESIDE, *CONVERSION}, window, by=(None, "month", "task_force")
    )
    of_units = figures.compute(COLUMNS, window, by="unit")
    year, whole = targets.of_window(window), found[None][None]
    return {
        "months": cards.months_in_words(window),
        "known_on": window.as_known_on,
        "time": f"{money.half_up(Decimal(window.last_month.month * 100) / targets.MONTHS, 1)}",
        "goals": _goals(found, year, window),
        "charts": [
            ("by-month", _by_month(found["month"], year, window)),
            ("conversion", _conversion(whole, window)),
        ],
        "tables": [
            (_("Task forces"), _rows(found["task_force"].items(), year, window)),
            (_("Counties and new districts"), _rows(of_units.items(), year, window)),
        ],
    }


# --- Headlines ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """A headline card with how far it is on its way to the year's target, if it has one."""

    card: cards.Card
    progress: Progress | None
    target: str = ""

    @property
    def done(self) -> str:
        return f"{money.half_up(self.progress.done_percent, 1)}" if self.progress else ""


def _goals(found: cards.Found, year: Targets, window: Window) -> list[Goal]:
    whole = found[None][None]
    progress = year.progress(whole.values(), window)
    goals = []
    for code in HEADLINES:
        card, way = cards.card(code, found, window), progress.get(code)
        goals.append(Goal(card, way, _target(whole[code], way.target) if way else ""))
    return goals


def _target(figure: Figure, target: Decimal) -> str:
    return cards.printed(figure, target if figure.indicator.is_amount else int(target), 1)


# --- Charts ---------------------------------------------------------------------------------------


def _by_month(months: Mapping[Any, dict[str, Figure]], year: Targets, window: Window) -> dict[str, Any]:
    """Added up from January: this year, last year, and the straight way to the target."""
    target = year.value(CITY, "contracted")
    of_month = [found["contracted"] for found in months.values()]
    series: list[dict[str, Any]] = [
        {
            "name": str(window.last_month.year - 1),
            "values": _added_up(f.base for f in of_month),
            "pale": True,
        },
        {"name": str(window.last_month.year), "values": _added_up(f.value for f in of_month)},
    ]
    if target:
        way = [money.format_yi(target * month.month / targets.MONTHS) for month in months]
        series.append({"name": _("On time for the target"), "values": way, "kind": "line", "dashed": True})
    return {
        "title": _("Contracted investment, added up from January"),
        "unit": _("亿元"),
        "label": _("Month"),
        "kind": "bar",
        "categories": [date_format(month, pgettext("month in a chart", "M")) for month in months],
        "series": series,
        "links": [cards.address("contracted", Window.year_to(month, window.as_known_on)) for month in months],
    }


def _added_up(values: Iterable[cards.Number]) -> list[str]:
    total, sums = Decimal(0), []
    for value in values:
        total += Decimal(value or 0)
        sums.append(money.format_yi(total))
    return sums


def _conversion(whole: Mapping[str, Figure], window: Window) -> dict[str, Any]:
    shares = [whole[code] for code in CONVERSION]
    stages = [stage for stage in Stage if stage != Stage.FULL_CAPACITY]

    def percents(values: Iterable[cards.Number]) -> list[float | None]:
        return [None if value is None else float(money.half_up(Decimal(value), 1)) for value in values]

    return {
        "title": _("Moved on to a later batch"),
        "unit": "%",
        "label": _("Batch"),
        "kind": "bar",
        "horizontal": True,
        "categories": [str(stage.label) for stage in stages],
        "series": [
            {
                "name": str(window.last_month.year - 1),
                "values": percents(f.base for f in shares),
                "pale": True,
            },
            {"name": str(window.last_month.year), "values": percents(f.value for f in shares)},
        ],
        "links": [cards.address(code, window) for code in CONVERSION],
    }


# --- Task forces and units --------------------------------------------------------------------------


def _rows(
    groups: Iterable[tuple[Any, dict[str, Figure]]], year: Targets, window: Window
) -> list[dict[str, Any]]:
    """The largest contracted investment first; equal amounts stay in the order of the mechanism."""
    rows = [_row(group, found, year, window) for group, found in groups if group is not None]
    return sorted(rows, key=lambda row: row["amount"], reverse=True)


def _row(
    group: TaskForce | ReportingUnit, found: Mapping[str, Figure], year: Targets, window: Window
) -> dict[str, Any]:
    scope = Scope(task_force=group) if isinstance(group, TaskForce) else Scope(unit=group)
    way = year.progress(found.values(), window, scope).get("contracted")
    return {
        "name": str(group),
        "amount": found["contracted"].value or 0,
        "yoy": found["contracted"].yoy_percent,
        "done": f"{money.half_up(way.done_percent, 1)}" if way else "",
        "progress": way,
        "cells": [
            (cards.printed(found[code], found[code].value, 1), cards.address(code, window, scope))
            for code in COLUMNS
        ],
    }
