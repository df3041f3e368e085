"""Issues 问题: from logging to resolved. *Answered* is not *resolved*.

Every step is one verb; the table `ISSUE_NEXT` says which steps there are. Each writes an IssueEvent
in the transaction of the step, and finds out there whether somebody else was quicker.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Agency, User
from accounts.notifications import notify, says
from accounts.roles import Role
from approvals import deadlines, escalation
from approvals.choices import (
    ConfirmedBy,
    ConfirmedThrough,
    IssueCategory,
    IssueLevel,
    IssueState,
    ReturnReason,
)
from approvals.models import Issue, IssueEvent, IssueEvidence, Item
from approvals.models.issue import standing
from approvals.rules import ENTERED_WITHIN_DAYS, ISSUE_NEXT, REOPEN_WITHIN_DAYS
from core import versions
from core.clock import moment
from core.models import StoredFile
from core.numbering import next_code
from core.refusal import Refusal
from projects.models import Project


class CannotLogIssue(Refusal):
    """A new issue contradicts itself or the project."""


class CannotStep(Refusal):
    """The step is not in the table, something is missing, or someone else was quicker."""


# --- Logging ------------------------------------------------------------------------------


@transaction.atomic
def log(
    project: Project,
    *,
    category: str,
    text: str,
    department: Agency,
    on: datetime.date,
    by: User,
    today: datetime.date,
    blocks: Iterable[Item] = (),
    also: Iterable[Project] = (),
) -> Issue:
    """Log a difficulty of a project, the items it blocks, and the other projects it concerns as well.

    Raises CannotLogIssue for a day in the future, a missing text, or items of a project not concerned.
    """
    blocks, also = list(blocks), [other for other in also if other.pk != project.pk]
    if on > today:
        raise CannotLogIssue(_("The day lies in the future. Enter the day on which the issue was raised."))
    if not text.strip():
        raise CannotLogIssue(_("Write what the matter is."))
    if {item.project_id for item in blocks} - {project.pk, *(other.pk for other in also)}:
        raise CannotLogIssue(_("An issue blocks items of the projects it concerns only."))
    issue = _with_new_code(
        Issue(
            project=project,
            category=IssueCategory(category),
            text=text.strip(),
            department=department,
            raised_on=on,
            raised_by=by,
            state=IssueState.LOGGED,
            state_since=on,
            level_since=on,
            recorded_on=today,
            **deadlines.of_new(category, on),
        )
    )
    issue.events.create(
        source="",
        target=IssueState.LOGGED,
        on=on,
        by=by,
        department=department,
        facts=_items_told(item for item in blocks if item.project_id == project.pk),
        recorded_at=moment(today),
    )
    if blocks:
        issue.blocks.set(blocks)
    if also:
        issue.also_concerns.set(also)
    for other in also:
        _note_project(issue, other, [item for item in blocks if item.project_id == other.pk], on=on, by=by)
    return issue


@transaction.atomic
def take_over(
    project: Project,
    *,
    category: str,
    text: str,
    department: Agency,
    raised_on: datetime.date,
    state: str,
    by: User,
    source: str,
    today: datetime.date,
    resolved_on: datetime.date | None = None,
    statement: str = "",
    confirmed_by: str = "",
) -> tuple[Issue, IssueEvent | None]:
    """Take an issue over from a ledger as the ledger tells it; beside it the last step this has written.

    State and days are the ledger's word, `source` names file, sheet and row; evidence is not asked
    for, and the page says so. The same issue in a later ledger goes on from where it stood, unless
    the books are further (`why_it_stays`).
    """
    resolved = state == IssueState.RESOLVED
    if resolved != (resolved_on is not None):
        raise CannotLogIssue(_("A resolved issue has the day on which it was resolved, others have none."))
    if max(raised_on, resolved_on or raised_on) > today:
        raise CannotLogIssue(_("The day lies in the future. Correct it in the ledger."))
    if resolved_on and resolved_on < raised_on:
        raise CannotLogIssue(_("The issue was resolved before it was raised. Correct the ledger."))
    since = resolved_on or raised_on
    told: dict[str, Any] = {
        "statement": statement.strip(),
        "confirmed_by": confirmed_by,
        "confirmed_through": ConfirmedThrough.LEDGER if resolved else "",
        "resolved_on": resolved_on,
    }
    same = Issue.objects.filter(project=project, category=category, text=text.strip(), raised_on=raised_on)
    known = same.standing().order_by("pk").first()
    mark: dict[str, Any] = {"facts": {"ledger": source}, "recorded_at": moment(today)}
    if known is not None:
        if known.state == state or why_it_stays(known, on=since):
            return known, None
        mark["facts"] = {"ledger": source, "former": _as_it_stands(known)}
        return known, _set(known, state, on=since, by=by, note=source, values=told, told=mark)
    issue = _with_new_code(
        Issue(
            project=project,
            category=IssueCategory(category),
            text=text.strip(),
            department=department,
            raised_on=raised_on,
            raised_by=by,
            state=IssueState(state),
            state_since=since,
            level_since=today,  # nobody on the ladder could act before the program knew of it
            source=source,
            recorded_on=today,
            **deadlines.of_new(category, raised_on),
            **told,
        )
    )
    step = issue.events.create(
        source="",
        target=IssueState.LOGGED,
        on=raised_on,
        by=by,
        note=source,
        department=department,
        **mark,
    )
    if state != IssueState.LOGGED:
        step = issue.events.create(
            source=IssueState.LOGGED,
            target=state,
            on=since,
            by=by,
            note=statement.strip() or source,
            confirmed_by=confirmed_by,
            confirmed_through=told["confirmed_through"],
            **mark,
        )
    return issue, step


def why_it_stays(issue: Issue, *, on: datetime.date) -> str:
    """Why a ledger that tells a state of that day does not move the issue; empty when it does.

    Asks nothing where `events` were fetched along.
    """
    if not issue.source or any("ledger" not in step.facts for step in _steps(issue)[-1:]):
        return _("This issue is followed in the program: the ledger does not move it.")
    if on < issue.state_since:
        return _("The books are further: “%(state)s” since %(since)s. The ledger does not move it back.") % {
            "state": issue.get_state_display(),
            "since": issue.state_since.isoformat(),
        }
    return ""


# --- Taken back with its ledger -------------------------------------------------------------

# What a ledger's step changes, and its taking back sets as it was.
MOVED = (
    "state",
    "state_since",
    "statement",
    "confirmed_by",
    "confirmed_name",
    "confirmed_through",
    "resolved_on",
    "stopped_days",
    "due_on",
)


@transaction.atomic
def withdraw(issue: Issue, *, reason: str, by: User, today: datetime.date) -> IssueEvent:
    """The ledger that brought the issue was taken back: it stays readable, and counts nowhere from then on.

    Raises CannotStep with what was built on it since.
    """
    if why := _built_on(issue):
        raise CannotStep(why)
    return _set(
        issue,
        IssueState.WITHDRAWN,
        on=today,
        by=by,
        note=reason,
        values={
            "resolved_on": None,
            **dict.fromkeys(("statement", "confirmed_by", "confirmed_name", "confirmed_through"), ""),
        },
        told={"recorded_at": moment(today)},
    )


def _built_on(issue: Issue) -> str:
    """What stands on an issue as its ledger told it; what the timer did alone is nobody's work."""
    since = [step for step in _steps(issue) if "ledger" not in step.facts or "former" in step.facts]
    if since:
        return _gone_on(issue, since[-1])
    if issue.evidence.exists():
        return _("Evidence was handed in for issue %(code)s.") % {"code": issue.code}
    if issue.blocks.exists():
        return _("Issue %(code)s blocks approval items.") % {"code": issue.code}
    return ""


