"""Who changed which field of which row: the acting user, and reading the trail.

The entries are written by database triggers (core/triggers.py); this module tells them in whose
name the program works, and gives back what they wrote in words.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import LazyObject, empty
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.models import AuditEntry
from core.money import NO_VALUE
from core.trail import trail_of
from core.triggers import HIDDEN, kept_models

# --- In whose name ---------------------------------------------------------------------------------

_acting: ContextVar[Callable[[], int | None]] = ContextVar("acting", default=lambda: None)


def actor_id() -> int | None:
    """The user in whose name this thread works just now."""
    return _acting.get()()


@contextmanager
def acting(user: Any) -> Iterator[None]:
    """What is written inside is written in the name of `user`: for tasks and commands."""
    token = _acting.set(lambda: user.pk)
    try:
        yield
    finally:
        _acting.reset(token)


class ActorMiddleware:
    """What a request writes is written in the name of whoever it was found to come from, by session
    or (API) by token. Asking costs no query: a view that asked nobody's name writes in nobody's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _acting.set(lambda: _known_user(request))
        try:
            return self.get_response(request)
        finally:
            _acting.reset(token)


def _known_user(request: HttpRequest) -> int | None:
    user: Any = getattr(request, "user", None)
    if user is None or (isinstance(user, LazyObject) and user.__dict__.get("_wrapped") is empty):
        return None
    return user.pk


# --- Telling the database ------------------------------------------------------------------------

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|WITH\b.*\b(INSERT|UPDATE|DELETE))\b", re.I | re.S)


def on_connection(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """Each new connection can name the acting user."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("app_actor", 0, actor_id)
    elif connection.vendor == "postgresql" and _name_actor not in connection.execute_wrappers:
        # At the front: `connection.execute_wrapper()` takes away the last one when its block ends.
        connection.execute_wrappers.insert(0, _name_actor)


def _name_actor(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """The name travels in the same round trip as the write and ends with its transaction.

    A connection that has named somebody must also say when it is nobody: both may write in one
    transaction.
    """
    if isinstance(sql, str) and _WRITES.match(sql):
        connection, actor = context["connection"], actor_id()
        if actor is not None or getattr(connection, "has_named_actor", False):
            connection.has_named_actor = True
            sql = f"SELECT set_config('app.actor', '{'' if actor is None else int(actor)}', true); {sql}"
    return execute(sql, params, many, context)


def name_actor(connection: BaseDatabaseWrapper) -> None:
    """For writes that pass by `cursor.execute` (COPY): name the user for the rest of the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.actor', %s, true)", [str(actor_id() or "")])


# --- Reading the trail ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One field, before and after, as a person reads it."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One row changed, in words."""

    id: int
    at: datetime
    who: str
    what: str
    action: str
    verb: str  # insert, update or delete
    table: str
    row_id: str
    changes: list[Change]


def history_of(instance: models.Model, *, limit: int = 200) -> list[Entry]:
    """What happened to a row, newest first."""
    entries = AuditEntry.objects.filter(table=instance._meta.db_table, row_id=str(instance.pk))
    return in_words(entries.order_by("-at", "-id")[:limit])


def in_words(entries: Iterable[AuditEntry]) -> list[Entry]:
    """Entries with field labels, names instead of numbers, in the reader's language.

    One query for the people and one for each kind of thing the rows point to, however many rows.
    """
    entries = list(entries)
    people = get_user_model()._default_manager.in_bulk({e.actor_id for e in entries if e.actor_id})
    names = _names(entries)
    return [
        Entry(
            id=entry.pk,
            at=entry.at,
            who=_who(entry, people),
            what=table_label(entry.table),
            action=_action(entry.action),
            verb=entry.action,
            table=entry.table,
            row_id=entry.row_id,
            changes=_changes(entry, names),
        )
        for entry in entries
    ]


def table_label(table: str) -> str:
    model = _models_by_table().get(table)
    if model is None:
        return table
    owner: Any = model._meta.auto_created
    if owner:
        # Of a relation's own table Django makes the name once, in the language it starts in.
        relation = next(field for field in owner._meta.many_to_many if field.remote_field.through is model)
        names = {"owner": owner._meta.verbose_name, "relation": relation.verbose_name}
        return capfirst(_("%(owner)s: %(relation)s") % names)
    return capfirst(str(model._meta.verbose_name))


def table_choices() -> list[tuple[str, str]]:
    """The tables of the trail by their names in the reader's language."""
    return sorted(((table, table_label(table)) for table in _models_by_table()), key=lambda pair: pair[1])


@cache
def _models_by_table() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in kept_models()}


