"""The fields of a ledger of projects: by which heads each is known, and what its cells mean.

Values are kept as codes (a unit's, a task force's, an EventKind, a Stage), amounts as text in 万元, days
as ISO text.
"""

from projects.ledger_fields.fields import FIELDS
from projects.ledger_fields.settling import settle
from projects.ledger_fields.words import CONTRACT_NAMES

__all__ = ["CONTRACT_NAMES", "FIELDS", "settle"]
