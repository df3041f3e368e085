from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("approvals", "0019_who_chose_and_handed_in")]

    # Workbooks of events are ledgers now. What they entered stands in the items' histories with its source.
    operations = [migrations.DeleteModel("EventBook")]
