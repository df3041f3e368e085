"""Notes in somebody else's workbook: what is put in, and that nothing else changes."""

import io
import re
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotating import CannotAnnotate, Cell, Note, Summary, annotated, place
from core.ooxml.markup import scan
from core.ooxml.sheets import AFTER_LEGACY, cell_at, place_of
from core.rebuilding import rebuilt
from core.sheets import Merged, Row, Sheet, Unreadable, Visibility

AUTHOR = "柳州招商"
# CT_Worksheet: the elements of a sheet in the only order they may stand in.
ORDER = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


def summary(*rows: Any) -> Summary:
    return Summary("导入说明", [20, 20], [[Cell("导入说明", "title")], *rows])


def put(content: bytes, notes: dict[str, list[Note]], told: Summary | None = None) -> bytes:
    return annotated(io.BytesIO(content), notes, told or summary(), author=AUTHOR)


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def opened(content: bytes) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what openpyxl itself would lose
        return openpyxl.load_workbook(io.BytesIO(content))


def notes_of(content: bytes, sheet: str) -> dict[str, tuple[str, str]]:
    page = opened(content)[sheet]
    return {
        cell.coordinate: (cell.comment.author, cell.comment.text)
        for row in page.iter_rows()
        for cell in row
        if cell.comment
    }


def values_of(content: bytes) -> dict[str, list[list[Any]]]:
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def check_order(sheet: bytes) -> None:
    places = [ORDER.index(node.local) for node in scan(sheet) if node.depth == 1 and node.local in ORDER]
    assert places == sorted(places)


def check_relations(content: bytes) -> None:
    """Every relation leads to a part, every r:id to a relation, every part has a type, no box twice."""
    told = parts(content)
    for name, part in told.items():
        if name.endswith(".rels"):
            numbers = re.findall(rb'\bId="([^"]+)"', part)
            assert len(numbers) == len(set(numbers))
        if name.endswith(".vml"):
            ids = re.findall(rb'id="(_x0000_s\d+)"', part)
            assert len(ids) == len(set(ids))
    types = told["[Content_Types].xml"].decode()
    endings = set(re.findall(r'Extension="([^"]+)"', types))
    named = {name.lstrip("/") for name in re.findall(r'PartName="([^"]+)"', types)}
    missing = [n for n in told if n not in named and n.rpartition(".")[2].lower() not in endings]
    assert missing == ["[Content_Types].xml"] if "xml" not in endings else missing == []
    assert named - set(told) == set()


# --- Workbooks -------------------------------------------------------------------------------------


