"""The fixed words of the field."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """The seven batches 七个一批, in their order (Rong'an County 投资促进中心, 2025-07-11)."""

    PREPARATION = "preparation", _("Preparation")
    NEGOTIATION = "negotiation", _("Negotiation")
    SIGNING = "signing", _("Signing")
    COMMENCEMENT = "commencement", _("Commencement")
    CONSTRUCTION = "construction", _("Construction")
    PRODUCTION = "production", _("Production")
    FULL_CAPACITY = "full_capacity", _("Full capacity")

    BEFORE_SIGNING = nonmember(("preparation", "negotiation"))
    FROM_SIGNING = nonmember(("signing", "commencement", "construction", "production", "full_capacity"))
    # They tell every month how far they are.
    REPORTING = nonmember(("signing", "commencement", "construction"))

    @property
    def rank(self) -> int:
        """1 for preparation to 7 for full capacity."""
        return list(Stage).index(self) + 1


class Status(models.TextChoices):
    """A project's health, apart from its batch."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class PlanState(models.TextChoices):
    """How far a year's list is."""

    PROPOSED = "proposed", _("Proposed")
    IN_FORCE = "in_force", _("In force")
    FROZEN = "frozen", _("Frozen")


class Confidentiality(models.TextChoices):
    OPEN = "open", _("Public")
    INTERNAL = "internal", _("Internal")
    CONFIDENTIAL = "confidential", _("Confidential while negotiating")


class EventKind(models.TextChoices):
    """Kinds of contract event. What each does to contracted investment stands beside it."""

    FRAMEWORK = "framework", _("Framework agreement")  # counts nothing
    SIGNED = "signed", _("Contract signed")  # counts its amount, makes the project newly signed
    ADD_ON = "add_on", _("Add-on")  # counts its own amount, no new project
    REDUCED = "reduced", _("Reduced")  # a negative amount
    EXTENDED = "extended", _("Extended")  # no amount
    PARTY_CHANGED = "party_changed", _("Party changed")  # no amount
    VOIDED = "voided", _("Voided")  # takes back what was counted, in the month of the void
    CORRECTION = "correction", _("Correction")  # the difference to what should have been entered

    WITH_AMOUNT = nonmember(("signed", "add_on", "reduced", "voided", "correction"))


class Verdict(models.TextChoices):
    """What the bureau said of an entered contract event."""

    VERIFIED = "verified", _("Verified")
    RETURNED = "returned", _("Returned")


class Currency(models.TextChoices):
    CNY = "CNY", _("Renminbi")
    USD = "USD", _("US dollar")
    EUR = "EUR", _("Euro")
    HKD = "HKD", _("Hong Kong dollar")
    JPY = "JPY", _("Japanese yen")
    GBP = "GBP", _("Pound sterling")
    SGD = "SGD", _("Singapore dollar")
    KRW = "KRW", _("South Korean won")


class EvidenceKind(models.TextChoices):
    CONTRACT = "contract", _("Signed contract")
    START = "start", _("Photo or permit of the start of works")
    COMPLETION = "completion", _("Acceptance of completion or first invoice")
    CAPACITY = "capacity", _("Proof of output at design capacity")
    OTHER = "other", _("Other")


class SuspicionKind(models.TextChoices):
    """What may be water in a signing 水分."""

    REPEATED = "repeated", _("Signed again at a later ceremony")  # 一炮数响
    FRAMEWORK = "framework", _("Framework dressed as a contract")
    PHASES = "phases", _("Split or merged phases")
    VARIANTS = "variants", _("One enterprise under variant names")
    TWO_UNITS = "two_units", _("Two units claim one project")
    JUMP = "jump", _("Jump of the amount")
    NO_MOVE = "no_move", _("Contract without a move")


class SuspicionGrade(models.IntegerChoices):
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")


class SuspicionState(models.TextChoices):
    OPEN = "open", _("To be judged")
    WATCHED = "watched", _("Watched")
    CLEARED = "cleared", _("Cleared")
    EXCLUDED = "excluded", _("Excluded from counting")
    MERGED = "merged", _("The same as another one")

    JUDGED = nonmember(("cleared", "excluded", "merged"))


class SuspicionVerdictKind(models.TextChoices):
    """What somebody said of a suspicion, and with it the state it comes into."""

    CLEAR = "cleared", _("Clear: nothing is wrong")
    WATCH = "watched", _("Watch: not settled yet")
    EXCLUDE = "excluded", _("Exclude it from counting")
    MERGE = "merged", _("It is the same as another one")


class SuspicionSetting(models.TextChoices):
    """What the water detector measures against; each is a dated row (`models.SuspicionRule`)."""

    LOW = "low", _("Points from which it is raised")
    MEDIUM = "medium", _("Points from which it is medium")
    HIGH = "high", _("Points from which it is high")
    NAMES = "names", _("Names count as alike from (%)")
    AMOUNTS = "amounts", _("Amounts count as alike up to (% apart)")
    DAYS = "days", _("Signed within (days)")
    THRESHOLD = "threshold", _("Threshold (10,000 yuan)")
    NEAR = "near", _("Near the threshold up to (% away)")
    FACTOR = "factor", _("From how many times the amount")
    MONTHS = "months", _("Without a move for (months)")
