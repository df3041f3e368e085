"""The ledger of leaders' visits."""

import datetime
from pathlib import Path

import pytest

import accounts.reference
import taskforces.reference
from core import ledgers
from core.sheets import Row, Sheet, read_workbook
from outreach.importing import COLUMNS, visits
from outreach.models import Engagement, PartyKind, Visit, VisitLevel

LEDGER = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers" / "visits-2025h1.xlsx"
HEAD = tuple(column.heads[0] for column in COLUMNS)
TODAY = datetime.date(2025, 7, 1)
MET = (datetime.date(2025, 2, 3), "县级", "鹿寨县", "深圳", "深圳甲协会", "商协会", "形成线索")


@pytest.fixture(autouse=True)
def city(db: None) -> None:
    accounts.reference.load()
    taskforces.reference.load()


def play(*rows: tuple[object, ...]) -> ledgers.Report:
    body = [Row(n, row) for n, row in enumerate(rows, 2)]  # type: ignore[arg-type]
    return ledgers.play(
        [Sheet("外出招商", rows=[Row(1, HEAD), *body])], [visits(lambda day: TODAY)], file="v.xlsx"
    )


def test_the_ledger_of_the_half_year_holds_61_visits_and_comes_in_once() -> None:
    sheets = read_workbook(LEDGER.read_bytes())

    first = ledgers.play(sheets, [visits(lambda day: TODAY)], file=LEDGER.name)
    again = ledgers.play(sheets, [visits(lambda day: TODAY)], file=LEDGER.name)

    assert (first.count("created"), first.count("refused")) == (273, 0)
    assert (again.count("created"), again.count("unchanged")) == (0, 273)
    assert (Visit.objects.count(), Engagement.objects.count()) == (61, 273)


def test_one_day_level_and_unit_is_one_visit() -> None:
    play(MET, (*MET[:3], "广州", "广州乙公司", "企业", None), (MET[0], "市级", "柳州市", *MET[3:]))

    assert list(Visit.objects.order_by("level").values_list("level", "unit__name")) == [
        (VisitLevel.CITY, None),
        (VisitLevel.COUNTY, "鹿寨县"),
    ]
    assert list(Engagement.objects.order_by("pk").values_list("party", "kind", "outcome")) == [
        ("深圳甲协会", PartyKind.CHAMBER, "形成线索"),
        ("广州乙公司", PartyKind.ENTERPRISE, ""),
        ("深圳甲协会", PartyKind.CHAMBER, "形成线索"),
    ]


def test_a_level_that_does_not_fit_who_led_is_refused() -> None:
    report = play((MET[0], "市级", *MET[2:]), (MET[0], "县级", "柳州市", *MET[3:]), (*MET[:5], "亲戚", None))

    assert [row.outcome for row in report.rows] == ["refused"] * 3
    assert not Visit.objects.exists()
