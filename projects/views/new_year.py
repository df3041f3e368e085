"""New Year: one page of differences between last year's list and the one proposed."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from core import clock, exporting, receipts
from core.money import format_yi
from core.pages import page
from core.refusal import Refusal
from projects import annual_plan, excel, new_year
from projects.choices import PlanState, Stage
from projects.forms import PlanForm
from projects.models import AnnualPlan, PlanProposal
from projects.showing import face
from projects.views.plan import batches_of
from taskforces import mechanisms
from taskforces.models import TaskForce

ROWS = 50


@allow("projects.propose_plan")
def differences(request: HttpRequest, year: int) -> HttpResponseBase:
    """What changes from last year's list to the new one, grouped by from → to; propose and approve."""
    today = clock.today()
    if not new_year.FIRST_YEAR <= year <= today.year + 1:
        raise Http404
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            return _act(request, year, today)
        except Refusal as refused:
            refusal = refused
    plan = AnnualPlan.objects.filter(year=year).first()
    if plan is not None and exporting.asked(request):
        return _exported(request, plan)
    context: dict[str, Any] = {
        "year": year,
        "last_year": year - 1,
        "plan": plan,
        "is_proposed": plan is not None and plan.state == PlanState.PROPOSED,
        "refusal": refusal,
        "before": AnnualPlan.objects.filter(year=year - 1).first(),
        "may_approve": user_of(request).has_perm("projects.approve_plan"),
    }
    if plan is not None:
        context |= _groups(request, plan) | _seats(plan)
    return page(request, "projects/new_year.html", context, status=409 if refusal else 200)


def _act(request: HttpRequest, year: int, today: datetime.date) -> HttpResponse:
    """Propose, or approve what was looked at; a form that is sent twice acts once."""
    user = user_of(request)
    approves = "approve" in request.POST
    if approves and not user.has_perm("projects.approve_plan"):
        raise PermissionDenied
    with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            if approves:
                plan = get_object_or_404(AnnualPlan, year=year)
                seen = request.POST.get("version", "")
                version = int(seen) if seen.isdecimal() else 0
                new_year.approve(plan, seen_version=version, by=user, today=today)
                messages.success(request, _("The list of %(year)d is in force.") % {"year": year})
            else:
                new_year.propose(year, by=user, today=today)
                messages.success(request, _("The list of %(year)d is proposed.") % {"year": year})
            sending.answer(location=annual_plan.new_year_page(year))
    return redirect(sending.location)


# --- Groups -----------------------------------------------------------------------------------


@dataclass
class Group:
    """The proposals with the same way from last year's batch to the new one."""

    source: str
    target: str
    rows: list[PlanProposal] = field(default_factory=list)

    @property
    def amount(self) -> str:
        amounts = [row.project.contracted or row.project.fixed_assets or Decimal(0) for row in self.rows]
        return format_yi(sum(amounts, Decimal(0)), 1)

    @property
    def decided(self) -> int:
        return sum(1 for row in self.rows if row.reason)

    @property
    def doubtful(self) -> int:
        return sum(1 for row in self.rows if row.is_doubtful)

    @property
    def kind(self) -> str:
        if not self.target:
            return "out"
        return "new" if not self.source else "same" if self.source == self.target else "moved"

    @property
    def key(self) -> tuple[int, int]:
        order = list(Stage.values)
        return tuple(order.index(batch) if batch else len(order) for batch in (self.source, self.target))  # type: ignore[return-value]


def _proposals(plan: AnnualPlan) -> QuerySet[PlanProposal]:
    rows = plan.proposals.select_related("project__enterprise", "project__task_force", "changed_by")
    return rows.prefetch_related("project__shares")


def _exported(request: HttpRequest, plan: AnnualPlan) -> HttpResponseBase:
    """The whole proposal, whichever group is open on the page: so it is talked through."""
    batches = batches_of(plan.year)
    rows = exporting.each(
        _proposals(plan).order_by("source", "batch", "pk"), lambda row: _row(request, row, batches)
    )
    narrowed = [(_("Year"), str(plan.year)), (_("State"), plan.get_state_display())]
    return exporting.answer(request, excel.new_year(batches, plan.year), rows, narrowed=narrowed)


