"""The project list: one dense ledger, filtered, sorted, added up."""

import datetime
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting
from core.money import NO_VALUE, WAN_IN_YI, format_yi
from core.pages import page
from projects import excel, layouts
from projects.choices import Confidentiality, Stage, Status
from projects.filters import Choices, ProjectFilter
from projects.models import ContractEvent, Project, Share
from projects.showing import withheld
from taskforces.models import ReportingUnit

ROWS = 50
# Up to here a list is counted and leafed through; beyond, it asks to be narrowed.
CAP = 10_000


@dataclass(frozen=True)
class Tally:
    """How many projects there are and what they contract together (万元); beyond the cap only that."""

    count: int
    total: Decimal
    large: Decimal
    is_capped: bool


def tally(rows: QuerySet[Project]) -> Tally:
    """One query, which reads no more than the cap's rows."""
    large = Q(is_industrial=True, contracted__gte=WAN_IN_YI)
    found = rows.order_by()[: CAP + 1].aggregate(
        count=Count("pk"), total=Sum("contracted"), large=Sum("contracted", filter=large)
    )
    capped = found["count"] > CAP
    return Tally(min(found["count"], CAP), found["total"] or Decimal(0), found["large"] or Decimal(0), capped)


class Counted(Paginator):
    """Leafs through rows whose number is known already."""

    def __init__(self, rows: QuerySet[Any, Any], count: int) -> None:
        super().__init__(rows, ROWS)
        self._counted = count

    @cached_property
    def count(self) -> int:
        return self._counted


class Line(NamedTuple):
    """What is read of a project for its row: fifty models with their relations cost several times
    the query."""

    pk: int
    code: str
    name: str
    code_name: str
    confidentiality: str
    enterprise__name: str
    task_force: int
    reporting_unit: int
    stage: str
    status: str
    paused_until: datetime.date | None
    contracted: Decimal
    signed_on: datetime.date | None


class Row(TypedDict):
    """Ready strings: fifty rows of filters in a template cost more than the query. The amount and the
    day also as they are, for the list as a file."""

    url: str
    name: str
    enterprise: str
    task_force: str
    unit: str
    stage: str
    amount: str
    signed_on: str
    lamp: str
    word: str
    contracted: Decimal | None
    day: datetime.date | None


