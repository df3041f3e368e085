"""The mechanism of a year: which one holds, what it calls the batches, and next year's from this one's."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.refusal import Refusal
from taskforces.models import BatchLabel, Mechanism, Seat


class CannotCopy(Refusal):
    """The year has a mechanism already."""


def of_year(year: int) -> Mechanism | None:
    """The newest mechanism up to a year: a year without its own goes on with the last one."""
    return Mechanism.objects.filter(year__lte=year).order_by("-year").first()


def labels(mechanism: Mechanism | None) -> dict[str, str]:
    """What the mechanism calls the batches, in the reader's language."""
    if mechanism is None:
        return {}
    return {row.batch: str(row) for row in BatchLabel.objects.filter(mechanism=mechanism)}


@transaction.atomic
def begin_next_year(mechanism: Mechanism) -> Mechanism:
    """The mechanism of the following year, with the same seats and labels: a start to be edited.

    Raises CannotCopy when that year has one.
    """
    year = mechanism.year + 1
    if Mechanism.objects.filter(year=year).exists():
        raise CannotCopy(_("%(year)d has its mechanism already: edit that one.") % {"year": year})
    fresh = Mechanism.objects.create(
        year=year,
        name=mechanism.name,
        name_en=mechanism.name_en,
        briefings_a_year=mechanism.briefings_a_year,
        site_meetings_a_year=mechanism.site_meetings_a_year,
        is_example=mechanism.is_example,
    )
    Seat.objects.bulk_create(
        Seat(mechanism=fresh, task_force_id=seat.task_force_id, order=seat.order)
        for seat in mechanism.seats.order_by("order")
    )
    BatchLabel.objects.bulk_create(
        BatchLabel(mechanism=fresh, batch=label.batch, name=label.name, name_en=label.name_en)
        for label in mechanism.labels.order_by("pk")
    )
    return fresh
