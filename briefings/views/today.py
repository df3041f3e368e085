"""Today: what waits for me, by due day; then my figures."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.access import signed_in, user_of
from accounts.models import User
from accounts.notifications import sentence_of
from accounts.roles import ADMINS
from approvals import lamps
from approvals.models import Issue, Item
from briefings.figures import CITY, Scope, Window
from briefings.views import cards
from briefings.views.cards import Card
from briefings.waiting import waiting_for
from core import clock
from core.pages import page
from core.workdays import calendar
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

NEWS = 5


@signed_in
def today(request: HttpRequest) -> HttpResponse:
    """For every role; an administrator finds the way to the own tools instead."""
    user, day = user_of(request), clock.today()
    scope = own_scope(user)
    context: dict[str, Any] = {
        # Translators: Django date format of a whole day, e.g. "Monday, 3 March 2025"
        "today": date_format(day, pgettext("date format", "l, j F Y")),
        "waiting": waiting_for(user, day),
        "news": [
            {"notice": notice, "sentence": sentence_of(notice)}
            for notice in user.notifications.filter(read_at__isnull=True).order_by("-pk")[:NEWS]
        ],
        "first_step": first_step(user),
        "tools": tools(user),
    }
    if user.has_perm("briefings.view_figures"):
        window = Window.year_to(day)
        context["cards"] = cards.cards(cards.headlines(day, scope), window, scope)
        context["whose"] = cards.scope_in_words(scope)
        context["months"] = cards.months_in_words(window)
    elif user.has_perm("approvals.log_item_event"):
        context["cards"] = _own_work(user, day)
        context["whose"] = _("My work")
    return page(request, "briefings/today.html", context)


def own_scope(user: User) -> Scope:
    """Whose figures a person looks at first: those of the own task force or unit, else the city's."""
    own = reach(user)
    if own.task_forces:
        return Scope(task_force=TaskForce.objects.filter(pk__in=own.task_forces).order_by("order").first())
    if own.units:
        return Scope(unit=ReportingUnit.objects.filter(pk__in=own.units).order_by("order").first())
    return CITY


# --- Service teams and departments ----------------------------------------------------------------


def _own_work(user: User, day: datetime.date) -> list[Card]:
    """The own items and issues in numbers; each leads to the list that it counts."""
    days, board = calendar(), reverse("approvals:board")
    counts = {
        lamp.value: Count("pk", filter=lamps.condition(lamp, today=day, days=days))
        for lamp in (lamps.Lamp.OVER_PROMISE, lamps.Lamp.OVER_STATUTE)
    }
    found = Item.objects.visible_to(user).under_way().aggregate(all=Count("pk"), **counts)
    issues = Issue.objects.visible_to(user).open().count()
    return [
        _count("items", _("Items under way"), found["all"], board),
        *(
            _count(lamp, str(lamps.Lamp(lamp).label), found[lamp], f"{board}?group=under_way&lamp={lamp}")
            for lamp in counts
        ),
        _count("issues", _("Open issues"), issues, reverse("approvals:issues")),
    ]


def _count(code: str, title: str, count: int, url: str) -> Card:
    return Card(code=code, title=title, value=str(count), unit="", url=url, compared="")


# --- What to do when nothing waits --------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """A link for those who hold the permission, and what one does there."""

    permission: str
    route: str
    label: str | Promise
    sentence: str | Promise

    @property
    def url(self) -> str:
        """Empty for a tool that this installation does not offer."""
        try:
            return reverse(self.route)
        except NoReverseMatch:
            return ""


# The first that a person may go is offered.
_FIRST_STEPS = (
    Way(
        "projects.enter_signing",
        "projects:new",
        gettext_lazy("Enter a signing"),
        gettext_lazy("A contract was signed? Enter it, and the bureau verifies it."),
    ),
    Way(
        "approvals.log_item_event",
        "approvals:workbench",
        gettext_lazy("Open the workbench"),
        gettext_lazy("Log what has happened to the items of your projects."),
    ),
    Way(
        "projects.advance_project",
        "projects:list",
        gettext_lazy("Open the project ledger"),
        gettext_lazy("Move the projects of your task force that have gone on."),
    ),
    Way(
        "briefings.view_board",
        "briefings:board",
        gettext_lazy("Open the board"),
        gettext_lazy("See how far the task forces are."),
    ),
)

_TOOLS = (
    Way(
        "accounts.view_user",
        "admin:accounts_user_changelist",
        gettext_lazy("Accounts"),
        gettext_lazy("Open accounts, give roles, set passwords."),
    ),
    Way(
        "taskforces.view_membership",
        "admin:taskforces_membership_changelist",
        gettext_lazy("Memberships"),
        gettext_lazy("Say who works for which task force or unit."),
    ),
    Way(
        "accounts.view_agency",
        "admin:accounts_agency_changelist",
        gettext_lazy("Agencies"),
        gettext_lazy("The offices that items and issues are addressed to."),
    ),
    Way(
        "core.view_calendaroverride",
        "admin:core_calendaroverride_changelist",
        gettext_lazy("Working days"),
        gettext_lazy("Enter holidays and make-up days that no library knows."),
    ),
    Way(
        "approvals.view_stallrule",
        "admin:approvals_stallrule_changelist",
        gettext_lazy("Stall rules"),
        gettext_lazy("From how many working days an item counts as stalled."),
    ),
    Way(
        "projects.view_suspicionrule",
        "admin:projects_suspicionrule_changelist",
        gettext_lazy("Water detector"),
        gettext_lazy("From how many points a finding is raised, and what counts as alike."),
    ),
    Way(
        "approvals.view_itemtemplate",
        "admin:approvals_itemtemplate_changelist",
        gettext_lazy("Catalogue of items"),
        gettext_lazy("Departments, prerequisites and limits of the approvals."),
    ),
    Way(
        "taskforces.view_mechanism",
        "admin:taskforces_mechanism_changelist",
        gettext_lazy("Mechanisms"),
        gettext_lazy("The task forces and batches of each year."),
    ),
    Way(
        "axes.view_accessattempt",
        "admin:axes_accessattempt_changelist",
        gettext_lazy("Locked accounts"),
        gettext_lazy("Failed sign-ins, and letting somebody in again."),
    ),
    Way(
        "core.view_auditentry",
        "core:audit",
        gettext_lazy("Audit trail"),
        gettext_lazy("Who changed which field of which row, and when."),
    ),
    Way(
        "axes.view_accesslog",
        "admin:axes_accesslog_changelist",
        gettext_lazy("Sign-ins"),
        gettext_lazy("Who signed in, when and from where."),
    ),
)


def first_step(user: User) -> Way | None:
    return next(iter(_open_to(user, _FIRST_STEPS)), None)


def tools(user: User) -> list[Way]:
    """An administrator's own tools; nobody else has any of them."""
    return _open_to(user, _TOOLS) if user.role in ADMINS else []


def _open_to(user: User, ways: Iterable[Way]) -> list[Way]:
    return [way for way in ways if user.has_perm(way.permission) and way.url]
