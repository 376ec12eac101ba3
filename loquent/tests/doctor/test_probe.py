"""`/api/probe` exists for who can sign with SECRET_KEY alone."""

import json
import time
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from loquent.asgi import application
from loquent.server import probe
from loquent.tests.test_metrics_endpoint import get


def ticket_header(ticket: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-loquent-probe", ticket.encode())]


@pytest.mark.parametrize("path", ["/api/probe", "/api/v1/probe"])
async def test_a_ticket_opens_it(transactional_db: None, settings: Settings, path: str) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    ticket = probe.make_ticket()
    forwarded = [(b"x-forwarded-for", b"198.51.100.1, 198.51.100.2")]
    status, _, body = await get(path, ticket_header(ticket) + forwarded, "127.0.0.1")
    seen = json.loads(body)
    assert status == 200
    assert seen["proof"] == probe.proof(ticket)
    assert seen["client"] == "198.51.100.2"
    assert seen["forwarded_for"] == ["198.51.100.1", "198.51.100.2"]


async def test_without_one_it_is_not_there(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = probe.make_ticket()
    for headers in (
        [],
        ticket_header(""),
        ticket_header("1.2.3"),
        ticket_header(good[:-1]),
        ticket_header(good.replace(".", "0.", 1)),
        ticket_header(good) * 2,
    ):
        assert (await get("/api/probe", headers))[0] == 404
    now = time.time()
    monkeypatch.setattr("loquent.server.probe.time.time", lambda: now + probe.MAX_AGE_SECONDS + 1)
    assert (await get("/api/probe", ticket_header(good)))[0] == 404
    monkeypatch.undo()
    settings.SECRET_KEY = "another"
    assert (await get("/api/probe", ticket_header(good)))[0] == 404


async def test_a_socket_without_a_ticket_is_refused() -> None:
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/api/probe",
        "headers": [],
        "query_string": b"",
        "subprotocols": [],
        "client": ("127.0.0.1", 5),
    }
    communicator: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await communicator.send_input({"type": "websocket.connect"})
    assert (await communicator.receive_output(5))["type"] == "websocket.close"
    await communicator.send_input({"type": "websocket.disconnect", "code": 1006})
    await communicator.wait(5)
