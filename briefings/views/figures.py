"""The passport of a figure: by what it was counted, what is in it, what is not and why, that it adds up."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.access import allow, user_of
from briefings import counting_rules, figures, passports, targets
from briefings.choices import Span
from briefings.counting_rules import USUAL
from briefings.figures import Figure, Indicator, Rate, Scope, UnknownIndicator, Window
from briefings.indicators import Source
from briefings.models import ClosedFigure
from briefings.passports import Breakdown, Passport, Reason
from briefings.periods import key_of
from briefings.views import cards, passport_sheet
from briefings.views.left_out import COLUMNS, left_out_line, left_out_ready, left_out_seen_by
from briefings.views.listings import LISTINGS
from core import clock, exporting, money
from core.pages import of_year, page
from projects.forms.fields import DayField, MonthField
from taskforces.models import ReportingUnit, TaskForce

ROWS = 100
# Figures of these rows depend on every setting of the counting rules.
BY_ALL_RULES = ("events", "holdings", "carried", "signed progress")


class Question(forms.Form):
    """Which months, whose, and as known on which day: `?from=2025-01&to=2025-06&unit=450223`."""

    task_force = forms.ModelChoiceField(
        TaskForce.objects.order_by("order"),
        to_field_name="code",
        required=False,
        label=gettext_lazy("Task force"),
    )
    unit = forms.ModelChoiceField(
        ReportingUnit.objects.order_by("order"),
        to_field_name="code",
        required=False,
        label=gettext_lazy("Unit"),
    )
    as_known_on = DayField(
        required=False,
        label=gettext_lazy("As known on"),
        help_text=gettext_lazy("Only what was verified and recorded by then."),
    )
    rules = forms.ChoiceField(required=False, label=gettext_lazy("Counting rules"))
    field_order = ("from", "to")

    def __init__(self, data: QueryDict, today: datetime.date, source: Source) -> None:
        super().__init__({"from": f"{today.year}-01", "to": f"{today:%Y-%m}", **data.dict()})
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):
            self.fields[name] = MonthField(label=label)
        for name in ("task_force", "unit"):
            if name not in source.groups:
                del self.fields[name]
        labels = counting_rules.labels()
        if len(labels) > 1 and source.shared:
            self.fields["rules"].choices = [  # type: ignore[attr-defined]
                ("", gettext_lazy("those in force")),
                *((label, label) for label in labels),
            ]
        else:
            del self.fields["rules"]
        self.order_fields(("from", "to", "task_force", "unit", "as_known_on", "rules"))

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("from"), asked.get("to")
        if first and last and last < first:
            self.add_error("to", _("The last month lies before the first."))
        return asked

    @property
    def window(self) -> Window:
        asked = self.cleaned_data
        window = Window(asked["from"], asked["to"], asked["as_known_on"])
        label = asked.get("rules")
        return replace(window, rules=counting_rules.labelled(label)) if label else window

    @property
    def scope(self) -> Scope:
        return Scope(task_force=self.cleaned_data.get("task_force"), unit=self.cleaned_data.get("unit"))


@allow("briefings.view_figures")
def counted(request: HttpRequest, code: str) -> HttpResponseBase:
    """A figure with its formula and rules, every row it counts, and every event it leaves out.

    Rows that the reader may not open are added up in one line.
    """
    found, question = _asked(request, code)
    context: dict[str, Any] = {"found": found, "form": question}
    if question.is_valid():
        passport = passports.of(code, question.window, question.scope)
        if exporting.asked(request):
            return _exported(request, passport, question)
        context |= _answer(passport) | _parts(passport) | _rows(request, passport)
        of_year(request, question.window.last_month.year)
    return page(request, "briefings/counted.html", context)


def _exported(request: HttpRequest, passport: Passport, question: Question) -> HttpResponseBase:
    """The rows of the tab that is open; in a workbook also those of the other one, and the parts."""
    tables = list(passport_sheet.tables(passport, user_of(request), why=request.GET.get("why", "")))
    if _shows_left_out(request, passport):
        tables.reverse()
    (sheet, rows), *others = tables
    facts = {"label": sheet.title, "words": passport.found.name}
    sheet = replace(sheet, title=pgettext("label and what it says", "%(label)s: %(words)s") % facts)
    also = [*others, *passport_sheet.parts(passport)]
    return exporting.answer(request, sheet, rows, narrowed=question, also=also)


@allow("briefings.view_figures")
def referred(request: HttpRequest, reference: str) -> HttpResponse:
    """Where a reference in a document leads: the page of its figure."""
    try:
        passport = passports.resolve(reference)
    except passports.UnknownReference as refusal:
        return page(request, "briefings/unknown_reference.html", {"refusal": refusal}, status=404)
    return redirect(cards.address(passport.found.code, passport.window, passport.scope))


def _asked(request: HttpRequest, code: str) -> tuple[Indicator | Rate, Question]:
    try:
        found = figures.indicator(code)
    except UnknownIndicator:
        raise Http404 from None
    if not found.source.knows(name for name in ("task_force", "unit") if request.GET.get(name)):
        raise Http404
    return found, Question(request.GET, clock.today(), found.source)


# --- The number -------------------------------------------------------------------------------------


def _answer(passport: Passport) -> dict[str, Any]:
    found, window, scope, figure = passport.found, passport.window, passport.scope, passport.figure
    return {
        "passport": passport,
        "months": cards.months_in_words(window),
        "scope": cards.scope_in_words(scope),
        "known_on": window.as_known_on,
        "value": cards.printed(figure, figure.value),
        "unit": cards.unit_of(figure),
        "exact": money.format_wan(Decimal(figure.value or 0)) if found.is_amount else "",
        "yoy": figure.yoy_percent,
        "good": "down" if found.fewer_is_better else "up",
        "base": cards.printed(figure, figure.base),
        "base_months": cards.months_in_words(window.base),
        "base_url": cards.address(found.code, window.base, scope),
        "progress": targets.progress([figure], window, scope).get(found.code),
        "restated_url": _restated_url(passport),
        "rules": _rules(passport),
        "settings": _settings(passport),
        # A rate says little of single months: what is signed in one is seldom started in it.
        "chart": _by_month(passport) if len(window.months) > 1 and isinstance(found, Indicator) else None,
    }


def _restated_url(passport: Passport) -> str:
    """Where the last month is closed: the figure as published, as it reads now, and why."""
    window, month = passport.window, passport.window.last_month
    span = Span.MONTH if window.first_month == month else Span.YEAR
    asked = {"scope_key": key_of(passport.scope), "span": span}
    closed = ClosedFigure.objects.filter(
        indicator__code=passport.found.code, indicator__period__month=month, **asked
    )
    spans = (month, month.replace(month=1))
    if len(passport.scope.narrowed_by) > 1 or window.first_month not in spans or not closed.exists():
        return ""
    address = reverse("briefings:restated", args=[f"{month:%Y-%m}", passport.found.code])
    return f"{address}?{urlencode({'scope': asked['scope_key'], 'span': span})}"


def _rules(passport: Passport) -> list[str]:
    """What holds for all figures of this kind, beside the formula, while the usual rules are in force."""
    rules = [_("Last year is counted by today's rule.")]
    if passport.window.rules.counts_as(USUAL):
        rules += map(str, passport.found.source.rules)
    return rules


def _settings(passport: Passport) -> list[tuple[str, str]]:
    """The counting rules that this figure depends on."""
    source, rules = passport.found.source, passport.window.rules
    if source.name in BY_ALL_RULES:
        return counting_rules.in_words(rules)
    return counting_rules.in_words(rules)[-1:] if source.shared else []


# --- Its parts ----------------------------------------------------------------------------------------


def _parts(passport: Passport) -> dict[str, Any]:
    code, window, scope = passport.found.code, passport.window, passport.scope

    def month_url(month: datetime.date) -> str:
        return cards.address(code, replace(window, first_month=month, last_month=month), scope)

    def unit_url(unit: ReportingUnit | None) -> str:
        return cards.address(code, window, replace(scope, unit=unit)) if unit else ""

    shown: list[tuple[str, Breakdown | None, Callable[[Any], str], Callable[[Any], str]]] = [
        (_("By month"), passport.by_month(), lambda month: f"{month:%Y-%m}", month_url),
        (_("By unit"), passport.by_unit, lambda unit: str(unit or _("The city itself")), unit_url),
    ]
    return {
        "breakdowns": [
            _breakdown(passport, title, parts, name, url)
            for title, parts, name, url in shown
            if parts is not None and parts.parts
        ]
    }


def _breakdown(
    passport: Passport,
    title: str,
    breakdown: Breakdown,
    name: Callable[[Any], str],
    url: Callable[[Any], str],
) -> dict[str, Any]:
    def printed(value: Decimal | int | None) -> str:
        return passports.exact_words(passport.found, value)

    return {
        "title": title,
        "rows": [(name(part), printed(figure.value), url(part)) for part, figure in breakdown.parts],
        "total": printed(breakdown.total),
        "adds_up": breakdown.adds_up,
        "difference": printed(breakdown.difference),
    }


# --- Its rows -----------------------------------------------------------------------------------------


def _rows(request: HttpRequest, passport: Passport) -> dict[str, Any]:
    left_out = passport.left_out
    reasons = [] if left_out is None else passports.reasons(left_out)
    tabs: dict[str, Any] = {
        "total": passport.counted.count(),
        "left_out": sum(reason.events for reason in reasons),
        "explains": left_out is not None,
        "reasons": reasons,
    }
    if left_out is not None and _shows_left_out(request, passport):
        return tabs | _left_out_rows(request, left_out, reasons)
    return tabs | _counted_rows(request, passport, tabs["total"])


def _shows_left_out(request: HttpRequest, passport: Passport) -> bool:
    return passport.left_out is not None and request.GET.get("show") == "left_out"


def _left_out_rows(
    request: HttpRequest, left_out: QuerySet[Any], reasons: Sequence[Reason]
) -> dict[str, Any]:
    user, asked_why = user_of(request), request.GET.get("why", "")
    why = asked_why if asked_why in [reason.code for reason in reasons] else ""
    asked = left_out.filter(why=why) if why else left_out
    seen = asked.filter(left_out_seen_by(user))
    leaf = Paginator(left_out_ready(seen).order_by("signed_on", "pk"), ROWS).get_page(request.GET.get("page"))
    return {
        "shows_left_out": True,
        "why": why,
        "columns": COLUMNS,
        "page": leaf,
        "lines": [left_out_line(event, user) for event in leaf],
        "hidden": asked.count() - leaf.paginator.count,
    }


def _counted_rows(request: HttpRequest, passport: Passport, total: int) -> dict[str, Any]:
    user, found, figure = user_of(request), passport.found, passport.figure
    listing = LISTINGS[found.source.name]
    seen = passport.counted.filter(listing.seen_by(user))
    leaf = Paginator(listing.ready(seen).order_by(*listing.order_of(found)), ROWS).get_page(
        request.GET.get("page")
    )
    hidden = total - leaf.paginator.count
    before_sum = _columns_before_sum(listing.columns)
    return {
        "columns": listing.columns,
        "before_sum": before_sum,
        "after_sum": len(listing.columns) - before_sum - 1,
        "page": leaf,
        "lines": [listing.line(row, user, found) for row in leaf],
        "is_fewer": isinstance(found, Indicator) and bool(found.subject) and figure.value != total,
        "hidden": hidden,
        "hidden_sum": _rest(found, figure, seen) if hidden else "",
        "sum": _sum(found, figure),
    }


def _sum(found: Indicator | Rate, figure: Figure) -> str:
    """What the rows come to, in 万元 where they have amounts; a rate is no sum of its rows."""
    if isinstance(found, Rate):
        return ""
    if found.is_amount:
        return money.format_wan(Decimal(figure.value or 0))
    return cards.printed(figure, figure.value)


def _columns_before_sum(columns: Any) -> int:
    return next((n for n, column in enumerate(columns) if column.is_number), len(columns) - 1)


def _rest(found: Indicator | Rate, figure: Figure, seen: QuerySet[Any]) -> str:
    """What the rows that are not shown add to the figure."""
    if isinstance(found, Rate) or figure.value is None:
        return ""
    if found.is_amount:
        shown = figures.in_wan(seen.aggregate(sum=Sum("part"))["sum"] or 0)
        return money.format_wan(Decimal(figure.value) - shown)
    if found.adds:
        return str(int(figure.value) - (seen.aggregate(sum=Sum(found.adds))["sum"] or 0))
    counted = seen.aggregate(count=Count(found.subject or "pk", distinct=True))["count"]
    return str(int(figure.value) - counted)


def _by_month(passport: Passport) -> dict[str, Any]:
    window, of_month = passport.window, passport.months
    figure = next(iter(of_month.values()))
    is_one_year = window.first_month.year == window.last_month.year

    def printed(value: Decimal | int | None) -> str | None:
        return None if value is None else cards.printed(figure, value)

    names = (str(window.last_month.year), str(window.last_month.year - 1))
    if not is_one_year:
        names = (_("these months"), _("a year earlier"))
    return {
        "title": _("By month"),
        "unit": cards.unit_of(figure),
        "label": _("Month"),
        "kind": "bar",
        "categories": [
            date_format(month, pgettext("month in a chart", "M")) if is_one_year else f"{month:%Y-%m}"
            for month in of_month
        ],
        "series": [
            {"name": names[1], "values": [printed(f.base) for f in of_month.values()], "pale": True},
            {"name": names[0], "values": [printed(f.value) for f in of_month.values()]},
        ],
        "links": [
            cards.address(
                passport.found.code, replace(window, first_month=month, last_month=month), passport.scope
            )
            for month in of_month
        ],
    }
