"""The approval process list: catalogue, items of a project, and what happened to them."""

import datetime
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import SEES_ALL_PROJECTS, Role
from approvals.choices import Clock, Fact, ItemEventKind, ItemState, Phase
from core.models import CalendarNotice
from core.trail import audited
from projects.models import Project


class ItemTemplateQuerySet(models.QuerySet["ItemTemplate"]):
    def in_force(self, on: datetime.date) -> "ItemTemplateQuerySet":
        """What the catalogue offers on a day."""
        ended = Q(in_force_until__isnull=False, in_force_until__lt=on)
        return self.filter(in_force_from__lte=on).exclude(ended)

    def in_order(self) -> "ItemTemplateQuerySet":
        return self.order_by("phase", "order", "pk")


class ItemTemplate(models.Model):
    """One item of the catalogue. Its limits, and which projects need it, are rows with their own days."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("item"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    phase = models.PositiveSmallIntegerField(_("phase"), choices=Phase)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    department = models.ForeignKey(
        Agency, models.PROTECT, related_name="item_templates", verbose_name=_("department")
    )
    prerequisites = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="opens", verbose_name=_("needs first")
    )
    parallel_group = models.CharField(_("parallel group"), max_length=20, blank=True)
    # Whose days they are while the item is being handled: drawings are reviewed by an intermediary,
    # environmental acceptance is the enterprise's own work.
    clock = models.CharField(
        _("handled on the clock of"), max_length=12, choices=Clock, default=Clock.GOVERNMENT
    )
    clock_stops = models.CharField(_("what stops the clock"), max_length=100, blank=True)
    in_force_from = models.DateField(_("in force from"))
    in_force_until = models.DateField(
        _("in force until"), null=True, blank=True, help_text=_("Its last day; empty while it goes on.")
    )

    objects = ItemTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("catalogue item")
        verbose_name_plural = _("catalogue items")
        constraints = [
            models.CheckConstraint(
                condition=Q(in_force_until__isnull=True) | Q(in_force_until__gte=models.F("in_force_from")),
                name="item_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return self.name_en if self.name_en and (get_language() or "").startswith("en") else self.name


class ItemLimitQuerySet(models.QuerySet["ItemLimit"]):
    def of_day(self, on: datetime.date, templates: Iterable[int] | None = None) -> dict[int, "ItemLimit"]:
        """The limits in force on a day, by key of the catalogue item; one query."""
        rows = self.filter(effective_from__lte=on).order_by("effective_from")
        if templates is not None:
            rows = rows.filter(template__in=list(templates))
        return {row.template_id: row for row in rows}


class ItemLimit(models.Model):
    """The limits of a catalogue item from a day on, in working days; 0 promised means on the spot.

    The newest row in force on the day an item is opened is the item's limit. A change is a new row:
    what is running keeps the row it was opened with until somebody applies the new one to it.
    """

    template = models.ForeignKey(ItemTemplate, models.PROTECT, related_name="limits", verbose_name=_("item"))
    effective_from = models.DateField(_("in force from"))
    statutory_days = models.PositiveSmallIntegerField(
        _("statutory limit (working days)"), null=True, blank=True
    )
    promised_days = models.PositiveSmallIntegerField(
        _("promised limit (working days)"), null=True, blank=True
    )
    is_verified = models.BooleanField(_("checked against the decree"), default=False)
    source = models.CharField(_("source"), max_length=200, blank=True)

    objects = ItemLimitQuerySet.as_manager()

    class Meta:
        verbose_name = _("limits of an item")
        verbose_name_plural = _("limits of items")
        constraints = [
            models.UniqueConstraint(fields=["template", "effective_from"], name="one_limit_a_day"),
            models.CheckConstraint(
                condition=Q(promised_days__isnull=True)
                | Q(statutory_days__isnull=True)
                | Q(promised_days__lte=models.F("statutory_days")),
                name="limit_promise_within_statute",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.effective_from:%Y-%m-%d}"

    def clean(self) -> None:
        """Limits that items go by are never edited; a promise is never longer than the law allows."""
        before = ItemLimit.objects.filter(pk=self.pk).first() if self.pk else None
        if before and self.is_in_use and any(getattr(before, n) != getattr(self, n) for n in LIMIT_FIELDS):
            raise ValidationError(
                _(
                    "Items go by these limits: they are not edited any more. Leave the row as it was and "
                    "enter the change as a new row with its own day."
                )
            )
        promised, statutory = self.promised_days, self.statutory_days
        if promised is not None and statutory is not None and promised > statutory:
            raise ValidationError({"promised_days": _("The promise is longer than the statutory limit.")})

    @property
    def is_in_use(self) -> bool:
        """Whether an item was opened with it, or had it applied."""
        of_events = ItemEvent.objects.filter(limit=self)
        return Item.objects.filter(limit=self).exists() or of_events.exists()


LIMIT_FIELDS = ("effective_from", "statutory_days", "promised_days", "is_verified", "source")


class ItemRule(models.Model):
    """When a catalogue item is needed: the project's answer to `fact` is one of `answers`.

    An item is needed when every one of its rules in force holds; one without rules is always needed.
    """

    template = models.ForeignKey(ItemTemplate, models.CASCADE, related_name="rules", verbose_name=_("item"))
    fact = models.CharField(_("asks for"), max_length=16, choices=Fact)
    answers = models.JSONField(_("needed if the answer is"), default=list)
    effective_from = models.DateField(_("in force from"))
    effective_until = models.DateField(_("in force until"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule of an item")
        verbose_name_plural = _("rules of items")
        constraints = [
            models.UniqueConstraint(fields=["template", "fact", "effective_from"], name="one_item_rule_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.fact}"


class ProjectFacts(models.Model):
    """What a project is, as far as the choice of its items asks (see choices.Fact).

    An answer that nobody has given yet is missing from `answers`; the usual one is assumed and said
    to be assumed. Energy use decides by its numbers.
    """

    project = models.OneToOneField(Project, models.CASCADE, related_name="facts")
    answers = models.JSONField(_("answers"), default=dict)
    energy_tce = models.DecimalField(
        _("energy use (tonnes of standard coal a year)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
    )
    power_wan_kwh = models.DecimalField(
        _("electricity (10,000 kWh a year)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("facts of a project")
        verbose_name_plural = _("facts of projects")

    def __str__(self) -> str:
        return f"{self.project_id}"


class ItemQuerySet(models.QuerySet["Item"]):
    # Access

    def visible_to(self, user: User) -> "ItemQuerySet":
        """Items of the projects a person may open; a line department sees those addressed to it."""
        if not user.is_authenticated or not user.has_perm("approvals.view_item"):
            return self.none()
        if user.role == Role.DEPARTMENT:
            return self.filter(template__department=user.agency_id)
        if user.role in SEES_ALL_PROJECTS:
            return self
        return self.filter(project__in=Project.objects.visible_to(user).values("pk"))

    # State

    def under_way(self) -> "ItemQuerySet":
        return self.filter(state__in=ItemState.UNDER_WAY)

    def open(self) -> "ItemQuerySet":
        return self.exclude(state__in=ItemState.CLOSED)

    def waiting_for(self, user: User, *, until: datetime.date) -> "ItemQuerySet":
        """Those under way that this person handles and that fall due by a day."""
        if not user.has_perm("approvals.log_item_event"):
            return self.none()
        due = Q(promise_due__lte=until) | Q(promise_due__isnull=True, statute_due__lte=until)
        return self.visible_to(user).under_way().filter(due)

    # Performance

    def for_list(self) -> "ItemQuerySet":
        """With what a row shows; the shares decide who may read a confidential project's name."""
        return self.select_related(
            "project__task_force", "project__reporting_unit", "project__enterprise", "template__department"
        ).prefetch_related("project__shares")


