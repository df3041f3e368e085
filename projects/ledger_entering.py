"""Writing the rows of a ledger of projects to the books: new ones as sets, changes by the verbs.

A signing that a ledger brings is entered like one by hand: the bureau verifies it, until then it counts
nothing. What stands in a contract is never overwritten: while nobody has verified it, it is withdrawn and
entered rightly; afterwards the difference is a correction that the bureau verifies.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from core.inserting import insert
from core.money import format_wan
from core.refusal import Refusal
from ledgers.choices import Decision
from ledgers.choices import Verdict as RowVerdict
from ledgers.models import Ledger, LedgerRow
from projects import contracts, entry, rules
from projects.choices import Currency, EventKind, Stage
from projects.contracts import Terms
from projects.ledger_matching import (
    ATTRIBUTES,
    BUREAU_ONLY,
    OF_ENTERPRISE,
    Booked,
    Reader,
    Told,
    booked,
    event_of,
)
from projects.ledger_taking_back import take_back
from projects.models import BUREAU, ContractEvent, Enterprise, Project, SigningCeremony
from taskforces.rules import reach

__all__ = ["enter", "take_back"]

RATE_PLACES = Decimal("0.000001")


class CannotEnterRow(Refusal):
    """This row cannot be entered as it stands; the others are."""

    http_status = 422


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Write a block of rows to the books; each that was written says where (`written`) and how it is
    undone (`undo`), each that was not says why (`evidence`)."""
    work = _work(ledger, by)
    new: list[tuple[LedgerRow, Told]] = []
    known: list[tuple[LedgerRow, Told]] = []
    following: list[tuple[LedgerRow, Told]] = []
    for row in rows:
        told = work.reader.read(row)
        if row.verdict == RowVerdict.SAME:
            row.written, row.undo = row.target, {}
        elif _is_new(row):
            new.append((row, told))
        else:
            (following if row.target is None else known).append((row, told))
    _change(work, known)
    work.open(new)
    work.remember(rows)
    # What follows a row of this ledger comes when that one has its project.
    _change(work, following)
    tell(len(rows))


def _change(work: "_Work", rows: Sequence[tuple[LedgerRow, Told]]) -> None:
    """A row that the books do not take leaves no trace in them, and says why."""
    for row, told in rows:
        try:
            with transaction.atomic():
                work.change(row, told)
        except Refusal as refusal:
            row.stay_out(str(refusal), *refusal.details)


def _is_new(row: LedgerRow) -> bool:
    """Whether it becomes a project of its own; of an enterprise in the books, if somebody said so."""
    if row.verdict == RowVerdict.LOOKALIKE:
        return row.decision == Decision.NEW or (row.target is None and "enterprise" in row.undo)
    return row.verdict == RowVerdict.NEW and row.target is None and "like" not in row.undo


def _work(ledger: Ledger, by: User) -> "_Work":
    """One for all blocks of a commit. It holds every project that the ledger touches from the beginning,
    in the order of their keys: an edit waits for the whole commit, or the commit for the edit."""
    work: _Work | None = ledger.__dict__.get("_entering")
    if work is None or work.by.pk != by.pk:
        work = ledger.__dict__["_entering"] = _Work(ledger, by, Reader())
        targets = ledger.rows.filter(target__isnull=False).values("target")
        held = (
            Project.objects.filter(pk__in=targets).order_by("pk").select_for_update(no_key=True, of=("self",))
        )
        list(held.values_list("pk", flat=True))
    return work


