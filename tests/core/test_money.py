from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import money
from core.money import BadAmount, MoneyField, MoneyFormField, parse_amount

TOO_MUCH = (
    "The amount is above 10,000,000 万元 (1,000 亿元), more than any project here. Was it typed in yuan?"
)
AMOUNTS = st.decimals(-money.CEILING, money.CEILING, places=2)
POSITIVE = st.decimals(Decimal("0.01"), money.CEILING, places=2)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("0", "0.00"),
        ("12500", "12500.00"),
        ("+12500", "12500.00"),
        ("12,500.5", "12500.50"),
        ("1,234,567.89", "1234567.89"),
        ("58 000", "58000.00"),
        ("58，000", "58000.00"),
        ("１２３", "123.00"),
        ("５．８", "5.80"),
        ("5。8", "5.80"),
        (" 12500 万元 ", "12500.00"),
        ("12500万", "12500.00"),
        (".5", "0.50"),
        ("3.", "3.00"),
        ("6600.10000", "6600.10"),
        ("10000000", "10000000.00"),
    ],
)
def test_parse_amount_reads_what_people_type(typed, amount):
    assert str(parse_amount(typed)) == amount


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "NaN",
        "-NaN",
        "Infinity",
        "inf",
        "=1+1",
        "abc",
        "1,2345",
        "5,8",
        "1.2.3",
        "0x10",
        "12元",
        "-",
        ".",
        "万元",
        ",亿",
        "1\x002",
        "٣",
        "②x",
    ],
)
def test_parse_amount_refuses_what_is_no_number(typed):
    with pytest.raises(BadAmount) as refusal:
        parse_amount(typed)

    assert (
        refusal.value.message
        == "This is not an amount. Write a number in 万元, for example 12500 or 12,500.50."
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-1", "The amount must not be negative. A reduction is entered as an event of its own."),
        ("−5", "The amount must not be negative. A reduction is entered as an event of its own."),
        ("1e18", "Write the amount out in digits, in 万元, for example 12500."),
        ("1E400", "Write the amount out in digits, in 万元, for example 12500."),
        ("0.005", "An amount in 万元 has at most two decimal places."),
        ("1.2亿", "Write the amount in 万元: 1.2亿 is 12,000."),
        ("５.８亿元", "Write the amount in 万元: 5.8亿元 is 58,000."),
        (
            "1000000000000000000",
            TOO_MUCH,
        ),
        (
            "10000000.01",
            TOO_MUCH,
        ),
    ],
)
def test_parse_amount_says_what_is_wrong(typed, sentence):
    with pytest.raises(BadAmount) as refusal:
        parse_amount(typed)

    assert refusal.value.message == sentence


@given(st.text(max_size=40) | st.from_regex(r"[0-9.,eE+\-亿万元 ]{0,30}", fullmatch=True))
def test_parse_amount_answers_any_text_with_an_amount_or_a_sentence(typed):
    try:
        amount = parse_amount(typed)
    except BadAmount:
        return
    assert Decimal(0) <= amount <= money.CEILING
    assert amount == amount.quantize(money.CENT)


@pytest.mark.parametrize("typed", ["9" * 5000, "9" * 5000 + "亿", "0." + "1" * 5000])
def test_parse_amount_survives_endless_digits(typed):
    with pytest.raises(BadAmount):
        parse_amount(typed)


@given(AMOUNTS)
def test_parse_amount_reads_back_what_format_wan_printed(amount):
    assert parse_amount(money.format_wan(amount), signed=True) == amount


def test_amounts_add_up_exactly_however_many():
    assert sum([Decimal("0.01")] * 1_000_000) == Decimal("10000.00")


@pytest.mark.parametrize(
    ("amount", "places", "printed"),
    [
        (Decimal("6520000"), 1, "652.0"),
        (Decimal("581700"), 2, "58.17"),
        (Decimal("10000"), 4, "1.0000"),
        (Decimal("50"), 2, "0.01"),
        (Decimal("49.99"), 2, "0.00"),
        (Decimal("-49.99"), 2, "0.00"),
        (Decimal("-50"), 2, "-0.01"),
        (Decimal("0"), 2, "0.00"),
        (None, 2, "—"),
    ],
)
def test_format_yi_rounds_half_up(amount, places, printed):
    assert money.format_yi(amount, places) == printed


@pytest.mark.parametrize(
    ("amount", "printed"),
    [
        (Decimal("16500.00"), "16,500"),
        (Decimal("16500.5"), "16,500.50"),
        (Decimal("-80"), "-80"),
        (None, "—"),
    ],
)
def test_format_wan_groups_thousands(amount, printed):
    assert money.format_wan(amount) == printed


@pytest.mark.parametrize(
    ("now", "base", "percent"),
    [
        ("6520000", "4902000", "33.0"),
        ("133.25", "100", "33.3"),
        ("66.75", "100", "-33.3"),
        ("0", "100", "-100.0"),
        ("100", "100", "0.0"),
        ("5", "0", None),
        ("5", "-3", None),
    ],
)
def test_yoy_has_one_decimal_half_up(now, base, percent):
    result = money.yoy(Decimal(now), Decimal(base))

    assert (None if result is None else str(result)) == percent


@given(AMOUNTS, POSITIVE)
def test_yoy_is_the_exact_change_rounded_once(now, base):
    exact = (Fraction(now) - Fraction(base)) * 100 / Fraction(base)

    percent = money.yoy(now, base)
    assert percent is not None
    distance = Fraction(percent) - exact

    assert abs(distance) <= Fraction(1, 20)
    if abs(distance) == Fraction(1, 20):
        assert (distance > 0) == (exact > 0)  # a tie goes away from zero


@given(AMOUNTS)
def test_yi_loses_nothing(amount):
    assert money.yi(amount) * money.WAN_IN_YI == amount


@pytest.mark.parametrize(
    ("percent", "signed", "printed"),
    [("33.0", True, "+33.0%"), ("-4.25", True, "-4.3%"), ("33", False, "33.0%"), (None, True, "—")],
)
def test_format_percent(percent, signed, printed):
    value = None if percent is None else Decimal(percent)

    assert money.format_percent(value, signed=signed) == printed


def test_money_field_keeps_two_places_and_refuses_the_absurd():
    field = MoneyField()
    assert (field.max_digits, field.decimal_places) == (14, 2)
    assert field.clean(Decimal("-12.50"), None) == Decimal("-12.50")

    for absurd in (Decimal("NaN"), Decimal("Infinity"), Decimal("10000000.01"), Decimal("0.005")):
        with pytest.raises(ValidationError):
            field.clean(absurd, None)


def test_money_form_field_says_the_same_sentence_at_the_field():
    field = MoneyField().formfield()
    assert isinstance(field, MoneyFormField)

    assert field.clean("１２，５００ 万元") == Decimal("12500.00")
    with pytest.raises(ValidationError, match="must not be negative"):
        field.clean("-1")
    with pytest.raises(ValidationError, match="required"):
        field.clean(" ")
    assert MoneyFormField(signed=True).clean("-1") == Decimal("-1.00")
