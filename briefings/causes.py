"""Why a figure of a closed month would read otherwise today: the rows that make the difference."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from approvals.models import Service
from briefings import adding
from briefings.figures import Part, Scope, Window
from briefings.indicators import Indicator, in_wan
from core import audit
from core.models import AuditEntry
from outreach.models import Engagement, Visit
from projects.choices import EventKind
from projects.models import ContractEvent, Project, Share
from projects.showing import face

# What a row added as published and adds now; None where it was not or is not counted.
Both = tuple[int | None, int | None]


class Why(Enum):
    """What became of a row since the month was closed."""

    LATE = "late"
    CORRECTED = "corrected"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS: dict[Why, str | Promise] = {
    Why.LATE: _("Became known after the closing"),
    Why.CORRECTED: _("Corrects what was counted"),
    Why.MOVED: _("Belongs to another task force or unit now"),
    Why.CHANGED: _("Counts otherwise now"),
    Why.GONE: _("Counts no more"),
}


@dataclass(frozen=True)
class Cause:
    """A row that makes a difference: what it added as published and adds now, by whom and why.

    `published` and `now` are in the figure's unit (万元 of an amount). `row` is None if it is deleted.
    """

    row: Any
    row_id: int
    why: Why
    published: Decimal
    now: Decimal
    recorded_by: str
    recorded_on: datetime.date | None
    verified_by: str
    verified_on: datetime.date | None
    reason: str
    changes: tuple[audit.Change, ...]

    @property
    def difference(self) -> Decimal:
        return self.now - self.published


def between(
    before: Sequence[Part],
    after: Sequence[Part],
    found: Indicator,
    scope: Scope,
    window: Window,
    closed_on: datetime.date,
) -> list[Cause]:
    """The rows whose part in a scope's figure is another now than on the day of closing, the largest
    first. Their differences add up to that of the figure."""
    changed = _changed(before, after, scope, is_amount=found.is_amount)
    rows = _rows(found, window, changed)
    trail = _Trail(rows.values(), since=closed_on)
    then, now = ({part.row for part in parts} for parts in (before, after))
    made = []
    for pk, both in changed.items():
        row = rows.get(pk)
        why = _why(row, both, pk in then, pk in now, closed_on)
        made.append(_cause(row, pk, found, both, why, trail))
    return sorted(made, key=lambda cause: (-abs(cause.difference), cause.row_id))


def _changed(
    before: Iterable[Part], after: Iterable[Part], scope: Scope, *, is_amount: bool
) -> dict[int, Both]:
    place = adding.place_of(scope)
    then, now = (adding.by_place(parts, is_amount=is_amount).get(place, {}) for parts in (before, after))
    return {
        pk: (then.get(pk), now.get(pk))
        for pk in sorted(then.keys() | now.keys())
        if then.get(pk, 0) != now.get(pk, 0)
    }


def _rows(found: Indicator, window: Window, changed: Iterable[int]) -> dict[int, Any]:
    """The rows themselves, also those that count no more."""
    model: Any = found.source.rows(window).model
    names = {field.name for field in model._meta.get_fields()}
    joined = [name for name in ("project", *_PEOPLE, "unit", "visit") if name in names]
    joined += ["verdict__by"] if model is ContractEvent else []
    return model._default_manager.select_related(*joined).in_bulk(list(changed))


def _why(row: Any, both: Both, counted_then: bool, counts_now: bool, closed_on: datetime.date) -> Why:
    if None not in both:
        return Why.CHANGED
    if counted_then:
        return Why.MOVED if counts_now else Why.GONE
    if isinstance(row, ContractEvent):
        return Why.CORRECTED if row.kind == EventKind.CORRECTION else Why.LATE
    _by, on, _note = _recorded(row)
    return Why.CHANGED if on is not None and on < closed_on else Why.LATE


def _cause(row: Any, pk: int, found: Indicator, both: Both, why: Why, trail: "_Trail") -> Cause:
    published, now = (in_wan(part or 0) if found.is_amount else Decimal(part or 0) for part in both)
    by, on, note = _recorded(row)
    entry = trail.newest(row) if why in (Why.MOVED, Why.CHANGED, Why.GONE) else None
    verdict = None if entry else getattr(row, "verdict", None)
    return Cause(
        row=row,
        row_id=pk,
        why=why,
        published=published,
        now=now,
        recorded_by=entry.who if entry else by,
        recorded_on=timezone.localdate(entry.at) if entry else on,
        verified_by=verdict.by.name if verdict else "",
        verified_on=verdict.on if verdict else None,
        reason=note,
        changes=tuple(entry.changes) if entry else (),
    )


def _recorded(row: Any) -> tuple[str, datetime.date | None, str]:
    """By whom a row was entered, on which day, and what was said with it; whatever kind it is of."""
    by = next((found for name in _PEOPLE if (found := getattr(row, name, None))), None)
    on = next((found for name in _DAYS if (found := getattr(row, name, None))), None)
    if on is None and (at := getattr(row, "recorded_at", None)):
        on = timezone.localdate(at)
    note = next((found for name in ("note", "reason") if (found := getattr(row, name, ""))), "")
    return (by.name if by else ""), on, str(note)


_PEOPLE = ("recorded_by", "by", "raised_by")
_DAYS = ("recorded_on", "raised_on")


# --- Who may open what -------------------------------------------------------------------------------


def open_to(user: User, made: Sequence[Cause]) -> set[int]:
    """The rows that a person may open; of the others only the sum is told."""
    rows = [cause.row for cause in made if cause.row is not None]
    if not rows:
        return set()
    seen = _visible(type(rows[0]), user).filter(pk__in=[row.pk for row in rows])
    return set(seen.values_list("pk", flat=True))


def _visible(model: Any, user: User) -> QuerySet[Any]:
    rows: Any = model._default_manager.all()
    if hasattr(rows, "visible_to"):
        rows = rows.visible_to(user)
    elif model is Engagement:
        rows = rows.filter(visit__in=Visit.objects.visible_to(user).values("pk"))
    elif model is Service and not user.has_perm("approvals.view_item"):
        rows = rows.none()
    else:
        rows = rows.filter(project__in=Project.objects.visible_to(user).values("pk"))
    found: QuerySet[Any] = rows
    return found


# --- What the trail says ------------------------------------------------------------------------------

# Of a project, what gives its rows to a task force or a unit and makes them count.
_DECIDING = {"task_force_id", "reporting_unit_id", "is_industrial"}


class _Trail:
    """The changes of these rows, of their projects and of their shares since a month was closed."""

    def __init__(self, rows: Iterable[Any], *, since: datetime.date) -> None:
        self._newest: dict[tuple[str, str], audit.Entry] = {}
        found = [(address, entry) for entry in _entries([*rows], since) for address in _addresses(entry)]
        once = {entry.pk: entry for _whose, entry in found}
        words = {entry.id: entry for entry in audit.in_words(once.values())}
        for address, entry in found:
            self._newest.setdefault(address, words[entry.pk])

    def newest(self, row: Any) -> audit.Entry | None:
        """What was last changed of a row, or of the project that it is about."""
        asked = [] if row is None else [_address(row)]
        asked += [(_PROJECT, str(row.project_id))] if getattr(row, "project_id", None) else []
        return next((self._newest[one] for one in asked if one in self._newest), None)


_PROJECT = Project._meta.db_table
_SHARE = Share._meta.db_table


def _address(row: Any) -> tuple[str, str]:
    return row._meta.db_table, str(row.pk)


def _entries(rows: Sequence[Any], since: datetime.date) -> list[AuditEntry]:
    """The newest first."""
    projects = {row.project_id for row in rows if getattr(row, "project_id", None)}
    tables, keys = {row._meta.db_table for row in rows}, [str(row.pk) for row in rows]
    own = Q(action="update", table__in=tables, row_id__in=keys)
    of_project = Q(action="update", table=_PROJECT, row_id__in=map(str, projects))
    from_that_day = timezone.make_aware(datetime.datetime.combine(since, datetime.time.min))
    found = AuditEntry.objects.filter(own | of_project | Q(table=_SHARE), at__gte=from_that_day)
    return list(found.order_by("-at", "-pk")) if rows else []


def _addresses(entry: AuditEntry) -> Iterator[tuple[str, str]]:
    """Whose change it is: of a share that of its project; of a project only what decides its figures."""
    said: Mapping[str, Any] = (entry.before or {}) | (entry.after or {})
    if entry.table == _SHARE:
        if "project_id" in said:
            yield _PROJECT, str(said["project_id"])
    elif entry.table != _PROJECT or said.keys() & _DECIDING:
        yield entry.table, entry.row_id


# --- As plain data --------------------------------------------------------------------------------------


def is_veiled(cause: Cause, user: User | None) -> bool:
    """Whether its project is confidential for this person: then nobody's words of it are told."""
    project = getattr(cause.row, "project", None)
    return user is not None and project is not None and face(project, user).is_veiled


def plain(cause: Cause, user: User | None = None) -> dict[str, Any]:
    """A cause as the command and the API tell it; amounts are strings of 万元, unrounded."""
    veiled = is_veiled(cause, user)
    return {
        "row": cause.row_id,
        "kind": cause.row._meta.label_lower if cause.row is not None else "",
        "project": getattr(getattr(cause.row, "project", None), "code", ""),
        "why": cause.why.value,
        "published": number(cause.published),
        "now": number(cause.now),
        "difference": number(cause.difference),
        "recorded_by": cause.recorded_by,
        "recorded_on": cause.recorded_on.isoformat() if cause.recorded_on else None,
        "verified_by": cause.verified_by,
        "verified_on": cause.verified_on.isoformat() if cause.verified_on else None,
        "reason": "" if veiled else cause.reason,
        "changes": [] if veiled else [f"{one.label}: {one.old} → {one.new}" for one in cause.changes],
    }


def number(value: Decimal | None) -> str | None:
    """Without the noughts that only the column adds: 12500.5 of 12500.500000."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
