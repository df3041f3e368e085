"""Lists out: what is filtered, in the columns shown, as .xlsx and .csv.

An app declares its lists in its `excel.py`; a view gives them away with two lines:

    if exporting.asked(request):
        return exporting.answer(request, excel.ISSUES, rows, narrowed=filterset)
"""

from core.exporting.answering import answer, asked
from core.exporting.sheets import Column, Kind, Rows, Sheet, day_in, each, in_chunks

__all__ = ["Column", "Kind", "Rows", "Sheet", "answer", "asked", "day_in", "each", "in_chunks"]
