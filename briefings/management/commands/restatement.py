"""`manage.py restatement 2025-06`: what of a closed month would read otherwise today, and why."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from briefings import asking, periods, restating
from briefings.restating import Restatement
from core import clock
from core.refusal import Refusal


class Command(BaseCommand):
    help = "Prints the figures of a closed month that would read otherwise today, with what causes it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", metavar="YYYY-MM")
        parser.add_argument("--scope", metavar="NAME", help="such as city, force:steel, unit:450205")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            month = asking.month_of(options["month"])
            restatement = Restatement(periods.period(month), today=clock.today())
            found = restating.answer(restatement, options["scope"])
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        if options["as_json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
            return
        self.stdout.write(f"{found['month']}, closed on {found['closed_on']}, known on {found['known_on']}")
        for row in found["figures"]:
            self.stdout.write(
                f"  {row['scope']:<12} {row['indicator']:<28} {row['span']:<6}"
                f"{row['published'] or '—':>14} → {row['now'] or '—':>14} {row['unit']}  {row['name']}"
            )
            for cause in row["causes"]:
                told = f"{cause['recorded_on'] or ''} {cause['recorded_by']} {cause['reason']}".strip()
                self.stdout.write(
                    f"{'':>16}{cause['difference']:>14}  {cause['why']:<10}{cause['project']}  {told}"
                )
