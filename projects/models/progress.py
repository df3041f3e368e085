"""What projects report month by month. Append-only: a report is put right by its next version."""

import datetime
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.trail import audited
from projects.models.project import Project


class ProgressReportQuerySet(models.QuerySet["ProgressReport"]):
    def standing(self, known_on: datetime.date | None = None) -> Self:
        """The last version of each project's month, of those recorded by a day (none: up to now)."""
        later = _known(known_on).filter(
            project=OuterRef("project"), month=OuterRef("month"), version__gt=OuterRef("version")
        )
        return self.filter(_by(known_on), ~Exists(later))

    def last_told(self, month: datetime.date, known_on: datetime.date | None = None) -> Self:
        """How far each project is by the end of a month: the standing report of the last month, up to
        that one, of which it has told anything. At most one row a project."""
        later = _known(known_on).filter(
            project=OuterRef("project"), month__gt=OuterRef("month"), month__lte=month
        )
        return self.standing(known_on).filter(~Exists(later), month__lte=month)


def _by(known_on: datetime.date | None) -> Q:
    return Q() if known_on is None else Q(recorded_on__lte=known_on)


def _known(known_on: datetime.date | None) -> ProgressReportQuerySet:
    return ProgressReport.objects.filter(_by(known_on))


def standing_of(reports: Iterable["ProgressReport"]) -> list["ProgressReport"]:
    """The last version of each month of one project whose reports are in hand, newest month first.

    See also `ProgressReportQuerySet.standing`, the same as a query.
    """
    last = {report.month: report for report in sorted(reports, key=lambda report: report.version)}
    return [last[month] for month in sorted(last, reverse=True)]


@audited(append_only=True)
class ProgressReport(models.Model):
    """What a project has done by the end of a month, cumulative in 万元. Append-only: of a month's
    versions the last one stands."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="progress_reports")
    month = models.DateField(_("month"))
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    funds_in_place = models.DecimalField(_("funds in place"), max_digits=14, decimal_places=2, default=0)
    invested = models.DecimalField(
        _("fixed-asset investment done"), max_digits=14, decimal_places=2, default=0
    )
    physical = models.CharField(_("physical progress"), max_length=300, blank=True)
    blocked_by = models.CharField(_("what blocks it"), max_length=300, blank=True)
    # Why an amount is below the month before's, or far above the contract.
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # The day it became known to the office; `recorded_at` is when the row was written.
    recorded_on = models.DateField(_("recorded on"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = ProgressReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("progress report")
        verbose_name_plural = _("progress reports")
        constraints = [
            # also the index by which a later version is looked up
            models.UniqueConstraint(
                fields=["project", "month", "version"], name="one_progress_report_a_version"
            ),
            models.CheckConstraint(
                condition=Q(funds_in_place__gte=0, invested__gte=0), name="progress_not_negative"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="progress_is_of_a_month"),
        ]
        indexes = [
            # who has reported a month, and who has not
            models.Index(fields=["month", "project"], name="progress_of_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.month:%Y-%m} v{self.version}"
