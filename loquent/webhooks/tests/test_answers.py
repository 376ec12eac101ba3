"""Staff read why a request failed, and a status counts however its body is sent."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable

import pytest

from loquent.webhooks.services.deliveries import Answer, Attempt
from loquent.webhooks.transport import send

OK = b"HTTP/1.1 200 OK\r\n"
CLOSED = "The receiver closed the connection without an answer."
Act = Callable[[socket.socket], None]


def reset(connection: socket.socket) -> None:
    """Close a connection so that the other side gets an error."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(data: bytes) -> Act:
    return lambda connection: connection.sendall(data)


def ask(act: Act, scheme: str = "http") -> Answer:
    """Send an event to a receiver that reads what arrives first, and then acts."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                # With unread bytes, closing would be a reset.
                request = connection.recv(65_536)
                while scheme == "http" and not request.endswith(b"{}"):
                    request += connection.recv(65_536)
                act(connection)

        thread = threading.Thread(target=receive)
        thread.start()
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/"
        try:
            return asyncio.run(send(Attempt(url, {}, b"{}")))
        finally:
            thread.join()


@pytest.mark.parametrize(
    ("act", "status", "text"),
    [
        (answer(OK + b"Content-Length: 2\r\n\r\nok, and more"), 200, "ok"),
        (answer(OK + b"Content-Length: 100\r\n\r\nshort"), 200, "short"),
        (answer(OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n"), 200, ""),
        (answer(OK + b"Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok"), 200, "ok"),
        (
            answer(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
            200,
            "(compressed)",
        ),
        (answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"), 204, ""),
        (answer(b"HTTP/1.0 200 OK\r\n\r\nok"), 200, "ok"),
    ],
    ids=["too much", "too little", "garbage", "identity", "gzip", "204 with a body", "HTTP/1.0"],
)
def test_success_counts_however_its_body_is_sent(act: Act, status: int, text: str) -> None:
    found = ask(act)
    assert (found.status, found.error, found.text) == (status, "", text)


@pytest.mark.parametrize(
    ("act", "scheme", "error"),
    [
        (lambda connection: connection.close(), "http", CLOSED),
        (reset, "http", CLOSED),
        (reset, "https", "No connection to the receiver could be made."),
        (answer(OK + b"\r\n"), "https", "The receiver does not answer over https."),
        (answer(b"HTTP/1.1 304 X\r\n\r\n"), "http", "The receiver answered with status 304."),
        (
            answer(b"HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\n\r\n"),
            "http",
            "The receiver redirects to another address. Enter the final address.",
        ),
        (
            answer(b"hello\r\n\r\n"),
            "http",
            "The receiver did not send a valid response (ClientResponseError).",
        ),
    ],
    ids=["closed", "reset", "reset in TLS", "no TLS", "304", "302", "no HTTP"],
)
def test_failure_has_its_reason(act: Act, scheme: str, error: str) -> None:
    assert ask(act, scheme).error == error
