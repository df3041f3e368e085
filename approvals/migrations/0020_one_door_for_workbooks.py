from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.utils import timezone

SENDER_LENGTH = 60


def to_ledgers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was handed in and not entered waits as a ledger, and is read when its person says so: the page of
    a ledger that is to be read and has no work under way offers it."""
    books = apps.get_model("approvals", "EventBook").objects.filter(entered_at__isnull=True)
    ledgers = apps.get_model("ledgers", "Ledger").objects
    for book in books.defer("rows", "skipped").select_related("handed_in_by__agency").order_by("pk"):
        person = book.handed_in_by
        ledgers.create(
            file_id=book.file_id,
            kind="item_events",
            sender=(person.agency.name if person.agency else person.name)[:SENDER_LENGTH],
            state="reading",
            handed_in_on=timezone.localdate(book.handed_in_at),
            handed_in_at=book.handed_in_at,
            handed_in_by=person,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0019_who_chose_and_handed_in"),
        ("accounts", "0001_initial"),
        ("ledgers", "0001_initial"),
    ]

    # Workbooks of events are ledgers now. What they entered stands in the items' histories with its source.
    operations = [
        migrations.RunPython(to_ledgers, migrations.RunPython.noop),
        migrations.DeleteModel("EventBook"),
    ]
