"""Some columns of many rows written at once, whatever stands in them."""

import pytest
from django.db import connection

from core.rewriting import BATCH, rewrite
from ledgers.models import LedgerRow
from tests.ledgers.books import ledger, row

pytestmark = pytest.mark.django_db
ODD = ["a\tb", "a\nb\r", "\\N", "'; --", "𠀀é", '"quoted"', "{1,2}", "%s", ""]
NAMES = ("verdict", "target", "evidence", "undo", "sheet", "is_hidden")


def kept(clerk, n):
    one = ledger(clerk)
    return LedgerRow.objects.bulk_create(row(one, number) for number in range(1, n + 1))


def values(rows):
    return [tuple(getattr(one, name) for name in NAMES) for one in rows]


def test_what_was_set_stands_there_and_what_was_not_named_stays(clerk):
    rows = kept(clerk, len(ODD))
    for number, (one, text) in enumerate(zip(rows, ODD, strict=True)):
        one.verdict, one.target = "same", number or None
        one.evidence, one.undo, one.sheet, one.is_hidden = [text] * number, {"made": text}, text, True
        one.row, one.cells = 77, {}

    rewrite(rows, NAMES)

    now = list(LedgerRow.objects.order_by("pk"))
    assert values(now) == values(rows)
    assert [one.row for one in now] == list(range(1, len(ODD) + 1))
    assert all(one.cells for one in now)


def test_no_row_is_written_by_no_statement(count_queries):
    assert count_queries(lambda: rewrite([], NAMES)) == 0


def test_many_rows_are_written_by_one_statement(clerk, count_queries):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes them in blocks.")
    rows = kept(clerk, 2 * BATCH + 1)

    assert count_queries(lambda: rewrite(rows, NAMES)) == 1
