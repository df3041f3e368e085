"""The ranking of counties, districts and new districts for a half-year, by which a host is found.

Four components, each in points from 0 to 100, weighted by the rule in force (`RankingRule`):

- *mean monthly rank*: 100 for a unit that is first in every month, 0 for one that is last in every
  month; months are ranked by one indicator, equal figures share a rank;
- *conversion*: a rate of `briefings.indicators`, over the twelve months that end with the last assessed;
- *issues solved on time*: of the issues that fell due in these months, those resolved by their due day;
- *data quality*: the mean of two shares: of the contract events the bureau decided on in these months,
  those verified at first sight, before their month was closed, and not corrected since; of the progress
  reports due of these months (`briefings.reports`), those handed in by their last day.

Assessed are the months of the half-year that have ended. A unit without anything to measure in a
component is ranked by the others (`briefings.weighing`). Rule and proportions: proposal of the field
study, 现场会 host score; the city's own rule goes before it.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.models import Issue
from briefings import figures, reports, timetable, weighing
from briefings.figures import Window
from briefings.models import HostChoice, OnSiteMeeting, Period, RankingRule, Veto
from core import clock
from core.refusal import Refusal
from projects.choices import EventKind, Verdict
from projects.models import ContractEvent
from taskforces.models import ReportingUnit

CONVERSION_MONTHS = 12
HOSTED_WITHIN_MONTHS = 12
HOSTED = "hosted"


class CannotRank(Refusal):
    """No month of the half-year has ended."""


class Component(models.TextChoices):
    """In the order of `RankingRule.weights`."""

    RANK = "rank", gettext_lazy("Mean monthly rank")
    CONVERSION = "conversion", gettext_lazy("Conversion")
    ISSUES = "issues", gettext_lazy("Issues solved on time")
    QUALITY = "quality", gettext_lazy("Data quality")


MEANINGS = {
    Component.RANK: gettext_lazy(
        "Each month all units are ranked by the indicator of the rule; equal figures share a rank. The mean"
        " of the ranks gives 100 points for being first in every month and 0 for being last in every month."
    ),
    Component.CONVERSION: gettext_lazy(
        "The rate of the rule over the twelve months that end with the last assessed one: one point for each"
        " percent."
    ),
    Component.ISSUES: gettext_lazy(
        "Of the issues of the unit's projects that fell due in these months, those resolved on or before"
        " their due day. What is still open after its due day counts as not solved on time."
    ),
    Component.QUALITY: gettext_lazy(
        "The mean of two shares. Of the contract events of the unit's projects that the bureau decided on in"
        " these months: those verified at first sight (not returned), before their month was closed, and not"
        " corrected since. Of the progress reports due of these months: those handed in by their last day;"
        " months of which nobody in the city reported are left out."
    ),
}


@dataclass(frozen=True)
class MonthRank:
    """A unit's place in one month, by what figure."""

    month: datetime.date
    value: Decimal
    place: int


@dataclass(frozen=True)
class Part:
    """One component of one unit: its points, and what is behind them.

    `part` of `whole` are counts; `rows` are the ids of the issues or contract events that were looked
    at, `good` those of them that count for the unit.
    """

    points: Fraction | None = None
    part: int = 0
    whole: int = 0
    rows: tuple[int, ...] = ()
    good: tuple[int, ...] = ()
    months: tuple[MonthRank, ...] = ()
    # Of the data quality: progress reports handed in by their last day, of those due.
    reported: int = 0
    to_report: int = 0

    @property
    def mean_place(self) -> Fraction | None:
        if not self.months:
            return None
        return Fraction(sum(month.place for month in self.months), len(self.months))


