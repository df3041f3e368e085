"""Items of the approval lists: how they stand, and what happened to them."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.models import User
from approvals import clocks, lamps, lists, weighing
from approvals.choices import Clock, ItemEventKind, ItemState, Phase
from approvals.clocks import Entry
from approvals.filters import ItemFilter
from approvals.forms import EventForm
from approvals.models import Item, ItemEvent, ItemTemplate
from approvals.rules import ITEM_NEXT
from approvals.weighing import Verdict
from core import clock
from core.api import idempotent
from core.endpoints import Code, Endpoint, Number, Plain, Rows, Sent, code_of, described, filled, taken
from core.workdays import Calendar, calendar
from projects.api.shapes import ProjectName, labels_told
from projects.showing import labels

# --- What is said ---------------------------------------------------------------------------------------


class ItemRow(serializers.Serializer):
    """Days are working days. The two verdicts, over promise and over statute, are never merged."""

    id = serializers.IntegerField()
    project = ProjectName()
    item = Code()
    department = Code()
    phase = serializers.ChoiceField(Phase.choices)
    state = serializers.ChoiceField(ItemState.choices)
    lamp = serializers.CharField()
    standing = serializers.CharField(help_text=_("The lamp in words."))
    opened_on = serializers.DateField()
    submitted_on = serializers.DateField(allow_null=True)
    accepted_on = serializers.DateField(allow_null=True)
    closed_on = serializers.DateField(allow_null=True)
    last_event_on = serializers.DateField(allow_null=True)
    counted_days = serializers.IntegerField()
    promised_days = serializers.IntegerField(allow_null=True)
    statutory_days = serializers.IntegerField(allow_null=True)
    promise_due = serializers.DateField(allow_null=True)
    statute_due = serializers.DateField(allow_null=True)
    is_provisional = serializers.BooleanField(
        help_text=_("A due day lies in a year whose days off are not announced yet.")
    )
    paused_since = serializers.DateField(allow_null=True)
    announced_days = serializers.IntegerField(
        allow_null=True, help_text=_("How long the applicant was told that the clock stops.")
    )
    announced_until = serializers.DateField(allow_null=True)
    over_promise = serializers.IntegerField()
    over_statute = serializers.IntegerField()
    certificate_no = serializers.CharField()


class ItemEventTold(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ItemEventKind.choices)
    on = serializers.DateField()
    declared_days = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    certificate_no = serializers.CharField()
    by = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    strikes = serializers.IntegerField(allow_null=True, help_text=_("The entry that this one strikes out."))
    is_struck = serializers.BooleanField()


class DaysByClock(serializers.Serializer):
    """Whose the working days are; each belongs to one clock."""

    government = serializers.IntegerField()
    enterprise = serializers.IntegerField()
    intermediary = serializers.IntegerField()
    notice = serializers.IntegerField()


class ItemDetail(ItemRow):
    waits_for = Code(many=True, help_text=_("The items that have to be passed first."))
    days = DaysByClock()
    next_kinds = serializers.ListField(
        child=serializers.ChoiceField(ItemEventKind.choices), help_text=_("What can come next.")
    )
    events = ItemEventTold(many=True)


def item_rows(items: Sequence[Item], user: User, *, today: datetime.date, days: Calendar) -> Rows:
    """The items of a page, in a fixed number of queries."""
    named = labels([item.project_id for item in items], user)
    asked = ItemTemplate.objects.filter(pk__in={item.template_id for item in items})
    templates = {template.pk: template for template in asked.select_related("department")}
    return [
        _row(item, templates[item.template_id], labels_told(item.project_id, named), today=today, days=days)
        for item in items
    ]


def _row(
    item: Item, template: ItemTemplate, project: Plain, *, today: datetime.date, days: Calendar
) -> Plain:
    standing = clocks.standing(item, today=today, days=days)
    lamp = lamps.shown(item, standing)
    return {
        "id": item.pk,
        "project": project,
        "item": code_of(template),
        "department": code_of(template.department),
        "phase": template.phase,
        "state": item.state,
        "lamp": lamp.kind,
        "standing": lamp.word,
        "opened_on": item.opened_on,
        "submitted_on": item.submitted_on,
        "accepted_on": item.accepted_on,
        "closed_on": item.closed_on,
        "last_event_on": item.last_event_on,
        "counted_days": standing.counted,
        "promised_days": item.promised_days,
        "statutory_days": item.statutory_days,
        "promise_due": item.promise_due,
        "statute_due": item.statute_due,
        "is_provisional": clocks.is_provisional(item, days=days),
        "paused_since": item.paused_since,
        "announced_days": item.announced_days,
        "announced_until": item.announced_until,
        "over_promise": standing.over_promise,
        "over_statute": standing.over_statute,
        "certificate_no": item.certificate_no,
    }


def item_detail(item: Item, user: User, *, today: datetime.date, days: Calendar) -> Plain:
    [row] = item_rows([item], user, today=today, days=days)
    events = list(item.events.select_related("by").order_by("on", "pk"))
    siblings = list(Item.objects.filter(project=item.project_id).select_related("template").order_by("pk"))
    ready = lists.readiness(siblings)[item.pk]
    course = clocks.replay(events, opened_on=item.opened_on)
    handled_by = Clock(next(one.template.clock for one in siblings if one.pk == item.pk))
    life = clocks.stretches(course, ready_on=ready.ready_on, handled_by=handled_by, today=today)
    struck = {event.strikes_id for event in events}
    waits = ready.waits_for if item.state == ItemState.WAITING else ()
    return {
        **row,
        "waits_for": [code_of(other.template) for other in waits],
        "days": {belongs.value: n for belongs, n in clocks.split(life, days=days).items()},
        "next_kinds": [kind.value for kind in ITEM_NEXT[ItemState(item.state)]],
        "events": [_event(event, event.pk in struck) for event in events],
    }


def _event(event: ItemEvent, is_struck: bool) -> Plain:
    return {
        "id": event.pk,
        "kind": event.kind,
        "on": event.on,
        "declared_days": event.declared_days,
        "note": event.note,
        "certificate_no": event.certificate_no,
        "by": event.by.name,
        "recorded_at": event.recorded_at,
        "strikes": event.strikes_id,
        "is_struck": is_struck,
    }


# --- What is taken ----------------------------------------------------------------------------------------


NOT_TAKEN = (ItemEventKind.STRUCK, ItemEventKind.LIMITS)
HAPPENINGS = [choice for choice in ItemEventKind.choices if choice[0] not in NOT_TAKEN]


class Happening(Sent):
    """What happened to an item. A pause that is over already may carry its last day in `ended_on`."""

    kind = serializers.ChoiceField(HAPPENINGS)
    on = serializers.DateField()
    certificate_no = serializers.CharField(required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True)
    declared_days = serializers.IntegerField(required=False, allow_null=True)
    ended_on = serializers.DateField(required=False, allow_null=True)


MOST_AT_ONCE = 1000


class HappeningOfItem(Sent):
    """One of many: the item by its number, or by the project's code and the code in the catalogue."""

    item = Number(required=False)
    project = serializers.CharField(required=False, max_length=40)
    code = serializers.CharField(required=False, max_length=50, help_text=_("Of the item in the catalogue."))
    kind = serializers.ChoiceField(HAPPENINGS)
    on = serializers.DateField()
    certificate_no = serializers.CharField(required=False, allow_blank=True, max_length=80)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)
    declared_days = serializers.IntegerField(required=False, allow_null=True)

    def validate(self, attrs: Plain) -> Plain:
        if "item" not in attrs and not {"project", "code"} <= attrs.keys():
            raise serializers.ValidationError(
                _("Name the item by its number, or by the project's code and its own.")
            )
        return attrs


