from dataclasses import replace

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sheets import Visibility
from ledgers.choices import QuestionKind, State
from ledgers.layout import lay_out, money_unit_asked
from ledgers.layout.heads import Names
from tests.ledgers.laid_out import KIND, laid, sheet

HEAD = ("序号", "项目名称", "投资方", "报送单位", "总投资（万元）", "签约时间")


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def line(number, name="泰星数控机床项目", unit="柳江区", amount=5800, day="2025.3.1"):
    return (number, name, f"{name}公司", unit, amount, day)


def fields(table):
    return {one.letter: one.field for one in table.columns if one.field}


def names(table):
    return [one.cells["name"].value for one in table.lines]


def values(table, field):
    return [one.cells[field].value if field in one.cells else None for one in table.lines]


def reasons(result):
    return [(one.row, one.reason) for one in result.skipped]


# --- The head ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", range(1, 9))
def test_the_head_is_found_in_each_of_the_first_eight_rows(row):
    above = [("鹿寨县招商引资签约项目台账",), *[(f"第{number}行说明",) for number in range(2, row)]][
        : row - 1
    ]

    result = laid(sheet(*above, HEAD, line(1)))

    assert fields(result.tables[0]) == {
        "B": "name", "C": "enterprise", "D": "unit", "E": "amount_wan", "F": "signed_on",
    }  # fmt: skip
    assert [one.number for one in result.tables[0].lines] == [row + 1]
    assert result.skipped == []


def test_a_head_is_known_whatever_spaces_width_and_brackets_it_is_written_with():
    head = ("序 号", "*项 目\n名　称（全称）", "企业名称 ", "２、县区", "计划总投资(亿元)", "签约日期：")

    assert fields(laid(sheet(head, line(1))).tables[0]) == {
        "B": "name", "C": "enterprise", "D": "unit", "E": "amount_wan", "F": "signed_on",
    }  # fmt: skip


def test_an_english_head_in_another_order_is_known():
    head = ("No.", "Signed on", "Investment (10,000 yuan)", "Investor", "Project")

    table = laid(sheet(head, (1, "2025/3/1", 5800, "甲公司", "甲项目"))).tables[0]

    assert fields(table) == {"B": "signed_on", "C": "amount_wan", "D": "enterprise", "E": "name"}


TWO = (
    ("序号", "项目名称", "企业信息", None, "县区", "投资额（亿元）", None, None, "签约日期"),
    (None, None, "企业名称", "统一社会信用代码", None, "合计", "其中：固投", "设备", None),
)
TWO_LINE = (1, "甲项目", "甲公司", "91450200MA0YJ18APF", "柳江区", 5, 3, 1, "2025.3.1")
TWO_FIELDS = {
    "B": "name", "C": "enterprise", "D": "uscc", "E": "unit", "F": "amount_wan", "G": "fixed_wan",
    "I": "signed_on",
}  # fmt: skip


@pytest.mark.parametrize(
    "merged",
    [
        [],
        [(2, 2, 2, 3), (2, 5, 2, 7), (2, 0, 3, 0), (2, 1, 3, 1), (2, 4, 3, 4), (2, 8, 3, 8), (1, 0, 1, 8)],
    ],
)
def test_two_levels_are_read_together_merged_or_not(merged):
    result = laid(sheet(("2025年上半年签约表",), *TWO, TWO_LINE, merged=merged))

    table = result.tables[0]
    assert fields(table) == TWO_FIELDS
    assert {one.field: one.money_unit for one in table.columns if one.money_unit} == {
        "amount_wan": "yi", "fixed_wan": "yi", "": "yi",
    }  # fmt: skip
    assert table.column("amount_wan").head == "投资额（亿元）/合计"
    assert (table.lines[0].number, table.title) == (4, "2025年上半年签约表")
    assert reasons(result) == [(3, "Column H (投资额（亿元）/设备) belongs to no field and was not read.")]


def test_halves_of_a_name_over_each_other_are_put_together():
    table = laid(
        sheet(
            ("项目", None, "签约", None, "总投资"),
            ("名称", "投资方", "时间", "协议类型", None),
            ("甲项目", "甲公司", "2025.3.1", "正式合同", "5.8亿"),
            merged=[(1, 0, 1, 1), (1, 2, 1, 3), (1, 4, 2, 4)],
        )
    ).tables[0]

    assert fields(table) == {
        "A": "name", "B": "enterprise", "C": "signed_on", "D": "contract", "E": "amount_wan",
    }  # fmt: skip
    assert names(table) == ["甲项目"]


