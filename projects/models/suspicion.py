"""Suspicious signings: what the water detector has found, and what people said of it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.money import MoneyField
from core.trail import audited
from projects.choices import (
    SuspicionGrade,
    SuspicionKind,
    SuspicionSetting,
    SuspicionState,
    SuspicionVerdictKind,
)
from projects.models.contract import ContractEvent
from projects.models.enterprise import BUREAU
from projects.models.project import Project


class SuspicionRule(models.Model):
    """What a kind of suspicion is measured against; the newest row in force on a day is the one."""

    # Empty: for every kind that has no row of its own.
    kind = models.CharField(_("kind"), max_length=10, choices=SuspicionKind, blank=True)
    setting = models.CharField(_("what"), max_length=10, choices=SuspicionSetting)
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=2)
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("threshold of the water detector")
        verbose_name_plural = _("thresholds of the water detector")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "setting", "effective_from"], name="one_suspicion_rule_a_day"
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="suspicion_rule_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.setting} {self.value}".strip()


class SuspicionQuerySet(models.QuerySet["Suspicion"]):
    # Access

    def visible_to(self, user: User) -> "SuspicionQuerySet":
        """The bureau reads all, the others those of projects which they may open."""
        if not user.is_authenticated or not user.has_perm("projects.view_suspicion"):
            return self.none()
        if user.role in BUREAU:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))

    # State

    def standing(self) -> "SuspicionQuerySet":
        """What the books still show."""
        return self.filter(gone_on__isnull=True)

    def open(self) -> "SuspicionQuerySet":
        return self.standing().filter(state=SuspicionState.OPEN)

    def waiting_for(self, user: User) -> "SuspicionQuerySet":
        """Those this person may judge: not what they entered themselves."""
        if not user.has_perm("projects.judge_suspicion"):
            return self.none()
        own = ContractEvent.objects.filter(recorded_by=user).values("project")
        return self.visible_to(user).open().exclude(project__in=own)

    # Performance

    def for_list(self) -> "SuspicionQuerySet":
        return self.select_related(
            "project__enterprise", "project__task_force", "project__reporting_unit", "before"
        ).prefetch_related("project__shares")


class Suspicion(models.Model):
    """Something about a signing that somebody should look at. It says nothing but what stands in the
    books: whether anything is wrong is for people to judge.

    `facts` are [what, points, values]: rendered in the reader's language (suspicions.words). The same
    evidence on the same subject exists once, whatever became of it; a subject has one open one.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=SuspicionKind)
    # What it is about: the keys of a project, of two, of an event or of two enterprises.
    subject = models.CharField(_("subject"), max_length=50)
    fingerprint = models.CharField(max_length=64, editable=False)
    # Whose signing is in question; `records` are all the projects to compare, this one among them.
    project = models.ForeignKey(Project, models.CASCADE, related_name="suspicions", verbose_name=_("project"))
    records = models.ManyToManyField(Project, related_name="compared_in", verbose_name=_("compared"))
    facts = models.JSONField(_("evidence"), default=list)
    points = models.PositiveSmallIntegerField(_("points"))
    grade = models.PositiveSmallIntegerField(_("grade"), choices=SuspicionGrade)
    amount = MoneyField(_("amount in question (10,000 yuan)"))
    raised_on = models.DateField(_("raised on"))
    # The day since which the evidence is as it is.
    evidence_on = models.DateField(_("evidence of"))
    gone_on = models.DateField(_("no more to be seen since"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=SuspicionState, default=SuspicionState.OPEN)
    # The last of the same subject that was judged: new evidence raised it anew.
    before = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="after", verbose_name=_("judged before")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = SuspicionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspicion")
        verbose_name_plural = _("suspicions")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "fingerprint"], name="one_suspicion_an_evidence"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state=SuspicionState.OPEN, gone_on__isnull=True),
                name="one_open_suspicion",
            ),
        ]
        indexes = [models.Index(fields=["state", "gone_on", "-points"], name="suspicions_to_judge")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("projects:suspicion", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether a verdict can still be given: it stands and nothing final was said."""
        return self.gone_on is None and self.state not in SuspicionState.JUDGED


_FINAL: Any = ~Q(verdict=SuspicionVerdictKind.WATCH)


@audited(append_only=True)
class SuspicionVerdict(models.Model):
    """What somebody said of a suspicion, and why; one final word, any number of “watch” before it."""

    suspicion = models.ForeignKey(Suspicion, models.PROTECT, related_name="verdicts")
    verdict = models.CharField(_("verdict"), max_length=8, choices=SuspicionVerdictKind)
    reason = models.CharField(_("reason"), max_length=300)
    # Of “the same as another one”: the one that is right.
    kept = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("the same as")
    )
    # Of “exclude”: the correction that was entered, or the entry that was returned.
    event = models.ForeignKey(
        ContractEvent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("event")
    )
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("verdict on a suspicion")
        verbose_name_plural = _("verdicts on suspicions")
        constraints = [
            models.UniqueConstraint(fields=["suspicion"], condition=_FINAL, name="one_final_verdict")
        ]

    def __str__(self) -> str:
        return f"{self.suspicion_id} {self.verdict}"
