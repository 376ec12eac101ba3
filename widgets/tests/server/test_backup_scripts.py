"""The scripts of Compose's containers, run as the containers run them."""

import os
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.packages import postgresql_programs
from loquent.testing.people import make_widget
from loquent.testing.process import url_of_test_database
from widgets.models import WidgetConfig

pytestmark = pytest.mark.server
SCRIPTS = Path(settings.BASE_DIR) / "deploy" / "compose"
Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(transactional_db: None, tmp_path: Path) -> Script:
    assert connection.vendor == "postgresql", "Run this by `make test`."
    address = urlsplit(url_of_test_database())
    password = tmp_path / "password"
    password.write_text(address.password or "any")
    backups = tmp_path / "backups"
    backups.mkdir()
    programs = postgresql_programs()
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": address.hostname or "",
        "PGPORT": str(address.port),
        "PGUSER": address.username or "",
        "PGDATABASE": address.path.lstrip("/"),
        "PGPASSWORD_FILE": str(password),
        "BACKUP_DIR": str(backups),
    }

    def run(name: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        connection.close()
        return subprocess.run(
            ["sh", str(SCRIPTS / name), *arguments],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_dumps_are_rotated_and_restored_completely(
    script: Script, tmp_path: Path, acme: Organization
) -> None:
    widget = make_widget(acme)
    backups = tmp_path / "backups"
    old = [backups / f"loquent-2020010{day}T000000Z.dump" for day in range(1, 5)]
    for path in old:
        path.write_text("old")
    foreign = backups / "somebody-elses.dump"
    foreign.touch()
    done = script("backup.sh", "once", BACKUP_KEEP="3")
    assert done.returncode == 0, done.stderr
    (made,) = set(backups.iterdir()) - {*old, foreign}
    assert re.fullmatch(r"loquent-\d{8}T\d{6}Z\.dump", made.name)
    assert made.stat().st_mode & 0o077 == 0
    assert sorted(backups.iterdir()) == [*old[2:], made, foreign]

    name = widget.name
    WidgetConfig.objects.update(name="changed since")
    make_widget(acme)
    done = script("restore.sh")
    assert done.returncode == 0, done.stderr
    assert made.name in done.stdout
    assert [w.name for w in WidgetConfig.objects.all()] == [name]


def test_dump_from_before_an_upgrade_is_migrated(
    script: Script, tmp_path: Path, acme: Organization
) -> None:
    widget = make_widget(acme)
    assert script("backup.sh", "once").returncode == 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (widget uuid REFERENCES widget_config)")
        cursor.execute("CREATE VIEW of_staff AS SELECT count(*) FROM later")
    done = script("restore.sh")
    left = {"later", "of_staff"} & set(connection.introspection.table_names(include_views=True))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS later CASCADE")
    assert (done.returncode, done.stderr) == (0, "")
    assert left == set()
    assert WidgetConfig.objects.get() == widget
    # Neither the dump in plain SQL nor anything else stays.
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_restore_ends_all_staff_sessions(script: Script, alice: User, client: Client) -> None:
    client.force_login(alice)
    assert client.get("/admin/").status_code == 200
    assert script("backup.sh", "once").returncode == 0
    done = script("restore.sh")
    assert done.returncode == 0, done.stderr
    assert User.objects.get() == alice
    assert client.get("/admin/").status_code == 302
    assert Session.objects.count() == 0


def test_a_plain_owner_restores_into_a_database_of_an_older_postgresql(
    script: Script, acme: Organization
) -> None:
    """There public belongs to the superuser, as pg_trgm may."""
    make_widget(acme)
    assert script("backup.sh", "once").returncode == 0
    name = f"plain_{uuid.uuid4().hex[:12]}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN")
        cursor.execute(f"CREATE DATABASE {name} OWNER {name}")
    try:
        with psycopg.connect(f"{url_of_test_database().rpartition('/')[0]}/{name}") as database:
            database.execute("ALTER SCHEMA public OWNER TO postgres")
            database.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
            database.execute("CREATE EXTENSION pg_trgm")
        # Into nothing, and into what is there.
        for _ in range(2):
            done = script("restore.sh", PGUSER=name, PGDATABASE=name)
            assert done.returncode == 0, done.stderr
        url = url_of_test_database().replace("postgres:@", f"{name}@").rpartition("/")[0]
        with psycopg.connect(f"{url}/{name}") as database:
            found = database.execute("SELECT count(*) FROM widget_config").fetchone()
        assert found == (1,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {name}")


def test_failed_dump_leaves_no_files(script: Script, tmp_path: Path) -> None:
    done = script("backup.sh", "once", PGDATABASE="nobodys")
    assert done.returncode == 1
    assert "The backup failed." in done.stderr
    assert list((tmp_path / "backups").iterdir()) == []
    assert script("restore.sh").returncode == 1
    assert "There is no dump" in script("restore.sh").stderr


def test_a_broken_dump_changes_nothing(script: Script, tmp_path: Path, acme: Organization) -> None:
    widget = make_widget(acme)
    whole = tmp_path / "backups"
    assert script("backup.sh", "once").returncode == 0
    (dump,) = whole.iterdir()
    dump.write_bytes(dump.read_bytes()[:-2_000])
    assert script("restore.sh", str(dump)).returncode != 0
    assert WidgetConfig.objects.get() == widget
    assert list(whole.iterdir()) == [dump]


def test_refused_restore_changes_nothing(
    script: Script, tmp_path: Path, acme: Organization
) -> None:
    widget = make_widget(acme)
    assert script("backup.sh", "once").returncode == 0
    (dump,) = (tmp_path / "backups").iterdir()
    with connection.cursor() as cursor:
        # No relation, so that it stays, and has the name of one.
        cursor.execute("CREATE TYPE auth_user_id_seq AS ENUM ('a')")
    done = script("restore.sh", str(dump))
    with connection.cursor() as cursor:
        cursor.execute("DROP TYPE IF EXISTS auth_user_id_seq")
    assert "already exists" in done.stderr
    assert done.returncode != 0
    assert WidgetConfig.objects.get() == widget


def test_secrets_become_files(tmp_path: Path) -> None:
    for folder in ("server", "postgres"):
        (tmp_path / folder).mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "SECRETS_DIR": str(tmp_path),
        "SECRET_KEY": "a % \\n key",
        "POSTGRES_PASSWORD": "abc123",
        "EMAIL_URL": "smtp://me:p%40ss@mail.example.com:465/?ssl=1&timeout=3",
    }
    command = ["sh", str(SCRIPTS / "write-secrets.sh")]
    for _ in range(2):
        assert subprocess.run(command, env=environment, check=False).returncode == 0
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.glob("*/*")
    }
    assert written == {
        "server/secret-key": "a % \\n key",
        "server/database-url": "postgres://loquent:abc123@postgres:5432/loquent",
        "server/openai-api-key": "",
        "server/email-url": "smtp://me:p%40ss@mail.example.com:465/?ssl=1&timeout=3",
        "server/metrics-token": "",
        "postgres/postgres-password": "abc123",
    }
    bad = {**environment, "POSTGRES_PASSWORD": "a/b"}
    done = subprocess.run(command, env=bad, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "letters and digits" in done.stderr
    assert "a/b" not in done.stderr
