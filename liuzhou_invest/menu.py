"""The side menu: what stands in it, and for whom."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from approvals.models import Issue, StallFlag
from briefings.models import Briefing, MeetingDecision
from core import clock
from projects.models import ContractEvent, Suspicion
from taskforces.models import Mechanism

ADMIN = "an administrator"


@dataclass(frozen=True)
class Entry:
    label: str | Promise
    route: str
    glyph: str
    permission: str = ""
    count: str = ""  # a key of COUNTS
    urgent: bool = False  # the count is a call to act
    covers: tuple[str, ...] = ()  # apps, or single routes, whose pages belong to this entry
    key: str = ""  # pressed on any page, leads here


MENU: list[tuple[str | Promise, list[Entry]]] = [
    (
        "",
        [
            Entry(_("Today"), "today", "sun"),
            Entry(_("%(mechanism)s board"), "briefings:board", "grid-3x3", "briefings.view_board"),
            Entry(_("Dashboard"), "briefings:dashboard", "gauge", "briefings.view_figures"),
            Entry(
                _("Cohorts"),
                "briefings:cohorts",
                "layers",
                "briefings.view_figures",
                covers=("briefings:cohort_projects",),
            ),
        ],
    ),
    (
        _("Projects"),
        [
            Entry(
                _("Project ledger"), "projects:list", "table-2", "projects.view_project", covers=("projects",)
            ),
            Entry(
                _("Annual plan"),
                "projects:plan",
                "calendar-range",
                "projects.view_plan",
                covers=("projects:new_year", "projects:decide_new_year", "projects:project_plan"),
            ),
            Entry(_("Enter a lead"), "projects:new_lead", "lightbulb", "projects.enter_lead"),
            Entry(_("Enter a signing"), "projects:new", "file-pen-line", "projects.enter_signing", key="n"),
            Entry(
                _("Verify signings"),
                "projects:verify",
                "badge-check",
                "projects.verify_signing",
                "to_verify",
                covers=("projects:verdict", "projects:verify_ledger"),
            ),
            Entry(
                _("Water detector"),
                "projects:suspicions",
                "droplets",
                "projects.view_suspicion",
                "suspicions",
                covers=("projects:suspicion",),
            ),
            Entry(
                _("Import a ledger"), "ledgers:list", "upload", "ledgers.import_ledger", covers=("ledgers",)
            ),
        ],
    ),
    (
        _("Approvals and service"),
        [
            Entry(_("My workbench"), "approvals:workbench", "wrench", "approvals.log_item_event"),
            Entry(
                _("Approvals board"),
                "approvals:board",
                "workflow",
                "approvals.view_item",
                covers=("approvals",),
            ),
            Entry(
                _("Stalled"),
                "approvals:stalled",
                "siren",
                "approvals.view_stalled",
                "stalled",
                urgent=True,
                covers=("approvals:acknowledge",),
            ),
            Entry(
                _("Investment at risk"),
                "approvals:at_risk",
                "shield-alert",
                "approvals.view_at_risk",
                covers=("approvals:at_risk_projects",),
            ),
            Entry(
                _("Issues"),
                "approvals:issues",
                "message-circle-warning",
                "approvals.view_issue",
                "issues",
                covers=(
                    "approvals:issue",
                    "approvals:issue_new",
                    "approvals:reached",
                    "approvals:ask",
                    "approvals:concerned",
                    "approvals:figures",
                    "approvals:served",
                    "approvals:held_up",
                ),
            ),
            Entry(
                _("Support and assistance"),
                "approvals:needs",
                "handshake",
                "approvals.view_item",
                covers=(
                    "approvals:need",
                    "approvals:need_new",
                    "approvals:tasks",
                    "approvals:task",
                    "approvals:task_new",
                    "approvals:task_contact",
                ),
            ),
            Entry(
                _("Service teams"),
                "approvals:teams",
                "users",
                "approvals.assign_team",
                covers=("approvals:team", "approvals:hand_over"),
            ),
            Entry(
                _("Item catalogue"),
                "approvals:catalogue",
                "book-open",
                "approvals.view_item",
                covers=("approvals:apply_limits",),
            ),
            # the calendar is everybody's: all working days in this program are counted by it
            Entry(_("Working calendar"), "core:calendar", "calendar-days", covers=("core:enter_notice",)),
        ],
    ),
    (
        _("Briefings"),
        [
            Entry(_("This month"), "briefings:this_month", "milestone", "briefings.view_briefing"),
            Entry(
                _("Monthly briefings"),
                "briefings:list",
                "newspaper",
                "briefings.view_briefing",
                "briefings",
                covers=("briefings",),
            ),
            Entry(
                _("Months of account"),
                "briefings:months",
                "calendar-check",
                "briefings.view_figures",
                covers=(
                    "briefings:month",
                    "briefings:restated",
                    "briefings:correct",
                    "briefings:correction",
                ),
            ),
            Entry(
                _("Annual targets"),
                "briefings:targets",
                "goal",
                "briefings.view_figures",
                covers=("briefings:revise_targets",),
            ),
            Entry(_("Indicators"), "briefings:indicators", "book-open-text", "briefings.view_figures"),
            Entry(
                _("On-site meetings"),
                "briefings:meetings",
                "map-pin",
                "briefings.view_meeting",
                "decisions",
                covers=(
                    "briefings:plan_meeting",
                    "briefings:ranking_rules",
                    "briefings:vetoes",
                    "briefings:lift_veto",
                    "briefings:decisions",
                    "briefings:decision",
                    "briefings:meeting",
                    "briefings:agenda",
                    "briefings:held",
                    "briefings:ranking",
                    "briefings:standing",
                    "briefings:meeting_projects",
                    "briefings:attendees",
                    "briefings:scores",
                    "briefings:score_form",
                    "briefings:minutes",
                    "briefings:decide",
                ),
            ),
            Entry(
                _("Counting rules"),
                "briefings:rules",
                "scale",
                "briefings.try_counting_rules",
                covers=("briefings:what_if",),
            ),
            Entry(_("Visits"), "outreach:visits", "route", "outreach.view_visit", covers=("outreach",)),
        ],
    ),
    (
        _("Administration"),
        [
            Entry(_("Audit trail"), "core:audit", "scroll-text", "core.view_auditentry"),
            Entry(_("Lamps of stalls"), "approvals:lamps", "sliders-horizontal", "approvals.choose_lamps"),
            Entry(_("Settings"), "admin:index", "settings", ADMIN),
        ],
    ),
]

# What stands behind an entry's name; no count is a whole table's.
COUNTS: dict[str, Callable[[User], int]] = {
    "to_verify": lambda user: ContractEvent.objects.waiting_for(user).count(),
    "suspicions": lambda user: Suspicion.objects.visible_to(user).open().count(),
    "stalled": lambda user: StallFlag.objects.visible_to(user).open().count(),
    "issues": lambda user: Issue.objects.visible_to(user).open().count(),
    "briefings": lambda user: Briefing.objects.waiting_for(user).count(),
    "decisions": lambda user: MeetingDecision.objects.waiting_for(user).count(),
    "unread": lambda user: user.notifications.filter(read_at__isnull=True).count(),
}
# A page asks for them at most so often; nought in tests, where every request should ask alike.
REMEMBERED_SECONDS = 0 if settings.TESTING else 30


@dataclass
class Remembered:
    """What the frame of the page shows to one person."""

    until: float = 0.0
    agency: Agency | None = None
    counts: dict[str, int] = field(default_factory=dict)
    mechanism: str = ""


_remembered: dict[int, Remembered] = {}


def remembered(user: User, *, fresh: bool) -> Remembered:
    """Kept by each process for some seconds, asked anew when the user has just done something."""
    memory = _remembered.setdefault(user.pk, Remembered())
    if fresh or memory.until <= time.monotonic():
        memory.agency = user.agency
        memory.counts = {name: count(user) for name, count in COUNTS.items()}
        memory.mechanism = mechanism_name()
        memory.until = time.monotonic() + REMEMBERED_SECONDS
    return memory


def mechanism_name(year: int | None = None) -> str:
    """What the city calls its mechanism in a year, this one unless told; empty until one is entered."""
    named = Mechanism.objects.filter(year__lte=year or clock.today().year).order_by("-year")
    return named.values_list("name", flat=True).first() or ""


def _mechanism_shown(request: HttpRequest, memory: Remembered) -> str:
    """This year's name; on a page about another year (`core.pages.of_year`) that year's."""
    year = getattr(request, "shown_year", None)
    return memory.mechanism if year in (None, clock.today().year) else mechanism_name(year)


def _address(route: str) -> str:
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _allowed(user: User, permission: str) -> bool:
    return user.is_staff if permission == ADMIN else not permission or user.has_perm(permission)


def _current(route: str) -> Entry | None:
    """The entry a page belongs to: its own, else the one that covers its app."""
    entries = [entry for _label, group in MENU for entry in group]
    exact = [entry for entry in entries if entry.route == route or route in entry.covers]
    app = route.partition(":")[0]
    return next(iter(exact or [entry for entry in entries if app in entry.covers]), None)


def menu(request: HttpRequest) -> dict[str, object]:
    """Context processor: the frame of a page as this person sees it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"menu": [], "mechanism_name": mechanism_name()}
    memory = remembered(user, fresh=len(get_messages(request)) > 0)
    match = request.resolver_match
    here = _current(match.view_name or "") if match else None
    mechanism = _mechanism_shown(request, memory)
    groups = []
    for label, entries in MENU:
        lines = [
            {
                "entry": entry,
                "label": str(entry.label).replace("%(mechanism)s", mechanism).strip(),
                "url": url,
                "count": memory.counts.get(entry.count),
                "on": entry is here,
            }
            for entry in entries
            if (url := _address(entry.route)) and _allowed(user, entry.permission)
        ]
        if lines:
            groups.append({"label": label, "lines": lines})
    return {
        "menu": groups,
        "mechanism_name": mechanism,
        "own_agency": memory.agency,
        "may_search": user.has_perm("projects.view_project"),
        "unread_notices": memory.counts["unread"],
    }
