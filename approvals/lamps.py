"""The one lamp of an item: shape, word and colour for a person, a condition for a list.

The gravest verdict wins; both stand on the item's own page (see clocks.Standing).
"""

import datetime
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approvals.choices import AssistanceState, ItemState, SupportState
from approvals.clocks import Standing
from approvals.lists import Readiness
from approvals.models import AgencyTask, Item, SupportNeed
from core.workdays import Calendar


class Lamp(TextChoices):
    """What a list of undecided items can be asked for."""

    OVER_STATUTE = "over_statute", gettext_lazy("Over statute")
    OVER_PROMISE = "over_promise", gettext_lazy("Over promise")
    ON_TIME = "on_time", gettext_lazy("On time")
    STOPPED = "stopped", gettext_lazy("Clock stopped")
    WAITING = "waiting", gettext_lazy("Not yet submitted")


@dataclass(frozen=True)
class Shown:
    """A lamp's kind (see `{% lamp %}`) and its word."""

    kind: str
    word: str


def shown(item: Item, standing: Standing, readiness: Readiness | None = None) -> Shown:
    """The lamp of an item; `readiness`, where it is known, says what an item not yet submitted waits for."""
    if item.state == ItemState.WAITING:
        return _before(item, readiness)
    if item.state in ItemState.FRUITLESS:
        return Shown("waiting", item.get_state_display())
    if n := standing.over_statute:
        return Shown(
            "over_statute", ngettext("%(n)s day over statute", "%(n)s days over statute", n) % {"n": n}
        )
    if n := standing.over_promise:
        return Shown(
            "over_promise", ngettext("%(n)s day over promise", "%(n)s days over promise", n) % {"n": n}
        )
    if item.state in ItemState.CLOSED:
        return Shown("done", _("Decided in time"))
    if item.state != ItemState.RUNNING:
        return Shown("waiting", item.get_state_display())
    return Shown("on_time", _left(standing))


def _before(item: Item, readiness: Readiness | None) -> Shown:
    if readiness is None:
        return Shown("waiting", item.get_state_display())
    if readiness.ready_on:
        return Shown("todo", _("Can be submitted"))
    n = len(readiness.waits_for)
    return Shown("waiting", ngettext("Waits for %(n)s item", "Waits for %(n)s items", n) % {"n": n})


def _left(standing: Standing) -> str:
    left = standing.left
    if left is None:
        return _("Being handled")
    if left == 0:
        return _("Last day")
    return ngettext("%(n)s day left", "%(n)s days left", left) % {"n": left}


# --- Needs and tasks ----------------------------------------------------------------------------

SOON = 5  # working days within which a need or a task that is still open shows an amber lamp


def of_need(need: SupportNeed, *, today: datetime.date, days: Calendar) -> Shown:
    """The lamp of a support need: by its day while it is open, else how it ended."""
    if need.state in SupportState.OPEN:
        return _until(need.needed_by, today=today, days=days)
    if need.state == SupportState.MET:
        return _ended(need.needed_by, need.closed_on, _("Met in time"), days=days)
    return Shown("waiting", need.get_state_display())


def of_task(task: AgencyTask, *, today: datetime.date, days: Calendar) -> Shown:
    """The lamp of an assistance task: by its day while it is open, else how it ended."""
    if task.state in AssistanceState.UNFINISHED:
        return _until(task.due_on, today=today, days=days)
    if task.state == AssistanceState.DONE:
        return _ended(task.due_on, task.closed_on, _("Done in time"), days=days)
    return Shown("waiting", task.get_state_display())


def _until(due: datetime.date, *, today: datetime.date, days: Calendar) -> Shown:
    if due < today:
        n = max(days.between(due, today), 1)
        return Shown("over_statute", ngettext("%(n)s day overdue", "%(n)s days overdue", n) % {"n": n})
    if due == today:
        return Shown("over_promise", _("Due today"))
    left = days.between(today, due)
    word = ngettext("%(n)s day left", "%(n)s days left", left) % {"n": left}
    return Shown("over_promise" if left <= SOON else "on_time", word)


def _ended(due: datetime.date, on: datetime.date | None, in_time: str, *, days: Calendar) -> Shown:
    if on is None or on <= due:
        return Shown("done", in_time)
    n = max(days.between(due, on), 1)
    return Shown("done", ngettext("%(n)s day late", "%(n)s days late", n) % {"n": n})


def condition(lamp: str, *, today: datetime.date, days: Calendar) -> Q:
    """The items, not yet decided, that show this lamp on `today`.

    An item is over a limit from the first working day after its due day on: its due day lies before
    the last working day up to today. While the clock stands still a due day is kept only if it has
    passed (see clocks.due_on), so that the same condition holds.
    """
    last = _last_workday(today, days)
    late_by_statute, late_by_promise = Q(statute_due__lt=last), Q(promise_due__lt=last)
    within_statute = Q(statute_due__isnull=True) | Q(statute_due__gte=last)
    in_time = within_statute & (Q(promise_due__isnull=True) | Q(promise_due__gte=last))
    under_way = Q(state__in=ItemState.UNDER_WAY)
    return {
        Lamp.OVER_STATUTE: under_way & late_by_statute,
        Lamp.OVER_PROMISE: under_way & late_by_promise & within_statute,
        Lamp.ON_TIME: Q(state__in=(ItemState.SUBMITTED, ItemState.RUNNING)) & in_time,
        Lamp.STOPPED: Q(state__in=ItemState.PAUSED) & in_time,
        Lamp.WAITING: Q(state=ItemState.WAITING),
    }[Lamp(lamp)]


def late(*, today: datetime.date, days: Calendar) -> Q:
    """The items under way that are over one of their limits."""
    over = (condition(lamp, today=today, days=days) for lamp in (Lamp.OVER_PROMISE, Lamp.OVER_STATUTE))
    return reduce(or_, over)


def _last_workday(today: datetime.date, days: Calendar) -> datetime.date:
    while not days.is_workday(today):
        today -= datetime.timedelta(days=1)
    return today


URGENCY = (
    F("promise_due").asc(nulls_last=True),
    F("statute_due").asc(nulls_last=True),
    F("last_event_on").asc(nulls_last=True),
    F("pk").asc(),
)
