"""The marks that say who may open a route. A test walks the site for routes without one.

Outsiders meet 404 (the object is not among what they may see), readers who may not act meet 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]
# What a page answers to; everything else is the API's.
METHODS = ("GET", "HEAD", "POST")


def allow(*permissions: str) -> Callable[[View], View]:
    """Open to people who hold one of the permissions."""

    def decorate(view: View) -> View:
        answer = require_http_methods(METHODS)(view)

        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.user.has_perm(permission) for permission in permissions):
                raise PermissionDenied
            return answer(request, *args, **kwargs)

        guarded.access = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Open to everyone who has signed in; the page shows only what is theirs."""
    guarded = login_required(require_http_methods(METHODS)(view))
    guarded.access = ("signed in",)  # type: ignore[attr-defined]
    return guarded


def anyone(view: View) -> View:
    """Open to the world: signing in, health, error pages."""
    view.access = ("anyone",)  # type: ignore[attr-defined]
    return view


def client_ip(request: HttpRequest) -> str:
    """The address a request came from. X-Forwarded-For counts only as far as our own proxies wrote
    it: the part before is whatever the sender liked to say."""
    proxies = settings.TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies and (address := forwarded[-proxies].strip()):
        return address
    return str(request.META.get("REMOTE_ADDR", ""))
