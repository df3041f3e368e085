"""What the rules are asked of: a day, its thresholds, and the items and projects as they stood then."""

import datetime
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q

from approvals import clocks
from approvals.choices import ItemEventKind
from approvals.models import Item, ItemEvent, StallRule
from approvals.stalls.thresholds import Reached, Rules, after, rules
from core.workdays import Calendar, calendar
from projects.choices import Status
from projects.models import Project, StageChange, StatusChange


@dataclass(frozen=True)
class Stall:
    """An item, or a project itself, that a rule calls stalled; both by key.

    `facts` do not change while it goes on; days are counted anew.
    """

    code: str
    severity: str
    project: int
    item: int | None
    first_day: datetime.date
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> "Key":
        return self.code, self.project, self.item


Key = tuple[str, int, int | None]


def stall(code: str, verdict: Reached, project: int, item: int | None, facts: dict[str, Any]) -> Stall:
    return Stall(code, verdict.severity, project, item, verdict.first_day, facts)


@dataclass(frozen=True)
class ProjectThen:
    """What the rules ask of a project, as it stood on the day."""

    pk: int
    stage: str
    stage_since: datetime.date
    signed_on: datetime.date | None
    planned_start: datetime.date | None
    planned_production: datetime.date | None
    fixed_assets: Decimal | None
    contracted: Decimal


_FIELDS = tuple(ProjectThen.__dataclass_fields__)


@dataclass(frozen=True)
class Night:
    """A day with what is asked on it. `past` are the items on which something happened later."""

    today: datetime.date
    days: Calendar
    rules: Rules
    past: dict[int, Item]
    # Projects that were active then and are not now, and the other way round.
    woken: frozenset[int]
    asleep: frozenset[int]

    def active(self, prefix: str = "project") -> Q:
        """The rows whose project was active then."""
        active = Q(**{f"{prefix}__status": Status.ACTIVE})
        if self.asleep:
            active &= ~Q(**{f"{prefix}__in": self.asleep})
        return active | Q(**{f"{prefix}__in": self.woken}) if self.woken else active

    def since(self, day: datetime.date, *, more: int = 0) -> Callable[[StallRule], datetime.date]:
        """When a row speaks of what has lasted since a day; `more` are days that may pass anyway."""
        return lambda rule: after(day, rule, self.days, more=more)

    def projects(self) -> list[ProjectThen]:
        """All that were active then, in the batch in which they were."""
        active = Q(status=Status.ACTIVE) & ~Q(pk__in=self.asleep) | Q(pk__in=self.woken)
        then = _batches_then(self.today)
        found = []
        for values in Project.objects.filter(active).order_by("pk").values_list(*_FIELDS):
            pk, stage, since, *rest = values
            if pk in then:
                stage, since = then[pk]
            if stage and since <= self.today:
                found.append(ProjectThen(pk, stage, since, *rest))
        return found


def night_of(today: datetime.date, *, days: Calendar | None = None, in_force: Rules | None = None) -> Night:
    woken, asleep = _status_then(today)
    days = days or calendar()
    return Night(today, days, in_force or rules(today), _past_items(today, days), woken, asleep)


def new_limits_after(today: datetime.date) -> Q:
    """Items that took new limits later: no sign of life, so their last event does not tell of it."""
    applied = ItemEvent.objects.filter(kind=ItemEventKind.LIMITS, on__gt=today)
    return Q(pk__in=applied.values("item"))


def _past_items(today: datetime.date, days: Calendar) -> dict[int, Item]:
    """Items on which something happened after `today`, as they stood then."""
    happened = Q(last_event_on__gt=today) | new_limits_after(today)
    later = list(
        Item.objects.filter(happened, opened_on__lte=today).select_related("template", "limit").order_by("pk")
    )
    events: dict[int, list[ItemEvent]] = defaultdict(list)
    if later:
        written = ItemEvent.objects.filter(item__in=[item.pk for item in later]).select_related("limit")
        for event in written.order_by("pk"):
            events[event.item_id].append(event)
    return {item.pk: clocks.as_of(item, events[item.pk], today, days=days) for item in later}


def _status_then(today: datetime.date) -> tuple[frozenset[int], frozenset[int]]:
    """The first change of status after a day tells what the project was before it."""
    later = StatusChange.objects.filter(on__gt=today).order_by("-on", "-pk").values_list("project", "source")
    then = dict(later)
    woken = frozenset(pk for pk, status in then.items() if status == Status.ACTIVE)
    return woken, frozenset(then) - woken


def _batches_then(today: datetime.date) -> dict[int, tuple[str, datetime.date]]:
    """Of projects that have moved since: their batch on the day, empty where they were not yet known."""
    moved = set(StageChange.objects.filter(on__gt=today).values_list("project", flat=True))
    if not moved:
        return {}
    then: dict[int, tuple[str, datetime.date]] = dict.fromkeys(moved, ("", today))
    moves = StageChange.objects.filter(on__lte=today).order_by("on", "pk")
    for pk, target, on in moves.values_list("project", "target", "on"):
        if pk in then:
            then[pk] = (target, on)
    return then
