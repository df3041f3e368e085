"""The only writers of on-site meetings: planned, host chosen, agenda, held, minutes, decisions.

Each verb writes its step in its transaction, and finds out there whether somebody else was quicker.
"""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Agency, User
from accounts.roles import Role
from approvals import issues
from briefings import meeting_notices, ranking
from briefings.models import (
    Attendee,
    DecisionState,
    HostChoice,
    MeetingDecision,
    MeetingState,
    MeetingStep,
    OnSiteMeeting,
    RankingRule,
    Score,
    Screening,
    ShownProject,
    StepKind,
    Veto,
)
from core import clock
from core.models import StoredFile
from core.refusal import Refusal
from core.text import clean_text
from projects.models import Project
from taskforces.models import ReportingUnit, TaskForce

MOST_WEIGHTINGS = 10  # steps to each side of a weight: 8,000 weightings, still tried in a second


class CannotSetRule(Refusal):
    """The weights do not sum to 100, or the grid of the sensitivity is none."""


class CannotPlan(Refusal):
    """The half-year has its meeting already, or the day lies before it begins."""


class CannotChoose(Refusal):
    """The unit is barred, or a reason is missing."""


class CannotStep(Refusal):
    """The step does not fit the state of the meeting, or lacks what it needs."""


class CannotDecide(Refusal):
    """A decision lacks what makes it one, or its step is not open."""


# --- The ranking's rules --------------------------------------------------------------------------


@transaction.atomic
def set_rule(
    *,
    effective_from: datetime.date,
    weights: tuple[int, int, int, int],
    rank_indicator: str,
    conversion_indicator: str,
    spread: int,
    step: int,
    reason: str,
    by: User,
    today: datetime.date,
) -> RankingRule:
    """A new rule from a day on; rankings that a choice has frozen keep theirs. Raises CannotSetRule."""
    if sum(weights) != 100 or min(weights) < 0:
        raise CannotSetRule(_("The weights sum to %(sum)s. They have to sum to 100.") % {"sum": sum(weights)})
    if step < 1 or spread % step or spread // step > MOST_WEIGHTINGS:
        raise CannotSetRule(
            _("The range is a whole number of steps, at most %(most)d to each side.")
            % {"most": MOST_WEIGHTINGS}
        )
    if effective_from < today:
        raise CannotSetRule(_("A rule holds from today on, or from a later day."))
    rank, conversion, in_time, quality = weights
    return RankingRule.objects.create(
        effective_from=effective_from,
        rank_weight=rank,
        conversion_weight=conversion,
        issues_weight=in_time,
        quality_weight=quality,
        rank_indicator=rank_indicator,
        conversion_indicator=conversion_indicator,
        spread=spread,
        step=step,
        reason=_said(reason, _("Say why the rule changes: it stands in the history."), CannotSetRule, 300),
        set_by=by,
    )


@transaction.atomic
def enter_veto(
    unit: ReportingUnit,
    *,
    kind: str,
    happened_on: datetime.date,
    reason: str,
    document: str,
    by: User,
    today: datetime.date,
    file: StoredFile | None = None,
) -> Veto:
    """Bar a unit for the half-year in which it happened. Raises CannotChoose without reason or proof."""
    if happened_on > today:
        raise CannotChoose(_("The day lies in the future. Enter the day on which it happened."))
    return Veto.objects.create(
        unit=unit,
        kind=kind,
        happened_on=happened_on,
        reason=_said(reason, _("Say what happened."), CannotChoose, 500),
        document=_said(document, _("Name the document that proves it."), CannotChoose, 120),
        file=file,
        entered_by=by,
    )


@transaction.atomic
def lift_veto(veto: Veto, *, reason: str, by: User, today: datetime.date) -> Veto:
    """It no longer bars; it stays on record with the reason."""
    reason = _said(reason, _("Say why it is lifted."), CannotChoose, 300)
    standing = Veto.objects.standing().filter(pk=veto.pk)
    if not standing.update(lifted_on=today, lifted_by=by, lift_reason=reason):
        raise CannotChoose(_("This veto has been lifted already."))
    veto.refresh_from_db()
    return veto


