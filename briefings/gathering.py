"""The lists of a month's briefings, each gathered once for all of them."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import translation

from approvals import stalls
from approvals.choices import StallCode
from approvals.models import Issue, StallFlag
from briefings import counting, figures
from briefings.figures import Scope
from briefings.indicators import WHOLE, Window, in_wan
from core import clock
from core.workdays import calendar
from projects.choices import Confidentiality, Stage, Status
from projects.models import Project, StageChange, StatusChange
from taskforces.models import BatchLabel, Mechanism

Plain = dict[str, Any]

# --- Lists ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A row of a list with whose it is: its task force, and each unit's part in hundredths of a percent."""

    task_force: int
    units: Mapping[int, int]
    row: Plain
    cents: int | None = None  # what an amount adds, before shares

    def of(self, scope: Scope) -> Plain | None:
        """The row as this scope shows it; None where it is not its."""
        if scope.task_force is not None and scope.task_force.pk != self.task_force:
            return None
        if scope.unit is not None and scope.unit.pk not in self.units:
            return None
        weight = WHOLE if scope.unit is None else self.units[scope.unit.pk]
        if self.cents is None:
            return self.row
        return {**self.row, "amount": f"{in_wan(self.cents * weight):f}"}


def of(lines: Iterable[Line], scope: Scope) -> list[Plain]:
    """The rows of a list that are a scope's."""
    return [row for line in lines if (row := line.of(scope)) is not None]


def parts(project: Project) -> dict[int, int]:
    """Each unit's part of a project; the reporting unit has the whole of one that is not shared."""
    shares = {share.unit_id: int(share.percent * 100) for share in project.shares.all()}
    return shares or {project.reporting_unit_id: WHOLE}


def _project(project: Project) -> Plain:
    """How a project is named in a document; a confidential one goes by its code-name."""
    hidden = project.confidentiality == Confidentiality.CONFIDENTIAL
    return {
        "project": project.pk,
        "code": project.code,
        "project_name": (project.code_name or project.code) if hidden else project.name,
        "enterprise": "" if hidden else project.enterprise.name,
        "task_force": project.task_force.name,
        "task_force_en": project.task_force.name_en,
        "unit": project.reporting_unit.short_name or project.reporting_unit.name,
        "unit_en": project.reporting_unit.name_en,
    }


_ABOUT = ("project__enterprise", "project__task_force", "project__reporting_unit")


def _events(window: Window) -> QuerySet[Any]:
    """What counts by the rules of these months, with what each adds."""
    return counting.with_amounts(counting.events(rules=window.rules), rules=window.rules)


def signed(month: datetime.date) -> list[Line]:
    """What contracted investment of the month is made of: new projects first, then add-ons and what
    was taken back. Their amounts add up to the figure."""
    window = Window.of_month(month)
    events = _events(window)
    rows = (
        events.filter(counted_on__range=(window.first_day, window.last_day))
        .exclude(cents=0)
        .select_related(*_ABOUT)
        .prefetch_related("project__shares")
        .order_by("-is_new", "-cents", "pk")
    )
    return [
        Line(
            event.project.task_force_id,
            units := parts(event.project),
            {
                **_project(event.project),
                "kind": "new" if event.is_new else event.kind,
                "on": event.signed_on.isoformat(),
                "late": bool(event.late),
                "shared": len(units) > 1,
            },
            cents=event.cents,
        )
        for event in rows
    ]


def stalled(month: datetime.date, until: datetime.date) -> list[Line]:
    """Items with an open flag, each once: the gravest first, then the longest."""
    flags = (
        figures.counted("stalled_items", Window.of_month(month))
        .select_related("item__template__department", *_ABOUT)
        .order_by("first_day", "pk")
    )
    by_item: dict[int, list[StallFlag]] = defaultdict(list)
    for flag in flags:
        by_item[flag.item_id].append(flag)
    lines = [_stalled_line(of_item, until) for of_item in by_item.values()]
    return sorted(lines, key=lambda line: (-line.row["over_statute"], -line.row["days"], line.row["item_id"]))


