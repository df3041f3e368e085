"""Tokens for the API: made and taken back by the person in whose name they act."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiToken, User
from core.refusal import Refusal

MOST = 10


class NoMoreTokens(Refusal):
    """The person has as many tokens as one can keep in view."""


@transaction.atomic
def issue(*, user: User, name: str) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown once and kept nowhere."""
    User.objects.select_for_update().get(pk=user.pk)
    if user.auth_token_set.count() >= MOST:
        raise NoMoreTokens(
            _("You have %(count)d tokens. Take back one that is no longer used.") % {"count": MOST}
        )
    token, secret = ApiToken.objects.create(user=user, name=name)
    return token, secret


def revoke(token: ApiToken) -> None:
    """From now on the API refuses it."""
    token.delete()
