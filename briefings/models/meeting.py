"""On-site meetings 现场会: by what the host is found, what is shown there, what is decided."""

import datetime
from enum import nonmember

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.models import Issue
from core import clock
from core.models import StoredFile
from core.trail import audited
from projects.models import Project
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach

# --- Choices ------------------------------------------------------------------------------------


class Half(models.IntegerChoices):
    FIRST = 1, _("first half-year")
    SECOND = 2, _("second half-year")


class MeetingState(models.TextChoices):
    PLANNED = "planned", _("In preparation")
    HOST_CHOSEN = "host_chosen", _("Host chosen")
    AGENDA_SET = "agenda_set", _("Agenda set")
    HELD = "held", _("Held")
    APPROVED = "approved", _("Minutes approved")

    @property
    def rank(self) -> int:
        return list(MeetingState).index(self)


class VetoKind(models.TextChoices):
    FAKE_DATA = "fake_data", _("False figures")
    SAFETY = "safety", _("Safety accident")
    ENVIRONMENT = "environment", _("Environmental accident")


class Screener(models.TextChoices):
    """The departments that look at a project's papers before it is shown."""

    REFORM = "reform", _("Development and reform")
    APPROVAL = "approval", _("Approval service")
    ENVIRONMENT = "environment", _("Environment")
    EMERGENCY = "emergency", _("Emergency management")
    HOUSING = "housing", _("Housing and construction")
    PROMOTION = "promotion", _("Investment promotion")
    PLANNING = "planning", _("Planning")


class DecisionState(models.TextChoices):
    OPEN = "open", _("To be done")
    ISSUE = "issue", _("Worked on as an issue")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")

    CLOSED = nonmember(("done", "dropped"))


class StepKind(models.TextChoices):
    PLANNED = "planned", _("Meeting planned")
    HOST_CHOSEN = "host_chosen", _("Host chosen")
    AGENDA_SET = "agenda_set", _("Agenda set")
    HELD = "held", _("Meeting held")
    APPROVED = "approved", _("Minutes approved")
    DONE = "done", _("Decision done")
    REOPENED = "reopened", _("Decision taken up again")
    MOVED = "moved", _("Due day moved")
    DROPPED = "dropped", _("Decision dropped")
    ISSUE = "issue", _("Decision became an issue")


# --- The ranking's rules ------------------------------------------------------------------------


@audited(append_only=True)
class RankingRule(models.Model):
    """By what counties and new districts are ranked from a day on; the newest row in force holds.

    Weights are percent and sum to 100. `spread` and `step` say how the sensitivity is tried out: all
    weightings within ±spread points of these, in steps. Append-only: a change is a new row.
    """

    effective_from = models.DateField(_("in force from"))
    rank_weight = models.PositiveSmallIntegerField(_("mean monthly rank (%)"), default=40)
    conversion_weight = models.PositiveSmallIntegerField(_("conversion (%)"), default=30)
    issues_weight = models.PositiveSmallIntegerField(_("issues solved on time (%)"), default=15)
    quality_weight = models.PositiveSmallIntegerField(_("data quality (%)"), default=15)
    rank_indicator = models.CharField(_("ranked each month by"), max_length=60, default="contracted")
    conversion_indicator = models.CharField(_("conversion is"), max_length=60, default="start_rate")
    spread = models.PositiveSmallIntegerField(_("tried out within ± points"), default=10)
    step = models.PositiveSmallIntegerField(
        _("in steps of points"), default=2, validators=[MinValueValidator(1)]
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    # Empty for the rule the program starts with.
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(_("set at"), default=timezone.now)

    class Meta:
        verbose_name = _("rule of the ranking")
        verbose_name_plural = _("rules of the ranking")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    rank_weight=100 - F("conversion_weight") - F("issues_weight") - F("quality_weight")
                ),
                name="ranking_weights_sum_to_100",
            ),
            models.CheckConstraint(condition=Q(step__gte=1), name="ranking_step_is_a_step"),
        ]

    def __str__(self) -> str:
        return f"{self.effective_from:%Y-%m-%d} {self.weights}"

    @property
    def weights(self) -> tuple[int, int, int, int]:
        """In the order of `ranking.Component`."""
        return self.rank_weight, self.conversion_weight, self.issues_weight, self.quality_weight


