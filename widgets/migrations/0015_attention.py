"""Give conversations their reasons for attention; those of the last 30 days get what is known."""

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

FAILED, NO_ANSWER, LEFT_DETAILS, UNHAPPY = 16, 32, 64, 128
HAS_DETAILS, ONE_NO_ANSWER = 1, 2
QUESTION = 1


def fill(apps: Any, schema_editor: Any) -> None:
    """Set what outcome, ratings and forms say; older conversations count as done."""
    alias = schema_editor.connection.alias
    messages = apps.get_model("widgets", "WidgetMessage").objects.using(alias)
    sessions = apps.get_model("widgets", "WidgetSession").objects.using(alias)
    sessions.filter(last_seq__gt=0).update(signs=QUESTION)
    recent = sessions.filter(last_active_at__gte=timezone.now() - timedelta(days=30))
    disliked = messages.filter(session=OuterRef("pk"), rating="down")
    for rows, bits in (
        (recent.filter(outcome="failed"), FAILED),
        (recent.filter(outcome="no_answer"), NO_ANSWER | ONE_NO_ANSWER),
        (recent.filter(contact_claim__isnull=False), HAS_DETAILS),
        (recent.filter(~Q(outcome="answered"), contact_claim__isnull=False), LEFT_DETAILS),
        (recent.filter(Exists(disliked)), UNHAPPY),
    ):
        rows.update(attention=F("attention").bitor(bits))


class Migration(migrations.Migration):

    dependencies = [("widgets", "0014_help_words")]

    operations = [
        migrations.AddField(
            model_name="widgetsession",
            name="attention",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="widgetsession",
            name="attention_done_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="widgetsession",
            name="signs",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="widgetsession",
            index=models.Index(
                condition=models.Q(attention__gte=16),
                fields=["widget", "-last_active_at"],
                name="widget_session_attention",
            ),
        ),
    ]
