"""Make the requests of webhooks."""

import asyncio
import ssl
import time

import aiohttp

from loquent.egress.connecting import GuardedConnector, guarded_session, tls_fault
from loquent.egress.urls import UnsafeUrlError, check_url
from loquent.retry_after import parse_retry_after
from loquent.text import clean_text
from loquent.webhooks.services.deliveries import Answer, Attempt
from loquent.webhooks.services.endpoints import egress_rules

TIMEOUT_SECONDS = 15.0
# How much of an answer is read, and how long: what counts is its status.
MOST_SHOWN_BYTES = 1_024
BODY_SECONDS = 2.0
NOT_PUBLIC = "The address is not on the public internet."
REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def send(attempt: Attempt) -> Answer:
    """Make a request, and return how it ended; raises nothing that the receiver can cause."""
    began = time.perf_counter()

    def ended(status: int | None, error: str, text: str = "", wait: float | None = None) -> Answer:
        duration = round((time.perf_counter() - began) * 1000)
        return Answer(status, duration, text=text, error=error, retry_after=wait)

    rules = egress_rules()
    try:
        url = check_url(attempt.url, rules)
    except UnsafeUrlError as refused:
        return ended(None, f"The URL is not allowed. {refused}")
    async with guarded_session(rules, seconds=TIMEOUT_SECONDS) as session:
        try:
            async with session.post(
                url, data=attempt.body, headers=attempt.headers, allow_redirects=False
            ) as response:
                wait = parse_retry_after(response.headers.get("Retry-After"))
                text = await _beginning(response)
                return ended(response.status, _refusal(response.status), text, wait)
        except TimeoutError:
            return ended(None, f"The receiver did not answer within {TIMEOUT_SECONDS:.0f} seconds.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Their text may hold the URL, which may hold a secret.
            return ended(None, _failure(error, session.connector))


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """Return how an answer begins, as text; the rest is never read."""
    if response.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}:
        return "(compressed)"
    content = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while len(content) < MOST_SHOWN_BYTES:
                more = await response.content.read(MOST_SHOWN_BYTES - len(content))
                if not more:
                    break
                content += more
    except (TimeoutError, aiohttp.ClientError):
        # Its status has arrived, and counts.
        pass
    return clean_text(content.decode(errors="replace"))


def _refusal(status: int) -> str:
    """Return why a status is a failure; empty for a success."""
    if 200 <= status < 300:
        return ""
    if status in REDIRECTS:
        return "The receiver redirects to another address. Enter the final address."
    if status == 410:
        return "The receiver answered 410 Gone and gets no more events."
    return f"The receiver answered with status {status}."


def _failure(error: Exception, connector: aiohttp.BaseConnector | None) -> str:
    if isinstance(connector, GuardedConnector) and connector.has_refused:
        return NOT_PUBLIC
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "The name of the host could not be resolved."
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return f"The receiver {tls_fault(error)}."
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "The connection was refused."
        case aiohttp.ClientConnectorError():
            return "No connection to the receiver could be made."
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return "The receiver closed the connection without an answer."
    return f"The receiver did not send a valid response ({type(error).__name__})."