def test_a_single_child_under_a_merged_head_is_a_level_too():
    head = (*HEAD[:4], "总投资（亿元）", None, "签约时间")
    below = (None, None, None, None, None, "其中：固投", None)
    told = sheet(head, below, (1, "甲项目", "甲公司", "柳江区", 5, 3, "2025.3.1"), merged=[(1, 4, 1, 5)])

    table = laid(told).tables[0]

    assert (table.column("amount_wan").letter, table.column("fixed_wan").letter) == ("E", "F")
    assert names(table) == ["甲项目"]


@pytest.mark.parametrize(
    ("upper", "lower", "field"),
    [
        ("企业信息", "名称", "enterprise"),
        ("企业", "名称", "enterprise"),
        ("投资方", "名称", "enterprise"),
        ("项目", "名称", "name"),
        ("签约情况", "时间", "signed_on"),
        ("开工情况", "时间", None),
        ("总投资", "金额（万元）", "amount_wan"),
        ("总投资", "（亿元）", "amount_wan"),
        ("投资额", "固投", "fixed_wan"),
        ("投资额", "设备", None),
    ],
)
def test_both_levels_say_what_a_column_holds(upper, lower, field):
    found = Names(KIND).fields((upper, lower))

    assert (found[0][1].name if found else None) == field


@pytest.mark.parametrize(
    ("head", "field"),
    [
        ("拟建项目名称", "name"),
        ("招商引资签约项目名称", "name"),
        ("牵头县区", "unit"),
        ("县区名称", "unit"),
        ("签约投资方全称", "enterprise"),
        ("主导产业", "task_force"),
        ("正式签约日期", "signed_on"),
        ("预计投资额（万元）", "amount_wan"),
        ("协议总投资", "amount_wan"),
        ("拟签约日期", None),
        ("预计签约日期", None),
        ("已完成投资额", None),
        ("签约地点", None),
    ],
)
def test_words_before_a_name_leave_it_the_same_or_make_it_another(head, field):
    found = Names(KIND).fields((head,))

    assert (found[0][1].name if found else None) == field


@pytest.mark.parametrize(
    ("before", "after", "letter", "state"),
    [
        ("去年同期", "本期", "F", State.SURE),
        ("计划投资", "已完成投资", "D", State.SURE),
        ("2024年", "2025年", "D", State.ASKED),
    ],
)
def test_amounts_of_another_time_are_not_the_amount(before, after, letter, state):
    table = laid(
        sheet(
            ("项目名称", "投资方", "县区", before, None, after, None, "签约日期"),
            (None, None, None, "总投资（万元）", "税收", "总投资（万元）", "税收", None),
            *[(f"{n}号项目", "甲公司", "柳江区", 5000, 1, 6000, 1, "2025.3.1") for n in range(3)],
            merged=[(1, 3, 1, 4), (1, 5, 1, 6), *((1, at, 2, at) for at in (0, 1, 2, 7))],
        )
    ).tables[0]

    assert (table.column("amount_wan").letter, table.column("amount_wan").state) == (letter, state)


def test_a_sum_under_an_unknown_head_is_asked_for():
    heads = ("项目名称", "投资方", "县区", "拟投入资金总额（万元）", "注册资本（万元）", "签约日期")
    rows = [(f"{n}号项目", "甲公司", "柳江区", 5000 + n, 100, "2025.3.1") for n in range(4)]

    result = laid(sheet(heads, *rows))

    assert result.questions[0].raw == "拟投入资金总额（万元）"
    assert result.tables[0].lines[0].cells["amount_wan"].state == State.ASKED


@pytest.mark.parametrize("merged", [[], [(1, at, 2, at) for at in (0, 1, 2, 3, 5)]])
def test_units_in_a_row_of_their_own_belong_to_the_head(merged):
    below = (None, None, None, None, "（亿元）", None)

    result = laid(sheet((*HEAD[:4], "总投资", HEAD[5]), below, line(1), merged=merged))

    assert [one.number for one in result.tables[0].lines] == [3]
    assert result.tables[0].column("amount_wan").money_unit == "yi"


