"""The rows that indicators count, kind by kind, as known on a day."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, ExtractYear, Greatest, Least, NullIf
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approvals.choices import IssueState
from approvals.models import Issue, IssueEvent, Service, StallFlag
from briefings import counting
from briefings.indicators.kinds import Source
from briefings.indicators.window import Window
from outreach.models import Engagement, Visit
from projects.choices import EventKind, Stage, Status
from projects.models import ProgressReport, StageChange, StatusChange

# Later than any day there is, where the engines want one.
NEVER = Value(datetime.date(9999, 12, 31), DateField())


def _recorded_by(known_on: datetime.date | None, path: str = "recorded_at") -> Q:
    """Rows without a day of record were known from the day in Liuzhou on which they were written."""
    if known_on is None:
        return Q()
    next_day = datetime.datetime.combine(known_on + datetime.timedelta(days=1), datetime.time.min)
    return Q(**{f"{path}__lt": timezone.make_aware(next_day)})


def _told_by(known_on: datetime.date | None, path: str = "recorded_on") -> Q:
    """Rows that the office had heard of by a day."""
    return Q() if known_on is None else Q(**{f"{path}__lte": known_on})


def _first(*days: Combinable) -> NullIf:
    """The earliest of these days; NULL where there is none. (LEAST of a NULL differs by engine.)"""
    return NullIf(Least(*(Coalesce(day, NEVER) for day in days)), NEVER)


# --- Moves and stays in a batch ---------------------------------------------------------------------


def _from(stage: Stage) -> list[str]:
    return [str(later) for later in Stage if later.rank >= stage.rank]


def _crossing(stages: Sequence[str]) -> Case:
    """+1 for a move into these batches from an earlier one, −1 for one taken back out of them."""
    return Case(
        When(~Q(source__in=stages) & Q(target__in=stages), then=Value(1)),
        When(Q(source__in=stages) & ~Q(target__in=stages), then=Value(-1)),
        default=Value(0),
    )


def _moves(window: Window) -> QuerySet[Any]:
    """Moves with what they mean for works and production; `is_arrival` marks those that lead forwards."""
    return StageChange.objects.filter(_recorded_by(window.as_known_on)).annotate(
        into_works=_crossing(_from(Stage.COMMENCEMENT)),
        into_production=_crossing(_from(Stage.PRODUCTION)),
        is_arrival=Case(When(_forwards(), then=Value(True)), default=Value(False)),
    )


def _forwards(path: str = "") -> Q:
    """A move into a batch from none or from an earlier one."""
    forwards = Q()
    for stage in Stage:
        forwards |= Q(**{f"{path}target": stage}) & ~Q(**{f"{path}source__in": _from(stage)})
    return forwards


def _since(window: Window, crossing: str) -> Subquery:
    """The day since which the project of a row is in works or in production; NULL if it is not."""
    moves = _moves(window).filter(project=OuterRef("project")).exclude(**{crossing: 0})
    since = Case(When(**{crossing: 1}, then=F("on")), default=None, output_field=DateField())
    return Subquery(moves.order_by("-on", "-pk").annotate(since=since).values("since")[:1])


def _next_move(known_on: datetime.date | None, project: str, on: str, pk: str) -> QuerySet[StageChange]:
    later = Q(on__gt=OuterRef(on)) | Q(on=OuterRef(on), pk__gt=OuterRef(pk))
    known = StageChange.objects.filter(_recorded_by(known_on), project=OuterRef(project))
    return known.filter(later).order_by("on", "pk")


def _left_on(known_on: datetime.date | None, project: str, on: str, pk: str) -> NullIf:
    """The day on which a project left a batch again: it moved, or it was given up."""
    moved = _next_move(known_on, project, on, pk).values("on")[:1]
    ended = StatusChange.objects.filter(
        _recorded_by(known_on), project=OuterRef(project), target=Status.ENDED
    ).order_by("on")
    return _first(Subquery(moved), Subquery(ended.values("on")[:1]))


def _stays(window: Window) -> QuerySet[Any]:
    """Each stay of a project in a batch, from its move into it until `left_on`; `left_for` names the
    batch it moved to."""
    known_on = window.as_known_on
    moves = StageChange.objects.filter(_recorded_by(known_on))
    return moves.annotate(
        left_on=_left_on(known_on, "project", "on", "pk"),
        left_for=Subquery(_next_move(known_on, "project", "on", "pk").values("target")[:1]),
    )


# --- Contract events --------------------------------------------------------------------------------


def _counted(window: Window) -> QuerySet[Any]:
    """The contract events that count, with what each adds."""
    events = counting.events(window.as_known_on, window.rules)
    return counting.with_amounts(events, window.as_known_on, window.rules)


def _holdings(window: Window) -> QuerySet[Any]:
    """Each contract event in each batch through which its project has carried it: from `held_since`,
    when it both counted and stood there, until `left_on`. What all the batches hold is all that counts."""
    stay = "project__stage_changes__"
    known_on = window.as_known_on
    rows = _counted(window).annotate(
        batch=F(f"{stay}target"),
        stay_on=F(f"{stay}on"),
        stay_pk=F(f"{stay}pk"),
        told_at=F(f"{stay}recorded_at"),
    )
    return rows.filter(_recorded_by(known_on, "told_at")).annotate(
        held_since=Greatest("counted_on", "stay_on"),
        left_on=_left_on(known_on, "project", "stay_on", "stay_pk"),
    )


def _carried(window: Window) -> QuerySet[Any]:
    """Each contract event in each batch into which its project moved forwards, on the day `arrived_on`:
    the first time in a year, so that what was taken back and moved again counts once."""
    move = "project__stage_changes__"
    moves = (
        _counted(window)
        .filter(_forwards(move))
        .annotate(
            batch=F(f"{move}target"),
            arrived_on=F(f"{move}on"),
            told_at=F(f"{move}recorded_at"),
            move=F(f"{move}pk"),
        )
    )
    before = StageChange.objects.filter(
        _forwards(),
        _recorded_by(window.as_known_on),
        Q(on__lt=OuterRef("arrived_on")) | Q(on=OuterRef("arrived_on"), pk__lt=OuterRef("move")),
        project=OuterRef("project"),
        target=OuterRef("batch"),
        on__year=ExtractYear(OuterRef("arrived_on")),
    )
    return moves.filter(_recorded_by(window.as_known_on, "told_at")).exclude(Exists(before))


# --- What projects report -----------------------------------------------------------------------------


def _first_funds(window: Window) -> Subquery:
    """The first month for which the project of a row has reported funds in place."""
    reports = ProgressReport.objects.standing(window.as_known_on)
    funded = reports.filter(project=OuterRef("project"), funds_in_place__gt=0).order_by()
    return Subquery(funded.values("project").annotate(first=Min("month")).values("first"))


def _progress(window: Window) -> QuerySet[Any]:
    """Progress reports with what each adds to the project's last one before, in cents.

    Reports are cumulative: what a span adds is what stands at its end less what stood before its start.
    """
    standing = ProgressReport.objects.standing(window.as_known_on)
    before = standing.filter(project=OuterRef("project"), month__lt=OuterRef("month")).order_by("-month")
    return standing.annotate(
        funds_cents=_added("funds_in_place", before), invested_cents=_added("invested", before)
    )


def _added(amount: str, before: QuerySet[ProgressReport]) -> Combinable:
    return counting.cents(F(amount) - Coalesce(Subquery(before.values(amount)[:1]), Value(Decimal(0))))


def _signed_progress(window: Window) -> QuerySet[Any]:
    """The same reports by the month in which their project's signing counts."""
    events = counting.events(window.as_known_on, window.rules)
    signings: QuerySet[Any] = events.filter(project=OuterRef("project"), kind=EventKind.SIGNED)
    return _progress(window).annotate(new_on=Subquery(signings.order_by("pk").values("counted_on")[:1]))


