"""Notices of days off as they are pasted."""

import pytest
from django.utils import translation

from core.notice_text import ranges, read

NOTICE_2026 = """国务院办公厅关于2026年部分节假日安排的通知
国办发明电〔2025〕7号
各省、自治区、直辖市人民政府，国务院各部委、各直属机构：
　　经国务院批准，现将2026年部分节假日放假调休日期的具体安排通知如下。
　　一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
　　二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
　　三、清明节：4月4日（周六）至6日（周一）放假，共3天。
　　四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
　　五、端午节：6月19日（周五）至21日（周日）放假，共3天。
　　六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
　　七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
　　节假日期间，各地区、各部门要妥善安排好值班和安全、保卫等工作。
国务院办公厅
2025年11月4日
"""


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def told(text: str, year: int) -> tuple[list[str], list[str]]:
    said = read(text, year=year)
    free = [
        f"{a:%m-%d}..{b:%m-%d} {name}".strip() for a, b, name in ranges({d.day: d.name for d in said.free})
    ]
    return free, [f"{one.day:%m-%d}" for one in said.worked]


def test_a_whole_notice_is_understood():
    assert read(NOTICE_2026, year=2026).questions == []
    assert told(NOTICE_2026, 2026) == (
        [
            "01-01..01-03 元旦",
            "02-15..02-23 春节",
            "04-04..04-06 清明节",
            "05-01..05-05 劳动节",
            "06-19..06-21 端午节",
            "09-25..09-27 中秋节",
            "10-01..10-07 国庆节",
        ],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    )


def test_a_whole_notice_says_what_the_second_opinion_knows():
    from core.workdays import NATIONAL

    said = read(NOTICE_2026, year=2026)

    assert all(NATIONAL.is_workday(one.day) == one.is_workday for one in said.days)


@pytest.mark.parametrize(
    ("text", "year", "understood"),
    [
        ("10月1日至8日放假，9月27日、10月10日上班", 2026, (["10-01..10-08"], ["09-27", "10-10"])),
        ("2027-10-01至2027-10-07放假；9月26日、10月9日补班", 2027, (["10-01..10-07"], ["09-26", "10-09"])),
        ("１０月１日～７日放假", 2027, (["10-01..10-07"], [])),
        ("2月14日、28日上班", 2027, ([], ["02-14", "02-28"])),
        ("元旦：2026年12月31日至1月2日放假3天", 2027, (["12-31..01-02 元旦"], [])),
        ("元旦：1月1日放假，与周末连休。", 2027, (["01-01..01-01 元旦"], [])),
        ("2月29日放假", 2028, (["02-29..02-29"], [])),
    ],
)
def test_days_are_typed_in_many_ways(text, year, understood):
    assert read(text, year=year).questions == []
    assert told(text, year) == understood


@pytest.mark.parametrize(
    ("text", "year", "question"),
    [
        (
            "10月1日至8日",
            2027,
            "Are these days free or worked? Write “放假” or “上班” behind them: “10月1日至8日”.",
        ),
        ("2月29日放假", 2027, "There is no such day: “2月29日”."),
        (
            "1月4日（周日）上班",
            2027,
            "2027-01-04 is a Monday, the text says “周日”. Correct the day or the year.",
        ),
        ("1月4日上班", 2027, "2027-01-04 is a Monday and worked anyway. Which weekend day is to be made up?"),
        (
            "10月1日至7日放假，共8天",
            2027,
            "The text says “共8天”, but names 7 days: “10月1日至7日放假,共8天”.",
        ),
        ("10月2日放假。10月2日上班", 2027, "2027-10-02 is called both free and worked."),
        ("2028年5月1日放假", 2027, "2028-05-01 lies outside 2027."),
        (
            "10月7日至1日放假",
            2027,
            "“2027-10-07 to 2027-10-01” is no stretch of days off. Write its first and last day.",
        ),
    ],
)
def test_what_is_not_clear_is_asked(text, year, question):
    assert question in read(text, year=year).questions


def test_text_without_days_says_nothing():
    assert read("请各单位认真执行。", year=2027).days == []
