"""Tables side by side on one sheet: each is read as a table of its own, and only where it is one."""

import io
import re
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.sheets import Row, Sheet, read_book
from ledgers import committing, handing_back, rehearsing, resending
from ledgers.choices import Decision, LedgerState, QuestionKind, State
from ledgers.layout import Laid, Table
from ledgers.layout.heads import Head
from ledgers.layout.strips import strips
from ledgers.models import Ledger
from ledgers.provenance import origins
from ledgers.views.ledger import _samples
from projects.models import ContractEvent, Project
from tests import factories
from tests.core.test_annotating import opened
from tests.ledgers import handed_in
from tests.ledgers.handed_in import STEEL, TODAY, WIRE, read
from tests.ledgers.laid_out import laid

HEAD = ("序号", "项目名称", "投资方", "报送单位", "总投资（万元）", "签约时间")
BARE = HEAD[1:]
FIRST, SECOND, THIRD = "甲项目", "乙项目", "丙项目"


@pytest.fixture(autouse=True)
def _in_english(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    with translation.override("en"):
        yield


def line(name: str, amount: Any = 5800, number: int = 1) -> tuple[Any, ...]:
    return (number, name, f"{name}公司", "柳江区", amount, "2025.3.1")


def bare(name: str, amount: Any = 5800) -> tuple[Any, ...]:
    return line(name, amount)[1:]


def workbook(*rows: tuple[Any, ...], merged: tuple[str, ...] = (), sheet: str = "柳江区") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    for one in merged:
        page.merge_cells(one)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def sheets(*rows: tuple[Any, ...], **about: Any) -> list[Sheet]:
    return read_book(io.BytesIO(workbook(*rows, **about))).sheets


def tables(*rows: tuple[Any, ...], **about: Any) -> Laid:
    return laid(*sheets(*rows, **about))


def told(table: Table) -> tuple[str, list[tuple[int, str]]]:
    """Its columns, and its lines by their rows and names."""
    return table.span, [(one.number, str(one.cells["name"].value)) for one in table.lines]


def reasons(result: Laid) -> list[tuple[int, str]]:
    return [(one.row, one.reason) for one in result.skipped]


# --- Where they are parted ---------------------------------------------------------------------------


def test_two_tables_with_titles_of_their_own_are_two():
    gap = (None,)
    result = tables(
        ("2024年签约项目（单位：亿元）", *[None] * 5, *gap, "2025年签约项目（单位：万元）"),
        (*HEAD[:4], "总投资", HEAD[5], *gap, *HEAD[:4], "总投资", HEAD[5]),
        (*line(FIRST, 2), *gap, *line(SECOND, 300)),
        (*[None] * 6, *gap, *line(THIRD, 400, 2)),
        merged=("A1:F1", "H1:M1"),
    )  # fmt: skip

    assert list(map(told, result.tables)) == [("A:F", [(3, FIRST)]), ("H:M", [(3, SECOND), (4, THIRD)])]
    left, right = (table.lines[0] for table in result.tables)
    assert (left.part, right.part) == (0, 1)
    assert (left.cells["amount_wan"].letter, right.cells["amount_wan"].letter) == ("E", "L")
    assert (left.places["amount_wan"].money_unit, right.places["amount_wan"].money_unit) == ("yi", "wan")
    assert (left.place.years, right.place.years) == ((2024,), (2025,))
    assert reasons(result) == []


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ((*HEAD, *HEAD), (*line(FIRST), *line(SECOND))),
        ((*BARE, *BARE), (*bare(FIRST), *bare(SECOND))),
        ((*BARE, "备注", *BARE, "备注"), (*bare(FIRST), "无", *bare(SECOND), "无")),
        ((*HEAD, "备注", *BARE, "备注"), (*line(FIRST), "无", *bare(SECOND), "无")),
        ((*HEAD, "备注", None, *HEAD), (*line(FIRST), "无", None, *line(SECOND))),
        (
            ("投资方", "项目名称", "总投资", "签约时间", "备注") * 2,
            ("甲项目公司", FIRST, 5, "2025.3.1", "无", "乙项目公司", SECOND, 5, "2025.3.1", "无"),
        ),
    ],
)
def test_no_empty_column_is_needed_between_them(head, row):
    result = tables(head, row)

    assert [names for _span, [(_row, names)] in map(told, result.tables)] == [FIRST, SECOND]
    enterprises = [table.lines[0].cells["enterprise"].value for table in result.tables]
    assert enterprises == ["甲项目公司", "乙项目公司"]
    assert reasons(result) == [] or {row for row, _reason in reasons(result)} == {1}


