"""New Year: which batch each project stands in in the coming year, and why.

The rules are those of the seven batches as published by Rong'an County (2025-07-11); where it leaves
a choice, the office's: what is signed and cannot start stays in 签约, flagged 年内难开工. The rules are
asked in their order, and the last of them fits whatever is left, so every project gets one answer.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.notifications import notify, says
from accounts.roles import Role
from core.refusal import Refusal
from projects import annual_plan
from projects.choices import PlanState, Stage, Status
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange, PlanProposal, Project, StageChange

OUT = ""  # proposed for no batch
SAVED_TOGETHER = 500
DECISION = ("batch", "planned_on", "is_doubtful", "reason", "changed_by")
FIRST_YEAR, LAST_YEAR = 2000, 2100


class CannotPropose(Refusal):
    """The year's list is in force already, or lies too far ahead."""


class CannotApprove(Refusal):
    """The proposal is not the one that was looked at, or the years before are not in order."""


# --- The rules --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How a project stands at New Year."""

    stage: str
    since: datetime.date
    status: str = Status.ACTIVE
    started_on: datetime.date | None = None
    planned_start: datetime.date | None = None
    planned_production: datetime.date | None = None


def within(day: datetime.date | None, year: int) -> datetime.date | None:
    """A planned day carried into the year: what is overdue is due on the same day of this one,
    29 February on the 28th; a day of a later year is none of this."""
    if day is None or day.year > year:
        return None
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _by(day: datetime.date | None, year: int) -> bool:
    return day is not None and day.year <= year


@dataclass(frozen=True)
class Rule:
    """One line of the table: when it applies, the batch it proposes, the sentence that says why."""

    code: str
    batch: str
    applies: Callable[[Standing, int], bool]
    sentence: str | Promise
    due: Callable[[Standing], datetime.date | None] = lambda _standing: None
    is_doubtful: bool = False


def _at(*stages: str) -> Callable[[Standing], bool]:
    return lambda standing: standing.stage in stages


_started = _at(Stage.COMMENCEMENT, Stage.CONSTRUCTION)


def _planned_start(standing: Standing) -> datetime.date | None:
    return standing.planned_start


def _planned_production(standing: Standing) -> datetime.date | None:
    return standing.planned_production


RULES: tuple[Rule, ...] = (
    Rule(
        "ended",
        OUT,
        lambda s, year: s.status == Status.ENDED,
        gettext_lazy("It has ended: it leaves the list."),
    ),
    Rule(
        "paused",
        OUT,
        lambda s, year: s.status == Status.PAUSED,
        gettext_lazy("It is paused: put it in when it is taken up again."),
    ),
    Rule(
        "done",
        OUT,
        lambda s, year: s.stage == Stage.FULL_CAPACITY,
        gettext_lazy("It has reached design capacity (since %(since)s): nothing is left to plan."),
    ),
    Rule(
        "producing",
        Stage.FULL_CAPACITY,
        lambda s, year: s.stage == Stage.PRODUCTION,
        gettext_lazy("It has been producing since %(since)s: it is to reach design capacity."),
    ),
    Rule(
        "started_this_year",
        Stage.COMMENCEMENT,
        # 当年开工当年投产 stays in 开工 too; production is its result.
        lambda s, year: _started(s) and s.started_on is not None and s.started_on.year >= year,
        gettext_lazy("Works began within the year, on %(started)s."),
        due=lambda s: s.started_on,
    ),
    Rule(
        "finishes",
        Stage.PRODUCTION,
        lambda s, year: _started(s) and _by(s.planned_production, year),
        gettext_lazy("Works run since %(started)s; production is planned for %(production)s."),
        due=_planned_production,
    ),
    Rule(
        "continues",
        Stage.CONSTRUCTION,
        lambda s, year: _started(s) and s.planned_production is not None,
        gettext_lazy("Works run since %(started)s and end only after this year (%(production)s)."),
    ),
    Rule(
        "continues_undated",
        Stage.CONSTRUCTION,
        lambda s, year: _started(s),
        gettext_lazy("Works run since %(started)s; no day of production is planned."),
    ),
    Rule(
        "starts",
        Stage.COMMENCEMENT,
        lambda s, year: s.stage == Stage.SIGNING and _by(s.planned_start, year),
        gettext_lazy("Signed; works are planned to begin on %(start)s."),
        due=_planned_start,
    ),
    Rule(
        "starts_later",
        Stage.SIGNING,
        lambda s, year: s.stage == Stage.SIGNING and s.planned_start is not None,
        gettext_lazy("Signed, but works begin only on %(start)s: it can hardly start within the year."),
        is_doubtful=True,
    ),
    Rule(
        "signed_undated",
        Stage.SIGNING,
        lambda s, year: s.stage == Stage.SIGNING,
        gettext_lazy("Signed, without a planned day for works: it can hardly start within the year."),
        is_doubtful=True,
    ),
    Rule(
        "to_sign",
        Stage.SIGNING,
        lambda s, year: s.stage == Stage.NEGOTIATION and _by(s.planned_start, year),
        gettext_lazy("Negotiated since %(since)s; to start on %(start)s it is to be signed this year."),
        due=_planned_start,
    ),
    Rule(
        "negotiated",
        Stage.NEGOTIATION,
        lambda s, year: s.stage == Stage.NEGOTIATION,
        gettext_lazy("Negotiated since %(since)s."),
    ),
    Rule(
        "prepared",
        Stage.PREPARATION,
        lambda s, year: True,
        gettext_lazy("In preparation since %(since)s."),
    ),
)
RULE = {rule.code: rule for rule in RULES}


