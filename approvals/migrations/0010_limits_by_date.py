import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    """A catalogue item is in force from one day to another; electricity is counted as offices count it."""

    dependencies = [("approvals", "0009_hand_over_note")]

    operations = [
        migrations.AddField(
            model_name="itemtemplate",
            name="in_force_from",
            field=models.DateField(default=datetime.date(2025, 1, 1), verbose_name="in force from"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="itemtemplate",
            name="in_force_until",
            field=models.DateField(
                blank=True,
                help_text="Its last day; empty while it goes on.",
                null=True,
                verbose_name="in force until",
            ),
        ),
        migrations.AddConstraint(
            model_name="itemtemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("in_force_until__isnull", True),
                    ("in_force_until__gte", models.F("in_force_from")),
                    _connector="OR",
                ),
                name="item_ends_after_it_begins",
            ),
        ),
        migrations.RenameField(model_name="projectfacts", old_name="power_gwh", new_name="power_wan_kwh"),
        migrations.AlterField(
            model_name="projectfacts",
            name="power_wan_kwh",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=12,
                null=True,
                verbose_name="electricity (10,000 kWh a year)",
            ),
        ),
    ]
