"""What can be said of a ledger, of one of its rows and of one of its cells."""

from enum import nonmember

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(models.TextChoices):
    """How far a cell can be trusted."""

    SURE = "sure", pgettext_lazy("a cell", "Sure")
    ASSUMED = "assumed", pgettext_lazy("a cell", "Assumed")  # read with a reason that a person may doubt
    ASKED = "asked", pgettext_lazy("a cell", "Asked")  # only a person can say
    REFUSED = "refused", pgettext_lazy("a cell", "Refused")  # nobody could make sense of it

    UNSETTLED = nonmember(("asked", "refused"))


class Verdict(models.TextChoices):
    """What a row is beside the books."""

    NEW = "new", pgettext_lazy("a row", "New")
    SAME = "same", pgettext_lazy("a row", "Same")
    CHANGED = "changed", pgettext_lazy("a row", "Changed")
    LOOKALIKE = "lookalike", pgettext_lazy("a row", "Look-alike")
    REFUSED = "refused", pgettext_lazy("a row", "Refused")


class LedgerState(models.TextChoices):
    """How far a handed-in ledger is."""

    READING = "reading", pgettext_lazy("a ledger", "Being read")
    REHEARSED = "rehearsed", pgettext_lazy("a ledger", "Rehearsed")
    COMMITTING = "committing", pgettext_lazy("a ledger", "Being committed")
    COMMITTED = "committed", pgettext_lazy("a ledger", "Committed")
    UNDONE = "undone", pgettext_lazy("a ledger", "Undone")
    CANCELLED = "cancelled", pgettext_lazy("a ledger", "Cancelled")
    UNREADABLE = "unreadable", pgettext_lazy("a ledger", "Not readable")


class Decision(models.TextChoices):
    """What a person said of a look-alike or a changed row."""

    NONE = "", pgettext_lazy("a row", "Not decided")
    NEW = "new", pgettext_lazy("a row", "It is a new one")
    SAME = "same", pgettext_lazy("a row", "It is the one in the books")
    LEAVE = "leave", pgettext_lazy("a row", "Leave it out")


class QuestionKind(models.TextChoices):
    """What is asked once for all like cells."""

    COLUMN = "column", _("What a column holds")  # raw: its head; meaning: a field's name, or "" for none
    MONEY_UNIT = "money_unit", _("Unit of money")  # raw: sheet and head; meaning: "wan" | "yi" | "yuan"
    VALUE = "value", _("What a word means")  # field + raw: the cell; meaning: the value
