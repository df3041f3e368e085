"""Which column holds which field: by its head, by a head that resembles one, by its cells, or asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from core.ooxml.cells import letters
from core.sheets import Row, Value
from ledgers.choices import QuestionKind, State
from ledgers.declaring import Field
from ledgers.layout.heads import Head, Names, is_serial
from ledgers.layout.laid import Answers, Column, Question
from ledgers.layout.words import bare, is_blank, money_unit_of_head, squeezed

SAMPLE = 200  # rows that a column is judged by
FEW = 3  # cells that say nothing of their column
ASKED = 12  # columns of a sheet that are asked for at most
_ANOTHER_TIME = re.compile("去年|上年|同期|上期|完成|到位|累计")
_FIGURE = re.compile(r"\d")
_OF_MONEY = re.compile(r"投资|[资金总]额")
_OTHER_MONEY = re.compile(
    r"注册|税|产值|强度|同期|去年|上年|完成|到位|[占比率]|增长|贷款|补助|补贴|销售|营业|内容|日期|时间|[方人]$"
)
# What a head may say beside the name of its field without meaning something else.
HARMLESS = (
    *(
        "项目",
        "合同",
        "协议",
        "本次",
        "约定",
        "总",
        "额",
        "金额",
        "数",
        "情况",
        "名称",
        "全称",
        "时间",
        "日期",
    ),
    *("年月日", "年月", "所属", "所在", "主要", "具体", "填写", "必填", "选填", "信息", "内容", "的"),
)


@dataclass
class Resolved:
    columns: list[Column] = field(default_factory=list)
    serial: int | None = None
    questions: list[Question] = field(default_factory=list)

    def places(self) -> dict[str, int]:
        return {one.field: one.place for one in self.columns if one.field}


def resolve(sheet: str, head: Head, rows: Sequence[Row], names: Names, answers: Answers) -> Resolved:
    """The columns of a table whose rows below the head are `rows`."""
    return _Resolving(sheet, head, rows, names, answers).resolved()


class _Resolving:
    def __init__(self, sheet: str, head: Head, rows: Sequence[Row], names: Names, answers: Answers) -> None:
        self.sheet, self.head, self.names, self.answers = sheet, head, names, answers
        sample = rows[:SAMPLE]
        width = max((len(row.values) for row in sample), default=0)
        self.cells = {at: _cells(sample, at) for at in range(max(width, max(head.levels, default=-1) + 1))}
        self.serial = next((at for at, levels in sorted(head.levels.items()) if is_serial(levels)), None)
        self.found: dict[str, Column] = {}
        self.taken: set[int] = set()
        self.questions: list[Question] = []

    def resolved(self) -> Resolved:
        self._by_answer()
        self._by_name()
        self._by_resemblance()
        self._by_cells()
        self._asked_for()
        self._sum_asked_for()
        rest = [self._column(at) for at in self.cells if at not in self.taken and self._holds(at)]
        columns = sorted([*self.found.values(), *rest], key=lambda one: one.place)
        serial = self.serial if self.serial not in {one.place for one in self.found.values()} else None
        return Resolved(columns, serial, self.questions)

    def _holds(self, at: int) -> bool:
        return at != self.serial and (bool(self.cells[at]) or at in self.head.levels)

    def _column(self, at: int) -> Column:
        levels = self.head.levels.get(at, ())
        units = [money_unit_of_head(level) for level in reversed(levels)]
        unit = next(filter(None, units), "")
        return Column(at, letters(at), self.head.text(at), money_unit=unit)

    def _take(self, at: int, field: Field, state: State = State.SURE, sentence: str = "") -> None:
        self.taken.add(at)
        column = replace(self._column(at), field=field.name, state=state, sentence=sentence)
        self.found[field.name] = column if field.is_money else replace(column, money_unit="")

    def _free(self) -> list[int]:
        return [at for at in self.cells if at not in self.taken and self._holds(at)]

    def _missing(self) -> list[Field]:
        return [one for one in self.names.kind.fields if one.name not in self.found]

    # What people said

    def _by_answer(self) -> None:
        known = {one.name: one for one in self.names.kind.fields}
        for at in self._free():
            meaning = self.answers.get((QuestionKind.COLUMN, "", _asked_as(self.head.text(at), at)))
            if meaning is None:
                continue
            if meaning in known and meaning not in self.found:
                self._take(at, known[meaning])
            else:
                self.taken.add(at)
                self.found[f"-{at}"] = self._column(at)  # said to hold none

    # What is written over them

    def _by_name(self) -> None:
        """The best name of a field wins; of two as good, the one that holds something, then the first."""
        named = [
            (rank, not self.cells[at], at, one)
            for at in self._free()
            for rank, one in self.names.fields(self.head.levels.get(at, ()))
            if not (one.is_money and self._is_of_another_time(at))
        ]
        for rank, _empty, at, one in sorted(named, key=lambda found: found[:3]):
            if one.name not in self.found and at not in self.taken:
                twins = [other for its, _, other, field in named if field is one and its == rank]
                self._take_of(at, one, twins)

    def _is_of_another_time(self, at: int) -> bool:
        """ "去年同期" over "投资额", "已完成投资" over "金额"."""
        *above, _lowest = self.head.levels.get(at, ("",))
        return any(_ANOTHER_TIME.search(squeezed(one)) for one in above)

    def _take_of(self, at: int, one: Field, twins: Sequence[int]) -> None:
        """An amount under groups that say different things, "2024年" and "2025年", is a question."""
        groups = {self.head.levels[other][:-1] for other in twins if self.cells[other]}
        if not one.is_money or len(groups) < 2:
            return self._take(at, one)
        for other in twins:
            self._question(other, [one])
        sentence = _("More than one column is called “%(head)s”; say which one counts.")
        return self._take(at, one, State.ASKED, sentence % {"head": self.head.levels[at][-1]})

    def _by_resemblance(self) -> None:
        for at in self._free():
            for one in self.names.resembling(self.head.levels.get(at, ())):
                if one.name in self.found or not self._may_be(at, one):
                    continue
                head = self.head.text(at)
                if _is_harmless(head, one):
                    sentence = _("“%(head)s” was taken for “%(field)s”.")
                    self._take(at, one, State.ASSUMED, sentence % {"head": head, "field": one.label})
                    break

    # What stands in them

    def _may_be(self, at: int, field: Field) -> bool:
        """Whether the cells do not speak against it."""
        return field.looks_like is None or len(self.cells[at]) < FEW or self._share(at, field) >= 0.6

    def _share(self, at: int, field: Field) -> float:
        cells = self.cells[at]
        assert field.looks_like is not None
        return sum(map(field.looks_like, cells)) / len(cells) if cells else 0.0

    def _by_cells(self) -> None:
        """A column without a head that looks like just one of the missing fields is taken for it; one
        under an unknown head is asked for."""
        for at in self._free():
            cells = self.cells[at]
            if len(cells) < FEW:
                continue
            alike = [one for one in self._missing() if one.looks_like and self._share(at, one) >= 0.8]
            if len(alike) == 1 and not self.head.text(at):
                sentence = _("The column has no head; by its cells it was taken for “%(field)s”.")
                self._take(at, alike[0], State.ASSUMED, sentence % {"field": alike[0].label})
            elif len(alike) == 1:
                self._ask(at, alike[0])
            elif alike:  # days, of which nobody knows what happened on them
                self._question(at, alike)

    def _ask(self, at: int, guess: Field) -> None:
        """Taken for the field until somebody says so; its cells count as asked."""
        self._question(at, [guess])
        self._take(at, guess, State.ASKED, _("By its cells the column may be “%s”.") % guess.label)

    def _asked_for(self) -> None:
        """When a field that must be there has no column, every unknown column may be it."""
        missing = [one for one in self._missing() if one.is_required and not one.by_place]
        if missing:
            for at in [one for one in self._free() if self.cells[one]][:ASKED]:
                self._question(at, missing)

    def _sum_asked_for(self) -> None:
        """When no column holds what the sheet adds up, one of money under an unknown head may."""
        missing = [one for one in self._missing() if one.name == self.names.kind.sum_of]
        likely = [at for at in self._free() if self._may_be_the_sum(at)] if missing else []
        if len(likely) == 1:
            self._ask(likely[0], missing[0])
        for at in likely[:ASKED] if len(likely) > 1 else ():
            self._question(at, missing)

    def _may_be_the_sum(self, at: int) -> bool:
        head = bare(self.head.text(at).rpartition("/")[2])
        figures = sum(
            isinstance(one, Decimal) or _FIGURE.search(str(one)) is not None for one in self.cells[at]
        )
        named = any(map(money_unit_of_head, self.head.levels.get(at, ()))) or _OF_MONEY.search(head)
        return bool(named and not _OTHER_MONEY.search(head) and figures * 5 >= len(self.cells[at]) * 4 > 0)

    def _question(self, at: int, likely: Sequence[Field]) -> None:
        """What a column holds, asked once; the likely fields stand before the other missing ones."""
        head = self.head.text(at)
        if any(one.raw == _asked_as(head, at) for one in self.questions):
            return
        choices = [*likely, *(one for one in self._missing() if one not in likely)]
        column = letters(at)
        sentence = (
            _("What does the column “%(head)s” hold?") % {"head": head}
            if head
            else _("What does the column %(column)s without a head hold?") % {"column": column}
        )
        meanings = [*((one.name, str(one.label)) for one in choices), ("", _("None of these"))]
        self.questions.append(
            Question(
                QuestionKind.COLUMN,
                "",
                _asked_as(head, at),
                sentence,
                tuple(meanings),
                len(self.cells[at]),
                f"{self.sheet}!{column}{self.head.last + 1}",
            )
        )


def _asked_as(head: str, at: int) -> str:
    return head or letters(at)


def _cells(rows: Sequence[Row], at: int) -> list[Value]:
    return [row.values[at] for row in rows if at < len(row.values) and not is_blank(row.values[at])]


def _is_harmless(head: str, field: Field) -> bool:
    """Whether beside a name of the field nothing is said that could mean another thing."""
    text = bare(head.rpartition("/")[2])
    for name in sorted(map(bare, field.heads), key=len, reverse=True):
        if name and name in text:
            rest = text.replace(name, "", 1)
            for word in sorted(HARMLESS, key=len, reverse=True):
                rest = rest.replace(word, "")
            if not rest.strip("、/及和与:,"):
                return True
    return False