@dataclass(frozen=True)
class Bar:
    """What keeps a unit from hosting: a veto (its kind), or that it hosted of late."""

    kind: str
    on: datetime.date
    words: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a unit stands. One that is barred, or of which nothing can be measured, has no place."""

    unit: ReportingUnit
    parts: Mapping[str, Part]
    bars: tuple[Bar, ...]
    score: Fraction | None
    place: int | None

    @property
    def points(self) -> tuple[Fraction | None, ...]:
        return tuple(self.parts[component].points for component in Component)


@dataclass(frozen=True)
class Ranking:
    """The units in their order, those without a place last; with the rule and the months assessed."""

    first_month: datetime.date
    last_month: datetime.date
    rule: RankingRule
    standings: tuple[Standing, ...]
    taken_on: datetime.date = field(compare=False)

    @property
    def window(self) -> Window:
        return Window(self.first_month, self.last_month)

    @property
    def conversion_window(self) -> Window:
        return _conversion_window(self.last_month)

    @property
    def eligible(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.place is not None]

    @property
    def first(self) -> list[Standing]:
        """One unit, or several with the same score."""
        return [standing for standing in self.standings if standing.place == 1]

    def of(self, unit_id: int) -> Standing:
        """Raises LookupError for a unit that is not ranked."""
        for standing in self.standings:
            if standing.unit.pk == unit_id:
                return standing
        raise LookupError(unit_id)

    @cached_property
    def sensitivity(self) -> weighing.Sensitivity:
        """Of the units that may host."""
        points = {standing.unit.pk: standing.points for standing in self.standings if not standing.bars}
        rule = self.rule
        return weighing.sensitivity(points, rule.weights, spread=rule.spread, step=rule.step)


# --- Taking it ----------------------------------------------------------------------------------


def rule_on(day: datetime.date) -> RankingRule:
    """The rule in force on a day; the proposal of the field study where the bureau has set none."""
    rules = RankingRule.objects.filter(effective_from__lte=day).order_by("-effective_from", "-pk")
    return rules.first() or RankingRule(effective_from=datetime.date(2024, 1, 1))


def of_meeting(meeting: OnSiteMeeting, *, today: datetime.date) -> Ranking:
    """As it was when the host was chosen, or as it stands today while nobody has been.

    Raises CannotRank before the first month of the half-year has ended.
    """
    if meeting.is_ranked:
        choice = HostChoice.objects.filter(meeting=meeting).order_by("-pk").first()
        if choice is not None:
            return read(choice.ranking)
    return take(meeting, today=today)


def take(meeting: OnSiteMeeting, *, today: datetime.date) -> Ranking:
    """The ranking of the meeting's half-year as figures stand now, in a fixed number of queries."""
    last = min(meeting.last_month, clock.previous_month(today))
    if last < meeting.first_month:
        raise CannotRank(
            _("No month of this half-year has ended yet. The ranking begins on %(day)s.")
            % {"day": clock.next_month(meeting.first_month).isoformat()}
        )
    rule, window = rule_on(today), Window(meeting.first_month, last)
    units = list(ReportingUnit.objects.order_by("order", "pk"))
    found = {
        Component.RANK: _ranks(rule.rank_indicator, window, units),
        Component.CONVERSION: _conversion(rule.conversion_indicator, last, units),
        Component.ISSUES: _issues(window),
        Component.QUALITY: _quality(_clean(window), _reports(window)),
    }
    parts = {
        unit.pk: {component.value: found[component].get(unit.pk, Part()) for component in Component}
        for unit in units
    }
    bars = _bars(meeting, today)
    return _placed(units, parts, bars, rule, window, today)


def _placed(
    units: Iterable[ReportingUnit],
    parts: Mapping[int, Mapping[str, Part]],
    bars: Mapping[int, list[Bar]],
    rule: RankingRule,
    window: Window,
    today: datetime.date,
) -> Ranking:
    scores = {
        pk: weighing.score([of[component].points for component in Component], rule.weights)
        for pk, of in parts.items()
    }
    places = weighing.places({pk: score for pk, score in scores.items() if pk not in bars})
    standings = [
        Standing(unit, parts[unit.pk], tuple(bars.get(unit.pk, ())), scores[unit.pk], places.get(unit.pk))
        for unit in units
    ]
    standings.sort(key=lambda one: (one.place is None, one.place or 0, one.unit.order, one.unit.pk))
    return Ranking(window.first_month, window.last_month, rule, tuple(standings), today)


def _conversion_window(last_month: datetime.date) -> Window:
    first = last_month
    for _month in range(CONVERSION_MONTHS - 1):
        first = clock.previous_month(first)
    return Window(first, last_month)


# --- The components -----------------------------------------------------------------------------


