"""Who may open a route: the marks (core.access) and what the roles say to them."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from core.access import View, allow, anyone, signed_in

__all__ = ["RoleBackend", "View", "allow", "anyone", "signed_in", "user_of"]


class RoleBackend(ModelBackend):
    """Signs people in; what they may do stands in `accounts.roles`."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return bool(user_obj.has_perm(perm, obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return bool(user_obj.has_module_perms(app_label))

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()


def user_of(request: HttpRequest) -> User:
    """The signed-in person, typed."""
    assert isinstance(request.user, User)
    return request.user
