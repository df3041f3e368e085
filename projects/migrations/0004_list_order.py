"""The list's usual order on PostgreSQL: newest signing first, what is not signed yet at the end.

SQLite puts NULL last by itself and uses `project_newest_signed`; PostgreSQL needs it said.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME = "project_newest_signed_first"


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE INDEX {NAME} ON projects_project (signed_on DESC NULLS LAST, id DESC)"
        )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_contact_reveal")]

    operations = [migrations.RunPython(make, drop)]
