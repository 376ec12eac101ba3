"""systemd's nightly backup: what its unit runs, with the paths of a test."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from loquent.organizations.models import Organization
from loquent.testing.packages import postgresql_programs
from loquent.testing.process import plain_environment, url_of_test_database

pytestmark = pytest.mark.server
UNIT = Path(settings.BASE_DIR) / "deploy" / "systemd" / "loquent-backup.service"


def lines(unit: str, name: str) -> list[list[str]]:
    """The words of each line of this name, in their order."""
    return [shlex.split(line) for line in re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)]


def test_systemd_unit_writes_a_dump(
    transactional_db: None, acme: Organization, tmp_path: Path
) -> None:
    assert connection.vendor == "postgresql", "Run this by `make test`."
    # What has to be written otherwise in a URL; the server of the tests takes any password.
    url = url_of_test_database().replace("postgres:@", "postgres:a%40b%2Fc@")
    assert "a%40b" in url
    (tmp_path / "database-url").write_text(f"{url}?application_name=backup\n")
    (tmp_path / "secret-key").write_text("x" * 50)
    unit = UNIT.read_text("utf-8")
    for name, value in {
        "/opt/loquent-widget/.venv/bin/python": sys.executable,
        "/opt/loquent-widget": str(settings.BASE_DIR),
        "/var/lib/loquent": str(tmp_path / "state"),
        "%d": str(tmp_path),
    }.items():
        unit = unit.replace(name, value)
    environment = plain_environment(
        **dict(pair.split("=", 1) for line in lines(unit, "Environment") for pair in line)
    )
    environment["PATH"] = f"{postgresql_programs()}:{os.environ['PATH']}"
    ((folder,),) = lines(unit, "WorkingDirectory")
    connection.close()
    for command in [*lines(unit, "ExecStartPre"), *lines(unit, "ExecStart")]:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    (dump,) = (tmp_path / "state" / "backups").iterdir()
    assert dump.name in done.stdout
    listed = subprocess.run(
        [f"{postgresql_programs()}/pg_restore", "--list", str(dump)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TABLE DATA public organizations_organization" in listed.stdout
