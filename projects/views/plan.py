"""The annual plan: a year's list by batch, plan against fact, and one project's place on it."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from core import clock, exporting, receipts
from core.money import NO_VALUE, format_percent, format_yi
from core.pages import of_year, page
from core.refusal import Refusal
from core.templatetags.ui import chosen
from projects import annual_plan, excel, new_year, rules
from projects.annual_plan import GOALS, Fact, Kept, Outcome, Sum
from projects.choices import PlanState, Stage
from projects.forms import PlanForm
from projects.forms.plan import OUTCOMES, PlanQuestion
from projects.models import AnnualPlan, AnnualPlanEntry, PlanChange, Project
from projects.showing import face
from projects.views.finding import project_or_404
from taskforces import mechanisms

ROWS = 50
CHANGES_SHOWN = 12
LAMPS = {
    Outcome.REACHED: "done",
    Outcome.LATE: "over_promise",
    Outcome.OPEN: "waiting",
    Outcome.CARRIED: "todo",
}


def batches_of(year: int) -> dict[str, str]:
    """The seven batches as the year's mechanism calls them."""
    usual = {stage.value: str(stage.label) for stage in Stage}
    return usual | mechanisms.labels(mechanisms.of_year(year))


def year_of(request: HttpRequest, plans: list[AnnualPlan], today: datetime.date) -> int:
    """The year asked for; else the newest list in force or frozen, else this year's."""
    asked = request.GET.get("year", "")
    if asked.isdigit() and len(asked) == 4:
        return int(asked)
    known = [plan.year for plan in plans if plan.state != PlanState.PROPOSED]
    return max([year for year in known if year <= today.year], default=today.year)


@dataclass(frozen=True)
class Asked:
    """A year's list as one person asks for it."""

    plan: AnnualPlan | None
    year: int
    plans: list[AnnualPlan]
    batches: dict[str, str]
    form: PlanQuestion
    facts: list[Fact]

    @property
    def chosen(self) -> list[Fact]:
        """The entries that the batch and the outcome asked for leave."""
        asked = self.form.cleaned_data if self.form.is_valid() else {}
        return [
            fact
            for fact in self.facts
            if asked.get("batch") in ("", None, fact.batch)
            and asked.get("outcome") in ("", None, fact.outcome)
        ]


def _asked(request: HttpRequest, today: datetime.date) -> Asked:
    plans = list(AnnualPlan.objects.order_by("year"))
    year = year_of(request, plans, today)
    batches = batches_of(year)
    form = PlanQuestion(request.GET, batches=batches)
    plan = next((one for one in plans if one.year == year), None)
    told: list[Fact] = []
    if plan is not None and form.is_valid():
        told = annual_plan.facts(plan, _narrowed(form.cleaned_data), today=today)
    return Asked(plan, year, plans, batches, form, told)


def _narrowed(asked: dict[str, Any]) -> Q:
    named = {name: asked[name] for name in ("task_force", "unit") if asked.get(name)}
    return Q(**named)


# --- The year's list --------------------------------------------------------------------------


@allow("projects.view_plan")
def plan(request: HttpRequest) -> HttpResponseBase:
    """Seven batches, planned and done; under them the entries with what became of each."""
    user, today = user_of(request), clock.today()
    asked = _asked(request, today)
    is_there = asked.plan is not None and asked.plan.state != PlanState.PROPOSED
    if is_there and exporting.asked(request):
        return _exported(request, asked, user)
    mechanism = mechanisms.of_year(asked.year)
    context: dict[str, Any] = {
        "year": asked.year,
        "today": today,
        "plan": asked.plan,
        "plans": [one for one in asked.plans if one.state != PlanState.PROPOSED],
        "form": asked.form,
        "mechanism": mechanism,
        "next_year": _year_to_propose(user, asked.plans, today),
    }
    if is_there:
        context |= _told(request, user, asked)
    return page(of_year(request, asked.year), "projects/plan.html", context)


def _query(request: HttpRequest, year: int, **changes: str) -> str:
    kept = {name: request.GET[name] for name in ("task_force", "unit") if request.GET.get(name)}
    return urlencode({"year": year, **kept, **{name: value for name, value in changes.items() if value}})


def _year_to_propose(user: User, plans: list[AnnualPlan], today: datetime.date) -> int | None:
    """The list that is to be made next: this year's while it is missing, from November on the next."""
    if not user.has_perm("projects.propose_plan"):
        return None
    last = max((one.year for one in plans if one.state != PlanState.PROPOSED), default=0)
    if last < today.year:
        return today.year
    return today.year + 1 if last == today.year and today.month >= 11 else None


