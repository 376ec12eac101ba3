"""`/readyz`: who is left out by a proxy, and who isn't."""

import json
import threading
from typing import Any

import pytest
from pytest_django import Settings

from loquent.server import health
from loquent.server.health import HealthApplication


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    raise AssertionError("This is for the health application.")


def answer(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """Let the database answer so."""

    async def ask_database() -> list[str]:
        return list(found)

    monkeypatch.setattr(health, "_ask_database", ask_database)


async def ask(asked: HealthApplication) -> tuple[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await asked({"path": "/readyz"}, None, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> HealthApplication:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer(monkeypatch, [])
    return HealthApplication(application, is_draining=lambda: False)


@pytest.mark.parametrize(
    ("found", "redis_answers", "expected"),
    [
        ([], True, (200, "ok", [])),
        ([], False, (200, "degraded", ["redis"])),
        (["migrations"], True, (503, "unavailable", ["migrations"])),
        (["migrations"], False, (503, "unavailable", ["migrations", "redis"])),
    ],
)
async def test_process_without_redis_stays_ready(
    ready: HealthApplication,
    monkeypatch: pytest.MonkeyPatch,
    found: list[str],
    redis_answers: bool,
    expected: tuple[int, str, list[str]],
) -> None:
    answer(monkeypatch, found)
    monkeypatch.setattr(health, "ping_redis", lambda: redis_answers)
    status, body = await ask(ready)
    assert (status, body["status"], body["problems"]) == expected


async def test_unreachable_redis_is_reported(ready: HealthApplication) -> None:
    assert await ask(ready) == (200, {"status": "degraded", "problems": ["redis"]})


async def test_draining_process_is_not_ready(ready: HealthApplication) -> None:
    going = HealthApplication(application, is_draining=lambda: True)
    assert await ask(going) == (503, {"status": "unavailable", "problems": ["draining"]})


async def test_hanging_check_uses_one_thread_and_delays_no_response(
    ready: HealthApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    end = threading.Event()

    def hang() -> bool:
        asked.append("once")
        return end.wait()

    monkeypatch.setattr(health, "ping_redis", hang)
    monkeypatch.setattr(health, "READY_SECONDS", 0.05)
    try:
        for _ in range(3):
            assert await ask(ready) == (200, {"status": "degraded", "problems": ["redis"]})
    finally:
        # The loop waits for its threads as it ends.
        end.set()
    assert asked == ["once"]