def _stalled_line(flags: Sequence[StallFlag], until: datetime.date) -> Line:
    codes = {flag.code for flag in flags}
    item, project = flags[0].item, flags[0].project
    assert item is not None  # figures count flags of items
    since = min(_since(flag) for flag in flags)
    return Line(
        project.task_force_id,
        {project.reporting_unit_id: WHOLE},
        {
            **_project(project),
            "item_id": item.pk,
            "item": item.template.name,
            "item_en": item.template.name_en,
            "days": calendar().between(since, until),
            "since": since.isoformat(),
            "over_statute": StallCode.OVER_STATUTE in codes,
            "over_promise": StallCode.OVER_PROMISE in codes,
            "codes": sorted(codes),
            **_acts(next((flag for flag in flags if flag.code == StallCode.BLOCKED), flags[0])),
        },
    )


def _since(flag: StallFlag) -> datetime.date:
    """The day from which its working days are counted: the due day, the last event, the blocking issue."""
    since = flag.facts.get("due") or flag.facts.get("last") or flag.facts.get("since")
    return datetime.date.fromisoformat(since) if since else flag.first_day


def _acts(flag: StallFlag) -> Plain:
    """Who acts next; what blocks the item goes before whose turn it is."""
    with translation.override("zh-hans"):
        chinese = stalls.acts(flag)
    with translation.override("en"):
        return {"acts": chinese, "acts_en": stalls.acts(flag)}


def _text(issue: Issue) -> str:
    """What the matter is; of a confidential project only of what kind, since documents go to everyone."""
    hidden = issue.project.confidentiality == Confidentiality.CONFIDENTIAL
    with translation.override("zh-hans"):
        return str(issue.get_category_display()) if hidden else issue.text


def issues(until: datetime.date) -> list[Line]:
    """Issues not yet resolved on that day, the oldest first."""
    rows = (
        Issue.objects.standing()
        .filter(raised_on__lte=until)
        .filter(Q(resolved_on__isnull=True) | Q(resolved_on__gt=until))
        .select_related("department", *_ABOUT)
        .order_by("raised_on", "pk")
    )
    return [
        Line(
            issue.project.task_force_id,
            {issue.project.reporting_unit_id: WHOLE},
            {
                **_project(issue.project),
                "issue": issue.pk,
                "number": issue.code,
                "text": _text(issue),
                "acts": issue.department.name,
                "acts_en": issue.department.name_en,
                "on": issue.raised_on.isoformat(),
            },
        )
        for issue in rows
    ]


# --- The seven batches -----------------------------------------------------------------------------------

# Whose: "city", ("force", pk) or ("unit", pk).
Groups = dict[Any, dict[str, Any]]


class Batches:
    """The projects that stood in each batch at the end of a day, for every scope.

    Ended projects are out. A shared project stands in the stock of each of its units, its contracted
    investment by share.
    """

    def __init__(self, mechanism: Mechanism, until: datetime.date) -> None:
        self.labels = _labels(mechanism)
        self.standing = _standing(until)
        self.cents = _cents(until)

    def of(self, scope: Scope) -> list[Plain]:
        key = _group(scope)
        return [
            {
                "batch": stage.value,
                "name": self.labels[stage][0],
                "name_en": self.labels[stage][1],
                "count": len(self.standing[key].get(stage, ())),
                "amount": f"{in_wan(self.cents[key].get(stage, 0)):f}",
            }
            for stage in Stage
        ]

    def counted(self, scope: Scope) -> dict[str, list[int]]:
        """The projects of each count, under the keys of `content.values`."""
        key = _group(scope)
        return {f"batch_{stage}:year": sorted(self.standing[key].get(stage, ())) for stage in Stage}