def test_a_head_of_three_levels_with_a_gap_and_measures_in_its_last_row():
    result = laid(
        sheet(
            ("项目", None, "县区", "投资情况", None, None),
            [],
            ("名称", "投资方", None, "总投资", "固投", "完成率"),
            (None, None, None, "（万元）", "（万元）", "%"),
            ("甲项目", "甲公司", "柳江区", 5000, 3000, 0.5),
            merged=[(1, 0, 1, 1), (1, 3, 1, 5), (1, 2, 4, 2)],
        )
    )

    assert [one.number for one in result.tables[0].lines] == [5]
    assert fields(result.tables[0]) == {
        "A": "name", "B": "enterprise", "C": "unit", "D": "amount_wan", "E": "fixed_wan",
    }  # fmt: skip
    assert result.tables[0].column("amount_wan").money_unit == "wan"


def test_groups_that_name_nothing_themselves_are_a_level_all_the_same():
    table = laid(
        sheet(
            ("全市签约表",),
            ("基本情况", None, "投资情况（亿元）", None, "签约情况", None),
            ("项目名称", "投资方", "总投资", "固投", "时间", "单位"),
            ("甲项目", "甲公司", 5, 3, "2025.3.1", "柳江区"),
            merged=[(1, 0, 1, 5), (2, 0, 2, 1), (2, 2, 2, 3), (2, 4, 2, 5)],
        )
    ).tables[0]

    assert fields(table)["E"] == "signed_on"
    assert (table.lines[0].places["amount_wan"].money_unit, table.title) == ("yi", "全市签约表")


def test_numbers_of_columns_and_heads_on_every_page_are_no_lines():
    result = laid(sheet(HEAD, ("甲", 1, 2, 3, 4, 5), line(1), HEAD, line(2)))

    assert [one.number for one in result.tables[0].lines] == [3, 5]
    assert [row for row, _ in reasons(result)] == [2, 4]


def test_two_tables_of_one_sheet_are_read_by_their_own_heads():
    result = laid(
        sheet(
            HEAD, line(1), ("合计", None, None, None, 5800), [], ("二、非工业项目",),
            ("序号", "项目名称", "总投资（亿元）", "投资方", "签约日期", "县区"),
            (1, "乙项目", 2, "乙公司", "2025.4.1", "柳城县"), ("合计", None, 2),
        )
    )  # fmt: skip

    assert [names(table) for table in result.tables] == [["泰星数控机床项目"], ["乙项目"]]
    assert [table.column("amount_wan").letter for table in result.tables] == ["E", "C"]
    assert [[str(one.value) for one in table.stated] for table in result.tables] == [["5800"], ["2"]]


def test_the_heading_over_a_second_table_names_its_unit_of_money():
    result = laid(
        sheet(
            HEAD, line(1), ("二、增资项目（单位：亿元）",),
            ("序号", "项目名称", "投资额", "投资方", "签约日期", "县区"),
            (1, "乙项目", 2, "乙公司", "2025.4.1", "柳城县"),
        )
    )  # fmt: skip

    [second] = result.tables[1].lines
    assert second.places["amount_wan"].money_unit == "yi"
    assert second.place.section == "二、增资项目（单位：亿元）"


# --- Units of money, years ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "head", "note", "unit"),
    [
        ("台账", "总投资（万元）", "", "wan"),
        ("台账", "总投资(亿)", "", "yi"),
        ("台账", "总投资/万元", "", "wan"),
        ("台账", "总投资\n（单位：元）", "", "yuan"),
        ("台账", "总投资", "", ""),
        ("单位：万元", "总投资", "", "wan"),
        ("填报单位：鹿寨县　单位：亿元　共3个", "总投资", "", "yi"),
        ("金额单位： 万元（人民币）", "总投资", "", "wan"),
        ("计量单位：个、亿元、%", "总投资", "", "yi"),
        ("签约项目表（亿元）", "总投资", "", "yi"),
        ("单位：万元", "总投资（亿元）", "", "yi"),
        ("（单位见各项目）", "总投资", "", ""),
        ("单位：万元/万美元", "总投资", "", ""),
        ("填报单位：元宝区", "总投资", "", ""),
        ("台账", "总投资（万美元）", "", ""),
        ("台账", "Investment (10,000 yuan)", "", "wan"),
        ("台账", "Investment (RMB 100 million)", "", "yi"),
        ("台账", "总投资", "注：金额单位为万元。", "wan"),
    ],
)
def test_the_unit_of_money_comes_from_head_title_or_note(title, head, note, unit):
    rows = [(title,), (*HEAD[:4], head, HEAD[5]), line(1)]

    table = laid(sheet(*rows, *([(note,)] if note else []))).tables[0]

    assert table.lines[0].places["amount_wan"].money_unit == unit


