"""Asking the enterprise whether an issue is settled: the officer's page, and the one behind the link."""

import datetime
import io
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.access import allow, anyone, user_of
from approvals import confirmation
from approvals.forms import AnswerForm, AskForm
from approvals.models import ConfirmationLink, Issue
from core import clock, files, receipts
from core.limits import too_many_tries
from core.pages import page
from core.refusal import Refusal
from projects.choices import Confidentiality
from projects.models import Project
from projects.showing import name_of

# --- The officer's page -----------------------------------------------------------------------


@allow("approvals.resolve_issue")
@sensitive_variables("token", "address")
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was done and make the link; its address is shown this once."""
    user, today = user_of(request), clock.today()
    issue = get_object_or_404(Issue.objects.visible_to(user).for_list(), pk=pk)
    asked = {"version": issue.version, "days": settings.CONFIRMATION_LINK_DAYS, "note": _last_answer(issue)}
    form = AskForm(request.POST or None, request.FILES or None, initial=asked)
    context = {"issue": issue, "project_name": name_of(issue.project, user), "form": form}
    if form.is_valid():
        facts = form.cleaned_data
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if sending.seen:  # sent twice: the address went out with the first answer
                    return redirect("approvals:issue", pk)
                with transaction.atomic():
                    stored = [files.store(upload, by=user) for upload in facts.pop("evidence")]
                    link, token = confirmation.ask(
                        issue,
                        statement=facts.pop("note"),
                        files=stored,
                        by=user,
                        today=today,
                        now=timezone.now(),
                        **facts,
                    )
        except Refusal as refusal:
            form.add_error(None, [refusal.message, *refusal.details])
            form.data = request.POST.copy()
            form.data["version"] = str(Issue.objects.values_list("version", flat=True).get(pk=pk))
        else:
            address = request.build_absolute_uri(reverse("confirm", args=[token]))
            return page(request, "approvals/link_made.html", {**context, **_made(link, address)})
    context["evidence"] = issue.evidence.count()
    return page(request, "approvals/ask.html", context)


def _last_answer(issue: Issue) -> str:
    """What the department has answered is the first draft of what the enterprise reads."""
    said = issue.events.filter(target=issue.state).order_by("-on", "-pk").values_list("note", flat=True)
    return (said.first() or "") if issue.state in ("answered", "confirming") else ""


def _made(link: ConfirmationLink, address: str) -> dict[str, Any]:
    until = timezone.localdate(link.expires_at - datetime.timedelta(seconds=1))
    with translation.override("zh-hans"):  # it is pasted into a chat with the enterprise
        message = _(
            "Hello! This is about the difficulty your enterprise has told us of: “%(text)s”.\n"
            "What has been done: %(statement)s\n"
            "Please say through this link whether it is settled (valid until %(until)s, one answer):\n"
            "%(address)s\n%(office)s, %(name)s"
        ) % {
            "text": link.issue.text,
            "statement": link.statement,
            "until": until.isoformat(),
            "address": address,
            "office": link.made_by.agency or _("Service team"),
            "name": link.made_by.name,
        }
    return {
        "link": link,
        "until": until.isoformat(),
        "address": address,
        "message": message,
        "picture": _qr(address),
    }


def _qr(address: str) -> SafeString:
    """The address as a picture for a phone's camera; lines only, of our own making."""
    out = io.BytesIO()
    code = segno.make(address, micro=False, error="m")
    code.save(out, kind="svg", border=3, xmldecl=False, omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(out.getvalue().decode())  # noqa: S308 - drawn from an address we have just made


# --- The page behind the link -------------------------------------------------------------------


@anyone
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """One issue and one question to the enterprise; no menu, no session, nothing else of ours.

    Wrong addresses and answers are counted by where they come from; looking at a link is free.
    """
    if request.method == "POST" and (wait := too_many_tries(request, "confirm")):
        return _wait(request, wait)
    now = timezone.now()
    try:
        link = confirmation.find(token, now=now)
        form = AnswerForm(request.POST or None, is_settled=request.POST.get("settled") == "yes")
        if request.method == "POST" and "settled" in request.POST and form.is_valid():
            confirmation.answer(
                token,
                is_settled=form.is_settled,
                name=form.cleaned_data["name"],
                note=form.cleaned_data["note"],
                today=clock.today(),
                now=now,
            )
            return _told(request, {"answered": True, "is_settled": form.is_settled})
    except confirmation.LinkUsed as refusal:
        if request.method == "POST" and _same(request, refusal.link):  # tapped twice
            return _told(request, {"answered": True, "is_settled": refusal.link.is_settled})
        return _told(request, {"refusal": refusal}, status=refusal.http_status)
    except confirmation.NoSuchLink as refusal:
        if request.method != "POST" and (wait := too_many_tries(request, "confirm")):
            return _wait(request, wait)
        return _told(request, {"refusal": refusal}, status=refusal.http_status)
    except Refusal as refusal:
        return _told(request, {"refusal": refusal}, status=refusal.http_status)
    status = 200 if request.method != "POST" else 422
    return _told(request, {"form": form, **_shown(link)}, status=status)


def _same(request: HttpRequest, link: ConfirmationLink) -> bool:
    """Whether it is the very answer that has been given, sent once more."""
    form = AnswerForm(request.POST, is_settled=request.POST.get("settled") == "yes")
    return form.is_valid() and (form.is_settled, form.cleaned_data["name"], form.cleaned_data["note"]) == (
        link.is_settled,
        link.answered_name,
        link.answered_note,
    )


def _shown(link: ConfirmationLink) -> dict[str, Any]:
    issue = link.issue
    return {
        "project": _public_name(issue.project),
        "text": issue.text,
        "raised_on": issue.raised_on,
        "statement": link.statement,
        "office": link.made_by.agency,
        "officer": link.made_by.name,
        "until": timezone.localdate(link.expires_at - datetime.timedelta(seconds=1)),
    }


def _public_name(project: Project) -> str:
    """Links are passed on: a confidential project goes by its code-name even here."""
    if project.confidentiality == Confidentiality.CONFIDENTIAL:
        return project.code_name or project.code
    return project.name


def _wait(request: HttpRequest, seconds: int) -> HttpResponse:
    response = _told(request, {"minutes": -(-seconds // 60)}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _told(request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Nobody is signed in here, even where somebody is; nothing is kept, found or passed on.

    The referrer goes to ourselves alone: with none at all browsers call the form's origin “null”,
    and the protection against forged forms would refuse every answer.
    """
    response = page(request, "approvals/confirm.html", {"user": AnonymousUser(), **context}, status=status)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    return response
