"""Service teams and the projects they follow through to completion."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.clock import today
from core.naming import Bilingual
from projects.models import Project


class ServiceTeam(Bilingual):
    """A service team 服务专班 of the approval bureau."""

    order = models.PositiveSmallIntegerField(_("order"), default=0)
    # The office's, printed on the sheet that the enterprise gets; nobody's own.
    phone = models.CharField(_("office telephone"), max_length=40, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="service_teams", verbose_name=_("members")
    )

    class Meta:
        verbose_name = _("service team")
        verbose_name_plural = _("service teams")
        constraints = [models.UniqueConstraint(fields=["name"], name="one_service_team_a_name")]


class ServiceQuerySet(models.QuerySet["Service"]):
    def taken_on(self) -> "ServiceQuerySet":
        """The first service of each project: when another team follows it, it is not taken on again."""
        before = Q(since__lt=models.OuterRef("since")) | Q(
            since=models.OuterRef("since"), pk__lt=models.OuterRef("pk")
        )
        earlier = Service.objects.filter(before, project=models.OuterRef("project"))
        return self.filter(~models.Exists(earlier))


class Service(models.Model):
    """A team follows a major project from a day on; a hand-over ends one row and begins another."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="services")
    team = models.ForeignKey(ServiceTeam, models.PROTECT, related_name="services")
    leader = models.CharField(_("team leader"), max_length=60, blank=True)
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # The day it became known to the office; `recorded_at` is when the row was written.
    recorded_on = models.DateField(_("recorded on"), default=today)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    source = models.CharField(_("source"), max_length=200, blank=True)
    # The protocol of the hand-over that ended it: the note, who wrote it, what was open on that day.
    note = models.CharField(_("hand-over note"), max_length=500, blank=True)
    handed_over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handed over by"),
    )
    left_open = models.JSONField(_("left open at the hand-over"), default=dict, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service of a project")
        verbose_name_plural = _("services of projects")
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(until__isnull=True), name="one_team_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["since"], name="service_by_day")]

    def __str__(self) -> str:
        return f"{self.team_id} → {self.project_id}"
