"""The item catalogue for those who work by it, and applying changed limits to running items."""

import datetime
from collections import Counter
from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel, lamps, limits, needs
from approvals.choices import Clock, ItemState, Phase
from approvals.choosing import ApplyLimitsForm
from approvals.limits import Change
from approvals.models import Item, ItemLimit, ItemRule, ItemTemplate
from core import clock, exporting, receipts
from core.pages import page
from core.refusal import Refusal
from core.workdays import calendar
from projects.showing import name_of

# --- The catalogue -----------------------------------------------------------------------------------


@allow("approvals.view_item")
def catalogue(request: HttpRequest) -> HttpResponseBase:
    """Every item by phase with what stands on its rows today, what is coming, and what has changed."""
    user, today = user_of(request), clock.today()
    templates = list(
        ItemTemplate.objects.select_related("department")
        .prefetch_related("prerequisites", "limits", "rules")
        .in_order()
    )
    in_force = [t for t in templates if t.in_force_until is None or t.in_force_until >= today]
    if exporting.asked(request):
        rows = [{**_row(one, today), "phase": Phase(one.phase).label} for one in in_force]
        return exporting.answer(request, excel.CATALOGUE, rows, narrowed=[(_("As of"), today)])
    return page(
        request,
        "approvals/catalogue.html",
        {
            "phases": [
                {"label": Phase(phase).label, "rows": [_row(template, today) for template in group]}
                for phase, group in groupby(in_force, key=lambda template: template.phase)
            ],
            "total": len(in_force),
            "unverified": sum(
                not limit.is_verified
                for limit in (_today(template, today) for template in in_force)
                if limit and (limit.promised_days, limit.statutory_days) != (None, None)
            ),
            "changes": _changes(templates, user, today),
            "today": today,
        },
    )


def _today(template: ItemTemplate, today: datetime.date) -> ItemLimit | None:
    rows = [row for row in template.limits.all() if row.effective_from <= today]
    return max(rows, key=lambda row: row.effective_from, default=None)


def _row(template: ItemTemplate, today: datetime.date) -> dict[str, Any]:
    coming = [row for row in template.limits.all() if row.effective_from > today]
    return {
        "name": str(template),
        "department": str(template.department),
        "clock_of": _("on the clock of: %(clock)s") % {"clock": template.get_clock_display()}
        if template.clock != Clock.GOVERNMENT
        else "",
        "group": template.parallel_group,
        "needs": [str(other) for other in sorted(template.prerequisites.all(), key=_in_order)],
        "rules": [needs.rule_words(rule) for rule in _rules(template.rules.all(), today)],
        "limit": _today(template, today),
        "coming": sorted(coming, key=lambda row: row.effective_from),
        "stops": template.clock_stops,
        "from": template.in_force_from if template.in_force_from > today else None,
        "until": template.in_force_until,
    }


def _in_order(template: ItemTemplate) -> tuple[int, int, int]:
    return template.phase, template.order, template.pk


def _rules(rules: Iterable[ItemRule], on: datetime.date) -> list[ItemRule]:
    return [
        rule
        for rule in sorted(rules, key=lambda rule: rule.pk)
        if rule.effective_from <= on and (rule.effective_until is None or rule.effective_until >= on)
    ]


# --- What changed when ---------------------------------------------------------------------------------


def _changes(templates: list[ItemTemplate], user: User, today: datetime.date) -> list[dict[str, Any]]:
    """Changes of limits, of rules and of the catalogue itself, the latest first."""
    on_others = _on_other_limits(templates, user, today)
    told = []
    for template in templates:
        told += [_limit_change(*pair, template, on_others, today) for pair in pairwise(_by_day(template))]
        told += _rule_changes(template)
        if template.in_force_until:
            after = template.in_force_until + datetime.timedelta(days=1)
            told.append(_line(after, template, _("No longer in the catalogue")))
        first = min([row.effective_from for row in template.limits.all()], default=template.in_force_from)
        if template.in_force_from > first or template.in_force_from > today:
            told.append(_line(template.in_force_from, template, _("New in the catalogue")))
    return sorted(told, key=lambda line: line["on"], reverse=True)


def _line(on: datetime.date, template: ItemTemplate, what: str, **more: Any) -> dict[str, Any]:
    return {"on": on, "name": str(template), "what": what, **more}


def _by_day(template: ItemTemplate) -> list[ItemLimit]:
    return sorted(template.limits.all(), key=lambda row: row.effective_from)


def _limit_change(
    before: ItemLimit,
    after: ItemLimit,
    template: ItemTemplate,
    on_others: dict[int, int],
    today: datetime.date,
) -> dict[str, Any]:
    is_current = after == _today(template, today)
    return _line(
        after.effective_from,
        template,
        _("Limits changed"),
        before=before,
        after=after,
        source=after.source,
        url=reverse("approvals:apply_limits", args=[after.pk]),
        running=on_others.get(template.pk, 0) if is_current else 0,
        is_current=is_current,
    )


