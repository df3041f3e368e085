"""The triggers behind the field-level trail, on PostgreSQL and on SQLite.

Every row written, by whatever way (a form, a bulk update, raw SQL, the shell), leaves one
`core.AuditEntry`: the whole row when it was made or deleted, else only the changed fields.
Append-only tables refuse UPDATE and DELETE, and on PostgreSQL TRUNCATE. `install` runs after every
migration and brings the database in line with what the models say; see docs/decisions/0003.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from core.models import AuditEntry
from core.trail import ANYTHING, Trail, trail_of

PREFIX = "audit_"
HIDDEN = "•••"
ENTRY = AuditEntry._meta.db_table
REFUSAL = "rows of %s are never changed or deleted"


@dataclass(frozen=True)
class Trigger:
    table: str
    kind: str
    sql: str  # with {name} and {table} still open

    @property
    def name(self) -> str:
        """Carries a hash of the definition, so that a changed one is made anew and others are left."""
        digest = hashlib.sha256(f"{self.table}{self.sql}".encode()).hexdigest()[:12]
        return f"{PREFIX}{self.kind}_{digest}"

    @property
    def statement(self) -> str:
        return self.sql.replace("{name}", self.name).replace("{table}", f'"{self.table}"')


def our_models() -> list[type[models.Model]]:
    """The concrete models of our own apps, with the tables between them."""
    return [
        model
        for label in settings.OUR_APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def kept_models() -> list[type[models.Model]]:
    """The models whose rows leave entries."""
    return [model for model in our_models() if model is not AuditEntry and trail_of(model).kept]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the triggers that are missing and drop those that no model asks for any more."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(TRAIL_FUNCTION)
            cursor.execute(MADE_FUNCTION)
            cursor.execute(REFUSE_FUNCTION)
            cursor.execute(REFUSE_WITH_FUNCTION)
        there = _existing(connection, cursor)
        wanted = {(trigger.table, trigger.name): trigger for trigger in _wanted(connection, cursor)}
        for table, name in there - wanted.keys():
            _drop(connection, cursor, table, name)
        for key in wanted.keys() - there:
            cursor.execute(wanted[key].statement)


def remove(using: str = DEFAULT_DB_ALIAS) -> None:
    """Drop all of them: before tables are rebuilt by a migration, and between tests."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for table, name in _existing(connection, cursor):
            _drop(connection, cursor, table, name)


def before_migrations(plan: list[Any], using: str, **_signal: object) -> None:
    """A table cannot lose or change a column that a trigger speaks of."""
    if plan:
        remove(using)


def after_migrations(using: str, **_signal: object) -> None:
    install(using)


def _existing(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> set[tuple[str, str]]:
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgname LIKE 'audit\\_%' AND pg_table_is_visible(c.oid)"
        )
    else:
        cursor.execute(
            "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'audit_*'"
        )
    return set(cursor.fetchall())


def _drop(connection: BaseDatabaseWrapper, cursor: CursorWrapper, table: str, name: str) -> None:
    where = f' ON "{table}"' if connection.vendor == "postgresql" else ""
    cursor.execute(f'DROP TRIGGER "{name}"{where}')


