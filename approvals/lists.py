"""The approval process list 审批流程清单 of a project: opening it, adding to it, what must come first."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from approvals import clocks, needs
from approvals.choices import ItemEventKind, ItemState
from approvals.models import Item, ItemEvent, ItemLimit, ItemRule, ItemTemplate, ProjectFacts
from approvals.needs import Need
from core.refusal import Refusal
from projects.choices import Stage
from projects.models import Project

T = TypeVar("T")


class CannotOpen(Refusal):
    """The project is not one that goes through approvals, or the item stands on its list already."""


# --- Choosing --------------------------------------------------------------------------------------


_READ: ContextVar[dict[Hashable, Any] | None] = ContextVar("catalogue_read", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """While many lists are opened at once nobody changes the catalogue, and each day's is read once."""
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


def _once(question: Hashable, find: Callable[[], T]) -> T:
    read = _READ.get()
    if read is None:
        return find()
    if question not in read:
        read[question] = find()
    answer: T = read[question]
    return answer


def choice(project: Project, *, on: datetime.date) -> list[Need]:
    """Every item of that day's catalogue, and what else stands on the project's list: whether the
    project needs it, and why. Four queries."""
    facts = needs.known(project, ProjectFacts.objects.filter(project=project).first())
    offered = _once(("templates", on), lambda: _offered(on))
    rules = _once(("rules", on), lambda: rules_of_day(on))
    listed = ItemTemplate.objects.filter(items__project=project).select_related("department").distinct()
    others = listed.exclude(pk__in=[template.pk for template in offered])
    return [
        needs.need(template, rules[template.pk], facts, on=on)
        for template in sorted((*offered, *others), key=attrgetter("phase", "order", "pk"))
    ]


def _offered(on: datetime.date) -> list[ItemTemplate]:
    return list(ItemTemplate.objects.in_force(on).select_related("department"))


def rules_of_day(on: datetime.date) -> dict[int, list[ItemRule]]:
    """The rules in force on a day by key of the catalogue item, in the order of the facts."""
    ended = Q(effective_until__isnull=False, effective_until__lt=on)
    rules: dict[int, list[ItemRule]] = defaultdict(list)
    for rule in ItemRule.objects.filter(effective_from__lte=on).exclude(ended).order_by("pk"):
        rules[rule.template_id].append(rule)
    return rules


# --- Opening ---------------------------------------------------------------------------------------


@transaction.atomic
def open_list(project: Project, *, on: datetime.date, by: User) -> list[Item]:
    """Open the items of the catalogue that the project needs by its facts, with the limits of that day.

    Those already open are left as they are, so that opening twice changes nothing. Returns the
    project's whole list.
    """
    _refuse_unsigned(project)
    open_already = set(project.items.values_list("template", flat=True))
    _open([n for n in choice(project, on=on) if n.is_needed], open_already, project, on, by)
    return list(project.items.select_related("template").order_by("template__phase", "template__order", "pk"))


def _open(chosen: list[Need], open_already: set[int], project: Project, on: datetime.date, by: User) -> int:
    missing = [need for need in chosen if need.template.pk not in open_already]
    if missing:
        limits = _once(("limits", on), lambda: ItemLimit.objects.of_day(on))
        made = [_item(project, n.template, limits.get(n.template.pk), on, by, n.as_json()) for n in missing]
        # Two workers may open the same list at once: the constraint keeps one item of each kind.
        Item.objects.bulk_create(made, ignore_conflicts=True)
    return len(missing)


@transaction.atomic
def add_item(project: Project, template: ItemTemplate, *, on: datetime.date, by: User) -> Item:
    """Put one more item on a project's list by hand, whatever its facts say; one that was closed as
    not needed is put back."""
    _refuse_unsigned(project)
    listed = project.items.filter(template=template).select_related("template").first()
    if listed and listed.state == ItemState.NOT_NEEDED:
        return _put_back(listed, on, by)
    if listed:
        raise CannotOpen(_("“%(item)s” stands on this project's list already.") % {"item": template})
    limit = ItemLimit.objects.of_day(on, [template.pk]).get(template.pk)
    item = _item(project, template, limit, on, by, needs.BY_HAND)
    item.save(force_insert=True)
    return item


def _put_back(item: Item, on: datetime.date, by: User) -> Item:
    said = item.events.filter(kind=ItemEventKind.NOT_NEEDED, struck_by__isnull=True)
    entry = said.order_by("on", "pk").reverse()[0]
    clocks.strike(entry, by=by, today=on, note=_("Put on the list by hand."))
    item.refresh_from_db()
    item.opened_because = needs.BY_HAND
    item.save(update_fields=["opened_because"])
    return item


def _refuse_unsigned(project: Project) -> None:
    if project.stage not in Stage.FROM_SIGNING:
        raise CannotOpen(_("The approval list opens when the project is signed."))


