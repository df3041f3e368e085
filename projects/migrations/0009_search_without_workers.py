"""A search by pairs runs in one process: its answer is there before PostgreSQL has started a second.

The planner takes an unknown word for a common one and would start parallel workers for it (10 ms).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def alone(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER FUNCTION bigrams(text) PARALLEL UNSAFE")


def together(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER FUNCTION bigrams(text) PARALLEL SAFE")


class Migration(migrations.Migration):
    dependencies = [("projects", "0008_lists_of_a_batch")]

    operations = [migrations.RunPython(alone, together)]
