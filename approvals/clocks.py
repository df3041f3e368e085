"""Whose an item's days are and when it is due: derived from its events, never counted up.

The pure part (`replay` to `explain`) knows nothing but days; the verbs below it write an event and
derive the item anew, so that an entry made late or out of order comes out as if made in time.

An item's working days begin when it could be handed in (its prerequisites passed) or was handed in,
and end when it is decided. Each belongs to the clock of the state in which the day began: the day of
an event still belongs to the state before it, and the day of acceptance is not counted.
"""

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import User
from approvals.choices import Clock, ItemEventKind, ItemState
from approvals.models import DueDayMove, Item, ItemEvent, ItemLimit
from approvals.rules import ITEM_NEXT, ITEM_ORDER, clock_of, step
from core.clock import moment
from core.models import CalendarNotice
from core.refusal import Refusal
from core.workdays import Calendar, Day, calendar


class DoesNotFit(Refusal):
    """The events of an item cannot have happened so."""

    def __init__(self, message: str, event: ItemEvent) -> None:
        super().__init__(message)
        self.event = event


class CannotLog(Refusal):
    """An entry's day or contents are impossible."""


# --- The course of an item -------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """A state from the end of one day to the end of another; `until` is empty while it lasts."""

    state: ItemState
    since: datetime.date
    until: datetime.date | None = None


@dataclass(frozen=True)
class Course:
    """What the events of an item come to."""

    spans: tuple[Span, ...]
    steps: tuple[tuple[ItemEvent, ItemState], ...]
    handed_in_on: datetime.date | None
    submitted_on: datetime.date | None
    accepted_on: datetime.date | None
    # Decided without a word of acceptance: then it counts as accepted on the day it was handed in
    # (行政许可法 32), or the limits would never have run.
    is_deemed: bool
    closed_on: datetime.date | None
    last_event_on: datetime.date | None
    certificate_no: str
    # States that did not outlast their day: a pause that ended on the day of the decision.
    moments: tuple[Span, ...] = ()

    @property
    def state(self) -> ItemState:
        return self.spans[-1].state

    @property
    def since(self) -> datetime.date:
        """The day on which the present state was reached."""
        return self.spans[-1].since

    def counted_spans(self) -> list[Span]:
        """The spans of the present handling in which the limits run."""
        return self._counted(self.spans)

    def counted_moments(self) -> list[Span]:
        """Those that began and ended on one day: no day of theirs counts, but a due day begins there."""
        return self._counted(self.moments)

    def _counted(self, spans: Iterable[Span]) -> list[Span]:
        accepted = self.accepted_on
        if accepted is None:
            return []
        state = ItemState.SUBMITTED if self.is_deemed else ItemState.RUNNING
        return [span for span in spans if span.state == state and span.since >= accepted]


@dataclass
class _Walk:
    """The state of an item while its events are gone through."""

    spans: list[Span]
    steps: list[tuple[ItemEvent, ItemState]] = field(default_factory=list)
    moments: list[Span] = field(default_factory=list)
    handed_in_on: datetime.date | None = None
    submitted_on: datetime.date | None = None
    accepted_on: datetime.date | None = None
    is_deemed: bool = False
    closed_on: datetime.date | None = None

    @property
    def state(self) -> ItemState:
        return self.spans[-1].state

    def take(self, event: ItemEvent, state: ItemState) -> None:
        self.steps.append((event, state))
        self._note_days(event, state)
        last = self.spans[-1]
        if state == last.state:
            return
        if last.since == event.on:  # a state that did not outlast its day
            self.moments.append(Span(last.state, last.since, event.on))
            self.spans.pop()
        else:
            self.spans[-1] = Span(last.state, last.since, event.on)
        if self.spans and self.spans[-1].state == state and event.kind not in ItemEventKind.ACCEPTANCES:
            self.spans[-1] = Span(state, self.spans[-1].since)  # a pause that began and ended in one day
        else:
            self.spans.append(Span(state, event.on))

    def _note_days(self, event: ItemEvent, state: ItemState) -> None:
        if event.kind == ItemEventKind.SUBMITTED:
            self.submitted_on, self.accepted_on, self.closed_on = event.on, None, None
            self.is_deemed = False
        elif event.kind in ItemEventKind.ACCEPTANCES:
            self.submitted_on = self.submitted_on or event.on
            self.accepted_on = self.accepted_on or event.on  # the counter's word counts, not the second one
        elif event.kind in ItemEventKind.BEGINS_ANEW:
            self.submitted_on, self.accepted_on = None, None
        elif state in ItemState.CLOSED:
            self.closed_on = self.closed_on or event.on
            approved = state in (ItemState.APPROVED, ItemState.APPROVED_PENDING)
            if approved and self.accepted_on is None and self.submitted_on:
                self.accepted_on, self.is_deemed = self.submitted_on, True
        if event.kind == ItemEventKind.SUBMITTED or event.kind in ItemEventKind.ACCEPTANCES:
            self.handed_in_on = self.handed_in_on or event.on


