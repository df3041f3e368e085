"""New projects: from a first idea, or straight from a signed contract."""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from core.clock import moment
from core.inserting import insert, maker
from core.models import StoredFile
from core.numbering import next_code, next_codes
from core.refusal import Refusal
from core.text import name_key
from projects import contracts, pipeline
from projects.choices import Confidentiality, EvidenceKind, Stage
from projects.models import (
    ContactReveal,
    ContractEvent,
    Enterprise,
    Evidence,
    Project,
    Share,
)
from taskforces.models import ReportingUnit, TaskForce


class CannotEnter(Refusal):
    """A new project or enterprise contradicts what stands in the books."""

    http_status = 422


@dataclass(frozen=True)
class Facts:
    """What is known of a new project; amounts in 万元, shares in percent by unit."""

    name: str
    task_force: TaskForce
    reporting_unit: ReportingUnit
    location: ReportingUnit
    is_industrial: bool = True
    content: str = ""
    officer: str = ""
    fixed_assets: Decimal | None = None
    annual_output: Decimal | None = None
    jobs: int | None = None
    land_mu: Decimal | None = None
    planned_start: datetime.date | None = None
    planned_production: datetime.date | None = None
    national_code: str | None = None
    confidentiality: str = Confidentiality.INTERNAL
    code_name: str = ""
    shares: Mapping[ReportingUnit, Decimal] = field(default_factory=dict)
    assisting: Sequence[TaskForce] = ()


@transaction.atomic
def enterprise(
    *, name: str, uscc: str = "", origin: str = "", contact_name: str = "", contact_phone: str = ""
) -> Enterprise:
    """The enterprise of this credit code, or of this very name where no code is known; else a new one.

    What was not known of an old one (code, origin, contact) is filled in, nothing is overwritten.
    Raises CannotEnter when the code belongs to an enterprise of quite another name.
    """
    known = _known(name, uscc)
    if known is None:
        fresh = Enterprise(
            name=name,
            name_key=name_key(name),
            uscc=uscc or None,
            origin=origin,
            contact_name=contact_name,
            contact_phone=contact_phone,
        )
        return _saved_once(fresh)
    if uscc and known.name_key != name_key(name):
        raise CannotEnter(_code_of(uscc, known))
    more = {"uscc": uscc, "origin": origin, "contact_name": contact_name, "contact_phone": contact_phone}
    _fill_in(known, {field: value for field, value in more.items() if value and not getattr(known, field)})
    return known


@dataclass(frozen=True)
class Investor:
    """What is told of one investor. `known` is the enterprise that somebody has said it is."""

    name: str
    uscc: str = ""
    origin: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    known: int | None = None


MORE = ("uscc", "origin", "contact_name", "contact_phone")


@transaction.atomic
def enterprises(told: Sequence[Investor]) -> list[Enterprise | CannotEnter]:
    """The twin of `enterprise` for many: what it would give for one after the other, or its refusal."""
    for _attempt in range(20):
        known = _Known(told)
        found = [known.take(one) for one in told]
        try:
            with transaction.atomic():
                insert(known.fresh)
        except IntegrityError:  # somebody has just entered one of the codes: then it is theirs
            continue
        known.save_filled()
        return found
    raise CannotEnter(_("Too many people are entering projects at this moment. Save again."))


