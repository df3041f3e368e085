"""What the pages of briefings show, made ready for the templates: no query, no arithmetic but of days."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from briefings import content
from briefings.choices import BriefingState, ReviewKind, ScopeKind
from briefings.content import Value
from briefings.indicators import Unit
from briefings.models import Briefing, Review
from briefings.timetable import confirm_by
from core import money
from core.documents import Chart
from core.documents.drawing import Drawing, draw
from core.workdays import calendar

SIGNED_SHOWN = 30  # of the month's contracts; all of them stand behind the figure

LAMPS = {
    BriefingState.DRAFT: "waiting",
    BriefingState.REVIEWED: "info",
    BriefingState.RETURNED: "over_promise",
    BriefingState.SIGNED_OFF: "info",
    BriefingState.PUBLISHED: "done",
}


# --- Where a briefing stands ------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """A briefing's reviews read once: who confirmed, what is disputed, who acts next, how late."""

    briefing: Briefing
    reviews: Sequence[Review]
    leads: str
    today: datetime.date

    @property
    def open_disputes(self) -> list[Review]:
        answered = {review.answers_id for review in self.reviews}
        return [r for r in self.reviews if r.kind == ReviewKind.DISPUTED and r.pk not in answered]

    @property
    def lamp(self) -> str:
        return "over_promise" if self.late_days else LAMPS[BriefingState(self.briefing.state)]

    def last(self, *kinds: str) -> Review | None:
        return next((review for review in reversed(self.reviews) if review.kind in kinds), None)

    @property
    def confirmed(self) -> Review | None:
        """The confirmation that stands."""
        stands = self.briefing.state in (
            BriefingState.REVIEWED,
            BriefingState.SIGNED_OFF,
            BriefingState.PUBLISHED,
        )
        return self.last(*ReviewKind.CONFIRMING) if stands else None

    @property
    def due(self) -> datetime.date:
        return confirm_by(self.briefing.period.month)

    @property
    def late_days(self) -> int:
        """Working days since it should have been confirmed."""
        if self.briefing.state not in (BriefingState.DRAFT, BriefingState.RETURNED):
            return 0
        return max(0, calendar().between(self.due, self.today))

    @property
    def next_step(self) -> str:
        """Who acts next, in a sentence without a full stop."""
        if self.open_disputes:
            return _("The bureau answers a dispute")
        return {
            BriefingState.DRAFT: self._confirming(),
            BriefingState.RETURNED: _("The bureau drafts it again"),
            BriefingState.REVIEWED: _("The bureau's leader signs it off"),
            BriefingState.SIGNED_OFF: _("The bureau's leader publishes it"),
            BriefingState.PUBLISHED: "",
        }[BriefingState(self.briefing.state)]

    def _confirming(self) -> str:
        if self.briefing.scope == ScopeKind.CITY:
            return _("The bureau confirms its figures")
        if self.leads:
            return _("%(name)s confirms its figures") % {"name": self.leads}
        return _("Nobody answers for its figures yet: the system administrator enters who does")


@dataclass(frozen=True)
class Stage:
    """One of the four steps of the track on the page."""

    label: str
    state: str
    words: str


def track(standing: Standing) -> list[Stage]:
    briefing = standing.briefing
    order = [BriefingState.DRAFT, BriefingState.REVIEWED, BriefingState.SIGNED_OFF, BriefingState.PUBLISHED]
    reached = (
        0 if briefing.state == BriefingState.RETURNED else order.index(BriefingState(briefing.state)) + 1
    )
    steps = [
        (_("Drafted"), _moment(briefing.drafted_at)),
        (_("Figures confirmed"), _by(standing.confirmed) or _due(standing)),
        (_("Sign off"), _by(standing.last(ReviewKind.SIGNED_OFF)) if reached > 2 else ""),
        (_("Publish"), _by(standing.last(ReviewKind.PUBLISHED)) if reached > 3 else ""),
    ]
    return [
        Stage(label, "done" if n < reached else "now" if n == reached else "ahead", words)
        for n, (label, words) in enumerate(steps)
    ]


