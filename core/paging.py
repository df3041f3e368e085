"""Leafing through a list by the keys of its own order, whatever that order is.

The pages' FilterSets say how a list is sorted; a cursor carries the sort keys of the last row seen and
the next page begins after them. Nothing is skipped or shown twice while others add rows, and the
millionth row costs no more than the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core import signing
from django.db.models import F, OrderBy, Q, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.limits import Cursor

SALT = "core.paging"


@dataclass(frozen=True)
class Key:
    """One column of an order, selected under a name of its own."""

    name: str
    order: OrderBy

    def value(self, row: Any) -> Any:
        value = row[self.name] if isinstance(row, dict) else getattr(row, self.name)
        return str(value) if isinstance(value, Decimal | date) else value

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any) -> Q | None:
        """What comes after a value; None when nothing does."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if self.order.nulls_first else None
        beyond = Q(**{f"{self.name}__{'lt' if self.order.descending else 'gt'}": value})
        return beyond | Q(**{f"{self.name}__isnull": True}) if self.order.nulls_last else beyond

    def at_least(self, value: Any) -> Q:
        """Follows from the rest of the condition: lets the engine begin in the middle of an index."""
        if value is None or self.order.nulls_last or self.order.nulls_first:
            return Q()
        return Q(**{f"{self.name}__{'lte' if self.order.descending else 'gte'}": value})


def keys(rows: QuerySet[Any]) -> list[Key]:
    """The order of a queryset, which has to end with its primary key."""
    orders = [_order(term) for term in rows.query.order_by]
    assert orders, "the list has no order"
    assert orders[-1].expression in (F("pk"), F("id")), f"no whole order: {rows.query.order_by}"
    return [Key(f"cursor_{n}", order) for n, order in enumerate(orders)]


def _order(term: Any) -> OrderBy:
    if isinstance(term, OrderBy):
        return term
    if not isinstance(term, str):
        return OrderBy(term)
    return OrderBy(F(term.removeprefix("-")), descending=term.startswith("-"))


def after(order: Sequence[Key], values: Iterable[Any]) -> Q:
    """The rows behind the one that has these keys."""
    found, so_far = Q(pk__in=[]), Q()
    pairs = list(zip(order, values, strict=True))
    for key, value in pairs:
        if (beyond := key.beyond(value)) is not None:
            found |= so_far & beyond
        so_far &= key.same(value)
    return found & pairs[0][0].at_least(pairs[0][1])


class Keyset(Cursor):
    """Pages of a list in its own order; rows may be models or plain dicts (`.values()`)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        order = keys(queryset)
        # A cursor holds for the order it was made in, and nobody can make one up.
        self.salt = ":".join([SALT, *(repr(key.order) for key in order)])
        rows = queryset.annotate(**{key.name: key.order.expression for key in order})
        if cursor := request.query_params.get(self.cursor_query_param):
            rows = rows.filter(after(order, self._read(cursor)))
        size = self.get_page_size(request) or self.page_size
        found: list[Any] = list(rows[: size + 1])
        self.last = [key.value(found[size - 1]) for key in order] if len(found) > size else None
        return found[:size]

    def _read(self, cursor: str) -> list[Any]:
        try:
            values: list[Any] = signing.loads(cursor, salt=self.salt)
        except signing.BadSignature:
            raise NotFound(self.invalid_cursor_message) from None
        return values

    def get_next_link(self) -> str | None:
        if self.last is None:
            return None
        here, cursor = self.request.build_absolute_uri(), signing.dumps(self.last, salt=self.salt)
        return replace_query_param(here, self.cursor_query_param, cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.get_next_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": link, "results": schema},
        }
