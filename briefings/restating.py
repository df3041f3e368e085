"""What a closed month would read today: published, now, the difference, and the rows that make it.

“Now” is the month as it would have been frozen had everybody known on the day of closing what is known
today: a signing verified since is put into the month in which it was signed, a correction into that of
what it corrects (`briefings.belonging`). The published figure stays whatever comes; nothing here writes.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from briefings import adding, causes, figures
from briefings.adding import Added
from briefings.causes import Cause
from briefings.figures import Part, Scope
from briefings.indicators import Indicator
from briefings.models import ClosedFigure, ClosedIndicator, Period
from briefings.periods import scopes, windows
from core.refusal import Refusal

Parts = Mapping[str, Mapping[str, Sequence[Part]]]  # by span and indicator


class NothingFrozen(Refusal):
    """The month is open, or was closed before this program froze figures."""

    http_status = 404


@dataclass(frozen=True)
class Restated:
    """One figure of a closed month as published and as it would read today.

    `now` is None where the figure says nothing today, or is no longer kept.
    """

    figure: ClosedFigure
    scope: Scope
    now: Decimal | None

    @property
    def indicator(self) -> ClosedIndicator:
        return self.figure.indicator

    @property
    def published(self) -> Decimal | None:
        return self.figure.value

    @property
    def difference(self) -> Decimal | None:
        if self.published is None or self.now is None:
            return None
        return self.now - self.published

    @property
    def differs(self) -> bool:
        return self.published != self.now


class Restatement:
    """A closed month beside what is known of it on a day. The rows are read once, whatever is asked.

    Raises NothingFrozen.
    """

    def __init__(self, period: Period, *, today: datetime.date) -> None:
        if period.closed_on is None or not period.indicators.exists():
            raise NothingFrozen(
                _("Nothing is frozen of %(month)s: the figures of a month are kept once it is closed.")
                % {"month": str(period)}
            )
        self.period, self.today = period, today
        self.closed_on: datetime.date = period.closed_on
        self.windows = windows(period.month, today)

    @cached_property
    def scopes(self) -> dict[str, Scope]:
        return scopes()

    @cached_property
    def indicators(self) -> dict[int, ClosedIndicator]:
        return {one.pk: one for one in self.period.indicators.for_list().order_by("order")}

    @cached_property
    def parts(self) -> Parts:
        kept = [one.code for one in self.indicators.values() if one.code in figures.INDICATORS]
        read = figures.parts(kept, *self.windows.values(), learnt_after=self.closed_on)
        return dict(zip(self.windows, read, strict=True))

    @cached_property
    def now(self) -> dict[str, Added]:
        known = {part.code: part for part in figures.measured(figures.CODES)}
        return {span: adding.add_up(of_span, known) for span, of_span in self.parts.items()}

    def of(self, key: str | None = None) -> list[Restated]:
        """The figures of one scope, or of all, in the order of the indicators."""
        rows = ClosedFigure.objects.filter(indicator__period=self.period)
        rows = rows if key is None else rows.filter(scope_key=key)
        return [self.restated(row) for row in rows.order_by("indicator__order", "-span", "pk")]

    def restated(self, row: ClosedFigure) -> Restated:
        row.indicator = self.indicators[row.indicator_id]
        scope = self.scopes[row.scope_key]
        found = figures.INDICATORS.get(row.indicator.code)
        now = None if found is None else adding.value(found, self.now[row.span], adding.place_of(scope))
        return Restated(row, scope, now)

    def causes(self, restated: Restated) -> list[Cause]:
        """The rows that make the difference, the largest first; they add up to it. Of a rate there are
        none of its own: see its two parts."""
        found = figures.INDICATORS.get(restated.indicator.code)
        if not isinstance(found, Indicator):
            return []
        span = restated.figure.span
        kept = ClosedIndicator.objects.get(pk=restated.indicator.pk)
        before = [Part(*row) for row in kept.rows(span)]
        after = self.parts[span][found.code]
        return causes.between(before, after, found, restated.scope, self.windows[span], self.closed_on)


class UnknownScope(Refusal):
    """No task force and no unit is called so."""

    http_status = 400


def answer(
    restatement: Restatement, key: str | None = None, *, every: bool = False, user: User | None = None
) -> dict[str, Any]:
    """The figures that differ (or every one) with their causes, as the command and the API tell them. To
    a person only what they may open is told, of the rest the number. Raises UnknownScope.
    """
    if key is not None and key not in restatement.scopes:
        raise UnknownScope(
            _("Nothing is called “%(text)s”. There are: %(known)s.")
            % {"text": key, "known": ", ".join(restatement.scopes)}
        )
    return {
        "month": str(restatement.period),
        "closed_on": restatement.closed_on.isoformat(),
        "known_on": restatement.today.isoformat(),
        "figures": [
            {**told(one), **_causes(restatement.causes(one) if one.differs else [], user)}
            for one in restatement.of(key)
            if every or one.differs
        ],
    }


def _causes(made: Sequence[Cause], user: User | None) -> dict[str, Any]:
    seen = {cause.row_id for cause in made} if user is None else causes.open_to(user, made)
    told = [causes.plain(cause, user) for cause in made if cause.row_id in seen]
    return {"causes": told, "hidden": len(made) - len(told)}


def told(one: Restated) -> dict[str, Any]:
    """One figure as plain data; amounts are strings of 万元, unrounded."""
    return {
        "scope": one.figure.scope_key,
        "indicator": one.indicator.code,
        "name": str(one.indicator),
        "span": one.figure.span,
        "unit": one.indicator.unit,
        "published": causes.number(one.published),
        "now": causes.number(one.now),
        "difference": causes.number(one.difference),
    }
