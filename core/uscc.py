"""The unified social credit code of an enterprise 统一社会信用代码 (GB 32100-2015)."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.refusal import Refusal

LENGTH = 18
# Digits and capitals without I, O, S, V, Z, which are too easily misread.
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALUES = {character: value for value, character in enumerate(CHARACTERS)}
WEIGHTS = [pow(3, position, 31) for position in range(LENGTH - 1)]
_PLAIN = re.compile("[0-9A-Z]*")


class BadCode(Refusal):
    """What was typed is no credit code; the sentence says which character is wrong."""

    http_status = 422


def normalise(text: str) -> str:
    """The code in half-width capitals without the spaces and hyphens it was pasted with."""
    if _PLAIN.fullmatch(text):
        return text
    typed = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in typed if not c.isspace() and c != "-" and unicodedata.category(c) != "Cf")


def check_character(first: str) -> str:
    """The 18th character that belongs to the first 17."""
    total = sum(VALUES[c] * weight for c, weight in zip(first, WEIGHTS, strict=True))
    return CHARACTERS[-total % 31]


def parse(text: str) -> str:
    """The code in its normal form. Raises BadCode when it cannot be one."""
    code = normalise(text)
    if len(code) != LENGTH:
        raise BadCode(_("A credit code has 18 characters; this one has %(count)d.") % {"count": len(code)})
    for position, character in enumerate(code, start=1):
        if character not in CHARACTERS:
            raise BadCode(
                _(
                    "Character %(position)d of the credit code, “%(character)s”, does not occur in such "
                    "codes (digits, and capitals without I, O, S, V, Z)."
                )
                % {"position": position, "character": character}
            )
    if code[-1] != (expected := check_character(code[:-1])):
        raise BadCode(
            _(
                "The check character does not fit: the credit code ends in “%(given)s”, by its first 17 "
                "characters it should end in “%(expected)s”. Compare it with the business licence."
            )
            % {"given": code[-1], "expected": expected}
        )
    return code


def validate_uscc(value: str) -> None:
    """For fields: the same refusal as a validation error."""
    try:
        parse(value)
    except BadCode as refusal:
        raise ValidationError(refusal.message, code="uscc") from refusal
