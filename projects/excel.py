"""The lists of this app as files: their columns, as the pages show them."""

from collections.abc import Callable, Mapping
from operator import attrgetter, itemgetter
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.exporting import Column, Kind, Sheet, day_in
from projects.choices import EventKind, Stage
from projects.forms.plan import OUTCOMES

# Of every file with contracted amounts.
HOW_COUNTED = (
    _("How it is counted"),
    _(
        "Contracted investment is what the verified events of a project's contract add up to; "
        "framework agreements count nothing."
    ),
)

# The rows are the page's own (`views.ledger.Row`).
LEDGER = Sheet(
    _("Project ledger"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Enterprise"), itemgetter("enterprise"), width=30),
        Column(_("Task force"), itemgetter("task_force")),
        Column(_("Reporting unit"), itemgetter("unit")),
        Column(_("Batch"), itemgetter("stage"), width=12),
        Column(_("Contract (亿元)"), itemgetter("contracted"), Kind.YI, 14),
        Column(_("Signed on"), itemgetter("day"), Kind.DAY, 13),
        Column(_("Status"), itemgetter("word"), width=20),
    ),
    [HOW_COUNTED],
)

Row = dict[str, Any]


# --- Waiting for a word -----------------------------------------------------------------------------


def _amount(row: Row) -> Any:
    """As it would count; a framework agreement's, which does not, in brackets."""
    event = row["event"]
    if event.kind == EventKind.FRAMEWORK and event.original_amount:
        return row["amount"]
    return event.amount or None


VERIFY = Sheet(
    _("Verify signings"),
    (
        Column(_("Project"), lambda row: row["event"].project.name, width=34),
        Column(_("Enterprise"), lambda row: row["event"].project.enterprise.name, width=30),
        Column(_("Event"), lambda row: row["event"].get_kind_display(), width=14),
        Column(_("Amount (亿元)"), _amount, Kind.YI, 14),
        Column(_("Signed on"), lambda row: row["event"].signed_on, Kind.DAY, 13),
        Column(_("Will count in"), lambda row: f"{row['counting'].month:%Y-%m}", width=13),
        Column(_("Late"), lambda row: gettext("Yes") if row["counting"].is_late else "", width=8),
        Column(_("Whose"), lambda row: str(row["event"].project.reporting_unit)),
        Column(_("Task force"), lambda row: str(row["event"].project.task_force)),
        Column(_("Entered by"), lambda row: row["event"].recorded_by.name, width=12),
        Column(_("Entered at"), lambda row: row["event"].recorded_at, Kind.MOMENT, 18),
    ),
)

SUSPICIONS = Sheet(
    _("Water detector"),
    (
        Column(_("Grade"), itemgetter("grade"), width=10),
        Column(_("What is striking"), itemgetter("kind"), width=20),
        Column(_("Weightiest evidence"), itemgetter("sentence"), width=50),
        Column(_("Project"), itemgetter("project"), width=34),
        Column(_("Compared with"), lambda row: "\n".join(row["others"]), width=34),
        Column(_("Task force"), itemgetter("task_force")),
        Column(_("Reporting unit"), itemgetter("unit")),
        Column(_("In question (亿元)"), itemgetter("in_question"), Kind.YI, 14),
        Column(_("Found on"), day_in("raised_on"), Kind.DAY, 13),
        Column(_("Until"), day_in("gone_on"), Kind.DAY, 13),
        Column(_("Judgement"), lambda row: row["verdict"] or row["state"], width=16),
        Column(_("Reason"), itemgetter("reason"), width=40),
        Column(_("Judged by"), itemgetter("by"), width=12),
    ),
)

# A `models.SigningDraft` with its names.
DRAFTS = Sheet(
    _("Drafts of signings"),
    (
        Column(_("Project"), itemgetter("name"), width=34),
        Column(_("Enterprise"), itemgetter("enterprise"), width=30),
        Column(_("Kept at"), lambda row: row["draft"].saved_at, Kind.MOMENT, 18),
    ),
)


