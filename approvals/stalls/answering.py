"""What people say to a flag: what will be done, or the reason that is due."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.models import StallFlag
from core.refusal import Refusal


class CannotAcknowledge(Refusal):
    """The flag is cleared, somebody was quicker, or nothing was said."""


@transaction.atomic
def acknowledge(flag: StallFlag, *, note: str, by: User) -> None:
    """A lead has seen it and says what will be done, or why nothing was; the flag stays until it moves.

    Raises CannotAcknowledge when nothing is said, it is cleared, or somebody was quicker.
    """
    if not note.strip():
        raise CannotAcknowledge(_("Write what will be done, by whom and by when."))
    rows = StallFlag.objects.filter(pk=flag.pk, cleared_on__isnull=True, acknowledged_by__isnull=True)
    if not rows.update(acknowledged_by=by, acknowledged_at=timezone.now(), acknowledged_note=note.strip()):
        now = StallFlag.objects.select_related("acknowledged_by").get(pk=flag.pk)
        if now.cleared_on is not None:
            raise CannotAcknowledge(_("This has been settled in the meantime."))
        assert now.acknowledged_by is not None
        raise CannotAcknowledge(
            _("%(name)s has already said what will be done: %(note)s")
            % {"name": now.acknowledged_by.name, "note": now.acknowledged_note}
        )
    flag.refresh_from_db()
