"""The lists of this app as files: their columns, as the pages show them. The rows are the pages' own."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from operator import attrgetter, itemgetter
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from briefings.counting_rules import RuleSet
from briefings.models import Briefing, DecisionState, MeetingDecision, OnSiteMeeting, Period, Screener
from core.exporting import Column, Kind, Sheet, day_in
from core.money import NO_VALUE
from core.templatetags.ui import clauses

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


# --- The rows behind a figure ---------------------------------------------------------------------------


def listed(title: str, columns: Sequence[Any], notes: Sequence[tuple[Any, Any]]) -> Sheet:
    """Lines of cells as `views.listings` has them; what stands small under a cell beside it."""
    made: list[Column] = []
    for place, column in enumerate(columns):
        made.append(Column(column.label, _cell(place, column.kind), column.kind, _width(column)))
        if column.sub:
            made.append(Column(column.sub, _sub(place), width=24))
    return Sheet(title, made, notes)


def _width(column: Any) -> int:
    return 34 if column.sub and column.kind == Kind.TEXT else 16


def _cell(place: int, kind: Kind) -> Callable[[Any], Any]:
    if kind != Kind.TEXT:
        return lambda line: line[place].value
    return lambda line: clauses(filter(None, (_said(line[place].text), line[place].tag)))


def _sub(place: int) -> Callable[[Any], str]:
    return lambda line: str(line[place].sub)


def _said(words: str) -> str:
    return "" if words == NO_VALUE else str(words)


# --- The board --------------------------------------------------------------------------------------


def board(title: str, stages: Sequence[str], rules: RuleSet) -> Sheet:
    """A row a task force, with count and amount of each batch; the last row is the city's."""
    heads = [*stages, gettext("Total")]
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
    return str(briefing.task_force or briefing.unit or gettext("City"))


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
        return gettext("Month open")
    return gettext("Month closed") if row.is_frozen else gettext("Closed before this program")


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


def _figure(head: Any, name: str, width: int = 14) -> Column:
    return Column(head, lambda line: number(getattr(line, name)), Kind.NUMBER, width)


def restatement(period: Period, scope: str, rules: str) -> Sheet:
    """The figures of a closed month, as published and as they read now: `views.restated.Line`s."""
    return Sheet(
        gettext("Restatement of %(month)s") % {"month": period},
        (
            Column(pgettext_lazy("of a month", "Figure"), attrgetter("name"), width=30),
            Column(_("Span"), attrgetter("span"), width=14),
            _figure(pgettext_lazy("a figure", "Published"), "published"),
            _figure(pgettext_lazy("a figure", "Now"), "now"),
            _figure(_("Difference"), "difference"),
            Column(pgettext_lazy("of a figure", "Unit"), attrgetter("unit"), width=10),
            Column(_("Exactly"), attrgetter("exact"), width=18),
            Column(
                _("Correction document"),
                lambda line: line.document.number if line.document else None,
                width=22,
            ),
        ),
        [(_("Month"), str(period)), (_("About"), scope), (_("Counting rules"), rules)],
    )


CORRECTIONS = Sheet(
    _("Correction documents"),
    (
        Column(_("Document number"), attrgetter("number"), width=22),
        Column(_("Title"), attrgetter("title"), width=44),
        Column(_("Figures"), attrgetter("count"), Kind.NUMBER, 10),
        Column(_("Issued on"), attrgetter("on"), Kind.DAY, 13),
        Column(_("Issued by"), lambda row: row.by.name, width=12),
        Column(_("What was wrong, and why"), attrgetter("reason"), width=60),
    ),
)

