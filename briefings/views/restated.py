"""A closed month beside today: each figure as published and as it would read now, and why."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import allow, user_of
from accounts.models import User
from briefings import excel, figures
from briefings.causes import Cause, is_veiled, open_to
from briefings.choices import Span
from briefings.content import printed_unit
from briefings.figures import Rate, Scope, Unit
from briefings.models import ClosedFigure, ClosedIndicator, CorrectionDocument, Period
from briefings.restating import Restated, Restatement
from briefings.views import cards
from core import clock, exporting, money
from core.pages import page
from core.remembering import memory
from projects.showing import face

READERS = "briefings.view_figures"
CAUSES_SHOWN = 50


# --- What is asked -----------------------------------------------------------------------------------


def period_of(text: str) -> Period:
    """The month of account of an address; a month that nobody has opened yet is no row yet."""
    try:
        day = datetime.date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None
    known = Period.objects.select_related("closed_by").filter(month=day).first()
    if known is None and day > clock.today():
        raise Http404
    return known or Period(month=day)


class Asked(forms.Form):
    """Whose figures of a month, over which span, and whether only what differs: `?scope=force:steel`."""

    scope = forms.ChoiceField(required=False, label=gettext_lazy("Whose figures"))
    span = forms.ChoiceField(
        required=False, label=gettext_lazy("Span"), choices=[("", gettext_lazy("Both")), *Span.choices]
    )
    all = forms.BooleanField(required=False, label=gettext_lazy("Also what reads the same"))

    def __init__(self, data: QueryDict, scopes: dict[str, Scope]) -> None:
        super().__init__(data)
        named = [(key, cards.scope_in_words(scope)) for key, scope in scopes.items()]
        self.fields["scope"].choices = named  # type: ignore[attr-defined]

    @property
    def key(self) -> str:
        return self.cleaned_data["scope"] or "city"


def restatement_of(found: Period, today: datetime.date) -> Restatement:
    """The rows of a restatement are read once and serve every scope, until anything changes."""

    def read() -> Restatement:
        restatement = Restatement(found, today=today)
        assert restatement.now is not None  # read while the answer still holds
        return restatement

    return memory.recall(("restatement", found.pk, today), read)


# --- One line ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One row of a restatement in ready strings."""

    name: str
    span: str
    unit: str
    published: str
    now: str
    difference: str
    exact: str
    mood: str
    url: str
    document: CorrectionDocument | None


def line_of(one: Restated, corrected: dict[int, CorrectionDocument]) -> Line:
    unit = one.indicator.unit
    return Line(
        name=str(one.indicator),
        span=one.figure.get_span_display(),
        unit=printed_unit(unit),
        published=printed(one.published, unit),
        now=printed(one.now, unit),
        difference=signed(one.difference, unit) if one.differs else "",
        exact=_exact(one.difference) if unit == Unit.WAN and one.differs else "",
        mood=_mood(one.difference),
        url=_causes_url(one),
        document=corrected.get(one.figure.pk),
    )


def _mood(difference: Decimal | None) -> str:
    return "" if not difference else ("up" if difference > 0 else "down")


def _causes_url(one: Restated) -> str:
    address = reverse("briefings:restated", args=[str(one.indicator.period), one.indicator.code])
    return f"{address}?{urlencode({'scope': one.figure.scope_key, 'span': one.figure.span})}"


def printed(value: Decimal | None, unit: str) -> str:
    """As pages and documents print it: 亿元 with two places, a rate with one, a count whole."""
    if value is None:
        return money.NO_VALUE
    if unit == Unit.WAN:
        return money.format_yi(value)
    return f"{money.half_up(value, 1)}" if unit == Unit.PERCENT else f"{int(value)}"


def signed(value: Decimal | None, unit: str) -> str:
    if value is None:
        return money.NO_VALUE
    text = printed(value, unit)
    return f"+{text}" if value > 0 else text


def _exact(value: Decimal | None) -> str:
    """What the difference is in 万元: rounded to 亿元 it may read 0.00."""
    return "" if value is None else _("%(amount)s 万元") % {"amount": signed_wan(value)}


def signed_wan(value: Decimal) -> str:
    text = money.format_wan(money.half_up(value, 2))
    return f"+{text}" if value > 0 else text


# --- Why a figure differs ---------------------------------------------------------------------------


@allow(READERS)
def restated(request: HttpRequest, month: str, code: str) -> HttpResponseBase:
    """One figure of a closed month: as published, as it would read today, and every row that makes the
    difference. Rows that the reader may not open are added up in one line."""
    found, today = period_of(month), clock.today()
    span = request.GET.get("span", Span.YEAR)
    kept = ClosedFigure.objects.filter(indicator__period__month=found.month).select_related("indicator")
    row = get_object_or_404(kept, indicator__code=code, scope_key=request.GET.get("scope", "city"), span=span)
    restatement = restatement_of(found, today)
    one = restatement.restated(row)
    if exporting.asked(request):
        return _exported(request, restatement, one)
    return page(request, "briefings/restated.html", _causes(request, restatement, one))


