"""By when a month's work is done."""

import datetime

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

WITHIN = (MinValueValidator(1), MaxValueValidator(20))


class Timetable(models.Model):
    """Working days of the next month by which a month is reported and its figures are confirmed.

    In force for the months from `effective_from` on until a later row: a new window is a new row.
    """

    effective_from = models.DateField(_("in force from"), unique=True)
    report_within = models.PositiveSmallIntegerField(
        _("reports in by working day"), default=3, validators=WITHIN
    )
    confirm_within = models.PositiveSmallIntegerField(
        _("figures confirmed by working day"), default=5, validators=WITHIN
    )

    class Meta:
        verbose_name = _("timetable of the month")
        verbose_name_plural = _("timetables of the month")
        constraints = [
            models.CheckConstraint(condition=Q(effective_from__day=1), name="timetable_begins_a_month"),
            models.CheckConstraint(
                condition=Q(report_within__gt=0, report_within__lte=F("confirm_within")),
                name="reports_come_before_confirmations",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effective_from:%Y-%m} {self.report_within}/{self.confirm_within}"

    def clean(self) -> None:
        day: datetime.date | None = self.effective_from  # nothing yet where the form had no day
        if day and day.day != 1:
            raise ValidationError({"effective_from": _("A timetable begins with the first of a month.")})
        if self.report_within > self.confirm_within:
            raise ValidationError(
                {"report_within": _("Reports come in before their figures are confirmed: no later day.")}
            )
