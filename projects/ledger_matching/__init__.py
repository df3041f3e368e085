"""What a row of a ledger of projects is beside the books: new, the same, changed, or like something.

Rows come in blocks. For a block the database is asked a fixed number of questions by keys (credit code,
name of the enterprise, name of the project, national code, the last ledger's row); names are compared
letter by letter only among the few that share a key. The books are those that the person who hands the
ledger in may read: another county's talks must not be found out by sending a list of names. For the
same reason no sentence here tells anything of a project but that it is alike.
"""

from projects.ledger_matching.books import ATTRIBUTES, BUREAU_ONLY, OF_ENTERPRISE, Booked, booked
from projects.ledger_matching.differences import event_of, plain
from projects.ledger_matching.matching import match
from projects.ledger_matching.names import base_name
from projects.ledger_matching.told import Reader, Told

__all__ = [
    "ATTRIBUTES",
    "BUREAU_ONLY",
    "OF_ENTERPRISE",
    "Booked",
    "Reader",
    "Told",
    "base_name",
    "booked",
    "event_of",
    "match",
    "plain",
]