def _item(
    project: Project,
    template: ItemTemplate,
    limit: ItemLimit | None,
    on: datetime.date,
    by: User,
    because: dict[str, Any],
) -> Item:
    return Item(
        project=project,
        template=template,
        opened_on=on,
        opened_by=by,
        opened_because=because,
        limit=limit,
        statutory_days=limit.statutory_days if limit else None,
        promised_days=limit.promised_days if limit else None,
    )


# --- When more is known of the project ----------------------------------------------------------------

# Where an entry comes from that the facts made: what they took off the list they may put back.
FROM_FACTS = "facts"


@dataclass(frozen=True)
class Revised:
    """What the project's facts did to its list."""

    opened: tuple[ItemTemplate, ...] = ()
    taken_back: tuple[ItemTemplate, ...] = ()  # thought unnecessary before, needed after all
    dropped: tuple[ItemTemplate, ...] = ()


@transaction.atomic
def revise(project: Project, *, on: datetime.date, by: User) -> Revised:
    """Make the list follow from what is known of the project on a day.

    What is needed now is opened with the limits of that day. What still waits and is not needed any
    more is closed as not needed, with the reason. What has begun, or was put on the list by hand, is
    left alone (see `begun_though_not_needed`). Without a list nothing happens.
    """
    items = {item.template_id: item for item in project.items.select_related("template")}
    if not items:
        return Revised()
    chosen = choice(project, on=on)
    needed = [need for need in chosen if need.is_needed]
    not_needed = [need for need in chosen if not need.is_needed]
    _open(needed, set(items), project, on, by)
    return Revised(
        opened=tuple(need.template for need in needed if need.template.pk not in items),
        taken_back=_take_back([n for n in needed if n.template.pk in items], items, on, by),
        dropped=_drop([n for n in not_needed if n.template.pk in items], items, on, by),
    )


def _drop(
    unneeded: Iterable[Need], items: dict[int, Item], on: datetime.date, by: User
) -> tuple[ItemTemplate, ...]:
    waiting = [
        need
        for need in unneeded
        if items[need.template.pk].state == ItemState.WAITING
        and not items[need.template.pk].opened_because.get("by_hand")
    ]
    if waiting:
        with translation.override(settings.LANGUAGE_CODE):  # what is written down is written in Chinese
            entries = [
                clocks.Entry(
                    items[need.template.pk],
                    ItemEventKind.NOT_NEEDED,
                    max(on, items[need.template.pk].opened_on),
                    note=need.sentence,
                    source=FROM_FACTS,
                )
                for need in waiting
            ]
        clocks.log_events(entries, by=by, today=max(entry.on for entry in entries))
    return tuple(need.template for need in waiting)


def _take_back(
    needed: Iterable[Need], items: dict[int, Item], on: datetime.date, by: User
) -> tuple[ItemTemplate, ...]:
    """Strike out what the facts said before; what a person found unnecessary stays so."""
    closed = {n.template.pk: n for n in needed if items[n.template.pk].state == ItemState.NOT_NEEDED}
    entries = ItemEvent.objects.filter(
        item__in=[items[pk].pk for pk in closed],
        kind=ItemEventKind.NOT_NEEDED,
        source=FROM_FACTS,
        struck_by__isnull=True,
    )
    back = []
    for entry in entries.select_related("item").order_by("pk"):
        need = closed[entry.item.template_id]
        with translation.override(settings.LANGUAGE_CODE):
            clocks.strike(entry, by=by, today=on, note=need.sentence)
        back.append(need.template)
    return tuple(back)


def begun_though_not_needed(need: Need, item: Item) -> bool:
    """Whether an item goes on although the project's facts do not ask for it."""
    by_hand = item.opened_because.get("by_hand", False)
    begun = item.state not in (ItemState.WAITING, ItemState.NOT_NEEDED)
    return begun and not need.is_needed and not by_hand


# --- What must come first ----------------------------------------------------------------------


@dataclass(frozen=True)
class Readiness:
    """Whether an item may be handed in: since when, or for which items of the list it waits."""

    ready_on: datetime.date | None
    waits_for: tuple[Item, ...]


def readiness(items: Iterable[Item]) -> dict[int, Readiness]:
    """Of all items of one project, by key. A prerequisite that is not on the list is not waited for."""
    items = list(items)
    on_list = {item.template_id: item for item in items}
    needs: dict[int, list[Item]] = {item.template_id: [] for item in items}
    pairs = ItemTemplate.prerequisites.through.objects.filter(from_itemtemplate__in=list(on_list))
    for template, needed in pairs.order_by("pk").values_list("from_itemtemplate", "to_itemtemplate"):
        if needed in on_list:
            needs[template].append(on_list[needed])
    return {item.pk: _readiness(item, needs[item.template_id]) for item in items}


def _readiness(item: Item, needed: list[Item]) -> Readiness:
    waits_for = tuple(other for other in needed if other.state not in ItemState.PASSED)
    if waits_for:
        return Readiness(None, waits_for)
    return Readiness(max([item.opened_on, *(o.closed_on for o in needed if o.closed_on)]), ())