def test_the_unit_of_money_in_a_cell_of_its_own_is_no_level_of_the_head():
    told = sheet(
        ("2025年签约表",), (None, None, None, None, "单位：亿元"), (*HEAD[:4], "总投资", HEAD[5]), line(1)
    )

    table = laid(told).tables[0]

    assert table.lines[0].places["amount_wan"].money_unit == "yi"
    assert table.column("amount_wan").head == "总投资"


def test_the_unit_of_money_may_have_been_answered():
    told = sheet((*HEAD[:4], "总投资", HEAD[5]), line(1))
    place = laid(told).tables[0].lines[0].places["amount_wan"]

    answers = {(QuestionKind.MONEY_UNIT, "amount_wan", money_unit_asked(place)): "yi"}

    assert laid(told, answers=answers).tables[0].lines[0].places["amount_wan"].money_unit == "yi"


def test_years_are_those_of_title_sheet_and_file():
    told = sheet(("2025年上半年台账（截至20250630）",), HEAD, line(1), title="24年结转")

    assert laid(told, file_name="鹿寨县 2026-06.xlsx").tables[0].lines[0].place.years == (2025, 2024, 2026)


# --- What is no line ---------------------------------------------------------------------------


def test_sections_totals_and_notes_are_told_and_sections_surround_their_lines():
    result = laid(
        sheet(
            HEAD,
            ("一、工业项目",),
            ("（一）钢铁（有色金属）产业（2个）",),
            line(1, "甲项目"), line(2, "乙项目"),
            (None, "小  计", None, None, 11600),
            ("（二）汽车产业",), line(1, "丙项目"),
            (None, "小计", None, None, 5800),
            ("二", "非工业项目（1个）"), line(1, "丁项目"),
            ("总　计", "4个", None, None, 23200),
            ("注：1.总投资以合同为准。",), ("2.每月25日前报送。",),
            ("填报人：张三", None, "审核人：李四", "电话：0772-1234567"),
        )
    )  # fmt: skip

    table = result.tables[0]
    assert names(table) == ["甲项目", "乙项目", "丙项目", "丁项目"]
    assert [one.place.section for one in table.lines] == [
        *["一、工业项目 / （一）钢铁（有色金属）产业（2个）"] * 2,
        "一、工业项目 / （二）汽车产业",
        "二非工业项目（1个）",
    ]
    assert reasons(result) == [
        (2, "A section: 一、工业项目"),
        (3, "A section: （一）钢铁（有色金属）产业（2个）"),
        (6, "A subtotal: 小 计 11600"),
        (7, "A section: （二）汽车产业"),
        (9, "A subtotal: 小计 5800"),
        (10, "A section: 二 非工业项目（1个）"),
        (12, "A total: 总 计 4个 23200"),
        (13, "A note: 注：1.总投资以合同为准。"),
        (14, "A note: 2.每月25日前报送。"),
        (15, "A note: 填报人：张三 审核人：李四 电话：0772-1234567"),
    ]
    assert [(str(one.value), one.row, one.letter) for one in table.stated] == [("23200", 12, "E")]


@pytest.mark.parametrize(
    "section",
    [
        ("一、钢铁产业（12个）",),
        (None, "一、钢铁产业（12个）"),
        (None, "钢铁产业"),
        ("钢铁产业",),
        ("一", "钢铁产业"),
        ("（一）", "钢铁产业", None, None, 5800),
        ("第一批", None, None, None, None, None),
        ("1、工业项目（12个）",),
        ("II", "非工业"),
        (None, "服务业项目"),
        (None, "（以下为续建项目）"),
    ],
)
def test_a_section_may_be_written_in_many_ways(section):
    result = laid(sheet(HEAD, section, line(1), line(2)))

    assert [one.number for one in result.tables[0].lines] == [3, 4]
    assert (
        "".join(part for part in section if isinstance(part, str)) == result.tables[0].lines[0].place.section
    )


def test_a_unit_with_the_sum_of_its_projects_is_a_section():
    result = laid(sheet(HEAD, (None, "柳城县", None, None, 11600), line(1), line(2)))

    assert [one.number for one in result.tables[0].lines] == [3, 4]
    assert result.tables[0].lines[0].place.section == "柳城县"


def test_a_unit_with_the_number_of_its_projects_is_a_section():
    result = laid(
        sheet(HEAD, ("柳江区", "2个", None, None, 11600), line(1), line(2), ("柳城县", "1个"), line(1))
    )

    assert [one.place.section for one in result.tables[0].lines] == ["柳江区", "柳江区", "柳城县"]


