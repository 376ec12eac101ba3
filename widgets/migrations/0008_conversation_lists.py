"""What lists of conversations need: how the last turn ended, and indexes; also for searching text."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from loquent.db.trigrams import add_trigram_index, drop_trigram_index

INDEX = "widget_message_words"


def note_last_answers(apps, schema_editor):
    messages = apps.get_model("widgets", "WidgetMessage").objects
    answers = messages.filter(session=OuterRef("pk"), role="assistant").order_by("-seq")
    sessions = apps.get_model("widgets", "WidgetSession").objects
    sessions.filter(messages__role="assistant").update(
        last_answer_status=Subquery(answers.values("status")[:1])
    )


def index_words(apps, schema_editor):
    add_trigram_index(
        schema_editor, name=INDEX, table="widgets_widgetmessage", columns=["content"]
    )


def drop_words(apps, schema_editor):
    drop_trigram_index(schema_editor, name=INDEX)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0003_words'),
        ('widgets', '0007_message_figures'),
    ]

    operations = [
        migrations.AddField(
            model_name='widgetmessage',
            name='turn_status',
            field=models.CharField(blank=True, choices=[('complete', 'Complete'), ('stopped', 'Stopped by the visitor'), ('failed', 'Failed'), ('interrupted', 'Interrupted by a crash')], editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name='widgetsession',
            name='last_answer_status',
            field=models.CharField(blank=True, choices=[('complete', 'Complete'), ('stopped', 'Stopped by the visitor'), ('failed', 'Failed'), ('interrupted', 'Interrupted by a crash')], editable=False, max_length=16, verbose_name='last answer'),
        ),
        migrations.AddIndex(
            model_name='widgetsession',
            index=models.Index(fields=['-last_active_at', '-id'], name='widget_session_active'),
        ),
        migrations.RunPython(note_last_answers, migrations.RunPython.noop),
        migrations.RunPython(index_words, drop_words),
    ]