class _Known:
    """The enterprises in the books that many investors may be, and those that become new ones."""

    def __init__(self, told: Sequence[Investor]) -> None:
        self.keys = {one.name: name_key(one.name) for one in told}
        codes, named = {one.uscc for one in told} - {""}, {one.known for one in told} - {None}
        rows = Enterprise.objects.filter(
            Q(uscc__in=codes) | Q(name_key__in=set(self.keys.values())) | Q(pk__in=named)
        )
        self.make = maker(Enterprise)
        self.fresh: list[Enterprise] = []
        self.filled: dict[int, Enterprise] = {}
        self.by_pk: dict[int, Enterprise] = {}
        self.by_code: dict[str, Enterprise] = {}
        self.by_name: dict[str, list[Enterprise]] = defaultdict(list)
        for row in rows.order_by("pk"):
            self.by_pk[row.pk] = row
            self._keep(row)

    def _keep(self, row: Enterprise) -> None:
        if row.uscc:
            self.by_code[row.uscc] = row
        self.by_name[row.name].append(row)

    def take(self, told: Investor) -> Enterprise | CannotEnter:
        known = self.by_pk.get(told.known or 0) or self._known(told)
        if known is None:
            return self._new(told)
        if told.uscc and known.name_key != self.keys[told.name] and told.known is None:
            return CannotEnter(_code_of(told.uscc, known))
        self._fill_in(known, told)
        return known

    def _known(self, told: Investor) -> Enterprise | None:
        """See also `_known`, the same of one."""
        if told.uscc and (known := self.by_code.get(told.uscc)):
            return known
        same = [one for one in self.by_name.get(told.name, ()) if not (told.uscc and one.uscc)]
        return same[0] if len(same) == 1 else None

    def _new(self, told: Investor) -> Enterprise:
        values = {name: getattr(told, name) for name in MORE} | {"uscc": told.uscc or None}
        row = self.make(name=told.name, name_key=self.keys[told.name], **values)
        self.fresh.append(row)
        self._keep(row)
        return row

    def _fill_in(self, known: Enterprise, told: Investor) -> None:
        more = {name: getattr(told, name) for name in MORE}
        if more["uscc"] and more["uscc"] in self.by_code:
            more["uscc"] = ""  # another one carries it, or this one
        new = {name: value for name, value in more.items() if value and not getattr(known, name)}
        for name, value in new.items():
            setattr(known, name, value)
        if new and known.pk is not None:
            known.version += 1
            self.filled[known.pk] = known
        if "uscc" in new:
            self.by_code[new["uscc"]] = known

    def save_filled(self) -> None:
        """In the order of the keys, so that two who do this at once wait for each other, not crosswise."""
        for pk in sorted(self.filled):
            self.filled[pk].save(update_fields=[*MORE, "version"])


def _code_of(uscc: str, other: Enterprise) -> str:
    return _("The credit code %(code)s belongs to “%(name)s”. Check the name or the code.") % {
        "code": uscc,
        "name": other.name,
    }


def check_codes(*, name: str, uscc: str, national_code: str) -> Iterator[tuple[str, str]]:
    """What would be refused of these codes, with the field it stands in: for forms that say it early."""
    known = Enterprise.objects.filter(uscc=uscc).first() if uscc else None
    if known and known.name_key != name_key(name):
        yield "uscc", _code_of(uscc, known)
    if national_code and Project.objects.filter(national_code=national_code).exists():
        yield "national_code", _code_taken(national_code)


def _code_taken(national_code: str) -> str:
    return _("The national code %(code)s is another project's: one code, one project.") % {
        "code": national_code
    }


def _known(name: str, uscc: str) -> Enterprise | None:
    if uscc and (known := Enterprise.objects.filter(uscc=uscc).first()):
        return known
    same = Enterprise.objects.filter(name=name)
    if uscc:
        same = same.filter(uscc__isnull=True)
    found = list(same.order_by("pk")[:2])
    return found[0] if len(found) == 1 else None


def _saved_once(fresh: Enterprise) -> Enterprise:
    """Of two people who enter the same credit code at once, the second gets the first one's enterprise."""
    try:
        with transaction.atomic():
            fresh.save(force_insert=True)
    except IntegrityError:
        return Enterprise.objects.get(uscc=fresh.uscc)
    return fresh


def _fill_in(known: Enterprise, values: Mapping[str, str]) -> None:
    for field_name, value in values.items():
        setattr(known, field_name, value)
    if values:
        known.version += 1
        known.save(update_fields=[*values, "version"])