def _groups(request: HttpRequest, plan: AnnualPlan) -> dict[str, Any]:
    found: dict[tuple[str, str], list[PlanProposal]] = defaultdict(list)
    for row in _proposals(plan).order_by("pk"):
        found[row.source, row.batch].append(row)
    groups = sorted((Group(*way, of) for way, of in found.items()), key=lambda group: group.key)
    batches = batches_of(plan.year)
    chosen = _chosen(request, groups)
    leaf = Paginator(chosen.rows if chosen else [], ROWS).get_page(request.GET.get("page"))
    return {
        "groups": [_group_told(group, batches, group is chosen) for group in groups],
        "chosen": _group_told(chosen, batches, True) if chosen else None,
        "page": leaf,
        "rows": [_row(request, row, batches) for row in leaf],
        "count": sum(len(group.rows) for group in groups),
        "listed": sum(len(group.rows) for group in groups if group.target),
        "moved": sum(len(group.rows) for group in groups if group.kind == "moved"),
        "fresh": sum(len(group.rows) for group in groups if group.kind == "new"),
        "left_out": sum(len(group.rows) for group in groups if group.kind == "out"),
        "decided": sum(group.decided for group in groups),
    }


def _chosen(request: HttpRequest, groups: list[Group]) -> Group | None:
    """The group asked for by `?from=…&to=…`; else the first in which something changes."""
    way = (request.GET.get("from"), request.GET.get("to"))
    asked = next((group for group in groups if (group.source, group.target) == way), None)
    changing = [group for group in groups if group.kind == "moved"] or groups
    return asked or next(iter(changing), None)


def _group_told(group: Group, batches: dict[str, str], is_on: bool) -> dict[str, Any]:
    return {
        "group": group,
        "source": batches.get(group.source, ""),
        "target": batches.get(group.target, ""),
        "count": len(group.rows),
        "url": f"?{urlencode({'from': group.source, 'to': group.target})}#rows",
        "is_on": is_on,
    }


def _row(request: HttpRequest, row: PlanProposal, batches: dict[str, str]) -> dict[str, Any]:
    return {
        "row": row,
        "project": row.project,
        "face": face(row.project, user_of(request)),
        "why": new_year.sentence_of(row.rule, row.facts),
        "proposed": batches.get(row.proposed, ""),
        "amount": (amount := row.project.contracted or row.project.fixed_assets or None),
        "yi": format_yi(amount),
    }


def _seats(plan: AnnualPlan) -> dict[str, Any]:
    """Whether the year has its mechanism, and which task forces with projects have no seat in it."""
    mechanism = mechanisms.of_year(plan.year)
    if mechanism is None or mechanism.year != plan.year:
        return {"has_mechanism": False, "unseated": []}
    unseated = TaskForce.objects.filter(projects__plan_proposals__plan=plan).exclude(
        seats__mechanism=mechanism
    )
    return {"has_mechanism": True, "unseated": list(unseated.order_by("order").distinct())}


# --- One row ----------------------------------------------------------------------------------


@allow("projects.propose_plan")
def decide(request: HttpRequest, year: int, pk: int) -> HttpResponse:
    """Another batch than the proposed one, or none, with a reason."""
    found = PlanProposal.objects.select_related("plan", "project__enterprise")
    row = get_object_or_404(found, plan__year=year, project=pk)
    batches = batches_of(year)
    initial = {name: getattr(row, name) for name in ("batch", "planned_on", "is_doubtful", "reason")}
    form = PlanForm(request.POST or None, year=year, batches=batches, may_leave=True, initial=initial)
    refusal: Refusal | None = None
    if form.is_valid():
        terms = form.terms()
        try:
            new_year.decide(
                row,
                batch=terms.batch,
                planned_on=terms.planned_on,
                is_doubtful=terms.is_doubtful,
                reason=form.cleaned_data["reason"],
                by=user_of(request),
            )
            messages.success(request, _("The proposal is changed."))
            back = f"?{urlencode({'from': row.source, 'to': row.batch})}#rows"
            return redirect(annual_plan.new_year_page(year) + back)
        except Refusal as refused:
            refusal = refused
    context = {
        "year": year,
        "row": row,
        "form": form,
        "refusal": refusal,
        "face": face(row.project, user_of(request)),
        "why": new_year.sentence_of(row.rule, row.facts),
        "source": batches.get(row.source, ""),
        "proposed": batches.get(row.proposed, ""),
        "back": annual_plan.new_year_page(year),
    }
    status = 409 if refusal else 422 if form.errors else 200
    return page(request, "projects/new_year_row.html", context, status=status)
