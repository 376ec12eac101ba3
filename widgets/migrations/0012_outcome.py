"""Give answers and conversations an outcome; those from before get what their status says."""

from typing import Any

from django.db import migrations, models
from django.db.models import Case, Value, When

OUTCOMES = [
    ("answered", "Answered"),
    ("no_answer", "No answer found"),
    ("failed", "Failed"),
    ("stopped", "Stopped by the visitor"),
    ("refused", "Declined by the provider"),
]
BY_STATUS = {
    "complete": "answered",
    "stopped": "stopped",
    "failed": "failed",
    "interrupted": "failed",
}
# How the built-in agent says that it found nothing.
APOLOGIES = ("I'm sorry, I found nothing about that.", "I'm sorry, I have no information to answer")


def _by(field: str) -> Case:
    return Case(*(When(**{field: key}, then=Value(value)) for key, value in BY_STATUS.items()))


def fill(apps: Any, schema_editor: Any) -> None:
    """Set the outcomes; the built-in agent's apologies are known by their words."""
    alias = schema_editor.connection.alias
    messages = apps.get_model("widgets", "WidgetMessage").objects.using(alias)
    sessions = apps.get_model("widgets", "WidgetSession").objects.using(alias)
    messages.filter(role="assistant").update(outcome=_by("status"))
    sessions.exclude(last_answer_status="").update(outcome=_by("last_answer_status"))
    for apology in APOLOGIES:
        found = messages.filter(
            role="assistant",
            status="complete",
            model="builtin:knowledge",
            content__startswith=apology,
        )
        found.update(outcome="no_answer")
        # The session's outcome is that of its latest answer, which is its latest message.
        latest = found.filter(seq=models.F("session__last_seq"))
        sessions.filter(id__in=latest.values("session_id")).update(outcome="no_answer")


class Migration(migrations.Migration):

    dependencies = [("widgets", "0011_words")]

    operations = [
        migrations.AddField(
            model_name="widgetmessage",
            name="outcome",
            field=models.CharField(blank=True, choices=OUTCOMES, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="widgetsession",
            name="outcome",
            field=models.CharField(
                blank=True, choices=OUTCOMES, default="", editable=False, max_length=16
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="widgetmessage",
            name="card",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="widgetmessage", name="widget_message_figures"),
        migrations.AddIndex(
            model_name="widgetmessage",
            index=models.Index(
                fields=["created_at"],
                include=[
                    "session", "role", "outcome", "turn_status", "rating", "first_token_ms",
                    "input_tokens", "output_tokens", "id",
                ],
                name="widget_message_figures",
            ),
        ),
    ]  # fmt: skip
