"""What lies on the service teams' desks today: items of every urgency, the last days' entries, hand-overs."""

import datetime

from accounts.models import User
from approvals import clocks, teams
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.lists import readiness
from approvals.models import AgencyTask, Item, Service, ServiceTeam
from approvals.teams import HandOver
from core.workdays import calendar
from liuzhou_invest.demo.life import DAY, City
from projects.choices import Status

ON_EACH_DESK = 9  # items handed in lately, of projects that a team follows
K = ItemEventKind
STOPS = ((K.CORRECTION_STARTED, "缺环评附图，一次性告知"), (K.SPECIAL_STARTED, "专家评审"))
SAID = "已电话催办，承诺本周出具意见"


def fill(city: City) -> None:
    """Hand in what could be handed in, some days ago each; one in nine waits for its acceptance."""
    for team in ServiceTeam.objects.order_by("order", "pk"):
        by = city.people[f"team{team.order}"]
        entries = [
            entry
            for number, item in enumerate(_ready(team)[:ON_EACH_DESK])
            for entry in _course(city, item, number)
        ]
        if entries:
            clocks.log_events(entries, by=by, today=city.today)
    _hand_over(city)


def _ready(team: ServiceTeam) -> list[Item]:
    """What could be handed in of the team's projects, those with most open first."""
    found = []
    for service in teams.followed_by(team).filter(project__status=Status.ACTIVE).order_by("-since", "pk"):
        items = list(service.project.items.select_related("template").order_by("template__phase", "pk"))
        ready = readiness(items)
        found += [i for i in items if i.state == ItemState.WAITING and ready[i.pk].ready_on]
    return found


def _course(city: City, item: Item, number: int) -> list[Entry]:
    """Counted back in working days from today: late, due, stopped, handed in yesterday, accepted today."""
    ago = (24, 14, 7, 6, 12, 4, 2, 1, 0)[number]
    accepted = max(_workdays_ago(city.today, ago), item.opened_on)
    handed_in = Entry(item, K.SUBMITTED, accepted, recorded_on=accepted)
    if number == 7:
        return [handed_in]
    course = [handed_in, Entry(item, K.ACCEPTED, accepted, recorded_on=accepted)]
    if number in (3, 4):
        stopped = max(_workdays_ago(city.today, ago - 1), accepted)
        kind, why = ((K.CORRECTION_STARTED, "缺环评附图，一次性告知"), (K.SPECIAL_STARTED, "专家评审"))[
            number - 3
        ]
        course.append(Entry(item, kind, stopped, declared_days=5, note=why, recorded_on=stopped))
    if number == 5:
        noted = _workdays_ago(city.today, 1)
        course.append(
            Entry(
                item,
                K.NOTE,
                max(noted, accepted),
                note="已电话催办，承诺本周出具意见",
                recorded_on=city.today,
            )
        )
    return course


def _workdays_ago(today: datetime.date, n: int) -> datetime.date:
    days = calendar()
    day = today
    while days.between(day, today) < n:
        day -= DAY
    return day


def _hand_over(city: City) -> None:
    """Two projects of the first team went to the third one some weeks ago, one came from the twelfth."""
    by_order = {team.order: team for team in ServiceTeam.objects.all()}
    for source, target, ago, note in (
        (1, 3, 40, "用地预审已办结，环评报告表待受理；业主联系人每周一对接，用电增容承诺十二月底前到位。"),
        (1, 3, 33, "方案审查已通过，消防审查材料由第3服务专班接续帮办；施工图审查单位已落实。"),
        (12, 1, 2, "节能审查专家意见已返回，三日内补正；企业希望明年一季度开工。"),
    ):
        leader = city.people[f"team{target}"]
        service = _to_hand_over(by_order[source], city.today - ago * DAY)
        if service is not None:
            _pass(city, service, by_order[target], leader, city.today - ago * DAY, note)


def _to_hand_over(team: ServiceTeam, day: datetime.date) -> Service | None:
    busy = AgencyTask.objects.unfinished().values("project")
    return (
        teams.followed_by(team)
        .filter(since__lt=day)
        .exclude(project__in=busy)
        .order_by("-since", "pk")
        .first()
    )


def _pass(
    city: City, service: Service, team: ServiceTeam, leader: User, day: datetime.date, note: str
) -> None:
    teams.assign(
        service.project,
        team,
        leader=leader.name,
        since=day,
        by=city.people["leader"],
        today=day,
        hand_over=HandOver(note),
    )
