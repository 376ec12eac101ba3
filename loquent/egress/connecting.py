"""Connect only to addresses that are checked when the socket is created."""

import asyncio
import functools
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from loquent.egress.addresses import may_connect
from loquent.egress.urls import EgressRules

CONNECT_SECONDS = 5.0
# Before one response. Servers send one or two, such as 103 Early Hints.
MOST_INTERIM_RESPONSES = 50
HEAD_END = b"\r\n\r\n"
# A name server that doesn't answer occupies a thread for up to half a minute, which is longer than
# the requests that need it: there are more threads than webhooks that may be dead send at once.
RESOLVER_THREADS = 256
_threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="loquent-resolver")


class RefusedAddressError(OSError):
    """The address to connect to is not public."""


class GuardedConnector(aiohttp.TCPConnector):
    """Checks every address at the moment of connecting, literal or resolved.

    `has_refused`: a connection was refused; aiohttp reports only that connecting failed.
    """

    def __init__(self, rules: EgressRules, *, keeps_alive: bool = False, limit: int = 100) -> None:
        """`keeps_alive`: connections are used again; each was checked when it was made."""
        self.rules = rules
        self.has_refused = False
        super().__init__(
            resolver=_Resolver(),
            socket_factory=self._guarded_socket,
            use_dns_cache=False,
            force_close=not keeps_alive,
            limit=limit,
        )
        handler: type[ResponseHandler] = _BoundedHandler
        self._factory = functools.partial(handler, loop=self._loop)

    def _guarded_socket(self, addr_info: Any) -> socket.socket:
        family, kind, protocol, _, address = addr_info
        host = str(address[0]).partition("%")[0]
        if not may_connect(host, allowed=self.rules.networks) or self._is_own(family, host):
            self.has_refused = True
            raise RefusedAddressError("This address is not public.")
        return socket.socket(family=family, type=kind, proto=protocol)

    def _is_own(self, family: int, host: str) -> bool:
        """Return whether this machine has the address: behind a firewall, it would be open to us.

        Only an address of our own can be bound.
        """
        if any(ip_address(host) in network for network in self.rules.networks):
            return False
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, 0))
            except OSError:
                return False
        return True


def explain_tls(error: aiohttp.ClientSSLError) -> str:
    """Return why no encrypted connection was made, as a sentence for staff."""
    return f"This address {tls_fault(error)}."


def tls_fault(error: Exception) -> str:
    """Return what is wrong with the other side of an encrypted connection."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "has no valid certificate"
    return "does not answer over https"


class _BoundedHandler(ResponseHandler):
    """Ends a request if its interim responses (1xx) don't end, and keeps what came before garbage.

    aiohttp skips interim responses without a limit. A server that sends nothing else keeps the
    event loop busy until the request times out.
    """

    _interim = 0

    def data_received(self, data: bytes) -> None:
        """Parse the headers first: if the rest is malformed, only reading the body fails.

        Otherwise the status would be lost, but only if both arrive in one packet. Servers that
        count characters instead of bytes send more than their Content-Length.
        """
        body = self._payload
        if body is not None and not body.is_eof():
            pieces = [data]
        else:
            *heads, rest = data.split(HEAD_END, MOST_INTERIM_RESPONSES)
            pieces = [*(head + HEAD_END for head in heads), rest]
        for piece in pieces:
            if (piece or not data) and self.exception() is None:
                super().data_received(piece)
        body = self._payload
        if self.exception() is not None and body is not None and not body.is_eof():
            # aiohttp would let its reader wait until the request times out.
            body.set_exception(aiohttp.ClientPayloadError("malformed body"))

    async def read(self) -> Any:
        message, payload = await super().read()
        is_interim = 100 <= message.code < 200 and message.code != 101
        self._interim = self._interim + 1 if is_interim else 0
        if self._interim > MOST_INTERIM_RESPONSES:
            raise aiohttp.ClientPayloadError("too many interim responses")
        return message, payload


def guarded_session(
    rules: EgressRules, *, seconds: float, keeps_alive: bool = False
) -> aiohttp.ClientSession:
    """Return a session for one request: no proxies, no cookies, and a timeout for the whole of it.

    `keeps_alive`: for several requests to one host. The caller passes `allow_redirects=False` to
    each request, and limits what it reads.
    """
    session = aiohttp.ClientSession(
        connector=GuardedConnector(rules, keeps_alive=keeps_alive),
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        max_line_size=8_190,
        max_field_size=8_190,
    )
    # aiohttp would send a PUT or DELETE again if the other side hangs up without an answer.
    session._retry_connection = False
    return session


class _Resolver(AbstractResolver):
    """Resolves names on threads of its own, so that slow names delay nothing else."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        def look_up() -> list[tuple[Any, ...]]:
            return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)

        found = await asyncio.get_running_loop().run_in_executor(_threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        return
