"""The demo's annual targets, invented: near what each year came to, some ambitious, some modest."""

import datetime
from decimal import Decimal
from random import Random

from briefings import figures, targets
from briefings.figures import Figure, Scope, Window
from briefings.targets import TARGETED
from core import money
from liuzhou_invest.demo.life import City

YEARS = (2024, 2025, 2026)
EXAMPLE = "示例数据，以市级文件为准"
RAISED = Decimal("1.05")


def aim(city: City) -> None:
    """Set each January, and the city's contracted investment raised once in the summer of 2026."""
    for year in YEARS:
        day = datetime.date(year, 1, 8)
        if day < city.today:
            values = _values(city, year)
            targets.set_year(year, values, by=city.people["clerk"], today=day, reason=EXAMPLE)
    day = datetime.date(YEARS[-1], 7, 20)
    if day < city.today:
        _raise(city, day)


def _values(city: City, year: int) -> dict[targets.Cell, Decimal | None]:
    last = datetime.date(year, 12, 1) if year < city.today.year else city.today
    window, random = Window.year_to(last), Random(year)  # noqa: S311 - invented numbers
    found = figures.all_scopes(TARGETED, window)
    return {
        (targets.key_of(scope), code): _near(figure, window, random)
        for scope in targets.scopes_of(year)
        for code, figure in found.get(scope, {}).items()
        if figure.value and figure.value > 0
    }


def _near(figure: Figure, window: Window, random: Random) -> Decimal:
    """What the whole year would come to at this pace, a fifth more or less, in a round number."""
    pace = Decimal(figure.value or 0) * targets.MONTHS / window.last_month.month
    wanted = pace * random.randint(86, 120) / 100
    if not figure.indicator.is_amount:
        return max(Decimal(1), wanted.to_integral_value())
    step = money.WAN_IN_YI if wanted >= 10 * money.WAN_IN_YI else money.WAN_IN_YI / 10
    return max(step, (wanted / step).to_integral_value() * step)


def _raise(city: City, day: datetime.date) -> None:
    key = (targets.key_of(Scope()), "contracted")
    stood = targets.Targets(day.year).value(Scope(), "contracted")
    if stood:
        targets.set_year(
            day.year,
            {key: (stood * RAISED).quantize(money.CENT)},
            by=city.people["leader"],
            today=day,
            reason="上半年签约较快，市政府常务会议同意上调（示例）",
        )
