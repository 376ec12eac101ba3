"""Send push messages. Browsers name the addresses, so each is checked when it is connected to."""

import asyncio
from collections.abc import Sequence

import aiohttp

from loquent.db.threads import in_database
from loquent.egress.connecting import guarded_session
from loquent.egress.urls import UnsafeUrlError, check_url
from widgets.services.notify.push.devices import note_result, push_rules
from widgets.services.notify.push.sending import PushRequest

TIMEOUT_SECONDS = 10.0
AT_ONCE = 10
UNREACHABLE = "The push service can't be reached."


async def send_all(requests: Sequence[PushRequest]) -> None:
    """Send messages, and record per device how it ended; raises nothing that a service causes."""
    room = asyncio.Semaphore(AT_ONCE)

    async def send_one(request: PushRequest) -> None:
        async with room:
            status, error = await _send(request)
        await in_database(note_result, request.device_id, status=status, error=error)

    await asyncio.gather(*map(send_one, requests))


async def _send(request: PushRequest) -> tuple[int | None, str]:
    rules = push_rules()
    try:
        url = check_url(request.url, rules)
    except UnsafeUrlError as refused:
        return None, f"The address of the push service is not allowed. {refused}"
    async with guarded_session(rules, seconds=TIMEOUT_SECONDS) as session:
        try:
            async with session.post(
                url, data=request.body, headers=request.headers, allow_redirects=False
            ) as response:
                if 200 <= response.status < 300:
                    return response.status, ""
                return response.status, f"The push service answered with status {response.status}."
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return None, UNREACHABLE
