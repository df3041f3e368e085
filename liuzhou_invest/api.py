"""The API: one router for what the apps offer, and its description."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from approvals.api import (
    AtRisk,
    Catalogue,
    Changes,
    Facts,
    Issues,
    Items,
    Needs,
    Plans,
    ServiceFigures,
    ServiceTeams,
    Stalls,
    Tasks,
)
from briefings.api import AnnualTargets, Briefings, Cohorts, Figures, Indicators, Meetings, Months, Passports
from core.api import SIGNED_IN
from core.calendar_api import Calendar
from ledgers.api import Ledgers
from projects.api import AnnualPlans, ContractEvents, Enterprises, Projects, Suspicions

app_name = "api"

router = SimpleRouter(use_regex_path=False)
router.register("enterprises", Enterprises, "enterprise")
router.register("projects", Projects, "project")
router.register("ledgers", Ledgers, "ledger")
router.register("annual-plans", AnnualPlans, "annual-plan")
router.register("contract-events", ContractEvents, "contract-event")
router.register("suspicions", Suspicions, "suspicion")
router.register("items", Items, "item")
router.register("issues", Issues, "issue")
router.register("catalogue", Catalogue, "catalogue-item")
router.register("project-facts", Facts, "project-facts")
router.register("needs", Needs, "need")
router.register("tasks", Tasks, "task")
router.register("plans", Plans, "plan")
router.register("stalls", Stalls, "stall")
router.register("service-teams", ServiceTeams, "service-team")
router.register("calendar", Calendar, "calendar")
router.register("briefings", Briefings, "briefing")
router.register("meetings", Meetings, "meeting")
router.register("months", Months, "month")


class Schema(SpectacularAPIView):
    """What the API offers, as OpenAPI."""

    access = {"read": SIGNED_IN}


urlpatterns = [
    path("figures/", Figures.as_view(), name="figures"),
    path("passports/", Passports.as_view(), name="passports"),
    path("indicators/", Indicators.as_view(), name="indicators"),
    path("targets/", AnnualTargets.as_view(), name="targets"),
    path("cohorts/", Cohorts.as_view(), name="cohorts"),
    path("at-risk/", AtRisk.as_view(), name="at_risk"),
    path("service-figures/", ServiceFigures.as_view(), name="service_figures"),
    path("changes/", Changes.as_view(), name="changes"),
    path("schema/", Schema.as_view(), name="schema"),
    path("", include(router.urls)),
]
