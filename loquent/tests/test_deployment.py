"""What stands beside the code for those who deploy it."""

import re
from dataclasses import fields
from typing import Any

import pytest
import yaml
from django.conf import settings

from loquent.limits import Limits, variable
from loquent.management.commands.work import GRACE_SECONDS
from loquent.server.request_bodies import SMALL_BYTES
from loquent.tests.documents import blocks, section

# What Compose chooses by itself, with its default.
SETTINGS = ("loquent/settings.py", "loquent/agents/settings.py", "loquent/webhooks/settings.py")
COMPOSE_DEFAULTS = {
    "HTTP_PORT": "80",
    "HTTPS_PORT": "443",
    "BACKUP_KEEP": "14",
    "REQUIREMENTS": "requirements.txt",
    "CADDY_IMAGE": "caddy:2",
    "POSTGRES_IMAGE": "postgres:16-bookworm",
    "REDIS_IMAGE": "redis:7-bookworm",
    "PYTHON_TAG": "3.11-slim-bookworm",
}
SECRETS = {"SECRET_KEY", "DATABASE_URL", "OPENAI_API_KEY", "EMAIL_URL", "METRICS_TOKEN"}
PROGRAMS = {"web-a", "web-b", "worker", "migrate"}


def read(name: str) -> str:
    return (settings.BASE_DIR / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read("docker-compose.yml"))["services"]
    return found


def test_env_example_has_every_variable_and_its_default() -> None:
    code = "".join(map(read, SETTINGS))
    in_settings = set(re.findall(r'\benv[a-z]+\(\s*"([A-Z_]+)"', code))
    limits = {variable(field.name): field.default for field in fields(Limits)}
    example = dict(re.findall(r"^#?([A-Z0-9_]+)=(.*)$", read(".env.example"), re.MULTILINE))
    assert len(in_settings) > 10
    assert example.keys() == in_settings | limits.keys() | COMPOSE_DEFAULTS.keys() | {
        "POSTGRES_PASSWORD"
    }
    assert COMPOSE_DEFAULTS.items() <= example.items()
    assert {name: int(example[name]) for name in limits} == limits


def test_compose_has_the_defaults_of_the_example() -> None:
    compose = read("docker-compose.yml")
    for name, default in COMPOSE_DEFAULTS.items():
        assert set(re.findall(rf"\${{{name}:-([^}}]*)}}", compose)) == {default}, name
    dockerfile = read("Dockerfile")
    assert f"ARG PYTHON={COMPOSE_DEFAULTS['PYTHON_TAG']}\n" in dockerfile
    assert f"ARG REQUIREMENTS={COMPOSE_DEFAULTS['REQUIREMENTS']}\n" in dockerfile


def test_images_can_be_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        image = service["image"]
        assert image == "loquent-widget" or re.fullmatch(r"\$\{[A-Z]+_IMAGE:-.+\}", image), name


def test_compose_requires_the_secrets() -> None:
    compose = read("docker-compose.yml")
    assert "${SECRET_KEY:?" in compose
    assert "${POSTGRES_PASSWORD:?" in compose


def test_programs_get_secrets_only_from_files(services: dict[str, Any]) -> None:
    for name in PROGRAMS:
        given = services[name]["environment"]
        assert {given[variable] for variable in SECRETS} == {""}
        assert all(given[f"{variable}_FILE"].startswith("/run/secrets/") for variable in SECRETS)
        assert given["POSTGRES_PASSWORD"] == ""


def test_each_container_has_only_its_own_secrets(services: dict[str, Any]) -> None:
    folders = dict(
        re.findall(r"^ +- ([\w-]+):/run/secrets/(\w+)$", read("docker-compose.yml"), re.MULTILINE)
    )
    script = read("deploy/compose/write-secrets.sh")
    written = re.findall(r"^write (\w+) ([a-z-]+) ", script, re.MULTILINE)
    assert {folder for folder, _ in written} == set(folders.values())
    readers = 0
    for name, service in services.items():
        if name == "secrets":
            continue
        environment = map(str, service.get("environment", {}).values())
        used = {value for value in environment if value.startswith("/run/secrets/")}
        volumes = [volume for volume in service.get("volumes", []) if "secrets" in volume]
        mounted = set()
        for volume in volumes:
            source, target, mode = volume.split(":")
            assert (target, mode) == ("/run/secrets", "ro"), name
            mounted |= {f"{target}/{file}" for folder, file in written if folder == folders[source]}
        assert mounted == used, name
        readers += bool(volumes)
    assert readers == len(PROGRAMS | {"postgres", "backup"})


