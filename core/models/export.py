"""What left the house as a file: by whom, which list, how many rows; and files that wait to be fetched."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models.job import Job
from core.trail import audited


@audited(append_only=True)
class Export(models.Model):
    """Somebody took a list away as a file. Append-only, and so a line of the audit trail."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    title = models.CharField(_("list"), max_length=200)
    path = models.CharField(_("address"), max_length=300)
    narrowed = models.TextField(_("filter"), blank=True)
    form = models.CharField(_("form of the file"), max_length=8)
    rows = models.PositiveIntegerField(_("rows"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"{self.title} {self.rows}"


def random_name(_file: "ExportFile", _name: str) -> str:
    return f"exports/{uuid.uuid4().hex}"


@audited(kept=False)
class ExportFile(models.Model):
    """A large export that a worker has written: for whoever asked for it, for some days."""

    job = models.OneToOneField(Job, models.CASCADE, related_name="export")
    file = models.FileField(_("file"), upload_to=random_name, max_length=120)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=100)
    made_at = models.DateTimeField(_("made at"), default=timezone.now)

    class Meta:
        verbose_name = _("exported file")
        verbose_name_plural = _("exported files")
        indexes = [models.Index(fields=["made_at"], name="export_file_for_purge")]

    def __str__(self) -> str:
        return self.name
