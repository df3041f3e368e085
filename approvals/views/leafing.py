"""Leafing through long lists without counting whole tables."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

ROWS = 50
CAP = 10_000  # up to here a list is counted and leafed through; beyond, it asks to be narrowed


class Leaves(Paginator):
    """Pages of fifty rows, counted up to the cap."""

    def __init__(self, rows: QuerySet[Any], *, most: int | None = None) -> None:
        """`most`: so many on one page instead, for whoever asks to see all."""
        super().__init__(rows, most or ROWS)
        self._rows = rows

    @cached_property
    def _counted(self) -> int:
        return self._rows.order_by()[: CAP + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, CAP)

    @property
    def is_capped(self) -> bool:
        return self._counted > CAP
