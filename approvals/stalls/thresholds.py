"""From how many days on a rule speaks, which preset is in force, and the day on which a stall begins."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from approvals.choices import LampPreset, Severity, StallUnit
from approvals.models import PresetChoice, StallRule
from core.refusal import Refusal
from core.workdays import Calendar


class CannotChoose(Refusal):
    """The day lies in the past, or that preset is in force already."""


# --- In force ---------------------------------------------------------------------------------

Thresholds = tuple[StallRule, ...]


@dataclass(frozen=True)
class Rules:
    """The thresholds in force on a day, by rule and by whose days (or in which batch) they are."""

    preset: LampPreset
    rows: dict[tuple[str, str], Thresholds]

    def of(self, code: str, clock: str = "") -> Thresholds:
        """Amber and red, as far as there are rows; those for whichever clock where it has none."""
        return self.rows.get((code, clock)) or self.rows.get((code, ""), ())

    def ask(self, *codes: str) -> bool:
        return any(code in codes for code, _clock in self.rows)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(code for code, _clock in self.rows)


def rules(today: datetime.date, *, preset: LampPreset | None = None) -> Rules:
    """Of each rule, clock and severity the newest row of the preset in force, or of another one."""
    preset = preset or preset_on(today)
    rows = StallRule.objects.filter(preset=preset, effective_from__lte=today).order_by("effective_from", "pk")
    newest = {(row.code, row.clock, row.severity): row for row in rows}
    found: dict[tuple[str, str], Thresholds] = {}
    for (code, clock, _severity), row in sorted(newest.items()):
        found[code, clock] = (*found.get((code, clock), ()), row)
    return Rules(preset, found)


def preset_on(day: datetime.date) -> LampPreset:
    """The standard lamps, unless something else has been chosen from a day on."""
    chosen = PresetChoice.objects.filter(effective_from__lte=day).order_by("-effective_from").first()
    return LampPreset(chosen.preset) if chosen else LampPreset.STANDARD


# --- The day on which a threshold is reached -------------------------------------------------------


@dataclass(frozen=True)
class Reached:
    """How grave a stall is on a day, and on which day it began."""

    severity: str
    first_day: datetime.date


def reached(
    thresholds: Iterable[StallRule], today: datetime.date, first: Callable[[StallRule], datetime.date | None]
) -> Reached | None:
    """The verdict of amber and red together; `first` says on which day a row begins to speak, if ever."""
    spoken = {}
    for rule in thresholds:
        day = first(rule)
        if day is not None and day <= today:
            spoken[rule.severity] = day
    if not spoken:
        return None
    return Reached(Severity.RED if Severity.RED in spoken else Severity.AMBER, min(spoken.values()))


def after(since: datetime.date, rule: StallRule, days: Calendar, *, more: int = 0) -> datetime.date:
    """The day on which so many (working) days or months have passed since a day."""
    if rule.unit == StallUnit.MONTHS:
        return months_after(since, rule.days)
    if rule.unit == StallUnit.DAYS:
        return since + datetime.timedelta(days=rule.days + more)
    return days.add(since, rule.days + more)


def months_after(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(day.day, last))


# --- Choosing the lamps ------------------------------------------------------------------------------


@transaction.atomic
def choose_preset(
    preset: str, *, effective_from: datetime.date, by: User, today: datetime.date
) -> PresetChoice:
    """Let another preset light the lamps from a day on; what was lit before stays in the books.

    Raises CannotChoose for a day that has passed, a day with a choice already, or one on which the
    same preset is in force anyway.
    """
    if effective_from < today:
        raise CannotChoose(_("The day has passed. Choose today or a later day."))
    list(StallRule.objects.select_for_update().order_by("pk"))  # the night's lock: see announcing.announce
    if PresetChoice.objects.filter(effective_from=effective_from).exists():
        raise CannotChoose(_("For that day a choice has been made already. Choose another day."))
    if preset == preset_on(effective_from):
        raise CannotChoose(_("These lamps are in force on that day already. Choose the other ones."))
    return PresetChoice.objects.create(preset=preset, effective_from=effective_from, chosen_by=by)