# --- Monthly progress -------------------------------------------------------------------------------


def _reported(name: str) -> Any:
    return lambda row: getattr(row["report"], name) if row["report"] else None


PROGRESS = Sheet(
    _("Report progress"),
    (
        Column(_("Project"), lambda row: row["project"].name, width=34),
        Column(_("Enterprise"), lambda row: row["project"].enterprise.name, width=30),
        Column(_("Batch"), lambda row: row["project"].get_stage_display(), width=12),
        Column(_("Contract (万元)"), lambda row: row["project"].contracted, Kind.WAN, 14),
        Column(_("Fixed-asset investment done (万元)"), _reported("invested"), Kind.WAN, 16),
        Column(_("Funds in place (万元)"), _reported("funds_in_place"), Kind.WAN, 16),
        Column(_("Physical progress"), _reported("physical"), width=40),
        Column(_("What blocks it"), _reported("blocked_by"), width=30),
        Column(
            _("Reported"),
            lambda row: gettext("Reported") if row["report"] else gettext("Not reported"),
            width=10,
        ),
    ),
    [HOW_COUNTED],
)


# --- The annual plan --------------------------------------------------------------------------------

# A (line of the page, `annual_plan.Fact`) pair.
PLAN = Sheet(
    _("Annual plan"),
    (
        Column(_("Project"), lambda pair: pair[0]["face"].name, width=34),
        Column(_("Enterprise"), lambda pair: pair[0]["face"].enterprise, width=30),
        Column(_("Batch of the year"), lambda pair: pair[0]["batch"], width=12),
        Column(_("亿元"), lambda pair: pair[1].amount or None, Kind.YI, 12),
        Column(_("Planned for"), lambda pair: pair[1].planned_on, Kind.DAY, 13),
        Column(_("Reached on"), lambda pair: pair[1].reached_on, Kind.DAY, 13),
        Column(_("Fact"), lambda pair: pair[0]["word"], width=14),
        Column(_("Days late"), lambda pair: pair[1].days_late, Kind.NUMBER, 10),
        Column(_("Whose"), lambda pair: str(pair[0]["entry"].task_force)),
        Column(_("Unit"), lambda pair: str(pair[0]["entry"].unit)),
    ),
)


def _of(outcome: str) -> Callable[[Any], int]:
    return lambda pair: pair[1].of(outcome).count


def plan_sums(batches: Mapping[str, str]) -> Sheet:
    """Plan against fact: a (batch, `annual_plan.Kept`) pair a row, the last of the whole list."""
    return Sheet(
        _("Plan against fact"),
        (
            Column(_("Batch"), lambda pair: batches.get(pair[0]) or gettext("The whole list"), width=14),
            Column(_("Planned"), lambda pair: pair[1].planned.count, Kind.NUMBER, 12),
            Column(_("亿元"), lambda pair: pair[1].planned.amount, Kind.YI, 12),
            *(Column(label, _of(outcome), Kind.NUMBER, 16) for outcome, label in OUTCOMES),
            Column(_("Rate"), lambda pair: pair[1].rate, Kind.PERCENT, 10),
        ),
    )


IN_ORDER = (*Stage.values, "")


def _proposed(head: Any, name: str, kind: Kind = Kind.TEXT, width: int = 14) -> Column:
    return Column(head, lambda line: getattr(line["row"], name), kind, width)


def _said_by(line: Row) -> str | None:
    return line["row"].changed_by.name if line["row"].reason else None


