"""What may follow what: the steps of an item, an issue, a need and a task, and whose days a state's are."""

from approvals.choices import (
    AssistanceEventKind,
    AssistanceState,
    Clock,
    IssueState,
    ItemEventKind,
    ItemState,
    SupportState,
)

# --- Items ----------------------------------------------------------------------------------

_DECIDED = {
    ItemEventKind.APPROVED: ItemState.APPROVED,
    ItemEventKind.APPROVED_PENDING: ItemState.APPROVED_PENDING,
    ItemEventKind.WITHDRAWN: ItemState.WITHDRAWN,
}
_ACCEPTED = dict.fromkeys((ItemEventKind.ACCEPTED, ItemEventKind.TAKEN_ON), ItemState.RUNNING)
_TAKEN_BACK = dict.fromkeys((ItemEventKind.RECALLED, ItemEventKind.REVOKED), ItemState.REVOKED)


def _paused(state: ItemState, ends: ItemEventKind) -> dict[ItemEventKind, ItemState]:
    """A pause ends, or the applicant takes the item back; until that is confirmed nothing changes."""
    return {
        ends: ItemState.RUNNING,
        ItemEventKind.WITHDRAWAL_ASKED: state,
        ItemEventKind.WITHDRAWN: ItemState.WITHDRAWN,
    }


# The states of the region's permit system. The end of a correction leads back to where it began:
# see `step`. An item decided on the spot is approved without having been accepted first; one
# that was left lying counts from the day it was handed in (see clocks.Course).
ITEM_NEXT: dict[ItemState, dict[ItemEventKind, ItemState]] = {
    ItemState.WAITING: {
        ItemEventKind.SUBMITTED: ItemState.SUBMITTED,
        **_ACCEPTED,
        ItemEventKind.NOT_NEEDED: ItemState.NOT_NEEDED,
    },
    ItemState.SUBMITTED: {
        **_ACCEPTED,
        ItemEventKind.CORRECTION_STARTED: ItemState.CORRECTING,
        ItemEventKind.NOT_ACCEPTED: ItemState.WAITING,
        ItemEventKind.DECLINED: ItemState.WAITING,
        ItemEventKind.NOT_NEEDED: ItemState.NOT_NEEDED,
        ItemEventKind.WITHDRAWAL_ASKED: ItemState.SUBMITTED,
        **_DECIDED,
    },
    # Accepted at the counter, an item is still taken on by the department, or declined.
    ItemState.RUNNING: {
        ItemEventKind.TAKEN_ON: ItemState.RUNNING,
        ItemEventKind.CORRECTION_STARTED: ItemState.CORRECTING,
        ItemEventKind.SPECIAL_STARTED: ItemState.SPECIAL,
        ItemEventKind.NOTICE_STARTED: ItemState.NOTICE,
        ItemEventKind.REFUSED: ItemState.REFUSED,
        ItemEventKind.DECLINED: ItemState.WAITING,
        ItemEventKind.WITHDRAWAL_ASKED: ItemState.RUNNING,
        **_DECIDED,
    },
    ItemState.CORRECTING: _paused(ItemState.CORRECTING, ItemEventKind.CORRECTION_ENDED),
    ItemState.SPECIAL: _paused(ItemState.SPECIAL, ItemEventKind.SPECIAL_ENDED),
    ItemState.NOTICE: _paused(ItemState.NOTICE, ItemEventKind.NOTICE_ENDED),
    ItemState.APPROVED_PENDING: {ItemEventKind.APPROVED: ItemState.APPROVED, **_TAKEN_BACK},
    ItemState.APPROVED: _TAKEN_BACK,
    ItemState.REFUSED: {ItemEventKind.SUBMITTED: ItemState.SUBMITTED},
    ItemState.WITHDRAWN: {ItemEventKind.SUBMITTED: ItemState.SUBMITTED},
    ItemState.NOT_NEEDED: {ItemEventKind.SUBMITTED: ItemState.SUBMITTED},
    ItemState.REVOKED: {ItemEventKind.SUBMITTED: ItemState.SUBMITTED},
}

# The order in which the events of one day are tried: what ends comes before what begins.
ITEM_ORDER: tuple[ItemEventKind, ...] = (
    ItemEventKind.CORRECTION_ENDED,
    ItemEventKind.SPECIAL_ENDED,
    ItemEventKind.NOTICE_ENDED,
    ItemEventKind.SUBMITTED,
    ItemEventKind.NOT_ACCEPTED,
    ItemEventKind.ACCEPTED,
    ItemEventKind.TAKEN_ON,
    ItemEventKind.DECLINED,
    ItemEventKind.CORRECTION_STARTED,
    ItemEventKind.SPECIAL_STARTED,
    ItemEventKind.NOTICE_STARTED,
    ItemEventKind.APPROVED_PENDING,
    ItemEventKind.APPROVED,
    ItemEventKind.REFUSED,
    ItemEventKind.NOT_NEEDED,
    ItemEventKind.WITHDRAWAL_ASKED,
    ItemEventKind.WITHDRAWN,
    ItemEventKind.RECALLED,
    ItemEventKind.REVOKED,
)


def step(state: ItemState, kind: ItemEventKind, *, accepted: bool) -> ItemState | None:
    """Where an event leads; None where it does not fit.

    Papers corrected before the item was accepted bring it back to the counter, not into handling.
    """
    if kind == ItemEventKind.CORRECTION_ENDED and state == ItemState.CORRECTING and not accepted:
        return ItemState.SUBMITTED
    return ITEM_NEXT[state].get(kind)


