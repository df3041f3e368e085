"""What the demo's projects need from others, and what officers do for them: two lists in all states."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Agency, User
from approvals import assistance, support
from approvals.choices import AssistanceMode, ItemState, SupportKind
from approvals.models import AgencyTask, Item, Service, ServiceTeam, SupportNeed
from core import files
from core.clock import next_month
from core.models import StoredFile
from liuzhou_invest.demo.life import DAY, City
from liuzhou_invest.demo.people import invented_name
from projects.choices import Stage, Status
from projects.models import Project

OF_EACH_TEAM = 2  # projects with a second and third list

# kind, what, amount, unit, department
NEEDS: tuple[tuple[str, str, int | None, str, str], ...] = (
    (SupportKind.POWER, "10千伏专线供电", 5000, "千伏安", "gdj"),
    (SupportKind.LAND, "二期工业用地指标", 120, "亩", "zrzy"),
    (SupportKind.WATER, "生产用水管网接入", 1200, "吨/日", "swjt"),
    (SupportKind.ENERGY, "新增能耗指标", 8600, "吨标准煤", "fgw"),
    (SupportKind.LABOUR, "焊接、数控技工招聘", 150, "人", "rsj"),
    (SupportKind.FINANCE, "设备购置贷款对接", 6000, "万元", "jrj"),
    (SupportKind.SEWAGE, "污水纳管接驳", 300, "吨/日", "swjt"),
    (SupportKind.POLICY, "设备补助资金兑现", 480, "万元", "fgw"),
    (SupportKind.LOGISTICS, "大件运输通行路线", None, "", "cgj"),
    (SupportKind.GAS, "天然气中压管道接入", 200, "立方米/时", "swjt"),
)
# how, what, for which item
TASKS: tuple[tuple[str, str, str], ...] = (
    (AssistanceMode.ACT, "代办用地预审与选址意见书申请", "site-opinion"),
    (AssistanceMode.ASSIST, "帮办环评报告表申报材料", "eia-form"),
    (AssistanceMode.ACT, "代办建设工程规划许可证申请", "planning-permit"),
    (AssistanceMode.ASSIST, "帮办消防设计审查材料", "fire-design"),
    (AssistanceMode.ACT, "代办施工许可证申请", "building-permit"),
)
PHONE = "0772-28600"  # an invented exchange; the last two digits are the team's


def serve(city: City) -> None:
    """Raise needs and open tasks for the projects that teams have taken on most recently."""
    for team in ServiceTeam.objects.order_by("order", "pk"):
        team.phone = f"{PHONE}{team.order:02d}"
        team.save(update_fields=["phone"])
    agencies = {agency.code: agency for agency in Agency.objects.all()}
    matters, jobs = cycle(NEEDS), cycle(TASKS)
    for number, service in enumerate(_served()):
        begun = max(service.since, city.today - 70 * DAY)
        officer = city.people[f"team{service.team.order}"]
        for turn in range(2 + number % 3):
            kind, text, amount, unit, code = next(matters)
            day = min(city.after(begun + 3 * DAY, 0, 20), city.today - DAY)
            need = support.raise_need(
                service.project,
                kind=kind,
                text=text,
                amount=None if amount is None else Decimal(amount),
                unit=unit,
                department=agencies[code],
                needed_by=city.after(day, 12, 110),
                on=day,
                by=officer,
                today=day,
            )
            _meet(city, need, officer, course=number + turn)
        for turn in range(1 + number % 3):
            mode, text, code = next(jobs)
            day = min(city.after(begun + 2 * DAY, 0, 15), city.today - DAY)
            task = assistance.open_task(
                service.project,
                text=text,
                mode=mode,
                officer=officer,
                contact=invented_name(number * 3 + turn),
                item=_item_of(service.project, code),
                due_on=city.after(day, 10, 90),
                on=day,
                by=officer,
                today=day,
            )
            _help(city, task, officer, course=number + turn)


def _served() -> list[Service]:
    """The latest two of each team, so that whichever team one signs in as has both lists to look at."""
    services = Service.objects.filter(
        until__isnull=True, project__status=Status.ACTIVE, project__stage__in=Stage.FROM_SIGNING[:3]
    )
    latest: dict[int, list[Service]] = {}
    for service in services.select_related("project", "team").order_by("-since", "pk"):
        latest.setdefault(service.team_id, []).append(service)
    return [service for of_team in latest.values() for service in of_team[:OF_EACH_TEAM]]


def _item_of(project: Project, code: str) -> Item | None:
    return project.items.filter(template__code=code).first()


def _days(city: City, since: datetime.date) -> Iterator[datetime.date]:
    """The days of the following steps, until today."""
    day = since
    while (day := city.after(day, 2, 12)) < city.today:
        yield day


def _meet(city: City, need: SupportNeed, by: User, *, course: int) -> None:
    """One of seven courses, as far as there are days for it: raised only, taken on, moved, partly met, met,
    refused, dropped."""
    days = _days(city, need.raised_on)
    steps = {
        0: (),
        1: ("take_on",),
        2: ("take_on", "partly"),
        3: ("take_on", "partly", "meet"),
        4: ("take_on", "meet"),
        5: ("take_on", "move", "refuse" if course % 2 else "meet"),
        6: ("drop",),
    }[course % 7]
    for name, day in zip(steps, days, strict=False):
        _step_of_need(need, name, day, by)


def _step_of_need(need: SupportNeed, name: str, on: datetime.date, by: User) -> None:
    if name == "take_on":
        officer = invented_name(need.pk)
        support.take_on(need, officer=officer, on=on, by=by, today=on, note="已明确专人对接")
    elif name == "partly":
        met = None if need.amount is None else (need.amount * Decimal("0.4")).quantize(Decimal(1))
        support.meet_partly(need, note="先行保障一部分，其余正在协调", met_amount=met, on=on, by=by, today=on)
    elif name == "meet":
        support.meet(need, note="已全部落实，企业已确认", on=on, by=by, today=on)
    elif name == "move":
        later = next_month(need.needed_by) + 9 * DAY
        support.move_day(need, needed_by=later, reason="企业设备推迟到货", on=on, by=by, today=on)
    elif name == "refuse":
        support.refuse(need, reason="本年度指标已用完，列入明年计划优先安排", on=on, by=by, today=on)
    else:
        support.drop(need, reason="企业已自行解决", on=on, by=by, today=on)


def _help(city: City, task: AgencyTask, by: User, *, course: int) -> None:
    """From the mandate to the result, as far as there are days for it; some have only just been agreed."""
    days = _days(city, task.opened_on)
    steps = (
        ["visit", "papers", "finish"]
        if task.mode == AssistanceMode.ASSIST
        else [
            "mandate",
            "visit",
            "papers",
            "hand_in",
            "finish",
        ]
    )
    if task.item and task.item.state in ItemState.PASSED:
        wanted = steps
    else:
        wanted = steps[: course % (len(steps) + 1)] if course % 5 else [*steps[:2], "drop"]
    for name, day in zip(wanted, days, strict=False):
        _step_of_task(city, task, name, day, by)


def _mandate(city: City, by: User) -> StoredFile:
    """A white picture under the name of a mandate: nobody has signed anything."""
    with city.proof.file.open("rb") as proof:
        upload = SimpleUploadedFile("委托书（示例）.png", proof.read(), content_type="image/png")
    return files.store(upload, by=by)


def _step_of_task(city: City, task: AgencyTask, name: str, on: datetime.date, by: User) -> None:
    if name == "mandate":
        assistance.sign_mandate(task, file=_mandate(city, by), on=on, by=by, today=on)
    elif name == "visit":
        assistance.visit(task, note="到企业现场核对申报材料", on=on, by=by, today=on)
    elif name == "papers":
        assistance.help_with_papers(task, papers=city.random.randint(2, 9), on=on, by=by, today=on)
    elif name == "hand_in":
        assistance.hand_in(task, on=on, by=by, today=on, note="已在窗口递交")
    elif name == "finish":
        assistance.finish(task, note="已办结，结果已送达企业", on=on, by=by, today=on)
    else:
        assistance.drop(task, reason="企业改为自行办理", on=on, by=by, today=on)
