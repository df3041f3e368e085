"""The rules of items: S1, S2 over a limit, S3 silent, S4 blocked, S5 not submitted, S6 stopped too long."""

import datetime
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from django.db.models import Max, Q

from approvals import clocks
from approvals.choices import Clock, IssueState, ItemEventKind, ItemState, Phase, StallCode
from approvals.models import Issue, IssueEvent, Item, ItemEvent, ItemTemplate, StallRule
from approvals.rules import clock_of
from approvals.stalls.night import Night, Stall, new_limits_after, stall
from approvals.stalls.thresholds import reached
from approvals.stalls.usual import UNANNOUNCED
from projects.choices import Confidentiality, Stage


def stalls(night: Night) -> Iterator[Stall]:
    if not night.rules.codes:
        return
    for item in _under_way(night):
        yield from _over(item, night)
        yield from _silent(item, night)
        yield from _stopped(item, night)
    yield from _blocked(night)
    yield from _not_submitted(night)


def _under_way(night: Night) -> Iterator[Item]:
    """Those handed in and not yet decided, as they stood then, of projects active then."""
    items = Item.objects.filter(night.active()).select_related("template")
    now = items.under_way().filter(last_event_on__lte=night.today).order_by("pk")
    active = set()
    if night.past:
        later = Q(last_event_on__gt=night.today) | new_limits_after(night.today)
        active = set(items.filter(later).values_list("pk", flat=True))
        now = now.exclude(new_limits_after(night.today))
    past = (item for pk, item in night.past.items() if pk in active and item.state in ItemState.UNDER_WAY)
    yield from (*now, *past)


# --- S1, S2: over a limit ---------------------------------------------------------------------


def _over(item: Item, night: Night) -> Iterator[Stall]:
    standing = clocks.standing(item, today=night.today, days=night.days)
    verdicts = (
        (StallCode.OVER_PROMISE, standing.over_promise, item.promise_due, item.promised_days),
        (StallCode.OVER_STATUTE, standing.over_statute, item.statute_due, item.statutory_days),
    )
    for code, over, due, limit in verdicts:
        if over and due:
            yield from _late(item, night, code, over, due, limit)


def _late(
    item: Item, night: Night, code: str, over: int, due: datetime.date, limit: int | None
) -> Iterator[Stall]:
    """By the working days over the limit: while the clock stands still they do not grow."""

    def first(rule: StallRule) -> datetime.date | None:
        return night.days.add(due, rule.days) if over >= rule.days else None

    if verdict := reached(night.rules.of(code), night.today, first):
        yield stall(code, verdict, item.project_id, item.pk, {"due": due.isoformat(), "limit": limit})


# --- S3: nothing has happened -----------------------------------------------------------------


def _silent(item: Item, night: Night) -> Iterator[Stall]:
    """Nothing has been entered for longer than whoever's turn it is may take.

    Expert reviews and public notices are silent by nature: no rule, no flag.
    """
    clock = clock_of(ItemState(item.state), Clock(item.template.clock))
    last = item.last_event_on
    if last is None:
        return
    verdict = reached(night.rules.of(StallCode.SILENT, clock), night.today, night.since(last))
    if verdict:
        facts = {"last": last.isoformat(), "clock": clock.value}
        yield stall(StallCode.SILENT, verdict, item.project_id, item.pk, facts)


# --- S6: stopped for longer than announced ----------------------------------------------------


def _stopped(item: Item, night: Night) -> Iterator[Stall]:
    """A pause of before announced lengths were asked for has a usual length of its own."""
    if item.state not in ItemState.PAUSED or item.paused_since is None:
        return
    since, announced = item.paused_since, item.announced_days
    thresholds = night.rules.of(StallCode.LONG_PAUSE)
    if announced is None:
        thresholds = night.rules.rows.get((StallCode.LONG_PAUSE, UNANNOUNCED), ())
    verdict = reached(thresholds, night.today, night.since(since, more=announced or 0))
    if verdict:
        facts = {"since": since.isoformat(), "announced": announced, "state": str(item.state)}
        yield stall(StallCode.LONG_PAUSE, verdict, item.project_id, item.pk, facts)


# --- S4: blocked by an issue --------------------------------------------------------------------


class _Block(NamedTuple):
    since: datetime.date
    issue: Issue
    item: Item


def _blocked(night: Night) -> Iterator[Stall]:
    """Items not yet decided that an open issue blocks; the issue that has been open longest tells."""
    thresholds = night.rules.of(StallCode.BLOCKED)
    if not thresholds:
        return
    told: set[int] = set()
    for since, issue, item in sorted(_blocks(night), key=lambda row: (row[0], row[1].pk, row[2].pk)):
        verdict = reached(thresholds, night.today, night.since(since))
        if verdict and item.pk not in told:
            told.add(item.pk)
            yield stall(
                StallCode.BLOCKED, verdict, item.project_id, item.pk, _block_facts(since, issue, item)
            )


def _block_facts(since: datetime.date, issue: Issue, item: Item) -> dict[str, object]:
    """The text of another project's issue is not told where that project is confidential."""
    other = issue.project_id != item.project_id
    secret = other and issue.project.confidentiality == Confidentiality.CONFIDENTIAL
    return {
        "since": since.isoformat(),
        "issue": issue.code,
        "issue_id": issue.pk,
        "category": str(issue.category),
        "text": "" if secret else issue.text,
        "department": [issue.department.name, issue.department.name_en],
        "department_id": issue.department_id,
    }


