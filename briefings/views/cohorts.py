"""Cohorts by signing month: what has become of what was signed."""

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import allow, user_of
from briefings import cohorts, excel
from briefings.cohorts import AFTER, PRODUCING, STARTED, WHAT, Cohort, Member, Part
from briefings.figures import Scope, Window
from briefings.views import cards
from core import clock, exporting, money
from core.pages import page
from core.templatetags.ui import chosen, heat
from projects.forms.fields import DayField, MonthField
from projects.models import Project
from projects.showing import face
from projects.views.ledger import units_of
from taskforces.models import ReportingUnit, TaskForce

MONTHS = 18  # shown unless somebody asks for others
MOST_MONTHS = 60
ROWS = 100
GROUPS = {
    "month": gettext_lazy("Signing month"),
    "task_force": gettext_lazy("Task force"),
    "unit": gettext_lazy("Unit"),
}
WORDS = {STARTED: gettext_lazy("Works begun"), PRODUCING: gettext_lazy("Producing")}


class Question(forms.Form):
    """`?from=2025-01&to=2025-12&unit=450223&as_known_on=2025-12-31`"""

    task_force = forms.ModelChoiceField(
        TaskForce.objects.order_by("order"),
        to_field_name="code",
        required=False,
        label=gettext_lazy("Task force"),
    )
    unit = forms.ModelChoiceField(
        ReportingUnit.objects.order_by("order"),
        to_field_name="code",
        required=False,
        label=gettext_lazy("Unit"),
    )
    as_known_on = DayField(
        required=False,
        label=gettext_lazy("As known on"),
        help_text=gettext_lazy("Only what was verified and recorded by then."),
    )

    def __init__(self, data: Mapping[str, Any], today: datetime.date) -> None:
        last = clock.previous_month(today)
        first = last
        for _turn in range(MONTHS - 1):
            first = clock.previous_month(first)
        super().__init__({"from": f"{first:%Y-%m}", "to": f"{last:%Y-%m}", **data})
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):
            self.fields[name] = MonthField(label=label)
        self.order_fields(("from", "to", "task_force", "unit", "as_known_on"))

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("from"), asked.get("to")
        if first and last and last < first:
            self.add_error("to", _("The last month lies before the first."))
        elif first and last and (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
            self.add_error("to", _("Ask for at most %(n)s months at once.") % {"n": MOST_MONTHS})
        return asked

    @property
    def window(self) -> Window:
        asked = self.cleaned_data
        return Window(asked["from"], asked["to"], asked["as_known_on"])

    @property
    def scope(self) -> Scope:
        return Scope(self.cleaned_data.get("task_force"), self.cleaned_data.get("unit"))


@allow("briefings.view_figures")
def board(request: HttpRequest) -> HttpResponseBase:
    """By signing month, or (`?by=`) by task force or unit over the months asked for."""
    today = clock.today()
    form = Question(request.GET.dict(), today)
    by = request.GET.get("by", "month")
    by = by if by in GROUPS else "month"
    of_amounts = request.GET.get("measure") == "amount"
    context: dict[str, Any] = {"form": form, "by": by, "of_amounts": of_amounts, "groups": GROUPS}
    if form.is_valid():
        context |= _answer(form, by, of_amounts, today)
        if exporting.asked(request):
            sheet = excel.cohorts(str(GROUPS[by]), context["whats"], AFTER, form.window.rules)
            rows = [*context["rows"], context["total"]]
            return exporting.answer(
                request, sheet, rows, narrowed=[*chosen(form, form.data), _measure(of_amounts)]
            )
    return page(request, "briefings/cohorts.html", context, status=200 if form.is_valid() else 422)


def _measure(of_amounts: bool) -> tuple[str, str]:
    return _("Counted by"), _("By amount") if of_amounts else _("By count")


def _answer(form: Question, by: str, of_amounts: bool, today: datetime.date) -> dict[str, Any]:
    window, scope = form.window, form.scope
    as_of = min(window.as_known_on or today, today)
    found = cohorts.members(window, scope)
    asked = {name: form.data[name] for name in ("task_force", "unit", "as_known_on") if form.data.get(name)}
    months = {"from": f"{window.first_month:%Y-%m}", "to": f"{window.last_month:%Y-%m}"}
    rows = [
        _row(label, cohort, {**asked, **months, **narrowed}, of_amounts)
        for label, narrowed, cohort in _groups(found, by, as_of)
    ]
    return {
        "months": cards.months_in_words(window),
        "scope": cards.scope_in_words(scope),
        "known_on": window.as_known_on,
        "after": AFTER,
        "whats": [(what, WORDS[what]) for what in WHAT],
        "rows": rows,
        "total": _row(_("Together"), cohorts.together(found, as_of), {**asked, **months}, of_amounts),
        "chart": _chart(found, as_of, of_amounts) if by == "month" and len(rows) > 1 else None,
    }


def _groups(found: list[Member], by: str, as_of: datetime.date) -> list[tuple[str, dict[str, str], Cohort]]:
    if by == "task_force":
        forces = cohorts.task_forces(cohorts.by_task_force(found, as_of))
        return [(str(force), {"task_force": force.code}, cohort) for force, cohort in forces.items()]
    if by == "unit":
        units = cohorts.units(cohorts.by_unit(found, as_of))
        return [(str(unit), {"unit": unit.code}, cohort) for unit, cohort in units.items()]
    months = sorted(cohorts.by_month(found, as_of).items())
    return [
        (f"{month:%Y-%m}", {"from": f"{month:%Y-%m}", "to": f"{month:%Y-%m}"}, cohort)
        for month, cohort in months
    ]


def _row(label: str, cohort: Cohort, asked: dict[str, str], of_amounts: bool) -> dict[str, Any]:
    """A line with ready strings; each number leads to its projects."""
    address = reverse("briefings:cohort_projects")
    return {
        "label": label,
        "count": cohort.count,
        "amount": money.format_yi(cohort.amount, 1),
        "url": f"{address}?{urlencode(asked)}" if cohort.count else "",
        "cells": [
            None
            if part is None
            else {
                **_shown(part, of_amounts),
                "url": f"{address}?{urlencode({**asked, 'what': what, 'after': after})}",
            }
            for (what, after), part in cohort.parts.items()
        ],
    }


def _shown(part: Part, of_amounts: bool) -> dict[str, str]:
    percent = part.percent_of_amount if of_amounts else part.percent
    of_how_many = f"{part.count}/{part.of_count}"
    if of_amounts:
        of_how_many = _("%(amount)s 亿") % {"amount": money.format_yi(_wan(part.cents), 1)}
    return {"percent": f"{percent}%", "small": of_how_many, "depth": heat(percent, 100)}


def _wan(cents: Any) -> Decimal:
    return Decimal(round(cents)) / 100


def _chart(found: list[Member], as_of: datetime.date, of_amounts: bool) -> dict[str, Any]:
    """Works begun by signing month, a line for each age; months that are not yet that old have no point."""
    by_month = sorted(cohorts.by_month(found, as_of).items())
    series = []
    for after in AFTER:
        parts = [cohort.parts[STARTED, after] for _month, cohort in by_month]
        values = [
            None if part is None else part.percent_of_amount if of_amounts else part.percent for part in parts
        ]
        series.append(
            {
                "name": _("after %(n)s months") % {"n": after},
                "values": [None if value is None else float(value) for value in values],
            }
        )
    return {
        "title": _("Works begun, by signing month"),
        "label": _("Signing month"),
        "unit": "%",
        "kind": "line",
        "categories": [f"{month:%Y-%m}" for month, _cohort in by_month],
        "series": series,
    }


# --- The projects behind a number -----------------------------------------------------------------------


@allow("briefings.view_figures")
def projects(request: HttpRequest) -> HttpResponseBase:
    """The projects of a cohort, those that made it first; without `what` all that were signed."""
    user, today = user_of(request), clock.today()
    form = Question(request.GET.dict(), today)
    what, after = _asked(request)
    if not form.is_valid():
        raise Http404
    as_of = min(form.window.as_known_on or today, today)
    found = cohorts.members(form.window, form.scope)
    if what:
        found = [one for one in found if cohorts.deadline(one.month, after) <= as_of]
        found.sort(key=lambda one: (not one.made(what, after), one.month, one.project))
    else:
        found.sort(key=lambda one: (one.month, one.project))
    seen = set(
        Project.objects.visible_to(user)
        .filter(pk__in=[one.project for one in found])
        .values_list("pk", flat=True)
    )
    listed = [one for one in found if one.project in seen]
    if exporting.asked(request):
        narrowed = [*chosen(form, form.data), (WORDS[what], after) if what else ("", "")]
        lines = exporting.Rows(len(listed), _lines(listed, what, after, user))
        return exporting.answer(request, excel.COHORT_PROJECTS, lines, narrowed=narrowed)
    shown = Paginator(listed, ROWS).get_page(request.GET.get("page"))
    known = Project.objects.for_list().in_bulk([one.project for one in shown])
    made = sum(one.made(what, after) for one in found) if what else len(found)
    return page(
        request,
        "briefings/cohort_projects.html",
        {
            "title": WORDS[what] if what else _("Signed"),
            "what": what,
            "after": after,
            "months": cards.months_in_words(form.window),
            "scope": cards.scope_in_words(form.scope),
            "known_on": form.window.as_known_on,
            "made": made,
            "total": len(found),
            "hidden": len(found) - len(seen),
            "page": shown,
            "rows": [_line(one, known[one.project], what, after, user) for one in shown],
            "back": f"{reverse('briefings:cohorts')}?{urlencode(_kept(request))}",
        },
    )


def _lines(listed: list[Member], what: str, after: int, user: Any) -> Iterator[dict[str, Any]]:
    for first in range(0, len(listed), ROWS):
        some = listed[first : first + ROWS]
        known = Project.objects.for_list().in_bulk([one.project for one in some])
        yield from (_line(one, known[one.project], what, after, user) for one in some)


def _asked(request: HttpRequest) -> tuple[str, int]:
    what, after = request.GET.get("what", ""), request.GET.get("after", "")
    if what and (what not in WHAT or after not in map(str, AFTER)):
        raise Http404
    return what, int(after) if what else 0


def _kept(request: HttpRequest) -> dict[str, str]:
    return {
        name: request.GET[name] for name in ("task_force", "unit", "as_known_on") if request.GET.get(name)
    }


def _line(one: Member, project: Project, what: str, after: int, user: Any) -> dict[str, Any]:
    shown = face(project, user)
    return {
        "url": project.get_absolute_url(),
        "name": shown.name,
        "enterprise": shown.enterprise,
        "task_force": str(project.task_force),
        "unit": units_of(project),
        "month": date_format(one.month, "Y-m"),
        "amount": money.format_yi(_wan(one.cents)),
        "stage": project.get_stage_display(),
        "started": one.since[STARTED].isoformat() if STARTED in one.since else "",
        "producing": one.since[PRODUCING].isoformat() if PRODUCING in one.since else "",
        "made": not what or one.made(what, after),
    }
