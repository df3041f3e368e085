from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("approvals", "0013_support_and_assistance_in_full")]

    operations = [
        migrations.AddField(
            model_name="issueevent",
            name="after_days",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="by the timer after working days"
            ),
        ),
        migrations.AlterField(
            model_name="escalationrule",
            name="days",
            field=models.PositiveSmallIntegerField(
                help_text="0: no timer, it goes up by hand only.",
                verbose_name="after how many working days",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=Q(level__lt=5),
                name="no_level_above_the_mayor",
                violation_error_message="Above the mayor's special meeting there is no level.",
            ),
        ),
    ]
