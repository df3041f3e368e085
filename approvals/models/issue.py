"""What stands in a project's way, and how it was cleared."""

import datetime
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.choices import (
    ConfirmedBy,
    ConfirmedThrough,
    IssueCategory,
    IssueLevel,
    IssueState,
    ReturnReason,
)
from approvals.models.item import Item
from core.clock import today
from core.models import StoredFile
from core.trail import audited
from projects.models import Project

# From which level on a matter has reached the people of a role; the others work on it from below.
LEVEL_OF_ROLE: dict[str, IssueLevel] = {
    Role.FORCE_LEAD: IssueLevel.TASK_FORCE_LEAD,
    Role.LEADER: IssueLevel.SECRETARY_GENERAL,
    Role.CITY_LEADER: IssueLevel.SECRETARY_GENERAL,
}


def own_level(user: User) -> IssueLevel:
    """From which level on a matter has been sent up to this person."""
    return LEVEL_OF_ROLE.get(user.role, IssueLevel.LEAD_DEPARTMENT)


class IssueQuerySet(models.QuerySet["Issue"]):
    # Access

    def visible_to(self, user: User) -> "IssueQuerySet":
        if not user.is_authenticated or not user.has_perm("approvals.view_issue"):
            return self.none()
        if user.role == Role.DEPARTMENT:  # what is addressed to it, and still is
            return self.standing().filter(department=user.agency_id)
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.concerning(Project.objects.visible_to(user))

    def concerning(self, projects: models.QuerySet[Project]) -> "IssueQuerySet":
        """Those of these projects, their own and those shared with others; each once."""
        also = Issue.also_concerns.through.objects.filter(project__in=projects.values("pk"))
        return self.filter(Q(project__in=projects.values("pk")) | Q(pk__in=also.values("issue")))

    # State

    def standing(self) -> "IssueQuerySet":
        """All but those withdrawn with their ledger: they can be looked up, and count nowhere."""
        return self.exclude(state=IssueState.WITHDRAWN)

    def open(self) -> "IssueQuerySet":
        return self.filter(state__in=IssueState.OPEN)

    def waiting_for(self, user: User) -> "IssueQuerySet":
        """Those this person works on: what a department has answered or returned waits for the team."""
        if not user.has_perm("approvals.work_issue"):
            return self.none()
        seen = self.visible_to(user).open().exclude(state=IssueState.SUSPENDED)
        return seen.exclude(state__in=_WITH_THE_TEAM) if user.role == Role.DEPARTMENT else seen

    def sent_up_to(self, user: User) -> "IssueQuerySet":
        """Open ones that have climbed to this person's level, or beyond it."""
        return self.visible_to(user).open().filter(level__gte=own_level(user))

    # Figures

    def resolved_in_time(self) -> "IssueQuerySet":
        """Resolved on or before the due day; one without a due day is neither in time nor late."""
        return self.filter(resolved_on__lte=F("due_on"))

    def resolved_late(self) -> "IssueQuerySet":
        return self.filter(resolved_on__gt=F("due_on"))

    def overdue(self, today: datetime.date) -> "IssueQuerySet":
        return self.open().filter(due_on__lt=today)

    def reopened_between(self, first: datetime.date | None, last: datetime.date | None) -> "IssueQuerySet":
        """Taken up again in these days after having been resolved, whatever became of them since."""
        steps = IssueEvent.objects.standing().filter(
            issue=OuterRef("pk"), source=IssueState.RESOLVED, target=IssueState.HANDLING
        )
        if first is not None:
            steps = steps.filter(on__gte=first)
        if last is not None:
            steps = steps.filter(on__lte=last)
        return self.filter(Exists(steps))

    # Performance

    def for_list(self) -> "IssueQuerySet":
        return self.select_related(
            "project__task_force", "project__reporting_unit", "project__enterprise", "department"
        ).prefetch_related("project__shares", "also_concerns")


