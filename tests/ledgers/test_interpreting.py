"""Rows of a ledger of projects: cells together, what the place says, questions and answers, sums."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from core.sheets import Row, Sheet, Value
from ledgers.choices import QuestionKind, State, Verdict
from ledgers.declaring import KINDS
from ledgers.interpreting import Interpreted, interpret
from ledgers.layout import lay_out
from ledgers.models import Ledger, LedgerRow
from taskforces import reference

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 23)
HEAD = {
    "项目名称": "甲项目",
    "投资方": "甲有限公司",
    "县区": "鹿寨县",
    "产业": "汽车",
    "是否工业": "是",
    "合同类型": "正式合同",
    "总投资（万元）": Decimal(5800),
    "签约日期": "2025-01-12",
    "备注": None,
}


@pytest.fixture(autouse=True)
def _city():
    reference.load()
    with translation.override("en"):
        yield


def sheet(
    *rows: dict[str, Value], without: tuple[str, ...] = (), title: str = "2025年1月", **more: Any
) -> Sheet:
    """A sheet whose rows are the usual one but for what is said; further columns come with their heads."""
    heads = [
        head
        for head in dict.fromkeys([*HEAD, *(name for row in rows for name in row)])
        if head not in without
    ]
    lines: list[list[Any]] = [
        [title],
        heads,
        *([{**HEAD, **row}.get(head) for head in heads] for row in rows),
    ]
    return Sheet(more.get("name", "1月"), rows=[Row(at, tuple(line)) for at, line in enumerate(lines, 1)])


def read(*sheets: Sheet, answers: dict | None = None) -> tuple[list[LedgerRow], Interpreted]:
    kind = KINDS["projects"]
    laid = lay_out(sheets, kind, answers=answers)
    read = interpret(laid, kind, ledger=Ledger(), today=TODAY, answers=answers)
    return list(read.rows), read


def told(row: LedgerRow, *names: str) -> dict[str, tuple[str, Any]]:
    return {
        name: (found.state, found.value) if (found := row.reading(name)) else ("", None) for name in names
    }


def test_a_row_is_its_cells_with_where_they_stand() -> None:
    [row], _read = read(sheet({}))

    assert (row.sheet, row.row, row.verdict, row.worst) == ("1月", 3, Verdict.NEW, State.SURE)
    assert row.reading("amount_wan") == ("sure", "5800", "5800", "G", "")
    assert row.reading("unit") == ("sure", "450223", "鹿寨县", "C", "")
    assert told(row, "industrial", "contract", "signed_on") == {
        "industrial": ("sure", True),
        "contract": ("sure", "signed"),
        "signed_on": ("sure", "2025-01-12"),
    }


def test_renminbi_is_assumed_of_all_and_is_no_reason_to_look() -> None:
    [row], result = read(sheet({}))

    assert told(row, "currency") == {"currency": ("assumed", "CNY")}
    assert set(result.cells) == {"sure"}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"总投资（万元）": "1200万美元", "备注": "外资，签约日汇率7.16"},
            {
                "amount_wan": ("assumed", "8592"),
                "currency": ("sure", "USD"),
                "foreign_amount_wan": ("sure", "1200"),
                "rate": ("sure", "7.16"),
            },
        ),
        (
            {"总投资（万元）": "1200万美元（汇率7.16）"},
            {"amount_wan": ("assumed", "8592"), "currency": ("sure", "USD"), "rate": ("sure", "7.16")},
        ),
        (
            {"总投资（万元）": "1200万美元，按签约日汇率7.16折算"},
            {"amount_wan": ("assumed", "8592"), "foreign_amount_wan": ("sure", "1200")},
        ),
        (
            {"总投资（万元）": "1200万美元", "汇率": Decimal("7.16")},
            {"amount_wan": ("assumed", "8592"), "rate": ("sure", "7.16")},
        ),
        (
            {"总投资（万元）": "1200万美元", "备注": "汇率71.6"},
            {"amount_wan": ("asked", None), "currency": ("sure", "USD"), "rate": ("asked", None)},
        ),
        (
            {"总投资（万元）": Decimal("14317.2"), "备注": "外资，2000万美元，签约日汇率7.1586"},
            {
                "amount_wan": ("sure", "14317.2"),
                "currency": ("assumed", "USD"),
                "foreign_amount_wan": ("assumed", "2000"),
                "rate": ("sure", "7.1586"),
            },
        ),
        (
            {"总投资（万元）": Decimal(20000), "备注": "2000万美元，汇率7.1586"},
            {"amount_wan": ("asked", None), "currency": ("assumed", "USD")},
        ),
        (
            {"总投资（万元）": Decimal(8592), "投资额（万美元）": Decimal(1200)},
            {
                "amount_wan": ("sure", "8592"),
                "currency": ("sure", "USD"),
                "foreign_amount_wan": ("sure", "1200"),
                "rate": ("assumed", "7.16"),
            },
        ),
        (
            {"总投资（万元）": Decimal(1200), "币种": "美元"},
            {"amount_wan": ("asked", None), "currency": ("sure", "USD")},
        ),
    ],
)
def test_foreign_money_is_understood_from_the_whole_row(cells: dict, expected: dict) -> None:
    [row], _read = read(sheet(cells))

    assert told(row, *expected) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"合同类型": "解约", "总投资（万元）": Decimal(-30000)}, ("sure", "-30000")),
        ({"合同类型": "解约", "总投资（万元）": Decimal(30000)}, ("assumed", "-30000")),
        ({"总投资（万元）": Decimal(-5000)}, ("asked", None)),
        ({"合同类型": "框架协议", "总投资（万元）": "待定"}, ("sure", None)),
        ({"总投资（万元）": "待定"}, ("refused", None)),
        ({"总投资（万元）": Decimal(0)}, ("refused", None)),
    ],
)
def test_what_a_contract_needs_is_asked_of_the_amount(cells: dict, expected: tuple) -> None:
    [row], _read = read(sheet(cells))

    assert told(row, "amount_wan")["amount_wan"] == expected


@pytest.mark.parametrize(
    "cells", [{"投资方": None}, {"项目名称": "某" * 201}, {"签约日期": "已签约"}, {"总投资（万元）": "abc"}]
)
def test_a_row_that_lacks_what_it_must_say_is_refused(cells: dict) -> None:
    rows, _read = read(sheet({}, cells))

    assert rows[1].worst == State.REFUSED
    assert (
        [sentence for sentence in rows[1].evidence if sentence]
        or "签约日期" in cells
        or "总投资（万元）" in cells
    )


def test_partners_shares_and_progress_come_of_their_cells() -> None:
    [row], _read = read(
        sheet(
            {
                "投资方": "甲有限公司、乙有限公司",
                "备注": "飞地项目，柳东新区60%、鹿寨县40%分成",
                "签约日期": "2025-11-20",
                "进度备注": "11月：已签约\n1月：办理备案",
            }
        )
    )

    assert told(row, "enterprise", "partners", "shares") == {
        "enterprise": ("assumed", "甲有限公司"),
        "partners": ("assumed", ["乙有限公司"]),
        "shares": ("sure", [["LD", "60"], ["450223", "40"]]),
    }
    assert row.value("progress") == [["2025-11", "已签约"], ["2026-01", "办理备案"]]


def test_a_contract_nobody_names_is_a_signed_one_where_the_row_says_so() -> None:
    [row], _read = read(sheet({}, without=("合同类型",)))

    assert told(row, "contract") == {"contract": ("assumed", "signed")}


# --- Questions ----------------------------------------------------------------------------------------


def test_like_cells_are_asked_once_with_how_many_they_are() -> None:
    rows, result = read(sheet({"县区": "市本级"}, {"县区": "市本级 "}, {"县区": "市 本 级"}, {}))

    assert [(one.field, one.raw, one.cells, one.example) for one in result.questions] == [
        ("unit", "市本级", 2, "1月!C3"),
        ("unit", "市 本 级", 1, "1月!C5"),
    ]
    assert [row.worst for row in rows] == [State.ASKED] * 3 + [State.SURE]


def test_an_answer_is_sure_for_all_like_cells() -> None:
    asked = (str(QuestionKind.VALUE), "unit", "市本级")
    rows, result = read(sheet({"县区": "市本级"}, {"县区": "市本级 "}), answers={asked: "LD"})

    assert [told(row, "unit")["unit"] for row in rows] == [("sure", "LD")] * 2
    assert result.questions == []


def test_an_answer_goes_before_what_the_program_would_take() -> None:
    asked = (str(QuestionKind.VALUE), "unit", "高新区")
    [row], _read = read(sheet({"县区": "高新区"}), answers={asked: "450204"})

    assert told(row, "unit")["unit"] == ("sure", "450204")


def test_an_answer_in_words_is_read_like_a_cell() -> None:
    asked = (str(QuestionKind.VALUE), "amount_wan", "1200万美元")
    [row], _read = read(sheet({"总投资（万元）": "1200万美元"}), answers={asked: "8600万元"})

    assert told(row, "amount_wan", "currency", "foreign_amount_wan", "rate") == {
        "amount_wan": ("sure", "8600"),
        "currency": ("sure", "USD"),
        "foreign_amount_wan": ("sure", "1200"),
        "rate": ("assumed", "7.166667"),
    }


def test_a_column_without_a_unit_is_asked_once_and_answered_once() -> None:
    cells: list[dict[str, Value]] = [{"投资额": Decimal(3)}, {"投资额": Decimal("4.5")}]
    without = ("总投资（万元）",)
    _rows, result = read(sheet(*cells, without=without))
    [question] = [one for one in result.questions if one.kind == QuestionKind.MONEY_UNIT]
    rows, again = read(
        sheet(*cells, without=without), answers={(question.kind, question.field, question.raw): "yi"}
    )

    assert (question.field, question.cells) == ("amount_wan", 2)
    assert [row.value("amount_wan") for row in rows] == ["30000", "45000"]
    assert again.questions == []


def test_what_the_sheet_does_not_say_is_asked_once_for_the_sheet() -> None:
    without = ("产业", "是否工业")
    _rows, result = read(sheet({}, {}, {}, without=without))
    answers = {(one.kind, one.field, one.raw): one.choices[0][0] for one in result.questions}
    rows, again = read(sheet({}, {}, {}, without=without), answers=answers)

    assert [(one.field, one.raw, one.cells) for one in result.questions] == [
        ("task_force", "1月", 3),
        ("industrial", "1月", 3),
    ]
    assert [told(row, "task_force", "industrial") for row in rows] == [
        {"task_force": ("sure", "steel"), "industrial": ("sure", True)}
    ] * 3
    assert again.questions == []


# --- Sums ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (Decimal(11600), {"read": "11600", "stated": "11600", "equal": True}),
        (Decimal("11600.000000001"), {"read": "11600", "stated": "11600", "equal": True}),
        (Decimal(11601), {"read": "11600", "stated": "11601", "equal": False}),
        ("1.16亿元", {"read": "11600", "stated": "11600", "equal": True}),
        (None, {"read": "11600", "stated": None, "equal": None}),
    ],
)
def test_the_sheets_own_sum_is_checked(stated: Value, expected: dict) -> None:
    total = {**dict.fromkeys(HEAD), "项目名称": "合计", "总投资（万元）": stated}
    _rows, result = read(sheet({}, {}, *([total] if stated is not None else [])))

    assert result.sums == [{"sheet": "1月", **expected}]
