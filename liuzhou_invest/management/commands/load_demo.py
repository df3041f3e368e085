"""Build the demo city in an empty database."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.clock import today
from liuzhou_invest.demo.build import build
from projects.models import Project


class Command(BaseCommand):
    help = "Load the demo: invented people, enterprises and projects, and the ledgers that come with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=9712)
        parser.add_argument("--today", type=datetime.date.fromisoformat, default=None, metavar="DATE")

    def handle(self, *args: Any, **options: Any) -> None:
        if Project.objects.exists():
            self.stdout.write("There are projects already: the demo is not loaded into them.")
            return
        build(
            today=options["today"] or today(),
            seed=options["seed"],
            say=lambda words: self.stdout.write(f"demo: {words}"),
        )
