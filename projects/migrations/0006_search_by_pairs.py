"""On PostgreSQL names and codes are searched by their pairs of characters (see models/searching.py).

Searched by: projects.filters.ProjectFilter.q.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

FUNCTION = """
CREATE OR REPLACE FUNCTION bigrams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr($1, i, 2)) FROM generate_series(1, greatest(length($1) - 1, 1)) AS i
$$
"""
COLUMNS = (
    ("projects_enterprise", "name"),
    ("projects_project", "name"),
    ("projects_project", "code_name"),
    ("projects_project", "code"),
    ("projects_project", "national_code"),
)


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)
        for table, column in COLUMNS:
            schema_editor.execute(
                f"CREATE INDEX {table}_{column}_pairs ON {table} USING gin (bigrams(upper({column})))"
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f"DROP INDEX {table}_{column}_pairs")
        schema_editor.execute("DROP FUNCTION bigrams(text)")


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_alter_project_confidentiality")]

    operations = [migrations.RunPython(make, drop)]
