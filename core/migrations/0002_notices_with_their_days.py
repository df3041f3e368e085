import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='calendarnotice',
            name='year',
            field=models.PositiveSmallIntegerField(verbose_name='year'),
        ),
        migrations.AddField(
            model_name='calendarnotice',
            name='text',
            field=models.TextField(blank=True, verbose_name='text'),
        ),
        migrations.AddField(
            model_name='calendarnotice',
            name='days',
            field=models.JSONField(default=list, verbose_name='days'),
        ),
        migrations.AddField(
            model_name='calendarnotice',
            name='replaces',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='core.calendarnotice', verbose_name='replaces'),
        ),
        migrations.AddField(
            model_name='calendarnotice',
            name='reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason of the correction'),
        ),
        migrations.AddConstraint(
            model_name='calendarnotice',
            constraint=models.UniqueConstraint(condition=models.Q(('replaces__isnull', True)), fields=('year',), name='one_first_notice_a_year'),
        ),
        migrations.AddConstraint(
            model_name='calendarnotice',
            constraint=models.CheckConstraint(condition=models.Q(('replaces__isnull', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='corrected_notice_says_why'),
        ),
    ]
