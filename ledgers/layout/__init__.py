"""Where things stand in a foreign workbook: heads, columns, sections, totals, notes.

`lay_out` says which cell belongs to which field of a kind; what the cell means is read afterwards
(ledgers/interpreting.py). Whatever is not taken as a line is told in `skipped`, never dropped in silence.
"""

from ledgers.layout.laid import (
    Answers,
    Cell,
    Column,
    Laid,
    Line,
    Question,
    Skipped,
    Stated,
    Table,
    money_unit_asked,
)
from ledgers.layout.laying import lay_out

__all__ = [
    "Answers",
    "Cell",
    "Column",
    "Laid",
    "Line",
    "Question",
    "Skipped",
    "Stated",
    "Table",
    "lay_out",
    "money_unit_asked",
]
