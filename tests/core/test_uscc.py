import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import uscc

# Invented enterprises of the demo ledger.
VALID = [
    "91440300MAFECXYDCX",
    "91310115MAJ01EY9KN",
    "91310115MAMXTP8DY0",
    "91440300MAML7TG7TU",
    "91320400MABETFCLER",
]


@pytest.mark.parametrize("code", VALID)
def test_parse_accepts_right_codes(code):
    assert uscc.parse(code) == code


@pytest.mark.parametrize(
    "typed",
    [
        "91440300mafecxydcx",
        " 91440300 MAFECXYDCX\n",
        "９１４４０３００ＭＡＦＥＣＸＹＤＣＸ",
        "91440300-MAFECXYDC-X",
        "\u200b91440300MAFECXYDCX",
    ],
)
def test_parse_brings_a_code_into_its_normal_form(typed):
    assert uscc.parse(typed) == "91440300MAFECXYDCX"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("91440300MAFECXYDC", "A credit code has 18 characters; this one has 17."),
        ("", "A credit code has 18 characters; this one has 0."),
        (
            "91440300MAFECXYDCO",
            "Character 18 of the credit code, “O”, does not occur in such codes "
            "(digits, and capitals without I, O, S, V, Z).",
        ),
        (
            "9144030柳MAFECXYDCX",
            "Character 8 of the credit code, “柳”, does not occur in such codes "
            "(digits, and capitals without I, O, S, V, Z).",
        ),
        (
            "91440300MAFECXYDC1",
            "The check character does not fit: the credit code ends in “1”, by its first 17 characters it "
            "should end in “X”. Compare it with the business licence.",
        ),
    ],
)
def test_parse_says_which_character_is_wrong(typed, sentence):
    with translation.override("en"), pytest.raises(uscc.BadCode) as refusal:
        uscc.parse(typed)

    assert refusal.value.message == sentence


@given(
    st.text(uscc.CHARACTERS, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(uscc.CHARACTERS)
)
def test_one_wrong_character_never_passes(first, position, other):
    code = first + uscc.check_character(first)
    assert uscc.parse(code) == code

    wrong = code[:position] + other + code[position + 1 :]

    if wrong != code:
        with pytest.raises(uscc.BadCode):
            uscc.parse(wrong)


def test_validate_uscc_is_the_same_refusal_for_fields():
    with translation.override("en"), pytest.raises(ValidationError, match="has 3"):
        uscc.validate_uscc("123")
