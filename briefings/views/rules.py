"""The counting rules: what holds and held, deciding others, and seeing first what others would change."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import allow, user_of
from accounts.models import User
from briefings import choosing, counting_rules, figures, passports, what_if
from briefings.choosing import DecideForm, WhatIfForm
from briefings.counting_rules import RuleSet
from briefings.figures import CITY, Indicator, Rate, Scope, Window
from briefings.models import CountingRule
from briefings.views import cards
from briefings.what_if import Change, Line, Place
from core import clock, money
from core.pages import page
from projects.showing import face

ROWS = 100


@allow("briefings.view_figures")
def rules(request: HttpRequest) -> HttpResponse:
    """Every set of counting rules with its reason; the bureau's leader may decide another one."""
    user, today = user_of(request), clock.today()
    may_decide = user.has_perm("briefings.decide_counting_rules")
    form = _decide_form(request) if may_decide else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            decided = counting_rules.decide(
                RuleSet(**form.settings),
                effective_from=form.first,
                reason=form.cleaned_data["reason"],
                by=user,
            )
            messages.success(
                request, _("Counting rules %(version)s are decided.") % {"version": str(decided)}
            )
            return redirect("briefings:rules")
        except counting_rules.CannotDecide as refusal:
            form.add_error(None, refusal.message)
    sets = _sets(counting_rules.in_force(clock.month_end(today)))
    return page(request, "briefings/rules.html", {"form": form, "sets": sets})


def _decide_form(request: HttpRequest) -> DecideForm:
    """Filled from the what-if that led here, else with the rules in force, from this month on."""
    today = clock.today()
    if request.method == "POST":
        return DecideForm(request.POST)
    start = choosing.initial(counting_rules.in_force(clock.month_end(today)))
    tried: dict[str, Any] = {name: request.GET[name] for name in start if name in request.GET}
    tried |= {"counted_anyway": request.GET.getlist("counted_anyway")} if tried else {}
    return DecideForm(initial={**start, "effective_from": f"{today:%Y-%m}", **tried})


def _sets(in_force: RuleSet) -> list[dict[str, Any]]:
    """The newest first, each with what it says and which settings it changed."""
    rows = list(CountingRule.objects.select_related("decided_by").order_by("-effective_from", "-version"))
    told = [(row, counting_rules.as_value(row)) for row in rows]
    before = [rules for _row, rules in told[1:]] + [told[-1][1]] if told else []
    return [
        {
            "row": row,
            "is_in_force": rules == in_force,
            "settings": [
                (name, says, says != was)
                for (name, says), (_name, was) in zip(
                    counting_rules.in_words(rules), counting_rules.in_words(earlier), strict=True
                )
            ],
        }
        for (row, rules), earlier in zip(told, before, strict=True)
    ]


# --- What if ------------------------------------------------------------------------------------------


@allow("briefings.try_counting_rules")
def what_if_page(request: HttpRequest) -> HttpResponse:
    """The figures under other rules beside those in force, and event by event what changes.

    The rules tried stand in the address and nowhere else.
    """
    form = WhatIfForm(_asked(request.GET))
    context: dict[str, Any] = {"form": form, "filters": ("indicator", "from", "to", "task_force", "unit")}
    if form.is_valid():
        before = form.window
        after = replace(before, rules=before.rules.tried(**form.settings))
        context |= _answer(request, form, before, after)
    return page(request, "briefings/what_if.html", context)


def _asked(query: QueryDict) -> dict[str, Any]:
    """What was asked, over this year and the rules in force."""
    today = clock.today()
    start: dict[str, Any] = {"indicator": "contracted", "from": f"{today.year}-01", "to": f"{today:%Y-%m}"}
    tries = any(name in query for name in counting_rules.SETTINGS)
    if not tries:
        start |= choosing.initial(counting_rules.in_force(clock.month_end(today)))
    asked = {name: query.getlist(name) if name == "counted_anyway" else query[name] for name in query}
    return start | asked


def _answer(request: HttpRequest, form: WhatIfForm, before: Window, after: Window) -> dict[str, Any]:
    user, code, scope = user_of(request), form.cleaned_data["indicator"], form.scope
    found = figures.indicator(code)
    was, now = (figures.compute([code], window, scope)[code] for window in (before, after))
    changes = what_if.changes(code, before, after, scope)
    leaf = Paginator(changes, ROWS).get_page(request.GET.get("page"))
    difference = Decimal(now.value or 0) - Decimal(was.value or 0)
    lines = what_if.by_scope(code, before, after)
    return {
        "found": found,
        "months": cards.months_in_words(before),
        "scope": cards.scope_in_words(scope),
        "in_force": before.rules,
        "is_same": after.rules == before.rules,
        "switched": _switched(before.rules, after.rules),
        "before": passports.exact_words(found, was.value),
        "before_url": cards.address(code, before, scope),
        "after": passports.exact_words(found, now.value),
        "difference": _signed(found, difference),
        "lines": [
            _scope_line(found, before, line) for line in lines if line.difference or line.scope == CITY
        ],
        "untouched": sum(not line.difference for line in lines),
        "changes": [_change(found, change, user) for change in leaf],
        "page": leaf,
        "total": len(changes),
        "sum": _signed(found, sum((change.difference for change in changes), Decimal(0))),
    }


def _switched(before: RuleSet, after: RuleSet) -> list[tuple[str, str, str]]:
    """The settings that differ: what holds, and what is tried."""
    pairs = zip(counting_rules.in_words(before), counting_rules.in_words(after), strict=True)
    return [(name, was, now) for (name, was), (_name, now) in pairs if was != now]


def _signed(found: Indicator | Rate, value: Decimal) -> str:
    return f"{'+' if value > 0 else ''}{passports.exact_words(found, value)}"


def _scope_line(found: Indicator | Rate, before: Window, line: Line) -> dict[str, Any]:
    return {
        "name": cards.scope_in_words(line.scope),
        "url": cards.address(found.code, before, line.scope),
        "before": passports.exact_words(found, line.before.value),
        "after": passports.exact_words(found, line.after.value),
        "difference": _signed(found, line.difference),
        "scope": _scope_query(line.scope),
    }


def _scope_query(scope: Scope) -> dict[str, str]:
    return {
        "task_force": scope.task_force.code if scope.task_force else "",
        "unit": scope.unit.code if scope.unit else "",
    }


def _change(found: Indicator | Rate, change: Change, user: User) -> dict[str, Any]:
    project = change.event.project
    shown = face(project, user)
    return {
        "project": shown.name,
        "enterprise": shown.enterprise,
        "url": project.get_absolute_url(),
        "unit": str(project.reporting_unit),
        "kind": change.event.get_kind_display(),
        "signed_on": change.event.signed_on,
        "before": _placed(found, change.before),
        "after": _placed(found, change.after),
        "difference": _signed(found, change.difference),
    }


def _placed(found: Indicator | Rate, place: Place) -> dict[str, str]:
    """The part with the month it counts in, or why it is left out."""
    if not place.is_counted:
        return {"text": money.NO_VALUE, "sub": place.reason}
    month = date_format(place.counted_on, pgettext("date format", "F Y"))
    return {"text": passports.exact_words(found, place.part), "sub": month}