def rich() -> bytes:
    """A workbook with all that a rewriting library would lose or move."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        red = book.add_format({"bg_color": "#FFC7CE", "bold": True, "num_format": "#,##0.00"})
        page = book.add_worksheet("柳江区")
        page.freeze_panes(2, 1)
        page.set_column(0, 0, 40)
        page.set_row(3, None, None, {"hidden": True})
        page.set_row(4, 60)
        page.merge_range("A1:C1", "2025年签约项目", red)
        for row in range(1, 12):
            page.write_row(row, 0, [f"项目{row}", row * 1.5, "=1+1"], red)
        page.merge_range("D3:D6", "柳江区", red)
        page.conditional_format("B2:B12", {"type": "data_bar", "data_bar_2010": True})
        page.data_validation("C2:C12", {"validate": "list", "source": ["是", "否"]})
        page.write_url("E2", "https://example.com/")
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=柳江区!$B$2:$B$12"})
        page.insert_chart("G2", chart)
        page.insert_image("G20", "a.png", {"image_data": io.BytesIO(PIXEL)})
        page.add_table("K2:L5", {"columns": [{"header": "甲"}, {"header": "乙"}]})
        other = book.add_worksheet("旧批注")
        other.write_row(0, 0, ["甲", "乙", "丙"])
        other.write_comment("A1", "请核对", {"author": "张三"})
        other.write_comment("C1", "另一条", {"author": "张三"})
        other.set_header("&L&G", {"image_left": "a.png", "image_data_left": io.BytesIO(PIXEL)})
        hidden = book.add_worksheet("隐藏")
        hidden.very_hidden()
        hidden.write(0, 0, 1)
        book.define_name("金额", "=柳江区!$B$2:$B$12")
    return content.getvalue()


def by_openpyxl() -> bytes:
    """Another writer: prefixes of its own in the boxes, its own names of parts."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "外出招商"
    page["A1"], page["B2"] = "日期", 3
    page["A1"].comment = openpyxl.comments.Comment("第1次", "台账")
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def changed(content: bytes, change: dict[str, Callable[[bytes], bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts(content).items():
            package.writestr(name, change.get(name, lambda same: same)(part))
    return out.getvalue()


RICH = rich()
NOTES = {
    "柳江区": [
        Note(2, 1, ["金额（推定）：按万元读"]),
        Note(5, 3, ["单位（推定）"]),
        Note(6, 3, ["单位（推定）"]),
    ],
    "旧批注": [Note(1, 0, ["“甲”是什么？"]), Note(1, 1, ["乙<&>"])],
}


# --- What is put in --------------------------------------------------------------------------------


def test_notes_stand_on_their_cells_and_the_older_ones_stay():
    out = put(RICH, NOTES)

    assert notes_of(out, "柳江区") == {
        "B2": (AUTHOR, "柳州招商：\n金额（推定）：按万元读"),
        # in a merged range only the first cell is seen, and one sentence is said once
        "D3": (AUTHOR, "柳州招商：\n单位（推定）"),
    }
    assert notes_of(out, "旧批注") == {
        "A1": ("张三", "请核对\n柳州招商：\n“甲”是什么？"),
        "B1": (AUTHOR, "柳州招商：\n乙<&>"),
        "C1": ("张三", "另一条"),
    }


def test_only_the_parts_that_must_change_do():
    before, after = parts(RICH), parts(put(RICH, NOTES))

    assert {name for name in before if before[name] != after[name]} == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/_rels/sheet1.xml.rels",
        "xl/comments1.xml",  # the second sheet's older notes, and their boxes
        "xl/drawings/vmlDrawing1.vml",
    }
    assert set(after) - set(before) == {
        "xl/comments2.xml",
        "xl/drawings/vmlDrawing3.vml",
        "xl/worksheets/sheet4.xml",
    }
    check_relations(put(RICH, NOTES))


def test_a_sheet_gets_one_element_at_the_place_the_format_wants_it():
    before, after = (
        parts(RICH)["xl/worksheets/sheet1.xml"],
        parts(put(RICH, NOTES))["xl/worksheets/sheet1.xml"],
    )
    [legacy] = [node for node in scan(after) if node.local == "legacyDrawing"]

    assert after[: legacy.start] + after[legacy.end :] == before
    check_order(after)
    assert after[legacy.end :].startswith(b"<tableParts")


def test_values_formats_and_views_are_as_before():
    out = put(RICH, NOTES)
    before, after = (opened(one) for one in (RICH, out))

    assert values_of(out) == values_of(RICH) | {"导入说明": [["导入说明"]]}
    for page in before:
        same = after[page.title]
        assert (same.freeze_panes, same.sheet_state) == (page.freeze_panes, page.sheet_state)
        assert [str(one) for one in same.merged_cells.ranges] == [
            str(one) for one in page.merged_cells.ranges
        ]
        assert {n: row.hidden for n, row in same.row_dimensions.items()} == {
            n: row.hidden for n, row in page.row_dimensions.items()
        }
        assert [cell._style for row in same.iter_rows() for cell in row] == [
            cell._style for row in page.iter_rows() for cell in row
        ]


def test_the_sheet_says_what_it_is_told_and_leads_to_cells():
    told = summary(
        [Cell("柳江区"), Cell("B2", "link", place("柳江区", "B2")), Cell(12)], [None, Cell("=1+1", "asked")]
    )

    page = opened(put(RICH, {}, told))["导入说明"]

    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["导入说明", None, None],
        ["柳江区", "B2", 12],
        [None, "=1+1", None],
    ]
    assert page["B3"].data_type == "s"
    assert (page["B2"].hyperlink.location, page.column_dimensions["A"].width) == ("'柳江区'!B2", 20)
    assert place("O'Neill", "A1") == "'O''Neill'!A1"


def test_what_was_handed_back_can_be_handed_back_again():
    once = put(RICH, NOTES)
    twice = put(once, {"柳江区": NOTES["柳江区"][:1], "旧批注": []})

    assert notes_of(twice, "柳江区") == {"B2": (AUTHOR, "柳州招商：\n金额（推定）：按万元读")}
    assert notes_of(twice, "旧批注") == notes_of(RICH, "旧批注")
    assert list(values_of(twice))[-2:] == ["导入说明", "导入说明 (2)"]
    # a box for each note, none left over
    boxes = parts(twice)["xl/drawings/vmlDrawing3.vml"]
    assert (boxes.count(b"<v:shape "), boxes.count(b"<x:Row>1</x:Row>")) == (1, 1)
    check_relations(twice)


def test_a_box_of_somebody_elses_note_grows_only_as_far_as_it_must():
    def height(content: bytes) -> list[bytes]:
        return re.findall(rb"height:([\d.]+p[xt])", parts(content)["xl/drawings/commentsDrawing1.vml"])

    content = by_openpyxl()
    once = put(content, {"外出招商": [Note(1, 0, ["甲" * 100])]})
    twice = put(once, {"外出招商": [Note(1, 0, ["甲" * 100])]})

    assert (height(content), height(once)) == ([b"79px"], [b"240px"])
    assert height(twice) == height(once)


def test_another_writers_prefixes_are_kept_to():
    content = by_openpyxl()

    out = put(content, {"外出招商": [Note(1, 0, ["甲"]), Note(2, 1, ["乙"])]})

    assert notes_of(out, "外出招商") == {
        "A1": ("台账", "第1次\n柳州招商：\n甲"),
        "B2": (AUTHOR, "柳州招商：\n乙"),
    }
    check_relations(out)
    before, after = parts(content), parts(out)
    assert before["xl/worksheets/sheet1.xml"] == after["xl/worksheets/sheet1.xml"]


def test_a_sheet_with_a_prefix_and_without_relations_gets_both():
    def prefixed(sheet: bytes) -> bytes:
        told = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", sheet)
        return told.replace(b'xmlns="', b'xmlns:x="').replace(b"x:xmlns", b"xmlns")

    book = openpyxl.Workbook()
    book.active["A1"] = 1
    plain = io.BytesIO()
    book.save(plain)
    content = changed(plain.getvalue(), {"xl/worksheets/sheet1.xml": prefixed})

    out = put(content, {"Sheet": [Note(1, 0, ["甲"])]})

    assert b'<x:legacyDrawing xmlns:r="http' in parts(out)["xl/worksheets/sheet1.xml"]
    assert notes_of(out, "Sheet") == {"A1": (AUTHOR, "柳州招商：\n甲")}


def test_words_of_cells_in_attributes_comments_and_texts_are_no_elements():
    """The end of the cells is where the parser says, not where the letters stand."""

    def tricky(sheet: bytes) -> bytes:
        return sheet.replace(b"</sheetData>", b"<!-- </sheetData><extLst> --></sheetData>")

    content = changed(RICH, {"xl/worksheets/sheet1.xml": tricky})

    check_order(parts(put(content, NOTES))["xl/worksheets/sheet1.xml"])
    assert set(notes_of(put(content, NOTES), "柳江区")) == {"B2", "D3"}


# --- What is refused -------------------------------------------------------------------------------


BILLION = b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]>'


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("xl/worksheets/sheet1.xml", lambda part: part.replace(b"<worksheet", BILLION + b"<worksheet", 1)),
        ("xl/comments1.xml", lambda part: part.replace(b"<comments", BILLION + b"<comments", 1)),
        ("xl/workbook.xml", lambda part: part.replace(b"<workbook", BILLION + b"<workbook", 1)),
        ("xl/worksheets/sheet1.xml", lambda part: part.decode().encode("utf-16")),
        ("xl/worksheets/sheet1.xml", lambda part: part[: len(part) // 2]),
        (
            "xl/worksheets/sheet1.xml",
            lambda part: part.replace(b"<sheetData>", b'<sheetData x="' + b"a" * 5_000_000 + b'">'),
        ),
        ("xl/drawings/vmlDrawing1.vml", lambda part: b"<xml>"),
        (
            "xl/_rels/workbook.xml.rels",
            lambda part: part.replace(b'Target="worksheets', b'Target="../../../etc'),
        ),
        (
            "xl/worksheets/_rels/sheet2.xml.rels",
            lambda part: part.replace(b'Target="', b'TargetMode="External" Target="'),
        ),
    ],
)
def test_a_package_that_is_better_left_alone_is_refused(part, change):
    with pytest.raises(CannotAnnotate):
        put(changed(RICH, {part: change}), NOTES)


