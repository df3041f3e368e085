"""Draft the briefings of a month from the shell."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from briefings import drafting
from core import audit, clock
from core.refusal import Refusal


def month_of(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


class Command(BaseCommand):
    help = "Draft the briefings of a month (last month's by default): safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", type=month_of, nargs="?", metavar="YYYY-MM")
        parser.add_argument("--today", type=datetime.date.fromisoformat, default=None, metavar="DATE")
        parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="such as city, force:steel")

    def handle(self, *args: Any, **options: Any) -> None:
        today = options["today"] or clock.today()
        month = options["month"] or clock.previous_month(today)
        system = User.objects.system()
        try:
            with audit.acting(system):
                done = drafting.draft(month, today=today, by=system, only=options["only"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        counts = f"{done.made} new, {done.changed} changed, {done.unchanged} unchanged, {done.kept} kept"
        self.stdout.write(f"{month:%Y-%m}: {counts}")
