"""Playing the rows of a signing ledger with the verbs of the program."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core.ledgers import Kind, Outcome, Played
from core.refusal import Refusal
from projects import contracts, entry, pipeline
from projects.choices import EventKind, Stage
from projects.importing import interpreting
from projects.models import ContractEvent, Enterprise, Project, SigningCeremony


class CannotCommit(Refusal):
    """The row contradicts what already stands in the books."""


@dataclass(frozen=True)
class Posting:
    """In whose name a ledger is entered and verified, and on which day (given the day of signing).

    The bureau's own ledger holds what the bureau has verified, so its rows count at once.
    """

    by: User
    verified_by: User
    on: Callable[[datetime.date], datetime.date]
    # What to do about the batch a row names; by default it is believed (pipeline.take_over).
    settle: Callable[[Project, str], None] | None = None


def signings(posting: Posting) -> Kind:
    """The kind of ledger that lists signed projects, entered as `posting` says."""
    return Kind("signings", interpreting.COLUMNS, lambda row, source: _play(row, source, posting))


def _play(row: Mapping[str, Any], source: str, posting: Posting) -> Played:
    investor = entry.enterprise(name=row["enterprise"], uscc=row["uscc"], origin=row["origin"])
    project = _find(row, investor)
    if project and (known := _same_event(project, row)):
        _refuse_if_changed(known, row)
        return Played(Outcome.UNCHANGED)
    notes: list[str] = []
    project = project or _open(row, investor, posting, notes)
    _record(project, row, source, posting)
    _settle_stage(project, row, source, posting, notes)
    return Played(Outcome.CREATED, tuple(notes))


def _find(row: Mapping[str, Any], investor: Enterprise) -> Project | None:
    return Project.objects.filter(enterprise=investor, name=row["name"]).order_by("pk").first()


def _same_event(project: Project, row: Mapping[str, Any]) -> ContractEvent | None:
    """A signing or a void happens once; framework agreements and add-ons are told apart by their day."""
    events = project.contract_events.filter(kind=row["kind"])
    if row["kind"] not in (EventKind.SIGNED, EventKind.VOIDED):
        events = events.filter(signed_on=row["signed_on"])
    return events.order_by("pk").first()


def _refuse_if_changed(known: ContractEvent, row: Mapping[str, Any]) -> None:
    amount = Decimal(0) if row["kind"] == EventKind.FRAMEWORK else row["amount"]
    if (known.amount, known.signed_on) != (amount, row["signed_on"]):
        raise CannotCommit(
            _("The books have %(amount)s (10,000 yuan) of %(day)s for this. Record a correction on its page.")
            % {"amount": known.amount, "day": known.signed_on.isoformat()}
        )


def _open(row: Mapping[str, Any], investor: Enterprise, posting: Posting, notes: list[str]) -> Project:
    if row["kind"] == EventKind.VOIDED:
        raise CannotCommit(_("This voids a contract that is not in the books."))
    if row["kind"] == EventKind.ADD_ON:
        notes.append(_("The original contract is not in the books: only the increase counts."))
    known = {name: row[name] for name in entry.Facts.__dataclass_fields__ if name in row}
    facts = entry.Facts(
        **known,
        shares=interpreting.shares(row["note"]),
    )
    on = row["signed_on"]
    return entry.open_project(facts, investor=investor, stage=Stage.NEGOTIATION, by=posting.by, on=on)


def _record(project: Project, row: Mapping[str, Any], source: str, posting: Posting) -> None:
    on = posting.on(row["signed_on"])
    framework = row["kind"] == EventKind.FRAMEWORK
    foreign = interpreting.foreign_amount(row["note"], row["amount"])
    if framework:
        foreign.setdefault("original_amount", row["amount"])
    terms = contracts.Terms(
        kind=row["kind"],
        signed_on=row["signed_on"],
        amount=Decimal(0) if framework else row["amount"] or Decimal(0),
        ceremony=_ceremony(row),
        exclusion_reason=_("Framework agreement") if framework else "",
        note=row["note"],
        source=source,
        rate_on=row["signed_on"] if "rate" in foreign else None,
        **foreign,
    )
    event = contracts.record(project, terms, by=posting.by, today=on)
    contracts.verify(event, by=posting.verified_by, today=on)
    project.refresh_from_db()


def _ceremony(row: Mapping[str, Any]) -> SigningCeremony | None:
    if not row["ceremony"]:
        return None
    ceremony, _made = SigningCeremony.objects.get_or_create(name=row["ceremony"], held_on=row["signed_on"])
    return ceremony


def _settle_stage(
    project: Project, row: Mapping[str, Any], source: str, posting: Posting, notes: list[str]
) -> None:
    """Take over the batch the ledger names; a framework agreement is still a negotiation."""
    told = row["stage"]
    if row["kind"] == EventKind.FRAMEWORK:
        notes.append(_("Only a framework agreement: the project stays in negotiation."))
    elif told and row["kind"] != EventKind.VOIDED:
        if posting.settle:
            posting.settle(project, told)
            return
        on = posting.on(row["signed_on"])
        pipeline.take_over(
            project, told, by=posting.by, on=on, note=_("as in %(source)s") % {"source": source}
        )