@transaction.atomic
def put_back(step: IssueEvent, *, reason: str, by: User, today: datetime.date) -> IssueEvent:
    """The ledger that moved an issue was taken back: the issue is what it was before that step.

    Raises CannotStep when it has gone on since.
    """
    issue = step.issue
    last = standing(issue.events.order_by("pk"))[-1]
    if last.pk != step.pk:
        raise CannotStep(_gone_on(issue, last))
    former = step.facts["former"]
    moved = (field for field in Issue._meta.fields if field.name in MOVED)
    _swap(issue, 0, **{field.name: field.to_python(former[field.name]) for field in moved})
    return issue.events.create(
        source=step.target,
        target=issue.state,
        on=today,
        by=by,
        note=reason,
        takes_back=step,
        recorded_at=moment(today),
    )


def _as_it_stands(issue: Issue) -> dict[str, Any]:
    values = {name: getattr(issue, name) for name in MOVED}
    return {
        name: value.isoformat() if isinstance(value, datetime.date) else value
        for name, value in values.items()
    }


def _gone_on(issue: Issue, step: IssueEvent) -> str:
    told = {"code": issue.code, "state": step.get_target_display(), "on": step.on.isoformat()}
    return _("Issue %(code)s has gone on since: %(state)s, %(on)s.") % told


