"""Briefings and figures over the API: the pages' rights, filters and verbs, the command's answers."""

from briefings.api.briefings import Briefings
from briefings.api.cohorts import Cohorts
from briefings.api.figures import Figures
from briefings.api.indicators import Indicators
from briefings.api.meetings import Meetings
from briefings.api.months import Months
from briefings.api.passports import Passports
from briefings.api.targets import AnnualTargets

__all__ = [
    "AnnualTargets",
    "Briefings",
    "Cohorts",
    "Figures",
    "Indicators",
    "Meetings",
    "Months",
    "Passports",
]
