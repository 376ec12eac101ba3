"""Prepare the tables for the tests, and empty them after a test that commits."""

from collections.abc import Sequence

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import IntegrityError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

ATTEMPTS = 5


def empty_tables(test_case: object) -> None:
    """Delete all rows except permissions and content types, which no test changes.

    Django's `flush` deletes those too, and writes all of them again after each test.
    """
    names = set(
        connection.introspection.django_table_names(only_existing=True, include_views=False)
    )
    names -= {Permission._meta.db_table, ContentType._meta.db_table}
    if connection.vendor == "postgresql":
        statements = [_delete(sorted(names))]
    else:
        statements = connection.ops.sql_flush(no_style(), sorted(names))
    for _ in range(ATTEMPTS - 1):
        try:
            connection.ops.execute_sql_flush(statements)
        except (IntegrityError, OperationalError):
            # A server that several tests share was writing in the background: a deadlock, or a row
            # that refers to a deleted one.
            continue
        return
    connection.ops.execute_sql_flush(statements)


def record_all_migrations() -> None:
    """Record every migration as applied, if the tables were created from the models."""
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for app, name in MigrationLoader(connection).disk_migrations:
        recorder.record_applied(app, name)


def _delete(names: Sequence[str]) -> str:
    """Return a statement that empties the tables which have rows.

    Most have none, and PostgreSQL creates new files for every table and index that it truncates.
    """
    quoted = map(connection.ops.quote_name, names)
    deletions = (f"IF EXISTS (SELECT FROM {t}) THEN DELETE FROM {t}; END IF;" for t in quoted)  # noqa: S608
    return f"DO $$ BEGIN {' '.join(deletions)} END $$"
