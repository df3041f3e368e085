"""The annual plan: the only writers of a year's list, and how far it has been kept.

A list that is frozen changes no more: the verbs refuse, and so does the database.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, DateField, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.money import half_up
from core.refusal import Refusal
from projects.choices import PlanState, Stage, Status
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange, Project, StageChange


class CannotPlan(Refusal):
    """The list is not in force, the project does not belong on it, a reason is missing, or somebody
    else was quicker."""


@dataclass(frozen=True)
class Terms:
    """How a project stands on a year's list."""

    batch: str
    planned_on: datetime.date | None = None
    is_doubtful: bool = False


def new_year_page(year: int) -> str:
    return reverse("projects:new_year", args=[year])


# --- Changing the list ------------------------------------------------------------------------


@transaction.atomic
def put_in(
    plan: AnnualPlan, project: Project, terms: Terms, *, reason: str, by: User, today: datetime.date
) -> AnnualPlanEntry:
    """Put a project on the list of a year in force. Raises CannotPlan."""
    _lock_in_force(plan)
    check(plan, planned_on=terms.planned_on, reason=reason)
    if project.status != Status.ACTIVE:
        raise CannotPlan(_("This project is paused or ended. Resume it first."))
    try:
        with transaction.atomic():
            entry = entry_for(plan, project, terms)
            entry.save(force_insert=True)
    except IntegrityError as taken:
        raise CannotPlan(
            _("This project stands on the list of %(year)d already.") % {"year": plan.year}
        ) from taken
    _write_down(entry, "", terms.batch, reason=reason, by=by, today=today)
    return entry


@transaction.atomic
def move(
    entry: AnnualPlanEntry,
    terms: Terms,
    *,
    reason: str,
    by: User,
    today: datetime.date,
    seen_version: int | None = None,
) -> AnnualPlanEntry:
    """Give a project another batch or another planned day within the year, with a reason."""
    _lock_in_force(entry.plan)
    check(entry.plan, planned_on=terms.planned_on, reason=reason)
    source = entry.batch
    if terms == Terms(source, entry.planned_on, entry.is_doubtful):
        raise CannotPlan(_("Nothing is changed: choose another batch or another day."))
    changed = _seen(entry, seen_version).update(
        batch=terms.batch,
        planned_on=terms.planned_on,
        is_doubtful=terms.is_doubtful and terms.batch == Stage.SIGNING,
        version=F("version") + 1,
    )
    if not changed:
        raise CannotPlan(_somebody_was_quicker())
    entry.refresh_from_db(fields=["batch", "planned_on", "is_doubtful", "version"])
    _write_down(entry, source, entry.batch, reason=reason, by=by, today=today)
    return entry


@transaction.atomic
def take_out(
    entry: AnnualPlanEntry, *, reason: str, by: User, today: datetime.date, seen_version: int | None = None
) -> None:
    """Take a project off the list; why it stood there and why it left stays in the list's history."""
    _lock_in_force(entry.plan)
    check(entry.plan, planned_on=None, reason=reason)
    deleted, _rows = _seen(entry, seen_version).delete()
    if not deleted:
        raise CannotPlan(_somebody_was_quicker())
    _write_down(entry, entry.batch, "", reason=reason, by=by, today=today)


@transaction.atomic
def place(
    plan: AnnualPlan,
    project: Project,
    terms: Terms,
    *,
    reason: str,
    by: User,
    today: datetime.date,
    seen_version: int | None = None,
) -> None:
    """A project's place on a list as one wants it: put in, moved or, without a batch, taken out."""
    entry = AnnualPlanEntry.objects.filter(plan=plan, project=project).select_related("plan").first()
    if entry is None and terms.batch:
        put_in(plan, project, terms, reason=reason, by=by, today=today)
    elif entry is None:
        raise CannotPlan(_("This project does not stand on the list of %(year)d.") % {"year": plan.year})
    elif terms.batch:
        move(entry, terms, reason=reason, by=by, today=today, seen_version=seen_version)
    else:
        take_out(entry, reason=reason, by=by, today=today, seen_version=seen_version)