_WITH_THE_TEAM = (IssueState.ANSWERED, IssueState.CONFIRMING, IssueState.RETURNED)


class IssueLimit(models.Model):
    """Within how many working days an issue is to be resolved, from a day on.

    The newest row in force on the day an issue is raised is its limit; a row for its category goes
    before the one for all. A change is a new row and holds for issues raised from then on.
    """

    category = models.CharField(_("category"), max_length=12, choices=IssueCategory, blank=True)
    days = models.PositiveSmallIntegerField(_("working days"))
    effective_from = models.DateField(_("in force from"))

    class Meta:
        verbose_name = _("limit of issues")
        verbose_name_plural = _("limits of issues")
        constraints = [
            models.UniqueConstraint(fields=["category", "effective_from"], name="one_issue_limit_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.days}"


class Issue(models.Model):
    """A difficulty of a project 问题, worked on until it is resolved. *Answered* is not *resolved*.

    Resolved needs what was done (`statement`), evidence, and the word of the enterprise or of the
    project's officer (`confirmed_by`); issues taken over from a ledger carry the ledger's word.
    """

    code = models.CharField(_("number"), max_length=20, unique=True)
    project = models.ForeignKey(Project, models.PROTECT, related_name="issues")
    category = models.CharField(_("category"), max_length=12, choices=IssueCategory)
    text = models.CharField(_("what the matter is"), max_length=500)
    department = models.ForeignKey(
        Agency, models.PROTECT, related_name="issues", verbose_name=_("responsible department")
    )
    blocks = models.ManyToManyField(Item, blank=True, related_name="blocked_by", verbose_name=_("blocks"))
    # One difficulty may stand in the way of several projects: counted once, shown with each.
    also_concerns = models.ManyToManyField(
        Project, blank=True, related_name="shared_issues", verbose_name=_("also concerns")
    )
    level = models.PositiveSmallIntegerField(_("level"), choices=IssueLevel, default=IssueLevel.TEAM)
    # The ladder's timer runs from here.
    level_since = models.DateField(_("on this level since"), null=True, blank=True)
    raised_on = models.DateField(_("raised on"))
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=IssueState, default=IssueState.LOGGED)
    state_since = models.DateField(_("in this state since"))
    statement = models.TextField(_("what was done"), max_length=1000, blank=True)
    confirmed_by = models.CharField(_("confirmed by"), max_length=10, choices=ConfirmedBy, blank=True)
    confirmed_name = models.CharField(_("name of who confirmed"), max_length=60, blank=True)
    confirmed_through = models.CharField(
        _("confirmed through"), max_length=6, choices=ConfirmedThrough, blank=True
    )
    resolved_on = models.DateField(_("resolved on"), null=True, blank=True)
    # Derived from its steps by `approvals.deadlines`: the limit of the day it was raised, the working
    # days its clock stood still, and the day it is due; empty while it is suspended before that day.
    limit_days = models.PositiveSmallIntegerField(_("limit (working days)"), null=True, blank=True)
    stopped_days = models.PositiveSmallIntegerField(_("working days not counted"), default=0)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    # The last time it was taken up again after it had been resolved.
    reopened_on = models.DateField(_("reopened on"), null=True, blank=True)
    # The ledger it was taken over from: file, sheet, row.
    source = models.CharField(_("source"), max_length=200, blank=True)
    # The day it became known to the office; `recorded_at` is when the row was written.
    recorded_on = models.DateField(_("recorded on"), default=today)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=IssueState.RESOLVED, resolved_on__isnull=False)
                | (~Q(state=IssueState.RESOLVED) & Q(resolved_on__isnull=True)),
                name="issue_resolved_has_a_day",
            )
        ]
        indexes = [
            models.Index(fields=["state", "raised_on"], name="issue_by_state"),
            models.Index(fields=["resolved_on"], name="issue_by_resolution"),
            models.Index(fields=["raised_on"], name="issue_by_day"),
            models.Index(fields=["state", "due_on"], name="issue_by_due_day"),
        ]

    def __str__(self) -> str:
        return self.code


