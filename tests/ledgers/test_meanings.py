"""What cells mean, each judged by hand: the value, and how far it may be trusted."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from core.sheets import Unreadable, Value
from ledgers import meanings
from ledgers.choices import QuestionKind, State
from ledgers.declaring import Meaning, Place
from taskforces import reference
from taskforces.models import ReportingUnit
from tests import factories

TODAY = datetime.date(2026, 11, 23)
WAN = Place("一季度", head="总投资（万元）", money_unit="wan", years=(2025,), today=TODAY)
YI = Place("一季度", head="总投资（亿元）", money_unit="yi", today=TODAY)
NO_UNIT = Place("一季度", head="总投资", today=TODAY)
DOLLARS = Place("一季度", head="投资额（万美元）", money_unit="wan", today=TODAY)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def city(db):
    reference.load()


def read(meaning: Meaning | None) -> tuple[str, Any]:
    assert meaning is not None
    return str(meaning.state), meaning.value


def choices(meaning: Meaning) -> list[Any]:
    return [value for value, _label in meaning.choices]


# --- Amounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "wan"),
    [
        ("5.8亿", "58000"),
        ("5.8 亿 元", "58000"),
        ("5.80亿元整", "58000"),
        ("58000万元", "58000"),
        ("１８０００万元", "18000"),
        ("０．５８亿", "5800"),
        ("58，000", "58000"),
        ("58 000", "58000"),
        ("58'000", "58000"),
        ("2,125.50", "2125.5"),
        ("￥5.8亿", "58000"),
        ("人民币5.8亿元", "58000"),
        ("5.8亿元人民币", "58000"),
        ("5.8亿人民币", "58000"),
        ("5.8个亿", "58000"),
        ("总投资：5.8亿元", "58000"),
        ("1亿2000万元", "12000"),
        ("5千万元", "5000"),
        ("58000000元", "5800"),
        ("300亿元", "3000000"),
        (Decimal("64400.799999999996"), "64400.8"),
        (Decimal("64400.80"), "64400.8"),
        (Decimal("-30000"), "-30000"),
        (Decimal(0), "0"),
    ],
)
def test_an_amount_that_leaves_no_doubt_is_sure(cell: Value, wan: str) -> None:
    assert read(meanings.amount(cell, WAN)) == ("sure", wan)


@pytest.mark.parametrize(
    ("cell", "wan"),
    [
        ("约5.8亿元", "58000"),
        ("5.8亿元左右", "58000"),
        ("近3亿元", "30000"),
        ("5.8亿元（含续建）", "58000"),
        ("5.8亿元（含设备2亿元）", "58000"),
        ("五千万元", "5000"),
        ("叁亿伍仟万元整", "35000"),
        ("5800w", "5800"),
        (Decimal("5800.126"), "5800.13"),
    ],
)
def test_an_amount_that_can_be_doubted_is_assumed_with_a_reason(cell: Value, wan: str) -> None:
    meaning = meanings.amount(cell, WAN)

    assert read(meaning) == ("assumed", wan)
    assert meaning.sentence


@pytest.mark.parametrize(
    ("cell", "amounts"),
    [
        ("3-5亿", ["30000", "50000"]),
        ("3亿～5亿元", ["30000", "50000"]),
        ("总投资10亿元，其中一期3亿元", ["100000", "30000"]),
        ("10亿+2亿", ["100000", "20000", "120000"]),
        ("10亿元/3亿元", ["100000", "30000"]),
        ("3亿5", ["30000", "5"]),
        ("3亿元以上", ["30000"]),
        ("4亿元+", ["40000"]),
        ("不超过3亿", ["30000"]),
        ("一期3亿元", ["30000"]),
        ("固投8亿", ["80000"]),
        ("年产值5亿", ["50000"]),
        ("12万平方米，5亿元", ["50000"]),
        ("(5000)", ["5000"]),
        ("12.500", ["12.5", "12500"]),
        ("1.2E+04", ["12000"]),
        ("5,8", []),
        ("5 8", []),
        ("1,2345万", []),
        ("1200万加元", []),
        ("1200万澳元", []),
        ("5800元", ["0.58", "5800"]),
        ("5。8", ["5.8", "58000"]),
        (Decimal("5.8"), ["5.8", "58000"]),
        (Decimal("120000000"), ["12000"]),
    ],
)
def test_an_amount_with_two_readings_is_asked(cell: Value, amounts: list[str]) -> None:
    meaning = meanings.amount(cell, WAN)

    assert read(meaning) == ("asked", None)
    assert choices(meaning) == amounts
    assert meaning.sentence


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "已签约",
        "1500亿元",
        "数亿元",
        True,
        datetime.date(2025, 3, 1),
        Unreadable("error", "#REF!"),
        Unreadable("formula", "=SUM(A1:A5)"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_to_do(cell: Value) -> None:
    meaning = meanings.amount(cell, WAN)

    assert read(meaning) == ("refused", None)
    assert meaning.sentence


@pytest.mark.parametrize("cell", [None, "", "  ", "—", "/", "无", "待定", "N/A"])
def test_words_for_nothing_are_nothing(cell: Value) -> None:
    assert meanings.amount(cell, WAN) == meanings.NOTHING
    assert meanings.day(cell, WAN) == meanings.NOTHING
    assert meanings.text(60)(cell, WAN) == meanings.NOTHING


def test_the_unit_of_the_cell_goes_before_that_of_the_head() -> None:
    assert read(meanings.amount("5800万元", YI)) == ("sure", "5800")
    assert read(meanings.amount(Decimal("5.8"), YI)) == ("sure", "58000")
    assert read(meanings.amount(Decimal("42.6182"), YI)) == ("sure", "426182")


def test_an_amount_in_wan_under_a_head_of_yi_is_asked() -> None:
    assert choices(meanings.amount(Decimal("58000"), YI)) == ["58000"]


def test_without_a_unit_the_column_is_asked_not_the_cell() -> None:
    meaning = meanings.amount(Decimal("5.8"), NO_UNIT)

    assert (meaning.state, meaning.asks) == (State.ASKED, QuestionKind.MONEY_UNIT)
    assert choices(meaning) == ["wan", "yi", "yuan"]
    assert read(meanings.amount("5.8亿", NO_UNIT)) == ("sure", "58000")


@pytest.mark.parametrize(
    ("cell", "place", "told"),
    [
        ("1200万美元", WAN, {"currency": "USD", "foreign": "1200"}),
        ("1200 万美金", WAN, {"currency": "USD", "foreign": "1200"}),
        ("USD 1200万", WAN, {"currency": "USD", "foreign": "1200"}),
        ("1.2亿（美元）", WAN, {"currency": "USD", "foreign": "12000"}),
        ("1.5亿欧元", WAN, {"currency": "EUR", "foreign": "15000"}),
        ("3000万港币", WAN, {"currency": "HKD", "foreign": "3000"}),
        ("10亿日元", WAN, {"currency": "JPY", "foreign": "100000"}),
        (Decimal(1200), DOLLARS, {"currency": "USD", "foreign": "1200"}),
        ("1,200", DOLLARS, {"currency": "USD", "foreign": "1200"}),
    ],
)
def test_foreign_money_is_kept_and_its_worth_asked(cell: Value, place: Place, told: dict[str, str]) -> None:
    assert read(meanings.amount(cell, place)) == ("asked", told)


def test_foreign_money_with_its_worth_beside_it_is_assumed() -> None:
    assert read(meanings.amount("1200万美元（约8600万元人民币）", WAN)) == (
        "assumed",
        {"currency": "USD", "foreign": "1200", "wan": "8600"},
    )


def test_the_fixed_asset_part_may_be_little_or_nothing() -> None:
    assert read(meanings.count(Decimal("0"), WAN)) == ("sure", "0")
    assert read(meanings.count(Decimal("5.5"), WAN)) == ("sure", "5.5")


# However an amount is written, it is read back as the same, or asked.
WRITINGS = {
    "{wan}": WAN,
    "{wan:,}": WAN,
    "{wan}万元": NO_UNIT,
    "{wan:,}万": NO_UNIT,
    " {wan} 万元 ": YI,
    "约{wan}万元": WAN,
    "人民币{wan}万元": WAN,
    "{yi}亿元": WAN,
    "{yi} 亿": NO_UNIT,
    "总投资{yi}亿元": WAN,
    "{yi}": YI,
    "{yuan}元": WAN,
    "￥{yuan:,}元": YI,
}
WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")


@given(
    st.decimals(Decimal("0.01"), Decimal(10_000_000), places=2),
    st.sampled_from(sorted(WRITINGS)),
    st.booleans(),
)
@example(Decimal("64400.80"), "{wan}", False)
@example(Decimal("0.58"), "{yi}亿元", True)
def test_however_it_is_written_an_amount_is_itself_or_asked(
    wan: Decimal, writing: str, is_wide: bool
) -> None:
    text = writing.format(wan=wan, yi=wan / 10_000, yuan=wan * 10_000)
    meaning = meanings.amount(text.translate(WIDE) if is_wide else text, WRITINGS[writing])

    if meaning.state in (State.SURE, State.ASSUMED):
        assert Decimal(meaning.value) == wan
    else:
        assert meaning.state == State.ASKED
        assert not 50 <= wan <= 1_000_000


@given(st.floats(0.01, 1_000_000, allow_nan=False), st.sampled_from([WAN, YI]))
def test_a_number_of_excel_is_never_another_amount(number: float, place: Place) -> None:
    figure = Decimal(repr(number))
    meaning = meanings.amount(figure, place)

    exact = figure * (10_000 if place is YI else 1)
    if meaning.state == State.SURE:
        assert abs(Decimal(meaning.value) - exact) <= Decimal("0.000001")
    elif meaning.state == State.ASSUMED:
        assert abs(Decimal(meaning.value) - exact) <= Decimal("0.005")


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    for reader in (meanings.amount, meanings.day, meanings.planned_day, meanings.credit_code, meanings.phone):
        meaning = reader(text, WAN)
        assert meaning.value is not None or meaning.sentence or meaning == meanings.NOTHING


# --- Days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "2025.3.12",
        "2025.03.12",
        "2025年3月12日",
        "2025 年 3 月 12 日",
        "2025/3/12",
        " 2025-03-12 ",
        "２０２５年３月１２日",
        "2025。3。12",
        "2025-03-12 00:00:00",
        "2025-03-12T08:00",
        "2025年3月12日上午",
        "2025年3月12日（星期三）",
        "二〇二五年三月十二日",
        "12-Mar-2025",
        "20250312",
        "45728.0",
        "45728",
        Decimal(20250312),
        Decimal(45728),
        Decimal("45728.5"),
        datetime.date(2025, 3, 12),
        datetime.datetime(2025, 3, 12, 9, 30),  # noqa: DTZ001 (as Excel has it)
    ],
)
def test_a_day_that_leaves_no_doubt_is_sure(cell: Value) -> None:
    assert read(meanings.day(cell, WAN)) == ("sure", "2025-03-12")


@pytest.mark.parametrize(
    "cell",
    [
        *("3月12日", "3.12", "3/12", "25.3.12", "25年3月12日", "250312", "2025.3.12签约"),
        "3月12日签约",
    ],
)
def test_a_day_with_a_gap_is_filled_from_the_title_and_said(cell: str) -> None:
    meaning = meanings.day(cell, WAN)

    assert read(meaning) == ("assumed", "2025-03-12")
    assert meaning.sentence


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        (Decimal("2025.1"), ["2025-01-01", "2025-01-31", "2025-10-01", "2025-10-31"]),
        ("2025.1", ["2025-01-01", "2025-01-31", "2025-10-01", "2025-10-31"]),
        (Decimal("2025.3"), ["2025-03-01", "2025-03-31"]),
        ("2025.10", ["2025-10-01", "2025-10-31"]),
        ("2025年3月", ["2025-03-01", "2025-03-31"]),
        ("2025年3月中旬", ["2025-03-01", "2025-03-31"]),
        ("202503", ["2025-03-01", "2025-03-31"]),
        ("3月", ["2025-03-01", "2025-03-31"]),
        ("2025", []),
        ("12/3/2025", ["2025-12-03", "2025-03-12"]),
        ("201203", ["2020-12-03"]),
        ("2025.3.12签框架，2025.5.6签正式", ["2025-03-12", "2025-05-06"]),
        ("2025.3.12-2025.3.15", ["2025-03-12", "2025-03-15"]),
        ("拟2025年3月12日", ["2025-03-12"]),
        ("2025.3.1 2", ["2025-03-01"]),
        ("2027-01-01", ["2027-01-01"]),
        ("1999-12-31", ["1999-12-31"]),
        (datetime.date(1900, 1, 1), ["1900-01-01"]),
    ],
)
def test_a_day_that_may_be_another_is_asked(cell: Value, days: list[str]) -> None:
    meaning = meanings.day(cell, WAN)

    assert read(meaning) == ("asked", None)
    assert choices(meaning) == days


@pytest.mark.parametrize(
    "cell",
    [
        "已签约",
        "2025.2.30",
        Decimal(20250231),
        "2025-13-01",
        Decimal(1),
        Unreadable("error", "#N/A"),
        True,
        "3月32日",
    ],
)
def test_what_is_no_day_is_refused(cell: Value) -> None:
    assert read(meanings.day(cell, WAN)) == ("refused", None)


def test_without_a_year_anywhere_a_day_is_asked() -> None:
    assert read(meanings.day("3月12日", YI)) == ("asked", None)


def test_a_plan_may_be_vague_and_lie_ahead() -> None:
    assert read(meanings.planned_day("拟2027年6月", WAN)) == ("assumed", "2027-06-01")
    assert read(meanings.planned_day("2027.3.1", WAN)) == ("sure", "2027-03-01")
    assert read(meanings.planned_day(Decimal("2025.1"), WAN)) == ("asked", None)


DAYS = st.dates(datetime.date(2000, 1, 1), TODAY)
SERIAL_0 = datetime.date(1899, 12, 30)
DAY_WRITINGS = (
    "{0.year}.{0.month}.{0.day}",
    "{0.year}年{0.month}月{0.day}日",
    "{0.year}/{0.month}/{0.day}",
    "{0.year}.{0.month:02}.{0.day:02}",
    " {0} ",
    "{0:%Y%m%d}",
    "{0} 00:00:00",
    "{1}",
    "{1}.0",
)


@given(DAYS, st.sampled_from(DAY_WRITINGS), st.booleans(), st.sampled_from([WAN, YI]))
def test_however_it_is_written_a_day_is_itself(
    day: datetime.date, writing: str, is_wide: bool, place: Place
) -> None:
    text = writing.format(day, (day - SERIAL_0).days)

    assert read(meanings.day(text.translate(WIDE) if is_wide else text, place)) == ("sure", day.isoformat())


@given(
    DAYS, st.sampled_from(["{0.month}月{0.day}日", "{0:%y}.{0.month}.{0.day}", "{0.day}/{0.month}/{0.year}"])
)
def test_a_day_written_short_is_never_surely_another(day: datetime.date, writing: str) -> None:
    for place in (WAN, YI):
        assert meanings.day(writing.format(day), place).state != State.SURE


# --- Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("鹿寨县", "450223"),
        ("鹿寨 ", "450223"),
        ("融水", "450225"),
        ("融水县", "450225"),
        ("融水苗族自治县", "450225"),
        ("三江县", "450226"),
        ("柳 北 区", "450205"),
        ("柳州市鹿寨县", "450223"),
        ("高新区", "LD"),
        ("柳东新区（高新区）", "LD"),
        ("柳东新区(柳州高新区)", "LD"),
        ("阳和", "BS"),
        ("北部生态新区（阳和）", "BS"),
        (Decimal(450223), "450223"),
    ],
)
def test_a_unit_is_known_by_its_names(city, cell: Value, unit: str) -> None:
    assert read(meanings.unit(cell, WAN)) == ("sure", unit)


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("鹿寨县人民政府", "450223"),
        ("鹿寨县投促中心", "450223"),
        ("鹿寨经开区", "450223"),
        ("柳北区白露工业园", "450205"),
        ("雒容镇", "LD"),
    ],
)
def test_what_lies_in_a_unit_is_assumed_to_be_it(city, cell: str, unit: str) -> None:
    assert read(meanings.unit(cell, WAN)) == ("assumed", unit)


@pytest.mark.parametrize("cell", ["市本级", "全市", "南宁市", "河西高新区", "鱼峰区鹿寨县飞地"])
def test_a_unit_nobody_can_know_is_asked_of_all(city, cell: str) -> None:
    meaning = meanings.unit(cell, WAN)

    assert read(meaning) == ("asked", None)
    assert len(meaning.choices) == 12


def test_of_two_units_it_is_asked_which(city) -> None:
    assert choices(meanings.unit("柳东新区60%、鹿寨县40%", WAN)) == ["LD", "450223"]


def test_a_unit_that_an_office_renamed_is_known_by_its_new_name(city) -> None:
    ReportingUnit.objects.filter(code="BS").update(name="阳和新区管委会", short_name="阳管")

    assert read(meanings.unit("阳管", WAN)) == ("sure", "BS")


@pytest.mark.parametrize(
    ("place", "unit"),
    [
        (Place("柳江区"), "450206"),
        (Place("Sheet1", title="柳州市鹿寨县2025年台账"), "450223"),
        (Place("3月", section="（二）融安县（3个）"), "450224"),
        (Place("1月", title="城中区、鱼峰区合并台账"), None),
    ],
)
def test_without_a_column_the_unit_is_read_from_what_stands_around(
    city, place: Place, unit: str | None
) -> None:
    assert meanings.unit_of_place(place).value == unit
    assert meanings.unit_of_place(place).state == (State.ASSUMED if unit else State.ASKED)


def test_without_any_name_the_unit_is_the_senders(db) -> None:
    sender = factories.unit()

    assert read(meanings.unit_of_place(Place("Sheet1", unit=sender))) == ("assumed", sender.code)


@pytest.mark.parametrize(
    ("cell", "force"),
    [
        ("AI+制造", "ai"),
        ("AI＋制造", "ai"),
        ("人工智能（机器人）", "ai"),
        ("新能源（储能）", "energy"),
        ("钢铁", "steel"),
        ("有色金属", "steel"),
        ("钢铁(有色金属)", "steel"),
        ("汽车产业", "auto"),
        ("汽车零部件", "auto"),
        ("汽车、汽车零部件", "auto"),
        ("装备制造业", "machinery"),
        ("轻工", "food"),
        ("食品", "food"),
        ("化工", "chemical"),
        ("林木", "timber"),
        ("新材料产业链", "materials"),
        ("1.汽车", "auto"),
    ],
)
def test_an_industry_is_known_by_the_words_of_offices(city, cell: str, force: str) -> None:
    assert read(meanings.force(cell, WAN)) == ("sure", force)


@pytest.mark.parametrize(
    ("cell", "forces"),
    [
        ("新能源汽车零部件", ["auto", "energy"]),
        ("新能源（汽车）", ["energy", "auto"]),
        ("汽车、机械", ["auto", "machinery"]),
        ("化工新材料", ["chemical", "materials"]),
    ],
)
def test_an_industry_of_two_task_forces_is_asked(city, cell: str, forces: list[str]) -> None:
    assert choices(meanings.force(cell, WAN)) == forces


def test_an_industry_of_none_is_asked_of_all(city) -> None:
    assert len(meanings.force("文旅", WAN).choices) == len(reference.TASK_FORCES)


@pytest.mark.parametrize(
    ("section", "force"),
    [
        ("一、钢铁（有色金属）产业（12个）", "steel"),
        ("（三）新能源", "energy"),
        ("9.轻工食品类", "food"),
        ("轻工食品专班（螺蛳粉）", "food"),
        ("三、商贸", None),
    ],
)
def test_the_heading_tells_the_industry(city, section: str, force: str | None) -> None:
    assert meanings.force_of_place(Place("台账", section=section)).value == force


@pytest.mark.parametrize(
    ("cell", "name", "partners"),
    [
        ("A公司、B公司", "A公司", ["B公司"]),
        ("上海明驰有限公司\n柳州博云有限公司", "上海明驰有限公司", ["柳州博云有限公司"]),
        ("广西柳工集团有限公司和柳州五菱汽车有限公司", "广西柳工集团有限公司", ["柳州五菱汽车有限公司"]),
        ("1.甲有限公司 2.乙有限公司", "甲有限公司", ["乙有限公司"]),
        ("甲有限公司；乙有限公司（牵头）", "乙有限公司", ["甲有限公司"]),
        ("ABC Co., Ltd., XYZ Inc.", "ABC Co., Ltd.", ["XYZ Inc."]),
    ],
)
def test_of_several_investors_the_first_is_assumed(cell: str, name: str, partners: list[str]) -> None:
    meaning = meanings.investors(cell, WAN)

    assert read(meaning) == ("assumed", {"name": name, "partners": partners})
    assert all(partner in meaning.sentence for partner in partners)


@pytest.mark.parametrize(
    ("cell", "state", "name"),
    [
        (" 宁波嘉泰有限公司 ", "sure", "宁波嘉泰有限公司"),
        ("柳州和顺机械有限公司", "sure", "柳州和顺机械有限公司"),
        ("ABC Co., Ltd.", "sure", "ABC Co., Ltd."),
        ("柳州市某某科技\n有限公司", "sure", "柳州市某某科技有限公司"),
        ("佛山科泰股份 有限公司", "assumed", "佛山科泰股份有限公司"),
        ("北京\u200b某有限公司", "assumed", "北京某有限公司"),
        ("甲有限公司（乙集团子公司）", "assumed", "甲有限公司"),
        ("甲有限公司及其子公司", "assumed", "甲有限公司"),
        ("甲有限公司（拟）", "assumed", "甲有限公司"),
        ("甲有限公司（世界500强）", "assumed", "甲有限公司"),
        ("甲企业（有限合伙）", "sure", "甲企业（有限合伙）"),
        ("武汉华帆集团\n有限公司", "sure", "武汉华帆集团有限公司"),
        ("甲有限公司等3家企业", "assumed", "甲有限公司"),
        ("上海明驰、博云", "asked", None),
        ("上海明驰有限公司柳州博云有限公司", "asked", None),
        ("某" * 201, "refused", None),
        (Decimal(5), "refused", None),
    ],
)
def test_one_investor_is_one_whatever_his_name_holds(cell: Value, state: str, name: str | None) -> None:
    assert read(meanings.investors(cell, WAN)) == (state, name)


# --- Codes, texts, notes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "state", "code"),
    [
        (" 91440300MAFECXYDCX ", "sure", "91440300MAFECXYDCX"),
        ("91440300mafecxydcx", "assumed", "91440300MAFECXYDCX"),
        ("９１４４０３００ＭＡＦＥＣＸＹＤＣＸ", "assumed", "91440300MAFECXYDCX"),
        ("9144O300MAFECXYDCX", "assumed", "91440300MAFECXYDCX"),
        ("91440300MAFECXYDCY", "refused", None),
        ("91440300MAFECXYDC", "refused", None),
        ("9.14502E+17", "refused", None),
        (Decimal("9.14502E+17"), "refused", None),
        ("450200200012345", "refused", None),
        ("12345678-9", "refused", None),
    ],
)
def test_a_credit_code_is_repaired_only_where_it_must_be_so(
    cell: Value, state: str, code: str | None
) -> None:
    assert read(meanings.credit_code(cell, WAN)) == (state, code)


@pytest.mark.parametrize(
    ("cell", "state", "text"),
    [
        ("电动装载机项目", "sure", "电动装载机项目"),
        ("电动\n装载机项目", "sure", "电动装载机项目"),
        ("动力电池 PACK 项目", "sure", "动力电池 PACK 项目"),
        ("电动\u3000装载机", "assumed", "电动装载机"),
        ("项\u202e目\u200b", "assumed", "项目"),
        ("x" * 61, "refused", None),
        (Decimal(12), "assumed", "12"),
        (Unreadable("error", "#NAME?"), "refused", None),
    ],
)
def test_a_text_loses_only_what_cannot_be_seen(cell: Value, state: str, text: str | None) -> None:
    assert read(meanings.text(60)(cell, WAN)) == (state, text)


@pytest.mark.parametrize(
    ("cell", "entries"),
    [
        ("6月：已签约\n7月：办理备案", [["-06", "已签约"], ["-07", "办理备案"]]),
        ("2025年6月：已签约；7月：办理备案", [["2025-06", "已签约"], ["2025-07", "办理备案"]]),
        ("2025.6：签约 2025.7：备案", [["2025-06", "签约"], ["2025-07", "备案"]]),
        ("已开工", [["", "已开工"]]),
    ],
)
def test_progress_is_told_month_by_month(cell: str, entries: list[list[str]]) -> None:
    assert meanings.progress(cell, WAN).value == entries


def test_a_telephone_number_that_excel_cut_is_refused() -> None:
    assert read(meanings.phone(Decimal(13879099357), WAN)) == ("sure", "13879099357")
    assert read(meanings.phone("1.39E+10", WAN)) == ("refused", None)