# --- The way of a meeting -------------------------------------------------------------------------


@transaction.atomic
def plan(*, year: int, half: int, planned_on: datetime.date, by: User, today: datetime.date) -> OnSiteMeeting:
    """The meeting of a half-year. Raises CannotPlan when it has one."""
    meeting = OnSiteMeeting(year=year, half=half, planned_on=planned_on)
    if planned_on < meeting.first_month:
        raise CannotPlan(_("The meeting of a half-year is held after it has begun."))
    try:
        with transaction.atomic():
            meeting.save()
    except IntegrityError:
        raise CannotPlan(_("This half-year has its meeting already. Open it in the list.")) from None
    _note(meeting, StepKind.PLANNED, on=today, by=by)
    return meeting


@transaction.atomic
def choose_host(
    meeting: OnSiteMeeting, host: ReportingUnit, *, by: User, today: datetime.date, reason: str = ""
) -> HostChoice:
    """The leader chooses; the ranking is frozen with the choice, which may be made anew until the
    agenda is set.

    Raises CannotChoose for a unit that is barred, and without a reason for one that is not first.
    """
    _check(meeting, MeetingState.PLANNED, MeetingState.HOST_CHOSEN)
    found = ranking.take(meeting, today=today)
    standing = found.of(host.pk)
    if standing.bars:
        raise CannotChoose(_("%(unit)s cannot host: it is barred. The ranking says why.") % {"unit": host})
    reason = clean_text(reason, max_length=500)
    if standing.place != 1 and not reason:
        raise CannotChoose(
            _("%(unit)s is not first in the ranking. Say why it hosts all the same.") % {"unit": host}
        )
    if meeting.host_id and meeting.host_id != host.pk:
        meeting.shown.all().delete()  # the list is of the former host's projects
    _move(meeting, MeetingState.HOST_CHOSEN, host=host)
    choice = HostChoice.objects.create(
        meeting=meeting, host=host, reason=reason, ranking=ranking.plain(found), on=today, by=by
    )
    _note(meeting, StepKind.HOST_CHOSEN, on=today, by=by, note=reason)
    meeting_notices.tell_host(meeting, by=by)
    return choice


@transaction.atomic
def set_agenda(
    meeting: OnSiteMeeting,
    *,
    planned_on: datetime.date,
    place: str,
    agenda: str,
    by: User,
    today: datetime.date,
) -> OnSiteMeeting:
    """Day, place and course. Raises CannotStep while no project is on the list."""
    _check(meeting, MeetingState.HOST_CHOSEN, MeetingState.AGENDA_SET)
    if not meeting.shown.exists():
        raise CannotStep(_("Nothing is on the list of projects yet. Choose what is shown first."))
    agenda = _said(agenda, _("Write the agenda: one line for each point."), CannotStep, 4000)
    place = _said(place, _("Say where people meet."), CannotStep, 120)
    _move(meeting, MeetingState.AGENDA_SET, planned_on=planned_on, place=place, agenda=agenda)
    step = _note(meeting, StepKind.AGENDA_SET, on=today, by=by)
    meeting_notices.tell_invited(meeting, step)
    return meeting


@transaction.atomic
def hold(meeting: OnSiteMeeting, *, on: datetime.date, by: User, today: datetime.date) -> OnSiteMeeting:
    """It has taken place; from now on projects are scored and minutes written."""
    _check(meeting, MeetingState.AGENDA_SET)
    if on > today:
        raise CannotStep(_("The day lies in the future. Enter the day on which the meeting was held."))
    if on < meeting.first_month:
        raise CannotStep(_("The meeting of a half-year is held after it has begun."))
    _move(meeting, MeetingState.HELD, held_on=on)
    _note(meeting, StepKind.HELD, on=on, by=by)
    return meeting


@transaction.atomic
def write_minutes(meeting: OnSiteMeeting, *, text: str, by: User) -> OnSiteMeeting:
    _check(meeting, MeetingState.HELD)
    text = _said(text, _("Write what was said."), CannotStep, 8000)
    _move(meeting, MeetingState.HELD, minutes=text, minutes_by=by)
    return meeting