def standing_events(events: Iterable[ItemEvent]) -> list[ItemEvent]:
    """The events without those struck out and without the entries that strike them."""
    events = list(events)
    struck = {event.strikes_id for event in events if event.strikes_id}
    return [e for e in events if e.kind != ItemEventKind.STRUCK and (e.pk is None or e.pk not in struck)]


def replay(events: Iterable[ItemEvent], *, opened_on: datetime.date) -> Course:
    """The course that these events make, whatever the order in which they were entered.

    Raises DoesNotFit, with a sentence, for the first event that cannot have happened.
    """
    valid = standing_events(events)
    walk = _Walk([Span(ItemState.WAITING, opened_on)])
    for event in _in_order([e for e in valid if e.kind not in ItemEventKind.WITHOUT_STEP]):
        state = step(walk.state, ItemEventKind(event.kind), accepted=walk.accepted_on is not None)
        assert state is not None
        walk.take(event, state)
    certificates = [event.certificate_no for event, _state in walk.steps if event.certificate_no]
    return Course(
        spans=tuple(walk.spans),
        steps=tuple(walk.steps),
        handed_in_on=walk.handed_in_on,
        submitted_on=walk.submitted_on,
        accepted_on=walk.accepted_on,
        is_deemed=walk.is_deemed,
        closed_on=walk.closed_on,
        # new limits are no sign that anybody handles the item
        last_event_on=max((e.on for e in valid if e.kind != ItemEventKind.LIMITS), default=None),
        certificate_no=certificates[-1] if certificates else "",
        moments=tuple(walk.moments),
    )


def _by_day(event: ItemEvent) -> tuple[datetime.date, int, str]:
    return event.on, ITEM_ORDER.index(ItemEventKind(event.kind)), event.certificate_no


_Here = tuple[ItemState, bool]  # a state, and whether the item has been accepted in this handling
_Kinds = tuple[ItemEventKind, ...]


def _in_order(events: Iterable[ItemEvent]) -> list[ItemEvent]:
    """The events in an order in which they fit: by day, and within a day as ITEM_ORDER prefers.

    One day may lead to several states (handed in, withdrawn, handed in again): the one that lets
    the later days fit is the one that was.
    """
    days = [list(group) for _on, group in groupby(sorted(events, key=_by_day), key=lambda e: e.on)]
    reached: Collection[_Here] = [(ItemState.WAITING, False)]
    trail = []
    for day in days:
        onward: dict[_Here, tuple[_Here, _Kinds]] = {}
        for here in reached:
            for there, order in _outcomes(here, tuple(ItemEventKind(e.kind) for e in day), {}).items():
                onward.setdefault(there, (here, order))
        if not onward:
            raise _misfit(*next(iter(reached)), day)
        trail.append(onward)
        reached = onward
    return _back(trail, next(iter(reached)), days)


def _back(
    trail: list[dict[_Here, tuple[_Here, _Kinds]]], there: _Here, days: list[list[ItemEvent]]
) -> list[ItemEvent]:
    """The way that led `there`, as events."""
    ordered: list[ItemEvent] = []
    for onward, day in zip(reversed(trail), reversed(days), strict=True):
        there, order = onward[there]
        waiting = list(day)
        taken = []
        for kind in order:
            taken.append(next(e for e in waiting if e.kind == kind))
            waiting.remove(taken[-1])
        ordered = taken + ordered
    return ordered


def _outcomes(
    here: _Here, kinds: _Kinds, known: dict[tuple[_Here, _Kinds], dict[_Here, _Kinds]]
) -> dict[_Here, _Kinds]:
    """Where the events of one day may lead, each with the first order that leads there."""
    if not kinds:
        return {here: ()}
    if (here, kinds) not in known:
        found: dict[_Here, _Kinds] = {}
        state, accepted = here
        for position, kind in enumerate(kinds):
            target = step(state, kind, accepted=accepted)
            if target is None or kind in kinds[:position]:
                continue
            rest = kinds[:position] + kinds[position + 1 :]
            after = (target, _accepted_after(kind, accepted))
            for there, order in _outcomes(after, rest, known).items():
                found.setdefault(there, (kind, *order))
        known[here, kinds] = found
    return known[here, kinds]


