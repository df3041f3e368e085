"""Contract events: the only source of contracted investment. Append-only."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from core.models import StoredFile
from core.trail import audited
from projects.choices import Currency, EventKind, Status, Verdict
from projects.models.project import Project


class SigningCeremony(models.Model):
    """An event at which several contracts are signed."""

    name = models.CharField(_("ceremony"), max_length=120)
    held_on = models.DateField(_("held on"))
    place = models.CharField(_("place"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("signing ceremony")
        verbose_name_plural = _("signing ceremonies")
        constraints = [models.UniqueConstraint(fields=["name", "held_on"], name="one_ceremony_a_day")]

    def __str__(self) -> str:
        return self.name


class ContractEventQuerySet(models.QuerySet["ContractEvent"]):
    # Access

    def visible_to(self, user: User) -> "ContractEventQuerySet":
        return self.readable_by(user).filter(project__in=Project.objects.visible_to(user))

    def readable_by(self, user: User) -> "ContractEventQuerySet":
        """Of projects that a person may open: statistics is shown what is verified, nothing else."""
        return self.verified() if user.role == Role.STATISTICS else self

    # State

    def verified(self) -> "ContractEventQuerySet":
        return self.filter(verdict__verdict=Verdict.VERIFIED)

    def waiting(self) -> "ContractEventQuerySet":
        """Entered, and neither verified nor returned."""
        return self.filter(verdict__isnull=True)

    def waiting_for(self, user: User) -> "ContractEventQuerySet":
        """Those this person may verify: not what they entered themselves."""
        if not user.has_perm("projects.verify_signing"):
            return self.none()
        return self.visible_to(user).waiting().exclude(recorded_by=user)

    def returned_to(self, user: User) -> "ContractEventQuerySet":
        """Returned to whoever entered them, and not entered anew since."""
        anew = ContractEvent.objects.filter(
            project=models.OuterRef("project"), kind=models.OuterRef("kind"), pk__gt=models.OuterRef("pk")
        )
        mine = self.filter(verdict__verdict=Verdict.RETURNED, recorded_by=user)
        return mine.filter(~models.Exists(anew), project__status__in=(Status.ACTIVE, Status.PAUSED))


@audited(append_only=True)
class ContractEvent(models.Model):
    """One thing that happened to a project's contract; a mistake is set right by another event.

    `amount` is in 万元 and signed: what it adds to contracted investment once verified. The
    original currency, its amount (in 万 of that currency), the rate and the rate's day are kept.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="contract_events")
    kind = models.CharField(_("kind"), max_length=14, choices=EventKind)
    amount = models.DecimalField(_("amount (10,000 yuan)"), max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.CNY)
    original_amount = models.DecimalField(
        _("amount in that currency (10,000)"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    rate = models.DecimalField(_("rate"), max_digits=12, decimal_places=6, null=True, blank=True)
    rate_on = models.DateField(_("rate of"), null=True, blank=True)
    signed_on = models.DateField(_("signed on"))
    effective_on = models.DateField(_("effective on"), null=True, blank=True)
    ceremony = models.ForeignKey(
        SigningCeremony,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("ceremony"),
    )
    corrects = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="corrections",
        verbose_name=_("corrects"),
    )
    exclusion_reason = models.CharField(_("not counted because"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    evidence = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # The day it became known to the office; `recorded_at` is when the row was written.
    recorded_on = models.DateField(_("recorded on"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)
    # Where an imported event came from: file, sheet, row.
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects = ContractEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract event")
        verbose_name_plural = _("contract events")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=EventKind.WITH_AMOUNT) | Q(amount=0),
                name="contract_event_without_amount",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=(EventKind.SIGNED, EventKind.ADD_ON)) | Q(amount__gt=0),
                name="contract_event_adds",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=(EventKind.REDUCED, EventKind.VOIDED)) | Q(amount__lte=0),
                name="contract_event_takes_back",
            ),
        ]
        indexes = [
            models.Index(fields=["signed_on", "kind"], name="contract_event_by_month"),
            # few correct another or have a file
            models.Index(
                fields=["corrects"], name="contract_event_corrects", condition=Q(corrects__isnull=False)
            ),
            models.Index(
                fields=["evidence"], name="contract_event_evidence", condition=Q(evidence__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind} {self.amount}"


@audited(append_only=True)
class ContractVerdict(models.Model):
    """The bureau's word on an entered event: verified, it counts; returned, it never will. Append-only."""

    event = models.OneToOneField(ContractEvent, models.PROTECT, related_name="verdict")
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("verdict")
        verbose_name_plural = _("verdicts")
        indexes = [models.Index(fields=["verdict", "on"], name="verdict_by_day")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.verdict}"
