"""What offices really send: old formats, text, hidden parts, cells without a value; and what hurts."""

import csv
import datetime
import io
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter
from django.utils import translation

from core.sheets import Limits, Merged, Row, Unreadable, UnreadableWorkbook, Visibility, read_book
from tests.core.old_workbook import old_workbook, record
from tests.core.test_sheets import (
    DAMAGED,
    MAIN,
    OTHER,
    PACKAGE,
    RELATIONS,
    cell,
    package,
    refusal_of,
    sheet_xml,
)

DAY = datetime.date(2025, 3, 4)
STRICT = b"http://purl.oclc.org/ooxml/"
TEXTS = [("序号", "项目名称"), ("1", "甲项目，一期"), ("2", "第二行\n换行")]


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def written(rows, delimiter=","):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


def rows_of(content):
    return [row.values for row in read_book(content).sheets[0].rows]


def typed(rows, extra=None, **parts):
    return package(sheet_xml(rows), {**(extra or {}), **parts})


# --- Before 2007 -------------------------------------------------------------------------------


def test_an_old_workbook_is_read_with_what_is_hidden_merged_and_wrong():
    cells = {
        (0, 0): "项目名称",
        (0, 1): "总投资",
        (1, 0): "甲项目",
        (1, 1): 58000.5,
        (2, 1): b"\x17",
        (3, 0): "隐",
    }
    content = old_workbook({"台账": (cells, {3}, [(0, 0, 0, 1)]), "旧": ({(0, 0): "x"}, (), (), 2)})

    book = read_book(content)

    ledger, old = book.sheets
    assert (book.format, old.visibility) == ("xls", Visibility.VERY_HIDDEN)
    assert ledger.rows == [
        Row(1, ("项目名称", "总投资")),
        Row(2, ("甲项目", Decimal("58000.5"))),
        Row(3, (None, Unreadable("error", "#REF!"))),
        Row(4, ("隐",), is_hidden=True),
    ]
    assert ledger.merged == [Merged(1, 0, 1, 1)]


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"records": [record(0x2F, bytes(6))]}, "The workbook is protected by a password."),
        ({"names": ("EncryptedPackage", "EncryptionInfo")}, "The workbook is protected by a password."),
        ({"names": ("Workbook", "_VBA_PROJECT_CUR")}, "The workbook contains macros."),
        ({"names": ("WordDocument",)}, OTHER),
    ],
)
def test_other_files_of_that_time_are_refused_by_what_they_hold(about, sentence):
    assert refusal_of(old_workbook({"台账": ({(0, 0): "x"},)}, **about)).startswith(sentence)


@pytest.mark.parametrize("length", [600, 1000, 2000, 4000])
def test_a_cut_old_workbook_is_refused(length):
    content = old_workbook({"台账": ({(row, 0): "项目" * 20 for row in range(60)},)})

    assert refusal_of(content[:length]) == DAMAGED


def test_a_chain_of_sectors_that_bites_its_tail_ends():
    content = bytearray(old_workbook({"台账": ({(0, 0): "x"},)}))
    content[512 + 12 : 512 + 16] = (2).to_bytes(4, "little")  # the second sector of the stream leads back

    assert refusal_of(bytes(content)) == DAMAGED


# --- Text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_kept_as_text_are_read_in_what_excel_and_wps_write(encoding, delimiter):
    content = written(TEXTS, delimiter).encode(encoding)

    book = read_book(content)

    assert (book.format, book.sheets[0].title) == ("csv", "")
    assert [row.values for row in book.sheets[0].rows] == TEXTS


def test_rows_of_text_are_counted_as_excel_counts_them():
    content = '题目,\n\n序号,"项目\n名称"\n1,="0012"\n,\n2,甲\n'.encode()

    assert [(row.number, row.values) for row in read_book(content).sheets[0].rows] == [
        (1, ("题目",)), (3, ("序号", "项目\n名称")), (4, ("1", "0012")), (6, ("2", "甲")),
    ]  # fmt: skip


def test_a_quotation_mark_that_is_never_closed_is_refused_by_name():
    content = '序号,项目\n1,"甲\n'.encode() + "2,乙\n".encode() * 20_000

    assert refusal_of(content).startswith("A cell holds more than 32767 characters: a quotation mark")