def new_year(batches: Mapping[str, str], year: int) -> Sheet:
    """What is proposed for a year, project by project, with the reason; the rows are the page's own."""

    def batch(name: str) -> Callable[[Row], str]:
        return lambda line: batches.get(getattr(line["row"], name)) or gettext("Not on the list")

    return Sheet(
        _("New Year's proposal"),
        (
            Column(gettext("Batch of %(year)s") % {"year": year - 1}, batch("source"), width=14),
            Column(gettext("Batch of %(year)s") % {"year": year}, batch("batch"), width=14),
            Column(_("Project"), lambda line: line["face"].name, width=34),
            Column(_("Enterprise"), lambda line: line["face"].enterprise, width=30),
            Column(_("Task force"), lambda line: str(line["project"].task_force)),
            Column(_("亿元"), itemgetter("amount"), Kind.YI, 12),
            Column(_("Why"), lambda line: line["row"].reason or line["why"], width=50),
            Column(_("Decided by hand"), _said_by, width=12),
            Column(_("Instead of"), lambda line: line["proposed"] if line["row"].reason else None, width=14),
            _proposed(_("Planned for"), "planned_on", Kind.DAY, 13),
            Column(
                _("Can hardly start within the year"),
                lambda line: gettext("Yes") if line["row"].is_doubtful else None,
                width=10,
            ),
        ),
    )


# --- One project ------------------------------------------------------------------------------------


def _event(head: Any, name: str, kind: Kind = Kind.TEXT, width: int = 14) -> Column:
    return Column(head, lambda row: getattr(row["event"], name), kind, width)


def _of_verdict(of: Callable[[Any], Any]) -> Callable[[Row], Any]:
    return lambda row: of(row["verdict"]) if row["verdict"] else None


def contract(knows: bool) -> Sheet:
    """Every event of a project's contract with its verdict. What people wrote is for those who know it."""

    def written(of: Callable[[Row], Any]) -> Callable[[Row], Any]:
        return lambda row: of(row) if knows else None

    return Sheet(
        _("What stands in the contract?"),
        (
            Column(_("Event"), lambda row: row["event"].get_kind_display(), width=14),
            Column(_("Amount (万元)"), lambda row: row["event"].amount or None, Kind.WAN, 16),
            Column(
                _("Amount in its currency (× 10,000)"),
                lambda row: row["event"].original_amount or None,
                Kind.WAN,
                16,
            ),
            Column(_("Currency"), lambda row: row["event"].get_currency_display(), width=10),
            _event(_("Day"), "signed_on", Kind.DAY, 13),
            Column(
                _("Verification"),
                lambda row: (
                    row["verdict"].get_verdict_display() if row["verdict"] else gettext("To be verified")
                ),
                width=12,
            ),
            Column(_("Verdict on"), _of_verdict(lambda one: one.on), Kind.DAY, 13),
            Column(_("Verdict by"), _of_verdict(lambda one: one.by.name), width=12),
            Column(_("Reason"), written(_of_verdict(lambda one: one.reason)), width=30),
            Column(_("Entered by"), lambda row: row["event"].recorded_by.name, width=12),
            _event(_("Entered on"), "recorded_on", Kind.DAY, 13),
            Column(_("Does not count because"), lambda row: row["event"].exclusion_reason, width=30),
            Column(_("Note"), written(lambda row: row["event"].note), width=40),
        ),
    )


REPORTED = Sheet(
    _("How far is the investment?"),
    (
        Column(_("Month"), lambda report: f"{report.month:%Y-%m}", width=12),
        Column(_("Fixed-asset investment done (万元)"), attrgetter("invested"), Kind.WAN, 16),
        Column(_("Funds in place (万元)"), attrgetter("funds_in_place"), Kind.WAN, 16),
        Column(_("Physical progress"), attrgetter("physical"), width=40),
        Column(_("What blocks it"), attrgetter("blocked_by"), width=30),
        Column(_("By"), lambda report: report.by.name, width=12),
        Column(_("Recorded on"), attrgetter("recorded_on"), Kind.DAY, 13),
        Column(_("Reason"), attrgetter("reason"), width=30),
    ),
)

STORY = Sheet(
    _("Course of events"),
    (
        Column(_("Day"), day_in("iso"), Kind.DAY, 13),
        Column(_("What happened"), itemgetter("what"), width=50),
        Column(_("Person"), itemgetter("who"), width=12),
        Column(_("Note"), itemgetter("note"), width=50),
    ),
)