def _accepted_after(kind: ItemEventKind, accepted: bool) -> bool:
    if kind in ItemEventKind.BEGINS_ANEW:
        return False
    return accepted or kind in ItemEventKind.ACCEPTANCES


def _misfit(state: ItemState, accepted: bool, events: list[ItemEvent]) -> DoesNotFit:
    """Name the event at which one gets stuck when each is taken as soon as it fits."""
    waiting = list(events)
    while fitting := [e for e in waiting if step(state, ItemEventKind(e.kind), accepted=accepted)]:
        kind = ItemEventKind(fitting[0].kind)
        state = step(state, kind, accepted=accepted) or state
        accepted = _accepted_after(kind, accepted)
        waiting.remove(fitting[0])
    event = next((e for e in waiting if e._state.adding), waiting[0])
    facts = {"event": event.get_kind_display(), "on": event.on.isoformat(), "state": state.label}
    if not event._state.adding:
        return DoesNotFit(
            _(
                "With this, “%(event)s” on %(on)s, entered before, would no longer fit: "
                "the item would be “%(state)s” then."
            )
            % facts,
            event,
        )
    if not ITEM_NEXT[state]:
        return DoesNotFit(
            _("“%(event)s” on %(on)s does not fit: the item is already “%(state)s” then.") % facts, event
        )
    between = pgettext("between items of a list", ", ")
    facts["possible"] = between.join(f"“{kind.label}”" for kind in ITEM_NEXT[state])
    return DoesNotFit(
        _("“%(event)s” on %(on)s does not fit: the item is “%(state)s” then. Possible are %(possible)s.")
        % facts,
        event,
    )


@dataclass(frozen=True)
class Pause:
    """What has stopped the clock, as the applicant was told of it."""

    kind: ItemEventKind
    since: datetime.date
    announced_days: int | None  # empty for what was entered before an announcement was asked for
    reason: str

    def until(self, *, days: Calendar) -> datetime.date | None:
        """The last day of the length announced."""
        return None if self.announced_days is None else days.add(self.since, self.announced_days)

    def longer(self, today: datetime.date, *, days: Calendar) -> int:
        """By how many working days it lasts longer than announced: a stall of its own."""
        if self.announced_days is None:
            return 0
        return max(0, days.between(self.since, today) - self.announced_days)


def pause_of(course: Course) -> Pause | None:
    """The pause in which an item stands; None while no clock is stopped.

    One pause may follow another on the same day: it is the last one's announcement that counts.
    """
    if course.state not in ItemState.PAUSED:
        return None
    event = next(event for event, _state in reversed(course.steps) if event.kind in ItemEventKind.PAUSES)
    return Pause(ItemEventKind(event.kind), event.on, event.declared_days, event.note)


# --- Days -----------------------------------------------------------------------------------


def finished_days(course: Course, *, days: Calendar) -> int:
    """Working days that the limits have counted, without those of a stretch that still runs."""
    return sum(days.between(s.since, s.until) for s in course.counted_spans() if s.until)


def due_on(course: Course, limit: int | None, *, days: Calendar) -> datetime.date | None:
    """The last day on which the item keeps its limit.

    Empty when there is no limit, nothing has been accepted, or the clock stands still before the
    limit is used up: the day is known again when it runs on, and it is never an earlier one.
    """
    if limit is None:
        return None
    used, due = 0, None
    running = sorted([*course.counted_spans(), *course.counted_moments()], key=lambda span: span.since)
    for span in running:
        if used <= limit:
            due = days.add(span.since, limit - used)
        if span.until is not None:
            used += days.between(span.since, span.until)
    if course.state in ItemState.PAUSED and used <= limit:
        return None
    return due


@dataclass(frozen=True)
class Stretch:
    """Working days of an item in one piece: those after `since`, up to and including `until`."""

    clock: Clock
    state: ItemState
    since: datetime.date
    until: datetime.date


def begins_on(course: Course, ready_on: datetime.date | None) -> datetime.date | None:
    """When the item's days begin; empty while its prerequisites are open and nothing was handed in."""
    known = [day for day in (course.handed_in_on, ready_on) if day]
    return min(known, default=None)


