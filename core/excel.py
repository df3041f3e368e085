"""The lists of the common tools as files."""

from operator import attrgetter

from django.utils.translation import gettext_lazy as _

from core.audit import Entry
from core.exporting import Column, Kind, Sheet


def _changes(entry: Entry) -> str:
    if entry.verb == "update":
        return "\n".join(f"{one.label}：{one.old} → {one.new}" for one in entry.changes)
    return "\n".join(
        f"{one.label}：{one.new if entry.verb == 'insert' else one.old}" for one in entry.changes
    )


TRAIL = Sheet(
    _("Audit trail"),
    (
        Column(_("Time"), attrgetter("at"), Kind.MOMENT, 18),
        Column(_("Person"), attrgetter("who"), width=14),
        Column(_("Row"), lambda entry: f"{entry.what} {entry.row_id}", width=26),
        Column(_("What"), attrgetter("action"), width=10),
        Column(_("From what to what"), _changes, width=80),
    ),
)
