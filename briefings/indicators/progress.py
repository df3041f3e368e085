"""What projects report of money: cumulative by project and month, counted as what each month adds."""

from django.utils.translation import gettext_lazy as _

from briefings.indicators.kinds import Indicator, Rate, Unit
from briefings.indicators.sources import PROGRESS

PROGRESS_DONE: tuple[Indicator | Rate, ...] = (
    Indicator(
        "funds_in_place",
        _("Funds in place"),
        _(
            "What the projects' progress reports add in these months: funds in place as reported by their"
            " end, less what stood reported before their start. Projects carried over from earlier years"
            " count too."
        ),
        Unit.WAN,
        PROGRESS,
        adds="funds_cents",
    ),
    Indicator(
        "invested",
        _("Fixed-asset investment done"),
        _(
            "What the projects' progress reports add in these months: fixed-asset investment done as reported"
            " by their end, less what stood reported before their start."
        ),
        Unit.WAN,
        PROGRESS,
        adds="invested_cents",
    ),
)
