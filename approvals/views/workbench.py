"""What a service team or a line department has on its table, all day: items by urgency, projects, issues,
needs and tasks, and what has changed since the last working day."""

import datetime
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from accounts.access import allow, user_of
from accounts.roles import Role
from approvals import changes, lamps, planning, urgency
from approvals.changes import Change
from approvals.choices import IssueState, ItemState
from approvals.filters import ItemFilter
from approvals.models import AgencyTask, Issue, Item, Service, ServiceTeam, StallFlag, SupportNeed
from approvals.urgency import Urgency
from approvals.views import issues, items, keys
from approvals.views.leafing import Leaves
from core import clock
from core.pages import page
from core.workdays import calendar
from projects.models import Project
from projects.showing import labels, name_of

SHOWN_BESIDE = 12  # changes beside the items; all of them have a tab of their own
PLAN_AHEAD = 20  # working days
WHOLE_PLAN = 500

TABS = (
    ("items", gettext_lazy("My items")),
    ("projects", gettext_lazy("My projects")),
    ("issues", gettext_lazy("My issues")),
    ("lists", gettext_lazy("Needs and tasks")),
    ("changes", gettext_lazy("What has changed")),
)
PERIODS = (
    ("workday", gettext_lazy("Since the last working day")),
    ("monday", gettext_lazy("Since Monday")),
    ("fortnight", gettext_lazy("For a fortnight")),
)
LAMPS = {
    Urgency.OVER_STATUTE: "over_statute",
    Urgency.OVER_PROMISE: "over_promise",
    Urgency.DUE_SOON: "over_promise",
    Urgency.LONG_PAUSE: "over_promise",
    Urgency.TO_ACCEPT: "info",
    Urgency.READY: "todo",
    Urgency.RUNNING: "on_time",
    Urgency.STOPPED: "waiting",
}


@allow("approvals.log_item_event")
def workbench(request: HttpRequest) -> HttpResponse:
    """One table of a desk at a time; the tabs say what lies on the others."""
    desk = _Desk(request)
    tab = request.GET.get("tab", "")
    if tab not in dict(desk.tabs):
        tab = "items"
    return page(
        request,
        "approvals/workbench.html",
        {
            "teams": list(ServiceTeam.objects.filter(members=desk.user).order_by("order", "pk")),
            "is_team": desk.is_team,
            "shows_department": desk.is_team,
            "may_log": True,
            "page_keys": keys.PAGE_KEYS,
            "tab": tab,
            "tabs": desk.told_tabs(tab),
            **getattr(desk, tab)(),
        },
    )


