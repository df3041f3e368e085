"""Months of account, and figures frozen at publication."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from briefings.choices import Span
from core.trail import ANYTHING, audited


@audited(closed_when={"closed_on": ANYTHING})
class Period(models.Model):
    """A month of account. What is verified after it closed counts in the month of verification.

    Once closed it is never opened again; what was wrong in it is said by a correction document.
    """

    month = models.DateField(_("month"), unique=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("month of account")
        verbose_name_plural = _("months of account")
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="period_is_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    def get_absolute_url(self) -> str:
        return reverse("briefings:month", args=[str(self)])


@audited(append_only=True)
class Snapshot(models.Model):
    """A published figure with the ids of what it counted. Append-only."""

    briefing = models.ForeignKey("briefings.Briefing", models.PROTECT, related_name="snapshots")
    indicator = models.CharField(_("indicator"), max_length=60)
    span = models.CharField(_("span"), max_length=5, choices=Span, default=Span.YEAR)
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=6, null=True)
    base = models.DecimalField(_("same period last year"), max_digits=20, decimal_places=6, null=True)
    counted = models.JSONField(_("counted"), default=list)
    taken_at = models.DateTimeField(_("frozen at"), default=timezone.now)

    class Meta:
        verbose_name = _("frozen figure")
        verbose_name_plural = _("frozen figures")
        constraints = [
            models.UniqueConstraint(
                fields=["briefing", "indicator", "span"], name="one_snapshot_an_indicator"
            )
        ]

    def __str__(self) -> str:
        return f"{self.briefing_id} {self.indicator}"