@dataclass
class _Work:
    ledger: Ledger
    by: User
    reader: Reader
    # Projects that this commit has changed: (as the rehearsal saw it, as we left it).
    ours: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    # To which projects the rows above were written.
    written: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        """The day on which it became known to the office."""
        return self.ledger.handed_in_on

    def source(self, row: LedgerRow) -> str:
        return row.source(self.ledger.file.name)

    def remember(self, rows: Sequence[LedgerRow]) -> None:
        self.written.update({(row.sheet, row.row): row.written for row in rows if row.written is not None})

    # --- New projects -----------------------------------------------------------------------------

    def open(self, new: Sequence[tuple[LedgerRow, Told]]) -> None:
        """Enter new projects as sets: the twin of `entry.enter_signing` and `entry.enter_lead`."""
        ready = list(self._checked(new))
        investors = entry.enterprises([_investor(row, told) for row, told, _said in ready])
        openings: list[entry.Opening] = []
        opened: list[tuple[LedgerRow, Told, Terms | None]] = []
        for (row, told, said), investor in zip(ready, investors, strict=True):
            if isinstance(investor, entry.CannotEnter):
                row.stay_out(str(investor))
                continue
            opened.append((row, told, said))
            openings.append(self._opening(row, told, investor))
        projects = entry.open_many(openings, by=self.by, today=self.today)
        self._join_partners([told for _row, told, _said in opened], projects)
        self._record_first(opened, projects)

    def _checked(
        self, new: Sequence[tuple[LedgerRow, Told]]
    ) -> Iterator[tuple[LedgerRow, Told, Terms | None]]:
        """Those that can be entered; the others say why."""
        taken = entry.check_national_codes([told.national_code for _row, told in new if told.national_code])
        for row, told in new:
            try:
                said = self._check(told, self.source(row))
            except Refusal as refusal:
                row.stay_out(str(refusal))
                continue
            if told.national_code in taken:
                row.stay_out(taken[told.national_code])
                continue
            if told.national_code:
                taken[told.national_code] = _("The row above has the same national code.")
            yield row, told, said

    def _check(self, told: Told, source: str) -> Terms | None:
        """What its contract says, if it has one. Raises a Refusal for what no entry by hand would take."""
        if self.by.role == Role.UNIT and (told.unit is None or told.unit.pk not in reach(self.by).units):
            raise CannotEnterRow(_("This row is of another unit. You hand in the ledger of your own unit."))
        needed = "projects.enter_signing" if told.kind else "projects.enter_lead"
        if not self.by.has_perm(needed):
            raise CannotEnterRow(_("You may not enter this. Hand the ledger to the bureau's clerks."))
        if told.shares:
            entry.check_shares(told.shares)
        if not told.kind:
            return None
        said = terms(told, source)
        contracts.check(said, today=self.today)
        return said

    def _opening(self, row: LedgerRow, told: Told, investor: Any) -> entry.Opening:
        assert told.unit is not None
        assert told.task_force is not None
        facts = entry.Facts(
            name=told.name,
            task_force=told.task_force,
            reporting_unit=told.unit,
            location=told.location or told.unit,
            is_industrial=told.is_industrial is not False,
            content=told.content,
            officer=told.officer,
            fixed_assets=told.fixed_assets,
            annual_output=told.annual_output,
            planned_start=told.planned_start,
            planned_production=told.planned_production,
            national_code=told.national_code or None,
            shares=told.shares,
        )
        is_lead = not told.kind
        stage = told.stage if is_lead and told.stage in Stage.BEFORE_SIGNING else Stage.NEGOTIATION
        on = self.today if is_lead else told.signed_on
        assert on is not None
        return entry.Opening(facts, investor, stage, on, note=self._story(row, told))

    def _story(self, row: LedgerRow, told: Told) -> str:
        """The first line of a project's history: where it comes from, and what the ledger told of it."""
        lines = [_("as in %(source)s") % {"source": self.source(row)}]
        if told.stage in Stage.FROM_SIGNING and told.stage != Stage.SIGNING:
            lines.append(_("the ledger says “%(stage)s”") % {"stage": Stage(told.stage).label})
        if told.progress:
            lines.append(told.progress)
        return _shortened("; ".join(lines))

    def _join_partners(self, told: Sequence[Told], projects: Sequence[Project]) -> None:
        """The other investors of a cell that names several."""
        pairs = [(p, name) for one, p in zip(told, projects, strict=True) for name in one.partners]
        if not pairs:
            return
        partners = entry.enterprises([entry.Investor(name) for _project, name in pairs])
        joined = {
            (project.pk, partner.pk)
            for (project, _name), partner in zip(pairs, partners, strict=True)
            if isinstance(partner, Enterprise) and partner.pk != project.enterprise_id
        }
        through = Project.partners.through
        insert([through(project_id=project, enterprise_id=partner) for project, partner in sorted(joined)])

    def _record_first(
        self, opened: Sequence[tuple[LedgerRow, Told, Terms | None]], projects: Sequence[Project]
    ) -> None:
        held = _ceremonies([told for _row, told, said in opened if said])
        signed: list[LedgerRow] = []
        first: list[tuple[Project, Terms]] = []
        for (row, told, said), project in zip(opened, projects, strict=True):
            row.written = project.pk
            row.undo = {"made": True, "version": project.version}
            if said is not None:
                at = held.get((told.ceremony, told.signed_on)) if told.ceremony else None
                signed.append(row)
                first.append((project, replace(said, ceremony=at) if at else said))
        events = contracts.record_many(first, by=self.by, today=self.today)
        for row, event in zip(signed, events, strict=True):
            row.undo["events"] = [event.pk]

    # --- Projects in the books ----------------------------------------------------------------------

    def change(self, row: LedgerRow, told: Told) -> None:
        """Bring one row's news to a project in the books, or in this ledger further up."""
        pk = row.target if row.target is not None else self._leader(row)
        project = Project.objects.select_related("enterprise").get(pk=pk)
        now = next(iter(booked(Project.objects.filter(pk=pk)).values()))
        seen = self._check_unchanged(row, now)
        undo: dict[str, Any] = {"facts": {}, "events": [], "withdrawn": []}
        if "like" not in row.undo:
            self._change_facts(row, project, undo)
        self._change_contract(row, told, project, now, undo)
        left = next(iter(booked(Project.objects.filter(pk=pk)).values()))
        self.ours[left.pk] = (seen, [left.version, left.last_event])
        row.written = left.pk
        row.undo = {**undo, "version": left.version, "last": left.last_event}

    def _leader(self, row: LedgerRow) -> int:
        sheet, number = row.undo["like"]
        leader = self.written.get((sheet, number))
        if leader is None:
            raise CannotEnterRow(
                _("It belongs to %(place)s, which was not entered.") % {"place": f"{sheet}!{number}"}
            )
        return leader

    def _check_unchanged(self, row: LedgerRow, now: Booked) -> list[int]:
        """What the rehearsal saw must still stand, apart from what this very ledger has changed."""
        seen: list[int] | None = row.undo.get("seen")
        current = [now.version, now.last_event]
        original, left = self.ours.get(now.pk, (seen, seen))
        if seen is None:
            return original or current
        if seen != original or current != left:
            raise CannotEnterRow(
                _("Somebody has changed this project since the ledger was rehearsed. Rehearse it again.")
            )
        return seen

    def _change_facts(self, row: LedgerRow, project: Project, undo: dict[str, Any]) -> None:
        """As an edit on the project's page would; in whose total it counts is the bureau's to say."""
        news = {name: pair for name, pair in row.changes.items() if name in ATTRIBUTES}
        of_enterprise = {name: pair for name, pair in row.changes.items() if name in OF_ENTERPRISE}
        if not news and not of_enterprise:
            return
        if not rules.may(self.by, "projects.edit_project", project):
            raise CannotEnterRow(_("You may not change this project: another office answers for it."))
        if self.by.role not in BUREAU:
            news = {name: pair for name, pair in news.items() if name not in BUREAU_ONLY}
        for name, (_old, new) in news.items():
            setattr(project, ATTRIBUTES[name], self._value(name, new))
        project.version += 1
        self._save(project, [ATTRIBUTES[name] for name in news])
        if "uscc" in of_enterprise:
            entry.give_code(project.enterprise, of_enterprise["uscc"][1])
        contact = {name: of_enterprise.get(name, ("", ""))[1] for name in ("contact_name", "contact_phone")}
        entry.change_contact(project.enterprise, **contact)
        undo["facts"] = {name: list(pair) for name, pair in {**news, **of_enterprise}.items()}
        undo["enterprise"] = [project.enterprise_id, project.enterprise.version] if of_enterprise else []

    def _save(self, project: Project, attributes: list[str]) -> None:
        try:
            with transaction.atomic():
                project.save(update_fields=[*attributes, "version"])
        except IntegrityError:
            raise CannotEnterRow(
                _("The national code %(code)s is another project's: one code, one project.")
                % {"code": project.national_code}
            ) from None

    def _value(self, name: str, new: Any) -> Any:
        if name in ("unit", "location"):
            return self.reader.units[new]
        if name == "task_force":
            return self.reader.forces[new]
        if name in ("fixed_assets", "annual_output"):
            return Decimal(new)
        return datetime.date.fromisoformat(new) if name in ("planned_start", "planned_production") else new

    def _change_contract(
        self, row: LedgerRow, told: Told, project: Project, now: Booked, undo: dict[str, Any]
    ) -> None:
        event = event_of(told, now) if told.kind else None
        if told.kind and event is None:
            made = self._record(project, self._terms_for(row, told, project))
            undo["events"].append(made.pk)
        elif event is not None and row.changes.keys() & {"amount_wan", "signed_on"}:
            self._set_right(row, told, project, event, undo)

    def _terms_for(self, row: LedgerRow, told: Told, project: Project) -> Terms:
        held = _ceremonies([told]).get((told.ceremony, told.signed_on))
        said = terms(told, self.source(row), ceremony=held)
        if told.kind == EventKind.VOIDED:
            return replace(
                said, amount=-contracts.standing_amount(project), note=said.note or _("contract voided")
            )
        return said

    def _record(self, project: Project, said: Terms) -> ContractEvent:
        """As by hand: an office enters its signings, all that follows is the bureau's to enter."""
        first = said.kind in (EventKind.SIGNED, EventKind.FRAMEWORK)
        needed = ["projects.enter_signing"] if first else []
        if not any(rules.may(self.by, p, project) for p in [*needed, "projects.record_contract_event"]):
            raise CannotEnterRow(
                _("“%(kind)s” is entered by the bureau. Hand the ledger to its clerks.")
                % {"kind": EventKind(said.kind).label}
            )
        return contracts.record(project, said, by=self.by, today=self.today)

    def _set_right(
        self, row: LedgerRow, told: Told, project: Project, event: ContractEvent, undo: dict[str, Any]
    ) -> None:
        """Nobody has verified it: it is withdrawn and entered rightly. Else a correction is entered."""
        if not hasattr(event, "verdict"):
            contracts.withdraw([event], reason=self._instead(row), by=self.by, today=self.today)
            undo["withdrawn"].append(event.pk)
            undo["events"].append(self._record(project, self._terms_for(row, told, project)).pk)
            return
        if "signed_on" in row.changes or event.kind == EventKind.FRAMEWORK:
            raise CannotEnterRow(
                _("The contract is verified: its day is not changed by a ledger. Enter it on its page.")
            )
        undo["events"].append(self._record(project, self._correction(row, event)).pk)

    def _correction(self, row: LedgerRow, event: ContractEvent) -> Terms:
        old, new = (Decimal(amount) for amount in row.changes["amount_wan"])
        return Terms(
            kind=EventKind.CORRECTION,
            signed_on=max(self.today, event.signed_on),
            amount=new - old,
            corrects=event,
            note=self._instead(row),
            source=self.source(row),
        )

    def _instead(self, row: LedgerRow) -> str:
        if "amount_wan" in row.changes:
            old, new = (format_wan(Decimal(amount)) for amount in row.changes["amount_wan"])
        else:
            old, new = row.changes["signed_on"]
        return _shortened(
            _("%(source)s: %(new)s instead of %(old)s") % {"source": self.source(row), "new": new, "old": old}
        )


