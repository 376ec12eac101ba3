"""The doctor finds what is wrong inside: each fault is put in, and seen."""

import ipaddress
import json
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from loquent.agents.backends.openai_chat.check import check_endpoint
from loquent.jobs.models import Job, JobState
from loquent.management.doctor import configuration, stores
from loquent.management.doctor.findings import Finding, Findings, Level
from loquent.management.doctor.jobs import check_jobs
from loquent.management.doctor.model import check_models
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.process import run_manage, url_of_test_database
from loquent.tests.documents import codes, read, rows, section

DOCTOR = Path(django_settings.BASE_DIR) / "loquent" / "management" / "doctor"


def one(findings: Findings, name: str) -> Finding:
    (found,) = [finding for finding in findings if finding.id == name]
    assert bool(found.mend) is (found.level is not Level.OK)
    return found


@pytest.mark.parametrize(
    ("name", "value", "finding", "level"),
    [
        ("SECRET_KEY", "insecure-no-secret-key-is-set", "secret-key", Level.FAIL),
        ("SECRET_KEY", "short", "secret-key", Level.FAIL),
        ("SECRET_KEY", "ab" * 40, "secret-key", Level.FAIL),
        ("SECRET_KEY", "f3Yk-a-key-of-fifty-characters-0123456789-zQ", "secret-key", Level.OK),
        ("DEBUG", True, "debug", Level.FAIL),
        ("DEBUG", False, "debug", Level.OK),
        ("SITE_IS_HTTPS", False, "site-url", Level.FAIL),
        ("SITE_IS_HTTPS", True, "site-url", Level.OK),
        ("ALLOWED_HOSTS", ["*"], "allowed-hosts", Level.WARN),
        ("ALLOWED_HOSTS", ["chat.example.com"], "allowed-hosts", Level.FAIL),
        ("ALLOWED_HOSTS", ["127.0.0.1"], "allowed-hosts", Level.OK),
        ("STATIC_ROOT", "/nowhere", "static-files", Level.FAIL),
    ],
)
def test_settings_are_checked(
    settings: Settings, name: str, value: Any, finding: str, level: Level
) -> None:
    setattr(settings, name, value)
    found = one(configuration.check_settings(), finding)
    assert found.level is level
    if name == "SECRET_KEY":
        assert value not in found.message + found.mend


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://chat.example.com", Level.OK),
        ("https://localhost", Level.WARN),
        ("https://chat.localhost:8443", Level.WARN),
        ("https://shop.local", Level.WARN),
        ("https://chat", Level.WARN),
        ("https://localhost.example.com", Level.OK),
        # Another finding says that it must be https.
        ("http://localhost", Level.OK),
    ],
)
def test_sender_of_push_messages_is_checked(settings: Settings, url: str, level: Level) -> None:
    settings.SITE_URL, settings.SITE_IS_HTTPS = url, url.startswith("https")
    assert one(configuration.check_settings(), "push").level is level


@pytest.mark.parametrize(
    ("token", "allow", "level"),
    [
        ("", "0.0.0.0/0", Level.FAIL),
        ("short", "10.0.0.0/8", Level.WARN),
        ("a-token-of-32-characters-and-more", "10.0.0.0/8", Level.OK),
        ("", "10.0.0.0/8", Level.OK),
    ],
)
def test_metrics_are_checked(settings: Settings, token: str, allow: str, level: Level) -> None:
    settings.METRICS_TOKEN, settings.METRICS_ALLOW = token, [ipaddress.ip_network(allow)]
    assert one(configuration.check_settings(), "metrics").level is level


