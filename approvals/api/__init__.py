"""Items, issues and stalls over the API: the pages' rights, filters, forms and verbs."""

from approvals.api.choosing import Catalogue, Facts
from approvals.api.issues import Issues
from approvals.api.items import Items
from approvals.api.plans import Plans
from approvals.api.risk import AtRisk
from approvals.api.service_figures import ServiceFigures
from approvals.api.stalls import Stalls
from approvals.api.support import Needs, Tasks
from approvals.api.teams import Changes, ServiceTeams

__all__ = [
    "AtRisk",
    "Catalogue",
    "Changes",
    "Facts",
    "Issues",
    "Items",
    "Needs",
    "Plans",
    "ServiceFigures",
    "ServiceTeams",
    "Stalls",
    "Tasks",
]
