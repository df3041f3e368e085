"""What a table says of its own sum."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from core.sheets import Row, Value
from ledgers.layout.rows import RowKind, is_grand
from ledgers.layout.words import said, squeezed

Total = tuple[Row, RowKind, int]  # the row, TOTAL or SUBTOTAL, and its section


def whole(totals: Sequence[Total], at: int) -> list[tuple[Row, int]]:
    """Those that together are the sum of the table: 总计 before 合计 before all 小计."""
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


def _amount(value: Value) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    try:
        return Decimal(squeezed(said(value)).replace(",", ""))
    except InvalidOperation:
        return None
