"""The plan as a document for the enterprise and the meeting: one list of blocks, Word and PDF.

The timeline is a table of weeks (fortnights, months), so that it can be read, copied and printed in any
program: a sign for what was, what is under way, what can be and by when it must be handed in.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from django.utils.translation import gettext as _

from approvals import wording
from approvals.planning import Milestone, Plan, Planned, ProjectPlan
from core import documents
from core.documents import AnnexTitle, Block, Heading, Kind, Paragraph, Table, Title
from core.workdays import Calendar

ONE_DAY = datetime.timedelta(days=1)
COLUMNS = 16  # of periods: what a page turned sideways holds beside the names
NAME_WIDTH, PERIOD_WIDTH = 15.0, 2.6  # in characters of the table
# Signs of GB 2312, which every office's fonts have.
PASSED, UNDER_WAY, CAN_BE, CRITICAL, SUBMIT_BY = "■", "●", "□", "◆", "△"


@dataclass(frozen=True)
class Sheet:
    """A project's plan for somebody who may see the items in `seen`."""

    told: ProjectPlan
    name: str
    seen: frozenset[int]
    days: Calendar

    @property
    def title(self) -> str:
        return _("Approval plan of %(project)s") % {"project": self.name}

    def word(self) -> bytes:
        return documents.to_docx(self.blocks())

    def pdf(self) -> bytes:
        return documents.to_pdf(self.blocks())

    def blocks(self) -> list[Block]:
        annexes = [
            block for number, part in enumerate(self._tables(), 1) for block in self._annex(number, part)
        ]
        return [
            Title(self.title),
            *self._text(),
            Heading(_("What the plan rests on"), is_numbered=False),
            *(Paragraph(line) for line in wording.assumptions(self.told, self.seen, days=self.days)),
            *annexes,
        ]

    def _text(self) -> Iterator[Block]:
        plan = self.told.plan
        yield Paragraph(wording.headline(self.told), _("As of %(day)s. ") % {"day": plan.today.isoformat()})
        for lead, line in (
            (_("Wanted start of works: "), plan.wanted_start.isoformat() if plan.wanted_start else ""),
            (_("Critical path: "), wording.critical_path(self.told, self.seen)),
            ("", wording.lever(self.told, self.seen)),
            ("", wording.what_lacks(self.told)),
            *(("", ring) for ring in wording.rings(self.told)),
        ):
            if line:
                yield Paragraph(line, lead)

    # Tables

    @cached_property
    def _shown(self) -> list[Planned]:
        return [planned for planned in self.told.plan.items if planned.key in self.seen]

    def _tables(self) -> list[tuple[str, Table]]:
        found = []
        for milestone, title in (
            (Milestone.WORKS, _("Timeline before works begin")),
            (Milestone.PRODUCTION, _("Timeline before production begins")),
        ):
            rows = [p for p in self._shown if p.milestone == milestone]
            if any(not p.is_passed and (p.earliest_finish or p.latest_finish) for p in rows):
                found.append((title, timeline(self.told, rows)))
        if any(not p.is_passed for p in self._shown):
            found.append((_("Days of the items that are not through"), self._days_table()))
        return found

    def _annex(self, number: int, part: tuple[str, Table]) -> tuple[Block, Block]:
        title, table = part
        return AnnexTitle(_("Annex %(n)s") % {"n": number}, title, is_landscape=True), table

    def _days_table(self) -> Table:
        return Table(
            head=[
                _("Item"),
                _("Department"),
                _("Needs first"),
                _("Submit at the latest"),
                _("Finish at the latest"),
                _("Earliest finish"),
                _("Days to spare"),
                _("Frees (days)"),
            ],
            kinds=[Kind.TEXT, Kind.TEXT, Kind.TEXT, *[Kind.CENTER] * 3, *[Kind.NUMBER] * 2],
            rows=[self._days_row(planned) for planned in self._shown if not planned.is_passed],
            note=_("%(sign)s critical: every day lost here moves the start of works.") % {"sign": CRITICAL},
        )

    def _days_row(self, planned: Planned) -> list[str]:
        item, step = self.told.items[planned.key], self.told.steps[planned.key]
        return [
            f"{_mark(planned)}{item.template}",
            str(item.template.department),
            "\n".join(str(self.told.items[key].template) for key in self.told.items if key in step.needs)
            or "—",
            _("handed in") if step.is_under_way else _day(planned.latest_submit),
            _day(planned.latest_finish),
            _day(planned.earliest_finish),
            "—" if planned.slack is None else str(planned.slack),
            str(planned.frees) if planned.frees else "—",
        ]


