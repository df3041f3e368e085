"""The enterprise confirms through a signed link 企业确认: it works once, shows one issue, and expires.

The address is told once, to the officer who sends it; only a digest of its token is kept. Looking at
the page uses nothing up, because chat programs fetch every link they show. Whatever moves the issue
on withdraws what was sent.
"""

import datetime
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.notifications import notify, says
from approvals import issues
from approvals.choices import ConfirmedBy, ConfirmedThrough
from approvals.models import ConfirmationLink, Issue
from core.models import StoredFile
from core.refusal import Refusal

LONGEST_DAYS = 60


class CannotAnswer(Refusal):
    """Something is missing in the answer."""

    http_status = 422


class NoSuchLink(Refusal):
    """Nobody has sent this address: mistyped, cut off, or made up."""

    http_status = 404


class LinkUsed(Refusal):
    """It has been answered; `link` tells how."""

    http_status = 409
    link: ConfirmationLink


class LinkExpired(Refusal):
    http_status = 410


class LinkWithdrawn(Refusal):
    http_status = 410


# --- Asking ---------------------------------------------------------------------------------


@transaction.atomic
def ask(
    issue: Issue,
    *,
    statement: str,
    sent_to: str,
    files: Sequence[StoredFile],
    by: User,
    today: datetime.date,
    now: datetime.datetime,
    days: int | None = None,
    version: int = 0,
) -> tuple[ConfirmationLink, str]:
    """Make the link that asks the enterprise whether it is settled; returned with its token.

    It works through the last of `days` days (`CONFIRMATION_LINK_DAYS` unless said). A link sent before
    is withdrawn. Raises CannotStep with everything that is missing in `details`.
    """
    days = settings.CONFIRMATION_LINK_DAYS if days is None else days
    if not 1 <= days <= LONGEST_DAYS:
        raise issues.CannotStep(
            _("A link is valid for 1 to %(longest)s days. Choose another number.") % {"longest": LONGEST_DAYS}
        )
    until = today + datetime.timedelta(days=days)
    issues.put_to_enterprise(
        issue,
        statement=statement,
        files=files,
        sent_to=sent_to,
        until=until,
        on=today,
        by=by,
        today=today,
        version=version,
    )
    token = _signer().sign(secrets.token_urlsafe(16))
    link = ConfirmationLink.objects.create(
        issue=issue,
        digest=_digest(token),
        statement=statement.strip(),
        sent_to=sent_to.strip(),
        made_by=by,
        made_at=now,
        expires_at=_end_of(until),
    )
    return link, token


def _end_of(day: datetime.date) -> datetime.datetime:
    midnight = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min)
    return timezone.make_aware(midnight)


def _signer() -> signing.Signer:
    return signing.Signer(sep=".", salt="approvals.confirmation")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- Answering --------------------------------------------------------------------------------


def find(token: str, *, now: datetime.datetime) -> ConfirmationLink:
    """The link of a token, if it still waits for an answer; nothing is changed by looking.

    Raises NoSuchLink, LinkUsed, LinkWithdrawn or LinkExpired, each with its own sentence.
    """
    link = _known(token)
    _check(link, now)
    return link


def _known(token: str) -> ConfirmationLink:
    """By signature first, so that guesses do not reach the table, then by digest."""
    try:
        _signer().unsign(token)
        digest = _digest(token)
    except (signing.BadSignature, UnicodeEncodeError):
        raise NoSuchLink(_no_such_link()) from None
    link = ConfirmationLink.objects.select_related("issue__project", "made_by").filter(digest=digest).first()
    if link is None or not constant_time_compare(link.digest, digest):
        raise NoSuchLink(_no_such_link())
    return link


def _no_such_link() -> str:
    return _(
        "This address is not valid. Open the link from the message again, in full;"
        " if that does not help, ask the officer who sent it for a new one."
    )


def _check(link: ConfirmationLink, now: datetime.datetime) -> None:
    if link.used_at is not None:
        used = LinkUsed(_("This question has been answered. Each link takes one answer."))
        used.link = link
        raise used
    if link.withdrawn_at is not None:
        raise LinkWithdrawn(
            _(
                "This question no longer stands: the matter has moved on since it was sent."
                " Ask the officer who sent it how things are, or for a new link."
            )
        )
    if link.expires_at <= now:
        raise LinkExpired(
            _("The time for an answer has passed. Ask the officer who sent the link for a new one.")
        )


says(
    "issue_confirmed",
    gettext_lazy("The enterprise (%(name)s) has confirmed through its link that issue %(issue)s is settled."),
)
says(
    "issue_not_settled",
    gettext_lazy("The enterprise (%(name)s) says that issue %(issue)s is not settled: %(note)s"),
)


@transaction.atomic
def answer(
    token: str, *, is_settled: bool, name: str, note: str, today: datetime.date, now: datetime.datetime
) -> ConfirmationLink:
    """The enterprise says whether it is settled: the issue is resolved, or goes back into hand.

    The step is entered in the name of the officer who sent the link. Of two answers at once one counts,
    the other meets LinkUsed. Raises CannotAnswer without a name, or without a reason for a no.
    """
    link = _known(token)
    name, note = name.strip(), note.strip()
    if not name:
        raise CannotAnswer(_("Write your name, so that the office knows who has answered."))
    if not is_settled and not note:
        raise CannotAnswer(_("Say what is not settled yet, so that the office can go on with it."))
    # The issue first, as everyone who moves it on does: then its links.
    issue = Issue.objects.select_for_update(of=("self",)).get(pk=link.issue_id)
    told: dict[str, Any] = {
        "used_at": now,
        "is_settled": is_settled,
        "answered_name": name,
        "answered_note": note,
    }
    if not ConfirmationLink.objects.usable(now).filter(pk=link.pk).update(**told):
        _check(ConfirmationLink.objects.get(pk=link.pk), now)
    link.refresh_from_db()
    _move_on(issue, link, today)
    _tell(issue, link)
    return link


def _move_on(issue: Issue, link: ConfirmationLink, today: datetime.date) -> None:
    if not link.is_settled:
        issues.not_settled(
            issue,
            name=link.answered_name,
            note=link.answered_note,
            on=today,
            by=link.made_by,
            today=today,
        )
        return
    issues.resolve(
        issue,
        statement=link.statement,
        files=(),
        confirmed_by=ConfirmedBy.ENTERPRISE,
        confirmed_name=link.answered_name,
        through=ConfirmedThrough.LINK,
        on=today,
        by=link.made_by,
        today=today,
    )


def _tell(issue: Issue, link: ConfirmationLink) -> None:
    """The teams, who logged it and who sent the link; who must go on with it, if it is not settled."""
    people = {person.pk: person for person in issues.served_by(issue)}
    people.setdefault(link.made_by_id, link.made_by)
    if not link.is_settled:
        people |= {person.pk: person for person in issues.people_of(issue.department_id)}
    facts = {"issue": issue.code, "name": link.answered_name, "note": link.answered_note[:100]}
    kind = "issue_confirmed" if link.is_settled else "issue_not_settled"
    url = reverse("approvals:issue", args=[issue.pk])
    notify(people.values(), key=f"confirmation-{link.pk}", kind=kind, facts=facts, url=url)
