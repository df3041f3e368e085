"""What is measured, each beside a bare reference of the same run."""

import copy
import datetime
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from approvals import lists, planning
from approvals.models import Item, ItemTemplate
from briefings import drafting, figures
from briefings.models import Briefing
from core.clock import previous_month, today
from core.exporting import commas, workbook
from liuzhou_invest.bench import ledgers, memory
from projects import layouts, pipeline
from projects.choices import Stage
from projects.models import Project

REPEATS = 15
LARGEST_LEDGER = 100_000  # rows
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """The most that a work may take: times its reference, milliseconds, queries, more memory (MB), and
    seconds of one core, all processes that work at it together."""

    ratio: float = 0
    milliseconds: float = 0
    queries: int = 0
    megabytes: float = 0
    core: float = 0

    def __str__(self) -> str:
        named = [
            (self.ratio, "×"),
            (self.milliseconds, "ms"),
            (self.queries, "queries"),
            (self.megabytes, "MB"),
            (self.core, "s of one core"),
        ]
        return ", ".join(f"≤ {limit:g} {unit}" for limit, unit in named if limit)


@dataclass(frozen=True)
class Measure:
    name: str
    wanted: Wanted
    work: Callable[[], object]
    reference: Callable[[], object]
    # Done each time before the work, outside of its time.
    before: Callable[[], object] = lambda: None
    # What takes seconds is not repeated as often.
    turns: int = 0
    # What takes a minute is done once; its queries are not counted, they would be kept in memory.
    is_long: bool = False
    # Done once all is measured.
    after: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Result:
    """`milliseconds` and `reference` are medians; `queries` is how often the work asks the database."""

    name: str
    wanted: Wanted
    milliseconds: float
    reference: float
    queries: int
    megabytes: float = 0
    core: float = 0

    @property
    def ratio(self) -> float:
        return self.milliseconds / self.reference

    @property
    def verdict(self) -> str:
        wanted = self.wanted
        reached = (
            (self.ratio, wanted.ratio),
            (self.milliseconds, wanted.milliseconds),
            (self.queries, wanted.queries),
            (self.megabytes, wanted.megabytes),
            (self.core, wanted.core),
        )
        if wanted == Wanted():
            return "told only"
        return (
            f"{wanted}: {'met' if all(not most or is_now <= most for is_now, most in reached) else 'MISSED'}"
        )


def run(measure: Measure, repeats: int = REPEATS) -> Result:
    """The two in turns, so that a busy moment of the machine falls on both."""
    if measure.is_long:
        return _once(measure)
    measure.before()
    measure.work(), measure.reference()
    measure.before()
    with CaptureQueriesContext(connection) as asked:
        measure.work()
        queries = len(asked)
    works, references = [], []
    for _turn in range(measure.turns or repeats):
        measure.before()
        works.append(_time(measure.work))
        references.append(_time(measure.reference))
    medians = statistics.median(works), statistics.median(references)
    grown = memory.grown(measure.work) if measure.wanted.megabytes else 0
    measure.after()
    return Result(measure.name, measure.wanted, *medians, queries, grown)


def _once(measure: Measure) -> Result:
    measure.before()
    taken: list[float] = []
    began = memory.core_seconds()
    grown = memory.grown(lambda: taken.append(_time(measure.work)))
    core = memory.core_seconds() - began
    measure.after()
    return Result(measure.name, measure.wanted, taken[0], _time(measure.reference), 0, grown, core)


