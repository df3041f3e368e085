"""How long one stays signed in: until idle for SESSION_COOKIE_AGE, and never beyond SESSION_LONGEST.

A page shown is a sign of life. It is written once a minute, not with every request, because each
writing is a write to the database.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

BEGUN, SEEN = "begun", "seen"
MINUTE = 60


def begin(sender: type, request: HttpRequest, **kwargs: Any) -> None:
    request.session[BEGUN] = request.session[SEEN] = int(time.time())


class LimitsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session, now = request.session, int(time.time())
        if SESSION_KEY in session:
            if now - session.get(BEGUN, 0) > settings.SESSION_LONGEST:
                session.flush()
            elif now - session.get(SEEN, 0) >= MINUTE:
                session[SEEN] = now
        return self.get_response(request)