def _told(request: HttpRequest, user: User, asked: Asked) -> dict[str, Any]:
    sums, chosen = annual_plan.kept(asked.facts), asked.chosen
    visible = _visible(asked, user)
    listed = [fact for fact in chosen if fact.entry in visible]
    leaf = Paginator(listed, ROWS).get_page(request.GET.get("page"))
    return {
        "rows": [_row(request, asked, batch, sums[batch]) for batch in Stage.values],
        "total": _row(request, asked, "", sums[""]),
        "page": leaf,
        "entries": _entries(asked, leaf.object_list, user),
        "count": len(chosen),
        "hidden": len(chosen) - len(listed),
        "changes": _changes(asked, user),
        "is_frozen": asked.plan is not None and asked.plan.state == PlanState.FROZEN,
    }


def _visible(asked: Asked, user: User) -> set[int]:
    entries = AnnualPlanEntry.objects.filter(plan=asked.plan)
    return set(entries.visible_to(user).values_list("pk", flat=True))


@dataclass(frozen=True)
class Shown:
    """A number of the table, ready to print, and the list it opens."""

    count: int
    yi: str
    url: str


def _row(request: HttpRequest, asked: Asked, batch: str, kept: Kept) -> dict[str, Any]:
    def shown(of: Sum, outcome: str = "") -> Shown:
        url = f"?{_query(request, asked.year, batch=batch, outcome=outcome)}#entries"
        return Shown(of.count, format_yi(of.amount, 1) if of.count else NO_VALUE, url if of.count else "")

    return {
        "name": asked.batches[batch] if batch else _("The whole list"),
        "is_on": bool(batch) and request.GET.get("batch") == batch,
        "planned": shown(kept.planned),
        "rate": format_percent(kept.rate),
        "rate_value": kept.rate,
        "rate_name": GOALS[batch].rate if batch else "",
        **{outcome: shown(kept.of(outcome), outcome) for outcome, _label in OUTCOMES},
    }


def _entries(asked: Asked, listed: Iterable[Fact], user: User) -> list[dict[str, Any]]:
    facts = {fact.entry: fact for fact in listed}
    found = AnnualPlanEntry.objects.filter(pk__in=facts).select_related(
        "project__enterprise", "task_force", "unit"
    )
    entries = {entry.pk: entry for entry in found.prefetch_related("project__shares")}
    return [_line(entries[pk], fact, asked.batches, user) for pk, fact in facts.items()]


def _line(entry: AnnualPlanEntry, fact: Fact, batches: dict[str, str], user: User) -> dict[str, Any]:
    return {
        "entry": entry,
        "project": entry.project,
        "face": face(entry.project, user),
        "batch": batches[entry.batch],
        "yi": format_yi(entry.amount) if entry.amount else NO_VALUE,
        "lamp": LAMPS[fact.outcome],
        "word": outcome_words(fact),
        "late": late_words(fact),
        "url": _place_of(entry.project, user),
    }


def _place_of(project: Project, user: User) -> str:
    """Where its entry is changed; empty for those who only read."""
    return reverse("projects:project_plan", args=[project.pk]) if may_edit(user, project) else ""


def may_edit(user: User, project: Project) -> bool:
    return rules.may(user, "projects.edit_plan", project)


def outcome_words(fact: Fact) -> str:
    """What became of an entry: the day it was reached, or that it was not."""
    if fact.reached_on is not None:
        return fact.reached_on.isoformat()
    return _("Not reached") if fact.outcome == Outcome.LATE else _("Still to come")


def late_words(fact: Fact) -> str:
    """How many calendar days after or before the planned day; nothing without one."""
    days = fact.days_late
    if days is None:
        return _("before the year began") if fact.outcome == Outcome.CARRIED else ""
    if days > 0:
        return ngettext("%(n)d day late", "%(n)d days late", days) % {"n": days}
    if days < 0:
        return ngettext("%(n)d day early", "%(n)d days early", -days) % {"n": -days}
    return _("on the day")


def _changes(asked: Asked, user: User) -> list[dict[str, Any]]:
    """The newest changes by hand; what New Year put in stands there by its rule."""
    rows = PlanChange.objects.filter(plan=asked.plan, rule="").select_related("project__enterprise", "by")
    seen = rows.filter(project__in=Project.objects.visible_to(user).values("pk"))
    newest = seen.prefetch_related("project__shares").order_by("-pk")[:CHANGES_SHOWN]
    return [change_told(change, asked.batches, user) for change in newest]


