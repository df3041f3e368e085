"""Sending notices by mail: each once, in the reader's language, without anything to keep secret.

What is to go out stands in the rows (`Notification.mail_due_at`); a worker claims a notice before it
sends it, so that two workers never send the same one. A server that is away is asked again later, at
growing intervals. A mail says what the line in the program says, a number or a count, and where to
read the rest after signing in.
"""

import contextlib
import datetime
import logging
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import MailChoice, Notification
from accounts.notifications import sentence_of

log = logging.getLogger(__name__)

BATCH = 50
# A claim lasts longer than a task may run (CELERY_TASK_TIME_LIMIT): then its worker has died.
CLAIMED_FOR = datetime.timedelta(minutes=20)
# After the first failure, the second …; then it is given up, and its line in the program says so.
PAUSES = tuple(datetime.timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 80, 160, 320, 640))
# The server is well, but will not have this one.
OF_ONE_MAIL = (SMTPRecipientsRefused, SMTPDataError)


def send(now: datetime.datetime) -> int:
    """Send what is due, the oldest first; how many went out.

    A server that cannot be reached ends the round: the others keep their turn.
    """
    sent = 0
    connection = get_connection()
    due = Notification.objects.filter(mail_due_at__lte=now).select_related("user")
    for notice in due.order_by("mail_due_at", "pk")[:BATCH]:
        if not _claim(notice, now):
            continue
        try:
            sent += _send(notice, connection, now)
        except OSError as error:  # smtplib's errors are among them
            _put_off(notice, now, error)
            if not isinstance(error, OF_ONE_MAIL):
                break
    with contextlib.suppress(OSError):
        connection.close()
    return sent


def _claim(notice: Notification, now: datetime.datetime) -> bool:
    """Ours alone from here on, unless another worker was quicker."""
    seen = Notification.objects.filter(pk=notice.pk, mail_due_at=notice.mail_due_at)
    notice.mail_tries += 1
    return bool(seen.update(mail_due_at=now + CLAIMED_FOR, mail_tries=F("mail_tries") + 1))


def _send(notice: Notification, connection: BaseEmailBackend, now: datetime.datetime) -> bool:
    """Whether it went out; not to somebody who has left, or wants no mails by now."""
    user = notice.user
    wanted = bool(user.is_active and user.email and user.mails != MailChoice.NONE)
    if wanted:
        connection.open()
        connection.send_messages([message(notice)])
    _settle(notice, mailed_at=now if wanted else None, mail_due_at=None)
    return wanted


def _put_off(notice: Notification, now: datetime.datetime, error: OSError) -> None:
    given_up = notice.mail_tries > len(PAUSES)
    again = None if given_up else now + PAUSES[notice.mail_tries - 1]
    _settle(notice, mail_due_at=again)
    log.warning(
        "Notice %d is not mailed (attempt %d, next %s): %s", notice.pk, notice.mail_tries, again, error
    )


def _settle(notice: Notification, **values: datetime.datetime | None) -> None:
    Notification.objects.filter(pk=notice.pk).update(**values)


# --- What it says ---------------------------------------------------------------------------


def message(notice: Notification) -> EmailMultiAlternatives:
    """The mail in the person's language, as text and as simple HTML."""
    with translation.override(notice.user.mail_language):
        facts = {
            "program": _("Liuzhou Invest"),
            "name": notice.user.name,
            "sentence": sentence_of(notice),
            "url": settings.BASE_URL + reverse("accounts:notice", args=[notice.pk]),
            "settings_url": settings.BASE_URL + reverse("accounts:mails"),
        }
        subject = _("%(program)s: %(sentence)s") % facts
        mail = EmailMultiAlternatives(
            " ".join(subject.split()),
            render_to_string("accounts/mail.txt", facts),
            to=[notice.user.email],
            # The same for each attempt: a mail that came twice after all is known as one.
            headers={"Message-ID": f"<notice-{notice.pk}@{settings.MAIL_DOMAIN}>"},
        )
        mail.attach_alternative(render_to_string("accounts/mail.html", facts), "text/html")
    return mail


def fate(notice: Notification) -> str:
    """What has become of the mail, for the line in the program."""
    if not notice.by_mail:
        return ""
    if notice.mailed_at:
        return _("sent by mail")
    if notice.mail_due_at:
        return _("mail is on its way") if notice.mail_tries == 0 else _("the mail server is asked again")
    if notice.mail_tries:
        return _("not mailed: the mail server did not take it")
    return _("not mailed: your account has no e-mail address")
