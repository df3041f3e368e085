"""Numbers in words against the tables: reading them, holding them against figures, what they meant."""

import itertools
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings import linting, words
from briefings.linting import Fact, Verdict

CONTRACTED = Fact("contracted:year", "合同投资额", Decimal("123400"), frozenset({"亿元"}), ("合同投资额",))
PROJECTS = Fact("projects_signed:year", "新签约项目", Decimal(23), frozenset("个项"), ("新签约",))
GROWTH = Fact("contracted:year:yoy", "同比", Decimal("-5.3"), frozenset("%"), ("同比",))
STALLED = Fact("stalled_items:year", "停滞审批", Decimal(23), frozenset("项个件"), ("停滞",))
KNOWN = [CONTRACTED, PROJECTS, GROWTH, STALLED]


def read(text):
    return [(number.said, number.value, number.unit) for number in linting.numbers_in(text)]


def verdicts(text, known=KNOWN, meant=None):
    return [(mark.number.said, mark.verdict.value) for mark in linting.check(text, known, meant)]


# --- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("合同投资额12.34亿元", [("12.34亿元", Decimal("12.34"), "亿元")]),
        ("合同投资额１２．３４亿元", [("１２．３４亿元", Decimal("12.34"), "亿元")]),
        ("到位资金1,024.5万元", [("1,024.5万元", Decimal("1024.5"), "亿元")]),
        ("共１，０２４个项目", [("１，０２４个", Decimal(1024), "个")]),
        ("下降５．３％", [("５．３％", Decimal("5.3"), "%")]),
        ("新签约二十三个", [("二十三个", Decimal(23), "个")]),
        ("办结一百零二件", [("一百零二件", Decimal(102), "件")]),
        ("增长百分之十二点三", [("百分之十二点三", Decimal("12.3"), "%")]),
        ("五千万元", [("五千万元", Decimal(50_000_000), "亿元")]),
        ("停滞5个工作日", [("5个工作日", Decimal(5), "天")]),
        ("居第3位", [("3位", Decimal(3), "位")]),
        ("签约3个、开工２家", [("3个", Decimal(3), "个"), ("２家", Decimal(2), "家")]),
    ],
)
def test_numbers_are_read_however_they_are_written(text, numbers):
    assert read(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "2026年3月31日",
        "1—3月",
        "未来3个月、2个季度",
        "亿元以上工业项目和1亿元以上项目",
        "年产30万吨、用地200亩",
        "“年产5个亿”项目、《三十条措施》",
        "“七个一批”",
        "第8次会议",
        "抓好三项工作，落实两个责任",
        "投资1200万美元、2亿美元",
        "柳招商〔2026〕11号",
        "A3项目",
        "几十个",
    ],
)
def test_what_is_no_figure_is_left_alone(text):
    assert read(text) == []


