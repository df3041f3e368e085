"""How projects are served, and what holds them up."""

from django.utils.translation import gettext_lazy as _

from briefings.indicators.kinds import Indicator, Rate, Unit
from briefings.indicators.sources import FLAGS, ISSUES, RESOLVED_ISSUES, SERVICES

SERVICE: tuple[Indicator | Rate, ...] = (
    Indicator(
        "projects_served",
        _("Major projects taken on by service teams"),
        _("Projects that a service team began to follow in these months; each counts once."),
        Unit.PROJECTS,
        SERVICES,
        subject="project",
    ),
    Indicator(
        "issues_raised",
        _("Issues raised"),
        _("Issues of projects raised in these months."),
        Unit.ISSUES,
        ISSUES,
        fewer_is_better=True,
    ),
    Indicator(
        "issues_resolved",
        _("Issues resolved"),
        _("Issues resolved in these months: action taken and confirmed by the enterprise or the officer."),
        Unit.ISSUES,
        RESOLVED_ISSUES,
    ),
    Indicator(
        "stalled_items",
        _("Stalled approvals"),
        _("Approval items with an open stall flag at the end of the last day; each counts once."),
        Unit.ITEMS,
        FLAGS,
        subject="item",
        open_between=("raised_on", "cleared_on"),
        fewer_is_better=True,
    ),
)
