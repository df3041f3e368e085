"""A flag in words: why, for how long, and who has to act, in the reader's language."""

import datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.models import User
from approvals import clocks
from approvals.choices import Clock, IssueCategory, ItemState, StallCode, StallUnit
from approvals.models import StallFlag
from approvals.rules import clock_of
from approvals.stalls.of_projects import missed_months, points_behind
from core.clock import month_start
from core.workdays import Calendar
from projects.choices import Confidentiality, Stage
from projects.rules import knows

_UNITS = {
    StallCode.NO_REPORT: StallUnit.MONTHS,
    StallCode.START_DUE: StallUnit.MONTHS,
    StallCode.NOT_IN_STATISTICS: StallUnit.MONTHS,
    StallCode.BEHIND_TIME: StallUnit.POINTS,
}


# --- For how long -------------------------------------------------------------------------------


def unit_of(flag: StallFlag) -> StallUnit:
    """In what it is told how long: working days, unless the rule counts otherwise."""
    return StallUnit(flag.facts.get("unit") or _UNITS.get(StallCode(flag.code), StallUnit.WORKDAYS))


def days_of(flag: StallFlag, today: datetime.date, *, days: Calendar) -> int:
    """For how long, in its unit (see `unit_of`); a cleared flag keeps its last count."""
    if flag.cleared_on is not None:
        return int(flag.facts.get("days", 0))
    if flag.item is not None and flag.code in (StallCode.OVER_PROMISE, StallCode.OVER_STATUTE):
        standing = clocks.standing(flag.item, today=today, days=days)
        return standing.over_promise if flag.code == StallCode.OVER_PROMISE else standing.over_statute
    if flag.code == StallCode.NO_REPORT:
        return missed_months(_day(flag, "month"), flag.facts.get("grace", 0), today, days=days)
    if flag.code == StallCode.BEHIND_TIME:
        done = Decimal(flag.facts["done"])
        return points_behind(_day(flag, "since"), _day(flag, "until"), done, today)
    return _passed(flag, today, days)


def _passed(flag: StallFlag, today: datetime.date, days: Calendar) -> int:
    since = began(flag)
    if since is None:
        return 0
    unit = unit_of(flag)
    if flag.code == StallCode.START_DUE:  # the month in which works were planned is the first
        return _months(_day(flag, "month"), today) + 1
    if unit == StallUnit.MONTHS:
        return _months(since, today)
    if unit == StallUnit.DAYS:
        return (today - since).days
    return max(0, days.between(since, today) - (flag.facts.get("announced") or 0))


def _months(since: datetime.date, today: datetime.date) -> int:
    whole = (today.year - since.year) * 12 + today.month - since.month
    return max(0, whole - (today.day < since.day))


def began(flag: StallFlag) -> datetime.date | None:
    """The day from which its days are counted: the due day, the last event, the pause, the batch."""
    facts = flag.facts
    since = facts.get("due") or facts.get("last") or facts.get("since") or facts.get("month")
    return datetime.date.fromisoformat(since) if since else None


def _day(flag: StallFlag, name: str) -> datetime.date:
    return datetime.date.fromisoformat(flag.facts[name])


def how_long(n: int, unit: str) -> str:
    """12 working days, 3 months, 14 points."""
    return {
        StallUnit.WORKDAYS: lambda: ngettext("%(n)s working day", "%(n)s working days", n),
        StallUnit.DAYS: lambda: ngettext("%(n)s day", "%(n)s days", n),
        StallUnit.MONTHS: lambda: ngettext("%(n)s month", "%(n)s months", n),
        StallUnit.POINTS: lambda: ngettext("%(n)s point", "%(n)s points", n),
    }[StallUnit(unit)]() % {"n": n}


# --- Why ------------------------------------------------------------------------------------------


def sentence(flag: StallFlag, today: datetime.date, *, days: Calendar, reader: User | None = None) -> str:
    """Why it is flagged, in the reader's language: "… is 3 working days over the promised limit …".

    What an issue says of a confidential project is told only to a reader who knows the project;
    the others, and whoever is not named, are told of what kind it is.
    """
    n = days_of(flag, today, days=days)
    facts = {
        "item": flag.subject,
        "days": n,
        "long": how_long(n, unit_of(flag)),
        "day": _began_in_words(flag, today),
        **_more_facts(flag, today, reader),
    }
    return _text(flag, n) % facts


def _began_in_words(flag: StallFlag, today: datetime.date) -> str:
    since = began(flag)
    return in_words(since.isoformat(), today) if since else ""


def _more_facts(flag: StallFlag, today: datetime.date, reader: User | None) -> dict[str, Any]:
    facts = flag.facts
    if flag.code == StallCode.BLOCKED:
        return {"issue": facts.get("issue", ""), "text": _issue_text(flag, reader)}
    if flag.code == StallCode.LONG_PAUSE:
        announced = facts.get("announced")
        return {"announced": how_long(announced, StallUnit.WORKDAYS) if announced is not None else ""}
    if flag.code == StallCode.STAGE_AGED:
        return {"stage": Stage(facts["stage"]).label}
    if flag.code in (StallCode.NO_REPORT, StallCode.START_DUE):
        return {"month": month_in_words(_day(flag, "month"))}
    if flag.code == StallCode.BEHIND_TIME:
        return {"until": in_words(facts["until"], today), "done": facts["done"]}
    return {}