class Item(models.Model):
    """One catalogue item opened for one project.

    Its limits are those of the day it was opened. State, days and due dates are derived from its
    events by `approvals.clocks` and kept here so that lists can ask; the events are the truth.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="items")
    template = models.ForeignKey(ItemTemplate, models.PROTECT, related_name="items")
    opened_on = models.DateField(_("opened on"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    statutory_days = models.PositiveSmallIntegerField(
        _("statutory limit (working days)"), null=True, blank=True
    )
    promised_days = models.PositiveSmallIntegerField(
        _("promised limit (working days)"), null=True, blank=True
    )

    # The row of the catalogue that its limits come from; a later one only if somebody applied it.
    limit = models.ForeignKey(
        ItemLimit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("limits from")
    )
    # Why it was opened: the project's answers of that day, by fact.
    opened_because = models.JSONField(_("opened because"), default=dict)

    state = models.CharField(_("state"), max_length=16, choices=ItemState, default=ItemState.WAITING)
    submitted_on = models.DateField(_("submitted on"), null=True, blank=True)
    accepted_on = models.DateField(_("accepted on"), null=True, blank=True)
    # Working days counted before `running_since`; while the clock runs, those since then are added.
    counted_days = models.PositiveSmallIntegerField(_("working days counted"), default=0)
    running_since = models.DateField(_("clock runs since"), null=True, blank=True)
    paused_since = models.DateField(_("clock stopped since"), null=True, blank=True)
    # How long the applicant was told the present stop lasts; a longer one is a stall of its own.
    announced_days = models.PositiveSmallIntegerField(
        _("announced length (working days)"), null=True, blank=True
    )
    announced_until = models.DateField(_("stop announced until"), null=True, blank=True)
    closed_on = models.DateField(_("decided on"), null=True, blank=True)
    last_event_on = models.DateField(_("last event on"), null=True, blank=True)
    # While the clock is stopped a due date that has not passed is empty: it is known again when it runs on.
    promise_due = models.DateField(_("promised by"), null=True, blank=True)
    statute_due = models.DateField(_("due by statute"), null=True, blank=True)
    certificate_no = models.CharField(_("certificate"), max_length=80, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [models.UniqueConstraint(fields=["project", "template"], name="item_opened_once")]
        indexes = [
            # the nightly search for stalls
            models.Index(fields=["state", "promise_due"], name="item_by_due_day"),
            models.Index(fields=["state", "last_event_on"], name="item_by_last_event"),
            # the board's decided items, the latest first
            models.Index(fields=["-closed_on", "-id"], name="item_by_decision"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.template}"


@audited(append_only=True)
class ItemEvent(models.Model):
    """What happened to an item. Append-only; the order of entry does not matter, the days do."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="events")
    kind = models.CharField(_("what happened"), max_length=20, choices=ItemEventKind)
    on = models.DateField(_("on"))
    declared_days = models.PositiveSmallIntegerField(
        _("announced length (working days)"), null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    certificate_no = models.CharField(_("certificate"), max_length=80, blank=True)
    # A wrong entry is struck out by another one and stays readable.
    strikes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="struck_by", verbose_name=_("strikes out")
    )
    # The limits that hold from then on, of an event that applies new ones.
    limit = models.ForeignKey(
        ItemLimit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("new limits")
    )
    # Taken from a workbook: file, sheet, row.
    source = models.CharField(_("source"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("item event")
        verbose_name_plural = _("item events")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=ItemEventKind.STRUCK, strikes__isnull=False)
                | (~Q(kind=ItemEventKind.STRUCK) & Q(strikes__isnull=True)),
                name="struck_entry_names_another",
            )
        ]
        indexes = [models.Index(fields=["item", "on"], name="item_events_by_day")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.kind} {self.on:%Y-%m-%d}"


