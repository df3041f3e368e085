"""Planted for the water detector: a signing of each suspicious kind, all of enterprises that do not exist.

They are of the last months, so that the figures of 2025 stay what the newspaper printed.
"""

from dataclasses import dataclass
from decimal import Decimal

from core.uscc import check_character
from liuzhou_invest.demo.life import DAY, City
from projects import contracts, entry, suspicions
from projects.choices import EventKind, SuspicionKind, SuspicionVerdictKind
from projects.contracts import Terms
from projects.models import ContractEvent, Project, SigningCeremony, Suspicion

AUTUMN, SUMMER = "秋季产业合作推介会（示例）", "夏季重点项目签约会（示例）"


@dataclass(frozen=True)
class Plan:
    """A signing to plant: how many days ago, what, by whom, where (place in the city's lists)."""

    ago: int
    name: str
    firm: str
    amount: int
    force: int
    unit: str
    number: int | None = None  # of the firm's credit code; none where it has none yet
    ceremony: str = ""
    kind: str = EventKind.SIGNED


PLANS = (
    # signed in summer, and again in autumn
    Plan(142, "启岚工业视觉检测项目", "杭州启岚智能装备有限公司", 62_000, 3, "LD", 1, SUMMER),
    Plan(38, "启岚工业视觉检测建设项目", "杭州启岚智能装备有限公司", 62_500, 3, "LD", 1, AUTUMN),
    # cut into phases, each just over one hundred million
    Plan(95, "泰枫热成型结构件一期项目", "常州泰枫实业有限公司", 10_000, 1, "450222", 2),
    Plan(81, "泰枫热成型结构件二期项目", "常州泰枫实业有限公司", 10_300, 1, "450222", 2),
    Plan(60, "泰枫热成型结构件三期项目", "常州泰枫实业有限公司", 10_800, 1, "450222", 2),
    # one firm, two names
    Plan(110, "恒禾储能系统集成项目", "广西柳州恒禾科技有限公司", 28_000, 4, "BS"),
    Plan(47, "恒禾充换电设备项目", "恒禾科技（集团）股份有限公司", 45_600, 4, "450205", 3),
    # two units, one project
    Plan(52, "博澄碳纤维制品项目", "佛山博澄新材料有限公司", 88_000, 5, "450223", 4),
    Plan(33, "博澄碳纤维制品产业项目", "佛山博澄新材料有限公司", 88_000, 5, "LD", 4),
)
GROWING = Plan(70, "联沐酸笋深加工项目", "广州联沐实业有限公司", 9_300, 8, "450206", 5)
STANDING_STILL = Plan(236, "卓湾竹木复合板材项目", "厦门卓湾实业有限公司", 36_000, 7, "450222", 6)
INTENDED = Plan(
    118, "越樾人形机器人战略合作项目", "上海越樾科技有限公司", 150_000, 3, "LD", 7, kind=EventKind.FRAMEWORK
)


def show(city: City) -> None:
    """Plant them, look for them as the night does, and let the bureau say its word on two."""
    for plan in (*PLANS, STANDING_STILL):
        _sign(city, plan)
    _dress(city, _sign(city, INTENDED))
    _lift(city, _sign(city, GROWING))
    for nights_ago in (21, 1, 0):
        suspicions.find(city.today - nights_ago * DAY)
    _judge(city)


def _sign(city: City, plan: Plan) -> Project:
    day = city.today - plan.ago * DAY
    unit = next(unit for unit in city.units if unit.code == plan.unit)
    intended = plan.kind == EventKind.FRAMEWORK
    amount = Decimal(plan.amount)
    event = entry.enter_signing(
        entry.Facts(
            name=plan.name,
            task_force=city.forces[plan.force],
            reporting_unit=unit,
            location=unit,
            is_industrial=True,
            content="建设生产线及配套设施（示例）",
            officer=city.mover(city.forces[plan.force]).name,
            fixed_assets=amount * Decimal("0.7"),
            planned_start=day + 120 * DAY,
        ),
        Terms(
            kind=plan.kind,
            signed_on=day,
            amount=Decimal(0) if intended else amount,
            original_amount=amount if intended else None,
            ceremony=_ceremony(city, plan),
        ),
        investor=entry.enterprise(name=plan.firm, uscc=_credit_code(plan.number), origin=""),
        by=city.enterer(unit),
        today=day + 2 * DAY,
    )
    _verify(city, event)
    return event.project


def _ceremony(city: City, plan: Plan) -> SigningCeremony | None:
    if not plan.ceremony:
        return None
    held_on = city.today - plan.ago * DAY
    return SigningCeremony.objects.get_or_create(name=plan.ceremony, held_on=held_on)[0]


def _credit_code(number: int | None) -> str:
    if number is None:
        return ""
    first = f"91450200MA5WA{number:04d}"
    return first + check_character(first)


def _verify(city: City, event: ContractEvent) -> None:
    contracts.verify(event, by=city.people["leader"], today=event.recorded_on + DAY)


def _dress(city: City, project: Project) -> None:
    """The framework of spring is entered as a contract, and no contract is handed in."""
    day = city.today - 44 * DAY
    terms = Terms(EventKind.SIGNED, signed_on=day, amount=Decimal(INTENDED.amount), note="按意向金额登记")
    _verify(city, contracts.record(project, terms, by=city.people["clerk"], today=day + DAY))


def _lift(city: City, project: Project) -> None:
    """A correction lifts it over one hundred million, a month after the signing."""
    day = city.today - 41 * DAY
    terms = Terms(EventKind.CORRECTION, signed_on=day, amount=Decimal(900), note="企业补报配套投资")
    _verify(city, contracts.record(project, terms, by=city.people["clerk"], today=day + DAY))


def _judge(city: City) -> None:
    words = (
        (SuspicionKind.VARIANTS, SuspicionVerdictKind.WATCH, "已请企业提供集团股权关系说明，月底前核对。"),
        (SuspicionKind.JUMP, SuspicionVerdictKind.CLEAR, "已核对补充协议原件，新增冷链车间，属实。"),
    )
    for kind, verdict, reason in words:
        found = Suspicion.objects.open().filter(kind=kind).order_by("-points", "pk").first()
        if found is not None:
            leader = city.people["leader"]
            suspicions.judge(found, verdict=verdict, reason=reason, by=leader, today=city.today)
