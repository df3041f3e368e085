"""Lists of one batch, large and small alike: by amount within a task force on both engines, by day of
signing on PostgreSQL, where what is not signed yet must be said to stand at the end (see also 0004).
Without the second a list of projects before their signing would read the whole order to find its first.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME = "project_batch_newest"


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE INDEX {NAME} ON projects_project (stage, signed_on DESC NULLS LAST, id DESC)"
        )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {NAME}")


class Migration(migrations.Migration):
    dependencies = [("projects", "0007_look_alikes_by_pairs")]

    operations = [
        migrations.AddIndex(
            "project",
            models.Index(
                fields=["task_force", "stage", "-contracted", "-id", "is_industrial"],
                name="project_force_largest",
            ),
        ),
        migrations.RunPython(make, drop),
    ]
