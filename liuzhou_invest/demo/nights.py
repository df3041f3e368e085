"""The demo's nights: flags are raised, leads say what will be done, and what nobody settles climbs."""

from random import Random
from typing import Any

from approvals import escalation, issues, stalls
from approvals.choices import IssueLevel, IssueState
from approvals.models import Issue, StallFlag
from liuzhou_invest.demo.life import DAY, City

NIGHTS_AGO = (112, 82, 53, 38, 23, 16, 9, 5, 2, 1, 0)
# What leads write; the others say nothing, and theirs climbs.
MEASURES = (
    "已约谈责任部门，本周内补齐审查意见。",
    "由专班副组长牵头，五个工作日内组织专家复审。",
    "已与企业商定补正材料清单，三日内提交。",
    "纳入每周调度，由审批局明确专人跟办。",
)
SILENT_SINCE, SILENT = 40 * DAY, 12  # of the flags of the last weeks every twelfth has no answer
SETTLED = 0.8  # of the issues that were answered long ago


def run(city: City) -> None:
    """Each night as the program does it; by day people answer."""
    random = Random(9712)  # noqa: S311 - its own, so that nothing else of the demo moves
    _set_aside(city, random)
    for nights_ago in NIGHTS_AGO:
        night = city.today - nights_ago * DAY
        stalls.announce(night)
        escalation.climb(night)
        _answer(city, random)
    _send_by_hand(city)


def _answer(city: City, random: Random) -> None:
    """Nearly all leads say soon what they will do; of what came yesterday nothing is said yet."""
    flags = StallFlag.objects.open().filter(acknowledged_by__isnull=True, raised_on__lt=city.today - 5 * DAY)
    for flag in flags.select_related("project__task_force").order_by("pk"):
        if flag.pk % SILENT or flag.raised_on < city.today - SILENT_SINCE:
            lead = city.people[f"{flag.project.task_force.code}.lead"]
            stalls.acknowledge(flag, note=random.choice(MEASURES), by=lead)


def _set_aside(city: City, random: Random) -> None:
    """Old issues are put aside for a reason; of some nobody has thought any more."""
    states = (IssueState.ANSWERED, IssueState.HANDLING)
    old = Issue.objects.filter(state__in=states, state_since__lt=city.today - 30 * DAY)
    for issue in old.select_related("raised_by").order_by("pk"):
        if random.random() < SETTLED:
            day = max(issue.state_since, issue.level_since or issue.state_since) + DAY
            facts: dict[str, Any] = {"by": issue.raised_by, "on": day, "today": day}
            if issue.state == IssueState.ANSWERED:
                issues.handle(issue, note="企业反映条件仍未具备", **facts)
            issues.suspend(issue, reason="待上级部门批复指标", **facts)


def _send_by_hand(city: City) -> None:
    """One sent up with a reason before its time, and one sent back to where it can be settled."""
    by = city.people["team1"]
    facts: dict[str, Any] = {"by": by, "on": city.today, "today": city.today}
    open_issues = Issue.objects.open().exclude(state=IssueState.SUSPENDED).order_by("-raised_on", "pk")
    if fresh := open_issues.filter(level=IssueLevel.TEAM).first():
        issues.escalate(fresh, reason="涉及两个部门，服务专班无法协调。", **facts)
    if high := open_issues.filter(level=IssueLevel.SECRETARY_GENERAL).first():
        issues.send_down(high, reason="专班负责人已约定现场协调，可在本层级办结。", **facts)
