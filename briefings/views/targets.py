"""Annual targets: a year's table against its figures, its versions, and the form that revises it."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from briefings import excel, figures, targets
from briefings.figures import Figure, Scope, Window
from briefings.indicators import INDICATORS
from briefings.models import Target
from briefings.target_forms import TargetsForm
from briefings.targets import TARGETED, Progress, Targets
from briefings.views import cards
from briefings.views.posting import taken
from core import clock, exporting, money
from core.pages import page
from core.remembering import memory
from taskforces.models import Mechanism


@allow("briefings.view_figures")
def year(request: HttpRequest) -> HttpResponseBase:
    """`?year=2025`: every target with how far it is, and below how the table came about."""
    today, years = clock.today(), _years()
    asked = request.GET.get("year", str(today.year))
    if asked not in map(str, years):
        raise Http404
    told = memory.recall(("targets", asked, today, get_language()), lambda: _told(int(asked), today))
    if exporting.asked(request):
        rows = [told["city"], *told["forces"], *told["units"]]
        window = _so_far(int(asked), today)
        return exporting.answer(
            request,
            excel.targets(told["columns"], window.rules if window else None),
            rows,
            narrowed=[(_("Year"), asked), *_so_far_in_words(told)],
        )
    return page(request, "briefings/targets.html", {**told, "year": int(asked), "years": years})


def _so_far_in_words(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(_("Done in"), told["window"])] if told["window"] else []


def _years() -> list[int]:
    """From the first mechanism on to the coming year, for which the targets are made."""
    today = clock.today()
    first = Mechanism.objects.order_by("year").values_list("year", flat=True).first() or today.year
    return list(range(min(first, today.year) - 1, today.year + 2))


def _told(year: int, today: datetime.date) -> dict[str, Any]:
    window = _so_far(year, today)
    standing, found = Targets(year), figures.all_scopes(TARGETED, window) if window else {}
    rows = [_row(scope, standing, found.get(scope, {}), window) for scope in targets.scopes_of(year)]
    versions = targets.history(year)
    return {
        "window": cards.months_in_words(window) if window else "",
        "time_percent": _time(window),
        "columns": _columns(),
        "city": rows[0],
        "forces": [row for row in rows if row.kind == "force"],
        "units": [row for row in rows if row.kind == "unit"],
        "is_set": bool(standing.rows),
        "acts": _acts(versions),
        "total": len(versions),
    }


def _so_far(year: int, today: datetime.date) -> Window | None:
    """A past year whole, this one up to today, of a coming one nothing."""
    if year > today.year:
        return None
    return Window.year_to(today if year == today.year else datetime.date(year, 12, 1))


def _time(window: Window | None) -> str:
    if window is None:
        return ""
    return f"{money.half_up(Decimal(window.last_month.month * 100) / targets.MONTHS, 1)}"


@dataclass(frozen=True)
class Cell:
    """A target in ready strings; `shown` is empty where this scope cannot have one."""

    shown: str
    done: str = ""
    url: str = ""
    progress: Progress | None = None


@dataclass(frozen=True)
class Row:
    kind: str
    name: str
    cells: list[Cell]


def _columns() -> list[dict[str, str]]:
    return [
        {"name": str(cards.SHORT_NAMES.get(code, INDICATORS[code].name)), "unit": printed_unit(code)}
        for code in TARGETED
    ]


def printed_unit(code: str) -> str:
    found = INDICATORS[code]
    return _("亿元") if found.is_amount else str(cards.UNITS.get(found.unit, found.unit))


def _row(scope: Scope, standing: Targets, found: Mapping[str, Figure], window: Window | None) -> Row:
    progress = standing.progress(found.values(), window, scope) if window else {}
    return Row(
        targets.key_of(scope).partition(":")[0],
        cards.scope_in_words(scope),
        [
            _cell(code, standing.value(scope, code), progress.get(code), window, scope)
            if targets.may_have(scope, code)
            else Cell("")
            for code in TARGETED
        ],
    )


def _cell(
    code: str, target: Decimal | None, progress: Progress | None, window: Window | None, scope: Scope
) -> Cell:
    shown = money.NO_VALUE if target is None else printed(code, target)
    if progress is None or window is None:
        return Cell(shown)
    done = f"{money.half_up(progress.done_percent, 1)} %"
    return Cell(shown, done, cards.address(code, window, scope), progress)


def printed(code: str, value: Decimal | int | None) -> str:
    """In 亿元 without superfluous noughts, or a whole number."""
    if value is None:
        return money.NO_VALUE
    amount = money.yi(Decimal(value)) if INDICATORS[code].is_amount else Decimal(value)
    return f"{amount.normalize():f}"


def _acts(versions: Iterable[Target]) -> list[dict[str, Any]]:
    """What was entered together, the newest first, in the order of the table."""
    together = groupby(versions, key=lambda one: (one.entered_on, one.by.name, one.reason))
    return [
        {
            "on": on.isoformat(),
            "who": who,
            "reason": reason,
            "versions": [_version(one) for one in reversed(list(rows))],
        }
        for (on, who, reason), rows in together
    ]


def _version(row: Target) -> dict[str, Any]:
    return {
        "scope": cards.scope_in_words(Scope(task_force=row.task_force, unit=row.unit)),
        "indicator": INDICATORS[row.indicator].name,
        "version": row.version,
        "before": printed(row.indicator, row.before),  # type: ignore[attr-defined]
        "after": printed(row.indicator, row.value),
        "unit": printed_unit(row.indicator),
    }


# --- Entering and revising ---------------------------------------------------------------------


@allow("briefings.set_targets")
def revise(request: HttpRequest, year: int) -> HttpResponse:
    """The whole year's table in one form."""
    if year not in _years():
        raise Http404
    user, today, form = user_of(request), clock.today(), TargetsForm(request.POST or None, year=year)

    def act() -> list[Target]:
        return targets.set_year(
            year,
            form.values,
            by=user,
            today=today,
            reason=form.cleaned_data["reason"],
            seen=form.cleaned_data["seen"],
        )

    if taken(request, form, act, told=_("The targets of %(year)d are saved.") % {"year": year}):
        return redirect(f"{reverse('briefings:targets')}?year={year}")
    if request.method == "POST":
        form = form.looked_at_again()
    context = {"form": form, "year": year, "columns": _columns(), "rows": form.rows()}
    return page(request, "briefings/target_form.html", context)
