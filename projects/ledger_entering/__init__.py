"""Writing the rows of a ledger of projects to the books: new ones as sets, changes by the verbs.

A signing that a ledger brings is entered like one by hand: the bureau verifies it, until then it counts
nothing. What stands in a contract is never overwritten: while nobody has verified it, it is withdrawn and
entered rightly; afterwards the difference is a correction that the bureau verifies.
"""

from projects.ledger_entering.entering import enter

__all__ = ["enter"]