def test_a_comma_within_a_number_moves_no_cell():
    lines = ["项目,投资额,签约", "甲,1200,2025-03-01", "乙,800,2025-03-02"]

    content = "\n".join([*lines, "丙,350,000,2025-03-03"]).encode()
    assert refusal_of(content).startswith("Row 4 has more cells than the others: a comma seems to stand")

    trimmed = ["序号,投资额,项目,签约,备注", *(f"{n},{n}50,甲,2025-03-0{n}" for n in range(1, 8))]
    assert len(rows_of("\n".join([*trimmed, "8,850,乙,2025-03-02,已开工"]).encode())[-1]) == 5
    quoted, noted = '丙,"350,000",2025-03-03', "丙,350,2025-03-03,又及"
    assert [len(row) for row in rows_of("\n".join([*lines, quoted, noted]).encode())] == [3, 3, 3, 3, 4]


def test_quotation_marks_without_end_cost_nothing():
    assert refusal_of(b'a,b\n"' + b'""' * 2_000_000).startswith("A cell holds more than 32767 characters")
    assert rows_of(b"a,b\n" + b'"""",""\n' * 1000)[1] == ('"',)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1,2,3\n\x00\x00",
        bytes(range(256)) * 20,
        b"\xff\xfe\x00",
        b"just a line",
    ],
)
def test_what_is_no_table_is_refused(content):
    assert refusal_of(content) == OTHER


def test_a_web_page_under_the_name_of_a_workbook_is_named():
    page = "\ufeff  <html><table><tr><td>项目</td></tr></table></html>".encode()

    assert refusal_of(page).startswith("This is a web page under the name of a workbook.")


def test_columns_without_end_are_refused():
    assert refusal_of(b"a" + b",a" * 500 + b"\n").startswith("Sheet “CSV” has more than 400 columns.")
    assert rows_of(b"a,b" + b", " * 20_000 + b"\n")[0][:2] == ("a", "b")


# --- What the reader does not tell --------------------------------------------------------------


def test_hidden_rows_and_columns_of_any_spelling_are_told():
    content = package(
        [
            '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">',
            '<x:cols><x:col min="2" max="3" hidden="1" width="8"/><x:col min="5" max="5"/></x:cols>',
            "<x:sheetData>",
            '<x:row r="2"><x:c r="A2"><x:v>1</x:v></x:c></x:row>',
            "<x:row r='4' hidden='true'><x:c r='A4'><x:v>2</x:v></x:c></x:row>",
            '<x:row hidden="1" r="7" ht="3"><x:c r="A7"><x:v>3</x:v></x:c></x:row>',
            '<x:row r="9" customHeight="1" hidden="0"><x:c r="A9"><x:v>4</x:v></x:c></x:row>',
            "</x:sheetData></x:worksheet>",
        ]
    )

    sheet = read_book(content).sheets[0]

    assert [(row.number, row.is_hidden) for row in sheet.rows] == [
        (2, False),
        (4, True),
        (7, True),
        (9, False),
    ]
    assert sheet.hidden_columns == {1, 2}


def test_a_filtered_list_hides_rows_that_are_told():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("台账")
        sheet.write_column(0, 0, ["产业", "汽车", "钢铁", "汽车"])
        sheet.autofilter(0, 0, 3, 0)
        sheet.filter_column(0, "x == 汽车")
        sheet.set_row(2, options={"hidden": True})
        book.add_worksheet("藏").hide()
        book.add_worksheet("深藏").very_hidden()

    sheets = read_book(file.getvalue()).sheets

    assert [(row.number, row.is_hidden) for row in sheets[0].rows] == [
        (1, False), (2, False), (3, True), (4, False),
    ]  # fmt: skip
    assert [sheet.visibility for sheet in sheets] == ["visible", "hidden", "very_hidden"]


def test_errors_and_formulas_without_a_value_are_told():
    rows = [
        '<row r="1"><c r="A1" t="e"><f>A9/0</f><v>#DIV/0!</v></c><c r="B1"><f>SUM(B2:B3)</f></c>',
        '<c r="C1"><f>1+1</f><v>2</v></c><c r="D1" t="str"><f>""</f><v></v></c></row>',
        '<row r="3"><c r="B3"><f>A1&amp;"x"</f><v></v></c><c r="C3" t="e"><v>#REF!</v></c></row>',
        '<row r="5"><c r="D5"><f t="shared" si="0"/></c></row>',
        f"<row><c><f>A1</f></c>{cell('B6', '甲')}</row>",
    ]

    assert [(row.number, row.values) for row in read_book(typed(rows)).sheets[0].rows] == [
        (1, (Unreadable("error", "#DIV/0!"), Unreadable("formula", "=SUM(B2:B3)"), Decimal(2))),
        (3, (None, Unreadable("formula", '=A1&"x"'), Unreadable("error", "#REF!"))),
        (5, (None, None, None, Unreadable("formula", "="))),
        (6, (Unreadable("formula", "=A1"), "甲")),
    ]


