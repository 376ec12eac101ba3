"""Who may read `/metrics`, and what stands there."""

import ipaddress
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from loquent.asgi import application
from loquent.server.metrics import exposition
from loquent.tests.metric_names import documented, in_registry

Headers = list[tuple[bytes, bytes]]


async def get(
    path: str, headers: Headers | None = None, peer: str = "127.0.0.1"
) -> tuple[int, dict[bytes, bytes], str]:
    """Status, headers and body of an address of the real application."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000"), *(headers or [])],
        "client": (peer, 50_000),
    }
    communicator: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await communicator.send_input({"type": "http.request", "body": b""})
    start = await communicator.receive_output(10)
    body = await communicator.receive_output(10)
    await communicator.wait(10)
    return start["status"], dict(start["headers"]), body["body"].decode()


def bearer(token: str) -> Headers:
    return [(b"authorization", f"Bearer {token}".encode())]


@pytest.mark.parametrize("headers", [[], bearer(""), bearer("guess"), bearer("None")])
async def test_endpoint_is_off_by_default(transactional_db: None, headers: Headers) -> None:
    status, _, body = await get("/metrics", headers)
    assert (status, body) == (404, "Not found\n")


async def test_token_allows_access_from_anywhere(
    transactional_db: None, settings: Settings
) -> None:
    settings.METRICS_TOKEN = "a-token-for-tests"
    forwarded = [(b"x-forwarded-for", b"203.0.113.7")]
    status, headers, body = await get("/metrics", bearer("a-token-for-tests") + forwarded, "")
    assert status == 200
    assert headers[b"content-type"].startswith(b"text/plain; version=")
    assert "\nloquent_database_up 1.0\n" in body
    for wrong in ([], bearer("a-token-for-test"), bearer("a-token-for-tests") * 2):
        assert (await get("/metrics", wrong))[0] == 404


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("10.1.2.3", [], 200),
        ("::1", [], 200),
        ("127.0.0.1", [], 404),
        ("", [], 404),
        # What came through a proxy on an allowed machine came from anywhere.
        ("10.1.2.3", [(b"x-forwarded-for", b"10.1.2.3")], 404),
        ("10.1.2.3", [(b"forwarded", b"for=10.1.2.3")], 404),
        ("10.1.2.3", [(b"x-real-ip", b"10.1.2.3")], 404),
    ],
)
async def test_allowed_networks_have_access_without_a_proxy(
    transactional_db: None, settings: Settings, peer: str, headers: Headers, status: int
) -> None:
    settings.METRICS_ALLOW = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1")]
    assert (await get("/metrics", headers, peer))[0] == status


async def test_unreachable_database_is_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError

    settings.METRICS_TOKEN = "a-token-for-tests"
    monkeypatch.setattr("widgets.chat.telemetry.measure_queue", fail)
    status, _, body = await get("/metrics", bearer("a-token-for-tests"))
    assert status == 200
    assert "\nloquent_database_up 0.0\n" in body


def test_documented_metrics_match_the_code() -> None:
    assert documented() == in_registry()
    assert "# HELP loquent_turns_total" in exposition().decode()


async def test_requests_are_counted_by_view(transactional_db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-token-for-tests"
    for path in ("/api/widget/wid_nobodys-name/config", "/no/such/<path>", "/static/none.css"):
        assert (await get(path))[0] == 404
    body = (await get("/metrics", bearer("a-token-for-tests")))[2]
    for view in ("widget-config", "none", "static"):
        line = f'loquent_http_requests_total{{method="GET",status="404",view="{view}"}} '
        assert line in body
    assert "nobodys-name" not in body
    assert "<path>" not in body
