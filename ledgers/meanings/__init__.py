"""What a cell means: each function reads one cell at its place, and says how far to trust it.

A cell is sure only where nothing else can be meant. What was read with a reason that a person may doubt
is assumed, what only a person can say is asked, what nobody can make sense of is refused; the last three
say why in a sentence.
"""

from ledgers.meanings.amounts import amount, count, foreign_amount
from ledgers.meanings.codes import credit_code, national_code
from ledgers.meanings.days import day, planned_day
from ledgers.meanings.names import force, force_of_place, forces, investors, unit, unit_of_place, units
from ledgers.meanings.notes import progress, rate
from ledgers.meanings.saying import NOTHING, asked, assumed, cut, is_empty, plain, refused, sure, written
from ledgers.meanings.texts import phone, text, words, yes_or_no

__all__ = [
    "NOTHING",
    "amount",
    "asked",
    "assumed",
    "count",
    "credit_code",
    "cut",
    "day",
    "force",
    "force_of_place",
    "forces",
    "foreign_amount",
    "investors",
    "is_empty",
    "national_code",
    "phone",
    "plain",
    "planned_day",
    "progress",
    "rate",
    "refused",
    "sure",
    "text",
    "unit",
    "unit_of_place",
    "units",
    "words",
    "written",
    "yes_or_no",
]
