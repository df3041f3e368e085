"""The demo's on-site meetings: three held, with hosts, scores and decisions, and one in preparation."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from django.db.models import Q
from django.utils import timezone

from accounts.models import Agency, Notification
from approvals.choices import IssueCategory
from briefings import candidates, meetings, ranking
from briefings.models import MeetingDecision, MeetingState, OnSiteMeeting, Screener, VetoKind
from core.clock import next_month
from liuzhou_invest.demo.life import DAY, City
from taskforces.models import ReportingUnit

FIRST_YEAR = 2025
SHOWN = 4
SHEETS = 8
RULES = (
    (datetime.date(2025, 6, 3), (40, 30, 15, 15), "首次制定，经局务会审定"),
    (datetime.date(2026, 7, 1), (40, 30, 20, 10), "提高问题按时办结的分量"),
)
AGENDA = """08:30 集中乘车
{projects}
14:30 观摩评分汇总
15:00 座谈交流，东道主作经验介绍
16:30 市领导讲话，部署下半年工作"""
MINUTES = """会议实地观摩了{n}个项目，听取了{host}的经验介绍和各县区、新区的发言。
会议认为，{host}项目推进有力、要素保障到位，值得各县区、新区学习借鉴。
会议要求，各责任单位按议定事项逐项落实，市投资促进局按月跟踪，未按时完成的在月度通报中列明。"""
DECIDED = (
    ("落实观摩项目二期用地指标，完成地块平整移交", "host", 60),
    ("组织产业链上下游企业专场对接会", "force", 75),
    ("协调解决园区临时用电容量不足问题", "agency", 45),
    ("报送本单位未开工项目清单和开工计划", "last", 30),
    ("汇总现场会经验做法，形成推广清单", "agency", 120),
)


@dataclass(frozen=True)
class Plan:
    year: int
    half: int

    @property
    def chosen_on(self) -> datetime.date:
        """The week after the half-year has ended."""
        last = OnSiteMeeting(year=self.year, half=self.half).last_month
        return next_month(last) + 5 * DAY

    @property
    def held_on(self) -> datetime.date:
        return self.chosen_on + (18 + 4 * (self.year - FIRST_YEAR)) * DAY


def hold(city: City) -> None:
    """Every half-year since 2025 whose meeting lies behind us, and the next one planned."""
    random = Random(1071)  # noqa: S311 - its own, so that nothing else of the demo moves
    plans = list(_plans(city))
    changes = [rule for rule in RULES if rule[0] <= city.today]
    for plan in plans:
        while changes and changes[0][0] <= plan.chosen_on:
            _rule(city, *changes.pop(0))
        meeting = meetings.plan(
            year=plan.year,
            half=plan.half,
            planned_on=plan.held_on,
            by=city.people["clerk"],
            today=min(city.today, plan.chosen_on - 60 * DAY),
        )
        if plan.held_on + 6 * DAY < city.today:
            _bar_somebody(city, plan)
            _play(city, meeting, plan, random)
    _all_read()


def _all_read() -> None:
    """Notices of these meetings are read, but for the last meeting's decisions that are still open."""
    told = Notification.objects.filter(Q(key__startswith="meeting:") | Q(key__startswith="decision:"))
    last = OnSiteMeeting.objects.exclude(state=MeetingState.PLANNED).order_by("-held_on").first()
    open_ones = MeetingDecision.objects.open().filter(meeting=last).values_list("pk", flat=True)
    told.exclude(key__in=[f"decision:{pk}:owned" for pk in open_ones]).update(read_at=timezone.now())


def _plans(city: City) -> Iterator[Plan]:
    for year in range(FIRST_YEAR, city.today.year + 1):
        yield Plan(year, 1)
        if year < city.today.year or city.today.month > 6:
            yield Plan(year, 2)


def _rule(city: City, day: datetime.date, weights: tuple[int, int, int, int], reason: str) -> None:
    meetings.set_rule(
        effective_from=day,
        weights=weights,
        rank_indicator="contracted",
        conversion_indicator="start_rate",
        spread=10,
        step=2,
        reason=reason,
        by=city.people["leader"],
        today=day,
    )


def _bar_somebody(city: City, plan: Plan) -> None:
    """An accident in 2026, and figures of 2025 that turned out to be right after all."""
    leader, day = city.people["leader"], plan.chosen_on - 50 * DAY
    if (plan.year, plan.half) == (2026, 1):
        meetings.enter_veto(
            city.units[2],
            kind=VetoKind.SAFETY,
            happened_on=day,
            reason="在建项目发生一般生产安全事故，已立案调查",
            document="柳应急〔2026〕18号",
            by=leader,
            today=day + 3 * DAY,
        )
    if (plan.year, plan.half) == (2025, 2):
        veto = meetings.enter_veto(
            city.units[5],
            kind=VetoKind.FAKE_DATA,
            happened_on=day,
            reason="到位资金凭证与银行回单不符",
            document="柳招商函〔2025〕42号",
            by=leader,
            today=day + 2 * DAY,
        )
        meetings.lift_veto(veto, reason="经复核，凭证系重复上传，数据属实", by=leader, today=day + 12 * DAY)


