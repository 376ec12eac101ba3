"""`make run`: error pages for developers are for this machine alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from loquent.management.commands.serve import is_loopback

# Stands in for Python: says how the server would be started.
STUB = '#!/bin/sh\n[ "$2" = serve ] && echo "DEBUG=$DEBUG DEMO_PAGE=$DEMO_PAGE $*" || true\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with the script and the stub."""
    shutil.copytree(Path(settings.BASE_DIR) / ".ci", tmp_path / ".ci")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB, "utf-8")
    python.chmod(0o755)
    return tmp_path


def start(project: Path, host: str, **variables: str) -> str:
    kept = {name: os.environ[name] for name in ("PATH",)}
    done = subprocess.run(
        [str(project / ".ci" / "demo"), host, "8000"],
        cwd=project,
        env={**kept, "SECRET_KEY": "x", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_local_demo_has_debug_on(project: Path, host: str) -> None:
    assert is_loopback(host)
    expected = f"DEBUG=1 DEMO_PAGE=1 manage.py serve --host {host} --port 8000"
    assert start(project, host) == expected
    assert start(project, host, DEBUG="0") == expected.replace("DEBUG=1", "DEBUG=0")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "chat.example.com"])
def test_network_demo_has_debug_off(project: Path, host: str) -> None:
    assert not is_loopback(host)
    expected = f"DEBUG=0 DEMO_PAGE=1 manage.py serve --host {host} --port 8000"
    assert start(project, host) == expected
    # Said once is not enough: `serve` then refuses.
    assert start(project, host, DEBUG="1") == expected.replace("DEBUG=0", "DEBUG=1")
