"""Read handshakes from ASGI scopes. Pure."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.translation.trans_real import parse_accept_lang_header

from loquent.agents.search.languages import known_language
from loquent.server.addresses import scope_key
from loquent.server.cookies import parse_cookies
from widgets.chat.protocol import TOKEN_SUBPROTOCOL, V2_SUBPROTOCOL
from widgets.types import Handshake, PageRequest

_SEQ = re.compile(r"^[0-9]{1,9}\Z")


def is_v2(scope: Mapping[str, Any]) -> bool:
    """Return whether the client offers the subprotocol of version 2."""
    return V2_SUBPROTOCOL in scope.get("subprotocols", ())


def read_handshake(scope: Mapping[str, Any], widget_id: str) -> Handshake:
    """Return the handshake of a visitor's socket; malformed values count as absent."""
    headers: list[tuple[bytes, bytes]] = list(scope["headers"])
    try:
        query = parse_qs(scope.get("query_string", b"").decode("ascii"), max_num_fields=20)
    except ValueError:
        query = {}
    last_seq = query.get("last_seq", [""])[0]
    return Handshake(
        request=PageRequest(
            widget_id=widget_id,
            origins=[value for name, value in headers if name == b"origin"],
            fetch_site=_fetch_site(headers),
        ),
        token=_offered_token(scope) or query.get("token", [None])[0],
        last_seq=int(last_seq) if _SEQ.match(last_seq) else 0,
        ip=scope_key(scope),
        language=preferred_language(headers),
    )


def preferred_language(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the language that the browser prefers among those that assistants know."""
    offered = b",".join(value for name, value in headers if name == b"accept-language")
    tags = parse_accept_lang_header(offered.decode("latin-1"))
    return next((known for tag, _ in tags if (known := known_language(tag))), "")


def _fetch_site(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the browser's `Sec-Fetch-Site`; empty if it is repeated or not credible.

    It is credible only if the host name is ours.
    """
    values = [value for name, value in headers if name == b"sec-fetch-site"]
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if len(values) != 1 or len(hosts) != 1:
        return b""
    domain, _ = split_domain_port(hosts[0])
    return values[0] if validate_host(domain, settings.ALLOWED_HOSTS) else b""


def _offered_token(scope: Mapping[str, Any]) -> str | None:
    for entry in scope.get("subprotocols", ()):
        if entry.startswith(TOKEN_SUBPROTOCOL):
            return str(entry.removeprefix(TOKEN_SUBPROTOCOL))
    return None


def staff_session_key(scope: Mapping[str, Any]) -> str:
    """Return the key of the browser's session in the admin, or "" if it has none."""
    headers = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    return parse_cookies(";".join(headers)).get(settings.SESSION_COOKIE_NAME, "")


def is_same_host(scope: Mapping[str, Any]) -> bool:
    """Return whether the page that opens the socket is on this host; False if it doesn't say."""
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        origin, host = urlsplit(origins[0].decode("ascii")), hosts[0].decode("ascii").lower()
    except ValueError:
        return False
    domain, _ = split_domain_port(host)
    return origin.netloc.lower() == host and validate_host(domain, settings.ALLOWED_HOSTS)