def test_machine_is_checked(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.DATABASE_IS_SQLITE = False
    usage = SimpleNamespace(total=100 * 1024**3, free=2 * 1024**3)
    monkeypatch.setattr(
        "loquent.management.doctor.configuration.shutil.disk_usage", lambda _: usage
    )
    monkeypatch.setattr(
        "loquent.management.doctor.configuration.resource.getrlimit", lambda _: (1_024, 1_024)
    )
    assert one(configuration.check_machine(), "disk").level is Level.FAIL
    assert one(configuration.check_machine(), "open-files").level is Level.WARN
    usage.free = 50 * 1024**3
    monkeypatch.setattr(
        "loquent.management.doctor.configuration.resource.getrlimit", lambda _: (65_536, 65_536)
    )
    assert one(configuration.check_machine(), "disk").level is Level.OK
    assert one(configuration.check_machine(), "open-files").level is Level.OK


@pytest.mark.parametrize(
    ("is_sqlite", "free_mib", "expected"),
    [
        # The tmpfs of a container: half the memory of a machine of 2 GB.
        (False, 950, [Level.OK]),
        (False, 99, [Level.FAIL]),
        (True, 950, [Level.FAIL, Level.OK]),
        (True, 1_024, [Level.OK, Level.OK]),
    ],
)
def test_temporary_files_need_less_space_than_a_database(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    is_sqlite: bool,
    free_mib: int,
    expected: list[Level],
) -> None:
    settings.DATABASE_IS_SQLITE = is_sqlite
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(tmp_path / "loquent.sqlite3"))
    usage = SimpleNamespace(total=1_100 * 1024**2, free=free_mib * 1024**2)
    monkeypatch.setattr(
        "loquent.management.doctor.configuration.shutil.disk_usage", lambda _: usage
    )
    found = [item.level for item in configuration.check_machine() if item.id == "disk"]
    assert sorted(found) == sorted(expected)


def test_healthy_database_passes(db: None) -> None:
    found = list(stores.check_database())
    assert [finding for finding in found if finding.level is Level.FAIL] == []
    assert one(found, "migrations").level is Level.OK
    assert one(found, "database").level in {Level.OK, Level.WARN}


def test_unreachable_database_is_found(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("password=hunter2")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "ensure_connection", fail)
        (found,) = stores.check_database()
    assert (found.id, found.level) == ("database", Level.FAIL)
    assert "hunter2" not in found.message


def test_migrations_latency_and_clock_are_checked(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "loquent.management.doctor.stores.MigrationExecutor.migration_plan",
        lambda *_: ["one", "two"],
    )
    assert one(stores.check_database(), "migrations").level is Level.FAIL
    monkeypatch.setattr(stores, "SLOW_SECONDS", -1.0)
    assert one(stores.check_database(), "database").level is Level.WARN
    assert stores._clock(-2.5).level is Level.FAIL
    assert stores._clock(0.5).level is Level.OK