def _group(scope: Scope) -> Any:
    if scope.task_force is not None:
        return ("force", scope.task_force.pk)
    return ("unit", scope.unit.pk) if scope.unit is not None else "city"


def _labels(mechanism: Mechanism) -> dict[str, tuple[str, str]]:
    """What the year's mechanism calls the batches."""
    rows = BatchLabel.objects.filter(mechanism=mechanism).values_list("batch", "name", "name_en")
    named = {batch: (name, name_en) for batch, name, name_en in rows}
    return {stage: named.get(stage, (str(stage.label), str(stage.label))) for stage in Stage}


def _then(changes: QuerySet[Any], until: datetime.date, project: str) -> Subquery:
    """What a project's history said of it at the end of a day."""
    earlier = changes.filter(project=OuterRef(project), on__lte=until).order_by("-on", "-pk")
    return Subquery(earlier.values("target")[:1])


def _in_a_batch(rows: QuerySet[Any], until: datetime.date, project: str) -> QuerySet[Any]:
    """Rows of projects that were in a batch then, and not ended."""
    return rows.annotate(
        stage_then=_then(StageChange.objects.all(), until, project),
        status_then=_then(StatusChange.objects.all(), until, project),
    ).filter(Q(status_then__isnull=True) | ~Q(status_then=Status.ENDED), stage_then__isnull=False)


def _standing(until: datetime.date) -> Groups:
    unit = Coalesce("shares__unit", "reporting_unit")  # one row for each unit of a shared project
    rows = _in_a_batch(Project.objects.all(), until, "pk").annotate(by_unit=unit)
    standing: Groups = defaultdict(lambda: defaultdict(set))
    for pk, force, by_unit, stage in rows.values_list("pk", "task_force", "by_unit", "stage_then"):
        for key in ("city", ("force", force), ("unit", by_unit)):
            standing[key][stage].add(pk)
    return standing


def _cents(until: datetime.date) -> Groups:
    """Contracted investment of the standing projects, in cents times hundredths of a percent."""
    window = Window.of_month(until)
    events = _events(window).filter(counted_on__lte=until)
    events = figures.split_by_share(_in_a_batch(events, until, "project"), window.rules)
    rows = events.values("project__task_force", "by_unit", "stage_then")
    cents: Groups = defaultdict(lambda: defaultdict(int))
    for row in rows.annotate(total=Sum(F("cents") * F("weight"))).order_by("by_unit"):
        for key in ("city", ("force", row["project__task_force"]), ("unit", row["by_unit"])):
            cents[key][row["stage_then"]] += row["total"]
    return cents


# --- Month by month --------------------------------------------------------------------------------------


class Months:
    """Contracted investment of each month from January on, beside that of the same month last year."""

    def __init__(self, month: datetime.date) -> None:
        self.window = Window.year_to(month)
        self.cents = _by_month(self.window)

    def of(self, scope: Scope) -> list[Plain]:
        cents = self.cents[_group(scope)]
        return [
            {
                "month": f"{month:%Y-%m}",
                "contracted": f"{in_wan(cents.get(f'{month:%Y-%m}', 0)):f}",
                "base": f"{in_wan(cents.get(f'{clock.year_before(month):%Y-%m}', 0)):f}",
            }
            for month in self.window.months
        ]


def _by_month(window: Window) -> Groups:
    """Cents times hundredths of a percent of the window and the one a year before it."""
    spans = Q(counted_on__range=(window.first_day, window.last_day))
    spans |= Q(counted_on__range=(window.base.first_day, window.base.last_day))
    rows = figures.split_by_share(_events(window).filter(spans), window.rules)
    rows = rows.exclude(cents=0).order_by()
    cents: Groups = defaultdict(lambda: defaultdict(int))
    for force, unit, day, amount, weight in rows.values_list(
        "project__task_force", "by_unit", "counted_on", "cents", "weight"
    ):
        for key in ("city", ("force", force), ("unit", unit)):
            cents[key][f"{day:%Y-%m}"] += amount * weight
    return cents