@transaction.atomic
def approve_minutes(meeting: OnSiteMeeting, *, by: User, today: datetime.date) -> OnSiteMeeting:
    """The leader stands behind the minutes: nothing in them changes, and whoever owns a decision is
    told. Raises CannotStep for minutes that are not written, or that `by` wrote."""
    _check(meeting, MeetingState.HELD)
    if not meeting.minutes:
        raise CannotStep(_("The minutes are not written yet."))
    if meeting.minutes_by_id == by.pk:
        raise CannotStep(_("You wrote these minutes yourself. Somebody else has to approve them."))
    _move(meeting, MeetingState.APPROVED, approved_on=today)
    _note(meeting, StepKind.APPROVED, on=today, by=by)
    for decision in meeting.decisions.for_list():
        meeting_notices.tell_owner(decision, by=by)
    return meeting


# --- What is shown --------------------------------------------------------------------------------


@transaction.atomic
def show(meeting: OnSiteMeeting, project: Project, *, unmet: int, by: User, reason: str = "") -> ShownProject:
    """Put a project on the list; `unmet` rules ask for a reason (see `candidates`)."""
    _check(meeting, MeetingState.HOST_CHOSEN, MeetingState.AGENDA_SET)
    reason = clean_text(reason, max_length=300)
    if unmet and not reason:
        raise CannotStep(
            _("This project does not meet %(n)d of the rules. Say why it is shown all the same.")
            % {"n": unmet}
        )
    last = meeting.shown.order_by("-order").values_list("order", flat=True).first()
    row, made = ShownProject.objects.get_or_create(
        meeting=meeting,
        project=project,
        defaults={"order": (last or 0) + 1, "reason": reason, "added_by": by},
    )
    if not made:
        raise CannotStep(_("This project is on the list already."))
    return row


@transaction.atomic
def take_off(shown: ShownProject, *, by: User) -> None:
    """The trail keeps that it was there, and its screening."""
    _check(shown.meeting, MeetingState.HOST_CHOSEN, MeetingState.AGENDA_SET)
    shown.delete()


@transaction.atomic
def screen(
    shown: ShownProject, *, department: str, passed: bool, by: User, today: datetime.date, note: str = ""
) -> Screening:
    """What a department says of the project's papers; said again it replaces the former word.

    Raises CannotStep for an objection without its reason.
    """
    _check(shown.meeting, MeetingState.HOST_CHOSEN, MeetingState.AGENDA_SET)
    note = clean_text(note, max_length=200)
    if not passed and not note:
        raise CannotStep(_("Say what the department has against it."))
    row, _made = Screening.objects.update_or_create(
        shown=shown,
        department=department,
        defaults={"passed": passed, "note": note, "by": by, "at": clock.moment(today)},
    )
    return row


# --- Who was there, and what they thought --------------------------------------------------------


@transaction.atomic
def invite_everybody(meeting: OnSiteMeeting) -> int:
    """Leads of the task forces, offices of the units, leaders of bureau and city; how many are new."""
    _check_open(meeting)
    roles = (Role.LEADER, Role.CITY_LEADER, Role.FORCE_LEAD, Role.UNIT)
    people = User.objects.filter(is_active=True, role__in=roles).exclude(invitations__meeting=meeting)
    found = people.select_related("agency").prefetch_related("memberships").order_by("pk")
    rows = [_invited(meeting, user) for user in found]
    Attendee.objects.bulk_create(rows)
    return len(rows)


@transaction.atomic
def invite(meeting: OnSiteMeeting, *, name: str, office: str) -> Attendee:
    """Somebody without a sign-in: the bureau enters the paper sheet."""
    _check_open(meeting)
    name = _said(name, _("Enter the name."), CannotStep, 60)
    return meeting.attendees.create(name=name, office=clean_text(office, max_length=120))


def _invited(meeting: OnSiteMeeting, user: User) -> Attendee:
    unit = next((row.unit_id for row in user.memberships.all() if row.unit_id), None)
    office = str(user.agency) if user.agency else user.get_role_display()
    return Attendee(meeting=meeting, user=user, name=user.name, office=office, unit_id=unit)