def test_three_tables_of_different_lengths_with_sums_of_their_own():
    def total(amount: int) -> tuple[Any, ...]:
        return ("合计", None, None, None, amount, None)

    none = (None,) * 6
    gap = (None,)
    result = tables(
        ("全市签约项目台账",),
        (*HEAD, *gap, *HEAD, *gap, *HEAD),
        (*line(FIRST, 100), *gap, *line(SECOND, 10), *gap, *line(THIRD, 1)),
        (*line("丁项目", 200, 2), *gap, *total(10), *gap, *line("戊项目", 2, 2)),
        (*line("己项目", 300, 3), *gap, *none, *gap, *total(3)),
        (*total(600), *gap, *none, *gap, *none),
    )  # fmt: skip

    assert [len(table.lines) for table in result.tables] == [3, 1, 2]
    assert [(str(one.value), f"{one.letter}{one.row}") for t in result.tables for one in t.stated] == [
        ("600", "E6"),
        ("10", "L4"),
        ("3", "S5"),
    ]
    assert {table.title for table in result.tables} == {"全市签约项目台账"}
    assert [row for row, _reason in reasons(result)] == [6, 4, 5]


def test_what_is_merged_across_both_stands_over_both_and_is_told_once():
    result = tables(
        ("台账（单位：亿元）",),
        (*HEAD[:4], "总投资", HEAD[5], *HEAD[:4], "总投资", HEAD[5]),
        ("一、钢铁产业",),
        (*line(FIRST), *line(SECOND)),
        ("注：以上为正式合同。",),
        merged=("A1:L1", "A3:L3", "A5:L5"),
    )

    assert [table.lines[0].place.section for table in result.tables] == ["一、钢铁产业"] * 2
    assert [table.lines[0].places["amount_wan"].money_unit for table in result.tables] == ["yi", "yi"]
    assert [row for row, _reason in reasons(result)] == [3, 5]


def test_heads_of_two_levels_and_cells_merged_downwards_stay_in_their_table():
    top = ("项目名称", "投资方", "报送单位", "签约情况", None)
    below = (None, None, None, "总投资（万元）", "签约时间")
    result = tables(
        (*top, None, *top),
        (*below, None, *below),
        (FIRST, "甲公司", "柳江区", 5, "2025.3.1", None, SECOND, "乙公司", "柳城县", 6, "2025.3.2"),
        ("丁项目", "丁公司", None, 7, "2025.3.1", None, THIRD, "丙公司", None, 8, "2025.3.2"),
        merged=(
            *("A1:A2", "B1:B2", "C1:C2", "D1:E1", "G1:G2", "H1:H2", "I1:I2", "J1:K1"),
            *("C3:C4", "I3:I4"),
        ),
    )

    units = [[one.cells["unit"].value for one in table.lines] for table in result.tables]
    assert units == [["柳江区"] * 2, ["柳城县"] * 2]
    assert [table.column("amount_wan").letter for table in result.tables] == ["D", "J"]


def test_the_unit_of_money_is_asked_of_each():
    head = (*HEAD[:4], "总投资", HEAD[5])
    result = tables((*head, None, *head), (*line(FIRST), None, *line(SECOND)))

    places = [table.lines[0].places["amount_wan"].named for table in result.tables]
    assert places == ["柳江区!A:F", "柳江区!H:M"]


def test_a_second_table_may_stand_below_in_one_of_them_only():
    other = ("序号", "投资方", "项目名称", "总投资（万元）", "签约时间", "报送单位")
    none = (None,) * 7
    result = tables(
        (*HEAD, None, *HEAD),
        (*line(FIRST), None, *line(SECOND)),
        (*none, *other),
        (*none, 1, "丙公司", THIRD, 7, "2025.3.1", "柳江区"),
    )

    assert list(map(told, result.tables)) == [
        ("A:F", [(2, FIRST)]),
        ("H:M", [(2, SECOND)]),
        ("H:M", [(4, THIRD)]),
    ]