@pytest.mark.parametrize(
    "row",
    [
        (1, "钢铁产业园项目"),
        (None, "螺蛳粉自动化产线项目"),
        (None, "某某项目", None, None, 5800),
        ("一", "合计数据中心项目", "甲公司", "柳江区", 5800),
        ("①", "小计科技项目", "甲公司", "柳江区"),
        ("1-1", "备注打印设备项目", "甲公司", "柳江区"),
        (1, None, "甲公司", "柳江区", 5800, "2025.3.1"),
        (1, "注塑机项目", "注塑公司", "柳江区", 5800, "2025.3.1"),
    ],
)
def test_a_row_with_gaps_stays_a_line(row):
    result = laid(sheet(HEAD, line(1), row, line(3)))

    assert [one.number for one in result.tables[0].lines] == [2, 3, 4]
    assert result.skipped == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [("分管领导（签字）：", None, "填表人：李四", "2025年6月30日")]),
        ([], [("填表日期：2025年6月30日",)]),
        ([], [("合计", None, None, None, 5800), (None, "其中：工业项目", None, None, 5800)]),
        ([(None, "填写全称", "与营业执照一致", "下拉选择", "保留两位小数", "格式：2025.1.1")], []),
        ([("示例", "XX项目", "XX公司", "鹿寨县", 100, "2025.1.1")], []),
        ([], [("无", "无", "无", "/", "—")]),
        ([], [("本月无新签约项目",)]),
    ],
)
def test_what_stands_around_the_lines_is_none(before, after):
    result = laid(sheet(HEAD, *before, line(1), *after))

    assert names(result.tables[0]) == ["泰星数控机床项目"]
    assert len(result.skipped) == len(before) + len(after)


def test_serial_numbers_alone_and_spaces_alone_are_told_as_empty():
    result = laid(sheet(HEAD, line(1), (2,), ("3-1", "  ", None), (None, " "), line(4)))

    assert [one.number for one in result.tables[0].lines] == [2, 6]
    assert [row for row, _ in reasons(result)] == [3, 4, 5]


def test_hidden_rows_are_lines_that_are_marked():
    told = sheet(HEAD, line(1), line(2))
    told.rows[1] = type(told.rows[1])(2, told.rows[1].values, is_hidden=True)

    assert [one.is_hidden for one in laid(told).tables[0].lines] == [True, False]


@pytest.mark.parametrize(
    ("rows", "stated"),
    [
        ([("合计", None, None, None, 11600), line(1), line(2)], ["11600"]),
        ([line(1), line(2), ("合计", None, None, None, "11,600")], ["11,600"]),
        ([line(1), line(2), ("合计", None, None, None, None)], []),
        ([line(1), ("柳江区小计", None, None, None, 5800), line(2), ("小计", None, None, None, 5800)],
         ["5800", "5800"]),
        ([line(1), ("合计", None, None, None, 5800), line(2), ("合计", None, None, None, 5700),
          ("合计", None, None, None, 11500)], ["11500"]),
        ([("总计", None, None, None, 11600), line(1), line(2), ("总计", None, None, None, 11600)], ["11600"]),
        ([line(1), line(2), ("全市合计（2个）", None, None, None, 11600)], ["11600"]),
        ([line(1), line(2), (None, None, None, "合计：", 11600)], ["11600"]),
        ([line(1), line(2), (None, "本月小计", None, None, 11600), (None, "1-3月累计", None, None, 99000)],
         ["11600"]),
        ([line(1), line(2), (None, "合计", None, None, 11600), (None, "去年同期合计", None, None, 9000)],
         ["11600"]),
    ],
)  # fmt: skip
def test_the_sum_a_sheet_states(rows, stated):
    table = laid(sheet(HEAD, *rows)).tables[0]

    assert [str(one.value) for one in table.stated] == stated
    assert len(table.lines) == 2


# --- Sheets ------------------------------------------------------------------------------------


