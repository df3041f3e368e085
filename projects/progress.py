"""Monthly progress: how far each project is by the end of a month, cumulative in 万元.

The only writers of progress reports. A month's report is put right by its next version while the month
is open; what a closed month got wrong comes as the current month's report, with its reason.
"""

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.clock import moment, month_start, next_month, previous_month
from core.money import format_wan
from core.refusal import Refusal
from projects.choices import Status
from projects.models import ProgressReport, Project
from projects.rules import closed_months

# An amount above the contract by more than this factor was probably typed in yuan (office's proposal).
ABSURD = Decimal("1.5")

AMOUNTS = ("invested", "funds_in_place")


class CannotReport(Refusal):
    """A report that contradicts what stands in the books, or of a month that takes none."""

    http_status = 422


class ReportedMeanwhile(CannotReport):
    """Somebody else has reported this month since the caller looked."""

    http_status = 409


@dataclass(frozen=True)
class Told:
    """What somebody reports of one project. `is_sure` says of an absurd amount that it is right."""

    invested: Decimal
    funds_in_place: Decimal
    physical: str = ""
    blocked_by: str = ""
    reason: str = ""
    is_sure: bool = False

    def is_what(self, report: ProgressReport) -> bool:
        said = ("invested", "funds_in_place", "physical", "blocked_by", "reason")
        return all(getattr(self, name) == getattr(report, name) for name in said)


@dataclass(frozen=True)
class Around:
    """The standing reports of a project: the last before a month, the month's own, the first after it."""

    before: ProgressReport | None = None
    same: ProgressReport | None = None
    after: ProgressReport | None = None

    @property
    def version(self) -> int:
        return self.same.version if self.same else 0


@dataclass(frozen=True)
class Objection:
    """What is wrong with one field of a report, as a sentence; a doubt may be answered with `is_sure`."""

    field: str
    sentence: str
    is_doubt: bool = False


# --- One project --------------------------------------------------------------------------------


def report(
    *,
    project: Project,
    month: datetime.date,
    invested: Decimal,
    funds_in_place: Decimal,
    physical: str = "",
    blocked_by: str = "",
    reason: str = "",
    is_sure: bool = False,
    by: User,
    today: datetime.date,
    seen_version: int | None = None,
) -> ProgressReport:
    """What a project has done by the end of a month (cumulative, 万元); of several reports the last stands.

    Raises CannotReport for a month in the future or closed, an ended project, amounts below zero, below
    the month before's without a reason, absurdly far above the contract unless `is_sure`; and
    ReportedMeanwhile when the month's report is not the version that the caller saw.
    """
    told = Told(invested, funds_in_place, physical, blocked_by, reason.strip(), is_sure)
    month = month_start(month)
    check_month(month, today)
    standing = around([project.pk], month)[project.pk]
    for objection in objections(told, project, standing):
        raise CannotReport(objection.sentence)
    seen = {} if seen_version is None else {project.pk: seen_version}
    return report_all(month=month, told={project.pk: told}, by=by, today=today, seen=seen)[0]


# --- Many at once -------------------------------------------------------------------------------


@transaction.atomic
def report_all(
    *,
    month: datetime.date,
    told: Mapping[int, Told],
    by: User,
    today: datetime.date,
    seen: Mapping[int, int] | None = None,
) -> list[ProgressReport]:
    """The standing reports of many projects after what is told of them; all are written or none.

    What is told as it stands already writes nothing. Callers ask `objections` first. `seen` holds the
    versions from which the caller began (0: no report yet).

    Raises CannotReport for a month in the future or closed, ReportedMeanwhile when somebody was quicker.
    """
    check_month(month, today)
    standing = around(told, month)
    if any(standing[pk].version != version for pk, version in (seen or {}).items()):
        raise ReportedMeanwhile(_someone_was_quicker())
    news = {pk: one for pk, one in told.items() if not _stands(one, standing[pk])}
    rows = [_row(pk, month, one, standing[pk].version + 1, by, today) for pk, one in news.items()]
    try:
        with transaction.atomic():
            made = ProgressReport.objects.bulk_create(rows, batch_size=500)
    except IntegrityError:
        raise ReportedMeanwhile(_someone_was_quicker()) from None
    unchanged = [same for pk, around_ in standing.items() if pk not in news and (same := around_.same)]
    return [*made, *unchanged]