@given(
    st.lists(st.lists(st.sampled_from([None, "甲", "乙"]), min_size=9, max_size=9), min_size=1, max_size=6),
    st.sets(st.integers(1, 8), min_size=1, max_size=3),
)
def test_no_cell_is_lost_and_none_stands_twice(rows, cuts):
    """Above the heads a line may be said of all; of what stands below each cell is in one table."""
    whole = Sheet("台账", rows=[Row(n, tuple(row)) for n, row in enumerate(rows, start=3)])
    head = Head(2, 2, dict.fromkeys(range(9), ("名",)))

    found = [
        (row.number, at, value)
        for strip in strips(whole, head, sorted(cuts))
        for row in strip.rows
        for at, value in enumerate(row.values)
        if value
    ]

    assert sorted(found) == [(r.number, at, v) for r in whole.rows for at, v in enumerate(r.values) if v]


# --- Where they are not --------------------------------------------------------------------------------


def only(result: Laid) -> list[str]:
    [table] = result.tables
    assert table.span == ""
    return [str(one.cells["name"].value) for one in table.lines]


def test_an_amount_under_two_groups_makes_no_second_table():
    result = tables(
        ("序号", "项目名称", "投资方", "签约时间", "2024年", None, "2025年", None),
        (None, None, None, None, "总投资（万元）", "固投", "总投资（万元）", "固投"),
        (1, FIRST, "甲公司", "2025.3.1", 5, 4, 3, 2),
        merged=("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1", "G1:H1"),
    )

    assert only(result) == [FIRST]
    assert {one.kind for one in result.questions} == {QuestionKind.COLUMN}
    assert {one.example for one in result.questions} == {f"柳江区!{column}3" for column in "EFGH"}


@pytest.mark.parametrize(
    ("more", "cells", "columns"),
    [
        (("备注", "项目名称", "投资方"), ("另见", SECOND, "乙公司"), ["G", "H", "I"]),  # only for a remark
        (
            (None, "项目名称", "投资方", "签约时间"),
            (None, SECOND, "乙公司", "2025.3.1"),
            ["G to J"],
        ),  # no sum
        ((None, "联系人", "负责人电话"), (None, "韦某", "13800000000"), ["H", "I"]),
        ((None, "图例", "说明"), (None, "红色", "已开工"), ["H", "I"]),
    ],
)
def test_what_is_no_table_by_itself_is_told(more, cells, columns):
    result = tables((*HEAD, *more), (*line(FIRST), *cells))

    assert only(result) == [FIRST]
    said = [re.search(r"[Cc]olumns? ([A-Z](?: to [A-Z])?)", reason) for _row, reason in reasons(result)]
    assert [found and found[1] for found in said] == columns


def test_an_empty_column_within_a_table_parts_nothing():
    head = (*HEAD[:4], None, *HEAD[4:], None, "备注")
    row = (*line(FIRST)[:4], None, *line(FIRST)[4:], None, "重点")
    other = (*line(SECOND)[:4], None, *line(SECOND)[4:], None, "一般")

    assert only(tables(head, row)) == [FIRST]
    twice = tables((*head, None, *head), (*row, None, *other))
    assert list(map(told, twice.tables)) == [("A:I", [(2, FIRST)]), ("K:S", [(2, SECOND)])]


def test_what_may_belong_to_either_parts_nothing():
    """A unit before the second name: of the first table, or of the second?"""
    head = (
        "项目名称",
        "投资方",
        "总投资",
        "签约时间",
        "报送单位",
        "项目名称",
        "投资方",
        "总投资",
        "签约时间",
    )
    result = tables(head, (FIRST, "甲公司", 5, "2025.3.1", "柳江区", SECOND, "乙公司", 6, "2025.3.1"))

    assert only(result) == [FIRST]
    assert "A second table stands beside the first in columns F to I" in reasons(result)[0][1]


def test_before_and_after_a_change_is_one_line():
    result = tables(
        ("调整前", *[None] * 4, "调整后"),
        (*BARE, *BARE),
        (*bare(FIRST), *bare("甲一期项目")),
        merged=("A1:E1", "F1:J1"),
    )

    assert only(result) == [FIRST]
    assert "A second table stands beside the first" in reasons(result)[0][1]


def test_a_wider_table_below_leaves_the_sheet_whole():
    wide = ("序号", "投资方", "项目名称", "总投资（万元）", "签约时间", "报送单位", "专班", "合同类型")
    result = tables(
        (*HEAD, None, *HEAD),
        (*line(FIRST), None, *line(SECOND)),
        wide,
        (1, "丙公司", THIRD, 7, "2025.3.1", "柳江区", "钢铁", "正式合同"),
    )

    assert [told(table) for table in result.tables] == [("", [(2, FIRST)]), ("", [(4, THIRD)])]
    assert "A second table stands beside the first" in reasons(result)[0][1]
    assert result.tables[1].lines[0].cells["contract"].value == "正式合同"


