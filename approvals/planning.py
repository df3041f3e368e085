"""The plan of a project's approvals, counted back from the day on which works are to begin.

The critical-path method on working days. Forward from what is known today: on which day each item can
be handed in and passed, and so on which day works can begin at the earliest. Backward from the wanted
start: by which day each item must be handed in and passed at the latest. The pure part (`Step` to
`plan`) counts in whole numbers of working days from today and asks the calendar once for each day that
it tells; below it stands what reads a project.

What has to be passed before works begin: the items of the first three phases, among them those that run
beside each other (energy review and environmental impact must exist before 开工). What can only be asked
for with the building permit in hand (utilities) does not hold the works up; it and the phases after the
building hang on the planned start of production. When a building is complete nobody knows in advance:
items of acceptance and operation have a latest day and, until they are handed in, no earliest one.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.db import models
from django.utils.translation import gettext_lazy as _

from approvals import clocks
from approvals.choices import ItemState, Phase
from approvals.models import Item, ItemTemplate
from core.workdays import Calendar, calendar
from projects.choices import Stage, Status
from projects.models import Project

# 行政许可法 42: what an agency has when nothing else is laid down. Said on the page where it is used.
ASSUMED_DAYS = 20
# 建筑法 7: no works without it.
BUILDING_PERMIT = "building-permit"
HORIZON = 10  # working days: how far ahead a team is told what it has to hand in
LONGEST_SUPPOSED = 250  # working days: a year


class Milestone(models.TextChoices):
    """What an item has to be passed before."""

    WORKS = "works", _("Start of works")
    PRODUCTION = "production", _("Start of production")


class Basis(models.TextChoices):
    """Where the days of an item come from."""

    PROMISED = "promised", _("promised limit")
    STATUTORY = "statutory", _("statutory limit")
    ASSUMED = "assumed", _("assumed")
    SUPPOSED = "supposed", _("tried out")


@dataclass(frozen=True)
class Step:
    """What a plan must know of one item of a project's list.

    `needs` are keys of items that come first; `counted` the working days its limit has counted up to
    today; `announced` the length of the pause it is in.
    """

    key: int
    phase: int
    order: int = 0
    state: str = ItemState.WAITING
    needs: frozenset[int] = frozenset()
    group: str = ""
    is_permit: bool = False
    promised: int | None = None
    statutory: int | None = None
    counted: int = 0
    paused_since: datetime.date | None = None
    announced: int | None = None
    submitted_on: datetime.date | None = None
    closed_on: datetime.date | None = None

    @property
    def is_passed(self) -> bool:
        return self.state in ItemState.PASSED

    @property
    def is_under_way(self) -> bool:
        return self.state in ItemState.UNDER_WAY

    @property
    def is_to_be_submitted(self) -> bool:
        """Not handed in, or refused or withdrawn and to be handed in again."""
        return not self.is_passed and not self.is_under_way

    @property
    def limit(self) -> tuple[int, Basis]:
        if self.promised is not None:
            return self.promised, Basis.PROMISED
        if self.statutory is not None:
            return self.statutory, Basis.STATUTORY
        return ASSUMED_DAYS, Basis.ASSUMED


@dataclass(frozen=True)
class Planned:
    """One item in the plan. Of a passed one the days are those that were.

    `slack` is what is left against the wanted start (negative: too late by so many working days),
    `spare` what is left before the item moves the earliest start 总时差, `frees` by how many working
    days works could begin earlier if it took none. `after` is the item that decides on which day it can
    be handed in, `before` the one that decides by which day it must be passed.
    """

    key: int
    milestone: Milestone
    is_passed: bool
    duration: int
    basis: Basis
    earliest_submit: datetime.date | None = None
    earliest_finish: datetime.date | None = None
    latest_submit: datetime.date | None = None
    latest_finish: datetime.date | None = None
    slack: int | None = None
    spare: int | None = None
    frees: int = 0
    after: int | None = None
    before: int | None = None

    @property
    def is_critical(self) -> bool:
        return self.spare == 0


@dataclass(frozen=True)
class Plan:
    """The plan on a day. `slack` is in working days: negative when the wanted start cannot be kept.

    `rings` are items that wait for each other in a circle: then there is no plan until somebody mends
    the catalogue, and the items in the rings or behind them have no days.
    """

    today: datetime.date
    wanted_start: datetime.date | None
    wanted_production: datetime.date | None
    start: datetime.date | None
    length: int
    slack: int | None
    items: tuple[Planned, ...]
    path: tuple[int, ...] = ()
    levers: tuple[int, ...] = ()
    rings: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def by_key(self) -> dict[int, Planned]:
        return {planned.key: planned for planned in self.items}

    @property
    def frees(self) -> int:
        """What the best single item frees."""
        return self.by_key[self.levers[0]].frees if self.levers else 0

    def open_before(self, milestone: Milestone) -> list[Planned]:
        return [p for p in self.items if p.milestone == milestone and not p.is_passed]


# --- Order ----------------------------------------------------------------------------------------


def rings_of(needs: Mapping[int, Collection[int]]) -> tuple[tuple[int, ...], ...]:
    """Items that wait for each other in a circle, each circle once; empty when there is none."""
    rest = _unordered(needs)
    found: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for key in sorted(rest):
        trail: list[int] = []
        while key not in seen:
            seen.add(key)
            trail.append(key)
            key = min(rest[key])
        if key in trail:
            found.append(tuple(trail[trail.index(key) :]))
    return tuple(found)


def _ordered(needs: Mapping[int, Collection[int]]) -> list[int]:
    """What comes first before what waits for it; without those in a ring or behind one."""
    opens: dict[int, list[int]] = defaultdict(list)
    waits = {key: len(needed) for key, needed in needs.items()}
    for key, needed in needs.items():
        for other in needed:
            opens[other].append(key)
    order = [key for key, n in waits.items() if n == 0]
    for key in order:
        for other in opens[key]:
            waits[other] -= 1
            if waits[other] == 0:
                order.append(other)
    return order


def _unordered(needs: Mapping[int, Collection[int]]) -> dict[int, set[int]]:
    """The items in a ring or behind one, each with those of them that it waits for."""
    placed = set(_ordered(needs))
    return {key: set(needed) - placed for key, needed in needs.items() if key not in placed}


# --- The plan -------------------------------------------------------------------------------------


def plan(
    steps: Iterable[Step],
    *,
    wanted_start: datetime.date | None,
    wanted_production: datetime.date | None = None,
    today: datetime.date,
    days: Calendar,
    supposed: Mapping[int, int] | None = None,
) -> Plan:
    """The whole plan. `supposed` says of items how many working days they would take from now on."""
    network = _Network.of(steps, today=today, days=days, supposed=supposed or {})
    if network.rings:
        return _without_days(network, wanted_start, wanted_production)
    wanted, produced = network.number_of_start(wanted_start), network.number_of_start(wanted_production)
    finish = network.finishes()
    start = network.start(finish)
    slack = None if wanted is None else wanted - start
    spare = network.spare(Milestone.WORKS, finish, start - 1)
    frees = {
        key: start - network.start(network.finishes({key: 0}))
        for key, days_left in spare.items()
        if days_left == 0
    }
    told = _Telling(network, finish, spare, frees, slack, produced)
    best = max(frees.values(), default=0)
    return Plan(
        today=today,
        wanted_start=wanted_start,
        wanted_production=wanted_production,
        start=network.date(start),
        length=start - network.first,
        slack=slack,
        items=tuple(told.planned(step) for step in network.steps.values()),
        path=network.path(finish, start - 1),
        levers=tuple(key for key, n in frees.items() if n == best) if best else (),
    )


def _without_days(network: "_Network", start: datetime.date | None, production: datetime.date | None) -> Plan:
    """Nothing can be said while items wait for each other but what has been passed."""
    return Plan(
        today=network.today,
        wanted_start=start,
        wanted_production=production,
        start=None,
        length=0,
        slack=None,
        items=tuple(network.bare(step) for step in network.steps.values()),
        rings=network.rings,
    )


Numbers = dict[int, int]  # of items, in working days from today


@dataclass
class _Network:
    """The items of a project and what still holds between them, in working days from today.

    0 is today, or the last working day before it; `first` the first day on which anything can be done.
    """

    steps: dict[int, Step]
    needs: dict[int, tuple[int, ...]]  # open prerequisites of items that are not handed in yet
    works: frozenset[int]
    rings: tuple[tuple[int, ...], ...]
    today: datetime.date
    origin: datetime.date
    first: int
    days: Calendar
    supposed: Mapping[int, int]
    known: Numbers = field(default_factory=dict)  # days on which items were passed, or will be by their limit
    order: list[int] = field(default_factory=list)
    dates: dict[int, datetime.date] = field(default_factory=dict)

    @classmethod
    def of(
        cls, steps: Iterable[Step], *, today: datetime.date, days: Calendar, supposed: Mapping[int, int]
    ) -> "_Network":
        listed = {s.key: s for s in sorted(steps, key=lambda s: (s.phase, s.order, s.key))}
        needs = {
            key: tuple(n for n in listed if n in step.needs and not listed[n].is_passed)
            if step.is_to_be_submitted
            else ()
            for key, step in listed.items()
        }
        all_needs = {key: step.needs & listed.keys() for key, step in listed.items()}
        rings = rings_of(needs)
        origin = days.back(today, 0)
        made = cls(
            listed,
            needs,
            _before_works(listed, all_needs),
            rings,
            today,
            origin,
            int(origin != today),
            days,
            supposed,
        )
        made.order = _ordered(needs)
        made.known = {key: known for key, s in listed.items() if (known := made._known(s)) is not None}
        return made

    # Days and numbers

    def number(self, day: datetime.date) -> int:
        return self.days.between(self.origin, day)

    def date(self, number: int) -> datetime.date:
        if number not in self.dates:
            ahead = number >= 0
            self.dates[number] = (
                self.days.add(self.origin, number) if ahead else self.days.back(self.origin, -number)
            )
        return self.dates[number]

    def number_of_start(self, day: datetime.date | None) -> int | None:
        """A start wanted on a free day is one on the next working day."""
        return None if day is None else self.number(self.days.on_or_after(day))

    # Forward

    def _known(self, step: Step) -> int | None:
        """The day on which an item was passed or, handed in, will be when it keeps its limit.

        Its limit starts today if it has not been accepted yet, and again after the announced length of
        a pause; a limit that is used up, or a pause that is over, can end today.
        """
        if step.is_passed:
            return min(0, self.number(step.closed_on)) if step.closed_on else 0
        if not step.is_under_way:
            return None
        left = max(0, step.limit[0] - step.counted)
        if step.state == ItemState.RUNNING:
            return max(self.first, left)
        if step.paused_since is None:
            return self.first + left
        resumes = self.days.add(step.paused_since, step.announced or 0)
        return max(self.first, self.number(resumes)) + left

    def duration(self, step: Step) -> tuple[int, Basis]:
        if step.key in self.supposed:
            return self.supposed[step.key], Basis.SUPPOSED
        return step.limit

    def finishes(self, taking: Mapping[int, int] | None = None) -> Numbers:
        """When each item can be passed; without those that wait for the building to be complete."""
        taking = {**self.supposed, **(taking or {})}
        finish: Numbers = {}
        for key in self.order:
            step = self.steps[key]
            if key in self.known:
                held = key in taking and not step.is_passed
                finish[key] = max(self.first, taking[key]) if held else self.known[key]
            elif not self._awaits_building(step) and all(n in finish for n in self.needs[key]):
                finish[key] = self.submit(key, finish) + taking.get(key, step.limit[0])
        return finish

    def _awaits_building(self, step: Step) -> bool:
        return step.phase >= Phase.ACCEPTANCE and step.key not in self.works

    def submit(self, key: int, finish: Numbers) -> int:
        return max([self.first, *(finish[n] for n in self.needs[key])])

    def start(self, finish: Numbers) -> int:
        """Works can begin on the working day after the last item has passed, today at the earliest."""
        return max([self.first, *(finish[key] + 1 for key in self.works if key in finish)])

    # Backward

    def latest(self, milestone: Milestone, last: int) -> tuple[Numbers, Numbers]:
        """By which day each open item must be passed so that all are by `last`, and for which other."""
        latest: Numbers = {}
        decided: Numbers = {}
        for key in reversed(self.order):
            step = self.steps[key]
            if step.is_passed or self.milestone(key) != milestone:
                continue
            latest.setdefault(key, last)
            handed_in = latest[key] - self.duration(step)[0]
            for needed in self.needs[key]:
                if handed_in < latest.get(needed, last):
                    latest[needed], decided[needed] = handed_in, key
        return latest, decided

    def spare(self, milestone: Milestone, finish: Numbers, last: int) -> Numbers:
        latest, _decided = self.latest(milestone, last)
        return {key: latest[key] - finish[key] for key in self.steps if key in latest and key in finish}

    def path(self, finish: Numbers, last: int) -> tuple[int, ...]:
        """A longest chain, first item first; of several that are equally long the first of the list."""
        ends = [k for k, s in self.steps.items() if k in self.works and not s.is_passed and finish[k] == last]
        chain = ends[:1]
        while chain and self.steps[chain[-1]].is_to_be_submitted:
            handed_in = self.submit(chain[-1], finish)
            deciding = [n for n in self.needs[chain[-1]] if finish[n] == handed_in]
            if not deciding:
                break
            chain.append(deciding[0])
        return tuple(reversed(chain))

    def milestone(self, key: int) -> Milestone:
        return Milestone.WORKS if key in self.works else Milestone.PRODUCTION

    def bare(self, step: Step) -> Planned:
        """An item with the days that have been."""
        days, basis = self.duration(step)
        return Planned(
            key=step.key,
            milestone=self.milestone(step.key),
            is_passed=step.is_passed,
            duration=days,
            basis=basis,
            earliest_submit=None if step.is_to_be_submitted else step.submitted_on,
            earliest_finish=step.closed_on if step.is_passed else None,
        )


def _before_works(steps: Mapping[int, Step], needs: Mapping[int, Collection[int]]) -> frozenset[int]:
    """The items that must be passed before works begin, with everything that they need first."""
    behind = {key for key, step in steps.items() if step.is_permit}
    while more := {key for key, first in needs.items() if key not in behind and behind.intersection(first)}:
        behind |= more
    behind -= {key for key in behind if steps[key].is_permit}
    found = {k for k, s in steps.items() if s.phase < Phase.ACCEPTANCE and k not in behind}
    while more := {n for key in found for n in needs[key]} - found:
        found |= more
    return frozenset(found)


@dataclass
class _Telling:
    """Numbers of working days turned into the days of each item."""

    network: _Network
    finish: Numbers
    spare: Numbers
    frees: Numbers
    slack: int | None
    produced: int | None

    @cached_property
    def _works(self) -> tuple[Numbers, Numbers]:
        if self.slack is None:
            return {}, {}
        return self.network.latest(Milestone.WORKS, self.network.start(self.finish) - 1 + self.slack)

    @cached_property
    def _production(self) -> tuple[Numbers, Numbers]:
        if self.produced is None:
            return {}, {}
        return self.network.latest(Milestone.PRODUCTION, self.produced - 1)

    def planned(self, step: Step) -> Planned:
        bare = self.network.bare(step)
        if step.is_passed:
            return bare
        latest, decided = self._works if bare.milestone == Milestone.WORKS else self._production
        finish, last = self.finish.get(step.key), latest.get(step.key)
        waits = step.is_to_be_submitted
        submit = self.network.submit(step.key, self.finish) if waits and finish is not None else None
        return replace(
            bare,
            earliest_submit=bare.earliest_submit if submit is None else self._date(submit),
            earliest_finish=self._date(finish),
            latest_submit=self._date(last - bare.duration) if waits and last is not None else None,
            latest_finish=self._date(last),
            slack=last - finish if last is not None and finish is not None else None,
            spare=self.spare.get(step.key),
            frees=self.frees.get(step.key, 0),
            after=None if submit is None else self._deciding(step.key, submit),
            before=decided.get(step.key),
        )

    def _deciding(self, key: int, submit: int) -> int | None:
        return next((n for n in self.network.needs[key] if self.finish[n] == submit), None)

    def _date(self, number: int | None) -> datetime.date | None:
        return None if number is None else self.network.date(number)


# --- A project's plan -----------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectPlan:
    """The plan of a project with its items, in the order of the list."""

    project: Project
    plan: Plan
    items: dict[int, Item]
    steps: dict[int, Step]

    @property
    def has_begun(self) -> bool:
        """Works have begun: a start that was wanted lies behind."""
        return self.project.stage in Stage.FROM_SIGNING[1:]

    def rows(self) -> list[tuple[Item, Step, Planned]]:
        return [(self.items[p.key], self.steps[p.key], p) for p in self.plan.items]

    def trying(self, supposed: Mapping[int, int], *, days: Calendar) -> "ProjectPlan":
        """The same items if some of them took so many working days from now on."""
        tried = plan(
            self.steps.values(),
            wanted_start=self.plan.wanted_start,
            wanted_production=self.plan.wanted_production,
            today=self.plan.today,
            days=days,
            supposed=supposed,
        )
        return replace(self, plan=tried)


def of_project(
    project: Project,
    *,
    today: datetime.date,
    days: Calendar | None = None,
    wanted_start: datetime.date | None = None,
) -> ProjectPlan:
    """A project's plan; towards another start than the planned one if that is given."""
    items = _lists([project])[project.pk]
    needs = _needs(item.template_id for item in items)
    return _planned(project, items, needs, wanted_start or project.planned_start, today, days or calendar())


