"""The months of account: open or closed, what still stands before a closing, what closing froze."""

import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from briefings import excel, figures, periods
from briefings.choices import BriefingState
from briefings.content import printed_unit
from briefings.models import Briefing, ClosedIndicator, CorrectionDocument, Period
from briefings.views import cards
from briefings.views.restated import READERS, Asked, line_of, period_of, printed, restatement_of
from core import clock, exporting
from core.pages import page
from core.refusal import Refusal
from core.remembering import memory

CLOSERS = "briefings.close_period"
MONTHS_SHOWN = 24


# --- All months ------------------------------------------------------------------------------------


@allow(READERS)
def months(request: HttpRequest) -> HttpResponseBase:
    """Every month of account, the newest first, with how far it is on its way to being closed."""
    today = clock.today()
    last = clock.previous_month(today)
    if exporting.asked(request):
        return exporting.answer(request, excel.MONTHS, list(_periods().order_by("-month")))
    found = Paginator(_periods().order_by("-month"), MONTHS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": list(found),
        "last": last,
        "is_last_missing": not Period.objects.filter(month=last).exists(),
    }
    return page(request, "briefings/months.html", context)


def _periods() -> QuerySet[Period]:
    published = Q(briefings__state=BriefingState.PUBLISHED)
    frozen = ClosedIndicator.objects.filter(period=OuterRef("pk"))
    return Period.objects.select_related("closed_by").annotate(
        is_frozen=Exists(frozen),
        briefings_in_all=Count("briefings", distinct=True),
        briefings_out=Count("briefings", filter=published, distinct=True),
        documents=Count("corrections", distinct=True),
    )


# --- One month --------------------------------------------------------------------------------------


@allow(READERS)
def month(request: HttpRequest, month: str) -> HttpResponseBase:
    """An open month with what still stands before its closing, a closed one with its restatement."""
    found, today = period_of(month), clock.today()
    context = {
        "period": found,
        "may_close": user_of(request).has_perm(CLOSERS),
        "earlier": _neighbour(found, -1),
        "later": _neighbour(found, 1),
    }
    if found.closed_on is None:
        return page(request, "briefings/month_open.html", context | _open(found, today))
    closed = _closed(request, found, today)
    if exporting.asked(request) and "rows" in closed:
        return _exported(request, found, closed)
    return page(request, "briefings/month_closed.html", context | closed)


def _exported(request: HttpRequest, found: Period, closed: dict[str, Any]) -> HttpResponseBase:
    sheet = excel.restatement(found, closed["scope"], closed["rules"])
    also = [(excel.CORRECTIONS, closed["documents"])]
    return exporting.answer(request, sheet, closed["rows"], narrowed=closed["form"], also=also)


def _neighbour(found: Period, step: int) -> Period | None:
    others = Period.objects.filter(**{"month__gt" if step > 0 else "month__lt": found.month})
    return others.order_by("month" if step > 0 else "-month").first()


def _open(found: Period, today: datetime.date) -> dict[str, Any]:
    waiting = Briefing.objects.filter(period__month=found.month)
    return {
        "readiness": periods.readiness(found, today=today),
        "waiting": list(waiting.unpublished().for_list().order_by("scope", "pk")),
        "moved": _moved(found, today),
        "may_be_closed_from": clock.next_month(found.month),
    }


def _moved(found: Period, today: datetime.date) -> list[dict[str, Any]]:
    """Published figures of an open month that would be frozen otherwise than they were published."""
    moved = memory.recall(("moved", found.month, today), lambda: periods.moved(found, today=today))
    return [
        {
            "briefing": snapshot.briefing,
            "name": figures.indicator(snapshot.indicator).name,
            "span": snapshot.get_span_display(),
            "published": printed(snapshot.value, figures.indicator(snapshot.indicator).unit),
            "now": printed(value, figures.indicator(snapshot.indicator).unit),
            "unit": printed_unit(figures.indicator(snapshot.indicator).unit),
        }
        for snapshot, value in moved
    ]


# --- A closed month ------------------------------------------------------------------------------------


def _closed(request: HttpRequest, found: Period, today: datetime.date) -> dict[str, Any]:
    documents = found.corrections.select_related("by").annotate(count=Count("figures")).order_by("-on", "-pk")
    context: dict[str, Any] = {
        "documents": list(documents),
        "briefings": Briefing.objects.filter(period=found, state=BriefingState.PUBLISHED).count(),
        "is_frozen": found.indicators.exists(),
    }
    if not context["is_frozen"]:
        return context
    restatement = restatement_of(found, today)
    asked = Asked(request.GET, restatement.scopes)
    if not asked.is_valid():
        return context | {"form": asked}
    rows = [one for one in restatement.of(asked.key) if asked.cleaned_data["span"] in ("", one.figure.span)]
    differing = [one for one in rows if one.differs]
    corrected = _corrected(found)
    return context | {
        "form": asked,
        "scope": cards.scope_in_words(restatement.scopes[asked.key]),
        "key": asked.key,
        "total": len(rows),
        "differing": len(differing),
        "shows_all": asked.cleaned_data["all"],
        "rows": [line_of(one, corrected) for one in (rows if asked.cleaned_data["all"] else differing)],
        "rules": next(iter(restatement.indicators.values())).rules,
    }


def _corrected(found: Period) -> dict[int, CorrectionDocument]:
    """The newest correction document about each closed figure."""
    rows = found.corrections.order_by("on", "pk").prefetch_related("figures")
    return {one.figure_id: document for document in rows for one in document.figures.all()}


# --- Closing ------------------------------------------------------------------------------------------


@allow(CLOSERS)
def close(request: HttpRequest, month: str) -> HttpResponse:
    """Close a month; asked for with a plain GET it shows the month, whose page has the button."""
    found = period_of(month)
    if request.method == "POST":
        try:
            periods.close(found.month, by=user_of(request), on=clock.today())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The month is closed and its figures are frozen."))
    return redirect("briefings:month", str(found))
