"""Enterprises, projects and their contracts over the API: the pages' rights, filters, forms and verbs."""

from projects.api.annual_plans import AnnualPlans
from projects.api.contract_events import ContractEvents
from projects.api.enterprises import Enterprises
from projects.api.projects import Projects
from projects.api.suspicions import Suspicions

__all__ = ["AnnualPlans", "ContractEvents", "Enterprises", "Projects", "Suspicions"]
