"""Who is told of an on-site meeting: the host, whoever is invited, whoever owns a decision."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.notifications import notify, says
from accounts.roles import Role
from briefings.models import MeetingDecision, MeetingStep, OnSiteMeeting, StepKind

says("meeting_host", _("%(host)s hosts the on-site meeting planned for %(day)s."))
says("meeting_invited", _("You are invited to the on-site meeting of %(day)s: %(place)s."))
says("meeting_decision", _("The on-site meeting of %(held)s decided for you, by %(day)s: %(text)s"))
says(f"decision_{StepKind.DONE}", _("%(name)s reports as done: %(text)s"))
says(f"decision_{StepKind.REOPENED}", _("%(name)s takes up again what you had done: %(text)s"))
says(f"decision_{StepKind.MOVED}", _("The due day is now %(day)s: %(text)s"))
says(f"decision_{StepKind.DROPPED}", _("%(name)s has dropped: %(text)s"))
says(f"decision_{StepKind.ISSUE}", _("It is worked on as an issue now: %(text)s"))


def tell_host(meeting: OnSiteMeeting, *, by: User) -> None:
    people = User.objects.filter(is_active=True, role=Role.UNIT, memberships__unit=meeting.host_id)
    facts = {
        "host": str(meeting.host.name if meeting.host else ""),
        "day": meeting.planned_on.isoformat(),
    }
    key = f"meeting:{meeting.pk}:host:{meeting.host_id}"
    url = meeting.get_absolute_url()
    notify(people.exclude(pk=by.pk).distinct(), key=key, kind="meeting_host", facts=facts, url=url)


def tell_invited(meeting: OnSiteMeeting, step: MeetingStep) -> None:
    people = User.objects.filter(is_active=True, invitations__meeting=meeting).exclude(pk=step.by_id)
    facts = {"day": meeting.planned_on.isoformat(), "place": meeting.place}
    key = f"meeting:{meeting.pk}:agenda:{step.pk}"
    notify(people, key=key, kind="meeting_invited", facts=facts, url=meeting.get_absolute_url())


def tell_owner(decision: MeetingDecision, *, by: User) -> None:
    """Once the minutes are approved."""
    facts = _facts(decision) | {"held": str(decision.meeting.held_on)}
    key = f"decision:{decision.pk}:owned"
    url = decision.get_absolute_url()
    notify(owners(decision).exclude(pk=by.pk), key=key, kind="meeting_decision", facts=facts, url=url)


def tell_of_step(step: MeetingStep) -> None:
    """What the owner did is told to the bureau, what the bureau did to the owner."""
    decision = step.decision
    assert decision is not None
    bureau = User.objects.filter(is_active=True, role=Role.CLERK)
    people = bureau if step.kind == StepKind.DONE else owners(decision)
    facts = _facts(decision) | {"name": step.by.name}
    notify(
        people.exclude(pk=step.by_id),
        key=f"decision:{decision.pk}:{step.pk}",
        kind=f"decision_{step.kind}",
        facts=facts,
        url=decision.get_absolute_url(),
    )


def owners(decision: MeetingDecision) -> QuerySet[User]:
    """See also `DecisionQuerySet.owned_by`, the same of one person."""
    people = User.objects.filter(is_active=True)
    if decision.unit_id:
        return people.filter(memberships__unit=decision.unit_id).distinct()
    if decision.task_force_id:
        return people.filter(memberships__task_force=decision.task_force_id).distinct()
    return people.filter(agency=decision.agency_id)


def _facts(decision: MeetingDecision) -> dict[str, str]:
    return {"text": decision.text, "day": decision.due_on.isoformat()}
