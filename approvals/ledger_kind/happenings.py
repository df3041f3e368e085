"""What happened to an item, in the words of the region's permit system 广西工程建设项目审批管理系统."""

import re
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from approvals.choices import ItemEventKind
from core.sheets import Value
from ledgers import meanings
from ledgers.declaring import Meaning, Place, Read

K = ItemEventKind
WORDS: dict[str, ItemEventKind] = {
    "已接件": K.SUBMITTED,
    "窗口受理": K.ACCEPTED,
    "部门受理": K.TAKEN_ON,
    "不受理": K.NOT_ACCEPTED,
    "不予受理": K.DECLINED,
    "补正开始": K.CORRECTION_STARTED,
    "补正结束": K.CORRECTION_ENDED,
    "特别程序开始": K.SPECIAL_STARTED,
    "特别程序结束": K.SPECIAL_ENDED,
    "公示开始": K.NOTICE_STARTED,
    "公示结束": K.NOTICE_ENDED,
    "办结通过": K.APPROVED,
    "容缺通过": K.APPROVED_PENDING,
    "办结不通过": K.REFUSED,
    "撤件待确认": K.WITHDRAWAL_ASKED,
    "已撤件": K.WITHDRAWN,
    "撤回": K.RECALLED,
    "撤销": K.REVOKED,
    "无需办理": K.NOT_NEEDED,
    "催办": K.URGED,
    "备注": K.NOTE,
}
# What its exports and people write for the same.
ALSO: dict[str, ItemEventKind] = {
    "接件": K.SUBMITTED,
    "收件": K.SUBMITTED,
    "申报": K.SUBMITTED,
    "受理": K.ACCEPTED,
    "已受理": K.ACCEPTED,
    "办结(通过)": K.APPROVED,
    "办结(容缺通过)": K.APPROVED_PENDING,
    "办结(不通过)": K.REFUSED,
    "不通过": K.REFUSED,
    "撤件": K.WITHDRAWN,
}
# What the program works out by itself.
DERIVED = ("办件逾期", "审批超时", "预警", "要办未办")

_DAYS = re.compile(r"(\d{1,4}) ?个? ?(?:工作日|天)?", re.ASCII)


def choices() -> list[tuple[Any, str]]:
    return [(kind.value, word) for word, kind in WORDS.items()]


def happenings() -> Read:
    """The region's words and the program's own; what the program works out by itself is refused."""
    known = {word: (kind.value, True) for word, kind in {**WORDS, **ALSO}.items()}
    with translation.override("en"):
        known |= {str(kind.label): (kind.value, True) for kind in WORDS.values()}
    by_word = meanings.words(known, choices)

    def read(value: Value, place: Place) -> Meaning:
        word = meanings.written(value).strip()
        if word in DERIVED:
            return meanings.refused(
                _("“%(word)s” is worked out by the program itself and is not entered.") % {"word": word}
            )
        return by_word(value, place)

    return read


def announced_length(value: Value, place: Place) -> Meaning:
    """For how many working days an applicant was told that the clock stops, with or without their unit."""
    if meanings.is_empty(value):
        return meanings.NOTHING
    written = meanings.written(value)
    if days := _DAYS.fullmatch(meanings.plain(written)):
        return meanings.sure(int(days[1]))
    return meanings.refused(_("“%(cell)s” is no number of working days.") % {"cell": meanings.cut(written)})
