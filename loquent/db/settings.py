"""Read Django's DATABASES setting from DATABASE_URL."""

from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

# Take the write lock when a transaction starts; acquiring it later would fail instead of wait.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}
POSTGRESQL_TIMEOUTS = {
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
}


def database_settings(url: str, *, with_timeouts: bool) -> dict[str, Any]:
    """Return the settings of one database.

    `with_timeouts` False: for a pooler that refuses connection options. Raises ImproperlyConfigured
    without quoting the URL, which may contain a password.
    """
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except (dj_database_url.UnknownSchemeError, dj_database_url.ParseError, ValueError):
        raise ImproperlyConfigured(
            "DATABASE_URL can't be read. Use postgres://user:password@host:5432/name or "
            "sqlite:////absolute/path."
        ) from None
    given = database.pop("OPTIONS", {})
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # Opening a connection reads the whole schema, which takes longer than most queries.
        return {**database, "OPTIONS": dict(SQLITE_OPTIONS), "CONN_MAX_AGE": 60}
    timeouts = POSTGRESQL_TIMEOUTS if with_timeouts else {}
    options = [f"-c {name}={value}" for name, value in timeouts.items()]
    return {
        **database,
        "OPTIONS": {
            **given,
            "connect_timeout": 3,
            "options": " ".join([*options, given.get("options", "")]).strip(),
        },
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
