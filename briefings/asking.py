"""A question for figures as the shell and the API put it, and its answer as plain data.

Both print the same object: `{code: {value, base, yoy_percent, unit, target, passport}}`, with `by` one
such object for each group. `passport` is the reference that leads to what was counted; `target` says how
far the figure is on its way to the year's target, if it has one and the months begin with January.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from briefings import figures, passports, targets
from briefings.figures import By, Figure, Scope, Window
from briefings.targets import Progress, Targets
from core import money
from core.refusal import Refusal
from projects.models import SigningCeremony
from taskforces.models import ReportingUnit, TaskForce

GROUPS: tuple[By, ...] = ("unit", "task_force", "month", "ceremony")
YEARS = range(2000, 2100)
OF_THE_CITY_ITSELF = "市本级"

Figures = Mapping[str, Figure]


class CannotAsk(Refusal):
    """The question names a month, a unit or a task force that is none."""

    http_status = 400


@dataclass(frozen=True)
class Question:
    window: Window
    scope: Scope
    by: By | None


def question(
    *,
    first: str,
    last: str,
    as_known_on: str | None = None,
    unit: str | None = None,
    task_force: str | None = None,
    by: str | None = None,
) -> Question:
    """Months like 2025-06; a unit and a task force by code or name. Raises CannotAsk."""
    window = Window(month_of(first), month_of(last), _day(as_known_on) if as_known_on else None)
    if window.last_month < window.first_month:
        raise CannotAsk(_("The last month lies before the first."))
    scope = Scope(
        task_force=_named(TaskForce.objects.all(), task_force, ("code", "name", "name_en")),
        unit=_named(ReportingUnit.objects.all(), unit, ("code", "name", "short_name", "name_en")),
    )
    group = next((name for name in GROUPS if name == by), None)
    if by and group is None:
        raise CannotAsk(
            _("“%(text)s” is no breakdown. There are: %(known)s.") % {"text": by, "known": ", ".join(GROUPS)}
        )
    return Question(window, scope, group)


@dataclass(frozen=True)
class Answer:
    """The figures of one group, of which months and whose. A ceremony has no scope: there are no
    passports of its figures."""

    figures: Figures
    window: Window
    scope: Scope | None
    progress: Mapping[str, Progress]

    def passport(self, code: str) -> str | None:
        return passports.reference(code, self.window, self.scope) if self.scope is not None else None


def answers(asked: Question) -> dict[str, Answer]:
    """The figures by the name of their group; without a breakdown under an empty name."""
    year = targets.of_window(asked.window)
    if asked.by is None:
        found = figures.compute(figures.CODES, asked.window, asked.scope)
        return {"": _answer(found, asked.window, asked.scope, year)}
    groups = figures.compute(figures.CODES, asked.window, asked.scope, by=asked.by)
    return _by_name({group: _answer(found, *_place(asked, group), year) for group, found in groups.items()})


def _answer(found: Figures, window: Window, scope: Scope | None, year: Targets) -> Answer:
    progress = {} if scope is None else year.progress(found.values(), window, scope)
    return Answer(found, window, scope, progress)


def _place(asked: Question, group: Any) -> tuple[Window, Scope | None]:
    """The months of a group and whose they are."""
    if isinstance(group, datetime.date):
        return replace(asked.window, first_month=group, last_month=group), asked.scope
    if isinstance(group, TaskForce):
        return asked.window, replace(asked.scope, task_force=group)
    if isinstance(group, ReportingUnit):
        return asked.window, replace(asked.scope, unit=group)
    return asked.window, None


def plain(asked: Question, found: Mapping[str, Answer]) -> dict[str, Any]:
    told = {
        name: {code: _told(of, code, figure) for code, figure in of.figures.items()}
        for name, of in found.items()
    }
    return told[""] if asked.by is None else told


def _told(of: Answer, code: str, figure: Figure) -> dict[str, Any]:
    return {**_plain(figure), "target": _target(of.progress.get(code)), "passport": of.passport(code)}


# --- Reading the question -----------------------------------------------------------------------


def month_of(text: str) -> datetime.date:
    """The month written like 2025-06; raises CannotAsk."""
    if not re.fullmatch(r"\d{4}-\d{2}", text, re.ASCII):
        raise CannotAsk(_("“%(text)s” is no month. Write it like 2025-06.") % {"text": text})
    return _day(f"{text}-01")


def _day(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise CannotAsk(_("“%(text)s” is no day. Write it like 2025-06-30.") % {"text": text}) from None
    if day.year not in YEARS:
        raise CannotAsk(
            _("There are figures of the years 2000 to 2099. Check the year of %(text)s.") % {"text": text}
        )
    return day


def _named(rows: QuerySet[Any], text: str | None, fields: tuple[str, ...]) -> Any:
    """The one row that goes by this code or name."""
    if text is None:
        return None
    wanted = Q()
    for field in fields:
        wanted |= Q(**{f"{field}__iexact": text.strip()})
    found = list(rows.filter(wanted).order_by("order")) if text.strip() else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{row.name} ({row.code})" for row in rows.order_by("order"))
    raise CannotAsk(_("Nothing is called “%(text)s”. There are: %(known)s.") % {"text": text, "known": known})


# --- Writing the answer ----------------------------------------------------------------------------


def _by_name(found: Mapping[Any, Answer]) -> dict[str, Answer]:
    names = [_name(group) for group in found]
    return {
        # Two ceremonies may share a name: then the day tells them apart.
        (
            f"{name}（{group.held_on}）"
            if names.count(name) > 1 and isinstance(group, SigningCeremony)
            else name
        ): f
        for (group, f), name in zip(found.items(), names, strict=True)
    }


def _name(group: Any) -> str:
    if group is None:
        return OF_THE_CITY_ITSELF
    return f"{group:%Y-%m}" if isinstance(group, datetime.date) else str(group.name)


def _plain(figure: Figure) -> dict[str, Any]:
    numbers = {name: _number(getattr(figure, name)) for name in ("value", "base", "yoy_percent")}
    return {**numbers, "unit": figure.unit}


def _target(way: Progress | None) -> dict[str, Any] | None:
    if way is None:
        return None
    return {
        "value": _number(way.target),
        "done_percent": _number(money.half_up(way.done_percent, 1)),
        "time_percent": _number(money.half_up(way.time_percent, 1)),
        "ahead_points": _number(way.ahead_points),
    }


def _number(value: Decimal | int | None) -> int | float | None:
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
