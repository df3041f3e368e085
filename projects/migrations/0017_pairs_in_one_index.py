"""On PostgreSQL a row is entered in one index of pairs instead of in one for each text, and in none that no
question uses: a large ledger is in the books in a third less of the database's time.

Searched by: projects.filters.ProjectFilter.q, projects.lookalikes.enterprises_like. A question that asks for
the pairs of one text only, or of several with OR, uses an index of several texts as it does one of its own.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TEXTS = {
    "projects_project": ("name", "code_name", "code", "national_code"),
    "projects_enterprise": ("name", "name_key"),
}
# How a credit code or a national code begins is asked by nobody.
UNUSED = {
    "projects_enterprise_uscc_1957623c_like": "projects_enterprise (uscc varchar_pattern_ops)",
    "projects_project_national_code_c76f8ab9_like": "projects_project (national_code varchar_pattern_ops)",
}
# The list's usual order (see 0004): on PostgreSQL only the index that puts the unsigned last is used. It
# bears the name by which the model declares it, so that what Django does to that index, it does to this one.
NEWEST, NEWEST_FIRST = "project_newest_signed", "project_newest_signed_first"


def together(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, texts in TEXTS.items():
        for text in texts:
            schema_editor.execute(f"DROP INDEX {table}_{text}_pairs")
        pairs = ", ".join(f"bigrams(upper({text}))" for text in texts)
        schema_editor.execute(f"CREATE INDEX {table}_pairs ON {table} USING gin ({pairs})")
    for name in UNUSED:
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")
    schema_editor.execute(f"DROP INDEX {NEWEST}")
    schema_editor.execute(f"ALTER INDEX {NEWEST_FIRST} RENAME TO {NEWEST}")


def apart(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(f"ALTER INDEX {NEWEST} RENAME TO {NEWEST_FIRST}")
    schema_editor.execute(f"CREATE INDEX {NEWEST} ON projects_project (signed_on DESC, id DESC)")
    for name, columns in UNUSED.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {columns}")
    for table, texts in TEXTS.items():
        schema_editor.execute(f"DROP INDEX {table}_pairs")
        for text in texts:
            schema_editor.execute(
                f"CREATE INDEX {table}_{text}_pairs ON {table} USING gin (bigrams(upper({text})))"
            )


class Migration(migrations.Migration):
    dependencies = [("projects", "0016_indexes_that_are_used")]

    operations = [migrations.RunPython(together, apart)]
