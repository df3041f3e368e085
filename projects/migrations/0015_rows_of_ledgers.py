"""Pairs of characters are taken in a loop: a third of what asking a query for them costs, with each row
that is written. That a pair stands twice in the list does not matter to the index, so it stays as it is."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

LOOP = """
CREATE OR REPLACE FUNCTION bigrams(text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
DECLARE
    pairs text[];
BEGIN
    FOR i IN 1..greatest(length($1) - 1, 1) LOOP
        pairs[i] := substr($1, i, 2);
    END LOOP;
    RETURN pairs;
END $$
"""
QUERY = """
CREATE OR REPLACE FUNCTION bigrams(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
    SELECT array_agg(DISTINCT substr($1, i, 2)) FROM generate_series(1, greatest(length($1) - 1, 1)) AS i
$$
"""


def loop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(LOOP)


def query(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(QUERY)


class Migration(migrations.Migration):
    dependencies = [("projects", "0014_form_layouts")]

    operations = [
        migrations.AddIndex("project", models.Index(fields=["name"], name="project_by_name")),
        migrations.RunPython(loop, query),
    ]
