"""How the demo's approvals run: items handed in, stopped, decided late; teams at work; issues."""

import datetime
from dataclasses import replace
from random import Random

from accounts.models import Agency, User
from approvals import clocks, issues, teams
from approvals.choices import ConfirmedBy, IssueCategory, ItemEventKind, ItemState, Phase
from approvals.clocks import Entry
from approvals.models import Issue, Item, Service, ServiceTeam
from core.workdays import calendar
from liuzhou_invest.demo import confirming, handed_in
from liuzhou_invest.demo.life import DAY, City
from projects.choices import Stage, Status
from projects.models import Project

# Which items have to be through before a batch begins.
BEFORE_START = (Phase.LAND, Phase.PLANNING, Phase.BUILDING)
# From this day on teams take on new major projects; the ledger tells of those before.
NEW_SERVICES_FROM = datetime.date(2026, 1, 5)
MAJOR = 30_000  # 万元
# They stand first on the list and need what stands below them.
DECIDED_LAST = ("ratification", "feasibility")
MATTERS: dict[str, tuple[tuple[str, str], ...]] = {
    IssueCategory.LAND: (("地块控规调整未完成", "zrzy"), ("征地边界需复核", "zrzy")),
    IssueCategory.ENVIRONMENT: (("环评报告表补正", "sthj"), ("节能承诺材料需补充", "fgw")),
    IssueCategory.UTILITIES: (("10kV临时用电未接入", "gdj"), ("施工用水接驳点未定", "swjt")),
    IssueCategory.PERMIT: (("施工图审查意见反复", "zjj"), ("消防设计需专家评审", "zjj")),
    IssueCategory.FINANCE: (("设备贷款审批缓慢", "jrj"),),
    IssueCategory.LABOUR: (("技工招聘缺口80人", "rsj"),),
}


APPROVALS = "市行政审批局"
SERVED = handed_in.Kept(
    "service-2025.xlsx", "服务项目", "重大项目服务台账", "services", APPROVALS, handed_in.since("进驻日期")
)


def _under_way(cells: handed_in.Cells, until: datetime.date) -> handed_in.Cells | None:
    """An issue that was resolved later was being handled then."""
    row, resolved_on = handed_in.since("提出日期")(cells, until), handed_in.day(cells, "办结日期")
    if row is None or resolved_on is None or resolved_on <= until:
        return row
    return row | {"状态": "办理中", "办结日期": None, "办理结果": None}


ISSUES = handed_in.Kept("service-2025.xlsx", "问题清单", "问题办理台账", "issues", APPROVALS, _under_way)


def take_over_ledgers(city: City) -> None:
    """The approval bureau's ledgers of 2025, handed in as they grew: projects served, and issues."""
    for kept, last in ((SERVED, 7), (ISSUES, 8)):
        for until in handed_in.months(datetime.date(2025, 1, 1), datetime.date(2025, last, 1)):
            handed_in.hand_in(kept, by=city.people["clerk"], until=until)


# --- Items ------------------------------------------------------------------------------------


def run_items(city: City, project: Project) -> None:
    """Log what happened to a project's items up to today, in one go, as from the region's system."""
    listed = project.items.exclude(state=ItemState.NOT_NEEDED).order_by("template__phase", "template__order")
    items = list(listed.select_related("template").prefetch_related("template__prerequisites"))
    items.sort(key=lambda item: item.template.code in DECIDED_LAST)
    needs = {item.template_id: [need.pk for need in item.template.prerequisites.all()] for item in items}
    start, produced = _reached(project, Stage.COMMENCEMENT), _reached(project, Stage.PRODUCTION)
    decided: dict[int, datetime.date] = {}
    entries: list[Entry] = []
    for item in items:
        before = start if item.template.phase in BEFORE_START else produced
        if before is None and item.template.phase not in BEFORE_START:
            continue
        ready = [decided.get(need) for need in needs[item.template_id] if need in needs]
        if None in ready:
            continue  # what must come first is not decided yet
        since = max([item.opened_on, *(day for day in ready if day)])
        if before is None and (city.random.random() < 0.12 or project.status == Status.ENDED):
            continue  # nobody has handed it in
        course, end = _course(city.random, item, since, before)
        entries += [entry for entry in course if entry.on <= city.today]
        if end <= city.today:
            decided[item.template_id] = end
    if entries:
        clocks.log_events(_written_down(city, entries), by=_team_of(city, project), today=city.today)


def _written_down(city: City, entries: list[Entry]) -> list[Entry]:
    """Most is entered on its day, one in thirty a week late."""
    return [
        replace(entry, recorded_on=min(city.today, entry.on + (7 * DAY if number % 30 == 29 else 0 * DAY)))
        for number, entry in enumerate(entries)
    ]


def _reached(project: Project, stage: str) -> datetime.date | None:
    return min((move.on for move in project.stage_changes.all() if move.target == stage), default=None)


def _team_of(city: City, project: Project) -> User:
    return city.people[f"team{project.pk % 12 + 1}"]


