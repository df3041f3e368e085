"""What a form carries so that sending it twice writes once."""

import uuid
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import receipts
from core.models import Receipt

register = template.Library()


@register.simple_tag(takes_context=True)
def form_token(context: Context) -> SafeString:
    """A hidden field, new for every form shown; a form shown again with its errors keeps its own."""
    request: HttpRequest | None = context.get("request")
    token = (request and request.method == "POST" and receipts.token_of(request)) or ""
    if not token or _used_up(request, token):
        token = uuid.uuid4().hex
    return format_html('<input type="hidden" name="{}" value="{}">', receipts.FIELD, token)


def _used_up(request: HttpRequest | None, token: str) -> bool:
    """What was sent with it has been written: the form now shown is another one."""
    user: Any = getattr(request, "user", None)
    return bool(user and user.pk and Receipt.objects.filter(user=user, key=token).exists())
