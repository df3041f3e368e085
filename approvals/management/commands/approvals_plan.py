"""The backward plan of a project, by hand and for other programs."""

import datetime
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from approvals import planning, wording
from approvals.planning import Planned, ProjectPlan
from core import clock
from projects.models import Project


class Command(BaseCommand):
    help = "Print the plan of a project's approvals, counted back from the start of works."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="the project's code, like LZ-2026-0001")
        day = datetime.date.fromisoformat
        parser.add_argument("--start", type=day, metavar="DATE", help="another start than the planned one")
        parser.add_argument("--today", type=day, metavar="DATE", help="another day than today")
        parser.add_argument("--json", action="store_true", help="Print the whole plan as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(code=options["code"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['code']}.")
        for name in ("start", "today"):
            if options[name] and not 2000 <= options[name].year <= 2099:
                raise CommandError("Name days of the years 2000 to 2099.")
        told = planning.of_project(
            project, today=options["today"] or clock.today(), wanted_start=options["start"]
        )
        if options["json"]:
            self.stdout.write(json.dumps(as_json(told), ensure_ascii=False, indent=2, default=str))
            return
        self.stdout.write(wording.headline(told))
        for planned in told.plan.items:
            if not planned.is_passed:
                self.stdout.write(_line(told, planned))


def as_json(told: ProjectPlan) -> dict[str, Any]:
    """The plan with codes instead of keys."""
    plan, code = told.plan, {key: item.template.code for key, item in told.items.items()}
    return {
        "project": told.project.code,
        "today": plan.today,
        "wanted_start": plan.wanted_start,
        "wanted_production": plan.wanted_production,
        "earliest_start": plan.start,
        "slack": plan.slack,
        "critical_path": [code[key] for key in plan.path],
        "levers": [code[key] for key in plan.levers],
        "frees": plan.frees,
        "circles": [[code[key] for key in ring] for ring in plan.rings],
        "items": [
            {
                "item": code[planned.key],
                "milestone": planned.milestone.value,
                "is_passed": planned.is_passed,
                "duration": planned.duration,
                "basis": planned.basis.value,
                "earliest_submit": planned.earliest_submit,
                "earliest_finish": planned.earliest_finish,
                "latest_submit": planned.latest_submit,
                "latest_finish": planned.latest_finish,
                "slack": planned.slack,
                "is_critical": planned.is_critical,
                "frees": planned.frees,
            }
            for planned in plan.items
        ],
    }


def _line(told: ProjectPlan, planned: Planned) -> str:
    mark = "◆" if planned.is_critical else " "
    by = planned.latest_submit.isoformat() if planned.latest_submit else " " * 10
    return f"{mark} {by}  {told.items[planned.key].template}  {wording.slack(planned.slack)}".rstrip()
