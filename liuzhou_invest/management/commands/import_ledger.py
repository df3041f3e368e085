"""Read a ledger in whatever layout it was sent, and enter what it tells."""

import json
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.roles import Role
from core.clock import today
from core.refusal import Refusal
from ledgers import committing, receiving, rehearsing, resending
from ledgers.choices import LedgerState
from ledgers.declaring import KINDS
from ledgers.models import Ledger
from liuzhou_invest import ledger_reports
from projects import ledger_verifying
from projects.choices import EventKind

BUREAU = "市投资促进局"


class Command(BaseCommand):
    help = (
        "Read a ledger in whatever layout a sender keeps it. Without --kind every kind that it holds is "
        "read; without --sender it is the bureau's own: what it holds is verified, its batches are believed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
        parser.add_argument("--report", type=Path, metavar="OUT.json", help="write the report as JSON")
        parser.add_argument("--by", metavar="USER", help="in whose name the rows are entered")
        parser.add_argument("--verified-by", metavar="USER", help="in whose name the bureau's are verified")
        parser.add_argument("--kind", choices=sorted(KINDS), help="the kind of ledger")
        parser.add_argument("--sender", metavar="NAME", help="whose ledger it is: a unit by any of its names")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        if options["sender"] and not (options["by"] or options["dry_run"]):
            raise CommandError("Say in whose name the rows are entered: --by USER. Or add --dry-run.")
        try:
            report = self._report(path, options)
        except Refusal as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.details])) from refusal
        if options["report"]:
            told = json.dumps(report, ensure_ascii=False, indent=1)
            options["report"].write_text(told + "\n", "utf-8")
        for line in ledger_reports.spoken(report):
            self.stdout.write(line)

    def _report(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        kinds = [options["kind"]] if options["kind"] else ledger_reports.kinds_in(path)
        reports = [self._of_kind(path, kind, options) for kind in kinds]
        return ledger_reports.together(reports, file=path.name) | {"dry_run": options["dry_run"]}

    def _of_kind(self, path: Path, kind: str, options: dict[str, Any]) -> dict[str, Any]:
        by, sender = self._person(options["by"]), options["sender"] or BUREAU
        if options["dry_run"]:
            return ledger_reports.in_memory(path, kind=kind, sender=sender, by=by, today=today())
        ledger = self._entered(path, kind, sender, by)
        report = ledger_reports.of_ledger(ledger)
        if not options["sender"]:
            verifier = self._person(options["verified_by"])
            self._believed(ledger, verifier)
            if _waits_for_its_contract(ledger):
                self._believed(self._once_more(ledger, by), verifier)
        return report

    def _entered(self, path: Path, kind: str, sender: str, by: User) -> Ledger:
        """Through the same verbs as the page: what is ready is entered, the rest waits there."""
        upload = SimpleUploadedFile(path.name, path.read_bytes())
        ledger = receiving.receive(upload, kind=kind, sender=sender, by=by, today=today(), again=True)
        return self._committed(ledger, by)

    def _committed(self, ledger: Ledger, by: User) -> Ledger:
        ledger = rehearsing.rehearse(ledger, today=today())
        if ledger.state != LedgerState.REHEARSED:
            raise CommandError(ledger.error)
        ledger.handed_in_by = by  # with the rights that were lent to it
        return committing.commit(ledger, by=by, today=today())

    def _believed(self, ledger: Ledger, by: User) -> None:
        """The bureau's own ledger holds what the bureau has verified (decision 5)."""
        ledger_verifying.verify(ledger, by=by, today=today())
        ledger_verifying.take_over_batches(ledger, by=by, today=today())

    def _once_more(self, ledger: Ledger, by: User) -> Ledger:
        return self._committed(resending.hand_in_again(ledger, by=by, today=today()), by)

    def _person(self, username: str | None) -> User:
        """The person named; or the program itself, which at the shell may do what the bureau may."""
        person = self._named(username) if username else User.objects.system()
        if person.is_system:
            person.role, person.is_active = Role.CLERK, True  # for this run only: nothing is saved
        return person

    def _named(self, username: str) -> User:
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {username}.") from None


def _waits_for_its_contract(ledger: Ledger) -> bool:
    """What voids or reduces a contract of the same ledger is entered when that contract is verified."""
    left = ledger.rows.filter(written__isnull=True)
    return any(row.value("contract") in (EventKind.VOIDED, EventKind.REDUCED) for row in left.iterator())