def _steps(issue: Issue) -> list[IssueEvent]:
    """The steps that count and that somebody took, in the order in which they were entered."""
    steps = sorted(standing(issue.events.all()), key=lambda step: step.pk)
    return [step for step in steps if step.after_days is None]


def _with_new_code(issue: Issue) -> Issue:
    """Give the issue the year's next number; two people at once simply get neighbouring ones."""
    for _attempt in range(20):
        issue.code = next_code(Issue.objects.all(), f"WT-{issue.raised_on.year}-")
        try:
            with transaction.atomic():
                issue.save(force_insert=True)
        except IntegrityError:
            issue.pk = None
            continue
        return issue
    raise CannotLogIssue(_("Too many people are logging issues at this moment. Save again."))


# --- Working on it ------------------------------------------------------------------------


@transaction.atomic
def take_on(
    issue: Issue, *, on: datetime.date, by: User, today: datetime.date, note: str = "", version: int = 0
) -> IssueEvent:
    """The responsible department or the team signs for the issue."""
    return _step(issue, IssueState.ACCEPTED, on=on, by=by, today=today, note=note, version=version)


@transaction.atomic
def handle(
    issue: Issue, *, on: datetime.date, by: User, today: datetime.date, note: str = "", version: int = 0
) -> IssueEvent:
    """Work on it begins, or goes on: after a suspension, after an answer that did not do, or because
    the enterprise need not be asked yet (its link no longer works then).

    Sending an answer back, or taking a question back, needs a reason.
    """
    if issue.state == IssueState.RESOLVED:
        raise CannotStep(_("This issue is resolved. Reopen it with a reason."))
    if issue.state == IssueState.ANSWERED and not note.strip():
        raise CannotStep(_("Say what the answer leaves open."))
    if issue.state == IssueState.CONFIRMING and not note.strip():
        raise CannotStep(_("Say why the enterprise need not answer yet."))
    return _step(issue, IssueState.HANDLING, on=on, by=by, today=today, note=note, version=version)