@transaction.atomic
def give_code(investor: Enterprise, uscc: str) -> None:
    """Write down an enterprise's credit code. Raises CannotEnter when another enterprise carries it."""
    if other := Enterprise.objects.filter(uscc=uscc).exclude(pk=investor.pk).first():
        raise CannotEnter(_code_of(uscc, other))
    investor.uscc = uscc
    investor.version += 1
    investor.save(update_fields=["uscc", "version"])


@transaction.atomic
def change_contact(investor: Enterprise, *, contact_name: str, contact_phone: str) -> None:
    """Write down a new contact; what is empty stays as it was."""
    new = {"contact_name": contact_name, "contact_phone": contact_phone}
    _fill_in(investor, {name: value for name, value in new.items() if value})


@transaction.atomic
def open_project(
    facts: Facts,
    *,
    investor: Enterprise,
    stage: str,
    by: User,
    on: datetime.date,
    today: datetime.date | None = None,
    note: str = "",
) -> Project:
    """Enter a project that is being prepared or negotiated since a day; known from `today`, or from then.

    Raises CannotEnter when its national code is taken or its shares are not 100 %.
    """
    _check_shares(facts.shares)
    values = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    shares, assisting = values.pop("shares"), values.pop("assisting")
    values["national_code"] = values["national_code"] or None
    project = _with_new_code(
        Project(**values, enterprise=investor, stage=stage, stage_since=on, created_by=by), on.year
    )
    _write_shares(project, shares)
    if assisting:
        project.assisting.set(assisting)
    pipeline.begin(project, by=by, on=on, today=today or on, note=note)
    return project


@transaction.atomic
def enter_lead(
    facts: Facts,
    *,
    investor: Enterprise,
    stage: str,
    by: User,
    on: datetime.date,
    today: datetime.date,
    note: str = "",
) -> Project:
    """Enter a project that is being prepared or negotiated, in that batch since a day.

    Raises CannotEnter for a later batch, a day in the future and for what the batch needs and lacks
    (it stands in `details`).
    """
    if stage not in Stage.BEFORE_SIGNING:
        raise CannotEnter(_("A project that is signed is entered with its contract."))
    if on > today:
        raise CannotEnter(_("The day lies in the future. Enter the day from which it stands there."))
    project = open_project(facts, investor=investor, stage=stage, by=by, on=on, today=today, note=note)
    if missing := pipeline.missing_for(project, stage):
        raise CannotEnter(
            _("Before “%(there)s”, fill in what is still missing:") % {"there": Stage(stage).label},
            [str(need.label) for need in missing],
        )
    return project


@transaction.atomic
def enter_signing(
    facts: Facts, terms: contracts.Terms, *, investor: Enterprise, by: User, today: datetime.date
) -> ContractEvent:
    """Enter a signed project: it stands in “negotiation” until the bureau has verified the signing."""
    project = open_project(
        facts, investor=investor, stage=Stage.NEGOTIATION, by=by, on=terms.signed_on, today=today
    )
    return contracts.record(project, terms, by=by, today=today)


@transaction.atomic
def share_out(project: Project, shares: Mapping[ReportingUnit, Decimal]) -> None:
    """Say anew which units brought the project in, and with which part; none means its own unit alone.

    Raises CannotEnter when the parts are not 100 %.
    """
    _check_shares(shares)
    standing = {share.unit_id: share.percent for share in project.shares.all()}
    if standing != {unit.pk: part for unit, part in shares.items()}:
        project.shares.all().delete()
        _write_shares(project, shares)


def _write_shares(project: Project, shares: Mapping[ReportingUnit, Decimal]) -> None:
    Share.objects.bulk_create(
        Share(project=project, unit=unit, percent=part) for unit, part in shares.items()
    )


def _check_shares(shares: Mapping[ReportingUnit, Decimal]) -> None:
    total = sum(shares.values(), Decimal(0))
    if shares and total != 100:
        raise CannotEnter(
            _("The shares add up to %(sum)s %%; they must be 100 %%.") % {"sum": f"{total.normalize():f}"}
        )


