"""What is courted and how far it is."""

import datetime
from collections.abc import Callable

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS, Role
from core.models import StoredFile
from core.trail import audited
from projects.choices import Confidentiality, EvidenceKind, Stage, Status
from projects.models.enterprise import BUREAU, Enterprise
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

# How far roles see that are defined by something right of this app on the import line
# (a service team's projects, the items addressed to a department): approvals adds its own.
REACH_OF_ROLE: dict[str, Callable[[User], Q]] = {}


class ProjectQuerySet(models.QuerySet["Project"]):
    # Access

    def visible_to(self, user: User) -> "ProjectQuerySet":
        """The projects a person may open."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.role in SEES_ALL_PROJECTS:
            return self
        if user.role in (Role.FORCE_LEAD, Role.FORCE_MEMBER):
            forces = reach(user).task_forces
            assisting = Project.assisting.through.objects.filter(taskforce__in=forces).values("project")
            return self.filter(Q(task_force__in=forces) | Q(pk__in=assisting))
        if user.role == Role.UNIT:
            units = reach(user).units
            shared = Share.objects.filter(unit__in=units).values("project")
            return self.filter(Q(reporting_unit__in=units) | Q(pk__in=shared))
        if user.role == Role.STATISTICS:
            return self.filter(stage__in=Stage.FROM_SIGNING)
        if user.role in REACH_OF_ROLE:
            return self.filter(REACH_OF_ROLE[user.role](user))
        return self.none()

    def known_to(self, user: User) -> "ProjectQuerySet":
        """Those whose name and enterprise a person may read: a confidential one's only as its owner."""
        seen = self.visible_to(user)
        if user.role in BUREAU:
            return seen
        return seen.filter(~Q(confidentiality=Confidentiality.CONFIDENTIAL) | owned_by(user))

    # State

    def active(self) -> "ProjectQuerySet":
        return self.filter(status=Status.ACTIVE)

    def at(self, stage: str) -> "ProjectQuerySet":
        return self.filter(stage=stage)

    def signed(self) -> "ProjectQuerySet":
        return self.filter(stage__in=Stage.FROM_SIGNING)

    def reporting(self, month: datetime.date) -> "ProjectQuerySet":
        """Those that tell how far they are by the end of a month: running, and signed before it began."""
        since = Coalesce("signed_on", "stage_since")
        return self.active().filter(stage__in=Stage.REPORTING).alias(since=since).filter(since__lt=month)

    def waiting_for(self, user: User, *, today: datetime.date) -> "ProjectQuerySet":
        """Those whose pause is over, for whoever takes them up again or renews it."""
        if not user.has_perm("projects.advance_project"):
            return self.none()
        over = self.visible_to(user).filter(status=Status.PAUSED, paused_until__lte=today)
        return over if user.role in BUREAU else over.filter(owned_by(user))

    # Performance

    def for_list(self) -> "ProjectQuerySet":
        """With all that a row of a list shows; the shares in one query, whether or not there are any."""
        shares = Share.objects.select_related("unit").order_by("-percent", "unit__order")
        return self.select_related("enterprise", "task_force", "reporting_unit", "location").prefetch_related(
            models.Prefetch("shares", shares)
        )


def owned_by(user: User) -> Q:
    """The projects a person's own office answers for: its task force's, its unit's, those it shares in.

    See also `rules.is_owner`, the same for one project in hand.
    """
    own = reach(user)
    shared = Share.objects.filter(unit__in=own.units).values("project")
    return Q(task_force__in=own.task_forces) | Q(reporting_unit__in=own.units) | Q(pk__in=shared)


