"""The lists of this app as files: their columns, as the pages show them. The rows are the pages' own."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from approvals.models import ItemLimit
from core.exporting import Column, Kind, Sheet, day_in
from core.templatetags.ui import listed
from projects.excel import HOW_COUNTED

Row = dict[str, Any]


def _word(row: Row) -> str:
    return str(row["lamp"]["word"] if isinstance(row["lamp"], dict) else row["lamp"].word)


def _together(*names: str) -> Callable[[Row], str]:
    """What stands in one cell of the page, the main thing first."""
    return lambda row: " · ".join(str(row[name]) for name in names if row[name])


PROJECT = Column(_("Project"), itemgetter("project"), width=34)
VERDICT = Column(_("Verdict"), _word, width=18)
STATE = Column(_("State"), itemgetter("state"), width=14)


# --- Items ------------------------------------------------------------------------------------------


def _used(row: Row) -> str:
    if row["counted"] is None:
        return ""
    return str(row["counted"]) if row["limit"] is None else f"{row['counted']} / {row['limit']}"


BOARD = Sheet(
    _("Approvals board"),
    (
        Column(_("Item"), itemgetter("name"), width=26),
        PROJECT,
        Column(_("Department"), itemgetter("department"), width=18),
        STATE,
        Column(_("Days used / limit"), _used, width=14),
        Column(_("Due on"), day_in("due"), Kind.DAY, 13),
        Column(_("Last entry"), day_in("last"), Kind.DAY, 13),
        VERDICT,
    ),
)

HELD_UP = Sheet(
    _("Items held up"),
    (
        Column(_("Item"), itemgetter("item"), width=26),
        PROJECT,
        Column(_("Department"), itemgetter("department"), width=18),
        Column(
            _("Issue"),
            lambda row: "\n".join(f"{issue.code} {issue.get_state_display()}" for issue in row["issues"]),
            width=30,
        ),
    ),
)


def _from_to(name: str) -> Callable[[Row], str]:
    return lambda row: f"{row[name]['before']} → {row[name]['after']}" if row[name] else ""


MOVED = Sheet(
    _("What moved"),
    (
        Column(_("Item"), itemgetter("name"), width=26),
        PROJECT,
        Column(_("Department"), itemgetter("department"), width=18),
        Column(_("Due by promise"), _from_to("promise"), width=26),
        Column(_("Due by statute"), _from_to("statute"), width=26),
        Column(_("Counted anew on"), day_in("on"), Kind.DAY, 13),
        Column(_("Because of"), itemgetter("why"), width=34),
    ),
)


# --- The catalogue ----------------------------------------------------------------------------------


def _limit(limit: ItemLimit | None) -> str:
    if limit is None or (limit.statutory_days, limit.promised_days) == (None, None):
        return gettext("no limit")
    parts = (_by_law(limit.statutory_days), _promised(limit.promised_days))
    return pgettext("between items of a list", ", ").join(parts)


def _by_law(days: int | None) -> str:
    if days is None:
        return gettext("by law —")
    return ngettext("by law %(n)s day", "by law %(n)s days", days) % {"n": days}


def _promised(days: int | None) -> str:
    if days is None:
        return gettext("promised —")
    if days == 0:
        return gettext("promised: on the spot")
    return ngettext("promised %(n)s day", "promised %(n)s days", days) % {"n": days}


CATALOGUE = Sheet(
    _("Item catalogue"),
    (
        Column(_("Phase"), itemgetter("phase"), width=16),
        Column(_("Item"), itemgetter("name"), width=26),
        Column(_("Department"), itemgetter("department"), width=18),
        Column(
            _("Which projects need it"),
            lambda row: "\n".join(map(str, row["rules"])) or gettext("Every project"),
            width=40,
        ),
        Column(_("Needs first"), lambda row: listed(row["needs"]), width=30),
        Column(_("Limits"), lambda row: _limit(row["limit"]), width=26),
        Column(_("Source of the limit"), lambda row: row["limit"].source if row["limit"] else "", width=30),
        Column(_("What stops the clock"), _together("stops", "clock_of"), width=30),
    ),
)


# --- Issues, needs, tasks ---------------------------------------------------------------------------

ISSUES = Sheet(
    _("Issues"),
    (
        Column(_("Number"), itemgetter("code"), width=16),
        Column(_("Issue"), itemgetter("text"), width=44),
        Column(_("Level"), itemgetter("level"), width=14),
        PROJECT,
        Column(_("Further projects"), lambda row: row["more_projects"] or None, Kind.NUMBER, 10),
        Column(_("Category"), itemgetter("category"), width=14),
        Column(_("Responsible department"), itemgetter("department"), width=18),
        Column(_("Raised"), day_in("raised"), Kind.DAY, 13),
        Column(_("Working days"), itemgetter("days"), Kind.NUMBER, 12),
        Column(_("Due on"), day_in("due"), Kind.DAY, 13),
        Column(
            _("Within the limit"), lambda row: row["due_lamp"]["word"] if row["due_lamp"] else "", width=16
        ),
        STATE,
    ),
)

NEEDS = Sheet(
    _("Service support"),
    (
        Column(_("What is needed"), itemgetter("text"), width=44),
        Column(_("Kind"), itemgetter("kind"), width=14),
        Column(_("Amount"), itemgetter("amount"), width=18),
        PROJECT,
        Column(_("Responsible department"), itemgetter("department"), width=18),
        Column(_("Officer"), itemgetter("officer"), width=12),
        Column(_("Needed by"), day_in("due"), Kind.DAY, 13),
        STATE,
        VERDICT,
    ),
)

TASKS = Sheet(
    _("Agency assistance"),
    (
        Column(_("What is done"), itemgetter("text"), width=44),
        Column(_("Mode"), itemgetter("mode"), width=14),
        Column(_("Item"), itemgetter("item"), width=20),
        PROJECT,
        Column(_("Officer"), itemgetter("officer"), width=12),
        Column(_("Due"), day_in("due"), Kind.DAY, 13),
        STATE,
        VERDICT,
    ),
)

REACHED = Sheet(
    _("Sent up to me"),
    (
        Column(_("Kind"), itemgetter("kind"), width=18),
        Column(_("Level"), itemgetter("word"), width=14),
        Column(_("Matter"), itemgetter("title"), width=50),
        PROJECT,
        Column(_("Who acts"), itemgetter("whose"), width=20),
        Column(_("On this level since"), itemgetter("since"), Kind.DAY, 13),
        Column(_("Working days"), itemgetter("days"), Kind.NUMBER, 12),
    ),
)


# --- One project --------------------------------------------------------------------------------------


PROCESS = Sheet(
    _("Approval process"),
    (
        Column(_("Phase"), itemgetter("phase"), width=16),
        Column(_("Item"), itemgetter("name"), width=26),
        Column(_("Needs first"), lambda row: listed(row["waits_for"]), width=30),
        Column(_("Owner"), itemgetter("department"), width=18),
        Column(_("Due"), day_in("due"), Kind.DAY, 13),
        Column(_("Submit at the latest"), day_in("submit_by"), Kind.DAY, 13),
        Column(_("Decided on"), day_in("closed"), Kind.DAY, 13),
        Column(_("Certificate"), itemgetter("certificate"), width=20),
        STATE,
        VERDICT,
    ),
)


def _earliest(place: int) -> Callable[[Row], Any]:
    ready = day_in("day")
    return lambda row: ready({"day": row["earliest"][place]})


PLAN = Sheet(
    _("By when must what be handed in?"),
    (
        Column(_("Item"), itemgetter("label"), width=26),
        Column(_("Department"), itemgetter("department"), width=18),
        Column(
            _("On the critical path"),
            lambda row: gettext("Yes") if row["is_critical"] else gettext("No"),
            width=10,
        ),
        Column(_("Needs first"), lambda row: "\n".join(row["needs"]), width=30),
        Column(_("Handed in on"), day_in("handed_in"), Kind.DAY, 13),
        Column(_("Submit at the latest"), day_in("submit_by"), Kind.DAY, 13),
        Column(_("Finish at the latest"), day_in("finish_by"), Kind.DAY, 13),
        Column(_("Submit at the earliest"), _earliest(0), Kind.DAY, 13),
        Column(_("At the earliest"), _earliest(1), Kind.DAY, 13),
        Column(_("Days to spare"), _word, width=18),
        Column(_("Frees (days)"), itemgetter("frees"), Kind.NUMBER, 10),
        Column(_("Where the days come from"), itemgetter("why"), width=50),
    ),
)


# --- Stalls and what they hold up -------------------------------------------------------------------

STALLED = Sheet(
    _("Stalled"),
    (
        Column(_("Reason"), itemgetter("word"), width=16),
        Column(_("Why"), itemgetter("sentence"), width=50),
        PROJECT,
        Column(_("Task force"), itemgetter("task_force")),
        Column(_("Unit"), itemgetter("unit")),
        Column(_("For how long"), itemgetter("long"), width=14),
        Column(_("Since"), day_in("first_day"), Kind.DAY, 13),
        Column(_("Until"), day_in("cleared"), Kind.DAY, 13),
        Column(_("Who acts"), itemgetter("acts"), width=20),
        Column(_("What will be done"), itemgetter("said"), width=40),
        Column(_("Said by"), itemgetter("said_by"), width=12),
    ),
)

AT_RISK = Sheet(
    _("Investment at risk"),
    (
        Column(_("Grouped"), itemgetter("by"), width=20),
        Column(_("Who acts, item or kind of issue"), itemgetter("name"), width=30),
        Column(_("Projects"), itemgetter("projects"), Kind.NUMBER, 10),
        Column(_("Investment (亿元)"), itemgetter("amount"), Kind.YI, 14),
        Column(_("Flags"), itemgetter("flags"), Kind.NUMBER, 10),
    ),
    [HOW_COUNTED],
)

AT_RISK_PROJECTS = Sheet(
    _("Projects held up"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Task force"), itemgetter("task_force")),
        Column(_("Unit"), itemgetter("unit")),
        Column(_("Batch"), itemgetter("stage"), width=12),
        Column(_("Contract (亿元)"), itemgetter("amount"), Kind.YI, 14),
        Column(
            _("Held up by"),
            lambda row: "\n".join(f"{reason['word']} {reason['item']}" for reason in row["reasons"]),
            width=40,
        ),
    ),
    [HOW_COUNTED],
)


# --- Teams and their figures ------------------------------------------------------------------------


def _count(head: Any, name: str) -> Column:
    return Column(head, itemgetter(name), Kind.NUMBER, 12)


TEAMS = Sheet(
    _("Service teams"),
    (
        Column(_("Service team"), lambda row: str(row["team"]), width=24),
        Column(_("Members"), lambda row: listed(row["members"]), width=30),
        _count(_("Projects"), "projects"),
        _count(_("Followed before"), "before"),
        _count(_("Being worked on"), "under_way"),
        _count(_("Over a limit"), "late"),
        _count(_("Not yet submitted"), "waiting"),
        _count(_("Open issues"), "issues"),
        _count(_("Resolved this year"), "resolved"),
    ),
)


def _now_followed(head: Any, name: str) -> Column:
    return Column(head, lambda line: line["figures"][name], Kind.NUMBER, 12)


def _service(head: Any, name: str, kind: Kind = Kind.TEXT, width: int = 13) -> Column:
    return Column(head, lambda line: getattr(line["service"], name), kind, width)


def _project_of_service(head: Any, name: str, width: int) -> Column:
    return Column(head, lambda line: getattr(line["service"].project, name), width=width)


_FOLLOWED = (
    Column(_("Project"), itemgetter("name"), width=34),
    _project_of_service(_("Project code"), "code", 16),
    _service(_("Team leader"), "leader"),
    _service(_("Followed since"), "since", Kind.DAY),
)

FOLLOWED = Sheet(
    _("Projects of a team"),
    (
        *_FOLLOWED,
        _now_followed(_("Being worked on"), "under_way"),
        _now_followed(_("Over a limit"), "late"),
        _now_followed(_("Not yet submitted"), "waiting"),
        _now_followed(_("Open issues"), "issues"),
    ),
)

FOLLOWED_BEFORE = Sheet(
    _("Followed before"),
    (
        *_FOLLOWED,
        _service(_("Until"), "until", Kind.DAY),
        Column(_("Open on that day"), lambda line: listed(line["left"]), width=34),
        _service(_("Note"), "note", width=40),
    ),
)

SERVED = Sheet(
    _("Served projects"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Enterprise"), itemgetter("enterprise"), width=30),
        Column(_("Reporting unit"), itemgetter("unit")),
        Column(_("Service team"), itemgetter("team"), width=20),
        Column(_("Team leader"), itemgetter("leader"), width=12),
        Column(_("Since"), day_in("since"), Kind.DAY, 13),
        Column(_("Until"), day_in("until"), Kind.DAY, 13),
    ),
)


def _tally(head: Any, name: str, kind: Kind = Kind.NUMBER) -> Column:
    return Column(head, lambda line: getattr(line[2], name), kind, 12)


# Lines of a group, its name, and a `figures.Tally`.
FIGURES = Sheet(
    _("Service figures"),
    (
        Column(_("Grouped"), itemgetter(0), width=18),
        Column(_("Name"), itemgetter(1), width=24),
        _tally(_("Issues raised"), "raised"),
        _tally(_("Issues resolved"), "resolved"),
        _tally(_("On time"), "in_time"),
        _tally(_("Rate"), "in_time_rate", Kind.PERCENT),
        _tally(_("Reopened"), "reopened"),
        _tally(_("Rate"), "reopened_rate", Kind.PERCENT),
        _tally(_("Median working days"), "median_days"),
    ),
)