def test_sheets_that_are_none_of_the_ledgers_are_told_with_the_reason():
    copy = sheet(HEAD, *[line(n, f"{n}号项目") for n in range(1, 5)], line(5, "已删除项目"), title="Sheet3")
    result = laid(
        sheet(("各单位签约情况汇总表",), ("单位", "项目数", "合同投资额（亿元）"), ("柳江区", 3, 5.8),
              title="汇总"),
        sheet(HEAD, *[line(n, f"{n}号项目") for n in range(1, 5)], title="柳江区"),
        sheet(HEAD, line(1, "旧项目"), title="旧表", visibility=Visibility.VERY_HIDDEN),
        sheet(HEAD, line(1, "藏项目"), title="藏表", visibility=Visibility.HIDDEN),
        sheet(("通知",), ("请各单位按时报送。",), title="说明"),
        sheet(title="Sheet2"),
        copy,
    )  # fmt: skip

    assert [table.sheet for table in result.tables] == ["柳江区"]
    assert [(one.sheet, one.row, one.reason.split(";")[0]) for one in result.skipped] == [
        ("汇总", 0, "A summary"),
        ("旧表", 0, "The sheet is hidden so that no menu of Excel shows it"),
        ("藏表", 0, "The sheet is hidden"),
        ("说明", 0, "No head with “项目名称” stands in its first rows"),
        ("Sheet2", 0, "The sheet is empty."),
        ("Sheet3", 0, "A copy by its name: 4 of its 5 rows stand in other sheets too. It was not read"),
    ]


def test_a_form_for_one_project_is_no_list():
    form = sheet(
        ("项目信息卡",), ("项目名称", "甲项目", "投资方", "甲公司"),
        ("总投资", "5000", "签约时间", "2025.3.1"), ("县区", "柳江区", "产业", "汽车"), title="卡",
    )  # fmt: skip

    result = laid(form, sheet(HEAD, line(1), HEAD, line(2)))

    assert [(table.sheet, len(table.lines)) for table in result.tables] == [("台账", 2)]
    assert ("卡", 0, "A form for one project") in [
        (one.sheet, one.row, one.reason.partition(",")[0]) for one in result.skipped
    ]


def test_the_sheet_of_all_beside_one_for_each_unit_is_not_read_twice():
    def part(unit):
        return [line(n, f"{unit}{n}号项目", unit) for n in range(1, 4)]

    result = laid(
        sheet(HEAD, *part("柳江区"), *part("柳城县"), title="全市"),
        sheet(HEAD, *part("柳江区"), title="柳江区"),
        sheet(HEAD, *part("柳城县"), title="柳城县"),
    )

    assert [table.sheet for table in result.tables] == ["柳江区", "柳城县"]
    assert [(one.sheet, one.row) for one in result.skipped] == [("全市", 0)]


def test_a_list_of_something_else_that_names_projects_is_no_ledger_of_them():
    head = (
        "序号",
        "项目名称",
        "问题类别",
        "问题描述",
        "责任部门",
        "提出日期",
        "目前进展",
        "办结日期",
        "办理结果",
    )
    issues = sheet(
        head, (1, "甲项目", "用地", "缺指标", "自规局", "2025.3.1", "已办结", None, None), title="问题"
    )

    result = laid(issues, sheet(HEAD, line(1)))

    assert [table.sheet for table in result.tables] == ["台账"]
    assert [(one.sheet, one.row) for one in result.skipped] == [("问题", 0)]


def test_a_share_beside_its_projects_makes_no_summary():
    heads = ("拟建工程", "投资方", "县区", "产业", "总投资（万元）", "签约日期", "占比")

    result = laid(sheet(heads, ("甲项目", "甲公司", "柳江区", "汽车", 5000, "2025.3.1", 0.1)))

    assert len(result.tables) == 1


def test_a_column_of_projects_that_counts_them_makes_a_summary():
    counted = sheet(("单位", "项目", "总投资"), ("柳江区", 3, 5.8), ("柳城县", 4, 2), title="各县区")

    result = laid(counted, sheet(HEAD, line(1)))

    assert [table.sheet for table in result.tables] == ["台账"]
    assert [(one.sheet, one.row) for one in result.skipped] == [("各县区", 0)]


def test_parts_beside_a_larger_sheet_of_all_go_and_the_first_of_two_alike_stays():
    rows = [line(n, f"{n}号项目") for n in range(1, 8)]
    whole = sheet(HEAD, *rows, title="Sheet1")

    assert [one.sheet for one in laid(whole, sheet(HEAD, *rows[:4], title="工业")).tables] == ["Sheet1"]
    twice = [sheet(HEAD, *rows, title=title) for title in ("台账", "六月")]
    assert [one.sheet for one in laid(*twice).tables] == ["台账"]