class Happenings(Sent):
    """What happened to several items, all of it or none. An error stands under the place of its event."""

    events = HappeningOfItem(
        many=True,
        allow_empty=False,
        max_length=MOST_AT_ONCE,  # type: ignore[call-arg]  # of the list, which DRF makes
    )


class EnteredEvent(serializers.Serializer):
    place = serializers.IntegerField(help_text=_("Which of the events sent, counted from 0."))
    id = serializers.IntegerField()
    item = serializers.IntegerField()


class Entered(serializers.Serializer):
    entered = EnteredEvent(many=True)
    already = serializers.ListField(
        child=serializers.IntegerField(),
        help_text=_("The places of events that stood there already: the same item, kind and day."),
    )


def _by_place(error: ValidationError) -> ValidationError:
    """Errors of a list under the places of what is wrong, not as a list with gaps."""
    detail = error.detail
    if isinstance(detail, dict) and isinstance(detail.get("events"), list):
        wrong = {str(n): one for n, one in enumerate(detail["events"]) if one}
        if all(isinstance(one, dict) for one in wrong.values()):
            return ValidationError({**detail, "events": wrong})
    return error


def _entries(sent: Sequence[Plain], seen: QuerySet[Item]) -> list[Entry]:
    """Raises ValidationError under the places of items that the caller does not see."""
    by_number = seen.filter(pk__in={one["item"] for one in sent if "item" in one})
    codes = {one["project"] for one in sent if "item" not in one}
    by_code = seen.filter(project__code__in=codes).select_related("project", "template")
    numbers = {item.pk: item for item in by_number}
    named = {(item.project.code, item.template.code): item for item in by_code}
    entries, wrong = [], {}
    for place, one in enumerate(sent):
        facts = dict(one)
        number, project, code = (facts.pop(name, None) for name in ("item", "project", "code"))
        item = numbers.get(number) if number else named.get((project, code))
        if item is None:
            wrong[str(place)] = [str(_("There is no such item among those you may open."))]
        else:
            entries.append(Entry(item, **facts))
    if wrong:
        raise ValidationError({"events": wrong})
    return entries