CORRECTED = Sheet(
    _("Corrected figures"),
    (
        Column(pgettext_lazy("of a month", "Figure"), itemgetter("name"), width=30),
        Column(_("About"), itemgetter("scope"), width=18),
        Column(_("Span"), itemgetter("span"), width=14),
        Column(pgettext_lazy("a figure", "Published"), lambda row: number(row["published"]), Kind.NUMBER, 14),
        Column(_("Should have read"), lambda row: number(row["corrected"]), Kind.NUMBER, 14),
        Column(pgettext_lazy("of a figure", "Unit"), itemgetter("unit"), width=10),
    ),
)


def _of_cause(head: Any, name: str, unit: str) -> Column:
    def cell(row: Row) -> Decimal:
        value: Decimal = getattr(row["cause"], name)
        return value

    named = gettext("%(head)s (%(unit)s)") % {"head": head, "unit": unit} if unit else head
    return Column(named, cell, Kind.WAN if unit == "万元" else Kind.NUMBER, 16)


def causes(name: str, unit: str, notes: Sequence[tuple[Any, Any]]) -> Sheet:
    """The rows that make the difference between a published figure and what it would read now."""

    return Sheet(
        gettext("What makes the difference: %(figure)s") % {"figure": name},
        (
            Column(pgettext_lazy("a row counted", "What"), itemgetter("name"), width=34),
            Column(_("Kind"), itemgetter("sub"), width=18),
            Column(_("What became of it"), lambda row: str(row["why"]), width=24),
            _of_cause(pgettext("a figure", "Published"), "published", unit),
            _of_cause(pgettext("a figure", "Now"), "now", unit),
            _of_cause(gettext("Difference"), "difference", unit),
            Column(_("Entered by"), lambda row: row["recorded"][0], width=12),
            Column(_("Entered on"), lambda row: row["recorded"][1], Kind.DAY, 13),
            Column(_("Verified by"), lambda row: row["verified"][0], width=12),
            Column(_("Verified on"), lambda row: row["verified"][1], Kind.DAY, 13),
            Column(_("Why it differs"), _why, width=50),
        ),
        notes,
    )


def _why(row: Row) -> str:
    changes = [f"{one.label}: {one.old} → {one.new}" for one in row["changes"]]
    return "\n".join(filter(None, [row["reason"], *changes]))


# --- Targets and indicators -------------------------------------------------------------------------


def targets(columns: Sequence[Mapping[str, str]], rules: RuleSet | None) -> Sheet:
    """What is asked of whom, and how much of it is done."""
    heads = [
        gettext("%(head)s (%(unit)s)") % {"head": column["name"], "unit": column["unit"]}
        for column in columns
    ]
    pairs = [
        column
        for place, head in enumerate(heads)
        for column in (
            Column(_("Target"), _printed(place, "shown"), Kind.NUMBER, 12, (head,)),
            Column(_("Done"), _printed(place, "done"), Kind.PERCENT, 10, (head,)),
        )
    ]
    whose = Column(_("Whose"), attrgetter("name"), width=22)
    return Sheet(_("Annual targets"), (whose, *pairs), [by_rules(rules)] if rules else ())


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
            gettext("after %(n)s months") % {"n": months},
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
        Column(_("Works begun"), day_in("started"), Kind.DAY, 13),
        Column(_("Producing since"), day_in("producing"), Kind.DAY, 13),
        Column(_("Batch"), itemgetter("stage"), width=12),
        Column(_("Made it in time"), lambda row: gettext("Yes") if row["made"] else gettext("No"), width=8),
        Column(_("Whose"), itemgetter("unit"), width=20),
        Column(_("Task force"), itemgetter("task_force")),
    ),
)


# --- Meetings ---------------------------------------------------------------------------------------


def meeting_name(meeting: OnSiteMeeting) -> str:
    facts = {"year": meeting.year, "half": meeting.get_half_display()}
    return gettext("On-site meeting %(year)s, %(half)s") % facts


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
        return gettext("Overdue") if is_late else str(row.get_state_display())

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
            Column(_("Rank"), lambda row: row["place"] or gettext("barred"), Kind.NUMBER, 8),
            Column(_("Score"), lambda row: number(row["score"]), Kind.NUMBER, 10),
            *points,
            Column(_("First in"), lambda row: number(row["share"]), Kind.PERCENT, 10),
            Column(_("Ranks"), itemgetter("range"), width=10),
            Column(_("Why it is barred"), lambda row: "\n".join(row["bars"]), width=40),
        ),
    )