def _shortened(text: str, longest: int = 300) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _investor(row: LedgerRow, told: Told) -> entry.Investor:
    return entry.Investor(
        name=told.enterprise,
        uscc=told.uscc,
        origin=told.origin,
        contact_name=told.contact_name,
        contact_phone=told.contact_phone,
        known=row.undo.get("enterprise") if row.decision == Decision.SAME else None,
    )


def terms(told: Told, source: str, *, ceremony: SigningCeremony | None = None) -> Terms:
    """What a row's contract says, as the verbs take it. A framework agreement keeps its amount beside."""
    assert told.signed_on is not None
    amount = told.amount or Decimal(0)
    framework = told.kind == EventKind.FRAMEWORK
    is_foreign = told.currency != Currency.CNY and bool(told.foreign_amount)
    return Terms(
        kind=told.kind,
        signed_on=told.signed_on,
        amount=amount if told.kind in EventKind.WITH_AMOUNT else Decimal(0),
        currency=told.currency if is_foreign else Currency.CNY,
        original_amount=told.foreign_amount if is_foreign else (amount or None) if framework else None,
        rate=_rate(told, amount) if is_foreign else None,
        rate_on=told.signed_on if is_foreign else None,
        ceremony=ceremony,
        exclusion_reason=_("Framework agreement") if framework else "",
        note=_shortened(told.note),
        source=source,
    )


def _rate(told: Told, amount: Decimal) -> Decimal | None:
    """The rate in the ledger, or the one by which its two amounts were reckoned."""
    if told.rate or not (amount and told.foreign_amount):
        return told.rate
    return (amount / told.foreign_amount).quantize(RATE_PLACES, ROUND_HALF_UP)


def _ceremonies(told: Sequence[Told]) -> Mapping[tuple[str, Any], SigningCeremony]:
    """The ceremonies that rows name, each held on the day of signing; those not known yet are entered."""
    wanted = {(one.ceremony, one.signed_on) for one in told if one.ceremony and one.signed_on}
    if not wanted:
        return {}
    names = {name for name, _day in wanted}
    known = {(one.name, one.held_on): one for one in SigningCeremony.objects.filter(name__in=names)}
    missing = sorted(wanted - known.keys(), key=str)
    made = insert([SigningCeremony(name=name, held_on=day) for name, day in missing])
    return {**known, **{(one.name, one.held_on): one for one in made}}
