"""The second and third list of a project: what it needs from others, and what its officers do for it."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.choices import (
    AssistanceEventKind,
    AssistanceMode,
    AssistanceState,
    SupportKind,
    SupportState,
)
from approvals.models.item import Item
from core.models import StoredFile
from core.trail import audited
from projects.models import Project


class SupportNeedQuerySet(models.QuerySet["SupportNeed"]):
    def visible_to(self, user: User) -> "SupportNeedQuerySet":
        """Needs of the projects a person may open; a line department sees those it is to meet."""
        if not user.is_authenticated or not user.has_perm("approvals.view_item"):
            return self.none()
        if user.role == Role.DEPARTMENT:
            return self.filter(department=user.agency_id)
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))

    # State

    def open(self) -> "SupportNeedQuerySet":
        return self.filter(state__in=SupportState.OPEN)

    def overdue(self, today: datetime.date) -> "SupportNeedQuerySet":
        return self.open().filter(needed_by__lt=today)

    def counted(self) -> "SupportNeedQuerySet":
        """Those that the need-met rate counts: what is no longer needed is left out."""
        return self.exclude(state=SupportState.DROPPED)

    def met(self) -> "SupportNeedQuerySet":
        return self.filter(state=SupportState.MET)

    def met_in_time(self) -> "SupportNeedQuerySet":
        """By the day that whoever asked named at last; every move of that day stands in the events."""
        return self.met().filter(closed_on__lte=models.F("needed_by"))

    def waiting_for(self, user: User, *, until: datetime.date | None = None) -> "SupportNeedQuerySet":
        """Those this person works on: nobody has taken them on, or they are needed by a day."""
        if not user.has_perm("approvals.work_need"):
            return self.none()
        mine = self.visible_to(user).open()
        return mine.filter(Q(state=SupportState.RAISED) | Q(needed_by__lte=until)) if until else mine

    # Performance

    def for_list(self) -> "SupportNeedQuerySet":
        """With what a row shows; the shares decide who may read a confidential project's name."""
        return self.select_related("project__enterprise", "department").prefetch_related("project__shares")


class SupportNeed(models.Model):
    """One line of the service support list 服务保障清单: what is needed, how much, by when, from whom."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="support_needs")
    kind = models.CharField(_("kind"), max_length=12, choices=SupportKind)
    text = models.CharField(_("what is needed"), max_length=300)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    unit = models.CharField(_("unit of the amount"), max_length=20, blank=True)
    met_amount = models.DecimalField(
        _("amount met so far"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    department = models.ForeignKey(
        Agency, models.PROTECT, related_name="support_needs", verbose_name=_("responsible department")
    )
    officer = models.CharField(_("person in charge"), max_length=60, blank=True)
    needed_by = models.DateField(_("needed by"))
    state = models.CharField(_("state"), max_length=10, choices=SupportState, default=SupportState.RAISED)
    state_since = models.DateField(_("in this state since"))
    raised_on = models.DateField(_("raised on"))
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = SupportNeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("support need")
        verbose_name_plural = _("support needs")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SupportState.OPEN, closed_on__isnull=True)
                | (~Q(state__in=SupportState.OPEN) & Q(closed_on__isnull=False)),
                name="need_closed_has_a_day",
            )
        ]
        indexes = [models.Index(fields=["state", "needed_by"], name="support_by_day")]

    def __str__(self) -> str:
        return self.text


@audited(append_only=True)
class SupportEvent(models.Model):
    """One step of a support need. Append-only."""

    need = models.ForeignKey(
        SupportNeed, models.PROTECT, related_name="events", verbose_name=_("support need")
    )
    source = models.CharField(_("from"), max_length=10, choices=SupportState, blank=True)
    target = models.CharField(_("to"), max_length=10, choices=SupportState)
    on = models.DateField(_("on"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    met_amount = models.DecimalField(
        _("amount met so far"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    # A step that moves the day, or addresses the need to another department, says what holds from then on.
    needed_by = models.DateField(_("new day"), null=True, blank=True)
    department = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("new department")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("step of a support need")
        verbose_name_plural = _("steps of a support need")

    def __str__(self) -> str:
        return f"{self.need_id} {self.source}→{self.target}"


class AgencyTaskQuerySet(models.QuerySet["AgencyTask"]):
    def visible_to(self, user: User) -> "AgencyTaskQuerySet":
        """Tasks of the projects a person may open; a line department has no part in them."""
        if not user.is_authenticated or not user.has_perm("approvals.view_item"):
            return self.none()
        if user.role == Role.DEPARTMENT:
            return self.none()
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))

    # State

    def unfinished(self) -> "AgencyTaskQuerySet":
        return self.filter(state__in=AssistanceState.UNFINISHED)

    def overdue(self, today: datetime.date) -> "AgencyTaskQuerySet":
        return self.unfinished().filter(due_on__lt=today)

    def waiting_for(self, user: User, *, until: datetime.date | None = None) -> "AgencyTaskQuerySet":
        """Those of this officer; with a day, those due by it."""
        if not user.has_perm("approvals.assist_enterprise"):
            return self.none()
        mine = self.visible_to(user).unfinished().filter(officer=user)
        return mine.filter(due_on__lte=until) if until else mine

    # Performance

    def for_list(self) -> "AgencyTaskQuerySet":
        """With what a row shows; the shares decide who may read a confidential project's name."""
        return self.select_related("project__enterprise", "item__template", "officer").prefetch_related(
            "project__shares"
        )


