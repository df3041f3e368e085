"""Writing many rows of one table at once: by COPY on PostgreSQL, in blocks elsewhere.

Constraints and the triggers of the trail see each row as ever. What is written is what the model
instances hold; `save()` and its signals are passed by, as with `bulk_create`.
"""

import datetime
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connection, models, transaction

from core import audit

M = TypeVar("M", bound=models.Model)

BATCH = 500
NULL = "\\N"
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


@transaction.atomic
def insert(rows: Sequence[M]) -> Sequence[M]:
    """Write rows of one model; each has its primary key afterwards."""
    if not rows:
        return rows
    model = type(rows[0])
    if connection.vendor != "postgresql":
        return model._default_manager.bulk_create(rows, batch_size=BATCH)
    for row, pk in zip(rows, _next_keys(model, len(rows)), strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, connection.alias
    _copy(model, rows)
    return rows


def _next_keys(model: type[models.Model], count: int) -> list[int]:
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table, column, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    names = [field.attname for field in fields]
    text = _as_json if any(isinstance(field, models.JSONField) for field in fields) else _as_text
    buffer = io.StringIO()
    for row in rows:
        values = row.__dict__
        buffer.write("\t".join([text(values[name]) for name in names]) + "\n")
    buffer.seek(0)
    audit.name_actor(connection)  # COPY passes by the wrapper that names it
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN', buffer)


def _as_text(value: Any) -> str:
    if value is None:
        return NULL
    write = _WRITERS.get(type(value))
    return write(value) if write else str(value).translate(_ESCAPED)


def _as_json(value: Any) -> str:
    return _as_text(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value)


def _number(value: Any) -> str:
    return str(value)


_WRITERS: dict[type, Callable[[Any], str]] = {
    int: _number,
    bool: lambda value: "t" if value else "f",
    str: lambda value: value.translate(_ESCAPED),
    datetime.date: datetime.date.isoformat,
    datetime.datetime: datetime.datetime.isoformat,
}