def _wanted(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> Iterator[Trigger]:
    tables = set(connection.introspection.table_names(cursor))
    write = _for_postgresql if connection.vendor == "postgresql" else _for_sqlite
    for model in our_models():
        if model._meta.db_table in tables:
            yield from write(model, _trail(model))


def _trail(model: type[models.Model]) -> Trail:
    return Trail(kept=False, append_only=True) if model is AuditEntry else trail_of(model)


def _closed(trail: Trail) -> str:
    """The condition under which a row refuses to change; empty when it has none."""
    return " AND ".join(
        f'OLD."{field}" IS NOT NULL' if value == ANYTHING else f"OLD.\"{field}\" = '{value}'"
        for field, value in trail.closed_when
    )


@dataclass(frozen=True)
class Leader:
    """The row that closes others: how a row leads to it, and what it says when it is closed."""

    column: str
    table: str
    pk: str
    field: str
    value: str

    def is_closed(self, row: str) -> str:
        return (
            f'EXISTS (SELECT 1 FROM "{self.table}" WHERE "{self.pk}" = {row}."{self.column}"'  # noqa: S608 - our own names
            f" AND \"{self.field}\" = '{self.value}')"
        )


def _leader(model: type[models.Model], trail: Trail) -> Leader | None:
    if trail.closed_with is None:
        return None
    name, field, value = trail.closed_with
    relation: Any = model._meta.get_field(name)
    led_to = relation.related_model
    return Leader(relation.column, led_to._meta.db_table, _pk(led_to), field, value)


def _pk(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


# --- PostgreSQL ----------------------------------------------------------------------------------

# Arguments of the trigger: the primary key, the masked fields, the ignored fields.
TRAIL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    masked text[] := TG_ARGV[1];
    ignored text[] := TG_ARGV[2];
    old_row jsonb := '{{}}';
    new_row jsonb := '{{}}';
    row_id text;
    field text;
BEGIN
    IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW); END IF;
    row_id := coalesce(new_row ->> TG_ARGV[0], old_row ->> TG_ARGV[0]);
    old_row := old_row - ignored;
    new_row := new_row - ignored;
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(jsonb_object_agg(was.key, was.value), '{{}}'),
               coalesce(jsonb_object_agg(was.key, new_row -> was.key), '{{}}')
          INTO old_row, new_row
          FROM jsonb_each(old_row) AS was
         WHERE was.value IS DISTINCT FROM new_row -> was.key;
        IF old_row = '{{}}' THEN RETURN NULL; END IF;
    END IF;
    FOREACH field IN ARRAY masked LOOP
        IF old_row ? field THEN old_row := jsonb_set(old_row, ARRAY[field], '"{HIDDEN}"'); END IF;
        IF new_row ? field THEN new_row := jsonb_set(new_row, ARRAY[field], '"{HIDDEN}"'); END IF;
    END LOOP;
    INSERT INTO {ENTRY} (at, actor_id, "table", row_id, action, before, after)
    VALUES (clock_timestamp(), nullif(current_setting('app.actor', true), '')::bigint,
            TG_TABLE_NAME, row_id, lower(TG_OP),
            nullif(old_row, '{{}}'), nullif(new_row, '{{}}'));
    RETURN NULL;
END $$;
"""  # noqa: S608 - only names of our own tables

# Rows that are made are written down statement by statement: many at once cost half of one by one.
# Arguments as above; a masked or ignored field stands in every row.
MADE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_trail_made() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := TG_ARGV[2];
    hidden jsonb := (SELECT coalesce(jsonb_object_agg(field, '{HIDDEN}'), '{{}}')
                       FROM unnest(TG_ARGV[1]::text[]) AS field);
    is_whole boolean := hidden = '{{}}' AND ignored = '{{}}';
BEGIN
    INSERT INTO {ENTRY} (at, actor_id, "table", row_id, action, after)
    SELECT clock_timestamp(), nullif(current_setting('app.actor', true), '')::bigint,
           TG_TABLE_NAME, whole ->> TG_ARGV[0], 'insert',
           CASE WHEN is_whole THEN whole ELSE nullif((whole || hidden) - ignored, '{{}}') END
      FROM (SELECT to_jsonb(made) AS whole FROM made OFFSET 0) AS rows;
    RETURN NULL;
END $$;
"""  # noqa: S608 - only names of our own tables

REFUSE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{REFUSAL.replace("%s", "%")}', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

# Arguments: the column that leads to the other row, its table, its primary key, the field, the value.
REFUSE_WITH_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_refuse_with() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE %I IN ($1, $2) AND %I = $3)',
                   TG_ARGV[1], TG_ARGV[2], TG_ARGV[3])
       INTO closed
      USING CASE WHEN TG_OP <> 'INSERT' THEN (to_jsonb(OLD) ->> TG_ARGV[0])::bigint END,
            CASE WHEN TG_OP <> 'DELETE' THEN (to_jsonb(NEW) ->> TG_ARGV[0])::bigint END,
            TG_ARGV[4];
    IF closed THEN
        RAISE EXCEPTION '{REFUSAL.replace("%s", "%")}', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