class AgencyTask(models.Model):
    """One line of the agency assistance list 帮代办清单: what an officer does with or for the enterprise."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="agency_tasks")
    item = models.ForeignKey(
        Item, models.PROTECT, null=True, blank=True, related_name="agency_tasks", verbose_name=_("item")
    )
    text = models.CharField(_("what is done"), max_length=300)
    mode = models.CharField(_("how"), max_length=6, choices=AssistanceMode)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="agency_tasks", verbose_name=_("officer")
    )
    contact = models.CharField(_("contact at the enterprise"), max_length=60, blank=True)
    due_on = models.DateField(_("due on"))
    mandate_signed_on = models.DateField(_("mandate signed on"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=AssistanceState, default=AssistanceState.OPEN)
    state_since = models.DateField(_("in this state since"))
    opened_on = models.DateField(_("opened on"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = AgencyTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("assistance task")
        verbose_name_plural = _("assistance tasks")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AssistanceState.UNFINISHED, closed_on__isnull=True)
                | (~Q(state__in=AssistanceState.UNFINISHED) & Q(closed_on__isnull=False)),
                name="task_closed_has_a_day",
            )
        ]
        indexes = [models.Index(fields=["officer", "state", "due_on"], name="assistance_of_officer")]

    def __str__(self) -> str:
        return self.text


@audited(append_only=True)
class AgencyTaskEvent(models.Model):
    """What an officer did, a visit or papers helped with among it. Append-only."""

    task = models.ForeignKey(
        AgencyTask, models.PROTECT, related_name="events", verbose_name=_("assistance task")
    )
    kind = models.CharField(_("what happened"), max_length=12, choices=AssistanceEventKind)
    on = models.DateField(_("on"))
    papers = models.PositiveSmallIntegerField(_("papers helped with"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    # A hand-over says to whom, a moved day which one holds from then on.
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("new officer"),
    )
    due_on = models.DateField(_("new day"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("step of an assistance task")
        verbose_name_plural = _("steps of an assistance task")

    def __str__(self) -> str:
        return f"{self.task_id} {self.kind} {self.on:%Y-%m-%d}"


@audited(append_only=True)
class SheetExport(models.Model):
    """The three lists of a project left the program as a file: which form, by whom, when. Append-only."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="sheet_exports")
    form = models.CharField(_("form"), max_length=4)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("printed sheet")
        verbose_name_plural = _("printed sheets")

    def __str__(self) -> str:
        return f"{self.project_id} {self.form} {self.at:%Y-%m-%d}"
