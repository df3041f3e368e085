"""What a table says of its own sum."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from core.sheets import Row, Value
from ledgers.layout.rows import RowKind, is_grand
from ledgers.layout.words import said, squeezed

_OF_OTHER_ROWS = re.compile(r"累计|去年|上年|同期|上月|年初|上期")
Total = tuple[Row, RowKind, int]  # the row, TOTAL or SUBTOTAL, and its section


def whole(totals: Sequence[Total], at: int) -> list[tuple[Row, int]]:
    """Those that together are the sum of the table: 总计 before 合计 before all 小计; 累计 adds rows of
    other months, and counts only where nothing else is stated."""
    totals = [one for one in totals if not _adds_others(one[0])] or totals
    grand = [(row, section) for row, _kind, section in totals if is_grand(row)]
    plain = [(row, section) for row, kind, section in totals if kind is RowKind.TOTAL]
    if grand:
        return grand[-1:]
    if not plain:
        return [(row, section) for row, _kind, section in totals]
    amounts = [_amount(row.values[at]) for row, _section in plain]
    for index, one in enumerate(amounts):
        rest = [other for place, other in enumerate(amounts) if place != index and other is not None]
        if one is not None and len(rest) == len(amounts) - 1 and (one == sum(rest) or {one} == set(rest)):
            return [plain[index]]
    return plain


def _adds_others(row: Row) -> bool:
    """ "1-6月累计", "去年同期": a sum of what stands elsewhere."""
    return any(_OF_OTHER_ROWS.search(value) for value in row.values if isinstance(value, str))


def _amount(value: Value) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    try:
        return Decimal(squeezed(said(value)).replace(",", ""))
    except InvalidOperation:
        return None
