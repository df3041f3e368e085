"""Progress reports are kept with their history: a version, the day they became known, and a reason."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import TruncDate


def known_since(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What stands was known from the day on which it was written."""
    reports = apps.get_model("projects", "ProgressReport").objects.using(schema_editor.connection.alias)
    reports.update(recorded_on=TruncDate("recorded_at"))


class Migration(migrations.Migration):
    dependencies = [("projects", "0009_search_without_workers")]

    operations = [
        migrations.RemoveConstraint("progressreport", "one_progress_report_a_month"),
        migrations.AddField(
            "progressreport", "version", models.PositiveSmallIntegerField(default=1, verbose_name="version")
        ),
        migrations.AddField(
            "progressreport", "reason", models.CharField(blank=True, max_length=300, verbose_name="reason")
        ),
        migrations.AddField(
            "progressreport", "recorded_on", models.DateField(null=True, verbose_name="recorded on")
        ),
        migrations.RunPython(known_since, migrations.RunPython.noop),
        migrations.AlterField(
            "progressreport", "recorded_on", models.DateField(verbose_name="recorded on")
        ),
        migrations.AddIndex(
            "progressreport", models.Index(fields=["month", "project"], name="progress_of_a_month")
        ),
        migrations.AddConstraint(
            "progressreport",
            models.UniqueConstraint(
                fields=("project", "month", "version"), name="one_progress_report_a_version"
            ),
        ),
        migrations.AddConstraint(
            "progressreport",
            models.CheckConstraint(condition=models.Q(("month__day", 1)), name="progress_is_of_a_month"),
        ),
    ]