@pytest.mark.server
def test_postgresql_is_checked(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection.vendor == "postgresql", "Run this by `make test`."

    def levels() -> dict[str, Level]:
        return {finding.id: finding.level for finding in stores.check_database()}

    names = ("database-version", "database-timeouts", "database-connections", "clock")
    assert {levels()[name] for name in names} == {Level.OK}
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
    assert levels()["database-timeouts"] is Level.WARN
    settings.WORKERS = 100
    assert levels()["database-connections"] is Level.WARN
    monkeypatch.setattr(stores, "POSTGRESQL", 99)
    assert levels()["database-version"] is Level.FAIL
    monkeypatch.setattr("loquent.management.doctor.stores.time.time", lambda: 1_000_000.0)
    assert levels()["clock"] is Level.FAIL


def test_missing_redis_is_found(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert one(stores.check_redis(), "redis").level is Level.WARN
    settings.WORKERS = 2
    assert one(stores.check_redis(), "redis").level is Level.FAIL
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{port}/0"
    found = one(stores.check_redis(), "redis")
    assert found.level is Level.FAIL
    assert "hunter2" not in found.message


@pytest.mark.server
def test_redis_is_checked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.REDIS_URL, "Run this by `make test`."
    assert {finding.level for finding in stores.check_redis()} == {Level.OK}
    monkeypatch.setattr(stores, "REDIS", (99, 0))
    assert one(stores.check_redis(), "redis-version").level is Level.FAIL
    monkeypatch.setattr("loquent.management.doctor.stores.Redis.publish", lambda *_: 0)
    monkeypatch.setattr(stores, "REDIS_SECONDS", 0.1)
    assert one(stores.check_redis(), "redis-pubsub").level is Level.FAIL
    real = Redis.info
    monkeypatch.setattr(
        "loquent.management.doctor.stores.Redis.info", lambda c: {**real(c), "aof_enabled": 1}
    )
    assert one(stores.check_redis(), "redis-persistence").level is Level.WARN


async def endpoint(status: int, seen: list[str]) -> tuple[web.AppRunner, str]:
    async def models(request: web.Request) -> web.Response:
        seen.append(f"{request.method} {request.path} {request.headers.get('Authorization')}")
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", models)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, Level.OK), (404, Level.OK), (401, Level.FAIL), (429, Level.WARN), (503, Level.WARN)],
)
async def test_model_endpoint_is_checked(settings: Settings, status: int, level: Level) -> None:
    seen: list[str] = []
    runner, settings.OPENAI_BASE_URL = await endpoint(status, seen)
    settings.OPENAI_API_KEY = "sk-secret"
    found = await check_endpoint()
    await runner.cleanup()
    assert Level(found.level) is level
    assert bool(found.hint) is (level is not Level.OK)
    assert seen == ["GET /v1/models Bearer sk-secret"]
    assert "sk-secret" not in found.message + found.hint
    for key in ("sk-secret", ""):
        settings.OPENAI_API_KEY = key
        settings.OPENAI_BASE_URL = "http://user:hidden@127.0.0.1:1/v1"
        found = await check_endpoint()
        assert (found.level, "hidden" in found.message) == ("fail", False)
        assert "//127.0.0.1:1/v1" in found.message


def test_endpoint_is_checked_only_if_an_agent_uses_it(
    acme: Organization, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    make_agent(acme)
    assert list(check_models()) == []
    make_agent(acme, model="openai-chat:any")
    assert one(check_models(), "model").level is Level.FAIL


def test_documented_findings_match_the_code() -> None:
    text = "".join(path.read_text("utf-8") for path in DOCTOR.glob("*.py"))
    named = set(re.findall(r'\b(?:ok|warn|fail|_answers|Setting|Finding)\(\s*"([a-z-]+)"', text))
    cells = [row[0] for row in rows(section(read("docs/operations.md"), "The doctor"))]
    table = {name for cell in cells for name in codes(cell) if not name.startswith("--")}
    assert table == named


@pytest.mark.server
def test_command_prints_findings_and_sets_the_exit_code(transactional_db: None) -> None:
    run: Callable[..., Any] = run_manage
    variables = {"DEBUG": "1", "DATABASE_URL": url_of_test_database(), "SECRET_KEY": "x" * 60}
    done = run("doctor", "--inside", "--json", **variables)
    body = json.loads(done.stdout)
    assert (done.returncode, body["ok"]) == (1, False)
    assert body["findings"][0]["id"] == "secret-key"
    assert body["findings"][0].keys() == {"id", "level", "message", "mend"}
    done = run("doctor", "--inside", **variables)
    assert done.returncode == 1
    assert re.search(r"^fail  debug +DEBUG is on.*\n +→ Set DEBUG=0\.$", done.stdout, re.MULTILINE)
    assert "x" * 60 not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("state", "seconds", "level"),
    [
        (JobState.WAITING, 30, Level.OK),
        (JobState.WAITING, -3_600, Level.OK),
        (JobState.WAITING, 90, Level.FAIL),
        (JobState.FAILED, 90, Level.WARN),
        (JobState.DONE, 90, Level.OK),
    ],
)
def test_overdue_jobs_are_reported(db: None, state: JobState, seconds: int, level: Level) -> None:
    when = timezone.now() - timedelta(seconds=seconds)
    Job.objects.create(kind="mail", group="mail", state=state, run_at=when)
    assert one(check_jobs(), "jobs").level is level
