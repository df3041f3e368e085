"""Foreign text in a file that a spreadsheet program will open: always text, never a formula.

In a workbook the cell says so itself. A .csv cannot say it: there an apostrophe stands before what
could be taken for a formula, and `original` takes it away again when such a file is read.
"""

import re

from core.text import without_invisible

LONGEST = 32_767  # UTF-16 units in one cell of Excel
_FORMULA = r"[\t\r\n]|\s*[=+\-@＝＋－＠]"
_BEGINS_LIKE_A_FORMULA = re.compile(f"'*(?:{_FORMULA})")
_GUARDED = re.compile(f"'+(?:{_FORMULA})")


def cleaned(text: str) -> str:
    """Without control and zero-width characters; rare characters, tabs and line ends stay."""
    return text if text.isprintable() else without_invisible(text)


def guarded(text: str) -> str:
    """For .csv: -5+3 typed as text is written '-5+3."""
    return f"'{text}" if _BEGINS_LIKE_A_FORMULA.match(text) else text


def original(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if _GUARDED.match(text) else text


def shortened(text: str) -> str:
    """As much as fits into one cell, with a mark that there was more."""
    if 2 * len(text) <= LONGEST or len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    return text.encode("utf-16-le")[: 2 * (LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
