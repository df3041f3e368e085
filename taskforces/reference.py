"""The city's units, task forces and yearly mechanisms as they are when the program is set up.

Rows, not rules: an office edits them afterwards, and loading again never overwrites what it edited.
The nine industries of "9712" and the ten task forces of "1071" are examples: the city's documents, of
which no list is public, prevail.
"""

from collections.abc import Collection, Mapping
from typing import Any

from taskforces.models import BatchLabel, Mechanism, ReportingUnit, Seat, TaskForce, UnitKind

# code (GB/T 2260 where there is one), name, short name, English name, kind
UNITS = (
    ("450202", "城中区", "城中", "Chengzhong District", UnitKind.DISTRICT),
    ("450203", "鱼峰区", "鱼峰", "Yufeng District", UnitKind.DISTRICT),
    ("450204", "柳南区", "柳南", "Liunan District", UnitKind.DISTRICT),
    ("450205", "柳北区", "柳北", "Liubei District", UnitKind.DISTRICT),
    ("450206", "柳江区", "柳江", "Liujiang District", UnitKind.DISTRICT),
    ("450222", "柳城县", "柳城", "Liucheng County", UnitKind.COUNTY),
    ("450223", "鹿寨县", "鹿寨", "Luzhai County", UnitKind.COUNTY),
    ("450224", "融安县", "融安", "Rong'an County", UnitKind.COUNTY),
    ("450225", "融水苗族自治县", "融水", "Rongshui Miao Autonomous County", UnitKind.COUNTY),
    ("450226", "三江侗族自治县", "三江", "Sanjiang Dong Autonomous County", UnitKind.COUNTY),
    ("LD", "柳东新区", "柳东", "Liudong New Area", UnitKind.NEW_AREA),
    ("BS", "北部生态新区", "北部", "Northern Ecological New Area", UnitKind.NEW_AREA),
)

TASK_FORCES = (
    ("steel", "钢铁（有色金属）", "Steel and nonferrous metals"),
    ("auto", "汽车", "Automobile"),
    ("machinery", "机械", "Machinery"),
    ("ai", "人工智能", "Artificial intelligence"),
    ("energy", "新能源", "New energy"),
    ("materials", "新材料", "New materials"),
    ("chemical", "化工", "Chemicals"),
    ("timber", "林木加工", "Timber and green homes"),
    ("food", "轻工食品", "Light industry and food"),
    ("health", "生物医药与大健康", "Biomedicine and health"),
)
NINE = tuple(code for code, *_names in TASK_FORCES[:9])
TEN = tuple(code for code, *_names in TASK_FORCES)