def _rule_changes(template: ItemTemplate) -> list[dict[str, Any]]:
    one_day = datetime.timedelta(days=1)
    lines = []
    for rule in template.rules.all():
        words = {"rule": needs.rule_words(rule)}
        if rule.effective_from > template.in_force_from:
            lines.append(_line(rule.effective_from, template, _("Needed if — %(rule)s") % words))
        if rule.effective_until:
            what = _("Does not ask any more — %(rule)s") % words
            lines.append(_line(rule.effective_until + one_day, template, what))
    return lines


def _on_other_limits(templates: list[ItemTemplate], user: User, today: datetime.date) -> dict[int, int]:
    """How many open items that a person sees go by other limits than today's, by catalogue item."""
    changed = {t.pk: limit for t in templates if len(t.limits.all()) > 1 and (limit := _today(t, today))}
    counted: Counter[int] = Counter()
    if not changed:
        return counted
    items = Item.objects.visible_to(user).filter(template__in=list(changed))
    by_limits = items.exclude(state__in=ItemState.CLOSED).order_by()
    for row in by_limits.values("template", "promised_days", "statutory_days").annotate(n=Count("pk")):
        limit = changed[row["template"]]
        if (row["promised_days"], row["statutory_days"]) != (limit.promised_days, limit.statutory_days):
            counted[row["template"]] += row["n"]
    return counted


# --- Applying new limits ------------------------------------------------------------------------------------

SHOWN = 200


@allow("approvals.apply_limits")
def apply_limits(request: HttpRequest, pk: int) -> HttpResponse:
    """Each running item that goes by other limits, with its due days now and then; then those chosen."""
    user, today, days = user_of(request), clock.today(), calendar()
    limit = get_object_or_404(ItemLimit.objects.select_related("template__department"), pk=pk)
    open_items = limits.with_others(limit, Item.objects.visible_to(user))
    shown = list(open_items.for_list().order_by(*lamps.URGENCY)[:SHOWN])
    form = ApplyLimitsForm(request.POST or None, items=Item.objects.visible_to(user))
    if form.is_valid():
        chosen = shown if "all" in request.POST else list(form.cleaned_data["items"])
        try:
            with receipts.once(user=user, key=receipts.token_of(request), sent=request.POST) as sending:
                if not sending.seen:
                    _refuse_if_another_is_in_force(limit, today)
                    limits.apply(limit, chosen, reason=form.cleaned_data["reason"], by=user, today=today)
                    messages.success(request, _applied(len(chosen)))
            return redirect("approvals:apply_limits", pk)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    picked = set(request.POST.getlist("items"))
    rows = [_change_row(change, user, picked) for change in limits.preview(limit, shown, days=days)]
    return page(
        request,
        "approvals/apply_limits.html",
        {
            "limit": limit,
            "form": form,
            "total": len(rows),
            "rows": [row for row in rows if not row["is_waiting"]],
            "waiting": [row for row in rows if row["is_waiting"]],
            "tighter": sum(row["is_tighter"] for row in rows),
            "more": max(0, open_items.count() - SHOWN) if len(shown) == SHOWN else 0,
            "is_in_force": ItemLimit.objects.of_day(today, [limit.template_id]).get(limit.template_id)
            == limit,
        },
    )


def _refuse_if_another_is_in_force(limit: ItemLimit, today: datetime.date) -> None:
    current = ItemLimit.objects.of_day(today, [limit.template_id]).get(limit.template_id)
    if limit.effective_from <= today and current != limit:
        raise limits.CannotApply(
            _("These limits are not in force any more. Apply those of today from the catalogue.")
        )


def _applied(n: int) -> str:
    text = ngettext(
        "The new limits hold for %(n)s item from today on. Due days have been worked out anew.",
        "The new limits hold for %(n)s items from today on. Due days have been worked out anew.",
        n,
    )
    return text % {"n": n}


def _change_row(change: Change, user: User, picked: set[str]) -> dict[str, Any]:
    item = change.item
    return {
        "pk": item.pk,
        "url": reverse("approvals:item", args=[item.pk]),
        "project": name_of(item.project, user),
        "code": item.project.code,
        "state": item.get_state_display(),
        "is_waiting": item.state == ItemState.WAITING,
        "limits": item,
        "promise_due": item.promise_due,
        "promise_after": change.promise_after,
        "statute_due": item.statute_due,
        "statute_after": change.statute_after,
        "is_tighter": change.is_tighter,
        "is_picked": str(item.pk) in picked,
    }