def _time(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def measures(user: User, rows_of_ledger: int = LARGEST_LEDGER) -> list[Measure]:
    client = Client()
    client.force_login(user)

    def get(path: str) -> Callable[[], object]:
        def fetch() -> object:
            response = client.get(path)
            if response.status_code != 200:
                raise RuntimeError(f"{path} answered {response.status_code}")
            return response

        return fetch

    ledger, board, told = reverse("projects:list"), reverse("briefings:board"), reverse("api:project-list")
    someone = Project.objects.filter(stage=Stage.SIGNING).order_by("pk")[0]
    lists.open_list(someone, on=today(), by=user)  # as a signing does
    planned = _sixty_items(user)
    bare, rows = get(reverse("bench-bare")), get(reverse("bench-rows"))
    plain = get(f"{reverse('bench-api')}?task_force=steel")
    mine = "task_force=steel&stage=signing"
    return [
        Measure(
            "list, 50 rows, filtered, sorted, counted",
            Wanted(ratio=2),
            get(f"{ledger}?{mine}&sort=-contracted"),
            rows,
        ),
        Measure("list of the whole city", Wanted(ratio=2), get(ledger), rows),
        Measure(
            "list, two characters that match nothing", Wanted(milliseconds=20), get(f"{ledger}?q=龘龘"), rows
        ),
        Measure("project page with history", Wanted(queries=12), get(someone.get_absolute_url()), bare),
        Measure("board", Wanted(ratio=3), get(board), bare),
        Measure("board, just after a change", Wanted(), get(board), bare, lambda: _touch(someone)),
        Measure("dashboard", Wanted(ratio=3), get(reverse("briefings:dashboard")), bare),
        Measure(
            "dashboard, just after a change",
            Wanted(),
            get(reverse("briefings:dashboard")),
            bare,
            lambda: _touch(someone),
            turns=3,
        ),
        Measure(
            "figures of every scope, year to date",
            Wanted(milliseconds=10_000),
            lambda: figures.all_scopes(figures.CODES, figures.Window.year_to(today())),
            bare,
            turns=3,
        ),
        Measure(
            "passport of a task force's last twelve months",
            Wanted(milliseconds=200),
            get(f"{reverse('briefings:counted', args=['contracted'])}?{_a_year_of('steel')}"),
            bare,
        ),
        Measure("API list of 50", Wanted(ratio=0.5), get(f"{told}?task_force=steel"), plain),
        Measure(
            "plan of 60 items",
            Wanted(milliseconds=50, queries=2),
            lambda: planning.of_project(planned, today=today()),
            bare,
        ),
        Measure(
            "move with history and audit",
            Wanted(ratio=3),
            lambda: _move(someone, user),
            _bare_move(someone, user),
        ),
        *_exporting(user, bare),
        *_ledgers(user, bare, rows_of_ledger),
        *_drafting(user, bare),
    ]


# As many leave in a job; a million would only say the same ten times over.
LARGEST_EXPORTED = 100_000


def _exporting(user: User, reference: Callable[[], object]) -> list[Measure]:
    """The whole city in twenty columns, as the worker writes it."""
    if Project.objects.count() > LARGEST_EXPORTED:
        return []
    wanted = Wanted(milliseconds=10_000, megabytes=64)
    sheet = layouts.read(memory.TWENTY_COLUMNS)

    def xlsx() -> object:
        with tempfile.TemporaryFile() as file:
            lines = layouts.rows(Project.objects.visible_to(user), user, today=today()).lines
            return workbook.write(file, sheet, lines, explained=lambda _rows, _cut: ())

    def csv() -> object:
        with tempfile.TemporaryFile() as file:
            lines = layouts.rows(Project.objects.visible_to(user), user, today=today()).lines
            return commas.write(file, sheet, lines)

    return [
        Measure("all projects in 20 columns as .xlsx", wanted, xlsx, reference, turns=1),
        Measure("all projects in 20 columns as .csv", wanted, csv, reference, turns=1),
    ]


def _ledgers(user: User, reference: Callable[[], object], rows: int) -> list[Measure]:
    """A ledger of many rows and of a thousand, from the file that comes in to the books."""
    if Project.objects.count() > LARGEST_EXPORTED:
        return []
    large, small = ledgers.HandedIn(rows, user), ledgers.HandedIn(min(rows, 1000), user)
    return [
        Measure(
            f"ledger of {rows:,} rows rehearsed",
            Wanted(core=30, megabytes=500),
            large.rehearse,
            reference,
            large.prepare,
            is_long=True,
        ),
        Measure(
            f"ledger of {rows:,} rows entered",
            Wanted(core=20),
            large.commit,
            reference,
            is_long=True,
            after=large.forget,
        ),
        Measure(
            f"ledger of {small.rows:,} rows in all",
            Wanted(milliseconds=2000),
            small.whole,
            reference,
            small.prepare,
            turns=3,
            after=small.forget,
        ),
    ]


# A city as large as this is drafted at a time; the bench of a million would wait for it long.
LARGEST_DRAFTED = 10_000


def _drafting(user: User, reference: Callable[[], object]) -> list[Measure]:
    """Last: measured at the smallest size only."""
    if Project.objects.count() > LARGEST_DRAFTED:
        return []
    month = previous_month(today())

    def draft() -> object:
        return drafting.draft(month, today=today(), by=user)

    wanted = Wanted(milliseconds=5000)
    return [
        Measure("drafting all briefings of a month", wanted, draft, reference, _forget_drafts, turns=3),
        Measure("drafting them again", wanted, draft, reference, turns=3),
    ]


def _forget_drafts() -> None:
    Briefing.objects.all().delete()


def _a_year_of(task_force: str) -> str:
    month = today()
    return f"from={month.year - 1}-{month.month:02}&to={month:%Y-%m}&task_force={task_force}"


def _sixty_items(user: User) -> Project:
    """A project with sixty items on its list, each of which needs two of the six before it."""
    project = Project.objects.filter(stage=Stage.SIGNING).order_by("pk")[1]
    department = ItemTemplate.objects.order_by("pk")[0].department
    for number in range(60):
        template, is_new = ItemTemplate.objects.get_or_create(
            code=f"bench-{number}",
            defaults={
                "name": f"虚构事项{number}",
                "phase": 1 + number // 20,
                "order": number,
                "department": department,
                "in_force_from": today(),
            },
        )
        if is_new:
            codes = [f"bench-{number - 6}", f"bench-{number - 5}"]
            template.prerequisites.set(ItemTemplate.objects.filter(code__in=codes))
        Item.objects.get_or_create(
            project=project,
            template=template,
            defaults={"opened_on": today(), "opened_by": user, "promised_days": number % 7},
        )
    project.planned_start = today() + 120 * ONE_DAY
    return project


def _touch(project: Project) -> None:
    """Any change that leaves an entry in the trail."""
    Project.objects.filter(pk=project.pk).update(permit_no=str(time.monotonic_ns()))


def _move(project: Project, user: User) -> None:
    """The verb's own write, taken back so that it can be measured again."""
    with transaction.atomic():
        pipeline.take_over(copy.copy(project), Stage.COMMENCEMENT, by=user, on=today(), note="")
        transaction.set_rollback(True)


def _bare_move(project: Project, user: User) -> Callable[[], object]:
    """The rows that the verb writes, written by bare SQL; the trail's triggers work for both."""
    with CaptureQueriesContext(connection) as asked:
        _move(project, user)
        told = [query["sql"] for query in asked.captured_queries]
    writes = [sql for sql in told if sql.startswith(("INSERT", "UPDATE", "DELETE"))]

    def write() -> None:
        with transaction.atomic(), transaction.atomic(), connection.cursor() as cursor:
            for sql in writes:
                cursor.execute(sql)
            transaction.set_rollback(True)

    return write