# What units and industries are also called in ledgers: code → names that leave no doubt, names that a
# person should see; both apart by spaces. The rows' own names (full, short, English) need not stand here.
UNIT_ALIASES: dict[str, tuple[str, str]] = {
    "450202": (
        "柳州市城中区",
        "",
    ),
    "450206": (
        "柳江县",
        "",
    ),
    "450223": (
        "",
        "鹿寨经济开发区 鹿寨经开区",
    ),
    "450225": (
        "融水县 融水自治县",
        "",
    ),
    "450226": (
        "三江县 三江自治县",
        "",
    ),
    "LD": (
        "高新区 柳州高新区 柳东 柳州高新技术产业开发区 柳州国家高新区 柳东新区管委会 高新技术产业开发区",
        "雒容 雒容镇 洛埠 洛埠镇 官塘 花岭 汽车城",
    ),
    "BS": (
        "阳和 阳和新区 阳和工业新区 北部新区 北部生态新区管委会 北生新区",
        "阳和街道 阳和开发区",
    ),
}
FORCE_ALIASES: dict[str, tuple[str, str]] = {
    "steel": (
        "钢铁 有色金属 有色 钢铁及有色金属 钢铁有色 钢铁和有色金属 钢铁冶金 冶金",
        "铝加工 铝 铜 铝精深加工 再生铝 金属制品 钢铁新材料 有色金属新材料",
    ),
    "auto": (
        "汽车 汽车零部件 汽车制造 汽车及零部件 汽车及汽车零部件 整车 专用车 商用车 乘用车",
        "汽配 汽车配件 智能网联汽车 高端装备及汽车零部件",
    ),
    "machinery": (
        "机械 装备 工程机械 机械制造 装备制造 高端装备 高端装备制造 机械装备 农机 机械工业",
        "智能装备 智能制造装备 预应力 农业机械 轨道交通装备",
    ),
    "ai": (
        "人工智能 ai ai+制造 人工智能+制造 人工智能+ ai+ 机器人 智能终端 人工智能及机器人 "
        "智能终端及机器人 人工智能与机器人",
        "人形机器人 智能机器人 具身智能 工业机器人 大模型 算力 智能制造 智能网联",
    ),
    "energy": (
        "新能源 储能 新型储能 新能源储能 电池 动力电池 光伏 风电 氢能 新能源电池",
        "锂电 锂电池 充换电 充电桩 清洁能源 绿色能源 能源",
    ),
    "materials": (
        "新材料 先进材料 新型材料",
        "高分子材料 碳纤维 稀土 复合材料",
    ),
    "chemical": (
        "化工 日化 精细化工 化工及日化 石化 化学",
        "涂料 钛白粉 绿色化工",
    ),
    "timber": (
        "林木 林木加工 木材加工 林产 林产林化 高端绿色家居 绿色家居 家居 林业加工",
        "木业 家具 定制家居 人造板 竹木 林业",
    ),
    "food": (
        "轻工 食品 轻工食品 轻工及食品 食品加工 农产品加工 螺蛳粉 食品轻工 轻工业",
        "纺织服装 服装 纺织 预制菜 糖果 饮料 粮油 消费品 文旅装备及服装",
    ),
    "health": (
        "生物医药 大健康 生物医药及大健康 医药 生物医药大健康 医疗器械",
        "中医药 健康 医疗",
    ),
}
# Names that two task forces could claim: only a person can say whose the project is.
FORCES_IN_DOUBT: dict[str, tuple[str, ...]] = {
    "新能源汽车": ("auto", "energy"),
    "新能源汽车零部件": ("auto", "energy"),
    "新能源车": ("auto", "energy"),
    "电动汽车": ("auto", "energy"),
    "汽车电子": ("auto", "ai"),
    "新能源材料": ("energy", "materials"),
    "电池材料": ("energy", "materials"),
    "化工新材料": ("chemical", "materials"),
    "金属新材料": ("steel", "materials"),
    "钢铁及有色金属新材料": ("steel", "materials"),
}

# year, name, English name, task forces with a seat, whether it is an example. That 2026 has ten task
# forces and keeps the seven batches is read from its name, 1071 (Liubei District, January 2026).
MECHANISMS = (
    (2024, "“七个一批”", "Seven batches", NINE, False),
    (2025, "9712", "9712", NINE, False),
    (2026, "1071", "1071", TEN, True),
)

BATCHES = (
    ("preparation", "谋划", "Preparation"),
    ("negotiation", "洽谈", "Negotiation"),
    ("signing", "签约", "Signing"),
    ("commencement", "开工", "Commencement"),
    ("construction", "建设", "Construction"),
    ("production", "投产", "Production"),
    ("full_capacity", "达产", "Full capacity"),
)


def load() -> None:
    for order, (code, name, short, english, kind) in enumerate(UNITS, 1):
        ReportingUnit.objects.get_or_create(
            code=code,
            defaults={"name": name, "short_name": short, "name_en": english, "kind": kind, "order": order},
        )
    for order, (code, name, english) in enumerate(TASK_FORCES, 1):
        TaskForce.objects.get_or_create(
            code=code, defaults={"name": name, "name_en": english, "order": order}
        )
    for year, name, english, forces, is_example in MECHANISMS:
        _load_mechanism(year, forces, {"name": name, "name_en": english, "is_example": is_example})


def _load_mechanism(year: int, codes: Collection[str], about: Mapping[str, Any]) -> None:
    mechanism, made = Mechanism.objects.get_or_create(year=year, defaults=about)
    if not made:
        return
    forces = TaskForce.objects.filter(code__in=codes)
    Seat.objects.bulk_create(
        Seat(mechanism=mechanism, task_force=force, order=force.order) for force in forces
    )
    BatchLabel.objects.bulk_create(
        BatchLabel(mechanism=mechanism, batch=batch, name=label, name_en=label_en)
        for batch, label, label_en in BATCHES
    )
