"""Every request has an ID, and every log line says whose it is."""

import json
import logging
import sys
import uuid

import pytest
from django.test import AsyncClient

from loquent.db.threads import in_database
from loquent.telemetry import correlation
from loquent.telemetry.logs import JsonFormatter
from loquent.tests.test_metrics_endpoint import get
from loquent.tokens import SESSION_TOKEN, new_token

TOKEN = new_token(SESSION_TOKEN)


async def id_of(*offered: bytes) -> bytes:
    _, headers, _ = await get("/healthz", [(b"x-request-id", value) for value in offered])
    return headers[b"x-request-id"]


async def test_valid_request_id_is_kept() -> None:
    for sane in (b"proxy-1.a_B", b"x", b"a" * 64):
        assert await id_of(sane) == sane


@pytest.mark.parametrize(
    "offered", [(), (b"",), (b"a b",), (b"a\n",), (b"\xff",), (b"a" * 65,), (b"one", b"two")]
)
async def test_invalid_request_id_is_replaced(offered: tuple[bytes, ...]) -> None:
    made = await id_of(*offered)
    assert made not in offered
    assert uuid.UUID(made.decode()).version == 4
    assert made != await id_of(*offered)


async def test_response_has_exactly_one_request_id(transactional_db: None) -> None:
    response = await AsyncClient().get("/api/v1/widgets/")
    assert response.status_code == 401
    _, headers, _ = await get("/api/v1/widgets/", [(b"x-request-id", b"mine")])
    assert headers[b"x-request-id"] == b"mine"


def record(message: str, *args: object, error: bool = False) -> logging.LogRecord:
    kind = logging.ERROR if error else logging.INFO
    return logging.LogRecord(
        "loquent.x", kind, "x.py", 1, message, args, sys.exc_info() if error else None
    )


def test_log_line_is_json_with_request_id() -> None:
    correlation.request_id.set("")
    correlation.session_id.set("")
    entry = json.loads(JsonFormatter().format(record("A “thing” of %s", 3)))
    assert entry.pop("time").endswith("+00:00")
    assert entry == {"level": "INFO", "logger": "loquent.x", "message": "A “thing” of 3"}


def test_log_line_contains_no_secret() -> None:
    correlation.request_id.set(TOKEN)
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        line = JsonFormatter().format(record("two\nlines of %s", TOKEN, error=True))
    assert TOKEN not in line
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["message"] == "two"
    assert entry["details"].startswith("lines of wst_[redacted]\nTraceback")
    assert entry["request_id"] == "wst_[redacted]"


async def test_database_thread_logs_the_request_id(transactional_db: None) -> None:
    correlation.request_id.set("request-7")
    correlation.bind_session(uuid.UUID(int=7))
    line = await in_database(JsonFormatter().format, record("done"))
    entry = json.loads(line)
    assert entry["request_id"] == "request-7"
    assert entry["session_id"] == str(uuid.UUID(int=7))
