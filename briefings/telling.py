"""Composing the briefings of a month: figures, tables, lists, and the sentences that say the same.

`tell` gathers for the city, every task force of the year's mechanism and every unit. All figures come
from `briefings.figures`; the lists hold the very rows that those figures count, so that they add up.
The number of queries is the same for one briefing and for all.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from briefings import figures, gathering, passports, targets, wording
from briefings.choices import ScopeKind, Span
from briefings.figures import Figure, Scope
from briefings.indicators import Window, indicator
from briefings.models import Stationery
from core import clock
from core.money import half_up
from core.refusal import Refusal
from projects.choices import Stage
from taskforces.models import Mechanism, ReportingUnit, TaskForce, UnitKind

FORMAT = 2  # of `content`; a published briefing keeps the one it was written in

Plain = dict[str, Any]

# What every briefing prints, in this order; a task force makes no visits and has no such figures.
CODES = (
    "projects_signed",
    "contracted",
    "industrial_100m_projects",
    "contracted_industrial_100m",
    "add_ons",
    "voids",
    "started",
    "produced",
    "visits",
    "visit_targets",
    "projects_served",
    "issues_raised",
    "issues_resolved",
    "stalled_items",
)
# What the table of the batches prints of the month.
ARRIVALS = {stage.value: f"arrived_{stage.value}" for stage in Stage}


class NoMechanism(Refusal):
    """The year has no mechanism: nobody has said which task forces take part."""


@dataclass(frozen=True)
class Telling:
    """One briefing as drafted: whose it is, what it says, and what each figure counted."""

    scope: str
    key: str
    task_force: TaskForce | None
    unit: ReportingUnit | None
    content: Plain
    counted: dict[str, list[int]]


# --- Telling a month -----------------------------------------------------------------------------


def tell(month: datetime.date, *, today: datetime.date, only: Iterable[str] = ()) -> list[Telling]:
    """The briefings of a month as of its last day (or of today, while it runs), in the order of the
    page: the city, the task forces, the units. `only` names some of them by key."""
    until = min(clock.month_end(month), today)
    gathered = Gathered(month, until)
    keys = frozenset(only)
    return [_telling(gathered, place) for place in gathered.places if not keys or place.key in keys]


@dataclass(frozen=True)
class Place:
    """A scope with the key and the names its briefing goes by."""

    kind: str
    key: str
    name: str
    name_en: str
    scope: Scope
    is_new_area: bool = False


class Gathered:
    """Everything the briefings of a month are made of, asked once for all of them."""

    def __init__(self, month: datetime.date, until: datetime.date) -> None:
        self.month, self.until = month, until
        self.mechanism = _mechanism(month.year)
        self.places = _places(self.mechanism)
        self.spans = spans = {Span.YEAR: Window.year_to(month), Span.MONTH: Window.of_month(month)}
        codes = {Span.YEAR: CODES, Span.MONTH: (*CODES, *ARRIVALS.values())}
        self.figures = {span: figures.all_scopes(codes[span], window) for span, window in spans.items()}
        self.counted = {span: figures.counted_ids(codes[span], window) for span, window in spans.items()}
        self.batches = gathering.Batches(self.mechanism, until)
        self.signed = gathering.signed(month)
        self.stalled = gathering.stalled(month, until)
        self.issues = gathering.issues(until)
        self.months = gathering.Months(month)
        self.targets = targets.of_window(spans[Span.YEAR])
        self.names = Stationery.objects.on(until).names


def _mechanism(year: int) -> Mechanism:
    mechanism = Mechanism.objects.filter(year=year).first()
    if mechanism is None:
        raise NoMechanism(
            gettext("Enter the mechanism of %(year)d first: its task forces are told of.") % {"year": year}
        )
    return mechanism


def _places(mechanism: Mechanism) -> list[Place]:
    forces = TaskForce.objects.filter(seats__mechanism=mechanism).order_by("seats__order", "pk")
    return [
        Place(ScopeKind.CITY, "city", "全市", "The city", figures.CITY),
        *(
            Place(ScopeKind.TASK_FORCE, f"force:{f.code}", force_name(f), f.name_en, Scope(task_force=f))
            for f in forces
        ),
        *(
            Place(
                ScopeKind.UNIT,
                f"unit:{u.code}",
                u.name,
                u.name_en,
                Scope(unit=u),
                u.kind == UnitKind.NEW_AREA,
            )
            for u in ReportingUnit.objects.order_by("order", "pk")
        ),
    ]


def force_name(force: TaskForce) -> str:
    """钢铁专班, whether the rows say 钢铁 or 钢铁专班."""
    return force.name if force.name.endswith("专班") else f"{force.name}专班"


def _telling(gathered: Gathered, place: Place) -> Telling:
    about = _about(gathered, place)
    told: Plain = {
        "format": FORMAT,
        "about": about,
        "figures": [_figure_row(gathered, place, code) for code in _codes(gathered, place)],
        "batches": _batch_rows(gathered, place),
        "months": gathered.months.of(place.scope),
        "sources": _sources(gathered, place),
        "targets": _targets(gathered, place.scope),
        "task_forces": _ranking(gathered, ScopeKind.TASK_FORCE),
        "units": _ranking(gathered, ScopeKind.UNIT),
        "total": _columns(*(gathered.figures[span][place.scope] for span in (Span.YEAR, Span.MONTH))),
        "signed": gathering.of(gathered.signed, place.scope),
        "stalled": gathering.of(gathered.stalled, place.scope),
        "issues": gathering.of(gathered.issues, place.scope),
    }
    told["place"] = _standing(told, place)
    if place.kind != ScopeKind.CITY:  # its own standing is told; the tables are the city's to show
        told["task_forces"], told["units"] = [], []
    told["title"] = wording.title(about)
    told["names"] = gathered.names
    told["addressees"] = wording.addressees(about, gathered.names)
    told["opening"] = wording.opening(about)
    told["sections"] = wording.sections(told)
    told["rules"] = _rules(told["figures"])
    return Telling(
        scope=place.kind,
        key=place.key,
        task_force=place.scope.task_force,
        unit=place.scope.unit,
        content=told,
        counted=_counted(gathered, place),
    )


def _about(gathered: Gathered, place: Place) -> Plain:
    month = gathered.month
    return {
        "scope": place.kind,
        "key": place.key,
        "name": place.name,
        "name_en": place.name_en,
        "is_new_area": place.is_new_area,
        "mechanism": gathered.mechanism.name,
        "month": month.isoformat(),
        "until": gathered.until.isoformat(),
        "spans": {
            Span.YEAR.value: {
                "name": "1月" if month.month == 1 else f"1—{month.month}月",
                "name_en": f"{month:%b}" if month.month == 1 else f"Jan–{month:%b}",
            },
            Span.MONTH.value: {"name": f"{month.month}月", "name_en": f"{month:%B}"},
        },
    }


# --- Figures ---------------------------------------------------------------------------------------


def _codes(gathered: Gathered, place: Place) -> list[str]:
    known = gathered.figures[Span.YEAR][place.scope]
    return [code for code in CODES if code in known]


def _figure_row(gathered: Gathered, place: Place, code: str) -> Plain:
    found = indicator(code)
    year, month = (gathered.figures[span][place.scope][code] for span in (Span.YEAR, Span.MONTH))
    return {
        "code": code,
        **_both("name", found.name),
        **_both("formula", found.formula),
        "unit": found.unit,
        "is_stock": found.is_stock,
        "fewer_is_better": found.fewer_is_better,
        Span.YEAR.value: _plain_figure(year),
        Span.MONTH.value: None if found.is_stock else _plain_figure(month),
    }


def _batch_rows(gathered: Gathered, place: Place) -> list[Plain]:
    """The stock of each batch on the last day, and what arrived in the month."""
    month = gathered.figures[Span.MONTH][place.scope]
    return [
        {**row, "arrived": int(month[ARRIVALS[row["batch"]]].value or 0)}
        for row in gathered.batches.of(place.scope)
    ]


def _both(name: str, words: Any) -> Plain:
    """The document's words are Chinese whoever drafts; the page shows its reader's."""
    with translation.override("zh-hans"):
        chinese = str(words)
    with translation.override("en"):
        return {name: chinese, f"{name}_en": str(words)}


def _plain_figure(figure: Figure) -> Plain:
    return {
        "value": _number(figure.value),
        "base": _number(figure.base),
        "yoy": _number(figure.yoy_percent),
    }


def _number(value: Decimal | int | None) -> str | None:
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _counted(gathered: Gathered, place: Place) -> dict[str, list[int]]:
    """What each figure counted, under the keys of `content.values`."""
    codes = {
        Span.YEAR: _codes(gathered, place),
        Span.MONTH: [
            *(code for code in _codes(gathered, place) if not indicator(code).is_stock),
            *ARRIVALS.values(),
        ],
    }
    return gathered.batches.counted(place.scope) | {
        f"{code}:{span.value}": sorted(gathered.counted[span][place.scope].get(code, ()))
        for span, of_span in codes.items()
        for code in of_span
    }


def _targets(gathered: Gathered, scope: Scope) -> dict[str, dict[str, str]]:
    """How far the year's figures are on their way to the annual target, in percent, beside the time."""
    found, window = gathered.figures[Span.YEAR][scope], gathered.spans[Span.YEAR]
    return {
        code: {
            "target": f"{progress.target:f}",
            "done": f"{half_up(progress.done_percent, 1):f}",
            "time": f"{half_up(progress.time_percent, 1):f}",
            "ahead": f"{progress.ahead_points:f}",
        }
        for code, progress in gathered.targets.progress(found.values(), window, scope).items()
        if code in CODES
    }


