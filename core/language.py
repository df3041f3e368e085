"""Pages speak Chinese until somebody asks for English with one click."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ChineseFirst:
    """Lets pages forget which language the browser was installed in: only the choice made here counts.

    The API keeps the header, by which a program says what it reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        return self.get_response(request)
