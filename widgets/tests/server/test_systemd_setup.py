"""The commands that docs/self-hosting.md gives for systemd, on a machine's own paths."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from loquent.testing.process import plain_environment, url_of_test_database
from loquent.tests.documents import blocks, read, section

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def empty_database(transactional_db: None) -> Iterator[str]:
    """The DATABASE_URL of a database in which nothing is."""
    assert connection.vendor == "postgresql", "Run this by `make test`."
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield f"{url_of_test_database().rpartition('/')[0]}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_documented_commands_create_a_working_site(empty_database: str, tmp_path: Path) -> None:
    page = section(read("docs/self-hosting.md"), "systemd")
    install, environment, *shell = blocks(page, "sh")
    assert "enable" not in install
    replacements = {
        "/etc/loquent": str(tmp_path),
        "/var/lib/loquent": str(tmp_path / "state"),
        "/opt/loquent-widget": str(settings.BASE_DIR),
        ".venv/bin/python": sys.executable,
        "-o loquent -g loquent": "",
        "systemctl enable": "env >",
        "--now loquent@8000 loquent@8001 loquent-worker loquent-backup.timer": str(
            tmp_path / "at-the-start"
        ),
    }
    script = "\n".join(shell)
    for name, value in replacements.items():
        script, environment = script.replace(name, value), environment.replace(name, value)
    (tmp_path / "environment").write_text(f"{environment}DEFAULT_FROM_EMAIL='Chat <a@b.example>'\n")
    (tmp_path / "secret-key").write_text("a key of more than forty characters, 0123456789")
    (tmp_path / "database-url").write_text(empty_database)
    check = f"{sys.executable} manage.py migrate --check && {sys.executable} manage.py check"
    done = subprocess.run(
        ["sh", "-eu", "-c", f"{script}\n{check}"],
        env=plain_environment(PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "loquent.W004" not in done.stderr
    # When the services were started, all was there.
    assert (tmp_path / "at-the-start").exists()
    manifest = tmp_path / "state" / "static" / "staticfiles.json"
    assert manifest.stat().st_mode & 0o044 == 0o044
    with psycopg.connect(empty_database) as database:
        found = database.execute("SELECT name FROM organizations_organization").fetchall()
    assert found == [("Acme",)]