def _sources(gathered: Gathered, place: Place) -> dict[str, str]:
    """The reference to the passport of each figure, under the keys of `content.values`."""
    return {
        f"{code}:{span.value}": passports.reference(code, window, place.scope)
        for code in _codes(gathered, place)
        for span, window in gathered.spans.items()
    }


def _rules(rows: Sequence[Plain]) -> list[str]:
    """口径说明: how each figure is counted."""
    return [
        *(f"{row['name']}：{row['formula']}" for row in rows),
        "同比：与去年同月份相比，按现行口径计算；去年同期为零的，以“—”表示。",
        "金额：以亿元为单位，按万元累计后四舍五入，分项之和可能不等于总计。",
        "并列：多个报送单位共同引进的项目，全市计一次，各单位均计个数，金额按比例分摊。",
    ]


# --- Ranking tables --------------------------------------------------------------------------------


def _ranking(gathered: Gathered, kind: str) -> list[Plain]:
    """The task forces or the units by contracted investment of the year; equal ones share a rank."""
    places = [place for place in gathered.places if place.kind == kind]
    year, month = gathered.figures[Span.YEAR], gathered.figures[Span.MONTH]
    ranked = sorted(places, key=lambda place: -_decimal(year[place.scope]["contracted"].value))
    amounts = [_decimal(year[place.scope]["contracted"].value) for place in ranked]
    return [
        {
            "rank": amounts.index(amount) + 1,
            "key": place.key,
            "name": place.name,
            "name_en": place.name_en,
            **_columns(year[place.scope], month[place.scope]),
            "done": _done(gathered, place.scope),
        }
        for place, amount in zip(ranked, amounts, strict=True)
    ]


def _done(gathered: Gathered, scope: Scope) -> str | None:
    """The share of the annual target of contracted investment, in percent; None where none is set."""
    found = _targets(gathered, scope).get("contracted")
    return found["done"] if found else None


def _columns(year: Mapping[str, Figure], month: Mapping[str, Figure]) -> Plain:
    """One row of a ranking table; the row of the city under it has the same columns."""
    return {
        "projects_signed": _number(year["projects_signed"].value),
        "contracted": _number(year["contracted"].value),
        "base": _number(year["contracted"].base),
        "yoy": _number(year["contracted"].yoy_percent),
        "month": _number(month["contracted"].value),
        "industrial_100m_projects": _number(year["industrial_100m_projects"].value),
        "contracted_industrial_100m": _number(year["contracted_industrial_100m"].value),
        "started": _number(year["started"].value),
        "stalled_items": _number(year["stalled_items"].value),
    }


def _decimal(value: Decimal | int | None) -> Decimal:
    return Decimal(value or 0)


def _standing(told: Plain, place: Place) -> Plain | None:
    peers = told["task_forces"] if place.kind == ScopeKind.TASK_FORCE else told["units"]
    return next(({"rank": row["rank"], "of": len(peers)} for row in peers if row["key"] == place.key), None)
