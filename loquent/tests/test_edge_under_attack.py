"""A real server under bodies and readers that mean to fill its memory, its /tmp and its threads."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.server
MIB = 1024 * 1024
FORM = b"username=" + "é".encode() * 7_900_000
TOKEN = "csrftoken=" + "a" * 32
MADE_UP = f"sessionid=made-up; {TOKEN}"
LOGIN, AGENT_FORM = "/admin/login/", "/admin/agents/textagent/add/"
Connect = Callable[[], socket.socket]


@pytest.fixture
def server(
    transactional_db: None, live_server_process: StartServer, tmp_path: Path
) -> ServerProcess:
    return live_server_process(DEBUG="0", TMPDIR=str(tmp_path))


@pytest.fixture
def connect(server: ServerProcess) -> Iterator[Connect]:
    """`connect()`: a connection to the server; all are closed at the end."""
    with ExitStack() as stack:

        def connect() -> socket.socket:
            address = ("127.0.0.1", server.port)
            client = socket.create_connection(address, timeout=WAIT_SECONDS)
            return stack.enter_context(client)

        yield connect


def head(server: ServerProcess, path: str, *lines: str, method: str = "POST") -> bytes:
    form = "Content-Type: application/x-www-form-urlencoded"
    given = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", form, *lines]
    return "\r\n".join([*given, "", ""]).encode()


def status_of(client: socket.socket) -> int:
    """The status of the next answer."""
    line = client.makefile("rb").readline()
    return int(line.split()[1])


def peak_memory(server: ServerProcess) -> int:
    """The most resident bytes so far."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def temporary_files(server: ServerProcess, directory: Path) -> list[str]:
    """Files that the server holds open there; they have no names in the directory."""
    descriptors = Path(f"/proc/{server.process.pid}/fd").iterdir()
    targets = [str(descriptor.readlink()) for descriptor in descriptors]
    return [target for target in targets if target.startswith(str(directory)) and "#" in target]


def threads(server: ServerProcess) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def answers(server: ServerProcess, connect: Connect) -> int:
    client = connect()
    client.sendall(head(server, "/admin/login/", method="GET"))
    return status_of(client)


def post_forms(server: ServerProcess, connect: Connect, path: str, cookie: str) -> Counter[int]:
    """The statuses of 40 forms of 15.8 MB that are sent at once."""

    def post(client: socket.socket) -> int:
        length = f"Content-Length: {len(FORM)}"
        client.sendall(head(server, path, f"Cookie: {cookie}", length))
        client.sendall(FORM)
        return status_of(client)

    clients = [connect() for _ in range(40)]
    with ThreadPoolExecutor(len(clients)) as pool:
        return Counter(pool.map(post, clients))


def test_large_anonymous_forms_use_no_memory(
    server: ServerProcess, connect: Connect, tmp_path: Path
) -> None:
    assert answers(server, connect) == 200
    before = peak_memory(server)
    assert post_forms(server, connect, LOGIN, TOKEN) == {413: 40}
    assert peak_memory(server) - before < 50 * MIB
    # A made-up session passes as one until Django looks; then few are read at once, and what they
    # leave behind is given back.
    for _ in range(4):
        found = post_forms(server, connect, AGENT_FORM, MADE_UP)
        assert found.keys() <= {403, 503}
        assert found[403] >= 1
    assert peak_memory(server) - before < 250 * MIB
    assert temporary_files(server, tmp_path) == []
    assert answers(server, connect) == 200


def test_stalled_uploads_fill_neither_memory_nor_disk(
    server: ServerProcess, connect: Connect, tmp_path: Path
) -> None:
    assert answers(server, connect) == 200
    before = peak_memory(server)
    # 60 uploads of 16.9 MB, each without its last byte, where none is accepted.
    for _ in range(60):
        client = connect()
        client.sendall(head(server, "/api/widget/embed.js", "Content-Length: 16900000"))
        assert status_of(client) == 413
    # The same with a made-up session, where it is.
    held = [connect() for _ in range(60)]

    def hold(client: socket.socket) -> None:
        lines = [f"Cookie: {MADE_UP}", f"Content-Length: {len(FORM)}"]
        client.sendall(head(server, AGENT_FORM, *lines))
        # The server may refuse it while it is sent.
        with suppress(OSError):
            client.sendall(memoryview(FORM)[:-1])

    with ThreadPoolExecutor(len(held)) as pool:
        list(pool.map(hold, held))
    assert peak_memory(server) - before < 150 * MIB
    assert temporary_files(server, tmp_path) == []
    # Large bodies have no room now; others have.
    assert answers(server, connect) == 200
    small = connect()
    body = b"username=x"
    small.sendall(head(server, LOGIN, f"Content-Length: {len(body)}") + body)
    assert status_of(small) == 403


def test_slow_readers_hold_no_threads(server: ServerProcess, connect: Connect) -> None:
    path = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    assert answers(server, connect) == 200
    for _ in range(100):
        client = connect()
        # More than the buffers of both ends hold; the client never reads the rest.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.sendall(head(server, path, method="GET") * 4)
        assert status_of(client) == 200
    assert answers(server, connect) == 200
    assert threads(server) < 60


SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 100000"],
        ["Content-Length: 100000", "Expect: 100-continue"],
        ["Transfer-Encoding: chunked"],
    ],
    ids=["length", "continue", "chunked"],
)
def test_rest_of_a_refused_body_is_not_the_next_request(
    server: ServerProcess, connect: Connect, lines: list[str]
) -> None:
    body = SMUGGLED * (100_000 // len(SMUGGLED) + 1)
    first, rest = body[:70_000], body[70_000:100_000]
    if "chunked" in lines[0]:
        first = b"%x\r\n%b\r\n" % (len(first), first)
        rest = b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest)
    client = connect()
    waits = "Expect: 100-continue" in lines
    client.sendall(head(server, LOGIN, *lines) + (b"" if waits else first))
    answer = client.recv(65_536)
    if not waits:
        client.sendall(rest)
    # It ends: the server closes the connection.
    while piece := client.recv(65_536):
        answer += piece
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"\r\nconnection: close\r\n" in answer


def test_small_body_leaves_the_connection_open(server: ServerProcess, connect: Connect) -> None:
    client = connect()
    waits = head(server, LOGIN, "Content-Length: 3", "Expect: 100-continue")
    client.sendall(waits)
    assert client.recv(1_024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"a=b" + head(server, "/healthz", method="GET"))
    reader = client.makefile("rb")
    assert reader.readline().split()[1] == b"403"
    while reader.readline() not in {b"", b"HTTP/1.1 200 OK\r\n"}:
        pass
