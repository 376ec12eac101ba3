"""Request bodies over TCP, framed in every way that HTTP allows: each arrives, or is refused."""

import json
import re
import socket
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig

pytestmark = pytest.mark.server
DISABLE = b'{"enabled": false}'
CHUNKED = "Transfer-Encoding: chunked"
EMPTY = "The body is empty. Send a JSON object."
COMPRESSED = "Bodies with a Content-Encoding are not supported. Send the body uncompressed."


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(transactional_db: None, acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent, name="Shop", enabled=True)


@pytest.fixture
def server(widget: WidgetConfig, live_server_process: StartServer) -> ServerProcess:
    return live_server_process()


def chunks(*pieces: bytes, trailers: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailers + b"\r\n"


def exchange(
    server: ServerProcess, start: str, headers: list[str], body: bytes
) -> tuple[int, bytes]:
    """Send exactly these bytes; return the final status and the content."""
    head = "\r\n".join([start, f"Host: 127.0.0.1:{server.port}", "Connection: close", *headers])
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    first, _, content = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), content


class Caller:
    """Sends requests with an API key."""

    def __init__(self, server: ServerProcess, key: str) -> None:
        self.server = server
        self.headers = [f"Authorization: Bearer {key}", "Content-Type: application/json"]

    def __call__(
        self, method: str, path: str, *headers: str, body: bytes = b"", version: str = "1.1"
    ) -> tuple[int, Any]:
        start = f"{method} /api/v1/{path} HTTP/{version}"
        own = {header.split(":")[0] for header in headers}
        kept = [header for header in self.headers if header.split(":")[0] not in own]
        status, content = exchange(self.server, start, [*kept, *headers], body)
        return status, json.loads(content)


@pytest.fixture
def call(server: ServerProcess, acme_key: str) -> Caller:
    return Caller(server, acme_key)


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


def test_every_framing_of_a_body_has_the_same_effect(call: Caller, widget: WidgetConfig) -> None:
    path = f"widgets/{widget.id}/"
    framings: list[tuple[list[str], bytes]] = [
        ([length(DISABLE)], DISABLE),
        ([CHUNKED], chunks(DISABLE)),
        ([CHUNKED], chunks(*(bytes([byte]) for byte in DISABLE))),
        (["Transfer-Encoding: Chunked"], chunks(DISABLE)),
        ([CHUNKED, "Trailer: X-Checksum"], chunks(DISABLE, trailers=b"X-Checksum: 1\r\n")),
        ([CHUNKED, "Expect: 100-continue"], chunks(DISABLE)),
        ([length(DISABLE), "Expect: 100-continue"], DISABLE),
        ([CHUNKED, "Content-Type: application/json; charset=utf-8"], chunks(DISABLE)),
        ([CHUNKED, "Content-Encoding: identity"], chunks(DISABLE)),
        ([CHUNKED], chunks(b"\xef\xbb\xbf" + DISABLE)),
        ([length(DISABLE) + "000"], DISABLE + b" " * (len(DISABLE) * 1000 - len(DISABLE))),
    ]
    for headers, body in framings:
        WidgetConfig.objects.update(enabled=True)
        status, answer = call("PATCH", path, *headers, body=body)
        assert (status, answer.get("enabled")) == (200, False), (headers, answer)
        assert not WidgetConfig.objects.get().enabled


def test_body_of_an_http_1_0_request_needs_its_length(call: Caller, widget: WidgetConfig) -> None:
    path = f"widgets/{widget.id}/"
    status, answer = call("PATCH", path, length(DISABLE), body=DISABLE, version="1.0")
    assert (status, answer["enabled"]) == (200, False)
    WidgetConfig.objects.update(enabled=True)
    status, answer = call("PATCH", path, version="1.0")
    assert (status, answer["message"]) == (400, EMPTY)


def test_chunked_bodies_create_and_replace(
    call: Caller, widget: WidgetConfig, agent: TextAgent
) -> None:
    new = {"text_agent_id": str(agent.id), "name": "Grüße"}
    for method, path, data, status in (
        ("POST", "widgets/", new, 201),
        ("PUT", f"widgets/{widget.id}/", new, 200),
        ("POST", "agents/", {"name": "Grüße", "model": "builtin:knowledge"}, 201),
        ("PATCH", f"agents/{agent.id}/", {"name": "Grüße"}, 200),
        ("POST", "contacts/", {"name": "Grüße"}, 201),
    ):
        body = chunks(*(bytes([byte]) for byte in json.dumps(data, ensure_ascii=False).encode()))
        got, answer = call(method, path, CHUNKED, body=body)
        assert (got, answer.get("name")) == (status, "Grüße"), answer
    contact = Contact.objects.get()
    body = chunks(b'{"email": "jane@example.com"}')
    assert call("PATCH", f"contacts/{contact.id}/", CHUNKED, body=body)[0] == 200
    contact.refresh_from_db()
    assert (contact.name, contact.email) == ("Grüße", "jane@example.com")


