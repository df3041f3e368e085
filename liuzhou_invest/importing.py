"""All kinds of ledger the program reads, and one call that plays a file."""

import datetime
from pathlib import Path

import approvals.importing
import outreach.importing
from accounts.models import User
from core import ledgers
from core.sheets import read_workbook
from projects.importing.committing import Posting, signings


def import_ledger(
    path: Path, *, by: User, verified_by: User, today: datetime.date, dry_run: bool = False
) -> ledgers.Report:
    """Read a workbook and play its rows as known today; see core.ledgers for what a report holds."""
    return play(path, Posting(by=by, verified_by=verified_by, on=lambda _day: today), dry_run=dry_run)


def play(path: Path, posting: Posting, *, dry_run: bool = False) -> ledgers.Report:
    """Each sheet is played as the kind of ledger whose head it carries."""
    kinds = [
        signings(posting),
        outreach.importing.visits(posting.on),
        approvals.importing.services(by=posting.by, on=posting.on),
        approvals.importing.issues(by=posting.by, on=posting.on),
    ]
    return ledgers.play(read_workbook(path.read_bytes()), kinds, file=path.name, dry_run=dry_run)
