"""The annual plan: which project stands in which batch in a year, who said so, and what New Year proposes."""

import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS
from core.trail import audited
from projects.choices import PlanState, Stage
from projects.models.project import Project
from taskforces.models import ReportingUnit, TaskForce


@audited(closed_when={"state": PlanState.FROZEN.value})
class AnnualPlan(models.Model):
    """The list of one year: proposed at New Year, in force once the bureau's leader has approved it,
    frozen when the next year's list comes into force."""

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    state = models.CharField(_("state"), max_length=8, choices=PlanState, default=PlanState.PROPOSED)
    proposed_on = models.DateField(_("proposed on"))
    approved_on = models.DateField(_("approved on"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    frozen_on = models.DateField(_("frozen on"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("annual plan")
        verbose_name_plural = _("annual plans")

    def __str__(self) -> str:
        return str(self.year)

    @property
    def first_day(self) -> datetime.date:
        return datetime.date(self.year, 1, 1)

    @property
    def last_day(self) -> datetime.date:
        return datetime.date(self.year, 12, 31)


class AnnualPlanEntryQuerySet(models.QuerySet["AnnualPlanEntry"]):
    def visible_to(self, user: User) -> "AnnualPlanEntryQuerySet":
        """The entries whose project a person may open."""
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))


@audited(closed_with=("plan", "state", PlanState.FROZEN.value))
class AnnualPlanEntry(models.Model):
    """One project of a year's list. Task force, unit and amount are those of the plan: what becomes of
    the project later leaves them as they are."""

    plan = models.ForeignKey(AnnualPlan, models.PROTECT, related_name="entries", verbose_name=_("plan"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="plan_entries")
    batch = models.CharField(_("batch"), max_length=14, choices=Stage)
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    amount = models.DecimalField(_("planned investment"), max_digits=14, decimal_places=2, default=0)
    task_force = models.ForeignKey(
        TaskForce, models.PROTECT, related_name="plan_entries", verbose_name=_("task force")
    )
    unit = models.ForeignKey(
        ReportingUnit, models.PROTECT, related_name="plan_entries", verbose_name=_("reporting unit")
    )
    # 年内难开工: signed, and works can hardly begin within the year.
    is_doubtful = models.BooleanField(_("can hardly start within the year"), default=False)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = AnnualPlanEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the annual plan")
        verbose_name_plural = _("entries of the annual plan")
        constraints = [
            models.UniqueConstraint(fields=["plan", "project"], name="one_plan_entry_a_project"),
            models.CheckConstraint(condition=models.Q(batch__in=Stage.values), name="plan_batch_is_a_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.project_id} {self.batch}"


@audited(append_only=True, closed_with=("plan", "state", PlanState.FROZEN.value))
class PlanChange(models.Model):
    """One change of a year's list: put in (no `source`), moved, taken out (no `target`). Append-only."""

    plan = models.ForeignKey(AnnualPlan, models.PROTECT, related_name="changes")
    project = models.ForeignKey(Project, models.PROTECT, related_name="plan_changes")
    source = models.CharField(_("from"), max_length=14, choices=Stage, blank=True)
    target = models.CharField(_("to"), max_length=14, choices=Stage, blank=True)
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    # What New Year went by (a code of `projects.new_year.RULES`); a change by hand has a reason.
    rule = models.CharField(_("rule"), max_length=20, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("change of the annual plan")
        verbose_name_plural = _("changes of the annual plan")
        indexes = [models.Index(fields=["plan", "-id"], name="plan_newest_changes")]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.project_id} {self.source}→{self.target}"


@audited(kept=False)
class PlanProposal(models.Model):
    """What New Year proposes for one project: a batch of the new year, or none. A working paper: what is
    approved becomes the list with its history."""

    plan = models.ForeignKey(AnnualPlan, models.CASCADE, related_name="proposals")
    project = models.ForeignKey(Project, models.CASCADE, related_name="plan_proposals")
    source = models.CharField(_("batch of last year"), max_length=14, choices=Stage, blank=True)
    rule = models.CharField(_("rule"), max_length=20)
    # The days and words that the rule's sentence names.
    facts = models.JSONField(_("facts"), default=dict)
    proposed = models.CharField(_("proposed batch"), max_length=14, choices=Stage, blank=True)
    batch = models.CharField(_("batch"), max_length=14, choices=Stage, blank=True)
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    is_doubtful = models.BooleanField(_("can hardly start within the year"), default=False)
    # Filled where somebody decided otherwise; such a row is left alone when proposed again.
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("proposal for the annual plan")
        verbose_name_plural = _("proposals for the annual plan")
        constraints = [
            models.UniqueConstraint(fields=["plan", "project"], name="one_plan_proposal_a_project")
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.project_id} {self.source}→{self.batch}"
