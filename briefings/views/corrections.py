"""Correction documents: issued, read, printed."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import allow, user_of
from briefings import correcting, excel, periods
from briefings.content import printed_unit
from briefings.figures import Scope, Unit
from briefings.models import ClosedFigure, CorrectedFigure, CorrectionDocument
from briefings.restating import Restated
from briefings.views import cards
from briefings.views.months import CLOSERS
from briefings.views.restated import READERS, Asked, exact, line_of, period_of, printed, restatement_of
from core import clock, exporting
from core.pages import page
from core.refusal import Refusal
from projects.forms.fields import NameField, TextField


class CorrectionForm(forms.Form):
    """A correction document: its words, and of each figure offered how it should have read."""

    number = NameField(
        label=gettext_lazy("Document number"), longest=60, help_text=gettext_lazy("Like 柳招商〔2026〕11号.")
    )
    title = NameField(label=gettext_lazy("Title"))
    reason = TextField(
        label=gettext_lazy("What was wrong, and why"),
        longest=2000,
        help_text=gettext_lazy("What was learnt, from whom, and what it changes."),
    )

    def __init__(self, data: QueryDict | None, offered: list[Restated]) -> None:
        super().__init__(data)
        self.offered = {f"figure-{one.figure.pk}": one for one in offered}
        for name, one in self.offered.items():
            self.fields[name] = forms.DecimalField(
                label=str(one.indicator),
                required=False,
                decimal_places=2,
                max_digits=16,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 12}),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not self.figures:
            raise ValidationError(_("Write beside at least one figure how it should have read."))
        return given

    @property
    def figures(self) -> dict[ClosedFigure, Decimal]:
        given = {name: self.cleaned_data.get(name) for name in self.offered}
        return {self.offered[name].figure: value for name, value in given.items() if value is not None}

    def rows(self) -> list[dict[str, Any]]:
        """Each figure offered with its field."""
        return [
            {"line": line_of(one, {}), "field": self[name], "exact": _plain(one)}
            for name, one in self.offered.items()
        ]


def _plain(one: Restated) -> dict[str, str]:
    """Published and now in the unit in which the corrected value is written."""
    unit = one.indicator.unit
    return {
        "published": exact(one.published, unit),
        "now": exact(one.now, unit),
        "unit": unit if unit == Unit.WAN else printed_unit(unit),
    }


@allow(CLOSERS)
def correct(request: HttpRequest, month: str) -> HttpResponse:
    """Issue a correction document. Offered are the figures of one scope that read otherwise today, or
    with `?all=on` every one."""
    found, today = period_of(month), clock.today()
    if found.closed_on is None or not found.indicators.exists():
        raise Http404
    restatement = restatement_of(found, today)
    asked = Asked(request.GET, restatement.scopes)
    if not asked.is_valid():
        raise Http404
    offered = [one for one in restatement.of(asked.key) if one.differs or asked.cleaned_data["all"]]
    form = CorrectionForm(request.POST or None, offered)
    if request.method == "POST" and form.is_valid():
        words = {name: form.cleaned_data[name] for name in ("number", "title", "reason")}
        try:
            document = correcting.issue(found, **words, figures=form.figures, by=user_of(request), on=today)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Issued. The published figures stay as they are."))
            return redirect(document)
    context = {
        "period": found,
        "form": form,
        "asked": asked,
        "scope": cards.scope_in_words(restatement.scopes[asked.key]),
        "shows_all": asked.cleaned_data["all"],
    }
    return page(request, "briefings/correct.html", context)


@allow(READERS)
def correction(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A correction document, to read and to print."""
    found = get_object_or_404(CorrectionDocument.objects.select_related("period", "by"), pk=pk)
    rows = found.figures.select_related("figure__indicator").order_by(
        "figure__scope_key", "figure__indicator__order", "-figure__span"
    )
    scopes = periods.scopes()
    told = [_told(row, found, scopes) for row in rows]
    if exporting.asked(request):
        narrowed = [(_("Correction document"), f"{found.number} {found.title}")]
        return exporting.answer(request, excel.CORRECTED, told, narrowed=narrowed)
    context = {
        "document": found,
        "reason": [line for line in found.reason.splitlines() if line.strip()],
        "rows": told,
    }
    return page(request, "briefings/correction.html", context)


def _told(row: CorrectedFigure, document: CorrectionDocument, scopes: dict[str, Scope]) -> dict[str, str]:
    figure, unit = row.figure, row.figure.indicator.unit
    address = reverse("briefings:restated", args=[str(document.period), figure.indicator.code])
    return {
        "scope": cards.scope_in_words(scopes[figure.scope_key]),
        "name": str(figure.indicator),
        "span": figure.get_span_display(),
        "unit": printed_unit(unit),
        "published": printed(row.published, unit),
        "corrected": printed(row.corrected, unit),
        "url": f"{address}?{urlencode({'scope': figure.scope_key, 'span': figure.span})}",
    }
