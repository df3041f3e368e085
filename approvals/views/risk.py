"""Investment at risk: how much is held up, by whom, by which item, by what kind of issue."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel
from approvals.forms import OnForm
from approvals.models import StallFlag
from approvals.stalls import risk
from approvals.stalls.risk import AtRisk, By, Part
from approvals.views.leafing import Leaves
from core import clock, exporting
from core.pages import page
from projects.models import Project
from projects.showing import name_of

TITLES: dict[By, str | Promise] = {
    By.DEPARTMENT: _("By who has to act"),
    By.ITEM: _("By item"),
    By.ISSUE: _("By kind of the blocking issue"),
}


@allow("approvals.view_at_risk")
def at_risk(request: HttpRequest) -> HttpResponseBase:
    """How many projects and how much contracted investment are held up; each number opens its list."""
    user, form = user_of(request), _form(request)
    found = risk.at_risk(user, on=_day(form))
    if exporting.asked(request):
        parts = [
            {**_shown(part, by, found), "by": str(title)}
            for by, title in TITLES.items()
            for part in found.parts[by]
        ]
        return exporting.answer(request, excel.AT_RISK, parts, narrowed=form)
    return page(
        request,
        "approvals/at_risk.html",
        {
            "form": form,
            "on": found.on,
            "total": _shown(found.total, "", found),
            "whole": sum(Project.objects.visible_to(user).active().values_list("contracted", flat=True)),
            "tables": [
                {"by": by, "title": title, "rows": [_shown(part, by, found) for part in found.parts[by]]}
                for by, title in TITLES.items()
            ],
        },
    )


@allow("approvals.view_at_risk")
def projects(request: HttpRequest) -> HttpResponseBase:
    """The projects behind one number of the page, the largest first."""
    user, form = user_of(request), _form(request)
    found = risk.at_risk(user, on=_day(form))
    by, key = request.GET.get("by", ""), request.GET.get("key", "")
    part = found.part(by, key)
    if part is None:
        raise Http404
    listed = Project.objects.visible_to(user).filter(pk__in=part.projects).for_list()
    listed = listed.order_by("-contracted", "pk")
    if exporting.asked(request):
        rows = exporting.in_chunks(listed, lambda chunk: _rows(chunk, found, user))
        narrowed = [(_("As of"), found.on), (TITLES[By(by)] if by else "", part.name)]
        return exporting.answer(request, excel.AT_RISK_PROJECTS, rows, narrowed=narrowed)
    shown = Leaves(listed).get_page(request.GET.get("page"))
    return page(
        request,
        "approvals/at_risk_projects.html",
        {
            "part": part,
            "on": found.on,
            "title": TITLES[By(by)] if by else "",
            "page": shown,
            "rows": _rows(list(shown), found, user),
        },
    )


def _rows(shown: Sequence[Project], found: AtRisk, user: User) -> list[dict[str, Any]]:
    reasons = _reasons(user, found, [project.pk for project in shown])
    return [
        {
            "url": reverse("approvals:panel", args=[project.pk]),
            "name": name_of(project, user),
            "task_force": str(project.task_force),
            "unit": project.reporting_unit.short_name,
            "stage": project.get_stage_display(),
            "amount": found.amounts[project.pk],
            "reasons": reasons[project.pk],
        }
        for project in shown
    ]


def _form(request: HttpRequest) -> OnForm:
    return OnForm({"on": request.GET.get("on") or clock.today().isoformat()}, today=clock.today())


def _day(form: OnForm) -> datetime.date:
    """The day asked for; a day that cannot be is today, and the form says why."""
    return form.cleaned_data["on"] if form.is_valid() else clock.today()


def _shown(part: Part, by: str, found: AtRisk) -> dict[str, Any]:
    asked = {"by": by, "key": part.key, "on": found.on.isoformat()}
    query = urlencode({name: value for name, value in asked.items() if value})
    return {
        "name": part.name,
        "projects": len(part.projects),
        "amount": part.amount,
        "flags": part.flags,
        "url": f"{reverse('approvals:at_risk_projects')}?{query}",
    }


def _reasons(user: User, found: AtRisk, projects: list[int]) -> dict[int, list[dict[str, str]]]:
    """What holds up each project: the item and the rule that speaks of it."""
    flags = risk.standing_on(StallFlag.objects.visible_to(user), found.on).filter(project__in=projects)
    told: dict[int, list[dict[str, str]]] = defaultdict(list)
    for flag in flags.select_related("item__template").order_by("-severity", "first_day", "pk"):
        told[flag.project_id].append(
            {
                "lamp": "over_statute" if flag.severity == "red" else "over_promise",
                "word": flag.get_code_display(),
                "item": flag.subject,
                "url": reverse("approvals:item", args=[flag.item_id]),
            }
        )
    return told