def rule_for(standing: Standing, year: int) -> Rule:
    """The first rule that applies."""
    return next(rule for rule in RULES if rule.applies(standing, year))


def sentence_of(code: str, facts: Mapping[str, Any]) -> str:
    """Why a rule proposes what it proposes, in the reader's language."""
    return str(RULE[code].sentence) % {**dict.fromkeys(_FACTS, "—"), **facts} if code in RULE else ""


_FACTS = {
    "since": "since",
    "started": "started_on",
    "start": "planned_start",
    "production": "planned_production",
}


def _facts_of(standing: Standing) -> dict[str, str]:
    days = {name: getattr(standing, attribute) for name, attribute in _FACTS.items()}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


# --- How projects stand at New Year -----------------------------------------------------------


@dataclass
class _History:
    """What a project's moves say of it on a day: the batch, since when, when works began."""

    stage: str = ""
    since: datetime.date | None = None
    started_on: datetime.date | None = None
    is_ahead: bool = False  # it was entered only after that day

    def tell(self, target: str, on: datetime.date) -> None:
        was_started, is_started = self.stage in IN_WORKS, target in IN_WORKS
        if is_started and not was_started:
            self.started_on = on
        elif not is_started:
            self.started_on = None
        self.stage, self.since = target, on


IN_WORKS = tuple(stage for stage in Stage if stage.rank >= Stage.COMMENCEMENT.rank)


def _histories(until: datetime.date, today: datetime.date) -> dict[int, _History]:
    """By project: its history up to New Year; of a project entered since then, up to today."""
    told: dict[int, _History] = {}
    later: dict[int, list[tuple[str, datetime.date]]] = {}
    moves = StageChange.objects.order_by("project", "pk").values_list("project", "target", "on")
    for project, target, on in moves.iterator(chunk_size=5000):
        if on <= until:
            told.setdefault(project, _History()).tell(target, on)
        else:
            later.setdefault(project, []).append((target, on))
    for project, moves_since in later.items():
        if project not in told:
            told[project] = history = _History()
            for target, on in moves_since:
                if on <= today:
                    history.tell(target, on)
    return told


