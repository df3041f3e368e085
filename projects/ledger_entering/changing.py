"""What a ledger changes of a project in the books, or of one further up in it."""

import datetime
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.money import format_wan
from ledgers.models import LedgerRow
from projects import contracts, entry, rules
from projects.choices import EventKind
from projects.contracts import Terms
from projects.ledger_entering.terms import ceremonies, shortened, terms
from projects.ledger_entering.work import CannotEnterRow, Work
from projects.ledger_matching import ATTRIBUTES, BUREAU_ONLY, OF_ENTERPRISE, Booked, Told, booked, event_of
from projects.models import BUREAU, ContractEvent, Project


def change(work: Work, row: LedgerRow, told: Told) -> None:
    """Bring one row's news to a project in the books, or in this ledger further up."""
    pk = row.target if row.target is not None else _leader(work, row)
    project = Project.objects.select_related("enterprise").get(pk=pk)
    now = next(iter(booked(Project.objects.filter(pk=pk)).values()))
    seen = _check_unchanged(work, row, now)
    undo: dict[str, Any] = {"facts": {}, "events": [], "withdrawn": []}
    if "like" not in row.undo:
        _change_facts(work, row, project, undo)
    _change_contract(work, row, told, project, now, undo)
    left = next(iter(booked(Project.objects.filter(pk=pk)).values()))
    work.ours[left.pk] = (seen, [left.version, left.last_event])
    row.written = left.pk
    row.undo = {**undo, "version": left.version, "last": left.last_event}


def _leader(work: Work, row: LedgerRow) -> int:
    sheet, number, *part = row.undo["like"]  # without one as it was read before there were parts
    position = (sheet, number, *(part or [0]))
    leader = work.written.get(position)
    if leader is None:
        first = work.ledger.rows.get(sheet=sheet, row=number, part=position[2])
        raise CannotEnterRow(_("It belongs to %(place)s, which was not entered.") % {"place": first})
    return leader


def _check_unchanged(work: Work, row: LedgerRow, now: Booked) -> list[int]:
    """What the rehearsal saw must still stand, apart from what this very ledger has changed."""
    seen: list[int] | None = row.undo.get("seen")
    current = [now.version, now.last_event]
    original, left = work.ours.get(now.pk, (seen, seen))
    if seen is None:
        return original or current
    if seen != original or current != left:
        raise CannotEnterRow(
            _("Somebody has changed this project since the ledger was rehearsed. Rehearse it again.")
        )
    return seen


def _change_facts(work: Work, row: LedgerRow, project: Project, undo: dict[str, Any]) -> None:
    """As an edit on the project's page would; in whose total it counts is the bureau's to say."""
    news = {name: pair for name, pair in row.changes.items() if name in ATTRIBUTES}
    of_enterprise = {name: pair for name, pair in row.changes.items() if name in OF_ENTERPRISE}
    if not news and not of_enterprise:
        return
    if not rules.may(work.by, "projects.edit_project", project):
        raise CannotEnterRow(_("You may not change this project: another office answers for it."))
    if work.by.role not in BUREAU:
        news = {name: pair for name, pair in news.items() if name not in BUREAU_ONLY}
    for name, (_old, new) in news.items():
        setattr(project, ATTRIBUTES[name], _value(work, name, new))
    project.version += 1
    _save(project, [ATTRIBUTES[name] for name in news])
    if "uscc" in of_enterprise:
        entry.give_code(project.enterprise, of_enterprise["uscc"][1])
    contact = {name: of_enterprise.get(name, ("", ""))[1] for name in ("contact_name", "contact_phone")}
    entry.change_contact(project.enterprise, **contact)
    undo["facts"] = {name: list(pair) for name, pair in {**news, **of_enterprise}.items()}
    undo["enterprise"] = [project.enterprise_id, project.enterprise.version] if of_enterprise else []


def _save(project: Project, attributes: list[str]) -> None:
    try:
        with transaction.atomic():
            project.save(update_fields=[*attributes, "version"])
    except IntegrityError:
        raise CannotEnterRow(
            _("The national code %(code)s is another project's: one code, one project.")
            % {"code": project.national_code}
        ) from None


def _value(work: Work, name: str, new: Any) -> Any:
    if name in ("unit", "location"):
        return work.reader.units[new]
    if name == "task_force":
        return work.reader.forces[new]
    if name in ("fixed_assets", "annual_output"):
        return Decimal(new)
    return datetime.date.fromisoformat(new) if name in ("planned_start", "planned_production") else new


def _change_contract(
    work: Work, row: LedgerRow, told: Told, project: Project, now: Booked, undo: dict[str, Any]
) -> None:
    event = event_of(told, now) if told.kind else None
    if told.kind and event is None:
        made = _record(work, project, _terms_for(work, row, told, project))
        undo["events"].append(made.pk)
    elif event is not None and row.changes.keys() & {"amount_wan", "signed_on"}:
        _set_right(work, row, told, project, event, undo)


def _terms_for(work: Work, row: LedgerRow, told: Told, project: Project) -> Terms:
    held = ceremonies([told]).get((told.ceremony, told.signed_on))
    said = terms(told, work.source(row), ceremony=held)
    if told.kind == EventKind.VOIDED:
        return replace(
            said, amount=-contracts.standing_amount(project), note=said.note or _("contract voided")
        )
    return said


def _record(work: Work, project: Project, said: Terms) -> ContractEvent:
    """As by hand: an office enters its signings, all that follows is the bureau's to enter."""
    first = said.kind in (EventKind.SIGNED, EventKind.FRAMEWORK)
    needed = ["projects.enter_signing"] if first else []
    if not any(rules.may(work.by, p, project) for p in [*needed, "projects.record_contract_event"]):
        raise CannotEnterRow(
            _("“%(kind)s” is entered by the bureau. Hand the ledger to its clerks.")
            % {"kind": EventKind(said.kind).label}
        )
    return contracts.record(project, said, by=work.by, today=work.today)


def _set_right(
    work: Work, row: LedgerRow, told: Told, project: Project, event: ContractEvent, undo: dict[str, Any]
) -> None:
    """Nobody has verified it: it is withdrawn and entered rightly. Else a correction is entered."""
    if not hasattr(event, "verdict"):
        contracts.withdraw([event], reason=_instead(work, row), by=work.by, today=work.today)
        undo["withdrawn"].append(event.pk)
        undo["events"].append(_record(work, project, _terms_for(work, row, told, project)).pk)
        return
    if "signed_on" in row.changes or event.kind == EventKind.FRAMEWORK:
        raise CannotEnterRow(
            _("The contract is verified: its day is not changed by a ledger. Enter it on its page.")
        )
    undo["events"].append(_record(work, project, _correction(work, row, event)).pk)


def _correction(work: Work, row: LedgerRow, event: ContractEvent) -> Terms:
    old, new = (Decimal(amount) for amount in row.changes["amount_wan"])
    return Terms(
        kind=EventKind.CORRECTION,
        signed_on=max(work.today, event.signed_on),
        amount=new - old,
        corrects=event,
        note=_instead(work, row),
        source=work.source(row),
    )


def _instead(work: Work, row: LedgerRow) -> str:
    if "amount_wan" in row.changes:
        old, new = (format_wan(Decimal(amount)) for amount in row.changes["amount_wan"])
    else:
        old, new = row.changes["signed_on"]
    return shortened(
        _("%(source)s: %(new)s instead of %(old)s") % {"source": work.source(row), "new": new, "old": old}
    )