def in_force() -> AnnualPlan | None:
    """The list that is worked by now."""
    return AnnualPlan.objects.filter(state=PlanState.IN_FORCE).order_by("-year").first()


def entry_for(plan: AnnualPlan, project: Project, terms: Terms) -> AnnualPlanEntry:
    """The entry, not yet saved: with the task force, unit and amount of today."""
    return AnnualPlanEntry(
        plan=plan,
        project=project,
        batch=terms.batch,
        planned_on=terms.planned_on,
        is_doubtful=terms.is_doubtful and terms.batch == Stage.SIGNING,
        amount=project.contracted or project.fixed_assets or Decimal(0),
        task_force_id=project.task_force_id,
        unit_id=project.reporting_unit_id,
    )


def check(plan: AnnualPlan, *, planned_on: datetime.date | None, reason: str) -> None:
    """What holds for each change by hand. Raises CannotPlan."""
    if not reason.strip():
        raise CannotPlan(_("Give the reason."))
    if planned_on is not None and planned_on.year != plan.year:
        raise CannotPlan(_("The planned day must lie in %(year)d.") % {"year": plan.year})


def _lock_in_force(plan: AnnualPlan) -> None:
    """Nobody freezes the list while it is being changed, and a frozen one is not changed."""
    state = AnnualPlan.objects.select_for_update().values_list("state", flat=True).get(pk=plan.pk)
    if state == PlanState.FROZEN:
        raise CannotPlan(
            _("The list of %(year)d is frozen: what happened since stands beside it.") % {"year": plan.year}
        )
    if state == PlanState.PROPOSED:
        raise CannotPlan(
            _("The list of %(year)d is not in force yet: change the proposal.") % {"year": plan.year}
        )


def _seen(entry: AnnualPlanEntry, seen_version: int | None) -> QuerySet[AnnualPlanEntry]:
    version = entry.version if seen_version is None else seen_version
    return AnnualPlanEntry.objects.filter(pk=entry.pk, version=version)


def _somebody_was_quicker() -> str:
    return _("Someone else has just changed this entry. Look at it again, then decide.")


def _write_down(
    entry: AnnualPlanEntry, source: str, target: str, *, reason: str, by: User, today: datetime.date
) -> None:
    PlanChange.objects.create(
        plan_id=entry.plan_id,
        project_id=entry.project_id,
        source=source,
        target=target,
        planned_on=entry.planned_on if target else None,
        reason=reason.strip(),
        on=today,
        by=by,
    )


# --- Plan against fact ------------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """What keeps an entry's promise, and what the rate of the kept ones is called."""

    stage: str
    rate: str | Promise


# Batches to be reached are kept by reaching them; ideas and talks by becoming more than that.
GOALS: dict[str, Goal] = {
    Stage.PREPARATION: Goal(Stage.NEGOTIATION, gettext_lazy("turned into negotiations")),
    Stage.NEGOTIATION: Goal(Stage.SIGNING, gettext_lazy("turned into signings")),
    Stage.SIGNING: Goal(Stage.SIGNING, gettext_lazy("rate of signing")),
    Stage.COMMENCEMENT: Goal(Stage.COMMENCEMENT, gettext_lazy("rate of starts")),
    Stage.CONSTRUCTION: Goal(Stage.CONSTRUCTION, gettext_lazy("rate under construction")),
    Stage.PRODUCTION: Goal(Stage.PRODUCTION, gettext_lazy("rate of production")),
    Stage.FULL_CAPACITY: Goal(Stage.FULL_CAPACITY, gettext_lazy("rate of full capacity")),
}


class Outcome:
    """What has become of an entry."""

    CARRIED = "carried"  # it was there before the year began
    REACHED = "reached"  # within the year
    LATE = "late"  # not reached, and its day (or the year) is over
    OPEN = "open"  # not reached, and there is time