@cache
def _fields(table: str) -> dict[str, models.Field]:
    model = _models_by_table().get(table)
    return {str(field.column): field for field in model._meta.concrete_fields} if model else {}


def _action(action: str) -> str:
    return {"insert": _("Entered"), "update": _("Changed"), "delete": _("Deleted")}[action]


def _who(entry: AuditEntry, people: Mapping[int, models.Model]) -> str:
    """An entry without a user was written past the program: by a console or another tool."""
    if entry.actor_id is None:
        return _("Nobody signed in")
    person = people.get(entry.actor_id)
    return str(person) if person else f"№ {entry.actor_id}"


Names = Mapping[type[models.Model], Mapping[Any, str]]


def _names(entries: Iterable[AuditEntry]) -> Names:
    """The names of what the rows point to: in one query for each kind."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        fields = _fields(entry.table)
        for column, value in ((entry.before or {}) | (entry.after or {})).items():
            target = getattr(fields.get(column), "related_model", None)
            if value is not None and target is not None:
                wanted[target] |= {(row or {}).get(column) for row in (entry.before, entry.after)} - {None}
    return {
        target: {pk: str(row) for pk, row in target._default_manager.in_bulk(keys).items()}
        for target, keys in wanted.items()
        if any(field.name == "name" for field in target._meta.concrete_fields)
    }


def _changes(entry: AuditEntry, names: Names) -> list[Change]:
    fields = _fields(entry.table)
    before, after = entry.before or {}, entry.after or {}
    columns = [column for column in fields if column in before or column in after]
    columns += sorted((before.keys() | after.keys()) - fields.keys())  # fields that no longer exist
    return [
        Change(
            label=_label(fields.get(column), column),
            old=_shown(fields.get(column), before.get(column), names),
            new=_shown(fields.get(column), after.get(column), names),
        )
        for column in columns
        if entry.action == "update" or _says_something(before.get(column), after.get(column))
    ]


def _says_something(*values: Any) -> bool:
    return any(value not in (None, "", [], {}) for value in values)


def _label(field: models.Field | None, column: str) -> str:
    # A relation without a name of its own is called after its attribute: "recorded by".
    return capfirst(_(str(field.verbose_name))) if field else column


def _shown(field: models.Field | None, value: Any, names: Names) -> str:
    """A stored value as a person reads it; both engines' ways of storing give the same words."""
    if value is None or value == "":
        return NO_VALUE
    if field is None or value == HIDDEN:
        return str(value)
    if field.name in trail_of(field.model).personal:
        return f"{str(value)[0]}{HIDDEN}"
    if field.related_model is not None:
        return names.get(field.related_model, {}).get(value) or f"№ {value}"
    try:
        return _words(field, field.to_python(value))
    except (ValidationError, ValueError, TypeError):
        return str(value)


def _words(field: models.Field, value: Any) -> str:
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        aware = value if timezone.is_aware(value) else value.replace(tzinfo=UTC)
        return date_format(timezone.localtime(aware), "Y-m-d H:i:s")
    if isinstance(field, models.DecimalField):
        return f"{value:.{field.decimal_places}f}"
    return str(value)
