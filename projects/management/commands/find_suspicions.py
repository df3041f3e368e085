"""The night's search for suspicious signings, for any day and by hand."""

import datetime
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from core import audit, clock
from projects import suspicions
from projects.models import Suspicion


class Command(BaseCommand):
    help = "Compare all signings and raise what is suspicious. Running it again changes nothing more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", type=datetime.date.fromisoformat, metavar="DATE", default=None)
        parser.add_argument("--json", action="store_true", help="Print what was raised as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        today: datetime.date = options["today"] or clock.today()
        if not 2000 <= today.year <= 2099:
            raise CommandError("Name a day of the years 2000 to 2099.")
        with audit.acting(User.objects.system()):
            found = suspicions.find(today)
        if options["json"]:
            told = {
                "today": today.isoformat(),
                "raised": [_told(row) for row in found.raised],
                "kept": found.kept,
                "gone": [_told(row) for row in found.gone],
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
            return
        raised, gone = len(found.raised), len(found.gone)
        self.stdout.write(f"{today}: {raised} raised, {found.kept} kept, {gone} gone.")


def _told(row: Suspicion) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "grade": row.grade,
        "points": row.points,
        "project": row.project.code,
        "evidence": [one.text for one in suspicions.sentences(row.facts)],
    }
