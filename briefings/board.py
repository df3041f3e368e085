"""The board: task forces × batches, what stands where and what has arrived in a month."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from accounts.models import User
from accounts.roles import SEES_ALL_PROJECTS, Role
from briefings import figures
from briefings.indicators import MOVES, Window
from core.clock import month_end
from projects.choices import Stage, Status
from projects.models import Project
from taskforces import mechanisms
from taskforces.models import Mechanism, TaskForce
from taskforces.rules import reach

# Projects that were given up have left the board.
ON_BOARD = (Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True)
class Cell:
    """How many projects, and what they contract together (万元)."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: "Cell") -> "Cell":
        return Cell(self.count + other.count, self.amount + other.amount)


Cells = Mapping[tuple[int, str], Cell]
NOTHING = Cell()


def standing() -> Cells:
    """The projects of each task force (its id) in each batch, and their contracted investment."""
    rows = Project.objects.filter(status__in=ON_BOARD).values_list("task_force", "stage")
    return {
        (force, stage): Cell(count, amount)
        for force, stage, count, amount in rows.annotate(
            count=Count("pk"), amount=Sum("contracted")
        ).order_by()
    }


def standing_at(day: datetime.date, known_on: datetime.date | None = None) -> Cells:
    """The same at the end of a past month, or on the day of which is asked what was known on it, by the
    indicators `standing_…`."""
    counts = {stage: f"standing_{stage}" for stage in Stage.values}
    amounts = {stage: f"standing_amount_{stage}" for stage in Stage.values}
    found = figures.compute(
        [*counts.values(), *amounts.values()], Window.of_month(day, known_on), by="task_force"
    )
    return {
        (force.pk, stage): Cell(int(told[counts[stage]].value or 0), Decimal(told[amounts[stage]].value or 0))
        for force, told in found.items()
        for stage in Stage.values
        if told[counts[stage]].value
    }


def arrivals(month: datetime.date, known_on: datetime.date | None = None) -> Cells:
    """The projects that moved forwards into each batch in a month; each counts once a batch.

    See also the indicators `arrived_…`, which open into the moves.
    """
    moves = MOVES.rows(Window.of_month(month, known_on)).filter(
        is_arrival=True, on__range=(month, month_end(month))
    )
    facts = moves.values_list("project", "project__task_force", "target", "project__contracted")
    cells: dict[tuple[int, str], Cell] = {}
    for _project, force, target, amount in facts.order_by().distinct():
        cells[force, target] = cells.get((force, target), NOTHING) + Cell(1, amount)
    return cells


# --- Whose rows and columns -------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """The mechanism of a year: its task forces in their order and the batches as it calls them."""

    mechanism: Mechanism | None
    task_forces: list[TaskForce]
    labels: dict[str, str]


def frame(year: int, cells: Cells) -> Frame:
    """The newest mechanism up to a year. A task force outside it keeps its row while it has projects."""
    mechanism = mechanisms.of_year(year)
    seated = Q(seats__mechanism=mechanism) if mechanism else Q()
    forces = TaskForce.objects.filter(seated | Q(pk__in={force for force, _stage in cells}))
    labels = {stage.value: str(stage.label) for stage in Stage}
    labels |= mechanisms.labels(mechanism)
    return Frame(mechanism, list(forces.distinct().order_by("order", "pk")), labels)


def may_open(user: User, force: TaskForce, stage: str) -> bool:
    """Whether a person's project list shows all that a cell counts."""
    if user.role in SEES_ALL_PROJECTS:
        return True
    if user.role == Role.STATISTICS:
        return stage in Stage.FROM_SIGNING
    return force.pk in reach(user).task_forces


def may_open_all(user: User) -> bool:
    """Whether the project list shows this person the whole city."""
    return user.role in SEES_ALL_PROJECTS
