"""Tables kept as text (.csv): what they are written in and what stands between their cells.

Part of the child of `core.sheets`.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

SEPARATORS = ",;\t|"
HEAD_WITHIN = 8  # rows
SAMPLE = 200  # lines that the separator is told from
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
# What core.exporting.texts writes before what could be taken for a formula; see also `original` there.
_GUARDED = re.compile(r"'+(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")
# Two cells that were one number, 350,000, before its comma was taken for the end of a cell.
_HEAD_OF_NUMBER, _TAIL_OF_NUMBER = re.compile(r"\s*[¥￥$]?-?\d{1,3}"), re.compile(r"\d{3}(?:\.\d+)?\s*")
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')  # how Excel is made to leave a code alone: ="0123"


def decoded(content: bytes) -> str | None:
    """The text, or None when it is none: by its mark, else UTF-8, else GB18030, as Excel and WPS write."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    for encoding in (*_guessed(content), "utf-8", "gb18030"):
        if (text := _decoded(content, encoding)) is not None:
            return text
    return None


def _guessed(content: bytes) -> list[str]:
    """UTF-16 without a mark shows in the zeros beside its commas and digits."""
    sample = content[:2000]
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    if max(odd, even) * 10 < len(sample):
        return []
    return ["utf-16-le"] if odd > even else ["utf-16-be"]


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    controls = len(_CONTROL.findall(text[:100_000]))
    return None if "\0" in text or controls > 5 + len(text) // 1000 else text


class SplitNumber(Exception):
    """A row (`number`) is longer than the others, and a comma seems to stand within a number of it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def separator(text: str) -> str | None:
    """The character that splits most lines into the same number of cells; None when none splits any."""
    best, most = None, 0
    for candidate in SEPARATORS:
        try:
            sample = _sample(text, candidate)
        except csv.Error:
            continue
        counts = Counter(len(row) for row in sample if len(row) > 1)
        agreeing = max((count * (length > 1) for length, count in counts.items()), default=0)
        if agreeing > most:
            best, most = candidate, agreeing
    return best


def _sample(text: str, candidate: str) -> list[list[str]]:
    return list(islice(csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=candidate), SAMPLE))


def rows(text: str, between: str, longest: int) -> Iterator[list[str]]:
    """The cells, line by line. Raises csv.Error for a cell longer than `longest`, SplitNumber."""
    csv.field_size_limit(longest)
    usual = _longest_usual(_sample(text, between)) if between == "," else 0
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=between), start=1):
        if usual and len(row) > usual and _holds_split_number(row):
            raise SplitNumber(number)
        yield [_bare(cell) if cell[:1] in ("=", "'") else cell for cell in row]


def _longest_usual(sample: list[list[str]]) -> int:
    """How long a row may be: as the head, or as rows that end where it does. One longer row is no rule."""
    counts = Counter(len(row) for row in sample)
    heads = [len(row) for row in sample[:HEAD_WITHIN] if not any(_is_number(cell) for cell in row)]
    usual = (length for length, count in counts.items() if count > 1 and count * 10 > len(sample))
    return max([*heads, *usual], default=0)


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "").isdecimal()


def _holds_split_number(row: list[str]) -> bool:
    return any(
        _HEAD_OF_NUMBER.fullmatch(left) and _TAIL_OF_NUMBER.fullmatch(right) for left, right in pairwise(row)
    )


def _bare(cell: str) -> str:
    if _GUARDED.match(cell):
        return cell[1:]
    kept = _KEPT_AS_TEXT.fullmatch(cell)
    return kept[1] if kept else cell