def _ranks(code: str, window: Window, units: list[ReportingUnit]) -> dict[int, Part]:
    better = -1 if figures.indicator(code).fewer_is_better else 1
    months: dict[int, list[MonthRank]] = defaultdict(list)
    for month in window.months:
        found = figures.compute([code], Window.of_month(month), by="unit")
        values = {unit.pk: Decimal(found[unit][code].value or 0) for unit in units}
        places = weighing.places({pk: Fraction(value) * better for pk, value in values.items()})
        for pk, place in places.items():
            months[pk].append(MonthRank(month, values[pk], place or 0))
    return {pk: Part(_rank_points(of, len(units)), months=tuple(of)) for pk, of in months.items()}


def _rank_points(months: list[MonthRank], units: int) -> Fraction:
    """From 100, first in every month, to 0, last in every month."""
    if units < 2:
        return Fraction(100)
    mean = Fraction(sum(month.place for month in months), len(months))
    return 100 * (units - mean) / (units - 1)


def _conversion(code: str, last_month: datetime.date, units: list[ReportingUnit]) -> dict[int, Part]:
    found = figures.compute([code], _conversion_window(last_month), by="unit")
    rates = {unit.pk: found[unit][code].value for unit in units}
    return {
        pk: Part(min(Fraction(100), max(Fraction(0), Fraction(rate))))
        for pk, rate in rates.items()
        if rate is not None
    }


def _issues(window: Window) -> dict[int, Part]:
    due = Issue.objects.filter(due_on__range=(window.first_day, window.last_day))
    rows = due.order_by("pk").values_list("project__reporting_unit", "pk", "resolved_on", "due_on")
    return _shares(
        (unit, pk, bool(resolved_on and due_on and resolved_on <= due_on))
        for unit, pk, resolved_on, due_on in rows
    )


def _quality(clean: dict[int, Part], handed_in: Mapping[int, tuple[int, int]]) -> dict[int, Part]:
    """The mean of both shares; the one that there is where the other has nothing to measure."""
    found = {}
    for unit in clean.keys() | handed_in.keys():
        part, (told, due) = clean.get(unit, Part()), handed_in.get(unit, (0, 0))
        shares = [
            share for share in (part.points, Fraction(100 * told, due) if due else None) if share is not None
        ]
        mean = sum(shares, Fraction(0)) / len(shares) if shares else None
        found[unit] = replace(part, points=mean, reported=told, to_report=due)
    return found


def _reports(window: Window) -> dict[int, tuple[int, int]]:
    """Of each unit's progress reports due of these months how many came by their last day, and all."""
    told: Counter[int] = Counter()
    due: Counter[int] = Counter()
    for month in window.months:
        of_month = reports.by_unit(month, today=timetable.report_by(month))
        if any(one.reported for one in of_month):
            for one in of_month:
                told[one.unit.pk] += one.reported
                due[one.unit.pk] += one.running
    return {unit: (told[unit], due[unit]) for unit in due}


def _clean(window: Window) -> dict[int, Part]:
    """Contract events that needed no second look."""
    corrected = ContractEvent.objects.verified().filter(kind=EventKind.CORRECTION, corrects=OuterRef("pk"))
    closed_on = Period.objects.filter(month=OuterRef("signed_month")).values("closed_on")[:1]
    decided = ContractEvent.objects.filter(verdict__on__range=(window.first_day, window.last_day))
    rows = (
        decided.alias(signed_month=TruncMonth("signed_on"))
        .annotate(closed_on=Subquery(closed_on), is_corrected=Exists(corrected))
        .order_by("pk")
        .values_list(
            "project__reporting_unit", "pk", "verdict__verdict", "verdict__on", "closed_on", "is_corrected"
        )
    )
    return _shares(
        (unit, pk, verdict == Verdict.VERIFIED and not is_corrected and (closed is None or on <= closed))
        for unit, pk, verdict, on, closed, is_corrected in rows
    )


def _shares(rows: Iterable[tuple[int, int, bool]]) -> dict[int, Part]:
    """Of each unit's rows the share that is good, in percent."""
    seen: dict[int, list[int]] = defaultdict(list)
    good: dict[int, list[int]] = defaultdict(list)
    for unit, pk, is_good in rows:
        seen[unit].append(pk)
        if is_good:
            good[unit].append(pk)
    return {unit: _share(keys, good[unit]) for unit, keys in seen.items()}