def _standings(plan: AnnualPlan, today: datetime.date) -> Iterator[tuple[Project, Standing]]:
    """Every project that has not ended, and those of last year's list that have."""
    histories = _histories(min(today, plan.first_day - datetime.timedelta(days=1)), today)
    known = Project.objects.only(
        "pk", "stage", "stage_since", "status", "planned_start", "planned_production"
    )
    listed = AnnualPlanEntry.objects.filter(plan__year=plan.year - 1).values("project")
    for project in known.filter(~Q(status=Status.ENDED) | Q(pk__in=listed)).order_by("pk"):
        history = histories.get(project.pk) or _History(project.stage, project.stage_since)
        if history.since is None:  # nothing was known of it yet
            continue
        yield (
            project,
            Standing(
                stage=history.stage,
                since=history.since,
                status=project.status,
                started_on=history.started_on,
                planned_start=project.planned_start,
                planned_production=project.planned_production,
            ),
        )


def proposals(plan: AnnualPlan, *, today: datetime.date) -> list[PlanProposal]:
    """What the rules say of each project, not yet written down."""
    before = dict(
        AnnualPlanEntry.objects.filter(plan__year=plan.year - 1).values_list("project", "batch").order_by()
    )
    return [
        _proposal(plan, project, standing, before.get(project.pk, ""))
        for project, standing in _standings(plan, today)
    ]


def _proposal(plan: AnnualPlan, project: Project, standing: Standing, source: str) -> PlanProposal:
    rule = rule_for(standing, plan.year)
    return PlanProposal(
        plan=plan,
        project=project,
        source=source,
        rule=rule.code,
        facts=_facts_of(standing),
        proposed=rule.batch,
        batch=rule.batch,
        planned_on=within(rule.due(standing), plan.year),
        is_doubtful=rule.is_doubtful,
    )


# --- Proposing --------------------------------------------------------------------------------

says("new_year", gettext_lazy("The annual plan of %(year)s is proposed. Look through the differences."))


@transaction.atomic
def propose(year: int, *, by: User, today: datetime.date) -> AnnualPlan:
    """Write down what the rules say of each project; asked again, it says anew whatever nobody has decided
    otherwise. Two at once leave the same rows. `by` is not told.

    Raises CannotPropose once the list is in force, and for a year further off than the next.
    """
    if not FIRST_YEAR <= year <= min(today.year + 1, LAST_YEAR):
        raise CannotPropose(_("Only this year's list and the next one's can be proposed."))
    plan, _made = AnnualPlan.objects.get_or_create(year=year, defaults={"proposed_on": today})
    plan = AnnualPlan.objects.select_for_update().get(pk=plan.pk)
    _check_open(plan)
    fresh = proposals(plan, today=today)
    decided = {row.project_id: row for row in plan.proposals.exclude(reason="")}
    plan.proposals.all().delete()
    PlanProposal.objects.bulk_create(
        [_decided_before(row, decided.get(row.project_id)) for row in fresh], batch_size=SAVED_TOGETHER
    )
    _write(plan, proposed_on=today, version=plan.version + 1)
    _tell(plan, by)
    return plan


def _check_open(plan: AnnualPlan) -> None:
    settled = AnnualPlan.objects.exclude(state=PlanState.PROPOSED).order_by("-year").first()
    if settled and settled.year >= plan.year:
        raise CannotPropose(_("The list of %(year)d is in force already.") % {"year": settled.year})


def _decided_before(row: PlanProposal, decided: PlanProposal | None) -> PlanProposal:
    """What somebody decided otherwise stands, unless the project has ended since."""
    if decided is not None and row.rule != "ended":
        for name in DECISION:
            setattr(row, name, getattr(decided, name))
    return row


def _tell(plan: AnnualPlan, by: User) -> None:
    people = User.objects.filter(is_active=True, role__in=(Role.CLERK, Role.LEADER)).exclude(pk=by.pk)
    notify(
        people,
        key=f"new-year:{plan.year}",
        kind="new_year",
        facts={"year": plan.year},
        url=annual_plan.new_year_page(plan.year),
    )


def _write(plan: AnnualPlan, **values: Any) -> None:
    for name, value in values.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(values))


