"""Which months, as known on which day, counted by which rules."""

import datetime
from dataclasses import dataclass, field, replace
from functools import cached_property

from briefings import counting_rules
from briefings.counting_rules import RuleSet
from core import clock


@dataclass(frozen=True)
class Window:
    """Whole months, both ends included, perhaps as it was known on a past day.

    `rules` are the counting rules in force at its end, unless others are tried; the months of a year
    before are counted by the same ones.
    """

    first_month: datetime.date
    last_month: datetime.date
    as_known_on: datetime.date | None = None
    rules: RuleSet = field(default=None)  # type: ignore[assignment] # never None once it is made

    def __post_init__(self) -> None:
        object.__setattr__(self, "first_month", clock.month_start(self.first_month))
        object.__setattr__(self, "last_month", clock.month_start(self.last_month))
        if getattr(self, "rules", None) is None:
            object.__setattr__(self, "rules", counting_rules.in_force(self.last_day))

    @classmethod
    def year_to(cls, month: datetime.date, as_known_on: datetime.date | None = None) -> "Window":
        """From January to this month: how flows are read unless somebody says “this month”."""
        return cls(month.replace(month=1, day=1), month, as_known_on)

    @classmethod
    def of_month(cls, month: datetime.date, as_known_on: datetime.date | None = None) -> "Window":
        return cls(month, month, as_known_on)

    @property
    def first_day(self) -> datetime.date:
        return self.first_month

    @cached_property
    def last_day(self) -> datetime.date:
        return clock.month_end(self.last_month)

    @cached_property
    def stock_day(self) -> datetime.date:
        """The day on which stocks are counted: the last, or the last of which anything was known."""
        return min(self.last_day, self.as_known_on or self.last_day)

    def contains(self, day: datetime.date) -> bool:
        return self.first_day <= day <= self.last_day

    @cached_property
    def base(self) -> "Window":
        """The same months a year earlier."""
        first, last = clock.year_before(self.first_month), clock.year_before(self.last_month)
        return replace(self, first_month=first, last_month=last)

    @property
    def months(self) -> list[datetime.date]:
        months = [self.first_month]
        while months[-1] < self.last_month:
            months.append(clock.next_month(months[-1]))
        return months
