"""The overview counts turns that ended without a word; a later answer makes them forgotten."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def forget_what_was_answered_later(apps, schema_editor):
    messages = apps.get_model("widgets", "WidgetMessage").objects
    answers = messages.filter(reply_to=OuterRef("pk"))
    messages.exclude(turn_status="").filter(Exists(answers)).update(turn_status="")


def be_patient(apps, schema_editor):
    """An index of a long table takes longer than a request may."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET LOCAL statement_timeout = 0")


class Migration(migrations.Migration):

    dependencies = [
        ("widgets", "0008_conversation_lists"),
    ]

    operations = [
        migrations.RunPython(be_patient, migrations.RunPython.noop),
        migrations.RunPython(forget_what_was_answered_later, migrations.RunPython.noop),
        # Nothing is looked up by it since conversations say how they ended themselves.
        migrations.RemoveIndex(
            model_name="widgetmessage", name="widget_message_not_complete",
        ),
        migrations.RemoveIndex(
            model_name="widgetmessage", name="widget_message_figures",
        ),
        migrations.AddIndex(
            model_name="widgetmessage",
            index=models.Index(fields=["created_at"], include=("session", "role", "status", "turn_status", "rating", "first_token_ms", "input_tokens", "output_tokens", "id"), name="widget_message_figures"),
        ),
    ]
