"""What the office's documents carry around their text, since which day; and the bulletins' numbers."""

import datetime

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.text import validate_name
from core.trail import audited

_written = [validate_name]
_chinese = RegexValidator(r"^[\u4e00-\u9fff]{2,16}$", _("Only Chinese characters, like 柳招商."))


NAMES = (
    "organ",
    "mark",
    "bulletin",
    "number_word",
    "addressees",
    "addressees_of_force",
    "addressees_of_unit",
    "copies_to",
    "signer",
)


class StationeryQuerySet(models.QuerySet["Stationery"]):
    def on(self, day: datetime.date) -> "Stationery":
        """The names in use on a day; where nobody has entered any, those that the program comes with."""
        return self.filter(since__lte=day).order_by("-since").first() or Stationery(since=day)


class Stationery(models.Model):
    """The names on the bureau's documents from a day on: marks, addressees, who signs, who gets copies.

    A briefing keeps those of the day it was drafted for. In the addressees of task forces and units
    {name} stands for the task force or unit, {office} for 人民政府 or 管委会.
    """

    since = models.DateField(_("in use since"), unique=True)
    organ = models.CharField(
        _("issuing organ"), max_length=40, default="柳州市投资促进局", validators=_written
    )
    mark = models.CharField(
        _("red mark of a document"), max_length=40, default="柳州市投资促进局文件", validators=_written
    )
    bulletin = models.CharField(
        _("red title of the bulletin"), max_length=20, default="招商引资工作简报", validators=_written
    )
    number_word = models.CharField(
        _("word of the document number"), max_length=16, default="柳招商", validators=[_chinese]
    )
    addressees = models.CharField(
        _("addressees of the city's briefing"),
        max_length=200,
        default="各县、区人民政府，各新区管委会，各产业专班",
        validators=_written,
    )
    addressees_of_force = models.CharField(
        _("addressees of a task force's briefing"),
        max_length=200,
        default="{name}各成员单位",
        validators=_written,
    )
    addressees_of_unit = models.CharField(
        _("addressees of a unit's briefing"),
        max_length=200,
        default="{name}{office}",
        validators=_written,
    )
    copies_to = models.CharField(_("copies to"), max_length=200, blank=True, validators=_written)
    signer = models.CharField(_("signed by"), max_length=20, blank=True, validators=_written)

    objects = StationeryQuerySet.as_manager()

    class Meta:
        verbose_name = _("names on documents")
        verbose_name_plural = _("names on documents")

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} {self.organ}"

    @property
    def names(self) -> dict[str, str]:
        """As plain data, the way a briefing keeps them."""
        return {field: getattr(self, field) for field in NAMES}


@audited(append_only=True)
class Bulletin(models.Model):
    """A briefing issued as a bulletin 工作简报: the how-many-eth of its year. Append-only."""

    briefing = models.OneToOneField("briefings.Briefing", models.PROTECT, related_name="bulletin")
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveSmallIntegerField(_("issue number"))
    issued_on = models.DateField(_("issued on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("bulletin")
        verbose_name_plural = _("bulletins")
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="one_bulletin_a_year_and_number"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="bulletins_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"