def test_days_counted_from_1904_are_read_so_and_a_sentence_says_it():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_datetime(0, 0, DAY, book.add_format({"num_format": "yyyy-mm-dd"}))

    book = read_book(file.getvalue())

    assert book.sheets[0].rows == [Row(1, (DAY,))]
    assert book.notes == ["The workbook counts its days from 1904; days were read so."]


def test_a_code_that_excel_took_for_a_number_shows_that_it_was_one():
    rows = ['<row r="1"><c r="A1"><v>9.1450200123456E+17</v></c><c r="B1"><v>13812345678</v></c></row>']

    ((code, phone),) = rows_of(typed(rows))

    assert (code, phone) == (Decimal("9.1450200123456E+17"), Decimal(13812345678))
    assert ["E" in str(one) for one in (code, phone)] == [True, False]


def test_a_strict_workbook_is_read():
    content = typed([f'<row r="1">{cell("A1", "甲")}</row>'])
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name).replace(MAIN.encode(), STRICT + b"spreadsheetml/main")
            new.writestr(name, part.replace(RELATIONS.encode(), STRICT + b"officeDocument/relationships"))

    assert rows_of(file.getvalue()) == [("甲",)]


def test_links_to_other_files_are_not_followed_but_said():
    link = '<externalLink xmlns="x"><externalBook/></externalLink>'
    rows = ['<row r="1"><c r="A1"><f>[1]Sheet1!A1</f><v>58</v></c></row>']

    book = read_book(typed(rows, {"xl/externalLinks/externalLink1.xml": link}))

    assert book.sheets[0].rows == [Row(1, (Decimal(58),))]
    assert book.notes[0].startswith("The workbook refers to other files. They were not fetched")


def test_titles_that_excel_does_not_allow_are_made_short_clean_and_different():
    cells = ({(0, 0): "x"},)
    content = bytearray(old_workbook({"甲乙": cells, "甲丙": cells, "甲\u200b丁": cells, "长" * 100: cells}))
    content = content.replace("甲丙".encode("utf-16-le"), "甲乙".encode("utf-16-le"))

    titles = [sheet.title for sheet in read_book(bytes(content)).sheets]

    assert titles == ["甲乙", "甲乙 (2)", "甲丁", "长" * 50]


# --- What hurts --------------------------------------------------------------------------------


def test_a_million_empty_styled_rows_hide_no_ledger():
    thousand = "".join(f'<row r="{{0}}{number:03}" s="1" ht="14"><c r="A{{0}}{number:03}" s="1"/></row>'
                       for number in range(1000))  # fmt: skip
    rows = [f'<row r="1">{cell("A1", "甲")}</row>', *(thousand.format(n) for n in range(1, 1001))]

    assert rows_of(typed(rows)) == [("甲",)]


def test_styled_columns_to_the_end_of_the_sheet_hide_no_ledger():
    styled = "".join(f'<c r="{letters}1" s="1"/>' for letters in ("ZZ", "AAA", "XFC", "XFD"))
    blank = cell("XFD2", " ")

    rows = [f'<row r="1">{cell("A1", "甲")}{styled}</row><row r="2">{cell("A2", "乙")}{blank}</row>']

    assert rows_of(typed(rows))[0][:1] == ("甲",)
    assert len(rows_of(typed(rows))[1]) <= 400


def test_one_long_text_in_countless_cells_is_refused_before_it_fills_the_memory():
    text = "长" * 30_000
    relations = (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{RELATIONS}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{RELATIONS}/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>'
    )
    rows = [f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 9001)]
    extra = {
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{text}</t></si></sst>',
        "xl/_rels/workbook.xml.rels": relations,
    }

    with pytest.warns(UserWarning, match="Duplicate name"):
        content = typed(rows, extra)

    assert refusal_of(content).startswith(("The workbook holds more than 50 million", "The workbook takes"))


def test_more_cells_than_any_ledger_are_refused():
    content = written([["甲"] * 20] * 30).encode()

    assert refusal_of(content, cells=500) == (
        "The workbook holds more than 500 cells. Split it and hand in the parts."
    )
    assert len(read_book(content, Limits(cells=600)).sheets[0].rows) == 30


def test_a_row_of_xml_without_end_is_refused():
    long = '<c r="A1" s="1"/>' * 60_000
    with pytest.raises(UnreadableWorkbook):
        read_book(typed(["<row r='1'>", *[long] * 80]))
