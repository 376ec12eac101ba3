"""End all staff sessions: their rows hold the keys that the browsers have."""

from django.db import migrations


def end_all(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('sessions', '0001_initial'),
        ('organizations', '0008_related_names'),
    ]

    operations = [
        migrations.RunPython(end_all, migrations.RunPython.noop),
    ]