@transaction.atomic
def attend(attendee: Attendee, *, attended: bool | None) -> None:
    _check_open(attendee.meeting)
    Attendee.objects.filter(pk=attendee.pk).update(attended=attended)


@transaction.atomic
def give_scores(
    attendee: Attendee, points: Mapping[ShownProject, Decimal | None], *, by: User
) -> list[Score]:
    """The sheet of one attendee: points from 0 to 100 for each project, nothing for one not judged.

    Raises CannotStep before the meeting, after its minutes, and for whoever comes from the host.
    """
    _check(attendee.meeting, MeetingState.HELD)
    if attendee.unit_id and attendee.unit_id == attendee.meeting.host_id:
        raise CannotStep(_("Whoever comes from the host does not score its projects."))
    given = []
    for shown, of_shown in points.items():
        if of_shown is None:
            Score.objects.filter(attendee=attendee, shown=shown).delete()
            continue
        if not 0 <= of_shown <= 100:
            raise CannotStep(_("Points are from 0 to 100."))
        row, _made = Score.objects.update_or_create(
            attendee=attendee,
            shown=shown,
            defaults={"points": of_shown, "by": by, "at": timezone.now()},
        )
        given.append(row)
    return given


# --- Decisions ------------------------------------------------------------------------------------

Owner = ReportingUnit | TaskForce | Agency


@transaction.atomic
def decide(
    meeting: OnSiteMeeting,
    *,
    text: str,
    owner: Owner,
    due_on: datetime.date,
    person: str = "",
    project: Project | None = None,
) -> MeetingDecision:
    """A decision of the minutes: whose it is, and by when. Raises CannotDecide."""
    _check(meeting, MeetingState.HELD)
    assert meeting.held_on is not None
    if due_on <= meeting.held_on:
        raise CannotDecide(_("The due day lies after the meeting."))
    last = meeting.decisions.order_by("-number").values_list("number", flat=True).first()
    names = {ReportingUnit: "unit", TaskForce: "task_force", Agency: "agency"}
    return MeetingDecision.objects.create(
        meeting=meeting,
        number=(last or 0) + 1,
        text=_said(text, _("Write what was decided."), CannotDecide, 500),
        person=clean_text(person, max_length=60),
        project=project,
        due_on=due_on,
        **{names[type(owner)]: owner},
    )


@transaction.atomic
def strike(decision: MeetingDecision) -> None:
    """Take a decision out of minutes that are not approved yet."""
    _check(decision.meeting, MeetingState.HELD)
    decision.delete()


@transaction.atomic
def finish(decision: MeetingDecision, *, note: str, by: User, today: datetime.date) -> MeetingStep:
    """It is done; `note` says what was done."""
    note = _said(note, _("Say what was done."), CannotDecide, 500)
    _turn(decision, DecisionState.DONE, sources=(DecisionState.OPEN,), done_note=note, closed_on=today)
    return _told(decision, StepKind.DONE, on=today, by=by, note=note)


@transaction.atomic
def reopen(decision: MeetingDecision, *, note: str, by: User, today: datetime.date) -> MeetingStep:
    """The bureau is not satisfied: it is to be done after all."""
    note = _said(note, _("Say what is still missing."), CannotDecide, 500)
    sources = (DecisionState.DONE, DecisionState.DROPPED)
    _turn(decision, DecisionState.OPEN, sources=sources, done_note="", closed_on=None)
    return _told(decision, StepKind.REOPENED, on=today, by=by, note=note)


@transaction.atomic
def move_day(
    decision: MeetingDecision, *, due_on: datetime.date, note: str, by: User, today: datetime.date
) -> MeetingStep:
    """Another due day, with the reason; the former one stands in the history."""
    note = _said(note, _("Say why the day is moved."), CannotDecide, 400)
    if due_on <= today:
        raise CannotDecide(_("The new day lies in the future."))
    before = decision.due_on
    _turn(decision, DecisionState.OPEN, sources=(DecisionState.OPEN,), due_on=due_on)
    words = f"{before.isoformat()} → {due_on.isoformat()} · {note}"
    return _told(decision, StepKind.MOVED, on=today, by=by, note=words)