# Days between opening and submission, and those in which papers are corrected, are the enterprise's.
_CLOCKS: dict[ItemState, Clock] = {
    ItemState.WAITING: Clock.ENTERPRISE,
    ItemState.SUBMITTED: Clock.GOVERNMENT,
    ItemState.CORRECTING: Clock.ENTERPRISE,
    ItemState.SPECIAL: Clock.INTERMEDIARY,
    ItemState.NOTICE: Clock.NOTICE,
    # refused, withdrawn, thought unnecessary or taken back, until it is handed in again
    ItemState.REFUSED: Clock.ENTERPRISE,
    ItemState.WITHDRAWN: Clock.ENTERPRISE,
    ItemState.NOT_NEEDED: Clock.ENTERPRISE,
    ItemState.REVOKED: Clock.ENTERPRISE,
    # papers to follow
    ItemState.APPROVED_PENDING: Clock.ENTERPRISE,
}


def clock_of(state: ItemState, handled_by: Clock) -> Clock:
    """Whose a day in this state is; `handled_by` says who handles this kind of item."""
    return _CLOCKS.get(state, handled_by)


# --- Issues ---------------------------------------------------------------------------------

# The nodes of a published supervision loop: logged, signed for, in hand, (suspended), answered,
# confirmed by the enterprise, closed. A department returns what is not its business or incomplete, and it is
# addressed anew; answered is not resolved, and what was resolved can be taken up again. A second
# question to the enterprise takes the place of the first. What was taken over from a ledger is withdrawn
# with that ledger, from whatever state, and stays so (see issues.withdraw).
ISSUE_NEXT: dict[IssueState, tuple[IssueState, ...]] = {
    IssueState.LOGGED: (IssueState.ACCEPTED, IssueState.RETURNED),
    IssueState.ACCEPTED: (
        IssueState.HANDLING,
        IssueState.SUSPENDED,
        IssueState.ANSWERED,
        IssueState.RETURNED,
    ),
    IssueState.HANDLING: (
        IssueState.ANSWERED,
        IssueState.CONFIRMING,
        IssueState.RESOLVED,
        IssueState.SUSPENDED,
        IssueState.RETURNED,
    ),
    IssueState.SUSPENDED: (IssueState.HANDLING,),
    IssueState.RETURNED: (IssueState.LOGGED,),
    IssueState.ANSWERED: (IssueState.CONFIRMING, IssueState.RESOLVED, IssueState.HANDLING),
    IssueState.CONFIRMING: (IssueState.RESOLVED, IssueState.HANDLING, IssueState.CONFIRMING),
    IssueState.RESOLVED: (IssueState.HANDLING,),
    IssueState.WITHDRAWN: (),
}

REOPEN_WITHIN_DAYS = 30
ENTERED_WITHIN_DAYS = 7

# --- Support needs ----------------------------------------------------------------------------

# What was met, refused or dropped can be raised again, with the reason.
NEED_NEXT: dict[SupportState, tuple[SupportState, ...]] = {
    SupportState.RAISED: (SupportState.ACCEPTED, SupportState.REFUSED, SupportState.DROPPED),
    SupportState.ACCEPTED: (
        SupportState.PARTLY_MET,
        SupportState.MET,
        SupportState.REFUSED,
        SupportState.DROPPED,
    ),
    SupportState.PARTLY_MET: (
        SupportState.PARTLY_MET,
        SupportState.MET,
        SupportState.REFUSED,
        SupportState.DROPPED,
    ),
    SupportState.MET: (SupportState.RAISED,),
    SupportState.REFUSED: (SupportState.RAISED,),
    SupportState.DROPPED: (SupportState.RAISED,),
}

# --- Assistance tasks -------------------------------------------------------------------------

_STAYS = {
    AssistanceEventKind.MANDATE,
    AssistanceEventKind.HANDED_OVER,
    AssistanceEventKind.MOVED,
    AssistanceEventKind.NOTE,
}
_ENDS = {
    AssistanceEventKind.DONE: AssistanceState.DONE,
    AssistanceEventKind.DROPPED: AssistanceState.DROPPED,
}

# Any piece of work means that the task has begun; a finished one is begun again with the reason.
TASK_NEXT: dict[AssistanceState, dict[AssistanceEventKind, AssistanceState]] = {
    AssistanceState.OPEN: {
        **dict.fromkeys(_STAYS, AssistanceState.OPEN),
        AssistanceEventKind.BEGUN: AssistanceState.UNDER_WAY,
        **dict.fromkeys(map(AssistanceEventKind, AssistanceEventKind.WORK), AssistanceState.UNDER_WAY),
        **_ENDS,
    },
    AssistanceState.UNDER_WAY: {
        **dict.fromkeys(_STAYS, AssistanceState.UNDER_WAY),
        **dict.fromkeys(map(AssistanceEventKind, AssistanceEventKind.WORK), AssistanceState.UNDER_WAY),
        **_ENDS,
    },
    AssistanceState.DONE: {AssistanceEventKind.BEGUN: AssistanceState.UNDER_WAY},
    AssistanceState.DROPPED: {AssistanceEventKind.BEGUN: AssistanceState.UNDER_WAY},
}
