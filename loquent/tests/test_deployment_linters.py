"""Each file of a deployment, through its own linter."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
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


def test_dockerfile_passes_its_linter() -> None:
    assert run(Path(sys.executable).parent / "hadolint", ROOT / "Dockerfile") == ""


@pytest.fixture
def compose(tmp_path: Path) -> Callable[..., str]:
    """`compose(HTTP_PORT="8080")`: what Compose makes of the example, filled in, and of these."""
    for name in ("docker-compose.yml", ".env.example", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    example = (tmp_path / ".env.example").read_text("utf-8")
    filled = example.replace("SECRET_KEY=\n", "SECRET_KEY=aaaaaaaa\n")
    filled = filled.replace("POSTGRES_PASSWORD=\n", "POSTGRES_PASSWORD=bbbbbbbb\n")

    def config(**variables: str) -> str:
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        (tmp_path / ".env").write_text(filled + lines, "utf-8")
        file = tmp_path / "docker-compose.yml"
        return run("docker-compose", "--project-directory", tmp_path, "-f", file, "config")

    return config


def test_compose_file_is_valid(compose: Callable[..., str]) -> None:
    more = {"EMAIL_URL": "cccccccc", "OPENAI_API_KEY": "dddddddd", "METRICS_TOKEN": "eeeeeeee"}
    out = compose(**more)
    # The secrets reach the one container that writes them.
    for secret in ("aaaaaaaa", "bbbbbbbb", *more.values()):
        assert out.count(secret) == 1, secret


@pytest.mark.parametrize("script", sorted((DEPLOY / "compose").glob("*.sh")), ids=lambda p: p.name)
def test_scripts_pass_shellcheck(script: Path) -> None:
    assert run("sh", "-n", script) == ""


def test_caddy_accepts_its_configuration() -> None:
    path = DEPLOY / "caddy" / "Caddyfile"
    run(
        *("caddy", "validate", "--config", path, "--adapter", "caddyfile"),
        SITE_URL="https://chat.example.com",
        UPSTREAMS="web-a:8000 web-b:8000",
    )
    assert run("caddy", "fmt", path) == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("site", "ports", "listens"),
    [
        ("https://chat.example.com", {}, ":443"),
        ("http://localhost", {}, ":80"),
        ("http://localhost:8080", {"HTTP_PORT": "8080"}, ":8080"),
        ("https://localhost:8443", {"HTTP_PORT": "8080", "HTTPS_PORT": "8443"}, ":8443"),
    ],
)
def test_caddy_listens_where_compose_publishes(
    compose: Callable[..., str], site: str, ports: dict[str, str], listens: str
) -> None:
    caddy = yaml.safe_load(compose(SITE_URL=site, **ports))["services"]["caddy"]
    path = DEPLOY / "caddy" / "Caddyfile"
    variables = {name: str(value) for name, value in caddy["environment"].items()}
    adapted = run("caddy", "adapt", "--config", path, "--adapter", "caddyfile", **variables)
    http = json.loads(adapted)["apps"]["http"]
    (public,) = [
        address
        for server in http["servers"].values()
        for address in server["listen"]
        if not address.startswith("127.0.0.1:")
    ]
    assert public == listens
    inside = {f"{http.get('http_port', 80)}", f"{http.get('https_port', 443)}"}
    published = {(str(port["published"]), str(port["target"])) for port in caddy["ports"]}
    assert published == {(port, port) for port in inside}
    assert listens.removeprefix(":") in inside


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


def test_systemd_accepts_the_units(units: list[Path]) -> None:
    assert len(units) == 4
    for unit in units:
        out = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
        assert out == "", unit.name


def test_services_are_sandboxed(units: list[Path]) -> None:
    for unit in units:
        if unit.suffix == ".service":
            out = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
            assert "Overall exposure level" in out