def _with_new_code(project: Project, year: int) -> Project:
    """Give the project the year's next code; two people at once simply get neighbouring ones."""
    for _attempt in range(20):
        project.code = next_code(Project.objects.all(), f"LZ-{year}-")
        try:
            with transaction.atomic():
                project.save(force_insert=True)
        except IntegrityError:
            project.pk = None
            if project.national_code and Project.objects.filter(national_code=project.national_code).exists():
                raise CannotEnter(_code_taken(project.national_code)) from None
            continue
        return project
    raise CannotEnter(_("Too many people are entering projects at this moment. Save again."))


# --- Many at once -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opening:
    """One of many new projects: see `open_project`."""

    facts: Facts
    investor: Enterprise
    stage: str
    on: datetime.date
    note: str = ""


def check_shares(shares: Mapping[ReportingUnit, Decimal]) -> None:
    """Raises CannotEnter when the parts are not 100 %."""
    _check_shares(shares)


def check_national_codes(codes: Sequence[str]) -> dict[str, str]:
    """Of these codes those that are other projects', with the sentence that refuses them."""
    taken = Project.objects.filter(national_code__in=codes).values_list("national_code", flat=True)
    return {str(code): _code_taken(str(code)) for code in taken}


@transaction.atomic
def open_many(openings: Sequence[Opening], *, by: User, today: datetime.date) -> list[Project]:
    """The twin of `open_project` for many: the same rows, in a few writes.

    Raises CannotEnter like it; callers check what may be wrong with single ones before.
    """
    for opening in openings:
        _check_shares(opening.facts.shares)
    make = partial(maker(Project), created_by_id=by.pk)
    projects = _with_new_codes([make(**_columns(opening)) for opening in openings])
    pairs = list(zip(projects, openings, strict=True))
    insert([Share(project=p, unit=u, percent=part) for p, o in pairs for u, part in o.facts.shares.items()])
    for project, opening in pairs:
        if opening.facts.assisting:
            project.assisting.set(opening.facts.assisting)
    pipeline.begin_many([(p, o.on, o.note) for p, o in pairs], by=by, today=today)
    return projects


_KEYS = ("task_force", "reporting_unit", "location")
_VALUES = tuple(name for name in Facts.__dataclass_fields__ if name not in (*_KEYS, "shares", "assisting"))


def _columns(opening: Opening) -> dict[str, Any]:
    """An opening as the columns of a project."""
    said = opening.facts.__dict__
    values = {name: said[name] for name in _VALUES}
    values |= {f"{name}_id": said[name].pk for name in _KEYS}
    values["national_code"] = values["national_code"] or None
    at = {"stage": opening.stage, "stage_since": opening.on}
    return {**values, **at, "enterprise_id": opening.investor.pk}


def _with_new_codes(projects: list[Project]) -> list[Project]:
    """Give each the next code of its year; who enters one by hand meanwhile gets the one behind them."""
    by_year: dict[int, list[Project]] = defaultdict(list)
    for project in projects:
        by_year[project.stage_since.year].append(project)
    for attempt in count(1):
        for year, ours in sorted(by_year.items()):
            codes = next_codes(Project.objects.all(), f"LZ-{year}-", len(ours))
            for project, code in zip(ours, codes, strict=True):
                project.code, project.pk = code, None
        try:
            with transaction.atomic():
                insert(projects)
        except IntegrityError:
            if attempt < 20:
                continue
            raise CannotEnter(
                _("Too many people are entering projects at this moment. Save again.")
            ) from None
        break
    return projects


@transaction.atomic
def prove(project: Project, *, kind: str, file: StoredFile, by: User, today: datetime.date) -> Evidence:
    """Hand in a file that proves something about the project."""
    return Evidence.objects.create(
        project=project, kind=EvidenceKind(kind), file=file, added_by=by, added_at=moment(today)
    )


def reveal_contact(project: Project, *, by: User) -> Enterprise:
    """The enterprise with its contact in full; that it was looked at is written down."""
    ContactReveal.objects.create(project=project, by=by)
    return project.enterprise
