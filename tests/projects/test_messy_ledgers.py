"""Ledgers as counties really send them, read by the command and compared with the right answers.

The three workbooks and their answers are invented, and ours to ship; what they hold in common with real
ones is the mess. The figures are printed, so that a run shows how well the reader does.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from accounts.roles import Role
from projects.models import Project
from taskforces import reference
from tests import factories

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parent / "data"
CLEAN = Path(__file__).parents[2] / "liuzhou_invest/demo/ledgers"
EXPECTED = {book["file"]: book for book in json.loads((DATA / "messy-expected.json").read_text("utf-8"))}
# The report's name of a field: the answers' name, and the column that must be there to tell it.
FIELDS = {
    "name": ("name", "name"),
    "enterprise": ("enterprise", "enterprise"),
    "uscc": ("uscc", "uscc"),
    "unit": ("unit", "unit"),
    "task_force": ("force", "force"),
    "industrial": ("industrial", "kind"),
    "contract": ("contract", "contract"),
    "amount_wan": ("amount_wan", "amount"),
    "currency": ("currency", "amount"),
    "foreign_amount_wan": ("foreign_amount_wan", "amount"),
    "signed_on": ("signed_on", "signed"),
}
# A dollar project whose workbook gives only 亿元: nothing in it could tell.
UNTOLD = {("messy-b-two-level.xlsx", "台账", 82, field) for field in ("currency", "foreign_amount_wan")}


@pytest.fixture(autouse=True)
def _city():
    reference.load()


def rehearsed(file: Path, out: Path, sender: str = "鹿寨县") -> dict[str, Any]:
    call_command("import_ledger", file, kind="projects", sender=sender, dry_run=True, report=out)
    return json.loads(out.read_text("utf-8"))


@pytest.mark.parametrize("file", EXPECTED)
def test_a_messy_ledger_is_read_right_or_asked(file: str, tmp_path: Path, capsys) -> None:
    expected, told = EXPECTED[file], rehearsed(DATA / file, tmp_path / "out.json")
    rows = {(row["sheet"], row["row"]): row["values"] for row in told["rows"]}

    counts: Counter[str] = Counter()
    wrong = {}
    for project in expected["projects"]:
        values = rows.pop((project["sheet"], project["row"]))
        for field, (answer, column) in FIELDS.items():
            if column not in expected["layout"]["keys"]:
                continue
            value = values[field]
            is_right = value["value"] == project[answer]
            counts[("right" if is_right else "wrong") + ", " + value["state"]] += 1
            if not is_right and value["state"] not in ("asked", "refused"):
                wrong[(file, project["sheet"], project["row"], field)] = value
    right = sum(number for name, number in counts.items() if name.startswith("right"))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{file}: {right} of {counts.total()} values right ({right / counts.total():.2%}): "
            f"{dict(counts)}; {len(told['skipped'])} skipped; "
            f"{sum(bool(one['equal']) for one in told['sums'])} of {len(told['sums'])} sums equal\n"
        )

    assert not rows, "every row that is no project is skipped"
    assert right / counts.total() >= 0.99
    assert counts["wrong, sure"] == 0
    assert set(wrong) <= UNTOLD


@pytest.mark.parametrize("file", EXPECTED)
def test_what_is_no_project_is_said_and_sums_are_checked(file: str, tmp_path: Path) -> None:
    expected, told = EXPECTED[file], rehearsed(DATA / file, tmp_path / "out.json")

    rows = {(one["sheet"], one["row"]) for one in told["skipped"] if one["row"]}
    assert rows == {tuple(one) for one in expected["skipped_rows"]}
    assert all(one["reason"] for one in told["skipped"])
    stated = {one["sheet"]: one["stated"] for one in told["sums"] if one["stated"] is not None}
    if expected["layout"].get("total"):
        assert stated == expected["sheet_totals"]
        assert all(one["equal"] for one in told["sums"])
    else:
        assert stated == {}
    assert not Project.objects.exists()


def test_sheets_that_are_no_ledger_are_named(tmp_path: Path) -> None:
    told = rehearsed(DATA / "messy-a-by-unit.xlsx", tmp_path / "out.json")

    assert [one["sheet"] for one in told["skipped"] if not one["row"]] == ["汇总", "Sheet3"]


def test_rows_that_a_filter_hides_are_read_and_said(tmp_path: Path) -> None:
    told = rehearsed(DATA / "messy-c-free-text.xlsx", tmp_path / "out.json")

    assert [row["row"] for row in told["rows"] if row["is_hidden"]] == [10, 15, 46, 128, 147]


def test_dollars_without_a_rate_are_asked_once(tmp_path: Path) -> None:
    told = rehearsed(DATA / "messy-c-free-text.xlsx", tmp_path / "out.json")

    values = next(row["values"] for row in told["rows"] if row["row"] == 46)
    assert {name: (values[name]["value"], values[name]["state"]) for name in ("amount_wan", "currency")} == {
        "amount_wan": (None, "asked"),
        "currency": ("USD", "sure"),
    }
    assert values["foreign_amount_wan"]["value"] == 2000
    assert [(one["raw"], one["cells"], one["example"]) for one in told["questions"]] == [
        ("2000万美元", 1, "台账!H46")
    ]


@pytest.mark.parametrize(("file", "rows"), [("ledger-2024.xlsx", 190), ("ledger-2025.xlsx", 244)])
def test_our_own_layout_is_read_without_a_question(file: str, rows: int, tmp_path: Path) -> None:
    told = rehearsed(CLEAN / file, tmp_path / "out.json", sender="投促局")

    own = openpyxl.load_workbook(CLEAN / file).worksheets[0].iter_rows(min_row=3, values_only=True)
    columns = {
        "name": 1,
        "enterprise": 2,
        "uscc": 3,
        "task_force": 5,
        "unit": 6,
        "contract": 10,
        "amount_wan": 11,
    }
    assert [{name: row["values"][name]["value"] for name in columns} for row in told["rows"]] == [
        {name: cells[at] for name, at in columns.items()} for cells in own
    ]
    assert (len(told["rows"]), told["questions"], told["skipped"]) == (rows, [], [])
    doubted = {
        name
        for row in told["rows"]
        for name, value in row["values"].items()
        if value["cell"] and value["state"] != "sure"
    }
    assert doubted <= {"currency", "foreign_amount_wan"}, "only what a note tells of dollars"


def test_what_is_special_in_our_own_ledger_is_understood(tmp_path: Path) -> None:
    told = rehearsed(CLEAN / "ledger-2025.xlsx", tmp_path / "out.json", sender="投促局")

    def of(name: str) -> list[dict[str, Any]]:
        found = [row["values"] for row in told["rows"] if row["values"]["name"]["value"] == name]
        return [{field: value["value"] for field, value in values.items()} for values in found]

    [dollars] = [row for row in of("科达动力电池PACK项目") if row["currency"] != "CNY"]
    assert (dollars["currency"], dollars["foreign_amount_wan"], dollars["amount_wan"]) == (
        "USD",
        2000,
        14317.2,
    )
    assert {row["contract"]: row["amount_wan"] for row in of("联驰定制家居项目")} == {
        "正式合同": 30000,
        "解约": -30000,
    }


def test_a_ledger_is_entered_through_the_same_door(tmp_path: Path) -> None:
    out, file = tmp_path / "out.json", DATA / "messy-a-by-unit.xlsx"
    clerk = factories.user(Role.CLERK)
    call_command("import_ledger", file, kind="projects", sender="鹿寨县", by=clerk.username, report=out)

    told = json.loads(out.read_text("utf-8"))
    assert (told["state"], len(told["rows"]), Project.objects.count()) == ("committed", 140, 140)


def test_nothing_is_entered_in_nobodys_name() -> None:
    with pytest.raises(CommandError, match="--by USER"):
        call_command("import_ledger", DATA / "messy-a-by-unit.xlsx", kind="projects", sender="鹿寨县")


def test_a_workbook_without_a_ledger_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["单位", "本月签了什么"])
    book.save(tmp_path / "other.xlsx")

    with pytest.raises(CommandError, match="Sheet: "):
        call_command("import_ledger", tmp_path / "other.xlsx", kind="projects", sender="鹿寨县", dry_run=True)
