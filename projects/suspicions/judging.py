"""Somebody's word on a suspicion: recorded, and remembered for as long as the evidence is the same."""

import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.refusal import Refusal
from projects import contracts
from projects.choices import EventKind, SuspicionState, SuspicionVerdictKind, Verdict
from projects.contracts import Terms
from projects.models import ContractEvent, Project, Suspicion, SuspicionVerdict


class CannotJudge(Refusal):
    """It is judged already, gone, somebody's own entry, or the word does not fit it."""


@transaction.atomic
def judge(
    suspicion: Suspicion,
    *,
    verdict: str,
    reason: str,
    by: User,
    today: datetime.date,
    kept: Project | None = None,
) -> SuspicionVerdict:
    """Clear it, watch it, exclude the signing from counting, or say which other project it is.

    Excluding returns an entry that is not verified yet and enters a correction down to nothing for one
    that is; the correction counts, as always, once somebody else has verified it. Raises CannotJudge
    without a reason, for one's own entry, for what was judged or has gone in the meantime.
    """
    now = Suspicion.objects.select_for_update().select_related("project").get(pk=suspicion.pk)
    _check(now, verdict, reason, kept, by=by)
    event = None
    if verdict == SuspicionVerdictKind.EXCLUDE:
        event = _exclude(now, reason.strip(), by=by, today=today)
    now.state = SuspicionState(verdict)
    now.save(update_fields=["state"])
    suspicion.state = now.state
    return SuspicionVerdict.objects.create(
        suspicion=now,
        verdict=verdict,
        reason=reason.strip(),
        kept=kept if verdict == SuspicionVerdictKind.MERGE else None,
        event=event,
        on=today,
        by=by,
    )


def _check(now: Suspicion, verdict: str, reason: str, kept: Project | None, *, by: User) -> None:
    if not reason.strip():
        raise CannotJudge(_("Say why: the next who asks reads it here."))
    if now.gone_on is not None:
        raise CannotJudge(_("The books show it no more. There is nothing to judge."))
    if now.state in SuspicionState.JUDGED:
        raise CannotJudge(_already(now))
    if not by.is_system and _entered_by(now, by):
        raise CannotJudge(_("You entered this signing yourself. Somebody else has to judge it."))
    if verdict == SuspicionVerdictKind.MERGE and not _is_other(now, kept):
        raise CannotJudge(_("Choose which of the other projects it is."))


def _already(now: Suspicion) -> str:
    last = now.verdicts.select_related("by").latest("pk")
    return _("%(name)s has already judged it on %(day)s: %(verdict)s.") % {
        "name": last.by.name,
        "day": last.on.isoformat(),
        "verdict": last.get_verdict_display(),
    }


def _entered_by(now: Suspicion, by: User) -> bool:
    return ContractEvent.objects.filter(project=now.project_id, recorded_by=by).exists()


def _is_other(now: Suspicion, kept: Project | None) -> bool:
    return kept is not None and kept.pk != now.project_id and now.records.filter(pk=kept.pk).exists()


def _exclude(now: Suspicion, reason: str, *, by: User, today: datetime.date) -> ContractEvent:
    """Not verified yet: returned. Verified: a correction that leaves nothing standing."""
    events = now.project.contract_events.exclude(verdict__verdict=Verdict.RETURNED)
    signing = events.filter(kind=EventKind.SIGNED).select_related("project", "recorded_by").first()
    if signing is None:
        raise CannotJudge(_("No signing stands in the books any more. There is nothing to exclude."))
    if not ContractEvent.objects.verified().filter(pk=signing.pk).exists():
        contracts.send_back(signing, reason=reason, by=by, today=today)
        return signing
    standing = contracts.standing_amount(now.project)
    if standing <= 0:
        raise CannotJudge(_("Nothing stands in this contract any more. There is nothing to exclude."))
    note = _("Not counted (water detector): %(reason)s") % {"reason": reason}
    terms = Terms(
        EventKind.CORRECTION, signed_on=today, amount=Decimal(-standing), corrects=signing, note=note[:300]
    )
    return contracts.record(now.project, terms, by=by, today=today)
