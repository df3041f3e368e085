"""Workbooks of events: handed in, looked through, entered at a click."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import StoredFile
from core.trail import audited


class EventBookQuerySet(models.QuerySet["EventBook"]):
    def visible_to(self, user: User) -> "EventBookQuerySet":
        """Only whoever handed it in: its rows were judged by what that person may see."""
        return self.filter(handed_in_by=user.pk)


@audited(masked=["rows"])
class EventBook(models.Model):
    """A workbook of item events. Nothing of it counts before it is entered; then its rows are kept as
    they were judged, and each event names its file, sheet and row."""

    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed in by")
    )
    handed_in_at = models.DateTimeField(_("handed in at"), default=timezone.now)
    # {sheet, row, cells, verdict, reason, item}: see approvals.workbooks
    rows = models.JSONField(_("rows"), default=list)
    skipped = models.JSONField(_("sheets passed over"), default=list)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    entered_at = models.DateTimeField(_("entered at"), null=True, blank=True)
    entered = models.PositiveIntegerField(_("events entered"), default=0)

    objects = EventBookQuerySet.as_manager()

    class Meta:
        verbose_name = _("workbook of events")
        verbose_name_plural = _("workbooks of events")
        indexes = [models.Index(fields=["handed_in_by", "-handed_in_at"], name="books_of_a_person")]

    def __str__(self) -> str:
        return f"{self.pk} {self.file_id}"
