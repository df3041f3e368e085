"""What every reading of a cell needs: the four ways to say a meaning, empty cells, text without its dress."""

import datetime
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from core.sheets import Unreadable, Value
from core.text import without_invisible
from ledgers.choices import State
from ledgers.declaring import Meaning

# What people write into a cell that holds nothing, after `plain`.
EMPTY_WORDS = {
    *(
        "",
        "-",
        "--",
        "---",
        "/",
        "//",
        "\\",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "tbd",
        "*",
        "?",
        "??",
        "...",
        "…",
    ),
    *(
        "。",
        ".",
        "、",
        "无",
        "没有",
        "空",
        "空白",
        "不详",
        "未知",
        "面议",
        "暂无",
        "待定",
        "未定",
        "暂未定",
        "待补充",
    ),
    *("待填", "待填写", "待明确", "待确定"),
}
LONGEST = 8  # no such word is longer, spaces within and around it included
RAW_LENGTH = 1000  # of a cell's text beside its meaning; the file itself is kept
QUESTION_LENGTH = 200  # see ledgers.models.Answer.raw

NOTHING = Meaning(State.SURE)

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－─", "-") | dict.fromkeys("〜～∼˜", "~"))
_SPACES = re.compile(r"\s+")


def sure(value: Any) -> Meaning:
    return Meaning(State.SURE, value)


def assumed(value: Any, sentence: str) -> Meaning:
    return Meaning(State.ASSUMED, value, sentence)


def asked(sentence: str, choices: Iterable[tuple[Any, str]] = ()) -> Meaning:
    return Meaning(State.ASKED, None, sentence, tuple(choices))


def refused(sentence: str) -> Meaning:
    return Meaning(State.REFUSED, None, sentence)


def unreadable(value: Unreadable) -> Meaning:
    """An error of Excel's, or a formula that was saved without its value."""
    if value.what == "formula":
        return refused(
            _("The formula was saved without its value. Open the workbook in Excel or WPS and save it again.")
        )
    return refused(_("The cell shows the error %(error)s. Write the value itself.") % {"error": value})


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text as the eye reads it: half-width, small letters, one kind of dash, nothing invisible."""
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES)
    if not folded.isprintable():
        folded = without_invisible(folded)
    return _SPACES.sub(" ", folded).strip().casefold()


def is_empty(value: Value) -> bool:
    """Nothing, or one of the words for nothing."""
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    return plain(value) in EMPTY_WORDS if len(value) < LONGEST else not value.strip()


def written(value: Value) -> str:
    """A cell as text, as Excel would show it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd") if "\0" in value else value  # which no database keeps
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime.datetime):
        return (
            value.isoformat(" ", "seconds") if value.time() != datetime.time() else value.date().isoformat()
        )
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def number(value: Decimal) -> str:
    """A number as text, without zeros behind the point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cut(text: str) -> str:
    """A cell's text as it stands in a sentence."""
    return text if len(text) <= 40 else text[:39] + "…"


def asked_as(value: Value) -> str:
    """The text under which like cells are asked once: spaces and width do not make two of one."""
    return " ".join(unicodedata.normalize("NFKC", written(value)).split())[:QUESTION_LENGTH]
