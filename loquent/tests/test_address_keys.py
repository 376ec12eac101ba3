"""One function says by which key limits count an address, and only its module reads addresses."""

import ast

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from loquent.ratelimit.buckets import Rate
from loquent.server.addresses import (
    address_buckets,
    address_key,
    client_address,
    request_key,
    scope_key,
    wider_key,
)
from loquent.tests.documents import ROOT
from loquent.tests.test_docs_settings import product_files

HOME = "2001:db8:1:2::"
HEADERS = ("x-forwarded-for", "http_x_forwarded_for", "remote_addr", "x-real-ip")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("2002:c000:207:5::1", "192.0.2.7"),
        ("192.0.2.7:61234", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:61234", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        (HOME, HOME),
        ("2001:db8:1:2::1", HOME),
        ("2001:DB8:0001:0002:ffff:ffff:ffff:ffff", HOME),
        ("[2001:db8:1:2::1]", HOME),
        ("[2001:db8:1:2::1]:61234", HOME),
        ("fe80::1%eth0", "fe80::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        # Everything else shares one key: inventing names gives no bucket of one's own.
        ("", ""),
        ("unknown", ""),
        ("_hidden", ""),
        ("1.2.3", ""),
        ("01.2.3.4", ""),
        ("1.2.3.4.5:80", ""),
        ("2001:db8::1::2", ""),
        ("[", ""),
        ("x" * 9_000, ""),
    ],
)
def test_address_key_groups_ipv6_by_64(address: str, key: str) -> None:
    assert address_key(address) == key
    # A key is its own key: it can be stored, and compared with what is stored.
    assert address_key(key) == key


def test_wider_key_is_the_48_around_an_ipv6_key() -> None:
    assert wider_key(HOME) == "2001:db8:1::/48"
    assert wider_key("2001:db8:1:ffff::") == "2001:db8:1::/48"
    assert wider_key("2001:db8:2::") == "2001:db8:2::/48"
    assert wider_key("192.0.2.7") is None
    assert wider_key("") is None


def test_wider_bucket_holds_ten_times_as_much() -> None:
    rate = Rate("x", 20, 60, 5)
    assert address_buckets(rate, "192.0.2.7") == ((rate, "192.0.2.7"),)
    wider = Rate("x", 200, 60, 50)
    assert address_buckets(rate, HOME) == ((rate, HOME), (wider, "2001:db8:1::/48"))
    assert all(bucket.is_off for bucket, _ in address_buckets(Rate("x", 0, 60, 5), HOME))


def test_invalid_forwarded_entry_counts_as_the_peer(settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for entry in ("unknown", "_gazonk", "", "x" * 300):
        assert client_address("203.0.113.9", [f"192.0.2.1, {entry}"]) == "203.0.113.9"


@pytest.mark.parametrize(("proxies", "key"), [(0, "203.0.113.9"), (1, HOME), (2, "192.0.2.1")])
def test_requests_and_sockets_have_the_same_key(settings: Settings, proxies: int, key: str) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    forwarded = "198.51.100.4, 192.0.2.1, [2001:db8:1:2::77]:1234"
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="203.0.113.9"
    )
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded.split(", ")]
    scope = {"client": ("203.0.113.9", 50_000), "headers": headers}
    assert request_key(request) == scope_key(scope) == key


def test_unix_socket_has_no_peer() -> None:
    assert scope_key({"client": None, "headers": []}) == ""


def reads_an_address(path: str) -> list[str]:
    """What a file reads by itself: the headers of proxies, or the peer of a connection."""
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if text.lower() in HEADERS:
                found.append(text)
        source = ast.unparse(node) if isinstance(node, ast.Subscript | ast.Call) else ""
        if source.endswith("scope['client']") or "scope.get('client'" in source:
            found.append(source)
    return found


@pytest.mark.costly
def test_only_one_module_reads_addresses() -> None:
    paths = [str(path.relative_to(ROOT)) for path in product_files()]
    readers = {path for path in paths if reads_an_address(path)}
    assert readers == {"loquent/server/addresses.py"}


def test_scan_detects_use_of_the_peer_address() -> None:
    assert reads_an_address("loquent/testing/sockets.py") == ["communicator.scope['client']"]
