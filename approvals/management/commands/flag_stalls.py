"""The night's search for stalled approvals, for any day and by hand."""

import datetime
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from approvals import clocks, escalation, stalls
from approvals.models import StallFlag
from core import audit, clock
from core.workdays import Calendar, calendar


class Command(BaseCommand):
    help = (
        "Raise and clear the flags of stalled approvals, and send up what has stood on its level for too "
        "long. Running it again changes nothing more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--today", type=datetime.date.fromisoformat, metavar="DATE", default=None)
        parser.add_argument("--json", action="store_true", help="Print what was raised and cleared as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        today: datetime.date = options["today"] or clock.today()
        if not 2000 <= today.year <= 2099:
            raise CommandError("Name a day of the years 2000 to 2099.")
        with audit.acting(User.objects.system()):
            clocks.recount(today=clock.today())
            announced = stalls.announce(today)
            sent = escalation.climb(today)
        if options["json"]:
            told = {**_told(announced, today), "sent_up": _sent_up(sent)}
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
            return
        raised, cleared = len(announced.raised), len(announced.cleared)
        up = len(sent.issues) + len(sent.flags)
        self.stdout.write(
            f"{today}: {raised} raised, {announced.kept} kept, {cleared} cleared, {up} sent up."
        )


def _told(announced: stalls.Announced, today: datetime.date) -> dict[str, Any]:
    days = calendar()
    return {
        "today": today.isoformat(),
        "raised": [_flag(flag, today, days) for flag in announced.raised],
        "kept": announced.kept,
        "cleared": [_flag(flag, today, days) for flag in announced.cleared],
    }


def _flag(flag: StallFlag, today: datetime.date, days: Calendar) -> dict[str, Any]:
    return {
        "id": flag.pk,
        "code": flag.code,
        "severity": flag.severity,
        "project": flag.project.code,
        "item": flag.subject_code or None,
        "first_day": flag.first_day.isoformat(),
        "days": stalls.days_of(flag, today, days=days),
        "sentence": stalls.sentence(flag, today, days=days),
    }


def _sent_up(sent: escalation.SentUp) -> list[dict[str, Any]]:
    """Each climb of the night; of a flag by its number, of an issue by its own."""
    climbs: list[tuple[dict[str, Any], list[escalation.Climb]]]
    climbs = [({"issue": issue.code}, steps) for issue, steps in sent.issues]
    climbs += [({"flag": flag.pk}, steps) for flag, steps in sent.flags]
    return [
        {**what, "level": step.level.value, "on": step.on.isoformat(), "after": step.after}
        for what, steps in climbs
        for step in steps
    ]