class _Desk:
    """One person's work on a day."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = user_of(request)
        self.today, self.days = clock.today(), calendar()
        self.is_team = self.user.role == Role.SERVICE
        self.my_items = urgency.on_desk(
            Item.objects.visible_to(self.user), today=self.today, days=self.days, hands_in=self.is_team
        )
        self.my_issues = Issue.objects.visible_to(self.user).open()
        self.my_needs = SupportNeed.objects.visible_to(self.user).open()
        self.my_tasks = AgencyTask.objects.visible_to(self.user).unfinished()

    @property
    def tabs(self) -> list[tuple[str, Any]]:
        """A line department follows no projects."""
        return [tab for tab in TABS if self.is_team or tab[0] != "projects"]

    def told_tabs(self, here: str) -> list[dict[str, Any]]:
        self.counts = urgency.counts(self.my_items)
        numbers: dict[str, int | None] = {
            "items": sum(self.counts.values()),
            "projects": self._services().count() if self.is_team else None,
            "issues": self.my_issues.count(),
            "lists": self.my_needs.count() + self.my_tasks.count(),
            "changes": None,
        }
        return [{"key": key, "word": word, "n": numbers[key], "on": key == here} for key, word in self.tabs]

    # --- Items ---

    def items(self) -> dict[str, Any]:
        found = ItemFilter(
            self._filtered_by(), queryset=self.my_items.for_list(), request=self.request, today=self.today
        )
        counts = urgency.counts(found.qs)
        rows = urgency.in_order(found.qs, self.request.GET.getlist("urgency"))
        shown = Leaves(rows, most=500 if "all" in self.request.GET else None).get_page(
            self.request.GET.get("page")
        )
        told = self._changes(self._first_day("workday"))
        return {
            "filter": found,
            "page": shown,
            "groups": list(self._grouped(shown, counts)),
            "switch": self._switch(counts),
            "total": sum(counts.values()),
            "project": found.form.cleaned_data.get("project"),
            "changes": self._by_project(told[:SHOWN_BESIDE]),
            "changes_n": len(told),
            "first_day": self._first_day("workday"),
            "due_issues": self._issue_rows(
                self.my_issues.for_list().order_by("due_on", "raised_on", "pk")[:5]
            ),
        }

    def _filtered_by(self) -> QueryDict:
        """What the board's filters may narrow here; the group is ours."""
        asked = self.request.GET.copy()
        for name in ("group", "lamp", "state"):
            asked.pop(name, None)
        return asked

    def _grouped(self, shown: Iterable[Any], counts: dict[Urgency, int]) -> Iterable[dict[str, Any]]:
        latest = self._latest_days(shown)
        for place, group in groupby(shown, key=lambda item: item.urgency):
            one = urgency.group_at(place)
            yield {
                "key": one.value,
                "label": one.label,
                "n": counts.get(one, 0),
                "rows": [self._item_row(item, latest.get(item.pk)) for item in group],
            }

    def _latest_days(self, shown: Iterable[Any]) -> dict[int, datetime.date]:
        """By which day what could be handed in has to be, by the plan counted back from the start."""
        place = urgency.place_of(Urgency.READY)
        projects = {item.project_id: item.project for item in shown if item.urgency == place}
        steps = planning.next_steps(projects.values(), self.today, within=WHOLE_PLAN, days=self.days)
        return {step.item.pk: step.latest_submit for step in steps}

    def _item_row(self, item: Any, latest: datetime.date | None) -> dict[str, Any]:
        row = items.row(item, self.user, today=self.today, days=self.days)
        if item.urgency == urgency.place_of(Urgency.READY):
            late = latest is not None and latest < self.today
            row["lamp"] = lamps.Shown("over_promise" if late else "todo", _("Can be submitted"))
            row["due"], row["hand_in_by"] = latest.isoformat() if latest else "", latest is not None
        return row

    def _switch(self, counts: dict[Urgency, int]) -> list[dict[str, Any]]:
        asked = self.request.GET.getlist("urgency")
        return [
            {
                "key": group.value,
                "label": group.label,
                "lamp": LAMPS[group],
                "n": counts.get(group, 0),
                "on": group.value in asked,
            }
            for group in Urgency
            if group != Urgency.READY or self.is_team
        ]

    # --- Projects ---

    def _services(self) -> QuerySet[Service]:
        return Service.objects.filter(team__members=self.user, until__isnull=True)

    def projects(self) -> dict[str, Any]:
        services = list(self._with_figures(self._services()))
        soonest = self._soonest([service.project for service in services])
        rows = [
            {
                "service": service,
                "name": name_of(service.project, self.user),
                "url": reverse("approvals:panel", args=[service.project_id]),
                "next": soonest.get(service.project_id),
            }
            for service in services
        ]
        return {"services": rows}

    def _with_figures(self, services: QuerySet[Service]) -> QuerySet[Service]:
        """The projects of my teams: those with the most that is late first."""
        of_project = Item.objects.filter(project=OuterRef("project")).order_by()
        late = lamps.late(today=self.today, days=self.days)
        flags = StallFlag.objects.open().filter(project=OuterRef("project")).order_by()
        open_issues = Issue.objects.filter(project=OuterRef("project"), state__in=IssueState.OPEN).order_by()
        shared = Issue.also_concerns.through.objects.filter(
            project=OuterRef("project"), issue__state__in=IssueState.OPEN
        ).order_by()
        return (
            services.select_related("team", "project__reporting_unit", "project__enterprise")
            .prefetch_related("project__shares")
            .annotate(
                total=_count(of_project),
                passed=_count(of_project.filter(state__in=ItemState.PASSED)),
                under_way=_count(of_project.filter(state__in=ItemState.UNDER_WAY)),
                late=_count(of_project.filter(late)),
                waiting=_count(of_project.filter(state=ItemState.WAITING)),
                flagged=_count(flags),
                open_issues=_count(open_issues) + _count(shared),
            )
            .order_by("-late", "-flagged", "-open_issues", "-since", "pk")
        )

    def _soonest(self, projects: list[Project]) -> dict[int, dict[str, Any]]:
        """Of each project the item to be handed in first, by the plan counted back from its start."""
        told: dict[int, dict[str, Any]] = {}
        for step in planning.next_steps(projects, self.today, within=PLAN_AHEAD, days=self.days):
            if step.project.pk not in told:
                told[step.project.pk] = {
                    "url": reverse("approvals:item", args=[step.item.pk]),
                    "name": str(step.item.template),
                    "day": step.latest_submit.isoformat(),
                    "lamp": "over_promise" if step.left < 0 else "todo",
                    "word": _days_left(step.left),
                    "waits": [str(other.template) for other in step.waits_for],
                }
        return told

    # --- Issues, needs and tasks ---

    def issues(self) -> dict[str, Any]:
        rows = self.my_issues.order_by("due_on", "raised_on", "pk")
        shown = Leaves(rows.for_list()).get_page(self.request.GET.get("page"))
        return {"issues": self._issue_rows(shown), "page": shown}

    def _issue_rows(self, rows: Any) -> list[dict[str, Any]]:
        return [
            {
                **issues.row(issue, self.user, today=self.today, days=self.days),
                "due": issue.due_on.isoformat() if issue.due_on else "",
                "is_late": bool(issue.due_on and issue.due_on < self.today),
            }
            for issue in rows
        ]

    def lists(self) -> dict[str, Any]:
        needs = Leaves(
            self.my_needs.select_related("project__enterprise", "department")
            .prefetch_related("project__shares")
            .order_by("needed_by", "pk")
        ).get_page(self.request.GET.get("page"))
        tasks = self.my_tasks.select_related("project__enterprise", "officer", "item__template")
        mine_first = sorted(
            tasks.prefetch_related("project__shares").order_by("due_on", "pk")[:200],
            key=lambda task: (task.officer_id != self.user.pk, task.due_on, task.pk),
        )
        return {
            "page": needs,
            "needs": [
                {
                    "need": need,
                    "project": name_of(need.project, self.user),
                    "lamp": self._lamp_of(need.needed_by),
                }
                for need in needs
            ],
            "tasks": [
                {
                    "task": task,
                    "project": name_of(task.project, self.user),
                    "is_mine": task.officer_id == self.user.pk,
                    "lamp": self._lamp_of(task.due_on),
                }
                for task in mine_first
            ],
        }

    def _lamp_of(self, due: datetime.date) -> tuple[str, str]:
        left = self.days.between(self.today, due)
        kind = "over_statute" if due < self.today else "over_promise" if left <= urgency.SOON else "on_time"
        return kind, _days_left(left if due >= self.today else min(left, -1))

    # --- What has changed ---

    def changes(self) -> dict[str, Any]:
        period = self.request.GET.get("since", "workday")
        first = self._first_day(period)
        told = self._changes(first)
        others = [change for change in told if change.by != self.user.pk]
        only_others = "others" in self.request.GET
        shown = others if only_others else told
        return {
            "periods": [{"key": key, "word": word, "on": key == period} for key, word in PERIODS],
            "first_day": first,
            "changes": self._by_project(shown),
            "changes_n": len(shown),
            "only_others": only_others,
        }

    def _first_day(self, period: str) -> datetime.date:
        if period == "monday":
            return changes.monday(self.today)
        if period == "fortnight":
            return self.today - datetime.timedelta(days=14)
        return changes.last_workday(self.today, days=self.days)

    def _changes(self, first: datetime.date) -> list[Change]:
        return changes.since(self.user, first, today=self.today, days=self.days)

    def _by_project(self, told: list[Change]) -> list[dict[str, Any]]:
        """The projects in the order of their newest change, each with its lines."""
        of_project: dict[int, list[Change]] = {}
        for change in told:
            of_project.setdefault(change.project_id, []).append(change)
        named = labels(of_project, self.user)
        return [
            {
                "name": named[pk].name,
                "url": reverse("approvals:panel", args=[pk]),
                "lines": [self._line(c.in_outline() if named[pk].is_veiled else c) for c in lines],
            }
            for pk, lines in of_project.items()
        ]

    def _line(self, change: Change) -> dict[str, Any]:
        at = timezone.localtime(change.at)
        return {
            "change": change,
            "glyph": GLYPHS[change.kind],
            "url": reverse(change.route, args=[change.pk]),
            "who": _("you") if change.by == self.user.pk else change.who,
            "moment": at.strftime("%H:%M" if at.date() == self.today else "%m-%d %H:%M"),
            "dated": change.on.isoformat() if change.on != at.date() else "",
        }


GLYPHS = {
    "item": "workflow",
    "due": "calendar-clock",
    "issue": "message-circle-warning",
    "need": "plug",
    "task": "hand-helping",
    "flag": "siren",
    "project": "building-2",
    "team": "users",
}


def _days_left(left: int) -> str:
    if left < 0:
        return ngettext("%(n)s day past", "%(n)s days past", -left) % {"n": -left}
    if left == 0:
        return pgettext("a due day", "Today")
    return ngettext("%(n)s day left", "%(n)s days left", left) % {"n": left}


def _count(rows: QuerySet) -> Coalesce:
    counted = rows.values("project").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
