"""Check an entered URL, before it is stored and again before it is used. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from yarl import URL

from loquent.egress.addresses import Network, may_connect

MAX_URL = 2_000
# Of the ports from 1024, those of other protocols: databases, queues, control planes, and what
# browsers block.
OTHER_PROTOCOLS = frozenset(
    {
        1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
        5060, 5061, 5432, 5672, 5900, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
        6697, 9042, 9200, 9300, 10080, 10250, 11211, 27017,
    }
)  # fmt: skip
HTTP_PORTS = frozenset({80, 443})
_TEXT = re.compile(r"[\x21-\x7e\u00a1-\U0010ffff]+")
# The last label of a host that browsers and C libraries read as a number, and so as an address.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class UnsafeUrlError(ValueError):
    """The URL can't be allowed; the text is a sentence for staff."""


@dataclass(frozen=True, slots=True)
class EgressRules:
    """What the operator allows beyond https to public addresses."""

    networks: Sequence[Network] = ()
    allow_http: bool = False


def check_url(text: str, rules: EgressRules) -> URL:
    """Return the URL if it may be stored and called; raise UnsafeUrlError.

    Names are resolved and checked only when the connection is made (`connecting.py`).
    """
    if len(text) > MAX_URL:
        raise UnsafeUrlError(f"Use at most {MAX_URL:,} characters.")
    if not _TEXT.fullmatch(text) or "\\" in text:
        raise UnsafeUrlError("Enter a URL without spaces or backslashes.")
    scheme, separator, rest = text.partition("://")
    schemes = ("https", "http") if rules.allow_http else ("https",)
    if not separator or scheme.lower() not in schemes:
        raise UnsafeUrlError(f"Enter a URL that starts with {' or '.join(schemes)}://.")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise UnsafeUrlError("Remove the user name and password from the URL.")
    if "#" in rest:
        raise UnsafeUrlError("Remove the part after # from the URL.")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except (ValueError, UnicodeError):
        raise UnsafeUrlError("Enter a complete URL, such as https://example.com/hook.") from None
    if not host or port is None or "%" in authority:
        raise UnsafeUrlError("Enter a complete URL, such as https://example.com/hook.")
    _check_port(port)
    _check_host(host, is_bracketed=authority.startswith("["), rules=rules)
    return url


def _check_port(port: int) -> None:
    if port in OTHER_PROTOCOLS or (port < 1024 and port not in HTTP_PORTS):
        raise UnsafeUrlError("This port belongs to another protocol. Use 443 or another port.")


def _check_host(host: str, *, is_bracketed: bool, rules: EgressRules) -> None:
    address = _literal(host, is_bracketed=is_bracketed)
    if address is None and f".{host.removesuffix('.')}".endswith(".localhost"):
        address = IPv4Address("127.0.0.1")
    if address is not None and not may_connect(address, allowed=rules.networks):
        raise UnsafeUrlError("This address is not on the public internet.")


def _literal(host: str, *, is_bracketed: bool) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is; None for a name. Refuse every other notation of one."""
    try:
        if is_bracketed:
            return IPv6Address(host)
        labels = host.removesuffix(".").split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return IPv4Address(host)
    except AddressValueError:
        raise UnsafeUrlError(
            "Write the address as four decimal numbers, such as 192.0.2.1, or use a name."
        ) from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnsafeUrlError("This is not a valid host name.")
    return None
