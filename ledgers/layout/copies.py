"""Sheets that hold once more what stands in others: old copies, and the sheet of all beside its parts."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from ledgers.declaring import Kind
from ledgers.layout.laid import Line, Table
from ledgers.layout.words import said, squeezed

FEW = 3  # equal lines that are no copy of a sheet
_OLD = ("副本", "备份", "旧", "copy", "old", "(2)", "(3)", "backup")
_ALL = ("汇总", "总表", "全市", "合并", "sheet")

Marks = set[int]  # of the lines of a table


def without_copies(tables: Sequence[Table], kind: Kind) -> tuple[list[Table], list[tuple[Table, str]]]:
    """Those to be read, and those left out with the reason.

    Of two that hold the same, the first stays; a sheet called a copy, or of all, goes before its parts.
    """
    kept, left = list(tables), []
    keys = [one.name for one in kind.fields if one.is_key]
    named = {id(one): _marks(one, keys) for one in tables} if len({one.sheet for one in tables}) > 1 else {}
    order = sorted(enumerate(tables), key=lambda one: (not _may_be_copy(one[1].sheet), -one[0]))
    for _place, table in order if named else []:
        others = [one for one in kept if one.sheet != table.sheet]
        own, beside = named[id(table)], _together(named[id(one)] for one in others)
        shared = len(own & beside)
        if len(own) < FEW or shared * 2 < len(own):
            continue
        if reason := _copied(table, others, kind, shared, len(own), len(beside)):
            kept.remove(table)
            left.append((table, reason))
    return kept, left


def _copied(table: Table, others: Sequence[Table], kind: Kind, shared: int, own: int, beside: int) -> str:
    """Why the sheet is a copy; empty when it is none."""
    if _is_copy_by_name(table.sheet, shared / own, is_smaller=own <= beside):
        return _(
            "A copy by its name: %(shared)s of its %(count)s rows stand in other sheets too. It was not "
            "read; give the sheet another name if it belongs to the ledger."
        ) % {"shared": shared, "count": own}
    if shared < own:
        return ""
    told = [one.name for one in kind.fields if one.is_key or one.is_required or one.name == kind.sum_of]
    if _marks(table, told) <= _together(_marks(one, told) for one in others):
        return _("All its rows stand in other sheets too; it was not read.")
    return ""


def _marks(table: Table, fields: Sequence[str]) -> Marks:
    """What makes each line, spaces aside."""
    places = [one.field for one in table.columns if one.field in fields]
    return {hash(tuple(_mark(line, one) for one in places)) for line in table.lines}


def _mark(line: Line, field: str) -> str:
    return "".join(said(line.cells[field].value).split()) if field in line.cells else ""


def _together(marks: Iterable[Marks]) -> Marks:
    return set().union(*marks)


def _may_be_copy(title: str) -> bool:
    return any(word in squeezed(title) for word in (*_OLD, *_ALL))


def _is_copy_by_name(title: str, shared: float, *, is_smaller: bool) -> bool:
    """ "台账副本" is one; "Sheet3" when nearly all of it is known; "全市" when its parts hold as much."""
    text = squeezed(title)
    if any(word in text for word in _OLD):
        return True
    return _may_be_copy(title) and (is_smaller or (text.startswith("sheet") and shared >= 0.8))