def test_large_chunked_body_arrives_whole(call: Caller, agent: TextAgent) -> None:
    content = "ä" * 90_000
    body = json.dumps({"knowledge": [{"title": "Long", "content": content}]}).encode()
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    status, answer = call("PATCH", f"agents/{agent.id}/", CHUNKED, body=chunks(*pieces))
    assert status == 200, answer
    assert agent.knowledge.get().content == content


def test_empty_body_is_an_error(call: Caller, widget: WidgetConfig, agent: TextAgent) -> None:
    contact = Contact.objects.create(organization=widget.organization, name="Jane")
    for framing, body in (([CHUNKED], chunks()), (["Content-Length: 0"], b""), ([], b"")):
        for method, path in (
            ("POST", "widgets/"),
            ("PUT", f"widgets/{widget.id}/"),
            ("PATCH", f"widgets/{widget.id}/"),
            ("POST", "agents/"),
            ("PATCH", f"agents/{agent.id}/"),
            ("POST", "contacts/"),
            ("PUT", f"contacts/{contact.id}/"),
            ("PATCH", f"contacts/{contact.id}/"),
        ):
            status, answer = call(method, path, *framing, body=body)
            assert (status, answer["message"]) == (400, EMPTY), (framing, method, path)
    assert Contact.objects.count() == WidgetConfig.objects.count() == 1


def test_action_without_a_body_accepts_an_empty_chunked_one(
    call: Caller, widget: WidgetConfig
) -> None:
    status, answer = call("POST", f"widgets/{widget.id}/reset-widget-id/", CHUNKED, body=chunks())
    assert status == 200
    assert answer["widget_id"] != widget.widget_id


def test_body_that_cannot_be_read_is_refused_with_the_reason(
    call: Caller, widget: WidgetConfig
) -> None:
    utf_16 = '{"enabled": false}'.encode("utf-16")
    cases: list[tuple[list[str], bytes, int, str]] = [
        ([CHUNKED, "Content-Encoding: gzip"], chunks(b"\x1f\x8b"), 415, COMPRESSED),
        (["Content-Encoding: br", "Content-Length: 2"], b"ab", 415, COMPRESSED),
        (
            [CHUNKED, "Content-Type: application/json; charset=utf-16"],
            chunks(utf_16),
            400,
            "The body is not JSON: it is not UTF-8 text.",
        ),
        (
            [CHUNKED, "Content-Type: text/plain"],
            chunks(DISABLE),
            415,
            'Unsupported media type "text/plain" in request.',
        ),
    ]
    for headers, body, expected, message in cases:
        status, answer = call("PATCH", f"widgets/{widget.id}/", *headers, body=body)
        assert (status, answer["message"]) == (expected, message)
    widget.refresh_from_db()
    assert widget.enabled


def test_admin_form_accepts_chunked_posts(
    server: ServerProcess, alice: User, agent: TextAgent, client: Client
) -> None:
    client.force_login(alice)
    page = f"/admin/agents/textagent/{agent.id}/knowledge/"
    client.get(f"/admin/agents/textagent/{agent.id}/change/")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    token = client.cookies["csrftoken"].value
    headers = [f"Cookie: {cookies}", f"X-CSRFToken: {token}", CHUNKED]
    form = b"title=Hours&content=Nine+to+six.&id=&version=&url="
    kind = "Content-Type: application/x-www-form-urlencoded"
    start = f"POST {page}save/ HTTP/1.1"
    status, content = exchange(server, start, [*headers, kind], chunks(form[:9], form[9:]))
    assert (status, content) == (200, b"{}")
    file = (
        b"--b\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\nSome facts.\r\n"
        b"--b--\r\n"
    )
    kind = "Content-Type: multipart/form-data; boundary=b"
    start = f"POST {page}import/ HTTP/1.1"
    status, content = exchange(server, start, [*headers, kind], chunks(file[:30], file[30:]))
    assert status == 200, content
    assert re.search(rb'"added": 1\b', content)
    assert set(agent.knowledge.values_list("content", flat=True)) >= {"Nine to six.", "Some facts."}
