"""Investment at risk: which projects, and how much contracted investment, are held up by whom and by what.

Held up is a project with a standing flag of one of its items (S1 to S6), by the flags as the nights
have written them. It counts once in the total and once in each row that holds it up, so that the rows
add up to more than the total. What flags say of a project itself holds nothing up and is left out.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import Agency, User
from approvals.choices import Clock, IssueCategory, ItemState, StallCode
from approvals.models import ItemTemplate, StallFlag
from projects.models import ContractEvent, Project

ENTERPRISE = "enterprise"  # the row of what waits for the enterprises themselves


class By(StrEnum):
    """What the rows are: who has to act, the item, the kind of the issue that blocks it."""

    DEPARTMENT = "department"
    ITEM = "item"
    ISSUE = "issue"


@dataclass(frozen=True)
class Part:
    """The projects that something holds up, and their contracted investment in 万元."""

    key: str
    name: str
    projects: frozenset[int]
    amount: Decimal
    flags: int


@dataclass(frozen=True)
class AtRisk:
    """All that is held up on a day, and by what; the largest amount first."""

    on: datetime.date
    total: Part
    parts: dict[By, list[Part]]
    amounts: dict[int, Decimal]

    def part(self, by: str, key: str) -> Part | None:
        if not by:
            return self.total
        rows = self.parts[By(by)] if by in list(By) else []
        return next((part for part in rows if part.key == key), None)


@dataclass(frozen=True)
class _Held:
    """A flag, as far as these figures ask."""

    code: str
    project: int
    template: int
    department: int
    handled_by_enterprise: bool
    facts: dict[str, object]


def at_risk(user: User, *, on: datetime.date) -> AtRisk:
    """Over the projects that a person may see, in a fixed number of queries."""
    held = [_held(row) for row in _flags(user, on)]
    amounts = _contracted({flag.project for flag in held}, on)
    names: dict[By, dict[str, str]] = {
        By.DEPARTMENT: _departments(),
        By.ITEM: {str(item.pk): str(item) for item in ItemTemplate.objects.all()},
        By.ISSUE: {category.value: str(category.label) for category in IssueCategory},
    }
    parts = {by: _parts(held, amounts, key, names[by]) for by, key in _KEYS.items()}
    return AtRisk(on, _part("", "", held, amounts), parts, amounts)


def standing_on(rows: QuerySet[StallFlag], on: datetime.date) -> QuerySet[StallFlag]:
    """Flags of items that stood at the end of a day."""
    return rows.filter(
        Q(cleared_on__isnull=True) | Q(cleared_on__gt=on), raised_on__lte=on, item__isnull=False
    )


def _flags(user: User, on: datetime.date) -> Iterable[tuple]:
    return (
        standing_on(StallFlag.objects.visible_to(user), on)
        .order_by("pk")
        .values_list(
            "code",
            "project",
            "item__template",
            "item__template__department",
            "item__template__clock",
            "facts",
        )
    )


def _held(row: tuple) -> _Held:
    code, project, template, department, clock, facts = row
    return _Held(code, project, template, department, clock == Clock.ENTERPRISE, facts)


# --- By what --------------------------------------------------------------------------------------


def _by_department(flag: _Held) -> str:
    """Whoever has to act by the rule: the blocking issue's department, the enterprise, or the item's."""
    if flag.code == StallCode.BLOCKED:
        return str(flag.facts.get("department_id", flag.department))
    return ENTERPRISE if _is_enterprises(flag) else str(flag.department)


def _is_enterprises(flag: _Held) -> bool:
    if flag.code == StallCode.NOT_SUBMITTED or flag.facts.get("state") == ItemState.CORRECTING:
        return True
    if flag.code == StallCode.SILENT:
        return flag.facts.get("clock") == Clock.ENTERPRISE
    return flag.handled_by_enterprise


def _by_item(flag: _Held) -> str:
    return str(flag.template)


def _by_issue(flag: _Held) -> str:
    """Only what an issue blocks stands here."""
    return str(flag.facts.get("category", "")) if flag.code == StallCode.BLOCKED else ""


_KEYS: dict[By, Callable[[_Held], str]] = {
    By.DEPARTMENT: _by_department,
    By.ITEM: _by_item,
    By.ISSUE: _by_issue,
}


def _departments() -> dict[str, str]:
    named = {str(agency.pk): str(agency) for agency in Agency.objects.all()}
    return {**named, ENTERPRISE: _("The enterprise")}


# --- Adding up ------------------------------------------------------------------------------------


def _parts(
    held: list[_Held], amounts: dict[int, Decimal], key: Callable[[_Held], str], names: dict[str, str]
) -> list[Part]:
    groups: dict[str, list[_Held]] = defaultdict(list)
    for flag in held:
        if value := key(flag):
            groups[value].append(flag)
    parts = [_part(value, names.get(value, value), group, amounts) for value, group in groups.items()]
    return sorted(parts, key=lambda part: (-part.amount, -len(part.projects), part.key))


def _part(key: str, name: str, held: list[_Held], amounts: dict[int, Decimal]) -> Part:
    projects = frozenset(flag.project for flag in held)
    return Part(key, name, projects, sum((amounts[pk] for pk in projects), Decimal(0)), len(held))


def _contracted(projects: set[int], on: datetime.date) -> dict[int, Decimal]:
    """Each project's contracted investment by what had been verified on the day, unrounded."""
    now = dict(Project.objects.filter(pk__in=projects).values_list("pk", "contracted"))
    later = (
        ContractEvent.objects.verified()
        .filter(verdict__on__gt=on, project__in=projects)
        .values("project")
        .annotate(added=Sum("amount"))
        .values_list("project", "added")
    )
    for pk, added in later:
        now[pk] -= added
    return now
