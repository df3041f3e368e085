"""Counting rules: by what the contract events of a month become figures, each set a row that stays."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from briefings.choices import CountedBy, Shares, Voids
from core.money import MoneyField
from core.trail import audited


@audited(append_only=True)
class CountingRule(models.Model):
    """One set of counting rules, in force for the months from `effective_from` on until a later set.

    Decided anew for the same month, it has a higher version. Append-only: what a figure was counted
    by can always be looked up under its label (“2025-01 v1”).
    """

    effective_from = models.DateField(_("in force from"))
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    counted_by = models.CharField(
        _("month of an event"), max_length=12, choices=CountedBy, default=CountedBy.SIGNING
    )
    # Empty: late is only what is verified after the month was closed.
    cut_off_day = models.PositiveSmallIntegerField(_("cut-off"), null=True, blank=True)
    voids = models.CharField(_("voids"), max_length=8, choices=Voids, default=Voids.DEDUCT)
    # 以上: the number itself is included.
    large_from = MoneyField(_("“large” from (10,000 yuan)"), default=10_000)
    # Reasons of exclusion that exclude no more; every other reason leaves an event out.
    counted_anyway = models.JSONField(_("counted in spite of"), default=list, blank=True)
    shares = models.CharField(_("shared projects"), max_length=10, choices=Shares, default=Shares.BY_SHARE)
    reason = models.CharField(_("reason"), max_length=300)
    # Empty for the set the program starts with.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), default=timezone.now)

    class Meta:
        verbose_name = _("counting rules")
        verbose_name_plural = _("counting rules")
        constraints = [
            models.UniqueConstraint(
                fields=["effective_from", "version"], name="one_set_of_counting_rules_a_version"
            ),
            models.CheckConstraint(condition=Q(effective_from__day=1), name="counting_rules_begin_a_month"),
            models.CheckConstraint(
                condition=Q(cut_off_day__isnull=True) | Q(cut_off_day__range=(1, 28)),
                name="cut_off_is_a_day_of_every_month",
            ),
            models.CheckConstraint(condition=Q(large_from__gt=0), name="large_begins_above_nought"),
        ]

    def __str__(self) -> str:
        return f"{self.effective_from:%Y-%m} v{self.version}"