def test_a_part_that_unpacks_without_end_is_carried_over_packed_or_refused():
    """What need not change is never unpacked; what must be read whole is read up to a limit."""
    bomb = b"\0" * (60 * 2**20)
    out = io.BytesIO(RICH)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/bomb.bin", bomb)

    assert len(put(out.getvalue(), NOTES)) < 200_000
    with pytest.raises(CannotAnnotate):
        put(changed(RICH, {"xl/comments1.xml": lambda part: part + b" " * (60 * 2**20)}), NOTES)


def test_a_sheet_that_is_not_there_is_refused():
    with pytest.raises(CannotAnnotate):
        put(RICH, {"没有": [Note(1, 0, ["甲"])]})


# --- Rebuilt ---------------------------------------------------------------------------------------


def test_a_format_without_notes_comes_back_as_a_new_workbook():
    sheets = [
        Sheet(
            "柳江区",
            rows=[
                Row(1, ("名称", "金额", "状态")),
                Row(2, ("=1+1", 5, True), is_hidden=True),
                Row(3, (None, Unreadable("error", "#REF!"))),
            ],
            merged=[Merged(2, 0, 3, 0)],
        ),
        Sheet("柳江区:旧", Visibility.VERY_HIDDEN),
    ]

    out = rebuilt(
        sheets, {"柳江区": [Note(3, 0, ["甲"]), Note(2, 0, ["甲", "乙"])]}, summary(), author=AUTHOR
    )

    book = opened(out)
    assert [(page.title, page.sheet_state) for page in book] == [
        ("柳江区", "visible"),
        ("柳江区_旧", "veryHidden"),
        ("导入说明", "visible"),
    ]
    assert [[cell.value for cell in row] for row in book["柳江区"].iter_rows()] == [
        ["名称", "金额", "状态"],
        ["=1+1", "5", True],
        [None, "#REF!", None],
    ]
    assert (book["柳江区"]["A2"].data_type, book["柳江区"].row_dimensions[2].hidden) == ("s", True)
    assert {where: text for where, (_who, text) in notes_of(out, "柳江区").items()} == {
        "A2": "柳州招商：\n甲\n乙"
    }


# --- Any text on any cell ----------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(1, 1_048_576), st.integers(0, 16_383)),
        st.text(min_size=1),
        min_size=1,
        max_size=8,
    )
)
def test_any_note_can_be_read_back(told):
    notes = [Note(row, column, [text]) for (row, column), text in told.items()]

    after = parts(put(BARE, {"Sheet": notes}))

    scan(after["xl/worksheets/sheet1.xml"])
    refs = [node.attribute("ref") for node in scan(after["xl/comments1.xml"]) if node.local == "comment"]
    assert sorted(map(place_of, refs)) == sorted(told)
    assert all(cell_at(*where) for where in told)


def bare() -> bytes:
    content = io.BytesIO()
    openpyxl.Workbook().save(content)
    return content.getvalue()


BARE = bare()


def test_the_order_of_elements_is_the_formats():
    assert set(ORDER[ORDER.index("legacyDrawing") + 1 :]) == AFTER_LEGACY
