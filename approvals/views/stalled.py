"""What is stalled, why, for how long, and who acts; the investment it holds up; the lamps in force."""

import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel, stalls
from approvals.choices import Severity, StallCode
from approvals.filters import StallFilter
from approvals.forms import AcknowledgeForm
from approvals.models import StallFlag
from approvals.models.flag import StallFlagQuerySet
from approvals.views.leafing import Leaves
from core import clock, exporting
from core.pages import page
from core.refusal import Refusal
from core.workdays import Calendar, calendar
from projects.showing import name_of


@allow("approvals.view_stalled")
def stalled(request: HttpRequest) -> HttpResponseBase:
    """The flags the night has raised, those still standing unless something else is asked for."""
    user, today, days = user_of(request), clock.today(), calendar()
    seen = StallFlag.objects.visible_to(user)
    asked = _asked(request)
    found = StallFilter(asked, queryset=seen.for_list(), request=request)
    if exporting.asked(request):
        rows = exporting.each(found.qs, lambda flag: row(flag, user, False, today=today, days=days))
        return exporting.answer(request, excel.STALLED, rows, narrowed=found)
    shown = Leaves(found.qs).get_page(request.GET.get("page"))
    may_acknowledge = user.has_perm("approvals.acknowledge_stall")
    group = found.form.cleaned_data.get("group", "")
    return page(
        request,
        "approvals/stalled.html",
        {
            "filter": found,
            "page": shown,
            "rows": [row(flag, user, may_acknowledge, today=today, days=days) for flag in shown],
            "tabs": [
                {"key": key, "word": word, "on": key == group}
                for key, (word, _q) in StallFilter.GROUPS.items()
            ],
            "counts": _counts(seen),
            "reasons": _reasons(seen, asked.get("code", "")),
            "preset": stalls.preset_on(today),
        },
    )


def _asked(request: HttpRequest) -> QueryDict:
    asked = request.GET.copy()
    if not {"group", "q", "raised_on"} & asked.keys():
        asked["group"] = "open"
    return asked


def _counts(seen: StallFlagQuerySet) -> dict[str, int]:
    return seen.open().aggregate(
        flags=Count("pk"),
        projects=Count("project", distinct=True),
        red=Count("pk", filter=Q(severity=Severity.RED)),
        amber=Count("pk", filter=Q(severity=Severity.AMBER)),
        unanswered=Count("pk", filter=Q(acknowledged_by__isnull=True)),
    )


def _reasons(seen: StallFlagQuerySet, asked: str) -> list[dict[str, Any]]:
    """The rules that speak at present, with how many flags each; those that are silent are left out."""
    rows = seen.open().values_list("code").annotate(n=Count("pk")).order_by("code")
    return [
        {"code": code, "word": StallCode(code).label, "n": count, "on": code == asked} for code, count in rows
    ]


def row(
    flag: StallFlag, user: User, may_acknowledge: bool, *, today: datetime.date, days: Calendar
) -> dict[str, Any]:
    """A flag as a line of a list, with ready strings."""
    open_still = flag.cleared_on is None
    return {
        **line(flag, user, today=today, days=days),
        "pk": flag.pk,
        "code": flag.code,
        "url": reverse("approvals:item", args=[flag.item_id])
        if flag.item_id
        else reverse("projects:project", args=[flag.project_id]),
        "project": name_of(flag.project, user),
        "project_url": reverse("approvals:panel", args=[flag.project_id]),
        "task_force": str(flag.project.task_force),
        "unit": flag.project.reporting_unit.short_name,
        "long": stalls.how_long(stalls.days_of(flag, today, days=days), stalls.unit_of(flag)),
        "first_day": flag.first_day.isoformat(),
        "cleared": flag.cleared_on.isoformat() if flag.cleared_on else "",
        "because": flag.get_cleared_because_display() if flag.cleared_because else "",
        "acts": stalls.acts(flag) if open_still else "",
        "level": flag.get_level_display() if flag.level_since else "",
        "wants_reason": wants_reason(flag),
        "say_url": reverse("approvals:acknowledge", args=[flag.pk])
        if may_acknowledge and open_still and flag.acknowledged_by is None
        else "",
    }


def line(flag: StallFlag, user: User, *, today: datetime.date, days: Calendar) -> dict[str, Any]:
    """A flag in one line: its lamp, why, what somebody said to it, and that it was red."""
    return {
        "severity": flag.severity,
        "lamp": "over_statute" if flag.severity == Severity.RED else "over_promise",
        "word": flag.get_code_display(),
        "sentence": stalls.sentence(flag, today, days=days, reader=user),
        "was_red": flag.was_red and flag.severity != Severity.RED,
        "made_good": flag.is_made_good,
        "cleared": flag.cleared_on.isoformat() if flag.cleared_on else "",
        "said": flag.acknowledged_note,
        "said_by": flag.acknowledged_by.name if flag.acknowledged_by else "",
    }


def wants_reason(flag: StallFlag) -> bool:
    """A month without a report is answered with its reason."""
    return flag.code == StallCode.NO_REPORT


def lines(
    flags: StallFlagQuerySet, user: User, *, today: datetime.date, days: Calendar
) -> list[dict[str, Any]]:
    """What stands on the page of an item or a project: the open flags, and the reds made good."""
    shown = flags.filter(Q(cleared_on__isnull=True) | Q(pk__in=flags.made_good().values("pk"))).for_list()
    ordered = shown.order_by("cleared_on", "-severity", "first_day", "pk")
    told = [line(flag, user, today=today, days=days) for flag in ordered]
    return sorted(told, key=lambda one: bool(one["cleared"]))


@allow("approvals.acknowledge_stall")
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead says what will be done about a stall, or gives the reason that is due."""
    user, today, days = user_of(request), clock.today(), calendar()
    flag = get_object_or_404(StallFlag.objects.visible_to(user).for_list(), pk=pk)
    form = AcknowledgeForm(request.POST or None, reason=wants_reason(flag))
    if form.is_valid():
        try:
            stalls.acknowledge(flag, note=form.cleaned_data["note"], by=user)
            messages.success(request, _("Written down. The flag stands until the matter moves."))
            return redirect("approvals:stalled")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    return page(
        request,
        "approvals/acknowledge.html",
        {"form": form, "row": row(flag, user, False, today=today, days=days)},
    )
