"""What a row below the head is: a line of data, or a section, a total, a note, the head once more."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from core.sheets import Merged, Row, Value
from ledgers.layout.heads import Head, repeats
from ledgers.layout.words import is_blank, said, squeezed


class RowKind(Enum):
    LINE = auto()
    SECTION = auto()
    TOTAL = auto()
    SUBTOTAL = auto()
    NOTE = auto()
    HEAD = auto()  # written once more
    NUMBERING = auto()  # of the columns: 1 2 3 4, 甲 乙 1 2
    BLANK = auto()  # a serial number at most


_TOTAL = re.compile(
    r"(?P<of>.{0,16}?)(?P<word>合计|小计|总计|共计|总和|累计|subtotal|grandtotal|total|sum)"
    r"(?:共?\d+[个项家宗]?(?:项目)?|[:].{0,30})?"
)
_TOLD = re.compile(
    r"[合小总共累]\s*计|总\s*和|total|sum|^\s*(?:[备注说填审例示无/\\—-]|暂无|其中)|[:：]\s*$|^.{0,12}[:：]",
    re.IGNORECASE,
)
_GRAND = frozenset({"总计", "总和", "grandtotal"})
_LESSER = frozenset({"小计", "subtotal"})
_COUNT = re.compile(r"(?:共|计)?[\d.]+(?:[个项家宗](?:项目)?)?")
_NOTE = re.compile(
    r"(?:备注|注意|注|说明|填表说明|填报说明|附注|附|数据来源|来源|note|notes|remark|remarks)\d{0,2}[:.、]"
    r"|(?:填报|填表|制表|审核|复核|联系|经办|统计|报送|单位|分管|签发|主要)[^,。:]{0,8}[:]"
    r"|(?:负责人|联系人|电话|日期|时间|单位|盖章|签字)[^,。:]{0,6}[:]"
)
_CHINESE_NUMBER = r"[一二三四五六七八九十百]{1,4}"
_LEVELS = (
    re.compile(rf"(?:第?{_CHINESE_NUMBER}[、.,:]|第{_CHINESE_NUMBER}(?:部分|批|类|章|编)|[ivx]+[、.])"),
    re.compile(rf"[(]{_CHINESE_NUMBER}[)]"),
)
_NUMBERED = re.compile(r"(?:\d{1,2}[、.)]|[(]\d{1,2}[)])(?!\d)")
_COUNTED = re.compile(r"[(](?:共|计|合计)?\d+[个项家宗]?(?:项目)?.{0,20}[)]$")
_CLASS = re.compile(
    r"(?:(?:业|类|产)项目|产业|专班|板块|领域|行业|门类|类|类项目|批|批次|县|区|市|乡|镇|月|季度|半年|年|单位|部分|组)(?:[(].*[)])?$"
)
_PROJECT = re.compile(r"(?:项目|工程|基地|中心|产业园|园区|厂|线|平台)(?:[(].*[)])?$")
_SERIAL_OF_SECTION = re.compile(rf"[(]?{_CHINESE_NUMBER}[)]?[、.]?")
_TO_FILL_IN = re.compile(r"填写|下拉|选择|格式|保留.位|[必选]填|须与|应与|一致$|^(?:例|如|示例)[:,]")
EXAMPLES = frozenset({"例", "示例", "样例", "例如", "填写示例", "范例", "example"})
PLACEHOLDERS = frozenset({"无", "暂无", "没有", "/", "\\", "-", "--", "—", "——", "n/a", "none"})
SECTION_LENGTH = 40


@dataclass(frozen=True)
class Frame:
    """What the rows of a table are judged by: columns from 0."""

    head: Head
    naming: int | None  # where the field that names a line stands
    keys: frozenset[int]  # where the texts of the other fields stand that make a line
    serial: int | None
    fields: frozenset[int]  # all columns that belong to a field
    spoken: frozenset[str]  # what the head says over the naming column
    merged: Mapping[int, Sequence[Merged]]  # ranges that begin in a row, across columns
    width: int


def kind_of(row: Row, frame: Frame, *, after_data: bool) -> RowKind:
    if _is_plain(row, frame):
        return RowKind.LINE  # nearly all rows
    filled = [(at, value) for at, value in enumerate(row.values) if not is_blank(value)]
    if all((at == frame.serial and _is_serial(value)) or _holds_place(value) for at, value in filled):
        return RowKind.BLANK
    if repeats(frame.head, row):
        return RowKind.HEAD
    if (total := _total(filled, frame)) is not None:
        return total
    if not after_data and _is_numbering(filled):
        return RowKind.NUMBERING
    return _text(row, filled, frame, after_data=after_data)


def _is_serial(value: Value) -> bool:
    return (
        not isinstance(value, str)
        or re.fullmatch(r"[\d.、()-]+|[一二三四五六七八九十]+", squeezed(value)) is not None
    )


def _holds_place(value: Value) -> bool:
    return isinstance(value, str) and squeezed(value) in PLACEHOLDERS


def _is_plain(row: Row, frame: Frame) -> bool:
    """It has a name and, in another column that makes a line, a text; neither sums up nor repeats a head."""
    values = row.values
    name = values[frame.naming] if frame.naming is not None and frame.naming < len(values) else None
    if not isinstance(name, str) or not name.strip():
        return False
    keyed = any(
        at < len(values) and isinstance(values[at], str) and not is_blank(values[at]) for at in frame.keys
    )
    if not keyed or _may_be_told(name) or name.strip() in frame.spoken:
        return False
    first = next(value for value in values if not is_blank(value))
    return not isinstance(first, str) or not _may_be_told(first)


def _may_be_told(text: str) -> bool:
    """A cheap look for words of totals and notes; the rows that have them are judged at leisure."""
    return _TOLD.search(text) is not None


def _total(filled: Sequence[tuple[int, Value]], frame: Frame) -> RowKind | None:
    """ "合  计", "柳江区小计", "总计（140个）" in front, and no text of a line beside it."""
    at, word = _totalling(filled, frame)
    if word is None:
        return None
    others = [said(value) for place, value in filled if place != at and isinstance(value, str)]
    beside = [
        squeezed(text) for text in others if not _is_number(text) and not _COUNT.fullmatch(squeezed(text))
    ]
    if len(beside) > 1 or any(place in frame.keys and place != at and _is_words(v) for place, v in filled):
        return None
    return RowKind.SUBTOTAL if word in _LESSER else RowKind.TOTAL


def _totalling(filled: Sequence[tuple[int, Value]], frame: Frame) -> tuple[int, str | None]:
    """Where the word stands: in one of the first cells, before the amounts."""
    for at, value in filled[:3]:
        if not isinstance(value, str):
            continue
        text = re.sub(r"[(][^()]*[)]", "", squeezed(value)).strip(".,、:：-—*")
        if found := _TOTAL.fullmatch(text):
            # "工业小计", "柳江区合计" are parts of a sum, as 小计 is; "全市合计" is a whole one.
            part = found["of"] not in ("", "全市", "全部", "本表", "项目", "总", "市", "本县", "全县", "全区")
            return at, "小计" if part and found["word"] not in _GRAND else found["word"]
    return -1, None


def is_grand(row: Row) -> bool:
    """Whether a total says 总计, before which a mere 合计 is a part."""
    text = " ".join(squeezed(said(value)) for value in row.values if isinstance(value, str))
    return any(word in text for word in _GRAND) or "全市合计" in text


def _is_words(value: Value) -> bool:
    if not isinstance(value, str):
        return False
    text = squeezed(value)
    return text.strip("—-/\\") != "" and not _is_number(text) and not _COUNT.fullmatch(text)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[约+-]?[\d,.\s]+(?:亿元|万元|亿|万|元|%)?", squeezed(text)) is not None


def _is_numbering(filled: Sequence[tuple[int, Value]]) -> bool:
    """1, 2, 3 … under the head, to speak of columns; 甲 and 乙 for those that are not added up."""
    numbers = [value for _, value in filled if isinstance(value, Decimal) or (said(value).isdigit())]
    letters = [value for _, value in filled if squeezed(said(value)) in "甲乙丙丁abcd"]
    wanted = list(range(1, len(numbers) + 1))
    return (
        len(filled) >= 3
        and len(numbers) >= 2
        and len(numbers) + len(letters) == len(filled)
        and ([int(Decimal(str(one))) for one in numbers] == wanted)
    )


def _text(row: Row, filled: Sequence[tuple[int, Value]], frame: Frame, *, after_data: bool) -> RowKind:
    """A row with hardly more than one text: over the lines that follow, or below those before."""
    at, first = filled[0]
    texts = [(place, squeezed(value)) for place, value in filled if isinstance(value, str)]
    if not texts:
        return RowKind.LINE
    text = squeezed(said(first))
    if _is_note(text, texts, frame, after_data=after_data):
        return RowKind.NOTE
    if _has_keys([one for one in texts if one[0] not in (at, frame.naming)], frame):
        return RowKind.LINE
    if len(texts) == 2 and texts[1][0] == frame.naming and _COUNT.fullmatch(texts[1][1]) and _is_words(first):
        return RowKind.SECTION  # "柳城县 | 2个"
    if _is_section_serial(text, len(filled)) and len(texts) == 2 and texts[1][0] in (at + 1, frame.naming):
        return RowKind.SECTION
    if len(texts) > 1:
        return RowKind.LINE
    return _alone(texts[0][1], filled, frame, row=row, after_data=after_data)


def _is_note(text: str, texts: Sequence[tuple[int, str]], frame: Frame, *, after_data: bool) -> bool:
    """ "备注：…", the names of who filled it in, an example, how to fill it in, a part of a sum."""
    name = next((one for at, one in texts if at == frame.naming), "")
    if _NOTE.match(text) and (not name or _NOTE.match(name)):
        return True
    if text in EXAMPLES or (text.startswith("其中") and not _has_keys(texts, frame)):
        return True
    return not after_data and len(texts) > 1 and sum(bool(_TO_FILL_IN.search(one)) for _, one in texts) > 1


def _alone(
    text: str, filled: Sequence[tuple[int, Value]], frame: Frame, *, row: Row, after_data: bool
) -> RowKind:
    at = next(place for place, value in filled if isinstance(value, str))
    if after_data and _NUMBERED.match(text):
        return RowKind.NOTE
    if section_level(text) or (_COUNTED.search(text) and len(text) <= SECTION_LENGTH):
        return RowKind.SECTION
    if is_banner(row, frame) or at != frame.naming:
        short = len(text) <= SECTION_LENGTH and "。" not in text and ";" not in text
        if at in frame.fields and not is_banner(row, frame) and (at in frame.keys or len(filled) > 1):
            return RowKind.LINE
        return RowKind.SECTION if short else RowKind.NOTE
    if len(text) <= SECTION_LENGTH and _is_class(text) and not any(at in frame.keys for at, _ in filled):
        return RowKind.SECTION  # perhaps with the sum of what follows
    return RowKind.LINE


def _is_class(text: str) -> bool:
    """ "钢铁产业", "服务业项目", "柳江区", "（以下为续建项目）"; but not "钢铁产业园项目"."""
    if text.startswith("以下") or (text.startswith("(") and text.endswith(")")):
        return True
    return bool(_CLASS.search(text)) and (text.endswith(("业项目", "类项目")) or not _PROJECT.search(text))


def _has_keys(texts: Sequence[tuple[int, str]], frame: Frame) -> bool:
    return any(at in frame.keys and _is_words(text) for at, text in texts)


def _is_section_serial(text: str, filled: int) -> bool:
    """ "一" or "（一）" whatever stands beside the heading, "A" and "II" when nothing does."""
    return _SERIAL_OF_SECTION.fullmatch(text) is not None or (
        filled == 2 and re.fullmatch(r"[a-h][.、]?|[ivx]+[.、]?", text) is not None
    )


def is_banner(row: Row, frame: Frame) -> bool:
    """Merged across at least half of the table."""
    return any((one.right - one.left + 1) * 2 >= frame.width for one in frame.merged.get(row.number, ()))


def section_level(text: str) -> int:
    """1 for "一、", 2 for "（一）", 0 for no numbering of sections."""
    text = squeezed(text)
    return next((level for level, pattern in enumerate(_LEVELS, start=1) if pattern.match(text)), 0)


def section_text(row: Row) -> str:
    texts = [" ".join(value.split()) for value in row.values if isinstance(value, str) and value.strip()]
    if len(texts) > 1 and _is_section_serial(squeezed(texts[0]), 2):
        return "".join(texts[:2])
    return texts[0]
