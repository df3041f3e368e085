"""Figures in words, as headline cards and as links to the rows behind them."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from briefings import counting_rules, figures, targets
from briefings.figures import CITY, By, Figure, Rate, Scope, Unit, Window
from briefings.targets import Progress
from core import money
from core.remembering import memory

Number = Decimal | int | None
Found = dict[By | None, dict[object, dict[str, Figure]]]

UNITS = {
    Unit.PROJECTS: pgettext_lazy("unit of a figure", "projects"),
    Unit.VISITS: pgettext_lazy("unit of a figure", "visits"),
    Unit.PARTIES: pgettext_lazy("unit of a figure", "parties"),
    Unit.ISSUES: pgettext_lazy("unit of a figure", "issues"),
    Unit.ITEMS: pgettext_lazy("unit of a figure", "items"),
}

# --- Words --------------------------------------------------------------------------------------


def printed(figure: Figure, value: Number, places: int = 2) -> str:
    """Money in 亿元, a rate with one place, a count as it is, "—" for nothing."""
    if value is None:
        return money.NO_VALUE
    if figure.indicator.is_amount:
        return money.format_yi(Decimal(value), places)
    return str(value) if isinstance(value, int) else f"{money.half_up(value, 1)}"


def unit_of(figure: Figure) -> str:
    return _("亿元") if figure.indicator.is_amount else str(UNITS.get(figure.unit, figure.unit))


def months_in_words(window: Window) -> str:
    """January to June 2025; a single month by itself."""
    first, last = window.first_month, window.last_month
    if first == last:
        return date_format(last, pgettext("date format", "F Y"))
    if first.year == last.year:
        # Translators: the first of several months of one year, "January" of "January to June 2025"
        start = date_format(first, pgettext("first of several months", "F"))
        # Translators: the last of several months of one year, "June 2025" of "January to June 2025"
        end = date_format(last, pgettext("last of several months", "F Y"))
    else:
        start, end = (date_format(month, pgettext("date format", "F Y")) for month in (first, last))
    return _("%(first)s to %(last)s") % {"first": start, "last": end}


def scope_in_words(scope: Scope) -> str:
    names = [str(named) for named in (scope.task_force, scope.unit) if named is not None]
    return " · ".join(names) or _("The whole city")


def address(code: str, window: Window, scope: Scope = CITY, *, route: str = "briefings:counted") -> str:
    """The passport of a figure: its page, with the rows behind it."""
    asked = {"from": f"{window.first_month:%Y-%m}", "to": f"{window.last_month:%Y-%m}"}
    if scope.task_force is not None:
        asked["task_force"] = scope.task_force.code
    if scope.unit is not None:
        asked["unit"] = scope.unit.code
    if window.as_known_on is not None:
        asked["as_known_on"] = window.as_known_on.isoformat()
    if window.rules.label and window.rules != counting_rules.in_force(window.last_day):
        asked["rules"] = window.rules.label
    return f"{reverse(route, args=[code])}?{urlencode(asked)}"


# --- Headline cards --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """What `parts/_kpi.html` shows of one figure."""

    code: str
    title: str
    value: str
    unit: str
    url: str
    compared: str
    side: str = ""
    yoy: Decimal | None = None
    good: str = "up"
    delta: str = ""
    mood: str = "flat"
    trend: Sequence[float] = ()
    progress: Progress | None = None


SHORT_NAMES = {"contracted_industrial_100m": gettext_lazy("Industrial projects of ¥100m and more")}
HEADLINES = ("contracted", "contracted_industrial_100m", "start_rate", "stalled_items")
# Read with them, for what stands beside them.
BESIDE = ("projects_signed", "industrial_100m_projects", "signed_started")


def headlines(today: datetime.date, scope: Scope = CITY, known_on: datetime.date | None = None) -> Found:
    """The headline figures of the year to this month: whole, month by month, by task force."""
    window = Window.year_to(today, known_on)
    return memory.recall(
        ("headlines", window, tuple(scope.narrowed_by.items())),
        lambda: figures.together((*HEADLINES, *BESIDE), window, scope, by=(None, "month", "task_force")),
    )


def cards(found: Found, window: Window, scope: Scope = CITY) -> list[Card]:
    """The four headline cards."""
    progress = memory.recall(
        ("progress", window, tuple(scope.narrowed_by.items())),
        lambda: targets.progress(found[None][None].values(), window, scope),
    )
    return [replace(card(code, found, window, scope), progress=progress.get(code)) for code in HEADLINES]


def card(code: str, found: Found, window: Window, scope: Scope = CITY) -> Card:
    """One figure as a card; `found` holds what stands `BESIDE` it too."""
    whole = found[None][None]
    figure = whole[code]
    sides = {
        "contracted": _("%(count)s projects") % {"count": whole["projects_signed"].value},
        "contracted_industrial_100m": _("%(count)s projects")
        % {"count": whole["industrial_100m_projects"].value},
        "start_rate": _("%(started)s of %(signed)s newly signed")
        % {"started": whole["signed_started"].value, "signed": whole["projects_signed"].value},
    }
    base = printed(figure, figure.base, 1)
    # Where a percentage of change says nothing (rates, nought a year ago) last year's value stands alone.
    changed = figure.yoy_percent is not None
    alone = "" if changed else _("last year %(base)s") % {"base": base}
    return Card(
        code=code,
        title=str(SHORT_NAMES.get(code, figure.indicator.name)),
        value=printed(figure, figure.value, 1),
        unit=unit_of(figure),
        url=address(code, window, scope),
        compared=_("year on year · last year %(base)s") % {"base": base} if changed else "",
        side=" · ".join(filter(None, (alone, sides.get(code)))),
        yoy=figure.yoy_percent,
        good="down" if figure.indicator.fewer_is_better else "up",
        trend=_trend(code, found),
    )


def _trend(code: str, found: Found) -> list[float]:
    """The months so far; a rate has none, because what was signed last has hardly had time to start."""
    if isinstance(figures.indicator(code), Rate):
        return []
    return [float(of_month[code].value or 0) for of_month in found["month"].values()]
