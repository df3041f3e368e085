"""Which of the host's projects are worth showing, by the rules that other cities publish.

Shown are projects that are mainly industrial, new in the period, with their formalities complete and
with much to see, and not shown before (field study, 现场会 观摩项目). Each rule is told met or not
with what it was judged by; people decide.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.models import StallFlag
from briefings.models import OnSiteMeeting, ShownProject
from projects.choices import Stage, Status
from projects.models import ProgressReport, Project, Share, StageChange
from projects.models.project import ProjectQuerySet

PROPOSED = 30
VISIBLE_FROM = Decimal(15)  # percent of the fixed-asset part that is invested: a frame stands
TO_BE_SEEN = (Stage.COMMENCEMENT, Stage.CONSTRUCTION, Stage.PRODUCTION, Stage.FULL_CAPACITY)

RULES: dict[str, str | Promise] = {
    "industrial": gettext_lazy("Industrial"),
    "new": gettext_lazy("New in the period"),
    "complete": gettext_lazy("Formalities complete"),
    "visible": gettext_lazy("Much to see"),
    "unseen": gettext_lazy("Not shown before"),
}


@dataclass(frozen=True)
class Judged:
    """One rule of one project: met or not, and by what."""

    rule: str
    met: bool
    words: str


@dataclass(frozen=True)
class Candidate:
    project: Project
    judged: tuple[Judged, ...]

    @property
    def unmet(self) -> int:
        return sum(not one.met for one in self.judged)


def of_meeting(meeting: OnSiteMeeting) -> list[Candidate]:
    """The host's projects under way that are not on the list, those that meet most rules first; of
    equal ones the larger. In a fixed number of queries."""
    if meeting.host_id is None:
        return []
    listed = ShownProject.objects.filter(meeting=meeting).values("project")
    found = [judge(row, meeting) for row in _rows(meeting).exclude(pk__in=listed)]
    found.sort(key=lambda one: (one.unmet, -one.project.contracted, one.project.pk))
    return found[:PROPOSED]


def of_shown(meeting: OnSiteMeeting) -> Mapping[int, Candidate]:
    """What is on the list, judged as it stands now, by the key of the project."""
    listed = ShownProject.objects.filter(meeting=meeting).values("project")
    return {row.pk: judge(row, meeting) for row in _judgeable(meeting, Project.objects.filter(pk__in=listed))}


def one(meeting: OnSiteMeeting, pk: int) -> Candidate | None:
    """A project of the host by its key."""
    row = _rows(meeting).filter(pk=pk).first()
    return judge(row, meeting) if row else None


def _rows(meeting: OnSiteMeeting) -> ProjectQuerySet:
    shared = Share.objects.filter(unit=meeting.host_id).values("project")
    of_host = Project.objects.filter(Q(reporting_unit=meeting.host_id) | Q(pk__in=shared))
    return _judgeable(meeting, of_host.filter(status=Status.ACTIVE, stage__in=TO_BE_SEEN))


def _judgeable(meeting: OnSiteMeeting, rows: ProjectQuerySet) -> ProjectQuerySet:
    """With what the rules look at."""
    works = StageChange.objects.filter(
        project=OuterRef("pk"),
        target__in=TO_BE_SEEN,
        on__range=(meeting.first_month, max(meeting.last_day, meeting.planned_on)),
    )
    stalled = StallFlag.objects.filter(project=OuterRef("pk"), cleared_on__isnull=True)
    before = ShownProject.objects.filter(project=OuterRef("pk")).exclude(meeting=meeting)
    reports = ProgressReport.objects.filter(project=OuterRef("pk")).order_by("-month")
    return rows.for_list().annotate(
        news_on=Subquery(works.order_by("on").values("on")[:1]),
        is_stalled=Exists(stalled),
        shown_in=Subquery(before.order_by("-meeting__planned_on").values("meeting__planned_on")[:1]),
        invested=Subquery(reports.values("invested")[:1]),
        physical=Subquery(reports.values("physical")[:1]),
        whole=F("fixed_assets"),
    )


def judge(project: Project, meeting: OnSiteMeeting) -> Candidate:
    found = (_industrial, _new, _complete, _visible, _unseen)
    return Candidate(project, tuple(rule(project) for rule in found))


# --- The rules, over annotated rows ------------------------------------------------------------------


def _industrial(project: Project) -> Judged:
    words = _("industrial project") if project.is_industrial else _("not industrial")
    return Judged("industrial", project.is_industrial, words)


def _new(project: Project) -> Judged:
    day: datetime.date | None = project.news_on  # type: ignore[attr-defined]
    words = _("moved on %(day)s") % {"day": day.isoformat()} if day else _("no new batch in the half-year")
    return Judged("new", day is not None, words)


def _complete(project: Project) -> Judged:
    if not project.permit_no:
        return Judged("complete", False, _("no construction permit entered"))
    if project.is_stalled:  # type: ignore[attr-defined]
        return Judged("complete", False, _("an approval is stalled"))
    return Judged("complete", True, _("construction permit in hand, nothing stalled"))


def _visible(project: Project) -> Judged:
    invested, whole = project.invested, project.whole  # type: ignore[attr-defined]
    if invested is None or not whole:
        return Judged("visible", False, _("no progress reported"))
    share = invested * 100 / whole
    words = _("%(share)s %% of the fixed-asset part invested") % {"share": f"{share:.0f}"}
    return Judged("visible", share >= VISIBLE_FROM, words)


def _unseen(project: Project) -> Judged:
    day: datetime.date | None = project.shown_in  # type: ignore[attr-defined]
    words = _("shown on %(day)s") % {"day": day.isoformat()} if day else _("never shown")
    return Judged("unseen", day is None, words)