class Items(Endpoint):
    """The items of the projects you may open; of a department those addressed to it."""

    access = {
        "read": ("approvals.view_item",),
        "events": ("approvals.log_item_event",),
        "batch": ("approvals.log_item_event",),
    }
    queryset = Item.objects.none()
    filterset_class = ItemFilter

    def get_queryset(self) -> QuerySet[Item]:
        return Item.objects.visible_to(user_of(self.request))

    def filter_arguments(self) -> Plain:
        return {"today": clock.today()}

    @described(ItemRow(many=True))
    def list(self, request: Request) -> Response:
        """The most urgent first, in whatever state unless one is asked for."""
        return self.leaf(self.filter_queryset(self.get_queryset()), self._rows)

    @described(ItemDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @described(ItemDetail, sent=Happening, status=201, once=True)
    @action(detail=True, methods=["post"])
    @idempotent
    def events(self, request: Request, pk: int) -> Response:
        """Write down what happened. State and due days are worked out anew; entries may come late."""
        item = get_object_or_404(self.get_queryset(), pk=pk)
        form = EventForm(taken(Happening, request), item=item, today=clock.today())
        filled(form)
        clocks.log_events(form.entries(), by=user_of(request), today=clock.today())
        return Response(self._told(pk), status=201)

    @described(Entered, sent=Happenings, status=201, once=True, operation_id="items_events_of_many")
    @action(detail=False, methods=["post"], url_path="events")
    @idempotent
    def batch(self, request: Request) -> Response:
        """Write down what happened to several items, in any order: all of it or, if one cannot be
        written, nothing. What stands there already is passed over, so that a day may be sent again."""
        try:
            sent = taken(Happenings, request)["events"]
        except ValidationError as error:
            raise _by_place(error) from error
        entries = _entries(sent, self.get_queryset())
        try:
            weighed, events = weighing.enter_all(entries, by=user_of(request), today=clock.today())
        except weighing.NotAllFit as refusal:
            errors = {str(place): [reason] for place, reason in refusal.reasons.items()}
            raise ValidationError({"events": errors}) from refusal
        written = iter(events)
        told = [(place, one.verdict == Verdict.ENTER) for place, one in enumerate(weighed)]
        entered = [(place, next(written)) for place, is_new in told if is_new]
        body = {
            "entered": [{"place": n, "id": event.pk, "item": event.item_id} for n, event in entered],
            "already": [place for place, is_new in told if not is_new],
        }
        return Response(body, status=201)

    def _rows(self, items: Any) -> Rows:
        return item_rows(items, user_of(self.request), today=clock.today(), days=calendar())

    def _told(self, pk: int) -> Plain:
        item = get_object_or_404(self.get_queryset(), pk=pk)
        return item_detail(item, user_of(self.request), today=clock.today(), days=calendar())
