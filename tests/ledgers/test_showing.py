"""What was written beside what it was understood to say, as the pages have it."""

import pytest

from ledgers import showing
from ledgers.choices import State, Verdict
from ledgers.declaring import Field, Meaning
from ledgers.models import Ledger, LedgerRow
from projects import ledger_kind

ledger_kind.declare()


def field(**more) -> Field:
    return Field("one", "栏目", ("栏目",), lambda _value, _place: Meaning(State.SURE), **more)


def cell(value, raw: str, *, state: str = State.SURE, sentence: str = "", column: str = "H", **more):
    row = LedgerRow(row=17, verdict=Verdict.NEW, cells={"one": [state, value, raw, column, sentence]})
    return showing.cell(field(**more), row)


@pytest.mark.parametrize(
    ("value", "raw", "more", "says", "is_same"),
    [
        ("甲项目", "甲项目 ", {}, "甲项目", True),
        ("14800", "1.48亿元", {"is_money": True}, "14,800", False),
        ("14800.5", "14800.5", {"is_money": True}, "14,800.50", False),
        (None, "—", {"is_money": True}, "—", True),
        ("steel", "钢铁", {"show": lambda code: {"steel": "钢铁"}[code]}, "钢铁", True),
        (["甲公司", "乙公司"], "甲公司、乙公司", {}, "甲公司、乙公司", True),
    ],
)
def test_a_value_is_said_as_people_read_it(value, raw, more, says, is_same):
    made = cell(value, raw, **more)

    assert (made.says, made.is_same, made.place, made.mark) == (says, is_same, "H17", "")


def test_what_is_not_sure_carries_a_shape_and_its_sentence():
    made = cell(None, "2025.1", state=State.ASKED, sentence="一月还是十月？", column="")

    assert (made.mark, made.place, made.sentence) == ("?", "", "一月还是十月？")


@pytest.mark.parametrize(
    ("text", "shown"), [("13879099357", "138****9357"), ("蒙建国", "蒙**"), ("", ""), ("—", "—")]
)
def test_a_person_is_shown_in_part_unless_something_is_asked(text, shown):
    made = cell(text, text, is_private=True)
    assert (made.says, made.raw) == (shown or "—", shown)
    assert cell(None, text, state=State.ASKED, is_private=True).raw == text


def test_what_is_said_of_a_whole_column_is_said_once():
    same = [cell("CNY", "", state=State.ASSUMED, sentence="按人民币计。") for _ in range(5)]
    other = cell("USD", "美元", state=State.ASSUMED, sentence="按美元计。")

    assert showing._column(field(), [*same, other]).sentence == "按人民币计。"
    assert showing._column(field(), [*same[:2], other]).sentence == ""


def test_what_was_left_out_is_gathered_by_its_reason():
    skipped = [
        {"sheet": "台账", "row": 5, "reason": "A section: 一、钢铁产业"},
        {"sheet": "台账", "row": 22, "reason": "A section: 二、化工产业"},
        {"sheet": "汇总", "row": 0, "reason": "A summary."},
    ]

    assert showing.left_out(Ledger(skipped=skipped)) == [
        ("A summary.", ["汇总"]),
        ("A section", ["台账!5 一、钢铁产业", "台账!22 二、化工产业"]),
    ]