def _issue_text(flag: StallFlag, reader: User | None) -> str:
    text = str(flag.facts.get("text", ""))
    is_open = flag.project.confidentiality != Confidentiality.CONFIDENTIAL
    if text and (is_open or (reader is not None and knows(reader, flag.project))):
        return text
    category = flag.facts.get("category", "")
    return str(IssueCategory(category).label) if category in IssueCategory.values else _("confidential")


def _text(flag: StallFlag, n: int) -> str:
    if flag.code == StallCode.OVER_PROMISE:
        return ngettext(
            "%(item)s is %(days)s working day over the promised limit (due on %(day)s).",
            "%(item)s is %(days)s working days over the promised limit (due on %(day)s).",
            n,
        )
    if flag.code == StallCode.OVER_STATUTE:
        return ngettext(
            "%(item)s is %(days)s working day over the statutory limit (due on %(day)s).",
            "%(item)s is %(days)s working days over the statutory limit (due on %(day)s).",
            n,
        )
    if flag.code == StallCode.SILENT:
        return _silent_text(flag.facts.get("clock", ""), n)
    if flag.code == StallCode.BLOCKED:
        return ngettext(
            "%(item)s: blocked for %(days)s working day, since %(day)s, by issue %(issue)s (%(text)s).",
            "%(item)s: blocked for %(days)s working days, since %(day)s, by issue %(issue)s (%(text)s).",
            n,
        )
    if flag.code == StallCode.LONG_PAUSE:
        return _pause_text(flag)
    return _TEXTS[StallCode(flag.code)]()


_TEXTS = {
    StallCode.NOT_SUBMITTED: lambda: _(
        "%(item)s could be submitted since %(day)s and has not been for %(long)s."
    ),
    StallCode.NO_REPORT: lambda: _("No progress reported since %(month)s: %(long)s missed. A reason is due."),
    StallCode.STAGE_AGED: lambda: _("In the batch “%(stage)s” for %(long)s (since %(day)s)."),
    StallCode.NOT_STARTED: lambda: _(
        "Works were to begin on %(day)s by the contract and have not begun: %(long)s late."
    ),
    StallCode.START_DUE: lambda: _(
        "Works were planned to begin on %(day)s and have not begun: %(long)s running."
    ),
    StallCode.BEHIND_TIME: lambda: _(
        "Investment done is %(done)s %% of the plan: %(long)s behind the time passed"
        " (production planned on %(until)s)."
    ),
    StallCode.NOT_IN_STATISTICS: lambda: _(
        "Works began on %(day)s and no fixed-asset investment has been reported for %(long)s."
    ),
}


def _silent_text(clock: str, n: int) -> str:
    if clock == Clock.ENTERPRISE:
        return ngettext(
            "%(item)s: with the enterprise for %(days)s working day without an entry (last on %(day)s).",
            "%(item)s: with the enterprise for %(days)s working days without an entry (last on %(day)s).",
            n,
        )
    return ngettext(
        "Nothing has been entered for %(item)s for %(days)s working day (last on %(day)s).",
        "Nothing has been entered for %(item)s for %(days)s working days (last on %(day)s).",
        n,
    )


def _pause_text(flag: StallFlag) -> str:
    if flag.facts.get("announced") is None:
        return _("%(item)s: the clock stands still since %(day)s, %(long)s, without an announced length.")
    return _(
        "%(item)s: the clock stands still since %(day)s, %(long)s longer than announced (%(announced)s)."
    )


# --- Who acts ----------------------------------------------------------------------------------------


def acts(flag: StallFlag) -> str:
    """Who has to act next: whoever's turn it is, or whoever the blocking issue is addressed to."""
    if flag.code == StallCode.BLOCKED and (names := flag.facts.get("department")):
        name, english = names
        return english if english and (get_language() or "").startswith("en") else name
    if flag.item is None:
        return _acts_for_project(flag)
    template = flag.item.template
    if _is_enterprises(flag):
        return _("The enterprise")
    return str(template.department)


def _is_enterprises(flag: StallFlag) -> bool:
    """Whether it is the enterprise's turn; who stopped a clock for a review or a notice ends it."""
    assert flag.item is not None
    handled_by = Clock(flag.item.template.clock)
    return clock_of(ItemState(flag.item.state), handled_by) == Clock.ENTERPRISE


def _acts_for_project(flag: StallFlag) -> str:
    """Before the contract the task force courts; from then on the unit where it is built drives it on."""
    if flag.facts.get("stage") in Stage.BEFORE_SIGNING:
        return str(flag.project.task_force)
    return str(flag.project.reporting_unit)


# --- Days in words -----------------------------------------------------------------------------------


def in_words(iso: str | None, today: datetime.date) -> str:
    """12 September; with its year where that is not this one."""
    if not iso:
        return ""
    day = datetime.date.fromisoformat(iso)
    if day.year == today.year:
        return date_format(day, pgettext("date format", "j F"))
    return date_format(day, pgettext("date format", "j F Y"))


def month_in_words(day: datetime.date) -> str:
    return date_format(month_start(day), pgettext("date format", "F Y"))
