"""Rows of ledgers as reading leaves them, without a workbook; and the day on which they are played."""

import datetime
from typing import Any

from accounts.models import User
from ledgers import committing, resending
from ledgers.choices import LedgerState, State
from ledgers.models import Ledger, LedgerRow
from projects import ledger_kind
from projects.ledger_matching import match
from tests import factories

ledger_kind.declare()  # wherever the program does it, these tests need it
HANDED_IN = datetime.date(2026, 3, 20)
COLUMNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def ledger(by: User, **fields: Any) -> Ledger:
    given = {
        "kind": "projects",
        "sender": "柳北区",
        "state": LedgerState.REHEARSED,
        "handed_in_on": HANDED_IN,
    }
    file = factories.stored_file(by, name=fields.pop("file", "柳北区 2026-03.xlsx"))
    return Ledger.objects.create(file=file, handed_in_by=by, **{**given, **fields})


def cells(**values: Any) -> dict[str, list[Any]]:
    """Sure cells; a value that is a list already stands as it is."""
    made = {}
    for column, (name, value) in zip(COLUMNS, values.items(), strict=False):
        is_whole = isinstance(value, list) and value and value[0] in State.values
        made[name] = value if is_whole else [State.SURE, value, str(value), column, ""]
    return made


def row(ledger: Ledger, number: int, **values: Any) -> LedgerRow:
    """A signed industrial project of Liubei's and the steel task force unless told otherwise."""
    sheet = values.pop("sheet", "柳北区")
    given = {
        "name": f"宏宇特钢第{number}线材项目",
        "enterprise": f"广西宏宇{number}号特钢有限公司",
        "unit": "450205",
        "task_force": "steel",
        "industrial": True,
        "contract": "signed",
        "amount_wan": "12500",
        "currency": "CNY",
        "signed_on": "2026-03-02",
        **values,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return LedgerRow(ledger=ledger, sheet=sheet, row=number, cells=cells(**given))


def matched(ledger: Ledger, *rows: LedgerRow, user: User | None = None) -> list[LedgerRow]:
    """The rows as a rehearsal keeps them."""
    match(rows, ledger=ledger, user=user or ledger.handed_in_by)
    kept = LedgerRow.objects.bulk_create(rows)
    resending.compare(ledger)
    return kept


def committed(ledger: Ledger, *rows: LedgerRow, by: User | None = None) -> Ledger:
    """The ledger with its rows in the books."""
    matched(ledger, *rows)
    return committing.commit(ledger, by=by or ledger.handed_in_by, today=HANDED_IN)
