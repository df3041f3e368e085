"""Months of account: opened when they are first needed, closed once their briefings are out.

Closing freezes every indicator for the city, every task force and every unit, from January and of the
month alone, with the rows behind it. From then on the database refuses every change of the month
(see `briefings.models.closing`); `briefings.restating` tells what has been learnt since, and
`briefings.correcting` is how the bureau says that a published figure was wrong.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from briefings import adding, counting_rules, figures
from briefings.choices import Span
from briefings.figures import CITY, INDICATORS, Part, Scope, Window
from briefings.models import Briefing, ClosedFigure, ClosedIndicator, Period, Snapshot
from core import clock
from core.refusal import Refusal
from projects.models import ContractEvent
from taskforces.models import ReportingUnit, Seat, TaskForce

BATCH = 2000  # rows written at once


class CannotClose(Refusal):
    """The month has not ended, is closed already, or has briefings that are not published."""


def period(month: datetime.date) -> Period:
    """The month of account of this day; opened if it is the first to ask."""
    found, _made = Period.objects.get_or_create(month=clock.month_start(month))
    return found


@transaction.atomic
def close(month: datetime.date, *, by: User, on: datetime.date) -> Period:
    """Close a month: its figures are frozen as they are known on that day, and what is verified from
    the next day on counts in the month of its verification.

    Raises CannotClose while the month still runs or one of its briefings is not published.
    """
    found = _closed(month, by=by, on=on)
    _freeze(found, on)
    return found


@transaction.atomic
def take_over_closed(month: datetime.date, *, by: User, on: datetime.date) -> Period:
    """Note that a month was closed on paper, before this program was there: nothing of it is frozen."""
    return _closed(month, by=by, on=on)


def _closed(month: datetime.date, *, by: User, on: datetime.date) -> Period:
    month = clock.month_start(month)
    if on <= clock.month_end(month):
        raise CannotClose(_("This month has not ended yet. It can be closed from the first of the next."))
    found = period(month)
    waiting = Briefing.objects.filter(period=found).unpublished().count()
    if waiting:
        raise CannotClose(
            _("%(count)d briefings of this month are not published yet. Publish them first.")
            % {"count": waiting}
        )
    # Of two at once the second waits here for the first and then finds the month closed.
    if not Period.objects.filter(pk=found.pk, closed_on__isnull=True).update(closed_on=on, closed_by=by):
        found.refresh_from_db()
        raise CannotClose(_("This month was closed on %(day)s.") % {"day": found.closed_on})
    found.closed_on, found.closed_by = on, by
    return found


def closed_before(day: datetime.date) -> set[datetime.date]:
    """The months that were closed before a day: what is verified on it counts late in them."""
    return set(Period.objects.filter(closed_on__lt=day).values_list("month", flat=True))


# --- What closing would do -----------------------------------------------------------------------


@dataclass(frozen=True)
class Readiness:
    """How far a month is on its way to being closed."""

    has_ended: bool
    unpublished: int
    published: int
    waiting_events: int  # entered by the end of the month, and neither verified nor returned

    @property
    def may_close(self) -> bool:
        return self.has_ended and not self.unpublished


def readiness(found: Period, *, today: datetime.date) -> Readiness:
    """What stands between an open month and its closing; waiting events only warn: they count late."""
    briefings = Briefing.objects.filter(period__month=found.month)
    unpublished = briefings.unpublished().count()
    signed = ContractEvent.objects.waiting().filter(
        signed_on__range=(found.month, clock.month_end(found.month))
    )
    return Readiness(
        has_ended=today > clock.month_end(found.month),
        unpublished=unpublished,
        published=briefings.count() - unpublished,
        waiting_events=signed.count(),
    )


_LONG = ("content", "counted", "words")  # of a briefing, of which only the name is wanted


def moved(found: Period, *, today: datetime.date) -> list[tuple[Snapshot, Decimal | None]]:
    """The figures of published briefings that would be frozen otherwise if the month were closed today,
    with the value they would have. The briefing keeps what was confirmed."""
    published = Snapshot.objects.filter(briefing__period__month=found.month, indicator__in=figures.CODES)
    lean = published.select_related("briefing").defer("counted", *(f"briefing__{name}" for name in _LONG))
    snapshots = list(lean.order_by("pk"))
    if not snapshots:
        return []
    codes = sorted({snapshot.indicator for snapshot in snapshots})
    now = {
        (span, key_of(scope), code): adding.stored(figure.value)
        for span, window in windows(found.month, today).items()
        for scope, of_scope in figures.all_scopes(codes, window).items()
        for code, figure in of_scope.items()
    }
    pairs = [(one, now.get((one.span, one.briefing.scope_key, one.indicator))) for one in snapshots]
    return [(one, value) for one, value in pairs if one.value != value]


# --- Freezing -----------------------------------------------------------------------------------


def windows(month: datetime.date, known_on: datetime.date) -> dict[str, Window]:
    """The two spans of a month, as known on a day."""
    return {
        Span.YEAR.value: Window.year_to(month, known_on),
        Span.MONTH.value: Window.of_month(month, known_on),
    }


def key_of(scope: Scope) -> str:
    """What a scope is called in closed figures and briefings: city, force:steel, unit:450205."""
    if scope.task_force is not None:
        return f"force:{scope.task_force.code}"
    return f"unit:{scope.unit.code}" if scope.unit is not None else "city"


def scopes() -> dict[str, Scope]:
    """The city, every task force and every unit by their keys, in their order."""
    forces = [Scope(task_force=force) for force in TaskForce.objects.order_by("order", "pk")]
    units = [Scope(unit=unit) for unit in ReportingUnit.objects.order_by("order", "pk")]
    return {key_of(scope): scope for scope in (CITY, *forces, *units)}


def _freeze(found: Period, on: datetime.date) -> None:
    """The figures are added up from the very rows that are kept with them."""
    spans = windows(found.month, on)
    parts = dict(zip(spans, figures.parts(figures.CODES, *spans.values()), strict=True))
    bases = dict(zip(spans, figures.parts(figures.CODES, *(one.base for one in spans.values())), strict=True))
    now, before = (_added(of_span) for of_span in (parts, bases))
    kept = ClosedIndicator.objects.bulk_create(_indicators(found, parts), BATCH)
    places = _scopes_of(found.month, parts[Span.YEAR])
    rows = [
        ClosedFigure(
            indicator=one,
            scope_key=key,
            span=span,
            value=adding.value(INDICATORS[one.code], now[span], adding.place_of(scope)),
            base=adding.value(INDICATORS[one.code], before[span], adding.place_of(scope)),
        )
        for one in kept
        for key, scope in places.items()
        if INDICATORS[one.code].source.knows(scope.narrowed_by)
        for span in spans
    ]
    ClosedFigure.objects.bulk_create(rows, BATCH)


Parts = Mapping[str, Mapping[str, Sequence[Part]]]  # by span and indicator


def _added(parts: Parts) -> dict[str, adding.Added]:
    known = {part.code: part for part in figures.measured(figures.CODES)}
    return {span: adding.add_up(of_span, known) for span, of_span in parts.items()}


def _indicators(found: Period, parts: Parts) -> list[ClosedIndicator]:
    rules = counting_rules.in_force(clock.month_end(found.month)).label
    return [
        ClosedIndicator(
            period=found,
            code=code,
            order=order,
            **_words(code),
            unit=INDICATORS[code].unit,
            rules=rules,
            year_rows=_plain(parts[Span.YEAR].get(code, ())),
            month_rows=_plain(parts[Span.MONTH].get(code, ())),
        )
        for order, code in enumerate(figures.CODES)
    ]


def _scopes_of(month: datetime.date, parts: Mapping[str, Iterable[Part]]) -> dict[str, Scope]:
    """The city, the units, the task forces of the year's mechanism and any other that has rows."""
    seated = set(Seat.objects.filter(mechanism__year=month.year).values_list("task_force", flat=True))
    with_rows = {part.task_force for rows in parts.values() for part in rows}
    return {
        key: scope
        for key, scope in scopes().items()
        if scope.task_force is None or not seated or scope.task_force.pk in seated | with_rows
    }


def _words(code: str) -> dict[str, str]:
    """Name and formula in both languages, as they stand on the day of closing."""
    found = figures.indicator(code)
    words: dict[str, str] = {}
    for language, suffix in (("zh-hans", ""), ("en", "_en")):
        with translation.override(language):
            words |= {f"name{suffix}": str(found.name), f"formula{suffix}": str(found.formula)}
    return words


def _plain(parts: Iterable[Part]) -> list[list[int | None]]:
    return [list(astuple(part)) for part in parts]
