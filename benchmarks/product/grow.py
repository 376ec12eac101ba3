"""Fills the database of DATABASE_URL: `python -m benchmarks.product.grow WHAT COUNT`.

WHAT is `widgets`, `contacts` or `sessions` (with two messages each), and COUNT how many there are
to be in all; or `messages`, and COUNT how many each of SESSIONS new sessions is to have. Prints,
as JSON, what visitors need to know: the widgets' public ids, or the sessions' tokens.
"""

import json
import sys

from django.db import connection
from django.utils import timezone

from contacts.models import Contact
from loquent.db.models import BaseModel
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.sessions import create_widget_session

SESSIONS = 40
MESSAGES = 2
# Visitors are spread over so many widgets at most.
KNOWN_WIDGETS = 1_000
GROWN = [
    f'"{model._meta.db_table}"' for model in (Contact, WidgetConfig, WidgetSession, WidgetMessage)
]
TEXT = "We ship from Bern every working day; parcels arrive within four to six working days."


def clone(row: BaseModel, count: int, *, also: str = "", **columns: str) -> None:
    """Copy a row so many times, in one statement.

    `columns` are SQL for what differs, in which `n` counts from 1. `also`: more tables and their
    condition, for each of whose rows it is done.
    """
    table = row._meta.db_table
    changed = {"id": "gen_random_uuid()", **columns}
    names = [field.column for field in row._meta.concrete_fields if field.column is not None]
    values = ", ".join(changed.get(name, f'row."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        # This takes longer than any statement of the product may.
        cursor.execute("SET statement_timeout = 0")
        # Nor is each row to be looked up that a copy refers to: it is the original's.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f'INSERT INTO "{table}" ({quoted}) SELECT {values} '
            f'FROM generate_series(1, %s) AS n, "{table}" AS row {also or "WHERE true"} '
            f"AND row.id = %s",
            [count, row.pk],
        )
        cursor.execute("SET session_replication_role = origin")


def grow_widgets(count: int) -> list[str]:
    """So many widgets of one organization and agent; gives the ids of some."""
    missing = count - WidgetConfig.objects.count()
    first = WidgetConfig.objects.earliest("created_at")
    clone(first, missing, widget_id="'wid_' || replace(gen_random_uuid()::text, '-', '')")
    newest = WidgetConfig.objects.order_by("-widget_id")[:KNOWN_WIDGETS]
    return [widget.widget_id for widget in newest]


def grow_contacts(count: int) -> None:
    """So many contacts of one organization: visitor1@example.com and so on."""
    before = Contact.objects.count()
    organization = WidgetConfig.objects.earliest("created_at").organization
    row = Contact.objects.create(organization=organization, name="Jane", email="first@example.com")
    email = f"'visitor' || ({before} + n) || '@example.com'"
    clone(row, count - before, email=email, created_at=_past("n"))
    row.delete()


def grow_sessions(count: int) -> None:
    """So many sessions with two messages each."""
    before = WidgetSession.objects.count()
    widget = WidgetConfig.objects.earliest("created_at")
    session, _ = create_widget_session(widget=widget)
    session.last_seq = MESSAGES
    session.save()
    clone(
        session,
        count - before,
        token_digest="md5(gen_random_uuid()::text) || md5(gen_random_uuid()::text)",
        created_at=_past("n"),
        last_active_at=_past("n"),
    )
    message = _message(session, 1)
    message.save(force_insert=True)
    messages, sessions = WidgetMessage._meta.db_table, WidgetSession._meta.db_table
    clone(
        message,
        MESSAGES,
        also=f'JOIN "{sessions}" AS s ON s.last_seq = {MESSAGES} WHERE NOT EXISTS '
        f'(SELECT FROM "{messages}" AS m WHERE m.session_id = s.id)',
        session_id="s.id",
        seq="n",
        role="CASE n %% 2 WHEN 1 THEN 'user' ELSE 'assistant' END",
        created_at="s.created_at",
    )
    session.delete()


def grow_messages(count: int) -> list[str]:
    """New sessions with so many messages each; gives their tokens."""
    widget = WidgetConfig.objects.earliest("created_at")
    made = [create_widget_session(widget=widget) for _ in range(SESSIONS)]
    for session, _ in made:
        WidgetMessage.objects.bulk_create(_message(session, seq) for seq in range(1, count + 1))
        WidgetSession.objects.filter(id=session.id).update(last_seq=count)
    return [token for _, token in made]


def _message(session: WidgetSession, seq: int) -> WidgetMessage:
    return WidgetMessage(
        session=session,
        seq=seq,
        role="user" if seq % 2 else "assistant",
        content=TEXT,
        created_at=timezone.now(),
    )


def _past(number: str) -> str:
    return f"now() - {number} * interval '1 second'"


def main() -> None:
    """The command line."""
    what, count = sys.argv[1], int(sys.argv[2])
    grow = {
        "widgets": grow_widgets,
        "contacts": grow_contacts,
        "sessions": grow_sessions,
        "messages": grow_messages,
    }[what]
    told = grow(count)
    with connection.cursor() as cursor:
        # So that PostgreSQL does neither while it is measured.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"VACUUM ANALYZE {', '.join(GROWN)}")
        cursor.execute("CHECKPOINT")
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