def _exported(request: HttpRequest, restatement: Restatement, one: Restated) -> HttpResponseBase:
    """Every row that makes the difference; of a rate, the two figures that it divides."""
    user, unit = user_of(request), one.indicator.unit
    months = cards.months_in_words(restatement.windows[one.figure.span])
    about = [(_("About"), cards.scope_in_words(one.scope)), (_("Months"), months)]
    if parts := _parts(restatement, one, figures.INDICATORS.get(one.indicator.code)):
        sheet = excel.restatement(restatement.period, about[0][1], one.indicator.rules)
        return exporting.answer(request, sheet, parts, narrowed=about)
    causes = restatement.causes(one)
    seen = open_to(user, causes)
    told = [{"cause": cause, **_told(cause, user, unit)} for cause in causes if cause.row_id in seen]
    notes = [(_("How it is counted"), _formula(one.indicator)), (_("Counting rules"), one.indicator.rules)]
    if hidden := len(causes) - len(told):
        notes.append((_("Not in this file"), _("%(n)s further rows that you may not open") % {"n": hidden}))
    sheet = excel.causes(str(one.indicator), unit if unit == Unit.WAN else printed_unit(unit), notes)
    return exporting.answer(request, sheet, told, narrowed=about)


def _causes(request: HttpRequest, restatement: Restatement, one: Restated) -> dict[str, Any]:
    user, found = user_of(request), figures.INDICATORS.get(one.indicator.code)
    causes = restatement.causes(one)
    seen = open_to(user, causes)
    shown = [cause for cause in causes if cause.row_id in seen]
    leaf = Paginator(shown, CAUSES_SHOWN).get_page(request.GET.get("page"))
    hidden = [cause for cause in causes if cause.row_id not in seen]
    unit = one.indicator.unit
    return {
        "period": restatement.period,
        "one": one,
        "line": line_of(one, {}),
        "scope": cards.scope_in_words(one.scope),
        "months": cards.months_in_words(restatement.windows[one.figure.span]),
        "formula": _formula(one.indicator),
        "formula_now": _formula_now(one.indicator),
        "parts": _parts(restatement, one, found),
        "is_amount": unit == Unit.WAN,
        "total": len(causes),
        "page": leaf,
        "rows": [_told(cause, user, unit) for cause in leaf],
        "hidden": len(hidden),
        "hidden_sum": of_cause(sum((cause.difference for cause in hidden), Decimal(0)), unit),
        "sum": of_cause(sum((cause.difference for cause in causes), Decimal(0)), unit),
        "documents": _documents(one),
    }


def _formula(kept: ClosedIndicator) -> str:
    return kept.formula_en if str(kept) == kept.name_en else kept.formula


def _formula_now(kept: ClosedIndicator) -> str:
    """The formula as it reads today, where it is another than the published one."""
    found = figures.INDICATORS.get(kept.code)
    now = "" if found is None else str(found.formula)
    return "" if now in (kept.formula, kept.formula_en) else now


def _parts(restatement: Restatement, one: Restated, found: Any) -> list[Line]:
    """Of a rate: the two figures that it divides."""
    if not isinstance(found, Rate):
        return []
    codes = (found.numerator.code, found.denominator.code)
    rows = ClosedFigure.objects.filter(
        indicator__period=restatement.period,
        indicator__code__in=codes,
        scope_key=one.figure.scope_key,
        span=one.figure.span,
    )
    return [line_of(restatement.restated(row), {}) for row in rows.order_by("indicator__order")]


def _documents(one: Restated) -> list[dict[str, Any]]:
    rows = one.figure.corrections.select_related("document").order_by("document__on", "document__pk")
    unit = one.indicator.unit
    return [
        {"document": row.document, "corrected": printed(row.corrected, unit), "unit": printed_unit(unit)}
        for row in rows
    ]


def _told(cause: Cause, user: User, unit: str) -> dict[str, Any]:
    name, sub, url = _what(cause.row, user)
    veiled = is_veiled(cause, user)
    return {
        "name": name,
        "sub": sub,
        "url": url,
        "why": cause.why.label,
        "published": exact(cause.published, unit),
        "now": exact(cause.now, unit),
        "difference": of_cause(cause.difference, unit),
        "recorded": (cause.recorded_by, cause.recorded_on),
        "verified": (cause.verified_by, cause.verified_on),
        "reason": "" if veiled else cause.reason,
        "changes": [] if veiled else cause.changes,
    }


def _what(row: Any, user: User) -> tuple[str, str, str]:
    """The row by its project, and of which kind it is."""
    kind = row.get_kind_display() if hasattr(row, "get_kind_display") else str(row._meta.verbose_name)
    if hasattr(row, "get_target_display"):
        kind = f"{row.get_source_display() or money.NO_VALUE} → {row.get_target_display()}"
    if getattr(row, "project", None) is None:
        return str(row), kind, ""
    return face(row.project, user).name, kind, row.project.get_absolute_url()


def of_cause(value: Decimal, unit: str) -> str:
    """A difference in 万元, to the cent: what causes add up to is exact."""
    return signed_wan(value) if unit == Unit.WAN else signed(value, unit)


def exact(value: Decimal | None, unit: str) -> str:
    """A value in the unit in which it is counted: 万元 of an amount."""
    if value is None or unit != Unit.WAN:
        return printed(value, unit)
    return money.format_wan(money.half_up(value, 2))
