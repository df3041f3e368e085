"""Signing in with a token."""

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class Tokens(TokenAuthentication):
    """A header that is no text at all is a wrong token, not a failure of ours."""

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError:
            raise AuthenticationFailed from None


class TokensScheme(KnoxTokenScheme):
    """How the API's schema describes it."""

    target_class = "core.tokens.Tokens"
