"""Lists and searches of many contacts."""

from django.db import migrations, models

from loquent.trigrams import add_trigram_index, drop_trigram_index

INDEX = "contact_words"


def index_words(apps, schema_editor):
    add_trigram_index(
        schema_editor, name=INDEX, table="contacts_contact", columns=["name", "email", "phone"]
    )


def drop_words(apps, schema_editor):
    drop_trigram_index(schema_editor, name=INDEX)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0001_initial'),
        ('organizations', '0002_retention_and_budget'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(fields=['organization', '-created_at', '-id'], name='contact_newest'),
        ),
        migrations.RunPython(index_words, drop_words),
    ]
