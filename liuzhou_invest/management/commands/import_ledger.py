"""Read a ledger and enter what it tells: one of a kind in whatever layout, or one in the bureau's own."""

import json
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.roles import Role
from core.clock import today
from core.refusal import Refusal
from ledgers import committing, receiving, rehearsing
from ledgers.choices import LedgerState
from ledgers.declaring import KINDS
from liuzhou_invest.importing import import_ledger
from liuzhou_invest.ledger_reports import in_memory, of_ledger, spoken


class Command(BaseCommand):
    help = (
        "Read a ledger. With --kind, one of that kind in whatever layout a sender keeps it; without, the "
        "bureau's own layout: signed projects, visits, projects served, issues."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
        parser.add_argument("--report", type=Path, metavar="OUT.json", help="write the report as JSON")
        parser.add_argument("--by", metavar="USER", help="in whose name the rows are entered")
        parser.add_argument("--verified-by", metavar="USER", help="in whose name signings are verified")
        parser.add_argument("--kind", choices=sorted(KINDS), help="the kind of ledger, in any layout")
        parser.add_argument("--sender", metavar="NAME", help="whose ledger it is: a unit by any of its names")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        if options["sender"] and not options["kind"]:
            raise CommandError("--sender needs --kind, for example --kind projects.")
        try:
            (self._of_kind if options["kind"] else self._in_own_layout)(path, options)
        except Refusal as refusal:
            raise CommandError("\n".join([str(refusal), *refusal.details])) from refusal

    # --- One kind, any layout

    def _of_kind(self, path: Path, options: dict[str, Any]) -> None:
        kind, sender = options["kind"], options["sender"] or ""
        if options["dry_run"]:
            report = in_memory(path, kind=kind, sender=sender, by=self._reader(options["by"]), today=today())
        elif options["by"]:
            report = self._entered(path, kind, sender, self._person(options["by"]))
        else:
            raise CommandError("Say in whose name the rows are entered: --by USER. Or add --dry-run.")
        self._write(options["report"], report | {"dry_run": options["dry_run"]})
        for line in spoken(report):
            self.stdout.write(line)

    def _entered(self, path: Path, kind: str, sender: str, by: User) -> dict[str, Any]:
        """Through the same verbs as the page: what is ready is entered, the rest waits there."""
        upload = SimpleUploadedFile(path.name, path.read_bytes())
        ledger = receiving.receive(upload, kind=kind, sender=sender, by=by, today=today())
        ledger = rehearsing.rehearse(ledger, today=today())
        if ledger.state != LedgerState.REHEARSED:
            raise CommandError(ledger.error)
        return of_ledger(committing.commit(ledger, by=by, today=today()))

    # --- The bureau's own layout

    def _in_own_layout(self, path: Path, options: dict[str, Any]) -> None:
        report = import_ledger(
            path,
            by=self._person(options["by"]),
            verified_by=self._person(options["verified_by"]),
            today=today(),
            dry_run=options["dry_run"],
        )
        result = report.as_json() | {"dry_run": options["dry_run"]}
        self._write(options["report"], result)
        self.stdout.write(
            f"{result['file']}: {result['rows_read']} rows read, {result['created']} created, "
            f"{result['unchanged']} unchanged, {len(result['refused'])} refused"
        )
        for row in result["refused"]:
            self.stdout.write(f"  {row['sheet']}!{row['row']}: {row['reason']}")
        for sheet in result["skipped_sheets"]:
            self.stdout.write(f"  {sheet}: not read, its head is none of a known ledger")
        if result["skipped_sheets"] and not result["rows_read"]:
            raise CommandError(f"No sheet of {path.name} is laid out like a ledger: nothing was read.")

    def _write(self, out: Path | None, result: dict[str, Any]) -> None:
        if out:
            out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")

    def _reader(self, username: str | None) -> User:
        """By whose rights the books are compared: whoever works at the shell sees what the bureau sees."""
        reader = self._person(username)
        if reader.is_system:
            reader.role, reader.is_active = Role.CLERK, True  # for this run only: nothing is saved
        return reader

    def _person(self, username: str | None) -> User:
        """The person named, or the program itself where a ledger is simply taken over."""
        if not username:
            return User.objects.system()
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {username}.") from None
