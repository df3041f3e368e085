"""Days on which the office's calendar differs from the national one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.trail import audited


class CalendarOverride(models.Model):
    """A day that is worked or free by a notice of the region: it wins over the national calendar."""

    day = models.DateField(_("day"), unique=True)
    is_workday = models.BooleanField(_("is a working day"))
    note = models.CharField(_("notice"), max_length=200)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    class Meta:
        verbose_name = _("calendar override")
        verbose_name_plural = _("calendar overrides")

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


@audited(append_only=True)
class CalendarNotice(models.Model):
    """The State Council's notice of a year's days off, entered in full.

    Until it is entered, or the `holidays` data carry the year, every due date in it is provisional.
    A correction is another notice of the same year that replaces the one before and says why; the
    newest counts. The region's own days (CalendarOverride) win over it.
    """

    year = models.PositiveSmallIntegerField(_("year"))
    reference = models.CharField(_("number of the notice"), max_length=100)
    text = models.TextField(_("text"), blank=True)
    # [day, is it worked, what it is called there]
    days = models.JSONField(_("days"), default=list)
    replaces = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    reason = models.CharField(_("reason of the correction"), max_length=300, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)

    class Meta:
        verbose_name = _("notice of days off")
        verbose_name_plural = _("notices of days off")
        constraints = [
            # of two who enter the same year, or the same correction, at once the second is told
            models.UniqueConstraint(
                fields=["year"], condition=Q(replaces__isnull=True), name="one_first_notice_a_year"
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(reason=""), name="corrected_notice_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.reference}"
