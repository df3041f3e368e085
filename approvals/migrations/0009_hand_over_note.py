"""A hand-over keeps its note, who wrote it and what was open on that day."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0008_flags_of_projects"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="service",
            name="note",
            field=models.CharField(blank=True, max_length=500, verbose_name="hand-over note"),
        ),
        migrations.AddField(
            model_name="service",
            name="handed_over_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="handed over by",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="left_open",
            field=models.JSONField(blank=True, default=dict, verbose_name="left open at the hand-over"),
        ),
    ]
