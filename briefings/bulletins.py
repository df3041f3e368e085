"""Issuing a published briefing as a bulletin 工作简报: the next number of its year, once."""

import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from briefings.choices import BriefingState
from briefings.models import Briefing, Bulletin
from core.refusal import Refusal

TRIES = 5  # of several who issue at once each takes the next number


class CannotIssue(Refusal):
    """The briefing is not published yet, or is a bulletin already."""


def issue(briefing: Briefing, *, by: User, today: datetime.date) -> Bulletin:
    """Give a published briefing the next issue number of the year."""
    if briefing.state != BriefingState.PUBLISHED:
        raise CannotIssue(_("Publish the briefing first; then it can go out as a bulletin."))
    for attempt in range(TRIES):
        if number := number_of(briefing):
            raise CannotIssue(_("This briefing is bulletin no. %(number)d already.") % {"number": number})
        try:
            with transaction.atomic():
                return _take_next(briefing, by=by, today=today)
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def number_of(briefing: Briefing) -> int | None:
    return Bulletin.objects.filter(briefing=briefing).values_list("number", flat=True).first()


def _take_next(briefing: Briefing, *, by: User, today: datetime.date) -> Bulletin:
    of_year = Bulletin.objects.filter(year=today.year)
    last = of_year.aggregate(last=Max("number"))["last"] or 0
    return Bulletin.objects.create(
        briefing=briefing, year=today.year, number=last + 1, issued_on=today, by=by
    )