class DueDayMoveQuerySet(models.QuerySet["DueDayMove"]):
    def visible_to(self, user: User) -> "DueDayMoveQuerySet":
        """Moves of the items a person may open."""
        if user.role in SEES_ALL_PROJECTS and user.has_perm("approvals.view_item"):
            return self
        return self.filter(item__in=Item.objects.visible_to(user).values("pk"))

    def for_list(self) -> "DueDayMoveQuerySet":
        return self.select_related(
            "notice",
            "item__template__department",
            *(f"item__project__{name}" for name in ("task_force", "reporting_unit", "enterprise")),
        ).prefetch_related("item__project__shares")


@audited(append_only=True)
class DueDayMove(models.Model):
    """A running item's due day moved because the calendar became known or was corrected. Append-only.

    An empty day is one that was or has become unknown: the clock stands still.
    """

    notice = models.ForeignKey(
        CalendarNotice, models.PROTECT, null=True, related_name="moved", verbose_name=_("notice")
    )
    item = models.ForeignKey(Item, models.PROTECT, related_name="due_day_moves")
    promise_before = models.DateField(_("promised by, before"), null=True)
    promise_after = models.DateField(_("promised by, after"), null=True)
    statute_before = models.DateField(_("due by statute, before"), null=True)
    statute_after = models.DateField(_("due by statute, after"), null=True)
    on = models.DateField(_("on"))
    # What was entered in the calendar, where it was no notice of a whole year.
    because = models.CharField(_("because of"), max_length=200, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = DueDayMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("moved due day")
        verbose_name_plural = _("moved due days")
        indexes = [models.Index(fields=["-recorded_at", "-id"], name="moves_by_moment")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.on:%Y-%m-%d}"