# --- One meeting ----------------------------------------------------------------------------------


def _play(city: City, meeting: OnSiteMeeting, plan: Plan, random: Random) -> None:
    _choose(city, meeting, plan)
    _list(city, meeting, random, plan.chosen_on + 4 * DAY)
    clerk, leader = city.people["clerk"], city.people["leader"]
    assert meeting.host is not None
    meetings.invite_everybody(meeting)
    shown = list(meeting.shown.select_related("project").order_by("order"))
    points = "\n".join(f"{9 + n:02d}:00 观摩{one.project.name}" for n, one in enumerate(shown))
    meetings.set_agenda(
        meeting,
        planned_on=plan.held_on,
        place=f"{meeting.host.name}政务服务中心",
        agenda=AGENDA.format(projects=points),
        by=clerk,
        today=plan.held_on - 6 * DAY,
    )
    meetings.hold(meeting, on=plan.held_on, by=clerk, today=plan.held_on)
    _score(city, meeting, random)
    meetings.write_minutes(meeting, text=MINUTES.format(n=len(shown), host=meeting.host.name), by=clerk)
    decisions = list(_decide(city, meeting, plan))
    meetings.approve_minutes(meeting, by=leader, today=plan.held_on + 5 * DAY)
    _work_on(city, decisions)


def _choose(city: City, meeting: OnSiteMeeting, plan: Plan) -> None:
    """The first; in the second half of 2025 the second, for a reason."""
    eligible = ranking.take(meeting, today=plan.chosen_on).eligible
    second = (plan.year, plan.half) == (2025, 2) and len(eligible) > 1
    meetings.choose_host(
        meeting,
        eligible[1 if second else 0].unit,
        reason="首位单位主会场正在改造，年内无法承办" if second else "",
        by=city.people["leader"],
        today=plan.chosen_on,
    )


def _list(city: City, meeting: OnSiteMeeting, random: Random, on: datetime.date) -> None:
    clerk = city.people["clerk"]
    for one in candidates.of_meeting(meeting)[:SHOWN]:
        reason = "东道主推荐，投资体量大" if one.unmet else ""
        row = meetings.show(meeting, one.project, unmet=one.unmet, reason=reason, by=clerk)
        for department in Screener.values:
            passed = random.random() > 0.06
            note = "" if passed else "消防验收资料待补，现场观摩前补齐"
            meetings.screen(row, department=department, passed=passed, note=note, by=clerk, today=on)


def _score(city: City, meeting: OnSiteMeeting, random: Random) -> None:
    shown = list(meeting.shown.order_by("order"))
    quality = [random.randint(78, 92) for _one in shown]
    scored = 0
    for attendee in meeting.attendees.select_related("meeting", "user").order_by("pk"):
        meetings.attend(attendee, attended=random.random() > 0.1)
        if scored < SHEETS and attendee.unit_id != meeting.host_id and attendee.user:
            sheet = {row: Decimal(q + random.randint(-6, 6)) for row, q in zip(shown, quality, strict=True)}
            meetings.give_scores(attendee, sheet, by=attendee.user)
            scored += 1


def _decide(city: City, meeting: OnSiteMeeting, plan: Plan) -> Iterator[MeetingDecision]:
    shown = meeting.shown.select_related("project__task_force").order_by("order").first()
    assert shown is not None
    assert meeting.host is not None
    last = ReportingUnit.objects.get(code="450223")
    owners: dict[str, list[meetings.Owner]] = {
        "host": [meeting.host],
        "force": [shown.project.task_force],
        "agency": [Agency.objects.get(code="spj"), Agency.objects.get(code="tcj")],
        "last": [last],
    }
    for text, whose, days in DECIDED:
        owner = owners[whose].pop(0)
        yield meetings.decide(
            meeting,
            text=text,
            owner=owner,
            due_on=plan.held_on + days * DAY,
            project=shown.project if whose == "agency" and days < 100 else None,
        )


def _work_on(city: City, decisions: list[MeetingDecision]) -> None:
    """Older ones are done; of the last meeting one is overdue, one has become an issue."""
    clerk = city.people["clerk"]
    for decision in decisions:
        decision.refresh_from_db()
        done_on = decision.due_on - 6 * DAY
        if decision.project is not None and decision.meeting.year >= city.today.year:
            office = Agency.objects.get(code="spj")
            meetings.make_issue(
                decision,
                category=IssueCategory.UTILITIES,
                department=office,
                by=clerk,
                today=min(decision.due_on - 30 * DAY, city.today),
            )
        elif decision.meeting.year < city.today.year and decision.number != 5 and done_on < city.today:
            meetings.finish(decision, note="已按要求完成，材料已报市投资促进局。", by=clerk, today=done_on)
        elif decision.number == 2 and done_on < city.today:
            meetings.finish(decision, note="对接会已召开，签约意向3个。", by=clerk, today=done_on)
