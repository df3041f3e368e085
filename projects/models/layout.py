"""How somebody else wants the projects told: their form's heads, columns and units, as rows."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class FormLayout(models.Model):
    """A form of the autonomous region, of development and reform, of statistics: the project list is
    given out in its columns. The text says which (see `projects.layouts`)."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    text = models.TextField(_("layout"), max_length=20_000)
    is_example = models.BooleanField(_("is an example"), default=False)
    is_active = models.BooleanField(_("offered"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    entered_at = models.DateTimeField(_("entered at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("layout of a form")
        verbose_name_plural = _("layouts of forms")

    def __str__(self) -> str:
        return self.name
