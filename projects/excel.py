"""The lists of this app as files: their columns, as the pages show them."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from core.exporting import Column, Kind, Sheet, day_in
from projects.choices import EventKind, Stage
from projects.forms.plan import OUTCOMES

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
        Column(_("Late"), lambda row: _now("Yes") if row["counting"].is_late else "", width=8),
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
            _("Reported"), lambda row: _now("Reported") if row["report"] else _now("Not reported"), width=10
        ),
    ),
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
            Column(_("Batch"), lambda pair: batches.get(pair[0]) or _now("The whole list"), width=14),
            Column(_("Planned"), lambda pair: pair[1].planned.count, Kind.NUMBER, 12),
            Column(_("亿元"), lambda pair: pair[1].planned.amount, Kind.YI, 12),
            *(Column(label, _of(outcome), Kind.NUMBER, 16) for outcome, label in OUTCOMES),
            Column(_("Rate"), lambda pair: pair[1].rate, Kind.PERCENT, 10),
        ),
    )


IN_ORDER = (*Stage.values, "")
