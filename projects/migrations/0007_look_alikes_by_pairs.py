"""On PostgreSQL like-named enterprises are found by the pairs of characters of their keys.

Read by: projects.lookalikes.enterprises_like.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME = "projects_enterprise_name_key_pairs"


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        # Reckoned at each row it is far dearer than the index: the planner has to know.
        schema_editor.execute("ALTER FUNCTION bigrams(text) COST 1000")
        schema_editor.execute(
            f"CREATE INDEX {NAME} ON projects_enterprise USING gin (bigrams(upper(name_key)))"
        )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_search_by_pairs")]

    operations = [migrations.RunPython(make, drop)]
