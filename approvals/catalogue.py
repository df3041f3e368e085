"""What the program starts with: line departments, the catalogue of items, stall rules, service teams.

Everything is an editable row: what an office has changed is left alone. The limits come from the
national law and the published practice of other cities; those not checked against the text of the
decree are marked unverified and say so on screen. All promised limits are for the city to confirm.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Agency, AgencyKind
from accounts.reference import agency
from approvals.choices import Clock, Fact, Phase
from approvals.deadlines import load_limits
from approvals.escalation import load_escalation_rules
from approvals.models import ItemLimit, ItemRule, ItemTemplate, ServiceTeam
from approvals.stalls import load_stall_rules

# --- Departments ----------------------------------------------------------------------------

DEPARTMENTS = (
    ("spj", "市行政审批局", "Approval Bureau", AgencyKind.APPROVAL),
    ("fgw", "市发展和改革委员会", "Development and Reform Commission", AgencyKind.DEPARTMENT),
    ("zrzy", "市自然资源和规划局", "Natural Resources and Planning Bureau", AgencyKind.DEPARTMENT),
    ("zjj", "市住房和城乡建设局", "Housing and Construction Bureau", AgencyKind.DEPARTMENT),
    ("sthj", "市生态环境局", "Ecology and Environment Bureau", AgencyKind.DEPARTMENT),
    ("slj", "市水利局", "Water Resources Bureau", AgencyKind.DEPARTMENT),
    ("lyj", "市林业和园林局", "Forestry and Gardens Bureau", AgencyKind.DEPARTMENT),
    ("cgj", "市城市管理执法局", "Urban Management Bureau", AgencyKind.DEPARTMENT),
    ("yjj", "市应急管理局", "Emergency Management Bureau", AgencyKind.DEPARTMENT),
    ("jrj", "市地方金融监管局", "Local Financial Supervision Bureau", AgencyKind.DEPARTMENT),
    ("rsj", "市人力资源社会保障局", "Human Resources and Social Security Bureau", AgencyKind.DEPARTMENT),
    ("tsjg", "施工图审查机构", "Drawing review office", AgencyKind.DEPARTMENT),
    ("gdj", "柳州供电局", "Liuzhou Power Supply", AgencyKind.UTILITY),
    ("swjt", "柳州供水燃气企业", "Liuzhou Water and Gas", AgencyKind.UTILITY),
)


def load_departments() -> dict[str, Agency]:
    """The departments by code."""
    return {row[0]: agency(*row) for row in DEPARTMENTS}


# --- Catalogue ------------------------------------------------------------------------------

LICENSING = "行政许可法第42条：二十日"


@dataclass(frozen=True)
class _Row:
    """One item of the catalogue; limits in working days, `needs` are codes of items."""

    code: str
    name: str
    name_en: str
    phase: Phase
    department: str
    statutory: int | None = None
    promised: int | None = None
    needs: tuple[str, ...] = ()
    group: str = ""
    verified: bool = False
    clock: Clock = Clock.GOVERNMENT
    stops: str = ""
    source: str = ""
    # Needed if each of these facts of the project is one of the answers; without any, always.
    rules: tuple[tuple[Fact, tuple[str, ...]], ...] = ()


_I, _E = Clock.INTERMEDIARY, Clock.ENTERPRISE
_YES, _NO = ("yes",), ("no",)
_PRIVATE = ((Fact.FUNDING, ("private",)),)
_NEW_LAND = ((Fact.LAND, ("new",)),)
_BUILT = ((Fact.WORKS, ("new", "extension")),)  # what is only renovated stands already
_BESIDE = "land"  # items of the first phase that run beside each other, to be done before building
_JOINT = "joint-acceptance"

CATALOGUE: tuple[_Row, ...] = (
    # --- Project and land
    _Row(
        "filing", "企业投资项目备案", "Filing of an enterprise's investment",
        Phase.LAND, "fgw", None, 1,
        source="国务院令第673号：在线平台告知",
        rules=(*_PRIVATE, (Fact.ROUTE, ("filing",))),
    ),
    _Row(
        "ratification", "企业投资项目核准", "Ratification of an enterprise's investment",
        Phase.LAND, "fgw", 20, 7,
        needs=("site-opinion",), stops="评估", source="国务院令第673号",
        rules=(*_PRIVATE, (Fact.ROUTE, ("ratification",))),
    ),
    _Row(
        "feasibility", "政府投资项目可行性研究报告批复", "Approval of a public project's feasibility study",
        Phase.LAND, "fgw", 20, 7,
        needs=("site-opinion", "energy"), stops="评审", source=LICENSING,
        rules=((Fact.FUNDING, ("government",)),),
    ),
    _Row(
        "site-opinion", "用地预审与选址意见书", "Land pre-examination and site opinion",
        Phase.LAND, "zrzy", 20, 7,
        needs=("filing",), stops="公示、专家论证", source=LICENSING,
        rules=_NEW_LAND,
    ),
    _Row(
        "land-permit", "建设用地规划许可证", "Land-use planning permit",
        Phase.LAND, "zrzy", 20, 5,
        needs=("site-opinion",), stops="招拍挂公告", source=LICENSING,
        rules=_NEW_LAND,
    ),
    _Row(
        "energy", "节能审查", "Energy conservation review",
        Phase.LAND, "fgw", 20, 8,
        needs=("filing",), group=_BESIDE, stops="评审",
        source="固定资产投资项目节能审查办法：开工前取得",
        rules=((Fact.ENERGY, ("reviewed",)),),
    ),
    _Row(
        "eia-report", "环境影响报告书审批", "Environmental impact report",
        Phase.LAND, "sthj", 60, 15,
        needs=("filing",), group=_BESIDE, stops="公示、技术评估",
        source="环境影响评价法",
        rules=((Fact.EIA, ("report",)),),
    ),
    _Row(
        "eia-form", "环境影响报告表审批", "Environmental impact form",
        Phase.LAND, "sthj", 30, 8,
        needs=("filing",), group=_BESIDE, stops="公示、技术评估", source="环境影响评价法",
        rules=((Fact.EIA, ("form",)),),
    ),
    _Row(
        "eia-registration", "环境影响登记表备案", "Environmental impact registration",
        Phase.LAND, "sthj", None, 0,
        needs=("filing",), group=_BESIDE, source="环境影响评价法",
        rules=((Fact.EIA, ("registration",)),),
    ),
    _Row(
        "soil-water", "生产建设项目水土保持方案审批", "Soil and water conservation plan",
        Phase.LAND, "slj", 10, 5,
        needs=("filing",), group=_BESIDE, stops="技术审查", source="水土保持法",
        rules=((Fact.EARTHWORKS, _YES),),
    ),
    _Row(
        "flood", "洪水影响评价、取水许可", "Flood impact and water abstraction",
        Phase.LAND, "slj", 20, 10,
        needs=("site-opinion",), group=_BESIDE, stops="专家评审",
        source=LICENSING,
        rules=((Fact.WATER, _YES),),
    ),
    _Row(
        "regional", "区域评估（地灾、压矿、地震、文物、气候）", "Regional assessments",
        Phase.LAND, "zrzy",
        group=_BESIDE, source="园区统一组织",
        rules=((Fact.PARK_ASSESSED, _NO),),
    ),
    # --- Planning permit
    _Row(
        "design", "建设工程设计方案审查", "Design review",
        Phase.PLANNING, "zrzy", None, 5,
        needs=("land-permit",), stops="公示七日", source="并入建设工程规划许可",
        rules=_BUILT,
    ),
    _Row(
        "planning-permit", "建设工程规划许可证", "Planning permit",
        Phase.PLANNING, "zrzy", 20, 5,
        needs=("land-permit", "design"), stops="公示", source=LICENSING,
        rules=_BUILT,
    ),
    _Row(
        "civil-defence", "人防工程审批（易地建设）", "Civil air defence",
        Phase.PLANNING, "zjj", 20, 3,
        needs=("design",), source=LICENSING,
        rules=(*_BUILT, (Fact.CIVIL_DEFENCE, _YES)),
    ),
    # --- Building permit
    _Row(
        "drawings", "施工图设计文件审查", "Review of construction drawings",
        Phase.BUILDING, "tsjg", 15, 7,
        needs=("planning-permit",), verified=True, clock=_I, stops="修改时间不计",
        source="房屋建筑和市政基础设施工程施工图设计文件审查管理办法：大型十五日、其他十日",
    ),
    _Row(
        "fire-design", "特殊建设工程消防设计审查", "Fire-safety design review",
        Phase.BUILDING, "zjj", 15, 5,
        needs=("drawings",), verified=True, stops="专家评审（至多二十日）",
        source="建设工程消防设计审查验收管理暂行规定",
        rules=((Fact.SPECIAL_FIRE, _YES),),
    ),
    _Row(
        "building-permit", "质量安全监督与施工许可证", "Supervision and building permit",
        Phase.BUILDING, "zjj", 7, 3,
        needs=("land-permit", "planning-permit", "drawings"), source="建筑工程施工许可管理办法",
    ),
    _Row(
        "utilities", "水电气网报装", "Connection of water, power, gas and network",
        Phase.BUILDING, "gdj",
        needs=("building-permit",), source="一件事联办",
        rules=_BUILT,
    ),
    _Row(
        "road", "占用、挖掘城市道路许可", "Use and opening of city roads",
        Phase.BUILDING, "cgj", 20, 5,
        source=LICENSING,
        rules=((Fact.ROAD, _YES),),
    ),
    _Row(
        "forest", "使用林地、砍伐城市树木审批", "Use of forest land, felling of city trees",
        Phase.BUILDING, "lyj", 20, 5,
        source=LICENSING,
        rules=((Fact.FOREST, _YES),),
    ),
    # --- Acceptance
    _Row(
        "planning-check", "规划核实与土地核验", "Check of planning and land",
        Phase.ACCEPTANCE, "zrzy", 20, 12,
        needs=("building-permit",), group=_JOINT, stops="整改", source=LICENSING,
        rules=_BUILT,
    ),
    _Row(
        "joint-acceptance", "联合验收（消防、人防、档案、防雷）", "Joint acceptance",
        Phase.ACCEPTANCE, "zjj", 15, 12,
        needs=("building-permit",), group=_JOINT, stops="整改", source="工程建设项目联合验收",
    ),
    _Row(
        "completion", "竣工验收备案", "Filing of completion",
        Phase.ACCEPTANCE, "zjj", None, 3,
        needs=("planning-check", "joint-acceptance"), source="建设工程质量管理条例",
    ),
    _Row(
        "title", "不动产登记", "Registration of title",
        Phase.ACCEPTANCE, "zrzy", None, 3,
        needs=("completion",), source="不动产登记暂行条例",
        rules=_BUILT,
    ),
    # --- Before production
    _Row(
        "discharge", "排污许可证", "Pollutant discharge permit",
        Phase.OPERATION, "sthj",
        needs=("eia-form", "eia-report", "building-permit"), source="排污许可管理条例",
        rules=((Fact.DISCHARGE, _YES),),
    ),
    _Row(
        "self-acceptance", "环保、水保自主验收", "The enterprise's own environmental acceptance",
        Phase.OPERATION, "sthj",
        needs=("joint-acceptance",), clock=_E, source="建设项目环境保护管理条例",
        rules=((Fact.EIA, ("report", "form")),),
    ),
    _Row(
        "safety", "安全设施“三同时”验收", "Acceptance of safety facilities",
        Phase.OPERATION, "yjj",
        needs=("joint-acceptance",), source="安全生产法",
        rules=((Fact.SAFETY, _YES),),
    ),
)  # fmt: skip


# The first year of the mechanism.
RULES_FROM = datetime.date(2025, 1, 1)


def load_catalogue(departments: Mapping[str, Agency], today: datetime.date) -> None:
    """Add the items that are missing, with prerequisites, limits and rules; in force like stall rules."""
    since = min(RULES_FROM, today)
    known = {template.code: template for template in ItemTemplate.objects.all()}
    missing = [(order, row) for order, row in enumerate(CATALOGUE, start=1) if row.code not in known]
    for order, row in missing:
        known[row.code] = ItemTemplate.objects.create(
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            phase=row.phase,
            order=order,
            department=departments[row.department],
            parallel_group=row.group,
            clock=row.clock,
            clock_stops=row.stops,
            in_force_from=since,
        )
    for _order, row in missing:
        known[row.code].prerequisites.set(known[code] for code in row.needs)
    ItemLimit.objects.bulk_create(_limit(row, known[row.code], since) for _order, row in missing)
    ItemRule.objects.bulk_create(
        ItemRule(template=known[row.code], fact=fact, answers=list(answers), effective_from=since)
        for _order, row in missing
        for fact, answers in row.rules
    )


def _limit(row: _Row, template: ItemTemplate, since: datetime.date) -> ItemLimit:
    return ItemLimit(
        template=template,
        effective_from=since,
        statutory_days=row.statutory,
        promised_days=row.promised,
        is_verified=row.verified,
        source=row.source,
    )


# --- Teams -----------------------------------------------------------------------------------

TEAMS = 12


def load_teams() -> None:
    for number in range(1, TEAMS + 1):
        ServiceTeam.objects.get_or_create(
            name=f"第{number}服务专班", defaults={"name_en": f"Service team {number}", "order": number}
        )


@transaction.atomic
def load(today: datetime.date) -> None:
    """Everything above; running it again changes nothing."""
    load_catalogue(load_departments(), today)
    load_stall_rules(today)
    load_limits(today)
    load_escalation_rules(today)
    load_teams()
