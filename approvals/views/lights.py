"""The lamps: both presets side by side with their thresholds, and choosing another from a day on."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.access import allow, user_of
from approvals import stalls
from approvals.choices import Clock, LampPreset, Severity, StallCode
from approvals.forms import LampsForm
from approvals.models import PresetChoice, StallRule
from approvals.stalls.thresholds import Thresholds
from approvals.stalls.usual import UNANNOUNCED
from core import clock
from core.pages import page
from core.refusal import Refusal
from projects.choices import Stage


@allow("approvals.view_lamps")
def lamps(request: HttpRequest) -> HttpResponse:
    """Which rules light the lamps, from how many days on, since when; the leader may choose other ones."""
    user, today = user_of(request), clock.today()
    may_choose = user.has_perm("approvals.choose_lamps")
    form = LampsForm(request.POST if may_choose and request.method == "POST" else None)
    if may_choose and form.is_valid():
        try:
            chosen = stalls.choose_preset(**form.cleaned_data, by=user, today=today)
            messages.success(request, _told(chosen))
            return redirect("approvals:lamps")
        except Refusal as refusal:
            form.add_error(None, refusal.message)
    return page(
        request,
        "approvals/lamps.html",
        {
            "form": form if may_choose else None,
            "presets": [_preset(preset, today) for preset in LampPreset],
            "choices": list(PresetChoice.objects.select_related("chosen_by").order_by("-effective_from")),
            "today": today,
        },
    )


def _told(chosen: PresetChoice) -> str:
    return _("From %(day)s on: %(lamps)s. They are lit from that night on.") % {
        "day": chosen.effective_from.isoformat(),
        "lamps": chosen.get_preset_display(),
    }


def _preset(preset: LampPreset, today: datetime.date) -> dict[str, Any]:
    """A preset with its rules in force, and what has been entered for a later day."""
    in_force = stalls.rules(today, preset=preset)
    rows = [
        {
            "code": code,
            "word": StallCode(code).label,
            "where": _where(code, narrowed),
            "amber": _threshold(code, thresholds, Severity.AMBER),
            "red": _threshold(code, thresholds, Severity.RED),
            "since": max(rule.effective_from for rule in thresholds).isoformat(),
        }
        for (code, narrowed), thresholds in sorted(in_force.rows.items(), key=_in_order)
    ]
    later = StallRule.objects.filter(preset=preset, effective_from__gt=today).order_by(
        "effective_from", "code"
    )
    return {
        "name": preset.label,
        "is_in_force": stalls.preset_on(today) == preset,
        "rows": rows,
        "sources": _sources(in_force),
        "later": list(later.order_by("effective_from", "code")),
    }


def _in_order(row: tuple[tuple[str, str], Thresholds]) -> tuple[str, int, str]:
    """By rule, the batches in their order."""
    (code, narrowed), _thresholds = row
    return code, Stage(narrowed).rank if narrowed in Stage.values else 0, narrowed


def _sources(in_force: stalls.Rules) -> list[tuple[str, list[str]]]:
    """Where the thresholds come from, with the rules that come from there."""
    found: dict[str, list[str]] = {}
    for (code, _narrowed), thresholds in sorted(in_force.rows.items()):
        for rule in thresholds:
            codes = found.setdefault(rule.source, [])
            codes += [] if code in codes else [code]
    return [(source, codes) for source, codes in found.items() if source]


def _where(code: str, narrowed: str) -> str:
    """For whose days, or in which batch, the thresholds hold."""
    if narrowed == UNANNOUNCED:
        return _("without an announced length")
    if narrowed in Stage.values:
        return str(Stage(narrowed).label)
    return str(Clock(narrowed).label) if narrowed in Clock.values else ""


def _threshold(code: str, thresholds: tuple[StallRule, ...], severity: str) -> str:
    """From how many days on it is amber, or red."""
    rule = next((rule for rule in thresholds if rule.severity == severity), None)
    if rule is None:
        return ""
    long = stalls.how_long(rule.days, rule.unit)
    if code == StallCode.BEHIND_TIME and severity == Severity.RED:
        return _("more than %(long)s") % {"long": long}
    return _("from %(long)s on") % {"long": long}