def test_an_old_copy_with_other_amounts_is_known_by_its_name_alone():
    now = sheet(HEAD, *[line(n, f"{n}号项目") for n in range(1, 5)], title="台账")
    rows = [line(n, f"{n}号项目", amount=1) for n in range(1, 5)]

    assert [one.sheet for one in laid(now, sheet(HEAD, *rows, title="Sheet3")).tables] == ["台账"]
    assert len(laid(now, sheet(HEAD, *rows, title="二期")).tables) == 2


def test_sheets_of_single_months_are_all_read():
    months = [sheet(HEAD, line(1, f"{n}月项目"), title=f"{n}月") for n in range(1, 7)]

    assert [names(table)[0] for table in laid(*months).tables] == [f"{n}月项目" for n in range(1, 7)]


def test_a_table_kept_as_text_is_called_by_its_file():
    result = laid(sheet(HEAD, line(1), title=""), file_name="鹿寨县 2025-06.csv")

    assert (result.tables[0].sheet, result.tables[0].lines[0].place.sheet) == ("鹿寨县 2025-06",) * 2


def test_the_layout_is_that_of_the_heads_alone():
    def layout(head, *sheets):
        return laid(*[sheet(("台账",), head, line(1, title), title=title) for title in sheets]).layout

    spaced = tuple(f" {text} " for text in HEAD)
    assert layout(HEAD, "柳江区") == layout(spaced, "柳城县", "鹿寨县") != ""
    assert layout((*HEAD[:4], "总投资（亿元）", HEAD[5]), "柳江区") != layout(HEAD, "柳江区")


# --- Columns -----------------------------------------------------------------------------------


def test_a_head_that_says_little_more_is_taken_with_a_sentence():
    table = laid(sheet((*HEAD[:4], "项目总投资额（万元）", HEAD[5]), line(1))).tables[0]

    cell = table.lines[0].cells["amount_wan"]
    assert (cell.letter, cell.state) == ("E", State.ASSUMED)
    assert cell.sentence == "“项目总投资额（万元）” was taken for “总投资”."


def test_a_column_without_a_head_is_known_by_its_cells():
    rows = [(n, f"{n}号项目", f"{n}公司", "柳江区", 5800, f"2025.3.{n}") for n in range(1, 6)]

    table = laid(sheet((*HEAD[:5], None), *rows)).tables[0]

    assert (table.column("signed_on").letter, table.column("signed_on").state) == ("F", State.ASSUMED)


def test_a_field_that_must_be_there_is_asked_for_and_the_answer_holds():
    rows = [(n, f"{n}号项目", f"{n}公司", "柳江区", 5800, f"2025.3.{n}") for n in range(1, 6)]
    told = sheet((*HEAD[:5], "落地"), *rows)

    asked = laid(told)

    assert [(one.kind, one.raw, one.cells, one.example) for one in asked.questions] == [
        ("column", "落地", 5, "台账!F2")
    ]
    assert [value for value, _ in asked.questions[0].choices][:1] == ["signed_on"]
    assert {one.cells["signed_on"].state for one in asked.tables[0].lines} == {State.ASKED}

    answered = laid(told, answers={(QuestionKind.COLUMN, "", "落地"): "signed_on"})
    assert answered.questions == []
    assert {one.cells["signed_on"].state for one in answered.tables[0].lines} == {State.SURE}

    none = laid(told, answers={(QuestionKind.COLUMN, "", "落地"): ""})
    assert (none.questions, none.tables[0].column("signed_on")) == ([], None)
    assert reasons(none) == [(1, "Column F (落地) belongs to no field and was not read.")]


def test_a_column_that_looks_like_several_fields_is_asked_for():
    kind = replace(
        KIND, fields=(*KIND.fields, replace(KIND.field("signed_on"), name="start", heads=("开工",)))
    )
    rows = [(n, f"{n}号项目", f"{n}公司", "柳江区", 5800, f"2025.3.{n}") for n in range(1, 6)]

    result = lay_out([sheet((*HEAD[:5], "日子"), *rows)], kind)

    assert [[value for value, _ in one.choices][:2] for one in result.questions] == [["signed_on", "start"]]
    assert result.tables[0].column("signed_on") is None


def test_the_same_question_of_several_sheets_is_asked_once():
    rows = [(n, f"{n}号项目", f"{n}公司", "柳江区", 5800, f"2025.3.{n}") for n in range(1, 6)]
    sheets = [
        sheet((*HEAD[:5], "落地"), *[(n, f"{title}{name}", *rest) for n, name, *rest in rows], title=title)
        for title in ("柳江区", "柳城县")
    ]

    assert [(one.raw, one.cells) for one in laid(*sheets).questions] == [("落地", 10)]