def _stands(told: Told, standing: Around) -> bool:
    return standing.same is not None and told.is_what(standing.same)


def _row(
    pk: int, month: datetime.date, told: Told, version: int, by: User, today: datetime.date
) -> ProgressReport:
    return ProgressReport(
        project_id=pk,
        month=month,
        version=version,
        invested=told.invested,
        funds_in_place=told.funds_in_place,
        physical=told.physical,
        blocked_by=told.blocked_by,
        reason=told.reason,
        by=by,
        recorded_on=today,
        recorded_at=moment(today),
    )


def _someone_was_quicker() -> str:
    return _("Somebody else has just reported this month. Look at what stands there now, then save again.")


# --- Whether -------------------------------------------------------------------------------------


def check_month(month: datetime.date, today: datetime.date) -> None:
    """Raises CannotReport for a month that has not begun or is closed."""
    if month > today:
        raise CannotReport(_("This month has not begun yet."))
    if is_closed(month, today):
        raise CannotReport(
            _(
                "%(month)s is closed: its figures stay as they were published."
                " Put it right in the report of the current month and give the reason."
            )
            % {"month": f"{month:%Y-%m}"}
        )


def is_closed(month: datetime.date, today: datetime.date) -> bool:
    return month in closed_months(today + datetime.timedelta(days=1))


def around(projects: Collection[int] | Mapping[int, object], month: datetime.date) -> dict[int, Around]:
    """What stands in the books about each project before, in and after a month; three queries."""
    mine = ProgressReport.objects.filter(project__in=list(projects))
    before = {one.project_id: one for one in mine.last_told(previous_month(month))}
    same = {one.project_id: one for one in mine.standing().filter(month=month)}
    later = mine.standing().filter(month__gte=next_month(month)).order_by("-month")
    after = {one.project_id: one for one in later}
    return {pk: Around(before.get(pk), same.get(pk), after.get(pk)) for pk in projects}


def objections(told: Told, project: Project, standing: Around) -> Iterator[Objection]:
    """What is wrong with a report, field by field; empty when it may be written."""
    if project.status == Status.ENDED:
        yield Objection("", _("This project has ended. Nothing more is reported of it."))
        return
    for name in AMOUNTS:
        if sentence := _wrong(name, told, standing):
            yield Objection(name, sentence)
        elif sentence := _absurd(name, told, project, standing):
            yield Objection(name, sentence, is_doubt=True)


def _wrong(name: str, told: Told, standing: Around) -> str:
    amount: Decimal = getattr(told, name)
    if amount < 0:
        return _("Amounts are cumulative and never below zero.")
    if told.reason:
        return ""
    before, after = standing.before, standing.after
    if before and amount < getattr(before, name):
        return _(
            "Amounts are cumulative: %(month)s stood at %(amount)s 万元. If that was wrong, give the reason."
        ) % _named(before, name)
    if after and amount > getattr(after, name):
        return _(
            "Amounts are cumulative: %(month)s stands at only %(amount)s 万元. If that is right, give the"
            " reason."
        ) % _named(after, name)
    return ""


def _named(report: ProgressReport, name: str) -> dict[str, str]:
    return {"month": f"{report.month:%Y-%m}", "amount": format_wan(getattr(report, name))}


def _absurd(name: str, told: Told, project: Project, standing: Around) -> str:
    """Far above the contract, unless it was so the month before already."""
    before = getattr(standing.before, name) if standing.before else Decimal(0)
    amount = getattr(told, name)
    if told.is_sure or not project.contracted or amount <= max(project.contracted * ABSURD, before):
        return ""
    return _(
        "%(amount)s 万元 is far more than the contract of %(contract)s 万元. Is it in 万元, not in yuan?"
        " If it is right, say so below and save again."
    ) % {"amount": format_wan(amount), "contract": format_wan(project.contracted)}
