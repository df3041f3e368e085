"""How the rows behind a figure read, kind by kind: columns, cells in ready strings, who may open them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from approvals.models import Issue, StallFlag
from approvals.showing import issue_text
from briefings.figures import Indicator, Rate, in_wan
from briefings.indicators import WHOLE
from core import money
from core.exporting import Kind
from outreach.models import Visit
from projects.choices import Stage
from projects.models import Project, Share
from projects.showing import face


@dataclass(frozen=True)
class Cell:
    """One cell of a line; `tag` is a word set off (shared, late). A file holds its `value`, an amount or
    a day, where there is one."""

    text: str
    sub: str = ""
    url: str = ""
    tag: str = ""
    lamp: str = ""
    value: Any = None


@dataclass(frozen=True)
class Column:
    """One column; in a file, what stands small under its cells has a column of its own, `sub`."""

    label: str | Promise
    is_number: bool = False
    kind: Kind = Kind.TEXT
    sub: str | Promise = ""


Line = Sequence[Cell]
Found = Indicator | Rate


@dataclass(frozen=True)
class Listing:
    """Rows of one kind: `seen_by` says which of them a person may open."""

    columns: Sequence[Column]
    line: Callable[[Any, User, Found], Line]
    seen_by: Callable[[User], Q]
    order: Sequence[str]
    ready: Callable[[QuerySet[Any]], QuerySet[Any]]

    def order_of(self, found: Found) -> Sequence[str]:
        """Amounts the largest first, whatever else by its day."""
        return ("-part", "pk") if found.is_amount else self.order


# --- Who may open what --------------------------------------------------------------------------


def _of_visible_projects(user: User) -> Q:
    if user.role in SEES_ALL_PROJECTS:
        return Q()
    return Q(project__in=Project.objects.visible_to(user).values("pk"))


def _of_served_projects(user: User) -> Q:
    return _of_visible_projects(user) if user.has_perm("approvals.view_item") else Q(pk__in=())


def _visible_issues(user: User) -> Q:
    return Q(pk__in=Issue.objects.visible_to(user).values("pk"))


def _visible_flags(user: User) -> Q:
    return Q(pk__in=StallFlag.objects.visible_to(user).values("pk"))


def _visible_visits(user: User) -> Q:
    return Q(pk__in=Visit.objects.visible_to(user).values("pk"))


def _of_visible_visits(user: User) -> Q:
    return Q(visit__in=Visit.objects.visible_to(user).values("pk"))


# --- Cells -----------------------------------------------------------------------------------------

_SHARES = Prefetch(
    "project__shares", Share.objects.select_related("unit").order_by("-percent", "unit__order")
)


def _with_project(rows: QuerySet[Any]) -> QuerySet[Any]:
    named = ("project__enterprise", "project__task_force", "project__reporting_unit")
    return rows.select_related(*named).prefetch_related(_SHARES)


def _project(row: Any, user: User) -> Cell:
    shown = face(row.project, user)
    return Cell(shown.name, shown.enterprise, row.project.get_absolute_url())


def _units(row: Any) -> Cell:
    """The unit; of a shared project its units with their parts, marked."""
    shares = row.project.shares.all()
    if len(shares) < 2:
        return Cell(str(row.project.reporting_unit))
    parts = "／".join(f"{share.unit} {share.percent.normalize():f}%" for share in shares)
    return Cell(parts, tag=_("shared"))


def day(on: Any) -> Cell:
    return Cell(on.isoformat() if on else money.NO_VALUE, value=on)


def wan(amount: Decimal, sub: str = "") -> Cell:
    return Cell(money.format_wan(amount), sub=sub, value=amount)


# --- Contract events -------------------------------------------------------------------------------


def _event(event: Any, user: User, found: Found) -> Line:
    part = in_wan(event.part) if found.is_amount else event.amount * event.weight / Decimal(WHOLE)
    late = event.late
    return (
        _project(event, user),
        Cell(str(event.project.task_force)),
        _units(event),
        Cell(event.get_kind_display(), sub=_in_rate(event, found)),
        wan(part, sub=_part_of(event)),
        day(event.signed_on),
        day(event.verdict.on),
        Cell(f"{event.counted_on:%Y-%m}", tag=_("late") if late else ""),
    )


_FULFILLED = (gettext_lazy("being fulfilled"), gettext_lazy("nothing done yet"))
IN_RATE = {
    "start_rate": (gettext_lazy("works started"), gettext_lazy("not started")),
    "production_rate": (gettext_lazy("in production"), gettext_lazy("not in production")),
    "fulfilment_rate": _FULFILLED,
    "fulfilment_rate_by_amount": _FULFILLED,
}


def _in_rate(row: Any, found: Found) -> str:
    """Of a rate: whether the row is among those in its numerator."""
    if not hasattr(row, "in_numerator"):
        return ""
    yes, no = IN_RATE.get(found.code, (gettext_lazy("moved on"), gettext_lazy("not moved on")))
    return str(yes if row.in_numerator else no)


def _part_of(event: Any) -> str:
    """Which part of which amount a unit is given."""
    if event.weight == WHOLE:
        return ""
    percent = (Decimal(event.weight) / 100).normalize()
    return _("%(percent)s%% of %(amount)s") % {
        "percent": f"{percent:f}",
        "amount": money.format_wan(event.amount),
    }


def _events(rows: QuerySet[Any]) -> QuerySet[Any]:
    return _with_project(rows).select_related("verdict")


# --- Moves, visits, services, issues, flags ------------------------------------------------------------


def _move(move: Any, user: User, found: Found) -> Line:
    source = move.get_source_display() if move.source else money.NO_VALUE
    return (
        _project(move, user),
        Cell(str(move.project.task_force)),
        _units(move),
        Cell(f"{source} → {move.get_target_display()}", tag=_("taken back") if not move.is_arrival else ""),
        day(move.on),
        Cell("" if face(move.project, user).is_veiled else move.note),
    )


def _stay(stay: Any, user: User, found: Found) -> Line:
    left_for = Stage(stay.left_for).label if stay.left_for and stay.left_on else ""
    return (
        _project(stay, user),
        Cell(str(stay.project.task_force)),
        _units(stay),
        Cell(stay.get_target_display(), sub=_in_rate(stay, found)),
        day(stay.on),
        replace(day(stay.left_on), sub=str(left_for)),
    )


def _report(report: Any, user: User, found: Found) -> Line:
    return (
        _project(report, user),
        Cell(str(report.project.task_force)),
        _units(report),
        Cell(f"{report.month:%Y-%m}"),
        wan(in_wan(report.part)),
        wan(report.funds_in_place),
        wan(report.invested),
        day(report.recorded_on),
    )


def _visit(visit: Any, user: User, found: Found) -> Line:
    return (
        day(visit.on),
        Cell(visit.get_level_display()),
        Cell(str(visit.unit or _("The city itself"))),
        Cell(str(visit.met), value=visit.met),
    )


def _engagement(engagement: Any, user: User, found: Found) -> Line:
    return (
        Cell(engagement.party),
        Cell(engagement.get_kind_display()),
        Cell(engagement.place),
        day(engagement.visit.on),
        Cell(str(engagement.visit.unit or _("The city itself"))),
        Cell(engagement.outcome or money.NO_VALUE),
    )


def _service(service: Any, user: User, found: Found) -> Line:
    return (
        _project(service, user),
        Cell(str(service.project.task_force)),
        Cell(str(service.project.reporting_unit)),
        Cell(str(service.team), sub=service.leader),
        day(service.since),
        day(service.until),
    )


def _issue(issue: Any, user: User, found: Found) -> Line:
    return (
        Cell(issue.code, sub=issue.get_category_display(), url=reverse("approvals:issue", args=[issue.pk])),
        Cell(issue_text(issue, user)),
        Cell(face(issue.project, user).name),
        Cell(str(issue.department)),
        day(issue.raised_on),
        Cell(issue.get_state_display(), sub=issue.resolved_on.isoformat() if issue.resolved_on else ""),
    )


def _flag(flag: Any, user: User, found: Found) -> Line:
    return (
        Cell(flag.subject, url=reverse("approvals:item", args=[flag.item_id])),
        Cell(face(flag.project, user).name),
        Cell(str(flag.project.task_force)),
        Cell(str(flag.item.template.department)),
        Cell(flag.get_code_display(), lamp="over_statute" if flag.severity == "red" else "over_promise"),
        day(flag.first_day),
    )


_PROJECT = (
    Column(gettext_lazy("Project"), sub=gettext_lazy("Enterprise")),
    Column(gettext_lazy("Task force")),
    Column(gettext_lazy("Reporting unit")),
)

_ISSUES = Listing(
    (
        Column(gettext_lazy("Number"), sub=gettext_lazy("Category")),
        Column(gettext_lazy("What the matter is")),
        Column(gettext_lazy("Project")),
        Column(gettext_lazy("Department")),
        Column(gettext_lazy("Raised on"), kind=Kind.DAY),
        Column(gettext_lazy("State"), sub=gettext_lazy("Resolved on")),
    ),
    _issue,
    _visible_issues,
    ("raised_on", "pk"),
    lambda rows: _with_project(rows).select_related("department"),
)

_EVENTS = Listing(
    (
        *_PROJECT,
        Column(gettext_lazy("Kind"), sub=gettext_lazy("In the rate")),
        Column(
            gettext_lazy("Counted (万元)"),
            is_number=True,
            kind=Kind.WAN,
            sub=gettext_lazy("Part of the unit"),
        ),
        Column(gettext_lazy("Signed on"), kind=Kind.DAY),
        Column(gettext_lazy("Verified on"), kind=Kind.DAY),
        Column(gettext_lazy("Counted in")),
    ),
    _event,
    _of_visible_projects,
    ("counted_on", "pk"),
    _events,
)

_REPORTS = Listing(
    (
        *_PROJECT,
        Column(gettext_lazy("Month")),
        Column(gettext_lazy("Added (万元)"), is_number=True, kind=Kind.WAN),
        Column(gettext_lazy("Funds in place so far (万元)"), kind=Kind.WAN),
        Column(gettext_lazy("Investment done so far (万元)"), kind=Kind.WAN),
        Column(gettext_lazy("Reported on"), kind=Kind.DAY),
    ),
    _report,
    _of_visible_projects,
    ("month", "pk"),
    _with_project,
)

# By the name of the source.
LISTINGS: dict[str, Listing] = {
    "events": _EVENTS,
    "holdings": _EVENTS,
    "carried": _EVENTS,
    "progress": _REPORTS,
    "signed progress": _REPORTS,
    "stays": Listing(
        (
            *_PROJECT,
            Column(gettext_lazy("Batch"), sub=gettext_lazy("In the rate")),
            Column(gettext_lazy("Since"), kind=Kind.DAY),
            Column(gettext_lazy("Left on"), kind=Kind.DAY, sub=gettext_lazy("Left for")),
        ),
        _stay,
        _of_visible_projects,
        ("on", "pk"),
        _with_project,
    ),
    "moves": Listing(
        (
            *_PROJECT,
            Column(gettext_lazy("Move")),
            Column(gettext_lazy("On"), kind=Kind.DAY),
            Column(gettext_lazy("Note")),
        ),
        _move,
        _of_visible_projects,
        ("on", "pk"),
        _with_project,
    ),
    "visits": Listing(
        (
            Column(gettext_lazy("Date"), kind=Kind.DAY),
            Column(gettext_lazy("Level")),
            Column(gettext_lazy("Led by")),
            Column(gettext_lazy("Met"), is_number=True, kind=Kind.NUMBER),
        ),
        _visit,
        _visible_visits,
        ("on", "pk"),
        lambda rows: rows.select_related("unit").annotate(met=Count("engagements")),
    ),
    "engagements": Listing(
        (
            Column(gettext_lazy("Met")),
            Column(gettext_lazy("Kind")),
            Column(gettext_lazy("Place")),
            Column(gettext_lazy("Date"), kind=Kind.DAY),
            Column(gettext_lazy("Led by")),
            Column(gettext_lazy("Outcome")),
        ),
        _engagement,
        _of_visible_visits,
        ("visit__on", "pk"),
        lambda rows: rows.select_related("visit__unit"),
    ),
    "services": Listing(
        (
            *_PROJECT,
            Column(gettext_lazy("Service team"), sub=gettext_lazy("Team leader")),
            Column(gettext_lazy("Since"), kind=Kind.DAY),
            Column(gettext_lazy("Until"), kind=Kind.DAY),
        ),
        _service,
        _of_served_projects,
        ("since", "pk"),
        lambda rows: _with_project(rows).select_related("team"),
    ),
    "issues": _ISSUES,
    "resolved issues": _ISSUES,
    "flags": Listing(
        (
            Column(gettext_lazy("Item")),
            Column(gettext_lazy("Project")),
            Column(gettext_lazy("Task force")),
            Column(gettext_lazy("Department")),
            Column(gettext_lazy("Stalled because")),
            Column(gettext_lazy("Since"), kind=Kind.DAY),
        ),
        _flag,
        _visible_flags,
        ("first_day", "pk"),
        lambda rows: _with_project(rows).select_related("item__template__department"),
    ),
}