@dataclass(frozen=True)
class Fact:
    """One entry and what became of it. `days_late`: calendar days after the planned day, negative when
    it was early; None without a planned day."""

    entry: int
    batch: str
    amount: Decimal
    planned_on: datetime.date | None
    reached_on: datetime.date | None
    outcome: str
    days_late: int | None


def with_fact(entries: QuerySet[AnnualPlanEntry]) -> QuerySet[Any]:
    """Entries with the day on which their project reached the goal of their batch; None while it stands
    before it (also when it was moved back)."""
    reached = [
        When(batch=batch, project__stage__in=_from(goal.stage), then=_crossed(goal.stage))
        for batch, goal in GOALS.items()
    ]
    return entries.annotate(reached_on=Case(*reached, default=None, output_field=DateField()))


def _from(stage: str) -> list[str]:
    return [later.value for later in Stage if later.rank >= Stage(stage).rank]


def _crossed(stage: str) -> Coalesce:
    """The last day on which the project came to the stage or further from before it."""
    there = _from(stage)
    moves = StageChange.objects.filter(project=OuterRef("project"), target__in=there).exclude(
        source__in=there
    )
    return Coalesce(Subquery(moves.order_by("-pk").values("on")[:1]), "project__stage_since")


def facts(plan: AnnualPlan, narrowed: Q = Q(), *, today: datetime.date) -> list[Fact]:  # noqa: B008 - a Q is never changed
    """What became of each entry of a year's list, as of today."""
    rows = with_fact(plan.entries.filter(narrowed)).order_by("planned_on", "pk")
    told = rows.values_list("pk", "batch", "amount", "planned_on", "reached_on")
    return [_fact(plan, today, *row) for row in told]


def _fact(
    plan: AnnualPlan,
    today: datetime.date,
    entry: int,
    batch: str,
    amount: Decimal,
    planned_on: datetime.date | None,
    reached_on: datetime.date | None,
) -> Fact:
    outcome = _outcome(plan, planned_on, reached_on, today)
    until = reached_on or today
    days = (until - planned_on).days if planned_on else None
    if outcome == Outcome.CARRIED or (outcome == Outcome.OPEN and not reached_on):
        days = None
    return Fact(entry, batch, amount, planned_on, reached_on, outcome, days)


def _outcome(
    plan: AnnualPlan, planned_on: datetime.date | None, reached_on: datetime.date | None, today: datetime.date
) -> str:
    if reached_on is not None and reached_on < plan.first_day:
        return Outcome.CARRIED
    if reached_on is not None and reached_on <= plan.last_day:
        return Outcome.REACHED
    return Outcome.LATE if today > (planned_on or plan.last_day) else Outcome.OPEN


@dataclass(frozen=True)
class Sum:
    """How many entries, and what they are planned to invest together (万元)."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Kept:
    """Plan against fact of some entries: by outcome, all of them, and the rate of the kept ones.

    The rate leaves out what was there before the year began: it is no work of this one.
    """

    by: dict[str, Sum]

    def of(self, outcome: str) -> Sum:
        return self.by.get(outcome, Sum())

    @property
    def planned(self) -> Sum:
        return sum(self.by.values(), Sum())

    @property
    def rate(self) -> Decimal | None:
        """In percent, one place, half up; None where nothing was to be reached."""
        due = self.planned.count - self.of(Outcome.CARRIED).count
        return half_up(Decimal(100 * self.of(Outcome.REACHED).count) / due, 1) if due else None


def kept(found: Iterable[Fact]) -> dict[str, Kept]:
    """By batch, and the whole list under ""."""
    sums: dict[str, dict[str, Sum]] = defaultdict(lambda: defaultdict(Sum))
    for fact in found:
        for key in (fact.batch, ""):
            sums[key][fact.outcome] += Sum(1, fact.amount)
    return {key: Kept(dict(sums[key])) for key in ("", *Stage.values)}
