"""Codes that Excel likes to spoil: the credit code of an enterprise, the national code of a project."""

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from core import uscc
from core.sheets import Unreadable, Value
from ledgers.declaring import Meaning, Place
from ledgers.meanings.saying import NOTHING, assumed, is_empty, plain, refused, sure, unreadable, written
from ledgers.meanings.texts import kept

_MISREAD = {"O": "0", "I": "1", "S": "5", "Z": "2", "V": "Y"}
_SHORTENED = re.compile(r"\d(\.\d+)?e\+?\d+")
_OLD = re.compile(r"\d{15}|\d{13}")
_ORGANISATION = re.compile(r"[0-9A-Z]{8}-?[0-9X]")


def _cut_by_excel() -> Meaning:
    return refused(
        _(
            "Excel has shortened this code, its last digits are lost. Format the column as text and type the "
            "code again from the business licence."
        )
    )


def credit_code(value: Value, place: Place) -> Meaning:
    """The credit code with its check character; what can be repaired without a doubt is, and it is said."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    if isinstance(value, Decimal) and value >= 10**15:
        return _cut_by_excel()
    typed = written(value)
    if _SHORTENED.fullmatch(plain(typed)):
        return _cut_by_excel()
    code = uscc.normalise(typed)
    if _OLD.fullmatch(code):
        return refused(
            _("This is an old registration number. Write the credit code of 18 characters or leave it empty.")
        )
    if len(code) != uscc.LENGTH and _ORGANISATION.fullmatch(code):
        return refused(
            _("This is an organisation code. Write the credit code of 18 characters, or leave it empty.")
        )
    try:
        parsed = uscc.parse(typed)
    except uscc.BadCode as refusal:
        return _repaired(code) or refused(str(refusal))
    if parsed == typed.strip():
        return sure(parsed)
    return assumed(parsed, _("Written in half-width capitals without spaces: %(code)s.") % {"code": parsed})


def _repaired(code: str) -> Meaning | None:
    """With O for 0 and the like put right, where then the check character fits."""
    mended = "".join(_MISREAD.get(character, character) for character in code)
    if mended == code or len(code) != uscc.LENGTH:
        return None
    try:
        uscc.parse(mended)
    except uscc.BadCode:
        return None
    return assumed(
        mended,
        _("%(code)s: letters that no credit code has were read as the digits they look like.")
        % {"code": mended},
    )


def national_code(value: Value, place: Place) -> Meaning:
    """The project code of the national platform: 2405-450203-04-01-123456."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    if (isinstance(value, Decimal) and value >= 10**15) or _SHORTENED.fullmatch(plain(written(value))):
        return _cut_by_excel()
    return kept(plain(written(value)).upper().replace(" ", ""), 40)
