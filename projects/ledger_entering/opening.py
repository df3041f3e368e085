"""New projects of a ledger, entered as sets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from accounts.roles import Role
from core.inserting import insert
from core.refusal import Refusal
from ledgers.choices import Decision
from ledgers.models import LedgerRow
from projects import contracts, entry
from projects.choices import Stage
from projects.contracts import Terms
from projects.ledger_entering.terms import ceremonies, shortened, terms
from projects.ledger_entering.work import CannotEnterRow, Work
from projects.ledger_matching import Told
from projects.models import Enterprise, Project
from taskforces.rules import reach


def open_new(work: Work, new: Sequence[tuple[LedgerRow, Told]]) -> None:
    """Enter new projects as sets: the twin of `entry.enter_signing` and `entry.enter_lead`."""
    ready = list(_checked(work, new))
    investors = entry.enterprises([_investor(row, told) for row, told, _said in ready])
    openings: list[entry.Opening] = []
    opened: list[tuple[LedgerRow, Told, Terms | None]] = []
    for (row, told, said), investor in zip(ready, investors, strict=True):
        if isinstance(investor, entry.CannotEnter):
            row.stay_out(str(investor))
            continue
        opened.append((row, told, said))
        openings.append(_opening(work, row, told, investor))
    projects = entry.open_many(openings, by=work.by, today=work.today)
    _join_partners([told for _row, told, _said in opened], projects)
    _record_first(work, opened, projects)


def _checked(
    work: Work, new: Sequence[tuple[LedgerRow, Told]]
) -> Iterator[tuple[LedgerRow, Told, Terms | None]]:
    """Those that can be entered; the others say why."""
    taken = entry.check_national_codes([told.national_code for _row, told in new if told.national_code])
    for row, told in new:
        try:
            said = _check(work, told, work.source(row))
        except Refusal as refusal:
            row.stay_out(str(refusal))
            continue
        if told.national_code in taken:
            row.stay_out(taken[told.national_code])
            continue
        if told.national_code:
            taken[told.national_code] = _("The row above has the same national code.")
        yield row, told, said


def _check(work: Work, told: Told, source: str) -> Terms | None:
    """What its contract says, if it has one. Raises a Refusal for what no entry by hand would take."""
    if work.by.role == Role.UNIT and (told.unit is None or told.unit.pk not in reach(work.by).units):
        raise CannotEnterRow(_("This row is of another unit. You hand in the ledger of your own unit."))
    needed = "projects.enter_signing" if told.kind else "projects.enter_lead"
    if not work.by.has_perm(needed):
        raise CannotEnterRow(_("You may not enter this. Hand the ledger to the bureau's clerks."))
    if told.shares:
        entry.check_shares(told.shares)
    if not told.kind:
        return None
    said = terms(told, source)
    contracts.check(said, today=work.today)
    return said


def _opening(work: Work, row: LedgerRow, told: Told, investor: Any) -> entry.Opening:
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
    on = work.today if is_lead else told.signed_on
    assert on is not None
    return entry.Opening(facts, investor, stage, on, note=_story(work, row, told))


def _story(work: Work, row: LedgerRow, told: Told) -> str:
    """The first line of a project's history: where it comes from, and what the ledger told of it."""
    lines = [_("as in %(source)s") % {"source": work.source(row)}]
    if told.stage in Stage.FROM_SIGNING and told.stage != Stage.SIGNING:
        lines.append(_("the ledger says “%(stage)s”") % {"stage": Stage(told.stage).label})
    if told.progress:
        lines.append(told.progress)
    return shortened("; ".join(lines))


def _join_partners(told: Sequence[Told], projects: Sequence[Project]) -> None:
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
    work: Work, opened: Sequence[tuple[LedgerRow, Told, Terms | None]], projects: Sequence[Project]
) -> None:
    held = ceremonies([told for _row, told, said in opened if said])
    signed: list[LedgerRow] = []
    first: list[tuple[Project, Terms]] = []
    for (row, told, said), project in zip(opened, projects, strict=True):
        row.written = project.pk
        row.undo = {"made": True, "version": project.version}
        if said is not None:
            at = held.get((told.ceremony, told.signed_on)) if told.ceremony else None
            signed.append(row)
            first.append((project, replace(said, ceremony=at) if at else said))
    events = contracts.record_many(first, by=work.by, today=work.today)
    for row, event in zip(signed, events, strict=True):
        row.undo["events"] = [event.pk]


def _investor(row: LedgerRow, told: Told) -> entry.Investor:
    return entry.Investor(
        name=told.enterprise,
        uscc=told.uscc,
        origin=told.origin,
        contact_name=told.contact_name,
        contact_phone=told.contact_phone,
        known=row.undo.get("enterprise") if row.decision == Decision.SAME else None,
    )