def test_every_container_is_confined(services: dict[str, Any]) -> None:
    assert services.keys() == PROGRAMS | {"caddy", "postgres", "redis", "backup", "secrets"}
    for name, service in services.items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"], name
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True, name
        if name not in PROGRAMS | {"secrets"}:
            assert service["healthcheck"]["test"], name
        assert ("ports" in service) is (name == "caddy"), name


def test_two_processes_can_be_replaced_one_by_one(services: dict[str, Any]) -> None:
    assert services["web-a"] == services["web-b"]
    assert services["caddy"]["environment"]["UPSTREAMS"] == "web-a:8000 web-b:8000"


def test_worker_service_has_time_to_finish_jobs(services: dict[str, Any]) -> None:
    worker = services["worker"]
    assert worker["command"] == ["python", "manage.py", "work"]
    assert worker["restart"] == "unless-stopped"
    assert int(worker["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS
    unit = read("deploy/systemd/loquent-worker.service")
    assert re.findall(r"^ExecStart=.*manage.py (.+)$", unit, re.MULTILINE) == ["work"]
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > GRACE_SECONDS


def test_image_copies_only_existing_files() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", read("Dockerfile"), re.MULTILINE)
    let_in = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    names = {name for line in copied for name in line.split()}
    assert len(names) >= 7
    for name in names:
        assert (settings.BASE_DIR / name).exists()
        assert name in let_in | {"widget-js/dist"}


def test_proxy_body_limits_match_the_server() -> None:
    megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2 + 1
    kilobytes = SMALL_BYTES // 1024
    nginx, caddy = read("deploy/nginx/loquent.conf"), read("deploy/caddy/Caddyfile")
    assert re.findall(r"client_max_body_size (\w+);", nginx) == [f"{kilobytes}k", f"{megabytes}m"]
    assert re.findall(r"Content-Length}\) > (\d+)", caddy) == [
        str(megabytes * 1_000_000),
        str(SMALL_BYTES),
    ]
    assert "read_body " in caddy
    assert "client_body_timeout " in nginx


def test_temporary_directory_is_bounded(services: dict[str, Any]) -> None:
    for name in PROGRAMS:
        (tmpfs,) = services[name]["tmpfs"]
        assert re.fullmatch(r"/\w+:size=\d+m", tmpfs)


def test_prometheus_reaches_metrics_through_a_compose_network(services: dict[str, Any]) -> None:
    page = section(read("docs/operations.md"), "Metrics")
    (example,) = blocks(page, "yaml")
    (network,) = yaml.safe_load(example)["networks"].values()
    name = network["name"].rpartition("_")[2]
    networks = yaml.safe_load(read("docker-compose.yml"))["networks"]
    # One with a way out: a published port needs it.
    assert not (networks[name] or {}).get("internal")
    for web in ("web-a", "web-b"):
        assert name in services[web]["networks"]
        assert f"`{web}:8000`" in page


def test_docs_say_how_to_apply_a_changed_secret() -> None:
    page = section(read("docs/self-hosting.md"), "Docker Compose")
    (change,) = re.findall(r"After you\s+change\s(.*?)```", page, re.DOTALL)
    # Compose sets the database's itself, by the password, which has a way of its own.
    assert set(re.findall(r"`([A-Z_]+)`", change)) == SECRETS - {"DATABASE_URL"}
    for web in ("web-a", "web-b"):
        assert f"docker compose restart {web} " in page


def test_docs_name_only_existing_files() -> None:
    page = read("docs/self-hosting.md") + read("docs/operations.md")
    named = set(re.findall(r"(?<![\w/])deploy/[\w./@-]+\w", page))
    assert {name for name in named if not (settings.BASE_DIR / name).exists()} == set()
    for kind in ("nginx/loquent.conf", "caddy/Caddyfile", "systemd", "prometheus", "grafana"):
        assert any(name.startswith(f"deploy/{kind}") for name in named), kind


def test_docs_contain_no_copy_of_a_configuration() -> None:
    """It would grow old: the files are what the tests run."""
    page = read("docs/self-hosting.md")
    for language in ("nginx", "caddyfile", "ini"):
        assert blocks(section(page, "Behind a proxy"), language) == []
