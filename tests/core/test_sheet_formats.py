"""A unit or a month that stands in no cell but in its number format."""

import datetime
import io
import struct
from decimal import Decimal

import openpyxl
import pytest

from core.sheets import read_book
from core.sheets_formats import shape_of
from tests.core.old_workbook import old_workbook, record


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('0.00"亿元"', "25000亿元"),
        ('#,##0.00"万元";[Red]-#,##0.00"万元"', "25000万元"),
        ("General\\万", "25000万"),
        ("#,##0.0元", "25000元"),
        ('0.00_ "万"', "25000万"),
        ('0!.0,"万元"', "2.5万元"),
        ('0"."0,"万元"', "2.5万元"),
        ('0!.00,,"亿"', "0.00025亿"),
        ('#,##0,,"百万元"', "0.025百万元"),
        ('[$$-409]#,##0"万美元"', "$25000万美元"),
        ('"$"#,##0.00', "$25000"),
        ("[$€-2] #,##0.00", "€25000"),
    ],
)
def test_a_format_that_names_a_unit_shows_the_number_with_it(code, shown):
    assert shape_of(code).shown(25000) == shown


@pytest.mark.parametrize(
    "code",
    [
        *("General", "0.00", "#,##0", "@", "0%", "0.00E+00", "h:mm", "mm:ss", 'm"月"d"日"', "yyyy/m/d h:mm"),
        *('0"个"', "¥#,##0.00", "[$￥-804]#,##0.00", '_ ¥* #,##0.00_ ;_ ¥* "-"??_ ;_ @_ '),
        *('[>=10000]0!.0,"万";0', '0"亿"0"万"', "[$-804]yyyy年m月d日", ""),
    ],
)
def test_other_formats_say_nothing(code):
    assert shape_of(code) is None


@pytest.mark.parametrize("code", ['yyyy"年"m"月"', "yyyy-mm", "[$-804]yyyy/m;@", "mmm-yy", 'm"月"'])
def test_the_first_of_a_month_that_is_shown_as_the_month_is_no_day(code):
    shape = shape_of(code)

    assert shape.shown(datetime.date(2025, 3, 1)) == "2025年3月"
    assert shape.shown(45717.0) == "2025年3月"
    assert shape.shown(datetime.date(2025, 3, 15)) == datetime.date(2025, 3, 15)
    assert shape.shown("3月") == "3月"


def test_formats_of_an_xlsx():
    book = openpyxl.Workbook()
    sheet = book.active
    for place, (value, code) in enumerate(
        [(2.12, '0.00"亿元"'), (-3, '0"万元"'), (2.5, "0.00"), ("文", '0"万元"')], start=2
    ):
        sheet.cell(3, place, value).number_format = code
    sheet.cell(5, 3, datetime.date(2025, 3, 1)).number_format = "yyyy-mm"
    sheet.cell(5, 4, datetime.date(2025, 3, 1)).number_format = "yyyy-mm-dd"
    file = io.BytesIO()
    book.save(file)

    [third, fifth] = read_book(file.getvalue()).sheets[0].rows
    assert third.values == (None, "2.12亿元", "-3万元", Decimal("2.5"), "文")
    assert fifth.values == (None, None, "2025年3月", datetime.date(2025, 3, 1))


def test_formats_of_an_old_workbook():
    code = '0.00"亿元"'
    told = record(0x41E, struct.pack("<HHB", 164, len(code), 1) + code.encode("utf-16-le"))
    told += record(0xE0, struct.pack("<HH", 0, 164) + bytes(16))
    content = old_workbook({"台账": ({(0, 0): 2.12, (0, 1): "文"},)}, records=[told])

    assert read_book(content).sheets[0].rows[0].values == ("2.12亿元", "文")


def test_formats_of_an_xml_workbook():
    spreadsheet = "urn:schemas-microsoft-com:office:spreadsheet"
    content = f"""<s:Workbook xmlns:s="{spreadsheet}"><s:Styles><s:Style s:ID="m">
    <s:NumberFormat s:Format="0.00&quot;亿元&quot;"/></s:Style></s:Styles><s:Worksheet s:Name="a"><s:Table>
    <s:Row><s:Cell s:StyleID="m"><s:Data s:Type="Number">2.12</s:Data></s:Cell></s:Row>
    </s:Table></s:Worksheet></s:Workbook>"""

    assert read_book(content.encode()).sheets[0].rows[0].values == ("2.12亿元",)
