"""Requests of proxies, libraries and scanners: each has its own answer, never a 500."""

import json

import pytest
from django.conf import settings

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.tests.server.test_bodies_on_the_wire import exchange

pytestmark = pytest.mark.server
WIDGETS = "/api/v1/widgets/"
# The path, a header, and the status.
READS = [
    ("/api//v1/widgets/", "", 404),
    ("/api/v1//widgets/", "", 404),
    ("/api/v1/widgets//", "", 404),
    ("/api/v1/widgets", "", 308),
    ("/api/v1/%00", "", 404),
    ("/api/v1/widgets/%ff%fe/", "", 404),
    ("/api/v1/widgets/..%2f..%2f", "", 404),
    ("/api/widget/%00/config", "", 404),
    ("/api/widget/%ff/config", "", 404),
    (f"{WIDGETS}?search=%00", "", 400),
    (f"{WIDGETS}?search=%ff", "", 200),
    (f"{WIDGETS}?search=%ED%A0%80", "", 200),
    (f"{WIDGETS}?created_from=%F0", "", 400),
    (f"{WIDGETS}?search={'x' * 20_000}", "", 400),
    (f"{WIDGETS}?{'&'.join(['a=1'] * 6_000)}", "", 400),
    ("/api/v1/contacts/?email=%00a@example.com", "", 400),
    (WIDGETS, "Accept: text/html", 406),
    (WIDGETS, "Accept: ;;;,,,", 406),
    (WIDGETS, "Accept: \xff", 406),
    (WIDGETS, "Accept: text/html, */*;q=0.1", 200),
    (WIDGETS, "Accept: application/json; charset=utf-8", 200),
    (WIDGETS, "Cookie: a=\xff; sessionid=\xff; b", 200),
    (WIDGETS, "Cookie: sessionid=%00", 200),
    (WIDGETS, f"X-Forwarded-For: {'192.0.2.1, ' * 200}\xff", 200),
    (WIDGETS, "X-Forwarded-Proto: https,http", 200),
    (WIDGETS, "X-Forwarded-Host: other.example", 200),
    (WIDGETS, "If-None-Match: \xff", 200),
    (WIDGETS, "Range: bytes=0-10", 200),
    (WIDGETS, "Accept-Language: \xff", 200),
    (WIDGETS, "Traceparent: \xff", 200),
    (WIDGETS, "X-Request-ID: \xff", 200),
]
WRITES = [
    ("Content-Type:", b'{"name": "Changed"}', 415),
    ("Content-Type: json", b'{"name": "Changed"}', 415),
    ("Content-Type: \xff", b'{"name": "Changed"}', 415),
    ("Content-Type: application/JSON;", b'{"name": "Shop"}', 200),
    ("Content-Type: application/json", b'{"name": "Changed", "name": "Shop"}', 200),
    ("Content-Type: application/json", b'{"name": NaN}', 400),
    ("Content-Type: application/json", b'{"name": "\\ud800"}', 400),
    ("Content-Type: application/json", b'{"name": "\\u0000"}', 400),
    ("Content-Type: application/json", b'{"name": "\xed\xa0\x80"}', 400),
    ("Content-Type: application/json", b'{"daily_message_cap": 1e400}', 400),
    ("Content-Type: application/json", b'{"daily_message_cap": 1' + b"0" * 5_000 + b"}", 400),
    ("Content-Type: application/json", b'{"\\ud800": 1, "\\u0000": 1}', 200),
]


def test_odd_requests_are_answered(
    transactional_db: None, acme: Organization, acme_key: str, live_server_process: StartServer
) -> None:
    widget = make_widget(acme, agent=make_agent(acme), name="Shop")
    server = live_server_process(
        DEBUG="0", SECRET_KEY=settings.SECRET_KEY, ALLOWED_HOSTS="127.0.0.1"
    )
    key = f"Authorization: Bearer {acme_key}"
    for path, header, expected in READS:
        headers = [key, header] if header else [key]
        status, content = exchange(server, f"GET {path} HTTP/1.1", headers, b"")
        assert status == expected, (path[:100], header[:100], content[:300])
        if status >= 400:
            assert json.loads(content).keys() == {"code", "message", "fields"}
    for header, body, expected in WRITES:
        headers = [key, header, f"Content-Length: {len(body)}"]
        start = f"PATCH {WIDGETS}{widget.id}/ HTTP/1.1"
        status, content = exchange(server, start, headers, body)
        assert status == expected, (header, body[:100], content[:300])
    start = "POST /api/v1/contacts HTTP/1.1"
    status, _ = exchange(server, start, [key, "Content-Length: 2"], b"{}")
    assert status == 308
    assert WidgetConfig.objects.get().name == "Shop"
    assert WidgetConfig.objects.get().daily_message_cap is None