@transaction.atomic
def drop(decision: MeetingDecision, *, note: str, by: User, today: datetime.date) -> MeetingStep:
    note = _said(note, _("Say why it is dropped."), CannotDecide, 500)
    _turn(decision, DecisionState.DROPPED, sources=(DecisionState.OPEN,), closed_on=today)
    return _told(decision, StepKind.DROPPED, on=today, by=by, note=note)


@transaction.atomic
def make_issue(
    decision: MeetingDecision, *, category: str, department: Agency, by: User, today: datetime.date
) -> MeetingStep:
    """Log it as an issue of its project: clocks, ladder and confirmation are the issue's from here on.

    Raises CannotDecide for a decision about no project.
    """
    if decision.project is None:
        raise CannotDecide(_("An issue is a project's. This decision is about no project."))
    issue = issues.log(
        decision.project,
        category=category,
        text=decision.text,
        department=department,
        on=today,
        by=by,
        today=today,
    )
    _turn(decision, DecisionState.ISSUE, sources=(DecisionState.OPEN,), issue=issue)
    return _told(decision, StepKind.ISSUE, on=today, by=by, note=issue.code)


def _turn(decision: MeetingDecision, state: str, *, sources: tuple[str, ...], **changes: Any) -> None:
    """Compare and swap: of two at once one wins, the other is told."""
    if decision.meeting.state != MeetingState.APPROVED:
        raise CannotDecide(_("Decisions are worked on once the minutes are approved."))
    if decision.state not in sources:
        raise CannotDecide(
            _("This decision is “%(state)s”: the step is not open.") % {"state": decision.get_state_display()}
        )
    changes |= {"state": state, "version": decision.version + 1}
    seen = MeetingDecision.objects.filter(pk=decision.pk, version=decision.version)
    if not seen.update(**changes):
        raise CannotDecide(_("Somebody else has just changed this decision. Look at it again."))
    for name, value in changes.items():
        setattr(decision, name, value)


def _told(decision: MeetingDecision, kind: str, *, on: datetime.date, by: User, note: str) -> MeetingStep:
    step = _note(decision.meeting, kind, on=on, by=by, note=note, decision=decision)
    meeting_notices.tell_of_step(step)
    return step


# --- One step -------------------------------------------------------------------------------------


def _check(meeting: OnSiteMeeting, *states: str) -> None:
    if meeting.state in states:
        return
    allowed = [str(MeetingState(state).label) for state in states]
    raise CannotStep(
        _("The meeting is “%(state)s”. The step is possible while it is: %(allowed)s.")
        % {"state": meeting.get_state_display(), "allowed": ", ".join(allowed)}
    )


def _check_open(meeting: OnSiteMeeting) -> None:
    _check(meeting, *(state for state in MeetingState.values if state != MeetingState.APPROVED))


def _move(meeting: OnSiteMeeting, state: str, **changes: Any) -> None:
    """Compare and swap on the version that was read."""
    changes |= {"state": state, "version": meeting.version + 1}
    seen = OnSiteMeeting.objects.filter(pk=meeting.pk, state=meeting.state, version=meeting.version)
    if not seen.update(**changes):
        raise CannotStep(_("Somebody else has just changed this meeting. Look at it again, then decide."))
    for name, value in changes.items():
        setattr(meeting, name, value)


def _note(
    meeting: OnSiteMeeting,
    kind: str,
    *,
    on: datetime.date,
    by: User,
    note: str = "",
    decision: MeetingDecision | None = None,
) -> MeetingStep:
    return MeetingStep.objects.create(
        meeting=meeting,
        decision=decision,
        kind=kind,
        on=on,
        by=by,
        note=note[:500],
        recorded_at=clock.moment(on),
    )


def _said(text: str, missing: str, refusal: type[Refusal], longest: int) -> str:
    text = clean_text(text, max_length=longest)
    if not text:
        raise refusal(missing)
    return text
