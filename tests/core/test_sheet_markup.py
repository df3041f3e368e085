"""Tables that other systems export as a web page or as XML of 2003 and call .xls."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from core import files
from core.sheets import Limits, Merged, Unreadable, UnreadableWorkbook, Visibility, read_book

PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><title>导出</title>
<!--[if gte mso 9]><xml><x:ExcelWorksheet><x:Name>签约项目</x:Name></x:ExcelWorksheet></xml><![endif]-->
<style>td{mso-number-format:"\\@"}</style><script>document.write("<td>脚本</td>")</script></head><body>
<h2>柳北区签约项目</h2><table>
<tr><th rowspan=2>项目</th><th colspan="2">投资</th></tr>
<tr><th>总投资<br>（万元）</th><th>固投</th></tr>
<tr style="display:none"><td>&nbsp;甲<b>项目</b> </td><td x:num>5,000</td><td></td></tr>
<tr><td>乙&lt;1&gt;<td>6000
</table></body></html>"""

XML = """<?xml version="1.0" encoding="GB2312"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="台账"><Table><Column/><Column ss:Hidden="1" ss:Span="1"/>
<Row ss:Index="3" ss:Hidden="1"><Cell ss:MergeAcross="1" ss:MergeDown="1">
<Data ss:Type="String">甲<B>项目</B></Data>
<Comment><ss:Data>批注</ss:Data></Comment></Cell><Cell><Data ss:Type="Number">2.5</Data></Cell></Row>
<Row><Cell><Data ss:Type="DateTime">2025-03-15T00:00:00.000</Data></Cell>
<Cell ss:Index="5"><Data ss:Type="Boolean">1</Data></Cell>
<Cell><Data ss:Type="Error">#REF!</Data></Cell><Cell ss:Formula="=R1C1"/></Row></Table></Worksheet>
<Worksheet ss:Name="字典"><Table><Row><Cell><Data ss:Type="String">是</Data></Cell></Row></Table>
<x:WorksheetOptions xmlns:x="urn:schemas-microsoft-com:office:excel">
<x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>
</Worksheet></Workbook>"""


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def rows_of(sheet):
    return {row.number: row.values for row in sheet.rows}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_page_with_a_table_is_read_as_excel_lays_it_out(encoding):
    book = read_book(PAGE.encode(encoding))

    [sheet] = book.sheets
    assert (book.format, sheet.title) == ("html", "签约项目")
    assert rows_of(sheet) == {
        1: ("柳北区签约项目",),
        2: ("项目", "投资"),
        3: (None, "总投资\n（万元）", "固投"),
        4: ("甲项目", "5,000"),
        5: ("乙<1>", "6000"),
    }
    assert sheet.merged == [Merged(2, 0, 3, 0), Merged(2, 1, 2, 2)]
    assert [row.number for row in sheet.rows if row.is_hidden] == [4]


def test_tables_of_a_page_stand_one_below_the_other():
    book = read_book(
        "<table><tr><td>标题</td></tr></table>单位：万元<table><tr><td>项目<td>1</table>".encode()
    )

    assert rows_of(book.sheets[0]) == {1: ("标题",), 2: ("单位：万元",), 3: ("项目", "1")}


def test_an_xml_workbook_of_2003_is_read_with_what_is_hidden_and_merged():
    book = read_book(XML.encode("gb18030"))

    first, second = book.sheets
    day, error = datetime.date(2025, 3, 15), Unreadable("error", "#REF!")
    assert (book.format, first.title, second.visibility) == ("xml", "台账", Visibility.HIDDEN)
    assert rows_of(first) == {
        3: ("甲项目", None, Decimal("2.5")),
        4: (None, None, day, None, True, error, Unreadable("formula", "=R1C1")),
    }
    assert first.merged == [Merged(3, 0, 4, 1)]
    assert first.hidden_columns == {1, 2}
    assert [row.number for row in first.rows if row.is_hidden] == [3]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<html><body>请重新登录</body></html>", "This is a web page under the name of a workbook."),
        ("MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>", "This is a web page"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + XML.partition("?>")[2], "This is a web page"),
        (XML[:-20], "The workbook is damaged."),
        ("<table>" + "<tr>" + "<td rowspan=1000000>甲" * 9 + "</table>", "The workbook takes too much"),
        ("<table>" + "<tr><td>甲<td>乙" * 300 + "</table>", "Sheet “CSV” has more than 200 rows."),
    ],
)
def test_what_holds_no_table_or_too_much_is_refused(content, sentence):
    with pytest.raises(UnreadableWorkbook) as refused:
        read_book(content.encode(), Limits(rows=200))
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(("content", "is_taken"), [(PAGE, True), (XML, True), ("<html>登录</html>", False)])
def test_the_door_takes_exported_tables_and_no_other_pages(content, is_taken):
    upload = SimpleUploadedFile("导出.xls", content.encode())

    if is_taken:
        assert files.type_of(upload, door=files.LEDGERS) == files.XLS
        return
    with pytest.raises(files.BadFile):
        files.type_of(upload, door=files.LEDGERS)
