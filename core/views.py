"""Pages of the common tools: long work under way, the audit trail, the working calendar."""

import datetime
import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core import audit, clock, excel, exporting, files, jobs, notices, receipts, wall, workdays
from core.access import allow, signed_in
from core.exporting import large
from core.filters import AuditFilter
from core.forms import FIRST_YEAR, LAST_YEAR, NoticeForm, year_asked
from core.models import AuditEntry, CalendarNotice, CalendarOverride
from core.notice_text import Understood, read
from core.pages import page
from core.refusal import Refusal

ENTRIES_SHOWN = 50
JOBS_SHOWN = 30


@signed_in
def own_jobs(request: HttpRequest) -> HttpResponse:
    """The long work a person has asked for, the newest first: here it is found again."""
    newest = jobs.asked_by(request.user).order_by("-pk")[:JOBS_SHOWN]
    rows = [{"job": one, "title": jobs.title_of(one), "outcome": jobs.page_of(one)} for one in newest]
    return page(request, "core/jobs.html", {"rows": rows})


@signed_in
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a piece of long work is; whoever asked for it finds it again here."""
    found = get_object_or_404(jobs.visible_to(request.user), pk=pk)
    context = {
        "job": found,
        "title": jobs.title_of(found),
        "outcome": jobs.page_of(found),
        "may_be_cancelled": jobs.may_be_cancelled(found, request.user),
        "poll_url": reverse("core:job", args=[found.pk]),
    }
    return page(request, "core/job.html", context, partial="job")


@require_POST
@signed_in
def cancel_job(request: HttpRequest, pk: int) -> HttpResponse:
    """Nobody wants the outcome any more; whoever works at it stops with the next word it says."""
    found = get_object_or_404(jobs.visible_to(request.user), pk=pk)
    if jobs.may_be_cancelled(found, request.user):
        jobs.cancel(found)
    return redirect("core:job", pk)


@signed_in
def export(request: HttpRequest, pk: int) -> FileResponse:
    """A large export that is ready: for whoever asked for it."""
    return files.send(get_object_or_404(large.visible_to(request.user), job=pk))


@allow("core.view_auditentry")
def audit_trail(request: HttpRequest) -> HttpResponseBase:
    """Every change of every row, newest first, by key: the trail has no last page number."""
    filters = AuditFilter(request.GET, AuditEntry.objects.all())
    rows = filters.qs.order_by("-pk") if filters.is_valid() else AuditEntry.objects.none()
    if exporting.asked(request):
        entries = exporting.in_chunks(rows, audit.in_words)
        return exporting.answer(request, excel.TRAIL, entries, narrowed=filters)
    if (after := request.GET.get("after", "")).isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    shown = audit.in_words(rows[: ENTRIES_SHOWN + 1])
    more = shown[ENTRIES_SHOWN - 1].id if len(shown) > ENTRIES_SHOWN else None
    context = {"filter": filters, "entries": shown[:ENTRIES_SHOWN], "after": more}
    return page(request, "core/audit.html", context)


# --- The working calendar -----------------------------------------------------------------------


@signed_in
def calendar(request: HttpRequest) -> HttpResponse:
    """A year's working days as everything here counts them, and by which notice each is so."""
    today, days = clock.today(), workdays.calendar()
    year = year_asked(request.GET.get("year"), today=today)
    months = wall.year_of(year, days=days, today=today)
    entered = CalendarNotice.objects.filter(year=year)
    context = {
        "year": year,
        "years": [one for one in range(year - 1, year + 2) if FIRST_YEAR <= one <= LAST_YEAR],
        "this_year": today.year,
        "months": months,
        "workdays": sum(month.workdays for month in months),
        "is_provisional": days.is_provisional(year),
        "off": wall.days_off(year, days=days),
        "made_up": wall.made_up(year, days=days),
        "own": list(CalendarOverride.objects.filter(day__year=year).order_by("day")),
        "notices": list(entered.select_related("entered_by", "replaced_by").order_by("-pk")),
    }
    return page(request, "core/calendar.html", context)


@allow("core.add_calendarnotice")
def enter_notice(request: HttpRequest, year: int) -> HttpResponse:
    """Enter a year's notice, or correct it: first what was understood and what it would move."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    if entered := receipts.led_to(user=request.user, key=receipts.token_of(request)):
        return redirect(entered)  # sent twice: by now the notice would be a correction of itself
    now, today = notices.newest(year), clock.today()
    begun = {"reference": now.reference, "text": now.text} if now else None
    form = NoticeForm(request.POST or None, corrects=now is not None, initial=begun)
    context: dict[str, Any] = {"year": year, "now": now, "form": form}
    if form.is_valid():
        facts = form.cleaned_data
        said = read(facts["text"], year=year)
        seen = _fingerprint(said, now)
        if "enter" in request.POST and facts["seen"] == seen:
            try:
                return _entered(request, year, facts, now, today)
            except Refusal as refusal:
                context["refusal"] = refusal
        elif "enter" in request.POST:
            context["has_changed"] = True
        context |= {"understood": _told(said, year), "seen": seen}
    return page(request, "core/enter_notice.html", context)


def _fingerprint(said: Understood, now: CalendarNotice | None) -> str:
    """Of what somebody is shown: other days, or another notice in force, are to be looked at again."""
    shown = [now.pk if now else None, [(d.day.isoformat(), d.is_workday, d.name) for d in said.days]]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:20]


def _told(said: Understood, year: int) -> dict[str, Any]:
    clear = bool(said.days) and not said.questions
    return {
        "off": notices.stretches(said.days, is_workday=False),
        "worked": notices.stretches(said.days, is_workday=True),
        "questions": said.questions,
        "is_clear": clear,
        "forgotten": notices.forgotten(said, year=year) if clear else [],
        "overruled": notices.overruled(said.days),
        "foreseen": notices.foresee(notices.calendar_with(year, said.days)) if clear else None,
    }


def _entered(
    request: HttpRequest,
    year: int,
    facts: dict[str, Any],
    now: CalendarNotice | None,
    today: datetime.date,
) -> HttpResponse:
    with receipts.once(user=request.user, key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            _notice, moved = notices.enter(
                year=year,
                reference=facts["reference"],
                text=facts["text"],
                reason=facts.get("reason", ""),
                replaces=now,
                by=request.user,
                today=today,
            )
            sentence = ngettext(
                "The notice is entered. %(n)s due day has moved.",
                "The notice is entered. %(n)s due days have moved.",
                moved,
            )
            nothing = _("The notice is entered. No due day has moved.")
            messages.success(request, sentence % {"n": moved} if moved else nothing)
            sending.answer(location=f"{reverse('core:calendar')}?year={year}")
    return redirect(sending.location)
