"""Decide which sites may run a widget. Pure: no database, no I/O.

An origin is `scheme://host[:port]`, in lower case, with the host in its ASCII (IDNA) form and
without the scheme's default port. Rules: docs/protocol.md, "Origins".
"""

import ipaddress
import re
from collections.abc import Sequence

import idna

from loquent.text import strip_invisible

DEFAULT_PORTS = {"http": 80, "https": 443}
WILDCARD = "*."
MAX_PORT = 65_535
_ORIGIN = re.compile(
    r"^(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[1-9][0-9]{0,4}))?\Z"
)
_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"^(?:[0-9]+|0x[0-9a-f]*)\Z")
_SCHEME = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)\Z", re.DOTALL)


class OriginError(ValueError):
    """An entry is not an origin; the text says why and what to enter."""


def parse_origin(origin: str) -> str | None:
    """Return the canonical form of an `Origin` header's value; None if it is invalid.

    Stricter than a URL parser on purpose: browsers send this header in one form only.
    """
    if not origin.isascii():
        return None
    match = _ORIGIN.match(origin.lower())
    if match is None or not _is_host(match["host"]):
        return None
    if match["port"] and not 1 <= int(match["port"]) <= MAX_PORT:
        return None
    return _join(match["scheme"], _canonical_host(match["host"]), match["port"])


def is_origin_allowed(
    origin: str | None, allowed_origins: Sequence[str] | None, *, site_origin: str | None = None
) -> bool:
    """Return whether a page of this origin may use a widget with this list.

    `origin` is the header's value (None: absent), `allowed_origins` the stored list (None: any
    site), `site_origin` the server's own public origin, which is always allowed.
    """
    if allowed_origins is None:
        return True
    canonical = parse_origin(origin) if origin else None
    if canonical is None:
        return False
    if canonical == site_origin:
        return True
    return any(_matches(canonical, entry) for entry in allowed_origins)


def normalize_origin_entry(entry: str) -> str:
    """Return the stored form of a typed list entry: `Example.com/` → `https://example.com`.

    Raises OriginError with the reason.
    """
    text = strip_invisible(entry)
    if not text:
        raise OriginError("An entry is empty.")
    if len(text) > 300:
        raise OriginError("An entry is longer than 300 characters.")
    if text == "*":
        raise OriginError("“*” alone is not a website. To allow any site, leave the list empty.")
    scheme, rest = _split_scheme(text)
    rest = rest.removesuffix("/")
    for character, reason in (
        ("/", "a path"),
        ("?", "a query"),
        ("#", "a fragment"),
        ("@", "a user name"),
        ("\\", "a backslash"),
    ):
        if character in rest:
            raise OriginError(
                f"“{text}” has {reason}. Write only the start of the address, such as https://example.com."
            )
    wildcard = rest.startswith(WILDCARD)
    if wildcard:
        rest = rest.removeprefix(WILDCARD)
        if scheme != "https":
            raise OriginError(f"“{text}”: a wildcard works with https only.")
    if "*" in rest:
        raise OriginError(
            f"“{text}”: the * can only replace subdomains, as in https://*.example.com."
        )
    host, port = _split_port(rest, text)
    host = _ascii_host(host, text)
    if wildcard and ("." not in host or host.startswith("[") or _is_ipv4(host)):
        raise OriginError(f"“{text}”: a wildcard needs a domain, as in https://*.example.com.")
    return _join(scheme, (WILDCARD if wildcard else "") + host, port)


def add_www(entry: str) -> list[str]:
    """The entries that a form stores for one: `example.com` stands for `www.example.com`, too.

    Sites answer at both names, and owners know one of them. Entries with a scheme, port, path or
    wildcard are exact.
    """
    text = strip_invisible(entry).lower()
    if re.search(r"[:/*@?#\\\s\[]", text) or "." not in text or _NUMBER.match(text.split(".")[-1]):
        return [entry]
    bare = text.removeprefix("www.")
    return [bare, f"www.{bare}"] if "." in bare else [entry]


def _split_scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.match(text)
    if match is None:
        host = text.split("/", 1)[0]
        if "." not in host or host.startswith("["):
            raise OriginError(
                f"“{text}” is not a whole address. Start with https:// or http://, for example "
                "https://example.com or http://localhost:3000."
            )
        return "https", text
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise OriginError(f"“{text}”: only http and https can be allowed.")
    return scheme, match["rest"]


def _split_port(rest: str, text: str) -> tuple[str, str | None]:
    if rest.startswith("["):
        host, bracket, tail = rest.partition("]")
        host += bracket
        colon, port = tail[:1], tail[1:]
        if tail and colon != ":":
            raise OriginError(f"“{text}” is not the address of a website.")
    else:
        host, colon, port = rest.partition(":")
    if not colon:
        return host, None
    if not (port.isascii() and port.isdigit()) or not 1 <= int(port[:6]) <= MAX_PORT:
        raise OriginError(f"“{text}”: a port is a number from 1 to 65535.")
    return host, port


def _ascii_host(host: str, text: str) -> str:
    if host.startswith("["):
        if not _is_host(host.lower()):
            raise OriginError(f"“{text}” has no valid IPv6 address.")
        return _canonical_host(host.lower())
    try:
        host = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise OriginError(f"“{text}” has no valid host name.") from None
    if not _is_host(host):
        raise OriginError(f"“{text}” has no valid host name.")
    return host


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return host.endswith("]") and address.scope_id is None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        return False
    # A browser reads a host whose last label is a number as an IPv4 address.
    return not _NUMBER.match(labels[-1]) or _is_ipv4(host)


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _canonical_host(host: str) -> str:
    if not host.startswith("["):
        return host
    address = ipaddress.IPv6Address(host[1:-1])
    if address.ipv4_mapped is not None:
        # Browsers write it in hexadecimal; not every version of Python does.
        high, low = divmod(int(address.ipv4_mapped), 0x10000)
        return f"[::ffff:{high:x}:{low:x}]"
    return f"[{address.compressed}]"


def _join(scheme: str, host: str, port: str | None) -> str:
    if port is None or int(port) == DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}"


def _matches(canonical: str, entry: str) -> bool:
    prefix = f"https://{WILDCARD}"
    if not entry.startswith(prefix):
        return canonical == entry
    # `https://*.example.com[:8443]` → ends with `.example.com[:8443]`, with something before it.
    suffix = entry.removeprefix("https://*")
    host = canonical.removeprefix("https://")
    return canonical.startswith("https://") and host.endswith(suffix) and len(host) > len(suffix)