def stretches(
    course: Course, *, ready_on: datetime.date | None, handled_by: Clock, today: datetime.date
) -> list[Stretch]:
    """The item's life cut at every change of state, from its beginning to its end or today."""
    begins, ends = begins_on(course, ready_on), course.closed_on or today
    if begins is None:
        return []
    cut = []
    for span in course.spans:
        since, until = max(span.since, begins), min(span.until or ends, ends)
        if since < until:
            cut.append(Stretch(clock_of(span.state, handled_by), span.state, since, until))
    return cut


def split(life: Iterable[Stretch], *, days: Calendar) -> dict[Clock, int]:
    """Working days by clock; together they are the working days of the whole life."""
    totals = dict.fromkeys(Clock, 0)
    for stretch in life:
        totals[stretch.clock] += days.between(stretch.since, stretch.until)
    return totals


@dataclass(frozen=True)
class ItemDay:
    """One day of an item: whose it is, and if its limit counts it, the how manieth."""

    day: Day
    state: ItemState
    clock: Clock | None
    counted: int | None


def explain(course: Course, life: Iterable[Stretch], *, days: Calendar) -> Iterator[ItemDay]:
    """Every day of the item with its reason; free days belong to nobody."""
    counting = {span.since for span in course.counted_spans()}
    counted = 0
    for stretch in life:
        counts = stretch.since in counting
        for day in days.days(stretch.since, stretch.until):
            counted += counts and day.is_workday
            yield ItemDay(
                day,
                stretch.state,
                stretch.clock if day.is_workday else None,
                counted if counts and day.is_workday else None,
            )


# --- How an item stands --------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """The two verdicts on an item, never merged: over promise and over statute, in working days."""

    counted: int
    promised: int | None
    statutory: int | None

    @property
    def over_promise(self) -> int:
        return 0 if self.promised is None else max(0, self.counted - self.promised)

    @property
    def over_statute(self) -> int:
        return 0 if self.statutory is None else max(0, self.counted - self.statutory)

    @property
    def limit(self) -> int | None:
        """The limit that comes first."""
        return self.promised if self.promised is not None else self.statutory

    @property
    def left(self) -> int | None:
        """Working days left of it."""
        return None if self.limit is None else max(0, self.limit - self.counted)


def standing(item: Item, *, today: datetime.date, days: Calendar) -> Standing:
    """How an item stands on a day on or after its last event."""
    counted = item.counted_days
    if item.running_since is not None:
        counted += max(0, days.between(item.running_since, today))
    return Standing(counted, item.promised_days, item.statutory_days)


# --- What lists ask -------------------------------------------------------------------------

DERIVED = (
    "statutory_days",
    "promised_days",
    "state",
    "submitted_on",
    "accepted_on",
    "counted_days",
    "running_since",
    "paused_since",
    "announced_days",
    "announced_until",
    "closed_on",
    "last_event_on",
    "promise_due",
    "statute_due",
    "certificate_no",
)


def limit_of(item: Item, events: Iterable[ItemEvent]) -> ItemLimit | None:
    """The limits that hold for an item after these events: those it was opened with, unless somebody
    has applied later ones."""
    applied = [e for e in standing_events(events) if e.kind == ItemEventKind.LIMITS]
    if not applied:
        return item.limit
    return max(applied, key=lambda e: (e.on, e.pk is None, e.pk or 0)).limit


def derived(item: Item, course: Course, limit: ItemLimit | None, *, days: Calendar) -> dict[str, Any]:
    """The fields of an item that its events and limits make."""
    runs, pause = course.state == ItemState.RUNNING, pause_of(course)
    promised, statutory = (limit.promised_days, limit.statutory_days) if limit else (None, None)
    return {
        "promised_days": promised,
        "statutory_days": statutory,
        "state": course.state,
        "submitted_on": course.submitted_on,
        "accepted_on": course.accepted_on,
        "counted_days": finished_days(course, days=days),
        "running_since": course.since if runs else None,
        "paused_since": course.since if pause else None,
        "announced_days": pause.announced_days if pause else None,
        "announced_until": pause.until(days=days) if pause else None,
        "closed_on": course.closed_on,
        "last_event_on": course.last_event_on,
        "promise_due": due_on(course, promised, days=days),
        "statute_due": due_on(course, statutory, days=days),
        "certificate_no": course.certificate_no,
    }


