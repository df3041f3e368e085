"""Who is told of a step of a briefing: whoever takes the next one, and whoever asked."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.notifications import notify, says
from accounts.roles import Role
from briefings.choices import ReviewKind, ScopeKind
from briefings.models import Briefing, Review

DRAFTED = "briefing_drafted"

says(DRAFTED, _("%(briefing)s is drafted. Confirm its figures or dispute them."))
says(
    f"briefing_{ReviewKind.REDRAFTED}",
    _("%(briefing)s is drafted again. Confirm its figures or dispute them."),
)
says(
    f"briefing_{ReviewKind.DISPUTED}",
    _("%(name)s disputes a figure of %(briefing)s. Answer with the reason."),
)
says(f"briefing_{ReviewKind.ANSWERED}", _("%(name)s has answered your dispute of %(briefing)s."))
says(f"briefing_{ReviewKind.RETURNED}", _("%(name)s has returned %(briefing)s."))
says(f"briefing_{ReviewKind.CONFIRMED}", _("%(name)s has confirmed %(briefing)s. It waits to be signed off."))
says(
    f"briefing_{ReviewKind.LAPSED}",
    _("Nobody confirmed %(briefing)s within the window: %(name)s has done it for the bureau."),
)
says(f"briefing_{ReviewKind.PUBLISHED}", _("%(briefing)s is published."))


def tell_of_draft(briefing: Briefing) -> None:
    """Whoever answers for the figures learns that they are there."""
    _tell(answerable(briefing), briefing, DRAFTED, key="drafted")


def tell_of_step(review: Review) -> None:
    """In the transaction of the step: what is undone has told nobody, what stands has told once."""
    if users := _told(review):
        _tell(
            users.exclude(pk=review.by_id),
            review.briefing,
            f"briefing_{review.kind}",
            key=str(review.pk),
            name=review.by.name,
        )


def _tell(users: QuerySet[User], briefing: Briefing, kind: str, *, key: str, name: str = "") -> None:
    title = f"{briefing.period.month:%Y-%m} {briefing.content['about']['name']}"
    notify(
        users,
        key=f"briefing:{briefing.pk}:{key}",
        kind=kind,
        facts={"briefing": title, "name": name},
        url=briefing.get_absolute_url(),
    )


def _told(review: Review) -> QuerySet[User] | None:
    people = User.objects.filter(is_active=True)
    match review.kind:
        case ReviewKind.DISPUTED | ReviewKind.RETURNED:
            return people.filter(role=Role.CLERK)
        case ReviewKind.ANSWERED if review.answers is not None:
            return people.filter(pk=review.answers.by_id)
        case ReviewKind.CONFIRMED:
            return people.filter(role=Role.LEADER)
        case ReviewKind.REDRAFTED | ReviewKind.LAPSED | ReviewKind.PUBLISHED:
            return answerable(review.briefing)
    return None


def answerable(briefing: Briefing) -> QuerySet[User]:
    """Who answers for a briefing's figures. See also `rules.reviews`, the same of one person."""
    people = User.objects.filter(is_active=True)
    if briefing.scope == ScopeKind.CITY:
        return people.filter(role=Role.CLERK)
    of_force = Q(memberships__task_force=briefing.task_force_id, memberships__is_lead=True)
    if briefing.scope == ScopeKind.TASK_FORCE:
        return people.filter(of_force, role=Role.FORCE_LEAD).distinct()
    return people.filter(memberships__unit=briefing.unit_id, role=Role.UNIT).distinct()
