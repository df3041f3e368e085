"""How the demo's enterprises confirm that issues are settled: by link, in time, too late, or with a no;
and issues that stand in the way of several projects, were returned, or wait suspended."""

import datetime

from accounts.models import Agency
from approvals import confirmation, issues
from approvals.choices import IssueCategory, IssueState, ReturnReason
from approvals.models import Issue, Item
from core import clock
from liuzhou_invest.demo.life import DAY, City
from projects.choices import Status

SETTLED = "协调完成，条件已具备"
MANAGERS = ("周厂长", "覃经理", "陈主任", "莫工", "李总助")


def by_link(city: City, issue: Issue, on: datetime.date) -> None:
    """The enterprise is asked and says yes on the same day."""
    token = _ask(city, issue, on)
    name = MANAGERS[issue.pk % len(MANAGERS)]
    confirmation.answer(token, is_settled=True, name=name, note="", today=on, now=clock.moment(on))


def _ask(city: City, issue: Issue, on: datetime.date, *, days: int = 15, statement: str = SETTLED) -> str:
    _link, token = confirmation.ask(
        issue,
        statement=statement,
        sent_to=MANAGERS[issue.pk % len(MANAGERS)],
        files=[] if issue.evidence.exists() else [city.proof],
        by=issue.raised_by,
        today=on,
        now=clock.moment(on),
        days=days,
    )
    return token


def ask_enterprises(city: City) -> None:
    """Of the answers of the last weeks one is confirmed, one is not, one waits, one was never confirmed."""
    answered = Issue.objects.filter(state=IssueState.ANSWERED).order_by("-state_since", "pk")
    old = answered.filter(state_since__lte=city.today - 14 * DAY).first()
    if old is not None:
        _ask(city, old, city.today - 12 * DAY, days=7)
    fresh = list(answered.filter(state_since__lt=city.today)[:3])
    tokens = [(issue, _ask(city, issue, city.today - DAY)) for issue in fresh]
    for is_settled, (issue, token) in zip((True, False), tokens, strict=False):
        confirmation.answer(
            token,
            is_settled=is_settled,
            name=MANAGERS[issue.pk % len(MANAGERS)],
            note="" if is_settled else "临时线路已通，但容量不够，夜班仍需停机。",
            today=city.today,
            now=clock.moment(city.today),
        )


def share_some(city: City) -> None:
    """Difficulties that several enterprises of a place have in common, logged once."""
    matters = (
        (IssueCategory.UTILITIES, "园区110kV变电站未投运，多家企业用电受限", "gdj"),
        (IssueCategory.LAND, "片区控规修编未完成，多个地块暂不能供地", "zrzy"),
    )
    agencies = {agency.code: agency for agency in Agency.objects.all()}
    items = Item.objects.under_way().filter(project__status=Status.ACTIVE).select_related("project")
    first_of: dict[int, Item] = {}
    for item in items.order_by("pk"):
        first_of.setdefault(item.project_id, item)
    waiting = list(first_of.values())
    for number, (category, text, office) in enumerate(matters):
        blocked = waiting[number * 3 : number * 3 + 3]
        if not blocked:
            return
        day, by = city.today - (9 + 4 * number) * DAY, city.people[f"team{number + 1}"]
        issue = issues.log(
            blocked[0].project,
            category=category,
            text=text,
            department=agencies[office],
            on=day,
            by=by,
            today=day,
            blocks=blocked,
            also=[item.project for item in blocked[1:]],
        )
        issues.take_on(issue, on=day + DAY, by=by, today=day + DAY)


def return_some(city: City) -> None:
    """One came to the wrong department and went on to another; one waits for its papers."""
    logged = list(Issue.objects.filter(state=IssueState.ACCEPTED).order_by("-raised_on", "pk")[:3])
    others = Agency.objects.exclude(pk__in=[issue.department_id for issue in logged])
    right = others.filter(kind="department").order_by("pk").first()
    day = city.today - DAY
    for number, issue in enumerate(issue for issue in logged if issue.state_since <= day):
        wrong = number == 0
        issues.give_back(
            issue,
            because=ReturnReason.WRONG_DEPARTMENT if wrong else ReturnReason.INCOMPLETE,
            reason="不属本部门职责，建议转有关部门办理" if wrong else "缺少用地红线图，请补充后再交办",
            on=day,
            by=issue.raised_by,
            today=day,
        )
        if wrong and right is not None:
            issues.address(
                issue, department=right, note="", on=city.today, by=issue.raised_by, today=city.today
            )


def reopen_one(city: City) -> None:
    """What was settled three weeks ago has come back."""
    settled = Issue.objects.filter(state=IssueState.RESOLVED, source="")
    recent = settled.filter(resolved_on__gte=city.today - 21 * DAY, resolved_on__lt=city.today)
    if issue := recent.order_by("resolved_on", "pk").first():
        reason = "投用后又多次出现同样情况，企业要求继续协调"
        issues.reopen(issue, reason=reason, on=city.today, by=issue.raised_by, today=city.today)