class Project(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    national_code = models.CharField(
        _("national project code"), max_length=40, unique=True, null=True, blank=True
    )
    name = models.CharField(_("project"), max_length=200)
    code_name = models.CharField(_("code-name"), max_length=60, blank=True)
    confidentiality = models.CharField(
        _("confidentiality"), max_length=12, choices=Confidentiality, default=Confidentiality.INTERNAL
    )
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="projects", verbose_name=_("enterprise")
    )
    partners = models.ManyToManyField(
        Enterprise, blank=True, related_name="partner_in", verbose_name=_("co-investors")
    )
    task_force = models.ForeignKey(  # found by the indexes below, as its unit is
        TaskForce, models.PROTECT, db_index=False, related_name="projects", verbose_name=_("task force")
    )
    assisting = models.ManyToManyField(
        TaskForce, blank=True, related_name="assisted_projects", verbose_name=_("assisting task forces")
    )
    reporting_unit = models.ForeignKey(
        ReportingUnit,
        models.PROTECT,
        db_index=False,
        related_name="projects",
        verbose_name=_("reporting unit"),
    )
    location = models.ForeignKey(
        ReportingUnit, models.PROTECT, related_name="located_projects", verbose_name=_("location")
    )
    is_industrial = models.BooleanField(_("industrial"), default=True)
    content = models.TextField(_("what is built"), max_length=2000, blank=True)
    officer = models.CharField(_("officer in charge"), max_length=60, blank=True)

    # 万元; the amount in the contract stands in the contract events, never here.
    fixed_assets = models.DecimalField(
        _("fixed-asset part"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    annual_output = models.DecimalField(
        _("expected annual output"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    jobs = models.PositiveIntegerField(_("jobs"), null=True, blank=True)
    land_mu = models.DecimalField(_("land (mu)"), max_digits=10, decimal_places=2, null=True, blank=True)

    planned_start = models.DateField(_("planned start of works"), null=True, blank=True)
    planned_production = models.DateField(_("planned start of production"), null=True, blank=True)
    permit_no = models.CharField(_("construction permit"), max_length=60, blank=True)
    accepted_on = models.DateField(_("works accepted on"), null=True, blank=True)

    stage = models.CharField(_("batch"), max_length=14, choices=Stage, default=Stage.PREPARATION)
    stage_since = models.DateField(_("in this batch since"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.ACTIVE)
    status_reason = models.CharField(_("reason"), max_length=300, blank=True)
    paused_until = models.DateField(_("paused until"), null=True, blank=True)

    # What the contract events add up to, kept by `projects.contracts` in the transaction of each
    # event so that lists can sort and sum; figures never read them (see also briefings.figures).
    contracted = models.DecimalField(
        _("contracted investment"), max_digits=14, decimal_places=2, default=0, editable=False
    )
    signed_on = models.DateField(_("signed on"), null=True, blank=True, editable=False)

    created_at = models.DateTimeField(_("entered at"), default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="project_stage_is_a_batch"),
        ]
        indexes = [
            # the board; the list by task force and batch
            models.Index(fields=["task_force", "stage", "status"], name="project_on_board"),
            models.Index(fields=["reporting_unit", "stage"], name="project_of_unit"),
            # the list's usual order; on PostgreSQL migration 0017 makes it with NULLS LAST, which cannot be
            # said here: SQLite, where NULL is last by itself, does not take the words in an index
            models.Index(fields=["-signed_on", "-id"], name="project_newest_signed"),
            models.Index(fields=["-contracted", "-id"], name="project_largest"),
            # a task force's batch: the list by amount, and its sum without touching the rows
            models.Index(
                fields=["task_force", "stage", "-contracted", "-id", "is_industrial"],
                name="project_force_largest",
            ),
            models.Index(fields=["stage", "stage_since"], name="project_stage_age"),
            # rows of ledgers: a block asks for its very names (see ledger_matching)
            models.Index(fields=["name"], name="project_by_name", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("projects:project", args=[self.pk])


class Share(models.Model):
    """A unit's part of a project that several units brought in; a project's shares sum to 100 %."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="shares")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="shares", verbose_name=_("unit"))
    percent = models.DecimalField(
        _("share (%)"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0.01), MaxValueValidator(100)],
    )

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [
            models.UniqueConstraint(fields=["project", "unit"], name="one_share_a_unit"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=100), name="share_is_a_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id}/{self.unit_id} {self.percent}"


@audited(append_only=True)
class StageChange(models.Model):
    """One move from batch to batch. Append-only."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="stage_changes")
    source = models.CharField(_("from"), max_length=14, choices=Stage, blank=True)
    target = models.CharField(_("to"), max_length=14, choices=Stage)
    on = models.DateField(_("on"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        indexes = [models.Index(fields=["target", "on"], name="move_arrivals")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.source}→{self.target}"


@audited(append_only=True)
class StatusChange(models.Model):
    """A pause, its renewal, a resumption or an end, with its reason. Append-only."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="status_changes")
    source = models.CharField(_("from"), max_length=8, choices=Status)
    target = models.CharField(_("to"), max_length=8, choices=Status)
    reason = models.CharField(_("reason"), max_length=300)
    until = models.DateField(_("until"), null=True, blank=True)
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("change of status")
        verbose_name_plural = _("changes of status")

    def __str__(self) -> str:
        return f"{self.project_id} {self.source}→{self.target}"


class Evidence(models.Model):
    """A file that proves something about a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="evidence")
    kind = models.CharField(_("proves"), max_length=12, choices=EvidenceKind)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("handed in at"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind}"


@audited(append_only=True)
class ContactReveal(models.Model):
    """Somebody had the contact of a project's enterprise shown in full. Append-only."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="contact_reveals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("look at a contact")
        verbose_name_plural = _("looks at contacts")

    def __str__(self) -> str:
        return f"{self.project_id} {self.by_id}"


@audited(kept=False)
class SigningDraft(models.Model):
    """A half-filled signing form: whoever began it finds it again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="signing_drafts")
    data = models.JSONField(_("what was typed"), default=dict)
    started_at = models.DateTimeField(_("begun at"), default=timezone.now)
    saved_at = models.DateTimeField(_("saved at"), default=timezone.now)

    class Meta:
        verbose_name = _("draft of a signing")
        verbose_name_plural = _("drafts of signings")

    def __str__(self) -> str:
        return str(self.data.get("name") or self.data.get("enterprise_name") or self.pk)
