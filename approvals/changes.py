"""What has changed since a moment, told from append-only rows: one list for whoever works on it.

Nothing is remembered for this page: every line is a row that its verb wrote (an entry, a step, a
flag, a move, a hand-over), so that two people looking at one project read the same.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from approvals import stalls
from approvals.choices import ItemEventKind
from approvals.models import (
    AgencyTask,
    AgencyTaskEvent,
    DueDayMove,
    Issue,
    IssueEvent,
    Item,
    ItemEvent,
    Service,
    StallFlag,
    SupportEvent,
    SupportNeed,
)
from core.workdays import Calendar
from projects.models import ContractEvent, Project, StageChange, StatusChange

MOST = 400  # of each kind; who was away for a year is shown the newest
NIGHT = datetime.time(1)  # when the night's work looks for stalls
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """One thing that happened: to what, when it became known, on which day it was, and by whom.

    `route` and `pk` name the page on which it can be looked at.
    """

    project_id: int
    kind: str
    at: datetime.datetime
    on: datetime.date
    by: int | None
    who: str
    what: str
    subject: str
    note: str
    route: str
    pk: int
    # Working days between the day it happened and the day it was entered.
    late: int = 0

    def in_outline(self) -> "Change":
        """For whoever knows the project by its code-name only: that it happened, without people's words."""
        named = self.subject if self.kind in ("item", "due") else ""
        return replace(self, subject=named, note="")


def last_workday(today: datetime.date, *, days: Calendar) -> datetime.date:
    """The working day before today: what an officer means by yesterday."""
    day = today - ONE_DAY
    while not days.is_workday(day):
        day -= ONE_DAY
    return day


def monday(today: datetime.date) -> datetime.date:
    """This week's Monday; on a Monday last week's, which is what is then asked about."""
    return today - ((today.weekday() or 7) * ONE_DAY)


def since(
    user: User,
    first: datetime.date,
    *,
    today: datetime.date,
    days: Calendar,
    projects: QuerySet[Project] | None = None,
) -> list[Change]:
    """What has become known since the beginning of a day, the newest first, in a fixed number of queries.

    A line department hears of what is addressed to it, everybody else of the projects they may open.
    """
    asked = _Asked(user, first, today, days, projects)
    sources: tuple[Callable[[], Iterable[Change]], ...] = (
        asked.items,
        asked.due_days,
        asked.issues,
        asked.needs,
        asked.tasks,
        asked.flags,
        *((asked.moves, asked.states, asked.contracts, asked.teams) if not asked.addressed else ()),
    )
    found = list(chain.from_iterable(source() for source in sources))
    return sorted(found, key=lambda change: (change.at, change.pk), reverse=True)


