"""A workbook laid out, sheet by sheet and table by table."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.ooxml.cells import letters
from core.sheets import TITLE_LENGTH, Merged, Row, Sheet, Visibility
from ledgers.choices import QuestionKind
from ledgers.declaring import Kind, Place
from ledgers.layout.columns import SAMPLE, Resolved, resolve
from ledgers.layout.copies import without_copies
from ledgers.layout.filling import filled_down
from ledgers.layout.heads import Head, Names, find_head, is_serial, looks_like_summary, repeats
from ledgers.layout.laid import (
    Answers,
    Laid,
    Question,
    Skipped,
    Stated,
    Table,
    money_unit_asked,
)
from ledgers.layout.lines import Lines
from ledgers.layout.rows import Frame, RowKind, kind_of, section_level, section_text
from ledgers.layout.strips import Strip, asked_of, cuts_of, is_table, reaches_across, strips, whole
from ledgers.layout.totals import whole as whole_sums
from ledgers.layout.words import is_blank, money_unit_of_title, said, squeezed, years_of
from taskforces.models import ReportingUnit

FEW = 4  # rows that show whether a sheet is a form
_FIGURES = re.compile(r"[\d\s.,:/%()-]*")  # numbers, days and codes as text: none is a name


def lay_out(
    sheets: Sequence[Sheet],
    kind: Kind,
    *,
    unit: ReportingUnit | None = None,
    answers: Answers | None = None,
    file_name: str = "",
) -> Laid:
    """Tables, what was left out and why, and what must be asked."""
    laying = _Laying(kind, unit, answers or {}, file_name)
    for sheet in sheets:
        laying.sheet(sheet if sheet.title else replace(sheet, title=_called_by(file_name)))
    return laying.laid()


@dataclass
class _Found:
    """A table while its rows are gone through."""

    head: Head
    resolved: Resolved
    title: str
    rows: list[tuple[Row, int]] = field(default_factory=list)  # lines and their sections
    sections: list[str] = field(default_factory=lambda: [""])
    parts: list[list[Row]] = field(default_factory=lambda: [[]])  # lines between sections and totals
    totals: list[tuple[Row, RowKind, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    heading: str = ""  # the section that begins with its last row, over the head of another table
    tells: tuple[int, ...] = ()  # the columns that only somebody who fills in a row writes into
    untold: int = 0  # rows that stood ready and that nobody has filled in


class _Laying:
    def __init__(self, kind: Kind, unit: ReportingUnit | None, answers: Answers, file_name: str) -> None:
        self.kind, self.unit, self.answers, self.file_name = kind, unit, answers, file_name
        self.names = Names(kind)
        self.tables: list[Table] = []
        self.skipped: list[Skipped] = []
        self._rows_skipped: set[Skipped] = set()
        self.questions: dict[str, Question] = {}
        self.heads: set[str] = set()
        self._is_head_word = lru_cache(maxsize=4096)(partial(_names_a_column, self.names))

    def laid(self) -> Laid:
        tables, copies = without_copies(self.tables, self.kind)
        for table, reason in copies:
            self._skip(table.sheet, table.lines[0].number if table.span else 0, reason)
        layout = hashlib.sha256("\n".join(sorted(self.heads)).encode()).hexdigest()[:16] if self.heads else ""
        return Laid(tables, self.skipped, list(self.questions.values()), layout)

    def _skip(self, sheet: str, row: int, reason: str) -> None:
        self.skipped.append(Skipped(sheet, row, reason))

    def _skip_row(self, told: Skipped) -> None:
        """What stands across two tables is told once."""
        if told not in self._rows_skipped:
            self._rows_skipped.add(told)
            self.skipped.append(told)

    # A sheet

    def sheet(self, sheet: Sheet) -> None:
        if not any(not is_blank(value) for row in sheet.rows for value in row.values):
            return self._skip(sheet.title, 0, _("The sheet is empty."))
        if sheet.visibility == Visibility.VERY_HIDDEN:
            reason = _("The sheet is hidden so that no menu of Excel shows it; it was not read.")
            return self._skip(sheet.title, 0, reason)
        if sheet.visibility == Visibility.HIDDEN:
            reason = _("The sheet is hidden; it was not read. Show it in Excel if it belongs to the ledger.")
            return self._skip(sheet.title, 0, reason)
        head = find_head(sheet, self.names)
        if head is None:
            return self._skip(sheet.title, 0, self._no_head(sheet))
        if self._counts(sheet, head):
            return self._skip(
                sheet.title, 0, _("A summary; its rows are counted from others. It was not read.")
            )
        if self._is_form(sheet, head):
            reason = _(
                "A form for one project, not a list with a row for each; it was not read. Hand the projects "
                "in as a list."
            )
            return self._skip(sheet.title, 0, reason)
        return self._side_by_side(sheet, head)

    def _side_by_side(self, sheet: Sheet, head: Head) -> None:
        for strip, its_head in self._strips(sheet, head):
            self._tables(strip, its_head)

    def _strips(self, sheet: Sheet, head: Head) -> list[tuple[Strip, Head]]:
        """The tables beside each other, each with its own head; mostly the whole sheet is one."""
        cuts = cuts_of(sheet, head, self.names)
        if cuts and not self._is_cut_further_down(sheet, head, cuts):
            found = [(one, find_head(one, self.names)) for one in strips(sheet, head, cuts)]
            tables = [(one, its) for one, its in found if its and self._is_one_beside(one, its, head)]
            if len(tables) == len(found):
                return tables
        return [(whole(sheet), head)]

    def _is_one_beside(self, strip: Strip, its: Head, head: Head) -> bool:
        named = is_table(its, self.names, asked_of(head, self.names))
        return named and not self._counts(strip, its) and not self._is_form(strip, its)

    def _is_cut_further_down(self, sheet: Sheet, head: Head, cuts: list[int]) -> bool:
        """Whether another table stands below, across those that stand beside each other."""
        for index, row in enumerate(sheet.rows):
            if row.number <= head.last or repeats(head, row) or not self._head_words(row):
                continue
            other = find_head(sheet, self.names, start=index, only=True)
            if other and reaches_across(other, cuts) and cuts_of(sheet, other, self.names) != cuts:
                return True
        return False

    def _is_form(self, sheet: Sheet, head: Head) -> bool:
        """Whether under the head of the naming column stand further heads: 项目名称 甲 | 总投资 5000."""
        at = next((at for at, text in sorted(head.levels.items()) if self._names_lines(text)), None)
        rows = (row for row in sheet.rows if row.number > head.last and not repeats(head, row))
        below = list(islice(rows, FEW))
        cells = [row.values[at] for row in below if at is not None and at < len(row.values)]
        named = [one for one in cells if isinstance(one, str) and self._is_head_word(one)]
        return bool(named) and len(named) * 2 > len(cells)

    def _names_lines(self, levels: Sequence[str]) -> bool:
        return any(one is self.names.naming for _rank, one in self.names.fields(levels))

    def _counts(self, sheet: Sheet, head: Head) -> bool:
        """Whether numbers stand where names should: a column 项目 that says how many they are."""
        resolved = resolve(sheet.title, head, [], self.names, self.answers)
        at = resolved.places().get(self.names.naming.name)
        below = [row for row in sheet.rows if row.number > head.last][:SAMPLE]
        cells = [row.values[at] for row in below if at is not None and at < len(row.values)]
        filled = [value for value in cells if not is_blank(value)]
        return len(filled) > 1 and sum(isinstance(one, Decimal) for one in filled) * 5 > len(filled) * 3

    def _no_head(self, sheet: Sheet) -> str:
        if looks_like_summary(sheet):
            return _summary()
        return _("No head with “%(field)s” stands in its first rows; the sheet was not read.") % {
            "field": self.names.naming.label
        }

    def _tables(self, sheet: Strip, head: Head) -> None:
        """Mostly one; another when a head of other columns stands further below."""
        below = [row for row in sheet.rows if row.number > head.last]
        above = [row for row in sheet.rows if row.number < head.first]
        found = self._begin(sheet, head, below, _lines_of(above))
        indexes = {row.number: index for index, row in enumerate(sheet.rows)}
        merged = _across(sheet.merged)
        frame = self._frame(found, merged, sheet.left)
        skip_to = 0
        for row in below:
            if row.number <= skip_to:
                continue
            kind = kind_of(row, frame, after_data=bool(found.rows))
            another = self._another_head(sheet, indexes[row.number], kind, found.head)
            if another is not None:
                self._finish(sheet, found)
                rest = [one for one in below if one.number > another.last]
                found = self._begin(sheet, another, rest, found.title, found.heading)
                frame, skip_to = self._frame(found, merged, sheet.left), another.last
                continue
            self._row(sheet, row, kind, found)
        self._finish(sheet, found)

    def _begin(self, sheet: Strip, head: Head, below: Sequence[Row], title: str, heading: str = "") -> _Found:
        resolved = resolve(sheet.title, head, below, self.names, self.answers)
        heads = [squeezed(head.text(at)) for at in sorted(head.levels)]
        self.heads.add("|".join(heads))
        for question in resolved.questions:
            self._ask(question)
        return _Found(head, resolved, title, sections=[heading], tells=self._tells(resolved))

    def _ask(self, question: Question) -> None:
        """The same head in several sheets is asked for once."""
        before = self.questions.get(question.raw)
        cells = question.cells + (before.cells if before else 0)
        self.questions[question.raw] = replace(before or question, cells=cells)

    def _frame(self, found: _Found, merged: Mapping[int, Sequence[Merged]], left: int) -> Frame:
        places = found.resolved.places()
        naming = places.get(self.names.naming.name)
        making = [one.name for one in self.kind.fields if one.is_required or one.is_key]
        money = {one.name for one in self.kind.fields if one.is_money}
        keys = {places[name] for name in making if name in places and name not in money} - {naming}
        return Frame(
            found.head,
            naming,
            frozenset(at for at in keys if at is not None),
            found.resolved.serial,
            frozenset(places.values()),
            frozenset(text.strip() for text in found.head.levels.get(naming, ()))
            if naming is not None
            else frozenset(),
            merged,
            max(found.head.levels, default=0) + 1 - left,
        )

    def _another_head(self, sheet: Sheet, index: int, kind: RowKind, head: Head) -> Head | None:
        """A head with other columns below the first table."""
        row = sheet.rows[index]
        if kind is RowKind.HEAD or not self._head_words(row):
            return None
        another = find_head(sheet, self.names, start=index, only=True)
        return another if another and not repeats(head, row) else None

    def _head_words(self, row: Row) -> bool:
        """Most of its texts are names of fields; of a line, the first two mostly are none."""
        if any(isinstance(one, Decimal) for one in row.values):
            return False
        texts = [value for value in row.values if isinstance(value, str) and value.strip()]
        if len(texts) < 3 or not any(self._is_head_word(text) for text in texts[:2]):
            return False
        known = sum(map(self._is_head_word, texts))
        return known >= 3 and known * 2 >= len(texts)

    # A row

    def _row(self, sheet: Strip, row: Row, kind: RowKind, found: _Found) -> None:
        if kind is RowKind.LINE and found.tells and not _holds_any(row, found.tells):
            found.untold += 1
            return
        found.heading = section_text(row) if kind is RowKind.SECTION else ""
        if kind is RowKind.LINE:
            found.rows.append((row, len(found.sections) - 1))
            found.parts[-1].append(row)
            return
        if kind is RowKind.SECTION and self._leads(sheet, row, found):
            found.sections.append(_section(found.sections[-1], section_text(row)))
        elif kind is RowKind.SECTION:
            kind = RowKind.NOTE
        if kind in (RowKind.TOTAL, RowKind.SUBTOTAL):
            found.totals.append((row, kind, len(found.sections) - 1))
        if kind is RowKind.NOTE:
            found.notes.append(_text_of(row))
        if found.parts[-1] and kind is not RowKind.BLANK and kind is not RowKind.NUMBERING:
            found.parts.append([])
        self._skip_row(Skipped(sheet.title, row.number, _reason(kind, row)))

    def _tells(self, resolved: Resolved) -> tuple[int, ...]:
        places = resolved.places()
        return tuple(places[name] for name in self.kind.tells if name in places)

    def _leads(self, sheet: Sheet, row: Row, found: _Found) -> bool:
        """A heading with nothing under it is a note: after the last line no section begins."""
        naming = found.resolved.places().get(self.names.naming.name)
        if naming is None:
            return True
        lines = (
            other.number
            for other in reversed(sheet.rows)
            if naming < len(other.values)
            and not is_blank(other.values[naming])
            and sum(not is_blank(value) for value in other.values) > 2
        )
        return row.number < next(lines, 0)

    # The end of a table

    def _finish(self, sheet: Strip, found: _Found) -> None:
        self._say_columns(sheet, found)
        if found.untold:
            told = ngettext(
                "%(n)d row stands ready and is not filled in yet; it was passed over.",
                "%(n)d rows stand ready and are not filled in yet; they were passed over.",
                found.untold,
            )
            self._skip(sheet.title, found.head.last, told % {"n": found.untold})
        around = (found.sections[0], found.title, "\n".join(found.notes))  # the nearest first
        title_unit = next(filter(None, map(money_unit_of_title, around)), "")
        years = years_of(found.title, sheet.title, self.file_name)
        sections = [self._places(sheet, found, text, title_unit, years) for text in found.sections]
        filled = filled_down(found.parts, found.resolved.columns, self.kind, sheet.merged)
        columns = tuple(found.resolved.columns)
        lines = Lines(sheet.title, found.rows, columns, sections, filled, part=sheet.part)
        stated = tuple(self._stated(found, sections))
        self.tables.append(Table(sheet.title, found.title, columns, lines, stated, sheet.span))

    def _say_columns(self, sheet: Sheet, found: _Found) -> None:
        beside = self._beside(found)
        if beside:
            sentence = _(
                "A second table stands beside the first in columns %(first)s to %(last)s; it was not read. "
                "Put it below the first one or on a sheet of its own."
            )
            told = sentence % {"first": letters(beside[0]), "last": letters(beside[-1])}
            self._skip(sheet.title, found.head.last, told)
        for column in found.resolved.columns:
            if column.place in beside:
                continue
            if not column.field and self._holds(found, column.place):
                sentence = _("Column %(column)s (%(head)s) belongs to no field and was not read.")
                head = column.head or _("without a head")
                told = sentence % {"column": column.letter, "head": head}
                self._skip(sheet.title, found.head.last, told)
            elif column.field and column.place in sheet.hidden_columns:
                sentence = _("Column %(column)s (%(head)s) is hidden; it was read all the same.")
                told = sentence % {"column": column.letter, "head": column.head}
                self._skip(sheet.title, found.head.last, told)

    def _beside(self, found: _Found) -> range:
        """The columns of a table at the right of this one: its heads name the same fields once more."""
        places = found.resolved.places()
        last = max(places.values(), default=0)
        heads = {at: self.names.fields(text) for at, text in found.head.levels.items() if at > last}
        again = {known[0][1].name for known in heads.values() if known} & set(places)
        is_table = len(again) > 2 and self.names.naming.name in again
        return range(last + 1, max(heads) + 1) if is_table else range(0)

    def _holds(self, found: _Found, at: int) -> bool:
        return any(at < len(row.values) and not is_blank(row.values[at]) for row, _section in found.rows)

    def _places(
        self, sheet: Strip, found: _Found, section: str, title_unit: str, years: tuple[int, ...]
    ) -> tuple[Place, dict[str, Place]]:
        place = Place(
            sheet.title,
            section=section,
            title=found.title,
            money_unit=title_unit,
            unit=self.unit,
            years=years,
            span=sheet.span,
        )
        places = {}
        for column in found.resolved.columns:
            if column.field:
                here = replace(place, head=column.head, money_unit=column.money_unit or title_unit)
                places[column.field] = self._with_answer(here, column.field)
        return place, places

    def _with_answer(self, place: Place, field: str) -> Place:
        if place.money_unit or not self.kind.field(field).is_money:
            return place
        raw = money_unit_asked(place)
        answer = self.answers.get((QuestionKind.MONEY_UNIT, field, raw))
        return replace(place, money_unit=str(answer)) if answer else place

    def _stated(
        self, found: _Found, sections: Sequence[tuple[Place, Mapping[str, Place]]]
    ) -> Iterator[Stated]:
        at = found.resolved.places().get(self.kind.sum_of)
        if at is None:
            return
        totals = [
            (row, kind, section)
            for row, kind, section in found.totals
            if at < len(row.values) and not is_blank(row.values[at])
        ]
        for row, section in whole_sums(totals, at):
            place = sections[section][1][self.kind.sum_of]
            yield Stated(row.values[at], row.number, letters(at), place, found.sections[section])


def _names_a_column(names: Names, text: str) -> bool:
    if len(text) > 20 or _FIGURES.fullmatch(text):
        return False
    return bool(names.fields((text,))) or is_serial((text,))


def _holds_any(row: Row, places: Sequence[int]) -> bool:
    return any(at < len(row.values) and not is_blank(row.values[at]) for at in places)


def _called_by(file_name: str) -> str:
    """A table kept as text has no name but its file's, as in Excel."""
    return file_name.rpartition(".")[0][:TITLE_LENGTH] or file_name[:TITLE_LENGTH] or "CSV"


