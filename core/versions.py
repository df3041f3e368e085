"""Of two people who take a step of the same row at once, the first wins and the second is told by whom."""

from typing import Any

from django.db.models import Manager


def swap(row: Any, *, version: int, **values: Any) -> bool:
    """Write the values if nobody has touched the row since it was read (or since `version` was shown).

    The row has a `state` and a `version`; False when it is no longer in that state or version.
    """
    seen = version or row.version
    rows = type(row).objects.filter(pk=row.pk, state=row.state, version=seen)
    if not rows.update(**values, version=seen + 1):
        return False
    for name, value in {**values, "version": seen + 1}.items():
        setattr(row, name, value)
    return True


def last_hand(events: Manager[Any]) -> str:
    """Who took the row's last step; empty when nobody has."""
    last = events.select_related("by").order_by("-recorded_at", "-pk").first()
    return last.by.name if last else ""
