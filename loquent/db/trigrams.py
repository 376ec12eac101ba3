"""Create PostgreSQL trigram indexes for substring searches; used by migrations."""

from collections.abc import Sequence

from django.db import DatabaseError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_trigram_index(
    editor: BaseDatabaseSchemaEditor, *, name: str, table: str, columns: Sequence[str]
) -> None:
    """Index these text columns for `icontains`, if pg_trgm is available to the database user.

    Otherwise no index is created, and a search reads every row with the same result.
    """
    if editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=editor.connection.alias):
            editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return
    # The expression must match Django's `icontains`. Indexing may exceed the statement timeout.
    parts = ", ".join(f"(UPPER({column}::text)) gin_trgm_ops" for column in columns)
    editor.execute("SET LOCAL statement_timeout = 0")
    editor.execute(f"CREATE INDEX {name} ON {table} USING gin ({parts})")


def drop_trigram_index(editor: BaseDatabaseSchemaEditor, *, name: str) -> None:
    """Drop the index, if there is one."""
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP INDEX IF EXISTS {name}")
