"""Names as people paste them: made clean for keeping, and reduced to a key for finding look-alikes."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.places import CITIES, PROVINCES
from core.refusal import Refusal

NAME_LENGTH = 200


class BadText(Refusal):
    """The text cannot be kept as it is; the sentence says where it goes wrong."""

    http_status = 422


# --- Keeping --------------------------------------------------------------------------------


def clean_name(text: str, *, max_length: int = NAME_LENGTH) -> str:
    """A name on one line, composed (NFC), without spaces around it and doubled spaces within.

    Raises BadText for what cannot be seen (control, zero-width, text-direction characters), because
    two names that look the same must be the same, and for what is too long.
    """
    return _checked(" ".join(unicodedata.normalize("NFC", text).split()), max_length)


def clean_text(text: str, *, max_length: int = 2000) -> str:
    """Like `clean_name`, for a text of several lines."""
    lines = re.split(r"\r\n|[\n\r\u2028\u2029]", unicodedata.normalize("NFC", text))
    return _checked("\n".join(line.replace("\t", " ").rstrip() for line in lines).strip(), max_length)


def without_invisible(text: str) -> str:
    """The text without the characters that `clean_name` refuses; whoever uses it tells the user."""
    if text.isprintable():  # nearly all are, and this looks at them in no time
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in "\t\n\r" or not _is_invisible(character):
        return character
    return " " if character.isspace() else ""


def validate_name(value: str) -> None:
    """For fields: the same refusal as a validation error."""
    try:
        clean_name(value)
    except BadText as refusal:
        raise ValidationError(refusal.message, code="text") from refusal


def _checked(text: str, max_length: int) -> str:
    for position, character in enumerate(text):
        if character != "\n" and _is_invisible(character):
            raise BadText(_invisible(character, before=text[:position]))
    if len(text) > max_length:
        raise BadText(
            _("The text has %(count)d characters; at most %(limit)d fit here.")
            % {"count": len(text), "limit": max_length}
        )
    return text


def _invisible(character: str, *, before: str) -> str:
    code = f"U+{ord(character):04X}"
    if not before:
        return _(
            "The text begins with an invisible character (%(code)s). Delete the beginning and type it again."
        ) % {"code": code}
    return _(
        "After “%(before)s” stands an invisible character (%(code)s). Delete that place and type it again."
    ) % {
        "before": before[-6:],
        "code": code,
    }


def _is_invisible(character: str) -> bool:
    """Control, format (zero-width, direction) and broken characters.

    Unassigned and private-use ones stay: rare characters in names are younger than our tables.
    """
    is_noncharacter = ord(character) & 0xFFFE == 0xFFFE
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or is_noncharacter


# --- Comparing ------------------------------------------------------------------------------

# Cyrillic and Greek letters that look like Latin ones, after casefold().
_HOMOGLYPHS = str.maketrans("авсеһіјкмнорԛѕтхуԝαβεηικμνορτυχ", "abcehijkmhopqstxywabehikuvoptux")
_HOMOGLYPH = re.compile(f"[{''.join(map(chr, _HOMOGLYPHS))}]")
_PLAIN = re.compile("[0-9a-z\u4e00-\u9fff]*")  # as most names of a ledger are
_LEGAL_FORM = re.compile(
    "(股份有限责任公司|股份有限公司|有限责任公司|股份合作公司|有限公司|集团公司|分公司|子公司|总公司|公司|股份|集团"
    "|有限合伙|普通合伙|合伙企业)$"
)
_LATIN_FORM = re.compile(
    r"(?:(?:[\s,.]+|(?<=[\u4e00-\u9fff]))(?:company|co|corporation|corp|group|holdings?|incorporated|inc|limited|ltd|llc))+"
    r"[\s,.]*$"
)
_PROVINCE = re.compile(
    f"^({'|'.join(PROVINCES)})(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?"
)
_CITY = re.compile(f"^({'|'.join(CITIES)})(市|地区|盟)?")
_OTHER_CITY = re.compile(r"^[\u4e00-\u9fff]{2,3}(?<![城超都股门夜])市")
_COUNTY = re.compile(r"^[\u4e00-\u9fff]{1,6}?(自治县|县|新区)")
_DISTRICT = re.compile(r"^[\u4e00-\u9fff]{2,3}?(?<!园)区")
_IN_BRACKETS = re.compile(r"[(\[〔【「『《<]([^()\[\]]*?)[)\]〕】」』》>]")
_MINIMUM = 2  # what is left must still say something


def comparison_key(text: str) -> str:
    """The text without what the eye does not tell apart: width, case, spaces, brackets, homoglyphs."""
    if _PLAIN.fullmatch(text):
        return text
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.isascii() and _HOMOGLYPH.search(folded):
        folded = folded.translate(_HOMOGLYPHS)
    return "".join(filter(str.isalnum, folded))


def name_key(name: str) -> str:
    """What is left of an enterprise's name without place, legal form and brackets.

    "广西柳州市恒达（集团）有限责任公司" and "恒达集团" have the same key. Two enterprises may share
    one: it finds candidates, people decide.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    key = comparison_key(_LATIN_FORM.sub("", _IN_BRACKETS.sub(_unless_place, folded)))
    return _without_place(_without_legal_form(key))


def _unless_place(bracketed: re.Match[str]) -> str:
    inside = bracketed[1].strip()
    is_place = inside == "中国" or any(place.fullmatch(inside) for place in (_PROVINCE, _CITY))
    return "" if is_place else bracketed[0]


def _without_legal_form(key: str) -> str:
    while (shorter := _cut(_LEGAL_FORM, key)) != key:
        key = shorter
    return key


def _without_place(key: str) -> str:
    rest = key
    for place in (_PROVINCE, _CITY, _OTHER_CITY, _COUNTY):
        rest = _cut(place, rest)
    # "区" alone is too common a word to begin with; after a city it is a district.
    return _cut(_DISTRICT, rest) if rest != key else key


def _cut(pattern: re.Pattern[str], key: str) -> str:
    """The key without the match, unless too little would be left to mean anything."""
    shorter = pattern.sub("", key)
    return shorter if len(shorter) >= _MINIMUM else key