class VetoQuerySet(models.QuerySet["Veto"]):
    def standing(self) -> "VetoQuerySet":
        return self.filter(lifted_on__isnull=True)

    def between(self, first: datetime.date, last: datetime.date) -> "VetoQuerySet":
        return self.filter(happened_on__range=(first, last))


class Veto(models.Model):
    """What bars a unit from hosting in the half-year in which it happened 一票否决. Lifted, it stays on
    record with the reason."""

    unit = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="vetoes", verbose_name=_("unit"))
    kind = models.CharField(_("what"), max_length=12, choices=VetoKind)
    happened_on = models.DateField(_("happened on"))
    reason = models.CharField(_("what happened"), max_length=500)
    document = models.CharField(_("document that proves it"), max_length=120)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now)
    lifted_on = models.DateField(_("lifted on"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lift_reason = models.CharField(_("why it was lifted"), max_length=300, blank=True)

    objects = VetoQuerySet.as_manager()

    class Meta:
        verbose_name = _("veto")
        verbose_name_plural = _("vetoes")
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True, lifted_by__isnull=True)
                | Q(lifted_on__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason=""),
                name="veto_is_lifted_with_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.kind}"


# --- The meeting --------------------------------------------------------------------------------


class MeetingQuerySet(models.QuerySet["OnSiteMeeting"]):
    # Access

    def visible_to(self, user: User) -> "MeetingQuerySet":
        """The bureau and city leaders see every meeting, units theirs in preparation too (where they
        stand), the others once its agenda is set."""
        if not user.is_authenticated or not user.has_perm("briefings.view_meeting"):
            return self.none()
        if user.role in (*SEES_ALL_PROJECTS, Role.UNIT):
            return self
        return self.exclude(state__in=(MeetingState.PLANNED, MeetingState.HOST_CHOSEN))


@audited(closed_when={"state": "approved"})
class OnSiteMeeting(models.Model):
    """The meeting of a half-year in a county or new district that stands out. Once its minutes are
    approved nothing in the row changes; its decisions go on."""

    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(2000), MaxValueValidator(2099)]
    )
    half = models.PositiveSmallIntegerField(_("half-year"), choices=Half)
    planned_on = models.DateField(_("planned for"))
    place = models.CharField(_("place"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=MeetingState, default=MeetingState.PLANNED)
    host = models.ForeignKey(
        ReportingUnit, models.PROTECT, null=True, blank=True, related_name="hosted", verbose_name=_("host")
    )
    agenda = models.TextField(_("agenda"), max_length=4000, blank=True)
    held_on = models.DateField(_("held on"), null=True, blank=True)
    minutes = models.TextField(_("minutes"), max_length=8000, blank=True)
    minutes_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_on = models.DateField(_("minutes approved on"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("on-site meeting")
        verbose_name_plural = _("on-site meetings")
        constraints = [
            models.UniqueConstraint(fields=["year", "half"], name="one_meeting_a_half_year"),
            models.CheckConstraint(condition=Q(half__in=Half.values), name="a_year_has_two_halves"),
            models.CheckConstraint(
                condition=Q(state=MeetingState.PLANNED, host__isnull=True)
                | ~Q(state=MeetingState.PLANNED) & Q(host__isnull=False),
                name="meeting_has_its_host",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(MeetingState.HELD, MeetingState.APPROVED), held_on__isnull=False)
                | ~Q(state__in=(MeetingState.HELD, MeetingState.APPROVED)) & Q(held_on__isnull=True),
                name="meeting_held_has_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} H{self.half}"

    def get_absolute_url(self) -> str:
        return reverse("briefings:meeting", args=[self.pk])

    @property
    def title(self) -> str:
        """In the reader's language: “On-site meeting 2026, first half-year”."""
        half = self.get_half_display()
        return gettext("On-site meeting %(year)s, %(half)s") % {"year": self.year, "half": half}

    @property
    def first_month(self) -> datetime.date:
        return datetime.date(self.year, 1 if self.half == Half.FIRST else 7, 1)

    @property
    def last_month(self) -> datetime.date:
        return self.first_month.replace(month=self.first_month.month + 5)

    @property
    def last_day(self) -> datetime.date:
        return clock.month_end(self.last_month)

    @property
    def is_ranked(self) -> bool:
        """The host is chosen: the ranking stands as it was then."""
        return self.state != MeetingState.PLANNED

    @property
    def took_place(self) -> bool:
        return self.state in (MeetingState.HELD, MeetingState.APPROVED)

    def ranking_is_open_to(self, user: User) -> bool:
        """Everybody's standing: for bureau and city leaders at any time, for the others once the
        meeting has taken place. Until then a unit reads its own."""
        return user.role in SEES_ALL_PROJECTS or self.took_place

    def work_is_open_to(self, user: User) -> bool:
        """Projects, attendees, scores and minutes: for the others once the agenda is set."""
        return user.role in SEES_ALL_PROJECTS or MeetingState(self.state).rank >= MeetingState.AGENDA_SET.rank


@audited(append_only=True)
class HostChoice(models.Model):
    """Who hosts, and the ranking as it stood when that was decided. Append-only; the newest holds."""

    meeting = models.ForeignKey(OnSiteMeeting, models.PROTECT, related_name="choices")
    host = models.ForeignKey(ReportingUnit, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    ranking = models.JSONField(_("ranking"))
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("choice of host")
        verbose_name_plural = _("choices of host")

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.host_id}"


# --- What is shown ------------------------------------------------------------------------------


class ShownProject(models.Model):
    """A project on the list of what the meeting looks at. `reason` says why, where a rule is not met."""

    meeting = models.ForeignKey(OnSiteMeeting, models.PROTECT, related_name="shown")
    project = models.ForeignKey(Project, models.PROTECT, related_name="shown_at")
    order = models.PositiveSmallIntegerField(_("order"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added at"), default=timezone.now)

    class Meta:
        verbose_name = _("project shown")
        verbose_name_plural = _("projects shown")
        constraints = [
            models.UniqueConstraint(fields=["meeting", "project"], name="a_project_is_shown_once"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.project_id}"


class Screening(models.Model):
    """A department's word on the papers of a project to be shown: who ticked it, and when."""

    shown = models.ForeignKey(ShownProject, models.CASCADE, related_name="screenings")
    department = models.CharField(_("department"), max_length=12, choices=Screener)
    passed = models.BooleanField(_("nothing against it"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        constraints = [
            models.UniqueConstraint(fields=["shown", "department"], name="a_department_screens_once"),
        ]

    def __str__(self) -> str:
        return f"{self.shown_id} {self.department}"


class Attendee(models.Model):
    """Who is invited, and was there. Without a user the bureau enters the paper sheet."""

    meeting = models.ForeignKey(OnSiteMeeting, models.PROTECT, related_name="attendees")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="invitations"
    )
    name = models.CharField(_("name"), max_length=60)
    office = models.CharField(_("office"), max_length=120, blank=True)
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, null=True, blank=True, related_name="+")
    attended = models.BooleanField(_("was there"), null=True, blank=True)

    class Meta:
        verbose_name = _("attendee")
        verbose_name_plural = _("attendees")
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "user"], condition=Q(user__isnull=False), name="invited_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Score(models.Model):
    """Points from 0 to 100 that an attendee gives a project that was shown."""

    attendee = models.ForeignKey(Attendee, models.PROTECT, related_name="scores")
    shown = models.ForeignKey(ShownProject, models.PROTECT, related_name="scores")
    points = models.DecimalField(_("points"), max_digits=4, decimal_places=1)
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [
            models.UniqueConstraint(fields=["attendee", "shown"], name="one_score_a_project"),
            models.CheckConstraint(condition=Q(points__gte=0, points__lte=100), name="score_to_100"),
        ]

    def __str__(self) -> str:
        return f"{self.shown_id} {self.points}"


# --- What is decided ----------------------------------------------------------------------------


class DecisionQuerySet(models.QuerySet["MeetingDecision"]):
    # Access

    def visible_to(self, user: User) -> "DecisionQuerySet":
        """The bureau and city leaders see all at any time, the others those of approved minutes."""
        if not user.is_authenticated or not user.has_perm("briefings.view_meeting"):
            return self.none()
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(meeting__state=MeetingState.APPROVED)

    def owned_by(self, user: User) -> "DecisionQuerySet":
        own = reach(user)
        mine = Q(unit__in=own.units) | Q(task_force__in=own.task_forces)
        if user.agency_id:
            mine |= Q(agency=user.agency_id)
        return self.filter(mine)

    # State

    def open(self) -> "DecisionQuerySet":
        return self.filter(state=DecisionState.OPEN)

    def overdue(self, today: datetime.date) -> "DecisionQuerySet":
        return self.open().filter(due_on__lt=today)

    def waiting_for(self, user: User) -> "DecisionQuerySet":
        """Open ones of approved minutes that this person's office answers for."""
        if not user.has_perm("briefings.view_meeting"):
            return self.none()
        return self.open().filter(meeting__state=MeetingState.APPROVED).owned_by(user)

    # Performance

    def for_list(self) -> "DecisionQuerySet":
        return self.select_related(
            "meeting", "unit", "task_force", "agency", "project__enterprise", "issue"
        ).prefetch_related("project__shares")


class MeetingDecision(models.Model):
    """What the meeting decided, whose it is and by when; perhaps worked on as an issue of a project."""

    meeting = models.ForeignKey(OnSiteMeeting, models.PROTECT, related_name="decisions")
    number = models.PositiveSmallIntegerField(_("number"))
    text = models.CharField(_("decision"), max_length=500)
    unit = models.ForeignKey(
        ReportingUnit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("unit")
    )
    task_force = models.ForeignKey(
        TaskForce, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("task force")
    )
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    person = models.CharField(_("person in charge"), max_length=60, blank=True)
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("project")
    )
    due_on = models.DateField(_("due on"))
    state = models.CharField(_("state"), max_length=8, choices=DecisionState, default=DecisionState.OPEN)
    done_note = models.CharField(_("what was done"), max_length=500, blank=True)
    closed_on = models.DateField(_("settled on"), null=True, blank=True)
    issue = models.ForeignKey(Issue, models.PROTECT, null=True, blank=True, related_name="decisions")
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision of a meeting")
        verbose_name_plural = _("decisions of meetings")
        constraints = [
            models.UniqueConstraint(fields=["meeting", "number"], name="one_decision_a_number"),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, task_force__isnull=True, agency__isnull=True)
                | Q(unit__isnull=True, task_force__isnull=False, agency__isnull=True)
                | Q(unit__isnull=True, task_force__isnull=True, agency__isnull=False),
                name="a_decision_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(state=DecisionState.ISSUE, issue__isnull=False) | ~Q(state=DecisionState.ISSUE),
                name="decision_names_its_issue",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_on"], name="decision_by_due_day")]

    def __str__(self) -> str:
        return f"{self.meeting_id}/{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("briefings:decision", args=[self.pk])

    @property
    def owner(self) -> ReportingUnit | TaskForce | Agency:
        found = self.unit or self.task_force or self.agency
        assert found is not None
        return found


@audited(append_only=True)
class MeetingStep(models.Model):
    """One step of a meeting or of a decision: who took it, when, and what was said. Append-only."""

    meeting = models.ForeignKey(OnSiteMeeting, models.PROTECT, related_name="steps")
    decision = models.ForeignKey(MeetingDecision, models.PROTECT, null=True, blank=True, related_name="steps")
    kind = models.CharField(_("what"), max_length=12, choices=StepKind)
    on = models.DateField(_("on"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("step of a meeting")
        verbose_name_plural = _("steps of meetings")

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.kind}"
