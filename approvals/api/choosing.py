"""The item catalogue, what a project is, and which items it therefore needs."""

from functools import partial
from types import SimpleNamespace
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.roles import Role
from approvals import facts, lists, needs
from approvals.choices import Clock, Fact, ItemState, Phase
from approvals.choosing import FactsForm
from approvals.lists import Revised
from approvals.models import Item, ItemLimit, ItemRule, ItemTemplate, ProjectFacts
from approvals.models.item import LIMIT_FIELDS
from approvals.needs import ANSWERS, NOT_ASKED, Need
from core import clock
from core.api import PreconditionFailed, idempotent
from core.endpoints import (
    Code,
    Endpoint,
    Plain,
    Rows,
    Sent,
    code_of,
    codes,
    described,
    filled,
    seen_version,
    taken,
)
from projects.models import Project

# --- The catalogue ------------------------------------------------------------------------------------


class LimitTold(serializers.Serializer):
    """Limits from a day on, in working days; 0 promised means on the spot."""

    effective_from = serializers.DateField()
    statutory_days = serializers.IntegerField(allow_null=True)
    promised_days = serializers.IntegerField(allow_null=True)
    is_verified = serializers.BooleanField(help_text=_("checked against the decree"))
    source = serializers.CharField()  # type: ignore[assignment]


class RuleTold(serializers.Serializer):
    """The item is needed when the answer to each of its rules in force is one of these."""

    fact = serializers.ChoiceField(Fact.choices)
    answers = serializers.ListField(child=serializers.CharField())
    effective_from = serializers.DateField()
    effective_until = serializers.DateField(allow_null=True)


class CatalogueItem(serializers.Serializer):
    id = serializers.IntegerField()
    item = Code()
    phase = serializers.ChoiceField(Phase.choices)
    department = Code()
    clock = serializers.ChoiceField(Clock.choices)
    parallel_group = serializers.CharField()
    needs_first = Code(many=True)
    clock_stops = serializers.CharField()
    in_force_from = serializers.DateField()
    in_force_until = serializers.DateField(allow_null=True)
    limits = LimitTold(many=True)
    rules = RuleTold(many=True)


def catalogue_rows(templates: list[ItemTemplate]) -> Rows:
    return [
        {
            "id": template.pk,
            "item": code_of(template),
            "phase": template.phase,
            "department": code_of(template.department),
            "clock": template.clock,
            "parallel_group": template.parallel_group,
            "needs_first": [code_of(other) for other in template.prerequisites.all()],
            "clock_stops": template.clock_stops,
            "in_force_from": template.in_force_from,
            "in_force_until": template.in_force_until,
            "limits": [_limit(row) for row in template.limits.all()],
            "rules": [_rule(row) for row in template.rules.all()],
        }
        for template in templates
    ]


def _limit(row: ItemLimit) -> Plain:
    return {name: getattr(row, name) for name in LIMIT_FIELDS}


def _rule(row: ItemRule) -> Plain:
    return {name: getattr(row, name) for name in ("fact", "answers", "effective_from", "effective_until")}


class Catalogue(Endpoint):
    """The items that a project may need, with limits and rules by their days."""

    access = {"read": ("approvals.view_item",)}
    filter_backends = []
    queryset = ItemTemplate.objects.none()

    def get_queryset(self) -> QuerySet[ItemTemplate]:
        return (
            ItemTemplate.objects.in_order()
            .select_related("department")
            .prefetch_related(
                Prefetch("prerequisites", ItemTemplate.objects.in_order()),
                Prefetch("limits", ItemLimit.objects.order_by("effective_from")),
                Prefetch("rules", ItemRule.objects.order_by("effective_from", "pk")),
            )
        )

    @described(CatalogueItem(many=True))
    def list(self, request: Request) -> Response:
        """Phase by phase, those that are no longer in force included."""
        return self.leaf(self.get_queryset(), catalogue_rows)

    @described(CatalogueItem)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(catalogue_rows([get_object_or_404(self.get_queryset(), pk=pk)])[0])


# --- A project's facts -----------------------------------------------------------------------------------


class FactTold(serializers.Serializer):
    fact = serializers.ChoiceField(Fact.choices)
    answer = serializers.CharField()
    name = serializers.CharField(help_text=_("In the language of the request."))
    assumed = serializers.BooleanField(help_text=_("Nobody has answered: the usual answer is taken."))


class FactsTold(serializers.Serializer):
    """What a project is. `id` is the project's; version 0 means that nobody has answered yet."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    energy_tce = serializers.CharField(allow_null=True, help_text=_("Tonnes of standard coal a year."))
    power_wan_kwh = serializers.CharField(allow_null=True, help_text=_("10,000 kWh a year."))
    answered_by = serializers.CharField()
    answered_on = serializers.DateField(allow_null=True)
    facts = FactTold(many=True)


class FactsRevised(FactsTold):
    """And what the answers did to the project's list."""

    opened = Code(many=True)
    taken_back = Code(many=True)
    dropped = Code(many=True)


