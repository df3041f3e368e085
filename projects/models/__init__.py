from projects.models.contract import ContractEvent, ContractVerdict, SigningCeremony
from projects.models.enterprise import BUREAU, Enterprise
from projects.models.layout import FormLayout
from projects.models.plan import AnnualPlan, AnnualPlanEntry, PlanChange, PlanProposal
from projects.models.progress import ProgressReport, standing_of
from projects.models.project import (
    REACH_OF_ROLE,
    ContactReveal,
    Evidence,
    Project,
    Share,
    SigningDraft,
    StageChange,
    StatusChange,
    owned_by,
)
from projects.models.searching import Holds
from projects.models.suspicion import Suspicion, SuspicionRule, SuspicionVerdict

__all__ = [
    "BUREAU",
    "REACH_OF_ROLE",
    "AnnualPlan",
    "AnnualPlanEntry",
    "ContactReveal",
    "ContractEvent",
    "ContractVerdict",
    "Enterprise",
    "Evidence",
    "FormLayout",
    "Holds",
    "PlanChange",
    "PlanProposal",
    "ProgressReport",
    "Project",
    "Share",
    "SigningCeremony",
    "SigningDraft",
    "StageChange",
    "StatusChange",
    "Suspicion",
    "SuspicionRule",
    "SuspicionVerdict",
    "owned_by",
    "standing_of",
]
