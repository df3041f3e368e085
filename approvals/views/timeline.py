"""A plan drawn as a timeline: what was, what can be, by when it must be; readable without colours."""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals import wording
from approvals.choices import ItemState, Phase
from approvals.lamps import Shown
from approvals.models import Item
from approvals.planning import Milestone, Planned, ProjectPlan, Step
from approvals.views.drawing import ONE_DAY, Part, Scale

Row = tuple[Item, Step, Planned]

LEAST_PAST = 30  # days of what has been that a timeline shows at least
WEEKLY_UP_TO = 75  # days: longer timelines are marked by months
MARKS = 9  # at most so many marks fit on a phone


@dataclass(frozen=True)
class Timeline:
    """The items up to one milestone, by phase, on one scale."""

    label: str
    ticks: list[tuple[str, str]]
    today: str
    wanted: str
    wanted_on: str
    earliest: str
    earliest_on: str
    phases: list[dict[str, Any]]


def timelines(told: ProjectPlan, seen: Collection[int]) -> list[Timeline]:
    """One for the start of works, one for what comes after the building."""
    drawn = []
    for milestone in Milestone:
        rows = [row for row in told.rows() if row[2].milestone == milestone and row[0].pk in seen]
        if any(_is_planned(planned, milestone) for _item, _step, planned in rows):
            drawn.append(_timeline(told, milestone, rows))
    return drawn


def _is_planned(planned: Planned, milestone: Milestone) -> bool:
    """Before production only what has a latest day: until then a timeline would be empty."""
    return bool(_days_of(planned) if milestone == Milestone.WORKS else planned.latest_finish)


def _timeline(told: ProjectPlan, milestone: Milestone, rows: list[Row]) -> Timeline:
    works = milestone == Milestone.WORKS
    wanted = told.plan.wanted_start if works else told.plan.wanted_production
    earliest = told.plan.start if works and not told.has_begun else None
    scale = _scale(told.plan.today, rows, [day for day in (wanted, earliest) if day])
    return Timeline(
        label=_("Before works begin") if works else _("Before production begins"),
        ticks=[(_place(scale, day), word) for day, word in _ticks(scale)],
        today=_place(scale, told.plan.today),
        wanted=_within(scale, wanted),
        wanted_on=wanted.isoformat() if wanted else "",
        earliest=_within(scale, earliest),
        earliest_on=earliest.isoformat() if earliest else "",
        phases=[
            {"label": Phase(phase).label, "rows": [_row(told, scale, *row) for row in group]}
            for phase, group in groupby(rows, key=lambda row: row[0].template.phase)
        ],
    )


# --- The scale ------------------------------------------------------------------------------------


def _days_of(planned: Planned) -> list[datetime.date]:
    days = (planned.earliest_submit, planned.earliest_finish, planned.latest_submit, planned.latest_finish)
    return [day for day in days if day]


def _scale(today: datetime.date, rows: list[Row], more: list[datetime.date]) -> Scale:
    """From what is still open (of the past at most as much as of the future) to the last day of all."""
    days = [today, *more, *(day for _item, _step, planned in rows for day in _days_of(planned))]
    ahead = max(max(days) - today, LEAST_PAST * ONE_DAY)
    first, last = max(min(days), today - ahead), max(days)
    margin = max(1, (last - first).days // 40)
    return Scale(first - margin * ONE_DAY, last + 2 * margin * ONE_DAY)


def _place(scale: Scale, day: datetime.date) -> str:
    return f"{scale.percent(day):.2f}"


def _within(scale: Scale, day: datetime.date | None) -> str:
    """Where a day lies; empty outside of what is drawn."""
    return _place(scale, day) if day and scale.first <= day <= scale.last else ""


def _ticks(scale: Scale) -> Iterator[tuple[datetime.date, str]]:
    """Mondays on a short timeline, the first days of months on a long one."""
    length = (scale.last - scale.first).days
    if length <= WEEKLY_UP_TO:
        day = scale.first + (-scale.first.weekday() % 7) * ONE_DAY
        step = (7 if length <= 7 * MARKS else 14) * ONE_DAY
        while day <= scale.last - step / 2:
            yield day, f"{day:%m-%d}"
            day += step
        return
    months = [day for day in _firsts(scale) if day <= scale.last - length / 14 * ONE_DAY]
    for day in months[:: -(-len(months) // MARKS) or 1]:
        word = pgettext("date format", "N Y") if day.month == 1 else pgettext("date format", "N")
        yield day, date_format(day, word)


def _firsts(scale: Scale) -> list[datetime.date]:
    day, found = scale.first.replace(day=1), []
    while day <= scale.last:
        if day >= scale.first:
            found.append(day)
        day = (day + 31 * ONE_DAY).replace(day=1)
    return found


# --- A row ----------------------------------------------------------------------------------------


def _row(told: ProjectPlan, scale: Scale, item: Item, step: Step, planned: Planned) -> dict[str, Any]:
    return {
        "url": reverse("approvals:item", args=[item.pk]),
        "label": str(item.template),
        "group": bool(step.group),
        "is_critical": planned.is_critical,
        "words": f"{item.template}: {wording.why(told, planned)}",
        "bars": list(_bars(told, scale, step, planned)),
        "float": _float(scale, planned),
        "submit_by": _within(scale, planned.latest_submit),
        "submit_by_on": planned.latest_submit.isoformat() if planned.latest_submit else "",
        "lamp": lamp(told, item, planned),
    }


def _bars(told: ProjectPlan, scale: Scale, step: Step, planned: Planned) -> Iterator[Part]:
    title, today = wording.why(told, planned), told.plan.today
    begun, done = planned.earliest_submit, planned.earliest_finish
    if done is None or done < scale.first:
        return
    begun = max(begun or done, scale.first)
    if planned.is_passed:
        yield scale.part("p-done", begun, done, title)
        return
    if step.is_under_way and begun < today:
        yield scale.part("p-running", begun, min(today, done), title)
    yield scale.part(
        "p-critical" if planned.is_critical else "p-plan",
        max(begun, today) if step.is_under_way else begun,
        done,
        title,
    )


def _float(scale: Scale, planned: Planned) -> dict[str, str] | None:
    """The days to spare, as a thin line behind the bar."""
    if not planned.slack or planned.slack < 0 or not planned.earliest_finish or not planned.latest_finish:
        return None
    return {"from": _place(scale, planned.earliest_finish), "to": _place(scale, planned.latest_finish)}


def lamp(told: ProjectPlan, item: Item, planned: Planned) -> Shown:
    """How an item stands against the wanted start."""
    if planned.is_passed:
        word = item.get_state_display()
        return Shown("waiting" if item.state == ItemState.NOT_NEEDED else "done", word)
    if planned.slack is None:
        return _without_slack(told, planned)
    kind = "over_promise" if planned.slack < 0 else "on_time" if planned.slack else "todo"
    return Shown(kind, wording.slack(planned.slack))


def _without_slack(told: ProjectPlan, planned: Planned) -> Shown:
    if planned.latest_submit and planned.latest_submit < told.plan.today:
        return Shown("over_promise", _("Latest day is past"))
    if planned.is_critical:
        return Shown("todo", _("Critical"))
    if planned.spare is not None:
        return Shown("on_time", _("Not critical"))
    return Shown("waiting", _("After the building") if not told.plan.rings else _("No plan"))
