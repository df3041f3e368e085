"""The only writer of correction documents: how the bureau says that a published figure was wrong."""

import datetime
from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from briefings.drafting import document_number
from briefings.models import Briefing, ClosedFigure, CorrectedFigure, CorrectionDocument, Period
from core.refusal import Refusal
from core.text import clean_name, clean_text


class CannotCorrect(Refusal):
    """The month is not closed, the number is taken, or the document says nothing."""


@transaction.atomic
def issue(
    period: Period,
    *,
    number: str,
    title: str,
    reason: str,
    figures: Mapping[ClosedFigure, Decimal],
    by: User,
    on: datetime.date,
) -> CorrectionDocument:
    """Say of figures of a closed month how they should have read, and why. The month stays as published.

    `figures` in the unit of each (万元 of amounts). Raises CannotCorrect for an open month, without a
    reason, without a figure or with one of another month or that reads the same; CannotPublish for a
    number that is not written like 柳招商〔2026〕11号.
    """
    number = document_number(number)
    title, reason = clean_name(title, max_length=200), clean_text(reason, max_length=2000)
    if period.closed_on is None:
        raise CannotCorrect(_("%(month)s is not closed: draft its briefings again instead.") % _of(period))
    if not title or not reason:
        raise CannotCorrect(_("Say in the title what is corrected and in the reason why it was wrong."))
    _check_figures(period, figures)
    if Briefing.objects.filter(number=number).exists():
        raise CannotCorrect(_("The number %(number)s is taken by a briefing.") % {"number": number})
    try:
        with transaction.atomic():
            document = CorrectionDocument.objects.create(
                period=period, number=number, title=title, reason=reason, by=by, on=on
            )
    except IntegrityError:
        raise CannotCorrect(
            _("The number %(number)s is taken by another correction.") % {"number": number}
        ) from None
    CorrectedFigure.objects.bulk_create(
        [
            CorrectedFigure(document=document, figure=figure, published=figure.value, corrected=corrected)
            for figure, corrected in figures.items()
        ]
    )
    return document


def _check_figures(period: Period, figures: Mapping[ClosedFigure, Decimal]) -> None:
    if not figures:
        raise CannotCorrect(_("Say of at least one figure how it should have read."))
    if any(figure.indicator.period_id != period.pk for figure in figures):
        raise CannotCorrect(_("A figure of another month needs a document of its own."))
    for figure, corrected in figures.items():
        if figure.value == corrected:
            raise CannotCorrect(
                _("“%(figure)s” was published with this very value.") % {"figure": str(figure.indicator)}
            )


def _of(period: Period) -> dict[str, str]:
    return {"month": str(period)}
