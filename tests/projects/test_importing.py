"""The bureau's own signing ledger: read, interpreted, played with the verbs, and played once."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

import accounts.reference
import taskforces.reference
from accounts.models import User
from core import ledgers
from core.ledgers import CannotInterpret
from core.sheets import Row, Sheet
from liuzhou_invest.importing import import_ledger
from projects.choices import Currency, EventKind, Stage, Status, Verdict
from projects.importing import committing, interpreting
from projects.models import ContractEvent, Enterprise, Project, StageChange
from taskforces.models import ReportingUnit

LEDGERS = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers"
TODAY = datetime.date(2025, 7, 28)
HEAD = tuple(column.heads[0] for column in interpreting.COLUMNS)


@pytest.fixture
def city(db: None) -> User:
    accounts.reference.load()
    taskforces.reference.load()
    return User.objects.system()


def play(rows: list[dict[str, Any]], by: User) -> ledgers.Report:
    """A sheet of these rows, each given by what differs from an ordinary one."""
    usual: dict[str, Any] = {
        "项目名称": "恒达机床项目",
        "投资企业": "苏州恒达有限公司",
        "统一社会信用代码": "91440300MAFECXYDCX",
        "企业所在地": "苏州",
        "产业专班": "机械",
        "报送单位": "鹿寨县",
        "建设地点": "鹿寨县",
        "项目类别": "工业",
        "建设内容": "机床",
        "合同类型": "正式合同",
        "合同投资额（万元）": 12000,
        "固定资产投资（万元）": 8000,
        "预计年产值（万元）": 9000,
        "签约日期": datetime.date(2025, 3, 3),
        "签约活动": None,
        "计划开工日期": None,
        "当前批次": "签约",
        "责任人": "韦志强",
        "备注": None,
    }
    body = [Row(n, tuple((usual | row)[head] for head in HEAD)) for n, row in enumerate(rows, 3)]
    sheet = Sheet("签约项目", rows=[Row(1, ("台账",)), Row(2, HEAD), *body])
    posting = committing.Posting(by=by, verified_by=by, on=lambda day: TODAY)
    return ledgers.play([sheet], [committing.signings(posting)], file="t.xlsx")


def test_the_ledgers_of_two_years_come_in_whole_and_once(city: User) -> None:
    first = [
        import_ledger(LEDGERS / f"ledger-{y}.xlsx", by=city, verified_by=city, today=TODAY)
        for y in (2024, 2025)
    ]
    again = import_ledger(LEDGERS / "ledger-2025.xlsx", by=city, verified_by=city, today=TODAY)

    assert [(r.count("created"), r.count("unchanged"), r.count("refused")) for r in first] == [
        (190, 0, 0),
        (244, 0, 0),
    ]
    assert (again.count("created"), again.count("unchanged"), again.count("refused")) == (0, 244, 0)
    assert Project.objects.count() == 190 + 244 - 1  # the void is no project of its own
    assert ContractEvent.objects.count() == 434
    assert ContractEvent.objects.filter(verdict__verdict=Verdict.VERIFIED).count() == 434
    cached = Project.objects.aggregate(sum=Sum("contracted"))["sum"]
    assert cached == ContractEvent.objects.aggregate(sum=Sum("amount"))["sum"] == Decimal("12003700.00")


def test_the_special_rows_of_the_ledger_are_understood(city: User) -> None:
    import_ledger(LEDGERS / "ledger-2025.xlsx", by=city, verified_by=city, today=TODAY)

    shared = Project.objects.get(name="云博线控底盘项目")
    assert {s.unit.name: s.percent for s in shared.shares.all()} == {
        "柳东新区": Decimal(60),
        "鹿寨县": Decimal(40),
    }
    dollars = ContractEvent.objects.get(project__name="科达动力电池PACK项目")
    assert (dollars.currency, dollars.original_amount, dollars.rate, dollars.amount) == (
        Currency.USD,
        Decimal(2000),
        Decimal("7.1586"),
        Decimal("14317.20"),
    )
    framework = Project.objects.get(name="科瑞电磁屏蔽铜带项目")
    assert (framework.stage, framework.contracted, framework.signed_on) == (
        Stage.NEGOTIATION,
        Decimal(0),
        None,
    )
    add_on = Project.objects.get(name="泰晟智能座舱项目")
    assert (add_on.stage, add_on.contracted, add_on.signed_on) == (Stage.CONSTRUCTION, Decimal(8000), None)
    void = Project.objects.get(name="联驰定制家居项目")
    assert (void.status, void.contracted) == (Status.ENDED, Decimal(0))
    assert list(void.contract_events.order_by("signed_on").values_list("kind", "amount")) == [
        (EventKind.SIGNED, Decimal(30000)),
        (EventKind.VOIDED, Decimal(-30000)),
    ]


def test_a_rehearsal_reports_the_same_and_writes_nothing(city: User) -> None:
    report = import_ledger(LEDGERS / "ledger-2025.xlsx", by=city, verified_by=city, today=TODAY, dry_run=True)

    assert report.count("created") == 244
    assert not Project.objects.exists()
    assert not Enterprise.objects.exists()


def test_every_event_names_file_sheet_and_row(city: User) -> None:
    play([{}], city)

    assert ContractEvent.objects.get().source == "t.xlsx, 签约项目!3"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"统一社会信用代码": "91440300MAFECXYDCA"}, "统一社会信用代码"),
        ({"产业专班": "航天"}, "航天"),
        ({"报送单位": "桂林市"}, "桂林市"),
        ({"合同类型": "口头"}, "口头"),
        ({"合同投资额（万元）": "约5亿"}, "约5亿"),
        ({"合同投资额（万元）": -5}, ""),
        ({"合同投资额（万元）": None}, ""),
        ({"签约日期": None}, "签约日期"),
        ({"签约日期": datetime.date(2025, 12, 31)}, ""),
        ({"合同类型": "解约", "合同投资额（万元）": -100}, ""),
        ({"备注": "2000万美元，汇率7.1"}, "7.1"),
        ({"备注": "柳东新区60%、鹿寨县30%"}, ""),
        ({"项目名称": "名" * 10_000}, "10000"),
        ({"项目名称": "\u202e倒"}, "项目名称"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_place_and_leaves_nothing(
    city: User, change: dict[str, Any], reason: str
) -> None:
    report = play([change, {"项目名称": "另一个项目"}], city)

    assert [(row.row, row.outcome) for row in report.rows] == [(3, "refused"), (4, "created")]
    assert reason in report.rows[0].reason
    assert report.rows[0].reason
    assert [p.name for p in Project.objects.all()] == ["另一个项目"]


def test_a_row_that_contradicts_the_books_is_refused(city: User) -> None:
    play([{}], city)

    report = play([{"合同投资额（万元）": 99000}], city)

    assert [row.outcome for row in report.rows] == ["refused"]
    assert "12000" in report.rows[0].reason
    assert ContractEvent.objects.get().amount == 12000


def test_the_same_code_under_another_name_is_refused(city: User) -> None:
    play([{}], city)

    report = play([{"投资企业": "上海另名股份有限公司", "项目名称": "另"}], city)

    assert "苏州恒达有限公司" in report.rows[0].reason


def test_a_batch_of_the_ledger_is_taken_over_with_its_source(city: User) -> None:
    play([{"当前批次": "建设"}], city)

    assert list(StageChange.objects.order_by("pk").values_list("target", "on")) == [
        (Stage.NEGOTIATION, datetime.date(2025, 3, 3)),
        (Stage.SIGNING, datetime.date(2025, 3, 3)),
        (Stage.CONSTRUCTION, TODAY),
    ]
    assert "t.xlsx, 签约项目!3" in StageChange.objects.latest("pk").note


def test_shares_of_a_note_name_units_or_are_refused(city: User) -> None:
    unit = ReportingUnit.objects.get(code="450223")

    assert interpreting.shares("") == {}
    assert interpreting.shares("恰好1亿元") == {}
    assert interpreting.shares("鹿寨县100%") == {unit: Decimal(100)}
    with pytest.raises(CannotInterpret):
        interpreting.shares("鹿寨县99.5%")