def _points(place: int) -> Callable[[Row], Any]:
    return lambda row: number(row["parts"][place]["points"])


def _rule(place: int, head: Any) -> Column:
    def cell(row: Row) -> str:
        rule = row["judged"][place]
        met = gettext("rule met") if rule.met else gettext("rule not met")
        return clauses(filter(None, (met, rule.words)))

    return Column(head, cell, width=30)


def _screened(place: int, label: Any) -> Column:
    def cell(row: Row) -> str:
        said = row["screened"][place]["said"]
        if said is None:
            return ""
        verdict = gettext("passed") if said.passed else gettext("not passed")
        return clauses(filter(None, (verdict, said.by.name, timezone.localdate(said.at), said.note)))

    return Column(label, cell, width=26, above=(gettext("Screened by"),))


def meeting_projects(rules: Sequence[Any]) -> Sheet:
    """What is shown at a meeting: every rule met or not, every department's word."""
    return Sheet(
        _("Projects shown"),
        (
            Column(_("Running number"), lambda row: row["row"].order, Kind.NUMBER, 8),
            Column(_("Project"), itemgetter("name"), width=34),
            Column(_("Enterprise"), itemgetter("enterprise"), width=30),
            *(_rule(place, rule) for place, rule in enumerate(rules)),
            Column(_("Why all the same"), lambda row: row["row"].reason, width=30),
            *(_screened(place, label) for place, label in enumerate(Screener.labels)),
        ),
    )


def meeting_candidates(rules: Sequence[Any]) -> Sheet:
    return Sheet(
        _("What could be shown"),
        (
            Column(_("Project"), itemgetter("name"), width=34),
            Column(_("Batch"), itemgetter("stage"), width=12),
            Column(_("Contracted (亿元)"), itemgetter("amount"), Kind.YI, 14),
            *(_rule(place, rule) for place, rule in enumerate(rules)),
        ),
    )


def _attendance(row: Any) -> str:
    if row.attended is None:
        return gettext("not said")
    return gettext("was there") if row.attended else gettext("was not there")


ATTENDEES = Sheet(
    _("Attendees"),
    (
        Column(_("Full name"), attrgetter("name"), width=14),
        Column(_("Office"), attrgetter("office"), width=30),
        Column(_("Attendance"), _attendance, width=12),
        Column(_("Projects scored"), lambda row: row.scored or None, Kind.NUMBER, 12),
    ),
)

SCORES = Sheet(
    _("Scores"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Average"), itemgetter("mean"), Kind.NUMBER, 10),
        Column(_("Sheets"), itemgetter("count"), Kind.NUMBER, 10),
        Column(_("Lowest"), itemgetter("least"), Kind.NUMBER, 10),
        Column(_("Highest"), itemgetter("most"), Kind.NUMBER, 10),
    ),
)

VETOES = Sheet(
    _("Vetoes"),
    (
        Column(_("Unit"), lambda row: str(row.unit), width=18),
        Column(_("Kind of veto"), lambda row: row.get_kind_display(), width=20),
        Column(_("Happened on"), attrgetter("happened_on"), Kind.DAY, 13),
        Column(_("Facts of the case"), attrgetter("reason"), width=50),
        Column(_("Proof"), attrgetter("document"), width=24),
        Column(_("State"), lambda row: gettext("Lifted") if row.lifted_on else gettext("Bars"), width=10),
        Column(_("Lifted on"), attrgetter("lifted_on"), Kind.DAY, 13),
        Column(_("Entered by"), lambda row: row.entered_by.name, width=12),
    ),
)
