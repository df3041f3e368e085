"""Who courts what, in which year: the mechanism ("9712") as rows."""

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.naming import Bilingual


class TaskForce(Bilingual):
    """An industrial task force 产业专班: it owns the projects of its industry."""

    code = models.SlugField(_("code"), unique=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("task force")
        verbose_name_plural = _("task forces")


class UnitKind(models.TextChoices):
    DISTRICT = "district", _("District")
    COUNTY = "county", _("County")
    NEW_AREA = "new_area", _("New district")


class ReportingUnit(Bilingual):
    """A county, district or new district 报送单位, in whose total a project counts."""

    code = models.CharField(_("code"), max_length=10, unique=True)
    short_name = models.CharField(_("short name"), max_length=20)
    kind = models.CharField(_("kind"), max_length=10, choices=UnitKind)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("reporting unit")
        verbose_name_plural = _("reporting units")


class Mechanism(Bilingual):
    """How the city works in one year: its name ("9712"), its task forces, its batches' labels.

    January 2026 showed that the mechanism changes by year: a change is an edit of rows, and past
    years keep theirs.
    """

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    briefings_a_year = models.PositiveSmallIntegerField(_("briefings a year"), default=12)
    site_meetings_a_year = models.PositiveSmallIntegerField(_("on-site meetings a year"), default=2)
    # The city's document for the year is not at hand: the pages say 示例.
    is_example = models.BooleanField(_("an example"), default=False)
    task_forces = models.ManyToManyField(TaskForce, through="Seat", verbose_name=_("task forces"))

    class Meta:
        verbose_name = _("mechanism")
        verbose_name_plural = _("mechanisms")


class Seat(models.Model):
    """A task force's place in the mechanism of a year."""

    mechanism = models.ForeignKey(
        Mechanism, models.CASCADE, related_name="seats", verbose_name=_("mechanism")
    )
    task_force = models.ForeignKey(
        TaskForce, models.PROTECT, related_name="seats", verbose_name=_("task force")
    )
    order = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        constraints = [
            models.UniqueConstraint(fields=["mechanism", "task_force"], name="one_seat_a_task_force")
        ]

    def __str__(self) -> str:
        return f"{self.mechanism_id}/{self.task_force_id}"


class BatchLabel(models.Model):
    """What a batch is called in the mechanism of a year."""

    mechanism = models.ForeignKey(
        Mechanism, models.CASCADE, related_name="labels", verbose_name=_("mechanism")
    )
    batch = models.CharField(_("batch"), max_length=14)
    name = models.CharField(_("name"), max_length=20)
    name_en = models.CharField(_("English name"), max_length=40)

    class Meta:
        verbose_name = _("batch label")
        verbose_name_plural = _("batch labels")
        constraints = [models.UniqueConstraint(fields=["mechanism", "batch"], name="one_label_a_batch")]

    def __str__(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name


class Membership(models.Model):
    """Ties a person to the task force or the unit they work for."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    task_force = models.ForeignKey(
        TaskForce,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("task force"),
    )
    unit = models.ForeignKey(
        ReportingUnit,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("reporting unit"),
    )
    is_lead = models.BooleanField(_("leads it"), default=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(task_force__isnull=True) ^ models.Q(unit__isnull=True),
                name="membership_in_one_thing",
            ),
            models.UniqueConstraint(fields=["user", "task_force"], name="member_of_force_once"),
            models.UniqueConstraint(fields=["user", "unit"], name="member_of_unit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.task_force_id or self.unit_id}"