def _course(
    random: Random, item: Item, since: datetime.date, before: datetime.date | None
) -> tuple[list[Entry], datetime.date]:
    """One item's events; when works began on `before`, everything was decided by then."""
    days = calendar()

    def fit(day: datetime.date) -> datetime.date:
        return min(days.on_or_after(day), max(before, since)) if before else days.on_or_after(day)

    limit = item.promised_days if item.promised_days is not None else item.statutory_days or 5
    submitted = fit(since + random.randint(1, 12 if before else 30) * DAY)
    accepted = fit(submitted + random.randint(0, 1) * DAY)
    course = [Entry(item, ItemEventKind.SUBMITTED, submitted), Entry(item, ItemEventKind.ACCEPTED, accepted)]
    clock_from = accepted
    if item.template.clock_stops and random.random() < 0.3:
        stopped = fit(accepted + DAY)
        length = random.randint(3, 8)
        clock_from = fit(days.add(stopped, length + random.choice((-1, 0, 0, 2))))
        course += [
            Entry(
                item,
                ItemEventKind.SPECIAL_STARTED,
                stopped,
                declared_days=length,
                note=item.template.clock_stops,
            ),
            Entry(item, ItemEventKind.SPECIAL_ENDED, clock_from),
        ]
    elif random.random() < 0.15:
        asked = fit(accepted + DAY)
        clock_from = fit(days.add(asked, random.randint(2, 9)))
        course += [
            Entry(
                item, ItemEventKind.CORRECTION_STARTED, asked, declared_days=5, note="材料不齐，一次性告知"
            ),
            Entry(item, ItemEventKind.CORRECTION_ENDED, clock_from),
        ]
    late = random.random() < (0.07 if before else 0.2)
    took = max(1, round(limit * (random.uniform(1.2, 3.5) if late else random.uniform(0.3, 0.95))))
    if not before and random.random() < 0.02:
        took = 90  # forgotten on somebody's desk
    end = fit(days.add(clock_from, took))
    return [*course, Entry(item, ItemEventKind.APPROVED, end)], end


# --- Teams and issues -------------------------------------------------------------------------


def follow_major_projects(city: City, projects: list[Project]) -> None:
    """Since January 2026 every new major project gets a team within days of its signing."""
    rows = list(ServiceTeam.objects.order_by("order"))
    for number, project in enumerate(projects):
        day = city.after(project.signed_on, 3, 15) if project.signed_on else city.today
        if project.contracted < MAJOR or not NEW_SERVICES_FROM <= day <= city.today:
            continue
        team = rows[number % len(rows)]
        leader = city.people[f"team{number % len(rows) + 1}"]
        teams.assign(project, team, leader=leader.name, since=day, by=leader, today=day)


def raise_issues(city: City, month: datetime.date) -> None:
    """A month's new issues, most of them worked through and resolved in the weeks after."""
    served = list(
        Service.objects.filter(since__lte=month, until__isnull=True, project__status=Status.ACTIVE)
        .select_related("project", "team")
        .order_by("pk")
    )
    agencies = {agency.code: agency for agency in Agency.objects.all()}
    for service in city.random.sample(served, min(city.random.randint(5, 9), len(served))):
        day = city.after(month, 0, 27)
        if day < city.today:
            _raise(city, service, day, agencies)


def _raise(city: City, service: Service, day: datetime.date, agencies: dict[str, Agency]) -> None:
    category = city.random.choice(list(MATTERS))
    text, department = city.random.choice(MATTERS[category])
    by = city.people[f"team{service.team.order}"]
    blocked = service.project.items.under_way().order_by("pk")[:2] if city.random.random() < 0.6 else []
    issue = issues.log(
        service.project,
        category=category,
        text=text,
        department=agencies[department],
        on=day,
        by=by,
        today=day,
        blocks=blocked,
    )
    _work_on(city, issue, day)


def _work_on(city: City, issue: Issue, day: datetime.date) -> None:
    by = issue.raised_by
    taken, begun = city.after(day, 0, 2), city.after(day, 2, 5)
    answered, done = city.after(begun, 2, 9), city.after(begun, 4, 26)
    done = max(done, answered)
    if taken <= city.today:
        issues.take_on(issue, on=taken, by=by, today=taken)
    if begun <= city.today:
        issues.handle(issue, on=begun, by=by, today=begun, note="已召开协调会")
    if answered <= city.today:
        issues.answer(issue, note="已明确办理路径和完成时间", on=answered, by=by, today=answered)
    if done > city.today or city.random.random() >= 0.85:
        return
    if issue.pk % 3:
        confirming.by_link(city, issue, done)
    else:
        issues.resolve(
            issue,
            statement="协调完成，条件已具备",
            files=[city.proof],
            confirmed_by=ConfirmedBy.OFFICER,
            confirmed_name=by.name,
            on=done,
            by=by,
            today=done,
        )


def block_some(city: City) -> None:
    """Issues of the last weeks that hold up running items and are still in hand."""
    agencies = {agency.code: agency for agency in Agency.objects.all()}
    long_running = Item.objects.under_way().filter(accepted_on__lt=city.today - 16 * DAY)
    for number, item in enumerate(long_running.select_related("project").order_by("pk")[:6]):
        text, department = city.random.choice(MATTERS[IssueCategory.UTILITIES])
        day, by = city.after(city.today - 15 * DAY, 0, 2), city.people[f"team{number % 12 + 1}"]
        issue = issues.log(
            item.project,
            category=IssueCategory.UTILITIES,
            text=text,
            department=agencies[department],
            on=day,
            by=by,
            today=day,
            blocks=[item],
        )
        issues.take_on(issue, on=day + DAY, by=by, today=day + DAY)
