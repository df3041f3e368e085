"""Annual targets: how much of an indicator the city, a task force or a unit is to reach in a year."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.trail import audited
from taskforces.models import ReportingUnit, TaskForce


class TargetQuerySet(models.QuerySet["Target"]):
    def standing(self, known_on: datetime.date | None = None) -> "TargetQuerySet":
        """The last version of each target, of those entered by a day (none: up to now)."""
        known = Q() if known_on is None else Q(entered_on__lte=known_on)
        later = Target.objects.filter(
            known,
            year=OuterRef("year"),
            indicator=OuterRef("indicator"),
            scope_key=OuterRef("scope_key"),
            version__gt=OuterRef("version"),
        )
        return self.filter(known, ~Exists(later))


@audited(append_only=True)
class Target(models.Model):
    """One version of one target, in the indicator's unit (万元 or a number). Append-only: a target is
    revised by its next version, with a reason; one without a value is withdrawn."""

    year = models.PositiveSmallIntegerField(_("year"))
    indicator = models.CharField(_("indicator"), max_length=60)
    # "city", "force:steel", "unit:450202", as briefings are called.
    scope_key = models.CharField(max_length=60)
    task_force = models.ForeignKey(TaskForce, models.PROTECT, null=True, blank=True, related_name="targets")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, null=True, blank=True, related_name="targets")
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    value = models.DecimalField(_("target"), max_digits=16, decimal_places=2, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    # The day from which it stands; `entered_at` is when the row was written.
    entered_on = models.DateField(_("entered on"))
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("annual target")
        verbose_name_plural = _("annual targets")
        constraints = [
            # also the index by which a later version is looked up
            models.UniqueConstraint(
                fields=["year", "scope_key", "indicator", "version"], name="one_target_a_version"
            ),
            models.CheckConstraint(
                condition=Q(task_force__isnull=True) | Q(unit__isnull=True), name="target_of_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gt=0), name="target_above_nought"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.scope_key} {self.indicator} v{self.version}"