# --- From the upload to the books, and back -----------------------------------------------------------

HEADS = ("项目名称", "投资方", "报送单位", "所属产业", "项目类别", "合同类型", "总投资（万元）", "签约时间")
TUBE = (*handed_in.TUBE[:7], "2026-01-08")
TITLES = ("2025年结转", *[None] * 8, "2026年新签")


def beside(left: tuple[Any, ...], *right: tuple[Any, ...], total: int) -> bytes:
    """STEEL's table at the left in A to H, the other's in J to Q; the left is the shorter one."""
    none = (None,) * 8
    below = [(*none, None, *row) for row in right[1:]]
    sums = ("合计", *none[:5], left[6], None, None, "合计", *none[:5], total)
    rows = [TITLES, (*HEADS, None, *HEADS), (*left, None, *right[0]), *below, sums]
    return workbook(*rows, merged=("A1:H1", "J1:Q1"), sheet="柳北区")


BOOK = beside(STEEL, WIRE, TUBE, total=50600)


def rows_of(ledger: Ledger) -> list[tuple[str, str, int]]:
    return [(str(row), row.verdict, row.part) for row in ledger.rows.order_by("pk")]


@pytest.mark.django_db
def test_each_row_of_each_table_is_kept_and_each_sum_checked(clerk, steel, liubei):
    ledger = read(BOOK, clerk)

    assert rows_of(ledger) == [("柳北区!3", "new", 0), ("柳北区!J3", "new", 1), ("柳北区!J4", "new", 1)]
    assert [(one["span"], one["read"], one["stated"], one["equal"]) for one in ledger.sums] == [
        ("A:H", "12500", "12500", True),
        ("J:Q", "50600", "50600", True),
    ]
    first = set(ledger.rows.values_list("pk", flat=True))
    rehearsing.rehearse(rehearsing.begin_again(ledger), today=TODAY)
    assert set(ledger.rows.values_list("pk", flat=True)) == first


@pytest.mark.django_db
def test_rows_beside_each_other_are_told_apart_block_by_block(clerk, steel, liubei, monkeypatch):
    """The second block begins in the row in which the first one began."""
    monkeypatch.setattr(rehearsing, "BLOCK", 1)
    ledger = read(beside(STEEL, STEEL, TUBE, total=54300), clerk)

    assert [verdict for _row, verdict, _part in rows_of(ledger)] == ["new", "lookalike", "new"]
    twin = ledger.rows.get(row=3, part=1)
    assert twin.undo["like"] == ["柳北区", 3, 0]
    assert twin.evidence == ["The same or a part of the same stands in this ledger at 柳北区!3"]
    assert len(set(ledger.rows.values_list("identity", flat=True))) == 3


ADD_ON = (*WIRE[:5], "增资", 900, "2026-03-01")


@pytest.mark.django_db
def test_an_add_on_follows_its_contract_in_its_table(clerk, steel, liubei):
    ledger = read(beside(STEEL, WIRE, ADD_ON, total=9700), clerk)

    committing.commit(ledger, by=clerk, today=TODAY)

    made = Project.objects.get(name=WIRE[0])
    assert list(made.contract_events.order_by("pk").values_list("amount", flat=True)) == [8800, 900]
    assert [row.written for row in ledger.rows.filter(part=1)] == [made.pk] * 2


@pytest.mark.django_db
def test_one_whose_contract_stays_out_names_its_cell(clerk, steel, liubei):
    ledger = read(beside(STEEL, WIRE, ADD_ON, total=9700), clerk)
    ledger.rows.filter(row=3, part=1).update(decision=Decision.LEAVE)

    committing.commit(ledger, by=clerk, today=TODAY)

    left = ledger.rows.get(row=4, part=1)
    assert (left.written, left.evidence[-1]) == (None, "It belongs to 柳北区!J3, which was not entered.")


@pytest.mark.django_db
def test_a_row_read_before_tables_were_counted_finds_its_contract(clerk, steel, liubei):
    add_on = (*STEEL[:5], "增资", 900, "2026-03-11")
    ledger = read(beside(STEEL, add_on, total=900), clerk)
    ledger.rows.filter(part=1).update(undo={"like": ["柳北区", 3]})

    committing.commit(ledger, by=clerk, today=TODAY)

    assert len(set(ledger.rows.values_list("written", flat=True))) == 1
    assert Project.objects.get().contract_events.count() == 2


