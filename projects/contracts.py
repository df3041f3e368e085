"""The only writers of contract events, and of the two facts on a project that follow from them.

An event is entered, then verified or returned by somebody else. Only verified events count; a
mistake is set right by another event. Nothing here ever changes or deletes an event.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.notifications import notify, says
from core.inserting import insert, maker
from core.models import StoredFile
from core.money import format_wan
from core.refusal import Refusal
from projects import pipeline
from projects.choices import Currency, EventKind, Stage, Status, Verdict
from projects.models import ContractEvent, ContractVerdict, Project, SigningCeremony


class CannotRecord(Refusal):
    """The event does not fit what is already known of the contract."""

    http_status = 422


class CannotVerify(Refusal):
    """The event was already decided, or by the same person."""


@dataclass(frozen=True)
class Terms:
    """What a contract event says. `amount` in 万元, `original_amount` in 万 of `currency`."""

    kind: str
    signed_on: datetime.date
    amount: Decimal = Decimal(0)
    currency: str = Currency.CNY
    original_amount: Decimal | None = None
    rate: Decimal | None = None
    rate_on: datetime.date | None = None
    effective_on: datetime.date | None = None
    ceremony: SigningCeremony | None = None
    corrects: ContractEvent | None = None
    exclusion_reason: str = ""
    note: str = ""
    evidence: StoredFile | None = None
    source: str = ""


@transaction.atomic
def record(project: Project, terms: Terms, *, by: User, today: datetime.date) -> ContractEvent:
    """Enter what happened to a contract; it counts once somebody else has verified it.

    Raises CannotRecord for a day in the future, an amount that does not fit the kind, a foreign
    amount without its rate, a second signing, and for taking back more than stands in the contract.
    """
    _check_terms(terms, today)
    _check_currency(terms, today)
    _check_fits(_locked(project.pk), terms)
    values = {name: getattr(terms, name) for name in Terms.__dataclass_fields__}
    values["exclusion_reason"] = values["exclusion_reason"] or _inherited_exclusion(project, terms)
    event = ContractEvent(project=project, recorded_by=by, recorded_on=today, **values)
    event.save(force_insert=True)
    return event


def check(terms: Terms, *, today: datetime.date) -> None:
    """What can be said of an event without its project. Raises CannotRecord."""
    _check_terms(terms, today)
    _check_currency(terms, today)


@transaction.atomic
def record_many(
    first: Sequence[tuple[Project, Terms]], *, by: User, today: datetime.date
) -> list[ContractEvent]:
    """The twin of `record` for the first events of many new projects: the same rows in one write.

    Raises CannotRecord like it; nothing is taken back of a contract that does not stand yet.
    """
    for _project, terms in first:
        check(terms, today=today)
        if terms.amount < 0:
            raise CannotRecord(_("There is no verified contract to void or to reduce."))
    make = partial(maker(ContractEvent), recorded_by_id=by.pk, recorded_on=today)
    events = [make(project_id=project.pk, **_columns(terms)) for project, terms in first]
    insert(events)
    return events


_KEYS = ("ceremony", "corrects", "evidence")
_VALUES = tuple(name for name in Terms.__dataclass_fields__ if name not in _KEYS)


def _columns(terms: Terms) -> dict[str, Any]:
    """Terms as the columns of an event: what it leads to as keys."""
    said = terms.__dict__
    keys = {f"{name}_id": said[name].pk for name in _KEYS if said[name] is not None}
    return {**{name: said[name] for name in _VALUES}, **keys}


@transaction.atomic
def verify(event: ContractEvent, *, by: User, today: datetime.date) -> ContractVerdict:
    """The bureau's yes: from now on the event counts.

    A verified signing moves the project into “signing”; a verified void ends it. Raises
    CannotVerify when the event was decided before, `by` entered it, or less than nothing would stand
    in the contract.
    """
    event.project = project = _locked(event.project_id)
    verdict = _decide(event, Verdict.VERIFIED, by=by, today=today)
    _keep_totals(project)
    if event.kind == EventKind.SIGNED and project.stage in Stage.BEFORE_SIGNING:
        pipeline.take_over(project, Stage.SIGNING, by=by, on=event.signed_on, note="")
    if event.kind == EventKind.VOIDED and project.status != Status.ENDED:
        pipeline.end(project, reason=event.note or _("contract voided"), by=by, today=today)
    return verdict


@transaction.atomic
def send_back(event: ContractEvent, *, reason: str, by: User, today: datetime.date) -> ContractVerdict:
    """The bureau's no: the event never counts and shows why; a right one has to be entered."""
    if not reason.strip():
        raise CannotVerify(_("Say why you return it, so that it can be entered rightly."))
    verdict = _decide(event, Verdict.RETURNED, by=by, today=today, reason=reason.strip())
    notify(
        [event.recorded_by],
        key=f"returned-{event.pk}",
        kind="returned",
        facts={"project": event.project.name, "reason": verdict.reason},
        url=event.project.get_absolute_url(),
    )
    return verdict


@transaction.atomic
def withdraw(
    events: Sequence[ContractEvent], *, reason: str, by: User, today: datetime.date
) -> list[ContractVerdict]:
    """Take back entered events that nobody has decided of: they are returned by whoever entered them, or
    in their name. Unlike a verification this needs no second person: nothing has counted yet.

    Raises CannotVerify when one of them was decided.
    """
    keys = [event.pk for event in events]
    if ContractVerdict.objects.filter(event__in=keys).exists():
        raise CannotVerify(_("Somebody has just decided of this entry. Look at it again."))
    verdicts = [
        ContractVerdict(event=event, verdict=Verdict.RETURNED, on=today, by=by, reason=reason[:300])
        for event in events
    ]
    try:
        with transaction.atomic():
            insert(verdicts)
    except IntegrityError:
        raise CannotVerify(_("Somebody has just decided of this entry. Look at it again.")) from None
    return verdicts


