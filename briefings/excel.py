"""The lists of this app as files: their columns, as the pages show them. The rows are the pages' own."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from operator import attrgetter, itemgetter
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from briefings.counting_rules import RuleSet
from briefings.models import Briefing, DecisionState, MeetingDecision, OnSiteMeeting, Period
from core.exporting import Column, Kind, Sheet

Row = dict[str, Any]


def by_rules(rules: RuleSet) -> tuple[Any, Any]:
    """For the sheet that explains a file: by which counting rules its figures are counted."""
    return _("Counting rules"), rules.label or _("tried only")


def number(printed: str) -> Decimal | str | None:
    """A figure that a page holds as a ready string; words stay words."""
    try:
        return Decimal(printed.replace(",", "").rstrip("%").strip())
    except InvalidOperation:
        return printed if any(character.isalnum() for character in printed) else None


def _at(place: int, name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row["cells"][place], name)


# --- The board --------------------------------------------------------------------------------------


def board(title: str, stages: Sequence[str], rules: RuleSet) -> Sheet:
    """A row a task force, with count and amount of each batch; the last row is the city's."""
    heads = [*stages, _now("Total")]
    columns = [
        column
        for place, stage in enumerate(heads)
        for column in (
            Column(_("Number of projects"), _at(place, "count"), Kind.NUMBER, 9, (stage,)),
            Column(_("亿元"), _at(place, "amount"), Kind.YI, 12, (stage,)),
        )
    ]
    return Sheet(title, (Column(_("Task force"), itemgetter("name"), width=22), *columns), [by_rules(rules)])


# --- Months and briefings ---------------------------------------------------------------------------


def _about(briefing: Briefing) -> str:
    return str(briefing.task_force or briefing.unit or _now("City"))


# A `views.shown.Standing`.
BRIEFINGS = Sheet(
    _("Briefings"),
    (
        Column(_("About"), lambda row: _about(row.briefing), width=22),
        Column(_("State"), lambda row: row.briefing.get_state_display(), width=14),
        Column(
            _("Figures confirmed"), lambda row: row.confirmed.by.name if row.confirmed else None, width=14
        ),
        Column(_("Confirmed at"), lambda row: row.confirmed.at if row.confirmed else None, Kind.MOMENT, 18),
        Column(_("To be confirmed by"), attrgetter("due"), Kind.DAY, 13),
        Column(_("Working days late"), lambda row: row.late_days or None, Kind.NUMBER, 12),
        Column(_("Open disputes"), lambda row: len(row.open_disputes), Kind.NUMBER, 12),
        Column(_("Next step"), attrgetter("next_step"), width=34),
        Column(_("Document number"), lambda row: row.briefing.number, width=20),
    ),
)


def _state_of_month(row: Any) -> str:
    if not row.closed_on:
        return _now("Month open")
    return _now("Month closed") if row.is_frozen else _now("Closed before this program")


def _published(row: Any) -> str:
    return f"{row.briefings_out} / {row.briefings_in_all}" if row.briefings_in_all else "0"


def _closed_by(row: Period) -> str:
    return row.closed_by.name if row.closed_by else ""


MONTHS = Sheet(
    _("Months of account"),
    (
        Column(_("Month"), lambda row: f"{row.month:%Y-%m}", width=12),
        Column(_("State"), _state_of_month, width=18),
        Column(pgettext_lazy("a month", "Closed on"), attrgetter("closed_on"), Kind.DAY, 13),
        Column(_("Closed by"), _closed_by, width=12),
        Column(_("Briefings published"), _published, width=14),
        Column(_("Correction documents"), attrgetter("documents"), Kind.NUMBER, 14),
    ),
)


# --- Targets and indicators -------------------------------------------------------------------------


def targets(columns: Sequence[Mapping[str, str]]) -> Sheet:
    """What is asked of whom, and how much of it is done."""
    heads = [f"{column['name']} ({column['unit']})" for column in columns]
    pairs = [
        column
        for place, head in enumerate(heads)
        for column in (
            Column(_("Target"), _printed(place, "shown"), Kind.NUMBER, 12, (head,)),
            Column(_("Done"), _printed(place, "done"), Kind.PERCENT, 10, (head,)),
        )
    ]
    return Sheet(_("Annual targets"), (Column(_("Whose"), attrgetter("name"), width=22), *pairs))


def _printed(place: int, name: str) -> Callable[[Any], Any]:
    return lambda row: number(getattr(row.cells[place], name))


def indicators(rules: RuleSet) -> Sheet:
    return Sheet(
        _("Indicators"),
        (
            Column(_("Subject area"), itemgetter("subject"), width=16),
            Column(_("Indicator"), lambda row: str(row["name"]), width=30),
            Column(_("Code"), itemgetter("code"), width=20),
            Column(_("How it is counted"), lambda row: str(row["formula"]), width=60),
            Column(_("Kind"), lambda row: str(row["kind"]), width=12),
            Column(_("Unit of measure"), itemgetter("unit"), width=10),
            Column(_("Now"), lambda row: number(row["value"]), Kind.NUMBER, 14),
            Column(_("A year ago"), lambda row: number(row["base"]), Kind.NUMBER, 14),
            Column(_("Year on year"), itemgetter("yoy"), Kind.PERCENT, 12),
        ),
        [by_rules(rules)],
    )


# --- Cohorts ----------------------------------------------------------------------------------------


