"""`manage.py close_period 2025-06`: close a month of account from the shell."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from briefings import asking, periods
from briefings.models import ClosedFigure
from core import audit, clock
from core.refusal import Refusal


class Command(BaseCommand):
    help = "Closes a month: its figures are frozen with the rows they counted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", metavar="YYYY-MM")
        parser.add_argument("--by", metavar="NAME", help="who closes it (user name); the program by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            month, by = asking.month_of(options["month"]), _closer(options["by"])
            with audit.acting(by):
                closed = periods.close(month, by=by, on=clock.today())
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        self.stdout.write(f"{closed}: {_frozen(closed.month)} figures frozen on {closed.closed_on}")


def _closer(name: str | None) -> User:
    if name is None:
        return User.objects.system()
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist:
        raise CommandError(f"nobody signs in as {name}", returncode=2) from None


def _frozen(month: datetime.date) -> int:
    return ClosedFigure.objects.filter(indicator__period__month=month).count()