@allow("projects.view_project")
def ledger(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    filterset = ProjectFilter(request.GET, Project.objects.visible_to(user), request=request)
    if exporting.asked(request):
        return _exported(request, filterset, user)
    found = tally(filterset.qs)
    leaf = Counted(filterset.qs.values_list(*Line._fields), found.count).get_page(request.GET.get("page"))
    asked = filterset.form.cleaned_data
    context = {
        "filter": filterset,
        "question": asked.get("q", ""),
        "is_narrowed": any(value not in (None, "", []) for name, value in asked.items() if name != "sort"),
        "found": found,
        "total": format_yi(found.total),
        "large": format_yi(found.large),
        "large_url": _narrowed(request.GET, industrial="true", contracted_min="1"),
        "counted_url": _narrowed(request.GET, contracted_min="0.01"),
        "layouts": layouts.offered(),
        "page": leaf,
        "rows": _rows([Line(*row) for row in leaf.object_list], filterset.choices, user),
    }
    return page(request, "projects/list.html", context)


def _exported(request: HttpRequest, filterset: ProjectFilter, user: User) -> HttpResponseBase:
    """In the columns of the page, or (`?layout=`) in those of somebody else's form."""
    if asked := request.GET.get("layout"):
        layout = next((one for one in layouts.offered() if str(one.pk) == asked), None)
        if layout is None:
            raise Http404
        rows = layouts.rows(filterset.qs, user, today=clock.today())
        return exporting.answer(request, layouts.read(layout.text), rows, narrowed=filterset)

    def dressed(found: list[Any]) -> list[Row]:
        return _rows([Line(*row) for row in found], filterset.choices, user)

    lines = exporting.in_chunks(filterset.qs.values_list(*Line._fields), dressed)
    return exporting.answer(request, excel.LEDGER, lines, narrowed=filterset)


def _narrowed(query: QueryDict, **changes: str) -> str:
    narrowed = query.copy()
    for name in ("page", "contracted_min"):
        narrowed.pop(name, None)
    for name, value in changes.items():
        narrowed[name] = value
    return f"?{narrowed.urlencode()}"


def _open_flags() -> Any:
    """The open stall flags, the worst first. They stand right of this app on the import line: reached
    by the name of the reverse accessor."""
    flags: Any = Project._meta.get_field("stall_flags").related_model
    return flags.objects.filter(cleared_on__isnull=True).order_by("-severity", "first_day", "pk")


def with_worst_flag(rows: QuerySet[Project]) -> QuerySet[Project]:
    """For one project's page: its worst open flag without a query of its own."""
    mine = _open_flags().filter(project=OuterRef("pk"))
    counted = mine.order_by().values("project").annotate(count=Count("pk"))
    return rows.annotate(
        flag_code=Subquery(mine.values("code")[:1]),
        flag_severity=Subquery(mine.values("severity")[:1]),
        flag_count=Subquery(counted.values("count")),
    )


@dataclass(frozen=True)
class Flagged:
    """The worst open flag of a project and how many there are."""

    code: str
    severity: str
    count: int

    @property
    def lamp(self) -> str:
        return "over_statute" if self.severity == "red" else "over_promise"

    @property
    def word(self) -> str:
        codes: Any = Project._meta.get_field("stall_flags").related_model._meta.get_field("code")
        word = str(dict(codes.flatchoices).get(self.code, self.code))
        if self.count == 1:
            return word
        return _("%(word)s and %(count)d more") % {"word": word, "count": self.count - 1}


def _rows(lines: list[Line], choices: Choices, user: User) -> list[Row]:
    """In a fixed number of queries, however many lines."""
    shown = [line.pk for line in lines]
    veiled = withheld(
        user, [line.pk for line in lines if line.confidentiality == Confidentiality.CONFIDENTIAL]
    )
    waits = set(
        ContractEvent.objects.readable_by(user)
        .waiting()
        .filter(project__in=shown)
        .values_list("project", flat=True)
    )
    flagged = _worst(shown) if user.has_perm("approvals.view_stalled") else {}
    units, address = _units(shown, choices.units), reverse("projects:list")
    forces = {pk: str(force) for pk, force in choices.task_forces.items()}
    stages = {stage.value: str(stage.label) for stage in Stage}
    made = []
    for line in lines:
        is_veiled = line.pk in veiled
        lamp, word = lamp_of(line, flagged.get(line.pk), waits=line.pk in waits)
        made.append(
            Row(
                url=f"{address}{line.pk}/",  # `reverse` for each row takes longer than all the rest of it
                name=(line.code_name or line.code) if is_veiled else line.name,
                enterprise=_("Confidential") if is_veiled else line.enterprise__name,
                task_force=forces[line.task_force],
                unit=units.get(line.pk) or str(choices.units[line.reporting_unit]),
                stage=stages[line.stage],
                amount=format_yi(line.contracted) if line.contracted else NO_VALUE,
                signed_on=line.signed_on.isoformat() if line.signed_on else NO_VALUE,
                lamp=lamp,
                word=word,
                contracted=line.contracted or None,
                day=line.signed_on,
            )
        )
    return made


def _worst(projects: Collection[int]) -> dict[int, Flagged]:
    """The worst open flag of each project."""
    flags: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = _open_flags().filter(project__in=projects)
    for project, code, severity in rows.values_list("project", "code", "severity"):
        flags[project].append((code, severity))
    return {project: Flagged(*found[0], len(found)) for project, found in flags.items()}


def _units(projects: Collection[int], units: dict[int, ReportingUnit]) -> dict[int, str]:
    """The units of the projects that several share in, as `units_of` says."""
    parts: dict[int, list[str]] = defaultdict(list)
    shares = Share.objects.filter(project__in=projects).order_by("-percent", "unit__order")
    for project, unit, percent in shares.values_list("project", "unit", "percent"):
        parts[project].append(_part(units[unit], percent))
    return {project: JOINED.join(found) for project, found in parts.items()}


JOINED = "／"


def _part(unit: ReportingUnit, percent: Decimal) -> str:
    return f"{unit} {percent.normalize():f}%"


def units_of(project: Project) -> str:
    """柳东新区 60%／鹿寨县 40%, or the one unit that reports it."""
    shares = project.shares.all()
    return JOINED.join(_part(share.unit, share.percent) for share in shares) or str(project.reporting_unit)


def lamp_of(project: Project | Line, flagged: Flagged | None, *, waits: bool) -> tuple[str, str]:
    """Kind and word of the lamp that says how a project is; `waits` for a verdict on its contract."""
    if project.status == Status.ENDED:
        return "waiting", _("Ended")
    if project.status == Status.PAUSED:
        return "waiting", _("Paused until %(day)s") % {"day": project.paused_until or NO_VALUE}
    if flagged:
        return flagged.lamp, flagged.word
    if waits:
        return "todo", _("To be verified")
    return "on_time", _("Normal")
