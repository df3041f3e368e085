"""Leaders' visits after the ledger of the first half of 2025."""

import datetime

from liuzhou_invest.demo.invent import ORIGINS
from liuzhou_invest.demo.life import DAY, City
from outreach.models import Engagement, PartyKind, Visit, VisitLevel

OUTCOMES = ("", "", "形成线索", "达成合作共识", "拟回访", "签订意向")


def travel(city: City, month: datetime.date) -> None:
    """Some ten visits a month, each meeting three to six parties."""
    for _turn in range(city.random.randint(8, 12)):
        day = city.after(month, 0, 26)
        if day >= city.today:
            continue
        unit = None if city.random.random() < 0.35 else city.random.choice(city.units)
        level = VisitLevel.COUNTY if unit else VisitLevel.CITY
        visit, made = Visit.objects.get_or_create(
            on=day, level=level, unit=unit, defaults={"recorded_on": min(day + 2 * DAY, city.today)}
        )
        if made:
            _meet(city, visit)


def _meet(city: City, visit: Visit) -> None:
    place, _area = city.random.choice(ORIGINS)
    kinds = city.random.choices(
        [PartyKind.ENTERPRISE, PartyKind.CHAMBER, PartyKind.UNIVERSITY, PartyKind.PLATFORM], [6, 2, 1, 1], k=5
    )
    Engagement.objects.bulk_create(
        Engagement(
            visit=visit,
            party=f"{place}{_party(city, kind)}{visit.pk}-{number}",
            kind=kind,
            place=place,
            outcome=city.random.choice(OUTCOMES),
        )
        for number, kind in enumerate(kinds[: city.random.randint(3, 5)], 1)
    )


def _party(city: City, kind: str) -> str:
    idea = city.inventor.idea(city.random.choice(city.forces).code)
    return {
        PartyKind.ENTERPRISE: idea.firm.name.removeprefix(idea.firm.origin),
        PartyKind.CHAMBER: "装备制造业协会",
        PartyKind.UNIVERSITY: "理工学院",
        PartyKind.PLATFORM: "智能制造创新中心",
    }[PartyKind(kind)]
