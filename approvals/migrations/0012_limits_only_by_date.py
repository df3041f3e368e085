from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("approvals", "0011_carry_limits_over")]

    operations = [
        migrations.RemoveConstraint(model_name="itemtemplate", name="promise_within_statute"),
        *[
            migrations.RemoveField(model_name="itemtemplate", name=name)
            for name in (
                "statutory_days",
                "promised_days",
                "limits_verified",
                "source",
                "industrial_only",
                "is_current",
            )
        ],
    ]