"""  # noqa: S608 - only names of our own tables


def _for_postgresql(model: type[models.Model], trail: Trail) -> Iterator[Trigger]:
    table = model._meta.db_table
    if trail.kept:
        masked, ignored = ("{" + ",".join(names) + "}" for names in (trail.masked, trail.ignored))
        yield Trigger(
            table,
            "trail",
            'CREATE TRIGGER "{name}" AFTER UPDATE OR DELETE ON {table} FOR EACH ROW'
            f" EXECUTE FUNCTION audit_trail('{_pk(model)}', '{masked}', '{ignored}')",
        )
        yield Trigger(
            table,
            "made",
            'CREATE TRIGGER "{name}" AFTER INSERT ON {table} REFERENCING NEW TABLE AS made FOR EACH STATEMENT'
            f" EXECUTE FUNCTION audit_trail_made('{_pk(model)}', '{masked}', '{ignored}')",
        )
    if trail.append_only or trail.closed_when:
        when = f" WHEN ({_closed(trail)})" if trail.closed_when else ""
        yield Trigger(
            table,
            "refuse",
            'CREATE TRIGGER "{name}" BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW'
            f"{when} EXECUTE FUNCTION audit_refuse()",
        )
        yield Trigger(
            table,
            "truncate",
            'CREATE TRIGGER "{name}" BEFORE TRUNCATE ON {table} FOR EACH STATEMENT'
            " EXECUTE FUNCTION audit_refuse()",
        )
    if leader := _leader(model, trail):
        told = ", ".join(
            f"'{part}'" for part in (leader.column, leader.table, leader.pk, leader.field, leader.value)
        )
        yield Trigger(
            table,
            "refuse_with",
            'CREATE TRIGGER "{name}" BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW'
            f" EXECUTE FUNCTION audit_refuse_with({told})",
        )


# --- SQLite --------------------------------------------------------------------------------------


def _for_sqlite(model: type[models.Model], trail: Trail) -> Iterator[Trigger]:
    table = model._meta.db_table
    if trail.kept:
        for event in ("insert", "update", "delete"):
            yield Trigger(table, f"trail_{event}", _sqlite_trail(model, trail, event))
    if trail.append_only or trail.closed_when:
        when = f" WHEN {_closed(trail)}" if trail.closed_when else ""
        for event in ("update", "delete"):
            yield Trigger(
                table,
                f"refuse_{event}",
                f'CREATE TRIGGER "{{name}}" BEFORE {event.upper()} ON {{table}} FOR EACH ROW{when}'
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL % table}'); END",
            )
    if leader := _leader(model, trail):
        for event, rows in (("insert", ["NEW"]), ("update", ["OLD", "NEW"]), ("delete", ["OLD"])):
            closed = " OR ".join(map(leader.is_closed, rows))
            yield Trigger(
                table,
                f"refuse_with_{event}",
                f'CREATE TRIGGER "{{name}}" BEFORE {event.upper()} ON {{table}} FOR EACH ROW WHEN {closed}'
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL % table}'); END",
            )


def _sqlite_trail(model: type[models.Model], trail: Trail, event: str) -> str:
    fields = [field for field in model._meta.concrete_fields if field.name not in trail.ignored]
    before = _row("OLD", fields, trail) if event != "insert" else "NULL"
    after = _row("NEW", fields, trail) if event != "delete" else "NULL"
    when = ""
    if event == "update":
        when = " WHEN " + " OR ".join(_differs(field) for field in fields)
        # json_remove leaves the changed fields: of the others it is given the path, of these a path
        # that no row has.
        same = ", ".join(
            f"CASE WHEN {_differs(field)} THEN '$.-' ELSE '$.{field.column}' END" for field in fields
        )
        before, after = f"json_remove({before}, {same})", f"json_remove({after}, {same})"
    row = "OLD" if event == "delete" else "NEW"
    return (
        f'CREATE TRIGGER "{{name}}" AFTER {event.upper()} ON {{table}} FOR EACH ROW{when} BEGIN'  # noqa: S608 - our own names
        f' INSERT INTO {ENTRY} (at, actor_id, "table", row_id, action, before, after)'
        f" VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), app_actor(), '{model._meta.db_table}',"
        f" {row}.\"{_pk(model)}\", '{event}', {before}, {after}); END"
    )


def _differs(field: models.Field) -> str:
    return f'OLD."{field.column}" IS NOT NEW."{field.column}"'


def _row(row: str, fields: list[models.Field], trail: Trail) -> str:
    """The row as a JSON object."""

    def value(field: models.Field) -> str:
        if field.name in trail.masked:
            return f"'{HIDDEN}'"
        column = f'{row}."{field.column}"'
        return f"json({column})" if isinstance(field, models.JSONField) else column

    return "json_object(" + ", ".join(f"'{field.column}', {value(field)}" for field in fields) + ")"
