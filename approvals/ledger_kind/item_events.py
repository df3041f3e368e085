"""The ledger of what happened to approval items, in the words of the region's permit system."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from approvals import clocks, weighing
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.ledger_kind.finding import CannotFind, Items
from approvals.ledger_kind.happenings import WORDS, announced_length, choices, happenings
from approvals.ledger_kind.rows import PROJECT, named, of_the_same, readable, refuse
from approvals.models import Item, ItemEvent
from approvals.weighing import Verdict as Weight
from core.refusal import Refusal
from ledgers import meanings
from ledgers.choices import Verdict
from ledgers.committing import reason
from ledgers.declaring import Field, Kind, Undoing
from ledgers.meanwhile import said_late
from ledgers.models import Ledger, LedgerRow
from projects.models import Project

NEEDED = ("item", "kind", "on")


# --- What cells mean ------------------------------------------------------------------------------------

FIELDS = (
    Field(
        "item",
        gettext_lazy("Item"),
        ("审批事项", "事项名称", "事项", "办理事项", "Item"),
        meanings.text(200),
        is_required=True,
        is_key=True,
    ),
    *PROJECT,
    Field(
        "kind",
        gettext_lazy("What happened"),
        ("办理情况", "办理状态", "状态", "办理环节", "What happened"),
        meanings.words({}, choices),
        is_required=True,
        is_key=True,
        begin=happenings,
        offers=tuple(WORDS),
        show=lambda value: str(dict(ItemEventKind.choices).get(value, value)),
    ),
    Field(
        "on",
        gettext_lazy("On which day"),
        ("日期", "办理日期", "办理时间", "On which day"),
        meanings.day,
        is_required=True,
        is_key=True,
    ),
    Field(
        "declared_days",
        gettext_lazy("Announced length"),
        ("告知时长（工作日）", "告知时长", "Announced length"),
        announced_length,
    ),
    Field(
        "certificate_no",
        gettext_lazy("Certificate"),
        ("证照编号", "批文号", "批复文号", "文号", "证号", "证照号", "证书编号", "Certificate"),
        meanings.text(80),
    ),
    Field("note", gettext_lazy("Note"), ("说明", "原因", "备注", "Note"), meanings.text(300)),
)


# --- Beside the books -----------------------------------------------------------------------------------

Placed = list[tuple[LedgerRow, Entry]]


def match(rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
    """New, known already, or refused with the reason; the entries of one item are one course, also over
    the blocks of a large ledger."""
    placed = _placed(list(readable(rows, NEEDED)), ledger, user)
    before = _before(rows, ledger)
    above = [entry for pk in {entry.item.pk for _row, entry in placed} for entry in before[pk]]
    weighed = weighing.weigh([*above, *(e for _row, e in placed)], today=ledger.handed_in_on)[len(above) :]
    for (row, entry), weight in zip(placed, weighed, strict=True):
        row.target = entry.item.pk
        row.verdict = Verdict.SAME if weight.verdict == Weight.KNOWN else Verdict.NEW
        if weight.verdict == Weight.REFUSED:
            refuse(row, weight.reason)
        else:
            before[entry.item.pk].append(entry)


def _before(rows: Sequence[LedgerRow], ledger: Ledger) -> dict[int, list[Entry]]:
    """The entries of the blocks before; forgotten when the ledger is read once more."""
    first = rows[0].position if rows else None
    memory: dict[str, Any] = ledger.__dict__.setdefault("_courses", {"first": first})
    if memory["first"] == first:
        memory.update(first=first, entries=defaultdict(list))
    entries: dict[int, list[Entry]] = memory["entries"]
    return entries


def _placed(rows: Sequence[LedgerRow], ledger: Ledger, user: User) -> Placed:
    """Each row with the item it is about; the others are refused."""
    items = Items([named(row) for row in rows], user)
    placed: Placed = []
    for row in rows:
        try:
            item = items.item({**named(row), "item": row.value("item")})
        except CannotFind as refusal:
            refuse(row, str(refusal))
            continue
        entry = Entry(
            item,
            row.value("kind"),
            datetime.date.fromisoformat(row.value("on")),
            row.value("declared_days"),
            row.value("note") or "",
            row.value("certificate_no") or "",
            source=row.source(ledger.file.name),
        )
        placed.append((row, entry))
    return placed


# --- Entering -------------------------------------------------------------------------------------------


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Write all entries that fit, the items held meanwhile; the others say why they do not any more."""
    placed = _placed(rows, ledger, by)
    weighed, events = weighing.enter([entry for _row, entry in placed], by=by, today=ledger.handed_in_on)
    written = iter(events)
    for (row, entry), weight in zip(placed, weighed, strict=True):
        row.written, row.undo = entry.item.pk, {}
        if weight.verdict == Weight.ENTER:
            row.undo = {"event": next(written).pk}
        elif weight.verdict == Weight.REFUSED:
            row.stay_out(weight.reason)
        elif row.verdict == Verdict.NEW:  # somebody has entered it by hand this very moment
            row.stay_out(said_late())
    tell(len(rows))