@transaction.atomic
def decide(
    proposal: PlanProposal,
    *,
    batch: str,
    planned_on: datetime.date | None,
    is_doubtful: bool,
    reason: str,
    by: User,
) -> PlanProposal:
    """Decide otherwise than the rule, with a reason; it stays when the year is proposed again."""
    plan = AnnualPlan.objects.select_for_update().get(pk=proposal.plan_id)
    _check_open(plan)
    if proposal.rule == "ended":
        raise CannotPropose(_("This project has ended."))
    annual_plan.check(plan, planned_on=planned_on, reason=reason)
    proposal.batch, proposal.planned_on = batch, planned_on if batch else None
    proposal.is_doubtful = is_doubtful and batch == Stage.SIGNING
    proposal.reason, proposal.changed_by = reason.strip(), by
    proposal.save(update_fields=DECISION)
    _write(plan, version=plan.version + 1)
    return proposal


# --- Approving --------------------------------------------------------------------------------


def outdated(plan: AnnualPlan, *, today: datetime.date) -> list[int]:
    """The projects of which the rules say something else today than when the list was proposed."""
    written = {row.project_id: _said(row) for row in plan.proposals.all()}
    now = {row.project_id: _said(row) for row in proposals(plan, today=today)}
    return sorted(pk for pk in written.keys() | now.keys() if written.get(pk) != now.get(pk))


def _said(row: PlanProposal) -> tuple[str, str, str]:
    return row.source, row.rule, row.proposed


@transaction.atomic
def approve(plan: AnnualPlan, *, seen_version: int, by: User, today: datetime.date) -> AnnualPlan:
    """Freeze last year's list and put the new one in force, in one transaction. Approved again, nothing
    more happens; of two at once the second finds it done.

    Raises CannotApprove when the proposal has changed since it was looked at, when projects have moved
    on since, and when a list two years back was never frozen.
    """
    plan = AnnualPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.state != PlanState.PROPOSED:
        return plan
    _check_open(plan)
    if plan.version != seen_version:
        raise CannotApprove(_("The proposal has changed since you opened it. Look again, then approve."))
    if behind := outdated(plan, today=today):
        raise CannotApprove(
            _("%(count)d projects have changed since. Propose the year again, look, then approve.")
            % {"count": len(behind)}
        )
    _freeze_before(plan, today)
    _put_in_force(plan, by=by, today=today)
    return plan


def _freeze_before(plan: AnnualPlan, today: datetime.date) -> None:
    earlier = AnnualPlan.objects.select_for_update().filter(year__lt=plan.year).order_by("year")
    for last in earlier:
        if last.state == PlanState.PROPOSED:
            raise CannotApprove(
                _("The list of %(year)d was proposed and never approved. Approve it first.")
                % {"year": last.year}
            )
        if last.state == PlanState.IN_FORCE:
            _write(last, state=PlanState.FROZEN, frozen_on=today, version=last.version + 1)


def _put_in_force(plan: AnnualPlan, *, by: User, today: datetime.date) -> None:
    rows = list(plan.proposals.exclude(batch=OUT).select_related("project").order_by("pk"))
    AnnualPlanEntry.objects.bulk_create(
        [annual_plan.entry_for(plan, row.project, _terms(row)) for row in rows], batch_size=SAVED_TOGETHER
    )
    PlanChange.objects.bulk_create(
        [
            PlanChange(
                plan=plan,
                project=row.project,
                target=row.batch,
                planned_on=row.planned_on,
                rule=row.rule,
                facts=row.facts,
                reason=row.reason,
                on=today,
                by=row.changed_by or by,
            )
            for row in rows
        ],
        batch_size=SAVED_TOGETHER,
    )
    _write(plan, state=PlanState.IN_FORCE, approved_on=today, approved_by=by, version=plan.version + 1)


def _terms(row: PlanProposal) -> annual_plan.Terms:
    return annual_plan.Terms(row.batch, row.planned_on, row.is_doubtful)