@given(
    st.text(
        alphabet="0123456789０１２．，.,%％亿万元个项件年月日二十三百零点“”《》合同增长下降-— \n", max_size=60
    )
)
def test_any_text_is_read_and_cut_without_loss(text):
    found = linting.numbers_in(text)
    marks = linting.check(text, KNOWN)

    assert "".join(piece.text for piece in linting.pieces(text, marks)) == text
    assert all(text[number.start : number.end] == number.said for number in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


DIGITS = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
amounts = st.decimals(min_value=0, max_value=9_000_000, places=2, allow_nan=False)


@given(amounts, st.sampled_from(["亿元", "万元"]), st.integers(0, 4), st.booleans(), st.booleans())
def test_a_figure_is_found_again_however_it_is_printed(amount, unit, places, grouped, wide):
    scale = 10_000 if unit == "亿元" else 1
    shown = (amount / scale).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{shown:,f}" if grouped else f"{shown:f}"
    said = (text.translate(DIGITS) if wide else text) + unit
    fact = Fact("x", "x", amount, frozenset({"亿元"}))
    step = Decimal(1).scaleb(-places)

    assert verdicts(said, [fact]) == [(said, "equals")]
    assert verdicts(f"{shown + step:f}{unit}", [fact]) == [(f"{shown + step:f}{unit}", "unknown")]


ONES, TENS = "零一二三四五六七八九", ["", "十", "百", "千"]


def spelt(number):
    """Written here once more by itself: 10320 → 一万零三百二十."""
    if number >= 10_000:
        rest = number % 10_000
        gap = "零" if 0 < rest < 1000 else ""
        return spelt(number // 10_000) + "万" + (gap + spelt(rest) if rest else "")
    word = ""
    for place, digit in zip(range(len(str(number)) - 1, -1, -1), str(number), strict=True):
        word += ONES[int(digit)] + TENS[place] if digit != "0" else "零"
    while "零零" in word:
        word = word.replace("零零", "零")
    return word.rstrip("零")


@given(st.integers(10, 99_999_999))
def test_spelt_numbers_are_read(number):
    assert linting.spelt_value(spelt(number)) == number


# --- Holding against the tables -------------------------------------------------------------------


def test_a_number_equals_the_figure_of_which_its_sentence_speaks():
    [mark] = linting.check("新签约项目23个", KNOWN)

    assert (mark.verdict, mark.facts) == (Verdict.EQUALS, (PROJECTS,))


def test_a_direction_that_is_wrong_is_no_match():
    assert verdicts("同比下降5.3%") == [("5.3%", "equals")]
    assert verdicts("同比增长5.3%") == [("5.3%", "unknown")]


def test_a_number_of_no_table_is_told_beside_what_its_sentence_names():
    [mark] = linting.check("合同投资额15亿元", KNOWN)

    assert mark.verdict == Verdict.UNKNOWN
    assert mark.facts == (CONTRACTED,)
    assert "12.34亿元" in mark.sentence


def test_a_number_that_was_right_once_is_told_with_what_the_table_says_now():
    meant = linting.bind("合同投资额12.34亿元，新签约23个。", KNOWN, {})
    now = [Fact(CONTRACTED.key, "合同投资额", Decimal(125000), CONTRACTED.units), PROJECTS]

    marks = linting.check("合同投资额12.34亿元，新签约23个。", now, meant)

    assert meant == {"12.34亿元": ["contracted:year"], "23个": ["projects_signed:year"]}
    assert [mark.verdict for mark in marks] == [Verdict.MOVED, Verdict.EQUALS]
    assert "12.34亿元" in marks[0].sentence
    assert "12.50亿元" in marks[0].sentence


def test_a_number_keeps_its_meaning_while_the_words_around_it_change():
    meant = linting.bind("合同投资额12.34亿元。", KNOWN, {})
    now = [Fact(CONTRACTED.key, "合同投资额", Decimal(125000), CONTRACTED.units)]

    again = linting.bind("截至月底，合同投资额12.34亿元。", now, meant)

    assert again == {"12.34亿元": ["contracted:year"]}
    assert linting.bind("截至月底，合同投资额12.50亿元。", now, meant) == {"12.50亿元": ["contracted:year"]}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6))
def test_what_moved_is_told_and_what_stands_is_not(values):
    """Each figure is written down as it was; the marks are those of whose value is another now."""
    before = [
        Fact(str(n), str(n), Decimal(old), frozenset("个"), (f"甲{n}乙",))
        for n, (old, _) in enumerate(values)
    ]
    now = [
        Fact(str(n), str(n), Decimal(new), frozenset("个"), (f"甲{n}乙",))
        for n, (_, new) in enumerate(values)
    ]

    for n, (old, new) in enumerate(values):
        text = f"甲{n}乙{old}个。"
        [mark] = linting.check(text, now, linting.bind(text, before, {}))
        assert mark.verdict == (Verdict.EQUALS if old == new else Verdict.MOVED)


# --- Words in their places ------------------------------------------------------------------------

TOLD = {
    "sections": [
        {"key": "overall", "title": "一、总体情况", "paragraphs": [{"lead": "", "text": "生成的话。"}]},
        {"title": "二、旧节", "paragraphs": []},
    ]
}


def said(written):
    return {
        chapter.key: [one.text for one in chapter.paragraphs] for chapter in words.chapters(TOLD, written)
    }


def test_words_stand_before_and_after_what_was_generated():
    written = {
        "overall:before": {"text": "前。", "meant": {}},
        "overall:after": {"text": "后一。\n\n后二。", "meant": {}},
        "end": {"text": "完。", "meant": {}},
    }

    assert said(written) == {"overall": ["前。", "生成的话。", "后一。", "后二。"], "s2": [], "end": ["完。"]}


def test_words_of_a_section_that_is_gone_stand_at_the_end():
    assert said({"gone:after": {"text": "仍在。", "meant": {}}})["end"] == ["仍在。"]


def test_taking_words_away_leaves_nothing_behind():
    written = words.rewritten(TOLD, {}, {"end": "完。"})

    assert words.rewritten(TOLD, written, {"end": ""}) == {}
