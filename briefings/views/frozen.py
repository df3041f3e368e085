"""What a number of a briefing counted when it was drafted, row by row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import allow, user_of
from accounts.models import User
from briefings import content, excel, figures
from briefings.choices import Span
from briefings.content import Value
from briefings.figures import Scope
from briefings.indicators import INDICATORS, Window
from briefings.models import Briefing
from briefings.views.listings import LISTINGS, Cell, Column, Line, day
from core import exporting
from core.exporting import Kind
from core.pages import of_year, page
from projects.models import Project
from projects.showing import face

ROWS_SHOWN = 50
PROJECT_COLUMNS = (
    Column(_("Project"), sub=_("Enterprise")),
    Column(_("Task force")),
    Column(_("Reporting unit")),
    Column(_("Batch today")),
    Column(_("Since"), kind=Kind.DAY),
)


@allow("briefings.view_briefing")
def counted(request: HttpRequest, pk: int, key: str) -> HttpResponseBase:
    """The rows behind one number; what the reader may not open, and what the books have since moved
    elsewhere, is only counted."""
    user = user_of(request)
    readable = Briefing.objects.visible_to(user).select_related("period", "task_force", "unit")
    briefing = get_object_or_404(readable, pk=pk)
    value = content.values(briefing.content).get(key)
    if value is None:
        raise Http404
    ids = briefing.counted[key]
    of_figure = value.code in INDICATORS  # else it is the stock of a batch
    rows = _rows(user, briefing, value, ids) if of_figure else _projects(user, ids)
    found = rows.standing.count()
    if exporting.asked(request):
        return _exported(request, briefing, value, rows)
    shown = Paginator(rows.seen, ROWS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "briefing": briefing,
        "name": content.named(briefing.content["about"]),
        "value": value,
        "formula": _formula(briefing, value.code),
        "columns": rows.columns,
        "page": shown,
        "lines": [list(zip(rows.columns, rows.line(row), strict=True)) for row in shown.object_list],
        "total": len(ids),
        "hidden": found - shown.paginator.count,
        "moved": len(ids) - found,
    }
    return page(of_year(request, briefing.period.month.year), "briefings/frozen.html", context)


def _formula(briefing: Briefing, code: str) -> str:
    rows = [row for row in briefing.content["figures"] if row["code"] == code]
    return content.named(rows[0], "formula") if rows else ""


@dataclass(frozen=True)
class Rows:
    """What was counted and still stands so in the books; what of it the reader may open; how one reads."""

    columns: Sequence[Column]
    standing: QuerySet[Any]
    seen: QuerySet[Any]
    line: Callable[[Any], Line]


def _exported(request: HttpRequest, briefing: Briefing, value: Value, rows: Rows) -> HttpResponseBase:
    name, lines = content.named(briefing.content["about"]), exporting.each(rows.seen, rows.line)
    notes = [
        (gettext("Briefing"), f"{name} {briefing.period} {briefing.number}".strip()),
        (gettext("Value"), f"{value.printed} {value.printed_unit}"),
        (gettext("How it is counted"), _formula(briefing, value.code)),
        (gettext("Rows counted then"), str(len(briefing.counted[value.key]))),
    ]
    sheet = excel.listed(f"{value.name} {value.months}", rows.columns, notes)
    return exporting.answer(request, sheet, lines, narrowed=notes[:1])


def _rows(user: User, briefing: Briefing, value: Value, ids: list[int]) -> Rows:
    """Of an indicator, as on the page of the living figure."""
    found = INDICATORS[value.code]
    listing = LISTINGS[found.source.name]
    month = briefing.period.month
    window = Window.year_to(month) if value.span == Span.YEAR else Window.of_month(month)
    scope = Scope(task_force=briefing.task_force, unit=briefing.unit)
    rows: QuerySet[Any] = figures.counted(value.code, window, scope).filter(pk__in=ids)
    seen = listing.ready(rows.filter(listing.seen_by(user))).order_by(*listing.order_of(found))
    return Rows(listing.columns, rows, seen, lambda row: listing.line(row, user, found))


def _projects(user: User, ids: list[int]) -> Rows:
    """Of a batch: the projects that stood in it or arrived in it."""
    rows = Project.objects.filter(pk__in=ids)
    seen = Project.objects.visible_to(user).filter(pk__in=ids).for_list().order_by("-contracted", "pk")
    return Rows(PROJECT_COLUMNS, rows, seen, lambda row: _project(row, user))


def _project(project: Project, user: User) -> Line:
    shown = face(project, user)
    return (
        Cell(shown.name, shown.enterprise, project.get_absolute_url()),
        Cell(str(project.task_force)),
        Cell(str(project.reporting_unit)),
        Cell(project.get_stage_display()),
        day(project.stage_since),
    )
