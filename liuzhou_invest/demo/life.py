"""How the demo's projects live: signed, verified, moved through the batches, held up, given up.

Everything is played with the program's own verbs, each on the day on which it happened.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from core import files
from core.clock import month_end, next_month
from core.models import StoredFile
from core.workdays import calendar
from ledgers.models import Ledger
from liuzhou_invest.demo import handed_in
from liuzhou_invest.demo.handed_in import LEDGER_DAY
from liuzhou_invest.demo.invent import Idea, Inventor
from projects import contracts, entry, ledger_verifying, pipeline, progress
from projects.choices import Confidentiality, EventKind, EvidenceKind, Stage, Status
from projects.contracts import Terms
from projects.models import ContractEvent, Enterprise, Project
from taskforces.models import Mechanism, ReportingUnit, TaskForce

AFTER_LEDGERS = datetime.date(2025, 8, 1)
DAY = datetime.timedelta(days=1)
# Weights after what the ledgers show: the two new districts and the big counties sign most.
UNIT_WEIGHTS = {
    "LD": 9,
    "BS": 5,
    "450223": 6,
    "450205": 6,
    "450222": 5,
    "450206": 4,
    "450204": 4,
    "450203": 3,
}
SIGNED_A_MONTH = (27, 40)


@dataclass
class City:
    """Everything the demo needs at hand."""

    random: Random
    today: datetime.date
    people: dict[str, User]
    forces: list[TaskForce]  # those of the first year; who has a seat on a day says `forces_on`
    units: list[ReportingUnit]
    inventor: Inventor
    proof: StoredFile
    seats: dict[int, list[TaskForce]] = field(default_factory=dict)  # by year

    def forces_on(self, day: datetime.date) -> list[TaskForce]:
        """A task force courts from the year on in which it has a seat."""
        return self.seats.get(day.year, self.forces)

    def enterer(self, unit: ReportingUnit) -> User:
        """Luzhai enters its own projects, the bureau's clerk those of the others."""
        return self.people["luzhai"] if unit.code == "450223" else self.people["clerk"]

    def mover(self, force: TaskForce) -> User:
        return self.people["steel.member"] if force.code == "steel" else self.people[f"{force.code}.lead"]

    def after(self, day: datetime.date, least: int, most: int) -> datetime.date:
        """A working day some calendar days later."""
        return calendar().on_or_after(day + self.random.randint(least, most) * DAY)

    def known_on(self, signed_on: datetime.date) -> datetime.date:
        """The bureau hears of a signing a few days later, always before the month is closed."""
        return min(signed_on + self.random.randint(1, 4) * DAY, next_month(signed_on) + 4 * DAY)


def found(people: dict[str, User], *, today: datetime.date, seed: int) -> City:
    random = Random(seed)  # noqa: S311 (a demo, not a secret)
    proof = files.store(
        SimpleUploadedFile("开工照片（示例）.png", _one_pixel(), content_type="image/png"), by=people["clerk"]
    )
    seats = {
        mechanism.year: list(TaskForce.objects.filter(seats__mechanism=mechanism).order_by("seats__order"))
        for mechanism in Mechanism.objects.order_by("year")
    }
    return City(
        random=random,
        today=today,
        people=people,
        forces=next(iter(seats.values())),
        units=list(ReportingUnit.objects.order_by("order")),
        inventor=Inventor(random),
        proof=proof,
        seats=seats,
    )


def _one_pixel() -> bytes:
    """A white picture of one pixel: evidence that shows nothing, because nothing was built."""
    return bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f00"
        "05fe02fe0def46b80000000049454e44ae426082"
    )


# --- What the ledgers tell ----------------------------------------------------------------------


BUREAU = "市投资促进局"
VISITS = handed_in.Kept(
    "visits-2025h1.xlsx",
    "外出招商",
    "2025年上半年外出招商台账",
    "visits",
    BUREAU,
    handed_in.since("日期"),
)