def change_told(change: PlanChange, batches: dict[str, str], user: User) -> dict[str, Any]:
    names = {"source": batches.get(change.source, ""), "target": batches.get(change.target, "")}
    if not change.source:
        what = _("Put into “%(target)s”") % names
    elif not change.target:
        what = _("Taken out of “%(source)s”") % names
    elif change.source == change.target:
        what = _("Another day in “%(target)s”") % names
    else:
        what = _("From “%(source)s” to “%(target)s”") % names
    return {
        "on": change.on,
        "iso": change.on.isoformat(),
        "what": what,
        "who": change.by.name,
        "project": face(change.project, user).name,
        "url": change.project.get_absolute_url(),
        "note": change.reason or new_year.sentence_of(change.rule, change.facts),
        "planned_on": change.planned_on,
    }


# --- As a file --------------------------------------------------------------------------------


def _exported(request: HttpRequest, asked: Asked, user: User) -> HttpResponseBase:
    """The entries one may open with the filters of the page; in a workbook beside the sums."""
    visible = _visible(asked, user)
    listed = [fact for fact in asked.chosen if fact.entry in visible]
    lines = _entries(asked, listed, user)
    sums = annual_plan.kept(asked.facts)
    return exporting.answer(
        request,
        excel.PLAN,
        list(zip(lines, listed, strict=True)),
        narrowed=[(_("Year"), asked.year), *chosen(asked.form, request.GET)],
        also=[(excel.plan_sums(asked.batches), [(batch, sums[batch]) for batch in excel.IN_ORDER])],
    )


# --- One project's place on the list ----------------------------------------------------------


@allow("projects.view_plan")
def project_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """On which lists a project has stood, who changed it and why; changed here while a list is in force."""
    user, today = user_of(request), clock.today()
    project = project_or_404(request, pk)
    current = annual_plan.in_force()
    entry = AnnualPlanEntry.objects.filter(plan=current, project=project).select_related("plan").first()
    may = current is not None and may_edit(user, project)
    form = _place_form(request, current, entry) if may and current else None
    refusal: Refusal | None = None
    if request.method == "POST":
        if form is None or current is None:
            raise PermissionDenied
        try:
            if form.is_valid():
                return _change(request, current, project, form, today)
        except Refusal as refused:
            refusal = refused
    context = {
        "project": project,
        "face": face(project, user),
        "current": current,
        "entry": entry,
        "form": form,
        "refusal": refusal,
        "years": _years(project, user, today),
    }
    status = 409 if refusal else 422 if form is not None and form.errors else 200
    return page(request, "projects/project_plan.html", context, status=status)


def _place_form(request: HttpRequest, current: AnnualPlan, entry: AnnualPlanEntry | None) -> PlanForm:
    initial: dict[str, Any] = {}
    if entry is not None:
        initial = {name: getattr(entry, name) for name in ("batch", "planned_on", "is_doubtful", "version")}
    return PlanForm(
        request.POST or None,
        year=current.year,
        batches=batches_of(current.year),
        may_leave=entry is not None,
        initial=initial,
    )


def _change(
    request: HttpRequest, current: AnnualPlan, project: Project, form: PlanForm, today: datetime.date
) -> HttpResponse:
    """The place asked for, once for a form that is sent twice."""
    user, asked = user_of(request), form.cleaned_data
    with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
        if not sending.seen:
            annual_plan.place(
                current,
                project,
                form.terms(),
                reason=asked["reason"],
                by=user,
                today=today,
                seen_version=asked["version"],
            )
            messages.success(request, _("The annual plan is changed."))
            sending.answer(location=reverse("projects:project_plan", args=[project.pk]))
    return redirect(sending.location)


def _years(project: Project, user: User, today: datetime.date) -> list[dict[str, Any]]:
    """Each list that knows the project, the newest first: its place, what became of it, the changes."""
    plans = AnnualPlan.objects.exclude(state=PlanState.PROPOSED).order_by("-year")
    changes = project.plan_changes.select_related("by", "project__enterprise").order_by("-pk")
    told = []
    for one in plans.filter(changes__project=project).distinct():
        batches, place = batches_of(one.year), Q(project=project)
        fact = next(iter(annual_plan.facts(one, place, today=today)), None)
        told.append(
            {
                "plan": one,
                "batch": batches[fact.batch] if fact else "",
                "fact": fact,
                "lamp": LAMPS[fact.outcome] if fact else "",
                "word": outcome_words(fact) if fact else "",
                "late": late_words(fact) if fact else "",
                "lines": [change_told(row, batches, user) for row in changes if row.plan_id == one.pk],
            }
        )
    return told
