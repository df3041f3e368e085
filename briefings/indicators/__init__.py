"""The legend: every indicator, defined once as data.

An indicator has a name, its formula in words, a unit, the kind of rows it counts (`Source`), which of
them (`of`) and how they become a number. `briefings.figures` computes from this; page, chart, briefing,
Word file, API and command print what it answers. The rules for contract events stand in
`briefings.counting`.

`window` says which months, `kinds` what an indicator is, `sources` where rows come from; the other
modules define the indicators by subject.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from briefings.indicators.batches import (
    ARRIVALS,
    ARRIVED_AMOUNTS,
    CONVERSION,
    STANDING,
    STANDING_AMOUNTS,
    WORKS,
)
from briefings.indicators.kinds import WHOLE, Indicator, Kind, Rate, Source, Unit, in_wan, kind_of
from briefings.indicators.outreach import OUTREACH
from briefings.indicators.progress import PROGRESS_DONE
from briefings.indicators.service import SERVICE
from briefings.indicators.signing import RATES, SIGNING
from briefings.indicators.sources import (
    CARRIED,
    ENGAGEMENTS,
    EVENTS,
    FLAGS,
    HOLDINGS,
    ISSUES,
    MOVES,
    PROGRESS,
    RESOLVED_ISSUES,
    SERVICES,
    SIGNED_PROGRESS,
    STAYS,
    VISITS,
    WITHOUT_UNIT,
)
from briefings.indicators.window import Window

__all__ = [
    "CARRIED",
    "ENGAGEMENTS",
    "EVENTS",
    "FLAGS",
    "HOLDINGS",
    "INDICATORS",
    "ISSUES",
    "MOVES",
    "PROGRESS",
    "RESOLVED_ISSUES",
    "SERVICES",
    "SIGNED_PROGRESS",
    "STAYS",
    "SUBJECTS",
    "VISITS",
    "WHOLE",
    "WITHOUT_UNIT",
    "Indicator",
    "Kind",
    "Rate",
    "Source",
    "Subject",
    "Unit",
    "UnknownIndicator",
    "Window",
    "in_wan",
    "indicator",
    "kind_of",
]


class UnknownIndicator(LookupError):
    """There is no indicator of this code."""


@dataclass(frozen=True)
class Subject:
    """Indicators that the legend shows together."""

    code: str
    name: str | Promise
    indicators: tuple[Indicator | Rate, ...]

    @property
    def rules(self) -> list[str | Promise]:
        """The counting rules that hold for any of them, each once."""
        return list(dict.fromkeys(rule for one in self.indicators for rule in one.source.rules))


SUBJECTS = (
    Subject("signing", _("Signing"), SIGNING),
    Subject("rates", _("Fulfilment of what was newly signed"), RATES),
    Subject("money", _("Funds and investment"), PROGRESS_DONE),
    Subject("works", _("Start and production"), WORKS),
    Subject("outreach", _("Visits"), OUTREACH),
    Subject("service", _("Service, issues and stalls"), SERVICE),
    Subject("arrivals", _("Arrivals in each batch"), (*ARRIVALS, *ARRIVED_AMOUNTS)),
    Subject("standing", _("Standing in each batch"), (*STANDING, *STANDING_AMOUNTS)),
    Subject("conversion", _("Conversion between batches"), CONVERSION),
)

INDICATORS: dict[str, Indicator | Rate] = {
    found.code: found for subject in SUBJECTS for found in subject.indicators
}


def indicator(code: str) -> Indicator | Rate:
    """The indicator of a code; raises UnknownIndicator."""
    try:
        return INDICATORS[code]
    except KeyError:
        raise UnknownIndicator(code) from None
