"""Stalls: the rules' thresholds, and the flags the night has raised."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.choices import Cleared, IssueLevel, LampPreset, Severity, StallCode, StallUnit
from approvals.models.issue import own_level
from approvals.models.item import Item
from projects.models import Project
from taskforces.rules import reach


class StallRule(models.Model):
    """From how many days on a rule speaks; the newest row in force on a day is the one."""

    preset = models.CharField(_("belongs to"), max_length=10, choices=LampPreset, default=LampPreset.STANDARD)
    code = models.CharField(_("rule"), max_length=3, choices=StallCode)
    days = models.PositiveSmallIntegerField(_("from how many"))
    unit = models.CharField(_("counted in"), max_length=10, choices=StallUnit, default=StallUnit.WORKDAYS)
    # Silence is judged by whose turn it is, age by the batch; empty means whichever.
    clock = models.CharField(_("only for this clock or batch"), max_length=14, blank=True)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity)
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("stall rule")
        verbose_name_plural = _("stall rules")
        constraints = [
            models.UniqueConstraint(
                fields=["preset", "code", "clock", "severity", "effective_from"], name="one_stall_rule_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.days}"


class PresetChoice(models.Model):
    """Which preset lights the lamps from a day on; the newest row in force is the one."""

    preset = models.CharField(_("preset"), max_length=10, choices=LampPreset)
    effective_from = models.DateField(_("in force from"), unique=True)
    # Empty for the choice the program starts with.
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("chosen by")
    )
    chosen_at = models.DateTimeField(_("chosen at"), default=timezone.now)

    class Meta:
        verbose_name = _("choice of lamps")
        verbose_name_plural = _("choices of lamps")

    def __str__(self) -> str:
        return f"{self.preset} {self.effective_from:%Y-%m-%d}"


class EscalationRule(models.Model):
    """After how many working days on a level a matter climbs to the next; the newest row in force holds.

    A level without a row, or with nought, has no timer: from there it goes up by hand only.
    """

    level = models.PositiveSmallIntegerField(_("from level"), choices=IssueLevel)
    days = models.PositiveSmallIntegerField(
        _("after how many working days"), help_text=_("0: no timer, it goes up by hand only.")
    )
    effective_from = models.DateField(_("in force from"))

    class Meta:
        verbose_name = _("escalation rule")
        verbose_name_plural = _("escalation rules")
        constraints = [
            models.UniqueConstraint(fields=["level", "effective_from"], name="one_escalation_rule_a_day"),
            models.CheckConstraint(
                condition=Q(level__lt=IssueLevel.MAYOR),
                name="no_level_above_the_mayor",
                violation_error_message=_("Above the mayor's special meeting there is no level."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.days}"


class StallFlagQuerySet(models.QuerySet["StallFlag"]):
    # Access

    def visible_to(self, user: User) -> "StallFlagQuerySet":
        if not user.is_authenticated or not user.has_perm("approvals.view_stalled"):
            return self.none()
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))

    # State

    def open(self) -> "StallFlagQuerySet":
        return self.filter(cleared_on__isnull=True)

    def made_good(self) -> "StallFlagQuerySet":
        """Once red and settled since: it shows amber, never nothing."""
        return self.filter(cleared_because=Cleared.SETTLED, was_red=True)

    def waiting_for(self, user: User) -> "StallFlagQuerySet":
        """Those nobody has answered yet: a task force's lead all of its own, the bureau the red ones."""
        if not user.has_perm("approvals.acknowledge_stall"):
            return self.none()
        seen = self.visible_to(user).open().filter(acknowledged_by__isnull=True)
        if user.role == Role.LEADER:
            return seen.filter(severity=Severity.RED)
        return seen.filter(project__task_force__in=reach(user).led_task_forces)

    def sent_up_to(self, user: User) -> "StallFlagQuerySet":
        """Those nobody has answered while they climbed to this person's level, or beyond it.

        A department, which does not read the city's list of stalls, sees those of its own items.
        """
        own = self.filter(item__template__department=user.agency_id, item__isnull=False)
        seen = own if user.role == Role.DEPARTMENT else self.visible_to(user)
        return seen.open().filter(acknowledged_by__isnull=True, level__gte=own_level(user))

    # Performance

    def for_list(self) -> "StallFlagQuerySet":
        return self.select_related(
            "item__template__department",
            "project__task_force",
            "project__reporting_unit",
            "project__enterprise",
            "acknowledged_by",
        ).prefetch_related("project__shares")


# What a flag of a project itself is about; a flag of an item is about the item.
SUBJECTS: dict[str, Any] = {
    StallCode.NO_REPORT: _("Monthly progress"),
    StallCode.STAGE_AGED: _("Next batch"),
    StallCode.NOT_STARTED: _("Start of works"),
    StallCode.START_DUE: _("Start of works"),
    StallCode.BEHIND_TIME: _("Investment done"),
    StallCode.NOT_IN_STATISTICS: _("Investment in the statistics"),
}


class StallFlag(models.Model):
    """The night found an item, or a project itself, stalled: at most one open flag a rule."""

    code = models.CharField(_("rule"), max_length=3, choices=StallCode)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity)
    project = models.ForeignKey(Project, models.CASCADE, related_name="stall_flags")
    # Empty for a flag of the project itself.
    item = models.ForeignKey(Item, models.CASCADE, null=True, blank=True, related_name="stall_flags")
    # It has been red, or followed on a red one made good only in part: that is not forgotten.
    was_red = models.BooleanField(_("has been red"), default=False)
    # How far up the ladder it has been told while nobody answered.
    level = models.PositiveSmallIntegerField(_("level"), choices=IssueLevel, default=IssueLevel.TEAM)
    level_since = models.DateField(_("on this level since"), null=True, blank=True)
    first_day = models.DateField(_("first day"))
    # What the sentence says: days, due day, issue; rendered in the reader's language.
    facts = models.JSONField(_("facts"), default=dict)
    raised_on = models.DateField(_("raised on"))
    cleared_on = models.DateField(_("cleared on"), null=True, blank=True)
    cleared_because = models.CharField(_("cleared because"), max_length=8, choices=Cleared, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    acknowledged_note = models.CharField(_("what will be done"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = StallFlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("stall flag")
        verbose_name_plural = _("stall flags")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "item"], condition=Q(cleared_on__isnull=True), name="one_open_flag"
            ),
            models.UniqueConstraint(
                fields=["code", "project"],
                condition=Q(cleared_on__isnull=True, item__isnull=True),
                name="one_open_flag_of_a_project",
            ),
        ]
        indexes = [models.Index(fields=["cleared_on", "severity"], name="open_flags")]

    def __str__(self) -> str:
        return f"{self.code} {self.project_id} {self.item_id or ''}".strip()

    @property
    def subject(self) -> str:
        """What is stalled, in the reader's language: the item, or what of the project."""
        return str(self.item.template if self.item else SUBJECTS.get(self.code, self.get_code_display()))

    @property
    def is_made_good(self) -> bool:
        return self.was_red and self.cleared_because == Cleared.SETTLED

    @property
    def subject_code(self) -> str:
        """The catalogue's code of the item; empty for a flag of the project itself."""
        return self.item.template.code if self.item else ""