def take_over_ledgers(city: City) -> dict[int, str]:
    """Hand in the bureau's ledgers as they grew; returns the batch in which each project stood in the end."""
    told: dict[int, str] = {}
    by = city.people["clerk"]
    for year, last in ((2024, 6), (2025, 7)):
        growing, final = _signings(year, _before_batches), _signings(year, lambda cells, _until: cells)
        for until in handed_in.months(datetime.date(year, 1, 1), datetime.date(year, last, 1)):
            ledger = handed_in.hand_in(growing, by=by, until=until)
            ledger_verifying.verify(ledger, by=city.people["leader"], today=ledger.handed_in_on)
        told |= _batches(handed_in.hand_in(final, by=by, until=LEDGER_DAY))
    for until in handed_in.months(datetime.date(2025, 1, 1), datetime.date(2025, 6, 1)):
        handed_in.hand_in(VISITS, by=by, until=until)
    return told


def _signings(year: int, then: handed_in.Then) -> handed_in.Kept:
    name = f"{year}年签约项目台账"
    return handed_in.Kept(f"ledger-{year}.xlsx", "签约项目", name, "projects", BUREAU, then)


def _before_batches(cells: handed_in.Cells, until: datetime.date) -> handed_in.Cells | None:
    """Which batch a project has reached the ledger tells in the end only."""
    row = handed_in.since("签约日期")(cells, until)
    return row and row | {"当前批次": None}


def _batches(ledger: Ledger) -> dict[int, str]:
    rows = ledger.rows.exclude(written=None).order_by("pk")
    kinds = (EventKind.SIGNED, EventKind.ADD_ON)
    return {row.written: row.value("stage") for row in rows if row.written and row.value("contract") in kinds}


def live_on(city: City, project: Project, told: str) -> None:
    """Move a ledger project to the batch the ledger told of, and on from there as time went by."""
    signed = project.signed_on or project.stage_since
    if project.stage == Stage.NEGOTIATION:  # an add-on to a contract that is not in the books
        by = city.mover(project.task_force)
        pipeline.take_over(project, told, by=by, on=LEDGER_DAY, note="按台账接管，原合同不在台账中")
        return
    if project.status == Status.ENDED or project.stage != Stage.SIGNING:
        return
    started = Stage(told).rank >= Stage.COMMENCEMENT.rank
    planned = project.planned_start or signed + 90 * DAY
    if started:
        start = min(max(planned, signed + 20 * DAY), LEDGER_DAY - city.random.randint(3, 40) * DAY)
        start = max(start, signed + 5 * DAY)
    else:
        start = max(planned, LEDGER_DAY) + city.random.randint(5, 150) * DAY
    latest_production = LEDGER_DAY if told == Stage.PRODUCTION else None
    climb(city, project, start=start, produced_by=latest_production)


# --- Moving through the batches --------------------------------------------------------------------


def climb(
    city: City, project: Project, *, start: datetime.date, produced_by: datetime.date | None = None
) -> None:
    """Play the moves of a signed project up to today; some never start, a few are given up."""
    fate = city.random.random()
    if produced_by is None and fate < 0.08:
        return
    by = city.mover(project.task_force)
    build = start + city.random.randint(25, 80) * DAY
    produce = build + city.random.randint(200, 460) * DAY
    if produced_by:
        build = min(build, produced_by - 30 * DAY)
        start, produce = min(start, build - 10 * DAY), produced_by - city.random.randint(1, 20) * DAY
    full = produce + city.random.randint(160, 400) * DAY
    plan = (
        (Stage.COMMENCEMENT, start),
        (Stage.CONSTRUCTION, build),
        (Stage.PRODUCTION, produce),
        (Stage.FULL_CAPACITY, full),
    )
    for stage, day in plan:
        on = max(day, project.stage_since)
        if on > city.today:
            return
        _show_what_is_needed(city, project, stage, on, by)
        pipeline.advance(project, stage, by=by, on=on, today=on)


def _show_what_is_needed(city: City, project: Project, stage: str, on: datetime.date, by: User) -> None:
    """Fill in the facts and hand in the evidence that the batch asks for."""
    if stage == Stage.COMMENCEMENT:
        project.national_code = city.inventor.national_code(on, project.location.code)
        project.permit_no = city.inventor.permit(on)
        project.save(update_fields=["national_code", "permit_no"])
        entry.prove(project, kind=EvidenceKind.START, file=city.proof, by=by, today=on)
    elif stage == Stage.CONSTRUCTION:
        if project.fixed_assets is None:
            project.fixed_assets = project.contracted
            project.save(update_fields=["fixed_assets"])
        _report(city, project, on, Decimal("0.15"), by)
    elif stage == Stage.PRODUCTION:
        _report(city, project, on, Decimal("0.95"), by)
        project.accepted_on = on
        project.save(update_fields=["accepted_on"])
        entry.prove(project, kind=EvidenceKind.COMPLETION, file=city.proof, by=by, today=on)
    else:
        if project.annual_output is None:
            project.annual_output = project.contracted
            project.save(update_fields=["annual_output"])
        entry.prove(project, kind=EvidenceKind.CAPACITY, file=city.proof, by=by, today=on)


