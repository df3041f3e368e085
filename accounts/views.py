"""Signing in and out, one's own password and tokens, one's notices."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts import mailing, notifications, tokens
from accounts.access import anyone, signed_in, user_of
from accounts.forms import MailsForm, PasswordForm, SignInForm, TokenForm
from core import receipts
from core.pages import page

NOTICES_SHOWN = 50


# --- Signing in and out ----------------------------------------------------------------------------


@anyone
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    htmx: Any = getattr(request, "htmx", None)
    if htmx and request.method == "GET":  # a part was asked for after the session had ended
        here = urlencode({"next": htmx.current_url_abs_path or "/"})
        return HttpResponseClientRedirect(f"{request.path}?{here}")
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward)
    form = SignInForm(request, request.POST or None)
    if form.is_valid():
        login(request, form.get_user())
        return redirect(onward)
    return page(request, "accounts/sign_in.html", {"form": form, "next": _wanted(request)})


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, str] | None = None
) -> HttpResponse:
    """After too many wrong passwords, for known and unknown names alike (see AXES_… in settings)."""
    seconds = int((get_cool_off(request) or timedelta()).total_seconds())
    context = {
        "form": SignInForm(request),
        "next": _wanted(request),
        "locked": True,
        "locked_minutes": -(-seconds // 60),
    }
    answer = page(request, "accounts/sign_in.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


@anyone
def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin pages have no door of their own."""
    query = request.GET.urlencode()
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


@anyone
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("You have signed out."))
    return redirect("accounts:sign_in")


def _wanted(request: HttpRequest) -> str:
    """The page somebody was sent away from, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else ""


def _onward(request: HttpRequest) -> str:
    return _wanted(request) or resolve_url(settings.LOGIN_REDIRECT_URL)


# --- Oneself -----------------------------------------------------------------------------------------


@signed_in
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(user_of(request), request.POST or None)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("The new password holds from now on. Other devices are signed out."))
        return redirect("accounts:profile")
    return page(request, "accounts/password.html", {"form": form})


@signed_in
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    """Who I am here, and the tokens that act in my name. A new token's secret is shown this once."""
    user, secret = user_of(request), ""
    form = TokenForm(request.POST or None)
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if sending.seen:
                    return redirect("accounts:profile")
                _token, secret = tokens.issue(user=user, name=form.cleaned_data["name"])
        except tokens.NoMoreTokens as refusal:
            form.add_error("name", refusal.message)
        else:
            form = TokenForm()
    context = {
        "form": form,
        "secret": secret,
        "tokens": user.auth_token_set.order_by("-created"),
        "memberships": user.memberships.select_related("task_force", "unit").order_by("pk"),
    }
    return page(request, "accounts/profile.html", context)


@signed_in
def mails(request: HttpRequest) -> HttpResponse:
    """Which notices reach me by mail too; in the program I am told all of them."""
    user = user_of(request)
    form = MailsForm(request.POST or None, instance=user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your choice of mails holds from now on."))
        return redirect("accounts:profile")
    return page(request, "accounts/mails.html", {"form": form})


@signed_in
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(user_of(request).auth_token_set, pk=pk)
    tokens.revoke(token)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("accounts:profile")


# --- Notices -------------------------------------------------------------------------------------------


@signed_in
def notices(request: HttpRequest) -> HttpResponse:
    """What the program has told me, newest first. POST: I have read it all."""
    user = user_of(request)
    if request.method == "POST":
        notifications.mark_read(user, at=timezone.now())
        return redirect("accounts:notices")
    rows = user.notifications.order_by("-pk")
    if (after := request.GET.get("after", "")).isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    shown = list(rows[: NOTICES_SHOWN + 1])
    more = shown[NOTICES_SHOWN - 1].pk if len(shown) > NOTICES_SHOWN else None
    lines = [
        {
            "notice": notice,
            "sentence": notifications.sentence_of(notice),
            "mail": mailing.fate(notice),
        }
        for notice in shown[:NOTICES_SHOWN]
    ]
    return page(request, "accounts/notices.html", {"lines": lines, "after": more})


@signed_in
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Open what a notice speaks of; it is read from then on."""
    told = get_object_or_404(user_of(request).notifications, pk=pk)
    notifications.mark_read(user_of(request), at=timezone.now(), pk=told.pk)
    return redirect(told.url or "accounts:notices")
