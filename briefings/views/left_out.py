"""How the events that a figure leaves out read: each with its one reason."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS, Role
from briefings.choices import LeftOut
from briefings.views.listings import Cell, Column, Line, day, wan
from core.exporting import Kind
from projects.choices import Verdict
from projects.models import Project
from projects.showing import face

COLUMNS = (
    Column(gettext_lazy("Project"), sub=gettext_lazy("Enterprise")),
    Column(gettext_lazy("Task force")),
    Column(gettext_lazy("Reporting unit")),
    Column(gettext_lazy("Kind")),
    Column(gettext_lazy("Amount (万元)"), is_number=True, kind=Kind.WAN),
    Column(gettext_lazy("Signed on"), kind=Kind.DAY),
    Column(gettext_lazy("Verified on"), kind=Kind.DAY),
    Column(gettext_lazy("Left out because"), sub=gettext_lazy("In its own words")),
)


def left_out_seen_by(user: User) -> Q:
    """Of projects that the reader may open; to statistics only what is verified (see `readable_by`)."""
    verified = Q(verdict__verdict=Verdict.VERIFIED) if user.role == Role.STATISTICS else Q()
    if user.role in SEES_ALL_PROJECTS:
        return verified
    return verified & Q(project__in=Project.objects.visible_to(user).values("pk"))


def left_out_ready(rows: QuerySet[Any]) -> QuerySet[Any]:
    named = ("project__enterprise", "project__task_force", "project__reporting_unit", "verdict")
    return rows.select_related(*named)


def left_out_line(event: Any, user: User) -> Line:
    shown = face(event.project, user)
    verdict = getattr(event, "verdict", None)
    verified_on = verdict.on if verdict and verdict.verdict == Verdict.VERIFIED else None
    return (
        Cell(shown.name, shown.enterprise, event.project.get_absolute_url()),
        Cell(str(event.project.task_force)),
        Cell(str(event.project.reporting_unit)),
        Cell(event.get_kind_display()),
        wan(event.amount),
        day(event.signed_on),
        day(verified_on),
        Cell(str(LeftOut(event.why).label), sub=_more(event, veiled=shown.is_veiled)),
    )


def _more(event: Any, *, veiled: bool) -> str:
    """The reason in its own words, or the month in which the event counts."""
    if event.why == LeftOut.EXCLUDED:
        return str(event.exclusion_reason)
    if event.why == LeftOut.RETURNED:
        return "" if veiled else str(event.verdict.reason)
    if event.why != LeftOut.OTHER_MONTH:
        return ""
    month = date_format(event.counted_on, pgettext("date format", "F Y"))
    if event.late:
        return _("verified late: %(month)s") % {"month": month}
    return month
