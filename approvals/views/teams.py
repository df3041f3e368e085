"""Service teams: who follows a project, how it is handed over, and how the work is spread."""

import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from approvals import excel, load, teams
from approvals.forms import TeamForm, TeamHandOverForm
from approvals.models import Service, ServiceTeam
from approvals.views import tabs
from core import clock, exporting, receipts
from core.pages import page
from core.refusal import Refusal
from projects.models import Project
from projects.showing import name_of

# --- All teams ------------------------------------------------------------------------------


@allow("approvals.assign_team")
def team_list(request: HttpRequest) -> HttpResponseBase:
    """Every team's load, so that work can be spread; each number opens its list for those who may."""
    user, today = user_of(request), clock.today()
    rows = ServiceTeam.objects.prefetch_related("members").order_by("order", "pk")
    loads = load.of_teams(today)
    if exporting.asked(request):
        told = [
            {"team": team, "members": [one.name for one in team.members.all()], **loads[team.pk]}
            for team in rows
        ]
        return exporting.answer(request, excel.TEAMS, told)
    mine = set(user.service_teams.values_list("pk", flat=True))
    opens_all = user.role in SEES_ALL_PROJECTS
    return page(
        request,
        "approvals/teams.html",
        {
            "rows": [
                {
                    "team": team,
                    "members": [member.name for member in team.members.all()],
                    "opens": opens_all or team.pk in mine,
                    "is_mine": team.pk in mine,
                    **loads[team.pk],
                }
                for team in rows
            ],
            "total": load.together(loads.values()),
            "new_year": today.replace(month=1, day=1).isoformat(),
            "unassigned": _unassigned(user),
        },
    )


def _unassigned(user: User) -> int:
    """Signed projects that no team follows, of those this person sees."""
    followed = Service.objects.filter(until__isnull=True).values("project")
    return Project.objects.visible_to(user).active().signed().exclude(pk__in=followed).count()


# --- One team -------------------------------------------------------------------------------


def _team(user: User, pk: int) -> ServiceTeam:
    """A team's projects are for its members and for those who see every project."""
    team = get_object_or_404(ServiceTeam, pk=pk)
    if user.role not in SEES_ALL_PROJECTS and not team.members.filter(pk=user.pk).exists():
        raise Http404
    return team


@allow("approvals.assign_team")
def team(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What a team follows, and what it has followed with the note of each hand-over."""
    user, today = user_of(request), clock.today()
    shown = _team(user, pk)
    services = list(_services(shown))
    now = [service for service in services if service.until is None]
    figures = load.of_projects([service.project_id for service in now], today)
    followed = [
        {"service": s, "name": name_of(s.project, user), "figures": figures[s.project_id]} for s in now
    ]
    before = [_past(s, user) for s in services if s.until is not None]
    if exporting.asked(request):
        narrowed = [(_("Service team"), str(shown))]
        also = [(excel.FOLLOWED_BEFORE, before)]
        return exporting.answer(request, excel.FOLLOWED, followed, narrowed=narrowed, also=also)
    members = list(shown.members.order_by("name", "pk"))
    context = {"team": shown, "members": members, "now": followed, "before": before}
    return page(request, "approvals/team.html", context)


def _services(shown: ServiceTeam) -> QuerySet[Service]:
    return (
        shown.services.select_related("project__enterprise", "handed_over_by", "assigned_by")
        .prefetch_related("project__shares")
        .order_by("-until", "-since", "-pk")
    )


def _past(service: Service, user: User) -> dict[str, Any]:
    return {"service": service, "name": name_of(service.project, user), "left": left_words(service)}


def left_words(service: Service) -> list[str]:
    """What the protocol says was open: “3 items under way”, “1 issue” …; nothing where none was kept."""
    kept = service.left_open
    items, issues = kept.get("items", 0), kept.get("issues", 0)
    needs, tasks = kept.get("needs", 0), kept.get("tasks", 0)
    told = (
        (items, ngettext("%(n)s item under way", "%(n)s items under way", items)),
        (issues, ngettext("%(n)s open issue", "%(n)s open issues", issues)),
        (needs, ngettext("%(n)s open need", "%(n)s open needs", needs)),
        (tasks, ngettext("%(n)s assistance task", "%(n)s assistance tasks", tasks)),
    )
    return [text % {"n": n} for n, text in told if n]


@allow("approvals.assign_team")
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand several or all projects of a team to another one, with one note, as when it is dissolved."""
    user, today = user_of(request), clock.today()
    leaving = _team(user, pk)
    services = list(
        teams.followed_by(leaving)
        .select_related("project__enterprise")
        .prefetch_related("project__shares")
        .order_by("since", "pk")
    )
    projects = [service.project for service in services]
    tasks = teams.stranded_tasks([project.pk for project in projects], None).count()
    names = {project.pk: name_of(project, user) for project in projects}
    form = TeamHandOverForm(request.POST or None, today=today, replaced=leaving, tasks=tasks, names=names)
    if form.is_valid():
        facts = form.cleaned_data
        chosen = [project for project in projects if project.pk in facts["projects"]]
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    teams.assign_all(
                        chosen,
                        facts["team"],
                        leader=facts["leader"],
                        since=facts["on"],
                        by=user,
                        today=today,
                        hand_over=form.hand_over(),
                    )
            n = len(facts["projects"])
            text = ngettext("%(team)s follows %(n)s project.", "%(team)s follows %(n)s projects.", n)
            messages.success(request, text % {"team": facts["team"], "n": n})
            return redirect("approvals:team", pk)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {"team": leaving, "form": form, "services": services}
    return page(request, "approvals/hand_over.html", context)


# --- A project's team -----------------------------------------------------------------------


@allow("approvals.assign_team")
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a service team follow a project, or hand it over to another one."""
    user, today = user_of(request), clock.today()
    project = get_object_or_404(Project.objects.visible_to(user), pk=pk)
    services = list(
        project.services.select_related("team", "assigned_by", "handed_over_by").order_by("-since", "-pk")
    )
    current = next((service for service in services if service.until is None), None)
    tasks = list(teams.stranded_tasks([project.pk], None).select_related("officer").order_by("due_on", "pk"))
    form = TeamForm(
        request.POST or None,
        today=today,
        replaced=current.team if current else None,
        tasks=len(tasks) if current else 0,
    )
    if form.is_valid():
        facts = form.cleaned_data
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    teams.assign(
                        project,
                        facts["team"],
                        leader=facts["leader"],
                        since=facts["on"],
                        by=user,
                        today=today,
                        hand_over=form.hand_over(),
                    )
            messages.success(request, _("%(team)s follows this project.") % {"team": facts["team"]})
            return redirect(_after_assigning(user, project))
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    context = {
        "project": project,
        "project_name": name_of(project, user),
        "of_project": tabs.of_project(request, project),
        "form": form,
        "current": current,
        "left": teams.left_open(project),
        "tasks": tasks,
        "services": [{"row": service, "left": left_words(service)} for service in services],
        "load": _rows(today),
    }
    return page(request, "approvals/assign.html", context)


def _after_assigning(user: User, project: Project) -> str:
    """Whoever hands a project over to another team may not see it any more."""
    if Project.objects.visible_to(user).filter(pk=project.pk).exists():
        return reverse("approvals:panel", args=[project.pk])
    return reverse("approvals:workbench")


def _rows(today: datetime.date) -> list[dict[str, Any]]:
    """What lies on each team, to choose by."""
    loads = load.of_teams(today)
    return [{"team": str(team), **loads[team.pk]} for team in ServiceTeam.objects.order_by("order", "pk")]
