"""Monthly briefings and the steps of their way to publication."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from briefings.choices import BriefingState, ReviewKind, ScopeKind
from briefings.models.period import Period
from core.trail import audited
from taskforces.models import ReportingUnit, TaskForce
from taskforces.rules import reach


class BriefingQuerySet(models.QuerySet["Briefing"]):
    # Access

    def visible_to(self, user: User) -> "BriefingQuerySet":
        """The bureau and city leaders read all; others their own at any time, all once published."""
        if not user.is_authenticated or not user.has_perm("briefings.view_briefing"):
            return self.none()
        if user.role in (Role.CLERK, Role.LEADER, Role.CITY_LEADER):
            return self
        own = reach(user)
        return self.filter(
            Q(state=BriefingState.PUBLISHED) | Q(task_force__in=own.task_forces) | Q(unit__in=own.units)
        )

    # State

    def unpublished(self) -> "BriefingQuerySet":
        return self.exclude(state=BriefingState.PUBLISHED)

    def disputed(self) -> "BriefingQuerySet":
        """With a dispute that nobody has answered."""
        waiting = Review.objects.filter(briefing=OuterRef("pk")).unanswered()
        return self.filter(Exists(waiting))

    def waiting_for(self, user: User) -> "BriefingQuerySet":
        """Those whose next step is this person's (see also `rules.may`)."""
        rows = self.visible_to(user)
        own = reach(user)
        if user.role == Role.LEADER:
            return rows.filter(state__in=(BriefingState.REVIEWED, BriefingState.SIGNED_OFF))
        disputed = Briefing.objects.disputed().values("pk")
        if user.role == Role.CLERK:
            to_confirm = Q(scope=ScopeKind.CITY, state=BriefingState.DRAFT)
            return rows.filter(to_confirm | Q(state=BriefingState.RETURNED) | Q(pk__in=disputed))
        if user.role in (Role.FORCE_LEAD, Role.UNIT):
            mine = Q(task_force__in=own.led_task_forces) | Q(unit__in=own.units)
            return rows.filter(mine, state=BriefingState.DRAFT).exclude(pk__in=disputed)
        return self.none()

    # Performance

    def for_list(self) -> "BriefingQuerySet":
        """Without the content, which is long."""
        return self.select_related("period", "task_force", "unit").defer("content", "counted", "words")


# What a draft said before stands in its reviews; the trail only notes that it was written anew.
@audited(closed_when={"state": "published"}, masked=("content", "counted"))
class Briefing(models.Model):
    """One month's briefing of the city, of a task force or of a unit.

    `content` holds the drafted figures, tables and sentences as plain data; page, Word and PDF are
    drawn from it and from `words`. `counted` holds for each figure the ids of what it counted when it
    was drafted, so that what was confirmed is what is published. Once published, nothing in the row
    changes.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="briefings")
    scope = models.CharField(_("about"), max_length=10, choices=ScopeKind)
    # "city", "force:steel", "unit:450202": one briefing a month and key, on both engines.
    scope_key = models.CharField(max_length=40)
    task_force = models.ForeignKey(TaskForce, models.PROTECT, null=True, blank=True, related_name="briefings")
    unit = models.ForeignKey(ReportingUnit, models.PROTECT, null=True, blank=True, related_name="briefings")
    state = models.CharField(_("state"), max_length=10, choices=BriefingState, default=BriefingState.DRAFT)
    number = models.CharField(_("document number"), max_length=60, blank=True)
    content = models.JSONField(_("content"), default=dict)
    counted = models.JSONField(_("counted"), default=dict)
    # What people write between the generated sections (see briefings.words).
    words = models.JSONField(_("own words"), default=dict, blank=True)
    drafted_at = models.DateTimeField(_("drafted at"), default=timezone.now)
    # The date under the document; `published_at` is the moment of the act.
    published_on = models.DateField(_("published on"), null=True, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = BriefingQuerySet.as_manager()

    class Meta:
        verbose_name = _("briefing")
        verbose_name_plural = _("briefings")
        constraints = [
            models.UniqueConstraint(fields=["period", "scope_key"], name="one_briefing_a_month_and_scope"),
            models.CheckConstraint(
                condition=Q(scope=ScopeKind.CITY, task_force__isnull=True, unit__isnull=True)
                | Q(scope=ScopeKind.TASK_FORCE, task_force__isnull=False, unit__isnull=True)
                | Q(scope=ScopeKind.UNIT, task_force__isnull=True, unit__isnull=False),
                name="briefing_has_its_scope",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="one_briefing_a_document_number"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=BriefingState.PUBLISHED, published_on__isnull=False, published_at__isnull=False
                )
                & ~Q(number="")
                | ~Q(state=BriefingState.PUBLISHED) & Q(published_on__isnull=True, number=""),
                name="briefing_published_with_number_and_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_id} {self.scope_key}"

    def get_absolute_url(self) -> str:
        return reverse("briefings:briefing", args=[self.pk])


class ReviewQuerySet(models.QuerySet["Review"]):
    def disputes(self) -> "ReviewQuerySet":
        return self.filter(kind=ReviewKind.DISPUTED)

    def unanswered(self) -> "ReviewQuerySet":
        return self.disputes().filter(answered_by__isnull=True)


@audited(append_only=True)
class Review(models.Model):
    """One step in a briefing's way to publication: who said what of which figure. Append-only.

    `facts` of a repeated draft name the figures that changed: `{"changed": [[figure, before, after]]}`.
    """

    briefing = models.ForeignKey(Briefing, models.PROTECT, related_name="reviews")
    kind = models.CharField(_("what"), max_length=10, choices=ReviewKind)
    figure = models.CharField(_("figure"), max_length=60, blank=True)
    reason = models.TextField(_("reason"), max_length=1000, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    answers = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="answered_by")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["answers"], condition=Q(answers__isnull=False), name="a_dispute_is_answered_once"
            ),
            models.CheckConstraint(
                condition=Q(kind=ReviewKind.ANSWERED, answers__isnull=False)
                | ~Q(kind=ReviewKind.ANSWERED) & Q(answers__isnull=True),
                name="an_answer_has_its_dispute",
            ),
        ]
        indexes = [models.Index(fields=["briefing", "kind"], name="reviews_of_a_briefing")]

    def __str__(self) -> str:
        return f"{self.briefing_id} {self.kind}"
