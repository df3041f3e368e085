"""What the rows of these ledgers have in common: they name a project, and are entered one by one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from approvals.ledger_kind.finding import Projects
from core.refusal import Refusal
from ledgers import meanings
from ledgers.choices import Verdict
from ledgers.declaring import Field
from ledgers.models import Ledger, LedgerRow

# Any one of the three names a project; the code is surest.
PROJECT = (
    Field(
        "name",
        _("Project"),
        ("项目名称", "项目", "重大项目名称", "重大项目"),
        meanings.text(200),
        is_key=True,
    ),
    Field("code", _("Project code"), ("项目编号", "系统编号"), meanings.text(40)),
    Field("national_code", _("National project code"), ("项目代码", "国家项目代码"), meanings.text(60)),
)
Found = TypeVar("Found", bound=Projects)


def named(row: LedgerRow) -> dict[str, str]:
    return {field.name: row.value(field.name) or "" for field in PROJECT}


def refuse(row: LedgerRow, sentence: str) -> None:
    row.verdict, row.target = Verdict.REFUSED, None
    row.evidence = [*row.evidence, sentence]


def readable(rows: Iterable[LedgerRow], needed: Sequence[str]) -> Iterator[LedgerRow]:
    """The rows of which all that matters was read; the others are refused or wait for an answer."""
    for row in rows:
        if row.verdict != Verdict.REFUSED and all(row.value(field) for field in needed):
            yield row


def enter_each(
    rows: Iterable[LedgerRow], write: Callable[[LedgerRow], None], tell: Callable[[int], None]
) -> None:
    """One by one: a row that the books do not take leaves no trace in them, and says why."""
    for number, row in enumerate(rows, start=1):
        if row.verdict == Verdict.SAME:
            row.written, row.undo = row.target, {}
        else:
            _or_say_why(row, write)
        tell(number)


def _or_say_why(row: LedgerRow, write: Callable[[LedgerRow], None]) -> None:
    try:
        with transaction.atomic():
            write(row)
    except Refusal as refusal:
        row.stay_out(str(refusal), *refusal.details)


def of_the_same(rows: Iterable[LedgerRow], ledger: Ledger) -> list[LedgerRow]:
    """All rows, of whichever block, that were written to what these were; each object in one block only."""
    taken: set[int] = ledger.__dict__.setdefault("_taken_back", set())
    touched = {row.written for row in rows if row.written is not None and row.undo} - taken
    taken |= touched
    return list(ledger.rows.filter(written__in=touched).exclude(undo={}).order_by("pk"))
