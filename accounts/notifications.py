"""Telling people what waits for them: a line on their page of notices, told once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from accounts.models import MailChoice, Notification, User

# What a kind of notice says; its facts fill the sentence in the reader's language.
SENTENCES: dict[str, str | Promise] = {}


def says(kind: str, sentence: str | Promise) -> None:
    """Each app says its own kinds: `says("stalled", _("“%(item)s” is %(days)s working days late."))`."""
    SENTENCES[kind] = sentence


def notify(
    users: Iterable[User],
    *,
    key: str,
    kind: str,
    facts: Mapping[str, Any] | None = None,
    url: str = "",
    by_mail: bool = False,
    is_digest: bool = False,
) -> None:
    """Tell each of them once: raised again with the same key, nothing is added.

    With `by_mail` it goes out by mail too (accounts.mailing), to those who want such mails: the
    morning's list is a digest, everything else is mailed at once. Verbs call it in their own
    transaction; what is undone has told nobody.
    """
    wanted = {MailChoice.AT_ONCE, MailChoice.DIGEST} if is_digest else {MailChoice.AT_ONCE}
    notices = []
    for user in users:
        notice = Notification(user=user, key=key, kind=kind, facts=dict(facts or {}), url=url)
        notice.by_mail = by_mail and user.mails in wanted
        notice.mail_due_at = notice.at if notice.by_mail and user.email else None
        notices.append(notice)
    Notification.objects.bulk_create(notices, ignore_conflicts=True)


def sentence_of(notice: Notification) -> str:
    sentence = str(SENTENCES.get(notice.kind, notice.kind))
    try:
        return sentence % notice.facts
    except (KeyError, TypeError, ValueError):  # told by an older release with other facts
        return sentence


def mark_read(user: User, *, at: datetime, pk: int | None = None) -> int:
    """One notice, or all of them; what was read before keeps its time."""
    unread = user.notifications.filter(read_at__isnull=True)
    return (unread if pk is None else unread.filter(pk=pk)).update(read_at=at)