def _due(standing: Standing) -> str:
    if standing.late_days:
        return _("due %(day)s, %(count)d working days late") % {
            "day": _short(standing.due),
            "count": standing.late_days,
        }
    return _("due %(day)s") % {"day": _short(standing.due)}


def _by(review: Review | None) -> str:
    return f"{review.by.name} {_moment(review.at)}" if review else ""


def _moment(at: datetime.datetime) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M}"


def _short(day: datetime.date) -> str:
    return f"{day:%m-%d}"


def story(reviews: Iterable[Review], told: Mapping[str, Any]) -> list[dict[str, str]]:
    """The history, newest first."""
    values = content.values(told)
    return [
        {
            "on": _moment(review.at),
            "iso": review.at.isoformat(),
            "what": _what(review, values),
            "who": review.by.name,
            "note": _note(review, values),
        }
        for review in sorted(reviews, key=lambda review: -review.pk)
    ]


def _what(review: Review, values: Mapping[str, Value]) -> str:
    if review.figure in values:
        value = values[review.figure]
        return _("%(what)s: %(figure)s") % {"what": review.get_kind_display(), "figure": value.label}
    return review.get_kind_display()


def _note(review: Review, values: Mapping[str, Value]) -> str:
    """The reason given, else what changed; of the city's confirmation also who had not confirmed then."""
    note = review.reason or _changes(review, values)
    if missing := review.facts.get("without"):
        names = _("Not confirmed then: %(names)s") % {"names": ", ".join(missing)}
        return f"{note} · {names}" if note else names
    return note


def _changes(review: Review, values: Mapping[str, Value]) -> str:
    """What a repeated draft changed: 合同投资额 652.00 → 653.00 亿元."""
    changed = review.facts.get("changed", [])
    words = [
        f"{values[key].label} {content.print_value(before, values[key].unit)} → "
        f"{content.print_value(after, values[key].unit)} {values[key].printed_unit}"
        for key, before, after in changed[:3]
        if key in values
    ]
    if len(changed) > 3:
        words.append(_("and %(count)d more figures") % {"count": len(changed) - 3})
    return "; ".join(words) or review.facts.get("number", "")


# --- Figures and tables ------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A printed number that opens what it counted."""

    text: str
    url: str = ""
    disputed: bool = False


@dataclass(frozen=True)
class FigureRow:
    name: str
    formula: str
    unit: str
    year: Cell
    base: str
    yoy: Decimal | None
    month: Cell | None
    good: str


def figure_rows(briefing: Briefing, disputed: frozenset[str]) -> list[FigureRow]:
    values = content.values(briefing.content)

    def cell(key: str) -> Cell | None:
        if key not in values:
            return None
        return Cell(values[key].printed, counted_url(briefing, key), key in disputed)

    rows = []
    for row in briefing.content["figures"]:
        year = values[f"{row['code']}:year"]
        rows.append(
            FigureRow(
                name=content.named(row),
                formula=content.named(row, "formula"),
                unit=year.printed_unit,
                year=cell(year.key) or Cell(year.printed),
                base=year.printed_base,
                yoy=None if year.yoy is None else Decimal(year.yoy),
                month=cell(f"{row['code']}:month"),
                good="down" if row["fewer_is_better"] else "up",
            )
        )
    return rows


def counted_url(briefing: Briefing, key: str) -> str:
    return reverse("briefings:briefing_counted", args=[briefing.pk, key])


def batch_rows(briefing: Briefing) -> list[dict[str, Any]]:
    return [
        {
            "name": content.named(row),
            "count": Cell(str(row["count"]), counted_url(briefing, f"batch_{row['batch']}:year")),
            "amount": money.format_yi(Decimal(row["amount"])),
            "arrived": Cell(str(row["arrived"]), counted_url(briefing, f"arrived_{row['batch']}:month")),
        }
        for row in briefing.content["batches"]
    ]


