"""What a closed month said, kept for good; and the documents that say where it was wrong."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from briefings.choices import Span
from briefings.models.period import Period
from core.trail import audited


class ClosedIndicatorQuerySet(models.QuerySet["ClosedIndicator"]):
    # Performance

    def for_list(self) -> "ClosedIndicatorQuerySet":
        """Without the rows that were counted, which are many."""
        return self.defer("year_rows", "month_rows")


# Written once, by `periods.close`: the month itself says by whom, the trail need not say it of each.
@audited(append_only=True, kept=False)
class ClosedIndicator(models.Model):
    """One indicator as it stood when a month was closed: its words, and every row that it counted.

    The rows are those of the whole city, kept once for all scopes: each says whose it was and what it
    added (see `figures.Part`, whose fields they hold in their order). Append-only.
    """

    period = models.ForeignKey(Period, models.PROTECT, related_name="indicators")
    code = models.CharField(_("indicator"), max_length=60)
    order = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    formula = models.TextField(_("formula in words"), max_length=2000)
    formula_en = models.TextField(_("formula in English"), max_length=2000)
    unit = models.CharField(_("unit"), max_length=10)
    # The label of the counting rules that held, such as "2025-01 v1".
    rules = models.CharField(_("counting rules"), max_length=60, blank=True)
    year_rows = models.JSONField(_("rows from January"), default=list)
    month_rows = models.JSONField(_("rows of the month"), default=list)

    objects = ClosedIndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("closed indicator")
        verbose_name_plural = _("closed indicators")
        constraints = [
            models.UniqueConstraint(fields=["period", "code"], name="one_closed_indicator_a_month")
        ]

    def __str__(self) -> str:
        english = (get_language() or "").startswith("en")
        return self.name_en if english else self.name

    def rows(self, span: str) -> list[list[Any]]:
        found: list[list[Any]] = self.year_rows if span == Span.YEAR else self.month_rows
        return found


@audited(append_only=True, kept=False)
class ClosedFigure(models.Model):
    """A figure of a closed month for one scope, from January or of the month alone. Append-only."""

    indicator = models.ForeignKey(ClosedIndicator, models.PROTECT, related_name="figures")
    # "city", "force:steel", "unit:450202", as briefings are called.
    scope_key = models.CharField(_("about"), max_length=40)
    span = models.CharField(_("span"), max_length=5, choices=Span)
    # Six places hold cents by hundredths of a percent, unrounded.
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=6, null=True)
    base = models.DecimalField(_("same period last year"), max_digits=20, decimal_places=6, null=True)

    class Meta:
        verbose_name = _("closed figure")
        verbose_name_plural = _("closed figures")
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "scope_key", "span"], name="one_closed_figure_a_scope_and_span"
            )
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.scope_key} {self.span}"


@audited(append_only=True)
class CorrectionDocument(models.Model):
    """The bureau's word that published figures of a closed month were wrong: which, why, and how they
    should have read. The published figures stay as they are. Append-only."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="corrections")
    number = models.CharField(_("document number"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=200)
    reason = models.TextField(_("reason"), max_length=2000)
    on = models.DateField(_("issued on"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("issued by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    class Meta:
        verbose_name = _("correction document")
        verbose_name_plural = _("correction documents")
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_correction_says_why"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("briefings:correction", args=[self.pk])


@audited(append_only=True)
class CorrectedFigure(models.Model):
    """One published figure in a correction document, beside what it should have read. Append-only."""

    document = models.ForeignKey(CorrectionDocument, models.PROTECT, related_name="figures")
    figure = models.ForeignKey(ClosedFigure, models.PROTECT, related_name="corrections")
    published = models.DecimalField(_("published"), max_digits=20, decimal_places=6, null=True)
    corrected = models.DecimalField(_("corrected"), max_digits=20, decimal_places=6, null=True)

    class Meta:
        verbose_name = _("corrected figure")
        verbose_name_plural = _("corrected figures")
        constraints = [
            models.UniqueConstraint(fields=["document", "figure"], name="a_figure_once_in_a_document")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.figure_id}"
