"""The same entry for several items, all or none."""

import datetime
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import ngettext

from accounts.models import User
from approvals import clocks
from approvals.clocks import Entry
from approvals.models import ItemEvent
from core.refusal import Refusal

MOST = 100  # items at once


class CannotLogTogether(Refusal):
    """Some of the items refuse the entry: nothing was written, `details` names each with its reason."""


def log(entries: Sequence[Entry], *, by: User, today: datetime.date) -> list[ItemEvent]:
    """Write the entries, one for each item; when one is refused none is, and all that are get named."""
    try:
        return clocks.log_events(entries, by=by, today=today)
    except Refusal as refusal:
        reasons = _reasons(entries, by=by, today=today)
        if not reasons:
            raise refusal from None
        n = len(reasons)
        text = ngettext(
            "Nothing was entered: %(n)s of the items refuses it. Take it out, or correct the entry.",
            "Nothing was entered: %(n)s of the items refuse it. Take them out, or correct the entry.",
            n,
        )
        raise CannotLogTogether(text % {"n": n}, reasons) from None


def _reasons(entries: Sequence[Entry], *, by: User, today: datetime.date) -> list[str]:
    """Each item tried by itself, and everything undone."""
    reasons = []
    with transaction.atomic():
        for entry in entries:
            try:
                clocks.log_events([entry], by=by, today=today)
            except Refusal as refusal:
                reasons.append(f"{entry.item.project.code} {entry.item.template}: {refusal.message}")
        transaction.set_rollback(True)
    return reasons
