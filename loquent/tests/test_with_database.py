"""The database's address in the environment of a program, and nowhere else."""

import pytest

from loquent.management.commands.with_database import libpq_variables
from loquent.testing.process import run_manage

URL = "postgres://me%40acme:p%40ss%2Fw%3A%25rd@db.example.com:5433/chats?sslmode=require"
SECRET_KEY = "x" * 50


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"{URL}&connect_timeout=7&keepalives=1",
            {
                "PGHOST": "db.example.com",
                "PGPORT": "5433",
                "PGUSER": "me@acme",
                "PGPASSWORD": "p@ss/w:%rd",
                "PGDATABASE": "chats",
                "PGSSLMODE": "require",
                "PGCONNECT_TIMEOUT": "7",
            },
        ),
        (
            "postgres://%2Frun%2Fpostgresql/chats",
            {"PGHOST": "/run/postgresql", "PGDATABASE": "chats"},
        ),
    ],
)
def test_url_is_passed_in_parts(url: str, expected: dict[str, str]) -> None:
    assert libpq_variables(url) == expected


@pytest.mark.server
def test_password_is_not_visible_to_other_users() -> None:
    script = 'tr "\\0" " " </proc/$$/cmdline; echo "$PGPASSWORD"; exit 3'
    done = run_manage(
        *("with_database", "sh", "-c", script), DATABASE_URL=URL, SECRET_KEY=SECRET_KEY
    )
    assert (done.returncode, done.stderr) == (3, "")
    line, _, password = done.stdout.strip().rpartition(" ")
    assert line.startswith("sh -c")
    assert password == "p@ss/w:%rd"


@pytest.mark.server
@pytest.mark.parametrize(
    ("arguments", "url", "message"),
    [
        (["pg_dump"], "sqlite://:memory:", "SQLite"),
        ([], URL, "Name a program"),
        (["no-such-program"], URL, "no-such-program can't be run: No such file"),
    ],
)
def test_invalid_commands_are_reported(arguments: list[str], url: str, message: str) -> None:
    done = run_manage("with_database", *arguments, DATABASE_URL=url, SECRET_KEY=SECRET_KEY)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
