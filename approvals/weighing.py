"""Many entries at once: which can be written, which stand there already, which are refused and why.

Nothing is written by looking. Entries of one item are one course, whatever their order; where they do
not fit together, as few as possible are put aside, and each says why.
"""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from approvals import clocks
from approvals.choices import ItemEventKind
from approvals.clocks import DoesNotFit, Entry
from approvals.models import Item, ItemEvent
from core.refusal import Refusal

MOST_OF_ONE_ITEM = 200
AT_ONCE = 500  # items asked for in one query


class Verdict(models.TextChoices):
    ENTER = "enter", pgettext_lazy("a row", "Will be entered")
    KNOWN = "known", pgettext_lazy("a row", "Entered already")
    REFUSED = "refused", pgettext_lazy("a row", "Refused")


@dataclass
class Weighed:
    """An entry and what becomes of it."""

    entry: Entry
    verdict: Verdict = Verdict.ENTER
    reason: str = ""

    def refuse(self, reason: str) -> None:
        self.verdict, self.reason = Verdict.REFUSED, reason


@transaction.atomic
def enter(
    entries: Sequence[Entry], *, by: User, today: datetime.date
) -> tuple[list[Weighed], list[ItemEvent]]:
    """Weigh the entries while nobody else can write to their items, and write those that can be."""
    clocks.lock({entry.item.pk for entry in entries})
    weighed = weigh(entries, today=today)
    fitting = [one.entry for one in weighed if one.verdict == Verdict.ENTER]
    return weighed, clocks.log_events(fitting, by=by, today=today) if fitting else []


class NotAllFit(Refusal):
    """Some of the entries cannot be written; `reasons` says why, by their place."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__(_("Nothing was entered: some entries cannot be."), list(reasons.values()))
        self.reasons = reasons


@transaction.atomic
def enter_all(
    entries: Sequence[Entry], *, by: User, today: datetime.date
) -> tuple[list[Weighed], list[ItemEvent]]:
    """Write all of the entries or, if one of them cannot be, none. Those that stand there already are
    passed over. Raises NotAllFit."""
    weighed, events = enter(entries, by=by, today=today)
    refused = {n: one.reason for n, one in enumerate(weighed) if one.verdict == Verdict.REFUSED}
    if refused:
        raise NotAllFit(refused)
    return weighed, events


def weigh(entries: Sequence[Entry], *, today: datetime.date) -> list[Weighed]:
    """What would become of each entry if all that fit were written."""
    weighed = [Weighed(entry) for entry in entries]
    of_item: dict[int, list[Weighed]] = defaultdict(list)
    for one in weighed:
        of_item[one.entry.item.pk].append(one)
    known = _events(list(of_item))
    for pk, group in of_item.items():
        _weigh_item(group, known[pk], today)
    return weighed


def _events(pks: Sequence[int]) -> dict[int, list[ItemEvent]]:
    """What stands in the items' histories."""
    found: dict[int, list[ItemEvent]] = {pk: [] for pk in pks}
    for start in range(0, len(pks), AT_ONCE):
        events = ItemEvent.objects.filter(item__in=pks[start : start + AT_ONCE]).order_by("pk")
        for event in events:
            found[event.item_id].append(event)
    return found


def _weigh_item(group: Sequence[Weighed], events: Sequence[ItemEvent], today: datetime.date) -> None:
    if len(group) > MOST_OF_ONE_ITEM:
        for one in group:
            one.refuse(
                _("There are more than %(most)s entries of this item. Hand them in apart.")
                % {"most": MOST_OF_ONE_ITEM}
            )
        return
    standing = clocks.standing_events(events)
    seen = {_key(event.kind, event.on, event.note) for event in standing}
    for one in group:
        _weigh_alone(one, seen, today)
    _fit([one for one in group if one.verdict == Verdict.ENTER], standing, group[0].entry.item)


def _key(kind: str, on: datetime.date, note: str) -> tuple[str, datetime.date, str]:
    """What makes two entries of an item the same; of words about it the words too."""
    return kind, on, note.strip() if kind in ItemEventKind.WITHOUT_STEP else ""


def _weigh_alone(one: Weighed, seen: set[tuple[str, datetime.date, str]], today: datetime.date) -> None:
    key = _key(one.entry.kind, one.entry.on, one.entry.note)
    if key in seen:
        one.verdict = Verdict.KNOWN
        return
    try:
        clocks.check(one.entry, today)
    except Refusal as refusal:
        one.refuse(str(refusal))
    else:
        seen.add(key)


def _fit(group: Sequence[Weighed], standing: Sequence[ItemEvent], item: Item) -> None:
    """Put aside one entry after the other until the rest make a course with what stands there."""
    thought = [(clocks.event_of(one.entry), one) for one in group]
    left = {id(event): (event, one) for event, one in thought}
    while left:
        try:
            clocks.replay([*standing, *(event for event, _one in left.values())], opened_on=item.opened_on)
        except DoesNotFit as refusal:
            culprit = left.get(id(refusal.event)) or _before(refusal.event, list(left.values()))
            culprit[1].refuse(str(refusal))
            del left[id(culprit[0])]
        else:
            return


def _before(event: ItemEvent, left: Sequence[tuple[ItemEvent, Weighed]]) -> tuple[ItemEvent, Weighed]:
    """Of the new ones the last before an old one that no longer fits: it is what has pushed it out."""
    steps = [pair for pair in left if pair[0].kind not in ItemEventKind.WITHOUT_STEP] or left
    earlier = [pair for pair in steps if pair[0].on <= event.on]
    return max(earlier, key=lambda pair: pair[0].on) if earlier else steps[0]
