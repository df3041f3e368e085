"""Visits from a ledger: which stand in the books, entering them, and taking them back.

The same day, level and leading unit are one visit; a party is met once on a visit at a place. What came of
a meeting may be told later: then the row is a changed one. A cell left empty takes nothing away.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from ledgers.choices import Verdict
from ledgers.declaring import Undoing
from ledgers.models import Ledger, LedgerRow
from outreach.models import Engagement, Visit, VisitLevel
from taskforces.models import ReportingUnit

CITY = "city"  # who led, where no unit did
TOLD = ("kind", "outcome")  # what may differ of a meeting that stands

Journey = tuple[datetime.date, str, int | None]  # what makes a visit one
Meeting = tuple[Journey, str, str]  # with whom and where


@dataclass(frozen=True)
class Books:
    """What stands of the visits that some rows speak of: two queries."""

    units: dict[str, int]
    visits: dict[Journey, Visit]
    meetings: dict[Meeting, Engagement]

    @classmethod
    def of(cls, rows: Iterable[LedgerRow]) -> "Books":
        units = dict(ReportingUnit.objects.values_list("code", "pk"))
        days = {row.value("on") for row in rows if row.value("on")}
        visits = {(v.on, v.level, v.unit_id): v for v in Visit.objects.filter(on__in=days).order_by("pk")}
        met = Engagement.objects.filter(visit__in=visits.values()).select_related("visit").order_by("pk")
        meetings = {((e.visit.on, e.visit.level, e.visit.unit_id), e.party, e.place): e for e in met}
        return cls(units, visits, meetings)

    def journey(self, row: LedgerRow) -> Journey:
        unit = row.value("unit")
        level = VisitLevel.CITY if unit == CITY else VisitLevel.COUNTY
        return datetime.date.fromisoformat(row.value("on")), level.value, self.units.get(unit)

    def meeting(self, row: LedgerRow) -> Meeting:
        return self.journey(row), row.value("party"), row.value("place")


def _is_whole(row: LedgerRow) -> bool:
    return all(row.value(field) for field in ("party", "on", "unit", "place"))


# --- Beside the books -----------------------------------------------------------------------------------


def match(rows: Sequence[LedgerRow], *, ledger: Ledger, user: User) -> None:
    """New, the same, or with something else told of the meeting."""
    whole = [row for row in rows if row.verdict != Verdict.REFUSED and _is_whole(row)]
    books = Books.of(whole)
    for row in whole:
        known = books.meetings.get(books.meeting(row))
        row.verdict, row.target, row.changes = Verdict.NEW, None, {}
        if known is not None:
            row.target, row.changes = known.pk, _changes(row, known)
            row.verdict = Verdict.CHANGED if row.changes else Verdict.SAME


def _changes(row: LedgerRow, known: Engagement) -> dict[str, list[str]]:
    pairs = {field: [getattr(known, field), row.value(field) or ""] for field in TOLD}
    return {field: pair for field, pair in pairs.items() if pair[1] and pair[0] != pair[1]}


# --- Entering -------------------------------------------------------------------------------------------


def enter(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User, tell: Callable[[int], None]) -> None:
    """Write the rows; what stands already by then, or twice in the ledger, is written once."""
    books = Books.of(rows)
    _open_visits(rows, books, ledger)
    for number, row in enumerate(rows, start=1):
        known = books.meetings.get(books.meeting(row))
        if known is None:
            _meet(row, books, ledger)
        else:
            _tell_more(row, known)
        tell(number)


def _open_visits(rows: Iterable[LedgerRow], books: Books, ledger: Ledger) -> None:
    missing = {journey: row for row in rows if (journey := books.journey(row)) not in books.visits}
    for (on, level, unit), row in missing.items():
        visit, made = Visit.objects.get_or_create(
            on=on,
            level=level,
            unit_id=unit,
            defaults={"source": row.source(ledger.file.name), "recorded_on": ledger.handed_in_on},
        )
        books.visits[on, level, unit] = visit
        if made:
            _made(ledger).add(visit.pk)


def _made(ledger: Ledger) -> set[int]:
    """The visits that this commit has opened, over all its blocks."""
    made: set[int] = ledger.__dict__.setdefault("_visits_made", set())
    return made


def _meet(row: LedgerRow, books: Books, ledger: Ledger) -> None:
    visit = books.visits[books.journey(row)]
    told = {"kind": row.value("kind"), "outcome": row.value("outcome") or ""}
    met = Engagement.objects.create(visit=visit, party=row.value("party"), place=row.value("place"), **told)
    books.meetings[books.meeting(row)] = met
    row.written = met.pk
    row.undo = {"made": True, "left": told}
    if visit.pk in _made(ledger):
        row.undo["visit"] = visit.pk


def _tell_more(row: LedgerRow, known: Engagement) -> None:
    row.written, row.undo = known.pk, {}
    changes = _changes(row, known)
    if not changes:
        return
    for field, (_old, new) in changes.items():
        setattr(known, field, new)
    known.save(update_fields=list(changes))
    row.undo = {
        "before": {field: old for field, (old, _new) in changes.items()},
        "left": {field: new for field, (_old, new) in changes.items()},
    }


# --- Taking back ----------------------------------------------------------------------------------------


def take_back(rows: Sequence[LedgerRow], *, ledger: Ledger, by: User) -> Undoing:
    """Meetings that the ledger brought go, what it changed is as before; a visit goes with its last
    meeting. A meeting that became a project, or of which something else was told since, hinders it."""
    told = _told(rows, ledger)
    met = Engagement.objects.select_related("project").in_bulk(list(told))
    hindrances = [_hindrance(told[pk], one) for pk, one in met.items()]
    if not any(hindrances):
        for pk, one in met.items():
            _carry_out(told[pk], one)
    return Undoing([sentence for sentence in hindrances if sentence])


def _told(rows: Sequence[LedgerRow], ledger: Ledger) -> dict[int, list[LedgerRow]]:
    """By meeting, all that the ledger told of it in whichever block, each meeting in one block only."""
    taken: set[int] = ledger.__dict__.setdefault("_meetings_taken_back", set())
    touched = {row.written for row in rows if row.written is not None and row.undo} - taken
    taken |= touched
    told: dict[int, list[LedgerRow]] = {}
    for row in ledger.rows.filter(written__in=touched).exclude(undo={}).order_by("pk"):
        assert row.written is not None
        told.setdefault(row.written, []).append(row)
    return told


def _hindrance(told: Sequence[LedgerRow], met: Engagement) -> str:
    if told[0].undo.get("made") and met.project is not None:
        return _("The meeting with “%(party)s” has become project %(project)s.") % {
            "party": met.party,
            "project": met.project.code,
        }
    left: dict[str, Any] = {}
    for row in told:
        left |= row.undo["left"]
    if any(getattr(met, field) != value for field, value in left.items()):
        return _("Of the meeting with “%(party)s” something else was told since.") % {"party": met.party}
    return ""


def _carry_out(told: Sequence[LedgerRow], met: Engagement) -> None:
    if told[0].undo.get("made"):
        met.delete()
        Visit.objects.filter(pk=told[0].undo.get("visit"), engagements__isnull=True).delete()
        return
    for row in reversed(told):
        for field, before in row.undo["before"].items():
            setattr(met, field, before)
    met.save(update_fields=list(TOLD))