def of_projects(
    projects: Iterable[Project], *, today: datetime.date, days: Calendar | None = None
) -> list[ProjectPlan]:
    """The plans of projects, in two queries for any number of them."""
    projects, days = list(projects), days or calendar()
    lists = _lists(projects)
    needs = _needs(item.template_id for items in lists.values() for item in items)
    return [_planned(p, lists[p.pk], needs, p.planned_start, today, days) for p in projects]


def _planned(
    project: Project,
    items: list[Item],
    needs: Mapping[int, Collection[int]],
    wanted_start: datetime.date | None,
    today: datetime.date,
    days: Calendar,
) -> ProjectPlan:
    steps = _steps(items, needs, today=today, days=days)
    planned = plan(
        steps.values(),
        wanted_start=wanted_start,
        wanted_production=project.planned_production,
        today=today,
        days=days,
    )
    return ProjectPlan(project, planned, {item.pk: item for item in items}, steps)


def _lists(projects: Collection[Project]) -> dict[int, list[Item]]:
    lists: dict[int, list[Item]] = defaultdict(list)
    rows = Item.objects.filter(project__in=projects).select_related("template__department")
    for item in rows.order_by("project", "template__phase", "template__order", "pk"):
        lists[item.project_id].append(item)
    return lists


def _needs(templates: Iterable[int]) -> dict[int, set[int]]:
    """What each catalogue item needs first."""
    needs: dict[int, set[int]] = defaultdict(set)
    pairs = ItemTemplate.prerequisites.through.objects.filter(from_itemtemplate__in=set(templates))
    for template, needed in pairs.values_list("from_itemtemplate", "to_itemtemplate"):
        needs[template].add(needed)
    return needs


