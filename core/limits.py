"""What one caller of the API may ask for, and how much of it at a time.

(Apart from core/api.py because the framework reads these while it is still loading itself.)
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from core.access import client_ip

Access = Mapping[str, Sequence[str]]
SIGNED_IN = ("signed in",)


class HasAccess(BasePermission):
    """Each viewset says who may do what, by action; `read` stands for every safe one:

        access = {"read": ("projects.view_project",), "advance": ("projects.advance_project",)}

    What is not said is refused. Which rows, `get_queryset` decides with `visible_to(user)`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        needed = needed_for(view, request.method or "")
        return needed == SIGNED_IN or any(request.user.has_perm(permission) for permission in needed)


def needed_for(view: Any, method: str, action: str = "") -> tuple[str, ...]:
    """The permissions of which one is needed; empty when nobody may."""
    access: Access = getattr(view, "access", {})
    action = action or getattr(view, "action", None) or method.lower()
    return tuple(access.get(action) or (access.get("read", ()) if method in SAFE_METHODS else ()))


class Cursor(CursorPagination):
    """Pages by a key, not by a number: the millionth row costs as much as the first."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


class TokenThrottle(SimpleRateThrottle):
    """So many requests a minute for each token; people at the keyboard are not counted."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"throttle-{request.auth.pk}" if request.auth else None


class DoorThrottle(SimpleRateThrottle):
    """For a page that is open to the world: so many tries a minute from each address."""

    scope = "door"

    def __init__(self, door: str) -> None:
        super().__init__()
        self.door = door

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"throttle-{self.door}-{client_ip(request)}"


def too_many_tries(request: HttpRequest, door: str) -> int:
    """Counts a try at a door; the seconds to wait if there were too many, else 0."""
    throttle = DoorThrottle(door)
    if throttle.allow_request(request, None):  # type: ignore[arg-type]  # only its address is read
        return 0
    return max(1, math.ceil(throttle.wait() or 60))
