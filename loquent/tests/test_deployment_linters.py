"""Each file of a deployment, through its own linter."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.server
ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "deploy"


def run(*command: str | Path, **variables: str) -> str:
    """The output of a linter that has nothing against it."""
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_dockerfile() -> None:
    assert run(Path(sys.executable).parent / "hadolint", ROOT / "Dockerfile") == ""


def test_compose(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", ".env.example", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    example = (tmp_path / ".env.example").read_text("utf-8")
    filled = example.replace("SECRET_KEY=\n", "SECRET_KEY=aaaaaaaa\n")
    filled = filled.replace("POSTGRES_PASSWORD=\n", "POSTGRES_PASSWORD=bbbbbbbb\n")
    (tmp_path / ".env").write_text(filled, "utf-8")
    out = run(
        "docker-compose",
        "--project-directory",
        tmp_path,
        "-f",
        tmp_path / "docker-compose.yml",
        "config",
    )
    # The secrets reach the one container that writes them.
    assert out.count("aaaaaaaa") == out.count("bbbbbbbb") == 1


@pytest.mark.parametrize("script", sorted((DEPLOY / "compose").glob("*.sh")), ids=lambda p: p.name)
def test_a_script(script: Path) -> None:
    assert run("sh", "-n", script) == ""


def test_caddy() -> None:
    path = DEPLOY / "caddy" / "Caddyfile"
    run(
        *("caddy", "validate", "--config", path, "--adapter", "caddyfile"),
        SITE_URL="https://chat.example.com",
        UPSTREAMS="web-a:8000 web-b:8000",
    )
    assert run("caddy", "fmt", path) == path.read_text("utf-8")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with programs that are there."""
    made = []
    for source in sorted((DEPLOY / "systemd").iterdir()):
        text = re.sub(r"/opt/loquent-widget/\.venv/bin/python", "/bin/true", source.read_text())
        target = tmp_path / source.name.replace("@", "@8000")
        target.write_text(text)
        made.append(target)
    return made


def test_units(units: list[Path]) -> None:
    assert len(units) == 5
    for unit in units:
        out = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
        assert out == "", unit.name


def test_services_are_locked_in(units: list[Path]) -> None:
    for unit in units:
        if unit.suffix == ".service":
            out = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
            assert "Overall exposure level" in out
