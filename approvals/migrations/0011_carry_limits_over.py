"""Limits and choices that stood on the catalogue items become rows with their own days."""

import datetime
from typing import Any

from django.db import migrations
from django.db.models import Max, Min

FIRST_DAY = datetime.date(2025, 1, 1)  # the first year of the mechanism
_DAY = datetime.timedelta(days=1)
# What was opened by hand, and is from now on chosen by the project's facts.
ALTERNATIVES = {
    "ratification": ("route", ["ratification"]),
    "feasibility": ("funding", ["government"]),
    "eia-report": ("eia", ["report"]),
    "eia-registration": ("eia", ["registration"]),
    "flood": ("water", ["yes"]),
    "regional": ("park_assessed", ["no"]),
    "road": ("road", ["yes"]),
    "forest": ("forest", ["yes"]),
}
# Only for industrial projects so far.
INDUSTRIAL = {
    "energy": ("energy", ["reviewed"]),
    "discharge": ("discharge", ["yes"]),
    "safety": ("safety", ["yes"]),
}


def carry_over(apps: Any, schema_editor: Any) -> None:
    for template in apps.get_model("approvals", "ItemTemplate").objects.order_by("pk"):
        _limits(apps, template)
        _rules(apps, template)


def _limits(apps: Any, template: Any) -> None:
    """A row for each pair of limits that items were opened with, from the first day it was used."""
    limits = apps.get_model("approvals", "ItemLimit").objects
    items = apps.get_model("approvals", "Item").objects.filter(template=template)
    used = list(
        items.values("statutory_days", "promised_days").annotate(first=Min("opened_on")).order_by("first")
    )
    days: dict[tuple[int | None, int | None], datetime.date] = {}
    for pair in used:
        day = min(FIRST_DAY, pair["first"]) if not days else max(pair["first"], max(days.values()) + _DAY)
        days[pair["statutory_days"], pair["promised_days"]] = day
    latest = items.aggregate(day=Max("opened_on"))["day"]
    now = (template.statutory_days, template.promised_days)
    if now not in days:
        days[now] = max(latest, *days.values()) + _DAY if days else FIRST_DAY
    for (statutory, promised), day in days.items():
        row = limits.create(
            template=template,
            effective_from=day,
            statutory_days=statutory,
            promised_days=promised,
            is_verified=template.limits_verified,
            source=template.source,
        )
        items.filter(statutory_days=statutory, promised_days=promised).update(limit=row)


def _rules(apps: Any, template: Any) -> None:
    rules = apps.get_model("approvals", "ItemRule").objects
    if not template.is_current:
        items = apps.get_model("approvals", "Item").objects.filter(template=template)
        items.update(opened_because={"by_hand": True})
        if template.code in ALTERNATIVES:
            fact, answers = ALTERNATIVES[template.code]
            rules.create(template=template, fact=fact, answers=answers, effective_from=FIRST_DAY)
        else:
            template.in_force_until = template.in_force_from
            template.save()
    elif template.code == "eia-form":
        rules.create(template=template, fact="eia", answers=["form"], effective_from=FIRST_DAY)
    elif template.industrial_only:
        fact, answers = INDUSTRIAL.get(template.code, ("industrial", ["yes"]))
        rules.create(template=template, fact=fact, answers=answers, effective_from=FIRST_DAY)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0010_limits_by_date")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
