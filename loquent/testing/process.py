"""Run a real `manage.py serve` in its own process."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from loquent.testing.ports import free_port
from loquent.testing.waiting import COMMAND_SECONDS

# A loaded machine is slow, not broken.
READY_SECONDS = 120
END_SECONDS = 45
MANAGE = str(settings.BASE_DIR / "manage.py")
# The variables that settings.py reads, or that decide where Python looks: no test inherits them.
FOREIGN = (
    "LIMIT_", "OPENAI_", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_", "OTEL_",
    "PROMETHEUS_", "EMAIL_URL", "MODEL_", "SIGN_IN_", "SOURCES_", "WEBHOOK_",
)  # fmt: skip
FOREIGN_NAMES = frozenset(
    {
        "ALLOWED_HOSTS", "API_CORS_ORIGINS", "AUDIT_LOG_DAYS", "DATABASE_THREADS",
        "DATABASE_TIMEOUTS", "DEBUG", "DEFAULT_FROM_EMAIL", "DEMO_PAGE", "HSTS_SECONDS",
        "JOBS_IN_SERVER",
        "LOG_FORMAT", "LOG_LEVEL", "MAX_DAILY_TOKENS", "MAX_SOCKETS", "MAX_WIDGETS", "MEANING",
        "RATE_LIMITS",
        "SERVER_MODELS", "SITE_URL", "STATIC_ROOT", "TRUSTED_PROXY_COUNT",
        "WORKERS",
    }
)  # fmt: skip


def plain_environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without the product's settings, plus these variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN_NAMES and not name.startswith(FOREIGN)
    }
    # Loading the encoder would only slow them down.
    return {"MEANING": "0"} | kept | variables


def url_of_test_database() -> str:
    """Return the DATABASE_URL of the database that the running test uses."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    who = f"{database['USER']}:{database['PASSWORD']}@" if database["USER"] else ""
    return f"postgres://{who}{database['HOST']}:{database['PORT']}/{database['NAME']}"


def run_manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a manage.py command to its end."""
    return subprocess.run(
        [sys.executable, MANAGE, *arguments],
        env=plain_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


class ServerProcess:
    """A server on a free port of 127.0.0.1, with the database of the running test."""

    def __init__(
        self, log_path: Path, *, arguments: tuple[str, ...] = (), **variables: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}"
        self.log_path = log_path
        redis = {"REDIS_URL": settings.REDIS_URL} if settings.REDIS_URL else {}
        self._environment = plain_environment(
            **{
                "DEBUG": "1",
                "SECRET_KEY": settings.SECRET_KEY,
                "SITE_URL": self.url,
                "DATABASE_URL": url_of_test_database(),
                "PYTHONWARNINGS": "default",
                **redis,
                **variables,
            }
        )
        self._command = [sys.executable, MANAGE, "serve", "--port", str(self.port), *arguments]
        self.process = self._launch()

    def _launch(self) -> subprocess.Popen[Any]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_again(self) -> None:
        """Start it again on the same port after it has ended."""
        self.process = self._launch()

    def log(self) -> str:
        """Return what the server has printed so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until it accepts connections; fail with its log if it ends instead."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"The server ended by itself:\n{self.log()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"The server isn't there after {READY_SECONDS} s:\n{self.log()}")

    def terminate(self) -> int:
        """Send SIGTERM, as a deployment does; return the exit status."""
        return self.end(signal.SIGTERM)

    def kill(self) -> int:
        """Send SIGKILL, to simulate a crash."""
        return self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> int:
        """Send a signal, unless it has already ended, and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"The server did not end:\n{self.log()}") from None
