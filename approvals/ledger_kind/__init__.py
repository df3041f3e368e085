"""The approval bureau's kinds of ledger: services, issues, and what happened to approval items.

Each is a declaration; what stands in its cells is read by `ledgers`, what becomes of its rows is decided
by the verbs of this app.
"""

from approvals.ledger_kind import issues, item_events, services
from ledgers.declaring import register


def declare() -> None:
    """Called when the program starts."""
    for kind in (services.KIND, issues.KIND, item_events.KIND):
        register(kind)