@pytest.mark.django_db
def test_they_are_entered_named_by_their_cells_and_taken_back(clerk, steel, liubei):
    ledger = committing.commit(read(BOOK, clerk), by=clerk, today=TODAY)

    assert Project.objects.count() == 3
    made = Project.objects.get(name=WIRE[0])
    assert ContractEvent.objects.get(project=made).source == "柳北区 2026-03.xlsx, 柳北区!J3"
    [origin] = origins(made.pk, kind="projects", user=clerk)
    assert origin.place == "柳北区!J3"
    assert {value.field: value.place for value in origin.values}["amount_wan"] == "柳北区!P3"

    undone = committing.undo(ledger, by=clerk, today=TODAY)
    assert undone.state == LedgerState.UNDONE
    assert not ContractEvent.objects.exclude(verdict__verdict="returned").exists()


@pytest.mark.django_db
def test_sent_again_only_what_differs_is_told_and_what_is_gone_is_named(clerk, steel, liubei):
    committing.commit(read(BOOK, clerk), by=clerk, today=TODAY)
    dearer = (*TUBE[:6], 52000, *TUBE[7:])

    again = read(beside(STEEL, dearer, total=52000), clerk)

    assert [verdict for _row, verdict, _part in rows_of(again)] == ["same", "changed"]
    assert again.rows.get(part=1).changes == {"amount_wan": ["41800", "52000"]}
    assert [(one["row"], one["name"]) for one in again.lost] == [(3, WIRE[0])]
    assert resending.last_of(again) == again.previous


@pytest.mark.django_db
def test_remarks_go_to_the_cells_of_their_own_table(clerk, steel, liubei):
    book = beside(STEEL, (*WIRE[:2], "高新区", *WIRE[3:]), (*TUBE[:6], "约3-5亿", TUBE[7]), total=50600)
    ledger = read(book, clerk)

    content = handing_back.annotated(ledger, language="en", today=TODAY)

    page = opened(content)["柳北区"]
    noted = {cell.coordinate for row in page.iter_rows() for cell in row if cell.comment}
    assert {"L3", "P4"} <= noted
    assert not {one for one in noted if one[0] in "ABCDEFG"}


@pytest.mark.django_db
def test_pages_program_and_shell_name_each_row(clerk, steel, liubei, tmp_path):
    client: Client = factories.in_english()
    client.force_login(clerk)
    ledger = read(BOOK, clerk)

    shown = client.get(f"/ledgers/{ledger.pk}/").content.decode()
    told = client.get(f"/api/v1/ledgers/{ledger.pk}/rows/").json()["results"]
    sums = client.get(f"/api/v1/ledgers/{ledger.pk}/").json()["sums"]

    assert [f">柳北区!{one}</a>" in shown for one in ("3", "J3", "J4")] == [True] * 3
    assert [f">柳北区!{one}<" in shown for one in ("A:H", "J:Q")] == [True] * 2
    assert [(one["row"], one["part"]) for one in told] == [(3, 0), (3, 1), (4, 1)]
    assert told[1]["values"]["amount_wan"]["cell"] == "P3"
    assert [one["span"] for one in sums] == ["A:H", "J:Q"]

    path = tmp_path / "柳北区.xlsx"
    path.write_bytes(BOOK)
    out = io.StringIO()
    call_command("import_ledger", path, kind="projects", sender="柳北区", dry_run=True, stdout=out)
    assert "柳北区!J:Q: read 50600, stated 50600" in out.getvalue()


@pytest.mark.django_db
def test_the_unit_of_money_is_asked_of_each_table_with_amounts_of_its_own(clerk, steel, liubei):
    heads = (*HEADS[:6], "总投资", HEADS[7])
    ledger = read(workbook((*heads, None, *heads), (*STEEL, None, *WIRE), sheet="柳北区"), clerk)

    asked = [one for one in ledger.questions if one["kind"] == QuestionKind.MONEY_UNIT]
    assert [(one["raw"], _samples(ledger, one)) for one in asked] == [
        ("柳北区!A:H：总投资", ["12500"]),
        ("柳北区!J:Q：总投资", ["8800"]),
    ]
    assert set(ledger.rows.values_list("worst", flat=True)) == {State.ASKED}
