"""Read a ledger in the bureau's own layout and enter what it tells."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from core.clock import today
from core.refusal import Refusal
from liuzhou_invest.importing import import_ledger


class Command(BaseCommand):
    help = "Enter the rows of a ledger (.xlsx): signed projects, visits, projects served, issues."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
        parser.add_argument("--report", type=Path, metavar="OUT.json", help="write the report as JSON")
        parser.add_argument("--by", metavar="USER", help="in whose name the rows are entered")
        parser.add_argument("--verified-by", metavar="USER", help="in whose name signings are verified")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            report = import_ledger(
                path,
                by=self._person(options["by"]),
                verified_by=self._person(options["verified_by"]),
                today=today(),
                dry_run=options["dry_run"],
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        result = report.as_json() | {"dry_run": options["dry_run"]}
        if options["report"]:
            options["report"].write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
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

    def _person(self, username: str | None) -> User:
        """The person named, or the program itself where a ledger is simply taken over."""
        if not username:
            return User.objects.system()
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {username}.") from None
