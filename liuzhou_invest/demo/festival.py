"""The region's own days off in the demo city: 三月三, which no national calendar knows.

The days follow the region's habit (third day of the third lunar month and the next working day); the
notices' real numbers are for the office to enter.
"""

import datetime

from accounts.models import User
from core.models import CalendarOverride

DAYS = (
    "2024-04-11",
    "2024-04-12",
    "2025-03-31",
    "2025-04-01",
    "2026-04-20",  # the festival's first day is a Sunday
    "2026-04-21",
    "2027-04-09",
    "2027-04-12",  # its second day is a Saturday
)


def keep_the_festival(by: User) -> None:
    """Before anything is counted: an item's days are those of the calendar of its office."""
    for day in map(datetime.date.fromisoformat, DAYS):
        CalendarOverride.objects.get_or_create(
            day=day,
            defaults={"is_workday": False, "note": "示例：自治区“壮族三月三”放假通知", "entered_by": by},
        )