# --- Visits, services, issues, stalls -----------------------------------------------------------------


def _visits(window: Window) -> QuerySet[Any]:
    return Visit.objects.filter(_told_by(window.as_known_on))


def _engagements(window: Window) -> QuerySet[Any]:
    return Engagement.objects.filter(_told_by(window.as_known_on, "visit__recorded_on"))


def _services(window: Window) -> QuerySet[Any]:
    return Service.objects.taken_on().filter(_told_by(window.as_known_on))


def _issues(window: Window) -> QuerySet[Any]:
    """Issues that were not withdrawn with their ledger by then."""
    rows, known_on = Issue.objects.filter(_told_by(window.as_known_on)), window.as_known_on
    if known_on is None:
        return rows.standing()
    withdrawn = _steps_known(known_on).filter(issue=OuterRef("pk"), target=IssueState.WITHDRAWN)
    return rows.filter(~Exists(withdrawn))


def _steps_known(known_on: datetime.date) -> QuerySet[IssueEvent]:
    """The steps of issues that counted as the office knew it that day: what was taken back later stood."""
    steps = IssueEvent.objects.filter(_recorded_by(known_on), takes_back__isnull=True)
    return steps.exclude(_recorded_by(known_on, "taken_back_by__recorded_at"))


def _resolved_issues(window: Window) -> QuerySet[Any]:
    """Issues with the day on which they were resolved. As known on a past day, the issue's steps
    entered by then decide: what was reopened since was resolved then."""
    rows, known_on = _issues(window), window.as_known_on
    if known_on is None:
        return rows.filter(state=IssueState.RESOLVED).annotate(resolved_day=F("resolved_on"))
    steps = IssueEvent.objects.filter(issue=OuterRef("pk"))
    last = _steps_known(known_on).filter(issue=OuterRef("pk")).order_by("-on", "-pk")
    from_ledger = Q(has_steps=False, resolved_on__lte=known_on)
    return (
        rows.alias(last_state=Subquery(last.values("target")[:1]), has_steps=Exists(steps))
        .filter(Q(last_state=IssueState.RESOLVED) | from_ledger)
        .annotate(resolved_day=Coalesce(Subquery(last.values("on")[:1]), "resolved_on"))
    )


