"""The night: flags brought into line with what is stalled, and people told once."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.notifications import notify, says
from approvals.choices import Cleared, Severity
from approvals.models import PresetChoice, ServiceTeam, StallFlag, StallRule
from approvals.stalls.night import Key, Stall
from approvals.stalls.question import find
from approvals.stalls.thresholds import rules
from approvals.stalls.words import days_of
from core.workdays import Calendar, calendar
from projects.choices import Status
from taskforces.models import Membership


@dataclass(frozen=True)
class Announced:
    """What a night has changed."""

    raised: list[StallFlag]
    kept: int
    cleared: list[StallFlag]


@transaction.atomic
def announce(today: datetime.date) -> Announced:
    """Bring the open flags into line with the stalls of `today`.

    Run again, by a second worker at the same time or after missed nights, it ends in the same rows:
    the rules' rows are the lock, and an item or project has one open flag a rule by constraint. Run
    for a past day it neither doubles nor clears what later nights have raised.
    """
    list(StallRule.objects.select_for_update().order_by("pk"))
    days = calendar()
    found = {stall.key: stall for stall in find(today, days=days)}
    kept = 0
    cleared: list[StallFlag] = []
    corrected: list[StallFlag] = []
    for flag in _flags_of(today):
        stall = found.get(_key(flag))
        if stall is not None and _tells(flag, stall, today):
            del found[_key(flag)]
            kept += 1
            corrected += [flag] if _stands(flag, today) and _correct(flag, stall) else []
        elif _stands(flag, today):
            cleared.append(flag)
    _clear(cleared, today, days)
    StallFlag.objects.bulk_update(corrected, ["first_day", "severity", "was_red", "facts"], batch_size=500)
    raised = StallFlag.objects.bulk_create([_flag(stall, today) for stall in found.values()], batch_size=500)
    _tell(raised)
    return Announced(raised, kept, cleared)


def _key(flag: StallFlag) -> Key:
    return flag.code, flag.project_id, flag.item_id


def _flags_of(today: datetime.date) -> Iterable[StallFlag]:
    """Those open now, and those that later nights have cleared."""
    flags = StallFlag.objects.filter(Q(cleared_on__isnull=True) | Q(cleared_on__gt=today))
    return flags.select_related("item__template", "project").order_by("pk")


def _stands(flag: StallFlag, today: datetime.date) -> bool:
    """Open, and not raised by a later night."""
    return flag.cleared_on is None and flag.raised_on <= today


def _tells(flag: StallFlag, stall: Stall, today: datetime.date) -> bool:
    """Whether the flag is about this stall; one that began after it was raised is another one, unless
    only the threshold has changed: then both count from the same day."""
    if stall.first_day <= flag.raised_on or flag.raised_on > today:
        return True
    return _origin(flag.facts) == _origin(stall.facts)


_ORIGINS = ("due", "last", "since", "month", "issue_id")


def _origin(facts: dict[str, object]) -> list[object]:
    return [facts.get(name) for name in _ORIGINS]


# --- Raising, correcting ----------------------------------------------------------------------


def _flag(stall: Stall, today: datetime.date) -> StallFlag:
    return StallFlag(
        code=stall.code,
        severity=stall.severity,
        was_red=stall.severity == Severity.RED,
        project_id=stall.project,
        item_id=stall.item,
        first_day=stall.first_day,
        facts=stall.facts,
        raised_on=today,
    )


def _correct(flag: StallFlag, stall: Stall) -> bool:
    """The same stall told better: graver, its first day moved with the calendar or a new threshold, or
    blocked by another issue. That it was red is not forgotten when it is so no more."""
    told = (stall.first_day, stall.severity, stall.facts)
    was_red = flag.was_red or stall.severity == Severity.RED
    if (flag.first_day, flag.severity, flag.facts) == told and flag.was_red == was_red:
        return False
    flag.first_day, flag.severity, flag.facts = told
    flag.was_red = was_red
    return True


# --- Clearing -------------------------------------------------------------------------------------


def _clear(flags: Sequence[StallFlag], today: datetime.date, days: Calendar) -> None:
    """Take them down with their last count; a red that is made good turns amber, it does not vanish."""
    dropped = _dropped(flags, today, days)
    for flag in flags:
        flag.facts = {**flag.facts, "days": days_of(flag, today, days=days)}
        flag.cleared_on, flag.cleared_because = today, _because(flag, dropped)
        if flag.cleared_because == Cleared.SETTLED and flag.was_red:
            flag.severity = Severity.AMBER
    fields = ["cleared_on", "cleared_because", "severity", "facts"]
    StallFlag.objects.bulk_update(flags, fields, batch_size=500)


def _because(flag: StallFlag, dropped: frozenset[Key]) -> str:
    if _key(flag) in dropped:
        return Cleared.DROPPED
    return Cleared.SETTLED if flag.project.status == Status.ACTIVE else Cleared.RESTING


def _dropped(flags: Sequence[StallFlag], today: datetime.date, days: Calendar) -> frozenset[Key]:
    """What would still be stalled by the rules as they were before they last changed: nothing was settled."""
    if not flags:
        return frozenset()
    changed = _rules_changed(min(flag.raised_on for flag in flags), today)
    if changed is None:
        return frozenset()
    before = rules(changed - datetime.timedelta(days=1))
    return frozenset(stall.key for stall in find(today, days=days, in_force=before))


def _rules_changed(since: datetime.date, today: datetime.date) -> datetime.date | None:
    """The last day after `since` on which thresholds or the preset changed."""
    when = {"effective_from__gt": since, "effective_from__lte": today}
    changes = [
        model.objects.filter(**when).aggregate(last=Max("effective_from"))["last"]
        for model in (StallRule, PresetChoice)
    ]
    return max((day for day in changes if day), default=None)


# --- Telling ----------------------------------------------------------------------------------------


says("stalls", gettext_lazy("Newly stalled among your projects: %(count)s."))


def _tell(raised: Sequence[StallFlag]) -> None:
    """One notice a night to each lead of the projects' task forces and each member of their teams."""
    if not raised:
        return
    counts: Counter[int] = Counter()
    concerned = _concerned({flag.project_id for flag in raised})
    for flag in raised:
        counts.update(concerned[flag.project_id])
    by_count: dict[int, list[User]] = defaultdict(list)
    for user in User.objects.filter(pk__in=list(counts), is_active=True).order_by("pk"):
        by_count[counts[user.pk]].append(user)
    url = f"{reverse('approvals:stalled')}?raised_on={raised[0].raised_on.isoformat()}"
    for count, users in by_count.items():
        notify(users, key=f"stalls-{raised[0].pk}", kind="stalls", facts={"count": count}, url=url)


def _concerned(projects: set[int]) -> dict[int, set[int]]:
    """Of each project: the leads of its task force and the members of the team that follows it."""
    concerned: dict[int, set[int]] = {pk: set() for pk in projects}
    leads = Membership.objects.filter(is_lead=True, task_force__projects__in=projects)
    members = ServiceTeam.members.through.objects.filter(
        serviceteam__services__project__in=projects, serviceteam__services__until__isnull=True
    )
    for project, user in leads.values_list("task_force__projects", "user"):
        if project in concerned:
            concerned[project].add(user)
    for project, user in members.values_list("serviceteam__services__project", "user"):
        if project in concerned:
            concerned[project].add(user)
    return concerned