def test_a_second_column_of_a_field_and_unknown_ones_are_told():
    head = (*HEAD, "项目名称", "备注", "附件")

    result = laid(sheet(head, (*line(1), "另名", "见附件"), hidden_columns=frozenset({4})))

    assert names(result.tables[0]) == ["泰星数控机床项目"]
    assert reasons(result) == [
        (1, "Column E (总投资（万元）) is hidden; it was read all the same."),
        (1, "Column G (项目名称) belongs to no field and was not read."),
        (1, "Column H (备注) belongs to no field and was not read."),
    ]


# --- Filling down ------------------------------------------------------------------------------


def test_a_merged_cell_holds_for_all_its_rows():
    rows = [line(n, f"{n}号项目", "柳江区" if n == 1 else None) for n in range(1, 5)]

    table = laid(sheet(HEAD, *rows, merged=[(2, 3, 4, 3)])).tables[0]

    assert values(table, "unit")[:3] == ["柳江区"] * 3
    assert [(one.state, one.row) for one in (each.cells["unit"] for each in table.lines[:3])] == [
        (State.SURE, 0),
        (State.SURE, 2),
        (State.SURE, 2),
    ]


def test_what_is_written_once_holds_until_the_next_or_the_section_ends():
    rows = [
        line(1, unit="柳江区"), line(2, unit=None), ("二、汽车产业",), line(3, unit=None),
        line(4, unit="柳城县"), line(5, unit=" "),
    ]  # fmt: skip

    table = laid(sheet(HEAD, *rows)).tables[0]

    assert values(table, "unit") == ["柳江区", "柳江区", None, "柳城县", "柳城县"]
    filled = table.lines[1].cells["unit"]
    assert (filled.state, filled.row, filled.sentence) == (
        State.ASSUMED, 2, "The cell is empty; “柳江区” of row 2 above was taken.",
    )  # fmt: skip


def test_one_gap_where_every_row_repeats_its_unit_is_left_a_gap():
    units = ["柳江区", "柳江区", None, "柳城县", "柳城县"]

    table = laid(sheet(HEAD, *[line(n, unit=unit) for n, unit in enumerate(units, start=1)])).tables[0]

    assert values(table, "unit") == units


def test_ditto_means_the_row_above():
    table = laid(sheet(HEAD, line(1), (2, "乙项目", "同上", "〃", 1, "2025.3.1"))).tables[0]

    cells = table.lines[1].cells
    assert (cells["enterprise"].value, cells["unit"].value) == ("泰星数控机床项目公司", "柳江区")
    assert cells["unit"].state == State.ASSUMED


# --- Whatever stands in a sheet ----------------------------------------------------------------

TOLD = st.sampled_from(
    [None, None, "", " ", *HEAD, "合计", "小  计", "总计：", "一、钢铁产业（12个）", "（一）", "备注：",
     "2.按月报送", "柳江区", "甲公司", "甲项目", "同上", "5.8亿", "2025.1", "①", "=1", "—", "\u200b", "\n",
     "9" * 300, "(" * 50, 0, 1, 5800, 2.5]
)  # fmt: skip
ROWS = st.lists(st.lists(TOLD | st.text(max_size=12), max_size=8), min_size=0, max_size=14)
RANGES = st.lists(
    st.tuples(st.integers(1, 14), st.integers(0, 8), st.integers(0, 4), st.integers(0, 8)), max_size=4
)


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, RANGES)
def test_every_row_below_a_head_is_a_line_or_told(above, below, ranges):
    merged = [(top, left, top + down, left + across) for top, left, down, across in ranges]
    rows = [*above[:5], HEAD, *below]

    result = laid(sheet(*rows, merged=merged))

    lines = {one.number for table in result.tables for one in table.lines}
    told = {one.row for one in result.skipped}
    heads = {one.row for one in result.skipped if one.reason.startswith("Column")}
    if result.tables:
        first = min(lines | told | {len(rows)})
        filled = {n for n, row in enumerate(rows, start=1) if any(str(one or "").strip() for one in row)}
        unsaid = {n for n in filled if n > first} - lines - told
        assert all(set(map(str, rows[n - 1])) & set(HEAD) for n in unsaid)
        assert not lines & (told - heads)
    else:
        assert told == {0}
