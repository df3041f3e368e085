"""Narrowing the rows of a ledger down to what needs eyes."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ledgers.choices import State, Verdict
from ledgers.declaring import Kind
from ledgers.models import LedgerRow

# A row is shown under its worst cell: what is refused goes before what is asked.
EYES = (State.REFUSED, State.ASKED, State.ASSUMED)


class RowFilter(django_filters.FilterSet):
    """By what a row is, its worst cell, its sheet, and words of its name."""

    verdict = django_filters.ChoiceFilter(label=_("What it is"), choices=Verdict.choices)
    state = django_filters.ChoiceFilter(label=_("Worst cell"), choices=State.choices, field_name="worst")
    sheet = django_filters.CharFilter(label=_("Sheet"))
    open = django_filters.BooleanFilter(label=_("To be decided"), method="undecided")
    q = django_filters.CharFilter(label=_("Search"), method="named")

    class Meta:
        model = LedgerRow
        fields: list[str] = []

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def undecided(self, rows: QuerySet[LedgerRow], _name: str, wanted: bool) -> QuerySet[LedgerRow]:
        undecided = Q(verdict=Verdict.LOOKALIKE, decision="")
        return rows.filter(undecided) if wanted else rows.exclude(undecided)

    def named(self, rows: QuerySet[LedgerRow], _name: str, words: str) -> QuerySet[LedgerRow]:
        """In what was read of the fields that tell one row from the others."""
        keys = [field.name for field in self.kind.fields if field.is_key] or [self.kind.fields[0].name]
        found = Q()
        for name in keys:
            found |= Q(**{f"cells__{name}__1__icontains": words})
        return rows.filter(found)
