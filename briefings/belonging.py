"""The month that a contract event belongs to, whenever it became known.

Living figures count what was verified after its month was closed late, in the month of verification
(`briefings.counting`). A restatement asks how the closed month itself would read, had everybody known on
the day of closing what is known now.
"""

import datetime
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from briefings import counting
from briefings.counting_rules import USUAL, RuleSet
from projects.choices import EventKind

Rows = QuerySet[Any]


def in_their_months(
    rows: Rows, since: datetime.date, known_on: datetime.date | None = None, rules: RuleSet = USUAL
) -> Rows:
    """Counting events with `counted_on` changed for what was verified after a day: a late one counts on
    the day of its signing, a correction on that of what it corrects.

    A void belongs to its own month: the month of the signing keeps its figure (domain §2 rule 10).
    """
    own: Rows = counting.events(known_on, rules).exclude(kind=EventKind.CORRECTION)
    own = own.filter(project=OuterRef("project")).annotate(own_day=_own_day(since)).order_by("pk")
    corrected = Coalesce(
        Subquery(own.filter(pk=OuterRef("corrects")).values("own_day")[:1]),
        Subquery(own.filter(kind=EventKind.SIGNED).values("own_day")[:1]),  # what it means if it does not say
        F("counted_on"),
    )
    learnt_since = Q(verdict__on__gt=since)
    return rows.annotate(
        counted_on=Case(
            When(learnt_since & Q(kind=EventKind.CORRECTION), then=corrected),
            default=_own_day(since),
        )
    )


def _own_day(since: datetime.date) -> Case:
    return Case(When(Q(verdict__on__gt=since) & Q(late=True), then=F("signed_on")), default=F("counted_on"))
