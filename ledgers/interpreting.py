"""What the lines of a laid-out workbook mean: rows with every cell read, and what must be asked.

Like cells are read once; what cannot be known of them is asked once, with how many they are.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ledgers.declaring import Kind
from ledgers.layout import Answers, Laid, Question
from ledgers.models import Ledger, LedgerRow


@dataclass
class Interpreted:
    """The rows in the order of the workbook, unsaved and not yet matched.

    They are made one by one while one goes through them, so that a large ledger never stands in
    memory as a whole; `questions`, `sums` and `cells` are complete once all rows were gone through.
    """

    rows: Iterator[LedgerRow]
    questions: list[Question] = field(default_factory=list)
    sums: list[dict[str, Any]] = field(default_factory=list)  # as Ledger.sums has them
    cells: dict[str, int] = field(default_factory=dict)  # {state: how many cells}, as Ledger.counts["cells"]


def interpret(
    laid: Laid, kind: Kind, *, ledger: Ledger, today: datetime.date, answers: Answers | None = None
) -> Interpreted:
    """Read every cell of the lines. `laid.questions` are not repeated in the result's questions."""
    raise NotImplementedError