def _flags(window: Window) -> QuerySet[Any]:
    """Of items; what is stalled of a project itself is told in words, not counted with them."""
    rows, known_on = StallFlag.objects.filter(item__isnull=False), window.as_known_on
    return rows if known_on is None else rows.filter(raised_on__lte=known_on)


# --- The sources --------------------------------------------------------------------------------------

_BY_PROJECT = {"task_force": "project__task_force", "unit": "project__reporting_unit"}

_MONTH_OF_SIGNING = _(
    "A contract event counts in the month of signing; verified only after that month was closed,"
    " it counts late, in the month of verification."
)
_SHARES = _(
    "A unit is given its share of a shared project's amount;"
    " the project itself counts once for the city and once for each unit."
)
_LAST_VERSION = _("Of several versions of a project's report for a month the last one counts.")

EVENTS = Source(
    "events",
    _counted,
    "counted_on",
    {**_BY_PROJECT, "ceremony": "ceremony"},
    shared=True,
    not_before="counts_from",
    not_after="verdict__on",
    rules=(_MONTH_OF_SIGNING, _SHARES),
    # the days since which the event's project is in works, in production, fulfilled
    derived={
        "started_on": lambda window: _since(window, "into_works"),
        "producing_on": lambda window: _since(window, "into_production"),
        "fulfilled_on": lambda window: _first(_since(window, "into_works"), _first_funds(window)),
    },
)
HOLDINGS = Source(
    "holdings",
    _holdings,
    "",
    _BY_PROJECT,
    shared=True,
    not_before="counts_from",
    not_after="left_on",
    rules=(_MONTH_OF_SIGNING, _SHARES),
)
CARRIED = Source(
    "carried", _carried, "arrived_on", _BY_PROJECT, shared=True, rules=(_MONTH_OF_SIGNING, _SHARES)
)
MOVES = Source("moves", _moves, "on", _BY_PROJECT, shared=True, rules=(_SHARES,))
STAYS = Source(
    "stays", _stays, "", _BY_PROJECT, shared=True, not_before="on", not_after="left_on", rules=(_SHARES,)
)
PROGRESS = Source("progress", _progress, "month", _BY_PROJECT, shared=True, rules=(_LAST_VERSION, _SHARES))
SIGNED_PROGRESS = Source(
    "signed progress",
    _signed_progress,
    "new_on",
    _BY_PROJECT,
    shared=True,
    rules=(_LAST_VERSION, _MONTH_OF_SIGNING, _SHARES),
)
VISITS = Source("visits", _visits, "on", {"unit": "unit"})
ENGAGEMENTS = Source("engagements", _engagements, "visit__on", {"unit": "visit__unit"})
SERVICES = Source("services", _services, "since", _BY_PROJECT)
ISSUES = Source("issues", _issues, "raised_on", _BY_PROJECT)
RESOLVED_ISSUES = Source("resolved issues", _resolved_issues, "resolved_day", _BY_PROJECT)
FLAGS = Source("flags", _flags, "", _BY_PROJECT, not_before="raised_on", not_after="cleared_on")

# Visits led by the city itself belong to no unit; every other row has one.
WITHOUT_UNIT = (VISITS, ENGAGEMENTS)
