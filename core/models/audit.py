"""The field-level trail, written by triggers in the database (see core/audit.py)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One row changed: by whom, when, from what to what. Append-only."""

    at = models.DateTimeField(_("at"))
    actor_id = models.BigIntegerField(_("acting user"), null=True)
    table = models.CharField(_("table"), max_length=63)
    row_id = models.CharField(_("row"), max_length=64)
    action = models.CharField(_("action"), max_length=6)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            # each is asked for as it stands: then texts are compared by their bytes
            models.Index(
                fields=["table", "row_id", "at"],
                name="audit_of_a_row",
                opclasses=["varchar_pattern_ops", "varchar_pattern_ops", "timestamptz_ops"],
            ),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id} {self.action}"
