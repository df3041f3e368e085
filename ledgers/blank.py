"""A workbook to be filled in: the columns of a kind of ledger, what may be chosen, rows that stand ready.

Filled in and handed in, every column of it is known. Nobody needs it: ledgers are read as they come.
"""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from accounts.models import User
from core import xlsx
from core.templatetags.ui import listed
from ledgers import meanings
from ledgers.declaring import Field, Kind

WIDE, NARROW, OF_A_DAY = 30, 16, 13


def blank(kind: Kind, user: User) -> bytes:
    """The .xlsx, with the rows that stand ready for this person, and a sheet that explains it."""
    ready = kind.ready(user) if kind.ready else ()
    rows = [_cells(kind, row) for row in ready]
    return xlsx.workbook(
        [
            xlsx.Sheet(str(kind.label), [_head(field) for field in kind.fields], rows),
            xlsx.Sheet(_("How to fill it in"), lines=list(_explained(kind))),
        ]
    )


def _cells(kind: Kind, row: Mapping[str, str]) -> list[str]:
    return [row.get(field.name, "") for field in kind.fields]


def _head(field: Field) -> xlsx.Head:
    is_day = field.read is meanings.day
    width = OF_A_DAY if is_day else WIDE if field.is_key else NARROW
    return xlsx.Head(_title(field), width, choices=field.offers, is_day=is_day)


def _title(field: Field) -> str:
    head = field.heads[0]
    return f"{head}（万元）" if field.is_money and "万元" not in head else head


def _explained(kind: Kind) -> Iterator[str]:
    needed = listed(_title(field) for field in kind.fields if field.is_required)
    yield _("Must be filled in: %(columns)s. Columns that you do not need may be deleted.") % {
        "columns": needed
    }
    yield from (str(line) for line in kind.explained)