@dataclass(frozen=True)
class _Asked:
    """Who asks, and since when."""

    user: User
    first: datetime.date
    today: datetime.date
    days: Calendar
    among: QuerySet[Project] | None

    @property
    def addressed(self) -> bool:
        return self.user.role == Role.DEPARTMENT

    @property
    def moment(self) -> datetime.datetime:
        return timezone.make_aware(datetime.datetime.combine(self.first, datetime.time.min))

    def _within(self, rows: QuerySet) -> QuerySet:
        return rows if self.among is None else rows.filter(project__in=self.among.values("pk"))

    def _late(self, on: datetime.date, at: datetime.datetime) -> int:
        """Entered on the day itself or the next one is in time."""
        entered = timezone.localtime(at).date()
        n = self.days.between(on, entered) if on < entered else 0
        return n if n > 1 else 0

    # Items

    def items(self) -> Iterator[Change]:
        mine = self._within(Item.objects.visible_to(self.user))
        rows = ItemEvent.objects.filter(recorded_at__gte=self.moment, item__in=mine.values("pk"))
        for event in rows.select_related("item__template", "by", "strikes").order_by("-pk")[:MOST]:
            yield Change(
                project_id=event.item.project_id,
                kind="item",
                at=event.recorded_at,
                on=event.on,
                by=event.by_id,
                who=event.by.name,
                what=_what(event),
                subject=str(event.item.template),
                note=event.note,
                route="approvals:item",
                pk=event.item_id,
                late=0 if event.kind == ItemEventKind.STRUCK else self._late(event.on, event.recorded_at),
            )

    def due_days(self) -> Iterator[Change]:
        mine = self._within(Item.objects.visible_to(self.user))
        rows = DueDayMove.objects.filter(recorded_at__gte=self.moment, item__in=mine.values("pk"))
        for move in rows.select_related("item__template").order_by("-pk")[:MOST]:
            yield Change(
                project_id=move.item.project_id,
                kind="due",
                at=move.recorded_at,
                on=move.on,
                by=None,
                who="",
                what=_due_day_moved(move),
                subject=str(move.item.template),
                note="",
                route="approvals:item",
                pk=move.item_id,
            )

    # Issues, needs, tasks

    def issues(self) -> Iterator[Change]:
        mine = Issue.objects.visible_to(self.user)
        if self.among is not None:
            among = self.among.values("pk")
            mine = mine.filter(Q(project__in=among) | Q(also_concerns__in=among))
        rows = IssueEvent.objects.filter(recorded_at__gte=self.moment, issue__in=mine.values("pk"))
        for step in rows.select_related("issue", "by").order_by("-pk")[:MOST]:
            raised = step.level is not None
            yield Change(
                project_id=step.issue.project_id,
                kind="issue",
                at=step.recorded_at,
                on=step.on,
                by=step.by_id,
                who=step.by.name,
                what=_("Sent up: %(level)s") % {"level": step.get_level_display()}
                if raised
                else step.get_target_display(),
                subject=f"{step.issue.code} {step.issue.text}",
                note=step.note,
                route="approvals:issue",
                pk=step.issue_id,
                late=self._late(step.on, step.recorded_at),
            )

    def needs(self) -> Iterator[Change]:
        mine = self._within(SupportNeed.objects.visible_to(self.user))
        rows = SupportEvent.objects.filter(recorded_at__gte=self.moment, need__in=mine.values("pk"))
        for step in rows.select_related("need", "by").order_by("-pk")[:MOST]:
            yield Change(
                project_id=step.need.project_id,
                kind="need",
                at=step.recorded_at,
                on=step.on,
                by=step.by_id,
                who=step.by.name,
                what=step.get_target_display(),
                subject=f"{step.need.get_kind_display()} · {step.need.text}",
                note=step.note,
                route="approvals:need",
                pk=step.need_id,
                late=self._late(step.on, step.recorded_at),
            )

    def tasks(self) -> Iterator[Change]:
        mine = self._within(AgencyTask.objects.visible_to(self.user))
        rows = AgencyTaskEvent.objects.filter(recorded_at__gte=self.moment, task__in=mine.values("pk"))
        for step in rows.select_related("task", "by").order_by("-pk")[:MOST]:
            yield Change(
                project_id=step.task.project_id,
                kind="task",
                at=step.recorded_at,
                on=step.on,
                by=step.by_id,
                who=step.by.name,
                what=step.get_kind_display(),
                subject=step.task.text,
                note=step.note,
                route="approvals:task",
                pk=step.task_id,
                late=self._late(step.on, step.recorded_at),
            )

    # What the night found

    def flags(self) -> Iterator[Change]:
        changed = Q(raised_on__gte=self.first) | Q(cleared_on__gte=self.first)
        rows = self._within(StallFlag.objects.visible_to(self.user)).filter(
            changed | Q(acknowledged_at__gte=self.moment)
        )
        for flag in rows.select_related("item__template", "project", "acknowledged_by").order_by("-pk")[
            :MOST
        ]:
            yield from self._told_of(flag)

    def _told_of(self, flag: StallFlag) -> Iterator[Change]:
        sentence = stalls.sentence(flag, self.today, days=self.days)
        if flag.raised_on >= self.first:
            what = _("Flagged red") if flag.severity == "red" else _("Flagged amber")
            yield _flagged(flag, flag.raised_on, what, sentence)
        if flag.acknowledged_at and flag.acknowledged_by and flag.acknowledged_at >= self.moment:
            yield Change(
                project_id=flag.project_id,
                kind="flag",
                at=flag.acknowledged_at,
                on=timezone.localtime(flag.acknowledged_at).date(),
                by=flag.acknowledged_by_id,
                who=flag.acknowledged_by.name,
                what=_("Said what will be done"),
                subject=flag.subject,
                note=flag.acknowledged_note,
                route=_page_of(flag),
                pk=flag.item_id or flag.project_id,
            )
        if flag.cleared_on and flag.cleared_on >= self.first:
            yield _flagged(flag, flag.cleared_on, _("Moving again"), sentence)

    # The project itself

    def _projects(self) -> QuerySet[Project]:
        seen = Project.objects.visible_to(self.user)
        return seen if self.among is None else seen.filter(pk__in=self.among.values("pk"))

    def moves(self) -> Iterator[Change]:
        rows = StageChange.objects.filter(recorded_at__gte=self.moment, project__in=self._projects())
        for move in rows.select_related("by").order_by("-pk")[:MOST]:
            what = _("Moved to “%(batch)s”") % {"batch": move.get_target_display()}
            yield self._of_project(move, what, move.on, move.by, move.note)

    def states(self) -> Iterator[Change]:
        rows = StatusChange.objects.filter(recorded_at__gte=self.moment, project__in=self._projects())
        for change in rows.select_related("by").order_by("-pk")[:MOST]:
            yield self._of_project(change, change.get_target_display(), change.on, change.by, change.reason)

    def contracts(self) -> Iterator[Change]:
        """That something happened to the contract; amounts are the bureau's to tell."""
        rows = ContractEvent.objects.filter(recorded_on__gte=self.first, project__in=self._projects())
        for event in rows.select_related("recorded_by").order_by("-pk")[:MOST]:
            yield self._of_project(event, event.get_kind_display(), event.signed_on, event.recorded_by, "")

    def _of_project(
        self,
        row: StageChange | StatusChange | ContractEvent,
        what: str,
        on: datetime.date,
        by: User,
        note: str,
    ) -> Change:
        return Change(
            project_id=row.project_id,
            kind="project",
            at=row.recorded_at,
            on=on,
            by=by.pk,
            who=by.name,
            what=what,
            subject="",
            note=note,
            route="projects:project",
            pk=row.project_id,
            late=self._late(on, row.recorded_at),
        )

    def teams(self) -> Iterator[Change]:
        """A hand-over is told with the note of the team that left."""
        rows = Service.objects.filter(recorded_at__gte=self.moment, project__in=self._projects())
        for service in rows.select_related("team", "assigned_by").order_by("-pk")[:MOST]:
            yield Change(
                project_id=service.project_id,
                kind="team",
                at=service.recorded_at,
                on=service.since,
                by=service.assigned_by_id,
                who=service.assigned_by.name if service.assigned_by else "",
                what=_("%(team)s follows it") % {"team": service.team},
                subject="",
                note=service.leader,
                route="approvals:assign",
                pk=service.project_id,
            )


def _what(event: ItemEvent) -> str:
    if event.kind == ItemEventKind.STRUCK and event.strikes:
        return _("Struck out: “%(event)s” on %(on)s") % {
            "event": event.strikes.get_kind_display(),
            "on": event.strikes.on.isoformat(),
        }
    return event.get_kind_display()


def _due_day_moved(move: DueDayMove) -> str:
    before = move.promise_before or move.statute_before
    after = move.promise_after or move.statute_after
    return _("Due day moved by the calendar: %(before)s → %(after)s") % {
        "before": before.isoformat() if before else "—",
        "after": after.isoformat() if after else "—",
    }


def _page_of(flag: StallFlag) -> str:
    return "approvals:item" if flag.item_id else "approvals:panel"


def _flagged(flag: StallFlag, on: datetime.date, what: str, sentence: str) -> Change:
    return Change(
        project_id=flag.project_id,
        kind="flag",
        at=timezone.make_aware(datetime.datetime.combine(on, NIGHT)),
        on=on,
        by=None,
        who=_("the night's work"),
        what=what,
        subject=sentence,
        note="",
        route=_page_of(flag),
        pk=flag.item_id or flag.project_id,
    )
