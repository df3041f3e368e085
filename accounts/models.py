"""The people at the keyboard and the agencies they sit in."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken
from knox.settings import CONSTANTS

from accounts.roles import ADMINS, Role, permissions_of
from core.naming import Bilingual
from core.trail import audited


class AgencyKind(models.TextChoices):
    BUREAU = "bureau", _("Investment promotion bureau")
    APPROVAL = "approval", _("Approval bureau")
    DEPARTMENT = "department", _("Line department")
    UTILITY = "utility", _("Utility company")
    FORCE = "force", _("Task-force office")
    UNIT = "unit", _("County or new-district office")
    CITY = "city", _("City government")


class Agency(Bilingual):
    """An office that people belong to and that items and issues are addressed to."""

    code = models.SlugField(_("code"), unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=AgencyKind)

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Django's own command makes a system administrator: nobody may do everything."""
        return self.create_user(username, password, **{**fields, "role": Role.SYSTEM_ADMIN})

    def system(self) -> "User":
        """The account in whose name the night works; nobody can sign in with it."""
        user, _made = self.get_or_create(
            username="system", defaults={"name": "系统", "is_active": False, "password": "!"}
        )
        return user


class MailChoice(models.TextChoices):
    """Which mails a person wants. What is said in the program is said to everyone."""

    AT_ONCE = "at_once", _("Urgent matters at once, and the morning's list")
    DIGEST = "digest", _("Only the morning's list")
    NONE = "none", _("No mails")


@audited(masked=["password"], ignored=["last_login"])
class User(AbstractBaseUser):  # type: ignore[django-manager-missing]  # knox comes without types
    username = models.CharField(
        _("user name"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    name = models.CharField(_("person's name"), max_length=60)
    role = models.CharField(_("role"), max_length=16, choices=Role, blank=True)
    agency = models.ForeignKey(
        Agency, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("agency")
    )
    post = models.CharField(_("post"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    mails = models.CharField(_("mails"), max_length=8, choices=MailChoice, default=MailChoice.AT_ONCE)
    # Pages remember their language in the browser; a mail is written without one.
    mail_language = models.CharField(
        _("language of mails"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    joined_at = models.DateTimeField(_("since"), default=timezone.now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    # Django's admin and libraries ask; the answer is always no: rights come from the role alone.
    is_superuser = False

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new password ends what was let in by the old one: the tokens of programs too."""
        is_changed = self.pk is not None and getattr(self, "_password", None) is not None
        super().save(*args, **kwargs)
        if is_changed:
            self.auth_token_set.all().delete()

    @property
    def is_staff(self) -> bool:
        return self.role in ADMINS

    @property
    def is_system(self) -> bool:
        return self.username == "system"

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and perm in permissions_of(self.role)

    def has_perms(self, perms: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and any(p.startswith(f"{app_label}.") for p in permissions_of(self.role))

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


@audited(masked=["digest", "token_key"])
class ApiToken(AbstractAuthToken):
    """What a program signs in with, in the name of a person. Only its digest is kept."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=CONSTANTS.DIGEST_LENGTH, unique=True)
    name = models.CharField(_("what it is for"), max_length=60)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name


@audited(kept=False)
class Notification(models.Model):
    """A message in the program to one person; told once per `key`, however often it is raised."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    key = models.CharField(_("key"), max_length=120)
    kind = models.CharField(_("kind"), max_length=40)
    facts = models.JSONField(_("facts"), default=dict)
    url = models.CharField(_("page"), max_length=300, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    # Some notices go out by mail too; they are sent once.
    by_mail = models.BooleanField(_("by mail too"), default=False)
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    # When to try (again); empty where there is nothing to send any more.
    mail_due_at = models.DateTimeField(_("to be mailed from"), null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(_("attempts to mail"), default=0)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_told_once")]
        indexes = [
            models.Index(fields=["user", "read_at"], name="notices_of_a_person"),
            # read every minute by accounts.mailing
            models.Index(
                fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="notices_to_mail"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.user_id}"
