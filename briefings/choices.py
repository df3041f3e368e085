"""Scopes, states and reviews of the monthly briefing; the settings of the counting rules."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ScopeKind(models.TextChoices):
    CITY = "city", _("City")
    TASK_FORCE = "task_force", _("Task force")
    UNIT = "unit", _("Reporting unit")


class Span(models.TextChoices):
    """What a figure of a briefing covers: the year so far, the usual reading, or the month alone."""

    YEAR = "year", _("From January")
    MONTH = "month", _("The month alone")


class BriefingState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    REVIEWED = "reviewed", pgettext_lazy("state of a briefing", "Reviewed")
    RETURNED = "returned", _("Returned")
    SIGNED_OFF = "signed_off", _("Signed off")
    PUBLISHED = "published", _("Published")

    OPEN = nonmember(("draft", "reviewed", "returned", "signed_off"))
    UNCONFIRMED = nonmember(("draft", "returned"))


class ReviewKind(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed")
    LAPSED = "lapsed", _("Confirmed by the bureau")
    DISPUTED = "disputed", _("Figure disputed")
    ANSWERED = "answered", _("Dispute answered")
    RETURNED = "returned", _("Returned")
    SIGNED_OFF = "signed_off", _("Signed off")
    PUBLISHED = "published", _("Published")
    REDRAFTED = "redrafted", _("Drafted again")
    REMARKED = "remarked", _("Own words changed")

    # What makes a draft reviewed: its own people's word, or the bureau's after the window has passed.
    CONFIRMING = nonmember(("confirmed", "lapsed"))


# --- Settings of the counting rules (`CountingRule`) ----------------------------------------------


class CountedBy(models.TextChoices):
    """Which day gives a contract event its month."""

    SIGNING = "signing", _("By the day of signing")
    VERIFICATION = "verification", _("By the day of verification")


class Voids(models.TextChoices):
    """What a void of a contract does to the figures."""

    DEDUCT = "deduct", _("Deduct in the month of the void")
    RESTATE = "restate", _("Restate the month of signing")
    IGNORE = "ignore", _("Leave the figures as they are")


class Shares(models.TextChoices):
    """Whose a project of several units is."""

    BY_SHARE = "by_share", _("Each unit its share")
    LEAD_UNIT = "lead_unit", _("The whole to the reporting unit")


class LeftOut(models.TextChoices):
    """Why a contract event of the months asked for is not in a figure: the first that applies, in the
    order in which somebody would ask."""

    NOT_KNOWN = "not_known", _("Entered only after that day")
    WAITING = "waiting", _("Not verified yet")
    RETURNED = "returned", _("Returned by the bureau")
    FRAMEWORK = "framework", _("A framework agreement counts nothing")
    NO_AMOUNT = "no_amount", _("Has no amount: extended, party changed")
    EXCLUDED = "excluded", _("Excluded with a reason")
    OTHER_KIND = "other_kind", _("Another kind of event than this figure counts")
    SECOND = "second", _("A second signing of the same contract")
    OTHER_UNIT = "other_unit", _("Belongs to another unit by its shares")
    NOT_INDUSTRIAL = "not_industrial", _("No industrial project")
    VOID_IGNORED = "void_ignored", _("By these rules a void changes nothing")
    OTHER_MONTH = "other_month", _("Counts in another month")
    VOIDED = "voided", _("The project was voided")
    BELOW = "below", _("Below the threshold")
    NOT_YET = "not_yet", _("Not reached by the last day")
    NOTHING = "nothing", _("Changes nothing in this figure")
