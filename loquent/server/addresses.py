"""Client addresses behind a stated number of proxies, and the keys by which limits count them.

No other module reads an address from a request. A limit that counted whole IPv6 addresses would
stop no one: a single connection to the internet has 2^64 of them.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from loquent.ratelimit.buckets import Rate

# What providers hand to one customer, and what they hand to a larger one.
PREFIX_BITS = 64
WIDER_PREFIX_BITS = 48
# How much more than one /64 all networks of a /48 together may do.
WIDER_FACTOR = 10
# The well-known prefix under which translators show IPv4 clients to an IPv6 server (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_FORWARDED_FOR = b"x-forwarded-for"
_PROXY_HEADERS = frozenset({_FORWARDED_FOR, b"forwarded", b"x-real-ip"})


def client_address(peer: str, forwarded_for: Sequence[str]) -> str:
    """Return the client's whole address, as a proxy or the connection states it.

    `peer` is the other end of the connection, `forwarded_for` every X-Forwarded-For header in
    order. Each trusted proxy appends one entry; entries further left can be forged. If the entry
    that counts is not an address, the client is counted with the peer.
    """
    count = settings.TRUSTED_PROXY_COUNT
    entries = [entry.strip() for header in forwarded_for for entry in header.split(",")]
    if not count or len(entries) < count or _parse(entries[-count]) is None:
        return peer
    return entries[-count]


def address_key(address: str) -> str:
    """Return the key by which limits count an address.

    It is the IPv4 address, or the first address of the IPv6 /64, both in their canonical form.
    Everything that is not an address shares the empty key.
    """
    parsed = _parse(address)
    if parsed is None:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(_network(parsed, PREFIX_BITS).network_address)


@lru_cache(maxsize=4_096)
def wider_key(key: str) -> str | None:
    """Return the key of the /48 around the /64 of a key; None for IPv4."""
    if ":" not in key:
        return None
    return str(_network(ipaddress.IPv6Address(key), WIDER_PREFIX_BITS))


def address_buckets(rate: Rate, key: str) -> tuple[tuple[Rate, str], ...]:
    """Return the buckets of a rate per address: for IPv6 there is a wider one behind the first."""
    wider = wider_key(key)
    if wider is None:
        return ((rate, key),)
    return ((rate, key), (_wider_rate(rate), wider))


@lru_cache(maxsize=64)
def _wider_rate(rate: Rate) -> Rate:
    return replace(rate, amount=rate.amount * WIDER_FACTOR, burst=rate.burst * WIDER_FACTOR)


def scope_address(scope: Mapping[str, Any]) -> str:
    """Return the client's whole address from an ASGI scope; empty if it is unknown."""
    return client_address(_peer(scope), forwarded_for(scope))


def scope_key(scope: Mapping[str, Any]) -> str:
    """Return the key by which limits count the client of an ASGI scope."""
    return address_key(scope_address(scope))


def request_key(request: HttpRequest) -> str:
    """Return the key by which limits count the client of a request."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    peer = request.META.get("REMOTE_ADDR") or ""
    return address_key(client_address(peer, [] if forwarded is None else [forwarded]))


def forwarded_for(scope: Mapping[str, Any]) -> list[str]:
    """Return every X-Forwarded-For header of an ASGI scope, in order."""
    return [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED_FOR]


def direct_peer(
    scope: Mapping[str, Any],
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the other end of a connection without a proxy; None if a proxy is in between."""
    if any(name in _PROXY_HEADERS for name, _ in scope["headers"]):
        return None
    try:
        return ipaddress.ip_address(_peer(scope))
    except ValueError:
        return None


def _peer(scope: Mapping[str, Any]) -> str:
    return str((scope.get("client") or ("",))[0])


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address to which a proxy may have added brackets, a port or a zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed
    if parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    if parsed.sixtofour is not None:
        return parsed.sixtofour
    if parsed in _TRANSLATED:
        return ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
    return parsed


def _network(address: ipaddress.IPv6Address, bits: int) -> ipaddress.IPv6Network:
    # From the number: the zone of a link-local address is no part of its network.
    return ipaddress.IPv6Network((int(address), bits), strict=False)
