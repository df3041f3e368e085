"""Who invests."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from core.trail import audited

# The bureau keeps the books: it knows every enterprise and owns every project.
BUREAU = frozenset({Role.CLERK, Role.LEADER})


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    # Access

    def visible_to(self, user: User) -> "EnterpriseQuerySet":
        """The enterprises of the projects whose names a person may read; the bureau sees all."""
        projects: Any = Enterprise._meta.get_field("projects").related_model
        if user.is_authenticated and user.is_active and user.role in BUREAU:
            return self
        return self.filter(pk__in=projects.objects.known_to(user).values("enterprise"))

    # State

    def by_code(self, uscc: str) -> "EnterpriseQuerySet":
        return self.filter(uscc=uscc)


@audited(personal=["contact_name", "contact_phone"])
class Enterprise(models.Model):
    """An investor. The credit code 统一社会信用代码 (GB 32100-2015) tells two of the same name apart."""

    name = models.CharField(_("name"), max_length=200)
    # The name without region, legal form and brackets: what look-alikes are found by.
    name_key = models.CharField(max_length=200, editable=False)
    uscc = models.CharField(_("credit code"), max_length=18, unique=True, null=True, blank=True)
    origin = models.CharField(_("comes from"), max_length=60, blank=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="subsidiaries",
        verbose_name=_("parent company"),
    )
    contact_name = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = models.CharField(_("contact's telephone"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("entered at"), default=timezone.now)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        indexes = [
            # look-alikes: by the whole key, and by how it begins
            models.Index(fields=["name_key"], name="enterprise_by_key", opclasses=["varchar_pattern_ops"]),
            # few have one
            models.Index(fields=["parent"], name="enterprise_of_parent", condition=Q(parent__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name
