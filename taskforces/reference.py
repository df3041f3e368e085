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
