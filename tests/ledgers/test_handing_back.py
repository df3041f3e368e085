"""The sender's own workbook comes back with notes on what should be looked at."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from core.files import CSV, XLSX
from core.ooxml.markup import scan
from ledgers import handing_back
from ledgers.choices import LedgerState, QuestionKind, State, Verdict
from ledgers.declaring import KINDS, Field, Kind, Meaning, Undoing
from ledgers.models import Ledger, LedgerRow
from tests import factories
from tests.core.test_annotating import opened, parts, values_of
from tests.ledgers.other_kinds import rehearsed

LEDGER = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers" / "visits-2025h1.xlsx"
SHEET = "外出招商"
TODAY = datetime.date(2025, 8, 4)
ASSUMED = "“深圳市”读作“深圳”。"


def _read(_value: Any, _place: Any) -> Meaning:
    return Meaning(State.SURE)


KIND = Kind(
    code="of_this_test",
    label="外出招商台账",
    permission="ledgers.import_ledger",
    fields=(
        Field("party", "对接对象", ("对接对象",), _read, is_key=True),
        Field("place", "目的地", ("目的地",), _read),
        Field("amount", "金额", ("金额",), _read, is_money=True),
        Field("unit", "单位", ("单位",), _read),
    ),
    match=lambda rows, *, ledger, user: None,
    enter=lambda rows, *, ledger, by, tell: None,
    take_back=lambda rows, *, ledger, by: Undoing(),
)


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, KIND.code, KIND)


def ledger_of(content: bytes, by: User, *, name: str, content_type: str = XLSX, **fields: Any) -> Ledger:
    stored = factories.stored_file(by, name=name, content_type=content_type)
    stored.file.save("", ContentFile(content))
    given: dict[str, Any] = {
        "state": LedgerState.REHEARSED,
        "counts": {
            "rows": {"new": 2, "refused": 1},
            "cells": {"sure": 9, "assumed": 1, "asked": 1, "refused": 1},
        },
        "sums": [{"sheet": SHEET, "read": "7.5", "stated": "8", "equal": False}],
        "skipped": [
            {"sheet": SHEET, "row": 40, "reason": "合计行"},
            {"sheet": "汇总", "row": 0, "reason": "汇总表"},
        ],
        "questions": [
            {
                "kind": QuestionKind.VALUE,
                "field": "amount",
                "raw": "3-5亿",
                "sentence": "是多少？",
                "choices": [["30000", "3亿元"]],
                "cells": 2,
                "example": f"{SHEET}!H3",
            }
        ],
        "lost": [{"sheet": SHEET, "row": 7, "name": "走了的", "target": 1}],
    }
    return Ledger.objects.create(
        file=stored,
        kind=KIND.code,
        sender="鹿寨县",
        handed_in_on=factories.DAY,
        handed_in_by=by,
        **given | fields,
    )


def rows_of(ledger: Ledger) -> None:
    one = {"ledger": ledger, "sheet": SHEET}
    LedgerRow.objects.bulk_create(
        [
            LedgerRow(**one, row=2, verdict=Verdict.NEW, cells={"party": ["sure", "甲", "甲", "F"]}),
            LedgerRow(
                **one,
                row=3,
                verdict=Verdict.NEW,
                worst=State.ASKED,
                cells={
                    "place": ["assumed", "深圳", "深圳市", "E", ASSUMED],
                    "amount": ["asked", None, "3-5亿", "H", "是多少？"],
                    "unit": ["asked", None, "", "", "是哪个单位？"],
                    "party": ["assumed", "甲", "", "", "由标题得出。"],
                },
            ),
            LedgerRow(
                **one,
                row=6,
                verdict=Verdict.REFUSED,
                worst=State.REFUSED,
                evidence=["没有对接对象。"],
                cells={"party": ["refused", None, "#REF!", "A", "单元格是错误值。"]},
            ),
            LedgerRow(**one, row=8, verdict=Verdict.LOOKALIKE, evidence=["别县的项目名"], cells={}),
        ]
    )


@pytest.fixture
def ledger(db: None, clerk: User) -> Ledger:
    made = ledger_of(LEDGER.read_bytes(), clerk, name="鹿寨县 2025-06.xlsx")
    rows_of(made)
    return made


def told(page: Any) -> list[list[Any]]:
    return [[cell.value for cell in row if cell.value not in (None, "")] for row in page.iter_rows()]


def test_each_cell_that_was_not_simply_read_carries_its_sentence(ledger):
    book = opened(handing_back.annotated(ledger, language="zh-hans", today=TODAY))
    before = opened(LEDGER.read_bytes())

    noted = {
        cell.coordinate: (cell.comment.author, cell.comment.text)
        for row in book[SHEET].iter_rows()
        for cell in row
        if cell.comment
    }
    assert {place: noted[place] for place in ("E3", "H3")} == {
        "E3": ("柳州招商", f"柳州招商：\n目的地（{State.ASSUMED.label}）：{ASSUMED}"),
        "H3": ("柳州招商", f"柳州招商：\n金额（{State.ASKED.label}）：是多少？"),
    }
    # an older note keeps its author and its words
    assert noted["A6"] == (
        "台账",
        f"第1次外出招商\n柳州招商：\n对接对象（{State.REFUSED.label}）：单元格是错误值。\n"
        f"本行（{Verdict.REFUSED.label}）：没有对接对象。",
    )
    assert len(noted) == 2 + sum(1 for row in before[SHEET].iter_rows() for cell in row if cell.comment)
    assert [[cell.value for cell in row] for row in book[SHEET].iter_rows()] == [
        [cell.value for cell in row] for row in before[SHEET].iter_rows()
    ]


def test_the_added_sheet_says_what_became_of_the_ledger(ledger):
    page = opened(handing_back.annotated(ledger, language="zh-hans", today=TODAY))["导入说明"]
    lines = told(page)

    for line in (
        ["文件", "鹿寨县 2025-06.xlsx"],
        ["报送单位", "鹿寨县"],
        ["返还日期", "2025-08-04"],
        [SHEET, 7.5, 8, "否"],
        [SHEET, "40", "合计行"],
        ["汇总", "整张工作表", "汇总表"],
        ["金额", f"{SHEET}!H3", 2, "3-5亿", "3亿元", "是多少？"],
        [SHEET, "7", "走了的"],
        [SHEET, "E3", "目的地", "深圳市", "深圳", State.ASSUMED.label, ASSUMED],
        [SHEET, "3", "单位", "—", State.ASKED.label, "是哪个单位？"],
        [SHEET, "6", Verdict.REFUSED.label, "没有对接对象。"],
    ):
        assert [one for one in line if one != ""] in lines, line
    [link] = [c for row in page.iter_rows() for c in row if c.value == "E3"]
    assert link.hyperlink.location == f"'{SHEET}'!E3"


def test_what_a_row_looks_like_stays_in_the_house(ledger):
    """It may be another sender's project."""
    book = opened(handing_back.annotated(ledger, language="zh-hans", today=TODAY))

    assert "别县的项目名" not in str([told(page) for page in book])


