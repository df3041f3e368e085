"""The ladder 提级: a matter that nobody settles goes up a level after so many working days.

Levels and their order follow a published city rule: service team, approval bureau or lead department,
task-force lead, secretary-general or vice-mayor, mayor's special meeting; what can be solved lower down
is not sent up. The timers are rows (`EscalationRule`); 5, 5 and 10 working days are shipped, and the
mayor's meeting is called by people, never by a timer.

An issue's timer runs while it is being worked on. It stands still while the issue is suspended or its
project paused. An answer stops it and has a timer of its own: unconfirmed for as many working days it
goes up all the same, sent back it goes on where it stood. A stall flag climbs while nobody has said
what will be done: a red one as far as there are timers, an amber one to the task-force lead.

When a matter climbs is arithmetic over its steps and the calendar; the night writes down the days that
have come. A night that was missed or run twice, late, or by two workers ends in the same rows.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import AgencyKind, User
from accounts.notifications import notify, says
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.choices import IssueLevel, IssueState, Severity
from approvals.models import EscalationRule, Issue, IssueEvent, Service, StallFlag, StallRule
from approvals.models.issue import standing
from core.workdays import Calendar, calendar
from projects.choices import Status
from taskforces.models import Membership

# What can be solved lower down is not sent up: only red flags go to the leaders of the city.
HIGHEST = {Severity.AMBER: IssueLevel.TASK_FORCE_LEAD, Severity.RED: IssueLevel.MAYOR}
# From here on a notice goes out by mail too; so does one that tells of a red flag.
MAILED_FROM = IssueLevel.TASK_FORCE_LEAD


# --- The timers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Timers:
    """After how many working days a matter leaves a level, and from when that rule has held."""

    rows: dict[int, list[tuple[datetime.date, int]]]

    def of(self, level: int) -> Iterator[tuple[datetime.date, datetime.date, int]]:
        """Each rule of the level with the days from which and before which it holds."""
        for (since, days), (until, _days) in pairwise([*self.rows.get(level, []), (datetime.date.max, 0)]):
            if days:
                yield since, until, days


def timers() -> Timers:
    rows: dict[int, list[tuple[datetime.date, int]]] = defaultdict(list)
    for rule in EscalationRule.objects.order_by("effective_from", "pk"):
        rows[rule.level].append((rule.effective_from, rule.days))
    return Timers(dict(rows))


USUAL = (
    (IssueLevel.TEAM, 5),
    (IssueLevel.LEAD_DEPARTMENT, 5),
    (IssueLevel.TASK_FORCE_LEAD, 10),
)
# The first year of the mechanism.
USUAL_FROM = datetime.date(2025, 1, 1)


def load_escalation_rules(today: datetime.date) -> None:
    """The usual timers, for the levels that have none; what the office has changed is left alone."""
    for level, days in USUAL:
        if not EscalationRule.objects.filter(level=level).exists():
            since = min(USUAL_FROM, today)
            EscalationRule.objects.create(level=level, days=days, effective_from=since)


# --- The arithmetic -------------------------------------------------------------------------


class Pace(models.TextChoices):
    """How the timer of a matter goes for a while."""

    RUNS = "runs"
    WAITS = "waits"  # answered: the confirmation has a timer of its own
    STANDS = "stands"


@dataclass(frozen=True)
class Spell:
    since: datetime.date
    pace: Pace


@dataclass(frozen=True)
class Climb:
    """One level up: which one is reached, on which day, after how many working days."""

    level: IssueLevel
    on: datetime.date
    after: int


def next_climb(
    level: int, since: datetime.date, spells: Sequence[Spell], *, within: Timers, days: Calendar
) -> Climb | None:
    """When a matter leaves the level it has stood on since a day, if nothing more happens to it.

    As with the clocks of items, the day of a step belongs to what went on before it.
    """
    counted = 0
    ends = [spell.since for spell in spells[1:]]
    for spell, end in zip(spells, [*ends, datetime.date.max], strict=True):
        start = max(spell.since, since)
        if end <= start or spell.pace == Pace.STANDS:
            continue
        before = counted if spell.pace == Pace.RUNS else 0
        if found := _reached(level, start, end, before, within, days):
            return found
        if spell.pace == Pace.RUNS and end < datetime.date.max:
            counted += days.between(start, end)
    return None


def _reached(
    level: int, start: datetime.date, end: datetime.date, counted: int, within: Timers, days: Calendar
) -> Climb | None:
    """The first day after `start`, up to `end`, on which a rule in force then finds its days full."""
    for since, until, needed in within.of(level):
        day = max(days.add(start, max(needed - counted, 1)), days.on_or_after(since))
        if day < until and day <= end:
            return Climb(IssueLevel(level + 1), day, needed)
    return None


def climbs(
    level: int,
    since: datetime.date,
    spells: Sequence[Spell],
    *,
    today: datetime.date,
    within: Timers,
    days: Calendar,
) -> Iterator[Climb]:
    """All the climbs that have come by `today`."""
    while step := next_climb(level, since, spells, within=within, days=days):
        if step.on > today:
            return
        yield step
        level, since = step.level, step.on


def spells_of(issue: Issue) -> list[Spell]:
    """How an issue's timer has gone: by its own steps and the pauses of its project.

    Asks nothing where `events` and `project__status_changes` were fetched along.
    """
    steps = [(step.on, step.pk, "state", step.target) for step in standing(issue.events.all())]
    pauses = [
        (change.on, change.pk, "status", change.target) for change in issue.project.status_changes.all()
    ]
    now = {"state": str(IssueState.LOGGED), "status": str(Status.ACTIVE)}
    spells = [Spell(issue.raised_on, Pace.RUNS)]
    for on, _pk, what, value in sorted([*steps, *pauses]):
        now[what] = value
        pace = _pace(now["state"], now["status"])
        if pace != spells[-1].pace:
            spells.append(Spell(on, pace))
    return spells


def _pace(state: str, status: str) -> Pace:
    if status != Status.ACTIVE or state in IssueState.STANDING_STILL:
        return Pace.STANDS
    return Pace.WAITS if state in (IssueState.ANSWERED, IssueState.CONFIRMING) else Pace.RUNS


def since_of(matter: Issue | StallFlag) -> datetime.date:
    """From when the timer of its level runs."""
    if matter.level_since:
        return matter.level_since
    if isinstance(matter, StallFlag):
        return matter.raised_on
    return matter.reopened_on or matter.raised_on


def ahead(issue: Issue, *, days: Calendar) -> Climb | None:
    """The next climb of an open issue by the timer, as things stand now."""
    if issue.state not in IssueState.OPEN:
        return None
    spells = spells_of(issue)
    if spells[-1].pace == Pace.STANDS:
        return None
    return next_climb(issue.level, since_of(issue), spells, within=timers(), days=days)


# --- The night ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SentUp:
    """What a night has sent up: each matter with its climbs."""

    issues: list[tuple[Issue, list[Climb]]] = field(default_factory=list)
    flags: list[tuple[StallFlag, list[Climb]]] = field(default_factory=list)


@transaction.atomic
def climb(today: datetime.date) -> SentUp:
    """Send up what has stood on its level for too long, by `today`, and tell those it has reached.

    The rows of the rules are the lock, against a second worker and against the night that raises flags.
    """
    list(StallRule.objects.select_for_update().order_by("pk"))
    list(EscalationRule.objects.select_for_update().order_by("pk"))
    within, days = timers(), calendar()

    def of(matter: Issue | StallFlag, spells: Sequence[Spell]) -> list[Climb]:
        return list(climbs(matter.level, since_of(matter), spells, today=today, within=within, days=days))

    sent = SentUp(_issues_sent_up(of), _flags_sent_up(of, today))
    _tell(sent, today)
    return sent


Found = Callable[[Issue | StallFlag, Sequence[Spell]], list[Climb]]


def _issues_sent_up(found: Found) -> list[tuple[Issue, list[Climb]]]:
    by = User.objects.system()
    climbing = [(issue, found(issue, spells_of(issue))) for issue in _climbing_issues()]
    return [(issue, steps) for issue, steps in climbing if steps and _lift_issue(issue, steps, by)]


def _flags_sent_up(found: Found, today: datetime.date) -> list[tuple[StallFlag, list[Climb]]]:
    sent = []
    for flag in _climbing_flags(today):
        top = HIGHEST[Severity(flag.severity)]
        steps = [step for step in found(flag, [Spell(since_of(flag), Pace.RUNS)]) if step.level <= top]
        if steps:
            flag.level, flag.level_since = steps[-1].level, steps[-1].on
            sent.append((flag, steps))
    flags = [flag for flag, _steps in sent]
    StallFlag.objects.bulk_update(flags, ["level", "level_since"], batch_size=500)
    return sent


def _climbing_issues() -> Iterable[Issue]:
    """Open issues below the top; one suspended by now may have climbed in a night that was missed."""
    rows = Issue.objects.open().filter(level__lt=IssueLevel.MAYOR)
    return rows.select_related("project").prefetch_related("events", "project__status_changes").order_by("pk")


def _climbing_flags(today: datetime.date) -> Iterable[StallFlag]:
    amber, red = (models.Q(severity=severity, level__lt=level) for severity, level in HIGHEST.items())
    rows = StallFlag.objects.open().filter(amber | red, acknowledged_by__isnull=True, raised_on__lte=today)
    return rows.select_related("project", "item__template").order_by("pk")


def _lift_issue(issue: Issue, steps: Sequence[Climb], by: User) -> bool:
    """Unless somebody has changed the issue in this moment: then the next night looks again."""
    last = steps[-1]
    seen = Issue.objects.filter(pk=issue.pk, state=issue.state, version=issue.version)
    if not seen.update(level=last.level, level_since=last.on, version=issue.version + 1):
        return False
    issue.level, issue.level_since, issue.version = last.level, last.on, issue.version + 1
    for step in steps:
        state = _state_on(issue, step.on)
        issue.events.create(
            source=state, target=state, on=step.on, by=by, level=step.level, after_days=step.after
        )
    return True


def _state_on(issue: Issue, day: datetime.date) -> str:
    """In which state it was at the end of a day, by the steps fetched along."""
    steps = sorted((s.on, s.pk, s.target) for s in standing(issue.events.all()) if s.on <= day)
    return steps[-1][2] if steps else IssueState.LOGGED


# --- Who is told ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Matter:
    """What decides who is told: the level it has reached, whose project it is, which office answers."""

    level: int
    project: int
    task_force: int
    department: int | None
    is_issue: bool = True
    is_red: bool = False
    since: datetime.date | None = None


def matter_of(thing: Issue | StallFlag, *, level: int | None = None) -> Matter:
    """Of an issue or a flag as it stands, or as it would on another level."""
    is_issue = isinstance(thing, Issue)
    department = thing.department_id if isinstance(thing, Issue) else _department_of(thing)
    return Matter(
        level=level or thing.level,
        project=thing.project_id,
        task_force=thing.project.task_force_id,
        department=department,
        is_issue=is_issue,
        is_red=isinstance(thing, StallFlag) and thing.severity == Severity.RED,
        since=thing.level_since,
    )


def _department_of(flag: StallFlag) -> int | None:
    return flag.item.template.department_id if flag.item else None


def concerned(matters: Iterable[Matter]) -> dict[Matter, set[int]]:
    """The people who answer for each matter on its level, in a fixed number of queries.

    1 the service team · 2 the team of the approval bureau and the responsible department ·
    3 the leads of the task force · 4 and 5 the leaders of the bureau and of the city.
    """
    matters = list(matters)
    teams = _teams({m.project for m in matters if m.level <= IssueLevel.LEAD_DEPARTMENT})
    offices = _offices({m.department for m in matters if m.level == IssueLevel.LEAD_DEPARTMENT})
    leads = _leads({m.task_force for m in matters if m.level == IssueLevel.TASK_FORCE_LEAD})
    leaders = _leaders() if any(m.level > IssueLevel.TASK_FORCE_LEAD for m in matters) else set()

    def people(matter: Matter) -> set[int]:
        match matter.level:
            case IssueLevel.TEAM:
                return teams[matter.project]
            case IssueLevel.LEAD_DEPARTMENT:
                return teams[matter.project] | offices[matter.department] | offices[None]
            case IssueLevel.TASK_FORCE_LEAD:
                return leads[matter.task_force]
        return leaders

    return {matter: people(matter) for matter in matters}


def _teams(projects: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    if projects:
        rows = Service.objects.filter(project__in=projects, until__isnull=True, team__members__isnull=False)
        for project, user in rows.values_list("project", "team__members"):
            found[project].add(user)
    return found


def _offices(departments: set[int | None]) -> dict[int | None, set[int]]:
    """The people of each department; under None those of the approval bureau who see every project.

    Members of service teams are told of their own projects only.
    """
    found: dict[int | None, set[int]] = defaultdict(set)
    if departments:
        wanted = models.Q(agency__in=departments - {None}, role=Role.DEPARTMENT)
        bureau = models.Q(agency__kind=AgencyKind.APPROVAL, role__in=SEES_ALL_PROJECTS)
        for user in User.objects.filter(wanted | bureau).order_by("pk"):
            found[None if user.role in SEES_ALL_PROJECTS else user.agency_id].add(user.pk)
    return found


def _leads(task_forces: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    if task_forces:
        rows = Membership.objects.filter(is_lead=True, task_force__in=task_forces)
        for force, user in rows.values_list("task_force", "user"):
            found[force].add(user)
    return found


def _leaders() -> set[int]:
    return set(User.objects.filter(role__in=(Role.LEADER, Role.CITY_LEADER)).values_list("pk", flat=True))


# --- Telling them ---------------------------------------------------------------------------

says("ladder", _("Sent up to you by the timer: issues %(issues)s, stalled approvals %(stalls)s."))
says("sent_up", _("%(name)s has sent issue %(issue)s up to you."))
says("sent_down", _("%(name)s has sent issue %(issue)s back down to you."))


def _tell(sent: SentUp, today: datetime.date) -> None:
    """One notice a person and night, counting what has reached them."""
    reached: dict[int, list[Matter]] = defaultdict(list)
    matters = [matter_of(issue) for issue, _steps in sent.issues]
    matters += [matter_of(flag) for flag, _steps in sent.flags]
    everyone = concerned(matters)
    for matter in matters:
        for person in everyone[matter]:
            reached[person].append(matter)
    for user in User.objects.filter(pk__in=list(reached), is_active=True).order_by("pk"):
        mine = reached[user.pk]
        counted = Counter("issues" if matter.is_issue else "stalls" for matter in mine)
        first = min(matter.since for matter in mine if matter.since)
        notify(
            [user],
            key=f"ladder-{today.isoformat()}",
            kind="ladder",
            facts={"issues": counted["issues"], "stalls": counted["stalls"]},
            url=f"{reverse('approvals:reached')}?since={first.isoformat()}",
            by_mail=any(matter.is_red or matter.level >= MAILED_FROM for matter in mine),
        )


def tell_of_step(issue: Issue, event: IssueEvent, *, up: bool) -> None:
    """Sent up or down by hand: those of the new level learn it at once."""
    (people,) = concerned([matter_of(issue)]).values()
    notify(
        User.objects.filter(pk__in=people, is_active=True).exclude(pk=event.by_id).order_by("pk"),
        key=f"issue-level-{event.pk}",
        kind="sent_up" if up else "sent_down",
        facts={"name": event.by.name, "issue": issue.code},
        url=reverse("approvals:issue", args=[issue.pk]),
        by_mail=up and issue.level >= MAILED_FROM,
    )
