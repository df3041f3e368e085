"""Narrowing the rows of a ledger down to what needs eyes."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ledgers.choices import LedgerState, State, Verdict
from ledgers.declaring import Kind
from ledgers.models import Ledger, LedgerRow


class LedgerFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=LedgerState.choices)
    sender = django_filters.CharFilter(label=_("Whose ledger it is"))
    kind = django_filters.CharFilter(label=_("Kind of ledger"))

    class Meta:
        model = Ledger
        fields: list[str] = []


class RowFilter(django_filters.FilterSet):
    """By what a row is, its worst cell, its sheet, and words of its name."""

    verdict = django_filters.ChoiceFilter(label=_("What it is"), choices=Verdict.choices)
    state = django_filters.ChoiceFilter(label=_("Worst cell"), choices=State.choices, field_name="worst")
    sheet = django_filters.CharFilter(label=_("Sheet"))
    open = django_filters.BooleanFilter(label=_("To be decided"), method="undecided")
    out = django_filters.BooleanFilter(label=_("Not entered"), method="left_out")
    q = django_filters.CharFilter(label=_("Search"), method="named")

    class Meta:
        model = LedgerRow
        fields: list[str] = []

    def __init__(self, *args: Any, kind: Kind | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def undecided(self, rows: QuerySet[LedgerRow], _name: str, wanted: bool) -> QuerySet[LedgerRow]:
        undecided = Q(verdict=Verdict.LOOKALIKE, decision="")
        return rows.filter(undecided) if wanted else rows.exclude(undecided)

    def left_out(self, rows: QuerySet[LedgerRow], _name: str, wanted: bool) -> QuerySet[LedgerRow]:
        """Of a ledger that was entered, the rows that were not."""
        return rows.filter(written__isnull=wanted)

    def named(self, rows: QuerySet[LedgerRow], _name: str, words: str) -> QuerySet[LedgerRow]:
        """In what was read of the fields that tell one row from the others."""
        fields = self.kind.fields if self.kind else ()
        keys = [field.name for field in fields if field.is_key] or [field.name for field in fields[:1]]
        found = Q(pk__in=[])
        for name in keys:
            found |= Q(**{f"cells__{name}__1__icontains": words})
        return rows.filter(found)
