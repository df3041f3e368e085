"""Writing many rows of one table at once: by COPY on PostgreSQL, in blocks elsewhere.

Constraints and the triggers of the trail see each row as ever. What is written is what the model
instances hold; `save()` and its signals are passed by, as with `bulk_create`.
"""

import datetime
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from operator import attrgetter, itemgetter
from types import NoneType
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from core import audit

M = TypeVar("M", bound=models.Model)

BATCH = 500
NULL = "\\N"
WITHOUT_MARKS = {NoneType, bool, int, Decimal, datetime.date, datetime.datetime}


# --- Making rows --------------------------------------------------------------------------------------


def maker(model: type[M]) -> Callable[..., M]:
    """What makes the rows of a model that are to be inserted, at a tenth of what calling the model costs.

    It is told the values of columns (`unit_id`, not `unit`). The usual ones are asked for once: all rows
    that it makes bear the same moment, so it is asked for anew each time that rows are made.
    """
    usual = _usual(model)
    own = {name: type(value) for name, value in usual.items() if isinstance(value, dict | list)}

    def make(**values: Any) -> M:
        if not values.keys() <= usual.keys():
            raise TypeError(f"{model.__name__} has no column {', '.join(values.keys() - usual.keys())}.")
        row = model.__new__(model)
        row.__dict__.update(usual, **{name: empty() for name, empty in own.items()}, _state=ModelState())
        row.__dict__.update(values)
        return row

    return make


def _usual(model: type[models.Model]) -> dict[str, Any]:
    """What a row holds in its columns of which nothing was said."""
    held = model().__dict__
    return {field.attname: held[field.attname] for field in model._meta.concrete_fields}


# --- Writing rows -------------------------------------------------------------------------------------


@transaction.atomic
def insert(rows: Sequence[M]) -> Sequence[M]:
    """Write rows of one model; each has its primary key afterwards."""
    if not rows:
        return rows
    model = type(rows[0])
    if connection.vendor != "postgresql":
        return model._default_manager.bulk_create(rows, batch_size=BATCH)
    name, alias = model._meta.pk.attname, connection.alias
    for row, pk in zip(rows, _next_keys(model, len(rows)), strict=True):
        setattr(row, name, pk)
        row._state.adding, row._state.db = False, alias
    _copy(model, rows)
    return rows


def _next_keys(model: type[models.Model], count: int) -> list[int]:
    """The sequence is looked up once: doing so for each key takes ten times as long."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(keys) FROM generate_series(1, %s),"
            " (SELECT pg_get_serial_sequence(%s, %s)::regclass AS keys OFFSET 0) AS one",
            [count, table, column],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    lines = _Lines(rows, [field.attname for field in fields])
    audit.name_actor(connection)  # COPY passes by the wrapper that names it
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN', lines)


class _Lines:
    """Rows as the file that COPY reads: while the database takes in some, the next are written down."""

    def __init__(self, rows: Sequence[models.Model], names: Sequence[str]) -> None:
        blocks = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
        self._texts = (_text(block, names) for block in blocks)

    def read(self, _size: int = -1) -> str:
        return next(self._texts, "")


def _text(rows: Sequence[models.Model], names: Sequence[str]) -> str:
    """Column by column, for the values of a column are mostly of one type."""
    held = map(itemgetter(*names), map(attrgetter("__dict__"), rows))
    lines = zip(*map(_column, zip(*held, strict=True)), strict=True)
    return "\n".join(map("\t".join, lines)) + "\n"


def _column(values: Sequence[Any]) -> Sequence[str]:
    types = set(map(type, values))
    if types == {str}:
        return _escaped(values)
    if types == {dict} or types == {list}:
        return _escaped(list(map(_json, values)))
    texts: Sequence[str] = list(map(_said, values))
    if (
        not types <= WITHOUT_MARKS
    ):  # a member of choices, a text of a template, a lazy one: a text all the same
        texts = _escaped(texts)
    return [NULL if value is None else text for value, text in zip(values, texts, strict=True)]


def _said(value: Any) -> str:
    return _json(value) if isinstance(value, dict | list) else str(value)


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def _json(value: Any) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return _encoded(value)


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """Hardly any text of a column holds what COPY reads as a mark, so all are looked through at once.
    `str.translate` looks at each letter of a text that is not ASCII: a hundred times as slow."""
    together = "".join(texts)
    if not any(mark in together for mark in "\\\n\r\t"):
        return texts
    return [
        text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        for text in texts
    ]