# --- Taking back ----------------------------------------------------------------------------------------


def take_back(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
    """Strike the entries out, as long as later ones do not rest on them: they stay readable and count
    no more."""
    assert ledger.undone_at is not None
    wanted = [row.undo["event"] for row in of_the_same(rows, ledger)]
    events = ItemEvent.objects.filter(pk__in=wanted, struck_by__isnull=True)
    left = list(events.select_related("item__project", "item__template").order_by("-on", "-pk"))
    with transaction.atomic():
        hindrances = _struck(left, by, timezone.localdate(ledger.undone_at), reason(ledger))
        if hindrances:
            transaction.set_rollback(True)
    return Undoing(list(hindrances.values()))


def _struck(left: Iterable[ItemEvent], by: User, today: datetime.date, note: str) -> dict[int, str]:
    """Strike one after the other, as often as one more can be; why the rest cannot."""
    left = list(left)
    while left:
        why: dict[int, str] = {}
        for event in left:
            try:
                clocks.strike(event, by=by, today=today, note=note)
            except Refusal as refusal:
                why[event.pk] = f"{event.item.project.code} {event.item.template}: {refusal}"
        if len(why) == len(left):
            return why
        left = [event for event in left if event.pk in why]
    return {}


# --- To be filled in ------------------------------------------------------------------------------------

EXPLAINED = (
    gettext_lazy("Fill in one row for each thing that happened. The order of the rows does not matter."),
    gettext_lazy("The project: by its code, its national code or its name; one of them is enough."),
    gettext_lazy("The item: its name or code as on the project's approval list."),
    gettext_lazy("What happened: choose from the list; they are the words of the region's permit system."),
    gettext_lazy("The day on which it happened, for example 2026-03-02; not in the future."),
    gettext_lazy(
        "A correction, special procedure or public notice that begins needs the length announced and "
        "the reason."
    ),
    gettext_lazy("Rows without anything that happened are passed over."),
)
READY = 500


def ready(user: User) -> list[dict[str, str]]:
    """The items that the person handles and that wait or are under way."""
    items = (
        Item.objects.visible_to(user)
        .filter(state__in=(ItemState.WAITING, *ItemState.UNDER_WAY))
        .select_related("project", "template")
        .order_by("project__code", "template__phase", "template__order", "pk")[:READY]
    )
    projects = {item.project_id for item in items}
    known = set(Project.objects.known_to(user).filter(pk__in=projects).values_list("pk", flat=True))
    return [
        {
            "code": item.project.code,
            "national_code": (item.project.national_code or "") if item.project_id in known else "",
            "name": item.project.name if item.project_id in known else "",
            "item": item.template.name,
        }
        for item in items
    ]


KIND = Kind(
    code="item_events",
    label=gettext_lazy("What happened to approval items"),
    permission="approvals.log_item_event",
    fields=FIELDS,
    match=match,
    enter=enter,
    take_back=take_back,
    model=ItemEvent,
    ready=ready,
    explained=EXPLAINED,
    tells=("kind", "on", "declared_days", "certificate_no", "note"),
    page_of=lambda pk: reverse("approvals:item", args=[pk]),
)