class IssueEventQuerySet(models.QuerySet["IssueEvent"]):
    def standing(self) -> "IssueEventQuerySet":
        """The steps that count: neither taken back nor the taking back of one."""
        return self.filter(takes_back__isnull=True, taken_back_by__isnull=True)


def standing(steps: Iterable["IssueEvent"]) -> list["IssueEvent"]:
    """The same of all steps of some issues at hand, in their order."""
    steps = list(steps)
    gone = {step.takes_back_id for step in steps}
    return [step for step in steps if step.takes_back_id is None and step.pk not in gone]


@audited(append_only=True)
class IssueEvent(models.Model):
    """One step of an issue. Append-only."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="events")
    source = models.CharField(_("from"), max_length=10, choices=IssueState, blank=True)
    target = models.CharField(_("to"), max_length=10, choices=IssueState)
    on = models.DateField(_("on"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    level = models.PositiveSmallIntegerField(_("raised to level"), choices=IssueLevel, null=True, blank=True)
    # The timer sent it up, after so many working days on the level below.
    after_days = models.PositiveSmallIntegerField(_("by the timer after working days"), null=True, blank=True)
    # Who confirmed that it is resolved, as said at that step.
    confirmed_by = models.CharField(_("confirmed by"), max_length=10, choices=ConfirmedBy, blank=True)
    confirmed_name = models.CharField(_("name of who confirmed"), max_length=60, blank=True)
    confirmed_through = models.CharField(
        _("confirmed through"), max_length=6, choices=ConfirmedThrough, blank=True
    )
    # Whom it was addressed to at that step; of a returned one, who returned it and why.
    department = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    returned_for = models.CharField(_("why it was returned"), max_length=10, choices=ReturnReason, blank=True)
    # A step about one project: it is concerned as well from then on, or (`let_go`) no longer.
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("project")
    )
    let_go = models.BooleanField(_("no longer concerned"), default=False)
    # What else belongs to the step: items blocked, to whom a link was sent and until when it works, the
    # ledger that told it.
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    # A ledger's step is taken back by another one, which sets the former state, and stays readable.
    takes_back = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="taken_back_by",
        verbose_name=_("takes back"),
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = IssueEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of an issue")
        verbose_name_plural = _("steps of an issue")

    def __str__(self) -> str:
        return f"{self.issue_id} {self.source}→{self.target}"


@audited(append_only=True)
class IssueEvidence(models.Model):
    """A file that proves what was done about an issue. Append-only."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="evidence")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("handed in at"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence of an issue")
        verbose_name_plural = _("evidence of issues")

    def __str__(self) -> str:
        return f"{self.issue_id} {self.file_id}"


class ConfirmationLinkQuerySet(models.QuerySet["ConfirmationLink"]):
    def usable(self, at: datetime.datetime) -> "ConfirmationLinkQuerySet":
        return self.filter(used_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=at)


@audited(masked=["digest"])
class ConfirmationLink(models.Model):
    """An address sent to the enterprise: it shows one issue, takes one answer and expires.

    Only the digest of its token is kept: whoever reads the database cannot answer for the enterprise.
    """

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="confirmation_links")
    digest = models.CharField(max_length=64, unique=True)
    # What was said to have been done when the link was sent: the enterprise answers to that.
    statement = models.TextField(_("what was done"), max_length=1000)
    sent_to = models.CharField(_("sent to"), max_length=60)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    used_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    is_settled = models.BooleanField(_("settled"), null=True, blank=True)
    answered_name = models.CharField(_("name of who answered"), max_length=60, blank=True)
    answered_note = models.CharField(_("what the enterprise says"), max_length=500, blank=True)

    objects = ConfirmationLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("confirmation link")
        verbose_name_plural = _("confirmation links")

    def __str__(self) -> str:
        return f"{self.issue_id} {self.made_at:%Y-%m-%d}"