def _report(city: City, project: Project, on: datetime.date, part: Decimal, by: User) -> None:
    assets = project.fixed_assets or Decimal(0)
    progress.report(
        project=project,
        month=on,
        funds_in_place=max((assets * part).quantize(Decimal("0.01")), Decimal("0.01")),
        invested=max((assets * part * Decimal("0.9")).quantize(Decimal("0.01")), Decimal("0.01")),
        physical="主体施工" if part < 1 / 2 else "完成竣工验收",
        is_sure=True,
        by=by,
        today=on,
    )


# --- New signings and leads after the ledgers -----------------------------------------------------


def sign_month(city: City, month: datetime.date) -> list[Project]:
    """The signings of one month, verified a few days later; in the last days some still wait."""
    last = min(month_end(month), city.today - DAY)
    count = city.random.randint(*SIGNED_A_MONTH) * ((last - month).days + 1) // 30
    days = sorted(month + city.random.randint(0, (last - month).days) * DAY for _n in range(max(count, 1)))
    return [sign(city, day) for day in days]


def sign(city: City, day: datetime.date, unit: ReportingUnit | None = None) -> Project:
    force, unit = city.random.choice(city.forces_on(day)), unit or _unit(city)
    idea = city.inventor.idea(force.code)
    event = entry.enter_signing(
        facts(city, idea, force, unit, day),
        Terms(kind=EventKind.SIGNED, signed_on=day, amount=idea.amount),
        investor=investor(idea),
        by=city.enterer(unit),
        today=(heard := min(city.known_on(day), city.today)),
    )
    return _verify(city, event, heard)


def _verify(city: City, event: ContractEvent, heard: datetime.date) -> Project:
    """Verified the day after it was entered; what came in since yesterday still waits."""
    if heard < city.today - DAY:
        contracts.verify(event, by=city.people["leader"], today=heard + DAY)
    event.project.refresh_from_db()
    return event.project


def lead(city: City, day: datetime.date) -> Project:
    """A project that is being prepared, and perhaps negotiated since."""
    force, unit = city.random.choice(city.forces_on(day)), _unit(city)
    idea = city.inventor.idea(force.code)
    project = entry.open_project(
        facts(city, idea, force, unit, day, secret=city.random.random() < 0.25),
        investor=investor(idea),
        stage=Stage.PREPARATION,
        by=city.enterer(unit),
        on=day,
    )
    talks = city.after(day, 10, 80)
    if talks <= city.today and city.random.random() < 0.6:
        pipeline.advance(project, Stage.NEGOTIATION, by=city.mover(force), on=talks, today=talks)
    return project


def facts(
    city: City,
    idea: Idea,
    force: TaskForce,
    unit: ReportingUnit,
    day: datetime.date,
    *,
    secret: bool = False,
) -> entry.Facts:
    return entry.Facts(
        name=idea.name,
        task_force=force,
        reporting_unit=unit,
        location=unit,
        is_industrial=idea.is_industrial,
        content=idea.content,
        officer=city.mover(force).name,
        fixed_assets=idea.fixed_assets,
        annual_output=idea.annual_output,
        jobs=idea.jobs,
        land_mu=idea.land_mu,
        planned_start=(start := day + city.random.randint(60, 280) * DAY),
        planned_production=start + 420 * DAY,
        confidentiality=Confidentiality.CONFIDENTIAL if secret else Confidentiality.INTERNAL,
        code_name=f"{force.name[:2]}{day:%m%d}号" if secret else "",
    )


def investor(idea: Idea) -> Enterprise:
    return entry.enterprise(name=idea.firm.name, uscc=idea.firm.uscc, origin=idea.firm.origin)


def _unit(city: City) -> ReportingUnit:
    return city.random.choices(city.units, [UNIT_WEIGHTS.get(unit.code, 2) for unit in city.units])[0]
