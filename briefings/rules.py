"""The way of a briefing to publication: which step leads where, and whose it is."""

from dataclasses import dataclass

from accounts.models import User
from briefings.choices import BriefingState, ReviewKind, ScopeKind
from briefings.models import Briefing
from taskforces.rules import reach


@dataclass(frozen=True)
class Step:
    """From which states a step is taken, and where it leads; an empty target keeps the state."""

    sources: tuple[str, ...]
    target: str = ""


STEPS: dict[str, Step] = {
    ReviewKind.CONFIRMED: Step((BriefingState.DRAFT,), BriefingState.REVIEWED),
    ReviewKind.LAPSED: Step((BriefingState.DRAFT,), BriefingState.REVIEWED),
    # What was confirmed and is disputed after all has to be confirmed again.
    ReviewKind.DISPUTED: Step((BriefingState.DRAFT, BriefingState.REVIEWED), BriefingState.DRAFT),
    ReviewKind.ANSWERED: Step((BriefingState.DRAFT, BriefingState.RETURNED)),
    ReviewKind.RETURNED: Step(
        (BriefingState.DRAFT, BriefingState.REVIEWED, BriefingState.SIGNED_OFF), BriefingState.RETURNED
    ),
    ReviewKind.REDRAFTED: Step(
        (BriefingState.DRAFT, BriefingState.REVIEWED, BriefingState.RETURNED), BriefingState.DRAFT
    ),
    ReviewKind.REMARKED: Step((BriefingState.DRAFT, BriefingState.REVIEWED, BriefingState.RETURNED)),
    ReviewKind.SIGNED_OFF: Step((BriefingState.REVIEWED,), BriefingState.SIGNED_OFF),
    ReviewKind.PUBLISHED: Step((BriefingState.SIGNED_OFF,), BriefingState.PUBLISHED),
}

# What the monthly job drafts again by itself; a reviewed briefing only when it is asked for by name.
REDRAFTED_BY_ITSELF = (BriefingState.DRAFT, BriefingState.RETURNED)

_BUREAU: dict[str, str] = {
    ReviewKind.ANSWERED: "briefings.draft_briefing",
    ReviewKind.REDRAFTED: "briefings.draft_briefing",
    ReviewKind.LAPSED: "briefings.sign_off_briefing",
    ReviewKind.SIGNED_OFF: "briefings.sign_off_briefing",
    ReviewKind.PUBLISHED: "briefings.sign_off_briefing",
}


def reviews(user: User, briefing: Briefing) -> bool:
    """Whether a person answers for this briefing's figures: the lead of the task force, the office of
    the unit, the bureau for the city."""
    if briefing.scope == ScopeKind.CITY:
        return user.has_perm("briefings.draft_briefing")
    if not user.has_perm("briefings.review_briefing"):
        return False
    own = reach(user)
    if briefing.scope == ScopeKind.TASK_FORCE:
        return briefing.task_force_id in own.led_task_forces
    return briefing.unit_id in own.units


def may(user: User, kind: str, briefing: Briefing) -> bool:
    """Whether this step of this briefing is this person's, whatever its state."""
    if kind in (ReviewKind.CONFIRMED, ReviewKind.DISPUTED):
        return reviews(user, briefing)
    if kind == ReviewKind.REMARKED:  # the bureau in every briefing, the others in their own
        return user.has_perm("briefings.draft_briefing") or reviews(user, briefing)
    if kind == ReviewKind.LAPSED and briefing.scope == ScopeKind.CITY:
        return False  # its figures are the bureau's own
    if kind == ReviewKind.RETURNED:
        return reviews(user, briefing) or user.has_perm("briefings.sign_off_briefing")
    return user.has_perm(_BUREAU[kind])


def open_steps(user: User, briefing: Briefing) -> frozenset[str]:
    """The steps that are this person's and that the state allows: the buttons of the page."""
    return frozenset(
        kind for kind, step in STEPS.items() if briefing.state in step.sources and may(user, kind, briefing)
    )
