import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import text
from core.text import BadText, clean_name, clean_text, comparison_key, name_key


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  柳州恒达 \n", "柳州恒达"),
        ("柳州\u3000恒达\t  集团", "柳州 恒达 集团"),
        ("Cafe\u0301 GmbH", "Café GmbH"),
        ("𠀀𠮷机械", "𠀀𠮷机械"),
        ("\U00030000\ue000科技", "\U00030000\ue000科技"),
        ("🏭 工厂", "🏭 工厂"),
        ("'; drop table project; --", "'; drop table project; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("柳州（集团）", "柳州（集团）"),
    ],
)
def test_clean_name_keeps_what_can_be_seen(typed, kept):
    assert clean_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("柳州恒\x00达", "U+0000"),
        ("柳州恒\u200b达", "U+200B"),
        ("柳州恒\u202e达", "U+202E"),
        ("柳州恒\u2066达", "U+2066"),
        ("柳州恒\ufeff达", "U+FEFF"),
        ("柳州恒\u00ad达", "U+00AD"),
        ("柳州恒\x1b达", "U+001B"),
        ("柳州恒\ud800达", "U+D800"),
        ("柳州恒\uffff达", "U+FFFF"),
    ],
)
def test_clean_name_refuses_what_cannot_be_seen_and_says_where(typed, code):
    with pytest.raises(BadText) as refusal:
        clean_name(typed)

    assert refusal.value.message == (
        f"After “柳州恒” stands an invisible character ({code}). Delete that place and type it again."
    )


def test_clean_name_names_an_invisible_beginning():
    with pytest.raises(BadText, match="begins with an invisible character"):
        clean_name("\u200b柳州")


def test_clean_name_refuses_what_is_too_long():
    assert clean_name("柳" * 200) == "柳" * 200
    with pytest.raises(BadText, match="The text has 10000 characters; at most 200 fit here"):
        clean_name("柳" * 10_000)


@given(st.text(max_size=60))
def test_clean_name_is_stable_and_printable(typed):
    try:
        kept = clean_name(typed)
    except BadText:
        return
    assert clean_name(kept) == kept
    assert kept.encode().decode() == kept
    assert "\n" not in kept


@given(st.text(max_size=60))
def test_nothing_is_refused_once_the_invisible_is_gone(typed):
    clean_name(text.without_invisible(typed))


def test_clean_text_keeps_lines():
    assert clean_text(" 第一行 \r\n\t第二行\u2028第三行\n\n") == "第一行\n 第二行\n第三行"
    with pytest.raises(BadText):
        clean_text("第一行\n第\u202e二行")


def test_validate_name_is_the_same_refusal_for_fields():
    with pytest.raises(ValidationError, match=r"U\+200B"):
        text.validate_name("柳\u200b州")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ABC科技", "ａｂｃ 科技"),
        ("（中国）柳工", "(中国)柳工"),
        ("Tesla", "Tеslа"),  # Cyrillic е and а
        (unicodedata.normalize("NFD", "Café"), "CAFÉ"),
    ],
)
def test_comparison_key_sees_what_the_eye_sees(one, other):
    assert comparison_key(one) == comparison_key(other)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("广西柳州市恒达（集团）有限责任公司", "恒达"),
        ("恒达集团", "恒达"),
        ("恒达集团股份有限公司", "恒达"),
        ("广西柳工机械股份有限公司 ", "柳工机械"),
        ("柳工机械（股份）", "柳工机械"),
        ("柳工股份", "柳工"),
        ("恒达(中国)有限公司", "恒达"),
        ("恒达（柳州）新能源有限公司", "恒达新能源"),
        ("恒达（北京）科技有限公司", "恒达科技"),
        ("柳州市柳南区恒达机械有限公司", "恒达机械"),
        ("广西壮族自治区融水苗族自治县恒达木业有限公司", "恒达木业"),
        ("鹿寨县恒达化工有限公司", "恒达化工"),
        ("柳东新区恒达汽车有限公司", "恒达汽车"),
        ("义乌市恒达服饰有限公司", "恒达服饰"),
        ("厦门达明有限公司", "达明"),
        ("大同科技有限公司", "大同科技"),
        ("智慧城市科技有限公司", "智慧城市科技"),
        ("柳州有限公司", "柳州"),
        ("集团有限公司", "集团"),
        ("公司", "公司"),
        ("Heng Da Machinery Co., Ltd.", "hengdamachinery"),
        ("TESCO LTD", "tesco"),
        ("恒达Co.,Ltd", "恒达"),
        ("", ""),
    ],
)
def test_name_key_leaves_what_distinguishes_an_enterprise(name, key):
    assert name_key(name) == key


@given(st.text(alphabet="广西柳州市恒达集团股份有限公司（）() abcАа区县", max_size=30))
def test_name_key_does_not_see_width_case_or_spaces(name):
    wide = name.replace("(", "（").replace(")", "）").replace(" ", "\u3000").upper()

    assert name_key(wide) == name_key(name)
