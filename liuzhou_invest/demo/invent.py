"""Enterprises and projects that do not exist. The same seed invents the same city."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from core.uscc import check_character

CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORIGINS = (
    ("深圳", "440300"),
    ("广州", "440100"),
    ("东莞", "441900"),
    ("佛山", "440600"),
    ("上海", "310115"),
    ("苏州", "320500"),
    ("常州", "320400"),
    ("杭州", "330100"),
    ("宁波", "330200"),
    ("武汉", "420100"),
    ("长沙", "430100"),
    ("重庆", "500000"),
    ("成都", "510100"),
    ("厦门", "350200"),
)
FIRST = "宏远卓铭泰恒嘉晟启博越华联盛"
SECOND = "驰岳澜桥屿枫穗禾岚澄湾樾垣沐"
FORMS = ("科技有限公司", "实业有限公司", "智能装备有限公司", "新材料有限公司", "股份有限公司")

# What each task force courts: product, industrial or not.
PRODUCTS: dict[str, tuple[str, ...]] = {
    "steel": ("高强冷轧板材", "铝合金压铸件", "再生铝综合利用", "特钢线材深加工", "电磁屏蔽铜带"),
    "auto": ("线控底盘", "智能座舱", "汽车座椅总成", "热成型结构件", "专用车改装"),
    "machinery": ("高端数控机床", "电动装载机", "农机装备", "液压件再制造", "工程机械驾驶室"),
    "ai": ("人形机器人整机", "机器人关节模组", "工业视觉检测", "智能终端", "智能网联测试场景"),
    "energy": ("动力电池包", "储能系统集成", "光伏支架", "充换电设备", "电池回收利用"),
    "materials": ("稀土功能材料", "高分子复合材料", "碳纤维制品", "石墨烯涂料", "特种陶瓷"),
    "chemical": ("日化洗护", "水性涂料", "食品添加剂", "精细化工中间体", "环保胶粘剂"),
    "timber": ("定制家居", "绿色家居产业园", "竹木复合板材", "木结构建筑构件", "林产香料"),
    "food": ("螺蛳粉自动化产线", "酸笋深加工", "预制菜中央厨房", "茶叶精制", "纺织服装"),
    "health": ("中药饮片深加工", "医用耗材", "康复辅具", "生物制剂", "瑶药提取"),
}
SERVICES = ("智慧物流园", "检验检测中心", "文旅综合体", "康养中心", "冷链配送中心")


@dataclass(frozen=True)
class Firm:
    name: str
    uscc: str
    origin: str


@dataclass(frozen=True)
class Idea:
    """What somebody might build: amounts in 万元."""

    name: str
    firm: Firm
    is_industrial: bool
    content: str
    amount: Decimal
    fixed_assets: Decimal
    annual_output: Decimal
    jobs: int
    land_mu: Decimal


class Inventor:
    def __init__(self, random: Random) -> None:
        self.random = random
        self._names: set[str] = set()

    def idea(self, force: str) -> Idea:
        industrial = self.random.random() < 0.8
        firm, brand = self._firm()
        product = self.random.choice(PRODUCTS[force] if industrial else SERVICES)
        amount = self._amount()
        fixed = (amount * Decimal(str(round(self.random.uniform(0.55, 0.85), 2)))).quantize(Decimal("0.01"))
        output = (amount * Decimal(str(round(self.random.uniform(1.1, 2.2), 2)))).quantize(Decimal("0.01"))
        return Idea(
            name=f"{brand}{product}项目",
            firm=firm,
            is_industrial=industrial,
            content=f"建设{product}{'生产线' if industrial else ''}及配套设施",
            amount=amount,
            fixed_assets=fixed,
            annual_output=output if industrial else Decimal(0),
            jobs=int(amount / 250) + 20,
            land_mu=(amount / 400).quantize(Decimal("0.01")),
        )

    def national_code(self, day: datetime.date, location: str) -> str:
        """In the form of the national platform's project code."""
        place = location if location.isdigit() else "450200"
        number = self.random.randrange(100_000, 999_999)
        return f"{day:%y%m}-{place}-04-01-{number}"

    def permit(self, day: datetime.date) -> str:
        return f"4502{day:%Y%m%d}{self.random.randrange(1000, 9999)}"

    def _firm(self) -> tuple[Firm, str]:
        while True:
            city, area = self.random.choice(ORIGINS)
            brand = self.random.choice(FIRST) + self.random.choice(SECOND)
            name = f"{city}{brand}{self.random.choice(FORMS)}"
            if name not in self._names:
                self._names.add(name)
                return Firm(name, self._uscc(area), city), brand

    def _uscc(self, area: str) -> str:
        first = f"91{area}MA" + "".join(self.random.choices(CODE_CHARACTERS, k=7))
        return first + check_character(first)

    def _amount(self) -> Decimal:
        """Many small projects, a few very large ones, in whole hundreds of 万元."""
        size = min(self.random.lognormvariate(9.7, 1.05), 260_000)
        return Decimal(max(15, round(size / 100)) * 100)
