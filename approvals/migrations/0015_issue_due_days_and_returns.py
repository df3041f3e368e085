from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def tell_how_it_was_confirmed(apps: Any, _schema_editor: Any) -> None:
    """Until now an issue was resolved by a ledger's word or an officer's."""
    resolved = apps.get_model("approvals", "Issue").objects.filter(state="resolved")
    resolved.exclude(source="").update(confirmed_through="ledger")
    resolved.filter(source="").update(confirmed_through="word")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_mails_of_a_person'),
        ('approvals', '0014_climbs_by_the_timer'),
        ('projects', '0009_search_without_workers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IssueLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(blank=True, choices=[('land', 'Land and planning'), ('environment', 'Environment and energy review'), ('utilities', 'Water, power, gas, roads'), ('permit', 'Building permit, drawings, fire safety'), ('finance', 'Finance'), ('labour', 'Labour'), ('policy', 'Policy money'), ('demolition', 'Demolition'), ('intermediary', 'Intermediaries'), ('enterprise', 'The enterprise itself'), ('dispute', 'Between departments')], max_length=12, verbose_name='category')),
                ('days', models.PositiveSmallIntegerField(verbose_name='working days')),
                ('effective_from', models.DateField(verbose_name='in force from')),
            ],
            options={
                'verbose_name': 'limit of issues',
                'verbose_name_plural': 'limits of issues',
            },
        ),
        migrations.AddField(
            model_name='issue',
            name='confirmed_through',
            field=models.CharField(blank=True, choices=[('link', 'The enterprise, by its own link'), ('word', "The officer's word"), ('ledger', 'As the ledger says')], max_length=6, verbose_name='confirmed through'),
        ),
        migrations.AddField(
            model_name='issue',
            name='due_on',
            field=models.DateField(blank=True, null=True, verbose_name='due on'),
        ),
        migrations.AddField(
            model_name='issue',
            name='limit_days',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='limit (working days)'),
        ),
        migrations.AddField(
            model_name='issue',
            name='stopped_days',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='working days not counted'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='confirmed_through',
            field=models.CharField(blank=True, choices=[('link', 'The enterprise, by its own link'), ('word', "The officer's word"), ('ledger', 'As the ledger says')], max_length=6, verbose_name='confirmed through'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='department',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.agency', verbose_name='department'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='facts',
            field=models.JSONField(blank=True, default=dict, verbose_name='facts'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='let_go',
            field=models.BooleanField(default=False, verbose_name='no longer concerned'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='project',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.project', verbose_name='project'),
        ),
        migrations.AddField(
            model_name='issueevent',
            name='returned_for',
            field=models.CharField(blank=True, choices=[('department', "It is not this department's business"), ('incomplete', 'Facts or papers are missing')], max_length=10, verbose_name='why it was returned'),
        ),
        migrations.AlterField(
            model_name='issue',
            name='state',
            field=models.CharField(choices=[('logged', 'Logged'), ('accepted', 'Taken on'), ('handling', 'In hand'), ('suspended', 'Suspended'), ('answered', 'Answered'), ('confirming', 'With the enterprise'), ('resolved', 'Resolved'), ('returned', 'Returned')], default='logged', max_length=10, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='issueevent',
            name='source',
            field=models.CharField(blank=True, choices=[('logged', 'Logged'), ('accepted', 'Taken on'), ('handling', 'In hand'), ('suspended', 'Suspended'), ('answered', 'Answered'), ('confirming', 'With the enterprise'), ('resolved', 'Resolved'), ('returned', 'Returned')], max_length=10, verbose_name='from'),
        ),
        migrations.AlterField(
            model_name='issueevent',
            name='target',
            field=models.CharField(choices=[('logged', 'Logged'), ('accepted', 'Taken on'), ('handling', 'In hand'), ('suspended', 'Suspended'), ('answered', 'Answered'), ('confirming', 'With the enterprise'), ('resolved', 'Resolved'), ('returned', 'Returned')], max_length=10, verbose_name='to'),
        ),
        migrations.AddIndex(
            model_name='issue',
            index=models.Index(fields=['state', 'due_on'], name='issue_by_due_day'),
        ),
        migrations.AddConstraint(
            model_name='issuelimit',
            constraint=models.UniqueConstraint(fields=('category', 'effective_from'), name='one_issue_limit_a_day'),
        ),
        migrations.RunPython(tell_how_it_was_confirmed, migrations.RunPython.noop),
    ]
