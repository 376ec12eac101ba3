"""Request bodies behind a real nginx and a real Caddy, with the configurations of deploy/."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from loquent.organizations.models import Organization
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS
from widgets.tests.server.proxies import Proxy, start_caddy, start_nginx
from widgets.tests.server.test_proxies import no_questions

pytestmark = pytest.mark.server
KIB, MIB = 1024, 1024 * 1024
AGENTS = "/api/v1/agents/"
EMBED = "/api/widget/embed.js"


@pytest.fixture
def server(transactional_db: None, live_server_process: StartServer) -> ServerProcess:
    return live_server_process(TRUSTED_PROXY_COUNT="1", SITE_URL="https://127.0.0.1", DEBUG="0")


@pytest.fixture(params=[start_nginx, start_caddy], ids=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path, server: ServerProcess) -> Iterator[Proxy]:
    start: Callable[[Path, list[ServerProcess]], Proxy] = request.param
    proxy = start(tmp_path, [server])
    yield proxy
    proxy.end()


def connection(proxy: Proxy) -> http.client.HTTPConnection:
    if not proxy.https:
        return http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=WAIT_SECONDS)
    context = no_questions()
    return http.client.HTTPSConnection(
        "127.0.0.1", proxy.port, timeout=WAIT_SECONDS, context=context
    )


def post(proxy: Proxy, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    with closing(connection(proxy)) as client:
        # Caddy answers and then reads no more, as HTTP allows.
        with suppress(BrokenPipeError):
            client.request("POST", path, body, {"Content-Type": "application/json", **headers})
        with client.getresponse() as response:
            return response.status, response.read()


def agent(characters: int) -> bytes:
    return json.dumps(
        {"name": "Helper", "instructions": "", "model": "x" * characters, "knowledge": []}
    ).encode()


def test_proxy_passes_bodies_that_the_server_accepts(
    proxy: Proxy, acme: Organization, acme_key: str
) -> None:
    key = {"Authorization": f"Bearer {acme_key}"}
    # Both sizes reach the view, which has something against the model's name.
    for size in (60 * KIB, 15 * MIB):
        status, answer = post(proxy, AGENTS, agent(size), **key)
        assert (status, json.loads(answer)["code"]) == (400, "invalid")
    # A form of the admin as long as any.
    signed_in = {"Cookie": "__Host-sessionid=made-up"}
    assert post(proxy, "/admin/agents/textagent/add/", b"x" * 15 * MIB, **signed_in)[0] == 403
    # The proxy refuses what the server would not take.
    assert post(proxy, AGENTS, b"x" * 18 * MIB, **key)[0] == 413
    assert post(proxy, EMBED, b"x" * 60 * KIB)[0] == 405
    assert post(proxy, EMBED, b"x" * 66 * KIB)[0] == 413


def test_proxy_passes_on_the_servers_refusal(proxy: Proxy) -> None:
    """Not a 502, though the server answers before the body is there."""
    for _ in range(3):
        status, answer = post(proxy, AGENTS, b"x" * 15 * MIB)
        assert (status, json.loads(answer)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("proxy", [start_nginx], indirect=True)
def test_stalled_body_is_not_buffered_by_the_proxy(proxy: Proxy) -> None:
    """The server is asked at once, and refuses it: nothing fills nginx' disk. Caddy has none."""
    with closing(connection(proxy)) as client:
        client.putrequest("POST", AGENTS)
        client.putheader("Content-Length", str(15 * MIB))
        client.endheaders()
        client.send(b"x" * MIB)
        with client.getresponse() as response:
            assert response.status == 413


@pytest.mark.parametrize("path", [EMBED, AGENTS])
def test_long_bodies_do_not_make_the_proxy_drop_a_server(
    proxy: Proxy, acme_key: str, path: str
) -> None:
    """A proxy leaves a server alone that fails; a body that is too long is no failure of it."""
    key = {"Authorization": f"Bearer {acme_key}"}
    for size in (66 * KIB, 200 * KIB, 2 * MIB, 18 * MIB, 40 * MIB):
        expected = 413 if path == EMBED or size > 16 * MIB else 400
        # A POST is not tried again, so that the second one of each pair shows a server left out.
        assert post(proxy, path, b"x" * size, **key)[0] == expected
        assert post(proxy, EMBED, b"x")[0] == 405
        assert post_in_chunks(proxy, path, size, **key) == expected
        assert post(proxy, EMBED, b"x")[0] == 405


def post_in_chunks(proxy: Proxy, path: str, size: int, **headers: str) -> int:
    with closing(connection(proxy)) as client:
        pieces = iter([b"x" * size])
        with suppress(BrokenPipeError):
            given = {"Content-Type": "application/json", **headers}
            client.request("POST", path, pieces, given, encode_chunked=True)
        with client.getresponse() as response:
            return response.status
