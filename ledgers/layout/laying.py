from collections.abc import Sequence

from core.sheets import Sheet
from ledgers.declaring import Kind
from ledgers.layout.laid import Answers, Laid
from taskforces.models import ReportingUnit


def lay_out(
    sheets: Sequence[Sheet],
    kind: Kind,
    *,
    unit: ReportingUnit | None = None,
    answers: Answers | None = None,
    file_name: str = "",
) -> Laid:
    """Tables, what was left out and why, and what must be asked."""
    raise NotImplementedError
