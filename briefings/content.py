"""Reading what a briefing says: its figures by key, printed as page and document print them.

A content is plain data (see `briefings.telling`): amounts are strings of 万元, unrounded; days are ISO
dates; names stand in both languages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext, pgettext_lazy

from briefings.choices import Span
from briefings.indicators import Unit
from core import money


@dataclass(frozen=True)
class Value:
    """One figure of a content, over one span."""

    code: str
    span: str
    name: str
    months: str
    value: str | None
    base: str | None
    yoy: str | None
    unit: str
    is_stock: bool

    @property
    def key(self) -> str:
        return f"{self.code}:{self.span}"

    @property
    def label(self) -> str:
        return gettext("%(figure)s (%(months)s)") % {"figure": self.name, "months": self.months}

    def __str__(self) -> str:
        return f"{self.label} {self.printed} {self.printed_unit}"

    @property
    def printed(self) -> str:
        return print_value(self.value, self.unit)

    @property
    def printed_base(self) -> str:
        return print_value(self.base, self.unit)

    @property
    def printed_unit(self) -> str:
        return printed_unit(self.unit)


def values(content: Mapping[str, Any]) -> dict[str, Value]:
    """Every figure of a content by its key ("contracted:year"), in the order of the page."""
    return {value.key: value for value in [*_figures(content), *_batches(content)]}


def _figures(content: Mapping[str, Any]) -> Iterator[Value]:
    for row in content.get("figures", ()):
        for span in Span.values:
            if row[span] is not None:
                yield Value(
                    code=row["code"],
                    span=span,
                    name=named(row),
                    months=_months(content, span, is_stock=row["is_stock"]),
                    unit=row["unit"],
                    is_stock=row["is_stock"],
                    **row[span],
                )


def _batches(content: Mapping[str, Any]) -> Iterator[Value]:
    """The stock of each batch at the end, and what arrived in the month."""
    for row in content.get("batches", ()):
        counts = (
            (Span.YEAR.value, "batch", row["count"], gettext("Projects in batch “%(batch)s”")),
            (Span.MONTH.value, "arrived", row["arrived"], gettext("Projects that arrived in “%(batch)s”")),
        )
        for span, kind, count, name in counts:
            is_stock = kind == "batch"
            yield Value(
                code=f"{kind}_{row['batch']}",
                span=span,
                name=name % {"batch": named(row)},
                months=_months(content, span, is_stock=is_stock),
                value=str(count),
                base=None,
                yoy=None,
                unit=Unit.PROJECTS,
                is_stock=is_stock,
            )


def _months(content: Mapping[str, Any], span: str, *, is_stock: bool) -> str:
    if is_stock:
        return gettext("at the end of %(day)s") % {"day": content["about"]["until"]}
    return named(content["about"]["spans"][span])


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[list[str | None]]:
    """The figures that read otherwise now: key, before, after."""
    old, new = values(before), values(after)
    return [
        [key, old[key].value if key in old else None, value.value]
        for key, value in new.items()
        if key not in old or old[key].value != value.value
    ]


def print_value(value: str | None, unit: str) -> str:
    """Money in 亿元 with two places, a count as a whole number, "—" for nothing."""
    if value is None:
        return money.NO_VALUE
    return money.format_yi(Decimal(value)) if unit == Unit.WAN else value


UNITS = {
    Unit.PROJECTS: pgettext_lazy("unit of a figure", "projects"),
    Unit.VISITS: pgettext_lazy("unit of a figure", "visits"),
    Unit.PARTIES: pgettext_lazy("unit of a figure", "parties"),
    Unit.ISSUES: pgettext_lazy("unit of a figure", "issues"),
    Unit.ITEMS: pgettext_lazy("unit of a figure", "items"),
}


def printed_unit(unit: str) -> str:
    """The unit beside a printed number, in the reader's language."""
    return "亿元" if unit == Unit.WAN else str(UNITS.get(unit, unit))


def named(row: Mapping[str, Any], field: str = "name") -> str:
    """The name, or another field kept in both languages, in the reader's."""
    english = (get_language() or "").startswith("en")
    return str(row[f"{field}_en"] if english and row.get(f"{field}_en") else row[field])
