"""How projects are found: leaders' visits and whom they met."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.clock import today
from projects.models import Project
from taskforces.models import ReportingUnit
from taskforces.rules import reach


class VisitLevel(models.TextChoices):
    CITY = "city", _("City leader")
    COUNTY = "county", _("County leader")


class VisitQuerySet(models.QuerySet["Visit"]):
    def visible_to(self, user: User) -> "VisitQuerySet":
        """A unit's office sees its own leaders' visits; the others who may read visits see all."""
        if not user.is_authenticated or not user.has_perm("outreach.view_visit"):
            return self.none()
        units = reach(user).units
        return self.filter(Q(unit__in=units) | Q(unit__isnull=True)) if units else self

    def within(self, first: object, last: object) -> "VisitQuerySet":
        return self.filter(on__range=(first, last))


class Visit(models.Model):
    """One journey of leaders 外出招商: the same day, level and leading unit are one visit.

    `unit` is empty when the city itself led it.
    """

    on = models.DateField(_("date"))
    level = models.CharField(_("level"), max_length=8, choices=VisitLevel)
    unit = models.ForeignKey(
        ReportingUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("leading unit"),
    )
    # The day it became known to the office; `recorded_at` is when the row was written.
    recorded_on = models.DateField(_("recorded on"), default=today)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.UniqueConstraint(fields=["on", "level", "unit"], name="one_visit_a_day_and_leader"),
            models.UniqueConstraint(
                fields=["on", "level"], condition=Q(unit__isnull=True), name="one_city_visit_a_day"
            ),
        ]
        indexes = [models.Index(fields=["on"], name="visit_by_day")]

    def __str__(self) -> str:
        return f"{self.on:%Y-%m-%d} {self.level}"


class PartyKind(models.TextChoices):
    ENTERPRISE = "enterprise", _("Enterprise")
    CHAMBER = "chamber", _("Chamber or association")
    UNIVERSITY = "university", _("University")
    PLATFORM = "platform", _("Innovation platform")
    ALLIANCE = "alliance", _("Industrial alliance")


class Engagement(models.Model):
    """Someone met on a visit, where, and what came of it."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="engagements")
    party = models.CharField(_("met"), max_length=200)
    kind = models.CharField(_("kind"), max_length=12, choices=PartyKind)
    place = models.CharField(_("place"), max_length=60)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    project = models.ForeignKey(
        Project,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="engagements",
        verbose_name=_("became project"),
    )

    class Meta:
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")
        constraints = [
            models.UniqueConstraint(fields=["visit", "party", "place"], name="met_once_on_a_visit")
        ]

    def __str__(self) -> str:
        return self.party