says("returned", gettext_lazy("“%(project)s” was returned to you: %(reason)s"))


def _locked(pk: int) -> Project:
    """The project as it stands now, held until the end of the transaction: two people who enter or
    verify events of one project at once do so one after the other."""
    return Project.objects.select_for_update().get(pk=pk)


def _decide(
    event: ContractEvent, verdict: str, *, by: User, today: datetime.date, reason: str = ""
) -> ContractVerdict:
    if event.recorded_by_id == by.pk and not by.is_system:
        raise CannotVerify(_("You entered this yourself. Somebody else has to verify it."))
    if event.recorded_on > today:
        raise CannotVerify(_("It cannot be verified before the day on which it was entered."))
    try:
        with transaction.atomic():
            made = ContractVerdict.objects.create(
                event=event, verdict=verdict, on=today, by=by, reason=reason
            )
    except IntegrityError:
        first = ContractVerdict.objects.select_related("by").get(event=event)
        raise CannotVerify(
            _("%(name)s has already decided on %(day)s: %(verdict)s.")
            % {"name": first.by.name, "day": first.on.isoformat(), "verdict": first.get_verdict_display()}
        ) from None
    event.verdict = made
    return made


def _check_terms(terms: Terms, today: datetime.date) -> None:
    if terms.signed_on > today:
        raise CannotRecord(_("The day of signing lies in the future. Enter it once it is signed."))
    if terms.kind in (EventKind.SIGNED, EventKind.ADD_ON) and terms.amount <= 0:
        raise CannotRecord(_("Enter an amount above zero."))
    if terms.kind in (EventKind.REDUCED, EventKind.VOIDED) and terms.amount >= 0:
        raise CannotRecord(_("A reduction or a void takes back: its amount is below zero."))
    if terms.kind == EventKind.CORRECTION and not terms.amount:
        raise CannotRecord(_("Enter the difference; zero changes nothing."))
    if terms.kind not in EventKind.WITH_AMOUNT and terms.amount:
        raise CannotRecord(_("This kind of event has no amount that counts."))
    if terms.kind == EventKind.CORRECTION and not terms.note.strip():
        raise CannotRecord(_("A correction needs a sentence that says what it sets right."))


def _check_currency(terms: Terms, today: datetime.date) -> None:
    if terms.currency == Currency.CNY:
        return
    if not (terms.original_amount and terms.rate and terms.rate_on):
        raise CannotRecord(
            _("A foreign amount needs the amount in its currency, the rate and the day of the rate.")
        )
    if terms.rate_on > today:
        raise CannotRecord(_("The day of the rate lies in the future."))


def _check_fits(project: Project, terms: Terms) -> None:
    events = project.contract_events.exclude(verdict__verdict=Verdict.RETURNED)
    if project.status == Status.ENDED:
        raise CannotRecord(_("This project has ended. Its contract cannot change any more."))
    if terms.kind == EventKind.SIGNED and events.filter(kind=EventKind.SIGNED).exists():
        raise CannotRecord(
            _("The contract is already entered. An increase is an add-on, a mistake a correction.")
        )
    if terms.kind == EventKind.VOIDED and events.filter(kind=EventKind.VOIDED).exists():
        raise CannotRecord(_("The void of this contract is already entered."))
    if terms.kind not in (EventKind.SIGNED, EventKind.FRAMEWORK):
        _check_follows_signing(events, terms)
    if terms.amount < 0:
        _check_enough_stands(project, terms)


def _check_follows_signing(events: QuerySet[ContractEvent], terms: Terms) -> None:
    signed_on = events.filter(kind=EventKind.SIGNED).values_list("signed_on", flat=True).first()
    if signed_on and terms.signed_on < signed_on:
        raise CannotRecord(
            _("The contract was signed on %(day)s. What follows it has that day or a later one.")
            % {"day": signed_on.isoformat()}
        )


def _check_enough_stands(project: Project, terms: Terms) -> None:
    standing = standing_amount(project)
    if not standing and terms.kind == EventKind.CORRECTION:
        raise CannotRecord(
            _("Nothing verified stands in the contract yet: return the signing and enter the right amount.")
        )
    if not standing:
        raise CannotRecord(_("There is no verified contract to void or to reduce."))
    if -terms.amount > standing:
        raise CannotRecord(
            _("Only %(amount)s 万元 stand in the contract: no more can be taken back.")
            % {"amount": format_wan(standing)}
        )


def standing_amount(project: Project) -> Decimal:
    """What stands in the contract by its verified events (万元), whether or not it counts."""
    return project.contract_events.verified().aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _inherited_exclusion(project: Project, terms: Terms) -> str:
    """What follows a signing that does not count does not count either."""
    if terms.kind in (EventKind.SIGNED, EventKind.FRAMEWORK):
        return ""
    signing = project.contract_events.verified().filter(kind=EventKind.SIGNED)
    return signing.values_list("exclusion_reason", flat=True).first() or ""


def _keep_totals(project: Project) -> None:
    """Keep the project's cached sum and first day of signing equal to its verified events."""
    if standing_amount(project) < 0:
        raise CannotVerify(
            _("Then less than nothing would stand in the contract. Return it with the reason.")
        )
    verified = project.contract_events.verified()
    counted = verified.filter(exclusion_reason="").aggregate(total=Sum("amount"))
    first = verified.filter(kind=EventKind.SIGNED).aggregate(day=Min("signed_on"))
    project.contracted, project.signed_on = counted["total"] or Decimal(0), first["day"]
    project.save(update_fields=["contracted", "signed_on"])