def _blocks(night: Night) -> Iterator[_Block]:
    today = night.today
    blocking = Issue.blocks.through.objects.filter(
        night.active("item__project"),
        Q(issue__state__in=IssueState.OPEN) | Q(issue__state_since__gt=today),
        ~Q(item__state__in=ItemState.CLOSED) | Q(item__last_event_on__gt=today),
        item__opened_on__lte=today,
        issue__raised_on__lte=today,
    )
    rows = list(blocking.select_related("issue__department", "issue__project", "item").order_by("pk"))
    closed_then = _resolved_then([row.issue for row in rows if row.issue.state_since > today], today)
    for row in rows:
        item = night.past.get(row.item_id, row.item)
        if row.issue_id in closed_then or item.state in ItemState.CLOSED:
            continue
        reopened = row.issue.reopened_on
        since = reopened if reopened and reopened <= today else row.issue.raised_on
        yield _Block(max(since, item.opened_on), row.issue, item)


def _resolved_then(issues: list[Issue], today: datetime.date) -> set[int]:
    """Of issues that have moved since, those that were resolved on `today`."""
    if not issues:
        return set()
    steps = IssueEvent.objects.standing().filter(issue__in=[issue.pk for issue in issues], on__lte=today)
    states = {step.issue_id: step.target for step in steps.order_by("on", "pk")}
    return {pk for pk, state in states.items() if state == IssueState.RESOLVED}


# --- S5: could be submitted, is not 要办未办 -------------------------------------------------------


class _OnList(NamedTuple):
    """An item of a project's list, as far as readiness asks; no model, since a city has 250,000."""

    pk: int
    project: int
    template: int
    state: str
    opened_on: datetime.date
    closed_on: datetime.date | None
    phase: int
    batch: str
    batch_since: datetime.date
    works_accepted_on: datetime.date | None

    @property
    def built_on(self) -> datetime.date | None:
        """When the works were done, as far as it is known."""
        if self.works_accepted_on:
            return self.works_accepted_on
        return self.batch_since if self.batch in _BUILT else None


# What these phases ask for can be handed in only when something stands.
_AFTER_WORKS = (Phase.ACCEPTANCE, Phase.OPERATION)
_BUILT = (Stage.PRODUCTION, Stage.FULL_CAPACITY)
_LISTED = (
    "pk",
    "project",
    "template",
    "state",
    "opened_on",
    "closed_on",
    "template__phase",
    "project__stage",
    "project__stage_since",
    "project__accepted_on",
)


def _not_submitted(night: Night) -> Iterator[Stall]:
    """From the day on which nothing stood in the way any more; see also `lists.readiness`."""
    thresholds = night.rules.of(StallCode.NOT_SUBMITTED)
    if not thresholds:
        return
    needs, given_back = _needs(), _given_back(night)
    for _project, on_list in groupby(_lists(night), key=lambda row: row.project):
        for row, ready in _ready(list(on_list), needs):
            since = max(ready, given_back.get(row.pk, ready))
            verdict = reached(thresholds, night.today, night.since(since))
            if verdict:
                facts = {"since": since.isoformat()}
                yield stall(StallCode.NOT_SUBMITTED, verdict, row.project, row.pk, facts)


def _lists(night: Night) -> Iterator[_OnList]:
    """The lists of the projects active then, from signing on, each as it stood."""
    rows = (
        Item.objects.filter(night.active(), project__stage__in=Stage.FROM_SIGNING, opened_on__lte=night.today)
        .order_by("project", "pk")
        .values_list(*_LISTED)
    )
    for values in rows.iterator(chunk_size=5000):
        row = _OnList(*values)
        past = night.past.get(row.pk)
        yield row._replace(state=past.state, closed_on=past.closed_on) if past else row


def _ready(
    on_list: list[_OnList], needs: dict[int, frozenset[int]]
) -> Iterator[tuple[_OnList, datetime.date]]:
    """The items of one project that wait for nothing, with since when."""
    by_template = {row.template: row for row in on_list}
    for row in on_list:
        if row.state != ItemState.WAITING:
            continue
        needed = [by_template[need] for need in needs.get(row.template, ()) if need in by_template]
        if not all(other.state in ItemState.PASSED for other in needed):
            continue
        ready = max([row.opened_on, *(other.closed_on for other in needed if other.closed_on)])
        if row.phase not in _AFTER_WORKS:
            yield row, ready
        elif row.built_on:
            yield row, max(ready, row.built_on)


def _needs() -> dict[int, frozenset[int]]:
    """What each item of the catalogue needs first."""
    needs: dict[int, set[int]] = {}
    pairs: Iterable[tuple[int, int]] = ItemTemplate.prerequisites.through.objects.values_list(
        "from_itemtemplate", "to_itemtemplate"
    )
    for template, needed in pairs:
        needs.setdefault(template, set()).add(needed)
    return {template: frozenset(needed) for template, needed in needs.items()}


def _given_back(night: Night) -> dict[int, datetime.date]:
    """The day on which the counter last gave an item back: from then on it is the enterprise's turn anew."""
    back = ItemEvent.objects.filter(
        Q(item__state=ItemState.WAITING) | Q(item__last_event_on__gt=night.today),
        kind__in=(ItemEventKind.NOT_ACCEPTED, ItemEventKind.DECLINED),
        on__lte=night.today,
        struck_by__isnull=True,
    )
    return dict(back.values("item").annotate(last=Max("on")).values_list("item", "last"))
