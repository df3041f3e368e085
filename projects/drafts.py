"""Half-filled signing forms that their writers find again."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core.refusal import Refusal
from projects.models import SigningDraft

MOST = 50  # drafts a person may keep
LONGEST = 20_000  # characters of one field


class CannotKeep(Refusal):
    """There are too many drafts, or nothing was typed."""

    http_status = 422


def keep(
    typed: Mapping[str, Sequence[str]],
    names: Iterable[str],
    *,
    user: User,
    draft: SigningDraft | None,
    at: datetime.datetime,
) -> SigningDraft:
    """Keep what was typed in the fields of these names, as it was typed.

    Raises CannotKeep when nothing was typed, or when the person keeps too many drafts already.
    """
    data = {name: _value(typed[name]) for name in names if any(typed.get(name, ()))}
    if not data:
        raise CannotKeep(_("Nothing has been typed yet."))
    if draft is None:
        if user.signing_drafts.count() >= MOST:
            raise CannotKeep(_("You keep %(count)d drafts. Finish or discard some first.") % {"count": MOST})
        return user.signing_drafts.create(data=data, started_at=at, saved_at=at)
    draft.data, draft.saved_at = data, at
    draft.save(update_fields=["data", "saved_at"])
    return draft


def _value(values: Sequence[str]) -> Any:
    # PostgreSQL's JSON holds neither NUL nor halves of surrogate pairs.
    kept = [value.encode("utf-8", "ignore").decode().replace("\x00", "")[:LONGEST] for value in values]
    return kept[0] if len(kept) == 1 else kept
