"""A month on its way: reported, drafted, confirmed, reviewed, signed off, published, closed."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from briefings import timetable
from briefings.choices import BriefingState, ScopeKind
from briefings.models import Briefing
from briefings.reports import UnitReports, late_days


@dataclass(frozen=True)
class Station:
    """One stop of the month, and how much of it is done by when."""

    key: str
    label: str | Promise
    done: int
    total: int
    due: datetime.date | None = None

    @property
    def is_done(self) -> bool:
        return 0 < self.total <= self.done

    def late_days(self, today: datetime.date) -> int:
        """Working days since it was due; nought once it is done."""
        return 0 if self.is_done or self.due is None else late_days(self.due, today)


def stations(
    month: datetime.date, *, is_closed: bool, reports: Sequence[UnitReports], briefings: Sequence[Briefing]
) -> list[Station]:
    """The seven stops in their order."""
    states = Counter(one.state for one in briefings)
    own = [one for one in briefings if one.scope != ScopeKind.CITY]
    city = [one for one in briefings if one.scope == ScopeKind.CITY]
    total, published = len(briefings), states[BriefingState.PUBLISHED]
    signed_off = states[BriefingState.SIGNED_OFF] + published
    told, running = sum(row.reported for row in reports), sum(row.running for row in reports)
    return [
        Station("reports", _("Reports in"), told, running, timetable.report_by(month)),
        Station("drafted", _("Drafted"), total, total),
        Station(
            "confirmed",
            pgettext_lazy("station of a month", "Confirmed"),
            _confirmed(own),
            len(own),
            timetable.confirm_by(month),
        ),
        Station("reviewed", _("City reviewed"), _confirmed(city), len(city)),
        Station("signed_off", _("Signed off"), signed_off, total),
        Station("published", _("Published"), published, total),
        Station("closed", pgettext_lazy("month", "Closed"), int(is_closed), 1),
    ]


def _confirmed(briefings: Sequence[Briefing]) -> int:
    return sum(1 for one in briefings if one.state not in BriefingState.UNCONFIRMED)