def _mark(planned: Planned) -> str:
    return PASSED if planned.is_passed else CRITICAL if planned.is_critical else ""


def _day(day: datetime.date | None) -> str:
    return day.isoformat() if day else "—"


# --- The timeline as a table ----------------------------------------------------------------------


def timeline(told: ProjectPlan, rows: list[Planned]) -> Table:
    """A column for each week (fortnight, month) from today's to the last day of the plan."""
    begins = _periods(told.plan, rows)
    return Table(
        head=[_("Item"), *(_head(begins, day) for day in begins[:-1])],
        kinds=[Kind.TEXT, *[Kind.CENTER] * (len(begins) - 1)],
        widths=[NAME_WIDTH, *[PERIOD_WIDTH] * (len(begins) - 1)],
        rows=[
            [
                f"{_mark(planned)}{told.items[planned.key].template}",
                *(_signs(told, planned, since, until - ONE_DAY) for since, until in pairwise(begins)),
            ]
            for planned in rows
        ],
        note=_legend(told, rows),
    )


def _periods(plan: Plan, rows: list[Planned]) -> list[datetime.date]:
    """The first days of the periods, and the day after the last one."""
    days = [
        day for p in rows if not p.is_passed for day in (p.earliest_finish, p.latest_finish, p.latest_submit)
    ]
    wanted = plan.wanted_start if rows[0].milestone == Milestone.WORKS else plan.wanted_production
    known = [plan.today, *(day for day in (*days, wanted) if day)]
    for after in (_next_week, _next_fortnight, _next_month):
        begins = [_monday(min(known)) if after is not _next_month else min(known).replace(day=1)]
        while begins[-1] <= max(known):
            begins.append(after(begins[-1]))
        if len(begins) <= COLUMNS + 1:
            return begins
    return begins[: COLUMNS + 1]


def _monday(day: datetime.date) -> datetime.date:
    return day - day.weekday() * ONE_DAY


def _next_week(day: datetime.date) -> datetime.date:
    return day + 7 * ONE_DAY


def _next_fortnight(day: datetime.date) -> datetime.date:
    return day + 14 * ONE_DAY


def _next_month(day: datetime.date) -> datetime.date:
    return (day.replace(day=1) + 31 * ONE_DAY).replace(day=1)


def _head(begins: list[datetime.date], day: datetime.date) -> str:
    monthly = begins[0].day == 1 and begins[1] == _next_month(begins[0])
    return f"{day:%y/%m}" if monthly else f"{day.month}/{day.day}"


def _signs(told: ProjectPlan, planned: Planned, since: datetime.date, until: datetime.date) -> str:
    """What there is of an item in a period."""
    by = planned.latest_submit
    return _bar(told, planned, since, until) + (SUBMIT_BY if by and since <= by <= until else "")


def _bar(told: ProjectPlan, planned: Planned, since: datetime.date, until: datetime.date) -> str:
    begun, done = planned.earliest_submit or planned.earliest_finish, planned.earliest_finish
    if begun is None or done is None or begun > until or done < since:
        return ""
    if planned.is_passed:
        return PASSED
    if told.steps[planned.key].is_under_way and since <= told.plan.today:
        return UNDER_WAY
    return CRITICAL if planned.is_critical else CAN_BE


def _legend(told: ProjectPlan, rows: list[Planned]) -> str:
    works = rows[0].milestone == Milestone.WORKS
    wanted = told.plan.wanted_start if works else told.plan.wanted_production
    signs = _(
        "%(passed)s passed; %(under_way)s under way; %(can_be)s planned at the earliest; %(critical)s the "
        "same on the critical path; %(submit_by)s to be handed in at the latest. Each column is headed by "
        "its first day."
    ) % {
        "passed": PASSED,
        "under_way": UNDER_WAY,
        "can_be": CAN_BE,
        "critical": CRITICAL,
        "submit_by": SUBMIT_BY,
    }
    if wanted is None:
        return signs
    return _("%(signs)s Wanted day: %(day)s.") % {"signs": signs, "day": wanted.isoformat()}
