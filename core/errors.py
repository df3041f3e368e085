"""What a person reads when a request comes to nothing: always in our frame, never with our insides."""

import logging
import secrets
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import page_not_found

from core.refusal import Refusal

logger = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds


def conflict(request: HttpRequest, refusal: Refusal, *, back: str = "") -> HttpResponse:
    """For a refusal that has no form to stand in: somebody was faster, or the step is not open any more."""
    return render(request, "409.html", {"refusal": refusal, "back": back}, status=409)


class RefusalMiddleware:
    """A refusal that no form has caught is still a sentence for its reader, not a fault of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        return conflict(request, exception, back=getattr(exception, "location", "") or request.path)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: what cannot be read; too large a form or file is told apart."""
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, limit_mb=settings.MAX_UPLOAD_BYTES // 1024**2)
    return _answer(request, 400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: programs that ask the API get a problem they can read, people a page in our frame."""
    if request.path.startswith("/api/"):
        return _answer(request, 404)
    return page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a number that leads from the reader's screen to the line in the log.

    Rendered without the request: whatever broke may break the menu too.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = _answer(request, 503)
        response["Retry-After"] = str(RETRY_AFTER)
        return response
    incident = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    # %r: a path with line breaks must not forge a line of its own.
    logger.error("incident %s: %s %r", incident, request.method, request.path)
    return _answer(request, 500, incident=incident)


def _answer(request: HttpRequest, status: int, **facts: object) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {"status": status, **facts}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return HttpResponse(render_to_string(f"{status}.html", facts), status=status)