class ChoiceRow(serializers.Serializer):
    item = Code()
    department = Code()
    phase = serializers.ChoiceField(Phase.choices)
    is_needed = serializers.BooleanField()
    rests_on_assumption = serializers.BooleanField()
    because = serializers.CharField(help_text=_("One sentence, in the language of the request."))
    state = serializers.ChoiceField(ItemState.choices, allow_null=True, help_text=_("Null: not on the list."))
    begun_though_not_needed = serializers.BooleanField()


class Answers(Sent):
    """One answer a question. A question left out is open again: the usual answer is assumed."""

    def get_fields(self) -> dict[str, Any]:
        return {
            fact.value: serializers.CharField(required=False, help_text=" | ".join(ANSWERS[fact]))
            for fact in Fact
            if fact not in NOT_ASKED
        }


class NewFacts(Sent):
    """All that is known of a project: what is sent takes the place of what was there."""

    answers = Answers(required=False)
    energy_tce = serializers.DecimalField(12, 2, min_value=0, required=False, allow_null=True)
    power_wan_kwh = serializers.DecimalField(12, 2, min_value=0, required=False, allow_null=True)


def facts_told(project: Project, answered: ProjectFacts) -> Plain:
    return {
        "id": project.pk,
        "version": answered.version,
        "energy_tce": _number(answered.energy_tce),
        "power_wan_kwh": _number(answered.power_wan_kwh),
        "answered_by": answered.answered_by.name if answered.answered_by else "",
        "answered_on": answered.answered_on,
        "facts": [
            {"fact": fact.value, "answer": one.answer, "name": one.word, "assumed": one.assumed}
            for fact, one in needs.known(project, answered).items()
        ],
    }


def _number(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"


class Facts(Endpoint):
    """What a project is, by the project's id; and the choice of items that follows."""

    access = {"read": ("approvals.view_item",), "update": ("approvals.answer_facts",)}
    filter_backends = []
    queryset = Project.objects.none()

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.visible_to(user_of(self.request))

    @described(FactsTold, tag=True)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @described(FactsRevised, sent=NewFacts, once=True, tag=True, if_match=True)
    @idempotent
    def update(self, request: Request, pk: int) -> Response:
        """Answer, and let the list follow. Of two at once the second gets 412 with what stands there now."""
        project, today = get_object_or_404(self.get_queryset(), pk=pk), clock.today()
        seen = SimpleNamespace(pk=project.pk, version=facts.of(project).version)
        version = seen_version(request, seen, partial(self._told, pk))
        sent = taken(NewFacts, request)
        form = FactsForm(
            {**sent.pop("answers", {}), **sent, "version": version},
            assumed=needs.usual(is_industrial=project.is_industrial),
        )
        filled(form)
        try:
            _facts, revised = facts.answer(project, **form.answers(), by=user_of(request), today=today)
        except facts.AnsweredMeanwhile:
            raise PreconditionFailed(now=self._told(pk)) from None
        return Response({**self._told(pk), **_revised(revised)})

    @described(ChoiceRow(many=True))
    @action(detail=True, pagination_class=None)
    def choice(self, request: Request, pk: int) -> Response:
        """Every item of today's catalogue: whether the project needs it, and why."""
        project, user = get_object_or_404(self.get_queryset(), pk=pk), user_of(request)
        chosen = lists.choice(project, on=clock.today())
        if user.role == Role.DEPARTMENT:  # as on the page: what is addressed to it
            chosen = [need for need in chosen if need.template.department_id == user.agency_id]
        items = {item.template_id: item for item in project.items.all()}
        return Response([_chosen(need, items.get(need.template.pk)) for need in chosen])

    def _told(self, pk: int) -> Plain:
        project = get_object_or_404(self.get_queryset(), pk=pk)
        return facts_told(project, facts.of(project))


def _revised(revised: Revised) -> Plain:
    return {
        name: list(codes(getattr(revised, name)).values()) for name in ("opened", "taken_back", "dropped")
    }


def _chosen(need: Need, item: Item | None) -> Plain:
    return {
        "item": code_of(need.template),
        "department": code_of(need.template.department),
        "phase": need.template.phase,
        "is_needed": need.is_needed,
        "rests_on_assumption": need.is_assumed,
        "because": need.sentence,
        "state": item.state if item else None,
        "begun_though_not_needed": bool(item and lists.begun_though_not_needed(need, item)),
    }