@transaction.atomic
def suspend(
    issue: Issue, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> IssueEvent:
    """Put it aside for a reason; it stays open and goes on blocking."""
    if not reason.strip():
        raise CannotStep(_("Give the reason for suspending it."))
    return _step(issue, IssueState.SUSPENDED, on=on, by=by, today=today, note=reason, version=version)


says("issue_returned", gettext_lazy("%(department)s has returned issue %(issue)s: %(note)s"))
says("issue_addressed", gettext_lazy("Issue %(issue)s is addressed to your department: %(text)s"))


@transaction.atomic
def give_back(
    issue: Issue,
    *,
    because: str,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> IssueEvent:
    """The department returns it 退回: it is not its business, or something is missing.

    It waits for the team then, which completes it or addresses it to another department.
    """
    if because not in ReturnReason.values:
        raise CannotStep(_("Choose why it is returned."))
    if not reason.strip():
        raise CannotStep(_("Say whose business it is, or what is missing."))
    told = {"department": issue.department, "returned_for": ReturnReason(because)}
    event = _step(
        issue, IssueState.RETURNED, on=on, by=by, today=today, note=reason, version=version, told=told
    )
    facts = {"issue": issue.code, "department": str(issue.department), "note": event.note[:100]}
    _tell(served_by(issue), event, "issue_returned", facts)
    return event


@transaction.atomic
def address(
    issue: Issue,
    *,
    department: Agency,
    note: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> IssueEvent:
    """Send a returned issue out again: to the department whose business it is, or completed.

    The clock has not stopped meanwhile. Raises CannotStep when the same department would get back
    what it has just said is not its business, or the same papers.
    """
    back = issue.events.filter(target=IssueState.RETURNED).order_by("-on", "-pk").first()
    same = department.pk == issue.department_id
    if same and back is not None and back.returned_for == ReturnReason.WRONG_DEPARTMENT:
        raise CannotStep(_("This department has returned it as not its business. Choose another one."))
    if same and not note.strip():
        raise CannotStep(_("Say what has been added since it was returned."))
    event = _step(
        issue,
        IssueState.LOGGED,
        on=on,
        by=by,
        today=today,
        note=note,
        version=version,
        values={"department": department},
        told={"department": department},
    )
    _tell(people_of(department.pk), event, "issue_addressed", {"issue": issue.code, "text": issue.text[:100]})
    return event


@transaction.atomic
def answer(
    issue: Issue, *, note: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> IssueEvent:
    """The department has answered. Whether that resolves the matter, others say."""
    if not note.strip():
        raise CannotStep(_("Write the answer."))
    return _step(issue, IssueState.ANSWERED, on=on, by=by, today=today, note=note, version=version)


@transaction.atomic
def resolve(
    issue: Issue,
    *,
    statement: str,
    files: Sequence[StoredFile],
    confirmed_by: str,
    confirmed_name: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
    through: str = ConfirmedThrough.WORD,
) -> IssueEvent:
    """Resolved: something was done, a file proves it, and the enterprise or the officer confirms it.

    `through` says how the confirmation came: `approvals.confirmation` brings the enterprise's own
    answer, everything else is the word of the officer. Raises CannotStep with everything that is
    missing in `details`.
    """
    missing = _missing(issue, statement, files, confirmed_by, confirmed_name)
    if missing:
        raise CannotStep(_("Before it counts as resolved, this is needed:"), missing)
    event = _step(
        issue,
        IssueState.RESOLVED,
        on=on,
        by=by,
        today=today,
        note=statement,
        version=version,
        values={
            "statement": statement.strip(),
            "confirmed_by": ConfirmedBy(confirmed_by),
            "confirmed_name": confirmed_name.strip(),
            "confirmed_through": ConfirmedThrough(through),
            "resolved_on": on,
        },
    )
    _prove(issue, files, by)
    return event


def _missing(
    issue: Issue, statement: str, files: Sequence[StoredFile], confirmed_by: str, confirmed_name: str
) -> list[str]:
    needs = [
        (bool(statement.strip()), _("What was done.")),
        (bool(files) or issue.evidence.exists(), _("At least one file that proves it.")),
        (confirmed_by in ConfirmedBy.values, _("Who confirms it: the enterprise or the project's officer.")),
        (bool(confirmed_name.strip()), _("The name of the person who confirms it.")),
    ]
    return [sentence for met, sentence in needs if not met]


@transaction.atomic
def put_to_enterprise(
    issue: Issue,
    *,
    statement: str,
    files: Sequence[StoredFile],
    sent_to: str,
    until: datetime.date,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> IssueEvent:
    """The enterprise is asked whether it is settled (see `approvals.confirmation`, which makes the link).

    Raises CannotStep with everything that is missing in `details`.
    """
    needs = [
        (bool(statement.strip()), _("What was done.")),
        (bool(files) or issue.evidence.exists(), _("At least one file that proves it.")),
        (bool(sent_to.strip()), _("Whom the link is for.")),
    ]
    missing = [sentence for met, sentence in needs if not met]
    if missing:
        raise CannotStep(_("Before the enterprise is asked, this is needed:"), missing)
    facts = {"sent_to": sent_to.strip(), "until": until.isoformat()}
    event = _step(
        issue,
        IssueState.CONFIRMING,
        on=on,
        by=by,
        today=today,
        note=statement,
        version=version,
        told={"facts": facts},
    )
    _prove(issue, files, by)
    return event


@transaction.atomic
def not_settled(
    issue: Issue, *, name: str, note: str, on: datetime.date, by: User, today: datetime.date
) -> IssueEvent:
    """The enterprise has answered through its link that the matter is not settled: work goes on."""
    told = {"facts": {"answered_by": name}}
    return _step(issue, IssueState.HANDLING, on=on, by=by, today=today, note=note, version=0, told=told)


@transaction.atomic
def reopen(
    issue: Issue, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> IssueEvent:
    """Take a resolved issue up again within 30 days; it counts against the rate.

    What was said and confirmed at the time stays in its history.
    """
    if not reason.strip():
        raise CannotStep(_("Say why the matter is not settled."))
    if issue.resolved_on is None:
        raise CannotStep(_("This issue is not resolved: there is nothing to reopen."))
    last = issue.resolved_on + datetime.timedelta(days=REOPEN_WITHIN_DAYS)
    # Entered at most a few days after it happened: else an old resolution could be taken back at will.
    if on > last or today > last + datetime.timedelta(days=ENTERED_WITHIN_DAYS):
        raise CannotStep(
            ngettext(
                "An issue is reopened within %(days)s day of being resolved. Log a new one.",
                "An issue is reopened within %(days)s days of being resolved. Log a new one.",
                REOPEN_WITHIN_DAYS,
            )
            % {"days": REOPEN_WITHIN_DAYS}
        )
    return _step(
        issue,
        IssueState.HANDLING,
        on=on,
        by=by,
        today=today,
        note=reason,
        version=version,
        values={
            "resolved_on": None,
            "reopened_on": on,
            "level_since": on,
            "statement": "",
            "confirmed_by": "",
            "confirmed_name": "",
            "confirmed_through": "",
        },
    )


@transaction.atomic
def escalate(
    issue: Issue, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> IssueEvent:
    """Send it one step up the ladder, with the reason why it cannot be settled where it is.

    Those of the next level learn it at once; its timer begins on that day.
    """
    if not reason.strip():
        raise CannotStep(_("Say why it cannot be settled where it is."))
    _refuse_closed(issue)
    if issue.level == IssueLevel.MAYOR:
        raise CannotStep(_("It stands before the mayor's special meeting: there is no higher level."))
    return _put_on_level(issue, issue.level + 1, reason, on=on, by=by, today=today, version=version)


@transaction.atomic
def send_down(
    issue: Issue, *, reason: str, on: datetime.date, by: User, today: datetime.date, version: int = 0
) -> IssueEvent:
    """Send it one step back down: what can be solved lower down is solved there."""
    if not reason.strip():
        raise CannotStep(_("Say who can settle it lower down, and how."))
    _refuse_closed(issue)
    if issue.level == IssueLevel.TEAM:
        raise CannotStep(_("It stands with the service team: there is no lower level."))
    return _put_on_level(issue, issue.level - 1, reason, on=on, by=by, today=today, version=version)


def _put_on_level(
    issue: Issue,
    level: int,
    reason: str,
    *,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int,
) -> IssueEvent:
    _check_day(issue, on, today)
    since = escalation.since_of(issue)
    if on < since:
        raise CannotStep(
            _("It has stood on this level since %(since)s. Enter that day or a later one.")
            % {"since": since.isoformat()}
        )
    up = level > issue.level
    _swap(issue, version, level=IssueLevel(level), level_since=on)
    event = issue.events.create(
        source=issue.state,
        target=issue.state,
        on=on,
        by=by,
        note=reason.strip(),
        level=level,
        recorded_at=moment(today),
    )
    escalation.tell_of_step(issue, event, up=up)
    return event


@transaction.atomic
def prove(issue: Issue, *, files: Sequence[StoredFile], by: User) -> list[IssueEvidence]:
    """Hand in evidence before the issue is resolved."""
    _refuse_closed(issue)
    return _prove(issue, files, by)


def _prove(issue: Issue, files: Sequence[StoredFile], by: User) -> list[IssueEvidence]:
    return [IssueEvidence.objects.create(issue=issue, file=file, added_by=by) for file in files]


# --- What it blocks, and in which projects --------------------------------------------------


@transaction.atomic
def concern(
    issue: Issue,
    *,
    project: Project,
    blocks: Iterable[Item],
    note: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> IssueEvent:
    """The issue stands in this project's way too, and there of exactly these items.

    For a project it concerns already: the items it blocks there are others now. It stays one issue.
    """
    blocks = list(blocks)
    _check_open(issue, on, today)
    if any(item.project_id != project.pk for item in blocks):
        raise CannotStep(_("Choose items of this project."))
    known = project.pk in projects_of(issue)
    before = set(issue.blocks.filter(project=project).values_list("pk", flat=True))
    if known and before == {item.pk for item in blocks}:
        raise CannotStep(_("Nothing would change: the issue concerns this project and blocks these items."))
    _swap(issue, version)
    if not known:
        issue.also_concerns.add(project)
    issue.blocks.remove(*before - {item.pk for item in blocks})
    issue.blocks.add(*blocks)
    return _note_project(issue, project, blocks, on=on, by=by, note=note)


@transaction.atomic
def let_go(
    issue: Issue,
    *,
    project: Project,
    reason: str,
    on: datetime.date,
    by: User,
    today: datetime.date,
    version: int = 0,
) -> IssueEvent:
    """It does not stand in this project's way any more; the project it was logged for stays."""
    _check_open(issue, on, today)
    if not reason.strip():
        raise CannotStep(_("Say why this project is no longer concerned."))
    if not issue.also_concerns.filter(pk=project.pk).exists():
        raise CannotStep(_("This project is not among those the issue concerns besides its own."))
    _swap(issue, version)
    issue.also_concerns.remove(project)
    issue.blocks.remove(*issue.blocks.filter(project=project))
    return _note_project(issue, project, (), on=on, by=by, note=reason, let_go=True)


def projects_of(issue: Issue) -> set[int]:
    """The keys of all projects it stands in the way of."""
    return {issue.project_id, *issue.also_concerns.values_list("pk", flat=True)}


def _check_open(issue: Issue, on: datetime.date, today: datetime.date) -> None:
    _refuse_closed(issue)
    _check_day(issue, on, today)


def _refuse_closed(issue: Issue) -> None:
    if issue.state == IssueState.WITHDRAWN:
        raise CannotStep(_("This issue was withdrawn with the ledger that brought it. Log a new one."))
    if issue.state not in IssueState.OPEN:
        raise CannotStep(_("This issue is resolved."))


def _note_project(
    issue: Issue,
    project: Project,
    blocks: Iterable[Item],
    *,
    on: datetime.date,
    by: User,
    note: str = "",
    let_go: bool = False,
) -> IssueEvent:
    return issue.events.create(
        source=issue.state,
        target=issue.state,
        on=on,
        by=by,
        note=note.strip(),
        project=project,
        let_go=let_go,
        facts=_items_told(blocks),
    )


def _items_told(blocks: Iterable[Item]) -> dict[str, Any]:
    """The items' names as they are called on that day, in both languages."""
    names = [[item.template.name, item.template.name_en] for item in blocks]
    return {"blocks": names} if names else {}


# --- Who is told --------------------------------------------------------------------------


def served_by(issue: Issue) -> Iterable[User]:
    """The people of the teams that follow its projects at present, and who logged it."""
    follows = Q(
        service_teams__services__project__in=projects_of(issue), service_teams__services__until__isnull=True
    )
    people = User.objects.filter(Q(follows) | Q(pk=issue.raised_by_id), is_active=True)
    return people.distinct().order_by("pk")


def people_of(department: int) -> Iterable[User]:
    """Those of a department who work on what is addressed to it."""
    return User.objects.filter(agency=department, role=Role.DEPARTMENT, is_active=True).order_by("pk")


def _tell(people: Iterable[User], event: IssueEvent, kind: str, facts: dict[str, Any]) -> None:
    others = [person for person in people if person.pk != event.by_id]
    url = reverse("approvals:issue", args=[event.issue_id])
    notify(others, key=f"issue-step-{event.pk}", kind=kind, facts=facts, url=url)


# --- One step -----------------------------------------------------------------------------


def _step(
    issue: Issue,
    to: IssueState,
    *,
    on: datetime.date,
    by: User,
    today: datetime.date,
    note: str,
    version: int,
    values: Mapping[str, Any] = MappingProxyType({}),
    told: Mapping[str, Any] = MappingProxyType({}),
) -> IssueEvent:
    if to not in ISSUE_NEXT[IssueState(issue.state)]:
        raise CannotStep(
            _("An issue that is “%(here)s” cannot become “%(there)s”.")
            % {"here": issue.get_state_display(), "there": to.label}
        )
    _check_day(issue, on, today)
    told = {**told, "recorded_at": moment(today)}
    return _set(issue, to, on=on, by=by, note=note.strip(), version=version, values=values, told=told)


def _check_day(issue: Issue, on: datetime.date, today: datetime.date) -> None:
    if on > today:
        raise CannotStep(_("The day lies in the future. Enter the day on which it happened."))
    if on < issue.state_since:
        raise CannotStep(
            _("The issue has been “%(here)s” since %(since)s. Enter that day or a later one.")
            % {"here": issue.get_state_display(), "since": issue.state_since.isoformat()}
        )


def _set(
    issue: Issue,
    to: str,
    *,
    on: datetime.date,
    by: User,
    note: str,
    version: int = 0,
    values: Mapping[str, Any] = MappingProxyType({}),
    told: Mapping[str, Any] = MappingProxyType({}),
) -> IssueEvent:
    """`values` are columns of the issue, `told` what else the step says."""
    source, deadline = issue.state, deadlines.after(issue, to, on)
    _swap(issue, version, state=IssueState(to), state_since=on, **deadline, **values)
    if source == IssueState.CONFIRMING:  # whatever the enterprise was asked, it is not the question any more
        links = issue.confirmation_links.filter(used_at__isnull=True, withdrawn_at__isnull=True)
        links.update(withdrawn_at=timezone.now())
    return issue.events.create(
        source=source,
        target=to,
        on=on,
        by=by,
        note=note,
        confirmed_by=values.get("confirmed_by", ""),
        confirmed_name=values.get("confirmed_name", ""),
        confirmed_through=values.get("confirmed_through", ""),
        **told,
    )


def _swap(issue: Issue, version: int, **values: Any) -> None:
    if not versions.swap(issue, version=version, **values):
        raise CannotStep(
            _("%(name)s has just changed this issue. Look at it again, then decide.")
            % {"name": versions.last_hand(issue.events)}
        )
