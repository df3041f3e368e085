from approvals.models.flag import EscalationRule, PresetChoice, StallFlag, StallRule
from approvals.models.issue import ConfirmationLink, Issue, IssueEvent, IssueEvidence, IssueLimit
from approvals.models.item import (
    DueDayMove,
    Item,
    ItemEvent,
    ItemLimit,
    ItemRule,
    ItemTemplate,
    ProjectFacts,
)
from approvals.models.support import AgencyTask, AgencyTaskEvent, SheetExport, SupportEvent, SupportNeed
from approvals.models.team import Service, ServiceTeam

__all__ = [
    "AgencyTask",
    "AgencyTaskEvent",
    "ConfirmationLink",
    "DueDayMove",
    "EscalationRule",
    "Issue",
    "IssueEvent",
    "IssueEvidence",
    "IssueLimit",
    "Item",
    "ItemEvent",
    "ItemLimit",
    "ItemRule",
    "ItemTemplate",
    "PresetChoice",
    "ProjectFacts",
    "Service",
    "ServiceTeam",
    "SheetExport",
    "StallFlag",
    "StallRule",
    "SupportEvent",
    "SupportNeed",
]