def as_of(item: Item, events: Iterable[ItemEvent], day: datetime.date, *, days: Calendar) -> Item:
    """A copy of the item as it stood at the end of `day`."""
    past = copy(item)
    _set(past, derive(item, [e for e in events if e.on <= day], days=days))
    return past


def derive(item: Item, events: Sequence[ItemEvent], *, days: Calendar) -> dict[str, Any]:
    """The fields of an item as these events make them."""
    return derived(item, replay(events, opened_on=item.opened_on), limit_of(item, events), days=days)


def _set(item: Item, values: dict[str, Any]) -> bool:
    """Put the values on the item; whether any of them is new."""
    changed = any(getattr(item, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(item, name, value)
    return changed


# --- Verbs ----------------------------------------------------------------------------------

LONGEST_ANNOUNCED = 250  # working days: a year


@dataclass(frozen=True)
class Entry:
    """One event to be written."""

    item: Item
    kind: str
    on: datetime.date
    declared_days: int | None = None
    note: str = ""
    certificate_no: str = ""
    limit: ItemLimit | None = None
    source: str = ""
    # The day on which it was written down, where that is long past: a history that is taken over.
    recorded_on: datetime.date | None = None


def log_event(
    item: Item,
    *,
    kind: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    declared_days: int | None = None,
    note: str = "",
    certificate_no: str = "",
) -> ItemEvent:
    """Write down what happened to an item, and derive its state and due dates anew.

    Raises CannotLog for a day in the future or before the item was opened, DoesNotFit when the
    events cannot have happened so.
    """
    entry = Entry(item, kind, on, declared_days, note, certificate_no)
    return log_events([entry], by=by, today=today)[0]


@transaction.atomic
def log_events(entries: Sequence[Entry], *, by: User, today: datetime.date) -> list[ItemEvent]:
    """Write several events, all or none: one course for each item, whatever the order given."""
    for entry in entries:
        check(entry, today)
    items = lock({entry.item.pk for entry in entries})
    events = [event_of(entry, by) for entry in entries]
    _derive(items, events)
    ItemEvent.objects.bulk_create(events)
    for entry in entries:
        _set(entry.item, {name: getattr(items[entry.item.pk], name) for name in DERIVED})
    return events


def event_of(entry: Entry, by: User | None = None) -> ItemEvent:
    """The row that an entry becomes; without a person it is only to be thought through."""
    return ItemEvent(
        item_id=entry.item.pk,
        kind=entry.kind,
        on=entry.on,
        declared_days=entry.declared_days,
        note=entry.note.strip(),
        certificate_no=entry.certificate_no.strip(),
        limit=entry.limit,
        source=entry.source,
        by=by,
        **({"recorded_at": moment(entry.recorded_on)} if entry.recorded_on else {}),
    )


@transaction.atomic
def strike(event: ItemEvent, *, by: User, today: datetime.date, note: str) -> ItemEvent:
    """Strike out a wrong entry: it stays readable and counts no more. A reason is needed.

    Raises CannotLog when it is struck out already, DoesNotFit when later entries rest on it.
    """
    if not note.strip():
        raise CannotLog(_("Give the reason for striking the entry out."))
    if event.kind == ItemEventKind.STRUCK:
        raise CannotLog(_("This line strikes out another one. Enter the event again if it did happen."))
    items = lock({event.item_id})
    if ItemEvent.objects.filter(strikes=event).exists():
        raise CannotLog(_("This entry has already been struck out."))
    struck = ItemEvent(
        item_id=event.item_id,
        kind=ItemEventKind.STRUCK,
        on=max(today, event.on),
        note=note.strip(),
        strikes=event,
        by=by,
    )
    _derive(items, [struck])
    struck.save(force_insert=True)
    return struck


def is_provisional(item: Item, *, days: Calendar) -> bool:
    """Whether a due day lies in a year whose days off are not announced yet."""
    return any(due is not None and days.is_provisional(due.year) for due in dues(item))


Dues = tuple[datetime.date | None, datetime.date | None]  # by promise, by statute


def recount(
    *,
    today: datetime.date,
    days: Calendar | None = None,
    notice: CalendarNotice | None = None,
    because: str = "",
) -> list[DueDayMove]:
    """Derive every item under way anew, as after a change of the calendar.

    Each due day that is another one now is written down, with the notice that moved it if one did.
    """
    moves: list[DueDayMove] = []
    pks = list(Item.objects.under_way().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), 500):
        with transaction.atomic():
            items = lock(set(pks[start : start + 500]))
            before = {pk: dues(item) for pk, item in items.items()}
            _derive(items, [], days=days)
            moved = [pk for pk, item in items.items() if dues(item) != before[pk]]
            moves += DueDayMove.objects.bulk_create(
                _move(items[pk], before[pk], today, notice, because) for pk in moved
            )
    return moves


def foresee(days: Calendar) -> Iterator[tuple[Item, Dues]]:
    """Every item under way as it stands, with the due days that it would have by another calendar."""
    items = list(Item.objects.under_way().select_related("limit").order_by("pk"))
    events: dict[int, list[ItemEvent]] = {item.pk: [] for item in items}
    of_these = ItemEvent.objects.filter(item__state__in=ItemState.UNDER_WAY).select_related("limit")
    for event in of_these.order_by("pk"):
        if event.item_id in events:
            events[event.item_id].append(event)
    for item in items:
        would = derive(item, events[item.pk], days=days)
        yield item, (would["promise_due"], would["statute_due"])


def dues(item: Item) -> Dues:
    return item.promise_due, item.statute_due


def _move(
    item: Item, before: Dues, today: datetime.date, notice: CalendarNotice | None, because: str
) -> DueDayMove:
    return DueDayMove(
        notice=notice,
        item=item,
        promise_before=before[0],
        promise_after=item.promise_due,
        statute_before=before[1],
        statute_after=item.statute_due,
        on=today,
        because=because,
    )


def check(entry: Entry, today: datetime.date) -> None:
    """Whether an entry could be right, whatever else stands in the item's history. Raises CannotLog."""
    if entry.on > today:
        raise CannotLog(_("The day lies in the future. Enter the day on which it happened."))
    if entry.on < entry.item.opened_on:
        raise CannotLog(
            _("The item was opened on %(day)s. Enter that day or a later one.")
            % {"day": entry.item.opened_on.isoformat()}
        )
    applies_limits = entry.kind == ItemEventKind.LIMITS
    if (
        entry.kind not in ItemEventKind.values
        or entry.kind == ItemEventKind.STRUCK
        or applies_limits != (entry.limit is not None)
    ):
        raise CannotLog(_("Choose what happened."))
    if entry.kind == ItemEventKind.NOTE and not entry.note.strip():
        raise CannotLog(_("Write what is to be noted."))
    if entry.kind in ItemEventKind.PAUSES:
        _check_pause(entry)
    elif entry.declared_days is not None:
        raise CannotLog(_("Only what stops the clock has an announced length."))


def _check_pause(entry: Entry) -> None:
    """The applicant must be told why the clock stops and for how long (行政许可法 45)."""
    if not entry.note.strip():
        raise CannotLog(_("Write why the clock stops, as it was told to the applicant."))
    if entry.declared_days is None:
        raise CannotLog(
            _("Enter the announced length: for how many working days the applicant was told the clock stops.")
        )
    if not 1 <= entry.declared_days <= LONGEST_ANNOUNCED:
        raise CannotLog(
            ngettext(
                "The announced length is between 1 and %(most)s working day.",
                "The announced length is between 1 and %(most)s working days.",
                LONGEST_ANNOUNCED,
            )
            % {"most": LONGEST_ANNOUNCED}
        )


def lock(pks: set[int]) -> dict[int, Item]:
    """The items, held until the transaction ends; always in one order, so that nobody waits in a ring."""
    held = Item.objects.select_for_update(of=("self",)).select_related("limit")
    return {item.pk: item for item in held.filter(pk__in=pks).order_by("pk")}


def _derive(items: dict[int, Item], added: Sequence[ItemEvent], *, days: Calendar | None = None) -> int:
    """Derive the items from their events and those about to be added; how many have changed."""
    events: dict[int, list[ItemEvent]] = {pk: [] for pk in items}
    known = ItemEvent.objects.filter(item__in=list(items)).select_related("limit").order_by("pk")
    for event in [*known, *added]:
        events[event.item_id].append(event)
    days = days or calendar()
    changed = [item for pk, item in items.items() if _set(item, derive(item, events[pk], days=days))]
    if len(changed) == 1:
        changed[0].save(update_fields=DERIVED)
    elif changed:
        # An upsert of rows that all exist: several times faster than bulk_update's CASE for each field.
        Item.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=list(DERIVED)
        )
    return len(changed)
