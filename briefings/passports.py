"""The passport of a figure: what it is, by which rules, what was counted, what was left out and why.

For any indicator, scope, span of months, day of knowledge and set of counting rules. Counted and left
out together are all contract events signed in the months of the scope, and what counts in them from
elsewhere; each one left out has one reason (`LeftOut`). A passport has a short reference, which stands
in documents and answers and leads back to it.
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext as _

from briefings import counting, counting_rules, figures
from briefings.choices import LeftOut, Shares, Voids
from briefings.counting_rules import UnknownRules
from briefings.figures import CITY, By, Figure, Indicator, Rate, Scope, UnknownIndicator, Window
from briefings.indicators import EVENTS
from core import money
from core.refusal import Refusal
from projects.choices import EventKind, Verdict
from projects.models import ContractEvent, Share
from taskforces.models import ReportingUnit, TaskForce

NO_AMOUNT = (EventKind.EXTENDED, EventKind.PARTY_CHANGED)
OF_LARGE = (EventKind.SIGNED, EventKind.CORRECTION, EventKind.VOIDED)


class UnknownReference(Refusal):
    """No figure has this reference."""

    http_status = 404


# --- References -----------------------------------------------------------------------------------

_SHAPE = re.compile(
    r"P-(?P<code>[a-z0-9_]+)-(?P<last>\d{4}-\d{2})-(?P<span>Y|M|F\d{6})"
    r"(?:-city)?(?:-force(?P<force>[\w-]+?))?(?:-unit(?P<unit>[\w-]+?))?"
    r"-R(?P<rules>\d{6}v\d+)(?:-K(?P<known>\d{8}))?",
    re.ASCII,
)


def reference(code: str, window: Window, scope: Scope = CITY) -> str:
    """`P-contracted-2025-06-Y-unit450223-R202501v1`: from January (Y), the month alone (M) or from a
    month of another year (F202407). Empty under rules that are only tried: they stand nowhere."""
    if not window.rules.label:
        return ""
    parts = ["P", code, f"{window.last_month:%Y-%m}", _span(window), *_scope(scope)]
    parts.append("R" + window.rules.label.replace("-", "").replace(" ", ""))
    if window.as_known_on:
        parts.append(f"K{window.as_known_on:%Y%m%d}")
    return "-".join(parts)


def _span(window: Window) -> str:
    if window.first_month == window.last_month:
        return "M"
    return "Y" if window == _year_to(window) else f"F{window.first_month:%Y%m}"


def _year_to(window: Window) -> Window:
    january = window.last_month.replace(month=1)
    return Window(january, window.last_month, window.as_known_on, window.rules)


def _scope(scope: Scope) -> list[str]:
    force = [f"force{scope.task_force.code}"] if scope.task_force else []
    unit = [f"unit{scope.unit.code}"] if scope.unit else []
    return force + unit or ["city"]


def resolve(text: str) -> "Passport":
    """The passport that a reference leads to; raises UnknownReference."""
    match = _SHAPE.fullmatch(text.strip())
    try:
        return _resolved(match) if match else _unknown(text)
    except (ValueError, UnknownRules, UnknownIndicator, LookupError, *_MISSING):
        return _unknown(text)


_MISSING = (TaskForce.DoesNotExist, ReportingUnit.DoesNotExist)


def _resolved(match: re.Match[str]) -> "Passport":
    last = datetime.date.fromisoformat(f"{match['last']}-01")
    rules = counting_rules.labelled(re.sub(r"(\d{4})(\d{2})v", r"\1-\2 v", match["rules"]))
    known = datetime.datetime.strptime(match["known"], "%Y%m%d").date() if match["known"] else None  # noqa: DTZ007
    return of(
        match["code"],
        Window(_first_month(match["span"], last), last, known, rules),
        Scope(
            TaskForce.objects.get(code=match["force"]) if match["force"] else None,
            ReportingUnit.objects.get(code=match["unit"]) if match["unit"] else None,
        ),
    )


def _first_month(span: str, last: datetime.date) -> datetime.date:
    if span == "M":
        return last
    return last.replace(month=1) if span == "Y" else datetime.date(int(span[1:5]), int(span[5:]), 1)


def _unknown(text: str) -> "Passport":
    raise UnknownReference(
        _("No figure has the reference “%(text)s”. Copy it whole, as it stands in the document.")
        % {"text": text}
    )


# --- The passport ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Breakdown:
    """A figure in its parts (months or units), and what they come to."""

    parts: list[tuple[Any, Figure]]
    total: Decimal | int
    difference: Decimal | int

    @property
    def adds_up(self) -> bool:
        """Not where what counts once in the whole counts in several of its parts."""
        return not self.difference


@dataclass(frozen=True)
class Reason:
    """Why some events were left out, how many, and their amounts as entered (万元)."""

    code: str
    events: int
    amount: Decimal

    @property
    def word(self) -> str:
        return str(LeftOut(self.code).label)


@dataclass(frozen=True)
class Passport:
    found: Indicator | Rate
    window: Window
    scope: Scope
    read: dict[By | None, dict[Any, dict[str, Figure]]] = field(repr=False)

    @property
    def reference(self) -> str:
        return reference(self.found.code, self.window, self.scope)

    @property
    def figure(self) -> Figure:
        return self.read[None][None][self.found.code]

    @property
    def months(self) -> dict[datetime.date, Figure]:
        return {month: figures[self.found.code] for month, figures in self.read["month"].items()}

    def by_month(self) -> Breakdown | None:
        """None where months do not add up by nature: stocks, rates, a single month."""
        if not isinstance(self.found, Indicator) or self.found.open_between[0] or len(self.window.months) < 2:
            return None
        return self._breakdown(self.months)

    @cached_property
    def by_unit(self) -> Breakdown | None:
        """None for a rate, and where the scope is a unit already."""
        dimensions = [*self.scope.narrowed_by, "unit"]
        if isinstance(self.found, Rate) or self.scope.unit or not self.found.source.knows(dimensions):
            return None
        code = self.found.code
        units = figures.compute([code], self.window, self.scope, by="unit")
        return self._breakdown({unit: of[code] for unit, of in units.items() if code in of})

    def _breakdown(self, parts: Mapping[Any, Figure]) -> Breakdown:
        total = sum((figure.value or 0 for figure in parts.values()), Decimal(0))
        shown = [(part, figure) for part, figure in parts.items() if figure.value or figure.base]
        return Breakdown(shown, total, total - (self.figure.value or 0))

    @cached_property
    def counted(self) -> QuerySet[Any]:
        """The rows behind the figure (see `figures.counted`)."""
        return figures.counted(self.found.code, self.window, self.scope)

    @cached_property
    def left_out(self) -> QuerySet[Any] | None:
        """The events of these months that are not in it, with `why`; None where it counts no events."""
        if self.found.source is not EVENTS:
            return None
        rows = explained(self.found, self.window, self.scope)
        rows = rows.filter(signed_on__range=(self.window.first_day, self.window.last_day))
        return rows.exclude(pk__in=self.counted.order_by().values("pk"))


def of(code: str, window: Window, scope: Scope = CITY) -> Passport:
    """The passport of a figure. Raises UnknownIndicator; LookupError where the scope cannot have it."""
    found = figures.indicator(code)
    if not found.source.knows(scope.narrowed_by):
        raise LookupError(code)
    return Passport(found, window, scope, figures.together([code], window, scope, by=(None, "month")))


def reasons(left_out: QuerySet[Any]) -> list[Reason]:
    """How many events were left out for which reason, in the order of `LeftOut`."""
    found = {
        row["why"]: Reason(row["why"], row["events"], row["sum"] or Decimal(0))
        for row in left_out.order_by().values("why").annotate(events=Count("pk"), sum=Sum("amount"))
    }
    return [found[why] for why in LeftOut.values if why in found]


# --- Why an event is left out ---------------------------------------------------------------------


def explained(found: Indicator | Rate, window: Window, scope: Scope = CITY) -> QuerySet[Any]:
    """Every event of a scope with `why`: the reason for which it would be left out of this figure. Of
    what is counted it says nothing true."""
    base = figures.base_of(found)
    rows = counting.every(window.as_known_on, window.rules).filter(_within(scope))
    whens = [When(condition, then=Value(why.value)) for why, condition in _conditions(base, window, scope)]
    last = LeftOut.NOT_YET if base.done_by else LeftOut.NOTHING
    return rows.annotate(why=Case(*whens, default=Value(last.value), output_field=CharField()))


def _within(scope: Scope) -> Q:
    """Of the scope: entered by the unit, or shared by it."""
    within = Q()
    if scope.task_force:
        within &= Q(project__task_force=scope.task_force)
    if scope.unit:
        within &= Q(project__reporting_unit=scope.unit) | Q(Exists(_shares(scope.unit)))
    return within


def _shares(unit: ReportingUnit | None = None) -> QuerySet[Share]:
    shares = Share.objects.filter(project=OuterRef("project"))
    return shares.filter(unit=unit) if unit else shares


def _conditions(base: Indicator, window: Window, scope: Scope) -> list[tuple[LeftOut, Q]]:
    rules, known_on = window.rules, window.as_known_on
    waiting = Q(verdict__isnull=True)
    conditions = []
    if known_on:
        conditions.append((LeftOut.NOT_KNOWN, Q(recorded_on__gt=known_on)))
        waiting |= Q(verdict__on__gt=known_on)
    conditions += [
        (LeftOut.WAITING, waiting),
        (LeftOut.RETURNED, Q(verdict__verdict=Verdict.RETURNED)),
        (LeftOut.FRAMEWORK, Q(kind=EventKind.FRAMEWORK)),
        (LeftOut.NO_AMOUNT, Q(kind__in=NO_AMOUNT)),
        (LeftOut.EXCLUDED, ~counting.counts_in_spite(rules)),
        (LeftOut.OTHER_KIND, ~Q(kind__in=kinds_of(base))),
        (LeftOut.SECOND, Q(is_second=True)),
    ]
    if scope.unit:
        conditions.append((LeftOut.OTHER_UNIT, _of_another_unit(rules.shares, scope.unit)))
    if is_large(base):
        conditions.append((LeftOut.NOT_INDUSTRIAL, Q(project__is_industrial=False)))
    if rules.voids == Voids.IGNORE:
        conditions.append((LeftOut.VOID_IGNORED, Q(kind=EventKind.VOIDED)))
    conditions.append((LeftOut.OTHER_MONTH, ~Q(counted_on__range=(window.first_day, window.last_day))))
    signed = Q(kind=EventKind.SIGNED)
    if "is_new" in base.of or "is_large_new" in base.of:
        conditions.append((LeftOut.VOIDED, signed & Q(is_new=False)))
    if is_large(base):
        conditions.append((LeftOut.BELOW, signed & Q(amount__lt=rules.large_from)))
    return conditions


def _of_another_unit(shares: str, unit: ReportingUnit) -> Q:
    if shares == Shares.LEAD_UNIT:
        return ~Q(project__reporting_unit=unit)
    return Q(Exists(_shares())) & ~Q(Exists(_shares(unit)))


def is_large(base: Indicator) -> bool:
    """Whether only large industrial projects count."""
    return base.adds == "large_cents" or "is_large_new" in base.of


def kinds_of(base: Indicator) -> Sequence[str]:
    """The kinds of event that can be in a figure."""
    if "kind" in base.of:
        return (str(base.of["kind"]),)
    if "is_new" in base.of or "is_large_new" in base.of:
        return (EventKind.SIGNED,)
    return OF_LARGE if base.adds == "large_cents" else EventKind.WITH_AMOUNT


# --- As plain data --------------------------------------------------------------------------------


def plain(passport: Passport) -> dict[str, Any]:
    """What the passport says before its rows: command and API print this object."""
    window, rules = passport.window, passport.window.rules
    return {
        "reference": passport.reference,
        "indicator": passport.found.code,
        "name": str(passport.found.name),
        "formula": str(passport.found.formula),
        "unit": passport.found.unit,
        "task_force": passport.scope.task_force.code if passport.scope.task_force else None,
        "reporting_unit": passport.scope.unit.code if passport.scope.unit else None,
        "from": f"{window.first_month:%Y-%m}",
        "to": f"{window.last_month:%Y-%m}",
        "as_known_on": window.as_known_on.isoformat() if window.as_known_on else None,
        "rules": {"version": rules.label, **rules.values, "large_from": exact(rules.large_from)},
        "value": exact(passport.figure.value),
        "base": exact(passport.figure.base),
        "by_month": _plain_parts(passport.by_month()),
        "by_unit": _plain_parts(passport.by_unit),
    }


def _plain_parts(breakdown: Breakdown | None) -> dict[str, Any] | None:
    if breakdown is None:
        return None
    parts = {_part_name(part): exact(figure.value) for part, figure in breakdown.parts}
    return {"parts": parts, "sum": exact(breakdown.total), "adds_up": breakdown.adds_up}


def _part_name(part: Any) -> str:
    if part is None:
        return _("The city itself")
    return f"{part:%Y-%m}" if isinstance(part, datetime.date) else part.code


def exact(value: Decimal | int | None) -> str | None:
    """A number as text, so that no reader rounds it."""
    if value is None or isinstance(value, int):
        return None if value is None else str(value)
    return f"{value.normalize():f}"


def exact_words(found: Indicator | Rate, value: Decimal | int | None) -> str:
    """Amounts in 万元 with every place they have, counts whole."""
    if value is None:
        return money.NO_VALUE
    return f"{Decimal(value).normalize():,f}" if found.is_amount else f"{int(value)}"


def plain_row(row: Any, found: Indicator | Rate) -> dict[str, Any]:
    """One row behind the figure: a contract event with what it adds; of other kinds the key and project."""
    told: dict[str, Any] = {"id": row.pk, "project": row.project.code if hasattr(row, "project") else None}
    if found.is_amount:
        told["counted"] = exact(figures.in_wan(row.part))
    if found.source is EVENTS:
        told |= _plain_event(row) | {"counted_on": row.counted_on.isoformat(), "late": bool(row.late)}
    return told


def plain_left_out(event: Any) -> dict[str, Any]:
    """One event that is not in the figure, with its one reason."""
    reason = event.exclusion_reason if event.why == LeftOut.EXCLUDED else ""
    told = {"id": event.pk, "project": event.project.code, "why": event.why, "reason": reason}
    return told | _plain_event(event)


def _plain_event(event: ContractEvent) -> dict[str, Any]:
    return {"kind": event.kind, "amount": f"{event.amount:.2f}", "signed_on": event.signed_on.isoformat()}


def plain_reasons(found: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"why": one.code, "events": one.events, "word": one.word} for one in found]


def in_order(rows: QuerySet[Any], found: Indicator | Rate) -> QuerySet[Any]:
    """Amounts the largest first, else as they were entered."""
    rows = rows.order_by("-part", "pk") if found.is_amount else rows.order_by("pk")
    has_project = any(field.name == "project" for field in rows.model._meta.fields)
    return rows.select_related("project") if has_project else rows


# --- An annex of references -----------------------------------------------------------------------


@dataclass(frozen=True)
class AnnexRow:
    """One line of a document's annex: the figure's name, its value and the reference to its passport."""

    name: str
    months: str
    value: str
    unit: str
    reference: str


def annex(
    codes: Iterable[str], window: Window, scope: Scope = CITY, *, values: Mapping[str, str] | None = None
) -> list[AnnexRow]:
    """The rows of a document's annex “where these figures come from”, for the figures of one window.

    For `documents`: one call for the year so far and one for the month alone, `values` being the figures
    as the document prints them (by code); without them the annex names the references alone.
    """
    months = f"{window.first_month:%Y-%m}" + (
        "" if window.first_month == window.last_month else f" – {window.last_month:%Y-%m}"
    )
    return [
        AnnexRow(
            str(found.name),
            months,
            (values or {}).get(found.code, ""),
            found.unit,
            reference(found.code, window, scope),
        )
        for found in map(figures.indicator, codes)
    ]
