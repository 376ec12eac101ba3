"""Nothing that staff enter makes the server call an address inside."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest

from loquent.egress.connecting import GuardedConnector, guarded_session
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.testing.waiting import eventually

pytestmark = pytest.mark.promise(18)

RULES = EgressRules(allow_http=True)
# Refused when saved, with the reason.
INSIDE = [
    "http://127.0.0.1/", "http://127.8.9.10/", "http://0.0.0.0/", "http://0.1.2.3/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://100.100.100.200/",
    "http://192.0.0.192/", "http://192.0.2.1/", "http://198.18.0.1/", "http://198.51.100.1/",
    "http://203.0.113.1/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.1.2.3/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://168.63.129.16/",
    "http://[::1]/", "http://[::]/", "http://[::127.0.0.1]/", "http://[::8.8.8.8]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:a9fe:a9fe]/", "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::127.0.0.1]/", "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[64:ff9b:1:7f00:0:100:808:808]/", "http://[64:ff9b:1:ffff::10.0.0.1]/",
    "http://[2002:a9fe:a9fe::1]/", "http://[2002:7f00:1::]/", "http://[2002:c0a8:101::1]/",
    "http://[2001:0:7f00:1::1]/", "http://[2001:0:808:808:0:0:80ff:fffe]/",
    "http://[fe80::1]/", "http://[fec0::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
    "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/",
    "http://localhost/", "http://LOCALHOST/", "http://a.localhost/", "http://localhost:8000/",
    "http://localhost./", "http://a.localhost.:8000/",
    "http://１２７.0.0.1/", "http://127。0。0。1/",
]  # fmt: skip
ODD = [
    "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://017700000001/", "http://127.0.0.01/", "http://127.0.0.1./",
    "http://8.8.8/", "http://134744072/", "http://0x8.8.8.8/", "http://08.8.8.8/",
    "http://8.8.8.0x8/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://example.123/",
    "http://[::1%25lo]/", "http://[fe80::1%eth0]/", "http://[v1.a]/", "http://[::1/", "http://[]/",
]  # fmt: skip
NOT_A_WEB_ADDRESS = [
    "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd",
    "gopher://example.com/", "javascript:alert(1)", "http:/example.com", "http:///", "http://",
    "http://user@example.com/", "http://user:secret@example.com/", "http://@example.com/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http://exa mple.com/",
    "http://example.com/\r\nHost: x", "http://example.com/\x00", "http://example.com/#a",
    "http://exa%6dple.com/", "http://127.0.0.1%2f@example.com/", "http://-a.example.com/",
    "http://a..example.com/", "http://example.com:99999/", "http://example.com:x/",
    "http://example.com:0/", f"http://example.com/{'a' * 2_000}",
]  # fmt: skip
PORTS = [1, 19, 21, 22, 23, 25, 53, 110, 111, 143, 389, 445, 465, 514, 587, 993, 995, 1023]
PORTS += [2375, 3306, 5432, 6379, 6667, 9200, 11211, 27017]
FINE = [
    "https://example.com/hook?a=b%20c", "https://example.com:8443/", "http://example.com/",
    "https://example.com:5678/webhook/1", "http://8.8.8.8/", "https://[2606:4700::1111]/",
    "https://[::ffff:8.8.8.8]/", "https://[64:ff9b::8.8.8.8]/", "https://[64:ff9b:1::8.8.8.8]/",
    "https://[2002:808:808::1]/", "https://bücher.example/", "https://n8n/", "https://a_b.example/",
    "https://123.example.com/", "https://example.com./", "https://3com.example/",
]  # fmt: skip


def test_table_has_at_least_40_addresses() -> None:
    assert len(INSIDE) > 40


@pytest.mark.parametrize("url", [*INSIDE, *ODD, *NOT_A_WEB_ADDRESS])
def test_url_is_refused_when_it_is_saved(url: str) -> None:
    with pytest.raises(UnsafeUrlError) as refused:
        check_url(url, RULES)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("port", PORTS)
def test_port_of_another_protocol_is_refused(port: int) -> None:
    with pytest.raises(UnsafeUrlError, match="port"):
        check_url(f"https://example.com:{port}/", RULES)


@pytest.mark.parametrize("url", FINE)
def test_public_url_is_accepted(url: str) -> None:
    assert check_url(url, RULES).raw_host


def test_http_needs_the_operator() -> None:
    with pytest.raises(UnsafeUrlError, match="starts with https"):
        check_url("http://example.com/", EgressRules())


def test_operator_opens_networks() -> None:
    rules = EgressRules(networks=[ip_network("127.0.0.0/8")], allow_http=True)
    for url in ("http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::ffff:127.0.0.1]/"):
        assert check_url(url, rules)
    for url in ("http://10.0.0.1/", "http://127.1/", "http://[::1]/", "http://127.0.0.1:6379/"):
        with pytest.raises(UnsafeUrlError):
            check_url(url, rules)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port on this machine that no guarded connection may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


async def call(url: str, rules: EgressRules = RULES) -> GuardedConnector:
    """Call a URL that fails; return the connector that was used."""
    async with guarded_session(rules, seconds=5) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(url, data=b"x", allow_redirects=False)
        connector = session.connector
        assert isinstance(connector, GuardedConnector)
        return connector


def host_of(url: str) -> str:
    return url.split("/")[2].strip("[]")


LITERALS = [url for url in INSIDE if not set("lL１。") & set(url.partition("//")[2])]


@pytest.mark.parametrize("url", LITERALS)
async def test_literal_address_is_refused_when_connecting(url: str) -> None:
    assert (await call(url)).has_refused


@pytest.mark.parametrize("url", LITERALS)
async def test_name_that_resolves_inside_is_refused_when_connecting(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    host = host_of(url)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (host, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    check_url("http://rebind.example/", RULES)
    assert (await call("http://rebind.example/")).has_refused


async def test_dns_that_changes_after_the_check_reaches_nothing(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    # Public first, then this machine, then both.
    answers = [["192.88.99.1"], ["127.0.0.1"], ["127.0.0.1", "::1"]]

    def look_up(host: str, wanted: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, 1, 6, "", (ip, port))
            for ip in answers.pop(0)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    while answers:
        url = f"http://changing.example:{port}/"
        check_url(url, RULES)
        assert (await call(url)).has_refused
    with pytest.raises(BlockingIOError):
        listener.accept()


async def test_names_that_hang_delay_no_other(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    release = threading.Event()
    asked: list[str] = []

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        if host.startswith("hangs"):
            release.wait(30)
        return [(socket.AF_INET, 1, 6, "", ("192.168.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    # Twice the requests that may wait for dead receivers: a lookup outlives its request.
    hanging = [asyncio.create_task(call(f"http://hangs{n}.example/")) for n in range(200)]

    async def they_hang() -> None:
        assert len(asked) > 50

    try:
        await eventually(they_hang)
        async with asyncio.timeout(2):
            assert (await call("http://works.example/")).has_refused
    finally:
        release.set()
        await asyncio.gather(*hanging)


async def test_own_public_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    probed: list[Any] = []

    class Bound(socket.socket):
        def bind(self, address: Any) -> None:
            probed.append(address)

    monkeypatch.setattr(socket, "socket", Bound)
    connector = GuardedConnector(RULES)
    with pytest.raises(OSError, match="not public"):
        connector._guarded_socket((socket.AF_INET, 1, 6, "", ("8.8.8.8", 443)))
    assert (connector.has_refused, probed) == (True, [("8.8.8.8", 0)])
    await connector.close()


async def test_proxy_of_the_environment_is_ignored(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    assert (await call("http://10.0.0.1/")).has_refused
    with pytest.raises(BlockingIOError):
        listener.accept()
