"""The command that reads a ledger: the bureau's own of two years, whole and once, and what others send."""

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from approvals.choices import ConfirmedBy, IssueState
from approvals.models import Issue, Service
from core import clock
from core.sheets import UnreadableWorkbook
from ledgers.models import Ledger
from liuzhou_invest.ledger_reports import in_memory
from outreach.models import Engagement
from projects.choices import Currency, EventKind, Stage, Status, Verdict
from projects.models import ContractEvent, Enterprise, Project
from tests import factories

LEDGERS = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers"
TODAY = datetime.date(2025, 8, 4)


@pytest.fixture(autouse=True)
def _city(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liuzhou_invest.management.commands.import_ledger.today", lambda: TODAY)
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    call_command("load_reference", verbosity=0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.json"


def told(out: Path, name: str, **options: Any) -> dict[str, Any]:
    call_command("import_ledger", LEDGERS / name, report=out, **options)
    report: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return report


def counts(report: dict[str, Any]) -> tuple[int, int, int]:
    return report["created"], report["unchanged"], report["refused"]


def test_the_bureaus_ledgers_of_two_years_come_in_whole_verified_and_once(out):
    first = [counts(told(out, f"ledger-{year}.xlsx")) for year in (2024, 2025)]
    before = (Project.objects.count(), ContractEvent.objects.count())
    again = told(out, "ledger-2025.xlsx")

    assert first == [(190, 0, 0), (244, 0, 0)]
    assert (again["rows_read"], counts(again)) == (244, (0, 244, 0))
    assert before == (Project.objects.count(), ContractEvent.objects.count()) == (190 + 244 - 1, 434)
    assert ContractEvent.objects.filter(verdict__verdict=Verdict.VERIFIED).count() == 434
    cached = Project.objects.aggregate(sum=Sum("contracted"))["sum"]
    assert cached == ContractEvent.objects.aggregate(sum=Sum("amount"))["sum"] == Decimal("12003700.00")


def test_its_special_rows_are_understood_and_its_batches_believed(out):
    told(out, "ledger-2025.xlsx")

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
    void = Project.objects.get(name="联驰定制家居项目")
    assert (void.status, void.contracted) == (Status.ENDED, Decimal(0))
    assert list(void.contract_events.order_by("signed_on").values_list("kind", "amount")) == [
        (EventKind.SIGNED, Decimal(30000)),
        (EventKind.VOIDED, Decimal(-30000)),
    ]
    built = Project.objects.filter(stage=Stage.CONSTRUCTION).order_by("pk")[0]
    note = built.stage_changes.latest("pk").note
    assert "ledger-2025.xlsx, 签约项目!" in note
    assert set(Project.objects.values_list("stage", flat=True)) >= {Stage.SIGNING, Stage.PRODUCTION}


def test_a_dry_run_reports_the_same_and_writes_nothing(out):
    assert counts(told(out, "ledger-2025.xlsx", dry_run=True)) == (244, 0, 0)

    assert not Project.objects.exists()
    assert not Enterprise.objects.exists()
    assert not Ledger.objects.exists()


def test_every_kind_that_a_workbook_holds_is_read_behind_the_projects(out):
    told(out, "ledger-2025.xlsx")

    first, again = told(out, "service-2025.xlsx"), told(out, "service-2025.xlsx")

    assert counts(first) == (92 + 63, 0, 0)
    assert counts(again) == (0, 92 + 63, 0)
    assert first["skipped"] == []
    assert Service.objects.count() == 92
    resolved = Issue.objects.filter(state=IssueState.RESOLVED)
    assert (Issue.objects.count(), resolved.count()) == (63, 48)
    assert set(resolved.values_list("confirmed_by", flat=True)) == {ConfirmedBy.ENTERPRISE}
    assert counts(told(out, "visits-2025h1.xlsx")) == (273, 0, 0)
    assert Engagement.objects.count() == 273


def test_a_project_that_is_not_in_the_books_is_refused_by_name(out):
    report = told(out, "service-2025.xlsx")

    assert counts(report) == (0, 0, 92 + 63)
    assert "星宏再生铝综合利用项目" in report["rows"][0]["evidence"][0]


def test_two_projects_of_one_name_are_not_guessed_between(out):
    factories.project(name="星宏再生铝综合利用项目")
    factories.project(name="星宏再生铝综合利用项目")

    report = told(out, "service-2025.xlsx")

    assert "星宏再生铝综合利用项目" in report["rows"][0]["evidence"][0]
    assert not Service.objects.exists()


def test_what_another_sends_is_entered_and_waits_to_be_verified(out, clerk):
    told(out, "ledger-2024.xlsx", sender="鹿寨县", by=clerk.username)

    assert ContractEvent.objects.waiting().count() == 190
    assert set(Project.objects.values_list("stage", flat=True)) == {Stage.NEGOTIATION}


def test_what_another_sends_is_entered_in_somebodys_name(out):
    with pytest.raises(CommandError, match="--by USER"):
        told(out, "ledger-2024.xlsx", sender="鹿寨县")


def test_a_workbook_that_is_no_ledger_is_said_to_be_none(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "随手记"
    book.active.append(["单位", "本月签了什么"])
    book.save(tmp_path / "other.xlsx")

    with pytest.raises(CommandError, match="随手记"):
        call_command("import_ledger", tmp_path / "other.xlsx")

    assert not Ledger.objects.exists()


def test_read_in_memory_it_says_as_handing_in_does_which_columns_it_lacks(tmp_path, clerk):
    book = openpyxl.Workbook()
    book.active.append(["单位", "本月签了什么"])
    book.save(tmp_path / "other.xlsx")

    with pytest.raises(UnreadableWorkbook, match="项目名称、"):
        in_memory(tmp_path / "other.xlsx", kind="projects", sender="柳北区", by=clerk, today=TODAY)