def test_the_sheet_speaks_the_readers_language(ledger):
    book = opened(handing_back.annotated(ledger, language="en", today=TODAY))

    assert ["Sender", "鹿寨县"] in told(book["Import notes"])
    assert handing_back.name_of(ledger, language="en") == "鹿寨县 2025-06-notes.xlsx"


def test_of_too_many_notes_the_worst_are_given(ledger, monkeypatch):
    monkeypatch.setattr(handing_back, "MOST_NOTES", 3)

    book = opened(handing_back.annotated(ledger, language="zh-hans", today=TODAY))

    assert book[SHEET]["E3"].comment is None
    assert (book[SHEET]["H3"].comment.author, "柳州招商" in book[SHEET]["A6"].comment.text) == (
        "柳州招商",
        True,
    )
    assert ["另有 1 个推定的单元格未加批注，请在系统中查看。"] in told(book["导入说明"])


def test_a_csv_comes_back_as_a_workbook_that_says_so(clerk):
    content = "日期,对接对象\n2025-01-02,=1+1\n2025-01-03,乙\n".encode("gb18030")
    ledger = ledger_of(content, clerk, name="外出.csv", content_type=CSV, questions=[], lost=[])
    sheet = handing_back.read_book(content).sheets[0].title
    LedgerRow.objects.create(
        ledger=ledger,
        sheet=sheet,
        row=3,
        verdict=Verdict.NEW,
        worst=State.ASSUMED,
        cells={"party": ["assumed", "乙", "乙", "B", "看着像。"]},
    )

    book = opened(handing_back.annotated(ledger, language="zh-hans", today=TODAY))

    page = book[book.sheetnames[0]]
    assert page["B3"].comment.text == f"柳州招商：\n对接对象（{State.ASSUMED.label}）：看着像。"
    assert (page["B2"].value, page["B2"].data_type) == ("=1+1", "s")
    assert any("新工作簿" in str(line) for line in told(book["导入说明"]))
    assert handing_back.name_of(ledger, language="zh-hans") == "外出-批注.xlsx"


def test_who_may_see_the_ledger_gets_it_as_a_download(client, ledger):
    clerk, stranger = factories.user(Role.CLERK), factories.user(Role.UNIT)
    url = reverse("ledgers:handed_back", args=[ledger.pk])

    client.force_login(clerk)
    answer = client.get(url)
    client.force_login(stranger)
    other = client.get(url)

    assert (answer.status_code, answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        200,
        XLSX,
        "nosniff",
    )
    assert "-%E6%89%B9%E6%B3%A8.xlsx" in answer["Content-Disposition"]
    assert other.status_code == 404


def test_a_ledger_that_was_not_read_is_not_handed_back(ledger):
    ledger.state = LedgerState.READING

    with pytest.raises(handing_back.CannotHandBack):
        handing_back.annotated(ledger, language="zh-hans", today=TODAY)


MESSY = Path(__file__).parents[1] / "projects" / "data"


@pytest.mark.parametrize("name", ["messy-a-by-unit", "messy-b-two-level", "messy-c-free-text"])
def test_a_ledger_as_counties_send_it_comes_back_with_nothing_else_changed(clerk, name):
    call_command("load_reference", verbosity=0)
    content = (MESSY / f"{name}.xlsx").read_bytes()
    ledger = rehearsed(content, clerk, kind="projects", today=TODAY)

    back = handing_back.annotated(ledger, language="zh-hans", today=TODAY)

    before, after = parts(content), parts(back)
    for part, old in before.items():
        legacy = [node for node in scan(after[part]) if node.local == "legacyDrawing"]
        without = after[part] if not legacy else after[part][: legacy[0].start] + after[part][legacy[0].end :]
        assert without == old or part in (
            "[Content_Types].xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
        )
    noted = {
        (page.title, cell.coordinate)
        for page in opened(back)
        for row in page.iter_rows()
        for cell in row
        if cell.comment
    }
    unsure = {
        (row.sheet, f"{reading.column}{row.row}")
        for row in ledger.rows.all()
        for _name, reading in row.readings()
        if reading.column and reading.state != State.SURE
    }
    assert noted == unsure != set()
    assert {t: rows for t, rows in values_of(back).items() if t != "导入说明"} == values_of(content)
