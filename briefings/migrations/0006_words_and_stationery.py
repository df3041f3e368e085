"""People's own words between the generated sections, the names on documents, bulletins by number."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import core.text


def remark_to_words(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What the bureau wrote after the generated text stays where it stands: at the end."""
    briefings = apps.get_model("briefings", "Briefing").objects.using(schema_editor.connection.alias)
    for pk, remark in briefings.exclude(remark="").values_list("pk", "remark"):
        briefings.filter(pk=pk).update(words={"end": {"text": remark, "meant": {}}})


class Migration(migrations.Migration):
    dependencies = [
        ("briefings", "0005_counting_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="briefing",
            name="words",
            field=models.JSONField(blank=True, default=dict, verbose_name="own words"),
        ),
        migrations.RunPython(remark_to_words, migrations.RunPython.noop),
        migrations.RemoveField(model_name="briefing", name="remark"),
        migrations.CreateModel(
            name='Stationery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField(unique=True, verbose_name='in use since')),
                ('organ', models.CharField(default='柳州市投资促进局', max_length=40, validators=[core.text.validate_name], verbose_name='issuing organ')),
                ('mark', models.CharField(default='柳州市投资促进局文件', max_length=40, validators=[core.text.validate_name], verbose_name='red mark of a document')),
                ('bulletin', models.CharField(default='招商引资工作简报', max_length=20, validators=[core.text.validate_name], verbose_name='red title of the bulletin')),
                ('number_word', models.CharField(default='柳招商', max_length=16, validators=[django.core.validators.RegexValidator('^[\\u4e00-\\u9fff]{2,16}$', 'Only Chinese characters, like 柳招商.')], verbose_name='word of the document number')),
                ('addressees', models.CharField(default='各县、区人民政府，各新区管委会，各产业专班', max_length=200, validators=[core.text.validate_name], verbose_name="addressees of the city's briefing")),
                ('addressees_of_force', models.CharField(default='{name}各成员单位', max_length=200, validators=[core.text.validate_name], verbose_name="addressees of a task force's briefing")),
                ('addressees_of_unit', models.CharField(default='{name}{office}', max_length=200, validators=[core.text.validate_name], verbose_name="addressees of a unit's briefing")),
                ('copies_to', models.CharField(blank=True, max_length=200, validators=[core.text.validate_name], verbose_name='copies to')),
                ('signer', models.CharField(blank=True, max_length=20, validators=[core.text.validate_name], verbose_name='signed by')),
            ],
            options={
                'verbose_name': 'names on documents',
                'verbose_name_plural': 'names on documents',
            },
        ),
        migrations.CreateModel(
            name='Bulletin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='year')),
                ('number', models.PositiveSmallIntegerField(verbose_name='issue number')),
                ('issued_on', models.DateField(verbose_name='issued on')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('briefing', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='bulletin', to='briefings.briefing')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'bulletin',
                'verbose_name_plural': 'bulletins',
                'constraints': [models.UniqueConstraint(fields=('year', 'number'), name='one_bulletin_a_year_and_number'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='bulletins_count_from_one')],
            },
        ),
    ]
