"""Changed limits of a catalogue item: which running items still keep the older ones, what the new ones
would do to their due days, and applying them where somebody asks for it.

By itself a change of a limit moves nothing: an item keeps the limits of the day it was opened.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from approvals import clocks
from approvals.choices import ItemEventKind, ItemState
from approvals.models import Item, ItemEvent, ItemLimit
from approvals.models.item import ItemQuerySet
from core.refusal import Refusal
from core.workdays import Calendar


class CannotApply(Refusal):
    """The limits are not in force, or an item cannot take them."""


def with_others(limit: ItemLimit, items: ItemQuerySet) -> ItemQuerySet:
    """Of these the open ones of the limit's catalogue item that go by other limits."""
    same = _is("promised_days", limit.promised_days) & _is("statutory_days", limit.statutory_days)
    return items.filter(template=limit.template_id).exclude(state__in=ItemState.CLOSED).exclude(same)


def _is(name: str, value: int | None) -> Q:
    return Q(**{name: value}) if value is not None else Q(**{f"{name}__isnull": True})


@dataclass(frozen=True)
class Change:
    """What new limits do to one item: its due days now and then."""

    item: Item
    promise_after: datetime.date | None
    statute_after: datetime.date | None

    @property
    def is_tighter(self) -> bool:
        """Whether a known due day comes nearer."""
        pairs = [
            (self.item.promise_due, self.promise_after),
            (self.item.statute_due, self.statute_after),
        ]
        return any(before and after and after < before for before, after in pairs)


def preview(limit: ItemLimit, items: Sequence[Item], *, days: Calendar) -> list[Change]:
    """The due days that these items would have with the limit; one query for any number of them."""
    events: dict[int, list[ItemEvent]] = defaultdict(list)
    for event in ItemEvent.objects.filter(item__in=[item.pk for item in items]).order_by("pk"):
        events[event.item_id].append(event)
    changes = []
    for item in items:
        course = clocks.replay(events[item.pk], opened_on=item.opened_on)
        then = clocks.derived(item, course, limit, days=days)
        changes.append(Change(item, then["promise_due"], then["statute_due"]))
    return changes


@transaction.atomic
def apply(
    limit: ItemLimit, items: Collection[Item], *, reason: str, by: User, today: datetime.date
) -> list[ItemEvent]:
    """Let these running items go by the limit from today on, all or none; a reason is needed.

    Their history keeps it, and a past day is still shown with the limits of that day. Raises
    CannotApply.
    """
    if not reason.strip():
        raise CannotApply(_("Give the reason why the new limits shall hold for items already opened."))
    if not items:
        raise CannotApply(_("Choose the items that the new limits shall hold for."))
    if limit.effective_from > today:
        raise CannotApply(
            _("These limits are in force from %(day)s only. Apply them then.")
            % {"day": limit.effective_from.isoformat()}
        )
    held = Item.objects.select_for_update(of=("self",)).filter(pk__in=[item.pk for item in items])
    _refuse_misfits(limit, held.select_related("project").order_by("pk"))
    entries = [
        clocks.Entry(item, ItemEventKind.LIMITS, today, note=reason, limit=limit)
        for item in sorted(items, key=lambda item: item.pk)
    ]
    return clocks.log_events(entries, by=by, today=today)


def _refuse_misfits(limit: ItemLimit, items: Iterable[Item]) -> None:
    for item in items:
        facts = {"project": item.project.code, "state": item.get_state_display()}
        if item.template_id != limit.template_id:
            raise CannotApply(_("The item of %(project)s is another one than these limits are for.") % facts)
        if item.state in ItemState.CLOSED:
            raise CannotApply(
                _("The item of %(project)s is “%(state)s” meanwhile. Take it out of the selection.") % facts
            )
        if (item.promised_days, item.statutory_days) == (limit.promised_days, limit.statutory_days):
            raise CannotApply(
                _("The item of %(project)s goes by these limits already. Take it out of the selection.")
                % facts
            )
