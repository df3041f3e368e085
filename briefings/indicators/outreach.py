"""How leaders go out, and whom they meet."""

from django.utils.translation import gettext_lazy as _

from briefings.indicators.kinds import Indicator, Rate, Unit
from briefings.indicators.sources import ENGAGEMENTS, VISITS

OUTREACH: tuple[Indicator | Rate, ...] = (
    Indicator(
        "visits",
        _("Outbound visits"),
        _(
            "Journeys of city and county leaders in these months:"
            " the same day, level and leading unit are one visit."
        ),
        Unit.VISITS,
        VISITS,
    ),
    Indicator(
        "visit_targets",
        _("Enterprises and associations met"),
        _("Enterprises, chambers, universities and platforms met on the visits of these months."),
        Unit.PARTIES,
        ENGAGEMENTS,
    ),
)