def _steps(
    items: Collection[Item],
    needs: Mapping[int, Collection[int]],
    *,
    today: datetime.date,
    days: Calendar,
) -> dict[int, Step]:
    """A prerequisite that is not on the list is not waited for (see lists.readiness)."""
    on_list = {item.template_id: item.pk for item in items}
    return {
        item.pk: Step(
            key=item.pk,
            phase=item.template.phase,
            order=item.template.order,
            state=item.state,
            needs=frozenset(on_list[n] for n in needs.get(item.template_id, ()) if n in on_list),
            group=item.template.parallel_group,
            is_permit=item.template.code == BUILDING_PERMIT,
            promised=item.promised_days,
            statutory=item.statutory_days,
            counted=clocks.standing(item, today=today, days=days).counted,
            paused_since=item.paused_since,
            announced=item.announced_days,
            submitted_on=item.submitted_on,
            closed_on=item.closed_on,
        )
        for item in items
    }


# --- What a team has to hand in --------------------------------------------------------------------


@dataclass(frozen=True)
class NextStep:
    """An item that has to be handed in soon, or should have been.

    `left` are the working days to its latest day (negative: past it), `waits_for` the items of the list
    that have to be passed first.
    """

    project: Project
    item: Item
    latest_submit: datetime.date
    left: int
    waits_for: tuple[Item, ...]


def next_steps(
    projects: Iterable[Project],
    today: datetime.date,
    *,
    within: int = HORIZON,
    days: Calendar | None = None,
) -> list[NextStep]:
    """What has to be handed in within so many working days or is past it, the most urgent first.

    Of projects that go on (paused and ended ones hand nothing in), in two queries for any number.
    """
    days = days or calendar()
    going_on = [project for project in projects if project.status == Status.ACTIVE]
    found = [
        step
        for told in of_projects(going_on, today=today, days=days)
        for step in steps_of(told, today, within=within, days=days)
    ]
    return sorted(found, key=lambda step: (step.latest_submit, step.project.pk, step.item.pk))


def steps_of(told: ProjectPlan, today: datetime.date, *, within: int, days: Calendar) -> list[NextStep]:
    """The same of one plan, in the order of the list."""
    until = days.add(today, within)
    return [
        NextStep(
            told.project,
            item,
            planned.latest_submit,
            days.between(today, planned.latest_submit),
            tuple(told.items[n] for n in told.items if n in step.needs and not told.steps[n].is_passed),
        )
        for item, step, planned in told.rows()
        if planned.latest_submit is not None and planned.latest_submit <= until
    ]
