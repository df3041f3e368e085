"""Service teams 服务专班: which team follows which project, since when, and how it is handed over."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.models import User
from accounts.notifications import notify, says
from approvals import assistance
from approvals.choices import IssueState, ItemState
from approvals.models import AgencyTask, Issue, Service, ServiceTeam, SupportNeed
from core.clock import moment
from core.refusal import Refusal
from projects.models import Project

says("handed_over", gettext_lazy("%(project)s passed from %(before)s to %(after)s on %(day)s: %(note)s"))
says("taken_on", gettext_lazy("%(after)s follows %(project)s since %(day)s."))


class CannotAssign(Refusal):
    """The day is impossible, nothing was said about the hand-over, or somebody else was quicker."""


@dataclass(frozen=True)
class HandOver:
    """What goes with a project from one team to another: a note, and who takes over its tasks."""

    note: str = ""
    officer: User | None = None


def assign(
    project: Project,
    team: ServiceTeam,
    *,
    leader: str,
    since: datetime.date,
    by: User | None,
    today: datetime.date,
    source: str = "",
    hand_over: HandOver | None = None,
) -> Service:
    """Let a team follow a project; the team that followed it so far hands it over on that day.

    Assigning the same team and leader again changes nothing. A team is replaced only with a note, and
    only when somebody of the new team takes over the assistance tasks of the old one's officers. What
    a ledger (`source`) tells of is history: nobody is asked and nobody is told. Raises CannotAssign.
    """
    [service] = assign_all(
        [project],
        team,
        leader=leader,
        since=since,
        by=by,
        today=today,
        source=source,
        hand_over=hand_over,
    )
    return service


@transaction.atomic
def assign_all(
    projects: Iterable[Project],
    team: ServiceTeam,
    *,
    leader: str,
    since: datetime.date,
    by: User | None,
    today: datetime.date,
    source: str = "",
    hand_over: HandOver | None = None,
) -> list[Service]:
    """The same for several projects, all or none, as when a team is dissolved."""
    if since > today:
        raise CannotAssign(_("The day lies in the future. Enter the day on which the team takes over."))
    step = _Step(team, leader.strip(), since, by, today, source, hand_over or HandOver())
    return [step.take(project) for project in projects]


def followed_by(team: ServiceTeam) -> QuerySet[Service]:
    """What a team follows at present."""
    return Service.objects.filter(team=team, until__isnull=True)


def stranded_tasks(projects: Iterable[int], team: ServiceTeam | None) -> QuerySet[AgencyTask]:
    """Unfinished tasks whose officer would not see the project any more once `team` follows it."""
    tasks = AgencyTask.objects.unfinished().filter(project__in=list(projects))
    return tasks.exclude(officer__service_teams=team) if team else tasks


def left_open(project: Project) -> dict[str, int]:
    """What is still open of a project, as the protocol of a hand-over keeps it."""
    concerned = Q(project=project) | Q(also_concerns=project)
    return {
        "items": project.items.filter(state__in=ItemState.UNDER_WAY).count(),
        "waiting": project.items.filter(state=ItemState.WAITING).count(),
        "issues": Issue.objects.filter(concerned, state__in=IssueState.OPEN).distinct().count(),
        "needs": SupportNeed.objects.open().filter(project=project).count(),
        "tasks": AgencyTask.objects.unfinished().filter(project=project).count(),
    }


@dataclass(frozen=True)
class _Step:
    """One decision about who follows, taken for one project or many."""

    team: ServiceTeam
    leader: str
    since: datetime.date
    by: User | None
    today: datetime.date
    source: str
    hand_over: HandOver

    def take(self, project: Project) -> Service:
        current = (
            Service.objects.select_for_update()
            .select_related("team")
            .filter(project=project, until__isnull=True)
            .first()
        )
        if current is not None:
            if (current.team_id, current.leader) == (self.team.pk, self.leader):
                return current
            self._end(current, project)
        service = self._begin(project)
        if not self.source:
            self._tell(service, project, current)
        return service

    def _end(self, current: Service, project: Project) -> None:
        if self.since < current.since:
            raise CannotAssign(
                _("%(team)s has followed this project since %(since)s. Enter that day or a later one.")
                % {"team": current.team, "since": current.since.isoformat()}
            )
        current.until = self.since
        if current.team_id != self.team.pk and not self.source:
            self._protocol(current, project)
        current.save(update_fields=["until", "note", "handed_over_by", "left_open"])

    def _protocol(self, current: Service, project: Project) -> None:
        note = self.hand_over.note.strip()
        if not note:
            raise CannotAssign(
                _("Write the hand-over note: where the project stands, what is promised, what comes next.")
            )
        current.note, current.handed_over_by, current.left_open = note, self.by, left_open(project)
        stranded = list(stranded_tasks([project.pk], self.team).select_related("officer").order_by("pk"))
        if stranded:
            self._pass_on(stranded)

    def _pass_on(self, tasks: Sequence[AgencyTask]) -> None:
        officer = self.hand_over.officer
        if officer is None:
            names = pgettext("between items of a list", ", ").join(sorted({t.officer.name for t in tasks}))
            text = ngettext(
                "%(n)s assistance task of %(names)s is unfinished. Choose who of %(team)s takes it over.",
                "%(n)s assistance tasks of %(names)s are unfinished. Choose who of %(team)s takes them over.",
                len(tasks),
            )
            raise CannotAssign(text % {"n": len(tasks), "names": names, "team": self.team})
        if not self.team.members.filter(pk=officer.pk).exists():
            raise CannotAssign(
                _("%(name)s is not a member of %(team)s. Choose somebody of the team that takes over.")
                % {"name": officer.name, "team": self.team}
            )
        for task in tasks:
            assistance.hand_over(
                task,
                officer=officer,
                reason=self.hand_over.note,
                on=max(self.since, task.opened_on),
                by=self.by or officer,
                today=self.today,
            )

    def _begin(self, project: Project) -> Service:
        try:
            with transaction.atomic():
                return Service.objects.create(
                    project=project,
                    team=self.team,
                    leader=self.leader,
                    since=self.since,
                    assigned_by=self.by,
                    recorded_on=self.today,
                    recorded_at=moment(self.today),
                    source=self.source,
                )
        except IntegrityError:
            raise CannotAssign(
                _("Somebody else has just assigned this project. Look at it again, then decide.")
            ) from None

    def _tell(self, service: Service, project: Project, before: Service | None) -> None:
        """Both teams hear of a hand-over, the new one of a project to follow; whoever did it knows."""
        facts = {"project": project.code, "after": str(self.team), "day": self.since.isoformat()}
        receiving = self.team.members.exclude(pk=self.by.pk if self.by else None)
        replaced = before is not None and before.team_id != self.team.pk
        kind = "handed_over" if replaced else "taken_on"
        if before is not None and not replaced:
            return
        if before is not None:
            facts |= {"before": str(before.team), "note": before.note}
            leaving = before.team.members.exclude(pk=self.by.pk if self.by else None)
            left = leaving.exclude(service_teams=self.team)
            url = reverse("approvals:team", args=[before.team_id])
            notify(left, key=f"service-{service.pk}", kind=kind, facts=facts, url=url)
        url = reverse("approvals:panel", args=[project.pk])
        notify(receiving, key=f"service-{service.pk}", kind=kind, facts=facts, url=url)
