"""A write that is sent twice happens once: the second time it gets the first one's answer.

A form carries a token (`{% form_token %}`), an API call an Idempotency-Key. The receipt is written
first, in the transaction of the write itself: of two at once the second waits for the first, and
what is refused or fails takes its receipt along, so that it can be tried again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from core.models import Receipt
from core.refusal import Refusal

FIELD = "form_token"
KEPT_FOR = timedelta(days=7)


class SentWithOtherContent(Refusal):
    """The same key came with something else; `location` is where the first answer stands."""

    http_status = 422

    location = ""


@dataclass
class Sending:
    """One write on its way. `seen` says that it already happened and how it was answered."""

    seen: bool = False
    location: str = ""
    body: Any = None
    status: int = 0

    def answer(self, *, location: str = "", body: Any = None, status: int = 0) -> None:
        """What the same write gets when it is sent again."""
        self.location, self.body, self.status = location, body, status


@contextmanager
def once(*, user: Any, key: str, sent: Any) -> Iterator[Sending]:
    """Around a write, in one transaction with it:

        with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
            if not sending.seen:
                project = contracts.sign(...)
                sending.answer(location=project.get_absolute_url())
        return redirect(sending.location)

    Without a key (not one of our pages) the write goes through as it comes.
    """
    with transaction.atomic():
        if not key:
            yield Sending()
            return
        receipt, made = _take(user, key, _fingerprint(sent))
        sending = Sending(not made, receipt.location, receipt.body, receipt.status)
        yield sending
        if made:
            receipt.location, receipt.body, receipt.status = sending.location, sending.body, sending.status
            receipt.save(update_fields=["location", "body", "status"])


def token_of(request: HttpRequest) -> str:
    return request.POST.get(FIELD, "")[:80]


def led_to(*, user: Any, key: str) -> str:
    """Where the write with this key led; empty while it has not happened."""
    found = Receipt.objects.filter(user=user, key=key).values_list("location", flat=True) if key else ()
    return next(iter(found), "")


def purge(*, now: datetime) -> int:
    """Forget what nobody will send again."""
    deleted, _by_model = Receipt.objects.filter(at__lt=now - KEPT_FOR).delete()
    return deleted


def _take(user: Any, key: str, fingerprint: str) -> tuple[Receipt, bool]:
    """Ours, or the one of whoever was first."""
    key = key if len(key) <= 80 else hashlib.sha256(key.encode()).hexdigest()
    try:
        with transaction.atomic():
            return Receipt.objects.create(user=user, key=key, fingerprint=fingerprint), True
    except IntegrityError:
        receipt = Receipt.objects.get(user=user, key=key)
    if receipt.fingerprint != fingerprint:
        refusal = SentWithOtherContent(
            _("This form has already been saved, with other content. Look at what was saved, or begin anew.")
        )
        refusal.location = receipt.location
        raise refusal
    return receipt, False


def _fingerprint(sent: Any) -> str:
    if isinstance(sent, QueryDict):
        ours = (FIELD, "csrfmiddlewaretoken")
        sent = {name: values for name, values in sent.lists() if name not in ours}
    text = json.dumps(sent, sort_keys=True, default=_as_text, ensure_ascii=False)
    # JSON may hold halves of surrogate pairs; that the text is none is for the form to say.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _as_text(value: Any) -> Any:
    if isinstance(value, File):
        return [value.name, value.size]
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
