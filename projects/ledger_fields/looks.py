"""What cells of a field look like: a column without a head, or under an unknown one, is known by them."""

import datetime
import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from core import uscc
from core.sheets import Value
from ledgers.meanings import written
from ledgers.meanings.names import is_firm
from ledgers.meanings.saying import plain
from projects.ledger_fields.words import CONTRACT_WORDS, INDUSTRIAL_WORDS, STAGE_WORDS
from taskforces.reference import FORCE_ALIASES, TASK_FORCES, UNIT_ALIASES, UNITS

_DAY = re.compile(r"(19|20)\d\d *[-./年] *\d{1,2}.*|20\d{6}|4\d{4}(\.\d+)?|\d{1,2}月\d{1,2}日?")
_PHONE = re.compile(r"1[3-9]\d{9}(\.0)?|0\d{2,3}-?\d{7,8}")
_PROJECT = re.compile(r".*(项目|工程|基地|产业园|生产线|产线|改造|扩建|[一二三]期)([（(].*[)）])?\s*")


def code(value: Value) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(f"[{uscc.CHARACTERS}]{{18}}", uscc.normalise(value)) is not None
    )


def day(value: Value) -> bool:
    if isinstance(value, str | Decimal):
        return _DAY.fullmatch(plain(written(value))) is not None
    return isinstance(value, datetime.date)


def phone(value: Value) -> bool:
    return isinstance(value, str | Decimal) and _PHONE.fullmatch(plain(written(value))) is not None


def firm(value: Value) -> bool:
    return isinstance(value, str) and is_firm(value.strip())


def project(value: Value) -> bool:
    return isinstance(value, str) and _PROJECT.fullmatch(value) is not None and not firm(value)


def _one_of(words: Iterable[str]) -> Callable[[Value], bool]:
    known = {plain(word).replace(" ", "") for word in words}

    def looks(value: Value) -> bool:
        if not isinstance(value, str):
            return False
        text = plain(value).replace(" ", "")
        return text in known or re.split(r"[(/、]", text)[0] in known

    return looks


def _spoken(aliases: Iterable[tuple[str, str]]) -> Iterable[str]:
    return " ".join(" ".join(names) for names in aliases).split()


unit = _one_of([*_spoken(UNIT_ALIASES.values()), *(name for row in UNITS for name in row[1:3])])
force = _one_of([*_spoken(FORCE_ALIASES.values()), *(row[1] for row in TASK_FORCES)])
contract = _one_of(CONTRACT_WORDS)
stage = _one_of(STAGE_WORDS)
industrial = _one_of([*INDUSTRIAL_WORDS, "是", "否", "√", "×"])