def cohorts(group: str, whats: Sequence[tuple[str, Any]], after: Sequence[int], rules: RuleSet) -> Sheet:
    """How much of what was signed had begun, or produced, how many months later."""
    ages = [
        Column(
            _now("after %(n)s months") % {"n": months},
            _percent(place * len(after) + nth),
            Kind.PERCENT,
            12,
            (str(word),),
        )
        for place, (_what, word) in enumerate(whats)
        for nth, months in enumerate(after)
    ]
    return Sheet(
        _("Cohorts"),
        (
            Column(group, itemgetter("label"), width=20),
            Column(_("Signed"), itemgetter("count"), Kind.NUMBER, 10),
            Column(_("亿元"), lambda row: number(row["amount"]), Kind.NUMBER, 12),
            *ages,
        ),
        [by_rules(rules)],
    )


def _percent(place: int) -> Callable[[Row], Any]:
    return lambda row: number(row["cells"][place]["percent"]) if row["cells"][place] else None


COHORT_PROJECTS = Sheet(
    _("Projects of a cohort"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Enterprise"), itemgetter("enterprise"), width=30),
        Column(_("Signed in"), itemgetter("month"), width=12),
        Column(_("Contract (亿元)"), lambda row: number(row["amount"]), Kind.NUMBER, 14),
        Column(_("Works begun"), itemgetter("started"), width=13),
        Column(_("Producing since"), itemgetter("producing"), width=13),
        Column(_("Batch"), itemgetter("stage"), width=12),
        Column(_("Made it in time"), lambda row: _now("Yes") if row["made"] else _now("No"), width=8),
        Column(_("Whose"), itemgetter("unit"), width=20),
        Column(_("Task force"), itemgetter("task_force")),
    ),
)


# --- Meetings ---------------------------------------------------------------------------------------


def meeting_name(meeting: OnSiteMeeting) -> str:
    facts = {"year": meeting.year, "half": meeting.get_half_display()}
    return _now("On-site meeting %(year)s, %(half)s") % facts


def _settled(row: Any) -> str:
    return f"{row.settled} / {row.decided}" if row.decided else ""


MEETINGS = Sheet(
    _("On-site meetings"),
    (
        Column(_("Meeting"), meeting_name, width=26),
        Column(_("State"), lambda row: row.get_state_display(), width=14),
        Column(_("Host"), lambda row: str(row.host or ""), width=18),
        Column(_("Day"), lambda row: row.held_on or row.planned_on, Kind.DAY, 13),
        Column(_("Place"), attrgetter("place"), width=26),
        Column(_("Decisions settled"), _settled, width=14),
        Column(_("Overdue"), attrgetter("late"), Kind.NUMBER, 10),
    ),
)


def decisions(today: datetime.date) -> Sheet:
    """What the meetings decided; what is past its day today is said to be overdue."""

    def state(row: MeetingDecision) -> str:
        is_late = row.state == DecisionState.OPEN and row.due_on < today
        return _now("Overdue") if is_late else str(row.get_state_display())

    return Sheet(
        _("Decisions"),
        (
            Column(_("Meeting"), lambda row: meeting_name(row.meeting), width=26),
            Column(_("Decision"), lambda row: f"{row.number}. {row.text}", width=50),
            Column(_("Who does it"), lambda row: str(row.owner), width=18),
            Column(_("Person"), attrgetter("person"), width=12),
            Column(_("Due on"), attrgetter("due_on"), Kind.DAY, 13),
            Column(_("State"), state, width=12),
            Column(_("What was done"), attrgetter("done_note"), width=40),
        ),
    )


def ranking(weights: Sequence[Mapping[str, Any]]) -> Sheet:
    """Where every unit stands; a column for each component with its weight."""
    points = [
        Column(f"{weight['label']} {weight['percent']} %", _points(place), Kind.NUMBER, 14)
        for place, weight in enumerate(weights)
    ]
    return Sheet(
        _("Ranking"),
        (
            Column(_("Unit"), lambda row: str(row["unit"]), width=18),
            Column(_("Rank"), lambda row: row["place"] or _now("barred"), Kind.NUMBER, 8),
            Column(_("Score"), lambda row: number(row["score"]), Kind.NUMBER, 10),
            *points,
            Column(_("First in"), lambda row: number(row["share"]), Kind.PERCENT, 10),
            Column(_("Ranks"), itemgetter("range"), width=10),
            Column(_("Why it is barred"), lambda row: "\n".join(row["bars"]), width=40),
        ),
    )


def _points(place: int) -> Callable[[Row], Any]:
    return lambda row: number(row["parts"][place]["points"])


VETOES = Sheet(
    _("Vetoes"),
    (
        Column(_("Unit"), lambda row: str(row.unit), width=18),
        Column(_("Kind of veto"), lambda row: row.get_kind_display(), width=20),
        Column(_("Happened on"), attrgetter("happened_on"), Kind.DAY, 13),
        Column(_("Facts of the case"), attrgetter("reason"), width=50),
        Column(_("Proof"), attrgetter("document"), width=24),
        Column(_("State"), lambda row: _now("Lifted") if row.lifted_on else _now("Bars"), width=10),
        Column(_("Lifted on"), attrgetter("lifted_on"), Kind.DAY, 13),
        Column(_("Entered by"), lambda row: row.entered_by.name, width=12),
    ),
)
