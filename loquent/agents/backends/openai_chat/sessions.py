"""HTTP client sessions, one per event loop, created when first needed."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

from loquent.agents.backends.connected import egress_rules
from loquent.agents.metering import TokenMeter
from loquent.egress.connecting import GuardedConnector

MAX_CONNECTIONS = 512


class HttpSessions:
    """Provides the running loop's session; connections are kept alive between requests."""

    def __init__(self, connector: Callable[[], aiohttp.BaseConnector]) -> None:
        """`connector` makes the connector of a session."""
        self._connector = connector
        self._sessions: dict[int, tuple[asyncio.AbstractEventLoop, aiohttp.ClientSession]] = {}

    def get(self) -> aiohttp.ClientSession:
        """Return the session of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._sessions.get(id(loop))
        if found is not None and found[0] is loop and not found[1].closed:
            return found[1]
        self._drop_dead()
        session = aiohttp.ClientSession(
            connector=self._connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            # The caller sets the time limits of a turn, so there is no timeout here.
            timeout=aiohttp.ClientTimeout(total=None),
            trace_configs=[_tracing()],
        )
        self._sessions[id(loop)] = (loop, session)
        return session

    async def close(self) -> None:
        """Close the running loop's session, and forget those of loops that are gone."""
        self._drop_dead()
        found = self._sessions.pop(id(asyncio.get_running_loop()), None)
        if found is not None:
            await found[1].close()

    def _drop_dead(self) -> None:
        for key, (loop, session) in list(self._sessions.items()):
            if loop.is_closed():
                # A closed loop can't close anything any more: detach the session's sockets.
                session.detach()
                del self._sessions[key]


def server_connector() -> aiohttp.BaseConnector:
    """Return a connector to the operator's own endpoint, which may be anywhere."""
    return aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ttl_dns_cache=60)


def guarded_connector() -> aiohttp.BaseConnector:
    """Return a connector to endpoints that staff entered: public ones, and allowed networks."""
    return GuardedConnector(egress_rules(), keeps_alive=True, limit=MAX_CONNECTIONS)


def _tracing() -> aiohttp.TraceConfig:
    """Record on a request's meter, its `trace_request_ctx`, that the request was sent."""
    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(_note_sent)
    return config


async def _note_sent(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    meter = context.trace_request_ctx
    if isinstance(meter, TokenMeter):
        meter.sent()