COLUMNS = {  # of a ranking table: its field, and the figure of the peer's own briefing behind it
    "projects_signed": "projects_signed:year",
    "contracted": "contracted:year",
    "month": "contracted:month",
    "industrial_100m_projects": "industrial_100m_projects:year",
    "contracted_industrial_100m": "contracted_industrial_100m:year",
    "started": "started:year",
    "stalled_items": "stalled_items:year",
}
_AMOUNTS = ("contracted", "month", "contracted_industrial_100m")


def ranking_rows(rows: Sequence[Mapping[str, Any]], peers: Mapping[str, Briefing]) -> list[dict[str, Any]]:
    """`peers` are the briefings of the same month that the reader may open: their numbers open."""
    most = max((Decimal(row["contracted"]) for row in rows), default=Decimal(0))
    return [
        {
            "rank": row["rank"],
            "name": content.named(row),
            "url": peers[row["key"]].get_absolute_url() if row["key"] in peers else "",
            "amount": Decimal(row["contracted"]),
            "most": most,
            "base": money.format_yi(Decimal(row["base"])),
            "yoy": None if row["yoy"] is None else Decimal(row["yoy"]),
            "done": None if row.get("done") is None else Decimal(row["done"]),
            **{field: _peer_cell(row, field, peers.get(row["key"])) for field in COLUMNS},
        }
        for row in rows
    ]


def _peer_cell(row: Mapping[str, Any], field: str, peer: Briefing | None) -> Cell:
    text = money.format_yi(Decimal(row[field])) if field in _AMOUNTS else row[field]
    return Cell(text, counted_url(peer, COLUMNS[field]) if peer else "")


def signed_rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    kinds = {
        "new": _("New contract"),
        "add_on": _("Add-on"),
        "reduced": _("Reduced"),
        "voided": _("Voided"),
        "correction": _("Correction"),
    }
    return [
        {
            **_in_words(row),
            "url": reverse("projects:project", args=[row["project"]]),
            "amount": money.format_yi(Decimal(row["amount"])),
            "kind": kinds.get(row["kind"], row["kind"]),
            "is_new": row["kind"] == "new",
        }
        for row in told["signed"][:SIGNED_SHOWN]
    ]


def listed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stalled items or open issues, each with the address of its project."""
    return [{**_in_words(row), "url": reverse("projects:project", args=[row["project"]])} for row in rows]


def _in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its names in the reader's language."""
    fields = [field for field in ("task_force", "unit", "acts", "item") if f"{field}_en" in row]
    return {**row, **{field: content.named(row, field) for field in fields}}


def ranking_chart(title: str, rows: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Contracted investment of the year beside that of last year, in the order of the table."""
    return {
        "title": title,
        "unit": "亿元",
        "label": label,
        "kind": "bar",
        "horizontal": True,
        "categories": [content.named(row) for row in rows],
        "series": [
            {"name": _("This year"), "values": [money.format_yi(Decimal(row["contracted"])) for row in rows]},
            {
                "name": _("Same months last year"),
                "values": [money.format_yi(Decimal(row["base"])) for row in rows],
                "pale": True,
            },
        ],
    }


@dataclass(frozen=True)
class Picture:
    """A chart of the document, drawn for the page at the same places."""

    chart: Chart
    drawing: Drawing


PAPER = 440.0  # points: the width of the text in the document


def picture(chart: Chart | None) -> Picture | None:
    return Picture(chart, draw(chart, PAPER)) if chart else None


def batch_chart(told: Mapping[str, Any]) -> dict[str, Any]:
    rows = told["batches"]
    return {
        "title": _("The seven batches"),
        "unit": content.printed_unit(Unit.PROJECTS),
        "label": _("Batch"),
        "kind": "bar",
        "categories": [content.named(row) for row in rows],
        "series": [
            {"name": _("At the end of the month"), "values": [row["count"] for row in rows]},
            {"name": _("Arrived in the month"), "values": [row["arrived"] for row in rows]},
        ],
    }
