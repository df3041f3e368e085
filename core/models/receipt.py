"""What makes a write that is sent twice happen once."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.trail import audited


@audited(kept=False)
class Receipt(models.Model):
    """The answer to a write that carried a key: a form's token or an API's Idempotency-Key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="receipts")
    key = models.CharField(_("key"), max_length=80)
    fingerprint = models.CharField(_("fingerprint of what was sent"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"), default=0)
    location = models.CharField(_("where the answer stands"), max_length=300, blank=True)
    body = models.JSONField(_("answer"), null=True, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="receipt_once_per_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}"
