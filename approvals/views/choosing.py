"""What a project is, and which items of the catalogue it therefore needs: facts and choice."""

import datetime
from collections import defaultdict
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import allow, user_of
from accounts.models import User
from accounts.roles import Role
from approvals import clocks, facts, lists, needs
from approvals.choices import Fact, ItemEventKind, ItemState, Phase
from approvals.choosing import FactsForm
from approvals.facts import AnsweredMeanwhile
from approvals.lists import Revised
from approvals.models import Item, ItemEvent, ItemLimit, ProjectFacts
from approvals.needs import Known, Need
from approvals.views import tabs
from core import clock, receipts
from core.pages import page
from core.refusal import Refusal
from projects.choices import Stage
from projects.models import Project
from projects.showing import face


@allow("approvals.view_item")
def choice(request: HttpRequest, pk: int) -> HttpResponse:
    """The facts of a project as a form, and under it every item of the catalogue: in or not, and why."""
    user, today = user_of(request), clock.today()
    seen = Project.objects.visible_to(user).select_related("enterprise").prefetch_related("shares")
    project = get_object_or_404(seen, pk=pk)
    may_answer = user.has_perm("approvals.answer_facts")
    if request.method == "POST" and not may_answer:
        raise PermissionDenied
    answered, theirs = facts.of(project), []
    form = _form(project, answered, request)
    if form.is_valid():
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    _facts, revised = facts.answer(project, **form.answers(), by=user, today=today)
                    messages.success(request, _said(revised))
            return redirect("approvals:choice", pk)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            if isinstance(refusal, AnsweredMeanwhile):
                # What the other one answered stands on the page now: the next try is made knowing it.
                answered = facts.of(project)
                theirs = _theirs(form, answered)
                form.data = request.POST.copy()
                form.data["version"] = str(answered.version)
    known = needs.known(project, answered)
    return page(
        request,
        "approvals/choice.html",
        {
            "project": project,
            "project_name": face(project, user).name,
            "of_project": tabs.of_project(request, project),
            "form": form if may_answer else None,
            "facts": _facts_told(known, answered),
            "answered": answered,
            "energy": known[Fact.ENERGY],
            "theirs": theirs,
            "is_signed": project.stage in Stage.FROM_SIGNING,
            "may_add": user.has_perm("approvals.add_item"),
            **_chosen(project, user, today),
        },
    )


def _form(project: Project, answered: ProjectFacts, request: HttpRequest) -> FactsForm:
    initial = {
        **answered.answers,
        "energy_tce": answered.energy_tce,
        "power_wan_kwh": answered.power_wan_kwh,
        "version": answered.version,
    }
    sent = request.POST if request.method == "POST" else None
    return FactsForm(sent, initial=initial, assumed=needs.usual(is_industrial=project.is_industrial))


def _said(revised: Revised) -> str:
    """What the answers have done to the list, in one or two sentences."""
    between = pgettext("between items of a list", ", ")
    pieces = [
        text % {"items": between.join(str(template) for template in templates)}
        for text, templates in (
            (_("Put on the list: %(items)s."), (*revised.opened, *revised.taken_back)),
            (_("Not needed any more: %(items)s."), revised.dropped),
        )
        if templates
    ]
    return " ".join([_("The answers are saved."), *(pieces or [_("The list stays as it is.")])])


def _theirs(form: FactsForm, answered: ProjectFacts) -> list[tuple[str, str]]:
    """What somebody else has answered otherwise, by question."""
    return [
        (str(question.label), _offered(question, answered.answers.get(question.name, "")))
        for question in form.questions()
        if answered.answers.get(question.name, "") != form.cleaned_data.get(question.name, "")
    ]


def _offered(question: BoundField, answer: str) -> str:
    choices: Any = question.field.choices  # type: ignore[attr-defined]
    return str(dict(choices).get(answer, ""))


def _facts_told(known: dict[Fact, Known], answered: ProjectFacts) -> list[dict[str, Any]]:
    """For those who only read."""
    return [
        {
            "label": fact.label,
            "value": one.word,
            "side": _("assumed") if one.assumed else _numbers(answered) if fact == Fact.ENERGY else "",
        }
        for fact, one in known.items()
    ]


def _numbers(answered: ProjectFacts) -> str:
    told = (
        (answered.energy_tce, _("%(n)s tonnes of standard coal a year")),
        (answered.power_wan_kwh, _("%(n)s × 10,000 kWh a year")),
    )
    between = pgettext("between items of a list", ", ")
    return between.join(
        words % {"n": f"{number.normalize():f}"} for number, words in told if number is not None
    )


# --- The choice --------------------------------------------------------------------------------------


def _chosen(project: Project, user: User, today: datetime.date) -> dict[str, Any]:
    chosen = lists.choice(project, on=today)
    if user.role == Role.DEPARTMENT:  # a line department sees what is addressed to it
        chosen = [need for need in chosen if need.template.department_id == user.agency_id]
    items = {item.template_id: item for item in project.items.select_related("limit")}
    limits = {**ItemLimit.objects.of_day(today), **_limits(project, items)}
    rows = [_row(need, items.get(need.template.pk), limits.get(need.template.pk)) for need in chosen]
    return {
        "phases": [
            {"label": Phase(phase).label, "rows": list(group)}
            for phase, group in groupby(rows, key=lambda row: row["phase"])
        ],
        "needed": sum(row["is_needed"] for row in rows),
        "not_needed": sum(not row["is_needed"] for row in rows),
        "on_assumption": sum(row["is_assumed"] for row in rows),
        "begun": [row for row in rows if row["is_begun_though"]],
    }


def _limits(project: Project, items: dict[int, Item]) -> dict[int, ItemLimit | None]:
    """The limits that the project's items go by."""
    events: dict[int, list[ItemEvent]] = defaultdict(list)
    kinds = (ItemEventKind.LIMITS, ItemEventKind.STRUCK)
    for event in ItemEvent.objects.filter(item__project=project, kind__in=kinds).select_related("limit"):
        events[event.item_id].append(event)
    return {template: clocks.limit_of(item, events[item.pk]) for template, item in items.items()}


def _row(need: Need, item: Item | None, limit: ItemLimit | None) -> dict[str, Any]:
    is_on = item is not None and item.state != ItemState.NOT_NEEDED
    return {
        "phase": need.template.phase,
        "template": need.template.pk,
        "name": str(need.template),
        "department": str(need.template.department),
        "is_needed": need.is_needed,
        "is_assumed": need.is_assumed,
        "why": need.sentence,
        "limit": limit,
        "url": reverse("approvals:item", args=[item.pk]) if item else "",
        "state": item.get_state_display() if item and is_on else "",
        "by_hand": bool(item and is_on and item.opened_because.get("by_hand")),
        "is_begun_though": bool(item and lists.begun_though_not_needed(need, item)),
        # What the catalogue has given up is not opened any more.
        "may_be_added": not is_on and need.ended_on is None,
    }
