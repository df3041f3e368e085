"""`manage.py figures`: the indicators of a span of months, as a table or as JSON."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from briefings import asking
from core import money


class Command(BaseCommand):
    help = "Prints the figures of a span of months with those of a year earlier."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", required=True, metavar="YYYY-MM")
        parser.add_argument("--to", dest="last", required=True, metavar="YYYY-MM")
        parser.add_argument("--as-known-on", metavar="YYYY-MM-DD", help="only what was known on this day")
        parser.add_argument("--unit", help="code, name or short name of a reporting unit")
        parser.add_argument("--task-force", help="code or name of a task force")
        parser.add_argument("--by", choices=asking.GROUPS, help="one set of figures for each group")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("first", "last", "as_known_on", "unit", "task_force", "by")
        try:
            question = asking.question(**{name: options[name] for name in names})
        except asking.CannotAsk as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        found = asking.answers(question)
        if options["as_json"]:
            self.stdout.write(json.dumps(asking.plain(question, found), ensure_ascii=False, indent=1))
        else:
            for line in _table(found):
                self.stdout.write(line)


def _table(groups: Mapping[str, asking.Answer]) -> list[str]:
    lines = []
    for name, found in groups.items():
        lines += [name] if name else []
        for figure in found.figures.values():
            change = money.format_percent(figure.yoy_percent, signed=True)
            numbers = f"{_words(figure.value):>14} {figure.unit}\t{_words(figure.base):>14}\t{change:>9}"
            lines.append(f"  {figure.code:<28}{numbers}\t{figure.indicator.name}")
    return lines


def _words(value: Decimal | int | None) -> str:
    return money.format_wan(None if value is None else Decimal(value))
