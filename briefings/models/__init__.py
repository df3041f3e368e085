"""What we tell: months, briefings, reviews, and figures frozen at publication."""

from briefings.models.briefing import Briefing, BriefingQuerySet, Review, ReviewQuerySet
from briefings.models.closing import (
    ClosedFigure,
    ClosedIndicator,
    ClosedIndicatorQuerySet,
    CorrectedFigure,
    CorrectionDocument,
)
from briefings.models.meeting import (
    Attendee,
    DecisionQuerySet,
    DecisionState,
    Half,
    HostChoice,
    MeetingDecision,
    MeetingQuerySet,
    MeetingState,
    MeetingStep,
    OnSiteMeeting,
    RankingRule,
    Score,
    Screener,
    Screening,
    ShownProject,
    StepKind,
    Veto,
    VetoKind,
    VetoQuerySet,
)
from briefings.models.period import Period, Snapshot
from briefings.models.rule import CountingRule
from briefings.models.stationery import Bulletin, Stationery, StationeryQuerySet
from briefings.models.target import Target, TargetQuerySet
from briefings.models.timetable import Timetable

__all__ = [
    "Attendee",
    "Briefing",
    "BriefingQuerySet",
    "Bulletin",
    "ClosedFigure",
    "ClosedIndicator",
    "ClosedIndicatorQuerySet",
    "CorrectedFigure",
    "CorrectionDocument",
    "CountingRule",
    "DecisionQuerySet",
    "DecisionState",
    "Half",
    "HostChoice",
    "MeetingDecision",
    "MeetingQuerySet",
    "MeetingState",
    "MeetingStep",
    "OnSiteMeeting",
    "Period",
    "RankingRule",
    "Review",
    "ReviewQuerySet",
    "Score",
    "Screener",
    "Screening",
    "ShownProject",
    "Snapshot",
    "Stationery",
    "StationeryQuerySet",
    "StepKind",
    "Target",
    "TargetQuerySet",
    "Timetable",
    "Veto",
    "VetoKind",
    "VetoQuerySet",
]
