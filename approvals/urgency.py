"""What stands on a desk, by urgency: the groups of the workbench, each a condition for the database.

An item stands in one group, the first that holds.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from approvals import lamps
from approvals.choices import ItemState
from approvals.models import Item
from core.workdays import Calendar
from projects.choices import Status

SOON = 3  # working days


class Urgency(models.TextChoices):
    """The most urgent first."""

    OVER_STATUTE = "over_statute", _("Over statute")
    OVER_PROMISE = "over_promise", _("Over promise")
    DUE_SOON = "due_soon", _("Due within 3 working days")
    LONG_PAUSE = "long_pause", _("Stopped longer than announced")
    TO_ACCEPT = "to_accept", _("Handed in, not yet accepted")
    READY = "ready", _("Can be submitted now")
    RUNNING = "running", _("Running in time")
    STOPPED = "stopped", _("Clock stopped")


def on_desk(items: QuerySet[Item], *, today: datetime.date, days: Calendar, hands_in: bool) -> Any:
    """The items that somebody can do something about, each with its group's place in `urgency`.

    `hands_in`: items that could be submitted are this person's business too.
    """
    conditions = _conditions(today, days)
    if not hands_in:
        del conditions[Urgency.READY]
    return items.annotate(
        urgency=Case(
            *(When(condition, then=Value(place_of(group))) for group, condition in conditions.items()),
            default=None,
            output_field=IntegerField(null=True),
        )
    ).filter(urgency__isnull=False)


def place_of(group: str) -> int:
    return list(Urgency).index(Urgency(group))


def group_at(place: int) -> Urgency:
    return list(Urgency)[place]


def counts(items: QuerySet[Any]) -> dict[Urgency, int]:
    """How many stand in each group, of what `on_desk` gave; empty groups are left out."""
    rows = items.order_by().values("urgency").annotate(n=Count("pk")).order_by("urgency")
    return {group_at(row["urgency"]): row["n"] for row in rows}


def in_order(items: QuerySet[Any], groups: Iterable[str] = ()) -> QuerySet[Any]:
    """By group, and in each as the board has them; only some groups if any are named."""
    chosen = [place_of(group) for group in groups if group in Urgency.values]
    rows = items.filter(urgency__in=chosen) if chosen else items
    return rows.order_by("urgency", *lamps.URGENCY)


def _conditions(today: datetime.date, days: Calendar) -> dict[Urgency, Q]:
    soon = days.add(today, SOON)
    lamp = {one: lamps.condition(one, today=today, days=days) for one in lamps.Lamp}
    due = Q(promise_due__lte=soon) | Q(promise_due__isnull=True, statute_due__lte=soon)
    return {
        Urgency.OVER_STATUTE: lamp[lamps.Lamp.OVER_STATUTE],
        Urgency.OVER_PROMISE: lamp[lamps.Lamp.OVER_PROMISE],
        Urgency.DUE_SOON: Q(state=ItemState.RUNNING) & due,
        Urgency.LONG_PAUSE: Q(state__in=ItemState.PAUSED, announced_until__lt=today),
        Urgency.TO_ACCEPT: Q(state=ItemState.SUBMITTED),
        Urgency.READY: _ready(),
        Urgency.RUNNING: Q(state=ItemState.RUNNING),
        Urgency.STOPPED: Q(state__in=ItemState.PAUSED),
    }


def _ready() -> Q:
    """Not handed in, and nothing on the project's list that must come first is still open.

    See also `lists.readiness`, which says the same of one project and names what is waited for.
    """
    first = Item.objects.filter(project=OuterRef("project"), template__opens=OuterRef("template"))
    waits = Exists(first.exclude(state__in=ItemState.PASSED))
    return Q(~waits, state=ItemState.WAITING, project__status=Status.ACTIVE)
