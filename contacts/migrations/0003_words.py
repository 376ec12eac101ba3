"""Searching among many contacts."""

from django.db import migrations

from loquent.db.trigrams import add_trigram_index, drop_trigram_index

INDEX = "contact_words"


def index_words(apps, schema_editor):
    add_trigram_index(
        schema_editor, name=INDEX, table="contacts_contact", columns=["name", "email", "phone"]
    )


def drop_words(apps, schema_editor):
    drop_trigram_index(schema_editor, name=INDEX)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_newest_index'),
    ]

    operations = [
        migrations.RunPython(index_words, drop_words),
    ]