def _summary() -> str:
    return _("A summary; its rows are counted from others. It was not read.")


def _across(merged: Sequence[Merged]) -> dict[int, list[Merged]]:
    across: dict[int, list[Merged]] = {}
    for one in merged:
        if one.right > one.left:
            across.setdefault(one.top, []).append(one)
    return across


def _lines_of(rows: Sequence[Row]) -> str:
    return "\n".join(_text_of(row) for row in rows if _text_of(row))


def _text_of(row: Row) -> str:
    return "　".join(said(value).strip() for value in row.values if not is_blank(value))


def _section(before: str, text: str) -> str:
    """ "（一）" stands under the "一、" before it."""
    upper = before.split(" / ", maxsplit=1)[0]
    if section_level(text) == 2 and section_level(upper) == 1:
        return f"{upper} / {text}"
    return text


def _reason(kind: RowKind, row: Row) -> str:
    text = " ".join(_text_of(row).split())[:80]
    return {
        RowKind.SECTION: _("A section: %s"),
        RowKind.TOTAL: _("A total: %s"),
        RowKind.SUBTOTAL: _("A subtotal: %s"),
        RowKind.NOTE: _("A note: %s"),
        RowKind.HEAD: _("The head once more: %s"),
        RowKind.NUMBERING: _("Numbers of the columns: %s"),
        RowKind.BLANK: _("Nothing stands in the row but, at most, a number: %s"),
    }[kind] % text
