"""The ledger of leaders' visits 外出招商台账."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.ledgers import CannotInterpret, Column, Kind, Outcome, Played, needed_day, needed_text, one_of, text
from outreach.models import Engagement, PartyKind, Visit, VisitLevel
from taskforces.models import ReportingUnit
from taskforces.rules import unit_named

CITY_WORDS = ("柳州市", "市本级")
LEVEL_WORDS = {"市级": VisitLevel.CITY, "县级": VisitLevel.COUNTY}
PARTY_WORDS = {
    "企业": PartyKind.ENTERPRISE,
    "商协会": PartyKind.CHAMBER,
    "高校": PartyKind.UNIVERSITY,
    "创新平台": PartyKind.PLATFORM,
    "产业联盟": PartyKind.ALLIANCE,
}


def leading_unit(cell: Any) -> ReportingUnit | None:
    """The unit that led; None for the city itself."""
    name = needed_text(cell)
    return None if name in CITY_WORDS else unit_named(name)


COLUMNS = (
    Column("on", ("日期",), needed_day),
    Column("level", ("带队层级",), one_of(LEVEL_WORDS)),
    Column("unit", ("带队单位",), leading_unit),
    Column("place", ("目的地",), needed_text),
    Column("party", ("对接对象",), needed_text),
    Column("kind", ("对象类型",), one_of(PARTY_WORDS)),
    Column("outcome", ("成果",), text, required=False),
)


def visits(recorded_on: Callable[[datetime.date], datetime.date]) -> Kind:
    """The kind of ledger that lists whom leaders met; the same day, level and unit is one visit."""
    return Kind("visits", COLUMNS, lambda row, source: _play(row, source, recorded_on(row["on"])))


def _play(row: Mapping[str, Any], source: str, recorded_on: datetime.date) -> Played:
    if (row["level"] == VisitLevel.CITY) != (row["unit"] is None):
        raise CannotInterpret(_("A visit at city level is led by the city, one at county level by a unit."))
    visit, _new = Visit.objects.get_or_create(
        on=row["on"],
        level=row["level"],
        unit=row["unit"],
        defaults={"source": source, "recorded_on": recorded_on},
    )
    _met, new = Engagement.objects.get_or_create(
        visit=visit,
        party=row["party"],
        place=row["place"],
        defaults={"kind": row["kind"], "outcome": row["outcome"]},
    )
    return Played(Outcome.CREATED if new else Outcome.UNCHANGED)
