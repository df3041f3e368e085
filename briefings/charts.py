"""The pictures of a briefing, drawn from the very figures that its text and tables print."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from briefings.choices import ScopeKind
from core.documents import Chart, Series
from core.money import format_yi, yi

Plain = Mapping[str, Any]


def of(told: Plain) -> dict[str, Chart]:
    """The charts by the section they stand under. Older contents have no months."""
    found = {}
    if rows := told.get("months"):
        is_city = told["about"]["scope"] == ScopeKind.CITY
        found["overall" if is_city else "signing"] = months(told["about"], rows)
    if rows := told.get("task_forces"):
        found["task_forces"] = peers(told["about"], rows, "各产业专班")
    return found


def months(about: Plain, rows: Sequence[Plain]) -> Chart:
    """Contracted investment month by month, this year beside last."""
    year = int(about["month"][:4])
    return Chart(
        title=f"{about['name']}各月合同投资额",
        unit="亿元",
        categories=[f"{int(row['month'][5:])}月" for row in rows],
        series=_pair(rows, f"{year}年", f"{year - 1}年")[::-1],  # in the order of time
        words=_in_words(rows, [f"{int(row['month'][5:])}月" for row in rows]),
    )


def peers(about: Plain, rows: Sequence[Plain], kind: str) -> Chart:
    """Task forces or units against each other, in the order of their table."""
    year = int(about["month"][:4])
    names = [str(row["name"]) for row in rows]
    return Chart(
        title=f"{about['spans']['year']['name']}{kind}合同投资额",
        unit="亿元",
        categories=names,
        series=_pair(rows, f"{year}年", f"{year - 1}年同期"),
        words=_in_words(rows, names),
        is_horizontal=True,
    )


def _pair(rows: Sequence[Plain], now: str, before: str) -> list[Series]:
    return [
        Series(now, [yi(Decimal(row["contracted"])) for row in rows]),
        Series(before, [yi(Decimal(row["base"])) for row in rows], is_pale=True),
    ]


def _in_words(rows: Sequence[Plain], names: Sequence[str]) -> str:
    """The same numbers for those who cannot see the picture."""
    told = (
        f"{name}{format_yi(Decimal(row['contracted']))}亿元（上年{format_yi(Decimal(row['base']))}亿元）"
        for name, row in zip(names, rows, strict=True)
    )
    return "、".join(told)
