"""One way to answer with a page, a part of a page, or a file."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page, or only its `partial` when htmx asks for a part of it.

    A boosted link and a restored history entry get the whole page.
    """
    htmx = getattr(request, "htmx", None)
    wants_part = bool(partial and htmx and not htmx.boosted and not htmx.history_restore_request)
    name = f"{template}#{partial}" if wants_part else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def of_year(request: HttpRequest, year: int) -> HttpRequest:
    """The request of a page about a year: the frame around the page carries that year's names."""
    request.shown_year = year  # type: ignore[attr-defined]
    return request


class NoStoreMiddleware:
    """What is shown to one person stays in no cache: neither a proxy's nor that of the browser which
    the next person sits at. (Static files are answered before this.)"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """A file that the browser saves and never shows as a page of ours."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
