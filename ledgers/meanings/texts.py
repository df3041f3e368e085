"""What a cell of text says: names on one line, notes of several, telephone numbers, words of a list."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.sheets import Unreadable, Value
from core.text import without_invisible
from ledgers.declaring import Meaning, Place, Read
from ledgers.meanings.saying import (
    NOTHING,
    asked,
    assumed,
    cut,
    is_empty,
    plain,
    refused,
    sure,
    unreadable,
    written,
)

_CHINESE = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff（）【】《》“”、，。：；"
_WITHIN_CHINESE = re.compile(f"(?<=[{_CHINESE}])[ \u3000\xa0]+(?=[{_CHINESE}])")
_BREAK = re.compile(r"\s*(?:\r\n|[\n\r\v\f\u2028\u2029])\s*")
_ESCAPED = re.compile(r"_x[0-9A-Fa-f]{4}_")  # how Excel writes a control character into the file


def text(limit: int, *, lines: bool = False) -> Read:
    """A text that is kept as it is written, on one line unless `lines`; beyond `limit` it is refused."""

    def read(value: Value, place: Place) -> Meaning:
        if is_empty(value):
            return NOTHING
        if isinstance(value, Unreadable):
            return unreadable(value)
        if not isinstance(value, str):
            return assumed(written(value), _("A number or a day stands here; it is kept as text."))
        return kept(value, limit, lines=lines)

    return read


def kept(value: str, limit: int, *, lines: bool = False) -> Meaning:
    """The text without what cannot be seen and without spaces that mean nothing; a sentence says so."""
    composed = value if value.isascii() else unicodedata.normalize("NFC", value)
    clean = composed if composed.isprintable() else without_invisible(_ESCAPED.sub("", composed))
    line = clean if lines and "\n" in clean else _on_one_line(clean)
    tidy = _tidied_lines(line) if lines else " ".join(line.split())
    closed = tidy if " " not in tidy else _WITHIN_CHINESE.sub("", tidy)
    if len(closed) > limit:
        return refused(
            _("The text has %(count)d characters; at most %(limit)d fit here. Shorten it.")
            % {"count": len(closed), "limit": limit}
        )
    if not closed:
        return NOTHING
    if clean != composed:
        return assumed(closed, _("Invisible characters were left out."))
    if closed != tidy and not lines:
        return assumed(closed, _("Spaces within the words were left out."))
    return sure(closed)


def _on_one_line(text: str) -> str:
    """Lines that were broken for the width of a cell: Chinese goes on without a space."""
    if text.isprintable():
        return text
    return _WITHIN_CHINESE.sub("", _BREAK.sub(" ", text)) if _BREAK.search(text) else text


def _tidied_lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in re.split(r"\r\n|[\n\r\u2028\u2029]", text)).strip()


# --- Words of a list --------------------------------------------------------------------------------

Words = Mapping[str, tuple[Any, bool]]  # {word: (its meaning, whether it is sure)}


def words(known: Words, labels: Callable[[], list[tuple[Any, str]]]) -> Read:
    """One of an office's words, in whatever width and case; another is asked, of `labels`."""
    table = {_word(word): (str(meaning), is_sure) for word, (meaning, is_sure) in known.items()}

    def read(value: Value, place: Place) -> Meaning:
        if is_empty(value):
            return NOTHING
        if isinstance(value, Unreadable):
            return unreadable(value)
        found = table.get(_word(written(value)))
        if found is None:
            return unknown_word(value, labels())
        meaning, is_sure = found
        return sure(meaning) if is_sure else taken_as(value, meaning, _label(meaning, labels()))

    return read


def _word(text: str) -> str:
    return plain(text).replace(" ", "")


def taken_as(value: Value, meaning: Any, label: str) -> Meaning:
    return assumed(
        meaning, _("“%(text)s” is taken as “%(meaning)s”.") % {"text": cut(written(value)), "meaning": label}
    )


def unknown_word(value: Value, choices: list[tuple[Any, str]]) -> Meaning:
    return asked(_("What does “%(text)s” mean here?") % {"text": cut(written(value))}, choices)


def _label(meaning: Any, labels: list[tuple[Any, str]]) -> str:
    return next((label for value, label in labels if value == meaning), str(meaning))


# --- Yes and no -------------------------------------------------------------------------------------

_YES = frozenset(["是", "√", "✓", "✔", "☑", "对", "有", "y", "yes", "true", "t", "1", "●", "○是"])
_NO = frozenset(["否", "×", "✗", "✘", "☒", "x", "不是", "非", "n", "no", "false", "f", "0"])


def yes_or_no(
    *, yes: Words, question: str | Promise, labels: tuple[str | Promise, str | Promise], needs_head: str = ""
) -> Read:
    """True or false by the words of `yes`, or by 是 and 否 under a head that asks for it (`needs_head`)."""
    table = {_word(word): meaning for word, meaning in yes.items()}

    def choices() -> list[tuple[Any, str]]:
        return [(True, str(labels[0])), (False, str(labels[1]))]

    def read(value: Value, place: Place) -> Meaning:
        if is_empty(value):
            return NOTHING
        if isinstance(value, Unreadable):
            return unreadable(value)
        word = _word(written(value))
        if word in table:
            meaning, is_sure = table[word]
            return sure(meaning) if is_sure else taken_as(value, meaning, _label(meaning, choices()))
        if (word in _YES or word in _NO) and needs_head in place.head and "非" not in place.head:
            return sure(word in _YES)
        return asked(str(question) % {"text": cut(written(value))}, choices())

    return read


# --- Telephone numbers ------------------------------------------------------------------------------

_PHONE = re.compile(r"\+?[\d()\- /,;、转]{5,40}")
_LOST = re.compile(r"\d(\.\d+)?e\+?\d+")


def phone(value: Value, place: Place) -> Meaning:
    """A telephone number; one that Excel shortened to 1.38E+10 cannot be got back."""
    if is_empty(value):
        return NOTHING
    if isinstance(value, Unreadable):
        return unreadable(value)
    if isinstance(value, Decimal) and value == value.to_integral_value() and 10**4 < value < 10**15:
        return sure(f"{value:.0f}")
    typed = plain(written(value))
    if _LOST.fullmatch(typed):
        return refused(_("Excel has shortened this number. Format the cell as text and type it again."))
    meaning = kept(written(value), 40)
    if meaning.value and not _PHONE.fullmatch(typed.removesuffix(".0")):
        return assumed(meaning.value, _("More than a telephone number stands here; it is kept as it is."))
    return Meaning(meaning.state, (meaning.value or "").removesuffix(".0"), meaning.sentence)