def _share(seen: list[int], good: list[int]) -> Part:
    return Part(Fraction(100 * len(good), len(seen)), len(good), len(seen), tuple(seen), tuple(good))


# --- Who may not host ---------------------------------------------------------------------------


def _bars(meeting: OnSiteMeeting, today: datetime.date) -> dict[int, list[Bar]]:
    """Vetoes of the half-year and of the days since; units that hosted in the twelve months before."""
    found: dict[int, list[Bar]] = defaultdict(list)
    until = max(today, meeting.first_month)
    for veto in Veto.objects.standing().between(meeting.first_month, until).order_by("happened_on", "pk"):
        found[veto.unit_id].append(Bar(veto.kind, veto.happened_on, veto.reason))
    since = clock.year_before(meeting.planned_on)
    hosted = OnSiteMeeting.objects.exclude(pk=meeting.pk).filter(host__isnull=False)
    days = hosted.annotate(day=Coalesce("held_on", "planned_on")).filter(
        day__gt=since, day__lt=meeting.planned_on
    )
    for host, day in days.order_by("day").values_list("host", "day"):
        found[host].append(Bar(HOSTED, day))
    return dict(found)


# --- Kept as plain data -------------------------------------------------------------------------

_RULE = (
    "rank_weight",
    "conversion_weight",
    "issues_weight",
    "quality_weight",
    "rank_indicator",
    "conversion_indicator",
    "spread",
    "step",
)


def plain(ranking: Ranking) -> dict[str, Any]:
    """What a choice of host keeps of the ranking it was made by; `read` gives it back."""
    rule = {name: getattr(ranking.rule, name) for name in _RULE}
    return {
        "first_month": ranking.first_month.isoformat(),
        "last_month": ranking.last_month.isoformat(),
        "taken_on": ranking.taken_on.isoformat(),
        "rule": {**rule, "effective_from": ranking.rule.effective_from.isoformat()},
        "standings": [_plain_standing(standing) for standing in ranking.standings],
    }


def _plain_standing(standing: Standing) -> dict[str, Any]:
    return {
        "unit": standing.unit.code,
        "place": standing.place,
        "score": _text(standing.score),
        "bars": [{**asdict(bar), "on": bar.on.isoformat()} for bar in standing.bars],
        "parts": {
            component: {
                "points": _text(part.points),
                "part": part.part,
                "whole": part.whole,
                "rows": part.rows,
                "good": part.good,
                "reported": part.reported,
                "to_report": part.to_report,
                "months": [[f"{m.month:%Y-%m-%d}", str(m.value), m.place] for m in part.months],
            }
            for component, part in standing.parts.items()
        },
    }


def read(kept: Mapping[str, Any]) -> Ranking:
    units = {unit.code: unit for unit in ReportingUnit.objects.all()}
    day = datetime.date.fromisoformat
    rule = {**kept["rule"], "effective_from": day(kept["rule"]["effective_from"])}
    return Ranking(
        day(kept["first_month"]),
        day(kept["last_month"]),
        RankingRule(**rule),
        tuple(_read_standing(one, units) for one in kept["standings"]),
        day(kept["taken_on"]),
    )


def _read_standing(kept: Mapping[str, Any], units: Mapping[str, ReportingUnit]) -> Standing:
    day = datetime.date.fromisoformat
    return Standing(
        unit=units[kept["unit"]],
        parts={
            component: Part(
                points=_fraction(part["points"]),
                part=part["part"],
                whole=part["whole"],
                rows=tuple(part["rows"]),
                good=tuple(part["good"]),
                reported=part["reported"],
                to_report=part["to_report"],
                months=tuple(
                    MonthRank(day(month), Decimal(value), place) for month, value, place in part["months"]
                ),
            )
            for component, part in kept["parts"].items()
        },
        bars=tuple(Bar(bar["kind"], day(bar["on"]), bar["words"]) for bar in kept["bars"]),
        score=_fraction(kept["score"]),
        place=kept["place"],
    )


def _text(number: Fraction | None) -> str | None:
    """Exact: 2000/33."""
    return None if number is None else str(number)


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
